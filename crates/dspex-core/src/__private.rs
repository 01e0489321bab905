//! What the code that the derives write calls. It is no part of the API and may change in any release.
//!
//! The derives know a field's type only as tokens. They name each type once, in an impl of [`FieldOf`] or
//! [`HolderOf`], and do everything else through the generic functions here. So a type that does not fit is one
//! error, on the type, instead of one for each thing that the generated code does with it.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

pub use serde;

pub use crate::parameters::{Parameters, Walk, WalkMut};
pub use crate::signature::{Constraint, Field, Signature, TypedSignature};
pub use crate::validation::Validation;
pub use crate::value::{Record, Value};

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::signature::{FromRecord, ToRecord};
use crate::types::{FieldType, FieldValue, field_type_of};
use crate::validation::{ValidationErrors, Validator, Violation, validator_of};
use crate::value::{ValueError, to_value};

/// Stands for one field of a signature and names its type.
pub trait FieldOf {
    /// The type.
    type Type: IsFieldValue;
}

/// What the generated code does with a field's type: [`FieldValue`] without supertraits.
///
/// The compiler takes a bound apart into its supertraits and reports each that is missing; this one it reports once.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the type of a field",
    label = "not a field type",
    note = "each type in it needs `#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]` (from serde and schemars)",
    note = "a field type must also own its data and be `Send` and `Sync`"
)]
pub trait IsFieldValue: Sized + 'static {
    /// A copy.
    #[must_use]
    fn copy(&self) -> Self;
    /// The value as `Debug` prints it.
    fn as_debug(&self) -> &dyn fmt::Debug;
    /// The type as data.
    fn as_type() -> FieldType;
    /// The value as data.
    fn as_value(&self) -> Result<Value, ValueError>;
    /// A rule over the type.
    fn as_rule<E: Into<ValidationErrors> + 'static>(
        rule: impl Fn(Self) -> Result<Self, E> + Send + Sync + 'static,
    ) -> Arc<dyn Validator>;
    /// Serializes the value.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
    /// Deserializes a value.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

#[diagnostic::do_not_recommend]
impl<T: FieldValue> IsFieldValue for T {
    fn copy(&self) -> Self {
        self.clone()
    }

    fn as_debug(&self) -> &dyn fmt::Debug {
        self
    }

    fn as_type() -> FieldType {
        field_type_of::<T>()
    }

    fn as_value(&self) -> Result<Value, ValueError> {
        to_value(self)
    }

    fn as_rule<E: Into<ValidationErrors> + 'static>(
        rule: impl Fn(Self) -> Result<Self, E> + Send + Sync + 'static,
    ) -> Arc<dyn Validator> {
        validator_of("validate", rule)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer)
    }
}

/// Stands for one field that holds parameters and names its type.
pub trait HolderOf {
    /// The type.
    type Type: Parameters + ?Sized;
}

/// A copy of a field.
pub fn clone<F: FieldOf>(value: &F::Type) -> F::Type {
    value.copy()
}

/// A field as `Debug` prints it.
pub fn debug<F: FieldOf>(value: &F::Type) -> &dyn fmt::Debug {
    value.as_debug()
}

/// The type of a field as data.
pub fn field_type<F: FieldOf>() -> FieldType {
    F::Type::as_type()
}

/// A default as data.
///
/// # Panics
///
/// If the type refuses to serialize it.
pub fn default_value<F: FieldOf>(field: &str, value: &F::Type) -> Value {
    value
        .as_value()
        .unwrap_or_else(|e| panic!("the default of the field `{field}` cannot be serialized: {e}"))
}

/// A rule for text; the derive has compiled the pattern already.
///
/// # Panics
///
/// If the pattern is not a regular expression.
pub fn pattern(pattern: &str) -> Constraint {
    Constraint::pattern(pattern).unwrap_or_else(|e| panic!("expected a regular expression: {e}"))
}

/// The signature of a struct; empty instructions stand for the default text.
///
/// # Panics
///
/// If two fields have one name, which the derive refuses.
pub fn signature<const N: usize>(name: &str, instructions: &str, fields: [Field; N]) -> Signature {
    Signature::new(fields)
        .unwrap_or_else(|e| panic!("signature `{name}`: {e}"))
        .with_name(name)
        .with_instructions(instructions)
}

/// A rule for one field, over its Rust type.
pub fn field_rule<F: FieldOf, E: Into<ValidationErrors> + 'static>(
    rule: impl Fn(F::Type) -> Result<F::Type, E> + Send + Sync + 'static,
) -> Arc<dyn Validator> {
    F::Type::as_rule(rule)
}

/// A rule across the outputs, over their struct. What else is in the record stays.
pub fn record_rule<T: FromRecord + ToRecord, E: Into<ValidationErrors>>(
    rule: impl Fn(T) -> Result<T, E> + Send + Sync + 'static,
) -> impl Fn(Record) -> Result<Record, ValidationErrors> + Send + Sync + 'static {
    let rust = |e: crate::Error| ValidationErrors::from(Violation::new("type", e.kind().to_string()));
    move |mut record| {
        let valid = rule(T::from_record(record.clone()).map_err(rust)?).map_err(Into::into)?;
        for (name, value) in valid.to_record().map_err(rust)?.iter() {
            record.insert(name, value.clone());
        }
        Ok(record)
    }
}

/// The text of a doc comment, as Python's `inspect.cleandoc` reads one: without the indentation that all lines but
/// the first share, without the first line's, and without blank lines at either end.
pub fn clean_doc(text: &str) -> String {
    let expanded = expand_tabs(text);
    let mut lines: Vec<&str> = expanded.split('\n').collect();
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let margin = lines
        .iter()
        .skip(1)
        .filter(|line| !line.trim().is_empty())
        .map(|line| indent(line))
        .min()
        .unwrap_or(0);
    for (i, line) in lines.iter_mut().enumerate() {
        *line = if i == 0 { line.trim_start() } else { line.get(margin..).unwrap_or("") };
    }
    let first = lines.iter().position(|line| !line.is_empty()).unwrap_or(lines.len());
    let end = lines.iter().rposition(|line| !line.is_empty()).map_or(first, |last| last + 1);
    lines[first..end].join("\n")
}

/// Tabs as spaces up to the next column that is a multiple of eight.
fn expand_tabs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut column = 0;
    for c in text.chars() {
        match c {
            '\t' => {
                let width = 8 - column % 8;
                out.extend(std::iter::repeat_n(' ', width));
                column += width;
            }
            '\n' | '\r' => {
                out.push(c);
                column = 0;
            }
            _ => {
                out.push(c);
                column += 1;
            }
        }
    }
    out
}

/// A field on its way out.
#[derive(Debug)]
pub struct Lent<'a, F: FieldOf>(pub &'a F::Type);

impl<F: FieldOf> Serialize for Lent<'_, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

/// A field on its way in.
struct Held<F: FieldOf>(F::Type);

impl<'de, F: FieldOf> Deserialize<'de> for Held<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        F::Type::read(deserializer).map(Self)
    }
}

/// The fields of a generated struct, read one by one.
pub trait Fields: Sized {
    /// The struct.
    const NAME: &'static str;
    /// The names of its fields in order.
    const FIELDS: &'static [&'static str];
    /// What has been read.
    type Slots: Default;

    /// Reads the next value into the slot of that index. False where the source has ended.
    fn read<'de, S: Source<'de>>(
        slots: &mut Self::Slots,
        index: usize,
        source: &mut S,
    ) -> Result<bool, S::Error>;

    /// The struct, once all is read.
    fn finish<E: de::Error>(slots: Self::Slots) -> Result<Self, E>;
}

/// Where the values of a struct come from: a map or a sequence.
pub trait Source<'de> {
    /// What goes wrong.
    type Error: de::Error;

    /// The next value, if there is one.
    fn next<T: Deserialize<'de>>(&mut self) -> Result<Option<T>, Self::Error>;
}

struct FromMap<A>(A);

impl<'de, A: MapAccess<'de>> Source<'de> for FromMap<A> {
    type Error = A::Error;

    fn next<T: Deserialize<'de>>(&mut self) -> Result<Option<T>, A::Error> {
        self.0.next_value().map(Some)
    }
}

struct FromSeq<A>(A);

impl<'de, A: SeqAccess<'de>> Source<'de> for FromSeq<A> {
    type Error = A::Error;

    fn next<T: Deserialize<'de>>(&mut self) -> Result<Option<T>, A::Error> {
        self.0.next_element()
    }
}

/// Reads one field into its slot. False where the source has ended.
pub fn read<'de, F: FieldOf, S: Source<'de>>(
    slot: &mut Option<F::Type>,
    name: &'static str,
    source: &mut S,
) -> Result<bool, S::Error> {
    if slot.is_some() {
        return Err(de::Error::duplicate_field(name));
    }
    *slot = source.next::<Held<F>>()?.map(|held| held.0);
    Ok(slot.is_some())
}

/// A field that was read, or, where it is absent, `None` if it is optional and otherwise an error.
pub fn take<F: FieldOf, E: de::Error>(slot: Option<F::Type>, name: &'static str) -> Result<F::Type, E> {
    slot.map_or_else(|| F::Type::read(Absent { name, error: PhantomData }), Ok)
}

/// Reads a generated struct.
pub fn deserialize<'de, T: Fields, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_struct(T::NAME, T::FIELDS, FieldsVisitor(PhantomData))
}

struct FieldsVisitor<T>(PhantomData<T>);

impl<'de, T: Fields> Visitor<'de> for FieldsVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "struct {}", T::NAME)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        let mut slots = T::Slots::default();
        let mut map = FromMap(map);
        while let Some(key) = map.0.next_key::<String>()? {
            match T::FIELDS.iter().position(|name| *name == key) {
                Some(index) => {
                    T::read(&mut slots, index, &mut map)?;
                }
                // A field that is not known is a mistake of the caller's, not something to drop in silence.
                None => return Err(de::Error::unknown_field(&key, T::FIELDS)),
            }
        }
        T::finish(slots)
    }

    /// Formats without names, such as bincode's, write a struct as its values in order.
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<T, A::Error> {
        let mut slots = T::Slots::default();
        let mut seq = FromSeq(seq);
        for index in 0..T::FIELDS.len() {
            if !T::read(&mut slots, index, &mut seq)? {
                break;
            }
        }
        T::finish(slots)
    }
}

/// A value that is not there: `None` to a type that is optional, an error to any other, as in serde's own derive.
struct Absent<E> {
    name: &'static str,
    error: PhantomData<E>,
}

impl<'de, E: de::Error> Deserializer<'de> for Absent<E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, E> {
        Err(E::missing_field(self.name))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_none()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Walks a field.
pub fn visit<H: HolderOf>(holder: &H::Type, walk: &mut Walk<'_>) {
    holder.visit(walk);
}

/// Walks a field to change it.
pub fn visit_mut<H: HolderOf>(holder: &mut H::Type, walk: &mut WalkMut<'_>) {
    holder.visit_mut(walk);
}

#[cfg(test)]
mod tests {
    use super::clean_doc;
    use crate::{Parameters, Program as _, Signature, TypedSignature as _};

    #[derive(Signature)]
    struct Answer {
        #[output]
        answer: String,
    }

    #[derive(Parameters)]
    struct Empty;

    #[test]
    fn the_derives_work_inside_this_crate() {
        assert_eq!(Answer::signature().name(), "Answer");
        assert!(Empty.paths().is_empty());
    }

    /// Expected texts are those of Python's `inspect.cleandoc`.
    #[test]
    fn docs_as_python_cleans_them() {
        let table = [
            ("", ""),
            (" One line.", "One line."),
            (" First.\n Second.\n   Indented.", "First.\nSecond.\n  Indented."),
            ("\n\n    Body.\n\n    More.\n  ", "Body.\n\nMore."),
            (" First.\n\n Second.", "First.\n\nSecond."),
            ("First.\n\tTab.\n        Spaces.", "First.\nTab.\nSpaces."),
            ("a  \n  b  ", "a  \nb  "),
        ];
        for (text, clean) in table {
            assert_eq!(clean_doc(text), clean, "{text:?}");
        }
        assert_eq!(
            clean_doc("  a\n   \n      \n  b\n    "),
            "a\n \n    \nb\n  ",
            "blank lines keep what is past the margin"
        );
    }
}
