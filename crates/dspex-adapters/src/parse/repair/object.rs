//! Reads objects: keys, members, and what only looks like an object. Strings and other values are read elsewhere.

use std::borrow::Cow;

use dspex_core::Value;
use dspex_core::value::Dict;

use super::RepairError;
use super::chars::{is_quote, is_space};
use super::parser::{Context, Parser};

/// An object as far as it has been read.
#[derive(Default)]
struct Members {
    dict: Dict,
    /// The key that stands last in the object.
    last_key: Option<String>,
}

impl Members {
    fn contains(&self, key: &str) -> bool {
        self.dict.get_str(key).is_some()
    }

    /// Sets a member, and says whether it took the place of another.
    fn insert(&mut self, key: String, value: Value) -> bool {
        if self.dict.insert(Value::from(key.as_str()), value).is_some() {
            return true;
        }
        self.last_key = Some(key);
        false
    }

    /// Whether the last member is a list under a key that is not empty.
    fn ends_with_list(&self) -> bool {
        self.last_key
            .as_deref()
            .is_some_and(|key| !key.is_empty() && matches!(self.dict.get_str(key), Some(Value::List(_))))
    }

    /// Adds items to the list that is the last member, and says how long it is then.
    fn extend_last(&mut self, items: Vec<Value>) -> usize {
        let Some(key) = self.last_key.as_deref().map(Value::from) else { return 0 };
        let Some(Value::List(mut list)) = self.dict.remove(&key) else { return 0 };
        continue_list(&mut list, items);
        let len = list.len();
        self.dict.insert(key, Value::List(list));
        len
    }
}

/// How an object without members is to be understood.
enum Empty {
    /// As what it is.
    Object,
    /// As a list in braces.
    List,
    /// As an object whose quotes are escaped; this is the text without the escapes.
    Unescaped(String),
}

impl Parser {
    /// Reads an object from behind its opening brace, or from its first key where it has no brace. It becomes a
    /// list where it has items but no keys.
    pub(super) fn object(&mut self) -> Result<Value, RepairError> {
        self.descend(2)?;
        let start = self.pos;
        let dropped_before = self.dropped;
        let mut members = Members::default();
        self.members(&mut members)?;
        self.pos += 1;
        let value = self.close_object(members, start, dropped_before);
        self.ascend(2);
        value
    }

    /// Reads members up to the place before the one where what follows the object starts.
    fn members(&mut self, members: &mut Members) -> Result<(), RepairError> {
        let is_member = self.contexts.is(Context::Member);
        // Objects nest through here: only what has to be is kept on the stack.
        while let Some(key) = self.next_member(members, is_member)? {
            let value = self.member_value()?;
            self.dropped |= members.insert(key, value);
            if matches!(self.peek(), Some(',' | '\'' | '"')) {
                self.pos += 1;
            }
            if self.peek() == Some(']') && self.contexts.within(Context::Array) {
                // The bracket closes a list around this object, which lacks its brace.
                self.pos -= 1;
                break;
            }
        }
        Ok(())
    }

    /// Moves to the value of the next member, and returns its key.
    fn next_member(&mut self, members: &mut Members, is_member: bool) -> Result<Option<String>, RepairError> {
        loop {
            self.step()?;
            self.skip_space_and_comments();
            match self.peek() {
                None | Some('}') => return Ok(None),
                Some(',') => {
                    self.pos += 1;
                    continue;
                }
                Some(':') => self.pos += 1,
                Some(_) => {}
            }
            let (key, key_start) = self.key(members)?;
            if !is_member
                && self.contexts.within(Context::Array)
                && members.contains(&key)
                && self.key_starts_new_object(key_start)
            {
                self.rewrite(key_start..key_start, "{");
                self.pos = key_start.saturating_sub(1);
                return Ok(None);
            }
            self.skip_space_and_comments();
            match self.peek() {
                None | Some('}') => {
                    self.dropped |= !key.is_empty();
                    continue;
                }
                Some(':') => self.pos += 1,
                Some(_) => self.discard(),
            }
            return Ok(Some(key));
        }
    }

    /// Reads the next key, and says where it starts. It is empty where there is none.
    fn key(&mut self, members: &mut Members) -> Result<(String, usize), RepairError> {
        self.contexts.enter(Context::Key);
        self.descend(1)?;
        let mut start = self.pos;
        let mut key = String::new();
        while let Some(c) = self.peek() {
            self.step()?;
            start = self.pos;
            if c == '[' && members.ends_with_list() {
                self.continue_last_list(members)?;
                continue;
            }
            match self.string()? {
                Value::Str(text) => key = text,
                _ => return Err(RepairError::KeyNotText),
            }
            if key.is_empty() {
                self.skip_space_and_comments();
            }
            if !key.is_empty() || matches!(self.peek(), Some(':' | '}')) {
                break;
            }
        }
        self.ascend(1);
        self.contexts.leave();
        Ok((key, start))
    }

    /// Reads a list that stands where a key should, as more items of the list before it.
    fn continue_last_list(&mut self, members: &mut Members) -> Result<(), RepairError> {
        self.pos += 1;
        self.descend(1)?;
        let items = self.array(']')?;
        self.ascend(1);
        let len = members.extend_last(items);
        self.charge(len);
        self.skip_space_and_comments();
        if self.peek() == Some(',') {
            self.pos += 1;
        }
        self.skip_space_and_comments();
        Ok(())
    }

    fn member_value(&mut self) -> Result<Value, RepairError> {
        self.contexts.enter(Context::Member);
        self.skip_space_and_comments();
        let value = if let Some(',' | '}') = self.peek() {
            Value::from("")
        } else {
            self.descend(1)?;
            let value = self.value()?;
            self.ascend(1);
            value
        };
        self.contexts.leave();
        Ok(value)
    }

    /// Whether a key that the object has already starts the next object of a list. It does not where it stands
    /// in quotes between a comma and a colon: then it is only repeated.
    fn key_starts_new_object(&mut self, key_start: usize) -> bool {
        let mut pos = key_start;
        while self.before(pos).is_some_and(is_space) {
            pos -= 1;
        }
        self.charge(key_start - pos);
        let next = self.skip_space_from(self.pos);
        let repeated = self.at(key_start).is_some_and(is_quote)
            && self.before(pos) == Some(',')
            && self.at(next) == Some(':');
        !repeated
    }

    /// Finishes an object; one that turned out to have no members is read once more, as what it may have been
    /// meant to be.
    fn close_object(
        &mut self,
        members: Members,
        start: usize,
        dropped_before: bool,
    ) -> Result<Value, RepairError> {
        if !members.dict.is_empty() {
            return self.finish_object(members);
        }
        let is_list = match self.classify_empty(start) {
            Empty::Object => return self.finish_object(members),
            Empty::List => true,
            Empty::Unescaped(text) => {
                self.rewrite(start.saturating_sub(1)..self.pos + 1, &text);
                false
            }
        };
        self.pos = start;
        self.dropped = dropped_before;
        self.contexts.enter(Context::Key);
        self.descend(1)?;
        let value = if is_list { self.list()? } else { self.object()? };
        self.ascend(1);
        self.contexts.leave();
        // Python reads the value that comes next as if it stood in a key, too.
        self.deferred_keys += 1;
        Ok(value)
    }

    fn classify_empty(&mut self, start: usize) -> Empty {
        if self.pos <= start + 2 {
            return Empty::Object;
        }
        // Several looks at all of it follow.
        self.charge(4 * (self.pos - start));
        if self.before(self.pos) == Some('}') {
            let body = self.text.slice(start..self.pos - 1);
            if without_comments(&body).trim_matches(is_space).is_empty() {
                return Empty::Object;
            }
        }
        // One character behind the brace belongs to what is looked at.
        let whole = self.text.slice(start.saturating_sub(1)..self.pos + 1);
        let body = whole.strip_prefix(|_: char| true).unwrap_or(&whole);
        let body = body.strip_suffix('}').unwrap_or(body).trim_start_matches(is_space);
        let escaped_key = |quote: &str| body.starts_with(quote) && body.contains(&format!("{quote}:"));
        if escaped_key("\\\"") || escaped_key("\\'") {
            return Empty::Unescaped(whole.replace("\\\"", "\"").replace("\\'", "'"));
        }
        let body = without_comments(body);
        if body.trim_start_matches(is_space).is_empty() || has_bare_colon(&body) {
            return Empty::Object;
        }
        Empty::List
    }

    fn finish_object(&mut self, members: Members) -> Result<Value, RepairError> {
        let mut dict = members.dict;
        if !self.contexts.is_empty() {
            if self.peek() == Some('}') && self.contexts.is(Context::Array) {
                self.pos += 1;
            }
            return Ok(Value::Dict(dict));
        }
        self.skip_space();
        if self.peek() == Some(',') {
            self.pos += 1;
            self.skip_space();
            if self.peek().is_some_and(is_quote) {
                // More members follow the closing brace.
                self.descend(1)?;
                let more = self.object()?;
                self.ascend(1);
                match more {
                    Value::Dict(more) => {
                        for (key, value) in more {
                            self.dropped |= dict.insert(key, value).is_some();
                        }
                    }
                    _ => self.dropped = true,
                }
            }
        }
        Ok(Value::Dict(dict))
    }
}

/// Adds what was read behind a list to it. A list of rows of one length takes rows; loose items at its end become
/// rows if they fill them.
fn continue_list(list: &mut Vec<Value>, items: Vec<Value>) {
    let Some(width) = row_width(list) else {
        match <[Value; 1]>::try_from(items) {
            Ok([Value::List(inner)]) => list.extend(inner),
            Ok([item]) => list.push(item),
            Err(items) => list.extend(items),
        }
        return;
    };
    let rows = list.iter().rposition(is_list).map_or(0, |last| last + 1);
    let loose = list.split_off(rows);
    if loose.len().is_multiple_of(width) {
        list.extend(loose.chunks(width).map(|row| Value::List(row.to_vec())));
    } else {
        list.extend(loose);
    }
    if items.iter().all(is_list) {
        list.extend(items);
    } else {
        list.push(Value::List(items));
    }
}

fn is_list(value: &Value) -> bool {
    matches!(value, Value::List(_))
}

/// The length that all lists within a list share, if there are any and they are not empty.
fn row_width(list: &[Value]) -> Option<usize> {
    let mut widths = list.iter().filter_map(|item| match item {
        Value::List(row) => Some(row.len()),
        _ => None,
    });
    let width = widths.next()?;
    (width > 0 && widths.all(|other| other == width)).then_some(width)
}

/// Follows quotes through a text: whether a character stands outside of them and is not escaped.
#[derive(Default)]
struct Quotes {
    open: Option<char>,
    escaped: bool,
}

impl Quotes {
    /// Takes the next character. Quotes themselves count as inside.
    fn is_outside(&mut self, c: char) -> bool {
        if c == '\\' {
            self.escaped = !self.escaped;
            return false;
        }
        let escaped = std::mem::take(&mut self.escaped);
        match self.open {
            Some(quote) => {
                if c == quote && !escaped {
                    self.open = None;
                }
                false
            }
            None if is_quote(c) && !escaped => {
                self.open = Some(c);
                false
            }
            None => !escaped,
        }
    }
}

/// Whether a colon stands outside of quotes.
fn has_bare_colon(text: &str) -> bool {
    let mut quotes = Quotes::default();
    text.chars().any(|c| quotes.is_outside(c) && c == ':')
}

/// The text without the comments that stand outside of quotes.
fn without_comments(text: &str) -> Cow<'_, str> {
    if !text.contains(['#', '/']) {
        return Cow::Borrowed(text);
    }
    let mut quotes = Quotes::default();
    let mut kept = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let in_quotes = quotes.open.is_some();
        quotes.is_outside(c);
        let after = if in_quotes || c == '\\' { None } else { comment_end(rest) };
        if let Some(end) = after {
            rest = &rest[end..];
        } else {
            kept.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    Cow::Owned(kept)
}

/// How long the comment is that the text starts with, in bytes.
fn comment_end(text: &str) -> Option<usize> {
    let line = |from: usize| text[from..].find(['\n', '\r']).map_or(text.len(), |end| from + end);
    if text.starts_with('#') {
        return Some(line(1));
    }
    if text.starts_with("//") {
        return Some(line(2));
    }
    let inner = text.strip_prefix("/*")?;
    Some(inner.find("*/").map_or(text.len(), |end| 2 + end + 2))
}
