//! Field types: what a field may hold, as data.
//!
//! One type has three spellings: Python's ([`FieldType::annotation`], [`FieldType::name`], read by
//! [`Signature::parse`](crate::Signature::parse)), JSON Schema ([`FieldType::json_schema`]), and Rust
//! ([`FieldValue`]). This module holds the data and the spellings; turning text into values is the adapters' work.

pub mod builtin;
mod check;
pub(crate) mod decision;
mod field_value;
mod from_schema;
mod json_schema;
mod lossless;
mod name;
mod named;
mod special;

use std::sync::Arc;

pub use check::TypeMismatch;
pub use decision::{DecisionConfig, DecisionError, DecisionFields, DecisionType};
pub use field_value::{FieldValue, field_type_of};
pub use json_schema::sort_type_first;
pub(crate) use lossless::{EXTENSION, KEY, MARK};
pub use named::NamedType;
pub use special::Special;

use crate::signature::Constraint;
use crate::value::Value;

/// The type of a field.
///
/// ```
/// use dspex_core::FieldType;
/// let t = FieldType::list(FieldType::optional(FieldType::Int));
/// assert_eq!(t.annotation(), "list[Optional[int]]");
/// assert_eq!(t.json_schema()["type"], "array");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum FieldType {
    /// Text.
    Str,
    /// A whole number.
    Int,
    /// A double.
    Float,
    /// A truth value.
    Bool,
    /// Only `None`.
    None,
    /// Anything.
    Any,
    /// Raw bytes.
    Bytes,
    /// A complex number.
    Complex,
    /// A calendar date.
    Date,
    /// A date and time.
    DateTime,
    /// A time of day.
    Time,
    /// A span of time.
    TimeDelta,
    /// An exact decimal number.
    Decimal,
    /// A UUID.
    Uuid,
    /// A list; without item type, of anything.
    List(Option<Box<FieldType>>),
    /// A set; without item type, of anything.
    Set(Option<Box<FieldType>>),
    /// A frozen set; without item type, of anything.
    FrozenSet(Option<Box<FieldType>>),
    /// A tuple; without items, of anything.
    Tuple(Option<TupleType>),
    /// A mapping from keys to values; without types, of anything.
    Dict(Option<Box<(FieldType, FieldType)>>),
    /// One of these values.
    Literal(Vec<Value>),
    /// One of these types.
    Union(UnionType),
    /// A member of an enumeration.
    Enum(Arc<EnumType>),
    /// A struct with named fields.
    Struct(Arc<StructType>),
    /// A struct named elsewhere in the same type, for types that contain themselves.
    Ref(Arc<str>),
    /// A type with a meaning of its own to prompts: an image, a history, tool calls.
    Special(Special),
    /// A shape that only its JSON Schema says, such as a Rust enum with data; its Rust type checks the value.
    Schema(Arc<SchemaType>),
    /// A type with a name, rules and ways to be read of its own, over another type.
    Named(Arc<NamedType>),
}

/// The items of a tuple: one type for each place, or one for any number of places.
///
/// ```
/// use dspex_core::{FieldType, types::TupleType};
/// let pair = TupleType { items: vec![FieldType::Int, FieldType::Str], variadic: false };
/// assert_eq!(FieldType::parse("tuple[int, str]", None)?, FieldType::Tuple(Some(pair)));
/// let any_number = TupleType { items: vec![FieldType::Int], variadic: true };
/// assert_eq!(FieldType::Tuple(Some(any_number)).annotation(), "tuple[int, ...]");
/// # Ok::<(), dspex_core::SignatureError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TupleType {
    /// Types in order; exactly one where `variadic`.
    pub items: Vec<FieldType>,
    /// Whether the one item type stands for any number of items (`tuple[int, ...]`).
    pub variadic: bool,
}

/// The options of a union and how it was written. [`FieldType::union`] and [`FieldType::optional`] make one.
///
/// ```
/// use dspex_core::{FieldType, types::{UnionSyntax, UnionType}};
/// let options = vec![FieldType::Int, FieldType::None];
/// let union = FieldType::Union(UnionType { options, syntax: UnionSyntax::Typing });
/// assert_eq!(FieldType::parse("Optional[int]", None)?, union);
/// assert_eq!(FieldType::optional(FieldType::Int), union);
/// # Ok::<(), dspex_core::SignatureError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct UnionType {
    /// Options in order.
    pub options: Vec<FieldType>,
    /// How the union was spelled. Prompts spell both alike; DSPy keeps the difference.
    pub syntax: UnionSyntax,
}

/// How a union was written in Python. In a signature string both ways come out as [`Typing`](Self::Typing), as in DSPy.
///
/// ```
/// use dspex_core::{FieldType, types::UnionSyntax};
/// let of = |syntax| FieldType::union(vec![FieldType::Int, FieldType::None], syntax);
/// let (typing, pep604) = (of(UnionSyntax::Typing), of(UnionSyntax::Pep604));
/// assert_eq!((typing.annotation(), pep604.annotation()), ("Optional[int]".into(), "int | None".into()));
/// assert_eq!(typing.name(), pep604.name(), "a prompt shows both alike");
/// assert_eq!(FieldType::parse("int | None", None)?, typing);
/// # Ok::<(), dspex_core::SignatureError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnionSyntax {
    /// `Optional[int]`, `Union[int, str]`.
    Typing,
    /// `int | None`.
    Pep604,
}

/// An enumeration: its name, and the names and values of its members. A reply may give either.
///
/// ```
/// use dspex_core::{FieldType, SignatureParser, TypeRegistry, Value, types::EnumType};
/// let members = vec![("RED".to_owned(), Value::from("#f00")), ("BLUE".to_owned(), Value::from("#00f"))];
/// let color = FieldType::Enum(EnumType { name: "Color".into(), members, integer: false }.into());
/// assert!(color.check(&Value::from("#f00")).is_ok() && color.check(&Value::from("RED")).is_ok());
/// assert_eq!(color.check(&Value::from("green")).unwrap_err().to_string(), "expected Color, found 'green'");
///
/// let types = TypeRegistry::new().with("Color", color);
/// let signature = SignatureParser::new().types(&types).parse("object -> color: Color")?;
/// assert_eq!(signature.outputs()[0].ty.name(), "Color");
/// # Ok::<(), dspex_core::SignatureError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct EnumType {
    /// Name, e.g. `Color`.
    pub name: String,
    /// Members in order: name and value.
    pub members: Vec<(String, Value)>,
    /// Whether the members are whole numbers too, as those of Python's `IntEnum`: the text `"3"` is then read as the
    /// number.
    pub integer: bool,
}

/// A struct: named fields in order. A Rust struct and a pydantic model are ones.
///
/// ```
/// use dspex_core::{FieldType, types::field_type_of};
///
/// /// Somebody in a story.
/// #[derive(schemars::JsonSchema)]
/// # #[allow(dead_code)]
/// struct Person {
///     name: String,
///     age: Option<u8>,
/// }
///
/// let FieldType::Struct(person) = field_type_of::<Person>() else { panic!("expected a struct") };
/// assert_eq!((person.name.as_str(), person.description.as_deref()), ("Person", Some("Somebody in a story.")));
/// assert_eq!(person.fields.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["name", "age"]);
/// assert!(!person.closed, "further fields are no error");
/// ```
#[derive(Clone, Debug, PartialEq, Default)]
pub struct StructType {
    /// Name, e.g. `Person`.
    pub name: String,
    /// What it is for, as shown to the model.
    pub description: Option<String>,
    /// Fields in order.
    pub fields: Vec<StructField>,
    /// Whether a field that is not named here is an error.
    pub closed: bool,
    /// Whether a field that has an alias may also come under its own name.
    pub by_name: bool,
    /// Whether it is one of Python's typed dictionaries rather than a class; DSPy shows the two differently.
    pub typed_dict: bool,
}

/// One field of a [`StructType`].
///
/// ```
/// use dspex_core::{FieldType, types::field_type_of};
///
/// #[derive(schemars::JsonSchema)]
/// # #[allow(dead_code)]
/// struct Person {
///     /// in whole years
///     age: Option<u8>,
/// }
///
/// let FieldType::Struct(person) = field_type_of::<Person>() else { panic!("expected a struct") };
/// let age = &person.fields[0];
/// assert_eq!((age.name.as_str(), age.description.as_deref()), ("age", Some("in whole years")));
/// assert_eq!(age.ty.annotation(), "Optional[int]");
/// assert!(!age.required);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct StructField {
    /// Name.
    pub name: String,
    /// Name in JSON, where it differs.
    pub alias: Option<String>,
    /// Type.
    pub ty: FieldType,
    /// What it is for, as shown to the model.
    pub description: Option<String>,
    /// Whether it must be there.
    pub required: bool,
    /// Value where it is not there.
    pub default: Option<Value>,
    /// Whether schemas leave the default out, as pydantic does with one that a factory makes.
    pub hidden_default: bool,
    /// Rules for its value: told to the model in the schema, checked on what comes back.
    pub constraints: Vec<Constraint>,
}

impl StructField {
    /// A field that must be there, without description, default and rules.
    ///
    /// ```
    /// use dspex_core::{FieldType, types::StructField};
    /// assert!(StructField::new("age", FieldType::Int).required);
    /// ```
    pub fn new(name: impl Into<String>, ty: FieldType) -> Self {
        Self {
            name: name.into(),
            alias: None,
            ty,
            description: None,
            required: true,
            default: None,
            hidden_default: false,
            constraints: Vec::new(),
        }
    }
}

/// A shape known only by its JSON Schema.
///
/// ```
/// use dspex_core::{FieldType, types::field_type_of};
///
/// #[derive(schemars::JsonSchema)]
/// # #[allow(dead_code)]
/// enum Shape {
///     Circle { radius: f64 },
///     Square { side: f64 },
/// }
///
/// let FieldType::Schema(shape) = field_type_of::<Shape>() else { panic!("expected a schema") };
/// assert_eq!(shape.name, "Shape");
/// assert_eq!(shape.schema["oneOf"][0]["properties"]["Circle"]["properties"]["radius"]["type"], "number");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SchemaType {
    /// Name as shown to the model.
    pub name: String,
    /// The schema.
    pub schema: serde_json::Value,
}

impl FieldType {
    /// A list of items of one type.
    pub fn list(item: Self) -> Self {
        Self::List(Some(Box::new(item)))
    }

    /// A mapping from keys to values.
    pub fn dict(key: Self, value: Self) -> Self {
        Self::Dict(Some(Box::new((key, value))))
    }

    /// The type or `None`.
    pub fn optional(inner: Self) -> Self {
        Self::union(vec![inner, Self::None], UnionSyntax::Typing)
    }

    /// A choice among values.
    pub fn literal<V: Into<Value>>(values: impl IntoIterator<Item = V>) -> Self {
        Self::Literal(values.into_iter().map(Into::into).collect())
    }

    /// A union as Python's `typing` makes it: nested unions are flattened, repeated options dropped, and a union of
    /// one option is that option.
    pub fn union(options: Vec<Self>, syntax: UnionSyntax) -> Self {
        let mut flat: Vec<Self> = Vec::new();
        for option in options {
            match option {
                Self::Union(u) => u.options.into_iter().for_each(|o| push_new(&mut flat, o)),
                other => push_new(&mut flat, other),
            }
        }
        match flat.len() {
            1 => flat.swap_remove(0),
            _ => Self::Union(UnionType { options: flat, syntax }),
        }
    }

    /// Whether `None` is one of the values of this type by its top level.
    pub fn allows_none(&self) -> bool {
        match self {
            Self::None => true,
            Self::Union(u) => u.options.iter().any(Self::allows_none),
            Self::Named(n) => n.base().allows_none(),
            _ => false,
        }
    }

    /// Whether the type is text to a prompt: no hint about its form is needed.
    pub fn is_text(&self) -> bool {
        match self {
            Self::Named(n) => n.base().is_text(),
            _ => matches!(self, Self::Str | Self::Special(Special::Reasoning)),
        }
    }

    /// The type without `None` as an option, for a union that has it.
    #[must_use]
    pub fn without_none(&self) -> Self {
        match self {
            Self::Union(u) => {
                let rest: Vec<_> = u.options.iter().filter(|o| !matches!(o, Self::None)).cloned().collect();
                if rest.is_empty() { Self::None } else { Self::union(rest, u.syntax) }
            }
            other => other.clone(),
        }
    }

    /// The first value that the type allows: the first literal or member, `False`, `0`, empty text, an empty list.
    ///
    /// This is what a model that knows nothing answers. `None` where no such value is known.
    pub fn first_value(&self) -> Option<Value> {
        Some(match self {
            Self::Str | Self::Any | Self::Special(Special::Reasoning | Special::Code(_)) => {
                Value::Str(String::new())
            }
            Self::Int => Value::from(0),
            Self::Float => Value::Float(0.0),
            Self::Bool => Value::Bool(false),
            Self::None => Value::None,
            Self::Bytes => Value::Bytes(Vec::new()),
            Self::Complex => Value::Complex(0.0, 0.0),
            Self::Decimal => Value::Decimal("0".parse().ok()?),
            Self::Date => Value::Date("1970-01-01".parse().ok()?),
            Self::DateTime => Value::DateTime("1970-01-01T00:00:00".parse().ok()?),
            Self::Time => Value::Time("00:00:00".parse().ok()?),
            Self::TimeDelta => Value::TimeDelta(crate::value::TimeDelta::from_micros(0)),
            Self::Uuid => Value::Uuid("00000000-0000-0000-0000-000000000000".parse().ok()?),
            Self::List(_) => Value::List(Vec::new()),
            Self::Set(_) => Value::Set(Vec::new()),
            Self::FrozenSet(_) => Value::FrozenSet(Vec::new()),
            Self::Tuple(Some(t)) if !t.variadic => {
                Value::Tuple(t.items.iter().map(Self::first_value).collect::<Option<_>>()?)
            }
            Self::Tuple(_) => Value::Tuple(Vec::new()),
            Self::Dict(_) => Value::Dict(crate::value::Dict::new()),
            Self::Literal(values) => values.first()?.clone(),
            Self::Union(u) => u.options.first()?.first_value()?,
            Self::Enum(e) => e.members.first()?.1.clone(),
            Self::Struct(s) => {
                let fields = s.fields.iter().filter(|f| f.required);
                Value::Struct(crate::value::StructValue {
                    type_name: s.name.clone(),
                    fields: fields
                        .map(|f| Some((f.name.clone(), f.ty.first_value()?)))
                        .collect::<Option<_>>()?,
                })
            }
            Self::Named(n) => n.after(n.base().first_value()?).ok()?,
            Self::Special(Special::Document) => Value::Document(crate::value::Document::new("")),
            Self::Special(Special::Citations) => Value::Citations(crate::value::Citations::default()),
            Self::Special(Special::Decision(d)) => d.first_value()?,
            Self::Ref(_) | Self::Special(_) | Self::Schema(_) => return None,
        })
    }
}

fn push_new(into: &mut Vec<FieldType>, option: FieldType) {
    if !into.contains(&option) {
        into.push(option);
    }
}
