//! What each vendor of this wire is sent for each thing that can be asked, held by `tests/golden/openai_chat_vendors/VENDOR.json`.
//! `UPDATE_GOLDEN=1` writes them; read the difference.

use std::fs;
use std::path::Path;

use dspex_core::lm::{Message, Part, Reasoning, Request, ResponseFormat, Role, ToolChoice, ToolSpec};
use dspex_core::value::{Document, Media, MediaKind, MediaSource, ToolCall};
use dspex_core::{Record, Value};
use serde_json::{Map, Value as Json, json};

use super::{NAME, OpenAiChat};
use crate::provider::quirks_of;
use crate::wire::{Call, Wire as _};

/// Vendors, and a model of each.
const MODELS: [(&str, &str); 16] = [
    ("openai", "gpt-4o-mini"),
    ("azure", "my-deployment"),
    ("openrouter", "anthropic/claude-haiku-4.5"),
    ("deepseek", "deepseek-v4-flash"),
    ("mistral", "mistral-small-latest"),
    ("groq", "openai/gpt-oss-20b"),
    ("xai", "grok-4"),
    ("together_ai", "deepseek-ai/DeepSeek-V3.1"),
    ("fireworks_ai", "accounts/fireworks/models/qwen3-8b"),
    ("perplexity", "sonar"),
    ("hosted_vllm", "Qwen/Qwen3-8B"),
    ("sglang", "Qwen/Qwen3-8B"),
    ("llamacpp", "Qwen3-1.7B-Q4_K_M"),
    ("lm_studio", "qwen3-8b"),
    ("mistralrs", "Qwen/Qwen3-4B"),
    ("ollama", "llama3.2"),
];

fn with(change: impl FnOnce(&mut Request)) -> Request {
    let mut request = Request::new(vec![Message::user("Who wrote Faust?")]);
    change(&mut request);
    request
}

fn media(kind: MediaKind, source: MediaSource, format: Option<&str>) -> Request {
    let name = (kind == MediaKind::File).then(|| "notes.pdf".to_owned());
    let media = Media { format: format.map(str::to_owned), name, ..Media::new(kind, source) };
    with(|r| r.messages[0].parts.push(Part::Media(media)))
}

/// A turn with a call, by or without an id, and its result.
fn called(id: Option<&str>, more: Option<Part>) -> Request {
    with(|r| {
        let args = Record::from([("place", Value::from("Oslo"))]);
        let (id, name) = (id.map(str::to_owned), "weather".to_owned());
        let data =
            json!({"reasoning_details": [{"type": "reasoning.text", "text": "Hm.", "signature": "s"}]});
        let parts = vec![
            Part::Reasoning("Hm.".into()),
            Part::Text("I look.".into()),
            Part::ToolCall(ToolCall { id: id.clone(), name: name.clone(), args }),
            Part::Opaque { provider: NAME.into(), data },
            Part::Opaque { provider: "elsewhere".into(), data: json!({"type": "secret"}) },
        ];
        r.messages.push(Message { role: Role::Assistant, parts });
        let result = Part::ToolResult { call_id: id, name, content: "7 degrees".into(), is_error: false };
        let parts = std::iter::once(result).chain(more).collect();
        r.messages.push(Message { role: Role::Tool, parts });
    })
}

fn tools(choice: Option<ToolChoice>, parallel: Option<bool>) -> Request {
    with(|r| {
        let parameters = json!({"type": "object", "properties": {"place": {"type": "string"}}});
        r.tools.push(ToolSpec { name: "weather".into(), description: "Of a place.".into(), parameters });
        (r.tool_choice, r.parallel_tool_calls) = (choice, parallel);
    })
}

fn features() -> Vec<(&'static str, Request)> {
    let url = |url: &str| MediaSource::Url(url.to_owned());
    let (bytes, id) = (MediaSource::Base64("AAEC".into()), MediaSource::Id("file-1".into()));
    let picture = || Part::Media(Media::new(MediaKind::Image, url("https://example.org/a.png")));
    let schema = json!({"type": "object", "properties": {}, "additionalProperties": false});
    let form = ResponseFormat::JsonSchema { name: "answer".into(), schema, strict: true };
    let point = Part::CachePoint { ttl: Some("1h".into()) };
    let plays = Document::new("Goethe wrote Faust.").with_title("Plays").with_context("A list.");
    let reasoning = |r: Reasoning| with(|request| request.options.reasoning = Some(r));
    vec![
        ("nothing", with(|_| {})),
        (
            "system_and_turns",
            with(|r| {
                r.messages.insert(0, Message::system("Be brief."));
                r.messages.push(Message::assistant("Goethe."));
                r.messages.push(Message::user("When?"));
            }),
        ),
        ("image_url", media(MediaKind::Image, url("https://example.org/a.png"), None)),
        ("image_bytes", media(MediaKind::Image, bytes.clone(), Some("image/webp"))),
        ("image_id", media(MediaKind::Image, id.clone(), None)),
        ("audio", media(MediaKind::Audio, bytes.clone(), Some("audio/mpeg"))),
        ("file_bytes", media(MediaKind::File, bytes, Some("application/pdf"))),
        ("file_url", media(MediaKind::File, url("https://example.org/a.pdf"), None)),
        ("file_id", media(MediaKind::File, id, None)),
        ("document_text", with(|r| r.messages[0].parts.push(Part::Document(plays)))),
        ("document_pdf", with(|r| r.messages[0].parts.push(Part::Document(Document::pdf(b"%PDF-"))))),
        ("cache_point", with(|r| r.messages[0].parts.push(point))),
        ("tools", tools(None, None)),
        ("tool_choice_auto", tools(Some(ToolChoice::Auto), None)),
        ("tool_choice_none", tools(Some(ToolChoice::None), None)),
        ("tool_choice_required", tools(Some(ToolChoice::Required), None)),
        ("tool_choice_tool", tools(Some(ToolChoice::Tool("weather".into())), None)),
        ("parallel_tool_calls", tools(None, Some(false))),
        ("called", called(Some("call_a"), None)),
        ("called_without_id", called(None, None)),
        ("called_for_image", called(Some("call_a"), Some(picture()))),
        ("json_object", with(|r| r.response_format = Some(ResponseFormat::JsonObject))),
        ("json_schema", with(|r| r.response_format = Some(form))),
        (
            "sampling",
            with(|r| {
                let o = &mut r.options;
                (o.temperature, o.top_p, o.max_tokens) = (Some(1.0), Some(1.0), Some(9));
            }),
        ),
        ("temperature", with(|r| r.options.temperature = Some(0.5))),
        ("top_k", with(|r| r.options.top_k = Some(40))),
        ("frequency_penalty", with(|r| r.options.frequency_penalty = Some(0.5))),
        ("presence_penalty", with(|r| r.options.presence_penalty = Some(0.5))),
        ("stop", with(|r| r.options.stop = Some(vec!["END".into()]))),
        ("n", with(|r| r.options.n = Some(2))),
        ("seed", with(|r| r.options.seed = Some(7))),
        ("logprobs", with(|r| r.options.logprobs = Some(2))),
        ("reasoning_off", reasoning(Reasoning::Off)),
        ("reasoning_effort", reasoning(Reasoning::Effort("low".into()))),
        ("reasoning_budget", reasoning(Reasoning::Budget(2_000))),
        ("service_tier", with(|r| r.options.service_tier = Some("flex".into()))),
        ("extra", with(|r| drop(r.options.extra.insert("user".into(), json!("u"))))),
    ]
}

/// What is sent beside the model and the question, or why nothing is.
fn written(vendor: &str, model: &str, request: &Request, stream: bool) -> Json {
    let quirks = quirks_of(vendor);
    match OpenAiChat.encode(&Call::new(request, model, &quirks, stream)) {
        Ok(Json::Object(mut body)) => {
            assert_eq!(body.remove("model"), Some(json!(model)));
            if body.get("messages") == Some(&json!([{"role": "user", "content": "Who wrote Faust?"}])) {
                body.remove("messages");
            }
            Json::Object(body)
        }
        Ok(other) => panic!("{other}"),
        Err(e) => json!({"error": e.kind.code(), "message": e.message}),
    }
}

#[test]
fn each_vendor_is_sent_what_its_file_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/openai_chat_vendors");
    #[expect(clippy::disallowed_methods, reason = "a switch of the one who runs the test")]
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let rows = crate::PROVIDERS.iter().filter(|p| p.wires().first() == Some(&NAME)).map(|p| p.name);
    assert!(
        rows.clone().all(|row| MODELS.iter().any(|(v, _)| *v == row)),
        "a file for each row of the table"
    );
    for (vendor, model) in MODELS {
        let mut found: Map<String, Json> = features()
            .into_iter()
            .map(|(feature, request)| (feature.to_owned(), written(vendor, model, &request, false)))
            .collect();
        found.insert("stream".into(), written(vendor, model, &with(|_| {}), true));
        let (found, path) = (Json::Object(found), folder.join(format!("{vendor}.json")));
        if update {
            fs::create_dir_all(&folder).expect("a folder");
            let text = serde_json::to_string_pretty(&found).expect("JSON");
            fs::write(&path, text + "\n").expect("a file that can be written");
        }
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let expected: Json = serde_json::from_str(&text).expect("JSON");
        for (feature, found) in found.as_object().expect("an object") {
            assert_eq!(found, &expected[feature], "{vendor}: {feature}");
        }
    }
}

#[test]
fn the_wire_is_held_like_every_wire() {
    crate::wire::golden::check(&OpenAiChat, "gpt-4o-mini", &quirks_of("openai"));
}
