//! Cohere's chat, version 2.

use dspex_core::Usage;
use dspex_core::lm::{Choice, FinishReason};
use serde_json::{Value as Json, json};

use super::{Asked, Frame, Said, Wire, calls, messages, model, options, pieces, reasoning, text, tools};

pub(super) struct Cohere;

impl Wire for Cohere {
    fn name(&self) -> &'static str {
        "cohere"
    }

    fn base(&self) -> &'static str {
        "/v2"
    }

    fn knows(&self, path: &str) -> bool {
        path.ends_with("/v2/chat")
    }

    fn ask(&self, _: &str, body: &Json) -> Result<Asked, String> {
        let mut asked = Asked { model: model(body)?, ..Asked::default() };
        asked.request.messages = messages(&body["messages"], "messages")?;
        asked.request.options = options(body);
        asked.request.tools = tools(&body["tools"], "parameters");
        asked.stream = body["stream"].as_bool().unwrap_or(false);
        Ok(asked)
    }

    fn whole(&self, _: &Asked, said: &Said) -> Json {
        let choice = said.choices.first();
        json!({
            "id": id(said),
            "finish_reason": choice.map_or("COMPLETE", stop),
            "message": message(said, choice),
            "usage": counts(&said.usage),
        })
    }

    fn frames(&self, _: &Asked, said: &Said) -> Vec<Frame> {
        let choice = said.choices.first();
        let whole = message(said, choice);
        let begun =
            json!({"message": {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": []}});
        let mut out = vec![json!({"type": "message-start", "id": id(said), "delta": begun})];
        for (at, part) in whole["content"].as_array().into_iter().flatten().enumerate() {
            let key = if part["type"] == "thinking" { "thinking" } else { "text" };
            let mut empty = part.clone();
            empty[key] = json!("");
            let mut push = |kind: &str, content: Json| {
                out.push(json!({"type": kind, "index": at, "delta": {"message": {"content": content}}}));
            };
            push("content-start", empty);
            for piece in pieces(part[key].as_str().unwrap_or_default()) {
                push("content-delta", json!({key: piece}));
            }
            out.push(json!({"type": "content-end", "index": at}));
        }
        for (at, call) in whole["tool_calls"].as_array().into_iter().flatten().enumerate() {
            let mut push = |kind: &str, call: Json| {
                out.push(json!({"type": kind, "index": at, "delta": {"message": {"tool_calls": call}}}));
            };
            let mut begun = call.clone();
            begun["function"]["arguments"] = json!("");
            push("tool-call-start", begun);
            for piece in pieces(call["function"]["arguments"].as_str().unwrap_or_default()) {
                push("tool-call-delta", json!({"function": {"arguments": piece}}));
            }
            out.push(json!({"type": "tool-call-end", "index": at}));
        }
        let delta = json!({"finish_reason": choice.map_or("COMPLETE", stop), "usage": counts(&said.usage)});
        let mut frames: Vec<Frame> = out.into_iter().map(Frame::typed).collect();
        frames.push(Frame::typed(json!({"type": "message-end", "delta": delta})).last());
        frames
    }

    fn error(&self, _: u16, _: &str, message: &str) -> Json {
        json!({"id": "error-1", "message": message})
    }

    fn error_frame(&self, message: &str) -> Frame {
        Frame::typed(json!({"type": "message-end", "delta": {"finish_reason": "ERROR", "error": message}}))
    }

    fn overflow(&self) -> &'static str {
        "too many tokens: the total number of tokens in the request exceeds the limit of 128000"
    }
}

fn id(said: &Said) -> String {
    format!("cohere-{}", said.call)
}

fn stop(choice: &Choice) -> &'static str {
    match &choice.finish {
        FinishReason::Stop => "COMPLETE",
        FinishReason::Length => "MAX_TOKENS",
        FinishReason::ToolCalls => "TOOL_CALL",
        _ => "ERROR",
    }
}

/// A refusal is text like any other here.
fn message(said: &Said, choice: Option<&Choice>) -> Json {
    let mut content = Vec::new();
    if let Some(thinking) = choice.and_then(reasoning) {
        content.push(json!({"type": "thinking", "thinking": thinking}));
    }
    if let Some(text) = said.refusal.clone().or_else(|| choice.and_then(text)) {
        content.push(json!({"type": "text", "text": text}));
    }
    let mut message = json!({"role": "assistant", "content": content});
    let calls: Vec<Json> = choice
        .map(calls)
        .unwrap_or_default()
        .into_iter()
        .map(|c| json!({"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}}))
        .collect();
    if !calls.is_empty() {
        message["tool_calls"] = Json::Array(calls);
    }
    message
}

fn counts(u: &Usage) -> Json {
    let tokens = json!({"input_tokens": u.input_tokens, "output_tokens": u.output_tokens});
    json!({"billed_units": tokens, "tokens": tokens, "cached_tokens": u.cached_read_tokens})
}
