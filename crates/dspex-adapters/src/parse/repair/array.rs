//! Reads lists and what stands in parentheses, whether or not they are closed.

use dspex_core::Value;

use super::RepairError;
use super::chars::{is_digit, is_quote, is_space};
use super::parser::{Context, Parser, Target};

impl Parser {
    /// Reads a list from behind its opening bracket.
    pub(super) fn array(&mut self, closing: char) -> Result<Vec<Value>, RepairError> {
        self.descend(2)?;
        let is_member = self.contexts.is(Context::Member);
        self.contexts.enter(Context::Array);
        let mut items = Vec::new();
        self.items(closing, is_member, &mut items)?;
        self.contexts.leave();
        self.ascend(2);
        Ok(items)
    }

    /// Reads a list in square brackets.
    pub(super) fn list(&mut self) -> Result<Value, RepairError> {
        self.array(']').map(Value::List)
    }

    fn items(&mut self, closing: char, is_member: bool, items: &mut Vec<Value>) -> Result<(), RepairError> {
        let mut all_plain = true;
        loop {
            self.step()?;
            self.skip_space_and_comments();
            let value = match self.peek() {
                None | Some('}') => break,
                Some(c) if c == closing => break,
                Some(',') => {
                    self.pos += 1;
                    continue;
                }
                Some(c) if is_quote(c) && self.is_key(c) => {
                    if is_member && !items.is_empty() && all_plain {
                        // The list was never closed: this is a key of the object around it.
                        return Ok(());
                    }
                    self.object()?
                }
                Some(c) if is_quote(c) => {
                    self.count_value()?;
                    self.string()?
                }
                Some(_) => self.value()?,
            };
            if is_empty(&value) && !self.peek().is_some_and(|c| c == closing || c == ',') {
                self.dropped |= !matches!(value, Value::Str(_));
                self.discard();
            } else if value.as_str() == Some("...") && self.before(self.pos) == Some('.') {
                self.dropped = true;
            } else {
                all_plain &= !matches!(value, Value::List(_) | Value::Dict(_));
                items.push(value);
            }
        }
        self.pos += 1;
        Ok(())
    }

    /// Whether the quoted text that starts here is followed by a colon.
    fn is_key(&mut self, quote: char) -> bool {
        let end = self.find(Target::One(quote), self.pos + 1);
        let next = self.skip_space_from(end + 1);
        self.at(next) == Some(':')
    }

    /// Reads what stands in parentheses: a tuple becomes a list, a value in grouping parentheses stays itself.
    pub(super) fn parenthesized(&mut self) -> Result<Value, RepairError> {
        let is_tuple = self.scan_parenthesis(true).is_tuple;
        self.pos += 1;
        self.descend(1)?;
        let items = self.array(')')?;
        self.ascend(1);
        if is_tuple {
            return Ok(Value::List(items));
        }
        Ok(match <[Value; 1]>::try_from(items) {
            Ok([only]) => only,
            Err(items) => Value::List(items),
        })
    }

    /// Whether the parenthesis here, at the top of the text, looks like a value rather than a remark: nothing
    /// else stands on the lines that it starts and ends on, and it starts like a value.
    pub(super) fn parenthesis_starts_value(&mut self) -> bool {
        let mut line = self.pos;
        while let Some(c) = self.before(line).filter(|c| !matches!(c, '\n' | '\r')) {
            if !is_space(c) {
                return false;
            }
            line -= 1;
        }
        self.charge(self.pos - line);
        let inner = self.skip_space_from(self.pos + 1);
        let Some(c) = self.at(inner) else { return false };
        let plausible = matches!(c, ')' | '{' | '[' | '(' | '-' | '.') || is_quote(c) || is_digit(c);
        if !plausible && !["true", "null", "none", "false"].iter().any(|word| self.spells(inner, word)) {
            return false;
        }
        let Some(end) = self.scan_parenthesis(false).end else { return true };
        let after = self.seek(end + 1, |c| matches!(c, '\n' | '\r') || !is_space(c));
        self.at(after).is_none_or(|c| matches!(c, '\n' | '\r'))
    }

    /// Whether a word stands at a place, in upper or lower case.
    pub(super) fn spells(&self, pos: usize, word: &str) -> bool {
        word.chars()
            .enumerate()
            .all(|(i, c)| self.at(pos + i).is_some_and(|found| found.eq_ignore_ascii_case(&c)))
    }

    /// Looks ahead over the parenthesis that opens here. A lenient look forgets a closing parenthesis that comes
    /// while only brackets of other kinds are open; otherwise it has to be made up for.
    fn scan_parenthesis(&mut self, lenient: bool) -> Parenthesis {
        let mut open = Brackets { lenient, round: 0, square: 0, curly: 0 };
        let mut quote = None;
        let mut backslashes = 0_usize;
        let mut has_content = false;
        let mut is_tuple = None;
        let mut end = None;
        let from = self.pos + 1;
        let mut pos = from;
        while let Some(c) = self.at(pos) {
            pos += 1;
            if c == '\\' {
                backslashes += 1;
                continue;
            }
            let escaped = !std::mem::take(&mut backslashes).is_multiple_of(2);
            if let Some(q) = quote {
                if c == q && !escaped {
                    quote = None;
                }
                continue;
            }
            let outermost = open.is_none();
            if is_quote(c) && !escaped {
                quote = Some(c);
                has_content |= outermost;
                continue;
            }
            has_content |= outermost && !is_space(c) && !matches!(c, ',' | ')');
            if outermost && c == ',' {
                is_tuple = is_tuple.or(Some(true));
            }
            if outermost && c == ')' {
                end = Some(pos - 1);
                break;
            }
            open.count(c);
        }
        self.charge(pos - from);
        Parenthesis { is_tuple: is_tuple.unwrap_or(!has_content), end }
    }
}

/// What [`Parser::scan_parenthesis`] found.
struct Parenthesis {
    is_tuple: bool,
    /// Where the closing parenthesis stands.
    end: Option<usize>,
}

/// Brackets that are open within a parenthesis, each kind counted for itself.
struct Brackets {
    lenient: bool,
    round: isize,
    square: usize,
    curly: usize,
}

impl Brackets {
    fn is_none(&self) -> bool {
        self.round == 0 && self.square == 0 && self.curly == 0
    }

    fn count(&mut self, c: char) {
        match c {
            '(' => self.round += 1,
            ')' if self.lenient && self.round == 0 => {}
            ')' => self.round -= 1,
            '[' => self.square += 1,
            ']' => self.square = self.square.saturating_sub(1),
            '{' => self.curly += 1,
            '}' => self.curly = self.curly.saturating_sub(1),
            _ => {}
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Str(s) => s.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Dict(members) => members.is_empty(),
        _ => false,
    }
}
