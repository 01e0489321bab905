//! Classes of characters as Python's `str` methods see them, and those that JSON gives a meaning; knows nothing
//! of positions.

use std::sync::LazyLock;

use regex::Regex;

/// Characters besides the decimal digits that Python's `str.isdigit` takes: superscripts, circled digits, ...
const OTHER_DIGITS: [(char, char); 20] = [
    ('\u{b2}', '\u{b3}'),
    ('\u{b9}', '\u{b9}'),
    ('\u{1369}', '\u{1371}'),
    ('\u{19da}', '\u{19da}'),
    ('\u{2070}', '\u{2070}'),
    ('\u{2074}', '\u{2079}'),
    ('\u{2080}', '\u{2089}'),
    ('\u{2460}', '\u{2468}'),
    ('\u{2474}', '\u{247c}'),
    ('\u{2488}', '\u{2490}'),
    ('\u{24ea}', '\u{24ea}'),
    ('\u{24f5}', '\u{24fd}'),
    ('\u{24ff}', '\u{24ff}'),
    ('\u{2776}', '\u{277e}'),
    ('\u{2780}', '\u{2788}'),
    ('\u{278a}', '\u{2792}'),
    ('\u{10a40}', '\u{10a43}'),
    ('\u{10e60}', '\u{10e68}'),
    ('\u{11052}', '\u{1105a}'),
    ('\u{1f100}', '\u{1f10a}'),
];

/// Whether a pattern for one character fits. A pattern that does not compile fits nothing; the tests see to it
/// that all of them do.
fn fits(pattern: &LazyLock<Option<Regex>>, c: char) -> bool {
    pattern.as_ref().is_some_and(|p| p.is_match(c.encode_utf8(&mut [0; 4])))
}

/// `str.isalpha` of one character. The standard library's notion also takes marks and letter-like numbers.
pub(super) fn is_alpha(c: char) -> bool {
    static LETTER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\p{L}").ok());
    if c.is_ascii() { c.is_ascii_alphabetic() } else { fits(&LETTER, c) }
}

/// `str.isalnum` of one character.
pub(super) fn is_alnum(c: char) -> bool {
    static NUMBER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\p{N}").ok());
    if c.is_ascii() { c.is_ascii_alphanumeric() } else { is_alpha(c) || fits(&NUMBER, c) }
}

/// `str.isdigit` of one character.
pub(super) fn is_digit(c: char) -> bool {
    static DECIMAL: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\p{Nd}").ok());
    if c.is_ascii() {
        return c.is_ascii_digit();
    }
    OTHER_DIGITS.iter().any(|&(first, last)| (first..=last).contains(&c)) || fits(&DECIMAL, c)
}

/// `str.isspace` of one character: Unicode's white space and the four separators of ASCII.
pub(super) fn is_space(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' ' | '\t'..='\r' | '\u{1c}'..='\u{1f}');
    }
    c.is_whitespace()
}

/// The quotes that may open a text.
pub(super) fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '“' | '”')
}

/// The quote that closes what this one opens.
pub(super) fn closing_quote(c: char) -> char {
    if c == '“' { '”' } else { c }
}

/// Brackets that open a list, an object or a tuple.
pub(super) fn is_opener(c: char) -> bool {
    matches!(c, '[' | '{' | '(')
}

/// The bracket that closes what this one opens.
pub(super) fn closing_bracket(c: char) -> Option<char> {
    match c {
        '[' => Some(']'),
        '{' => Some('}'),
        '(' => Some(')'),
        _ => None,
    }
}

/// Characters that may stand in a key without quotes.
pub(super) fn is_bare_key(c: char) -> bool {
    is_alnum(c) || matches!(c, '_' | '-')
}

/// Whether leaving the character out of the value loses content, not only notation.
pub(super) fn is_content(c: char) -> bool {
    if c.is_ascii_alphanumeric() {
        return true;
    }
    !(is_space(c)
        || is_quote(c)
        || matches!(c, '{' | '}' | '[' | ']' | '(' | ')' | ',' | ':' | ';' | '`' | '\\'))
}
