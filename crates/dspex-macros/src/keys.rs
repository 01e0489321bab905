//! Reads `#[attribute(key, key = value, key(list))]` and says what is wrong with a key. What each key means is known
//! to the derives.

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Expr, ExprLit, Lit, LitStr, Meta, Token, token};

use crate::errors::Errors;

/// One key and what it is given.
pub(crate) struct Entry {
    pub(crate) key: Ident,
    pub(crate) given: Given,
}

/// What a key is given.
pub(crate) enum Given {
    Nothing,
    Value(Expr),
    List(TokenStream),
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let key = Ident::parse_any(input)?;
        let given = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Given::Value(input.parse()?)
        } else if input.peek(token::Paren) {
            let list;
            syn::parenthesized!(list in input);
            Given::List(list.parse()?)
        } else {
            Given::Nothing
        };
        Ok(Self { key, given })
    }
}

impl Entry {
    /// The value; an error where there is none.
    pub(crate) fn value(self, errors: &mut Errors) -> Option<Expr> {
        if let Given::Value(value) = self.given {
            return Some(value);
        }
        errors.at(&self.key, format!("expected a value: `{} = ...`", self.key));
        None
    }

    /// The value as quoted text; an error where it is something else.
    pub(crate) fn text(self, errors: &mut Errors) -> Option<LitStr> {
        let key = self.key.clone();
        let value = self.value(errors)?;
        let text = string(&value).cloned();
        if text.is_none() {
            errors.at(value, format!("expected text in quotes: `{key} = \"...\"`"));
        }
        text
    }

    /// The value as a path: `crate = some::path`.
    pub(crate) fn path(self, errors: &mut Errors) -> Option<syn::Path> {
        match self.value(errors)? {
            Expr::Path(path) if path.qself.is_none() => Some(path.path),
            other => {
                errors.at(other, "expected a path without quotes: `crate = some::path`");
                None
            }
        }
    }
}

/// The text of a string literal.
pub(crate) fn string(value: &Expr) -> Option<&LitStr> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text),
        Expr::Group(group) => string(&group.expr),
        Expr::Paren(paren) => string(&paren.expr),
        _ => None,
    }
}

/// The entries of an attribute. What stands before a mistake in the spelling is read all the same.
pub(crate) fn entries(attr: &Attribute, errors: &mut Errors) -> Vec<Entry> {
    let mut entries = Vec::new();
    match &attr.meta {
        Meta::Path(_) => {}
        Meta::NameValue(meta) => {
            let name = attr.path().get_ident().map(ToString::to_string).unwrap_or_default();
            errors.at(meta, format!("expected `#[{name}(...)]`, found `#[{name} = ...]`"));
        }
        Meta::List(list) => {
            let read_all = |input: ParseStream<'_>| {
                while !input.is_empty() {
                    entries.push(input.parse::<Entry>()?);
                    if !input.is_empty() {
                        input.parse::<Token![,]>()?;
                    }
                }
                Ok(())
            };
            if let Err(e) = list.parse_args_with(read_all) {
                errors.push(e);
            }
        }
    }
    entries
}

/// Takes out of `entries` every key that was given before, and says so.
pub(crate) fn refuse_repeated(entries: &mut Vec<Entry>, errors: &mut Errors) {
    let mut seen: Vec<Ident> = Vec::new();
    entries.retain(|entry| {
        let repeated = seen.contains(&entry.key);
        if repeated {
            errors.at(&entry.key, format!("expected `{}` once, found it again", entry.key));
        }
        seen.push(entry.key.clone());
        !repeated
    });
}

/// Says that a key is not one of those that are known, and which one may be meant.
pub(crate) fn refuse_unknown(key: &Ident, known: &[&str], synonyms: &[(&str, &str)], errors: &mut Errors) {
    let found = key.to_string();
    let meant = synonyms
        .iter()
        .find_map(|(word, meant)| (*word == found).then_some(*meant))
        .or_else(|| nearest(&found, known));
    let meant = meant.map(|m| format!("; did you mean `{m}`?")).unwrap_or_default();
    let known = known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ");
    errors.at(key, format!("expected one of the keys {known}, found `{found}`{meant}"));
}

/// The known key that is nearest to a misspelt one, by the rule of `dspex_core::nearest`, which depends on this crate.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|k| (strsim::damerau_levenshtein(name, k), *k))
        .filter(|(distance, k)| *distance <= 1 + k.len().min(name.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, k)| k)
}
