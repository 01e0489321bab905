//! Reading completions whose fields stand between XML tags.
//!
//! A text that is well-formed is read as DSPy reads it. One that is not is cut at the tags of the fields, and each piece
//! is read by itself.

mod loose;
mod scan;
mod serialize;
mod tree;
mod value;

use std::collections::HashSet;

use dspex_core::lm::{Choice, FinishReason};
use dspex_core::{
    Error, ErrorKind, Field, FieldType, Note, ParsePolicy, ParseRule, Parsed, Record, Result, Signature,
    Special, Value,
};
use serde_json::{Value as Json, json};

use self::tree::Tree;
use self::value::{groups, same_name};
use super::coerce::{self, Coercion};
use super::object::Unread;
use super::{
    empty_reply, finish, json_reply, may_be_missing, missing, names, read_sections, scan as markers,
};
use crate::{nested, xml};

/// More ways to write one value side by side are not looked at.
const MOST_SPELLINGS: usize = 16;

/// Reads a completion whose fields stand between tags.
pub(crate) fn elements(signature: &Signature, completion: &Choice, policy: &ParsePolicy) -> Result<Parsed> {
    let text = completion.content();
    if text.trim().is_empty() && policy.applies(ParseRule::NoSections) {
        return Err(empty_reply(signature));
    }
    // One JSON object with all fields is that, whatever tags stand in its text.
    let body = text.trim_start();
    let body = body.strip_prefix("```json").or_else(|| body.strip_prefix("```")).unwrap_or(body);
    if policy.applies(ParseRule::JsonReply) && body.trim_start().starts_with('{') {
        match json_reply(signature, &text, &[], policy) {
            Ok(Some(parsed)) => return Ok(parsed),
            Err(Unread::Error(error)) => return Err(error),
            Ok(None) | Err(Unread::TooMuch) => {}
        }
    }
    let reply = Reply { signature, policy, text: &text };
    let found = match Tree::read(&text, false) {
        Ok(tree) => reply.tree(&tree)?,
        Err(fault) if !policy.applies(ParseRule::RawMarkup) => {
            return Err(
                missing(signature, names(signature)).with_hint(format!("the reply is not XML: {fault}"))
            );
        }
        Err(fault) => reply.pieces(&fault)?,
    };
    let lacks = |f: &Field| !found.fields.contains_key(&f.name);
    if completion.finish == FinishReason::Length
        && policy.applies(ParseRule::Truncated)
        && let Some(field) = signature.outputs().iter().find(|f| lacks(f))
    {
        return Err(truncated(field));
    }
    if found.fields.is_empty() && policy.applies(ParseRule::SectionReply) {
        let scanned = markers::scan(&text, signature, policy);
        if !scanned.sections.is_empty() {
            let note = Note::new(ParseRule::SectionReply, None, "the fields came as sections");
            return read_sections(signature, scanned, vec![note], policy);
        }
    }
    let said_something = !found.fields.is_empty() || !policy.applies(ParseRule::NoSections);
    finish(signature, found.fields, found.notes, policy, said_something)
}

/// The fields that were found, and what was mended.
#[derive(Debug, Default)]
struct Found {
    fields: Record,
    notes: Vec<Note>,
}

struct Reply<'a> {
    signature: &'a Signature,
    policy: &'a ParsePolicy,
    text: &'a str,
}

impl Reply<'_> {
    fn applies(&self, rule: ParseRule) -> bool {
        self.policy.applies(rule)
    }

    /// The fields of a text that is well-formed.
    fn tree(&self, tree: &Tree<'_>) -> Result<Found> {
        let mut found = Found::default();
        let mut parent = 0;
        if let Some(wrapper) = self.wrapper(tree) {
            let message = format!("the fields stand in `{}`", tree.node(wrapper).tag);
            found.notes.push(Note::new(ParseRule::WrappedFields, None, message));
            parent = wrapper;
        }
        let groups = groups(tree, parent);
        for field in self.signature.outputs() {
            let exact = groups.iter().find(|(name, _)| *name == field.name);
            let Some((name, elements)) = exact.or_else(|| self.in_other_case(&groups, field, |g| &g.0))
            else {
                continue;
            };
            if *name != field.name {
                found.notes.push(other_case(field, name));
            }
            let elements = self.without_places(field, elements, |e| tree.inner(e), &mut found.notes);
            let value = self.value(tree, field, &elements, &mut found.notes)?;
            found.fields.insert(field.name.clone(), value);
        }
        Ok(found)
    }

    /// The one element that holds all fields, where none stands outside.
    fn wrapper(&self, tree: &Tree<'_>) -> Option<usize> {
        let is_output = |at: usize| {
            let tag = tree.node(at).tag;
            self.signature.outputs().iter().any(|f| same_name(&f.name, tag))
        };
        let is_aside = |at: &usize| {
            let tag = tree.node(*at).tag;
            scan::THINKING.contains(&tag) || self.signature.inputs().iter().any(|f| f.name == tag)
        };
        let mut outside = tree.children(0).filter(|at| !is_aside(at));
        let (Some(one), None) = (outside.next(), outside.next()) else { return None };
        let has =
            |f: &Field| may_be_missing(f) || tree.children(one).any(|c| same_name(tree.node(c).tag, &f.name));
        let holds =
            !is_output(one) && tree.children(one).any(is_output) && self.signature.outputs().iter().all(has);
        (holds && self.applies(ParseRule::WrappedFields)).then_some(one)
    }

    /// The one thing whose name differs from that of a field in capitals only.
    fn in_other_case<'g, G>(
        &self,
        groups: &'g [G],
        field: &Field,
        name: impl Fn(&G) -> &str,
    ) -> Option<&'g G> {
        if !self.applies(ParseRule::HeaderCase) {
            return None;
        }
        let outputs = self.signature.outputs();
        let mut alike = groups.iter().filter(|g| same_name(name(g), &field.name));
        let (one, None) = (alike.next()?, alike.next()) else { return None };
        let known = self.signature.fields().any(|f| f.name == name(one));
        let one_field = outputs.iter().filter(|f| same_name(&f.name, &field.name)).count() == 1;
        (one_field && !known).then_some(one)
    }

    /// The occurrences of a field without those that only repeat where the prompt shows its value.
    fn without_places<'i, T: Copy>(
        &self,
        field: &Field,
        all: &[T],
        inner: impl Fn(T) -> &'i str,
        notes: &mut Vec<Note>,
    ) -> Vec<T> {
        if all.len() < 2 || !self.applies(ParseRule::EchoedPlace) {
            return all.to_vec();
        }
        let place = Place::of(field);
        let written: Vec<T> = all.iter().copied().filter(|one| !place.is(inner(*one))).collect();
        if written.is_empty() || written.len() == all.len() {
            return all.to_vec();
        }
        let message = "the place of its value was repeated from the prompt";
        notes.push(Note::new(ParseRule::EchoedPlace, Some(&field.name), message));
        written
    }

    /// The value of a field from its elements.
    fn value(
        &self,
        tree: &Tree<'_>,
        field: &Field,
        elements: &[usize],
        notes: &mut Vec<Note>,
    ) -> Result<Value> {
        let schema = if is_text(&field.ty) && self.applies(ParseRule::MarkupInText) {
            text_schema(&field.ty)
        } else {
            nested::schema(&field.ty)
        };
        let defs = schema.get("$defs").unwrap_or(&Json::Null);
        let options = schema["anyOf"].as_array().into_iter().flatten();
        let mut error = None;
        for candidate in std::iter::once(&schema).chain(options) {
            let mut reader = value::Reader {
                tree,
                policy: self.policy,
                field: &field.name,
                defs,
                notes: Vec::new(),
                path: Vec::new(),
            };
            let plain = reader.value(elements, candidate)?;
            let read = reader.notes;
            match self.coerced(field, &plain, notes) {
                Ok(value) => {
                    notes.extend(read);
                    return Ok(value);
                }
                Err(mismatch) => {
                    let last = mismatch.rule.is_some() || mismatch.hard;
                    error.get_or_insert(mismatch);
                    if last {
                        break;
                    }
                }
            }
        }
        Err(match error {
            Some(mismatch) => mismatch.into_error(&field.name),
            None => missing(self.signature, vec![field.name.clone()]),
        })
    }

    /// A value of the field's type; fields of structs may come under their own names where they have others.
    fn coerced(
        &self,
        field: &Field,
        plain: &Value,
        notes: &mut Vec<Note>,
    ) -> Result<Value, coerce::Mismatch> {
        let mut coercion = Coercion::new(self.policy, &field.name);
        let value = match plain {
            Value::Str(text) => coerce::coerce_text(text, &field.ty, &mut coercion),
            other => coerce::coerce_value(other.clone(), &field.ty, &mut coercion),
        };
        let value = match value {
            Err(m) if m.rule.is_none() && !m.hard && !matches!(field.ty, FieldType::Enum(_)) => {
                coerce::validate_value(plain, &nested::by_name(&field.ty), &mut coercion).map_err(|_| m)
            }
            other => other,
        }?;
        notes.extend(coercion.into_notes());
        Ok(value)
    }

    /// The fields of a text that is not well-formed.
    fn pieces(&self, fault: &str) -> Result<Found> {
        let pieces = scan::pieces(self.text, self.signature, self.applies(ParseRule::HeaderCase));
        let mut found = Found::default();
        for (i, field) in self.signature.outputs().iter().enumerate() {
            let own: Vec<_> = pieces.iter().filter(|p| p.field == i).copied().collect();
            let exact: Vec<_> = own.iter().filter(|p| p.tag == field.name).copied().collect();
            let own = if exact.is_empty() { own } else { exact };
            let own = self.without_places(field, &own, |p| p.body, &mut found.notes);
            let Some(first) = own.first() else {
                // Its tag may be one of those that are broken.
                if scan::is_spoken_of(self.text, &field.name) {
                    return Err(missing(self.signature, vec![field.name.clone()]));
                }
                continue;
            };
            if first.tag != field.name {
                found.notes.push(other_case(field, first.tag));
            }
            let value = self.piece(field, first, &mut found.notes)?;
            if own.len() > 1 {
                let message = "it came more than once, each time with the same value";
                found.notes.push(Note::new(ParseRule::DuplicateField, Some(&field.name), message));
            }
            // What is written alike is alike; of what is not, a few are compared.
            let mut seen = HashSet::from([first.body.trim()]);
            let mut compared = 0;
            for other in &own[1..] {
                if !seen.insert(other.body.trim()) && other.end == scan::End::Tag {
                    continue;
                }
                compared += 1;
                let other = self.piece(field, other, &mut Vec::new())?;
                if other != value || compared > MOST_SPELLINGS {
                    return Err(ambiguous(field, value::both(&value, &other), ParseRule::DuplicateField));
                }
            }
            found.fields.insert(field.name.clone(), value);
        }
        if !found.fields.is_empty() {
            let message = format!("the reply is not XML as it stands ({fault}); its fields were cut out");
            found.notes.insert(0, Note::new(ParseRule::RawMarkup, None, message));
        }
        Ok(found)
    }

    /// The value of a field from a piece of the text.
    fn piece(&self, field: &Field, piece: &scan::Piece<'_>, notes: &mut Vec<Note>) -> Result<Value> {
        match piece.end {
            scan::End::Tag => {}
            // With an end tag of any name in it, it may be that which is broken.
            scan::End::Next if self.applies(ParseRule::UnclosedTag) && !piece.body.contains("</") => {
                let message = "its tag was not closed; the value ends where the next field starts";
                notes.push(Note::new(ParseRule::UnclosedTag, Some(&field.name), message));
            }
            scan::End::Next => return Err(missing(self.signature, vec![field.name.clone()])),
            scan::End::Text => return Err(truncated(field)),
        }
        let body = loose::Body::of(piece.body);
        // The values are only what stands in the piece, so it is an element by itself.
        match body.read(is_text(&field.ty)) {
            loose::Read::Tree(tree) => self.value(&tree, field, &[0], notes),
            loose::Read::Text(text) => {
                self.coerced(field, &text.into(), notes).map_err(|m| m.into_error(&field.name))
            }
            loose::Read::Ambiguous => {
                let found = format!("{:?}", dspex_core::shorten_text(piece.body.trim()));
                Err(ambiguous(field, found, ParseRule::RawMarkup))
            }
        }
    }
}

fn other_case(field: &Field, tag: &str) -> Note {
    Note::new(ParseRule::HeaderCase, Some(&field.name), format!("its tag was written `{tag}`"))
}

fn ambiguous(field: &Field, found: String, rule: ParseRule) -> Error {
    ErrorKind::Ambiguous { field: field.name.clone(), found, rule }.into()
}

fn truncated(field: &Field) -> Error {
    Error::new(ErrorKind::Truncated { field: field.name.clone() }).with_hint("raise `max_tokens`")
}

/// Whether a type is text, or text or nothing: tags in it are a part of it.
fn is_text(ty: &FieldType) -> bool {
    match ty {
        FieldType::Str | FieldType::Special(Special::Reasoning | Special::Code(_)) => true,
        FieldType::Union(u) => u.options.iter().all(|o| is_text(o) || matches!(o, FieldType::None)),
        _ => false,
    }
}

/// The shape of text.
fn text_schema(ty: &FieldType) -> Json {
    if ty.allows_none() {
        return json!({"anyOf": [{"type": "string"}, {"type": "null"}]});
    }
    json!({"type": "string"})
}

/// What a prompt shows between the tags of a field.
struct Place {
    /// `{name}`, behind which a hint may stand.
    name: String,
    /// The tags inside its tags, where there are any.
    inside: Option<String>,
}

impl Place {
    fn of(field: &Field) -> Self {
        let tags = (format!("<{}>", field.name), format!("</{}>", field.name));
        let inside = xml::skeleton(field)
            .and_then(|s| s.strip_prefix(&tags.0)?.strip_suffix(&tags.1).map(str::to_owned));
        Self { name: ["{", &field.name, "}"].concat(), inside }
    }

    fn is(&self, inner: &str) -> bool {
        let inner = inner.trim();
        let is_hint = |rest: &str| rest.is_empty() || rest.trim_start().starts_with('#');
        inner.strip_prefix(&self.name).is_some_and(is_hint) || self.inside.as_deref() == Some(inner)
    }
}
