//! Reading completions: scan (find the sections) -> repair (JSON) -> coerce (to the type) -> validate (constraints).
//!
//! Each step follows the [`ParsePolicy`] and notes what it mends. Nothing here asks a model again.

mod beside;
mod coerce;
#[doc(hidden)]
pub mod conformance;
mod elements;
mod fence;
mod limit;
mod literal_eval;
mod object;
mod pyeq;
mod repair;
mod scan;
mod unmarked;
mod validate;

use std::borrow::Cow;

use dspex_core::lm::{Choice, FinishReason, Part};
use dspex_core::{
    Error, ErrorKind, Field, FieldType, Note, ParsePolicy, ParseRule, Parsed, Record, Result, Signature,
    Value, shorten_text,
};

use coerce::{Coercion, Mismatch};
pub(crate) use coerce::{coerce_text, coerce_value};
use scan::{Scanned, Section};

pub(crate) use beside::beside;
pub(crate) use elements::elements;
use object::Unread;
pub(crate) use object::object;
pub(crate) use repair::spell_controls;
pub(crate) use scan::{split_lines, strip};
pub(crate) use validate::rules;

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
    let whole = completion.content();
    if whole.trim().is_empty() && policy.applies(ParseRule::NoSections) {
        return Err(empty_reply(signature));
    }
    let (text, thought) = scan::without_thinking(&whole, signature, policy)?;
    let notes: Vec<Note> = thought.into_iter().collect();
    let scanned = scan::scan(&text, signature, policy);
    refuse_unfinished(signature, completion, &text, &scanned.sections, policy)?;

    let lacks = |f: &Field| !may_be_missing(f) && !scanned.sections.iter().any(|s| s.name == f.name);
    if !policy.is_compat()
        && (scanned.sections.is_empty() || signature.outputs().iter().any(lacks))
        && let Some(parsed) =
            without_sections(signature, &text, &scanned, &notes, &bare_policy(completion, policy))?
    {
        return Ok(parsed);
    }
    read_sections(signature, scanned, notes, policy)
}

/// Text beside calls of tools says what the model is about to do, and is no answer.
fn bare_policy<'p>(completion: &Choice, policy: &'p ParsePolicy) -> Cow<'p, ParsePolicy> {
    let calls = |p: &Part| matches!(p, Part::ToolCall(_) | Part::BrokenToolCall { .. });
    if completion.parts.iter().any(calls) {
        Cow::Owned(policy.clone().without(ParseRule::BareReply))
    } else {
        Cow::Borrowed(policy)
    }
}

/// The fields of a reply whose sections, if there are any, lack some of them.
fn without_sections(
    signature: &Signature,
    text: &str,
    scanned: &Scanned,
    notes: &[Note],
    policy: &ParsePolicy,
) -> Result<Option<Parsed>> {
    let mut too_much = false;
    if policy.applies(ParseRule::JsonReply) {
        let inside = match scanned.sections.as_slice() {
            [] => Some(text),
            // One section with an object of all fields in it.
            [one] if one.text.starts_with(['{', '`']) => Some(one.text.as_str()),
            _ => None,
        };
        match inside.map(|inside| json_reply(signature, inside, notes, policy)) {
            Some(Ok(Some(parsed))) => return Ok(Some(parsed)),
            Some(Err(Unread::Error(error))) => return Err(error),
            Some(Err(Unread::TooMuch)) => too_much = true,
            Some(Ok(None)) | None => {}
        }
    }
    if !scanned.sections.is_empty() {
        return Ok(None);
    }
    without_markers(signature, text, notes, policy, too_much)
}

/// The fields of a reply that has neither markers nor an object. `too_much` says that it cannot be read as JSON.
fn without_markers(
    signature: &Signature,
    text: &str,
    notes: &[Note],
    policy: &ParsePolicy,
    too_much: bool,
) -> Result<Option<Parsed>> {
    if let Some((sections, note)) = unmarked::sections(text, signature, policy) {
        let mut notes = notes.to_vec();
        notes.push(note);
        let scanned = Scanned { sections, notes: Vec::new() };
        return read_sections(signature, scanned, notes, policy).map(Some);
    }
    let Some((fields, more)) = unmarked::bare(text, signature, policy, too_much) else { return Ok(None) };
    let notes = notes.iter().cloned().chain(more).collect();
    finish(signature, fields, notes, policy, true).map(Some)
}

/// Where the fields of a reply stand, by name, and what is written there; nothing is read yet, and nothing refused.
///
/// ```
/// use dspex_adapters::found_sections;
/// use dspex_core::{ParsePolicy, Signature, lm::Choice};
/// let signature = Signature::parse("question -> answer, sure: bool")?;
/// let reply = Choice::text("[[ ## answer ## ]]\nParis\n\n[[ ## sure ## ]]\nYes.");
/// let found = found_sections(&signature, &reply, &ParsePolicy::default());
/// assert_eq!(found[1], ("sure".to_owned(), "Yes.".to_owned()));
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub fn found_sections(
    signature: &Signature,
    completion: &Choice,
    policy: &ParsePolicy,
) -> Vec<(String, String)> {
    let whole = completion.content();
    let Ok((text, _)) = scan::without_thinking(&whole, signature, policy) else { return Vec::new() };
    let mut sections = scan::scan(&text, signature, policy).sections;
    if sections.is_empty() {
        if let Some(members) = object::members(signature, &text, policy) {
            return members;
        }
        sections = unmarked::sections(&text, signature, policy).map_or_else(Vec::new, |(found, _)| found);
    }
    sections.into_iter().map(|s| (s.name, s.text)).collect()
}

/// Reads a completion that is the text of one output and nothing else.
pub(crate) fn text(
    signature: &Signature,
    output: &Field,
    completion: &Choice,
    policy: &ParsePolicy,
) -> Result<Parsed> {
    let whole = completion.content();
    let (text, thought) = scan::without_thinking(&whole, signature, policy)?;
    if text.trim().is_empty() {
        return Err(empty_reply(signature));
    }
    let mut notes: Vec<Note> = thought.into_iter().collect();
    let scanned = scan::scan(&text, signature, policy);
    refuse_unfinished(signature, completion, &text, &scanned.sections, policy)?;
    if !scanned.sections.is_empty() && policy.applies(ParseRule::SectionReply) {
        let how = "the text came under its marker";
        notes.push(Note::new(ParseRule::SectionReply, Some(&output.name), how));
        return read_sections(signature, scanned, notes, policy);
    }
    let mut coercion = Coercion::new(policy, &output.name);
    let value = coerce::coerce_text(text.trim(), &output.ty, &mut coercion);
    let fields = Record::new().with(output.name.as_str(), value.map_err(|m| m.into_error(&output.name))?);
    notes.extend(coercion.into_notes());
    finish(signature, fields, notes, policy, true)
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
        let mut coercion = Coercion::of(policy, field);
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
    text: &str,
    sections: &[Section],
    policy: &ParsePolicy,
) -> Result<()> {
    if !policy.applies(ParseRule::Truncated) || scan::is_completed(text, policy) {
        return Ok(());
    }
    let last = sections.last();
    // A value of JSON that ends within a text, a number or a nested value was cut off, whatever the provider says.
    let cut = last.is_some_and(|last| {
        signature.outputs().iter().any(|f| f.name == last.name && f.ty != FieldType::Str)
            && text.trim_end().ends_with(last.text.as_str())
            && last.text.starts_with(['{', '['])
            && object::ends_within(&last.text)
    });
    if completion.finish != FinishReason::Length && !cut {
        return Ok(());
    }
    let field =
        last.map_or_else(|| signature.outputs().first().map(|f| f.name.clone()), |s| Some(s.name.clone()));
    Err(Error::new(ErrorKind::Truncated { field: field.unwrap_or_default() }).with_hint("raise `max_tokens`"))
}

/// The fields as one JSON object that has all of them: the whole text, or the one in it.
fn json_reply(
    signature: &Signature,
    text: &str,
    notes: &[Note],
    policy: &ParsePolicy,
) -> Result<Option<Parsed>, Unread> {
    if !text.contains('{') {
        return Ok(None);
    }
    match object::read(signature, text, false, policy) {
        Ok(parsed) if parsed.is_whole => {
            let mut all = notes.to_vec();
            all.push(Note::new(ParseRule::JsonReply, None, "the fields came as one JSON object"));
            all.extend(parsed.notes);
            Ok(finish(signature, parsed.fields, all, policy, true).map(Some)?)
        }
        Ok(_) => Ok(None),
        Err(Unread::Error(e)) if matches!(e.kind(), ErrorKind::MissingFields { .. }) => Ok(None),
        // An object that has fields which cannot be read is what the model answered.
        Err(e) => Err(e),
    }
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
                    if policy.applies(ParseRule::DefaultValue) {
                        let text = value.to_repr().unwrap_or_else(|_| value.kind().into());
                        let what = format!("took its default, {text}");
                        notes.push(Note::new(ParseRule::DefaultValue, Some(&field.name), what));
                    }
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
