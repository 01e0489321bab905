//! Cutting templates out of text: what is known becomes a name in braces, and the rest stays.

use dspex_adapters::literal;
use dspex_core::{Error, ErrorKind, Result};

/// Text of a DSPy, from which templates are cut. Errors name the template.
#[derive(Clone, Copy)]
pub(super) struct Cut<'a> {
    /// Which DSPy wrote it.
    pub(super) place: &'a str,
    /// The template that is being cut.
    pub(super) template: &'a str,
    pub(super) text: &'a str,
}

impl<'a> Cut<'a> {
    pub(super) fn of(self, text: &'a str) -> Self {
        Self { text, ..self }
    }

    pub(super) fn named(self, template: &'a str) -> Self {
        Self { template, ..self }
    }

    fn missing(self, what: &str) -> Error {
        Error::new(ErrorKind::Data {
            place: self.place.to_owned(),
            field: Some(self.template.to_owned()),
            expected: format!("{what:?} for the template `{}`", self.template),
            found: format!("{:?}", dspex_core::shorten_text(self.text)),
        })
        .with_hint("this DSPy writes it in a way that is not known here; leave that adapter out with `--adapters`, and say so in an issue")
    }

    /// The template in which values, in this order, are names in braces.
    pub(super) fn values(self, values: &[(&str, &str)]) -> Result<String> {
        let (mut out, mut rest) = (String::new(), self);
        for (key, value) in values {
            let (before, after) = rest.around(value)?;
            out.push_str(&literal(before));
            out.extend(["{", key, "}"]);
            rest = rest.of(after.text);
        }
        out.push_str(&literal(rest.text));
        Ok(out)
    }

    /// The same where the value may be left out.
    pub(super) fn value_if_there(self, key: &str, value: &str) -> Result<String> {
        if self.text.contains(value) { self.values(&[(key, value)]) } else { Ok(literal(self.text)) }
    }

    /// The text before a mark, and that behind it.
    pub(super) fn around(self, mark: &str) -> Result<(&'a str, Self)> {
        let (before, after) = self.text.split_once(mark).ok_or_else(|| self.missing(mark))?;
        Ok((before, self.of(after)))
    }

    pub(super) fn behind(self, mark: &str) -> Result<Self> {
        Ok(self.around(mark)?.1)
    }

    pub(super) fn before(self, mark: &str) -> Result<Self> {
        Ok(self.of(self.around(mark)?.0))
    }

    pub(super) fn without_start(self, start: &str) -> Result<Self> {
        self.text.strip_prefix(start).map(|rest| self.of(rest)).ok_or_else(|| self.missing(start))
    }

    pub(super) fn without_end(self, end: &str) -> Result<Self> {
        self.text.strip_suffix(end).map(|rest| self.of(rest)).ok_or_else(|| self.missing(end))
    }

    /// From the start of the line with a mark on.
    fn line_of(self, mark: &str) -> Result<Self> {
        let at = self.text.find(mark).ok_or_else(|| self.missing(mark))?;
        let start = self.text[..at].rfind('\n').map_or(0, |n| n + 1);
        Ok(self.of(&self.text[start..]))
    }

    /// From the start of the line with a mark to the line with the next one.
    pub(super) fn entry(self, mark: &str, next: &str) -> Result<Self> {
        let entry = self.line_of(mark)?;
        let rest = entry.line_of(next)?.text.len();
        entry.of(&entry.text[..entry.text.len() - rest]).without_end("\n")
    }

    /// The rest of the line behind a mark.
    pub(super) fn line_behind(self, mark: &str) -> Result<Self> {
        let rest = self.behind(mark)?;
        Ok(rest.of(rest.text.split('\n').next().unwrap_or_default()))
    }
}

/// A template with values that hold no braces.
pub(super) fn filled(template: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(template.to_owned(), |text, (key, value)| text.replace(&format!("{{{key}}}"), value))
}

/// What texts have in common at their start, up to a space.
pub(super) fn common_start<'a>(texts: &[&'a str]) -> &'a str {
    let Some((first, rest)) = texts.split_first() else { return "" };
    let same = |other: &&str| first.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let at = rest.iter().map(same).min().unwrap_or(first.len());
    let end = first.as_bytes()[..at].iter().rposition(|b| *b == b' ').map_or(0, |space| space + 1);
    &first[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Cut<'_> {
        Cut { place: "here", template: "x.y", text }
    }

    #[test]
    fn values_become_names_and_names_in_braces_stay_text() {
        let template = cut("1. `ab` {ab} is b").values(&[("number", "1"), ("name", "ab"), ("last", "b")]);
        assert_eq!(template.unwrap(), "{number}. `{name}` {a{last}} is b");
        assert_eq!(cut("{ab} is c").values(&[("c", "c")]).unwrap(), "{{ab}} is {c}");
        let e = cut("abc").values(&[("x", "d")]).unwrap_err();
        assert_eq!(e.to_string(), "here: expected \"d\" for the template `x.y`, found \"abc\"");
        assert_eq!(e.kind().field(), Some("x.y"));
    }

    #[test]
    fn entries_go_from_line_to_line() {
        let text = cut("A:\n1. one\n  more\n2. two\nB");
        assert_eq!(text.entry("one", "two").unwrap().text, "1. one\n  more");
        assert_eq!(text.line_behind("1. ").unwrap().text, "one");
        assert!(text.entry("two", "one").is_err());
    }

    #[test]
    fn starts_end_with_a_word() {
        assert_eq!(common_start(&["a must be x", "a must bear", "a must"]), "a ");
        assert_eq!(common_start(&["é", "è"]), "");
        assert_eq!(common_start(&[]), "");
    }
}
