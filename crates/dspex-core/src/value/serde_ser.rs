//! From Rust values to [`Value`], by way of `serde`.

use std::fmt::Display;

use serde::ser::{
    self, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::serde_de::ValueError;
use super::{Dict, EnumMember, Int, Record, StructValue, Value};

/// Turns anything that serializes into a [`Value`].
///
/// Structs keep their name and order, unit variants become enum members, other variants a mapping from the
/// variant's name, maps keep keys of any kind.
///
/// ```
/// use dspex_core::value::to_value;
/// assert_eq!(to_value(&Some(3))?.as_i64(), Some(3));
/// assert!(to_value(&None::<i32>)?.is_none());
/// # Ok::<(), dspex_core::value::ValueError>(())
/// ```
pub fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value, ValueError> {
    value.serialize(ToValue)
}

struct ToValue;

type R = Result<Value, ValueError>;

impl ser::Error for ValueError {
    fn custom<T: Display>(msg: T) -> Self {
        Self::message(msg.to_string())
    }
}

macro_rules! scalars {
    ($($name:ident: $t:ty => $make:expr),* $(,)?) => {$(
        fn $name(self, v: $t) -> R {
            Ok(($make)(v))
        }
    )*};
}

impl ser::Serializer for ToValue {
    type Ok = Value;
    type Error = ValueError;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = Items;
    type SerializeMap = Entries;
    type SerializeStruct = Fields;
    type SerializeStructVariant = Fields;

    scalars! {
        serialize_bool: bool => Value::Bool,
        serialize_i8: i8 => Value::from,
        serialize_i16: i16 => Value::from,
        serialize_i32: i32 => Value::from,
        serialize_i64: i64 => Value::from,
        serialize_i128: i128 => |v| Value::Int(Int::from(v)),
        serialize_u8: u8 => Value::from,
        serialize_u16: u16 => Value::from,
        serialize_u32: u32 => Value::from,
        serialize_u64: u64 => Value::from,
        serialize_u128: u128 => |v| Value::Int(Int::from(v)),
        serialize_f32: f32 => |v: f32| Value::Float(f32_as_written(v)),
        serialize_f64: f64 => Value::Float,
        serialize_char: char => |c: char| Value::Str(c.to_string()),
        serialize_str: &str => |s: &str| Value::Str(s.to_owned()),
        serialize_bytes: &[u8] => |b: &[u8]| Value::Bytes(b.to_vec()),
    }

    fn serialize_none(self) -> R {
        Ok(Value::None)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> R {
        value.serialize(self)
    }

    fn serialize_unit(self) -> R {
        Ok(Value::None)
    }

    fn serialize_unit_struct(self, _: &'static str) -> R {
        Ok(Value::None)
    }

    fn serialize_unit_variant(self, name: &'static str, _: u32, variant: &'static str) -> R {
        Ok(Value::Enum(EnumMember {
            type_name: name.to_owned(),
            member: variant.to_owned(),
            value: Box::new(Value::from(variant)),
        }))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> R {
        if name == super::special_serde::MARK {
            let json = serde_json::to_value(value).map_err(ser::Error::custom)?;
            return Value::from_tagged(&json).map_err(ser::Error::custom);
        }
        let value = value.serialize(self)?;
        // The types that are values of their own say so by their name.
        if name.starts_with('$')
            && let Some(restored) = super::special::restored(name, value.clone())
        {
            return restored;
        }
        Ok(value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> R {
        Ok(variant_of(variant, value.serialize(self)?))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Items, ValueError> {
        Ok(Items { items: Vec::with_capacity(len.unwrap_or(0).min(1024)), tuple: false, variant: None })
    }

    fn serialize_tuple(self, len: usize) -> Result<Items, ValueError> {
        Ok(Items { items: Vec::with_capacity(len), tuple: true, variant: None })
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Items, ValueError> {
        self.serialize_tuple(len)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Items, ValueError> {
        Ok(Items { items: Vec::with_capacity(len), tuple: true, variant: Some(variant) })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries, ValueError> {
        Ok(Entries { dict: Dict::new(), key: None })
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Fields, ValueError> {
        Ok(Fields { name, fields: Record::with_capacity(len), variant: None })
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Fields, ValueError> {
        Ok(Fields { name, fields: Record::with_capacity(len), variant: Some(variant) })
    }
}

/// A single-precision float as the double with the same shortest spelling: 0.1, not 0.10000000149011612.
fn f32_as_written(v: f32) -> f64 {
    v.to_string().parse().unwrap_or(f64::from(v))
}

/// The externally tagged form that `serde` gives variants with data.
fn variant_of(variant: &str, inner: Value) -> Value {
    Value::Dict([(Value::from(variant), inner)].into_iter().collect())
}

struct Items {
    items: Vec<Value>,
    tuple: bool,
    variant: Option<&'static str>,
}

impl Items {
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ValueError> {
        self.items.push(value.serialize(ToValue)?);
        Ok(())
    }

    fn finish(self) -> Value {
        let inner = if self.tuple { Value::Tuple(self.items) } else { Value::List(self.items) };
        match self.variant {
            Some(v) => variant_of(v, inner),
            None => inner,
        }
    }
}

macro_rules! items {
    ($($trait:ident $method:ident),*) => {$(
        impl $trait for Items {
            type Ok = Value;
            type Error = ValueError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ValueError> {
                self.push(value)
            }

            fn end(self) -> R {
                Ok(self.finish())
            }
        }
    )*};
}
items!(
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field
);

struct Entries {
    dict: Dict,
    key: Option<Value>,
}

impl SerializeMap for Entries {
    type Ok = Value;
    type Error = ValueError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), ValueError> {
        self.key = Some(key.serialize(ToValue)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ValueError> {
        let key =
            self.key.take().ok_or_else(|| ValueError::message("a map gave a value before its key".into()))?;
        self.dict.insert(key, value.serialize(ToValue)?);
        Ok(())
    }

    fn end(self) -> R {
        Ok(Value::Dict(self.dict))
    }
}

struct Fields {
    name: &'static str,
    fields: Record,
    variant: Option<&'static str>,
}

impl Fields {
    fn finish(self) -> Value {
        let inner = Value::Struct(StructValue { type_name: self.name.to_owned(), fields: self.fields });
        match self.variant {
            Some(v) => variant_of(v, inner),
            None => inner,
        }
    }
}

macro_rules! fields {
    ($($trait:ident),*) => {$(
        impl $trait for Fields {
            type Ok = Value;
            type Error = ValueError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), ValueError> {
                self.fields.insert(key, value.serialize(ToValue)?);
                Ok(())
            }

            fn end(self) -> R {
                Ok(self.finish())
            }
        }
    )*};
}
fields!(SerializeStruct, SerializeStructVariant);
