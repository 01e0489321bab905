//! Decimals: what Python's `Decimal` reads, in the form in which it is written back.

use dspex_core::Value;
use dspex_core::value::{Decimal, Int};

use super::scalar::Found;
use super::walk::Exactness;

/// A decimal from a decimal, text or a number. pydantic refuses those that are not finite.
pub(super) fn read(value: &Value) -> Found {
    let text = match value {
        Value::Decimal(d) => {
            let finite = !d.to_string().to_ascii_lowercase().contains(['n', 'i']);
            return finite.then(|| (value.clone(), Exactness::Exact));
        }
        Value::Str(s) => s.clone(),
        Value::Int(_) | Value::Float(_) => value.to_repr().ok()?,
        _ => return None,
    };
    Some((Value::Decimal(canonical(&text)?.parse().ok()?), Exactness::Lax))
}

/// Sign, digits and exponent.
fn parts(text: &str) -> Option<(bool, String, i64)> {
    let text = text.trim().replace('_', "");
    let body = text.strip_prefix(['+', '-']).unwrap_or(&text);
    let (mantissa, exponent) = match body.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            (mantissa, exponent.parse::<i64>().ok()?)
        }
        None => (body, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let significant = digits.trim_start_matches('0');
    let digits = if significant.is_empty() { "0" } else { significant };
    Some((text.starts_with('-'), digits.to_owned(), exponent))
}

/// Python's spelling: plain where the exponent is small, `1.5E+10` where not.
fn canonical(text: &str) -> Option<String> {
    let (minus, digits, exponent) = parts(text)?;
    let length = i64::try_from(digits.len()).ok()?;
    let left = exponent.checked_add(length)?;
    // Python's context has no room for more.
    if left.abs() > 999_999_999_999_999_999 {
        return None;
    }
    let point = if exponent <= 0 && left > -6 { left } else { 1 };
    let sign = if minus { "-" } else { "" };
    let zeros = |n: i64| "0".repeat(usize::try_from(n).unwrap_or(0));
    let body = if point <= 0 {
        format!("0.{}{digits}", zeros(-point))
    } else if point >= length {
        format!("{digits}{}", zeros(point - length))
    } else {
        let (whole, fraction) = digits.split_at(usize::try_from(point).ok()?);
        format!("{whole}.{fraction}")
    };
    let tail = if left == point { String::new() } else { format!("E{:+}", left - point) };
    Some(format!("{sign}{body}{tail}"))
}

/// The whole number that a decimal is, if it is one.
pub(super) fn whole(decimal: &Decimal) -> Option<Int> {
    let (minus, digits, exponent) = parts(&decimal.to_string())?;
    let sign = if minus { "-" } else { "" };
    if let Ok(zeros) = usize::try_from(exponent) {
        // A huge exponent would be as many zeros.
        return if zeros <= 4300 { format!("{sign}{digits}{}", "0".repeat(zeros)).parse().ok() } else { None };
    }
    let fraction = usize::try_from(exponent.unsigned_abs()).ok()?;
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return Some(Int::from(0));
    }
    if digits.len() - significant.len() < fraction {
        return None;
    }
    format!("{sign}{}", &digits[..digits.len() - fraction]).parse().ok()
}
