//! Reading completions that are one JSON object: find it, match its keys to the fields, read each value.

mod find;

use dspex_core::lm::{Choice, FinishReason};
use dspex_core::value::Dict;
use dspex_core::{
    Error, ErrorKind, Field, FieldType, Note, ParsePolicy, ParseRule, Parsed, Record, Result, Signature,
    Value, shorten_text,
};

use self::find::Whole;
use super::coerce::{self, Coercion, Mismatch};
use super::{empty_reply, finish, may_be_missing, missing, names, read_sections, scan};

/// Reads a completion whose fields are the members of a JSON object.
pub(crate) fn object(signature: &Signature, completion: &Choice, policy: &ParsePolicy) -> Result<Parsed> {
    let text = completion.content();
    if text.trim().is_empty() {
        return Err(empty_reply(signature));
    }
    let reader = Reader { signature, policy, text: &text };
    let whole = find::whole(&text);
    reader.refuse_unfinished(completion, whole.as_ref())?;
    let sound = whole.as_ref().is_some_and(|w| w.sound);
    // Sound JSON has one reading; beside anything else there may be another object.
    let others = if sound || policy.is_compat() { Vec::new() } else { reader.others() };

    let mut notes = Vec::new();
    let taken = match whole {
        Some(whole) if reader.has_fields(&whole.members) => Some(whole.members),
        whole => match others.first() {
            Some(first) if policy.applies(ParseRule::ObjectInText) => {
                notes.push(Note::new(
                    ParseRule::ObjectInText,
                    None,
                    "took the one object that has the fields",
                ));
                Some(first.members.clone())
            }
            _ => whole.map(|w| w.members),
        },
    };
    let has_fields = taken.as_ref().is_some_and(|members| reader.has_fields(members));
    if !has_fields && policy.applies(ParseRule::SectionReply) {
        let scanned = scan::scan(&text, signature, policy);
        if !scanned.sections.is_empty() {
            notes = vec![Note::new(ParseRule::SectionReply, None, "the fields came as sections")];
            return read_sections(signature, scanned, notes, policy);
        }
    }
    let Some(mut members) = taken else {
        return Err(missing(signature, names(signature)));
    };
    let empty = members.is_empty() && sound;
    if !has_fields && let Some((key, inside)) = reader.wrapped(&members, sound) {
        notes.push(Note::new(ParseRule::WrappedFields, None, format!("the fields stand under `{key}`")));
        members = inside;
    }
    if !sound
        && policy.applies(ParseRule::RepairedJson)
        && !others.iter().any(|o| o.sound && o.members == members)
    {
        notes.push(Note::new(
            ParseRule::RepairedJson,
            None,
            "the reply is not JSON as it stands; the object is what it means",
        ));
    }
    reader.refuse_repeated(&members, &others)?;
    let fields = reader.read(&members, &mut notes)?;
    reader.refuse_others(&fields, &others)?;
    let said_something = !policy.applies(ParseRule::NoSections) || !fields.is_empty() || empty;
    finish(signature, fields, notes, policy, said_something)
}

/// The fields that an object has, by the rules of the policy, and what was done for them.
pub(super) fn fields(
    signature: &Signature,
    members: &Dict,
    text: &str,
    policy: &ParsePolicy,
    notes: &mut Vec<Note>,
) -> Result<Record> {
    Reader { signature, policy, text }.read(members, notes)
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
        let keys = || members.keys().filter_map(Value::as_str);
        if let Some(exact) = keys().find(|k| *k == field.name) {
            return Some(exact);
        }
        if !self.policy.applies(ParseRule::KeyCase) {
            return None;
        }
        let small = field.name.to_lowercase();
        let outputs = self.signature.outputs();
        let mut alike = keys().filter(|k| k.to_lowercase() == small && !outputs.iter().any(|f| f.name == *k));
        let one_field = outputs.iter().filter(|f| f.name.to_lowercase() == small).count() == 1;
        match (alike.next(), alike.next()) {
            (Some(key), None) if one_field => Some(key),
            _ => None,
        }
    }

    fn has_fields(&self, members: &Dict) -> bool {
        self.signature.outputs().iter().any(|f| self.key(members, f).is_some())
    }

    /// The objects of the text that have fields, those inside a list one by one.
    fn others(&self) -> Vec<Whole> {
        let mut found = find::objects(self.text);
        found.retain(|o| {
            let said = |v: &Value| o.sound || v.as_str() != Some("");
            self.signature
                .outputs()
                .iter()
                .any(|f| self.key(&o.members, f).and_then(|k| o.members.get_str(k)).is_some_and(said))
        });
        found
    }

    /// The object with the fields that stands alone in another, and its key.
    fn wrapped(&self, members: &Dict, sound: bool) -> Option<(String, Dict)> {
        let mut entries = members.iter();
        let (Some((Value::Str(key), Value::Dict(inside))), None) = (entries.next(), entries.next()) else {
            return None;
        };
        let whole =
            self.signature.outputs().iter().all(|f| may_be_missing(f) || self.key(inside, f).is_some());
        // Mending makes keys of prose, too, so the object must stand in the text as it is.
        let written = || sound || find::objects(self.text).iter().any(|o| o.sound && o.members == *members);
        (self.policy.applies(ParseRule::WrappedFields) && whole && self.has_fields(inside) && written())
            .then(|| (key.clone(), inside.clone()))
    }

    /// Reads the fields that the object has.
    fn read(&self, members: &Dict, notes: &mut Vec<Note>) -> Result<Record> {
        let mut fields = Record::with_capacity(self.signature.outputs().len());
        for field in self.signature.outputs() {
            let Some(key) = self.key(members, field) else { continue };
            let Some(value) = members.get_str(key) else { continue };
            if key != field.name {
                let how = format!("its key was written `{}`", shorten_text(key));
                notes.push(Note::new(ParseRule::KeyCase, Some(&field.name), how));
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
        let mut coercion = Coercion::new(self.policy, &field.name);
        let value = coerce::coerce_value(value.clone(), &field.ty, &mut coercion)?;
        notes.extend(coercion.into_notes());
        Ok(value)
    }

    /// A reply that the model did not end holds at best a piece of its last field. JSON that is sound has ended.
    fn refuse_unfinished(&self, completion: &Choice, whole: Option<&Whole>) -> Result<()> {
        let sound = whole.is_some_and(|w| w.sound);
        let cut = completion.finish == FinishReason::Length
            || (whole.is_some_and(|w| self.has_fields(&w.members)) && find::is_cut_off(self.text));
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
