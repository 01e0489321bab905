//! The text being mended, as characters that can be read at any place and replaced near the place of the last
//! change at little cost; gives characters no meaning.

use std::ops::Range;

/// Text cut in two: what stands before the place of the last change, and what stands after it.
#[derive(Debug)]
pub(super) struct Text {
    head: Vec<char>,
    /// In reverse, so that its start is cheap to change.
    tail: Vec<char>,
}

impl Text {
    pub(super) fn new(text: &str) -> Self {
        let mut head = Vec::with_capacity(text.len());
        if text.is_ascii() {
            head.extend(text.bytes().map(char::from));
        } else {
            head.extend(text.chars());
        }
        Self { head, tail: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    pub(super) fn at(&self, pos: usize) -> Option<char> {
        match pos.checked_sub(self.head.len()) {
            None => self.head.get(pos).copied(),
            Some(after) => self.tail.len().checked_sub(after + 1).map(|i| self.tail[i]),
        }
    }

    /// The characters of a range; what lies beyond the end is left out.
    pub(super) fn chars(&self, range: Range<usize>) -> impl Iterator<Item = char> {
        range.map_while(|pos| self.at(pos))
    }

    pub(super) fn slice(&self, range: Range<usize>) -> String {
        let mut out = String::with_capacity(range.len());
        match self.head.get(range.clone()) {
            Some(part) => out.extend(part),
            None => out.extend(self.chars(range)),
        }
        out
    }

    /// Whether the text goes on with `what` at a place.
    pub(super) fn starts_with(&self, pos: usize, what: &str) -> bool {
        what.chars().enumerate().all(|(i, c)| self.at(pos + i) == Some(c))
    }

    /// Puts other text in the place of a range.
    pub(super) fn replace(&mut self, range: Range<usize>, with: &str) {
        let end = range.end.min(self.len());
        let start = range.start.min(end);
        while self.head.len() < end
            && let Some(c) = self.tail.pop()
        {
            self.head.push(c);
        }
        while self.head.len() > end
            && let Some(c) = self.head.pop()
        {
            self.tail.push(c);
        }
        self.head.truncate(start);
        self.head.extend(with.chars());
    }
}
