//! Replies without a marker and without an object: fields between tags, on lines with their names, or the whole reply
//! as the only output. Each is taken only where it is the one reading.

use dspex_core::{Field, FieldType, Note, ParsePolicy, ParseRule, Record, Signature};

use super::coerce::{self, Coercion};
use super::may_be_missing;
use super::object;
use super::scan::{self, Section, plain_name, split_lines, strip};

/// How models start to say that they will not answer.
const REFUSALS: [&str; 9] = [
    "i'm sorry",
    "i’m sorry",
    "i am sorry",
    "sorry, ",
    "i can't ",
    "i can’t ",
    "i cannot ",
    "i'm unable",
    "as an ai",
];

/// Longer text is no number, choice, date or the like, in bytes.
const MAX_SINGLE: usize = 8000;

/// The sections of such a reply, and the note that says how they were found.
pub(super) fn sections(
    text: &str,
    signature: &Signature,
    policy: &ParsePolicy,
) -> Option<(Vec<Section>, Note)> {
    if scan::has_markers(text) {
        return None;
    }
    if policy.applies(ParseRule::TaggedReply)
        && let Some(sections) = tagged(text, signature)
    {
        let note = Note::new(ParseRule::TaggedReply, None, "the fields stood between tags of their names");
        return Some((sections, note));
    }
    if policy.applies(ParseRule::LabelledReply)
        && let Some(sections) = labelled(text, signature)
    {
        let note = Note::new(ParseRule::LabelledReply, None, "the fields stood on lines with their names");
        return Some((sections, note));
    }
    None
}

fn is_whole(sections: &[Section], signature: &Signature) -> bool {
    !sections.is_empty()
        && signature.outputs().iter().all(|f| may_be_missing(f) || sections.iter().any(|s| s.name == f.name))
}

/// Fields between tags, each once, none inside another.
fn tagged(text: &str, signature: &Signature) -> Option<Vec<Section>> {
    if !text.contains("</") {
        return None;
    }
    let mut found: Vec<(usize, usize, Section)> = Vec::new();
    for field in signature.outputs() {
        let (open, close) = (format!("<{}>", field.name), format!("</{}>", field.name));
        let mut starts = text.match_indices(&open);
        let mut ends = text.match_indices(&close);
        match (starts.next(), starts.next(), ends.next(), ends.next()) {
            (Some((start, _)), None, Some((end, _)), None) if start < end => {
                let inner = strip(&text[start + open.len()..end]).to_owned();
                found.push((start, end, Section { name: field.name.clone(), text: inner }));
            }
            (None, None, None, None) => {}
            _ => return None,
        }
    }
    found.sort_by_key(|(start, _, _)| *start);
    let apart = found.windows(2).all(|w| w[0].1 < w[1].0);
    let sections: Vec<Section> = found.into_iter().map(|(_, _, s)| s).collect();
    (apart && is_whole(&sections, signature)).then_some(sections)
}

/// Fields on lines that start with their names and a colon, each once.
fn labelled(text: &str, signature: &Signature) -> Option<Vec<Section>> {
    let names: Vec<(String, &Field)> = signature.outputs().iter().map(|f| (plain_name(&f.name), f)).collect();
    let mut sections: Vec<(usize, Vec<&str>)> = Vec::new();
    for line in split_lines(text) {
        match label(line, &names) {
            Some((at, rest)) => {
                if sections.iter().any(|(other, _)| *other == at) {
                    return None;
                }
                sections.push((at, vec![rest]));
            }
            None => {
                if let Some((_, lines)) = sections.last_mut() {
                    lines.push(line);
                }
            }
        }
    }
    let last = sections.len().checked_sub(1)?;
    let sections: Vec<Section> = sections
        .into_iter()
        .map(|(at, lines)| Section {
            name: names[at].1.name.clone(),
            text: strip(&lines.join("\n")).to_owned(),
        })
        .collect();
    // Where the last value ends, no label says: what comes after a blank line may be a remark.
    let ends = !sections[last].text.contains("\n\n") && !sections[last].text.contains("\r\n\r\n");
    (ends && is_whole(&sections, signature) && sections.iter().all(|s| !s.text.is_empty()))
        .then_some(sections)
}

/// The field whose name a line starts with, and what stands after the colon.
fn label<'l>(line: &'l str, names: &[(String, &Field)]) -> Option<(usize, &'l str)> {
    let bare = line.trim_start_matches([' ', '\t', '*', '_', '#', '>', '-', '`']);
    let (name, rest) = bare.get(..200).unwrap_or(bare).find(':').map(|at| (&bare[..at], &bare[at + 1..]))?;
    let name = plain_name(name.trim_end_matches(['*', '_', '`', ' ']));
    let at = names.iter().position(|(n, _)| *n == name)?;
    Some((at, rest.trim_start_matches(['*', '_', '`']).trim()))
}

/// The whole reply as the only output. One that is `too_much` to be read as JSON can only be text.
pub(super) fn bare(
    text: &str,
    signature: &Signature,
    policy: &ParsePolicy,
    too_much: bool,
) -> Option<(Record, Vec<Note>)> {
    let [field] = signature.outputs() else { return None };
    let text = strip(text);
    // What is left of a list or an object says nothing of the rest.
    let cut =
        policy.applies(ParseRule::Truncated) && text.starts_with(['{', '[']) && object::ends_within(text);
    if !policy.applies(ParseRule::BareReply)
        || cut
        || (too_much && !takes_any_text(&field.ty))
        || !may_be_bare(text, field)
    {
        return None;
    }
    let mut coercion = Coercion::of(policy, field);
    let value = coerce::coerce_text(text, &field.ty, &mut coercion).ok()?;
    let shown = value.to_text().unwrap_or_default();
    let note = Note::new(ParseRule::BareReply, Some(&field.name), "the whole reply was taken as its value");
    let mut notes = vec![note.change(text, &shown)];
    notes.extend(coercion.into_notes());
    Some((Record::new().with(&*field.name, value), notes))
}

fn takes_any_text(ty: &FieldType) -> bool {
    match ty {
        FieldType::Str => true,
        FieldType::Union(u) => u.options.contains(&FieldType::Str),
        _ => false,
    }
}

fn may_be_bare(text: &str, field: &Field) -> bool {
    let names = [(plain_name(&field.name), field)];
    let is_labelled = || split_lines(text).any(|line| label(line, &names).is_some());
    if text.is_empty() || scan::has_markers(text) || is_refusal(text) || is_labelled() {
        return false;
    }
    if takes_any_text(&field.ty) {
        // An object, or what is left of one, is not what was asked for; nor are other tags or the words for nothing.
        return !text.starts_with(['{', '[', '<'])
            && !text.contains(&format!("<{}>", field.name))
            && !text.contains("{\"");
    }
    let has_items = matches!(
        field.ty,
        FieldType::List(_)
            | FieldType::Set(_)
            | FieldType::FrozenSet(_)
            | FieldType::Tuple(_)
            | FieldType::Dict(_)
            | FieldType::Struct(_)
            | FieldType::Union(_)
    );
    if !has_items && text.len() > MAX_SINGLE {
        return false;
    }
    !matches!(field.ty, FieldType::Any | FieldType::Bytes | FieldType::Schema(_) | FieldType::Special(_))
}

fn is_refusal(text: &str) -> bool {
    let start: String = text.chars().take(24).flat_map(char::to_lowercase).collect();
    REFUSALS.iter().any(|r| start.starts_with(r))
}
