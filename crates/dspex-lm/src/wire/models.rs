//! Lists of models, as all vendors write them.

use dspex_core::lm::{LmError, LmErrorKind};
use serde_json::Value as Json;

use super::body;

/// The names of the models: of `data` by their ids (OpenAI and who follows it, Anthropic), or of `models` by their names
/// (Gemini, Ollama, Cohere); some servers write both.
pub(crate) fn ids(body: &[u8]) -> Result<Vec<String>, LmError> {
    let json: Json = body::json(body, "a list of models")?;
    let (list, key) = match (&json, &json["data"], &json["models"]) {
        (_, Json::Array(list), _) => (list, "id"),
        (_, _, Json::Array(list)) => (list, "name"),
        // Together gives the list by itself.
        (Json::Array(list), ..) => (list, "id"),
        _ => {
            return Err(LmError::new(
                LmErrorKind::Protocol,
                "expected `data` or `models`, found no list of models",
            ));
        }
    };
    Ok(list.iter().filter_map(|model| model[key].as_str()).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::ids;

    #[test]
    fn lists_of_all_forms_are_read() {
        for body in [
            r#"{"object": "list", "data": [{"id": "a"}, {"id": "b"}]}"#,
            r#"{"models": [{"name": "a"}, {"name": "b", "model": "x"}], "nextPageToken": "t"}"#,
            r#"{"models": [{"name": "no"}], "data": [{"id": "a"}, {"id": "b"}, {"id": 3}]}"#,
            r#"[{"id": "a"}, {"id": "b"}]"#,
        ] {
            assert_eq!(ids(body.as_bytes()).expect(body), ["a", "b"], "{body}");
        }
        assert!(ids(b"{}").is_err() && ids(b"").is_err());
    }
}
