//! What a dialect is made of: its rules, as data.

use serde_json::Value as Json;

use super::UnsupportedSchema;

/// The rules of a dialect.
#[expect(clippy::struct_excessive_bools, reason = "each is a yes or no of its own")]
pub(super) struct Rules {
    /// The dialect.
    pub name: &'static str,
    /// Whether the root must be an object.
    pub root_object: bool,
    /// Whether every property is required, so that one that may be left out becomes nullable.
    pub all_required: bool,
    /// Whether objects may have keys that are not named.
    pub free_keys: bool,
    /// Whether a value of any kind can be asked for, by naming every kind.
    pub any: bool,
    /// Whether `prefixItems` is a keyword.
    pub tuples: bool,
    /// Types that contain themselves.
    pub recursion: Recursion,
    /// Whether keywords may stand beside a `$ref`.
    pub ref_siblings: bool,
    /// Whether `const` is a keyword; otherwise it is an `enum` of one.
    pub constants: bool,
    /// Whether truth values may stand in an `enum`.
    pub bool_enums: bool,
    /// Whether lists and objects may stand in an `enum`.
    pub data_enums: bool,
    /// Whether a keyword is kept beside a type: `(type, keyword, value)`.
    pub keep: fn(&str, &str, &Json) -> bool,
    /// Limits of size.
    pub limits: Limits,
}

/// What becomes of types that contain themselves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Recursion {
    /// `$ref` may go round.
    Kept,
    /// `$ref` may go round by way of a property that may be left out; otherwise they are unrolled.
    WhereOptional,
    /// They are unrolled.
    Unrolled,
}

/// How often a type is put into itself where it has to be unrolled.
pub(super) const UNROLLED: usize = 3;

/// Limits of size; none where the provider states none.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// Objects inside objects.
    pub depth: Option<usize>,
    /// Properties of all objects.
    pub properties: Option<usize>,
    /// Values of all enumerations.
    pub enum_values: Option<usize>,
    /// Characters of the names of properties and definitions and of the values of enumerations.
    pub characters: Option<usize>,
    /// Characters of the values of one enumeration of text with more than so many values: `(values, characters)`.
    pub long_enum: Option<(usize, usize)>,
    /// Properties that may be left out.
    pub optional: Option<usize>,
    /// Places with `anyOf`.
    pub unions: Option<usize>,
}

impl Limits {
    /// No limits.
    pub(super) const NONE: Self = Self {
        depth: None,
        properties: None,
        enum_values: None,
        characters: None,
        long_enum: None,
        optional: None,
        unions: None,
    };
}

impl Rules {
    /// What the dialect has no way to say.
    pub(super) fn refuse(&self, what: impl Into<String>, at: &str, help: &'static str) -> UnsupportedSchema {
        UnsupportedSchema { dialect: self.name, what: what.into(), pointer: at.to_owned(), help }
    }
}
