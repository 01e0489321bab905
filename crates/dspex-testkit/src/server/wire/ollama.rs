//! Ollama's own chat: lines of JSON.

use dspex_core::lm::{Choice, FinishReason};
use serde_json::{Value as Json, json};

use super::{
    Asked, Form, Frame, Said, Wire, calls, messages, model, options, pieces, reasoning, text, tools,
};

pub(super) struct Ollama;

impl Wire for Ollama {
    fn name(&self) -> &'static str {
        "ollama"
    }

    fn base(&self) -> &'static str {
        ""
    }

    fn knows(&self, path: &str) -> bool {
        path.ends_with("/api/chat")
    }

    fn ask(&self, _: &str, body: &Json) -> Result<Asked, String> {
        let mut asked = Asked { model: model(body)?, form: Form::Lines, ..Asked::default() };
        asked.request.messages = messages(&body["messages"], "messages")?;
        asked.request.options = options(&body["options"]);
        asked.request.tools = tools(&body["tools"], "parameters");
        // It streams unless it is told otherwise.
        asked.stream = body["stream"].as_bool().unwrap_or(true);
        Ok(asked)
    }

    fn whole(&self, _: &Asked, said: &Said) -> Json {
        end(said, &message(said, said.choices.first()))
    }

    fn frames(&self, _: &Asked, said: &Said) -> Vec<Frame> {
        let whole = message(said, said.choices.first());
        let part = |key: &str, value: Json| {
            let mut message = json!({"role": "assistant", "content": ""});
            message[key] = value;
            Frame::data(
                json!({"model": said.model, "created_at": CREATED, "message": message, "done": false}),
            )
        };
        let mut frames = Vec::new();
        for key in ["thinking", "content"] {
            let text = whole[key].as_str().unwrap_or_default();
            frames.extend(pieces(text).map(|piece| part(key, json!(piece))));
        }
        if whole["tool_calls"].is_array() {
            frames.push(part("tool_calls", whole["tool_calls"].clone()));
        }
        frames.push(Frame::data(end(said, &json!({"role": "assistant", "content": ""}))).last());
        frames
    }

    fn error(&self, _: u16, _: &str, message: &str) -> Json {
        json!({"error": message})
    }

    fn usage_keys(&self) -> &'static [&'static str] {
        &["prompt_eval_count", "eval_count"]
    }

    fn overflow(&self) -> &'static str {
        "the input length exceeds the context length"
    }
}

const CREATED: &str = "1970-01-01T00:00:00Z";

/// A refusal is text like any other here.
fn message(said: &Said, choice: Option<&Choice>) -> Json {
    let content = said.refusal.clone().or_else(|| choice.and_then(text)).unwrap_or_default();
    let mut message = json!({"role": "assistant", "content": content});
    let Some(choice) = choice else { return message };
    if let Some(thinking) = reasoning(choice) {
        message["thinking"] = json!(thinking);
    }
    let calls: Vec<Json> = calls(choice)
        .iter()
        .map(|c| json!({"id": c.id, "function": {"name": c.name, "arguments": c.object()}}))
        .collect();
    if !calls.is_empty() {
        message["tool_calls"] = Json::Array(calls);
    }
    message
}

fn end(said: &Said, message: &Json) -> Json {
    let reason = match said.choices.first().map(|c| &c.finish) {
        None | Some(FinishReason::ToolCalls) => "stop",
        Some(other) => other.as_str(),
    };
    json!({
        "model": said.model, "created_at": CREATED, "message": message, "done": true, "done_reason": reason,
        "total_duration": 1_000_000, "load_duration": 0, "prompt_eval_count": said.usage.input_tokens,
        "prompt_eval_duration": 500_000, "eval_count": said.usage.output_tokens, "eval_duration": 500_000,
    })
}
