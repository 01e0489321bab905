//! Several values where one is wanted: of two lists in a text, DSPy takes the last.

use dspex_core::{FieldType, ParsePolicy, Value};

use super::{Coercion, Walk};
use crate::parse::repair;

/// Whether the text has two or more values of the type, each in brackets of its own, that are not the same.
///
/// What is in brackets and not of the type, such as a reference `[1]` beside an object, is no reading.
pub(super) fn differ(text: &str, ty: &FieldType, policy: &ParsePolicy) -> bool {
    let mut first: Option<Value> = None;
    for piece in bracketed(text) {
        let Ok(read) = repair::loads(piece) else { continue };
        let mut cx = Coercion::new(policy, "");
        let Ok(value) = Walk::new(&mut cx).validate(&read.value, ty) else { continue };
        match &first {
            Some(first) if *first != value => return true,
            Some(_) => {}
            None => first = Some(value),
        }
    }
    false
}

/// The pieces of the text that stand in brackets, without those inside others.
fn bracketed(text: &str) -> Vec<&str> {
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
