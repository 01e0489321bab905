//! Templates: text with names in braces.
//!
//! `{name}` stands for a value, `{{name}}` for a name in braces, and any other brace for itself, so that JSON can stand
//! in a template as it is.

/// Visits templates: a name with the names above it, the text, and the keys that it may take.
pub(crate) trait Templates {
    fn each(&self, visit: &mut dyn FnMut(&str, &str, &[&str]));
}

/// A piece of a template.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    Key(&'a str),
}

/// Fills a template: each `{key}` by its value. Braces that name no key stay, and values are not looked into.
pub(crate) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() + values.iter().map(|(_, v)| v.len()).sum::<usize>());
    for piece in pieces(template) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Key(key) => match values.iter().find(|(k, _)| *k == key) {
                Some((_, value)) => out.push_str(value),
                None => out.extend(["{", key, "}"]),
            },
        }
    }
    out
}

/// Text as a template that says just that: names in braces get a second pair.
///
/// ```
/// assert_eq!(dspex_adapters::literal(r#"Write {code} or {"a": 1}"#), r#"Write {{code}} or {"a": 1}"#);
/// ```
pub fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match key(rest) {
            Some(key) => {
                out.extend(["{{", key, "}}"]);
                rest = &rest[key.len() + 2..];
            }
            None => {
                out.push('{');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// The pieces of a template.
pub(super) fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    // Text that is not in pieces yet starts here.
    let (mut start, mut at) = (0, 0);
    while let Some(open) = template[at..].find('{').map(|open| at + open) {
        let rest = &template[open..];
        if let Some(key) = rest.strip_prefix('{').and_then(key)
            && rest[key.len() + 3..].starts_with('}')
        {
            pieces.extend([Piece::Text(&template[start..open]), Piece::Text(&rest[1..key.len() + 3])]);
            (start, at) = (open + key.len() + 4, open + key.len() + 4);
        } else if let Some(key) = key(rest) {
            pieces.extend([Piece::Text(&template[start..open]), Piece::Key(key)]);
            (start, at) = (open + key.len() + 2, open + key.len() + 2);
        } else {
            at = open + 1;
        }
    }
    pieces.push(Piece::Text(&template[start..]));
    pieces
}

/// The name at the start of a text, in braces.
fn key(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('{')?;
    let end = inside.find(|c: char| !c.is_ascii_lowercase() && c != '_')?;
    (end > 0 && inside[end..].starts_with('}')).then(|| &inside[..end])
}

#[cfg(test)]
mod tests {
    use super::{fill, literal};

    #[test]
    fn values_are_not_looked_into() {
        assert_eq!(fill("{a} and {b} {c}", &[("a", "{b}"), ("b", "2")]), "{b} and 2 {c}");
    }

    #[test]
    fn braces_that_are_not_names_stay() {
        let json = r#"{"tool_calls": [{"name": "...", "args": {...}}]} {a"#;
        assert_eq!(fill(json, &[("a", "1")]), json);
        assert_eq!(fill("{{a}} {a} {{a} {a}}", &[("a", "1")]), "{a} 1 {1 1}");
    }

    #[test]
    fn what_is_literal_is_written_as_it_is() {
        for text in [
            "",
            "{a}",
            "{{a}}",
            "{{{a}}}",
            "{a}{b}",
            "{{a} {b}}",
            "{",
            "}",
            "{}",
            "{{}}",
            "{A}",
            "{a_b",
            "é{a}é",
        ] {
            assert_eq!(fill(&literal(text), &[("a", "1"), ("b", "2")]), text, "{}", literal(text));
        }
    }
}
