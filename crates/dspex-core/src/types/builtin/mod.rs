//! Types for what models write about their work: how sure they are, how they came to it, calls, vectors.
//!
//! Each is a Rust type for signatures in Rust and, under the same name, a type for signatures in strings. It says how
//! it is read ("85 %"), what it must keep to, and how prompts and schemas show it. To add one: a file and a line here.

mod confidence;
mod embedding;
mod function_call;
mod model_output;
mod probability;
mod prompt_template;
mod reasoning_chain;
mod similarity;
mod token_usage;
mod tool_result;
mod unit;

pub use confidence::{Confidence, worded_confidence};
pub use embedding::{Embedding, embedding_of};
pub use function_call::FunctionCall;
pub use model_output::ModelOutput;
pub use probability::Probability;
pub use prompt_template::PromptTemplate;
pub use reasoning_chain::{ReasoningChain, ReasoningStep};
pub use similarity::Similarity;
pub use token_usage::TokenUsage;
pub use tool_result::ToolResult;

use super::{FieldType, NamedType};

/// Makes the type of a name.
type Make = fn() -> NamedType;

/// The types by their names in signature strings.
///
/// ```
/// use dspex_core::{Signature, types::builtin::BUILTIN_TYPES};
/// for (name, _) in BUILTIN_TYPES {
///     let signature = Signature::parse(&format!("text -> x: {name}"))?;
///     assert_eq!(signature.outputs()[0].ty.name(), *name);
/// }
/// # Ok::<(), dspex_core::SignatureError>(())
/// ```
pub const BUILTIN_TYPES: &[(&str, Make)] = &[
    ("Confidence", confidence::named),
    ("WordedConfidence", worded_confidence),
    ("Probability", probability::named),
    ("Similarity", similarity::named),
    ("Embedding", embedding::named),
    ("ReasoningChain", reasoning_chain::named),
    ("TokenUsage", token_usage::named),
    ("FunctionCall", function_call::named),
    ("ToolResult", tool_result::named),
    ("ModelOutput", model_output::named),
    ("PromptTemplate", prompt_template::named),
];

/// The keyword by which the schema of a Rust type names its type here.
pub(super) const SCHEMA_KEY: &str = "x-dspex-type";

/// The type of a name.
pub(crate) fn find(name: &str) -> Option<FieldType> {
    BUILTIN_TYPES.iter().find(|(n, _)| *n == name).map(|(_, make)| make().into())
}

/// Gives a Rust type the schema by which its field type is found.
macro_rules! names_its_type {
    ($rust:ident) => {
        impl schemars::JsonSchema for $rust {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($rust).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let ty = crate::types::FieldType::from(named());
                let mut schema = schemars::Schema::try_from(ty.json_schema()).unwrap_or_default();
                schema.insert(crate::types::builtin::SCHEMA_KEY.into(), stringify!($rust).into());
                schema
            }
        }
    };
}
pub(crate) use names_its_type;

/// A text that is one JSON object as that object, for the steps that look into it; anything else as it is.
fn json_object(value: crate::value::Value) -> crate::value::Value {
    match value.as_str().map(|text| crate::value::Value::from_json(text.trim())) {
        Some(Ok(object @ crate::value::Value::Dict(_))) => object,
        _ => value,
    }
}
