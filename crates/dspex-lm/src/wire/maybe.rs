//! Fields of replies as vendors send them: one that is missing, or is not what the protocol says, counts as not there.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What a field holds, if it holds what it should.
#[derive(Debug)]
pub(super) struct Maybe<T>(pub(super) Option<T>);

impl<T> Default for Maybe<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> From<Option<T>> for Maybe<T> {
    fn from(value: Option<T>) -> Self {
        Self(value)
    }
}

/// A type of JSON that a field should have. Each takes the one visit that is meant for it.
pub(super) trait Shape: Sized {
    fn of_text(_: &str) -> Option<Self> {
        None
    }

    fn of_count(_: u64) -> Option<Self> {
        None
    }

    fn of_list<'de, A: SeqAccess<'de>>(mut items: A) -> Result<Option<Self>, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn of_object<'de, A: MapAccess<'de>>(mut pairs: A) -> Result<Option<Self>, A::Error> {
        while pairs.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// Text that says something.
impl Shape for String {
    fn of_text(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| text.to_owned())
    }
}

impl Shape for u64 {
    fn of_count(count: u64) -> Option<Self> {
        Some(count)
    }
}

impl<T: for<'a> Deserialize<'a>> Shape for Vec<T> {
    fn of_list<'de, A: SeqAccess<'de>>(mut items: A) -> Result<Option<Self>, A::Error> {
        let mut all = Self::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(Some(all))
    }
}

/// An object, by the fields of a struct.
#[derive(Debug)]
pub(super) struct Object<T>(pub(super) T);

impl<T: for<'a> Deserialize<'a>> Shape for Object<T> {
    fn of_object<'de, A: MapAccess<'de>>(pairs: A) -> Result<Option<Self>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(pairs)).map(|object| Some(Self(object)))
    }
}

impl<'de, T: Shape> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(PhantomData)).map(Self)
    }
}

struct Any<T>(PhantomData<T>);

impl<'de, T: Shape> Visitor<'de> for Any<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, count: u64) -> Result<Self::Value, E> {
        Ok(T::of_count(count))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(T::of_text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        T::of_list(items)
    }

    fn visit_map<A: MapAccess<'de>>(self, pairs: A) -> Result<Self::Value, A::Error> {
        T::of_object(pairs)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::{Maybe, Object};

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Reply {
        text: Maybe<String>,
        count: Maybe<u64>,
        list: Maybe<Vec<Maybe<u64>>>,
        object: Maybe<Object<Inner>>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Inner {
        text: Maybe<String>,
    }

    fn read(json: &str) -> (Reply, Option<Inner>) {
        let mut reply: Reply = serde_json::from_str(json).expect(json);
        let inner = reply.object.0.take().map(|o| o.0);
        (reply, inner)
    }

    #[test]
    fn what_has_another_type_is_not_there() {
        let whole = r#"{"text": "a", "count": 3, "list": [1, "2"], "object": {"text": "b", "more": 1}}"#;
        let (reply, inner) = read(whole);
        assert_eq!((reply.text.0.as_deref(), reply.count.0), (Some("a"), Some(3)));
        assert_eq!(inner.and_then(|i| i.text.0).as_deref(), Some("b"));
        let items: Vec<_> = reply.list.0.into_iter().flatten().map(|item| item.0).collect();
        assert_eq!(items, [Some(1), None]);
        for other in [r#""""#, "null", "true", "-1", "0.5", "[]", r#"{"a": [1]}"#] {
            let json = format!(r#"{{"text": {other}, "count": {other}}}"#);
            let (reply, _) = read(&json);
            assert_eq!((reply.text.0, reply.count.0), (None, None), "{json}");
        }
        for other in [r#""a""#, "null", "true", "-1", "0.5", "7"] {
            let json = format!(r#"{{"list": {other}, "object": {other}}}"#);
            let (reply, inner) = read(&json);
            assert!(reply.list.0.is_none() && inner.is_none(), "{json}");
        }
    }
}
