//! Markers within lines, where not every output has one at the start of a line.

use dspex_core::{Note, ParsePolicy, ParseRule, Signature};

use super::lines::strip;
use super::marker::{self, COMPLETED, mark};
use super::{Scanned, Section};

/// A marker of the signature somewhere in the text.
#[derive(Clone, Copy, Debug)]
struct Found<'s> {
    name: &'s str,
    start: usize,
    end: usize,
}

/// Sections whose markers stand anywhere, where that gives every output once.
pub(super) fn inline(text: &str, signature: &Signature, policy: &ParsePolicy) -> Option<Scanned> {
    let all = marks(text, signature, policy);
    let counts = |found: &[Found<'_>]| {
        let once = |name: &str| found.iter().filter(|f| f.name == name).count() == 1;
        signature.outputs().iter().all(|f| once(&f.name))
    };
    let headers: Vec<Found<'_>> =
        all.iter().enumerate().filter(|(i, f)| is_header(text, f, all.get(i + 1))).map(|(_, f)| *f).collect();
    let found = if counts(&headers) {
        headers
    } else if counts(&all) && one_line(text, &all) {
        all
    } else {
        return None;
    };
    let sections = found
        .iter()
        .enumerate()
        .map(|(i, f)| {
            let end = found.get(i + 1).map_or(text.len(), |next| next.start);
            Section { name: f.name.to_owned(), text: body(text, f, end).to_owned() }
        })
        .collect();
    let written: Vec<&str> = found.iter().map(|f| &text[f.start..f.end]).collect();
    let note = Note::new(ParseRule::InlineHeader, None, "markers stood within lines")
        .change(&written.join(" ... "), "sections");
    Some(Scanned { sections, notes: vec![note] })
}

/// All markers of fields and the closing one, in order.
fn marks<'s>(text: &str, signature: &'s Signature, policy: &ParsePolicy) -> Vec<Found<'s>> {
    let mut found = Vec::new();
    // No marker is without this sign, and some texts have brackets without end.
    if !text.contains('#') {
        return found;
    }
    let mut from = 0;
    for (at, _) in text.match_indices('[') {
        if at < from || !text[at + 1..].starts_with('[') {
            continue;
        }
        match mark(&text[at..]) {
            Some(m) if !is_key(text, at, at + m.len) => {
                if let Some(name) = marker::resolve(&m, signature, policy) {
                    found.push(Found { name, start: at, end: at + m.len });
                }
                from = at + m.len;
            }
            _ => from = at + 1,
        }
    }
    found
}

/// Whether a marker is the key of a JSON object.
pub(super) fn is_key(text: &str, start: usize, end: usize) -> bool {
    text[..start].ends_with(['"', '\''])
        && text[end..].strip_prefix(['"', '\'']).is_some_and(|rest| rest.trim_start().starts_with(':'))
}

/// What stands under a marker. Marks that stand around the marker are not of the value.
fn body<'t>(text: &'t str, found: &Found<'_>, end: usize) -> &'t str {
    let mut body = &text[found.end..end];
    for mark in ["**", "`", "*", "__"] {
        if text[..found.start].ends_with(mark) {
            body = body.strip_prefix(mark).unwrap_or(body);
        }
        // The marks before the next marker belong to it.
        if text[end..].starts_with("[[") && after_mark(text, end).starts_with(mark) {
            body = body.strip_suffix(mark).unwrap_or(body);
        }
    }
    strip(body)
}

/// What stands behind the marker at a place.
fn after_mark(text: &str, at: usize) -> &str {
    mark(&text[at..]).map_or("", |m| &text[at + m.len..])
}

/// Whether a marker within a line starts a section, and is not only spoken of: it ends its line, or it is glued to the
/// text before it, or a sentence ends before it, or the next marker follows on its line.
fn is_header(text: &str, found: &Found<'_>, next: Option<&Found<'_>>) -> bool {
    let before = &text[..found.start];
    let decorated = before.trim_end_matches(['*', '`', '#', '_', '>', '~', '-']);
    let after = text[found.end..].trim_start_matches(['*', '`', ':', '_', '~']);
    let blank = |c: char| c == ' ' || c == '\t';
    if decorated.trim_end_matches(blank).ends_with(['\n', '\r']) || strip(decorated).is_empty() {
        return true;
    }
    if before.ends_with(['"', '\'', '(']) {
        return false;
    }
    let rest = after.trim_start_matches(blank);
    let ends_line = rest.is_empty() || rest.starts_with(['\n', '\r']);
    if ends_line {
        // `as in [[ ## a ## ]]` at the end of a line may be spoken of where the line after it is a marker's own.
        return !next.is_some_and(|n| strip(&text[found.end..n.start]).is_empty());
    }
    let glued = !decorated.ends_with(char::is_whitespace);
    let sentence = decorated.trim_end().ends_with(['.', '!', '?', ':', ';', ')', ']', '}', '`', '"']);
    let closed = next.is_some_and(|n| !text[found.end..n.start].contains('\n'));
    glued || sentence || (!is_spoken_of(text, found) && (found.name == COMPLETED || closed))
}

/// Whether a marker stands in the middle of a sentence.
fn is_spoken_of(text: &str, found: &Found<'_>) -> bool {
    let before = text[..found.start].trim_end_matches([' ', '\t']);
    let after = text[found.end..].trim_start_matches([' ', '\t']);
    before.ends_with(|c: char| c.is_alphanumeric() || c == ',') && after.starts_with(char::is_lowercase)
}

/// Whether all markers but the closing one stand on one line, or none of them starts one.
fn one_line(text: &str, found: &[Found<'_>]) -> bool {
    let mut outputs = found.iter().filter(|f| f.name != COMPLETED);
    let (Some(first), last) = (outputs.next(), outputs.next_back()) else { return false };
    let starts_line =
        |f: &Found<'_>| text[..f.start].rsplit('\n').next().is_some_and(|before| strip(before).is_empty());
    let together = !text[first.start..last.unwrap_or(first).start].contains('\n');
    !is_spoken_of(text, first) && (together || !found.iter().any(|f| f.name != COMPLETED && starts_line(f)))
}
