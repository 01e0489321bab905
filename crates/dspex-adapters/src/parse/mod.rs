//! Reading completions: scan (find the sections) -> repair (JSON) -> coerce (to the type) -> validate (constraints).
//!
//! Each step follows the [`ParsePolicy`] and notes what it mends. Nothing here asks a model again.

mod beside;
mod coerce;
#[doc(hidden)]
pub mod conformance;
mod elements;
mod fence;
mod literal_eval;
mod object;
mod pyeq;
mod repair;
mod scan;
mod validate;

use dspex_core::lm::{Choice, FinishReason};
use dspex_core::{
    Error, ErrorKind, Field, Note, ParsePolicy, ParseRule, Parsed, Record, Result, Signature, Value,
    shorten_text,
};

use coerce::{Coercion, Mismatch};
pub(crate) use coerce::{coerce_text, coerce_value};
use scan::{Scanned, Section};

pub(crate) use beside::beside;
pub(crate) use elements::elements;
pub(crate) use object::object;
pub(crate) use scan::{split_lines, strip};

/// Reads one value by itself.
pub(crate) fn lone(
    place: &str,
    policy: &ParsePolicy,
    read: impl FnOnce(&mut Coercion<'_>) -> Result<Value, Mismatch>,
) -> Result<(Value, Vec<Note>)> {
    let mut cx = Coercion::new(policy, place);
    let value = read(&mut cx).map_err(|m| m.into_error(place))?;
    Ok((value, cx.into_notes()))
}

/// Reads a completion whose fields stand in sections under markers.
pub(crate) fn sections(signature: &Signature, completion: &Choice, policy: &ParsePolicy) -> Result<Parsed> {
    let text = completion.content();
    if text.trim().is_empty() && policy.applies(ParseRule::NoSections) {
        return Err(empty_reply(signature));
    }
    let scanned = scan::scan(&text, signature, policy);
    refuse_unfinished(signature, completion, &scanned.sections, policy)?;

    if scanned.sections.is_empty()
        && policy.applies(ParseRule::JsonReply)
        && let Some(parsed) = json_reply(signature, &text, policy)?
    {
        return Ok(parsed);
    }
    read_sections(signature, scanned, Vec::new(), policy)
}

/// Reads a completion that is the text of one output and nothing else.
pub(crate) fn text(
    signature: &Signature,
    output: &Field,
    completion: &Choice,
    policy: &ParsePolicy,
) -> Result<Parsed> {
    let text = completion.content();
    if text.trim().is_empty() {
        return Err(empty_reply(signature));
    }
    let scanned = scan::scan(&text, signature, policy);
    refuse_unfinished(signature, completion, &scanned.sections, policy)?;
    if !scanned.sections.is_empty() && policy.applies(ParseRule::SectionReply) {
        let note = Note::new(ParseRule::SectionReply, Some(&output.name), "the text came under its marker");
        return read_sections(signature, scanned, vec![note], policy);
    }
    let mut coercion = Coercion::new(policy, &output.name);
    let value = coerce::coerce_text(text.trim(), &output.ty, &mut coercion);
    let fields = Record::new().with(output.name.as_str(), value.map_err(|m| m.into_error(&output.name))?);
    finish(signature, fields, coercion.into_notes(), policy, true)
}

/// Reads the values of sections; the notes are of what was done before.
fn read_sections(
    signature: &Signature,
    scanned: Scanned,
    mut notes: Vec<Note>,
    policy: &ParsePolicy,
) -> Result<Parsed> {
    notes.extend(scanned.notes);
    let mut fields = Record::with_capacity(signature.outputs().len());
    for section in &scanned.sections {
        let Some(field) = signature.outputs().iter().find(|f| f.name == section.name) else { continue };
        let first = fields.get(&field.name);
        if first.is_some() && !policy.applies(ParseRule::DuplicateField) {
            continue;
        }
        let mut coercion = Coercion::new(policy, &field.name);
        let value = coerce::coerce_text(&section.text, &field.ty, &mut coercion);
        let Some(first) = first else {
            fields.insert(field.name.clone(), value.map_err(|m| m.into_error(&field.name))?);
            notes.extend(coercion.into_notes());
            continue;
        };
        if value.ok().as_ref() != Some(first) {
            let first = first.to_repr().unwrap_or_else(|_| first.kind().into());
            return Err(ErrorKind::Ambiguous {
                field: field.name.clone(),
                found: format!("{} and {:?}", shorten_text(&first), shorten_text(&section.text)),
                rule: ParseRule::DuplicateField,
            }
            .into());
        }
    }
    let said_something = !scanned.sections.is_empty() || !policy.applies(ParseRule::NoSections);
    finish(signature, fields, notes, policy, said_something)
}

/// A reply that the model did not end holds at best a piece of its last field.
fn refuse_unfinished(
    signature: &Signature,
    completion: &Choice,
    sections: &[Section],
    policy: &ParsePolicy,
) -> Result<()> {
    if completion.finish != FinishReason::Length || !policy.applies(ParseRule::Truncated) {
        return Ok(());
    }
    let field = sections
        .last()
        .map_or_else(|| signature.outputs().first().map(|f| f.name.clone()), |s| Some(s.name.clone()));
    Err(Error::new(ErrorKind::Truncated { field: field.unwrap_or_default() }).with_hint("raise `max_tokens`"))
}

/// The fields as one JSON object, where the whole reply is one that has all of them.
fn json_reply(signature: &Signature, text: &str, policy: &ParsePolicy) -> Result<Option<Parsed>> {
    let body = text.trim();
    let body = body.strip_prefix("```json").or_else(|| body.strip_prefix("```")).unwrap_or(body);
    let body = body.strip_suffix("```").unwrap_or(body).trim();
    // A key that comes twice is no one reading.
    let Some(Value::Dict(found)) = repair::strict_json(body) else { return Ok(None) };
    if !signature.outputs().iter().all(|f| found.get_str(&f.name).is_some() || may_be_missing(f)) {
        return Ok(None);
    }
    let mut notes = vec![Note::new(ParseRule::JsonReply, None, "the fields came as one JSON object")];
    let fields = object::fields(signature, &found, text, policy, &mut notes)?;
    finish(signature, fields, notes, policy, true).map(Some)
}

/// The value of JSON that may be broken, where there is one.
pub(crate) fn repaired(text: &str) -> Option<Value> {
    repair::loads(text).ok().map(|repaired| repaired.value)
}

/// Fills fields that may be missing, refuses those that may not, and checks every value.
fn finish(
    signature: &Signature,
    mut found: Record,
    mut notes: Vec<Note>,
    policy: &ParsePolicy,
    said_something: bool,
) -> Result<Parsed> {
    let mut fields = Record::with_capacity(signature.outputs().len());
    let mut missing = Vec::new();
    for field in signature.outputs() {
        match found.remove(&field.name) {
            Some(value) => {
                validate::validate(field, &value, policy)?;
                fields.insert(field.name.clone(), value);
            }
            None => match fallback(field) {
                Some(value) if said_something => {
                    let text = value.to_repr().unwrap_or_else(|_| value.kind().into());
                    notes.push(Note::new(
                        ParseRule::DefaultValue,
                        Some(&field.name),
                        format!("took its default, {text}"),
                    ));
                    fields.insert(field.name.clone(), value);
                }
                _ => missing.push(field.name.clone()),
            },
        }
    }
    if missing.is_empty() {
        return Ok(Parsed::new(validate::rules(signature, fields)?, notes));
    }
    Err(self::missing(signature, missing))
}

/// The error of a reply that lacks fields.
fn missing(signature: &Signature, missing: Vec<String>) -> Error {
    ErrorKind::MissingFields { missing, expected: names(signature) }.into()
}

/// The error of a reply without text.
pub(crate) fn empty_reply(signature: &Signature) -> Error {
    Error::new(ErrorKind::EmptyReply { expected: names(signature) })
        .with_hint("ask again, or raise `max_tokens` if the model spends them on reasoning")
}

/// Whether a reply may lack the field.
fn may_be_missing(field: &Field) -> bool {
    field.default.is_some() || field.ty.allows_none()
}

/// What stands for an output that is not in the reply.
fn fallback(field: &Field) -> Option<Value> {
    field.default.clone().or_else(|| field.ty.allows_none().then_some(Value::None))
}

fn names(signature: &Signature) -> Vec<String> {
    signature.outputs().iter().map(|f| f.name.clone()).collect()
}
