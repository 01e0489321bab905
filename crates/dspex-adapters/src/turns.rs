//! The turns of a conversation: system, demonstrations, and what is asked; shared by the adapters whose inputs stand in
//! sections.

use dspex_core::lm::Message;
use dspex_core::{Example, Field, FieldType, Record, RenderCall, Result, Signature, Special, Value};

use crate::format::{field_list, field_value, marker};
use crate::history;
use crate::native::Plan;
use crate::parts;
use crate::wording::{DemoWording, ReminderWording, Wording, fill};

/// The messages of a call.
///
/// `section` writes one input. `answer` writes the model's turn of a demonstration or of an earlier turn; the last
/// argument is what stands for an output that is not there, none for no value.
pub(crate) fn messages(
    call: &RenderCall<'_>,
    plan: &Plan<'_>,
    system: &str,
    wording: &DemoWording,
    reminder: &str,
    section: impl Fn(&Field, &Value) -> Result<String>,
    answer: impl Fn(&Signature, &Record, Option<&str>) -> Result<String>,
) -> Result<Vec<Message>> {
    parts::placed(call, |call| texts(call, plan, system, wording, reminder, &section, &answer))
}

/// The messages of a call that holds nothing but text.
fn texts(
    call: &RenderCall<'_>,
    plan: &Plan<'_>,
    system: &str,
    wording: &DemoWording,
    reminder: &str,
    section: impl Fn(&Field, &Value) -> Result<String>,
    answer: impl Fn(&Signature, &Record, Option<&str>) -> Result<String>,
) -> Result<Vec<Message>> {
    let signature = plan.signature.as_ref();
    let user = |signature: &Signature, inputs: &Record, before: &str, after: &str| {
        user(signature, inputs, before, after, &section)
    };
    let missing = Some(wording.missing_output.as_str());
    let mut messages = Vec::with_capacity(2 + 2 * call.demos.len());
    messages.push(Message::system(system));
    let demos = Demos::of(signature, call.demos);
    for demo in demos.incomplete {
        messages.push(Message::user(user(signature, demo, &wording.incomplete, "")?));
        messages.push(Message::assistant(answer(signature, demo, missing)?));
    }
    for demo in demos.complete {
        // Without inputs the user's turn is empty, but it is there: turns of the model follow turns of the user.
        messages.push(Message::user(user(signature, demo, "", "")?));
        messages.push(Message::assistant(answer(signature, demo, missing)?));
    }
    let last = match history::field(signature) {
        Some(field) => {
            let signature = signature.delete(&field.name);
            if let Some(earlier) = call.inputs.get(&field.name) {
                let writer = history::Writer {
                    signature: &signature,
                    native: plan.native_turns,
                    // Each turn asks as the first did, so that what a provider has cached of it still fits.
                    user: &|signature, event, asks| {
                        user(signature, event, "", if asks { reminder } else { "" })
                    },
                    answer: &|signature, event| answer(signature, event, None),
                };
                messages.extend(writer.messages(field, earlier)?);
            }
            user(&signature, call.inputs, "", reminder)?
        }
        None => user(signature, call.inputs, "", reminder)?,
    };
    messages.push(Message::user(last));
    Ok(messages)
}

/// The demonstrations of a call that are shown. Those that lack fields stand before the complete ones.
pub(crate) struct Demos<'a> {
    pub(crate) incomplete: Vec<&'a Record>,
    pub(crate) complete: Vec<&'a Record>,
}

impl<'a> Demos<'a> {
    pub(crate) fn of(signature: &Signature, demos: &'a [Example]) -> Self {
        let (complete, mut incomplete): (Vec<_>, Vec<_>) =
            demos.iter().map(Example::record).partition(|d| is_complete(signature, d));
        incomplete.retain(|d| is_usable(signature, d));
        Self { incomplete, complete }
    }
}

/// The user's turn: the inputs that are there, in the order of the signature.
fn user(
    signature: &Signature,
    inputs: &Record,
    before: &str,
    after: &str,
    section: impl Fn(&Field, &Value) -> Result<String>,
) -> Result<String> {
    let mut parts = Vec::with_capacity(signature.inputs().len() + 2);
    if !before.is_empty() {
        parts.push(before.to_owned());
    }
    for field in signature.inputs() {
        if let Some(value) = inputs.get(&field.name) {
            parts.push(section(field, value)?);
        }
    }
    if !after.is_empty() {
        parts.push(after.to_owned());
    }
    Ok(parts.join("\n\n").trim().to_owned())
}

/// An input under its marker.
pub(crate) fn input(field: &Field, value: &Value) -> Result<String> {
    Ok(section(&field.name, &field_value(field, value)?))
}

/// A value under its marker.
pub(crate) fn section(name: &str, value: &str) -> String {
    [&marker(name), "\n", value].concat()
}

/// Where the value of a field goes, as a system message shows it, with the blank line behind it.
pub(crate) fn place(field: &Field, hint: &str) -> String {
    [&marker(&field.name), "\n{", &field.name, "}", hint, "\n\n"].concat()
}

/// The instructions with the wording's indentation.
pub(crate) fn instructions(signature: &Signature, wording: &Wording) -> String {
    let indent = &wording.instruction_indent;
    let mut out = indent.clone();
    out.push_str(&signature.instructions().replace('\n', &["\n", indent].concat()));
    out
}

/// What the last turn asks for: every output as `spell` writes it, and what closes the answer.
pub(crate) fn reminder(
    signature: &Signature,
    wording: &ReminderWording,
    spell: impl Fn(&str) -> String,
    closing: &str,
) -> String {
    let quoted = |name: &str| ["`", &spell(name), "`"].concat();
    let mut out = String::new();
    if signature.outputs().is_empty() {
        // DSPy begins the sentence all the same.
        out.push_str(&fill(&wording.first, &[("field", ""), ("type", "")]));
    }
    for (i, field) in signature.outputs().iter().enumerate() {
        let name = || fill(&wording.of_type, &[("name", &field.ty.name())]);
        let ty = match &field.ty {
            FieldType::Special(Special::ToolCalls) => wording.of_tool_calls.clone(),
            ty if ty.is_text() => String::new(),
            _ => name(),
        };
        let template = if i == 0 { &wording.first } else { &wording.next };
        out.push_str(&fill(template, &[("field", &quoted(&field.name)), ("type", &ty)]));
    }
    out.push_str(&fill(&wording.last, &[("field", &quoted(closing))]));
    out
}

/// Whether a demonstration has every field, none of them `None`.
fn is_complete(signature: &Signature, demo: &Record) -> bool {
    signature.fields().all(|f| demo.get(&f.name).is_some_and(|v| !matches!(v, Value::None)))
}

/// Whether a demonstration shows at least one input and one output.
fn is_usable(signature: &Signature, demo: &Record) -> bool {
    signature.inputs().iter().any(|f| demo.contains_key(&f.name))
        && signature.outputs().iter().any(|f| demo.contains_key(&f.name))
}

/// The system message where every output is given apart from the text; `{sections}` shows the inputs.
pub(crate) fn native_system(signature: &Signature, wording: &Wording) -> String {
    let sections: String = signature.inputs().iter().map(|f| place(f, "")).collect();
    fill(
        &wording.native.system,
        &[
            ("inputs", &field_list(signature.inputs(), &wording.field)),
            ("sections", sections.trim_end()),
            ("instructions", &instructions(signature, wording)),
        ],
    )
}
