//! Values with their types, for what is written to read back.

use dspex_core::{Dict, Value};
use proptest::prelude::*;

/// A type and values of it.
pub(crate) fn typed_values() -> impl Strategy<Value = (&'static str, Value)> {
    let word = "[a-zA-Zäöü][a-zA-Zäöü ]{0,6}[a-zA-Z]";
    prop_oneof![
        any::<i64>().prop_map(|i| ("int", Value::from(i))),
        any::<f64>()
            .prop_filter("JSON and repr agree on these", |f| f.is_finite())
            .prop_map(|f| ("float", Value::Float(f))),
        any::<bool>().prop_map(|b| ("bool", Value::Bool(b))),
        word.prop_map(|s| ("str", Value::from(s))),
        proptest::collection::vec(any::<i32>(), 0..4).prop_map(|v| ("list[int]", Value::from(v))),
        proptest::collection::vec(".{0,6}", 0..4).prop_map(|v| ("list[str]", Value::from(v))),
        proptest::collection::vec((word, any::<i32>()), 0..3).prop_map(|pairs| {
            let dict: Dict = pairs.into_iter().map(|(k, v)| (Value::from(k), Value::from(v))).collect();
            ("dict[str, int]", Value::Dict(dict))
        }),
        prop_oneof![Just("yes"), Just("it's"), Just("no way")]
            .prop_map(|s| ("Literal['yes', \"it's\", 'no way']", Value::from(s))),
        any::<Option<i32>>().prop_map(|o| ("Optional[int]", Value::from(o))),
    ]
}
