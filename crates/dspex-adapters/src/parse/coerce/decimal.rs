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

/// The zeros of the scripts whose digits Python takes for digits; the others follow each.
const ZEROS: [u32; 36] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
    0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50,
    0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
];

/// The text with digits of other scripts as ASCII digits. Whole numbers and floats do not take them.
pub(super) fn ascii_digits(text: &str) -> String {
    let digit = |c: char| {
        let code = c as u32;
        let zero = ZEROS.iter().find(|z| (**z..**z + 10).contains(&code))?;
        char::from_digit(code - zero, 10)
    };
    text.chars().map(|c| digit(c).unwrap_or(c)).collect()
}

/// Sign, digits and exponent.
fn parts(text: &str) -> Option<(bool, String, i64)> {
    let text = ascii_digits(text.trim()).replace('_', "");
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
        return if zeros <= 4300 {
            format!("{sign}{digits}{}", "0".repeat(zeros)).parse().ok()
        } else {
            None
        };
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
