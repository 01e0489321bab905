//! Finding the sections of a completion. What stands in them is not looked at here.

use std::sync::LazyLock;

use dspex_core::{Note, ParsePolicy, ParseRule, Signature};
use regex::Regex;
use unicode_ident::is_xid_continue;

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

/// A marker with any spaces, and any decoration around it.
static LOOSE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[\s>*_#`~-]*\[\[\s*##\s*(\w+)\s*##\s*\]\][*_`~:]*").ok());

/// A marker within a line.
static INLINE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\[\[\s*##\s*(\w+)\s*##\s*\]\]").ok());

pub(super) fn scan(text: &str, signature: &Signature, policy: &ParsePolicy) -> Scanned {
    let mut scanned = lines(text, signature, policy);
    let found = |scanned: &Scanned, name: &str| scanned.sections.iter().any(|s| s.name == name);
    if policy.applies(ParseRule::InlineHeader)
        && signature.outputs().iter().any(|f| !found(&scanned, &f.name))
        && let Some(inline) = inline(text, signature, policy)
    {
        scanned = inline;
    }
    if policy.applies(ParseRule::CompletedInline) && signature.field("completed").is_none() {
        cut_closing_marker(&mut scanned, &policy.spell("completed"));
    }
    scanned.sections.retain(|s| signature.outputs().iter().any(|f| f.name == s.name));
    scanned
}

/// Sections whose markers start a line.
fn lines(text: &str, signature: &Signature, policy: &ParsePolicy) -> Scanned {
    let mut scanned = Scanned::default();
    let mut open: Option<(String, Vec<&str>)> = None;
    for line in split_lines(text) {
        let noted = scanned.notes.len();
        match header(line, signature, policy, &mut scanned.notes) {
            // A marker that is not ours came in with a value and is text.
            Some((name, _)) if !policy.may_mark(&name) => {
                scanned.notes.truncate(noted);
                if let Some((_, lines)) = &mut open {
                    lines.push(line);
                }
            }
            Some((name, rest)) => {
                close(&mut scanned.sections, open.take(), text, policy);
                open = Some((name, if rest.is_empty() { vec![] } else { vec![rest] }));
            }
            None => {
                if let Some((_, lines)) = &mut open {
                    lines.push(line);
                }
            }
        }
    }
    close(&mut scanned.sections, open, text, policy);
    scanned
}

fn close(sections: &mut Vec<Section>, open: Option<(String, Vec<&str>)>, text: &str, policy: &ParsePolicy) {
    if let Some((name, lines)) = open {
        // DSPy makes every line end a line feed, also those that only Python takes for one.
        let text = if policy.applies(ParseRule::LineEnds) {
            span(text, &lines).to_owned()
        } else {
            lines.join("\n")
        };
        sections.push(Section { name, text: strip(&text).to_owned() });
    }
}

/// What lines that follow each other take of the text, line ends between them as they are.
fn span<'t>(text: &'t str, lines: &[&'t str]) -> &'t str {
    let offset = |line: &str| line.as_ptr() as usize - text.as_ptr() as usize;
    match lines {
        [first, .., last] => &text[offset(first)..offset(last) + last.len()],
        lines => lines.first().copied().unwrap_or_default(),
    }
}

/// The name in the marker at the start of a line, and what stands after it.
fn header<'a>(
    line: &'a str,
    signature: &Signature,
    policy: &ParsePolicy,
    notes: &mut Vec<Note>,
) -> Option<(String, &'a str)> {
    if !line.contains("[[") {
        return None;
    }
    let stripped = strip(line);
    if let Some((name, after)) = exact(stripped, policy) {
        let indent = line.len() - line.trim_start_matches(is_space).len();
        let rest = strip(after);
        if indent > 0 && !policy.applies(ParseRule::IndentedHeader) {
            // DSPy finds the marker in the stripped line and cuts the line that is not stripped.
            return Some((name.to_owned(), strip(cut_chars(line, stripped, after))));
        }
        if indent > 0 && !rest.is_empty() {
            notes.push(Note::new(ParseRule::IndentedHeader, Some(name), "its marker was indented"));
        }
        return Some((known_name(name, signature, policy, notes), rest));
    }
    let captures = LOOSE.as_ref()?.captures(line)?;
    let (whole, name) = (captures.get(0)?, captures.get(1)?.as_str());
    let written = format!("[[ ## {name} ## ]]");
    let rule = if whole.as_str().contains(&written) {
        ParseRule::HeaderDecoration
    } else {
        ParseRule::HeaderSpacing
    };
    let both = strip(whole.as_str()).starts_with("[[") && strip(whole.as_str()).ends_with("]]");
    let needed: &[ParseRule] = match rule {
        ParseRule::HeaderSpacing if !both => &[ParseRule::HeaderSpacing, ParseRule::HeaderDecoration],
        ParseRule::HeaderSpacing => &[ParseRule::HeaderSpacing],
        _ => &[ParseRule::HeaderDecoration],
    };
    if !needed.iter().all(|r| policy.applies(*r)) {
        return None;
    }
    let name = known_name(name, signature, policy, notes);
    notes.push(Note::new(rule, Some(&name), format!("its marker was written {:?}", strip(whole.as_str()))));
    Some((name, strip(&line[whole.end()..])))
}

/// The name in a marker as DSPy writes it at the start of a text, and what stands after it.
fn exact<'a>(text: &'a str, policy: &ParsePolicy) -> Option<(&'a str, &'a str)> {
    let inside = text.strip_prefix("[[ ## ")?;
    // DSPy knows letters and digits only, and so misses names of scripts that write with marks.
    let in_name = |c: char| c.is_alphanumeric() || c == '_' || (!policy.is_compat() && is_xid_continue(c));
    let len = inside.find(|c: char| !in_name(c)).unwrap_or(inside.len());
    let after = inside[len..].strip_prefix(" ## ]]")?;
    (len > 0).then_some((&inside[..len], after))
}

/// `line` without as many characters as the marker took at the start of `stripped`.
fn cut_chars<'a>(line: &'a str, stripped: &str, after: &str) -> &'a str {
    let taken = stripped.chars().count() - after.chars().count();
    line.char_indices().nth(taken).map_or("", |(i, _)| &line[i..])
}

/// The field that a marker means: the name itself, or the one field that differs in capitals only.
fn known_name(name: &str, signature: &Signature, policy: &ParsePolicy, notes: &mut Vec<Note>) -> String {
    let fields = || signature.fields().map(|f| f.name.as_str());
    if fields().any(|f| f == name) || !policy.applies(ParseRule::HeaderCase) {
        return name.to_owned();
    }
    let lower = name.to_lowercase();
    let mut alike = signature.outputs().iter().map(|f| f.name.as_str()).filter(|f| f.to_lowercase() == lower);
    match (alike.next(), alike.next()) {
        (Some(field), None) => {
            notes.push(Note::new(
                ParseRule::HeaderCase,
                Some(field),
                format!("its marker was written `{name}`"),
            ));
            field.to_owned()
        }
        _ => name.to_owned(),
    }
}

/// Sections whose markers stand anywhere, where that gives every output once.
fn inline(text: &str, signature: &Signature, policy: &ParsePolicy) -> Option<Scanned> {
    let closing = policy.spell("completed");
    let marks: Vec<_> = INLINE
        .as_ref()?
        .captures_iter(text)
        .filter_map(|c| Some((c.get(0)?, c.get(1)?.as_str())))
        .filter(|(_, name)| *name == closing || signature.field(name).is_some())
        .collect();
    let once = |name: &str| marks.iter().filter(|(_, n)| *n == name).count() == 1;
    if !signature.outputs().iter().all(|f| once(&f.name)) {
        return None;
    }
    // Beside a marker that starts a line, one in a sentence of another line is only spoken of.
    let line_of = |at: usize| text[..at].matches('\n').count();
    let starts_line =
        |at: usize| text[..at].rsplit('\n').next().is_some_and(|before| strip(before).is_empty());
    let outputs = || marks.iter().filter(|(_, name)| *name != closing).map(|(mark, _)| mark.start());
    if outputs().any(starts_line) {
        let mut lines = outputs().map(line_of);
        let first = lines.next();
        if lines.any(|line| Some(line) != first) {
            return None;
        }
    }
    let sections = marks
        .iter()
        .enumerate()
        .map(|(i, (mark, name))| {
            let end = marks.get(i + 1).map_or(text.len(), |(next, _)| next.start());
            let text = strip(&text[mark.end()..end]).trim_matches(['*', '`']);
            Section { name: (*name).to_owned(), text: strip(text).to_owned() }
        })
        .collect();
    let note = Note::new(ParseRule::InlineHeader, None, "markers stood within lines");
    Some(Scanned { sections, notes: vec![note] })
}

/// Takes the closing marker off the end of a value, where the model put it on the value's last line.
fn cut_closing_marker(scanned: &mut Scanned, closing: &str) {
    for section in scanned.sections.iter_mut().filter(|s| s.text.contains("##")) {
        let Some(mark) = INLINE.as_ref().and_then(|r| r.captures_iter(&section.text).last()) else {
            continue;
        };
        let (Some(whole), Some(name)) = (mark.get(0), mark.get(1)) else { continue };
        if name.as_str() != closing {
            continue;
        }
        if !section.text[whole.end()..].trim_matches(['*', '`', '.']).trim().is_empty() {
            continue;
        }
        let kept = strip(section.text[..whole.start()].trim_end_matches(['*', '`'])).to_owned();
        scanned.notes.push(Note::new(
            ParseRule::CompletedInline,
            Some(&section.name),
            "the closing marker stood behind the value",
        ));
        section.text = kept;
    }
}

/// White space to Python's `str.strip`: Unicode's, and the four separators below the space.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// Text without white space around it, as Python strips it.
pub(crate) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// The lines of a text as Python's `str.splitlines` splits it.
pub(crate) fn split_lines(text: &str) -> impl Iterator<Item = &str> {
    let is_break = |c: char| {
        matches!(
            c,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
        )
    };
    let mut rest = Some(text).filter(|t| !t.is_empty());
    std::iter::from_fn(move || {
        let current = rest?;
        let Some(at) = current.find(is_break) else {
            rest = None;
            return Some(current);
        };
        let width = if current[at..].starts_with("\r\n") {
            2
        } else {
            current[at..].chars().next().map_or(1, char::len_utf8)
        };
        let after = &current[at + width..];
        rest = (!after.is_empty()).then_some(after);
        Some(&current[..at])
    })
}

#[cfg(test)]
mod tests {
    use super::{Section, scan, split_lines};
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

    #[test]
    fn line_ends_within_a_value_stay() {
        let text = "[[ ## answer ## ]]\na\r\nb\u{2028}c\u{c}d\n\n[[ ## completed ## ]]";
        assert_eq!(found("q -> answer", text, &ParsePolicy::default())[0].1, "a\r\nb\u{2028}c\u{c}d");
        assert_eq!(found("q -> answer", text, &ParsePolicy::compat())[0].1, "a\nb\nc\nd");
    }

    #[test]
    fn lines_end_where_python_ends_them() {
        assert_eq!(split_lines("a\r\nb\u{2028}c\n").collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(split_lines("").count(), 0);
    }
}
