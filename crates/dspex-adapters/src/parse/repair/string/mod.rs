//! Reads strings, quoted or not, from their first character to their last. What escapes mean and what a look
//! ahead says about a character is decided in the modules below.

mod escape;
mod lookahead;
mod out;

use dspex_core::Value;

use self::out::Out;
use super::RepairError;
use super::chars::{is_alnum, is_opener, is_quote, is_space};
use super::parser::{Context, Parser, Target};

/// Stands for the quote that would close a span in low quotes: no text has it.
const NO_QUOTE: char = '\0';

/// A string under way.
#[expect(clippy::struct_excessive_bools, reason = "they are independent of each other")]
#[derive(Debug)]
struct Quoted {
    /// It has no opening quote.
    bare: bool,
    /// Its quotes are written twice.
    doubled: bool,
    opening: char,
    closing: char,
    out: Out,
    /// A quote within the string was kept, and the next one belongs to it.
    inner_quote_open: bool,
    /// A comma was followed by a bracket that belongs to the string.
    container_pending: bool,
    /// Brackets within the string that are open.
    containers: Vec<char>,
    /// No quote or bracket follows any more.
    nothing_ahead: bool,
    /// How many spans that start with a low quote are open.
    low_spans: usize,
}

impl Quoted {
    fn new(first: char) -> Self {
        let (opening, closing) = match first {
            '\'' => ('\'', '\''),
            '“' => ('“', '”'),
            _ => ('"', '"'),
        };
        Self {
            bare: is_alnum(first),
            doubled: false,
            opening,
            closing,
            out: Out::default(),
            inner_quote_open: false,
            container_pending: false,
            containers: Vec::new(),
            nothing_ahead: false,
            low_spans: 0,
        }
    }

    /// The quote that closes the innermost span.
    fn innermost_closing(&self) -> char {
        if self.low_spans > 0 { NO_QUOTE } else { self.closing }
    }
}

/// How a string starts.
enum Start {
    /// It needs no reading: this is what stands there.
    Done(Value),
    Body(Quoted),
}

/// What to do about a character of a string.
enum Turn {
    /// Nothing out of the ordinary.
    Pass,
    /// It is dealt with; go on with this one.
    GoOn(Option<char>),
    /// The string ends here.
    Stop,
}

impl Parser {
    /// Reads the string that comes next, or the value that stands in its place: `true`, `false`, `null`, `None`
    /// without quotes, or JSON in a code fence.
    pub(super) fn string(&mut self) -> Result<Value, RepairError> {
        self.descend(2)?;
        self.step()?;
        let value = match self.start_string()? {
            Start::Done(value) => value,
            Start::Body(mut s) => {
                let end = self.string_body(&mut s)?;
                Value::Str(self.finish_string(s, end))
            }
        };
        self.ascend(2);
        Ok(value)
    }

    // --- the start ---

    fn start_string(&mut self) -> Result<Start, RepairError> {
        if matches!(self.peek(), Some('#' | '/')) {
            return self.comment().map(Start::Done);
        }
        let from = self.pos;
        while self.peek().is_some_and(|c| !is_quote(c) && !is_alnum(c)) {
            self.discard();
        }
        self.charge(self.pos - from);
        let Some(first) = self.peek() else { return Ok(Start::Done(Value::from(""))) };
        if let Some(text) = self.simple_string() {
            return Ok(Start::Done(Value::Str(text)));
        }
        let mut s = Quoted::new(first);
        if !s.bare {
            self.pos += 1;
        } else if !self.contexts.is(Context::Key)
            && let Some(value) = self.literal()
        {
            return Ok(Start::Done(value));
        }
        if let Some(value) = self.fenced_value()? {
            return Ok(Start::Done(value));
        }
        if self.peek() == Some(s.opening) && self.second_quote(&mut s) {
            return Ok(Start::Done(Value::from("")));
        }
        Ok(Start::Body(s))
    }

    /// Reads a string in double quotes without escapes or line breaks, if what follows it is what should.
    fn simple_string(&mut self) -> Option<String> {
        if self.peek() != Some('"') {
            return None;
        }
        let start = self.pos + 1;
        let end = self.seek(start, |c| matches!(c, '"' | '\\' | '\n' | '\r'));
        if self.at(end) != Some('"') {
            return None;
        }
        let next = self.skip_space_from(end + 1);
        let next = self.at(next);
        let sound = if self.contexts.is(Context::Key) {
            next == Some(':')
        } else if self.contexts.is(Context::Member) {
            matches!(next, Some(',' | '}') | None)
        } else if self.contexts.is(Context::Array) {
            matches!(next, Some(',' | ']') | None)
        } else {
            next.is_none()
        };
        if !sound {
            return None;
        }
        self.pos = end + 1;
        Some(self.text.slice(start..end))
    }

    /// Reads a literal of JSON or Python, in any case, if nothing else is attached to it.
    fn literal(&mut self) -> Option<Value> {
        let literals = [
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("null", Value::None),
            ("none", Value::None),
        ];
        for (word, value) in literals {
            let end = self.pos + word.len();
            if self.spells(self.pos, word)
                && self.at(end).is_none_or(|c| is_space(c) || matches!(c, ',' | ')' | ']' | '}'))
            {
                self.pos = end;
                return Some(value);
            }
        }
        None
    }

    /// Reads the value in a code fence that stands where the content of a string should start.
    fn fenced_value(&mut self) -> Result<Option<Value>, RepairError> {
        if !self.text.starts_with(self.pos, "```json") {
            return Ok(None);
        }
        let end = self.find(Target::One('`'), self.pos + 7);
        if !self.text.starts_with(end, "```") {
            return Ok(None);
        }
        self.pos += 7;
        self.descend(2)?;
        let value = self.value()?;
        self.ascend(2);
        // Python cannot tell a value of `false` from there being none, and reads on behind it.
        Ok((value != Value::Bool(false)).then_some(value))
    }

    /// Decides about a second quote that directly follows the opening one. Returns whether the string is empty.
    fn second_quote(&mut self, s: &mut Quoted) -> bool {
        let next = self.at(self.pos + 1);
        let closes = match next {
            Some(':') => self.contexts.is(Context::Key),
            Some(',') => self.contexts.is(Context::Member) || self.contexts.is(Context::Array),
            Some('}') => self.contexts.is(Context::Member),
            Some(']') => self.contexts.is(Context::Array),
            _ => false,
        };
        if closes {
            self.pos += 1;
            return true;
        }
        if next == Some(s.opening) {
            return true;
        }
        let quote = self.find(Target::One(s.closing), self.pos + 1);
        if self.at(quote + 1) == Some(s.closing) {
            s.doubled = true;
            self.pos += 1;
            return false;
        }
        if self.at(quote).is_some() && self.opens_inner_span(s, quote) {
            s.out.push(s.opening);
            s.inner_quote_open = true;
            self.pos += 1;
            return false;
        }
        let next = self.skip_space_from(self.pos + 1);
        match self.at(next) {
            Some(c) if is_quote(c) || matches!(c, '{' | '[') => {
                self.pos += 1;
                return true;
            }
            Some(',' | ']' | '}') => {}
            _ => self.pos += 1,
        }
        false
    }

    /// Whether the second quote opens a quoted span at the start of a member's text: another quote closes the
    /// span, and one more the text.
    fn opens_inner_span(&mut self, s: &Quoted, span_end: usize) -> bool {
        if !self.contexts.is(Context::Member) || self.only_space_until(span_end) {
            return false;
        }
        let end = self.find(Target::One(s.closing), span_end + 1);
        if self.at(end).is_none() {
            return false;
        }
        let after = self.skip_space_from(end + 1);
        matches!(self.at(after), Some(',' | '}') | None)
    }

    // --- the body ---

    /// Reads on to the end of the string. Returns the character it stopped at, which is its closing quote unless
    /// that is missing.
    fn string_body(&mut self, s: &mut Quoted) -> Result<Option<char>, RepairError> {
        let mut current = self.peek();
        while let Some(c) = current
            && (c != s.closing || s.low_spans > 0)
        {
            self.step()?;
            match self.turn_before(s, c) {
                Turn::Pass => {}
                Turn::GoOn(next) => {
                    current = next;
                    continue;
                }
                Turn::Stop => break,
            }
            s.out.push(c);
            self.pos += 1;
            current = self.peek();
            let Some(c) = current else { break };
            if s.out.ends_with('\\') && self.escape(s, c) {
                current = self.peek();
                continue;
            }
            match self.turn_after(s, c) {
                Turn::Pass => {}
                Turn::GoOn(next) => current = next,
                Turn::Stop => {
                    // A string without quotes may end one character back.
                    current = self.peek();
                    break;
                }
            }
        }
        Ok(current)
    }

    /// Keeps a character as it stands.
    fn keep(&mut self, s: &mut Quoted, c: char) -> Turn {
        s.out.push(c);
        self.pos += 1;
        Turn::GoOn(self.peek())
    }

    /// Decides about a character before it is taken into the string.
    fn turn_before(&mut self, s: &mut Quoted, c: char) -> Turn {
        if s.bare && self.ends_bare_string(c) {
            return Turn::Stop;
        }
        if c == '„' && !s.out.ends_with('\\') {
            s.low_spans += 1;
            return self.keep(s, c);
        }
        if c == '”' && s.low_spans > 0 {
            s.low_spans -= 1;
            return self.keep(s, c);
        }
        if self.may_keep_container(s, c)
            && let Some(end) = self.container_end(self.pos)
        {
            s.container_pending = false;
            s.containers.clear();
            self.text.chars(self.pos..end).for_each(|c| s.out.push(c));
            self.pos = end;
            return Turn::GoOn(self.peek());
        }
        if c == ',' && self.contexts.is(Context::Member) && !s.container_pending && s.containers.is_empty() {
            return self.comma(s);
        }
        if track_containers(s, c) {
            return self.keep(s, c);
        }
        match c {
            '}' if self.contexts.is(Context::Member) => self.closing_brace(s),
            ']' if self.contexts.within(Context::Array) && !s.out.ends_with(s.closing) => {
                let quote = self.find(Target::One(s.closing), self.pos);
                if self.at(quote).is_none() { Turn::Stop } else { Turn::Pass }
            }
            _ => Turn::Pass,
        }
    }

    fn ends_bare_string(&self, c: char) -> bool {
        (self.contexts.is(Context::Key) && (c == ':' || is_space(c)))
            || (self.contexts.is(Context::Array) && matches!(c, ']' | ','))
    }

    /// Whether a bracket opens a container that should be kept as a whole, if it is closed.
    fn may_keep_container(&mut self, s: &Quoted, c: char) -> bool {
        if !is_opener(c) || s.out.ends_with('\\') {
            return false;
        }
        s.container_pending || {
            c == '{' && self.contexts.is(Context::Member) && self.before(self.pos) != Some('\\') && {
                let key = self.skip_space_from(self.pos + 1);
                self.bare_key_at(key)
            }
        }
    }

    /// Decides about a character after the one before it has been taken.
    fn turn_after(&mut self, s: &mut Quoted, c: char) -> Turn {
        if c == ':' && !s.bare && self.contexts.is(Context::Key) && self.colon_ends_key(s) {
            return Turn::Stop;
        }
        if c == '"' && s.low_spans > 0 {
            s.low_spans -= 1;
            return self.keep(s, c);
        }
        if c != s.closing {
            return Turn::Pass;
        }
        if self.contexts.is(Context::Member) && s.out.in_compact_class() {
            let bracket = self.find(Target::One(']'), self.pos + 1);
            if self.at(bracket).is_some() {
                return self.keep(s, c);
            }
        }
        if s.out.is_empty() || s.out.ends_with('\\') { Turn::Pass } else { self.closing_quote(s, c) }
    }

    // --- the end ---

    fn finish_string(&mut self, mut s: Quoted, end: Option<char>) -> String {
        if s.bare && self.contexts.is(Context::Key) && end.is_some_and(is_space) {
            self.skip_space();
            if !matches!(self.peek(), Some(':' | ',')) {
                // Words where a key should be: a remark, not a key.
                self.dropped |= !s.out.is_empty();
                return String::new();
            }
        }
        if end == Some(s.closing) {
            self.pos += 1;
        } else {
            s.out.trim_end();
        }
        if s.bare || s.out.ends_with('\n') {
            s.out.trim_end();
        }
        let (text, lossy) = s.out.into_text();
        self.dropped |= lossy;
        text
    }
}

/// Follows brackets that belong to a string. Returns whether the character closes one.
fn track_containers(s: &mut Quoted, c: char) -> bool {
    if matches!(c, '{' | '[') {
        if s.container_pending {
            s.containers.push(c);
            s.container_pending = false;
            return false;
        }
        if !s.containers.is_empty() {
            s.containers.push(c);
        }
    }
    let closes = matches!((c, s.containers.last()), ('}', Some('{')) | (']', Some('[')));
    if closes {
        s.containers.pop();
    }
    closes
}
