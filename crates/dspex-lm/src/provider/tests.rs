//! From model strings to URLs, headers and wires; and what rows say of each other.

use dspex_core::lm::{Message, Request};

use super::{How, PROVIDERS, split};
use crate::http::url;
use crate::lm::{Lm, LmBuilder};
use crate::secret::Secret;
use crate::wire::Call;
use crate::wire::quirks::{Ask, Thinking};

/// The URL, the header with the key, and the wire of a model string.
fn reached(builder: LmBuilder) -> Result<(String, Option<String>, &'static str), dspex_core::Error> {
    let name = builder.settings.name.clone();
    let (provider, model) = split(&name)?;
    let How::Http(vendor) = provider.how else { panic!("{name} is in this process") };
    let reached = vendor.reach(model, builder.settings)?;
    let request = Request::new(vec![Message::user("?")]);
    let call = Call::new(&request, reached.model, &vendor.quirks, false);
    let url = url(&reached.endpoint.base, &reached.wire.path(&call))?;
    let headers = reached.endpoint.header_map(&[])?;
    let key =
        headers.iter().next().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or_default()));
    Ok((url.to_string(), key, reached.wire.name()))
}

#[test]
fn model_strings_lead_where_the_vendors_are() {
    let bearer = Some("authorization: Bearer k");
    let table = [
        ("openai/gpt-4o-mini", "https://api.openai.com/v1/chat/completions", bearer),
        ("openrouter/anthropic/claude-haiku-4.5", "https://openrouter.ai/api/v1/chat/completions", bearer),
        ("deepseek/deepseek-chat", "https://api.deepseek.com/chat/completions", bearer),
        ("mistral/mistral-small-latest", "https://api.mistral.ai/v1/chat/completions", bearer),
        ("groq/openai/gpt-oss-20b", "https://api.groq.com/openai/v1/chat/completions", bearer),
        ("xai/grok-4", "https://api.x.ai/v1/chat/completions", bearer),
        ("together_ai/meta-llama/Llama-3.3-70B", "https://api.together.ai/v1/chat/completions", bearer),
        (
            "fireworks_ai/accounts/fireworks/models/x",
            "https://api.fireworks.ai/inference/v1/chat/completions",
            bearer,
        ),
        ("perplexity/sonar", "https://api.perplexity.ai/chat/completions", bearer),
        ("hosted_vllm/Qwen/Qwen3-8B", "http://localhost:8000/v1/chat/completions", bearer),
        ("sglang/Qwen/Qwen3-8B", "http://localhost:30000/v1/chat/completions", bearer),
        ("llamacpp/m", "http://localhost:8080/v1/chat/completions", bearer),
        ("lm_studio/m", "http://localhost:1234/v1/chat/completions", bearer),
        ("mistralrs/m", "http://localhost:1234/v1/chat/completions", bearer),
        ("ollama/llama3.2", "http://localhost:11434/v1/chat/completions", bearer),
    ];
    let of = |name: &str| reached(Lm::builder(name).api_key(Secret::new("k"))).expect(name);
    for (name, host) in [("openai/responses/gpt-5", "api.openai.com"), ("xai/responses/grok-4", "api.x.ai")] {
        let (url, _, wire) = of(name);
        assert_eq!((url, wire), (format!("https://{host}/v1/responses"), "openai_responses"));
    }
    let (url, key, wire) = of("anthropic/claude-haiku-4-5");
    assert_eq!(
        (url.as_str(), key.as_deref(), wire),
        ("https://api.anthropic.com/v1/messages", Some("x-api-key: k"), "anthropic")
    );
    for (name, url, key) in table {
        let found = reached(Lm::builder(name).api_key(Secret::new("k"))).expect(name);
        assert_eq!((found.0.as_str(), found.1.as_deref(), found.2), (url, key, "openai_chat"), "{name}");
    }
}

#[test]
fn wires_of_their_own_have_their_paths_and_keys() {
    let bearer = Some("authorization: Bearer k");
    let vertex = "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1";
    let vertex = format!("{vertex}/publishers/google/models/gemini-2.5-flash:generateContent");
    let google = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent";
    for (name, url, key, wire) in [
        ("gemini/gemini-2.5-flash", google, Some("x-goog-api-key: k"), "gemini"),
        ("vertex_ai/gemini-2.5-flash", vertex.as_str(), bearer, "gemini"),
        ("ollama_chat/qwen3:4b", "http://localhost:11434/api/chat", bearer, "ollama"),
        ("cohere/command-a-03-2025", "https://api.cohere.com/v2/chat", bearer, "cohere"),
        ("cohere_chat/command-a-03-2025", "https://api.cohere.com/v2/chat", bearer, "cohere"),
    ] {
        let lm = Lm::builder(name).api_key(Secret::new("k")).setting("VERTEXAI_PROJECT", "p");
        let found = reached(lm).expect(name);
        assert_eq!((found.0.as_str(), found.1.as_deref(), found.2), (url, key, wire), "{name}");
    }
    let can = |name: &str, model: &str| {
        let provider = PROVIDERS.iter().find(|p| p.name == name).expect(name);
        let can = provider.capabilities(model);
        (can.tools, can.reasoning, can.images)
    };
    assert_eq!(can("gemini", "gemini-2.5-flash"), (true, true, true));
    assert_eq!(can("gemini", "gemini-2.0-flash"), (true, false, true));
    assert_eq!(can("gemini", "gemma-3-27b-it"), (false, false, true));
    assert_eq!(can("cohere", "command-a-03-2025"), (true, false, false));
    assert_eq!(can("cohere", "command-a-reasoning-08-2025"), (true, true, false));
    assert_eq!(can("cohere", "command-a-vision-07-2025"), (false, false, true));
}

#[test]
fn deployments_of_azure_stand_under_the_customers_host() {
    let azure = || Lm::builder("azure/my-deployment").api_key(Secret::new("k"));
    let path = "openai/deployments/my-deployment/chat/completions?api-version=";
    for base in ["https://r.openai.azure.com", "https://r.openai.azure.com/"] {
        let found = reached(azure().api_base(base)).expect(base);
        assert_eq!(found.0, format!("https://r.openai.azure.com/{path}2024-10-21"));
        assert_eq!(found.1.as_deref(), Some("api-key: k"));
    }
    let set =
        azure().setting("AZURE_API_BASE", "https://r.openai.azure.com").setting("AZURE_API_VERSION", "v9");
    assert_eq!(reached(set).expect("settings").0, format!("https://r.openai.azure.com/{path}v9"));
    let whole = reached(azure().api_base("https://r.openai.azure.com/openai/v1")).expect("a whole URL");
    assert_eq!(whole.0, "https://r.openai.azure.com/openai/v1/chat/completions");
    let e = reached(azure()).expect_err("no host");
    assert!(e.to_string().contains("expected AZURE_API_BASE for `azure/my-deployment`"), "{e}");
    assert_eq!(
        PROVIDERS.iter().find(|p| p.name == "azure").map(super::Provider::settings),
        Some(vec!["AZURE_API_VERSION"])
    );
}

#[test]
fn keys_are_asked_for_where_they_are_needed() {
    for provider in PROVIDERS {
        let How::Http(vendor) = provider.how else { continue };
        let e = reached(Lm::builder(&format!("{}/m", provider.name)));
        assert_eq!(e.is_err(), vendor.needs_key, "{}", provider.name);
        if let Err(e) = e {
            assert!(e.hint().is_some_and(|h| h.contains(vendor.key_variables[0])), "{e}");
        }
        assert!(!vendor.key_variables.is_empty() && !vendor.base_variables.is_empty(), "{}", provider.name);
    }
}

#[test]
fn what_a_row_declares_it_does_not_refuse() {
    let models = [
        "m",
        "gpt-4o-mini",
        "o4-mini",
        "gpt-3.5-turbo",
        "sonar",
        "grok-4",
        "openai/gpt-oss-20b",
        "magistral-small",
    ];
    for provider in PROVIDERS {
        let How::Http(vendor) = provider.how else { continue };
        for model in models {
            let (can, refuses) = (provider.capabilities(model), (vendor.quirks.refuses)(model));
            for (able, ask) in [
                (can.tools, Ask::Tools),
                (can.json_schema, Ask::JsonSchema),
                (can.json_object, Ask::JsonObject),
                (can.images, Ask::Images),
                (can.audio, Ask::Audio),
                (can.logprobs, Ask::Logprobs),
            ] {
                assert!(!(able && refuses.contains(&ask)), "{}/{model}: {ask:?}", provider.name);
            }
        }
    }
    let of = |name: &str| quirks(name);
    assert_eq!((of("openai").thinking)("gpt-4o"), Thinking::Never);
    assert_eq!((of("openai").thinking)("o4-mini"), Thinking::Effort);
}

fn quirks(vendor: &str) -> crate::wire::Quirks {
    super::quirks_of(vendor)
}
