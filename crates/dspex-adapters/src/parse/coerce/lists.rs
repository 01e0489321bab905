//! Lists that are not written as JSON: lines with bullets or numbers, and items between commas.

use crate::parse::limit::MAX_VALUES;
use crate::parse::scan::{split_lines, strip};

/// The most words that an item between commas has: longer ones are clauses of a sentence.
const MAX_WORDS: usize = 4;

/// The items of lines that all start with one bullet, or with numbers that count up. A line before them that ends with
/// a colon announces them.
pub(super) fn bulleted(text: &str) -> Option<Vec<&str>> {
    let mut lines = split_lines(strip(text)).filter(|l| !l.trim().is_empty()).peekable();
    lines.next_if(|first| first.trim_end().ends_with(':') && bullet(first).is_none());
    let mut items = Vec::new();
    let mut first: Option<(usize, Bullet)> = None;
    for line in lines {
        let (indent, kind, item) = bullet(line)?;
        let fits = match (first, kind) {
            (None, Bullet::Number(n)) => n == 1,
            (None, Bullet::Sign(_)) => true,
            (Some((i, Bullet::Number(_))), Bullet::Number(n)) => i == indent && n == items.len() + 1,
            (Some((i, sign)), kind) => i == indent && sign == kind,
        };
        if !fits || item.is_empty() || items.len() == MAX_VALUES {
            return None;
        }
        first.get_or_insert((indent, kind));
        items.push(item);
    }
    (!items.is_empty()).then_some(items)
}

/// What stands before an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bullet {
    Sign(char),
    Number(usize),
}

/// The indent of a line, its bullet, and what stands behind it.
fn bullet(line: &str) -> Option<(usize, Bullet, &str)> {
    let bare = line.trim_start();
    let indent = line.len() - bare.len();
    let sign = bare.chars().next()?;
    if matches!(sign, '-' | '*' | '+' | '\u{2022}' | '\u{2013}' | '\u{25e6}') {
        let item = bare[sign.len_utf8()..].strip_prefix([' ', '\t'])?;
        return Some((indent, Bullet::Sign(sign), item.trim()));
    }
    let digits = bare.bytes().take(5).take_while(u8::is_ascii_digit).count();
    let number = bare[..digits].parse().ok()?;
    let item = bare[digits..].strip_prefix(['.', ')'])?.strip_prefix([' ', '\t'])?;
    Some((indent, Bullet::Number(number), item.trim()))
}

/// The items of one line between commas or semicolons, if they are short and the line is no sentence.
pub(super) fn between_commas(text: &str) -> Option<Vec<&str>> {
    let text = strip(text);
    if text.contains(['\n', '\r', '"', '[', ']', '{', '}', '(', ')', '?', '!', ':', '`'])
        || text.contains(". ")
        || text.ends_with('.')
    {
        return None;
    }
    let separator = if text.contains(';') { ';' } else { ',' };
    let mut items: Vec<&str> = text.split(separator).take(MAX_VALUES + 1).map(str::trim).collect();
    if items.len() > MAX_VALUES {
        return None;
    }
    let short = |item: &&str| !item.is_empty() && item.split_whitespace().count() <= MAX_WORDS;
    if items.len() < 2 || !items.iter().all(short) {
        return None;
    }
    // `red, green, and blue`; but `red, green and blue` may be two items or three.
    let joined = |item: &str| {
        item.split_whitespace().any(|w| matches!(w.to_lowercase().as_str(), "and" | "or" | "but" | "not"))
    };
    if let Some(last) = items.last_mut()
        && let Some(rest) = last.strip_prefix("and ")
    {
        *last = rest.trim();
    }
    // Commas within numbers are no separators of items.
    let in_number = separator == ','
        && text.split(',').collect::<Vec<_>>().windows(2).any(|w| {
            w[0].ends_with(|c: char| c.is_ascii_digit()) && w[1].starts_with(|c: char| c.is_ascii_digit())
        });
    (!in_number && !items.iter().any(|i| joined(i))).then_some(items)
}

#[cfg(test)]
mod tests {
    use super::{between_commas, bulleted};

    #[test]
    fn lines_that_are_items() {
        assert_eq!(bulleted("- a\n- b"), Some(vec!["a", "b"]));
        assert_eq!(bulleted("Here they are:\n\n1. a\n2. b"), Some(vec!["a", "b"]));
        for text in ["a\nb", "- a\n* b", "- a\n  - b", "1. a\n3. b", "-1\n-2", "- a\nand more", "", "2. a"] {
            assert_eq!(bulleted(text), None, "{text}");
        }
    }

    #[test]
    fn items_between_commas() {
        assert_eq!(between_commas("red, dark green, and blue"), Some(vec!["red", "dark green", "blue"]));
        assert_eq!(between_commas("a; b"), Some(vec!["a", "b"]));
        for text in [
            "red",
            "red, green and blue",
            "I came, I saw.",
            "Well, I do not think that is so",
            "1,234, 5",
            "a,, b",
        ] {
            assert_eq!(between_commas(text), None, "{text}");
        }
    }
}
