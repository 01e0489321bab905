//! Collects the content of a string, with what has to be known about it while it grows; decides nothing.

use super::super::chars::is_space;
use super::super::strict::join_surrogates;

/// The content of a string so far.
#[derive(Debug, Default)]
pub(super) struct Out {
    /// Code points, halves of surrogate pairs among them.
    points: Vec<u32>,
    open_braces: usize,
    /// Inside square brackets: whether white space stands in them.
    class_has_space: Option<bool>,
}

impl Out {
    pub(super) fn push(&mut self, c: char) {
        self.points.push(u32::from(c));
        match c {
            '{' => self.open_braces += 1,
            '}' => self.open_braces = self.open_braces.saturating_sub(1),
            '[' => self.class_has_space = Some(false),
            ']' => self.class_has_space = None,
            c if is_space(c) => self.class_has_space = self.class_has_space.map(|_| true),
            _ => {}
        }
    }

    /// Adds a code point that may be half of a surrogate pair.
    pub(super) fn push_point(&mut self, point: u32) {
        match char::from_u32(point) {
            Some(c) => self.push(c),
            None => self.points.push(point),
        }
    }

    /// Takes the last character back, which must be neither a bracket nor white space.
    pub(super) fn pop(&mut self) {
        self.points.pop();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    pub(super) fn ends_with(&self, c: char) -> bool {
        self.points.last() == Some(&u32::from(c))
    }

    /// Whether more braces were opened than closed.
    pub(super) fn has_open_brace(&self) -> bool {
        self.open_braces > 0
    }

    /// Whether a square bracket is open with no white space behind it, as in a character class of a pattern.
    pub(super) fn in_compact_class(&self) -> bool {
        self.class_has_space == Some(false)
    }

    pub(super) fn trim_end(&mut self) {
        while self.points.last().is_some_and(|&p| char::from_u32(p).is_some_and(is_space)) {
            self.points.pop();
        }
    }

    /// The content as text, and whether half of a surrogate pair had to be replaced.
    pub(super) fn into_text(self) -> (String, bool) {
        let mut text = String::with_capacity(self.points.len());
        let mut lossy = false;
        let mut points = self.points.into_iter().peekable();
        while let Some(point) = points.next() {
            let low = points.peek().copied().filter(|low| (0xDC00..0xE000).contains(low));
            let c = match low {
                Some(low) if (0xD800..0xDC00).contains(&point) => {
                    points.next();
                    char::from_u32(join_surrogates(point, low))
                }
                _ => char::from_u32(point),
            };
            lossy |= c.is_none();
            text.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        (text, lossy)
    }
}
