//! What can be said of a field's type from its tokens alone. What cannot is left to the compiler.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{GenericArgument, Path, PathArguments, Type, TypePath};

/// What values of a type are, as far as its name tells.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Float,
    Bool,
    Text,
    Collection,
    /// A name that only the compiler knows.
    Unknown,
}

impl Kind {
    /// The kind in words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Int => "a whole number",
            Self::Float => "a number",
            Self::Bool => "a truth value",
            Self::Text => "text",
            Self::Collection => "a collection",
            Self::Unknown => "of a type of its own",
        }
    }
}

/// The kind of a type, looking through `Option`, `Box` and the like.
pub(super) fn kind(ty: &Type) -> Kind {
    match ty {
        Type::Array(_) => Kind::Collection,
        Type::Tuple(tuple) if !tuple.elems.is_empty() => Kind::Collection,
        Type::Group(group) => kind(&group.elem),
        Type::Paren(paren) => kind(&paren.elem),
        Type::Path(TypePath { qself: None, path, .. }) if is_std(path) => {
            let Some(last) = path.segments.last() else { return Kind::Unknown };
            match last.ident.to_string().as_str() {
                "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "u8" | "u16" | "u32" | "u64" | "u128"
                | "usize" => Kind::Int,
                name if name.starts_with("NonZero") => Kind::Int,
                "f32" | "f64" => Kind::Float,
                "bool" => Kind::Bool,
                "String" | "str" | "char" => Kind::Text,
                "Vec" | "VecDeque" | "LinkedList" | "BinaryHeap" | "HashSet" | "BTreeSet" | "IndexSet"
                | "HashMap" | "BTreeMap" | "IndexMap" => Kind::Collection,
                "Option" | "Box" | "Arc" | "Rc" | "Cow" => {
                    inner_types(&last.arguments).last().map_or(Kind::Unknown, |t| kind(t))
                }
                _ => Kind::Unknown,
            }
        }
        _ => Kind::Unknown,
    }
}

/// Whether a path can be that of a type of the standard library: a bare name, or one from there.
fn is_std(path: &Path) -> bool {
    path.segments.len() == 1
        || path
            .segments
            .first()
            .is_some_and(|s| ["std", "core", "alloc", "indexmap"].iter().any(|c| s.ident == c))
}

fn inner_types(arguments: &PathArguments) -> Vec<&Type> {
    match arguments {
        PathArguments::AngleBracketed(arguments) => arguments
            .args
            .iter()
            .filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Whether a type is `String`.
pub(super) fn is_string(ty: &Type) -> bool {
    matches!(ty, Type::Path(TypePath { qself: None, path, .. })
        if is_std(path) && path.segments.last().is_some_and(|s| s.ident == "String"))
}

/// A part of a type that no field can have, and what to say of it.
pub(super) struct Unsupported {
    pub(super) at: TokenStream,
    pub(super) message: String,
}

/// The parts of a type that no field can have.
pub(super) fn unsupported(ty: &Type) -> Vec<Unsupported> {
    let mut found = Vec::new();
    look(ty, &mut found);
    found
}

fn look(ty: &Type, found: &mut Vec<Unsupported>) {
    let mut refuse = |what: &str, instead: &str| {
        let message = format!("expected a type that owns its data, found {what}; {instead}");
        found.push(Unsupported { at: ty.to_token_stream(), message });
    };
    match ty {
        Type::Reference(reference) => refuse("a reference", &format!("write `{}`", owned(&reference.elem))),
        Type::Ptr(pointer) => {
            refuse("a raw pointer", &format!("write the value itself, `{}`", spelled(&pointer.elem)));
        }
        Type::FnPtr(_) => {
            refuse("a function pointer", "a field holds data, so leave it out of the signature");
        }
        Type::TraitObject(_) => refuse("a trait object", "write a type of known shape, such as an enum"),
        Type::ImplTrait(_) => refuse("`impl Trait`", "write the type itself"),
        Type::Slice(slice) => refuse("a slice", &format!("write `Vec<{}>`", spelled(&slice.elem))),
        Type::Never(_) => refuse("`!`", "no value has this type, so leave the field out"),
        Type::Group(group) => look(&group.elem, found),
        Type::Paren(paren) => look(&paren.elem, found),
        Type::Array(array) => look(&array.elem, found),
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|elem| look(elem, found)),
        Type::Path(path) => {
            if path.path.is_ident("str") {
                refuse("`str`", "write `String`");
            } else if path.path.is_ident("Self") {
                let message = "expected the name of a type, found `Self`; the generated structs are other types, \
                               so write out which is meant";
                found.push(Unsupported { at: ty.to_token_stream(), message: message.to_owned() });
            } else if let Some(name @ ("Rc" | "Cell" | "RefCell")) = last_name(&path.path).as_deref() {
                let instead =
                    if name == "Rc" { "write `Arc`, or the value itself" } else { "write the value itself" };
                refuse(&format!("`{name}`, which cannot move between threads"), instead);
            } else {
                for segment in &path.path.segments {
                    for inner in inner_types(&segment.arguments) {
                        look_inside(inner, &segment.ident, found);
                    }
                }
            }
        }
        _ => {}
    }
}

fn last_name(path: &Path) -> Option<String> {
    path.segments.last().filter(|_| is_std(path)).map(|last| last.ident.to_string())
}

/// Looks at a type argument. `str` and slices stand rightly behind the owning pointers.
fn look_inside(inner: &Type, of: &proc_macro2::Ident, found: &mut Vec<Unsupported>) {
    let owns_unsized = ["Box", "Arc", "Rc", "Cow"].iter().any(|name| of == name);
    match inner {
        Type::Slice(slice) if owns_unsized => look(&slice.elem, found),
        Type::Path(path) if owns_unsized && path.path.is_ident("str") => {}
        _ => look(inner, found),
    }
}

/// The owned type to write instead of a reference to `ty`.
fn owned(ty: &Type) -> String {
    match ty {
        Type::Slice(slice) => format!("Vec<{}>", owned(&slice.elem)),
        Type::Path(path) if path.path.is_ident("str") => "String".to_owned(),
        Type::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == "Path") => {
            "PathBuf".to_owned()
        }
        Type::Reference(reference) => owned(&reference.elem),
        Type::Group(group) => owned(&group.elem),
        Type::Paren(paren) => owned(&paren.elem),
        other => spelled(other),
    }
}

/// A type as a user writes it: tokens print with spaces around every sign.
fn spelled(ty: &Type) -> String {
    let mut text = ty.to_token_stream().to_string();
    for (printed, written) in
        [(" :: ", "::"), (" < ", "<"), (" >", ">"), (" ,", ","), ("& ", "&"), (" ;", ";")]
    {
        text = text.replace(printed, written);
    }
    text
}
