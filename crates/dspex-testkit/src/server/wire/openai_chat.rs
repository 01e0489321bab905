//! OpenAI's chat completions.

use dspex_core::Usage;
use dspex_core::lm::Choice;
use serde_json::{Value as Json, json};

use super::{
    Asked, Frame, Said, Wire, below, calls, messages, model, options, pieces, reasoning, text, tools,
};

pub(super) struct OpenAiChat;

impl Wire for OpenAiChat {
    fn name(&self) -> &'static str {
        "openai_chat"
    }

    fn base(&self) -> &'static str {
        "/v1"
    }

    fn knows(&self, path: &str) -> bool {
        below(path, "/chat/completions")
    }

    fn ask(&self, _: &str, body: &Json) -> Result<Asked, String> {
        let mut asked = Asked { model: model(body)?, ..Asked::default() };
        asked.request.messages = messages(&body["messages"], "messages")?;
        asked.request.options = options(body);
        asked.request.tools = tools(&body["tools"], "parameters");
        if let Some(n) = body.get("n").filter(|n| !n.is_null()) {
            let count = n.as_u64().and_then(|n| u32::try_from(n).ok()).filter(|n| (1..=128).contains(n));
            asked.request.options.n =
                Some(count.ok_or_else(|| format!("expected `n` from 1 to 128, found {n}"))?);
        }
        asked.stream = body["stream"].as_bool().unwrap_or(false);
        asked.with_usage = body["stream_options"]["include_usage"].as_bool().unwrap_or(false);
        Ok(asked)
    }

    fn whole(&self, _: &Asked, said: &Said) -> Json {
        let chosen = |(index, c): (usize, &Choice)| json!({"index": index, "message": message(c, said), "finish_reason": c.finish.as_str(), "logprobs": c.logprobs});
        let choices: Vec<Json> = said.choices.iter().enumerate().map(chosen).collect();
        let mut json = head("chat.completion", said);
        json["choices"] = Json::Array(choices);
        json["usage"] = counts(&said.usage);
        json
    }

    fn frames(&self, asked: &Asked, said: &Said) -> Vec<Frame> {
        let chunk = |choices: Json| {
            let mut json = head("chat.completion.chunk", said);
            json["choices"] = choices;
            json
        };
        let delta = |i: usize, delta: Json, finish: Option<&str>| {
            Frame::data(chunk(json!([{"index": i, "delta": delta, "finish_reason": finish}])))
        };
        let mut frames = Vec::new();
        for (i, c) in said.choices.iter().enumerate() {
            frames.push(delta(i, json!({"role": "assistant", "content": ""}), None));
            let message = message(c, said);
            for name in ["reasoning_content", "content", "refusal"] {
                for piece in pieces(message[name].as_str().unwrap_or_default()) {
                    frames.push(delta(i, json!({name: piece}), None));
                }
            }
            for (at, call) in message["tool_calls"].as_array().into_iter().flatten().enumerate() {
                let mut first = call.clone();
                first["index"] = json!(at);
                // The arguments follow their call, in pieces.
                let arguments = match first["function"]["arguments"].take() {
                    Json::String(text) => text,
                    other => other.to_string(),
                };
                first["function"]["arguments"] = json!("");
                frames.push(delta(i, json!({"tool_calls": [first]}), None));
                for piece in pieces(&arguments) {
                    let more = json!({"index": at, "function": {"arguments": piece}});
                    frames.push(delta(i, json!({"tool_calls": [more]}), None));
                }
            }
            frames.push(delta(i, json!({}), Some(c.finish.as_str())));
        }
        if asked.with_usage {
            let mut last = chunk(json!([]));
            last["usage"] = counts(&said.usage);
            frames.push(Frame::data(last));
        }
        frames.push(Frame { event: None, data: "[DONE]".into(), last: true });
        frames
    }

    fn error(&self, _: u16, kind: &str, message: &str) -> Json {
        let code = if kind == "insufficient_quota" { json!(kind) } else { Json::Null };
        json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
    }

    fn overflow(&self) -> &'static str {
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens. Please \
         reduce the length of the messages."
    }
}

fn head(object: &str, said: &Said) -> Json {
    json!({"id": format!("chatcmpl-{}", said.call), "object": object, "created": 0, "model": said.model})
}

/// What was said. Reasoning goes beside it, under the name that most vendors use.
fn message(choice: &Choice, said: &Said) -> Json {
    let content = text(choice).filter(|_| said.refusal.is_none());
    let mut message = json!({"role": "assistant", "content": content, "refusal": said.refusal});
    if let Some(reasoning) = reasoning(choice) {
        message["reasoning_content"] = json!(reasoning);
    }
    let calls: Vec<Json> = calls(choice)
        .into_iter()
        .map(|c| json!({"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}}))
        .collect();
    if !calls.is_empty() {
        message["tool_calls"] = Json::Array(calls);
    }
    message
}

fn counts(u: &Usage) -> Json {
    json!({
        "prompt_tokens": u.input_tokens,
        "completion_tokens": u.output_tokens,
        "total_tokens": u.total_tokens(),
        "prompt_tokens_details": {"cached_tokens": u.cached_read_tokens},
        "completion_tokens_details": {"reasoning_tokens": u.reasoning_tokens},
    })
}
