//! Reading completions that are one JSON object: find it, match its keys to the fields, read each value.

mod find;

use std::borrow::Cow;

use dspex_core::lm::{Choice, FinishReason};
use dspex_core::value::Dict;
use dspex_core::{
    Error, ErrorKind, Field, FieldType, Note, ParsePolicy, ParseRule, Parsed, Record, Result, Signature,
    Value, shorten_text,
};

use self::find::Whole;
use super::coerce::{self, Coercion, Mismatch};
use super::repair::RepairError;
use super::{
    empty_reply, finish, may_be_missing, missing, names, read_sections, repair, scan, without_markers,
};
pub(super) use find::ends_within;

/// Wrappers around wrappers that are looked into.
const MAX_WRAPPERS: usize = 3;

/// Members that may stand beside the object with the fields.
const MAX_BESIDE_WRAPPED: usize = 8;

/// Reads a completion whose fields are the members of a JSON object.
pub(crate) fn object(signature: &Signature, completion: &Choice, policy: &ParsePolicy) -> Result<Parsed> {
    let whole = completion.content();
    if whole.trim().is_empty() {
        return Err(empty_reply(signature));
    }
    let (text, thought) = scan::without_thinking(&whole, signature, policy)?;
    let mut notes: Vec<Note> = thought.into_iter().collect();
    let read = read(signature, &text, completion.finish == FinishReason::Length, policy);
    let too_much = matches!(read, Err(Unread::TooMuch));
    let found = match read.map_err(|unread| unread.into_error(signature)) {
        Ok(found) if found.has_fields || policy.is_compat() => Ok(found),
        Err(e) if !matches!(e.kind(), ErrorKind::MissingFields { .. }) => Err(e),
        nothing => {
            if let Some(parsed) = otherwise(signature, &text, &notes, policy, too_much)? {
                return Ok(parsed);
            }
            nothing
        }
    }?;
    notes.extend(found.notes);
    let said_something = !policy.applies(ParseRule::NoSections) || !found.fields.is_empty() || found.is_empty;
    finish(signature, found.fields, notes, policy, said_something)
}

/// The fields of a reply that is no object.
fn otherwise(
    signature: &Signature,
    text: &str,
    notes: &[Note],
    policy: &ParsePolicy,
    too_much: bool,
) -> Result<Option<Parsed>> {
    if policy.is_compat() {
        return Ok(None);
    }
    if policy.applies(ParseRule::SectionReply) {
        let scanned = scan::scan(text, signature, policy);
        if !scanned.sections.is_empty() {
            let mut notes = notes.to_vec();
            notes.push(Note::new(ParseRule::SectionReply, None, "the fields came as sections"));
            return read_sections(signature, scanned, notes, policy).map(Some);
        }
    }
    without_markers(signature, text, notes, policy, too_much)
}

/// Why a text gave no fields.
#[derive(Debug)]
pub(super) enum Unread {
    /// It holds more than can be read, so that another look at it as JSON would end in the same way.
    TooMuch,
    /// It lacks fields, or has some that cannot be read.
    Error(Error),
}

impl Unread {
    /// The error that a caller gets.
    pub(super) fn into_error(self, signature: &Signature) -> Error {
        match self {
            Self::TooMuch => missing(signature, names(signature)),
            Self::Error(error) => error,
        }
    }
}

impl From<Error> for Unread {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// What an object in a text gave.
pub(super) struct Found {
    pub(super) fields: Record,
    pub(super) notes: Vec<Note>,
    /// Whether it has a field at all.
    has_fields: bool,
    /// Whether it has all that a reply must have.
    pub(super) is_whole: bool,
    /// Whether it is `{}` as it stands.
    is_empty: bool,
}

/// Reads the fields from the object in a text.
pub(super) fn read(
    signature: &Signature,
    text: &str,
    unfinished: bool,
    policy: &ParsePolicy,
) -> Result<Found, Unread> {
    let mut notes = Vec::new();
    let text = &*raw_backslashes(text, policy, &mut notes);
    let reader = Reader { signature, policy, text };
    let whole = match find::whole(text) {
        Ok(whole) => whole,
        Err(RepairError::TooTangled | RepairError::TooMany) => return Err(Unread::TooMuch),
        Err(_) => None,
    };
    reader.refuse_unfinished(unfinished, whole.as_ref())?;
    let sound = whole.as_ref().is_some_and(|w| w.sound);
    // Sound JSON has one reading; beside anything else there may be another object.
    let others = if sound || policy.is_compat() { Vec::new() } else { reader.others(whole.as_ref()) };

    let taken = match whole {
        Some(whole) if reader.has_fields(&whole.members) => Some(whole.members),
        whole => match others.first() {
            Some(first) if policy.applies(ParseRule::ObjectInText) => {
                let what = "took the one object that has the fields";
                notes.push(Note::new(ParseRule::ObjectInText, None, what).change(text, &first.text));
                Some(first.members.clone())
            }
            _ => whole.map(|w| w.members),
        },
    };
    let Some(mut members) = taken else {
        return Err(missing(signature, names(signature)).into());
    };
    let is_empty = members.is_empty() && sound;
    reader.unfold(&mut members, sound, &others, &mut notes);
    if !sound
        && policy.applies(ParseRule::RepairedJson)
        && !others.iter().any(|o| o.sound && o.members == members)
        && !notes.iter().any(|n| n.rule == ParseRule::SplitObjects)
    {
        let what = "the reply is not JSON as it stands; the object is what it means";
        let meant = Value::Dict(members.clone()).to_json_text().unwrap_or_default();
        notes.push(Note::new(ParseRule::RepairedJson, None, what).change(text, &meant));
    }
    reader.refuse_repeated(&members, &others)?;
    let fields = reader.read(&members, &mut notes)?;
    reader.refuse_others(&fields, &others)?;
    let has_fields = reader.has_fields(&members);
    let is_whole = has_fields && reader.is_whole(&members);
    Ok(Found { fields, notes, has_fields, is_whole, is_empty })
}

/// The fields of the object in a text as they are written there.
pub(super) fn members(
    signature: &Signature,
    text: &str,
    policy: &ParsePolicy,
) -> Option<Vec<(String, String)>> {
    let reader = Reader { signature, policy, text };
    let objects = find::whole(text).ok().flatten().into_iter().chain(reader.others(None));
    let members = objects.map(|o| o.members).find(|m| reader.has_fields(m))?;
    let shown = |field: &Field| {
        let value = members.get_str(reader.key(&members, field)?)?;
        Some((field.name.clone(), value.to_json_text().ok()?))
    };
    Some(signature.outputs().iter().filter_map(shown).collect())
}

/// The text with the raw backslashes of LaTeX escaped.
fn raw_backslashes<'t>(text: &'t str, policy: &ParsePolicy, notes: &mut Vec<Note>) -> Cow<'t, str> {
    if !policy.applies(ParseRule::RawBackslash) {
        return Cow::Borrowed(text);
    }
    let Some(escaped) = repair::escape_raw_backslashes(text) else { return Cow::Borrowed(text) };
    let what = "a backslash that is not escaped was read as a backslash";
    notes.push(
        Note::new(ParseRule::RawBackslash, None, what)
            .change(&escaped.first, &format!("\\{}", escaped.first)),
    );
    Cow::Owned(escaped.text)
}

struct Reader<'a> {
    signature: &'a Signature,
    policy: &'a ParsePolicy,
    /// The reply.
    text: &'a str,
}

impl Reader<'_> {
    /// The key under which an object has a field.
    fn key<'d>(&self, members: &'d Dict, field: &Field) -> Option<&'d str> {
        if let Some(exact) = members.keys().filter_map(Value::as_str).find(|k| *k == field.name) {
            return Some(exact);
        }
        if !self.policy.applies(ParseRule::KeyCase) {
            return None;
        }
        let plain = scan::plain_name(&field.name);
        let outputs = self.signature.outputs();
        let keys = members.keys().filter_map(Value::as_str);
        let mut alike = keys.filter(|k| scan::plain_key(k) == plain && !outputs.iter().any(|f| f.name == *k));
        let one_field = outputs.iter().filter(|f| scan::plain_name(&f.name) == plain).count() == 1;
        match (alike.next(), alike.next()) {
            (Some(key), None) if one_field => Some(key),
            _ => None,
        }
    }

    /// Whether all fields that must be there are.
    fn is_whole(&self, members: &Dict) -> bool {
        self.signature.outputs().iter().all(|f| may_be_missing(f) || self.key(members, f).is_some())
    }

    fn has_fields(&self, members: &Dict) -> bool {
        self.signature.outputs().iter().any(|f| self.key(members, f).is_some())
    }

    /// The objects of the text that have fields, those inside a list one by one.
    fn others(&self, read: Option<&Whole>) -> Vec<Whole> {
        let mut found = find::objects(self.text, read);
        found.retain(|o| {
            let said = |v: &Value| o.sound || v.as_str() != Some("");
            self.signature
                .outputs()
                .iter()
                .any(|f| self.key(&o.members, f).and_then(|k| o.members.get_str(k)).is_some_and(said))
        });
        found
    }

    /// Puts in the place of the members those that hold the fields, where they stand elsewhere.
    fn unfold(&self, members: &mut Dict, sound: bool, others: &[Whole], notes: &mut Vec<Note>) {
        if self.has_fields(members) {
            if !self.is_whole(members)
                && let Some(joined) = self.joined(others)
            {
                let what = "the fields stood in several objects";
                notes.push(Note::new(ParseRule::SplitObjects, None, what));
                *members = joined;
            }
            return;
        }
        for _ in 0..MAX_WRAPPERS {
            let Some((key, inside)) = self.wrapped(members, sound) else { break };
            let what = format!("the fields stand under `{}`", shorten_text(&key));
            notes.push(Note::new(ParseRule::WrappedFields, None, what));
            *members = inside;
            if self.has_fields(members) {
                return;
            }
        }
        if let Some(field) = self.unnamed(members) {
            let what = "its members stood without its name";
            notes.push(Note::new(ParseRule::UnnamedField, Some(&field.name), what));
            let value = Value::Dict(std::mem::take(members));
            *members = [(Value::from(field.name.as_str()), value)].into_iter().collect();
        }
    }

    /// The fields of several objects together, where each field has one value.
    fn joined(&self, others: &[Whole]) -> Option<Dict> {
        if !self.policy.applies(ParseRule::SplitObjects) || others.iter().any(|o| !o.sound) {
            return None;
        }
        let mut joined = Dict::new();
        for field in self.signature.outputs() {
            let mut values = others.iter().filter_map(|o| o.members.get_str(self.key(&o.members, field)?));
            let Some(value) = values.next() else { continue };
            if values.any(|v| v != value) {
                return None;
            }
            joined.insert(Value::from(field.name.as_str()), value.clone());
        }
        self.is_whole(&joined).then_some(joined)
    }

    /// The one object, or text of one, with the fields that stands in another, and its key.
    fn wrapped(&self, members: &Dict, sound: bool) -> Option<(String, Dict)> {
        if !self.policy.applies(ParseRule::WrappedFields) || members.len() > MAX_BESIDE_WRAPPED {
            return None;
        }
        let inner = |value: &Value| match value {
            Value::Dict(inside) => Some(inside.clone()),
            // A lone text may be an object as text.
            Value::Str(text) if members.len() == 1 && text.trim_start().starts_with('{') => {
                find::whole(text).ok().flatten().map(|w| w.members)
            }
            _ => None,
        };
        let mut found = members.iter().filter_map(|(k, v)| Some((k.as_str()?.to_owned(), inner(v)?)));
        let (one, None) = (found.next()?, found.next()) else { return None };
        let (key, inside) = one;
        let holds = self.is_whole(&inside) && self.has_fields(&inside);
        let deeper = || {
            members.len() == 1
                && inside.len() == 1
                && matches!(inside.iter().next(), Some((_, Value::Dict(_))))
        };
        // Mending makes keys of prose, too, so the object must stand in the text as it is.
        let written =
            || sound || find::objects(self.text, None).iter().any(|o| o.sound && o.members == *members);
        ((holds || deeper()) && written()).then_some((key, inside))
    }

    /// The only output, where it is a struct and the members are its own.
    fn unnamed(&self, members: &Dict) -> Option<&Field> {
        let [field] = self.signature.outputs() else { return None };
        let FieldType::Struct(s) = &field.ty else { return None };
        let known = |k: &Value| {
            s.fields.iter().any(|f| k.as_str().is_some_and(|k| f.name == k || f.alias.as_deref() == Some(k)))
        };
        let ours = !members.is_empty() && members.keys().all(known);
        let value = Value::Dict(members.clone());
        let fits = || coerce::coerce_value(value, &field.ty, &mut Coercion::of(self.policy, field)).is_ok();
        (self.policy.applies(ParseRule::UnnamedField) && ours && fits()).then_some(field)
    }

    /// Reads the fields that the object has.
    fn read(&self, members: &Dict, notes: &mut Vec<Note>) -> Result<Record> {
        let mut fields = Record::with_capacity(self.signature.outputs().len());
        for field in self.signature.outputs() {
            let Some(key) = self.key(members, field) else { continue };
            let Some(value) = members.get_str(key) else { continue };
            if key != field.name {
                let how = format!("its key was written `{}`", shorten_text(key));
                notes.push(Note::new(ParseRule::KeyCase, Some(&field.name), how).change(key, &field.name));
            }
            // Strict schemas let a model leave a field out in this way only.
            let left_out = value.is_none() && field.default.is_some() && field.ty.check(value).is_err();
            if left_out && self.policy.applies(ParseRule::NullForDefault) {
                let how = "took `null` as left out";
                notes.push(Note::new(ParseRule::NullForDefault, Some(&field.name), how));
                continue;
            }
            let value = self.value(field, value, notes).map_err(|m| m.into_error(&field.name))?;
            fields.insert(field.name.clone(), value);
        }
        Ok(fields)
    }

    fn value(&self, field: &Field, value: &Value, notes: &mut Vec<Note>) -> Result<Value, Mismatch> {
        if field.ty == FieldType::Str && value.as_str().is_none() {
            let spelled = match value {
                Value::Int(_) | Value::Float(_) => value.to_text().ok(),
                _ => None,
            };
            // A number is taken where Python's spelling is the model's own.
            if let Some(number) = spelled.filter(|n| is_written(self.text, n)) {
                if self.policy.applies(ParseRule::NumberForText) {
                    let how = format!("took the number {} as text", shorten_text(&number));
                    notes.push(Note::new(ParseRule::NumberForText, Some(&field.name), how));
                }
            } else if self.policy.applies(ParseRule::ValueForText) {
                return Err(Mismatch::new(&field.ty, value).by(ParseRule::ValueForText));
            }
        }
        let mut coercion = Coercion::of(self.policy, field);
        let value = coerce::coerce_value(value.clone(), &field.ty, &mut coercion)?;
        notes.extend(coercion.into_notes());
        Ok(value)
    }

    /// A reply that the model did not end holds at best a piece of its last field. JSON that is sound has ended.
    fn refuse_unfinished(&self, unfinished: bool, whole: Option<&Whole>) -> Result<()> {
        let sound = whole.is_some_and(|w| w.sound);
        let cut =
            unfinished || (whole.is_some_and(|w| self.has_fields(&w.members)) && find::is_cut_off(self.text));
        if !cut || sound || !self.policy.applies(ParseRule::Truncated) {
            return Ok(());
        }
        let outputs = self.signature.outputs();
        let last = whole.and_then(|w| {
            let fields =
                w.members.keys().filter_map(|k| outputs.iter().find(|f| k.as_str() == Some(&f.name)));
            fields.last()
        });
        let field = last.or(outputs.first()).map(|f| f.name.clone()).unwrap_or_default();
        Err(Error::new(ErrorKind::Truncated { field }).with_hint("raise `max_tokens`"))
    }

    /// A key that comes twice with different values has no value.
    fn refuse_repeated(&self, members: &Dict, others: &[Whole]) -> Result<()> {
        if !self.policy.applies(ParseRule::DuplicateField) {
            return Ok(());
        }
        let pieces = others.iter().filter(|o| o.sound && o.members == *members).map(|o| o.text.as_str());
        for piece in pieces.chain([self.text.trim()]) {
            for (key, first, last) in find::repeated(piece) {
                if let Some(field) = self.signature.outputs().iter().find(|f| f.name == key) {
                    return Err(two_values(&field.name, &first, &last, ParseRule::DuplicateField));
                }
            }
        }
        Ok(())
    }

    /// Another object whose fields have other values makes a choice that is not ours.
    fn refuse_others(&self, fields: &Record, others: &[Whole]) -> Result<()> {
        if !self.policy.applies(ParseRule::SeveralObjects) {
            return Ok(());
        }
        for other in others {
            let Ok(theirs) = self.read(&other.members, &mut Vec::new()) else { continue };
            let complete =
                self.signature.outputs().iter().all(|f| may_be_missing(f) || theirs.contains_key(&f.name));
            let differs = |f: &&Field| theirs.get(&f.name) != fields.get(&f.name);
            if complete && let Some(field) = self.signature.outputs().iter().find(differs) {
                let value = |r: &Record| r.get(&field.name).cloned().unwrap_or(Value::None);
                let (one, other) = (value(&theirs), value(fields));
                return Err(two_values(&field.name, &one, &other, ParseRule::SeveralObjects));
            }
        }
        Ok(())
    }
}

fn two_values(field: &str, one: &Value, other: &Value, rule: ParseRule) -> Error {
    let show = |v: &Value| shorten_text(&v.to_repr().unwrap_or_else(|_| v.kind().into()));
    let found = format!("{} and {}", show(one), show(other));
    ErrorKind::Ambiguous { field: field.to_owned(), found, rule }.into()
}

/// Whether a number stands in the text as it is spelled, with no digit or sign more.
fn is_written(text: &str, number: &str) -> bool {
    let more = |c: char| c.is_alphanumeric() || matches!(c, '.' | '+' | '-' | '_');
    text.match_indices(number)
        .any(|(at, _)| !text[..at].ends_with(more) && !text[at + number.len()..].starts_with(more))
}
