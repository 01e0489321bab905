//! Python's literals: what `ast.literal_eval` reads, which DSPy tries on text that is not JSON.
//!
//! Numbers, text, bytes, `None`, `True`, `False`, tuples, lists, sets and dicts of them, `set()`, and sums such as
//! `1+2j`. There are no names and no calls besides. Escapes by Unicode name (`\N{...}`) are not read.

use dspex_core::Value;
use dspex_core::value::Int;

use super::limit::MAX_VALUES;
use super::pyeq::{self, DictBuilder};

/// Why there is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LiteralError {
    /// The text is not a literal.
    NotLiteral,
    /// The text is a literal of which no value can be made here: Python raises, or has a value that no
    /// [`Value`] stands for, or it holds more values than any reply.
    NoValue,
}

/// Python's own bound for brackets inside brackets.
const MAX_DEPTH: usize = 200;

/// The most digits that Python reads in base ten.
const MAX_DIGITS: usize = 4300;

type Read<T> = Result<T, LiteralError>;

/// Reads a Python literal.
pub(crate) fn literal_eval(text: &str) -> Read<Value> {
    let text = text.trim_start_matches([' ', '\t']).replace("\r\n", "\n").replace('\r', "\n");
    if text.contains('\0') {
        return Err(LiteralError::NotLiteral);
    }
    let mut reader = Reader { text: &text, at: 0, depth: 0, values: 0, no_value: false, composed: false };
    reader.blank_lines()?;
    let value = reader.expressions()?;
    reader.blank();
    if reader.at < text.len() && !reader.rest().starts_with('\n') {
        return Err(LiteralError::NotLiteral);
    }
    reader.empty_lines();
    match (reader.at < text.len(), reader.no_value) {
        (true, _) => Err(LiteralError::NotLiteral),
        (false, true) => Err(LiteralError::NoValue),
        (false, false) => Ok(value),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Brackets that are open; inside them line breaks are blanks.
    depth: usize,
    /// Values that were met.
    values: usize,
    /// Whether a part was met of which Python makes no value that can be kept.
    no_value: bool,
    /// Whether the number that was read last has a sign or is a sum, which may not have one.
    composed: bool,
}

/// Text and bytes are read alike and never mixed.
enum Quoted {
    Text(String),
    Bytes(Vec<u8>),
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, what: &str) -> bool {
        let found = self.rest().starts_with(what);
        if found {
            self.at += what.len();
        }
        found
    }

    /// Skips blanks, comments and joined lines.
    fn blank(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\u{c}') => self.at += 1,
                Some('\n') if self.depth > 0 => self.at += 1,
                Some('\\') if self.rest().starts_with("\\\n") && self.rest().len() > 2 => self.at += 2,
                Some('#') => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
                _ => return,
            }
        }
    }

    /// Skips empty lines before the expression, which must then start its line.
    fn blank_lines(&mut self) -> Read<()> {
        loop {
            let line = self.at;
            self.blank();
            if !self.take("\n") {
                let indented = is_indented(&self.text[line..self.at]);
                return if indented { Err(LiteralError::NotLiteral) } else { Ok(()) };
            }
        }
    }

    /// Skips empty lines behind the expression. Blanks on a last line without an end are an indent to Python, and
    /// stay standing.
    fn empty_lines(&mut self) {
        while self.take("\n") {
            let line = self.at;
            self.blank();
            if self.at == self.text.len() && is_indented(&self.text[line..]) {
                self.at = line;
                return;
            }
        }
    }

    /// One expression, or a tuple without brackets.
    fn expressions(&mut self) -> Read<Value> {
        let first = self.expression()?;
        self.blank();
        if !self.take(",") {
            return Ok(first);
        }
        let mut items = vec![first];
        loop {
            self.blank();
            if matches!(self.peek(), None | Some('\n' | ')')) {
                return Ok(Value::Tuple(items));
            }
            items.push(self.expression()?);
            self.blank();
            if !self.take(",") {
                return Ok(Value::Tuple(items));
            }
        }
    }

    /// A literal, or the sum of a real and an imaginary number.
    fn expression(&mut self) -> Read<Value> {
        self.blank();
        let left = self.signed()?;
        self.blank();
        let minus = match self.peek() {
            Some('+') => false,
            Some('-') => true,
            _ => return Ok(left),
        };
        self.at += 1;
        self.blank();
        // Only the left side may have a sign, and a sum has two sides.
        let (Value::Int(_) | Value::Float(_)) = left else { return Err(LiteralError::NotLiteral) };
        let (Value::Complex(re, im), false) = (self.atom()?, self.composed) else {
            return Err(LiteralError::NotLiteral);
        };
        let im = if minus { 0.0 - im } else { im };
        self.composed = true;
        self.blank();
        if matches!(self.peek(), Some('+' | '-')) {
            return Err(LiteralError::NotLiteral);
        }
        let real = left.as_f64().unwrap_or(f64::INFINITY);
        if real.is_infinite() && matches!(left, Value::Int(_)) {
            self.no_value = true;
        }
        // The real part of an imaginary literal is a zero that takes part in the sum.
        Ok(Value::Complex(if minus { real - re } else { real + re }, im))
    }

    /// An atom, or a number behind a sign.
    fn signed(&mut self) -> Read<Value> {
        let minus = match self.peek() {
            Some('-') => true,
            Some('+') => false,
            _ => return self.atom(),
        };
        self.at += 1;
        self.blank();
        let number = self.atom()?;
        if std::mem::replace(&mut self.composed, true) {
            return Err(LiteralError::NotLiteral);
        }
        match number {
            number @ (Value::Int(_) | Value::Float(_) | Value::Complex(..)) if !minus => Ok(number),
            Value::Int(i) => format!("-{i}").parse().map(Value::Int).map_err(|_| LiteralError::NotLiteral),
            Value::Float(f) => Ok(Value::Float(-f)),
            Value::Complex(re, im) => Ok(Value::Complex(-re, -im)),
            _ => Err(LiteralError::NotLiteral),
        }
    }

    fn atom(&mut self) -> Read<Value> {
        self.composed = false;
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(LiteralError::NoValue);
        }
        let rest = self.rest();
        match self.peek().ok_or(LiteralError::NotLiteral)? {
            '(' => self.bracketed(Self::tuple),
            '[' => self.bracketed(Self::list),
            '{' => self.bracketed(Self::set_or_dict),
            '.' if rest.starts_with("...") => {
                self.at += 3;
                self.no_value = true;
                Ok(Value::None)
            }
            '0'..='9' | '.' => self.number(),
            '"' | '\'' => self.quoted(),
            c if c.is_ascii_alphabetic() => self.word(),
            _ => Err(LiteralError::NotLiteral),
        }
    }

    fn bracketed(&mut self, inside: fn(&mut Self) -> Read<Value>) -> Read<Value> {
        if self.depth >= MAX_DEPTH {
            return Err(LiteralError::NotLiteral);
        }
        self.at += 1;
        self.depth += 1;
        self.blank();
        let value = inside(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn tuple(&mut self) -> Read<Value> {
        if self.take(")") {
            return Ok(Value::Tuple(Vec::new()));
        }
        let value = self.expressions()?;
        self.blank();
        if self.take(")") { Ok(value) } else { Err(LiteralError::NotLiteral) }
    }

    fn list(&mut self) -> Read<Value> {
        let mut items = Vec::new();
        while !self.take("]") {
            items.push(self.expression()?);
            self.separator("]")?;
        }
        Ok(Value::List(items))
    }

    /// A comma, or the closing bracket, which is left standing.
    fn separator(&mut self, close: &str) -> Read<()> {
        self.blank();
        let comma = self.take(",");
        self.blank();
        if comma || self.rest().starts_with(close) { Ok(()) } else { Err(LiteralError::NotLiteral) }
    }

    fn set_or_dict(&mut self) -> Read<Value> {
        if self.take("}") {
            return Ok(Value::Dict(dspex_core::Dict::new()));
        }
        let first = self.expression()?;
        self.blank();
        if self.rest().starts_with(':') { self.dict(first) } else { self.set(first) }
    }

    fn set(&mut self, first: Value) -> Read<Value> {
        let mut items = vec![first];
        self.separator("}")?;
        while !self.take("}") {
            items.push(self.expression()?);
            self.separator("}")?;
        }
        let set = pyeq::distinct(items);
        self.no_value |= set.is_none();
        Ok(Value::Set(set.unwrap_or_default()))
    }

    fn dict(&mut self, first: Value) -> Read<Value> {
        let mut dict = DictBuilder::default();
        let mut key = first;
        loop {
            self.blank();
            if !self.take(":") {
                return Err(LiteralError::NotLiteral);
            }
            let value = self.expression()?;
            self.no_value |= !dict.insert(key, value);
            self.separator("}")?;
            if self.take("}") {
                return Ok(Value::Dict(dict.finish()));
            }
            key = self.expression()?;
            self.blank();
        }
    }

    /// `None`, `True`, `False`, `set()`, or text with a prefix.
    fn word(&mut self) -> Read<Value> {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let word = &rest[..end];
        if rest[end..].starts_with(['"', '\'']) && end <= 2 {
            return self.quoted();
        }
        let value = match word {
            "None" => Value::None,
            "True" => Value::Bool(true),
            "False" => Value::Bool(false),
            "set" => Value::Set(Vec::new()),
            _ => return Err(LiteralError::NotLiteral),
        };
        self.at += end;
        if matches!(value, Value::Set(_)) {
            self.blank();
            let open = self.take("(");
            self.depth += 1;
            self.blank();
            self.depth -= 1;
            if !open || !self.take(")") {
                return Err(LiteralError::NotLiteral);
            }
        }
        Ok(value)
    }
}

impl Reader<'_> {
    fn number(&mut self) -> Read<Value> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let radix = match (bytes[0], bytes.get(1)) {
            (b'0', Some(b'x' | b'X')) => 16,
            (b'0', Some(b'o' | b'O')) => 8,
            (b'0', Some(b'b' | b'B')) => 2,
            _ => 10,
        };
        let (value, length) = if radix == 10 { decimal(rest)? } else { in_base(rest, radix)? };
        self.at += length;
        // A name right behind a number would be another token.
        match self.peek() {
            Some(c) if c.is_alphanumeric() || c == '_' || c == '.' => Err(LiteralError::NotLiteral),
            _ => Ok(value),
        }
    }
}

/// Whether the blanks at the start of a line move what follows to the right. A form feed starts anew.
fn is_indented(blanks: &str) -> bool {
    let blanks = blanks.rsplit('\u{c}').next().unwrap_or_default();
    !blanks.contains('#') && blanks.contains([' ', '\t'])
}

/// Digits with single underscores between them: how far they go.
fn digits(text: &str, radix: u32) -> Read<usize> {
    let mut end = 0;
    let mut last_digit = false;
    for c in text.chars() {
        match c {
            '_' if last_digit => last_digit = false,
            c if c.is_digit(radix) => last_digit = true,
            _ => break,
        }
        end += 1;
    }
    if end > 0 && !last_digit { Err(LiteralError::NotLiteral) } else { Ok(end) }
}

fn in_base(text: &str, radix: u32) -> Read<(Value, usize)> {
    // Here an underscore may follow the prefix.
    let underscore = usize::from(text[2..].starts_with('_'));
    let start = 2 + underscore;
    let length = digits(&text[start..], radix)?;
    let number = text[start..start + length].replace('_', "");
    let value = Int::from_radix(&number, radix).ok_or(LiteralError::NotLiteral)?;
    Ok((Value::Int(value), start + length))
}

fn decimal(text: &str) -> Read<(Value, usize)> {
    let whole = digits(text, 10)?;
    let mut end = whole;
    let mut float = false;
    if text[end..].starts_with('.') {
        float = true;
        end += 1;
        end += digits(&text[end..], 10)?;
        if end == 1 {
            return Err(LiteralError::NotLiteral);
        }
    }
    if text[end..].starts_with(['e', 'E']) {
        let sign = usize::from(text[end + 1..].starts_with(['+', '-']));
        let exponent = digits(&text[end + 1 + sign..], 10)?;
        if exponent == 0 {
            return Err(LiteralError::NotLiteral);
        }
        float = true;
        end += 1 + sign + exponent;
    }
    let clean = text[..end].replace('_', "");
    let imaginary = text[end..].starts_with(['j', 'J']);
    if float || imaginary {
        let number: f64 = clean.parse().map_err(|_| LiteralError::NotLiteral)?;
        return Ok(if imaginary {
            (Value::Complex(0.0, number), end + 1)
        } else {
            (Value::Float(number), end)
        });
    }
    // `007` is no number; `000` is.
    if clean.len() > MAX_DIGITS || (clean.starts_with('0') && clean.bytes().any(|b| b != b'0')) {
        return Err(LiteralError::NotLiteral);
    }
    clean.parse().map(|i| (Value::Int(i), end)).map_err(|_| LiteralError::NotLiteral)
}

impl Reader<'_> {
    /// Quoted text or bytes, and what stands right behind it quoted too.
    fn quoted(&mut self) -> Read<Value> {
        let mut all = self.one_quoted()?;
        loop {
            self.blank();
            let rest = self.rest();
            let prefix = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
            if prefix > 2 || !rest[prefix..].starts_with(['"', '\'']) {
                break;
            }
            match (&mut all, self.one_quoted()?) {
                (Quoted::Text(text), Quoted::Text(more)) => text.push_str(&more),
                (Quoted::Bytes(bytes), Quoted::Bytes(more)) => bytes.extend(more),
                _ => return Err(LiteralError::NotLiteral),
            }
        }
        Ok(match all {
            Quoted::Text(text) => Value::Str(text),
            Quoted::Bytes(bytes) => Value::Bytes(bytes),
        })
    }

    fn one_quoted(&mut self) -> Read<Quoted> {
        let open = self.rest().find(['"', '\'']).ok_or(LiteralError::NotLiteral)?;
        let prefix = self.rest()[..open].to_ascii_lowercase();
        let (raw, bytes) = match prefix.as_str() {
            "" | "u" => (false, false),
            "r" => (true, false),
            "b" => (false, true),
            "br" | "rb" => (true, true),
            _ => return Err(LiteralError::NotLiteral),
        };
        self.at += open;
        let quote = &self.rest()[..1];
        let triple = quote.repeat(3);
        let end = if self.rest().starts_with(&triple) { triple } else { quote.to_owned() };
        self.at += end.len();
        let body = self.body(&end)?;
        if bytes && !body.is_ascii() {
            return Err(LiteralError::NotLiteral);
        }
        Ok(match (raw, bytes) {
            (true, true) => Quoted::Bytes(body.into_bytes()),
            (true, false) => Quoted::Text(body),
            (false, true) => Quoted::Bytes(unescape_bytes(&body)?),
            (false, false) => Quoted::Text(self.unescape(&body)?),
        })
    }

    /// What stands up to the closing quotes, escapes unread.
    fn body(&mut self, end: &str) -> Read<String> {
        let start = self.at;
        loop {
            if self.rest().starts_with(end) {
                let body = self.text[start..self.at].to_owned();
                self.at += end.len();
                return Ok(body);
            }
            match self.peek() {
                None => return Err(LiteralError::NotLiteral),
                Some('\n') if end.len() == 1 => return Err(LiteralError::NotLiteral),
                Some('\\') => {
                    self.at += 1;
                    self.at += self.peek().map_or(0, char::len_utf8);
                }
                Some(c) => self.at += c.len_utf8(),
            }
        }
    }

    fn unescape(&mut self, body: &str) -> Read<String> {
        let mut out = String::with_capacity(body.len());
        let mut rest = body;
        while let Some(at) = rest.find('\\') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let Some(c) = rest.chars().next() else { return Err(LiteralError::NotLiteral) };
            let hex = match c {
                'x' => 2,
                'u' => 4,
                'U' => 8,
                'N' => return Err(LiteralError::NotLiteral),
                _ => 0,
            };
            if hex > 0 {
                let number = hex_digits(&rest[1..], hex)?;
                match char::from_u32(number) {
                    Some(c) => out.push(c),
                    // Half of a surrogate pair is a character to Python, and to nobody else.
                    None if number < 0x11_0000 => self.no_value = true,
                    None => return Err(LiteralError::NotLiteral),
                }
                rest = &rest[1 + hex..];
                continue;
            }
            let (escape, length) = simple_escape(rest);
            match escape {
                Some(code) => out.push(char::from_u32(code).unwrap_or_default()),
                None if c == '\n' => {}
                None => {
                    out.push('\\');
                    out.push(c);
                }
            }
            rest = &rest[length..];
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// The escapes that text and bytes share: the code, if it is one, and the length of what it covers.
fn simple_escape(rest: &str) -> (Option<u32>, usize) {
    let Some(c) = rest.chars().next() else { return (None, 0) };
    let code = match c {
        '\\' | '\'' | '"' => c as u32,
        'a' => 7,
        'b' => 8,
        't' => 9,
        'n' => 10,
        'v' => 11,
        'f' => 12,
        'r' => 13,
        '0'..='7' => {
            let length = rest.bytes().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
            return (u32::from_str_radix(&rest[..length], 8).ok(), length);
        }
        _ => return (None, c.len_utf8()),
    };
    (Some(code), 1)
}

fn hex_digits(text: &str, count: usize) -> Read<u32> {
    let digits = text.get(..count).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
    digits.and_then(|d| u32::from_str_radix(d, 16).ok()).ok_or(LiteralError::NotLiteral)
}

fn unescape_bytes(body: &str) -> Read<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.find('\\') {
        out.extend(rest[..at].bytes());
        rest = &rest[at + 1..];
        if rest.starts_with('x') {
            out.push(hex_digits(&rest[1..], 2)?.to_le_bytes()[0]);
            rest = &rest[3..];
            continue;
        }
        let (escape, length) = simple_escape(rest);
        match escape {
            // Python keeps the low eight bits of `\777`.
            Some(code) => out.push(code.to_le_bytes()[0]),
            None if rest.starts_with('\n') => {}
            None => {
                out.push(b'\\');
                out.extend(rest[..length].bytes());
            }
        }
        rest = &rest[length..];
    }
    out.extend(rest.bytes());
    Ok(out)
}
