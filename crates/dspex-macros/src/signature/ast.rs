//! What the derive knows of a struct: the struct, its fields and what their attributes say. Whether that fits
//! together is checked in `validate`.

use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;
use syn::{Attribute, Data, DeriveInput, Expr, Fields, Generics, LitStr, Type, Visibility};

use super::attr;
use super::doc::Doc;
use crate::errors::Errors;

/// A struct that derives `Signature`.
pub(super) struct Item<'a> {
    pub(super) ident: &'a Ident,
    pub(super) vis: &'a Visibility,
    pub(super) generics: &'a Generics,
    pub(super) options: Options,
    pub(super) doc: Option<Doc>,
    /// The fields that have a direction and a name.
    pub(super) fields: Vec<Field<'a>>,
    /// Whether it is a struct with named fields and no generics.
    pub(super) is_plain: bool,
}

/// What `#[signature(...)]` says.
#[derive(Default)]
pub(super) struct Options {
    pub(super) name: Option<LitStr>,
    pub(super) instructions: Option<Expr>,
    pub(super) derives: Vec<syn::Path>,
    /// The rule across the outputs.
    pub(super) validate: Option<Expr>,
    pub(super) krate: Option<syn::Path>,
}

/// A field.
pub(super) struct Field<'a> {
    pub(super) ident: &'a Ident,
    pub(super) vis: &'a Visibility,
    pub(super) ty: &'a Type,
    pub(super) doc: Option<Doc>,
    pub(super) direction: Direction,
    pub(super) options: FieldOptions,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Input,
    Output,
}

/// What `#[input(...)]` or `#[output(...)]` says.
#[derive(Default)]
pub(super) struct FieldOptions {
    pub(super) desc: Option<Expr>,
    pub(super) prefix: Option<Expr>,
    pub(super) rename: Option<LitStr>,
    pub(super) default: Option<DefaultValue>,
    /// The rule beyond the type.
    pub(super) validate: Option<Expr>,
    pub(super) constraints: Vec<Constraint>,
}

/// A default: `default` or `default = value`.
pub(super) struct DefaultValue {
    pub(super) key: Ident,
    pub(super) value: Option<Expr>,
}

/// A rule and the key that gave it.
pub(super) struct Constraint {
    pub(super) key: Ident,
    pub(super) rule: Rule,
}

pub(super) enum Rule {
    /// `gt`, `ge`, `lt`, `le`.
    Bound(Bound, Number),
    MultipleOf(Number),
    MinLength(Number),
    MaxLength(Number),
    Pattern(LitStr),
    AllowInfNan(bool),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    Gt,
    Ge,
    Lt,
    Le,
}

/// A number as it was written, and its value where it is a literal.
pub(super) struct Number {
    pub(super) written: Expr,
    pub(super) literal: Option<Literal>,
}

#[derive(Clone, Copy)]
pub(super) enum Literal {
    Int(i128),
    Float(f64),
}

impl<'a> Item<'a> {
    /// Reads a struct. Of one that is no signature at all, only the name is read.
    pub(super) fn read(input: &'a DeriveInput, errors: &mut Errors) -> Self {
        let options = attr::struct_options(&input.attrs, errors);
        let mut item = Self {
            ident: &input.ident,
            vis: &input.vis,
            generics: &input.generics,
            options,
            doc: Doc::read(&input.attrs),
            fields: Vec::new(),
            is_plain: input.generics.params.is_empty(),
        };
        if !item.is_plain {
            errors.at(
                &input.generics,
                "expected a signature without generics; what a model is asked has fixed types, so write them out",
            );
        }
        match &input.data {
            Data::Struct(data) => match &data.fields {
                Fields::Named(fields) => {
                    item.fields = fields.named.iter().filter_map(|field| Field::read(field, errors)).collect();
                    let unmarked = item.fields.len() < fields.named.len();
                    if !unmarked && item.fields.iter().all(|f| f.direction == Direction::Input) {
                        errors.at(
                            item.ident,
                            "expected at least one field marked `#[output]`, found none: nothing is asked of the model",
                        );
                    }
                    return item;
                }
                Fields::Unnamed(fields) => errors.at(
                    fields,
                    "expected a struct with named fields, found a tuple struct: models know fields by name",
                ),
                Fields::Unit => errors.at(
                    item.ident,
                    "expected a struct with named fields, found one without fields",
                ),
            },
            Data::Enum(data) => errors.at(
                data.enum_token,
                "expected a struct with named fields, found an enum; to let the model choose, make the enum the \
                 type of an `#[output]` field",
            ),
            Data::Union(data) => {
                errors.at(data.union_token, "expected a struct with named fields, found a union");
            }
        }
        item.is_plain = false;
        item
    }

    /// The name of the signature.
    pub(super) fn name(&self) -> String {
        self.options.name.as_ref().map_or_else(|| self.ident.unraw().to_string(), LitStr::value)
    }

    /// The name of the struct for one direction.
    pub(super) fn half(&self, direction: Direction) -> Ident {
        let suffix = match direction {
            Direction::Input => "Input",
            Direction::Output => "Output",
        };
        // Named as if the user had written it, but marked as generated, so that lints do not speak of it.
        let span = Span::call_site().located_at(self.ident.span());
        Ident::new(&format!("{}{suffix}", self.ident.unraw()), span)
    }

    /// The fields of one direction, each with its place among all of them.
    pub(super) fn fields_of(&self, direction: Direction) -> impl Iterator<Item = (usize, &Field<'a>)> {
        self.fields.iter().enumerate().filter(move |(_, f)| f.direction == direction)
    }
}

impl<'a> Field<'a> {
    fn read(field: &'a syn::Field, errors: &mut Errors) -> Option<Self> {
        let ident = field.ident.as_ref()?;
        let direction = direction(field, ident, errors);
        let options = attr::field_options(&field.attrs, errors);
        Some(Self {
            ident,
            vis: &field.vis,
            ty: &field.ty,
            doc: Doc::read(&field.attrs),
            direction: direction?,
            options,
        })
    }

    /// The name that the model sees.
    pub(super) fn name(&self) -> String {
        self.options.rename.as_ref().map_or_else(|| self.ident.unraw().to_string(), LitStr::value)
    }
}

/// The direction of a field; where two are given, the first.
fn direction(field: &syn::Field, ident: &Ident, errors: &mut Errors) -> Option<Direction> {
    let mut found: Option<Direction> = None;
    for attr in &field.attrs {
        let Some(direction) = attr_direction(attr) else { continue };
        match found {
            None => found = Some(direction),
            Some(first) if first == direction => {
                let name = if direction == Direction::Input { "input" } else { "output" };
                errors.at(attr, format!("expected `#[{name}]` once, found it again; put all keys into one"));
            }
            Some(_) => errors.at(attr, "expected either `#[input]` or `#[output]`, found both on one field"),
        }
    }
    if found.is_none() {
        errors.at(
            ident,
            format!("expected `#[input]` or `#[output]` on the field `{}`, found neither", ident.unraw()),
        );
    }
    found
}

pub(super) fn attr_direction(attr: &Attribute) -> Option<Direction> {
    if attr.path().is_ident("input") {
        Some(Direction::Input)
    } else if attr.path().is_ident("output") {
        Some(Direction::Output)
    } else {
        None
    }
}
