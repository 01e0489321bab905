//! Earlier turns of a conversation as messages.

use dspex_core::lm::{Message, Part, Role};
use dspex_core::value::{History, ToolCallResult, ToolCalls};
use dspex_core::{Error, ErrorKind, Field, FieldType, Record, Result, Signature, Special, Value};

/// The name under which the model is shown what calls of tools gave.
const RESULTS: &str = "tool_call_results";

/// The input that has the earlier turns.
pub(crate) fn field(signature: &Signature) -> Option<&Field> {
    signature.inputs().iter().find(|f| f.ty == FieldType::Special(Special::History))
}

/// How an adapter writes turns.
pub(crate) struct Writer<'a> {
    /// The signature without the field of the earlier turns.
    pub(crate) signature: &'a Signature,
    /// Whether calls of tools and results are messages of their own.
    pub(crate) native: bool,
    /// Whether a turn of the user is there also where it says nothing.
    pub(crate) empty_turns: bool,
    /// The user's turn; whether it asks for the outputs.
    pub(crate) user: &'a dyn Fn(&Signature, &Record, bool) -> Result<String>,
    /// The model's turn.
    pub(crate) answer: &'a dyn Fn(&Signature, &Record) -> Result<String>,
}

impl Writer<'_> {
    /// The messages of earlier turns.
    pub(crate) fn messages(&self, field: &Field, value: &Value) -> Result<Vec<Message>> {
        let history = History::from_value(value).ok_or_else(|| wrong(&field.name, "History", value))?;
        let mut messages = Vec::with_capacity(2 * history.messages.len());
        for event in &history.messages {
            self.event(event, &mut messages)?;
        }
        Ok(messages)
    }

    fn event(&self, event: &Record, messages: &mut Vec<Message>) -> Result<()> {
        // What has outputs only is a turn of the model alone: it must not get a turn that only asks.
        let asked = self.signature.inputs().iter().any(|f| event.contains_key(&f.name));
        let user = (self.user)(self.signature, event, asked)?;
        if !user.is_empty() || self.empty_turns {
            messages.push(Message::user(user));
        }
        match calls(event)? {
            Some((_, calls)) if self.native => self.native_calls(event, &calls, messages),
            calls => self.calls_in_text(event, calls, messages),
        }
    }

    fn calls_in_text(
        &self,
        event: &Record,
        calls: Option<(&str, ToolCalls)>,
        messages: &mut Vec<Message>,
    ) -> Result<()> {
        let Some((name, calls)) = calls.filter(|(_, calls)| calls.tool_call_results.is_some()) else {
            return self.answer(event, messages);
        };
        let results = ToolCallResult::all_to_value(calls.tool_call_results.as_deref().unwrap_or_default());
        self.answer(&event.clone().with(name, calls.without_results()), messages)?;
        let of_results =
            Signature::new([Field::input(RESULTS, FieldType::Any), Field::output("next", FieldType::Str)])?;
        let text = (self.user)(&of_results, &Record::new().with(RESULTS, results), false)?;
        messages.push(Message::user(text));
        Ok(())
    }

    fn answer(&self, event: &Record, messages: &mut Vec<Message>) -> Result<()> {
        let text = (self.answer)(self.signature, event)?;
        if !text.is_empty() {
            messages.push(Message::assistant(text));
        }
        Ok(())
    }

    fn native_calls(&self, event: &Record, calls: &ToolCalls, messages: &mut Vec<Message>) -> Result<()> {
        let mut shown = self.signature.clone();
        for field in self.signature.outputs() {
            let said = event.get(&field.name).is_some_and(|v| !v.is_none());
            if !said || field.ty == FieldType::Special(Special::ToolCalls) {
                shown = shown.delete(&field.name);
            }
        }
        let text = if shown.outputs().is_empty() { String::new() } else { (self.answer)(&shown, event)? };
        // Results that do not name their calls one by one can be no messages; a provider would refuse them.
        let results = calls.matched_results();
        let mut parts = Vec::new();
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        if results.is_some() {
            parts.extend(calls.tool_calls.iter().cloned().map(Part::ToolCall));
        }
        if !parts.is_empty() {
            messages.push(Message { role: Role::Assistant, parts });
        }
        for result in results.into_iter().flatten() {
            let result = Part::ToolResult {
                call_id: result.call_id.clone(),
                name: result.name.clone(),
                content: result.to_message(),
                is_error: result.is_error,
            };
            messages.push(Message { role: Role::Tool, parts: vec![result] });
        }
        Ok(())
    }
}

/// The first value of a message that holds calls of tools, with its name.
fn calls(event: &Record) -> Result<Option<(&str, ToolCalls)>> {
    let holds = |value: &Value| match value {
        Value::ToolCalls(_) => true,
        Value::Dict(d) => d.get_str("tool_calls").is_some(),
        _ => false,
    };
    let Some((name, value)) = event.iter().find(|(_, value)| holds(value)) else { return Ok(None) };
    let calls = ToolCalls::from_value(value).ok_or_else(|| wrong(name, "ToolCalls", value))?;
    Ok(Some((name, calls)))
}

fn wrong(field: &str, expected: &str, found: &Value) -> Error {
    let found = found.to_repr().unwrap_or_else(|_| found.kind().to_owned());
    let (field, found) = (field.to_owned(), dspex_core::shorten_text(&found));
    ErrorKind::InputType { field, expected: expected.into(), found }.into()
}
