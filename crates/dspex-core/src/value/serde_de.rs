//! From [`Value`] to Rust values, by way of `serde`.

use std::fmt;

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::Value;

/// A value that does not fit a Rust type, or a Rust value that has no [`Value`]: where, and why.
///
/// ```
/// use dspex_core::{Value, value::from_value};
/// let e = from_value::<Vec<u8>>(Value::from(vec![1, 300])).unwrap_err();
/// assert_eq!(e.path(), "[1]");
/// assert_eq!(e.to_string(), "at [1]: invalid value: integer `300`, expected u8");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError {
    path: Vec<String>,
    message: String,
}

impl ValueError {
    pub(crate) fn message(message: String) -> Self {
        Self { path: Vec::new(), message }
    }

    /// Where in the value, outermost first: field names, keys and indices joined as in `people[0].age`.
    pub fn path(&self) -> String {
        let mut out = String::new();
        for p in self.path.iter().rev() {
            if !p.starts_with('[') && !out.is_empty() {
                out.push('.');
            }
            out.push_str(p);
        }
        out
    }

    /// What is wrong, without the place.
    pub fn message_only(&self) -> &str {
        &self.message
    }

    fn at(mut self, step: String) -> Self {
        self.path.push(step);
        self
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "at {}: {}", self.path(), self.message)
        }
    }
}

impl std::error::Error for ValueError {}

impl de::Error for ValueError {
    fn custom<T: fmt::Display>(msg: T) -> Self {
        Self::message(msg.to_string())
    }
}

/// Turns a [`Value`] into anything that deserializes.
///
/// ```
/// use dspex_core::{Value, value::from_value};
/// let n: Vec<u8> = from_value(Value::from(vec![1, 2]))?;
/// assert_eq!(n, [1, 2]);
/// # Ok::<(), dspex_core::value::ValueError>(())
/// ```
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, ValueError> {
    T::deserialize(FromValue(value))
}

struct FromValue(Value);

impl IntoDeserializer<'_, ValueError> for FromValue {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> de::Deserializer<'de> for FromValue {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::None => visitor.visit_unit(),
            Value::Bool(b) => visitor.visit_bool(b),
            Value::Int(i) => match i.to_i64() {
                Some(n) if n < 0 => visitor.visit_i64(n),
                Some(n) => visitor.visit_u64(n.unsigned_abs()),
                None => big(&i, visitor),
            },
            Value::Float(f) => visitor.visit_f64(f),
            Value::Str(s) => visitor.visit_string(s),
            Value::Bytes(b) => visitor.visit_byte_buf(b),
            Value::List(v) | Value::Tuple(v) | Value::Set(v) | Value::FrozenSet(v) => {
                visitor.visit_seq(Seq { items: v.into_iter(), at: 0 })
            }
            Value::Dict(d) => visitor.visit_map(Entries { iter: d.into_iter(), value: None }),
            Value::Struct(s) => {
                let pairs: Vec<_> = s.fields.into_iter().map(|(k, v)| (Value::Str(k), v)).collect();
                visitor.visit_map(Entries { iter: pairs.into_iter(), value: None })
            }
            Value::Enum(e) => Self(*e.value).deserialize_any(visitor),
            special @ (Value::Media(_) | Value::Document(_) | Value::Citations(_)) => {
                Self(special.fields_value()).deserialize_any(visitor)
            }
            // Decimals, dates, times, UUIDs: crates for them read their text form.
            other => match other.to_text() {
                Ok(text) => visitor.visit_string(text),
                Err(e) => Err(ValueError::message(e.to_string())),
            },
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        if self.0.is_none() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        match &self.0 {
            Value::Int(i) => visitor.visit_f64(i.to_f64()),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        if name == super::special_serde::MARK {
            let read = visitor.visit_newtype_struct(self.0.to_tagged());
            return read.map_err(|e| ValueError::message(e.to_string()));
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        match self.0 {
            Value::Str(s) => visitor.visit_enum(Variant { name: s, value: None }),
            // Members are written as their value, which for Rust enums is the variant's name.
            Value::Enum(e) => {
                visitor.visit_enum(Variant { name: e.value.to_text().unwrap_or(e.member), value: None })
            }
            Value::Dict(d) if d.len() == 1 => match d.into_iter().next() {
                Some((Value::Str(name), value)) => visitor.visit_enum(Variant { name, value: Some(value) }),
                _ => Err(de::Error::custom("expected the name of a variant as the only key")),
            },
            other => {
                Err(de::Error::custom(format!("expected the name of a variant, found {}", other.kind())))
            }
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

fn big<'de, V: Visitor<'de>>(i: &super::Int, visitor: V) -> Result<V::Value, ValueError> {
    let text = i.to_string();
    if let Ok(n) = text.parse::<u64>() {
        visitor.visit_u64(n)
    } else if let Ok(n) = text.parse::<i128>() {
        visitor.visit_i128(n)
    } else if let Ok(n) = text.parse::<u128>() {
        visitor.visit_u128(n)
    } else {
        Err(ValueError::message(format!("the whole number {text} does not fit")))
    }
}

struct Seq {
    items: std::vec::IntoIter<Value>,
    at: usize,
}

impl<'de> SeqAccess<'de> for Seq {
    type Error = ValueError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ValueError> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let at = self.at;
        self.at += 1;
        seed.deserialize(FromValue(item)).map(Some).map_err(|e| e.at(format!("[{at}]")))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Entries<I> {
    iter: I,
    value: Option<(String, Value)>,
}

impl<'de, I: Iterator<Item = (Value, Value)>> MapAccess<'de> for Entries<I> {
    type Error = ValueError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ValueError> {
        let Some((key, value)) = self.iter.next() else { return Ok(None) };
        let name = key.to_text().unwrap_or_else(|_| key.kind().to_owned());
        self.value = Some((name, value));
        seed.deserialize(FromValue(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ValueError> {
        let (name, value) = self
            .value
            .take()
            .ok_or_else(|| ValueError::message("a value was asked for before its key".into()))?;
        seed.deserialize(FromValue(value)).map_err(|e| e.at(name))
    }
}

struct Variant {
    name: String,
    value: Option<Value>,
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = ValueError;
    type Variant = Payload;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Payload), ValueError> {
        let variant = seed.deserialize(FromValue(Value::Str(self.name)))?;
        Ok((variant, Payload(self.value)))
    }
}

struct Payload(Option<Value>);

impl<'de> VariantAccess<'de> for Payload {
    type Error = ValueError;

    fn unit_variant(self) -> Result<(), ValueError> {
        match self.0 {
            None | Some(Value::None) => Ok(()),
            Some(other) => {
                Err(ValueError::message(format!("expected a variant without data, found {}", other.kind())))
            }
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ValueError> {
        seed.deserialize(FromValue(self.0.unwrap_or(Value::None)))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, ValueError> {
        de::Deserializer::deserialize_any(FromValue(self.0.unwrap_or(Value::None)), visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        de::Deserializer::deserialize_any(FromValue(self.0.unwrap_or(Value::None)), visitor)
    }
}
