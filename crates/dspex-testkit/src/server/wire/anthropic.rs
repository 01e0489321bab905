//! Anthropic's Messages.

use dspex_core::Usage;
use dspex_core::lm::{Choice, FinishReason, Message};
use serde_json::{Value as Json, json};

use super::{
    Asked, Frame, Said, Wire, calls, messages, model, options, pieces, reasoning, text, text_in, tools,
};

pub(super) struct Anthropic;

impl Wire for Anthropic {
    fn name(&self) -> &'static str {
        "anthropic"
    }

    fn base(&self) -> &'static str {
        "/v1"
    }

    fn knows(&self, path: &str) -> bool {
        path.ends_with("/v1/messages")
    }

    fn ask(&self, _: &str, body: &Json) -> Result<Asked, String> {
        let mut asked = Asked { model: model(body)?, ..Asked::default() };
        if body["max_tokens"].as_u64().is_none() {
            return Err("max_tokens: Field required".into());
        }
        if !body["system"].is_null() {
            asked.request.messages.push(Message::system(text_in(&body["system"])?));
        }
        asked.request.messages.extend(messages(&body["messages"], "messages")?);
        asked.request.options = options(body);
        asked.request.tools = tools(&body["tools"], "input_schema");
        asked.stream = body["stream"].as_bool().unwrap_or(false);
        Ok(asked)
    }

    fn whole(&self, _: &Asked, said: &Said) -> Json {
        let choice = said.choices.first();
        let mut json = head(said, &choice.map(|c| blocks(c, said)).unwrap_or_default());
        json["stop_reason"] = json!(choice.map(|c| stop(c, said)));
        json["usage"] = counts(&said.usage);
        json
    }

    fn frames(&self, _: &Asked, said: &Said) -> Vec<Frame> {
        let mut out = Vec::new();
        let mut message = head(said, &[]);
        let mut begun = said.usage;
        begun.output_tokens = 1;
        message["usage"] = counts(&begun);
        out.push(json!({"type": "message_start", "message": message}));
        let choice = said.choices.first();
        for (at, block) in choice.map(|c| blocks(c, said)).unwrap_or_default().iter().enumerate() {
            block_events(&mut out, at, block);
        }
        let delta = json!({"stop_reason": choice.map(|c| stop(c, said)), "stop_sequence": null});
        out.push(json!({"type": "message_delta", "delta": delta, "usage": counts(&said.usage)}));
        let mut frames: Vec<Frame> = out.into_iter().map(Frame::typed).collect();
        frames.push(Frame::typed(json!({"type": "message_stop"})).last());
        frames
    }

    fn error(&self, status: u16, kind: &str, message: &str) -> Json {
        let own = match status {
            401 => "authentication_error",
            402 => "billing_error",
            403 => "permission_error",
            404 => "not_found_error",
            413 => "request_too_large",
            429 if kind == "insufficient_quota" => "enforced_spend_limit_reached",
            429 => "rate_limit_error",
            503 | 529 => "overloaded_error",
            s if s >= 500 => "api_error",
            _ => "invalid_request_error",
        };
        json!({"type": "error", "error": {"type": own, "message": message}})
    }

    fn error_frame(&self, message: &str) -> Frame {
        Frame::typed(self.error(529, "", message))
    }

    fn overflow(&self) -> &'static str {
        "prompt is too long: 210000 tokens > 200000 maximum"
    }
}

fn head(said: &Said, content: &[Json]) -> Json {
    json!({
        "id": format!("msg_{}", said.call), "type": "message", "role": "assistant", "model": said.model,
        "content": content, "stop_reason": null, "stop_sequence": null,
    })
}

fn stop(choice: &Choice, said: &Said) -> String {
    match &choice.finish {
        _ if said.refusal.is_some() => "refusal",
        FinishReason::Stop => "end_turn",
        FinishReason::Length => "max_tokens",
        FinishReason::ToolCalls => "tool_use",
        FinishReason::ContentFilter => "refusal",
        other => other.as_str(),
    }
    .to_owned()
}

fn blocks(choice: &Choice, said: &Said) -> Vec<Json> {
    let mut blocks = Vec::new();
    if let Some(thinking) = reasoning(choice) {
        blocks.push(json!({"type": "thinking", "thinking": thinking, "signature": "c2lnbmVk"}));
    }
    if let Some(text) = said.refusal.clone().or_else(|| text(choice)) {
        blocks.push(json!({"type": "text", "text": text}));
    }
    for call in calls(choice) {
        blocks.push(json!({"type": "tool_use", "id": call.id, "name": call.name, "input": call.object()}));
    }
    blocks
}

fn block_events(out: &mut Vec<Json>, at: usize, block: &Json) {
    let mut begun = block.clone();
    let (key, delta, name, text) = match block["type"].as_str() {
        Some("thinking") => ("thinking", "thinking_delta", "thinking", block["thinking"].clone()),
        Some("tool_use") => {
            // Text that is no JSON comes as it is.
            let input = &block["input"];
            let input = input.as_str().map_or_else(|| input.to_string(), str::to_owned);
            ("input", "input_json_delta", "partial_json", json!(input))
        }
        _ => ("text", "text_delta", "text", block["text"].clone()),
    };
    begun[key] = if key == "input" { json!({}) } else { json!("") };
    if key == "thinking" {
        begun["signature"] = json!("");
    }
    out.push(json!({"type": "content_block_start", "index": at, "content_block": begun}));
    let mut push =
        |delta: Json| out.push(json!({"type": "content_block_delta", "index": at, "delta": delta}));
    for piece in pieces(text.as_str().unwrap_or_default()) {
        push(json!({"type": delta, name: piece}));
    }
    if key == "thinking" {
        push(json!({"type": "signature_delta", "signature": block["signature"]}));
    }
    out.push(json!({"type": "content_block_stop", "index": at}));
}

/// Anthropic counts what was cached apart from the rest of the input.
fn counts(u: &Usage) -> Json {
    let cached = u.cached_read_tokens.saturating_add(u.cached_write_tokens);
    json!({
        "input_tokens": u.input_tokens.saturating_sub(cached),
        "cache_read_input_tokens": u.cached_read_tokens,
        "cache_creation_input_tokens": u.cached_write_tokens,
        "output_tokens": u.output_tokens,
    })
}
