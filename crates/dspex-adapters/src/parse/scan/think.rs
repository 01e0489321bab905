//! What the model thought before it answered, between tags in its reply.

use std::borrow::Cow;

use dspex_core::{Error, ErrorKind, Note, ParsePolicy, ParseRule, Result, Signature};

use super::marker::mark;
use crate::parse::repair;

/// The names of tags that models think between.
const NAMES: [&str; 4] = ["think", "thinking", "reasoning", "thought"];

/// A tag of thinking.
#[derive(Clone, Copy, Debug)]
struct Tag {
    start: usize,
    end: usize,
    closes: bool,
    name: &'static str,
}

/// The reply without what was thought before, between and after the fields, and a note if there was any.
///
/// Thinking within a value stays where it is: the value may be about it.
pub(in crate::parse) fn without_thinking<'t>(
    text: &'t str,
    signature: &Signature,
    policy: &ParsePolicy,
) -> Result<(Cow<'t, str>, Option<Note>)> {
    if !policy.applies(ParseRule::ThinkBlock) {
        return Ok((Cow::Borrowed(text), None));
    }
    let tags = tags(text, signature);
    // In a reply that is JSON as it stands, tags are within its values.
    let is_json = || text.trim_start().starts_with('{') && repair::is_json(text);
    if tags.is_empty() || is_json() {
        return Ok((Cow::Borrowed(text), None));
    }
    let thoughts = thoughts(text, &tags).ok_or_else(|| {
        let expected = signature.outputs().iter().map(|f| f.name.clone()).collect();
        Error::new(ErrorKind::TruncatedThinking { expected })
    })?;
    if thoughts.is_empty() {
        return Ok((Cow::Borrowed(text), None));
    }
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    for &(start, end) in &thoughts {
        kept.push_str(&text[from..start]);
        from = end;
    }
    kept.push_str(&text[from..]);
    let (start, end) = thoughts[0];
    let note = Note::new(ParseRule::ThinkBlock, None, "what the model thought was left out");
    Ok((Cow::Owned(kept), Some(note.change(&text[start..end], ""))))
}

fn tags(text: &str, signature: &Signature) -> Vec<Tag> {
    let is_field = |name: &str| signature.fields().any(|f| f.name.eq_ignore_ascii_case(name));
    let names: Vec<&'static str> = NAMES.into_iter().filter(|n| !is_field(n)).collect();
    text.match_indices('<').filter_map(|(at, _)| tag(text, at, &names)).collect()
}

fn tag(text: &str, at: usize, names: &[&'static str]) -> Option<Tag> {
    let rest = &text.as_bytes()[at + 1..];
    let closes = rest.first() == Some(&b'/');
    let rest = &rest[usize::from(closes)..];
    let len = rest.iter().take(10).take_while(|b| b.is_ascii_alphabetic()).count();
    let name = *names.iter().find(|n| n.as_bytes().eq_ignore_ascii_case(&rest[..len]))?;
    let blanks = rest[len..].iter().take(4).take_while(|b| **b == b' ').count();
    (rest.get(len + blanks) == Some(&b'>')).then(|| Tag {
        start: at,
        end: at + 1 + usize::from(closes) + len + blanks + 1,
        closes,
        name,
    })
}

/// The ranges of thinking at the edges of fields; none where the reply ends within one.
fn thoughts(text: &str, tags: &[Tag]) -> Option<Vec<(usize, usize)>> {
    let mut out: Vec<(usize, usize)> = Vec::new();
    let mut i = 0;
    // A closing tag before any other and before any marker: the opening one stood in the prompt.
    let first_marker = first_marker(text);
    let lead = tags.iter().take_while(|t| t.closes || t.start < first_marker);
    let opened_first = tags.first().is_some_and(|t| !t.closes);
    if !opened_first
        && let Some(last) =
            lead.clone().filter(|t| t.closes && (t.start < first_marker || drafts(text, t))).last()
    {
        out.push((0, last.end));
        i = tags.iter().position(|t| t.start >= last.end).unwrap_or(tags.len());
    }
    while let Some(open) = tags.get(i) {
        i += 1;
        if open.closes || !at_edge_before(text, open.start, out.last()) && !starts_line(text, open.start) {
            continue;
        }
        let Some(close) = (i..tags.len()).find(|j| tags[*j].closes && tags[*j].name == open.name) else {
            if at_edge_before(text, open.start, out.last()) && !is_answered(text, open.end) {
                return None;
            }
            // Without its end, thinking goes up to the first marker; behind one, it is all that the field says.
            let in_field = text[..open.start].trim_end().ends_with("]]");
            if !in_field && at_edge_before(text, open.start, out.last()) {
                out.push((open.start, marker_after(text, open.end)));
            }
            break;
        };
        // Thinking that speaks of the tags ends with the last of several closing ones.
        let mut last = close;
        while tags.get(last + 1).is_some_and(|t| t.closes && t.name == open.name)
            && !text[tags[last].end..tags[last + 1].start].contains("[[")
        {
            last += 1;
        }
        let end = tags[last].end;
        if at_edge_before(text, open.start, out.last()) || at_edge_after(text, end) {
            out.push((open.start, end));
        }
        i = last + 1;
    }
    Some(out)
}

/// Whether a complete answer follows a closing tag that stands behind markers: what is before it was a draft.
fn drafts(text: &str, tag: &Tag) -> bool {
    starts_line(text, tag.start) && strip_marks(&text[tag.end..]).starts_with("[[")
}

fn first_marker(text: &str) -> usize {
    text.find("[[ ## ").unwrap_or(text.len())
}

fn marker_after(text: &str, from: usize) -> usize {
    text[from..].find("[[ ## ").map_or(text.len(), |at| from + at)
}

/// Whether the answer is whole in spite of thinking that is not closed: it ends with the closing marker.
fn is_answered(text: &str, from: usize) -> bool {
    let rest = text[from..].trim_end();
    rest.rfind("[[").is_some_and(|at| {
        mark(&rest[at..]).is_some_and(|m| m.name == super::marker::COMPLETED && at + m.len == rest.len())
            && rest[..at].contains("[[ ## ")
    })
}

fn starts_line(text: &str, at: usize) -> bool {
    let before = text[..at].trim_end_matches([' ', '\t']);
    before.is_empty() || before.ends_with('\n')
}

/// Whether nothing but markers and earlier thinking stands before a place.
fn at_edge_before(text: &str, at: usize, earlier: Option<&(usize, usize)>) -> bool {
    let from = earlier.map_or(0, |(_, end)| *end);
    let before = text[from..at].trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '`' | ':'));
    before.is_empty() && (from == 0 || text[..from].ends_with('>')) || before.ends_with("]]")
}

/// Whether a marker or the end follows a place.
fn at_edge_after(text: &str, at: usize) -> bool {
    let rest = strip_marks(&text[at..]);
    rest.is_empty() || rest.starts_with("[[")
}

fn strip_marks(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '`' | '#' | '>'))
}
