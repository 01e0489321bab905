//! Checks that what was read of a struct fits together: names, types, rules, defaults.

use proc_macro2::Ident;
use quote::ToTokens;
use regex::Regex;

use super::ast::{Bound, Constraint, Field, Item, Literal, Number, Rule};
use super::attr::literal;
use super::types::{self, Kind};
use crate::errors::Errors;
use crate::keys::string;

/// Checks a struct.
pub(super) fn check(item: &Item<'_>, errors: &mut Errors) {
    names(item, errors);
    for field in &item.fields {
        for part in types::unsupported(field.ty) {
            errors.at(part.at, part.message);
        }
        for constraint in &field.options.constraints {
            fits(field, constraint, errors);
            alone(constraint, errors);
        }
        bounds(field, errors);
        lengths(field, errors);
        default(field, errors);
    }
}

fn names(item: &Item<'_>, errors: &mut Errors) {
    let mut seen: Vec<String> = Vec::new();
    for field in &item.fields {
        let name = field.name();
        if let Some(rename) = &field.options.rename {
            // What signature strings take as a name, so that the signature can be written as one.
            let mut chars = name.chars();
            let is_name = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
                && chars.all(|c| c.is_alphanumeric() || c == '_');
            if !is_name {
                errors.at(rename, format!("expected a name of letters, digits and `_`, found `{name}`"));
            }
        }
        if seen.contains(&name) {
            let message = format!("expected distinct field names, found `{name}` twice; rename one of them");
            match &field.options.rename {
                Some(rename) => errors.at(rename, message),
                None => errors.at(field.ident, message),
            }
        }
        seen.push(name);
    }
}

/// Whether a rule can apply to the type of its field.
fn fits(field: &Field<'_>, constraint: &Constraint, errors: &mut Errors) {
    let kind = types::kind(field.ty);
    let (speaks_of, fits, instead) = match &constraint.rule {
        Rule::Bound(..) | Rule::MultipleOf(_) => (
            "numbers",
            matches!(kind, Kind::Int | Kind::Float),
            match kind {
                Kind::Text | Kind::Collection => "; to bound its length, write `min_length` or `max_length`",
                _ => "",
            },
        ),
        Rule::MinLength(_) | Rule::MaxLength(_) => (
            "text and collections",
            matches!(kind, Kind::Text | Kind::Collection),
            match kind {
                Kind::Int | Kind::Float => "; to bound its value, write `ge` or `le`",
                _ => "",
            },
        ),
        Rule::Pattern(_) => ("text", kind == Kind::Text, ""),
        Rule::AllowInfNan(_) => ("floating-point numbers", kind == Kind::Float, ""),
    };
    if !fits && kind != Kind::Unknown {
        let Constraint { key, .. } = constraint;
        let name = field.name();
        let is = kind.words();
        errors.at(key, format!("`{key}` is a rule for {speaks_of}, and `{name}` is {is}{instead}"));
    }
}

/// Whether a rule makes sense by itself.
fn alone(constraint: &Constraint, errors: &mut Errors) {
    match &constraint.rule {
        Rule::Bound(_, Number { written, literal: Some(Literal::Int(n)) })
        | Rule::MultipleOf(Number { written, literal: Some(Literal::Int(n)) })
            if i64::try_from(*n).is_err() && u64::try_from(*n).is_err() =>
        {
            errors.at(written, "expected a number of 64 bits, found one that is longer");
        }
        Rule::MultipleOf(Number { written, literal: Some(n) }) if n.value() <= 0.0 => {
            errors.at(written, "expected a number above 0, found one that is not");
        }
        Rule::Pattern(pattern) => {
            if let Err(e) = Regex::new(&pattern.value()) {
                errors.at(pattern, format!("expected a regular expression: {}", last_line(&e)));
            }
        }
        _ => {}
    }
}

/// The regex crate draws where the error is; its last line says what it is.
fn last_line(e: &regex::Error) -> String {
    let text = e.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

fn bounds(field: &Field<'_>, errors: &mut Errors) {
    let bounds: Vec<(&Ident, Bound, &Number, Literal)> = field
        .options
        .constraints
        .iter()
        .filter_map(|c| match &c.rule {
            Rule::Bound(bound, number) => Some((&c.key, *bound, number, number.literal?)),
            _ => None,
        })
        .collect();
    for (i, second) in bounds.iter().enumerate() {
        for first in &bounds[..i] {
            let (low, high) = if second.1.is_low() { (second, first) } else { (first, second) };
            if low.1.is_low() == high.1.is_low() {
                continue;
            }
            let strict = low.1 == Bound::Gt || high.1 == Bound::Lt;
            let (from, to) = (low.3.value(), high.3.value());
            if from > to || (strict && from >= to) {
                errors.at(
                    &second.2.written,
                    format!(
                        "expected bounds that some number meets, found `{} = {}` and `{} = {}`",
                        low.0,
                        low.2.written.to_token_stream(),
                        high.0,
                        high.2.written.to_token_stream(),
                    ),
                );
            }
        }
    }
}

fn lengths(field: &Field<'_>, errors: &mut Errors) {
    let rules = &field.options.constraints;
    let least = rules.iter().position(|c| matches!(c.rule, Rule::MinLength(_)));
    let most = rules.iter().position(|c| matches!(c.rule, Rule::MaxLength(_)));
    let (Some(least), Some(most)) = (least, most) else { return };
    let (Some((min, _)), Some((max, _))) = (length(&rules[least]), length(&rules[most])) else { return };
    if min > max
        && let Some((_, second)) = length(&rules[least.max(most)])
    {
        errors.at(
            &second.written,
            format!(
                "expected lengths that some value has, found `min_length = {min}` and `max_length = {max}`"
            ),
        );
    }
}

fn length(constraint: &Constraint) -> Option<(i128, &Number)> {
    match &constraint.rule {
        Rule::MinLength(n) | Rule::MaxLength(n) => match n.literal? {
            Literal::Int(value) => Some((value, n)),
            Literal::Float(_) => None,
        },
        _ => None,
    }
}

/// Whether a default that is a literal keeps the rules of its field.
fn default(field: &Field<'_>, errors: &mut Errors) {
    let Some(value) = field.options.default.as_ref().and_then(|d| d.value.as_ref()) else { return };
    let number = literal(value).ok().flatten().map(Literal::value);
    let text = string(value).map(syn::LitStr::value);
    let count = text.as_ref().and_then(|t| i128::try_from(t.chars().count()).ok());
    for Constraint { key, rule } in &field.options.constraints {
        let keeps = match rule {
            Rule::Bound(bound, n) => match (number, n.literal) {
                (Some(value), Some(n)) => bound.holds(value, n.value()),
                _ => true,
            },
            Rule::MinLength(Number { literal: Some(Literal::Int(n)), .. }) => count.is_none_or(|c| c >= *n),
            Rule::MaxLength(Number { literal: Some(Literal::Int(n)), .. }) => count.is_none_or(|c| c <= *n),
            Rule::Pattern(pattern) => match (&text, Regex::new(&pattern.value())) {
                (Some(text), Ok(pattern)) => pattern.is_match(text),
                _ => true,
            },
            _ => true,
        };
        if !keeps {
            errors.at(
                value,
                format!(
                    "expected a default that keeps the rules of its field, found one that breaks `{key}`"
                ),
            );
        }
    }
}

impl Bound {
    fn is_low(self) -> bool {
        matches!(self, Self::Gt | Self::Ge)
    }

    fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Gt => value > bound,
            Self::Ge => value >= bound,
            Self::Lt => value < bound,
            Self::Le => value <= bound,
        }
    }
}

impl Literal {
    /// The number, near enough to compare two that a person wrote.
    fn value(self) -> f64 {
        match self {
            Self::Int(n) => n as f64,
            Self::Float(n) => n,
        }
    }
}
