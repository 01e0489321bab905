//! Words of a signature string: names, texts, numbers, punctuation. Comments and white space are passed over.

use std::fmt;

use unicode_ident::{is_xid_continue, is_xid_start};

use crate::value::{Int, Value};

/// One word and what it holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    Name(&'a str),
    Text(String),
    Bytes(Vec<u8>),
    Number(Value),
    Punct(&'static str),
    End,
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(n) => write!(f, "`{n}`"),
            Self::Text(t) => write!(f, "the text {t:?}"),
            Self::Bytes(_) => f.write_str("bytes"),
            Self::Number(n) => write!(f, "the number {}", n.to_text().unwrap_or_default()),
            Self::Punct(p) => write!(f, "`{p}`"),
            Self::End => f.write_str("the end"),
        }
    }
}

/// Longest first, so that `**` is not read as two stars.
const PUNCTUATION: [&str; 14] = ["...", "**", "[", "]", "(", ")", ",", ":", "|", ".", "=", "*", "/", "-"];

/// Python's reserved words. `None`, `True` and `False` are constants and not listed.
const KEYWORDS: [&str; 32] = [
    "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else",
    "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not",
    "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

pub(super) fn is_keyword(name: &str) -> bool {
    KEYWORDS.contains(&name)
}

/// What a name may go on with: Python's identifiers, marks of scripts that have them included.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || is_xid_continue(c)
}

pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    end: usize,
}

type Bad = (usize, String);

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str, start: usize, end: usize) -> Self {
        Self { text, at: start, end }
    }

    /// Where the next word starts, or white space before it.
    pub(super) fn offset(&self) -> usize {
        self.at
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..self.end]
    }

    fn skip_space(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}']);
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with('#') {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    /// Takes this punctuation if it comes next.
    pub(super) fn take(&mut self, punct: &str) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(punct);
        if found {
            self.at += punct.len();
        }
        found
    }

    /// Takes a text if one comes next.
    pub(super) fn take_text(&mut self) -> Option<String> {
        self.skip_space();
        let before = self.at;
        if self.rest().starts_with(['\'', '"'])
            && let Ok((_, Token::Text(text))) = self.next()
        {
            return Some(text);
        }
        self.at = before;
        None
    }

    /// The next word, without taking it.
    pub(super) fn peek(&mut self) -> Result<(usize, Token<'a>), Bad> {
        let before = self.at;
        let token = self.next();
        self.at = before;
        token
    }

    /// The next word and where it starts.
    pub(super) fn next(&mut self) -> Result<(usize, Token<'a>), Bad> {
        self.skip_space();
        let start = self.at;
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok((start, Token::End)) };

        if first == '\'' || first == '"' {
            return Ok((start, Token::Text(self.quoted(false)?)));
        }
        if first.is_alphabetic() || is_xid_start(first) || first == '_' {
            let len = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
            let name = &rest[..len];
            let quoted = rest[len..].starts_with(['\'', '"']);
            self.at += len;
            return Ok((
                start,
                match name.to_ascii_lowercase().as_str() {
                    "b" if quoted => Token::Bytes(self.bytes(start)?),
                    "r" if quoted => Token::Text(self.quoted(true)?),
                    "u" if quoted => Token::Text(self.quoted(false)?),
                    _ => Token::Name(name),
                },
            ));
        }
        if first.is_ascii_digit() || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) {
            return self.number().map(|n| (start, Token::Number(n)));
        }
        match PUNCTUATION.iter().find(|p| rest.starts_with(**p)) {
            Some(p) => {
                self.at += p.len();
                Ok((start, Token::Punct(p)))
            }
            None => Err((start, format!("`{first}`"))),
        }
    }

    /// Bytes in quotes, which hold ASCII and escapes only.
    fn bytes(&mut self, start: usize) -> Result<Vec<u8>, Bad> {
        self.quoted(false)?
            .chars()
            .map(|c| u8::try_from(u32::from(c)).map_err(|_| (start, format!("`{c}` among bytes"))))
            .collect()
    }

    fn number(&mut self) -> Result<Value, Bad> {
        let start = self.at;
        let rest = self.rest();
        let mut len =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len());
        // The sign of an exponent belongs to the number.
        if rest[..len].ends_with(['e', 'E']) && rest[len..].starts_with(['+', '-']) && !rest.starts_with("0x")
        {
            len += 1;
            len += rest[len..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - len);
        }
        let word = &rest[..len];
        let bad = || (start, format!("`{word}`"));
        let digits = word.replace('_', "");
        if word.ends_with('_') || word.contains("__") {
            return Err(bad());
        }
        let value = match digits.get(..2) {
            Some("0x" | "0X") => Int::from_radix(&digits[2..], 16).map(Value::Int),
            Some("0o" | "0O") => Int::from_radix(&digits[2..], 8).map(Value::Int),
            Some("0b" | "0B") => Int::from_radix(&digits[2..], 2).map(Value::Int),
            _ if digits.bytes().all(|b| b.is_ascii_digit()) => {
                // Python refuses leading zeros, except for zero itself.
                let leading_zero =
                    digits.len() > 1 && digits.starts_with('0') && digits.bytes().any(|b| b != b'0');
                if leading_zero { None } else { digits.parse::<Int>().ok().map(Value::Int) }
            }
            _ if digits
                .bytes()
                .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-')) =>
            {
                digits.parse::<f64>().ok().map(Value::Float)
            }
            _ => None,
        };
        self.at += len;
        value.ok_or_else(bad)
    }

    /// A text in quotes; escapes are Python's, or none in a raw text.
    fn quoted(&mut self, raw: bool) -> Result<String, Bad> {
        let start = self.at;
        let rest = self.rest();
        let quote = rest.chars().next().unwrap_or('"');
        let triple: String = [quote; 3].iter().collect();
        let (open, close) = if rest.starts_with(&triple) { (3, triple) } else { (1, quote.to_string()) };
        let mut out = String::new();
        let mut chars = rest[open..].char_indices();
        while let Some((i, c)) = chars.next() {
            if rest[open + i..].starts_with(&close) {
                self.at += open + i + close.len();
                return Ok(out);
            }
            if c == '\n' && open == 1 {
                break;
            }
            if c != '\\' {
                out.push(c);
                continue;
            }
            let Some((_, escaped)) = chars.next() else { break };
            if raw {
                out.push('\\');
                out.push(escaped);
                continue;
            }
            let mut hex = |digits: usize| {
                let code: String = chars.by_ref().take(digits).map(|(_, c)| c).collect();
                u32::from_str_radix(&code, 16).ok().filter(|_| code.len() == digits).and_then(char::from_u32)
            };
            let bad = || (start, "a bad escape".to_owned());
            match escaped {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' => out.push('\r'),
                '0' => out.push('\0'),
                '\n' => {}
                '\\' | '\'' | '"' => out.push(escaped),
                'x' => out.push(hex(2).ok_or_else(bad)?),
                'u' => out.push(hex(4).ok_or_else(bad)?),
                'U' => out.push(hex(8).ok_or_else(bad)?),
                other => {
                    out.push('\\');
                    out.push(other);
                }
            }
        }
        Err((start, "a text without its closing quote".to_owned()))
    }
}
