//! Values that prompts do not hold as they are: images, sounds, files and documents inside the inputs, also those of
//! earlier turns, which are parts of a message, and code in demonstrations, which stands in a fence as it is asked for.
//!
//! While the text of a turn is written, a token holds the place of each. It has a number that makes it occur nowhere
//! else in the messages, so no text of an input can stand for a part. DSPy uses a mark that is always the same; whoever
//! asks for its very messages gets that ([`RenderCall::compat`]).

use std::collections::HashSet;

use dspex_core::lm::{Message, Part, Role};
use dspex_core::value::{History, StructValue};
use dspex_core::{Example, Field, FieldType, Record, RenderCall, Result, Signature, Special, Value};

use crate::format::kinds;
use crate::markers;

/// How the place of a part starts in text; a number and the index of the part follow.
const TOKEN: &str = "part-";

/// Messages whose parts stand where their values do. `render` writes them from a call in which text holds the places;
/// `turns` is the input that it writes as earlier turns, if it does so.
pub(crate) fn placed(
    call: &RenderCall<'_>,
    turns: Option<&Field>,
    render: impl Fn(&RenderCall<'_>) -> Result<Vec<Message>>,
) -> Result<Vec<Message>> {
    if call.compat {
        return marked(call, render);
    }
    let demos = fenced(call);
    let mut call = call.clone();
    if let Some(demos) = &demos {
        call.demos = demos;
    }
    let call = &call;
    let inputs = Inputs { signature: call.signature, turns: turns.map(|f| f.name.as_str()) };
    let parts = inputs.all_parts(call);
    if parts.is_empty() {
        return render(call);
    }
    // Without anything in their places, all text that is not ours to choose.
    let draft = inputs.render(call, &mut |_| Some(String::new()), &render)?;
    let taken: HashSet<u64> = draft.iter().flat_map(|m| numbers(&m.text())).collect();
    let number = (0..=u64::MAX).find(|n| !taken.contains(n)).unwrap_or_default();
    let token = format!("{TOKEN}{number}-");
    let mut next = 0..;
    let mut place = |_: &Value| next.next().map(|i: usize| format!("{token}{i};"));
    let mut messages = inputs.render(call, &mut place, &render)?;
    for message in &mut messages {
        if let [Part::Text(text)] = message.parts.as_slice()
            && text.contains(&token)
        {
            message.parts = split(text, &token, &parts);
        }
    }
    Ok(messages)
}

/// The numbers with which a text holds a token already.
fn numbers(text: &str) -> Vec<u64> {
    let digits = |rest: &str| rest.split('-').next().and_then(|n| n.parse().ok());
    text.split(TOKEN).skip(1).filter_map(digits).collect()
}

/// The demonstrations with the code of their outputs in fences, where there is any.
fn fenced(call: &RenderCall<'_>) -> Option<Vec<Example>> {
    let outputs = call.signature.outputs();
    if call.demos.is_empty() || !outputs.iter().any(|f| holds_code(&f.ty)) {
        return None;
    }
    let field = |(name, value): (&str, &Value)| {
        let ty = outputs.iter().find(|f| f.name == name).map(|f| &f.ty);
        (name.to_owned(), ty.map_or_else(|| value.clone(), |ty| in_fence(value, ty)))
    };
    Some(call.demos.iter().map(|d| Example::new(d.record().iter().map(field).collect::<Record>())).collect())
}

fn holds_code(ty: &FieldType) -> bool {
    let mut found = false;
    kinds(ty, &mut |special| found |= matches!(special, Special::Code(_)));
    found
}

/// Code in a fence that is longer than any in it; other values as they are.
fn in_fence(value: &Value, ty: &FieldType) -> Value {
    match (ty, value) {
        (FieldType::Special(Special::Code(language)), Value::Str(code)) => {
            let marks = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
            let fence = "`".repeat(3.max(marks + 1));
            let language = language.as_deref().unwrap_or("python").to_lowercase();
            [&fence, &language, "\n", code, "\n", &fence].concat().into()
        }
        (FieldType::Union(u), value) => match u.options.as_slice() {
            [one, FieldType::None] | [FieldType::None, one] => in_fence(value, one),
            _ => value.clone(),
        },
        (FieldType::List(Some(ty)), Value::List(items)) => {
            Value::List(items.iter().map(|item| in_fence(item, ty)).collect())
        }
        (FieldType::Dict(Some(types)), Value::Dict(d)) => {
            Value::Dict(d.iter().map(|(k, v)| (k.clone(), in_fence(v, &types.1))).collect())
        }
        _ => value.clone(),
    }
}

/// DSPy's way: its marks in the text of all turns, and what stands between such marks in users' turns becomes parts.
fn marked(
    call: &RenderCall<'_>,
    render: impl Fn(&RenderCall<'_>) -> Result<Vec<Message>>,
) -> Result<Vec<Message>> {
    let mut marked = Value::to_dspy_marked;
    let demos: Vec<Example> =
        call.demos.iter().map(|d| Example::new(record(d.record(), &mut marked))).collect();
    let inputs = record(call.inputs, &mut marked);
    let mut messages = rendered(call, &demos, &inputs, render)?;
    for message in messages.iter_mut().filter(|m| m.role == Role::User) {
        message.parts = markers::expand(&message.text());
    }
    Ok(messages)
}

/// Which fields of a record are inputs, and which of these has the earlier turns.
struct Inputs<'a> {
    signature: &'a Signature,
    turns: Option<&'a str>,
}

impl Inputs<'_> {
    /// Renders the call with text in the places of the parts in its inputs and in the inputs of its demonstrations and
    /// earlier turns. What the model said stays text: providers take images in turns of the user only.
    fn render(
        &self,
        call: &RenderCall<'_>,
        text: &mut impl FnMut(&Value) -> Option<String>,
        render: impl Fn(&RenderCall<'_>) -> Result<Vec<Message>>,
    ) -> Result<Vec<Message>> {
        let mut text = |value: &Value| part(value).and_then(|_| text(value));
        let demos: Vec<Example> =
            call.demos.iter().map(|demo| Example::new(self.replaced(demo.record(), &mut text))).collect();
        let inputs = self.replaced(call.inputs, &mut text);
        rendered(call, &demos, &inputs, render)
    }

    /// The parts of the demonstrations' inputs and of the inputs, in the order in which [`render`](Self::render) comes
    /// upon them.
    fn all_parts(&self, call: &RenderCall<'_>) -> Vec<Part> {
        let mut found = Vec::new();
        call.demos.iter().for_each(|demo| self.parts(demo.record(), &mut found));
        self.parts(call.inputs, &mut found);
        found
    }

    fn has(&self, name: &str) -> bool {
        self.signature.inputs().iter().any(|f| f.name == name)
    }

    /// The earlier turns, if the field has them.
    fn turns(&self, name: &str, value: &Value) -> Option<History> {
        if self.turns == Some(name) { History::from_value(value) } else { None }
    }

    /// The parts of the inputs of a record.
    fn parts(&self, record: &Record, found: &mut Vec<Part>) {
        for (name, value) in record.iter().filter(|(name, _)| self.has(name)) {
            match self.turns(name, value) {
                Some(turns) => turns.messages.iter().for_each(|turn| self.parts(turn, found)),
                None => walk(value, found),
            }
        }
    }

    /// The record with text in the places of the parts of its inputs.
    fn replaced(&self, record: &Record, text: &mut impl FnMut(&Value) -> Option<String>) -> Record {
        let field = |(name, given): (&str, &Value)| {
            let new = match self.turns(name, given) {
                Some(turns) => {
                    let turns = turns.messages.iter().map(|turn| self.replaced(turn, text));
                    Value::History(History::new(turns.collect::<Vec<_>>()))
                }
                None if self.has(name) => value(given, text),
                None => given.clone(),
            };
            (name.to_owned(), new)
        };
        record.iter().map(field).collect()
    }
}

fn rendered(
    call: &RenderCall<'_>,
    demos: &[Example],
    inputs: &Record,
    render: impl Fn(&RenderCall<'_>) -> Result<Vec<Message>>,
) -> Result<Vec<Message>> {
    let mut call = call.clone();
    call.demos = demos;
    call.inputs = inputs;
    render(&call)
}

fn walk(value: &Value, found: &mut Vec<Part>) {
    match value {
        Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::FrozenSet(items) => {
            for item in items {
                walk(item, found);
            }
        }
        Value::Dict(d) => d.iter().for_each(|(_, value)| walk(value, found)),
        Value::Struct(s) => s.fields.values().for_each(|value| walk(value, found)),
        Value::History(h) => h.messages.iter().flat_map(Record::values).for_each(|value| walk(value, found)),
        other => found.extend(part(other)),
    }
}

/// The part that a value is.
fn part(value: &Value) -> Option<Part> {
    match value {
        Value::Media(m) => Some(Part::Media(m.clone())),
        Value::Document(d) => Some(Part::Document(d.clone())),
        _ => None,
    }
}

/// A record with text in the places of values.
fn record(record: &Record, text: &mut impl FnMut(&Value) -> Option<String>) -> Record {
    record.iter().map(|(name, v)| (name.to_owned(), value(v, text))).collect()
}

/// A value with text in the places of the values in it for which there is one.
fn value(whole: &Value, text: &mut impl FnMut(&Value) -> Option<String>) -> Value {
    let mut each = |items: &[Value]| items.iter().map(|item| value(item, text)).collect();
    match whole {
        Value::List(items) => Value::List(each(items)),
        Value::Tuple(items) => Value::Tuple(each(items)),
        Value::Set(items) => Value::Set(each(items)),
        Value::FrozenSet(items) => Value::FrozenSet(each(items)),
        Value::Dict(d) => Value::Dict(d.iter().map(|(k, v)| (k.clone(), value(v, text))).collect()),
        Value::Struct(s) => {
            Value::Struct(StructValue { type_name: s.type_name.clone(), fields: record(&s.fields, text) })
        }
        Value::History(h) => {
            let message = |m: &Record| record(m, text);
            Value::History(History::new(h.messages.iter().map(message).collect::<Vec<_>>()))
        }
        other => text(other).map_or_else(|| other.clone(), Value::Str),
    }
}

/// Text with its parts in the places of their tokens.
fn split(text: &str, token: &str, parts: &[Part]) -> Vec<Part> {
    let mut out = Vec::new();
    let plain = |out: &mut Vec<Part>, text: &str| {
        if !text.is_empty() {
            out.push(Part::Text(text.to_owned()));
        }
    };
    let mut pieces = text.split(token);
    plain(&mut out, pieces.next().unwrap_or_default());
    for piece in pieces {
        let (index, rest) = piece.split_once(';').unwrap_or_default();
        out.extend(index.parse().ok().and_then(|i: usize| parts.get(i)).cloned());
        plain(&mut out, rest);
    }
    out
}
