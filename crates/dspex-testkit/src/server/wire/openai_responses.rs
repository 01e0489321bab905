//! OpenAI's Responses.

use dspex_core::Usage;
use dspex_core::lm::{Choice, FinishReason, Message, Part, Role};
use serde_json::{Value as Json, json};

use super::{
    Asked, Frame, Said, Wire, below, calls, model, options, pieces, reasoning, role, text, text_in, tools,
};

pub(super) struct OpenAiResponses;

impl Wire for OpenAiResponses {
    fn name(&self) -> &'static str {
        "openai_responses"
    }

    fn base(&self) -> &'static str {
        "/v1"
    }

    fn knows(&self, path: &str) -> bool {
        below(path, "/responses")
    }

    fn ask(&self, _: &str, body: &Json) -> Result<Asked, String> {
        let mut asked = Asked { model: model(body)?, ..Asked::default() };
        let turns = &mut asked.request.messages;
        turns.extend(body["instructions"].as_str().map(Message::system));
        match &body["input"] {
            Json::String(text) => turns.push(Message::user(text.as_str())),
            Json::Array(items) => {
                for item in items {
                    turns.extend(turn(item)?);
                }
            }
            other => return Err(format!("expected `input` as text or a list, found {other}")),
        }
        asked.request.options = options(body);
        asked.request.tools = tools(&body["tools"], "parameters");
        asked.stream = body["stream"].as_bool().unwrap_or(false);
        Ok(asked)
    }

    fn whole(&self, _: &Asked, said: &Said) -> Json {
        let items = said.choices.first().map(|c| items(c, said)).unwrap_or_default();
        response(said, &items, true)
    }

    fn frames(&self, asked: &Asked, said: &Said) -> Vec<Frame> {
        let whole = self.whole(asked, said);
        let mut out = Vec::new();
        let begun = response(said, &[], false);
        for kind in ["response.created", "response.in_progress"] {
            out.push(json!({"type": kind, "response": begun}));
        }
        for (at, item) in whole["output"].as_array().into_iter().flatten().enumerate() {
            item_events(&mut out, at, item);
        }
        let end = if whole["status"] == "completed" { "response.completed" } else { "response.incomplete" };
        out.push(json!({"type": end, "response": whole}));
        let count = out.len();
        let numbered = out.into_iter().enumerate().map(|(i, mut json)| {
            json["sequence_number"] = json!(i);
            let frame = Frame::typed(json);
            if i + 1 == count { frame.last() } else { frame }
        });
        numbered.collect()
    }

    fn error(&self, _: u16, kind: &str, message: &str) -> Json {
        let code = if kind == "insufficient_quota" { json!(kind) } else { Json::Null };
        json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
    }

    fn error_frame(&self, message: &str) -> Frame {
        Frame::typed(json!({"type": "error", "code": "server_error", "message": message, "param": null}))
    }

    fn overflow(&self) -> &'static str {
        "Your input exceeds the context window of this model. Please adjust your input and try again."
    }
}

/// An item of the conversation; reasoning and the like are no turns.
fn turn(item: &Json) -> Result<Option<Message>, String> {
    Ok(match item["type"].as_str() {
        None | Some("message") => Some(Message::new(role(&item["role"])?, text_in(&item["content"])?)),
        Some("function_call_output") => {
            let part = Part::ToolResult {
                call_id: item["call_id"].as_str().map(str::to_owned),
                name: String::new(),
                content: text_in(&item["output"])?,
                is_error: false,
            };
            Some(Message { role: Role::Tool, parts: vec![part] })
        }
        _ => None,
    })
}

fn response(said: &Said, output: &[Json], over: bool) -> Json {
    let cut = match said.choices.first().map(|c| &c.finish) {
        Some(FinishReason::Length) => Some("max_output_tokens"),
        Some(FinishReason::ContentFilter) => Some("content_filter"),
        _ => None,
    };
    let status = match (over, cut) {
        (false, _) => "in_progress",
        (true, None) => "completed",
        (true, Some(_)) => "incomplete",
    };
    json!({
        "id": format!("resp_{}", said.call),
        "object": "response",
        "created_at": 0,
        "status": status,
        "error": null,
        "incomplete_details": cut.filter(|_| over).map(|reason| json!({"reason": reason})),
        "model": said.model,
        "output": output,
        "parallel_tool_calls": true,
        "usage": if over { counts(&said.usage) } else { Json::Null },
    })
}

fn items(choice: &Choice, said: &Said) -> Vec<Json> {
    let mut items = Vec::new();
    let id = |kind: &str, at: usize| format!("{kind}_{}_{at}", said.call);
    if let Some(reasoning) = reasoning(choice) {
        let summary = json!([{"type": "summary_text", "text": reasoning}]);
        items.push(json!({"type": "reasoning", "id": id("rs", 0), "summary": summary}));
    }
    let part = match &said.refusal {
        Some(refusal) => Some(json!({"type": "refusal", "refusal": refusal})),
        None => text(choice)
            .map(|text| json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})),
    };
    if part.is_some() || choice.parts.is_empty() {
        let content: Vec<Json> = part.into_iter().collect();
        items.push(json!({
            "type": "message", "id": id("msg", 1), "role": "assistant", "status": "completed", "content": content,
        }));
    }
    for (at, call) in calls(choice).into_iter().enumerate() {
        items.push(json!({
            "type": "function_call", "id": id("fc", at + 2), "call_id": call.id, "name": call.name,
            "arguments": call.arguments, "status": "completed",
        }));
    }
    items
}

/// The events of one item: it is added, its text comes in pieces, it is done.
fn item_events(out: &mut Vec<Json>, at: usize, item: &Json) {
    let mut added = item.clone();
    for (key, empty) in [("content", json!([])), ("summary", json!([])), ("arguments", json!(""))] {
        if added.get(key).is_some() {
            added[key] = empty;
        }
    }
    out.push(json!({"type": "response.output_item.added", "output_index": at, "item": added}));
    let id = &item["id"];
    for (i, part) in item["content"].as_array().into_iter().flatten().enumerate() {
        let key = if part["type"] == "refusal" { "refusal" } else { "text" };
        let event = if key == "refusal" { "response.refusal" } else { "response.output_text" };
        let place = json!({"item_id": id, "output_index": at, "content_index": i});
        let mut empty = part.clone();
        empty[key] = json!("");
        out.push(with(&place, "response.content_part.added", "part", empty));
        for piece in pieces(part[key].as_str().unwrap_or_default()) {
            out.push(with(&place, &format!("{event}.delta"), "delta", json!(piece)));
        }
        out.push(with(&place, &format!("{event}.done"), key, part[key].clone()));
        out.push(with(&place, "response.content_part.done", "part", part.clone()));
    }
    for (i, part) in item["summary"].as_array().into_iter().flatten().enumerate() {
        let place = json!({"item_id": id, "output_index": at, "summary_index": i});
        for piece in pieces(part["text"].as_str().unwrap_or_default()) {
            out.push(with(&place, "response.reasoning_summary_text.delta", "delta", json!(piece)));
        }
        out.push(with(&place, "response.reasoning_summary_text.done", "text", part["text"].clone()));
    }
    if let Some(arguments) = item["arguments"].as_str() {
        let place = json!({"item_id": id, "output_index": at});
        for piece in pieces(arguments) {
            out.push(with(&place, "response.function_call_arguments.delta", "delta", json!(piece)));
        }
        out.push(with(&place, "response.function_call_arguments.done", "arguments", json!(arguments)));
    }
    out.push(json!({"type": "response.output_item.done", "output_index": at, "item": item}));
}

fn with(place: &Json, kind: &str, key: &str, value: Json) -> Json {
    let mut json = place.clone();
    json["type"] = json!(kind);
    json[key] = value;
    json
}

fn counts(u: &Usage) -> Json {
    json!({
        "input_tokens": u.input_tokens,
        "input_tokens_details": {"cached_tokens": u.cached_read_tokens},
        "output_tokens": u.output_tokens,
        "output_tokens_details": {"reasoning_tokens": u.reasoning_tokens},
        "total_tokens": u.total_tokens(),
    })
}
