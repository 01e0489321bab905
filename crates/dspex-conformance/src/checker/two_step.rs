//! What the first of two steps has of its own: lists of fields and the instructions without any form to keep, and turns
//! of `name: value`.

use dspex_core::Direction;
use serde_json::Value as Json;

use super::text::markers;
use super::{Expected, same_bytes, system, whole_text};
use crate::corpus::fields_json;
use crate::outcome::{Outcome, text};

/// The system message: the lists, then the instructions, and nothing that looks like a section.
pub(super) fn system_message(expected: &Expected<'_>, want: &str, got: &str) -> Outcome {
    let inputs = fields_json(expected.signature, Direction::Input)?;
    let outputs = fields_json(expected.signature, Direction::Output)?;
    if markers(want) != markers(got) {
        return Err("expected no sections, found some".into());
    }
    let instructions = text(expected.signature, "instructions")?.trim();
    let before = |message: &'_ str| -> Option<String> {
        let before = message.trim_end().strip_suffix(instructions)?;
        before.ends_with(char::is_whitespace).then(|| before.to_owned())
    };
    let want = before(want).ok_or("the corpus' message does not end with the instructions")?;
    let got = before(got).ok_or_else(|| format!("expected the instructions {instructions:?} at the end"))?;
    system::lists(&inputs, &outputs, &want, &got)
}

/// A turn of the user: DSPy's bytes, but for a sentence before what lacks fields.
pub(super) fn user(expected: &Expected<'_>, want: &Json, got: &Json) -> Outcome {
    let inputs = fields_json(expected.signature, Direction::Input)?;
    let names = inputs.iter().map(|f| text(f, "name")).collect::<Result<Vec<_>, _>>()?;
    let (want, got) = (whole_text(want)?, whole_text(got)?);
    let (wanted, found) = (split(&want, &names), split(&got, &names));
    match (wanted.0.is_empty(), found.0.is_empty()) {
        (true, false) => Err("expected no text before the values, found some".into()),
        (false, true) => Err("expected a text before the values, found none".into()),
        _ => same_bytes("values", &wanted.1.into(), &found.1.into()),
    }
}

/// A text that does not start with a value, cut behind its first paragraph.
fn split<'a>(turn: &'a str, names: &[&str]) -> (&'a str, &'a str) {
    let value = |name: &&str| turn.strip_prefix(*name).is_some_and(|rest| rest.starts_with(':'));
    if turn.is_empty() || names.iter().any(value) {
        return ("", turn);
    }
    turn.split_once("\n\n").unwrap_or((turn, ""))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_sentence_before_values() {
        assert_eq!(split("q: 1\n\nk: 2", &["q", "k"]), ("", "q: 1\n\nk: 2"));
        assert_eq!(split("So.\n\nq: 1", &["q"]), ("So.", "q: 1"));
        assert_eq!(split("", &["q"]), ("", ""));
    }
}
