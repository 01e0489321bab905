//! Faults in what the model says, before a wire writes it, and in the JSON that a wire wrote.

use dspex_core::Record;
use dspex_core::lm::{Choice, FinishReason, Part};
use dspex_core::value::ToolCall;
use serde_json::{Value as Json, json};

use super::{Fault, UsageFault};
use crate::server::wire::{Asked, Said};

impl Fault {
    /// Changes what is said.
    pub(in crate::server) fn on_said(&self, said: &mut Said, asked: &Asked) {
        match self {
            Self::WrongModel => said.model = format!("not-{}", said.model),
            Self::FewerChoices(n) => said.choices.truncate(*n),
            Self::NoChoices => said.choices.clear(),
            Self::NoContent => said.choices.iter_mut().for_each(|c| c.parts.clear()),
            Self::EmptyText => {
                said.choices.iter_mut().for_each(|c| c.parts = vec![Part::Text(String::new())]);
            }
            Self::LengthFinish => finish(said, &FinishReason::Length),
            Self::ContentFilter => finish(said, &FinishReason::ContentFilter),
            Self::Refusal => said.refusal = Some("I cannot help with that.".into()),
            Self::BrokenArguments => {
                let broken = |(id, name): (Option<String>, String)| Part::BrokenToolCall {
                    id,
                    name,
                    arguments: r#"{"place": "Os"#.into(),
                };
                on_calls(said, asked, broken);
            }
            Self::UnknownTool => on_calls(said, asked, |(id, _)| call(id, "no_such_tool")),
            Self::NoCallId => on_calls(said, asked, |(_, name)| call(None, &name)),
            _ => {}
        }
    }

    /// Changes the JSON that a wire wrote, whole or of one event.
    pub(in crate::server) fn on_json(&self, json: &mut Json, usage_keys: &[&str]) {
        match self {
            Self::Usage(kind) => break_usage(json, *kind, usage_keys),
            Self::ObjectArguments => object_arguments(json),
            _ => {}
        }
    }

    /// Whether it looks into the JSON.
    pub(in crate::server) fn reads_json(&self) -> bool {
        matches!(self, Self::Usage(_) | Self::ObjectArguments)
    }
}

fn finish(said: &mut Said, reason: &FinishReason) {
    said.choices.iter_mut().for_each(|c| c.finish = reason.clone());
}

fn call(id: Option<String>, name: &str) -> Part {
    Part::ToolCall(ToolCall { id, name: name.to_owned(), args: Record::new() })
}

/// Changes the calls of tools; a reply without any gets one, of the first tool that was offered.
fn on_calls(said: &mut Said, asked: &Asked, change: impl Fn((Option<String>, String)) -> Part) {
    let Some(choice) = said.choices.first_mut() else { return };
    let is_call = |p: &Part| matches!(p, Part::ToolCall(_) | Part::BrokenToolCall { .. });
    if !choice.parts.iter().any(is_call) {
        let name = asked.request.tools.first().map_or("lookup", |t| t.name.as_str());
        add_call(choice, name);
    }
    for part in &mut choice.parts {
        let of = match part {
            Part::ToolCall(c) => (c.id.clone(), c.name.clone()),
            Part::BrokenToolCall { id, name, .. } => (id.clone(), name.clone()),
            _ => continue,
        };
        *part = change(of);
    }
}

fn add_call(choice: &mut Choice, name: &str) {
    choice.parts = vec![call(Some("call_1".into()), name)];
    choice.finish = FinishReason::ToolCalls;
}

fn break_usage(json: &mut Json, kind: UsageFault, keys: &[&str]) {
    match json {
        Json::Object(map) => {
            if kind == UsageFault::Missing {
                map.retain(|key, _| !keys.contains(&key.as_str()));
            }
            for (key, value) in map.iter_mut() {
                if keys.contains(&key.as_str()) {
                    break_counts(value, kind);
                } else {
                    break_usage(value, kind, keys);
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| break_usage(item, kind, keys)),
        _ => {}
    }
}

fn break_counts(counts: &mut Json, kind: UsageFault) {
    match (kind, counts) {
        (UsageFault::Null, counts) => *counts = Json::Null,
        (_, Json::Object(map)) => map.values_mut().for_each(|count| break_counts(count, kind)),
        (UsageFault::Negative, count @ Json::Number(_)) => *count = json!(-1),
        (UsageFault::Huge, count @ Json::Number(_)) => *count = json!(1_u64 << 63),
        _ => {}
    }
}

fn object_arguments(json: &mut Json) {
    match json {
        Json::Object(map) => {
            for (key, value) in map.iter_mut() {
                match value.as_str() {
                    Some(text) if key == "arguments" => {
                        *value = serde_json::from_str(text).unwrap_or_else(|_| json!({}));
                    }
                    _ => object_arguments(value),
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(object_arguments),
        _ => {}
    }
}
