//! References in the schemas of arguments, put in the place where they stand.

use serde_json::Value as Json;

/// Whether a schema refers to another.
pub(super) fn refers(schema: &Json) -> bool {
    match schema {
        Json::Object(map) => map.contains_key("$ref") || map.values().any(refers),
        Json::Array(items) => items.iter().any(refers),
        _ => false,
    }
}

/// A schema with what it refers to in place. A reference back into a definition that is open stays as it is.
pub(super) fn resolved(schema: &Json, root: &Json, open: &mut Vec<String>) -> Json {
    match schema {
        Json::Object(map) => {
            let target = map.get("$ref").and_then(Json::as_str).and_then(|r| r.strip_prefix('#'));
            if let Some((path, definition)) = target.and_then(|path| Some((path, root.pointer(path)?)))
                && !open.iter().any(|p| p == path)
            {
                open.push(path.to_owned());
                let mut inner = resolved(definition, root, open);
                open.pop();
                if let Some(inner) = inner.as_object_mut() {
                    let beside = map.iter().filter(|(key, _)| *key != "$ref");
                    inner.extend(beside.map(|(key, value)| (key.clone(), value.clone())));
                }
                return inner;
            }
            map.iter().map(|(key, value)| (key.clone(), resolved(value, root, open))).collect()
        }
        Json::Array(items) => items.iter().map(|item| resolved(item, root, open)).collect(),
        other => other.clone(),
    }
}
