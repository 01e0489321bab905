//! Single values: what pydantic's lax mode takes for a number, a truth value, text, bytes or an id.

use std::borrow::Cow;

use dspex_core::value::Int;
use dspex_core::{FieldType, ParseRule, Value};

use super::mend::{self, Mended};
use super::walk::{Exactness, Walk};
use super::{Mismatch, decimal};
use crate::parse::literal_eval::literal_eval;

/// A value and how near it is to what was given.
pub(super) type Found = Option<(Value, Exactness)>;

/// Numbers longer than this are not read, as in Python.
const MAX_DIGITS: usize = 4300;

pub(super) fn validate(walk: &mut Walk<'_, '_>, value: &Value, ty: &FieldType) -> Result<Value, Mismatch> {
    let number = matches!(ty, FieldType::Int | FieldType::Float | FieldType::Complex | FieldType::Decimal);
    if number && matches!(value, Value::Bool(_)) {
        walk.refuse(ParseRule::BoolForNumber, value, ty)?;
    }
    let mismatch = Mismatch::new(ty, value);
    if *ty == FieldType::Bytes
        && let Value::Str(text) = value
        && let Some(bytes) = bytes_literal(text)
        && walk.cx.applies(ParseRule::BytesLiteral)
    {
        walk.cx.note_read(ParseRule::BytesLiteral, text, "the bytes that it spells");
        walk.floor(Exactness::Lax);
        return Ok(Value::Bytes(bytes));
    }
    if let Some((value, exactness)) = read(value, ty) {
        let has_form = matches!(ty, FieldType::Int | FieldType::Float | FieldType::Bool);
        if has_form && exactness < Exactness::Strict && walk.cx.is_off() {
            return Err(mismatch);
        }
        walk.floor(exactness);
        return Ok(value);
    }
    let Value::Str(text) = value else { return Err(mismatch) };
    match mend::scalar(walk.cx, text, ty) {
        Mended::No => Err(mismatch),
        Mended::Refused(rule) => Err(mismatch.by(rule)),
        Mended::Yes(value, rules) => {
            for rule in rules {
                walk.cx.note_read(rule, text, &value.to_text().unwrap_or_default());
            }
            walk.floor(Exactness::Mended);
            Ok(value)
        }
    }
}

/// Bytes as Python spells them, where they are no text: others are shown as their text.
pub(super) fn bytes_literal(text: &str) -> Option<Vec<u8>> {
    if !(text.starts_with("b'") || text.starts_with("b\"")) {
        return None;
    }
    match literal_eval(text) {
        Ok(Value::Bytes(bytes)) if std::str::from_utf8(&bytes).is_err() => Some(bytes),
        _ => None,
    }
}

/// What a value is as a scalar type.
pub(super) fn read(value: &Value, ty: &FieldType) -> Found {
    // Where a type takes text or numbers, it takes a member of an enumeration for its value.
    let lax = |value| Some((value, Exactness::Lax));
    match ty {
        FieldType::Str => match value {
            Value::Str(_) => Some((value.clone(), Exactness::Exact)),
            Value::Bytes(b) => lax(Value::Str(String::from_utf8(b.clone()).ok()?)),
            Value::Enum(e) => lax(Value::Str(e.value.to_text().ok()?)),
            _ => None,
        },
        FieldType::Bytes => match value {
            Value::Bytes(_) => Some((value.clone(), Exactness::Exact)),
            Value::Str(s) => lax(Value::Bytes(s.clone().into_bytes())),
            _ => None,
        },
        FieldType::Bool => boolean(value).map(|(b, e)| (Value::Bool(b), e)),
        FieldType::Int => whole(value).map(|(i, e)| (Value::Int(i), e)),
        FieldType::Float => float(value).map(|(f, e)| (Value::Float(f), e)),
        FieldType::Complex => complex(value),
        FieldType::Decimal => decimal::read(value),
        FieldType::Uuid => uuid(value),
        _ => None,
    }
}

/// Text, also as bytes.
fn text_of(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Str(s) => Some(Cow::Borrowed(s)),
        Value::Bytes(b) => std::str::from_utf8(b).ok().map(Cow::Borrowed),
        _ => None,
    }
}

fn boolean(value: &Value) -> Option<(bool, Exactness)> {
    let whole = match value {
        Value::Bool(b) => return Some((*b, Exactness::Exact)),
        Value::Int(i) => i.to_i64()?,
        Value::Float(f) => Int::from_f64_exact(*f)?.to_i64()?,
        Value::Decimal(d) => Int::from_f64_exact(d.to_string().parse().ok()?)?.to_i64()?,
        other => return bool_word(&text_of(other)?).map(|b| (b, Exactness::Lax)),
    };
    match whole {
        0 => Some((false, Exactness::Lax)),
        1 => Some((true, Exactness::Lax)),
        _ => None,
    }
}

fn bool_word(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "t" | "y" | "on" | "yes" | "true" => Some(true),
        "0" | "f" | "n" | "no" | "off" | "false" => Some(false),
        _ => None,
    }
}

fn whole(value: &Value) -> Option<(Int, Exactness)> {
    let lax = |i| Some((i, Exactness::Lax));
    match value {
        Value::Int(i) => Some((i.clone(), Exactness::Exact)),
        Value::Bool(b) => lax(Int::from(i64::from(*b))),
        // Doubles beyond 64 bits are refused.
        Value::Float(f) => lax(Int::from_f64_exact(*f).filter(|_| f.abs() < 9_223_372_036_854_775_807.0)?),
        Value::Decimal(d) => lax(decimal::whole(d)?),
        Value::Enum(e) => whole(&e.value).map(|(i, _)| (i, Exactness::Lax)),
        other => lax(whole_text(&text_of(other)?)?),
    }
}

/// A whole number as JSON has it: no plus, no zeros before it.
fn json_int(text: &str) -> Option<Int> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !plain || (digits.len() > 1 && digits.starts_with('0')) || text.len() > MAX_DIGITS {
        return None;
    }
    text.parse().ok()
}

/// A whole number with blanks around it, a sign, zeros before it, underscores in it and `.0` behind it.
fn whole_text(text: &str) -> Option<Int> {
    if let Some(i) = json_int(text) {
        return Some(i);
    }
    let trimmed = text.trim();
    let unsigned = trimmed.strip_prefix('+');
    if unsigned.is_some_and(|rest| rest.starts_with('-')) {
        return None;
    }
    let body = unsigned.unwrap_or(trimmed);
    let (minus, body) = body.strip_prefix('-').map_or(("", body), |rest| ("-", rest));
    let body = without_leading_zeros(body)?;
    let body = match body.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => whole,
        _ => body,
    };
    json_int(&format!("{minus}{}", without_underscores(body)))
}

/// The text from its first digit that counts; the last zero stays, alone or before a point.
fn without_leading_zeros(text: &str) -> Option<&str> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let rest = text.trim_start_matches(['0', '_']);
    let at = text.len() - rest.len();
    match rest.chars().next() {
        _ if at == 0 => Some(text),
        // All zeros: what stands last decides, which is no digit if it is an underscore.
        None => text.get(text.len() - 1..),
        Some('.') => text.get(at - 1..),
        Some('1'..='9' | '-') => Some(rest),
        Some(_) => None,
    }
}

/// Single underscores between other characters are taken out; elsewhere they stay and spoil the number.
fn without_underscores(text: &str) -> String {
    if text.starts_with('_') || text.ends_with('_') || text.contains("__") {
        text.to_owned()
    } else {
        text.replace('_', "")
    }
}

fn float(value: &Value) -> Option<(f64, Exactness)> {
    match value {
        Value::Float(f) => Some((*f, Exactness::Exact)),
        Value::Int(i) => Some(i.to_f64()).filter(|f| f.is_finite()).map(|f| (f, Exactness::Strict)),
        Value::Bool(b) => Some((f64::from(u8::from(*b)), Exactness::Lax)),
        Value::Decimal(d) => Some((d.to_string().parse().ok()?, Exactness::Strict)),
        other => float_text(&text_of(other)?).map(|f| (f, Exactness::Lax)),
    }
}

fn float_text(text: &str) -> Option<f64> {
    text.trim().parse().or_else(|_| without_underscores(text).parse()).ok()
}

fn complex(value: &Value) -> Found {
    let part = match value {
        Value::Complex(..) => return Some((value.clone(), Exactness::Strict)),
        Value::Str(s) => complex_text(&decimal::ascii_digits(s))?,
        Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Decimal(_) => (float(value)?.0, 0.0),
        _ => return None,
    };
    Some((Value::Complex(part.0, part.1), Exactness::Lax))
}

/// `1+2j`, `2j`, `1`, in brackets or not.
fn complex_text(text: &str) -> Option<(f64, f64)> {
    let text = text.trim();
    let text = match text.strip_prefix('(') {
        Some(rest) => rest.strip_suffix(')')?.trim(),
        None => text,
    };
    let number = |s: &str| {
        let bytes = s.as_bytes();
        let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
        let between = |i: usize| i > 0 && digit(i - 1) && digit(i + 1);
        let fits = !s.contains(char::is_whitespace) && s.match_indices('_').all(|(i, _)| between(i));
        if fits { float_text(s) } else { None }
    };
    let Some(body) = text.strip_suffix(['j', 'J']) else { return number(text).map(|f| (f, 0.0)) };
    let sign = |(i, c): &(usize, char)| matches!(c, '+' | '-') && !body[..*i].ends_with(['e', 'E']);
    let split = body.char_indices().rev().find(sign).map_or(0, |(i, _)| i);
    let (re, im) = body.split_at(split);
    let re = if re.is_empty() { 0.0 } else { number(re)? };
    let im = match im {
        "" | "+" => 1.0,
        "-" => -1.0,
        im => number(im)?,
    };
    Some((re, im))
}

fn uuid(value: &Value) -> Found {
    let parsed = match value {
        Value::Uuid(_) => return Some((value.clone(), Exactness::Exact)),
        Value::Str(s) => s.parse().ok()?,
        Value::Bytes(b) => match std::str::from_utf8(b).ok().and_then(|s| s.parse().ok()) {
            Some(uuid) => uuid,
            None => {
                let number = u128::from_be_bytes(b.as_slice().try_into().ok()?);
                format!("{number:032x}").parse().ok()?
            }
        },
        _ => return None,
    };
    Some((Value::Uuid(parsed), Exactness::Lax))
}
