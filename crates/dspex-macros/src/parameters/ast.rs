//! What the derive knows of a struct: its fields, which of them are walked and under which name.

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields, Generics, LitStr, Member, Type};

use crate::errors::Errors;
use crate::keys::{Entry, Given, entries, refuse_repeated, refuse_unknown};

const STRUCT_KEYS: [&str; 1] = ["crate"];

const FIELD_KEYS: [&str; 2] = ["skip", "rename"];

const FIELD_SYNONYMS: [(&str, &str); 4] =
    [("ignore", "skip"), ("skipped", "skip"), ("name", "rename"), ("path", "rename")];

/// A struct that derives `Parameters`.
pub(super) struct Item<'a> {
    pub(super) ident: &'a Ident,
    pub(super) generics: &'a Generics,
    pub(super) krate: Option<syn::Path>,
    /// The fields that are walked.
    pub(super) fields: Vec<Field<'a>>,
}

/// A field that is walked.
pub(super) struct Field<'a> {
    pub(super) member: Member,
    /// Its name in the path of a leaf.
    pub(super) name: String,
    pub(super) ty: &'a Type,
}

impl<'a> Item<'a> {
    /// Reads a struct; of anything else, only the name.
    pub(super) fn read(input: &'a DeriveInput, errors: &mut Errors) -> Self {
        let mut item = Self {
            ident: &input.ident,
            generics: &input.generics,
            krate: krate(input, errors),
            fields: Vec::new(),
        };
        match &input.data {
            Data::Struct(data) => item.fields = fields(&data.fields, errors),
            Data::Enum(data) => errors.at(
                data.enum_token,
                "expected a struct, found an enum: its leaves would change with the variant; hold the variants in a \
                 struct of `Option` fields, or implement `Parameters` by hand",
            ),
            Data::Union(data) => errors.at(data.union_token, "expected a struct, found a union"),
        }
        item
    }
}

fn krate(input: &DeriveInput, errors: &mut Errors) -> Option<syn::Path> {
    let mut krate = None;
    for entry in read_entries(&input.attrs, errors) {
        match entry.key.to_string().as_str() {
            "crate" => krate = entry.path(errors),
            "skip" | "rename" => {
                errors.at(&entry.key, format!("expected `{}` on a field, found it on the struct", entry.key));
            }
            _ => refuse_unknown(&entry.key, &STRUCT_KEYS, &[], errors),
        }
    }
    krate
}

fn read_entries(attrs: &[syn::Attribute], errors: &mut Errors) -> Vec<Entry> {
    let mut all = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("parameters")) {
        all.extend(entries(attr, errors));
    }
    refuse_repeated(&mut all, errors);
    all
}

fn fields<'a>(fields: &'a Fields, errors: &mut Errors) -> Vec<Field<'a>> {
    let mut walked: Vec<Field<'_>> = Vec::new();
    for (member, field) in fields.members().zip(fields) {
        let (skip, rename) = options(&field.attrs, errors);
        if skip {
            continue;
        }
        let name = match (&rename, &member) {
            (Some(rename), _) => rename.value(),
            (None, Member::Named(ident)) => ident.unraw().to_string(),
            (None, Member::Unnamed(index)) => index.index.to_string(),
        };
        if walked.iter().any(|f| f.name == name) {
            let message = format!("expected distinct names, found `{name}` twice; rename one of them");
            match &rename {
                Some(rename) => errors.at(rename, message),
                None => errors.at(&member, message),
            }
        }
        walked.push(Field { member, name, ty: &field.ty });
    }
    walked
}

/// Whether a field is skipped, and its other name.
fn options(attrs: &[syn::Attribute], errors: &mut Errors) -> (bool, Option<LitStr>) {
    let mut skip = None;
    let mut rename = None;
    for entry in read_entries(attrs, errors) {
        match entry.key.to_string().as_str() {
            "skip" => match entry.given {
                Given::Nothing => skip = Some(entry.key),
                _ => errors.at(&entry.key, "expected `skip` without a value"),
            },
            "rename" => rename = entry.text(errors).filter(|rename| is_step(rename, errors)),
            _ => refuse_unknown(&entry.key, &FIELD_KEYS, &FIELD_SYNONYMS, errors),
        }
    }
    if let (Some(skip), Some(_)) = (&skip, &rename) {
        errors
            .at(skip, "expected either `skip` or `rename`, found both: a field that is skipped has no path");
    }
    (skip.is_some(), rename)
}

/// Whether a name can be one step of a path such as `gen.predict` or `ans[0]`.
fn is_step(rename: &LitStr, errors: &mut Errors) -> bool {
    let name = rename.value();
    let ok = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if !ok {
        errors.at(rename, format!("expected a name of letters, digits and `_`, found `{name}`"));
    }
    ok
}
