//! Reading calls that are written as text: `insert(-2, x, OutputField(desc='D'), list[int])`.

/// A call: its name and what stands in its parentheses.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call<'a> {
    pub(super) name: &'a str,
    /// Arguments without a keyword, in order, as they are written.
    pub(super) positional: Vec<&'a str>,
    /// Arguments with a keyword.
    pub(super) keyword: Vec<(&'a str, &'a str)>,
}

impl<'a> Call<'a> {
    /// Reads one call that is the whole text.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let (name, rest) = text.trim().split_once('(')?;
        let mut call = Call { name: name.trim(), positional: Vec::new(), keyword: Vec::new() };
        for argument in split(rest.strip_suffix(')')?, ',') {
            match keyword(argument) {
                Some(pair) => call.keyword.push(pair),
                None => call.positional.push(argument),
            }
        }
        Some(call)
    }

    /// An argument by its place or its keyword.
    pub(super) fn argument(&self, place: usize, keyword: &str) -> Option<&'a str> {
        let named = || self.keyword.iter().find(|(k, _)| *k == keyword).map(|(_, v)| *v);
        self.positional.get(place).copied().or_else(named)
    }
}

/// The calls of a chain, `a(..).b(..)`.
pub(super) fn chain(text: &str) -> Vec<&str> {
    split(text, '.')
}

/// Splits at a separator that stands outside brackets and quotes; empty pieces are left out.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut depth) = (0, 0_usize);
    let mut quote: Option<char> = None;
    let mut escaped = false;
    for (i, c) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None => match c {
                '\'' | '"' => quote = Some(c),
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                c if c == separator && depth == 0 => {
                    pieces.push(text[start..i].trim());
                    start = i + c.len_utf8();
                }
                _ => {}
            },
        }
    }
    pieces.push(text[start..].trim());
    pieces.retain(|p| !p.is_empty());
    pieces
}

/// The two sides of `name=value`.
fn keyword(argument: &str) -> Option<(&str, &str)> {
    let (name, value) = argument.split_once('=')?;
    let name = name.trim();
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then(|| (name, value.trim()))
}

/// The text that a Python literal stands for, if it is one in plain quotes.
pub(super) fn unquote(literal: &str) -> Option<String> {
    let quote = literal.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let inside =
        literal.get(1..literal.len() - 1).filter(|_| literal.len() > 1 && literal.ends_with(quote))?;
    let mut out = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next()? {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                other => out.push(other),
            },
            c if c == quote => return None,
            c => out.push(c),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::{Call, chain, unquote};

    #[test]
    fn calls_are_read_with_their_arguments() {
        let call = Call::read("insert(-2, x, OutputField(desc='a, b', ge=1), type_=dict[str, int])").unwrap();
        assert_eq!(call.name, "insert");
        assert_eq!(call.positional, ["-2", "x", "OutputField(desc='a, b', ge=1)"]);
        assert_eq!(call.argument(3, "type_"), Some("dict[str, int]"));
        let field = Call::read(call.positional[2]).unwrap();
        assert_eq!(field.keyword, [("desc", "'a, b'"), ("ge", "1")]);
        assert_eq!(Call::read("base"), None);
    }

    #[test]
    fn chains_and_quotes() {
        assert_eq!(
            chain("delete(a).append(x, InputField(desc='1.5'))"),
            ["delete(a)", "append(x, InputField(desc='1.5'))"]
        );
        assert_eq!(unquote(r"'it\'s\n'").as_deref(), Some("it's\n"));
        assert_eq!(unquote("''").as_deref(), Some(""));
        assert_eq!(unquote("x"), None);
        assert_eq!(unquote("'"), None);
    }
}
