//! From a field's text, or a value that JSON gave it, to a value of the field's type.
//!
//! The order of the attempts is that of DSPy's `parse_value`; what a value may become is pydantic's lax mode
//! ([`walk`], [`scalar`], [`choice`], [`time`]). What goes beyond is in [`mend`], a rule of the policy for each step.

mod choice;
mod decimal;
mod decision;
mod items;
mod lists;
mod mend;
mod mismatch;
mod named;
mod scalar;
mod several;
mod special;
#[cfg(test)]
mod tests;
mod time;
mod tools;
mod walk;
mod words;

use dspex_core::types::UnionType;
use dspex_core::{
    CoercionMode, Constraint, Field, FieldType, Note, ParsePolicy, ParseRule, Special, Value, shorten_text,
};

pub(crate) use self::mismatch::Mismatch;
pub(super) use self::several::bracketed;
use self::walk::Walk;
use super::literal_eval::{LiteralError, literal_eval};
use super::scan::plain_name;
use super::{pyeq, repair};

/// What a reading of one field knows and collects.
#[derive(Debug)]
pub(crate) struct Coercion<'a> {
    policy: &'a ParsePolicy,
    field: &'a str,
    /// The field's upper bound, which tells what a percentage means.
    at_most: Option<f64>,
    notes: Vec<Note>,
}

/// The rules that need more than the form of the type itself; with coercion switched off they are, too.
const COERCIONS: [ParseRule; 9] = [
    ParseRule::LiteralSpelling,
    ParseRule::ScalarDecoration,
    ParseRule::ThousandsSeparator,
    ParseRule::SurroundingWords,
    ParseRule::BulletedList,
    ParseRule::CommaList,
    ParseRule::Percent,
    ParseRule::NumberInWords,
    ParseRule::LoneItem,
];

impl<'a> Coercion<'a> {
    /// For a field of this name.
    pub(crate) fn new(policy: &'a ParsePolicy, field: &'a str) -> Self {
        Self { policy, field, at_most: None, notes: Vec::new() }
    }

    /// For this field.
    pub(crate) fn of(policy: &'a ParsePolicy, field: &'a Field) -> Self {
        let at_most = field.constraints.iter().find_map(|c| match c {
            Constraint::Le(Value::Int(bound)) => Some(bound.to_f64()),
            Constraint::Le(Value::Float(bound)) => Some(*bound),
            _ => None,
        });
        Self { at_most, ..Self::new(policy, &field.name) }
    }

    /// What was mended.
    pub(crate) fn into_notes(self) -> Vec<Note> {
        self.notes
    }

    /// The mismatch with the field's name; what was mended on the way to it does not count.
    fn failed(&mut self, before: usize, mismatch: Mismatch) -> Mismatch {
        self.notes.truncate(before);
        Mismatch { field: self.field.to_owned(), ..mismatch }
    }

    fn applies(&self, rule: ParseRule) -> bool {
        self.policy.applies(rule) && !(self.is_off() && COERCIONS.contains(&rule))
    }

    /// Whether only the form of the type itself is taken.
    fn is_off(&self) -> bool {
        !self.policy.is_compat() && self.policy.coercion_mode() == CoercionMode::None
    }

    /// Whether a rule that takes the likely reading is in force.
    fn guesses(&self, rule: ParseRule) -> bool {
        self.applies(rule) && self.policy.coercion_mode() == CoercionMode::Aggressive
    }

    fn note(&mut self, rule: ParseRule, message: impl Into<String>) {
        self.notes.push(Note::new(rule, Some(self.field), message));
    }

    /// Notes that text was read as something else.
    fn note_read(&mut self, rule: ParseRule, from: &str, to: &str) {
        let from = from.trim();
        let message = format!("read `{}` as {}", shorten_text(from), shorten_text(to));
        self.notes.push(Note::new(rule, Some(self.field), message).change(from, to));
    }
}

/// A value of a type from text.
pub(crate) fn coerce_text(text: &str, ty: &FieldType, cx: &mut Coercion<'_>) -> Result<Value, Mismatch> {
    if matches!(ty, FieldType::Union(u) if is_optional_text(u))
        && matches!(text, "null" | "None")
        && cx.applies(ParseRule::NullText)
    {
        cx.note_read(ParseRule::NullText, text, "no value");
        return Ok(Value::None);
    }
    let before = cx.notes.len();
    from_text(text, ty, cx).map_err(|m| cx.failed(before, m))
}

/// A value of a type from a value, as JSON gives it. Text is read as text is, but the word `null` stays a word.
pub(crate) fn coerce_value(value: Value, ty: &FieldType, cx: &mut Coercion<'_>) -> Result<Value, Mismatch> {
    let before = cx.notes.len();
    let result = match value {
        Value::Str(text) => from_text(&text, ty, cx),
        value => from_value(&value, ty, cx),
    };
    result.map_err(|m| cx.failed(before, m))
}

/// A value of a type from a value that is looked at as it stands: text is not read.
pub(crate) fn validate_value(
    value: &Value,
    ty: &FieldType,
    cx: &mut Coercion<'_>,
) -> Result<Value, Mismatch> {
    let before = cx.notes.len();
    Walk::new(cx).validate(value, ty).map_err(|m| cx.failed(before, m))
}

fn from_value(value: &Value, ty: &FieldType, cx: &mut Coercion<'_>) -> Result<Value, Mismatch> {
    match ty {
        FieldType::Str => text_of(value).ok_or_else(|| Mismatch::new(ty, value)),
        FieldType::Enum(e) => choice::top_enum(value, e, ty, cx),
        FieldType::Literal(values) => match choice::top_literal(value, values, cx) {
            Some(result) => result,
            None => Walk::new(cx).validate(value, ty),
        },
        _ => Walk::new(cx).validate(value, ty),
    }
}

/// A value as Python's `str()` writes it.
fn text_of(value: &Value) -> Option<Value> {
    let text =
        if let Value::Bytes(_) | Value::Complex(..) = value { value.to_repr() } else { value.to_text() };
    text.ok().map(Value::Str)
}

/// Whether text for this type is never looked into.
fn is_optional_text(union: &UnionType) -> bool {
    union.options.contains(&FieldType::None) && union.options.contains(&FieldType::Str)
}

fn from_text(text: &str, ty: &FieldType, cx: &mut Coercion<'_>) -> Result<Value, Mismatch> {
    match ty {
        FieldType::Str => Ok(text.into()),
        FieldType::Enum(e) => choice::top_enum(&text.into(), e, ty, cx),
        FieldType::Union(u) if is_optional_text(u) => Walk::new(cx).validate(&text.into(), ty),
        FieldType::Literal(values) => literal_text(text, values, ty, cx),
        FieldType::Special(Special::Reasoning) => {
            let value = candidate(text, ty)?.value;
            let read = Walk::new(cx).validate(&value, ty).unwrap_or_else(|_| text.into());
            // DSPy reads the text as JSON where it can, and so loses quotes around it; here only an object is one.
            if matches!(value, Value::Str(_))
                && read.as_str() != Some(text)
                && cx.applies(ParseRule::VerbatimText)
            {
                cx.note(ParseRule::VerbatimText, "read as it is written, though it could be JSON");
                return Ok(text.into());
            }
            Ok(read)
        }
        FieldType::Named(n) => named::text(text, n, cx),
        _ => match (special::verbatim(ty, cx), ty) {
            (Some(one), _) => special::from_verbatim(text, one, one != ty, cx),
            (None, FieldType::Special(_)) => special::from_text(text, ty, cx),
            (None, _) => json_text(text, text, ty, cx),
        },
    }
}

fn literal_text(
    text: &str,
    values: &[Value],
    ty: &FieldType,
    cx: &mut Coercion<'_>,
) -> Result<Value, Mismatch> {
    if let Some(member) = choice::exact_text(text, values) {
        return Ok(member);
    }
    let bare = choice::unwrapped(text);
    match choice::exact_text(bare, values) {
        Some(member) => Ok(member),
        None => json_text(bare, text, ty, cx),
    }
}

/// Reads text that may be JSON or a Python literal; `original` is what the model wrote.
fn json_text(text: &str, original: &str, ty: &FieldType, cx: &mut Coercion<'_>) -> Result<Value, Mismatch> {
    let before = cx.notes.len();
    // Numbers before lines are not items, though JSON may be found in them.
    if cx.applies(ParseRule::BulletedList) && items::is_listed(original, ty) {
        match Walk::new(cx).validate(&original.into(), ty) {
            Ok(value) => return Ok(value),
            Err(_) => cx.notes.truncate(before),
        }
    }
    // What is in quotes after a letter is no JSON to be mended.
    if ty.without_none() == FieldType::Bytes
        && cx.applies(ParseRule::BytesLiteral)
        && scalar::bytes_literal(original).is_some()
    {
        return Walk::new(cx).validate(&original.into(), ty);
    }
    let before = cx.notes.len();
    let candidate = match raw_backslashes(text, ty, cx)? {
        Some(candidate) => candidate,
        None => candidate(text, ty)?,
    };
    let noted = cx.notes.len();
    let error = match Walk::new(cx).validate(&candidate.value, ty) {
        Ok(value) => return accept(value, &candidate, original, ty, cx),
        Err(error) => error,
    };
    cx.notes.truncate(noted);
    if error.rule.is_none()
        && let Some(value) = named(&candidate.value, ty, cx)
    {
        return Ok(value);
    }
    cx.notes.truncate(before);
    // The text as it stands may be a value with marks around it. Without mending, DSPy's answer counts.
    if error.rule.is_none() && !error.unsupported && !cx.policy.is_compat() {
        match Walk::new(cx).validate(&original.into(), ty) {
            Ok(value) if cx.notes.len() > before => return Ok(value),
            Err(refused) if refused.rule.is_some() => return Err(refused),
            _ => cx.notes.truncate(before),
        }
    }
    Err(error)
}

/// The JSON of a text with the raw backslashes of LaTeX escaped, where it has both.
fn raw_backslashes(text: &str, ty: &FieldType, cx: &mut Coercion<'_>) -> Result<Option<Candidate>, Mismatch> {
    if !cx.applies(ParseRule::RawBackslash) {
        return Ok(None);
    }
    let Some(escaped) = repair::escape_raw_backslashes(text) else { return Ok(None) };
    let candidate = candidate(&escaped.text, ty)?;
    if !candidate.is_json {
        return Ok(None);
    }
    cx.note_read(ParseRule::RawBackslash, &escaped.first, &format!("\\{}", escaped.first));
    Ok(Some(candidate))
}

/// The value in an object that has nothing but the field's own name over it.
fn named(value: &Value, ty: &FieldType, cx: &mut Coercion<'_>) -> Option<Value> {
    let Value::Dict(members) = value else { return None };
    let mut entries = members.iter();
    let ((Value::Str(key), inner), None) = (entries.next()?, entries.next()) else { return None };
    if !cx.applies(ParseRule::WrappedFields) || plain_name(key) != plain_name(cx.field) {
        return None;
    }
    cx.note(ParseRule::WrappedFields, format!("it stood under `{}` once more", shorten_text(key)));
    Walk::new(cx).validate(inner, ty).ok()
}

/// A value that fits; what had to be done to the text for it is noted or refused.
fn accept(
    value: Value,
    candidate: &Candidate,
    text: &str,
    ty: &FieldType,
    cx: &mut Coercion<'_>,
) -> Result<Value, Mismatch> {
    if candidate.dropped
        && cx.applies(ParseRule::SeveralValues)
        && several::differ(text, &value, ty, cx.policy)
    {
        return Err(Mismatch::words(ty.name(), text).by(ParseRule::SeveralValues));
    }
    if candidate.repaired && cx.applies(ParseRule::RepairedJson) {
        let note = Note::new(
            ParseRule::RepairedJson,
            Some(cx.field),
            "the text is not JSON as it stands; the value is what it means",
        );
        cx.notes.push(note.change(text, &value.to_text().unwrap_or_default()));
    } else if candidate.dropped && cx.applies(ParseRule::RepairedJson) {
        // Sound JSON loses nothing but a value whose key comes again.
        cx.note(ParseRule::RepairedJson, "a key came twice, and its last value counts");
    }
    Ok(value)
}

/// What text is taken for before its type is looked at.
struct Candidate {
    value: Value,
    repaired: bool,
    dropped: bool,
    /// Whether JSON was found in it.
    is_json: bool,
}

fn candidate(text: &str, ty: &FieldType) -> Result<Candidate, Mismatch> {
    let hard = || Mismatch::words(ty.name(), text).hard();
    let read = repair::loads(text).map_err(|_| hard())?;
    if text.is_empty() || read.value.as_str() != Some("") {
        let (value, repaired, dropped) = (read.value, read.repaired, read.dropped);
        return Ok(Candidate { value, repaired, dropped, is_json: true });
    }
    let value = match literal_eval(text) {
        Ok(value) => value,
        Err(LiteralError::NotLiteral) => text.into(),
        Err(LiteralError::NoValue) => return Err(hard()),
    };
    Ok(Candidate { value, repaired: false, dropped: false, is_json: false })
}
