//! Two schemas that both hold, as one.

use serde_json::{Map, Value as Json};

/// Keywords that only tell a reader about the value.
pub(super) const ANNOTATIONS: [&str; 12] = [
    "title",
    "description",
    "default",
    "$schema",
    "$id",
    "$comment",
    "$defs",
    "definitions",
    "readOnly",
    "writeOnly",
    "deprecated",
    "examples",
];

/// The schema of values that fit both; none where no single one says that.
pub(super) fn both(a: &Map<String, Json>, b: &Map<String, Json>) -> Option<Map<String, Json>> {
    let mut out = a.clone();
    for (key, theirs) in b {
        let Some(ours) = out.get(key) else {
            out.insert(key.clone(), theirs.clone());
            continue;
        };
        let merged = match (key.as_str(), ours, theirs) {
            _ if ours == theirs => continue,
            ("properties" | "$defs", Json::Object(x), Json::Object(y)) => properties(x, y)?,
            ("required", Json::Array(x), Json::Array(y)) => {
                let new = y.iter().filter(|name| !x.contains(name));
                Json::Array(x.iter().chain(new).cloned().collect())
            }
            // Of two that close an object the merged one closes the merged object.
            ("additionalProperties", _, Json::Bool(false)) => theirs.clone(),
            ("additionalProperties", Json::Bool(false), _) => ours.clone(),
            ("description", Json::String(x), Json::String(y)) => Json::String(format!("{x} {y}")),
            _ if ANNOTATIONS.contains(&key.as_str()) || key.starts_with(crate::types::EXTENSION) => continue,
            _ => return None,
        };
        out.insert(key.clone(), merged);
    }
    Some(out)
}

fn properties(x: &Map<String, Json>, y: &Map<String, Json>) -> Option<Json> {
    let mut out = x.clone();
    for (name, schema) in y {
        match out.get(name) {
            None => {
                out.insert(name.clone(), schema.clone());
            }
            Some(ours) if ours == schema => {}
            Some(_) => return None,
        }
    }
    Some(Json::Object(out))
}
