//! The schema of the outputs, in the strict form that providers take: in every object each property is required and
//! none is added.

use dspex_core::Signature;
use serde_json::{Map, Value as Json, json};

/// The schema; none where the strict form cannot say what a type allows.
///
/// That is so of mappings with any keys, at whatever depth, and of values of any kind: strictly read, only empty
/// objects would be left of them.
pub(crate) fn strict(signature: &Signature) -> Option<Json> {
    let mut properties = Map::new();
    let mut defs = Map::new();
    for field in signature.outputs() {
        let mut schema = field.ty.json_schema();
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
