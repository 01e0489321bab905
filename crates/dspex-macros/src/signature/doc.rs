//! Doc comments as text: gathers their lines. The indentation is removed where the text is used, by `clean_doc` of
//! dspex-core, because a doc may come from a file by `include_str!`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Expr, Meta};

use crate::keys::string;

/// The doc comment of an item.
pub(super) struct Doc {
    lines: Vec<Line>,
}

enum Line {
    Text(String),
    /// Text that another macro gives.
    Expr(TokenStream),
}

impl Doc {
    /// The doc comment, if there is one.
    pub(super) fn read(attrs: &[Attribute]) -> Option<Self> {
        let lines: Vec<_> = attrs
            .iter()
            .filter(|attr| attr.path().is_ident("doc"))
            .filter_map(|attr| match &attr.meta {
                Meta::NameValue(meta) => Some(&meta.value),
                _ => None, // `#[doc(hidden)]`
            })
            .map(line)
            .collect();
        (!lines.is_empty()).then_some(Self { lines })
    }

    /// An expression of type `&str`: the lines as they were written, ready for `clean_doc`.
    ///
    /// `clean_doc` leaves the first line out of the common indentation, since Python's stands right behind the quotes,
    /// as that of `/**` does. That of `///` stands below none, so an empty one goes before it.
    pub(super) fn expr(&self) -> TokenStream {
        let mut parts: Vec<TokenStream> = Vec::new();
        let mut text = String::new();
        for (i, line) in self.lines.iter().enumerate() {
            let is_block = matches!(line, Line::Text(text) if text.contains('\n'));
            if i > 0 || !is_block {
                text.push('\n');
            }
            match line {
                Line::Text(line) => text.push_str(line),
                Line::Expr(expr) => {
                    parts.push(std::mem::take(&mut text).into_token_stream());
                    parts.push(expr.clone());
                }
            }
        }
        if parts.is_empty() {
            return text.into_token_stream();
        }
        quote!(::core::concat!(#(#parts,)* #text))
    }
}

fn line(value: &Expr) -> Line {
    match string(value) {
        Some(text) => {
            let text = text.value();
            let text = text.trim_end();
            if text.contains('\n') {
                return Line::Text(without_stars(text));
            }
            // The space that everyone writes behind `///`; text from a file beside it has none.
            Line::Text(text.strip_prefix(' ').unwrap_or(text).to_owned())
        }
        None => Line::Expr(value.to_token_stream()),
    }
}

/// A `/** ... */` comment without the column of stars that some write at its left, as rustdoc reads it.
fn without_stars(text: &str) -> String {
    let Some((first, rest)) = text.split_once('\n') else { return text.to_owned() };
    let starred = |line: &str| line.trim_start().starts_with('*');
    if !rest.split('\n').all(starred) {
        return text.to_owned();
    }
    let mut out = first.to_owned();
    for line in rest.split('\n') {
        out.push('\n');
        out.push_str(line.trim_start().trim_start_matches('*'));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::without_stars;

    #[test]
    fn stars_at_the_left_are_no_text() {
        assert_eq!(without_stars("\n * One.\n *\n * Two."), "\n One.\n\n Two.");
        assert_eq!(without_stars(" One.\n   Two * three."), " One.\n   Two * three.");
        assert_eq!(without_stars(" * one line"), " * one line");
    }
}
