//! Finding JSON objects in a text.

use std::collections::HashSet;

use dspex_core::Value;
use dspex_core::value::Dict;

use crate::parse::coerce::bracketed;
use crate::parse::literal_eval::literal_eval;
use crate::parse::repair::{self, RepairError};

/// Different objects in one text that are looked at. A reply that has more has no one reading anyway: the first two
/// with fields decide.
const MAX_PIECES: usize = 64;

/// An object that was found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Whole {
    /// Its members.
    pub(super) members: Dict,
    /// Whether its text is JSON as it stands.
    pub(super) sound: bool,
    /// The text that it was read from.
    pub(super) text: String,
}

/// The object that DSPy takes: the whole text as JSON, mended where it must be; failing that, the first piece in
/// balanced braces.
pub(super) fn whole(text: &str) -> Result<Option<Whole>, RepairError> {
    let read = repair::loads(text)?;
    if let Value::Dict(members) = read.value {
        return Ok(Some(Whole { members, sound: !read.repaired, text: text.to_owned() }));
    }
    let Some(piece) = balanced(text) else { return Ok(None) };
    let Value::Dict(members) = repair::loads(piece)?.value else { return Ok(None) };
    Ok(Some(Whole { members, sound: false, text: piece.to_owned() }))
}

/// The piece that starts at the first brace that is closed again. Quotes do not count.
fn balanced(text: &str) -> Option<&str> {
    let mut open = Vec::new();
    let mut first: Option<(usize, usize)> = None;
    for (i, b) in text.bytes().enumerate() {
        match b {
            b'{' => open.push(i),
            b'}' => {
                let Some(start) = open.pop() else { continue };
                if first.is_none_or(|(earliest, _)| start < earliest) {
                    first = Some((start, i));
                }
                if open.is_empty() {
                    break;
                }
            }
            _ => {}
        }
    }
    first.map(|(start, end)| &text[start..=end])
}

/// The objects in brackets of their own, and those in lists; of pieces that are alike one, and no more than
/// [`MAX_PIECES`] pieces.
///
/// What was read already, as a whole and with mending, is not read again.
pub(super) fn objects(text: &str, read: Option<&Whole>) -> Vec<Whole> {
    let all_of_it = read.filter(|w| !w.sound && w.text.len() == text.len());
    let mut seen: HashSet<&str> = all_of_it.iter().map(|w| w.text.trim()).collect();
    let pieces = bracketed(text).into_iter().filter(|p| p.len() > 2 && p.contains('{') && seen.insert(*p));
    pieces.take(MAX_PIECES).flat_map(in_piece).collect()
}

fn in_piece(piece: &str) -> Vec<Whole> {
    let Ok(read) = repair::loads(piece) else { return Vec::new() };
    let sound = !read.repaired;
    // A list of Python's is as clear as one of JSON; what must be mended is looked at only where it is an object.
    let value = if sound || piece.starts_with('{') { Some(read.value) } else { literal_eval(piece).ok() };
    let one = |value| match value {
        Value::Dict(members) => Some(Whole { members, sound, text: piece.to_owned() }),
        _ => None,
    };
    match value {
        Some(Value::List(items)) => items.into_iter().filter_map(one).collect(),
        other => other.and_then(one).into_iter().collect(),
    }
}

/// The keys of a sound object that come more than once with different values: the key, an earlier value, the last.
pub(super) fn repeated(text: &str) -> Vec<(String, Value, Value)> {
    let members = repair::members(text).unwrap_or_default();
    let mut last = Dict::new();
    let mut out = Vec::new();
    for (key, value) in members {
        if let Some(earlier) = last.insert(Value::from(key.as_str()), value.clone())
            && earlier != value
        {
            out.push((key, earlier, value));
        }
    }
    out
}

/// Whether a text ends within the first object that it opens, so that the last value may lack its end. Where only
/// closing braces lack, every value has ended.
pub(super) fn is_cut_off(text: &str) -> bool {
    text.find('{').is_some_and(|start| ends_within(&text[start..]))
}

/// The same for a text that starts with a bracket or brace.
pub(in crate::parse) fn ends_within(text: &str) -> bool {
    let text = text.trim_end().trim_end_matches('`').trim_end();
    if text.ends_with('}') {
        return false;
    }
    let (mut depth, mut in_text, mut escaped) = (0usize, false, false);
    for c in text.chars() {
        if in_text {
            (escaped, in_text) = (c == '\\' && !escaped, c != '"' || escaped);
            continue;
        }
        match c {
            '"' => in_text = true,
            '{' | '[' => depth += 1,
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return false;
                }
            }
            _ => {}
        }
    }
    let ended = ["true", "false", "null", "\"", "'", "]", ","].iter().any(|end| text.ends_with(end));
    in_text || depth > 1 || !ended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_brace_that_is_closed_again() {
        assert_eq!(balanced("a {b {c} {d}"), Some("{c}"));
        assert_eq!(balanced("} {a {b}} {c}"), Some("{a {b}}"));
        assert_eq!(balanced("{é}"), Some("{é}"));
        assert_eq!(balanced("{ ["), None);
    }

    #[test]
    fn where_a_text_is_cut_off() {
        for cut in
            [r#"{"a": "Par"#, r#"{"a": 1"#, r#"{"a": ["x", "y""#, r#"{"a": "x", "b":"#, "```\n{\"a\": \"x"]
        {
            assert!(is_cut_off(cut), "{cut}");
        }
        for whole in
            [r#"{"a": "x""#, r#"{"a": true"#, r#"{"a": [1]"#, r#"{"a": 1} and"#, "{\"a\": \"x\n}", "none"]
        {
            assert!(!is_cut_off(whole), "{whole}");
        }
    }

    #[test]
    fn keys_that_come_twice() {
        let text = r#"{"a": 1, "b": {"a": 3}, "a": 2, "b": {"a": 3}}"#;
        assert_eq!(repeated(text), [("a".to_owned(), Value::from(1), Value::from(2))]);
        assert_eq!(repeated("[1]"), []);
    }
}
