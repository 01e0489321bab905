//! Resolves escapes within a string, among them those that JSON does not have.

use super::super::chars::is_quote;
use super::super::parser::Parser;
use super::Quoted;

impl Parser {
    /// Resolves the escape that a backslash, already taken, and this character make. Returns whether they make
    /// one; otherwise both stand for themselves.
    pub(super) fn escape(&mut self, s: &mut Quoted, c: char) -> bool {
        let closing = s.innermost_closing();
        match c {
            '"' if s.low_spans > 0 => {
                s.low_spans -= 1;
                self.take_escaped(s, c);
            }
            '\\' if self.escaped_backslashes(s, closing) => {}
            't' => self.take_escaped_run(s, '\t', closing),
            'n' => self.take_escaped_run(s, '\n', closing),
            'r' => self.take_escaped_run(s, '\r', closing),
            'b' => self.take_escaped_run(s, '\u{8}', closing),
            _ if c == '\\' || c == closing => self.take_escaped_run(s, c, closing),
            'u' => return self.code_point(s, 4),
            'x' => return self.code_point(s, 2),
            _ if c == '„' || is_quote(c) => self.take_escaped(s, c),
            _ => return false,
        }
        true
    }

    /// Puts a character in the place of the backslash taken last.
    fn take_escaped(&mut self, s: &mut Quoted, c: char) {
        s.out.pop();
        s.out.push(c);
        self.pos += 1;
    }

    /// The same; and as long as this leaves a backslash, it escapes the quotes and backslashes that follow.
    fn take_escaped_run(&mut self, s: &mut Quoted, c: char, closing: char) {
        self.take_escaped(s, c);
        while s.out.ends_with('\\')
            && let Some(next) = self.peek().filter(|&next| next == '\\' || next == closing)
        {
            self.take_escaped(s, next);
        }
    }

    /// Halves an even run of backslashes, unless the closing quote follows it.
    fn escaped_backslashes(&mut self, s: &mut Quoted, closing: char) -> bool {
        let end = self.seek(self.pos + 1, |c| c != '\\');
        let count = end + 1 - self.pos;
        if !count.is_multiple_of(2) || self.at(end) == Some(closing) {
            return false;
        }
        s.out.pop();
        (0..count / 2).for_each(|_| s.out.push('\\'));
        self.pos = end;
        true
    }

    /// Resolves an escape of so many hexadecimal digits.
    fn code_point(&mut self, s: &mut Quoted, digits: usize) -> bool {
        let first = self.pos + 1;
        let point = (first..first + digits)
            .try_fold(0, |point, pos| Some(point * 16 + self.at(pos).and_then(|c| c.to_digit(16))?));
        let Some(point) = point else { return false };
        s.out.pop();
        s.out.push_point(point);
        self.pos = first + digits;
        true
    }
}
