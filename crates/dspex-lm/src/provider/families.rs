//! What models of a family can do, and what they refuse. Sources: the vendors' model pages and API references.

use dspex_core::lm::Capabilities;

use crate::wire::quirks::{Ask, Thinking};

/// What a model can do beyond text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Can {
    Tools,
    JsonSchema,
    JsonObject,
    Citations,
    Images,
    Audio,
    Logprobs,
    Several,
}

/// Exactly these.
pub(super) fn able(all: &[Can]) -> Capabilities {
    let can = |one| all.contains(&one);
    let mut able = Capabilities::default();
    (able.tools, able.json_schema, able.json_object) =
        (can(Can::Tools), can(Can::JsonSchema), can(Can::JsonObject));
    able.citations = can(Can::Citations);
    (able.images, able.audio) = (can(Can::Images), can(Can::Audio));
    (able.logprobs, able.several) = (can(Can::Logprobs), can(Can::Several));
    able
}

/// Whether a model of OpenAI is one that reasons: these refuse `max_tokens`.
pub(super) fn openai_reasons(model: &str) -> bool {
    let o_series = model.strip_prefix('o').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    o_series || model.starts_with("gpt-5")
}

/// Whether it reasons in any case, so that there is nothing to draw from its tokens. Later ones of the family can be told
/// not to reason.
fn openai_always_reasons(model: &str) -> bool {
    openai_reasons(model) && !model.starts_with("gpt-5.") && !model.contains("-chat")
}

pub(super) fn openai_can(model: &str) -> Capabilities {
    let mut able =
        able(&[Can::Tools, Can::JsonSchema, Can::JsonObject, Can::Images, Can::Logprobs, Can::Several]);
    able.images = !model.starts_with("gpt-3.5");
    able.audio = model.contains("audio");
    able.json_schema = !["gpt-3.5", "gpt-4-"].iter().any(|old| model.starts_with(old)) && model != "gpt-4";
    able.logprobs = !openai_always_reasons(model);
    able
}

pub(super) fn openai_refuses(model: &str) -> &'static [Ask] {
    if openai_always_reasons(model) {
        return &[
            Ask::TopK,
            Ask::Temperature,
            Ask::TopP,
            Ask::FrequencyPenalty,
            Ask::PresencePenalty,
            Ask::Logprobs,
            Ask::Stop,
        ];
    }
    &[Ask::TopK]
}

pub(super) fn openai_thinks(model: &str) -> Thinking {
    if openai_reasons(model) && !model.contains("-chat") { Thinking::Effort } else { Thinking::Never }
}

pub(super) fn claude_can(_: &str) -> Capabilities {
    let mut able = able(&[Can::Tools, Can::JsonSchema, Can::Images, Can::Citations]);
    able.reasoning = true;
    able
}

/// Of a deployment the name is the customer's, so that nothing is known of its model but what the name says.
pub(super) fn azure_thinks(_: &str) -> Thinking {
    Thinking::Effort
}

/// Models of many vendors, by the vendor's name before theirs.
pub(super) fn openrouter_can(model: &str) -> Capabilities {
    let mut able = open_model(model, &[Can::Tools, Can::JsonSchema, Can::JsonObject]);
    let thinkers = [
        "openai/o",
        "openai/gpt-5",
        "anthropic/claude-",
        "google/gemini-2.5",
        "google/gemini-3",
        "x-ai/grok-3-mini",
    ];
    let before = ["anthropic/claude-3-", "anthropic/claude-3.5"];
    let of = |families: &[&str]| families.iter().any(|family| model.starts_with(family));
    able.reasoning |= of(&thinkers) && !of(&before);
    able.images = ["openai/gpt-4", "openai/gpt-5", "anthropic/", "google/gemini", "x-ai/grok-4"]
        .iter()
        .any(|family| model.starts_with(family));
    able.audio = model.starts_with("google/gemini");
    able.logprobs = model.starts_with("openai/gpt-4");
    able
}

/// What thinks the wire tells by the name. Gemma is given neither tools nor schemas.
pub(super) fn gemini_can(model: &str) -> Capabilities {
    let mut able =
        able(&[Can::Tools, Can::JsonSchema, Can::JsonObject, Can::Images, Can::Audio, Can::Several]);
    able.reasoning = true;
    if model.starts_with("gemma") {
        (able.tools, able.json_schema, able.json_object, able.audio) = (false, false, false, false);
    }
    able
}

/// The name tells what reasons and what sees; what sees calls no tools.
pub(super) fn cohere_can(model: &str) -> Capabilities {
    let mut able = able(&[Can::Tools, Can::JsonSchema, Can::JsonObject, Can::Citations]);
    able.reasoning = model.contains("reasoning");
    if model.contains("vision") {
        (able.images, able.tools) = (true, false);
    }
    able
}

pub(super) fn deepseek_can(model: &str) -> Capabilities {
    let mut able = able(&[Can::Tools, Can::JsonObject, Can::Logprobs]);
    able.reasoning = model != "deepseek-chat";
    able
}

pub(super) fn mistral_can(model: &str) -> Capabilities {
    let mut able = able(&[Can::Tools, Can::JsonSchema, Can::JsonObject, Can::Several]);
    able.reasoning = model.starts_with("magistral");
    able.images = ["mistral-small", "mistral-medium", "mistral-large", "ministral", "pixtral", "magistral"]
        .iter()
        .any(|family| model.starts_with(family));
    able.audio = model.starts_with("voxtral");
    able
}

pub(super) fn mistral_thinks(model: &str) -> Thinking {
    if model.starts_with("magistral") { Thinking::PromptMode } else { Thinking::Effort }
}

pub(super) fn groq_can(model: &str) -> Capabilities {
    let mut able = able(&[Can::Tools, Can::JsonObject]);
    let strict = ["openai/gpt-oss", "meta-llama/llama-4", "moonshotai/kimi-k2"];
    able.json_schema = strict.iter().any(|family| model.starts_with(family));
    able.images = model.starts_with("meta-llama/llama-4");
    able.reasoning = groq_thinks(model) != Thinking::Never;
    able
}

pub(super) fn groq_thinks(model: &str) -> Thinking {
    match model {
        m if m.starts_with("openai/gpt-oss") => Thinking::Effort,
        m if m.starts_with("qwen/") || m.contains("deepseek-r1") => Thinking::EffortParsed,
        _ => Thinking::Never,
    }
}

/// The models of xAI that always reason.
fn grok_reasons(model: &str) -> bool {
    let reasons = ["grok-3-mini", "grok-4", "grok-code"].iter().any(|family| model.starts_with(family));
    reasons && !model.contains("non-reasoning")
}

pub(super) fn xai_can(model: &str) -> Capabilities {
    let mut able = able(&[Can::Tools, Can::JsonSchema, Can::JsonObject, Can::Logprobs, Can::Several]);
    able.images = model.starts_with("grok-4") || model.contains("vision");
    able.reasoning = model.starts_with("grok-3-mini");
    able
}

pub(super) fn xai_refuses(model: &str) -> &'static [Ask] {
    if grok_reasons(model) {
        return &[
            Ask::TopK,
            Ask::ServiceTier,
            Ask::Stop,
            Ask::FrequencyPenalty,
            Ask::PresencePenalty,
            Ask::Files,
        ];
    }
    &[Ask::TopK, Ask::ServiceTier, Ask::Files]
}

pub(super) fn xai_thinks(model: &str) -> Thinking {
    match model {
        m if m.starts_with("grok-3-mini") => Thinking::Effort,
        m if grok_reasons(m) => Thinking::Always,
        _ => Thinking::Never,
    }
}

pub(super) fn perplexity_can(model: &str) -> Capabilities {
    let mut able = able(&[Can::JsonSchema, Can::Citations, Can::Images]);
    able.images = !model.contains("deep-research");
    able
}

pub(super) fn perplexity_thinks(model: &str) -> Thinking {
    match model {
        m if m.contains("deep-research") => Thinking::Effort,
        m if m.contains("reasoning") => Thinking::Always,
        _ => Thinking::Never,
    }
}

/// Families of open models that think apart from their answers, by what is in their names.
const THINKERS: [&str; 10] = [
    "qwen3",
    "qwq",
    "deepseek-r1",
    "deepseek-v3.1",
    "deepseek-v3.2",
    "gpt-oss",
    "magistral",
    "thinking",
    "glm-4.5",
    "minimax-m",
];

/// Whether an open model thinks apart from its answers, as its name tells.
fn is_thinker(model: &str) -> bool {
    let model = model.to_ascii_lowercase();
    THINKERS.iter().any(|name| model.contains(name)) && !model.contains("instruct")
}

/// An open model at a vendor or on a server: these abilities, and what its name tells.
pub(super) fn open_model(model: &str, all: &[Can]) -> Capabilities {
    let mut able = able(all);
    able.reasoning = is_thinker(model);
    able
}

/// The deployment of a server that anybody may run: which model it has, only its owner knows.
pub(super) fn served(model: &str) -> Capabilities {
    open_model(
        model,
        &[Can::Tools, Can::JsonSchema, Can::JsonObject, Can::Images, Can::Logprobs, Can::Several],
    )
}

/// An open model at a vendor that serves many.
pub(super) fn hosted(model: &str) -> Capabilities {
    open_model(model, &[Can::Tools, Can::JsonSchema, Can::JsonObject, Can::Logprobs, Can::Several])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_told_apart() {
        for (model, reasons, refuses) in [
            ("gpt-4o-mini", false, false),
            ("gpt-4.1", false, false),
            ("omni-moderation", false, false),
            ("o4-mini", true, true),
            ("o1", true, true),
            ("gpt-5-nano", true, true),
            ("gpt-5.2", true, false),
            ("gpt-5-chat-latest", true, false),
        ] {
            assert_eq!(openai_reasons(model), reasons, "{model}");
            assert_eq!(openai_refuses(model).contains(&Ask::Temperature), refuses, "{model}");
        }
        assert!(openai_can("gpt-4o-audio-preview").audio && !openai_can("gpt-4o").audio);
        assert!(!openai_can("gpt-3.5-turbo").json_schema && openai_can("gpt-4o").json_schema);
        assert!(xai_refuses("grok-4").contains(&Ask::Stop) && !xai_refuses("grok-3").contains(&Ask::Stop));
        assert_eq!(groq_thinks("llama-3.3-70b-versatile"), Thinking::Never);
        assert!(hosted("openai/gpt-oss-20b").reasoning && !hosted("meta-llama/Llama-3.3-70B").reasoning);
        assert!(openrouter_can("anthropic/claude-haiku-4.5").reasoning);
        assert!(
            !openrouter_can("anthropic/claude-3.5-haiku").reasoning
                && !openrouter_can("openai/gpt-4o").reasoning
        );
        assert!(!deepseek_can("deepseek-chat").reasoning && deepseek_can("deepseek-v4-flash").reasoning);
    }
}
