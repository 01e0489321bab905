//! What the keys of `#[signature(...)]`, `#[input(...)]` and `#[output(...)]` mean.

use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, ExprUnary, Lit, Token, UnOp};

use super::ast::{
    Bound, Constraint, DefaultValue, FieldOptions, Literal, Number, Options, Rule, attr_direction,
};
use crate::errors::Errors;
use crate::keys::{Entry, Given, entries, refuse_repeated, refuse_unknown, string};

const STRUCT_KEYS: [&str; 5] = ["instructions", "name", "derive", "validate", "crate"];

const STRUCT_SYNONYMS: [(&str, &str); 4] = [
    ("instruction", "instructions"),
    ("doc", "instructions"),
    ("prompt", "instructions"),
    ("rename", "name"),
];

const FIELD_KEYS: [&str; 14] = [
    "desc",
    "default",
    "validate",
    "rename",
    "prefix",
    "ge",
    "gt",
    "le",
    "lt",
    "multiple_of",
    "min_length",
    "max_length",
    "pattern",
    "allow_inf_nan",
];

/// Words of other libraries for the same things.
const FIELD_SYNONYMS: [(&str, &str); 14] = [
    ("description", "desc"),
    ("doc", "desc"),
    ("help", "desc"),
    ("name", "rename"),
    ("alias", "rename"),
    ("label", "prefix"),
    ("min", "ge"),
    ("minimum", "ge"),
    ("max", "le"),
    ("maximum", "le"),
    ("min_len", "min_length"),
    ("max_len", "max_length"),
    ("length", "max_length"),
    ("regex", "pattern"),
];

/// What already is on the generated structs.
const ALWAYS_DERIVED: [&str; 4] = ["Clone", "Debug", "Serialize", "Deserialize"];

/// Reads the attributes of the struct.
pub(super) fn struct_options(attrs: &[Attribute], errors: &mut Errors) -> Options {
    let mut options = Options::default();
    let mut all = Vec::new();
    for attr in attrs {
        if attr_direction(attr).is_some() {
            errors.at(attr, "expected `#[input]` and `#[output]` on fields, found one on the struct");
        } else if attr.path().is_ident("signature") {
            all.extend(entries(attr, errors));
        }
    }
    refuse_repeated(&mut all, errors);
    for entry in all {
        match entry.key.to_string().as_str() {
            "instructions" => options.instructions = text_expr(entry, errors),
            "name" => {
                options.name = entry.text(errors).filter(|name| {
                    let empty = name.value().trim().is_empty();
                    if empty {
                        errors.at(name, "expected a name, found empty text");
                    }
                    !empty
                });
            }
            "validate" => options.validate = rule_expr(entry, errors),
            "derive" => options.derives = derives(entry, errors),
            "crate" => options.krate = entry.path(errors),
            _ => refuse_unknown(&entry.key, &STRUCT_KEYS, &STRUCT_SYNONYMS, errors),
        }
    }
    options
}

fn derives(entry: Entry, errors: &mut Errors) -> Vec<syn::Path> {
    let Given::List(list) = entry.given else {
        errors.at(&entry.key, "expected a list: `derive(PartialEq, ...)`");
        return Vec::new();
    };
    let paths = match Punctuated::<syn::Path, Token![,]>::parse_terminated.parse2(list) {
        Ok(paths) => paths,
        Err(e) => {
            errors.push(e);
            return Vec::new();
        }
    };
    let is_always = |path: &syn::Path| {
        path.segments.last().is_some_and(|last| ALWAYS_DERIVED.iter().any(|name| last.ident == name))
    };
    let (repeated, paths) = paths.into_iter().partition(is_always);
    for path in repeated as Vec<_> {
        errors.at(path, "expected a derive of your choice; this one is always on the generated structs");
    }
    paths
}

/// Reads the attributes of a field.
pub(super) fn field_options(attrs: &[Attribute], errors: &mut Errors) -> FieldOptions {
    let mut options = FieldOptions::default();
    let mut all = Vec::new();
    for attr in attrs {
        if attr.path().is_ident("signature") {
            errors.at(
                attr,
                "expected `#[signature(...)]` on the struct, found it on a field; here write `#[input(...)]` or \
                 `#[output(...)]`",
            );
        } else if attr_direction(attr).is_some() {
            all.extend(entries(attr, errors));
        }
    }
    refuse_repeated(&mut all, errors);
    for entry in all {
        let key = entry.key.clone();
        match key.to_string().as_str() {
            "desc" => options.desc = text_expr(entry, errors),
            "prefix" => options.prefix = text_expr(entry, errors),
            "rename" => options.rename = entry.text(errors),
            "validate" if !attr_is_output(attrs) => errors.at(
                key,
                "expected `validate` on an output, found it on an input: it checks what the model wrote",
            ),
            "validate" => options.validate = rule_expr(entry, errors),
            "default" => match entry.given {
                Given::Nothing => options.default = Some(DefaultValue { key, value: None }),
                Given::Value(value) => options.default = Some(DefaultValue { key, value: Some(value) }),
                Given::List(_) => errors.at(key, "expected `default` or `default = value`"),
            },
            name if FIELD_KEYS.contains(&name) => {
                if let Some(rule) = rule(entry, errors) {
                    options.constraints.push(Constraint { key, rule });
                }
            }
            _ => refuse_unknown(&key, &FIELD_KEYS, &FIELD_SYNONYMS, errors),
        }
    }
    options
}

/// Whether one of the attributes marks an output.
fn attr_is_output(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| attr.path().is_ident("output"))
}

/// A function or closure.
fn rule_expr(entry: Entry, errors: &mut Errors) -> Option<Expr> {
    let value = entry.value(errors)?;
    if matches!(value, Expr::Path(_) | Expr::Closure(_) | Expr::Call(_)) {
        return Some(value);
    }
    errors.at(value, "expected a function: `validate = path::to::function`");
    None
}

/// The value as text: a literal, or something that gives a `&str`, such as a constant or `include_str!`.
fn text_expr(entry: Entry, errors: &mut Errors) -> Option<Expr> {
    let key = entry.key.clone();
    let value = entry.value(errors)?;
    if matches!(value, Expr::Lit(_)) && string(&value).is_none() {
        errors.at(value, format!("expected text in quotes: `{key} = \"...\"`"));
        return None;
    }
    Some(value)
}

fn rule(entry: Entry, errors: &mut Errors) -> Option<Rule> {
    let key = entry.key.to_string();
    Some(match key.as_str() {
        "gt" => Rule::Bound(Bound::Gt, number(entry, errors)?),
        "ge" => Rule::Bound(Bound::Ge, number(entry, errors)?),
        "lt" => Rule::Bound(Bound::Lt, number(entry, errors)?),
        "le" => Rule::Bound(Bound::Le, number(entry, errors)?),
        "multiple_of" => Rule::MultipleOf(number(entry, errors)?),
        "min_length" => Rule::MinLength(length(entry, errors)?),
        "max_length" => Rule::MaxLength(length(entry, errors)?),
        "pattern" => Rule::Pattern(entry.text(errors)?),
        _ => match entry.value(errors)? {
            Expr::Lit(ExprLit { lit: Lit::Bool(b), .. }) => Rule::AllowInfNan(b.value),
            other => {
                errors.at(other, format!("expected `{key} = true` or `{key} = false`"));
                return None;
            }
        },
    })
}

/// A number: a literal, or something that gives one, such as a constant.
fn number(entry: Entry, errors: &mut Errors) -> Option<Number> {
    let key = entry.key.clone();
    let written = entry.value(errors)?;
    if let Ok(literal) = literal(&written) {
        return Some(Number { written, literal });
    }
    errors.at(written, format!("expected a number: `{key} = 1`"));
    None
}

/// A number of characters or items.
fn length(entry: Entry, errors: &mut Errors) -> Option<Number> {
    let key = entry.key.clone();
    let length = number(entry, errors)?;
    match length.literal {
        Some(Literal::Float(_) | Literal::Int(i128::MIN..=-1)) => {
            errors.at(length.written, format!("expected a whole number from 0: `{key} = 1`"));
            None
        }
        _ => Some(length),
    }
}

/// The value of a literal number; nothing for what is no literal, an error for a literal of another kind.
pub(super) fn literal(value: &Expr) -> Result<Option<Literal>, ()> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Int(n), .. }) => {
            n.base10_parse().map(|n| Some(Literal::Int(n))).map_err(|_| ())
        }
        Expr::Lit(ExprLit { lit: Lit::Float(n), .. }) => {
            n.base10_parse().map(|n| Some(Literal::Float(n))).map_err(|_| ())
        }
        Expr::Lit(_) => Err(()),
        Expr::Group(group) => literal(&group.expr),
        Expr::Paren(paren) => literal(&paren.expr),
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => Ok(literal(expr)?.map(|n| match n {
            Literal::Int(n) => Literal::Int(-n),
            Literal::Float(n) => Literal::Float(-n),
        })),
        _ => Ok(None),
    }
}
