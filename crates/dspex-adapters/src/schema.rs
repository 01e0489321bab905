//! The schema of the outputs, in the strict form that providers take: in every object each property is required and
//! none is added.

use std::sync::Arc;

use dspex_core::types::{StructField, StructType};
use dspex_core::{Field, FieldType, Signature, Special};
use serde_json::{Map, Value as Json, json};

/// The name of DSPy's schema.
pub(crate) const DSPY_OUTPUTS: &str = "DSPyProgramOutputs";

/// The schema; none where the strict form cannot say what a type allows.
///
/// That is so of mappings with any keys, at whatever depth, and of values of any kind: strictly read, only empty
/// objects would be left of them.
pub(crate) fn strict(signature: &Signature) -> Option<Json> {
    // What is text to a prompt is text here, whatever fields DSPy's class for it has.
    let is_text = |ty: &FieldType| ty.is_text() || matches!(ty, FieldType::Special(Special::Code(_)));
    let plain = |ty: &FieldType| if is_text(ty) { FieldType::Str } else { ty.clone() };
    let mut schema = outputs("", signature, plain);
    for field in signature.outputs() {
        let own = FieldType::list(plain(&field.ty)).json_schema_as_declared();
        // Two types of one name cannot both stand under it.
        if own["$defs"].as_object().into_iter().flatten().any(|(name, def)| schema["$defs"][name] != *def) {
            return None;
        }
    }
    close(&mut schema).then_some(schema)
}

/// The outputs as the fields of one struct, as declared.
fn outputs(name: &str, signature: &Signature, ty: impl Fn(&FieldType) -> FieldType) -> Json {
    let fields = signature.outputs().iter().map(|f| StructField {
        name: f.name.clone(),
        alias: None,
        ty: ty(&f.ty),
        description: None,
        required: f.default.is_none(),
        default: f.default.clone(),
        hidden_default: false,
        constraints: Vec::new(),
    });
    let all = StructType { name: name.into(), fields: fields.collect(), ..StructType::default() };
    FieldType::Struct(Arc::new(all)).json_schema_as_declared()
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
    let mut schema = outputs(DSPY_OUTPUTS, &signature, FieldType::clone);
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

/// Closes every object of a schema; false where one must stay open.
fn close(schema: &mut Json) -> bool {
    let Json::Object(map) = schema else { return false };
    // Nothing is left out, so a default would never be used; a title only repeats a name.
    map.shift_remove("default");
    map.shift_remove("title");
    // A schema that allows anything.
    if map.keys().all(|key| key == "description") {
        return false;
    }
    if map.get("type").is_some_and(|t| t == "object") {
        let Some(Json::Object(properties)) = map.get("properties") else { return false };
        let names: Vec<Json> = properties.keys().map(|name| json!(name)).collect();
        map.insert("required".into(), Json::Array(names));
        map.insert("additionalProperties".into(), json!(false));
    }
    let each = |schemas: &mut Map<String, Json>| schemas.values_mut().all(close);
    map.iter_mut().all(|(key, inner)| match (key.as_str(), inner) {
        ("properties" | "$defs", Json::Object(schemas)) => each(schemas),
        ("anyOf" | "oneOf" | "allOf" | "prefixItems", Json::Array(schemas)) => schemas.iter_mut().all(close),
        ("items", inner) => close(inner),
        _ => true,
    })
}
