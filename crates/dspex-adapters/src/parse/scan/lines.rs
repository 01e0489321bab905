//! Lines and white space as Python has them.

/// White space to Python's `str.strip`: Unicode's, and the four separators below the space.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// Text without white space around it, as Python strips it.
pub(crate) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// The lines of a text as Python's `str.splitlines` splits it.
pub(crate) fn split_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text).filter(|t| !t.is_empty());
    std::iter::from_fn(move || {
        let current = rest?;
        let Some(at) = line_break(current) else {
            rest = None;
            return Some(current);
        };
        let width = if current[at..].starts_with("\r\n") {
            2
        } else {
            current[at..].chars().next().map_or(1, char::len_utf8)
        };
        let after = &current[at + width..];
        rest = (!after.is_empty()).then_some(after);
        Some(&current[..at])
    })
}

/// Where the first line break of a text is.
fn line_break(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut from = 0;
    loop {
        // The first bytes of all that may be a line break.
        let at = from
            + bytes[from..].iter().position(|b| matches!(b, b'\n'..=b'\r' | 0x1c..=0x1e | 0xc2 | 0xe2))?;
        match bytes[at] {
            0xc2 if bytes.get(at + 1) != Some(&0x85) => {}
            0xe2 if !matches!(bytes.get(at + 1..at + 3), Some([0x80, 0xa8 | 0xa9])) => {}
            _ => return Some(at),
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::split_lines;

    #[test]
    fn lines_end_where_python_ends_them() {
        assert_eq!(split_lines("a\r\nb\u{2028}c\n").collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(split_lines("").count(), 0);
    }
}
