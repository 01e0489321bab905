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
    let mut properties = Map::new();
    let mut defs = Map::new();
    for field in signature.outputs() {
        // What is text to a prompt is text here, whatever fields DSPy's class for it has.
        let mut schema =
            if field.ty.is_text() { json!({"type": "string"}) } else { field.ty.json_schema_as_declared() };
        if let Some(Json::Object(own)) = schema.as_object_mut().and_then(|s| s.remove("$defs")) {
            for (name, def) in own {
                // Two types of one name cannot both stand under it.
                if *defs.entry(name).or_insert_with(|| def.clone()) != def {
                    return None;
                }
            }
        }
        properties.insert(field.name.clone(), schema);
    }
    let mut schema = json!({"type": "object", "properties": properties});
    if !defs.is_empty() {
        schema["$defs"] = Json::Object(defs);
    }
    close(&mut schema).then_some(schema)
}

/// The schema that DSPy 3.4.1 sends, with its titles and defaults; none where it asks for any JSON object.
///
/// Only outputs that are mappings themselves are held to be open. A mapping inside a struct is closed, so that a model
/// that keeps to the schema must leave it empty; that is why this is not what we send.
pub(crate) fn dspy(signature: &Signature) -> Option<Json> {
    let outputs = signature.outputs();
    let open = |f: &Field| matches!(f.ty, FieldType::Dict(Some(_)) | FieldType::Special(Special::Tool));
    if outputs.iter().any(open) {
        return None;
    }
    let fields = outputs.iter().map(|f| StructField {
        name: f.name.clone(),
        alias: None,
        ty: f.ty.clone(),
        description: None,
        required: f.default.is_none(),
        default: f.default.clone(),
        hidden_default: false,
        constraints: Vec::new(),
    });
    let all = StructType { name: DSPY_OUTPUTS.into(), fields: fields.collect(), ..StructType::default() };
    let mut schema = FieldType::Struct(Arc::new(all)).json_schema_as_declared();
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
    if map.is_empty() {
        return false;
    }
    // Nothing is left out, so a default would never be used.
    map.remove("default");
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
