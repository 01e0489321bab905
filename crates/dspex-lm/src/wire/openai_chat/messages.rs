//! Messages of requests: who speaks, calls of tools and their results, and thoughts that the vendor wants back.

use dspex_core::Value;
use dspex_core::lm::{LmError, Message, Part, Role};
use serde_json::{Value as Json, json};

use super::content::{self, Content};
use super::sources;
use crate::wire::call::Call;
use crate::wire::quirks::Thoughts;

/// The conversation as the wire has it.
pub(super) fn all(call: &Call<'_>) -> Result<Json, LmError> {
    let mut written = Writer { call, messages: Vec::new(), calls: 0, results: 0 };
    for message in &call.request.messages {
        match message.role {
            Role::Assistant => written.answer(message)?,
            _ => written.turn(message)?,
        }
    }
    Ok(Json::Array(written.messages))
}

struct Writer<'a> {
    call: &'a Call<'a>,
    messages: Vec<Json>,
    /// So many calls, and so many results, came without an id. The n-th result is that of the n-th call.
    calls: usize,
    results: usize,
}

impl Writer<'_> {
    /// A turn of someone else than the model. Each result of a tool is a message of its own.
    fn turn(&mut self, message: &Message) -> Result<(), LmError> {
        let mut content = Content::default();
        let mut parts = message.parts.iter().peekable();
        while let Some(part) = parts.next() {
            let Part::ToolResult { call_id, content: text, .. } = part else {
                content.push(self.call, part)?;
                continue;
            };
            let mut said = Content::default();
            if !text.is_empty() {
                said.text(text);
            }
            // What a tool's turn has behind a result belongs to it.
            let belongs = |p: &&Part| message.role == Role::Tool && !matches!(p, Part::ToolResult { .. });
            while let Some(more) = parts.next_if(belongs) {
                said.of_result(self.call, more)?;
            }
            let id = call_id.clone().unwrap_or_else(|| made_up(&mut self.results));
            self.messages.push(json!({"role": "tool", "tool_call_id": id, "content": said.finish()}));
        }
        let only_results = message.parts.iter().any(|p| matches!(p, Part::ToolResult { .. }));
        if !(only_results && content.is_empty()) {
            let role = if message.role == Role::Tool { Role::User } else { message.role };
            self.messages.push(json!({"role": role.name(), "content": content.finish()}));
        }
        Ok(())
    }

    /// A turn of the model.
    fn answer(&mut self, message: &Message) -> Result<(), LmError> {
        let (mut content, mut calls) = (Content::default(), Vec::new());
        let (mut thoughts, mut details) = (String::new(), None);
        let wanted = self.call.quirks.thoughts;
        for part in &message.parts {
            match part {
                Part::ToolCall(call) => {
                    let arguments = Value::from(call.args.clone());
                    // What JSON cannot say is tagged; tools of programs take what JSON can say.
                    let arguments =
                        arguments.to_json_text().unwrap_or_else(|_| call.args.to_tagged().to_string());
                    calls.push(self.tool_call(call.id.as_ref(), &call.name, &arguments));
                }
                Part::BrokenToolCall { id, name, arguments } => {
                    calls.push(self.tool_call(id.as_ref(), name, arguments));
                }
                Part::Reasoning(text) if wanted == Thoughts::Chunks => content.thought(text),
                Part::Reasoning(text) => thoughts.push_str(text),
                Part::Opaque { data, .. } if sources::annotates(data) => {
                    details = details.or(data.get("reasoning_details").cloned());
                }
                // The reference: a message of the assistant has parts of text, or a refusal.
                Part::Media(_) | Part::Document(_) => {
                    self.call.cannot("an image or another part beside text in a turn of the model")?;
                }
                // It tells a reader where an answer comes from, and the text stands by itself.
                Part::Citations(_) => {}
                other => content.push(self.call, other)?,
            }
        }
        let mut answer = json!({"role": "assistant"});
        answer["content"] = match (content.is_empty(), calls.is_empty()) {
            (true, true) => json!(""),
            (true, false) => Json::Null,
            _ => content.finish(),
        };
        match (wanted, details) {
            (Thoughts::Details, Some(details)) => answer["reasoning_details"] = details,
            (Thoughts::Details, None) if !thoughts.is_empty() => answer["reasoning"] = json!(thoughts),
            (Thoughts::ReasoningContent, _) if !thoughts.is_empty() => {
                answer["reasoning_content"] = json!(thoughts);
            }
            _ => {}
        }
        if !calls.is_empty() {
            answer["tool_calls"] = Json::Array(calls);
        }
        self.messages.push(answer);
        Ok(())
    }

    fn tool_call(&mut self, id: Option<&String>, name: &str, arguments: &str) -> Json {
        let id = id.cloned().unwrap_or_else(|| made_up(&mut self.calls));
        json!({"id": id, "type": "function", "function": {"name": name, "arguments": content::arguments(arguments)}})
    }
}

/// An id for a call that has none, of nine letters and digits, which is what the strictest vendor takes.
fn made_up(count: &mut usize) -> String {
    *count += 1;
    format!("call{count:05}")
}
