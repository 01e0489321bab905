//! The schema of the outputs: in the dialect of a provider, and as DSPy sends it.

use std::sync::Arc;

use dspex_core::types::{StructField, StructType};
use dspex_core::{Constraint, Field, FieldType, SchemaDialect, Signature, Special, UnsupportedSchema};
use serde_json::{Value as Json, json};

/// The name of DSPy's schema.
pub(crate) const DSPY_OUTPUTS: &str = "DSPyProgramOutputs";

/// The schema of a signature's outputs in the dialect of a provider: what the [JSON adapter](crate::JsonAdapter) asks for
/// where the model follows schemas.
///
/// ```
/// use dspex_adapters::output_schema;
/// use dspex_core::{Signature, schema::{GEMINI, OPENAI}};
/// let signature = Signature::parse("text -> counts: dict[str, int]")?;
/// let schema = output_schema(&signature, GEMINI)?;
/// assert_eq!(schema["properties"]["counts"]["additionalProperties"]["type"], "integer");
/// let e = output_schema(&signature, OPENAI).unwrap_err();
/// assert_eq!((e.what.as_str(), e.pointer.as_str()), ("a mapping with free keys", "/properties/counts"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub fn output_schema(signature: &Signature, dialect: SchemaDialect) -> Result<Json, UnsupportedSchema> {
    // What is text to a prompt is text here, whatever fields DSPy's class for it has.
    let is_text = |ty: &FieldType| ty.is_text() || matches!(ty, FieldType::Special(Special::Code(_)));
    let plain = |ty: &FieldType| if is_text(ty) { FieldType::Str } else { ty.clone() };
    let schema = outputs("", signature, plain, |f| f.constraints.clone()).json_schema_lossless();
    for field in signature.outputs() {
        let own = FieldType::list(plain(&field.ty)).json_schema_lossless();
        let mut own = own["$defs"].as_object().into_iter().flatten();
        if let Some((name, _)) = own.find(|(name, def)| schema["$defs"][name] != **def) {
            let what = format!("two types of the name `{name}`");
            let help = "rename one of them";
            return Err(UnsupportedSchema::new(dialect, what, format!("/$defs/{name}"), help));
        }
    }
    dialect.transform(&schema)
}

/// The outputs as the fields of one struct, as declared.
fn outputs(
    name: &str,
    signature: &Signature,
    ty: impl Fn(&FieldType) -> FieldType,
    constraints: impl Fn(&Field) -> Vec<Constraint>,
) -> FieldType {
    let fields = signature.outputs().iter().map(|f| StructField {
        required: f.default.is_none(),
        default: f.default.clone(),
        constraints: constraints(f),
        ..StructField::new(&f.name, ty(&f.ty))
    });
    let all = StructType { name: name.into(), fields: fields.collect(), ..StructType::default() };
    FieldType::Struct(Arc::new(all))
}

/// The schema that DSPy 3.4.1 sends, with its titles and defaults; none where it asks for any JSON object.
///
/// Only outputs that are mappings themselves are held to be open. A mapping inside a struct is closed, so that a model
/// that keeps to the schema must leave it empty; that is why this is not what we send.
/// Calls of tools, for which DSPy wants any object too, are left out where tools are called natively.
pub(crate) fn dspy(signature: &Signature, calls_tools: bool) -> Option<Json> {
    let is_calls = |f: &Field| f.ty == FieldType::Special(Special::ToolCalls);
    let open = |f: &Field| {
        matches!(f.ty, FieldType::Dict(Some(_)) | FieldType::Special(Special::Tool))
            || (is_calls(f) && !calls_tools)
    };
    if signature.outputs().iter().any(open) {
        return None;
    }
    let mut signature = signature.clone();
    for field in signature.clone().outputs().iter().filter(|f| is_calls(f)) {
        signature = signature.delete(&field.name);
    }
    let mut schema =
        outputs(DSPY_OUTPUTS, &signature, FieldType::clone, |_| Vec::new()).json_schema_as_declared();
    close_as_dspy(&mut schema);
    Some(schema)
}

/// Closes objects where DSPy looks for them: not inside unions.
fn close_as_dspy(schema: &mut Json) {
    let Json::Object(map) = schema else { return };
    if map.get("type").is_some_and(|t| t == "object") {
        let properties = map.entry("properties").or_insert_with(|| json!({}));
        let names: Vec<Json> = properties.as_object().into_iter().flatten().map(|(k, _)| json!(k)).collect();
        properties.as_object_mut().into_iter().for_each(|p| p.values_mut().for_each(close_as_dspy));
        map.insert("required".into(), Json::Array(names));
        map.insert("additionalProperties".into(), json!(false));
    }
    if map.get("type").is_some_and(|t| t == "array")
        && let Some(items) = map.get_mut("items")
    {
        close_as_dspy(items);
    }
    if let Some(Json::Object(defs)) = map.get_mut("$defs") {
        defs.values_mut().for_each(close_as_dspy);
    }
}
