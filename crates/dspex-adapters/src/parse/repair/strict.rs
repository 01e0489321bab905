//! Reads strict JSON as Python's `json` module does; mends nothing.

use dspex_core::Value;
use dspex_core::value::{Dict, Int};

use crate::parse::limit::MAX_VALUES;

/// How deep Python's decoder follows under its default recursion limit, when called from a script.
const MAX_DEPTH: usize = 994;

/// The most digits that Python turns into a whole number.
pub(super) const MAX_DIGITS: usize = 4300;

/// What a text with escapes is given for the rest of it at first, in bytes.
const ROOM: usize = 48;

/// Why text was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is not JSON.
    Syntax,
    /// A whole number is longer than Python reads.
    TooManyDigits,
    /// It nests too deeply.
    TooDeep,
    /// It holds more values than any reply.
    TooMany,
}

/// A value that was read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) value: Value,
    /// Where the value ends, in bytes.
    pub(super) end: usize,
    /// Whether half of a surrogate pair was replaced.
    pub(super) lossy: bool,
    /// Whether something is missing from the value: a half of a pair, or what stood under a repeated key.
    pub(super) dropped: bool,
}

/// Reads text that is one JSON value and white space.
pub(super) fn whole(text: &str) -> Result<Read, Refusal> {
    let start = skip_space(text, 0);
    if is_unclosed(text, start) {
        return Err(Refusal::Syntax);
    }
    // What is sound JSON to its end may hold what it likes.
    let read = Reader::new(text, start, usize::MAX).read()?;
    if skip_space(text, read.end) == text.len() { Ok(read) } else { Err(Refusal::Syntax) }
}

/// Reads the JSON value that starts at a byte of the text, whatever follows it.
pub(super) fn prefix(text: &str, start: usize) -> Result<Read, Refusal> {
    Reader::new(text, start, MAX_VALUES).read()
}

/// The members of text that is one JSON object, repeated keys included.
pub(super) fn members(text: &str) -> Result<Vec<(String, Value)>, Refusal> {
    let mut reader = Reader::new(text, skip_space(text, 0), usize::MAX);
    let mut members = Vec::new();
    let mut go_on = reader.eat(b'{');
    while go_on {
        reader.space();
        let key = reader.key()?;
        members.push((key, reader.value()?));
        reader.space();
        go_on = reader.eat(b',');
    }
    reader.space();
    if reader.eat(b'}') && ends_at(text, reader.pos) { Ok(members) } else { Err(Refusal::Syntax) }
}

/// Whether the rest of the text is white space as JSON has it.
pub(super) fn ends_at(text: &str, pos: usize) -> bool {
    skip_space(text, pos) == text.len()
}

/// Whether a container starts at a place and the text does not end as it would have to, which needs no reading.
fn is_unclosed(text: &str, start: usize) -> bool {
    let bytes = text.as_bytes();
    let close = match bytes.get(start) {
        Some(b'{') => b'}',
        Some(b'[') => b']',
        _ => return false,
    };
    bytes.iter().rev().find(|b| !matches!(b, b' ' | b'\t' | b'\n' | b'\r')) != Some(&close)
}

fn skip_space(text: &str, pos: usize) -> usize {
    let rest = text.as_bytes().get(pos..).unwrap_or_default();
    pos + rest.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')).count()
}

/// A container that is not closed yet.
enum Open {
    List(Vec<Value>),
    /// The members so far and the key whose value comes next.
    Dict(Dict, String),
}

/// What the reader met when it looked for a value.
enum Met {
    Value(Value),
    Opened(Open),
}

struct Reader<'a> {
    text: &'a str,
    pos: usize,
    /// How many values it may hold.
    most: usize,
    lossy: bool,
    dropped: bool,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, pos: usize, most: usize) -> Self {
        Self { text, pos, most, lossy: false, dropped: false }
    }

    /// Reads one value, and says what was lost.
    fn read(mut self) -> Result<Read, Refusal> {
        let value = self.value()?;
        Ok(Read { value, end: self.pos, lossy: self.lossy, dropped: self.dropped || self.lossy })
    }

    /// Reads one value. Open containers are kept in a list, not on the stack, so that depth costs no stack.
    fn value(&mut self) -> Result<Value, Refusal> {
        let mut open: Vec<Open> = Vec::new();
        let mut values = 0;
        loop {
            values += 1;
            if values > self.most {
                return Err(Refusal::TooMany);
            }
            if open.len() >= MAX_DEPTH && matches!(self.peek(), Some(b'{' | b'[')) {
                return Err(Refusal::TooDeep);
            }
            let mut done = match self.start()? {
                Met::Value(value) => value,
                Met::Opened(container) => {
                    open.push(container);
                    continue;
                }
            };
            loop {
                // Containers stay where they are while items are added: to move them for each costs more than reading.
                let Some(container) = open.last_mut() else { return Ok(done) };
                if self.after_item(container, done)? {
                    break;
                }
                done = match open.pop() {
                    Some(Open::List(items)) => Value::List(items),
                    Some(Open::Dict(members, _)) => Value::Dict(members),
                    None => return Err(Refusal::Syntax),
                };
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.pos).copied()
    }

    fn space(&mut self) {
        if self.peek().is_some_and(|b| b <= b' ') {
            self.pos = skip_space(self.text, self.pos);
        }
    }

    /// Moves past a byte if it stands here.
    fn eat(&mut self, byte: u8) -> bool {
        let here = self.peek() == Some(byte);
        self.pos += usize::from(here);
        here
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Met, Refusal> {
        if !self.text.as_bytes()[self.pos..].starts_with(word.as_bytes()) {
            return Err(Refusal::Syntax);
        }
        self.pos += word.len();
        Ok(Met::Value(value))
    }

    /// Reads a value that holds no others, or the opening of one that does.
    fn start(&mut self) -> Result<Met, Refusal> {
        match self.peek().ok_or(Refusal::Syntax)? {
            b'{' => {
                self.pos += 1;
                self.space();
                if self.eat(b'}') {
                    return Ok(Met::Value(Value::Dict(Dict::new())));
                }
                let key = self.key()?;
                Ok(Met::Opened(Open::Dict(Dict::new(), key)))
            }
            b'[' => {
                self.pos += 1;
                self.space();
                if self.eat(b']') {
                    return Ok(Met::Value(Value::List(Vec::new())));
                }
                Ok(Met::Opened(Open::List(Vec::new())))
            }
            b'"' => {
                self.pos += 1;
                self.string().map(|s| Met::Value(Value::Str(s)))
            }
            b'n' => self.word("null", Value::None),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'N' => self.word("NaN", Value::Float(f64::NAN)),
            b'I' => self.word("Infinity", Value::Float(f64::INFINITY)),
            b'-' if self.text[self.pos..].starts_with("-I") => {
                self.word("-Infinity", Value::Float(f64::NEG_INFINITY))
            }
            _ => self.number().map(Met::Value),
        }
    }

    /// Adds an item to its container, and reads on to the next item or past the end of the container. Returns whether
    /// there is a next item.
    fn after_item(&mut self, container: &mut Open, item: Value) -> Result<bool, Refusal> {
        self.space();
        let more = self.eat(b',');
        let end = if matches!(container, Open::List(_)) { b']' } else { b'}' };
        if more {
            self.space();
        } else if !self.eat(end) {
            return Err(Refusal::Syntax);
        }
        match container {
            Open::List(items) => items.push(item),
            Open::Dict(members, key) => {
                let read = Value::Str(std::mem::take(key));
                self.dropped |= members.insert(read, item).is_some();
                if more {
                    *key = self.key()?;
                }
            }
        }
        Ok(more)
    }

    /// Reads a key, its colon and the space around it.
    fn key(&mut self) -> Result<String, Refusal> {
        if !self.eat(b'"') {
            return Err(Refusal::Syntax);
        }
        let key = self.string()?;
        self.space();
        if !self.eat(b':') {
            return Err(Refusal::Syntax);
        }
        self.space();
        Ok(key)
    }

    /// Reads a text from behind its opening quote.
    fn string(&mut self) -> Result<String, Refusal> {
        let mut out = String::new();
        let mut first = true;
        loop {
            let plain_from = self.pos;
            let rest = &self.text.as_bytes()[plain_from..];
            let plain = rest.iter().position(|b| *b < b' ' || *b == b'"' || *b == b'\\');
            self.pos += plain.unwrap_or(rest.len());
            // The run ends at an ASCII byte or at the end: never within a character.
            let run = &self.text[plain_from..self.pos];
            if self.eat(b'"') {
                if first {
                    return Ok(run.to_owned());
                }
                out.push_str(run);
                return Ok(out);
            }
            if std::mem::take(&mut first) {
                out.reserve(run.len() + ROOM);
            }
            out.push_str(run);
            if !self.eat(b'\\') {
                return Err(Refusal::Syntax);
            }
            let c = self.escape()?;
            out.push(c);
        }
    }

    /// Reads an escape from behind its backslash.
    fn escape(&mut self) -> Result<char, Refusal> {
        let kind = self.peek().ok_or(Refusal::Syntax)?;
        self.pos += 1;
        match kind {
            b'"' => Ok('"'),
            b'\\' => Ok('\\'),
            b'/' => Ok('/'),
            b'b' => Ok('\u{8}'),
            b'f' => Ok('\u{c}'),
            b'n' => Ok('\n'),
            b'r' => Ok('\r'),
            b't' => Ok('\t'),
            b'u' => {
                let unit = self.unit()?;
                Ok(self.scalar(unit))
            }
            _ => Err(Refusal::Syntax),
        }
    }

    /// Reads four hexadecimal digits.
    fn unit(&mut self) -> Result<u32, Refusal> {
        let digits = self.text.as_bytes().get(self.pos..self.pos + 4).ok_or(Refusal::Syntax)?;
        let unit = digits.iter().try_fold(0, |unit, &b| Some(unit * 16 + char::from(b).to_digit(16)?));
        self.pos += 4;
        unit.ok_or(Refusal::Syntax)
    }

    /// The character that a unit stands for, alone or with the second half of a pair that follows it.
    fn scalar(&mut self, unit: u32) -> char {
        if (0xD800..0xDC00).contains(&unit) && self.text.as_bytes()[self.pos..].starts_with(b"\\u") {
            let back = self.pos;
            self.pos += 2;
            if let Ok(low @ 0xDC00..0xE000) = self.unit()
                && let Some(c) = char::from_u32(join_surrogates(unit, low))
            {
                return c;
            }
            self.pos = back;
        }
        char::from_u32(unit).unwrap_or_else(|| {
            self.lossy = true;
            char::REPLACEMENT_CHARACTER
        })
    }

    fn digits(&mut self) -> usize {
        let from = self.pos;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.pos += 1;
        }
        self.pos - from
    }

    fn number(&mut self) -> Result<Value, Refusal> {
        let from = self.pos;
        self.eat(b'-');
        let mut whole_digits = 1;
        if !self.eat(b'0') {
            whole_digits = self.digits();
            if whole_digits == 0 {
                return Err(Refusal::Syntax);
            }
        }
        let whole_end = self.pos;
        // A point or an exponent without digits is not part of the number.
        if self.eat(b'.') && self.digits() == 0 {
            self.pos = whole_end;
        }
        let mantissa_end = self.pos;
        if self.eat(b'e') || self.eat(b'E') {
            if !self.eat(b'+') {
                self.eat(b'-');
            }
            if self.digits() == 0 {
                self.pos = mantissa_end;
            }
        }
        let text = &self.text[from..self.pos];
        if self.pos > whole_end {
            return text.parse().map(Value::Float).map_err(|_| Refusal::Syntax);
        }
        if whole_digits > MAX_DIGITS {
            return Err(Refusal::TooManyDigits);
        }
        // What surely fits 64 bits needs no big number on the way.
        if whole_digits <= 18
            && let Ok(small) = text.parse::<i64>()
        {
            return Ok(Value::Int(Int::from(small)));
        }
        text.parse().map(Value::Int).map_err(|_| Refusal::Syntax)
    }
}

/// The code point that the halves of a surrogate pair make together.
pub(super) fn join_surrogates(high: u32, low: u32) -> u32 {
    0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)
}
