//! Cutting texts at the markers of sections.

/// A text cut at its markers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sections<'a> {
    /// What stands before the first marker.
    pub(super) before: &'a str,
    /// The name in each marker and all that follows it up to the next, line ends included.
    pub(super) sections: Vec<(&'a str, &'a str)>,
}

/// What opens a marker.
const OPEN: &str = "[[ ## ";
/// What closes a marker.
const CLOSE: &str = " ## ]]";

/// The name in a marker at the start of a text, and what follows the marker.
fn marker(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.strip_prefix(OPEN)?.split_once(CLOSE)?;
    (!name.is_empty() && !name.contains(char::is_whitespace)).then_some((name, rest))
}

/// Cuts a text at the markers that start a line.
pub(super) fn cut(text: &str) -> Sections<'_> {
    let mut starts = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if let Some((name, rest)) = marker(line) {
            starts.push((at, name, at + line.len() - rest.len()));
        }
        at += line.len();
    }
    let end = |i: usize| starts.get(i + 1).map_or(text.len(), |(next, ..)| *next);
    Sections {
        before: &text[..starts.first().map_or(text.len(), |(start, ..)| *start)],
        sections: starts
            .iter()
            .enumerate()
            .map(|(i, (_, name, body))| (*name, &text[*body..end(i)]))
            .collect(),
    }
}

/// The names in all markers of a text, wherever they stand.
pub(super) fn markers(text: &str) -> Vec<&str> {
    let starts = text.match_indices(OPEN).filter_map(|(at, _)| marker(&text[at..]));
    starts.map(|(name, _)| name).collect()
}

/// What follows the last blank line of a text.
pub(super) fn last_paragraph(text: &str) -> &str {
    text.rsplit_once("\n\n").map_or(text, |(_, last)| last)
}

/// What stands before a paragraph that ends a text, if it does.
pub(super) fn before_paragraph<'a>(text: &'a str, paragraph: &str) -> Option<&'a str> {
    let before = text.strip_suffix(paragraph).filter(|_| !paragraph.is_empty())?;
    if before.is_empty() {
        return Some(before);
    }
    before.strip_suffix("\n\n")
}

#[cfg(test)]
mod tests {
    use super::{before_paragraph, cut, markers};

    #[test]
    fn markers_within_lines_do_not_cut() {
        let text = "first\n\n[[ ## a ## ]]\n1 [[ ## b ## ]]\n\n[[ ## c ## ]]";
        let cut = cut(text);
        assert_eq!(cut.before, "first\n\n");
        assert_eq!(cut.sections, [("a", "\n1 [[ ## b ## ]]\n\n"), ("c", "")]);
        assert_eq!(markers(text), ["a", "b", "c"]);
    }

    #[test]
    fn a_paragraph_ends_a_text_only_after_a_blank_line() {
        assert_eq!(before_paragraph("a\n\nb", "b"), Some("a"));
        assert_eq!(before_paragraph("b", "b"), Some(""));
        assert_eq!(before_paragraph("ab", "b"), None);
        assert_eq!(before_paragraph("a\n\nb", ""), None);
    }
}
