//! What the XML form has of its own: values between tags, and tags inside tags.

use dspex_core::Direction;
use serde_json::Value as Json;

use super::text::Sections;
use super::{Expected, names as field_names, same_bytes};
use crate::outcome::Outcome;

/// The names in the tags in backticks and, behind them, every structure of tags inside tags, in the order of a
/// reminder.
pub(super) fn names(reminder: &str) -> Vec<&str> {
    let quoted = reminder.split('`').skip(1).step_by(2);
    let mut out: Vec<&str> = quoted.filter(|q| q.starts_with('<') && q.ends_with('>')).collect();
    let behind = reminder.rsplit('`').next().unwrap_or_default();
    // Sentences have no tags, so all from the first to the last is structure.
    if let (Some(start), Some(end)) = (behind.find('<'), behind.rfind('>')) {
        out.push(&behind[start..=end]);
    }
    out
}

/// Cuts a text at the start tags of fields that open a line of their own, each field once and in order.
pub(super) fn cut<'a>(text: &'a str, fields: &[&'a str]) -> Sections<'a> {
    let mut starts = Vec::new();
    let mut at = 0;
    for name in fields {
        let tag = format!("<{name}>\n");
        let found = text[at..].match_indices(&tag).map(|(i, _)| at + i);
        // The first may stand anywhere; each further one behind the end of the one before.
        let mut found = found.filter(|i| *i == 0 || text[..*i].ends_with('\n'));
        if let Some(start) = found.next() {
            at = start + tag.len();
            starts.push((start, *name, at));
        }
    }
    let end = |i: usize| starts.get(i + 1).map_or(text.len(), |(next, ..)| *next);
    Sections {
        before: &text[..starts.first().map_or(text.len(), |(start, ..)| *start)],
        sections: starts
            .iter()
            .enumerate()
            .map(|(i, (_, name, from))| (*name, &text[*from..end(i)]))
            .collect(),
    }
}

/// The turn of a demonstration: DSPy's bytes, but for the outputs that it lacks.
pub(super) fn assistant(
    expected: &Expected<'_>,
    want: &Json,
    got: &Json,
    lacking: &[String],
    missing_output: Option<&str>,
) -> Outcome {
    let (Some(text), Some(missing)) = (want["content"].as_str(), missing_output) else {
        return same_bytes("content", &want["content"], &got["content"]);
    };
    let outputs = field_names(expected, Direction::Output)?;
    let mut out = String::new();
    let mut rest = text;
    for name in outputs.iter().filter(|name| lacking.iter().any(|l| l == *name)) {
        let (open, close) = (format!("<{name}>\n"), format!("\n</{name}>"));
        let start = rest.find(&open).ok_or("the corpus' message lacks a tag")? + open.len();
        let end = start + rest[start..].find(&close).ok_or("the corpus' message lacks an end tag")?;
        out.push_str(&rest[..start]);
        out.push_str(missing);
        rest = &rest[end..];
    }
    out.push_str(rest);
    same_bytes("content", &Json::from(out), &got["content"])
}

/// Where values go: for each field in order its block, with what stands behind the place of its value, or its structure
/// as the corpus has it; the blocks have blank lines between them.
pub(super) fn find_blocks(
    text: &str,
    inputs: &[&str],
    outputs: &[&str],
) -> Option<(usize, usize, Vec<String>)> {
    let all: Vec<&str> = [inputs, outputs].concat();
    let first = all.first()?;
    // Descriptions may hold tags, so every start is tried.
    text.match_indices(&format!("<{first}>")).find_map(|(start, _)| {
        if start != 0 && !text[..start].ends_with('\n') {
            return None;
        }
        let mut hints = Vec::with_capacity(all.len());
        let mut at = start;
        for (i, name) in all.iter().enumerate() {
            if i > 0 {
                at += text[at..].starts_with("\n\n").then_some(2)?;
            }
            let (hint, length) = block(&text[at..], name, i >= inputs.len())?;
            hints.push(hint);
            at += length;
        }
        (at == text.len() || text[at..].starts_with('\n')).then_some((start, at, hints))
    })
}

/// What a block shows behind the place of its value, or the structure that it is; and its length.
fn block(text: &str, name: &str, may_be_nested: bool) -> Option<(String, usize)> {
    let (place, close) = (format!("<{name}>\n{{{name}}}"), format!("\n</{name}>"));
    if let Some(rest) = text.strip_prefix(&place) {
        let end = rest.find(&close)?;
        return Some((rest[..end].to_owned(), place.len() + end + close.len()));
    }
    let line = text.split('\n').next()?;
    let nested = line.starts_with(&format!("<{name}>")) && line.ends_with(&format!("</{name}>"));
    (nested && may_be_nested).then(|| (line.to_owned(), line.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_what_they_show() {
        let text = "x\n\n<a>\n{a}\n</a>\n\n<b>\n{b}  # n\n</b>\n\n<c><item>...</item></c>\nend";
        let (start, end, hints) = find_blocks(text, &["a"], &["b", "c"]).unwrap();
        assert_eq!((start, &text[end..]), (3, "\nend"));
        assert_eq!(hints, ["", "  # n", "<c><item>...</item></c>"]);
        assert_eq!(find_blocks(text, &["a"], &["c", "b"]), None);
        assert_eq!(find_blocks(&text.replace("{b}", "b"), &["a"], &["b", "c"]), None);
    }

    #[test]
    fn tags_of_a_reminder() {
        assert_eq!(names("Write `<a>`, `<b>`. So: <b><x>...</x></b>"), ["<a>", "<b>", "<b><x>...</x></b>"]);
    }

    #[test]
    fn a_turn_is_cut_at_its_fields() {
        let cut = cut("Hi\n\n<a>\n1\n<b>\n</a>\n\n<b>\n2\n</b>", &["a", "c"]);
        assert_eq!(
            (cut.before, cut.sections.as_slice()),
            ("Hi\n\n", &[("a", "1\n<b>\n</a>\n\n<b>\n2\n</b>")][..])
        );
    }
}
