//! Gemini's generateContent, whole and streamed.

use dspex_core::Usage;
use dspex_core::lm::{Choice, FinishReason, Message};
use serde_json::{Value as Json, json};

use super::{Asked, Form, Frame, Said, Wire, calls, pieces, reasoning, role, text, text_in, tools};

pub(super) struct Gemini;

impl Wire for Gemini {
    fn name(&self) -> &'static str {
        "gemini"
    }

    fn base(&self) -> &'static str {
        "/v1beta"
    }

    fn knows(&self, path: &str) -> bool {
        path.ends_with(":generateContent") || path.ends_with(":streamGenerateContent")
    }

    fn ask(&self, path: &str, body: &Json) -> Result<Asked, String> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let model = path.rsplit('/').next().and_then(|last| last.split(':').next()).unwrap_or_default();
        let mut asked = Asked { model: model.to_owned(), ..Asked::default() };
        let contents = body["contents"].as_array().ok_or("expected `contents` as a list")?;
        let system = body.get("systemInstruction").or(body.get("system_instruction"));
        if let Some(system) = system {
            asked.request.messages.push(Message::system(text_in(&system["parts"])?));
        }
        for content in contents {
            let role = if content["role"].is_null() { &json!("user") } else { &content["role"] };
            asked.request.messages.push(Message::new(self::role(role)?, text_in(&content["parts"])?));
        }
        let config = &body["generationConfig"];
        let options = &mut asked.request.options;
        options.temperature = config["temperature"].as_f64();
        options.max_tokens = config["maxOutputTokens"].as_u64();
        options.seed = config["seed"].as_u64();
        options.n = config["candidateCount"].as_u64().and_then(|n| u32::try_from(n).ok());
        let declared = body["tools"].as_array().into_iter().flatten();
        asked.request.tools =
            declared.flat_map(|t| tools(&t["functionDeclarations"], "parameters")).collect();
        asked.stream = path.ends_with(":streamGenerateContent");
        let events = query.split('&').any(|pair| pair == "alt=sse");
        asked.form = if events { Form::Events } else { Form::List };
        Ok(asked)
    }

    fn whole(&self, _: &Asked, said: &Said) -> Json {
        let candidate = |(i, c): (usize, &Choice)| candidate(i, parts(c, said), Some(stop(c, said)));
        let candidates: Vec<Json> = said.choices.iter().enumerate().map(candidate).collect();
        reply(said, &candidates)
    }

    fn frames(&self, _: &Asked, said: &Said) -> Vec<Frame> {
        let mut out = Vec::new();
        for (i, choice) in said.choices.iter().enumerate() {
            for part in parts(choice, said) {
                let Some(text) = part["text"].as_str() else {
                    out.push(candidate(i, vec![part], None));
                    continue;
                };
                for piece in pieces(text) {
                    let mut part = part.clone();
                    part["text"] = json!(piece);
                    out.push(candidate(i, vec![part], None));
                }
            }
            out.push(candidate(i, vec![json!({"text": ""})], Some(stop(choice, said))));
        }
        let count = out.len();
        let frame = |(i, candidate)| {
            let frame = Frame::data(reply(said, &[candidate]));
            // The reason of the end is what ends a stream.
            if i + 1 == count { frame.last() } else { frame }
        };
        if count == 0 {
            return vec![Frame::data(reply(said, &[])).last()];
        }
        out.into_iter().enumerate().map(frame).collect()
    }

    fn error(&self, status: u16, _: &str, message: &str) -> Json {
        let word = match status {
            400 => "INVALID_ARGUMENT",
            401 => "UNAUTHENTICATED",
            403 => "PERMISSION_DENIED",
            404 => "NOT_FOUND",
            429 => "RESOURCE_EXHAUSTED",
            503 => "UNAVAILABLE",
            504 => "DEADLINE_EXCEEDED",
            _ => "INTERNAL",
        };
        json!({"error": {"code": status, "message": message, "status": word}})
    }

    fn usage_keys(&self) -> &'static [&'static str] {
        &["usageMetadata"]
    }

    fn overflow(&self) -> &'static str {
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
    }
}

fn reply(said: &Said, candidates: &[Json]) -> Json {
    json!({
        "candidates": candidates, "usageMetadata": counts(&said.usage), "modelVersion": said.model,
        "responseId": format!("resp-{}", said.call),
    })
}

fn candidate(index: usize, parts: Vec<Json>, finish: Option<String>) -> Json {
    let mut content = json!({"role": "model"});
    if !parts.is_empty() {
        content["parts"] = Json::Array(parts);
    }
    let mut candidate = json!({"content": content, "index": index});
    if let Some(finish) = finish {
        candidate["finishReason"] = json!(finish);
    }
    candidate
}

fn stop(choice: &Choice, said: &Said) -> String {
    match &choice.finish {
        _ if said.refusal.is_some() => "SAFETY",
        FinishReason::Stop | FinishReason::ToolCalls => "STOP",
        FinishReason::Length => "MAX_TOKENS",
        FinishReason::ContentFilter => "SAFETY",
        other => return other.as_str().to_uppercase(),
    }
    .to_owned()
}

/// A refusal has no text of its own here: the reason of the end says it.
fn parts(choice: &Choice, said: &Said) -> Vec<Json> {
    let mut parts = Vec::new();
    if let Some(thought) = reasoning(choice) {
        parts.push(json!({"text": thought, "thought": true}));
    }
    if let Some(text) = text(choice).filter(|_| said.refusal.is_none()) {
        parts.push(json!({"text": text}));
    }
    for call in calls(choice) {
        let mut function = json!({"name": call.name, "args": call.object()});
        if let Some(id) = &call.id {
            function["id"] = json!(id);
        }
        parts.push(json!({"functionCall": function, "thoughtSignature": "c2lnbmVk"}));
    }
    parts
}

/// Thoughts are counted apart from the rest of what was written.
fn counts(u: &Usage) -> Json {
    json!({
        "promptTokenCount": u.input_tokens,
        "candidatesTokenCount": u.output_tokens.saturating_sub(u.reasoning_tokens),
        "totalTokenCount": u.total_tokens(),
        "cachedContentTokenCount": u.cached_read_tokens,
        "thoughtsTokenCount": u.reasoning_tokens,
    })
}
