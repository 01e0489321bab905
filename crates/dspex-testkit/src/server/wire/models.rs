//! Lists of models, as each provider writes them.

use serde_json::{Value as Json, json};

/// The list that a path asks for; none where it asks for no list. Anthropic's stands at OpenAI's path and is told by its
/// header.
pub(in crate::server) fn list(path: &str, anthropic: bool, id: &str) -> Option<Json> {
    let path = path.split('?').next().unwrap_or_default();
    if path.ends_with("/api/tags") {
        let details = json!({"format": "gguf", "family": "test"});
        return Some(json!({"models": [{"name": id, "model": id, "size": 0, "details": details}]}));
    }
    if !path.ends_with("/models") {
        return None;
    }
    Some(if path.ends_with("/v1beta/models") {
        let methods = ["generateContent", "streamGenerateContent"];
        json!({"models": [{
            "name": format!("models/{id}"), "displayName": id, "inputTokenLimit": 1_048_576,
            "outputTokenLimit": 8192, "supportedGenerationMethods": methods,
        }]})
    } else if path.ends_with("/v2/models") {
        json!({"models": [{"name": id, "endpoints": ["chat"], "context_length": 128_000}], "next_page_token": null})
    } else if anthropic {
        let model =
            json!({"type": "model", "id": id, "display_name": id, "created_at": "1970-01-01T00:00:00Z"});
        json!({"data": [model], "has_more": false, "first_id": id, "last_id": id})
    } else {
        json!({"object": "list", "data": [{"id": id, "object": "model", "created": 0, "owned_by": "dspex"}]})
    })
}
