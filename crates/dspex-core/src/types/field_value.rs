//! Rust types as fields: anything that serde and schemars can read, write and describe.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::FieldType;

/// A Rust type that a field can have.
///
/// It is implemented for everything that implements [`serde::Serialize`], [`serde::Deserialize`],
/// [`schemars::JsonSchema`], [`Clone`] and [`Debug`](std::fmt::Debug); derive those for a type of your own.
///
/// ```
/// use dspex_core::{FieldValue, types::field_type_of};
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
/// struct Person {
///     name: String,
/// }
///
/// fn spelled<T: FieldValue>() -> String {
///     field_type_of::<T>().annotation()
/// }
/// assert_eq!(spelled::<Vec<Person>>(), "list[Person]");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the type of a field",
    label = "not a field type",
    note = "each type in it needs `#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]` (from serde and schemars)",
    note = "a field type must also own its data and be `Send` and `Sync`"
)]
pub trait FieldValue:
    Serialize + DeserializeOwned + JsonSchema + Clone + fmt::Debug + Send + Sync + 'static
{
}

// Says "cannot be the type of a field" once, rather than each trait that is missing.
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + JsonSchema + Clone + fmt::Debug + Send + Sync + 'static> FieldValue
    for T
{
}

/// The [`FieldType`] of a Rust type, read from its JSON Schema.
///
/// ```
/// use dspex_core::types::field_type_of;
/// assert_eq!(field_type_of::<Vec<Option<u8>>>().annotation(), "list[Optional[int]]");
/// ```
pub fn field_type_of<T: JsonSchema>() -> FieldType {
    let schema =
        schemars::generate::SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    FieldType::from_json_schema(schema.as_value())
}
