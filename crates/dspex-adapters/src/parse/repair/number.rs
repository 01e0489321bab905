//! Reads numbers and what looks like one at first: amounts, dates, fractions.

use dspex_core::Value;

use super::RepairError;
use super::chars::is_alpha;
use super::parser::{Context, Parser};
use super::strict::MAX_DIGITS;

impl Parser {
    /// Reads a number. What is no number but consists of the same characters stays text.
    pub(super) fn number(&mut self) -> Result<Value, RepairError> {
        let from = self.pos;
        let in_array = self.contexts.is(Context::Array);
        let mut digits = String::new();
        while let Some(c) = self.peek() {
            let fits = match c {
                '+' => digits.ends_with(['e', 'E']),
                ',' => !in_array,
                _ => c.is_ascii_digit() || matches!(c, '-' | '.' | 'e' | 'E' | '/' | '_'),
            };
            if !fits {
                break;
            }
            if c != '_' {
                digits.push(c);
            }
            self.pos += 1;
        }
        self.charge(self.pos - from);
        if self.peek().is_some_and(is_alpha) {
            self.pos = from;
            return self.string();
        }
        if digits.ends_with(['+', '-', 'e', 'E', '/', ',']) {
            digits.pop();
            self.pos -= 1;
        }
        Ok(interpret(digits))
    }
}

fn interpret(text: String) -> Value {
    if text.contains(',') {
        return Value::Str(text);
    }
    if text.contains(['.', 'e', 'E']) {
        return text.parse().map_or(Value::Str(text), Value::Float);
    }
    let digits = text.strip_prefix('-').unwrap_or(&text);
    if digits.is_empty() || digits.len() > MAX_DIGITS || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Value::Str(text);
    }
    text.parse().map_or(Value::Str(text), Value::Int)
}
