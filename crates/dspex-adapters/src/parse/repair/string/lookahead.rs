//! Decides, by looking at what follows, whether a comma, a bracket or a quote ends a string or belongs to it.

use super::super::chars::{
    closing_bracket, closing_quote, is_alnum, is_alpha, is_digit, is_opener, is_quote, is_space,
};
use super::super::parser::{Context, Parser, QuoteCount, Target};
use super::{Quoted, Turn};

/// What a comma within a member's text means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comma {
    /// The next member starts behind it.
    Member,
    /// It belongs to the text.
    Text,
    /// It belongs to the text, as does the container behind it.
    Container,
    /// It belongs to the text, and so does every later one.
    LastOfMany,
}

impl Parser {
    /// Whether only white space stands between this character and a later one.
    pub(super) fn only_space_until(&mut self, end: usize) -> bool {
        self.skip_space_from(self.pos + 1) >= end
    }

    // --- commas ---

    /// Decides about a comma in the text of a member.
    pub(super) fn comma(&mut self, s: &mut Quoted) -> Turn {
        let comma = if s.nothing_ahead { Comma::Text } else { self.classify_comma() };
        if comma == Comma::Member {
            return Turn::Stop;
        }
        s.nothing_ahead |= comma == Comma::LastOfMany;
        s.container_pending = comma == Comma::Container;
        self.keep(s, ',')
    }

    fn classify_comma(&mut self) -> Comma {
        let next = self.skip_space_from(self.pos + 1);
        let Some(c) = self.at(next) else { return Comma::Member };
        if c == '}' {
            return Comma::Member;
        }
        if is_quote(c) {
            return self.key_or_text(c, next + 1);
        }
        if c == '`' {
            let key_end = self.skip_bare_key_from(next + 1);
            let colon = self.skip_space_from(key_end);
            return if self.at(colon) == Some(':') { Comma::Member } else { Comma::Text };
        }
        if is_alnum(c) || c == '_' {
            let key_end = self.skip_bare_key_from(next);
            let colon = self.skip_space_from(key_end);
            if self.at(colon) == Some(':') && self.value_starts_at(colon + 1) {
                return Comma::Member;
            }
        }
        if matches!(c, '{' | '[') {
            return Comma::Container;
        }
        let special = self.find(Target::QuoteOrOpener, next);
        match self.at(special) {
            None => Comma::LastOfMany,
            Some('{' | '[') => Comma::Text,
            Some(quote) => self.key_or_text(quote, special + 1),
        }
    }

    /// What a comma means that a quoted key, from behind its opening quote, may follow.
    fn key_or_text(&mut self, quote: char, from: usize) -> Comma {
        let end = self.find(Target::One(quote), from);
        let colon = self.skip_space_from(end + 1);
        if self.at(end).is_some() && self.at(colon) == Some(':') { Comma::Member } else { Comma::Text }
    }

    /// Whether what follows the colon of a bare key looks like a value, so that the key is one.
    fn value_starts_at(&mut self, from: usize) -> bool {
        let start = self.skip_space_from(from);
        if self.at(start).is_some_and(|c| is_quote(c) || matches!(c, '{' | '[' | '-') || is_digit(c)) {
            return true;
        }
        let is_literal = ["true", "false", "null"].iter().any(|word| {
            self.text.starts_with(start, word)
                && self.at(start + word.len()).is_none_or(|c| is_space(c) || matches!(c, ',' | '}' | ']'))
        });
        is_literal || {
            // A bare value counts if the object closes before a string can.
            let end = self.find(Target::QuoteOrBrace, start);
            self.at(end) == Some('}')
        }
    }

    // --- keys ---

    /// Whether a key without quotes and its colon stand at a place.
    pub(super) fn bare_key_at(&mut self, pos: usize) -> bool {
        if !self.at(pos).is_some_and(|c| is_alnum(c) || c == '_') {
            return false;
        }
        let end = self.skip_bare_key_from(pos);
        let colon = self.skip_space_from(end);
        self.at(colon) == Some(':')
    }

    /// Whether a key, quoted or not, and its colon stand at a place.
    fn key_at(&mut self, pos: usize) -> bool {
        let Some(quote) = self.at(pos).filter(|&c| is_quote(c)) else { return self.bare_key_at(pos) };
        let end = self.find(Target::One(closing_quote(quote)), pos + 1);
        if self.at(end).is_none() {
            return false;
        }
        let colon = self.skip_space_from(end + 1);
        self.at(colon) == Some(':')
    }

    /// Whether a comma and a key follow the quote at a place.
    fn member_follows(&mut self, quote: usize) -> bool {
        let comma = self.skip_space_from(quote + 1);
        self.at(comma) == Some(',') && {
            let key = self.skip_space_and_comments_from(comma + 1);
            self.key_at(key)
        }
    }

    /// Whether the colon here ends a key whose closing quote is missing.
    pub(super) fn colon_ends_key(&mut self, s: &Quoted) -> bool {
        let value = self.find(Target::One(s.opening), self.pos + 1);
        if self.at(value).is_none() {
            return true;
        }
        let value_end = self.find(Target::One(s.closing), value + 1);
        let after = self.skip_space_from(value_end + 1);
        self.at(value_end).is_some() && matches!(self.at(after), Some(',' | '}'))
    }

    /// The first place from `from` on that is neither white space nor in a comment.
    fn skip_space_and_comments_from(&mut self, from: usize) -> usize {
        let mut pos = from;
        loop {
            pos = self.skip_space_from(pos);
            pos = match (self.at(pos), self.at(pos + 1)) {
                (Some('#'), _) => self.seek(pos, |c| matches!(c, '\n' | '\r')),
                (Some('/'), Some('/')) => self.seek(pos + 2, |c| matches!(c, '\n' | '\r')),
                (Some('/'), Some('*')) => {
                    let mut star = false;
                    let slash = self.seek(pos + 2, |c| {
                        let closes = star && c == '/';
                        star = c == '*';
                        closes
                    });
                    if self.at(slash).is_none() {
                        return slash;
                    }
                    slash + 1
                }
                _ => return pos,
            };
        }
    }

    // --- braces ---

    /// Decides about a closing brace in the text of a member.
    pub(super) fn closing_brace(&mut self, s: &mut Quoted) -> Turn {
        if !s.out.ends_with(s.closing) {
            if s.out.has_open_brace() {
                return self.keep(s, '}');
            }
            if self.brace_closes_object(s) {
                return Turn::Stop;
            }
        }
        let next = self.skip_space_from(self.pos + 1);
        if self.at(next).is_none() {
            return Turn::Stop;
        }
        if !self.text.starts_with(next, "```") {
            return Turn::Pass;
        }
        if self.fence_belongs_to_string(s, next) { self.keep(s, '}') } else { Turn::Stop }
    }

    /// Whether the brace here closes the object because the closing quote of the text is missing.
    fn brace_closes_object(&mut self, s: &Quoted) -> bool {
        let escape_follows = self.at(self.pos + 1) == Some('\\');
        let quote = self.find(Target::One(s.closing), self.pos + 1);
        if self.at(quote).is_none() {
            let colon = self.find(Target::One(':'), self.pos + 1);
            if self.at(colon).is_some() {
                return true;
            }
            let next = self.skip_space_from(self.pos + 1);
            let brace = self.find(Target::One('}'), next);
            return !escape_follows && brace <= next + 1;
        }
        if escape_follows {
            return false;
        }
        let after = self.skip_space_from(quote + 1);
        if matches!(self.at(after), None | Some(',' | '}')) {
            return false;
        }
        // The quote that was found opens the next key, if a colon follows the one after it.
        let next_quote = self.find(Target::One(s.opening), after);
        if self.at(next_quote).is_none() {
            return false;
        }
        let colon = self.skip_space_from(next_quote + 1);
        matches!(self.at(colon), None | Some(':'))
    }

    /// Whether a code fence behind a brace is part of the string, rather than the end of a fence around all of
    /// the JSON.
    fn fence_belongs_to_string(&mut self, s: &mut Quoted, fence: usize) -> bool {
        let mut from = fence + 3;
        let next = self.skip_space_and_comments_from(from);
        let mut container_follows = false;
        if self.at(next).is_some_and(is_opener)
            && let Some(end) = self.container_end(next)
        {
            if self.next_member_after(end) {
                return false;
            }
            container_follows = true;
            from = end;
        }
        let mut quote = self.find(Target::One(s.closing), from);
        while self.at(quote).is_some() {
            let after = self.skip_space_from(quote + 1);
            if matches!(self.at(after), None | Some(',' | '}' | ']')) {
                s.container_pending |= container_follows;
                return true;
            }
            quote = self.find(Target::One(s.closing), quote + 1);
        }
        false
    }

    /// Whether the object ends, or goes on with a member, behind a container.
    fn next_member_after(&mut self, container_end: usize) -> bool {
        let next = self.skip_space_from(container_end);
        match self.at(next) {
            None | Some('}') => true,
            Some(',') => {
                let member = self.skip_space_and_comments_from(next + 1);
                matches!(self.at(member), None | Some('}')) || self.key_at(member)
            }
            Some(_) => false,
        }
    }

    // --- containers ---

    /// The place behind the container that opens at a place, if it is closed.
    pub(super) fn container_end(&mut self, from: usize) -> Option<usize> {
        let mut expected = vec![self.at(from).and_then(closing_bracket)?];
        let mut pos = from + 1;
        while let Some(c) = self.at(pos) {
            if is_quote(c) {
                pos = self.find(Target::One(closing_quote(c)), pos + 1);
                self.at(pos)?;
            } else if let Some(closing) = closing_bracket(c).filter(|_| self.nests_container(pos)) {
                expected.push(closing);
            } else if expected.last() == Some(&c) {
                expected.pop();
                if expected.is_empty() {
                    self.charge(pos - from);
                    return Some(pos + 1);
                }
            }
            pos += 1;
        }
        self.charge(pos - from);
        None
    }

    /// Whether a bracket within a container opens another one, rather than being part of some text.
    fn nests_container(&mut self, pos: usize) -> bool {
        let mut before = pos;
        while before > self.pos && self.before(before).is_some_and(is_space) {
            before -= 1;
        }
        self.charge(pos - before);
        let previous = if before > self.pos { self.before(before) } else { None };
        let after_colon = match previous {
            None => return true,
            Some(c) if is_opener(c) => return true,
            Some(':') => true,
            Some(',') => false,
            Some(_) => return false,
        };
        let next = self.skip_space_from(pos + 1);
        let starts_item = self.at(next).is_some_and(|c| {
            is_quote(c) || is_opener(c) || is_digit(c) || matches!(c, ']' | ')' | '-' | 't' | 'f' | 'n')
        });
        match self.at(pos) {
            Some('{') => {
                self.at(next).is_some_and(|c| c == '}' || is_quote(c))
                    || (after_colon && self.bare_key_at(next))
            }
            _ => starts_item,
        }
    }

    // --- quotes ---

    /// Decides about a character that would close the string.
    pub(super) fn closing_quote(&mut self, s: &mut Quoted, c: char) -> Turn {
        if s.doubled && self.at(self.pos + 1) == Some(s.closing) {
            self.pos += 1;
            return Turn::GoOn(Some(c));
        }
        let in_member = self.contexts.is(Context::Member);
        if s.bare && in_member {
            return self.quote_in_bare_text(s);
        }
        if s.inner_quote_open {
            s.inner_quote_open = false;
            return self.keep(s, c);
        }
        let next = self.next_landmark(s);
        match self.at(next) {
            Some(',') if in_member => {
                let quote = self.find(Target::One(s.closing), next + 1);
                let after = self.skip_space_from(quote + 1);
                if matches!(self.at(after), Some('}' | ',')) { self.keep(s, c) } else { Turn::Pass }
            }
            Some(quote) if quote == s.closing && self.before(next) != Some('\\') => {
                self.quote_before_quote(s, c, next)
            }
            _ => Turn::Pass,
        }
    }

    /// A quote in a bare text may open the next key: then the text ends before it.
    fn quote_in_bare_text(&mut self, s: &Quoted) -> Turn {
        let (opening, closing) = (s.opening, s.closing);
        let quote = self.seek(self.pos + 1, |c| c == closing || c == opening);
        if self.at(quote).is_none() {
            return Turn::Pass;
        }
        let colon = self.skip_space_from(quote + 1);
        if self.at(colon) != Some(':') {
            return Turn::Pass;
        }
        self.pos -= 1;
        Turn::Stop
    }

    /// The next quote, or what would end a value in the contexts around, behind a quote.
    fn next_landmark(&mut self, s: &Quoted) -> usize {
        let (opening, closing) = (s.opening, s.closing);
        let in_key = self.contexts.within(Context::Key);
        let in_member = self.contexts.within(Context::Member);
        let in_array = self.contexts.within(Context::Array);
        // A comma ends a member only before the first word.
        let mut comma_counts = self.contexts.is(Context::Member);
        self.seek(self.pos + 1, |c| {
            comma_counts = comma_counts && !is_alpha(c);
            c == closing
                || c == opening
                || match c {
                    ':' => in_key,
                    '}' => in_key || in_member,
                    ']' => in_array,
                    ',' => in_array || comma_counts,
                    _ => false,
                }
        })
    }

    /// Decides about a quote that is followed by another one, with nothing between them that ends a value.
    fn quote_before_quote(&mut self, s: &mut Quoted, c: char, other: usize) -> Turn {
        let in_member = self.contexts.is(Context::Member);
        let member_follows = in_member && self.member_follows(other);
        if !member_follows && self.only_space_until(other) {
            return Turn::Stop;
        }
        if member_follows {
            return self.keep(s, c);
        }
        if in_member {
            if self.key_after(s, other) {
                return Turn::Pass;
            }
            s.inner_quote_open = true;
            return self.keep(s, c);
        }
        if self.contexts.is(Context::Array) {
            if self.quotes_pair_up(s, other) {
                s.inner_quote_open = true;
                return self.keep(s, c);
            }
            return Turn::Stop;
        }
        if self.contexts.is(Context::Key) { self.keep(s, c) } else { Turn::Pass }
    }

    /// Whether the quote at a place opens a key: behind the one after it, a colon comes first.
    fn key_after(&mut self, s: &Quoted, other: usize) -> bool {
        let closing = s.closing;
        let end = self.find(Target::One(closing), other + 1);
        let mut previous = self.at(end);
        let next = self.seek(end + 1, |c| {
            let escaped = previous.replace(c) == Some('\\');
            matches!(c, ':' | ',' | ']' | '}') || (c == closing && !escaped)
        });
        self.at(next) == Some(':')
    }

    /// Whether the quotes from a place to the end of the list are even in number.
    fn quotes_pair_up(&mut self, s: &Quoted, from: usize) -> bool {
        // Of a list with many quotes the rest is counted once, and then what has been passed is taken off.
        if let Some(known) = self.counted.filter(|k| k.quote == s.closing && k.from <= from && from < k.end) {
            let (even, pos) = self.count_quotes(s.closing, known.from, from);
            if pos == from {
                let even = even == known.even;
                self.counted = Some(QuoteCount { from, even, ..known });
                return even;
            }
        }
        let (even, end) = self.count_quotes(s.closing, from, usize::MAX);
        self.counted = Some(QuoteCount { quote: s.closing, from, end, even });
        even
    }

    /// Goes from quote to quote until a closing square bracket, the end or a given place. Returns whether an even
    /// number was passed, and where this ended.
    fn count_quotes(&mut self, quote: char, from: usize, until: usize) -> (bool, usize) {
        let mut even = true;
        let mut pos = from;
        while pos < until && self.at(pos) == Some(quote) {
            even = !even;
            pos = self.find(Target::OrBracket(quote), pos + 1);
        }
        (even, pos)
    }
}
