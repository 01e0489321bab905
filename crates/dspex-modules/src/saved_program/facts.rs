//! The key `dspex` of a saved program: what DSPy's keys do not say.

use std::collections::BTreeMap;

use dspex_core::{
    Adapter, CoercionMode, Example, Field, FieldType, ParsePolicy, ParseRule, Record, Signature, Value,
};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::plain::to_plain;
use crate::predictor::decisions::FIELDS;

/// The number of the format that is written, and the highest that is read.
pub const FORMAT: u64 = 1;

/// What stands under `dspex` in a saved program. DSPy passes over it.
///
/// ```
/// use dspex_modules::{Predict, SavedProgram};
/// let saved = SavedProgram::of(&Predict::parse("question -> answer: int")?)?;
/// let facts = saved.facts.unwrap();
/// assert_eq!(facts.predictors["self"].outputs[0].ty, "int");
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SavedFacts {
    /// The number of the format.
    pub format: u64,
    /// The adapter that the program ran with, where that is known.
    #[serde(default)]
    pub adapter: Option<String>,
    /// The id of its wording.
    #[serde(default)]
    pub wording: Option<String>,
    /// How replies were read.
    #[serde(default)]
    pub policy: Option<SavedPolicy>,
    /// What was done about replies that could not be read, in order and as text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallbacks: Vec<String>,
    /// Facts of each predictor by its path.
    pub predictors: IndexMap<String, PredictorFacts>,
}

/// A way to read replies as data.
///
/// ```
/// use dspex_core::{ParsePolicy, ParseRule};
/// use dspex_modules::{Predict, SavedProgram};
/// let policy = ParsePolicy::default().without(ParseRule::NullText);
/// let chat = dspex_adapters::by_name("chat")?;
/// let saved = SavedProgram::of(&Predict::parse("q -> a")?)?.with_adapter(&*chat, &policy);
/// assert_eq!(saved.facts.unwrap().policy.unwrap().without, ["null_text"]);
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SavedPolicy {
    /// Whether it is DSPy's.
    pub compat: bool,
    /// Rules that are switched off, by their ids.
    #[serde(default)]
    pub without: Vec<String>,
    /// How far values may be coerced, where it is not the usual way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coercion: Option<String>,
}

/// What DSPy's keys do not say of a predictor.
///
/// ```
/// use dspex_core::{Example, Value};
/// use dspex_modules::{Predict, SavedProgram};
/// let demo = Example::new([("q", Value::Tuple(vec![1.into()]))]);
/// let saved = SavedProgram::of(&Predict::parse("q -> a")?.with_demos([demo])?)?;
/// let facts = &saved.facts.unwrap().predictors["self"];
/// assert_eq!(facts.demo_values[&0]["q"].to_string(), r#"{"$tuple":[1]}"#);
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PredictorFacts {
    /// Its inputs in order.
    pub inputs: Vec<FieldFacts>,
    /// Its outputs in order.
    pub outputs: Vec<FieldFacts>,
    /// Its options, unless they stand in the settings of a model of its own.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub options: Map<String, Json>,
    /// By demonstration and field: values that plain JSON does not hold, in their lossless form.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub demo_values: BTreeMap<usize, Map<String, Json>>,
    /// Parameters of other kinds, in their lossless form.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub values: Map<String, Json>,
}

/// The name and the type of a field.
///
/// ```
/// use dspex_modules::{Predict, SavedProgram};
/// let saved = SavedProgram::of(&Predict::parse("q -> a: list[int]")?)?;
/// let output = &saved.facts.unwrap().predictors["self"].outputs[0];
/// assert_eq!((output.name.as_str(), output.ty.as_str()), ("a", "list[int]"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FieldFacts {
    /// Its name.
    pub name: String,
    /// Its type as prompts name it.
    #[serde(rename = "type")]
    pub ty: String,
    /// The shape of the types that the name names: structs and enumerations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Json>,
}

impl SavedFacts {
    pub(super) fn new() -> Self {
        Self {
            format: FORMAT,
            adapter: None,
            wording: None,
            policy: None,
            fallbacks: Vec::new(),
            predictors: IndexMap::new(),
        }
    }

    pub(super) fn set_run(&mut self, adapter: &dyn Adapter, policy: &ParsePolicy) {
        self.adapter = Some(adapter.name().to_owned());
        self.wording = adapter.wording().map(str::to_owned);
        self.policy = Some(SavedPolicy::of(policy));
    }
}

impl SavedPolicy {
    fn of(policy: &ParsePolicy) -> Self {
        let off = ParseRule::ALL.iter().filter(|r| !policy.is_compat() && !policy.applies(**r));
        let mode = policy.coercion_mode();
        Self {
            compat: policy.is_compat(),
            without: off.map(|r| r.id().to_owned()).collect(),
            coercion: (mode != CoercionMode::default()).then(|| mode.name().to_owned()),
        }
    }

    /// The policy; the error is a rule or a mode that is not known.
    pub(super) fn policy(&self) -> Result<ParsePolicy, &str> {
        let mut start = if self.compat { ParsePolicy::compat() } else { ParsePolicy::default() };
        if let Some(mode) = &self.coercion {
            start = start.coercion(CoercionMode::by_name(mode).ok_or(mode.as_str())?);
        }
        self.without.iter().try_fold(start, |policy, id| {
            let rule = ParseRule::ALL.iter().find(|r| r.id() == id).ok_or(id.as_str())?;
            Ok(policy.without(*rule))
        })
    }
}

impl PredictorFacts {
    pub(super) fn of(signature: &Signature, demos: &[Example], values: &Record) -> Self {
        let fields = |fields: &[Field]| fields.iter().map(FieldFacts::of).collect();
        let lost = |demo: &Example| -> Map<String, Json> {
            let lost = |v: &Value| Value::from_plain(&to_plain(v)) != *v;
            demo.record()
                .iter()
                .filter(|(_, v)| lost(v))
                .map(|(k, v)| (k.to_owned(), v.to_tagged()))
                .collect()
        };
        let demo_values = demos.iter().map(lost).enumerate().filter(|(_, lost)| !lost.is_empty()).collect();
        Self {
            inputs: fields(signature.inputs()),
            outputs: fields(signature.outputs()),
            demo_values,
            values: values
                .iter()
                .filter(|(k, _)| *k != FIELDS)
                .map(|(k, v)| (k.to_owned(), v.to_tagged()))
                .collect(),
            ..Self::default()
        }
    }

    /// All fields in order.
    pub(super) fn fields(&self) -> impl Iterator<Item = &FieldFacts> {
        self.inputs.iter().chain(&self.outputs)
    }
}

impl FieldFacts {
    pub(super) fn of(field: &Field) -> Self {
        let schema = field.ty.json_schema();
        let named = matches!(field.ty, FieldType::Struct(_) | FieldType::Enum(_) | FieldType::Schema(_))
            || schema.get("$defs").is_some();
        Self { name: field.name.clone(), ty: field.ty.name(), schema: named.then_some(schema) }
    }

    /// Whether both are of one type; what is said to the model about its parts may differ.
    pub(super) fn same_type(&self, other: &Self) -> bool {
        let shape = |f: &Self| f.schema.as_ref().map(|s| shape(s, false));
        self.ty == other.ty && shape(self) == shape(other)
    }
}

/// A schema without its descriptions. Where the keys are names of fields, all are kept.
fn shape(schema: &Json, names: bool) -> Json {
    match schema {
        Json::Object(map) => map
            .iter()
            .filter(|(key, _)| names || !matches!(key.as_str(), "description" | "title"))
            .map(|(k, v)| (k.clone(), shape(v, !names && matches!(k.as_str(), "properties" | "$defs"))))
            .collect(),
        Json::Array(items) => items.iter().map(|item| shape(item, false)).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn descriptions_do_not_count_and_fields_of_that_name_do() {
        let schema = |description: &str, ty: &str| {
            json!({"description": description, "type": "object",
                   "properties": {"description": {"type": ty, "description": description}}})
        };
        assert_eq!(shape(&schema("a", "string"), false), shape(&schema("b", "string"), false));
        assert_ne!(shape(&schema("a", "string"), false), shape(&schema("a", "integer"), false));
    }

    #[test]
    fn a_policy_comes_back() {
        for policy in [
            ParsePolicy::default(),
            ParsePolicy::compat(),
            ParsePolicy::default().without(ParseRule::NullText).without(ParseRule::KeyCase),
        ] {
            // The order in which rules were switched off does not count.
            let back = SavedPolicy::of(&policy);
            assert_eq!(SavedPolicy::of(&back.policy().unwrap()), back);
            assert!(ParseRule::ALL.iter().all(|r| back.policy().unwrap().applies(*r) == policy.applies(*r)));
        }
        let unknown = SavedPolicy { without: vec!["of_the_future".into()], ..SavedPolicy::default() };
        assert_eq!(unknown.policy(), Err("of_the_future"));
        let unknown = SavedPolicy { coercion: Some("of_the_future".into()), ..SavedPolicy::default() };
        assert_eq!(unknown.policy(), Err("of_the_future"));
    }
}
