//! Replies with embeddings.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dspex_core::Usage;
use dspex_core::lm::{Embeddings, LmError, LmErrorKind};
use serde_json::Value as Json;

use super::EmbeddingForm;
use crate::wire::body;

impl EmbeddingForm {
    /// Reads a whole reply.
    pub(crate) fn read(self, bytes: &[u8]) -> Result<Embeddings, LmError> {
        let json: Json = body::json(bytes, "embeddings")?;
        if let Some(error) = json.get("error").filter(|e| !e.is_null()) {
            return Err(body::provider_error(error));
        }
        let (vectors, tokens) = match self {
            Self::OpenAi => (of_data(&json), &json["usage"]["prompt_tokens"]),
            Self::Gemini => (of_gemini(&json), &json["usageMetadata"]["promptTokenCount"]),
            Self::Ollama => (of_lists(&json), &json["prompt_eval_count"]),
            Self::Cohere => (of_types(&json["embeddings"]), &json["meta"]["billed_units"]["input_tokens"]),
        };
        let vectors = vectors.ok_or_else(|| {
            LmError::new(
                LmErrorKind::Protocol,
                "expected embeddings as lists of numbers, found something else",
            )
        })?;
        let usage = body::count(tokens).map_or_else(Usage::uncounted, |tokens| Usage::tokens(tokens, 0));
        let model = json["model"].as_str().map(str::to_owned);
        Ok(Embeddings::new(vectors).with_usage(usage).with_model(model))
    }
}

/// `data`, whose items say where they belong.
fn of_data(json: &Json) -> Option<Vec<Vec<f32>>> {
    let mut items: Vec<(u64, Vec<f32>)> = Vec::new();
    for (at, item) in json["data"].as_array()?.iter().enumerate() {
        items.push((item["index"].as_u64().unwrap_or(at as u64), vector(&item["embedding"])?));
    }
    items.sort_by_key(|(index, _)| *index);
    // Some servers call every one the first; of others each has a place of its own.
    let placed = items.iter().zip(0..).all(|((index, _), at)| *index == at);
    let unplaced = items.iter().all(|(index, _)| *index == 0);
    (placed || unplaced).then_some(())?;
    Some(items.into_iter().map(|(_, vector)| vector).collect())
}

fn of_gemini(json: &Json) -> Option<Vec<Vec<f32>>> {
    match &json["embeddings"] {
        Json::Array(all) => all.iter().map(|one| vector(&one["values"])).collect(),
        _ => Some(vec![vector(&json["embedding"]["values"])?]),
    }
}

fn of_lists(json: &Json) -> Option<Vec<Vec<f32>>> {
    match &json["embeddings"] {
        Json::Array(all) => all.iter().map(vector).collect(),
        _ => Some(vec![vector(&json["embedding"])?]),
    }
}

/// A list, or lists by the type of their numbers. Those of floating point count before those that were made shorter.
fn of_types(embeddings: &Json) -> Option<Vec<Vec<f32>>> {
    let types = ["float", "base64", "int8", "uint8", "binary", "ubinary"];
    let list = match embeddings {
        Json::Object(by_type) => types.iter().find_map(|name| by_type.get(*name)?.as_array())?,
        other => other.as_array()?,
    };
    list.iter().map(vector).collect()
}

/// Numbers, or the bytes of 32-bit floats in base64.
fn vector(json: &Json) -> Option<Vec<f32>> {
    match json {
        #[expect(clippy::cast_possible_truncation, reason = "models give 32 bits at most")]
        Json::Array(numbers) => numbers.iter().map(|n| n.as_f64().map(|n| n as f32)).collect(),
        Json::String(text) => {
            let bytes = STANDARD.decode(text).ok().filter(|b| b.len() % 4 == 0)?;
            Some(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_are_read() {
        let two = vec![vec![1.0, 2.0], vec![3.0, 4.0]];
        for (form, body, vectors, tokens) in [
            (
                EmbeddingForm::OpenAi,
                r#"{"data": [{"embedding": [1, 2]}, {"embedding": "AABAQAAAgEA="}]}"#,
                two.clone(),
                None,
            ),
            (
                EmbeddingForm::Gemini,
                r#"{"embeddings": [{"values": [1, 2]}, {"values": [3, 4]}]}"#,
                two.clone(),
                None,
            ),
            (
                EmbeddingForm::Gemini,
                r#"{"embedding": {"values": [1, 2]}, "usageMetadata": {"promptTokenCount": 2}}"#,
                vec![vec![1.0, 2.0]],
                Some(2),
            ),
            (
                EmbeddingForm::Ollama,
                r#"{"embeddings": [[1, 2], [3, 4]], "prompt_eval_count": 9}"#,
                two.clone(),
                Some(9),
            ),
            (EmbeddingForm::Ollama, r#"{"embedding": [1, 2]}"#, vec![vec![1.0, 2.0]], None),
            (
                EmbeddingForm::Cohere,
                r#"{"embeddings": [[1, 2], [3, 4]], "meta": {"billed_units": {"input_tokens": 7}}}"#,
                two.clone(),
                Some(7),
            ),
            (
                EmbeddingForm::Cohere,
                r#"{"embeddings": {"int8": [[9, 9]], "float": [[1, 2], [3, 4]]}}"#,
                two,
                None,
            ),
        ] {
            let read = form.read(body.as_bytes()).expect(body);
            let usage = tokens.map_or_else(Usage::uncounted, |t| Usage::tokens(t, 0));
            assert_eq!((read.vectors, read.usage), (vectors, usage), "{body}");
        }
    }

    #[test]
    fn what_is_none_is_an_error() {
        use EmbeddingForm::{Cohere, Gemini, Ollama, OpenAi};
        for form in [OpenAi, Gemini, Ollama, Cohere] {
            for body in ["", "null", "{}", "[]", r#"{"data": [{"embedding": "?"}], "embeddings": [7]}"#] {
                assert!(form.read(body.as_bytes()).is_err(), "{form:?} {body}");
            }
            let twice = r#"{"data": [{"index": 1, "embedding": [1]}, {"index": 1, "embedding": [2]}]}"#;
            assert!(form.read(twice.as_bytes()).is_err(), "{form:?}");
            let body = r#"{"error": {"message": "no", "code": "rate_limit_exceeded"}}"#;
            assert_eq!(form.read(body.as_bytes()).expect_err(body).kind, LmErrorKind::RateLimit);
        }
    }
}
