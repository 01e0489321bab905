//! Skips comments in the styles of Python and C; whether a value follows is decided where values are read.

use dspex_core::Value;

use super::RepairError;
use super::parser::{Context, Parser};

impl Parser {
    /// Moves past a comment, or past a lone slash.
    fn skip_comment(&mut self) {
        let from = self.pos;
        match (self.peek(), self.at(self.pos + 1)) {
            (Some('#'), _) => {
                let in_array = self.contexts.within(Context::Array);
                let in_member = self.contexts.within(Context::Member);
                let in_key = self.contexts.within(Context::Key);
                self.pos = self.seek(from, |c| match c {
                    '\n' | '\r' => true,
                    ']' => in_array,
                    '}' => in_member,
                    ':' => in_key,
                    _ => false,
                });
            }
            (Some('/'), Some('/')) => self.pos = self.seek(from, |c| c == '\n' || c == '\r'),
            (Some('/'), Some('*')) => {
                // The star that opens the comment may also be the one that closes it.
                let mut star = true;
                let end = self.seek(from + 2, |c| {
                    let closes = star && c == '/';
                    star = c == '*';
                    closes
                });
                self.pos = (end + 1).min(self.text.len());
            }
            _ => {
                self.discard();
                return;
            }
        }
        self.dropped = true;
    }

    /// Reads past comments. Inside a container nothing stands in their place; at the top of the text, the value
    /// after them does.
    pub(super) fn comment(&mut self) -> Result<Value, RepairError> {
        while matches!(self.peek(), Some('#' | '/')) {
            self.step()?;
            self.skip_comment();
            if !self.contexts.is_empty() {
                return Ok(Value::from(""));
            }
            self.skip_space();
        }
        self.descend(2)?;
        let value = self.value()?;
        self.ascend(2);
        Ok(value)
    }

    /// Moves past white space and comments.
    pub(super) fn skip_space_and_comments(&mut self) {
        loop {
            self.skip_space();
            match (self.peek(), self.at(self.pos + 1)) {
                (Some('#'), _) | (Some('/'), Some('/' | '*')) => self.skip_comment(),
                _ => return,
            }
        }
    }
}
