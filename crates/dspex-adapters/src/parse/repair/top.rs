//! What happens at the top of a text: several values in a row, sound JSON within prose, a first brace that is
//! missing. Values themselves are read elsewhere.

use dspex_core::Value;
use dspex_core::value::Int;

use super::RepairError;
use super::chars::is_space;
use super::parser::{Parser, Target};
use super::strict::{self, Refusal};

impl Parser {
    /// Reads all values of the text. A single one stands for itself, several make a list; of neighbours that
    /// have one shape only the last is kept, unless a comma stands between them.
    pub(super) fn top_level(&mut self) -> Result<Value, RepairError> {
        let mut last = self.value()?;
        let mut earlier = Vec::new();
        while self.pos < self.text.len() {
            self.contexts.clear();
            self.deferred_keys = 0;
            let comma = self.comma_before_next();
            let next = self.value()?;
            if !is_true(&next) {
                self.dropped |= !is_empty_text(&next);
                self.discard();
                continue;
            }
            if (!comma && same_shape(&last, &next)) || !is_true(&last) {
                self.dropped |= !is_empty_text(&last);
                last = next;
            } else {
                earlier.push(std::mem::replace(&mut last, next));
            }
        }
        if earlier.is_empty() {
            return Ok(last);
        }
        earlier.push(last);
        Ok(Value::List(earlier))
    }

    /// Whether a comma stands next, before or behind this place.
    fn comma_before_next(&mut self) -> bool {
        let next = self.skip_space_from(self.pos);
        if self.at(next) == Some(',') {
            return true;
        }
        let mut pos = self.pos;
        while self.before(pos).is_some_and(is_space) {
            pos -= 1;
        }
        self.charge(self.pos - pos);
        self.before(pos) == Some(',')
    }

    /// Reads the container that starts here strictly, if it is sound. This is tried once in a text, and not for
    /// a container that starts the text unless something other than a comma follows it.
    pub(super) fn sound_value(&mut self) -> Result<Option<Value>, RepairError> {
        if self.tried_strict || !self.contexts.is_empty() || (self.pos == 0 && !self.junk_after_container()) {
            return Ok(None);
        }
        self.tried_strict = true;
        let rest = self.text.slice(self.pos..self.text.len());
        match strict::prefix(&rest, 0) {
            Ok(read) => {
                self.dropped |= read.dropped;
                self.pos += rest[..read.end].chars().count();
                Ok(Some(read.value))
            }
            Err(Refusal::Syntax) => Ok(None),
            Err(Refusal::TooManyDigits) => Err(RepairError::TooManyDigits),
            Err(Refusal::TooDeep) => Err(RepairError::TooDeep),
            Err(Refusal::TooMany) => Err(RepairError::TooMany),
        }
    }

    /// Whether the container at the start of the text is closed and something other than a comma follows it.
    fn junk_after_container(&mut self) -> bool {
        let mut expected = Vec::new();
        let mut in_string = false;
        let mut escaped = false;
        let mut end = None;
        for (pos, c) in self.text.chars(0..self.text.len()).enumerate() {
            if in_string {
                if escaped {
                    escaped = false;
                } else {
                    escaped = c == '\\';
                    in_string = c != '"';
                }
                continue;
            }
            match c {
                '"' => in_string = true,
                '{' => expected.push('}'),
                '[' => expected.push(']'),
                '}' | ']' => {
                    if expected.pop() != Some(c) {
                        return false;
                    }
                    if expected.is_empty() {
                        end = Some(pos + 1);
                        break;
                    }
                }
                _ => {}
            }
        }
        let Some(end) = end else { return false };
        let next = self.skip_space_from(end);
        self.at(next).is_some_and(|c| c != ',')
    }

    /// Reads the whole text as an object whose opening brace is missing, where adding that brace is all it takes.
    pub(super) fn object_without_brace(&mut self, quote: char) -> Result<Option<Value>, RepairError> {
        if self.skip_space_from(0) != self.pos {
            return Ok(None);
        }
        let key_end = self.find(Target::One(quote), self.pos + 1);
        let colon = self.skip_space_from(key_end + 1);
        if self.at(key_end).is_none() || self.at(colon) != Some(':') {
            return Ok(None);
        }
        let text = self.text.slice(0..self.text.len());
        if !text.trim_end_matches(is_space).ends_with('}') {
            return Ok(None);
        }
        let candidate = format!("{{{text}");
        match strict::prefix(&candidate, 0) {
            Ok(read) if strict::ends_at(&candidate, read.end) => {
                self.dropped |= read.dropped;
                self.pos = self.text.len();
                Ok(Some(read.value))
            }
            Err(Refusal::TooDeep) => Err(RepairError::TooDeep),
            Err(Refusal::TooMany) => Err(RepairError::TooMany),
            _ => Ok(None),
        }
    }
}

fn is_empty_text(value: &Value) -> bool {
    value.as_str().is_some_and(str::is_empty)
}

/// Python's truth of a value.
fn is_true(value: &Value) -> bool {
    match value {
        Value::None => false,
        Value::Bool(b) => *b,
        Value::Int(i) => *i != Int::from(0),
        Value::Float(f) => *f != 0.0,
        Value::Str(s) => !s.is_empty(),
        Value::List(items) => !items.is_empty(),
        Value::Dict(members) => !members.is_empty(),
        _ => true,
    }
}

/// Whether two values are of one kind and, if they hold others, hold the same keys or as many items, which are
/// in turn alike.
fn same_shape(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Dict(a), Value::Dict(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same_shape(value, other)))
        }
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_shape(a, b))
        }
        _ => std::mem::discriminant(a) == std::mem::discriminant(b),
    }
}
