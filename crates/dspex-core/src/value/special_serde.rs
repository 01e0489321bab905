//! Values of DSPy's own types as Rust types of fields: to and from serde, and their JSON Schema.
//!
//! To serde they are a new type of a name that no other has, around their lossless JSON form. So a field of such a type
//! keeps its kind on the way to a [`Value`] and back, and any other format has its JSON.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::Value as Json;

use super::{History, Tool, ToolCalls, Value};

/// The name of the new type.
pub(super) const MARK: &str = "$dspex_special";

/// A Rust type whose values are of a kind of their own.
pub(super) trait Own: Sized {
    const NAME: &'static str;

    fn from_value(value: &Value) -> Option<Self>;
}

pub(super) struct OwnVisitor<T>(pub(super) PhantomData<T>);

impl<'de, T: Own> Visitor<'de> for OwnVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a value of type {}", T::NAME)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        let json = Json::deserialize(deserializer)?;
        let value = Value::from_tagged(&json).map_err(D::Error::custom)?;
        T::from_value(&value).ok_or_else(|| {
            D::Error::custom(format!(
                "expected a value of type {}, found {}",
                T::NAME,
                crate::error::shorten(&value)
            ))
        })
    }
}

macro_rules! own {
    ($($ty:ident $from:expr;)*) => {$(
        impl Own for $ty {
            const NAME: &'static str = stringify!($ty);

            fn from_value(value: &Value) -> Option<Self> {
                $from(value)
            }
        }

        impl Serialize for $ty {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_newtype_struct(MARK, &Value::from(self.clone()).to_tagged())
            }
        }

        impl<'de> Deserialize<'de> for $ty {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_newtype_struct(MARK, OwnVisitor(PhantomData))
            }
        }

        impl JsonSchema for $ty {
            fn schema_name() -> Cow<'static, str> {
                stringify!($ty).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                schemars::json_schema!({"type": "object", "$comment": concat!("dspy.", stringify!($ty))})
            }
        }
    )*};
}

own! {
    History History::from_value;
    ToolCalls ToolCalls::from_value;
    Tool Tool::from_value;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Record;
    use crate::types::{FieldType, Special, field_type_of};
    use crate::value::{ToolCall, ToolCallResult, from_value, to_value};

    #[test]
    fn own_types_keep_their_kind() {
        let call = ToolCall { id: Some("c".into()), name: "w".into(), args: Record::new().with("$date", 1) };
        let calls = ToolCalls::new([call.clone()]).with_results([ToolCallResult::of(&call, vec![1])]);
        let history = History::new([Record::new().with("q", "?").with("calls", calls.clone())]);
        let value = to_value(&Some((history.clone(), calls.clone()))).unwrap();
        assert_eq!(value, Value::Tuple(vec![history.clone().into(), calls.clone().into()]));
        assert_eq!(from_value::<(History, ToolCalls)>(value), Ok((history.clone(), calls)));
        let text = serde_json::to_string(&history).unwrap();
        assert_eq!(serde_json::from_str::<History>(&text).unwrap(), history);
        let plain: History = serde_json::from_str(r#"{"messages": [{"q": "?"}]}"#).unwrap();
        assert_eq!(plain.messages[0].get("q").unwrap().as_str(), Some("?"));
        assert!(serde_json::from_str::<History>("[]").is_err());
        let tool = Tool::new("f", "d").with_arg("a", serde_json::json!({"type": "string"}));
        assert_eq!(from_value::<Tool>(to_value(&tool).unwrap()), Ok(tool));
    }

    #[test]
    fn their_field_types_are_known() {
        assert_eq!(field_type_of::<History>(), FieldType::Special(Special::History));
        assert_eq!(field_type_of::<Vec<Tool>>(), FieldType::list(FieldType::Special(Special::Tool)));
        assert_eq!(field_type_of::<Option<ToolCalls>>().annotation(), "Optional[dspy.ToolCalls]");
    }
}
