//! Values: what a field can hold, of every kind that a prompt or a completion may carry.
//!
//! This module owns the data; how a value is written into a prompt lives in [`text`], the lossless JSON
//! form in [`tagged`], and the way to and from Rust types in [`serde`](crate::value::to_value).

mod code;
mod decision;
mod dict;
mod document;
mod history;
mod image;
mod int;
pub mod json;
mod marked;
mod media;
mod mime;
mod python;
mod record;
mod scalar;
mod serde_de;
mod serde_ser;
mod special;
mod special_serde;
pub mod tagged;
pub mod text;
mod tool;
mod tool_calls;

use std::hash::{Hash, Hasher};

pub use code::{Code, Language, Reasoning, language};
pub use decision::{Choice, Levels, Noul, Options, Score};
pub use dict::Dict;
pub use document::{Citation, Citations, Document, DocumentType};
pub use history::History;
pub use image::{Audio, File, Image};
pub use int::Int;
pub use media::{Media, MediaError, MediaKind, MediaSource};
pub use record::Record;
pub use scalar::{Date, DateTime, Decimal, ScalarError, Time, TimeDelta, Uuid};
pub use serde_de::{ValueError, from_value};
pub use serde_ser::to_value;
pub use tool::{Tool, ToolError};
pub use tool_calls::{ToolCall, ToolCallResult, ToolCalls};

/// A value of one field, of any kind that a signature can name.
///
/// Kinds follow Python's, because saved programs, demos and prompts do: `Int` has no upper bound, `Tuple`,
/// `List` and `Set` are different things, and the keys of a [`Dict`] need not be text.
///
/// Two values are equal when they are of one kind and hold the same; a NaN equals a NaN, so that values can be
/// keys and can be compared in tests. The order of the entries of a dict or of a record does not count.
///
/// ```
/// use dspex_core::Value;
/// let v = Value::from(vec!["a", "b"]);
/// assert_eq!(v.kind(), "list");
/// assert_eq!(v.as_list().map(<[_]>::len), Some(2));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Value {
    /// Python's `None`, JSON's `null`.
    None,
    /// A truth value.
    Bool(bool),
    /// A whole number of any size.
    Int(Int),
    /// A double.
    Float(f64),
    /// A complex number: real and imaginary part.
    Complex(f64, f64),
    /// Text.
    Str(String),
    /// Raw bytes.
    Bytes(Vec<u8>),
    /// An exact decimal number.
    Decimal(Decimal),
    /// A calendar date.
    Date(Date),
    /// A date and time, with or without an offset.
    DateTime(DateTime),
    /// A time of day.
    Time(Time),
    /// A span of time.
    TimeDelta(TimeDelta),
    /// A UUID.
    Uuid(Uuid),
    /// A list.
    List(Vec<Value>),
    /// A tuple.
    Tuple(Vec<Value>),
    /// A set, in the order in which its items came.
    Set(Vec<Value>),
    /// A frozen set, in the order in which its items came.
    FrozenSet(Vec<Value>),
    /// A mapping whose keys may be of any kind.
    Dict(Dict),
    /// A member of an enumeration.
    Enum(EnumMember),
    /// A struct (a pydantic model, a Rust struct): a type name and its fields in order.
    Struct(StructValue),
    /// An image, a sound, a file.
    Media(Media),
    /// A document that answers may cite.
    Document(Document),
    /// What an answer cites.
    Citations(Citations),
    /// A tool that the model may call.
    Tool(Tool),
    /// Calls that the model wants made.
    ToolCalls(ToolCalls),
    /// Earlier turns of a conversation.
    History(History),
}

/// A member of an enumeration: the enumeration's name, the member's name and its value.
///
/// ```
/// use dspex_core::{Value, value::EnumMember};
/// let (type_name, member) = ("Color".to_owned(), "RED".to_owned());
/// let red = Value::Enum(EnumMember { type_name, member, value: Box::new("#f00".into()) });
/// assert_eq!(red.to_text()?, "#f00", "a prompt shows its value");
/// # Ok::<(), dspex_core::value::text::UnsupportedKind>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EnumMember {
    /// Name of the enumeration, e.g. `Color`.
    pub type_name: String,
    /// Name of the member, e.g. `RED`.
    pub member: String,
    /// Value of the member, e.g. `"red"`.
    pub value: Box<Value>,
}

/// A struct value: the name of its type and its fields in order.
///
/// ```
/// use dspex_core::{Record, Value, value::{StructValue, to_value}};
///
/// #[derive(serde::Serialize)]
/// struct Person {
///     name: String,
///     age: u8,
/// }
///
/// let fields = Record::new().with("name", "Ada").with("age", 36);
/// let ada = Value::Struct(StructValue { type_name: "Person".into(), fields });
/// assert_eq!(to_value(&Person { name: "Ada".into(), age: 36 })?, ada);
/// # Ok::<(), dspex_core::value::ValueError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StructValue {
    /// Name of the type, e.g. `Person`.
    pub type_name: String,
    /// Fields in order of declaration.
    pub fields: Record,
}

impl Value {
    /// Name of the kind, as errors and notes write it: `str`, `int`, `list`, ...
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Complex(..) => "complex",
            Self::Str(_) => "str",
            Self::Bytes(_) => "bytes",
            Self::Decimal(_) => "decimal",
            Self::Date(_) => "date",
            Self::DateTime(_) => "datetime",
            Self::Time(_) => "time",
            Self::TimeDelta(_) => "timedelta",
            Self::Uuid(_) => "uuid",
            Self::List(_) => "list",
            Self::Tuple(_) => "tuple",
            Self::Set(_) => "set",
            Self::FrozenSet(_) => "frozenset",
            Self::Dict(_) => "dict",
            Self::Enum(_) => "enum",
            Self::Struct(_) => "struct",
            Self::Media(m) => m.kind.name(),
            Self::Document(_) => "document",
            Self::Citations(_) => "citations",
            Self::Tool(_) => "tool",
            Self::ToolCalls(_) => "tool_calls",
            Self::History(_) => "history",
        }
    }

    /// Whether this is [`Value::None`].
    pub fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// The text, if this is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(s) => Some(s),
            _ => None,
        }
    }

    /// The truth value, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// The number, if this is a whole number that fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(i) => i.to_i64(),
            _ => None,
        }
    }

    /// The number as a double: floats, whole numbers and truth values, as Python's `float()` takes them.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Float(f) => Some(*f),
            Self::Int(i) => Some(i.to_f64()),
            Self::Bool(b) => Some(f64::from(u8::from(*b))),
            _ => None,
        }
    }

    /// The items, if this is a list, tuple or set.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(v) | Self::Tuple(v) | Self::Set(v) | Self::FrozenSet(v) => Some(v),
            _ => None,
        }
    }

    /// The mapping, if this is one.
    pub fn as_dict(&self) -> Option<&Dict> {
        match self {
            Self::Dict(d) => Some(d),
            _ => None,
        }
    }
}

/// Bits that make equal floats hash alike: one zero, one NaN.
fn float_key(f: f64) -> u64 {
    if f.is_nan() {
        f64::NAN.to_bits()
    } else if f == 0.0 {
        0
    } else {
        f.to_bits()
    }
}

fn unordered(items: &[Value], others: &[Value]) -> bool {
    items.len() == others.len()
        && items.iter().all(|i| others.contains(i))
        && others.iter().all(|o| items.contains(o))
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => float_key(*a) == float_key(*b),
            (Self::Complex(a, b), Self::Complex(c, d)) => {
                float_key(*a) == float_key(*c) && float_key(*b) == float_key(*d)
            }
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Decimal(a), Self::Decimal(b)) => a == b,
            (Self::Date(a), Self::Date(b)) => a == b,
            (Self::DateTime(a), Self::DateTime(b)) => a == b,
            (Self::Time(a), Self::Time(b)) => a == b,
            (Self::TimeDelta(a), Self::TimeDelta(b)) => a == b,
            (Self::Uuid(a), Self::Uuid(b)) => a == b,
            (Self::List(a), Self::List(b)) | (Self::Tuple(a), Self::Tuple(b)) => a == b,
            (Self::Set(a), Self::Set(b)) | (Self::FrozenSet(a), Self::FrozenSet(b)) => unordered(a, b),
            (Self::Dict(a), Self::Dict(b)) => a == b,
            (Self::Enum(a), Self::Enum(b)) => a == b,
            (Self::Struct(a), Self::Struct(b)) => a == b,
            (Self::Media(a), Self::Media(b)) => a == b,
            (Self::Document(a), Self::Document(b)) => a == b,
            (Self::Citations(a), Self::Citations(b)) => a == b,
            (Self::Tool(a), Self::Tool(b)) => a == b,
            (Self::ToolCalls(a), Self::ToolCalls(b)) => a == b,
            (Self::History(a), Self::History(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind().hash(state);
        match self {
            Self::None => {}
            Self::Bool(b) => b.hash(state),
            Self::Int(i) => i.hash(state),
            Self::Float(f) => float_key(*f).hash(state),
            Self::Complex(a, b) => (float_key(*a), float_key(*b)).hash(state),
            Self::Str(s) => s.hash(state),
            Self::Bytes(b) => b.hash(state),
            Self::Decimal(d) => d.hash(state),
            Self::Date(d) => d.hash(state),
            Self::DateTime(d) => d.hash(state),
            Self::Time(t) => t.hash(state),
            Self::TimeDelta(t) => t.hash(state),
            Self::Uuid(u) => u.hash(state),
            Self::List(v) | Self::Tuple(v) => v.hash(state),
            // Equality ignores the order of these, so the hash must too.
            Self::Set(v) | Self::FrozenSet(v) => v.len().hash(state),
            Self::Dict(d) => d.len().hash(state),
            Self::Enum(e) => e.hash(state),
            Self::Struct(s) => s.hash(state),
            Self::Media(m) => m.hash(state),
            Self::Document(d) => d.hash(state),
            Self::Citations(c) => c.hash(state),
            Self::Tool(t) => t.hash(state),
            Self::ToolCalls(t) => t.hash(state),
            Self::History(h) => h.hash(state),
        }
    }
}

impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Self::Str(s.to_owned())
    }
}
impl From<String> for Value {
    fn from(s: String) -> Self {
        Self::Str(s)
    }
}
impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}
impl From<f64> for Value {
    fn from(f: f64) -> Self {
        Self::Float(f)
    }
}
impl From<Int> for Value {
    fn from(i: Int) -> Self {
        Self::Int(i)
    }
}
macro_rules! from_int {
    ($($t:ty),*) => {$(
        impl From<$t> for Value {
            fn from(i: $t) -> Self {
                Self::Int(Int::from(i))
            }
        }
    )*};
}
from_int!(i8, i16, i32, i64, u8, u16, u32, u64, usize);

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(v: Vec<T>) -> Self {
        Self::List(v.into_iter().map(Into::into).collect())
    }
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(v: Option<T>) -> Self {
        v.map_or(Self::None, Into::into)
    }
}
impl From<Dict> for Value {
    fn from(d: Dict) -> Self {
        Self::Dict(d)
    }
}
impl From<Record> for Value {
    /// The record as a mapping with text keys.
    fn from(r: Record) -> Self {
        Self::Dict(r.into_iter().map(|(k, v)| (Self::Str(k), v)).collect())
    }
}
