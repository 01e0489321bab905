//! The turns of a conversation: system, demonstrations, and what is asked; shared by the adapters. How an input is
//! written is the adapter's: [`marked`], or a writer of its own.

use dspex_core::lm::Message;
use dspex_core::{Example, Field, FieldType, Record, RenderCall, Result, Signature, Special, Value};

use crate::format::{field_list, field_value, marker};
use crate::history;
use crate::native::Plan;
use crate::parse;
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
    let turns = history::field(&plan.signature);
    parts::placed(call, turns, |call| texts(call, plan, system, wording, reminder, &section, &answer))
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
    let (incomplete, missing) = (fill(&wording.incomplete, &[]), fill(&wording.missing_output, &[]));
    let missing = Some(missing.as_str());
    let mut messages = Vec::with_capacity(2 + 2 * call.demos.len());
    messages.push(Message::system(system));
    let demos = Demos::of(signature, call.demos);
    for demo in demos.incomplete {
        messages.push(Message::user(user(signature, demo, &incomplete, "")?));
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
                    empty_turns: wording.empty_turns,
                    // Each turn asks as the first did, so that what a provider has cached of it still fits.
                    user: &|signature, event, asks| {
                        user(signature, event, "", if asks && wording.asking_turns { reminder } else { "" })
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
    Ok(parse::strip(&parts.join("\n\n")).to_owned())
}

/// An input under its marker.
pub(crate) fn marked(field: &Field, value: &Value) -> Result<String> {
    Ok(section(&field.name, &field_value(field, value)?))
}

/// A value under its marker.
pub(crate) fn section(name: &str, value: &str) -> String {
    [&marker(name), "\n", value].concat()
}

/// Where the values of fields go, as a system message shows it, with a blank line between.
pub(crate) fn places(fields: &[Field], hint: impl Fn(&Field) -> String) -> String {
    let place = |f: &Field| [&marker(&f.name), "\n{", &f.name, "}", &hint(f)].concat();
    fields.iter().map(place).collect::<Vec<_>>().join("\n\n")
}

/// Sections that say something, with a blank line between.
pub(crate) fn sections(all: &[&str]) -> String {
    all.iter().filter(|s| !s.is_empty()).copied().collect::<Vec<_>>().join("\n\n")
}

/// The lines of the instructions as the wording sets them, without the margin that they have in common.
pub(crate) fn instructions(signature: &Signature, wording: &Wording) -> String {
    let text = dedent(signature.instructions());
    let mut out = String::new();
    for (i, line) in parse::split_lines(&text).enumerate() {
        let template = if i == 0 { &wording.instructions.first } else { &wording.instructions.next };
        out.push_str(&fill(template, &[("line", line)]));
    }
    out
}

/// Text without the margin that its lines have in common, as Python's `textwrap.dedent` does it.
fn dedent(text: &str) -> String {
    let margin_of = |line: &'_ str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let mut margin: Option<&str> = None;
    for line in text.split('\n').filter(|l| !l.trim_start_matches([' ', '\t']).is_empty()) {
        let own = &line[..margin_of(line)];
        let common = |other: &str| own.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
        margin = Some(margin.map_or(own, |m| &own[..common(m)]));
    }
    let margin = margin.unwrap_or_default().len();
    let lines = text.split('\n').map(|l| match l.trim_start_matches([' ', '\t']) {
        "" => "",
        _ => l.get(margin..).unwrap_or_default(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What the last turn asks for: every output as `spell` writes it, and what closes the answer.
pub(crate) fn reminder(
    signature: &Signature,
    wording: &ReminderWording,
    spell: impl Fn(&str) -> String,
    closing: &str,
) -> String {
    let quoted = |name: &str| ["`", &spell(name), "`"].concat();
    let mut out = if signature.outputs().is_empty() { fill(&wording.none, &[]) } else { String::new() };
    for (i, field) in signature.outputs().iter().enumerate() {
        let ty = match &field.ty {
            FieldType::Str => "",
            FieldType::Special(Special::Reasoning) => &wording.of_reasoning,
            FieldType::Special(Special::ToolCalls) => &wording.of_tool_calls,
            _ => &wording.of_type,
        };
        let ty = fill(ty, &[("name", &field.ty.name())]);
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
    let sections = places(signature.inputs(), |_| String::new());
    fill(
        &wording.native.system,
        &[
            ("inputs", &field_list(signature.inputs(), &wording.field)),
            ("sections", &sections),
            ("instructions", &instructions(signature, wording)),
        ],
    )
}
