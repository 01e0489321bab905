//! One of several: literals and enumerations.

use std::borrow::Cow;

use dspex_core::types::EnumType;
use dspex_core::value::EnumMember;
use dspex_core::{FieldType, ParseRule, Value};

use super::walk::{Exactness, Walk};
use super::{Coercion, Mismatch, mend, pyeq, scalar, words};

/// The literal that is this text.
pub(super) fn exact_text(text: &str, values: &[Value]) -> Option<Value> {
    values.iter().find(|v| v.as_str() == Some(text)).cloned()
}

/// The text without what models copy from the prompt: `Literal[...]`, `str[...]`, one pair of quotes.
pub(super) fn unwrapped(text: &str) -> &str {
    let mut text = text.trim();
    if text.starts_with("Literal[") || text.starts_with("str[") {
        let inner = text.split_once('[').and_then(|(_, rest)| rest.strip_suffix(']'));
        text = inner.unwrap_or(text);
    }
    let quoted = |q| text.strip_prefix(q).and_then(|rest: &str| rest.strip_suffix(q));
    quoted('"').or_else(|| quoted('\'')).unwrap_or(text)
}

/// A value that is not text, for a field that is a literal: one that Python finds among the literals.
pub(super) fn top_literal(
    value: &Value,
    values: &[Value],
    cx: &mut Coercion<'_>,
) -> Option<Result<Value, Mismatch>> {
    if values.contains(value) {
        return Some(Ok(value.clone()));
    }
    let member = values.iter().find(|v| pyeq::equal(v, value))?;
    if cx.policy.is_compat() {
        // DSPy gives back what it was given: `1.0` for a literal `1`.
        return Some(Ok(value.clone()));
    }
    if is_bool_for_number(value, member) && cx.applies(ParseRule::BoolForNumber) {
        let ty = FieldType::Literal(values.to_vec());
        return Some(Err(Mismatch::new(&ty, value).by(ParseRule::BoolForNumber)));
    }
    if !cx.applies(ParseRule::LiteralSpelling) {
        return Some(Ok(value.clone()));
    }
    cx.note_read(ParseRule::LiteralSpelling, &repr(value), &repr(member));
    Some(Ok(member.clone()))
}

fn repr(value: &Value) -> String {
    value.to_repr().unwrap_or_default()
}

fn is_bool_for_number(value: &Value, member: &Value) -> bool {
    matches!(value, Value::Bool(_)) && !matches!(member, Value::Bool(_))
}

/// A literal inside a type.
pub(super) fn literal(
    walk: &mut Walk<'_, '_>,
    value: &Value,
    values: &[Value],
    ty: &FieldType,
) -> Result<Value, Mismatch> {
    if let Some(at) = find(value, values) {
        if is_bool_for_number(value, &values[at]) {
            walk.refuse(ParseRule::BoolForNumber, value, ty)?;
        }
        return Ok(values[at].clone());
    }
    let at = mended(walk, value, ty, &values.iter().map(|v| spellings(None, v)).collect::<Vec<_>>())?;
    Ok(values[at].clone())
}

/// The place of the value that pydantic takes this value for: first by kind, then by Python's equality, in which
/// the last of equal values counts.
fn find(value: &Value, values: &[Value]) -> Option<usize> {
    let primitive = |v: &Value| matches!(v, Value::Bool(_) | Value::Str(_) | Value::Int(_));
    let exact = values.iter().position(|v| primitive(v) && v == value);
    if exact.is_some() {
        return exact;
    }
    if !pyeq::is_hashable(value) {
        return None;
    }
    let last = |wanted: bool| values.iter().rposition(|v| primitive(v) == wanted && pyeq::equal(v, value));
    last(false).or_else(|| last(true))
}

/// A member of an enumeration inside a type: by its value.
pub(super) fn member(
    walk: &mut Walk<'_, '_>,
    value: &Value,
    e: &EnumType,
    ty: &FieldType,
) -> Result<Value, Mismatch> {
    if matches!(value, Value::Enum(m) if m.type_name == e.name) {
        return Ok(value.clone());
    }
    walk.floor(Exactness::Lax);
    let values: Vec<Value> = e.members.iter().map(|(_, v)| v.clone()).collect();
    if let Some(at) = find(value, &values) {
        if is_bool_for_number(value, &values[at]) {
            walk.refuse(ParseRule::BoolForNumber, value, ty)?;
        }
        return Ok(the_member(e, at));
    }
    if e.integer
        && let Some((number, _)) = scalar::read(value, &FieldType::Int).filter(|_| !walk.cx.is_off())
        && let Some(at) = find(&number, &values)
    {
        return Ok(the_member(e, at));
    }
    let at = mended(walk, value, ty, &member_spellings(e))?;
    Ok(the_member(e, at))
}

fn the_member(e: &EnumType, at: usize) -> Value {
    let (member, value) = e.members[at].clone();
    Value::Enum(EnumMember { type_name: e.name.clone(), member, value: Box::new(value) })
}

/// A field that is an enumeration: a member by its value, then by its name.
pub(super) fn top_enum(
    value: &Value,
    e: &EnumType,
    ty: &FieldType,
    cx: &mut Coercion<'_>,
) -> Result<Value, Mismatch> {
    if matches!(value, Value::Enum(m) if m.type_name == e.name) {
        return Ok(value.clone());
    }
    if let Some(at) = e.members.iter().position(|(_, v)| pyeq::equal(v, value)) {
        let walk = Walk::new(cx);
        if is_bool_for_number(value, &e.members[at].1) {
            walk.refuse(ParseRule::BoolForNumber, value, ty)?;
        }
        return Ok(the_member(e, at));
    }
    if let Some(at) = e.members.iter().position(|(name, _)| value.as_str() == Some(name)) {
        return Ok(the_member(e, at));
    }
    let at = mended(&mut Walk::new(cx), value, ty, &member_spellings(e))?;
    Ok(the_member(e, at))
}

/// What stands for each choice in text.
type Spellings<'a> = Vec<Cow<'a, str>>;

fn spellings<'a>(name: Option<&'a str>, value: &'a Value) -> Spellings<'a> {
    let value = match value {
        Value::Str(s) => Some(Cow::Borrowed(s.as_str())),
        other => other.to_text().ok().map(Cow::Owned),
    };
    value.into_iter().chain(name.map(Cow::Borrowed)).collect()
}

fn member_spellings(e: &EnumType) -> Vec<Spellings<'_>> {
    e.members.iter().map(|(name, value)| spellings(Some(name), value)).collect()
}

/// The place of the only choice that text means, spelled otherwise.
fn mended(
    walk: &mut Walk<'_, '_>,
    value: &Value,
    ty: &FieldType,
    choices: &[Spellings<'_>],
) -> Result<usize, Mismatch> {
    let mismatch = || Mismatch::new(ty, value);
    let Value::Str(text) = value else { return Err(mismatch()) };
    if !walk.cx.applies(ParseRule::LiteralSpelling) {
        return Err(mismatch());
    }
    let refused = || mismatch().by(ParseRule::LiteralSpelling);
    let (at, rule) = match mend::choice(text, choices) {
        Ok(at) => (at, ParseRule::LiteralSpelling),
        Err(true) => return Err(refused()),
        Err(false) => {
            let among = among_words(walk.cx, text, choices).ok_or_else(mismatch)?;
            (mend::choice(among, choices).map_err(|_| refused())?, ParseRule::SurroundingWords)
        }
    };
    walk.cx.note_read(rule, text, &choices[at][0]);
    walk.floor(Exactness::Mended);
    Ok(at)
}

/// The piece of a text that is a choice, where the words around it change nothing.
fn among_words<'t>(cx: &Coercion<'_>, text: &'t str, choices: &[Spellings<'_>]) -> Option<&'t str> {
    if !cx.applies(ParseRule::SurroundingWords) {
        return None;
    }
    let is_choice = |piece: &str| mend::choice(piece, choices) != Err(false);
    words::announced(text, cx.field, is_choice).or_else(|| words::explained(text, is_choice))
}
