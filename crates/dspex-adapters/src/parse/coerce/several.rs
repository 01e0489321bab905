//! Several values where one is wanted: of two lists in a text, DSPy takes the last.

use std::collections::HashSet;

use dspex_core::{FieldType, ParsePolicy, Value};

use super::{Coercion, Walk};
use crate::parse::literal_eval::literal_eval;
use crate::parse::repair;

/// Whether the text has another value of the type than the one that was taken, in brackets of its own.
///
/// What is in brackets and not of the type, such as a reference `[1]` beside an object, is no reading; nor is what
/// would have to be mended first, such as `[sic]`.
pub(super) fn differ(text: &str, taken: &Value, ty: &FieldType, policy: &ParsePolicy) -> bool {
    let mut seen = HashSet::new();
    bracketed(text).into_iter().filter(|piece| seen.insert(*piece)).any(|piece| {
        let json = repair::loads(piece).ok().filter(|read| !read.repaired).map(|read| read.value);
        let Some(value) = json.or_else(|| literal_eval(piece).ok()) else { return false };
        let mut cx = Coercion::new(policy, "");
        Walk::new(&mut cx).validate(&value, ty).is_ok_and(|value| value != *taken)
    })
}

/// The pieces of the text that stand in brackets, without those inside others.
pub(in crate::parse) fn bracketed(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut depth, mut in_text, mut escaped) = (0, 0usize, false, false);
    for (i, c) in text.char_indices() {
        if in_text {
            (escaped, in_text) = (c == '\\' && !escaped, c != '"' || escaped);
            continue;
        }
        match c {
            '[' | '{' => {
                if depth == 0 {
                    start = i;
                }
                depth += 1;
            }
            ']' | '}' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    pieces.push(&text[start..=i]);
                }
            }
            // Outside of brackets a quote is only a quote.
            '"' if depth > 0 => in_text = true,
            _ => {}
        }
    }
    if depth > 0 {
        pieces.push(&text[start..]);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::bracketed;

    #[test]
    fn pieces_in_brackets() {
        assert_eq!(bracketed(r#"see [1], "x" {"a": ["]"]} [2"#), ["[1]", r#"{"a": ["]"]}"#, "[2"]);
        assert!(bracketed("none ] here").is_empty());
    }
}
