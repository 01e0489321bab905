//! Finding the sections of a completion. What stands in them is not looked at here.

mod echo;
mod inline;
mod lines;
mod marker;
mod think;

use dspex_core::{FieldType, Note, ParsePolicy, ParseRule, Signature, Special};

use self::lines::is_space;
pub(crate) use self::lines::{split_lines, strip};
pub(super) use self::marker::plain_name;
use self::marker::{COMPLETED, Shape, exact, known_name, mark};
pub(super) use self::think::without_thinking;

/// A section of an output field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section {
    /// The field.
    pub(super) name: String,
    /// What stands under its marker, without white space around it.
    pub(super) text: String,
}

/// Sections in the order of the completion, and what was mended to find them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scanned {
    pub(super) sections: Vec<Section>,
    pub(super) notes: Vec<Note>,
}

/// What may stand around a marker at the start of a line.
const DECORATION: [char; 10] = ['>', '*', '_', '#', '`', '~', '-', '"', '\'', '\u{201c}'];

/// The most markers of which it is noted how they were written: a thousand tell as much as a hundred thousand.
const MAX_NOTES: usize = 1000;

pub(super) fn scan(text: &str, signature: &Signature, policy: &ParsePolicy) -> Scanned {
    let mut scanned = by_lines(text, signature, policy);
    let found = |scanned: &Scanned, name: &str| scanned.sections.iter().any(|s| s.name == name);
    if policy.applies(ParseRule::InlineHeader)
        && signature.outputs().iter().any(|f| !found(&scanned, &f.name))
        && let Some(inline) = inline::inline(text, signature, policy)
    {
        scanned = inline;
    }
    if policy.applies(ParseRule::FencedReply) {
        cut_fence(text, &mut scanned);
    }
    if signature.field(COMPLETED).is_none() {
        if policy.applies(ParseRule::CompletedInline) {
            cut_closing_marker(&mut scanned, policy);
        }
        echo::resolve(&mut scanned, signature, policy);
    }
    scanned.sections.retain(|s| signature.outputs().iter().any(|f| f.name == s.name));
    scanned
}

/// Whether a text has anything like a marker, so that it is no answer without markers.
pub(super) fn has_markers(text: &str) -> bool {
    text.contains('#') && text.match_indices('[').any(|(at, _)| mark(&text[at..]).is_some())
}

/// The plain name in a key of JSON, which may be written as a marker.
pub(super) fn plain_key(key: &str) -> String {
    match mark(key.trim()) {
        Some(mark) if mark.len == key.trim().len() => plain_name(mark.name),
        _ => plain_name(key),
    }
}

/// Whether the closing marker ends a text.
pub(super) fn is_completed(text: &str, policy: &ParsePolicy) -> bool {
    let text = text.trim_end().trim_end_matches(['*', '`', '.']);
    text.rfind("[[").is_some_and(|at| {
        mark(&text[at..]).is_some_and(|m| at + m.len == text.len() && marker::is_closing(m.name, policy))
    })
}

/// A section that is being read.
struct Open<'t> {
    name: String,
    lines: Vec<&'t str>,
    /// Whether its marker was quoted, as `> [[ ## answer ## ]]`.
    quoted: bool,
}

/// Sections whose markers start a line.
fn by_lines(text: &str, signature: &Signature, policy: &ParsePolicy) -> Scanned {
    let mut scanned = Scanned::default();
    let mut open: Option<Open<'_>> = None;
    for line in split_lines(text) {
        match header(line, signature, policy, &mut scanned.notes) {
            Some((name, rest)) => {
                if let Some(open) = &mut open
                    && line.trim_start().starts_with("```")
                    && fences(&open.lines) % 2 == 1
                {
                    // The end of the value's fence, with the next marker glued to it.
                    open.lines.push("```");
                }
                close(&mut scanned, open.take(), text, signature, policy);
                let quoted = line.trim_start().starts_with('>');
                open = Some(Open { name, lines: if rest.is_empty() { vec![] } else { vec![rest] }, quoted });
            }
            None => {
                if let Some(open) = &mut open {
                    open.lines.push(line);
                }
            }
        }
    }
    close(&mut scanned, open, text, signature, policy);
    scanned
}

/// How many lines start with a fence.
fn fences(lines: &[&str]) -> usize {
    lines.iter().filter(|l| l.trim_start().starts_with("```")).count()
}

fn close(
    scanned: &mut Scanned,
    open: Option<Open<'_>>,
    text: &str,
    signature: &Signature,
    policy: &ParsePolicy,
) {
    let Some(Open { name, mut lines, quoted }) = open else { return };
    let quote = |line: &&str| line.trim_start().starts_with('>');
    if quoted && lines.iter().all(|l| quote(l) || l.trim().is_empty()) {
        for line in &mut lines {
            let inner = line.trim_start().trim_start_matches('>');
            *line = inner.strip_prefix(' ').unwrap_or(inner);
        }
        scanned.sections.push(Section { name, text: strip(&lines.join("\n")).to_owned() });
        return;
    }
    // DSPy makes every line end a line feed, also those that only Python takes for one.
    let joined = strip(&lines.join("\n")).to_owned();
    let text = match span(text, &lines).map(strip) {
        Some(span) if policy.applies(ParseRule::LineEnds) && *span != joined => {
            // Between the parts of other values they are nothing but space.
            if signature.field(&name).is_some_and(|f| is_verbatim(&f.ty)) {
                let message = "kept its line ends, of which some are no line feeds";
                scanned.notes.push(Note::new(ParseRule::LineEnds, Some(&name), message));
            }
            span.to_owned()
        }
        _ => joined,
    };
    scanned.sections.push(Section { name, text });
}

/// Whether text of a type is its value as it stands.
fn is_verbatim(ty: &FieldType) -> bool {
    match ty {
        FieldType::Union(u) => u.options.iter().any(is_verbatim),
        FieldType::Any | FieldType::Special(Special::Code(_)) => true,
        ty => ty.is_text(),
    }
}

/// What lines that follow each other take of the text, line ends between them as they are; nothing where one is not of
/// the text.
fn span<'t>(text: &'t str, lines: &[&'t str]) -> Option<&'t str> {
    let offset = |line: &str| (line.as_ptr() as usize).checked_sub(text.as_ptr() as usize);
    let (first, last) = (lines.first()?, lines.last()?);
    let end = offset(last)?.checked_add(last.len())?;
    text.get(offset(first)?..end)
}

/// The name in the marker at the start of a line, and what stands after it.
fn header<'a>(
    line: &'a str,
    signature: &Signature,
    policy: &ParsePolicy,
    notes: &mut Vec<Note>,
) -> Option<(String, &'a str)> {
    if !line.contains('[') {
        return None;
    }
    let stripped = strip(line);
    // A marker that is not ours came in with a value and is text.
    if let Some((name, after)) = exact(stripped, policy).filter(|(name, _)| policy.may_mark(name)) {
        let indent = line.len() - line.trim_start_matches(is_space).len();
        let rest = strip(after);
        if indent > 0 && !policy.applies(ParseRule::IndentedHeader) {
            // DSPy finds the marker in the stripped line and cuts the line that is not stripped.
            return Some((name.to_owned(), strip(cut_chars(line, stripped, after))));
        }
        if indent > 0 && notes.len() < MAX_NOTES && signature.outputs().iter().any(|f| f.name == name) {
            let note = Note::new(ParseRule::IndentedHeader, Some(name), "its marker was indented");
            notes.push(note.change(line, rest));
        }
        let name = known_name(name, signature, policy, notes);
        let bare = if policy.applies(ParseRule::HeaderDecoration) { without_colon(rest) } else { rest };
        if bare.len() != rest.len() {
            let note = Note::new(ParseRule::HeaderDecoration, Some(&name), "marks stood behind its marker");
            notes.push(note.change(rest, bare));
        }
        return Some((name, bare));
    }
    if policy.is_compat() { None } else { loose(line, signature, policy, notes) }
}

/// What stands behind a marker, without a colon that belongs to the marker.
fn without_colon(rest: &str) -> &str {
    match rest.strip_prefix(':') {
        Some(after) if after.is_empty() || after.starts_with(char::is_whitespace) => strip(after),
        _ => rest,
    }
}

/// The same for a marker in another form, or with marks around it.
fn loose<'a>(
    line: &'a str,
    signature: &Signature,
    policy: &ParsePolicy,
    notes: &mut Vec<Note>,
) -> Option<(String, &'a str)> {
    let decorated = |c: char| is_space(c) || DECORATION.contains(&c);
    let bare = line.trim_start_matches(decorated);
    let mark = mark(bare).filter(|m| policy.may_mark(m.name))?;
    let start = line.len() - bare.len();
    let after = &bare[mark.len..];
    let rest = after.trim_start_matches(['*', '_', '`', '~', ':', '"', '\'', '\u{201d}']);
    if inline::is_key(line, start, start + mark.len) {
        return None;
    }
    let is_decorated = !strip(&line[..start]).is_empty() || after.len() != rest.len();
    // A quote before the marker and none behind it opens the value.
    let quotes = |text: &str| text.contains(['"', '\'', '\u{201c}', '\u{201d}']);
    if quotes(&line[..start]) != quotes(&after[..after.len() - rest.len()]) {
        return None;
    }
    let shape = match mark.shape {
        Shape::Exact => None,
        Shape::Spaced => Some(ParseRule::HeaderSpacing),
        Shape::Odd => Some(ParseRule::HeaderBrackets),
    };
    let decoration = is_decorated.then_some(ParseRule::HeaderDecoration);
    if shape.into_iter().chain(decoration).any(|r| !policy.applies(r)) {
        return None;
    }
    // What is hardly a marker is one only if it has the name of an output.
    if mark.shape == Shape::Odd && marker::output_alike(mark.name, signature).is_none() {
        return None;
    }
    let rule = decoration.or(shape).filter(|_| mark.shape == Shape::Exact).or(shape).or(decoration)?;
    let name = known_name(mark.name, signature, policy, notes);
    if notes.len() < MAX_NOTES {
        let written = strip(&line[..line.len() - rest.len()]);
        let note = Note::new(rule, Some(&name), format!("its marker was written {written:?}"));
        notes.push(note.change(written, &format!("[[ ## {name} ## ]]")));
    }
    Some((name, strip(rest)))
}

/// `line` without as many characters as the marker took at the start of `stripped`.
fn cut_chars<'a>(line: &'a str, stripped: &str, after: &str) -> &'a str {
    let taken = stripped.chars().count() - after.chars().count();
    line.char_indices().nth(taken).map_or("", |(i, _)| &line[i..])
}

/// Takes the end of a fence off the last value, where the fence opens before the first marker.
fn cut_fence(text: &str, scanned: &mut Scanned) {
    let Some(last) = scanned.sections.last_mut().filter(|s| s.text.ends_with("```")) else { return };
    let Some(head) = text.find("[[").map(|at| text[..at].trim_end_matches(|c: char| c != '\n').trim_end())
    else {
        return;
    };
    let opens = head.rsplit('\n').next().is_some_and(|l| l.trim_start().starts_with("```"));
    let fences = |text: &str| fences(&split_lines(text).collect::<Vec<_>>());
    if !opens || fences(head) % 2 == 0 || fences(&last.text) % 2 == 0 {
        return;
    }
    let kept = strip(last.text.trim_end_matches('`')).to_owned();
    let note = Note::new(ParseRule::FencedReply, Some(&last.name), "a fence stood around the reply");
    scanned.notes.push(note.change(&last.text, &kept));
    last.text = kept;
}

/// Takes the closing marker off the end of a value, where the model put it on the value's last line.
fn cut_closing_marker(scanned: &mut Scanned, policy: &ParsePolicy) {
    for section in scanned.sections.iter_mut().filter(|s| s.text.contains("##")) {
        let Some(at) = section.text.rfind("[[") else { continue };
        let Some(mark) = mark(&section.text[at..]).filter(|m| marker::is_closing(m.name, policy)) else {
            continue;
        };
        let after = &section.text[at + mark.len..];
        if !after.trim_matches(['*', '`', '.']).trim().is_empty() {
            continue;
        }
        // Marks before the marker are the marker's if they stand behind it, too.
        let mut kept = &section.text[..at];
        for around in ["**", "`", "*"] {
            if after.starts_with(around) {
                kept = kept.strip_suffix(around).unwrap_or(kept);
                break;
            }
        }
        let kept = strip(kept).to_owned();
        let note = Note::new(
            ParseRule::CompletedInline,
            Some(&section.name),
            "the closing marker stood behind the value",
        );
        scanned.notes.push(note.change(&section.text, &kept));
        section.text = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::{Section, scan};
    use dspex_core::{ParsePolicy, Signature};

    fn found(signature: &str, text: &str, policy: &ParsePolicy) -> Vec<(String, String)> {
        let signature = Signature::parse(signature).unwrap();
        scan(text, &signature, policy)
            .sections
            .into_iter()
            .map(|Section { name, text }| (name, text))
            .collect()
    }

    #[test]
    fn markers_that_dspy_misses_are_found_by_default_only() {
        let table = [
            ("[[## answer ##]]\nParis", "Paris"),
            ("**[[ ## answer ## ]]**\nParis", "Paris"),
            ("### [[ ## answer ## ]]:\nParis", "Paris"),
            ("[[ ## Answer ## ]]\nParis", "Paris"),
            ("Sure! [[ ## answer ## ]] Paris [[ ## completed ## ]]", "Paris"),
        ];
        for (text, value) in table {
            assert_eq!(
                found("q -> answer", text, &ParsePolicy::default()),
                [("answer".into(), value.into())],
                "{text}"
            );
            assert_eq!(found("q -> answer", text, &ParsePolicy::compat()), [], "{text}");
        }
    }

    #[test]
    fn a_marker_in_a_sentence_is_no_field_beside_one_that_starts_a_line() {
        let text = "[[ ## r ## ]]\nFirst I think, then I fill in [[ ## a ## ]] as asked.";
        assert_eq!(found("q -> r, a", text, &ParsePolicy::default()).len(), 1);
        let text = "[[ ## r ## ]] because [[ ## a ## ]] Paris [[ ## completed ## ]]";
        let fields = found("q -> r, a", text, &ParsePolicy::default());
        assert_eq!(fields, [("r".into(), "because".into()), ("a".into(), "Paris".into())]);
    }

    #[test]
    fn what_dspy_corrupts_is_mended_by_default_only() {
        let table = [
            ("   [[ ## answer ## ]] Paris", "Paris", "]] Paris"),
            ("[[ ## answer ## ]]\nParis [[ ## completed ## ]]", "Paris", "Paris [[ ## completed ## ]]"),
        ];
        for (text, ours, dspy) in table {
            assert_eq!(found("q -> answer", text, &ParsePolicy::default())[0].1, ours);
            assert_eq!(found("q -> answer", text, &ParsePolicy::compat())[0].1, dspy);
        }
    }

    #[test]
    fn a_quoted_marker_inside_a_value_stays_text() {
        let text = "[[ ## reasoning ## ]]\nI write [[ ## answer ## ]] next.\n[[ ## answer ## ]]\nA";
        for policy in [ParsePolicy::default(), ParsePolicy::compat()] {
            let sections = found("q -> reasoning, answer", text, &policy);
            assert_eq!(sections[0].1, "I write [[ ## answer ## ]] next.");
            assert_eq!(sections[1].1, "A");
        }
    }

    #[test]
    fn names_of_scripts_with_marks_are_names() {
        let text = "[[ ## उत्तर ## ]]\nपेरिस";
        assert_eq!(found("प्रश्न -> उत्तर", text, &ParsePolicy::default())[0].1, "पेरिस");
    }
}
