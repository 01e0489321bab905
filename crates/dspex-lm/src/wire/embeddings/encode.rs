//! Requests for embeddings.

use std::cell::RefCell;
use std::ops::Range;

use dspex_core::lm::{EmbedRequest, LmError, OnUnsupported};
use serde_json::{Map, Value as Json, json};

use super::{EmbeddingForm, Embeds};
use crate::wire::call::unsupported;

/// What is asked, of which model.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) request: &'a EmbedRequest,
    pub(crate) model: &'a str,
    pub(crate) embeds: &'a Embeds,
}

impl Asked<'_> {
    /// The texts in parts that one request may have each, in order.
    pub(crate) fn parts(&self) -> Vec<Range<usize>> {
        let (mut parts, mut start, mut bytes) = (Vec::new(), 0, 0);
        for (at, text) in self.request.texts.iter().enumerate() {
            let full = at - start == self.embeds.most || bytes + text.len() > self.embeds.most_bytes;
            if full && at > start {
                parts.push(start..at);
                (start, bytes) = (at, 0);
            }
            bytes += text.len();
        }
        if start < self.request.texts.len() {
            parts.push(start..self.request.texts.len());
        }
        parts
    }

    /// The body for some of the texts, and what was left out of it.
    pub(crate) fn encode(&self, part: Range<usize>) -> Result<(Json, Vec<String>), LmError> {
        let (options, warnings) = self.options()?;
        let texts = self.request.texts.get(part).unwrap_or_default();
        let body = match self.embeds.form {
            EmbeddingForm::OpenAi | EmbeddingForm::Ollama => {
                with(json!({"model": self.model, "input": texts}), &options)
            }
            EmbeddingForm::Cohere => {
                with(json!({"model": self.model, "texts": texts, "embedding_types": ["float"]}), &options)
            }
            EmbeddingForm::Gemini => {
                let model = format!("models/{}", self.model.trim_start_matches("models/"));
                let one = |text: &String| {
                    with(json!({"model": model, "content": {"parts": [{"text": text}]}}), &options)
                };
                json!({"requests": texts.iter().map(one).collect::<Vec<_>>()})
            }
        };
        Ok((body, warnings))
    }

    /// What is said beside the texts.
    fn options(&self) -> Result<(Map<String, Json>, Vec<String>), LmError> {
        let warnings = RefCell::default();
        let warn = self.request.on_unsupported == Some(OnUnsupported::Warn);
        let cannot = |what: &str| unsupported(self.model, what, warn, &warnings);
        let mut options = Map::new();
        match ((self.embeds.inputs)(self.model), self.request.input_type) {
            (Some(inputs), input) => options.extend(inputs.of(input).map(|(k, v)| (k.into(), v.into()))),
            (None, Some(_)) => cannot("whether the texts are a query or documents")?,
            (None, None) => {}
        }
        if let Some(dimensions) = self.request.dimensions {
            match (self.embeds.dimensions)(self.model) {
                Some(field) => drop(options.insert(field.into(), dimensions.into())),
                None => cannot("a number of dimensions")?,
            }
        }
        options.extend(self.request.extra.clone());
        Ok((options, warnings.into_inner()))
    }
}

fn with(mut body: Json, options: &Map<String, Json>) -> Json {
    if let Json::Object(map) = &mut body {
        map.extend(options.clone());
    }
    body
}

#[cfg(test)]
mod tests {
    use dspex_core::lm::{InputType, LmErrorKind};

    use super::*;
    use crate::wire::embeddings::Inputs;

    const PLAIN: Embeds = Embeds { dimensions: |_| None, most: 3, most_bytes: 10, ..Embeds::OPENAI };

    fn asked<'a>(request: &'a EmbedRequest, embeds: &'a Embeds) -> Asked<'a> {
        Asked { request, model: "m", embeds }
    }

    #[test]
    fn texts_are_parted_by_number_and_length() {
        let parts = |texts: &[&str]| asked(&EmbedRequest::new(texts.to_vec()), &PLAIN).parts();
        assert!(parts(&[]).is_empty());
        assert_eq!(parts(&["a"; 7]), [0..3, 3..6, 6..7]);
        assert_eq!(parts(&["a"; 6]), [0..3, 3..6]);
        assert_eq!(parts(&["12345", "12345", "1"]), [0..2, 2..3]);
        // One that is too long by itself is the vendor's to refuse.
        assert_eq!(parts(&["1", "12345678901", "1"]), [0..1, 1..2, 2..3]);
    }

    #[test]
    fn what_cannot_be_asked_is_an_error_or_a_warning() {
        for (request, what) in [
            (EmbedRequest::new(["a"]).dimensions(2), "a number of dimensions"),
            (EmbedRequest::new(["a"]).input_type(InputType::Query), "a query or documents"),
        ] {
            let e = asked(&request, &PLAIN).encode(0..1).expect_err(what);
            assert_eq!(e.kind, LmErrorKind::Unsupported);
            assert!(e.message.contains(what), "{e}");
            let request = request.on_unsupported(OnUnsupported::Warn);
            let (body, warnings) = asked(&request, &PLAIN).encode(0..1).expect("a request");
            assert_eq!(body, json!({"model": "m", "input": ["a"]}));
            assert!(warnings.len() == 1 && warnings[0].contains(what), "{warnings:?}");
        }
    }

    #[test]
    fn each_form_says_it_in_its_way() {
        let inputs = |_: &str| Some(Inputs { field: "type", query: "q", document: "d", must: true });
        let embeds = |form| Embeds { form, inputs, dimensions: |_| Some("size"), ..PLAIN };
        let mut request = EmbedRequest::new(["a", "b"]).dimensions(2).input_type(InputType::Query);
        request.extra.insert("more".into(), json!(true));
        let beside = |mut body: Json| {
            for (key, value) in [("type", json!("q")), ("size", json!(2)), ("more", json!(true))] {
                body[key] = value;
            }
            body
        };
        let one = |text: &str| beside(json!({"model": "models/m", "content": {"parts": [{"text": text}]}}));
        for (form, path, body) in [
            (EmbeddingForm::OpenAi, "embeddings", beside(json!({"model": "m", "input": ["a", "b"]}))),
            (EmbeddingForm::Ollama, "api/embed", beside(json!({"model": "m", "input": ["a", "b"]}))),
            (
                EmbeddingForm::Cohere,
                "embed",
                beside(json!({"model": "m", "texts": ["a", "b"], "embedding_types": ["float"]})),
            ),
            (EmbeddingForm::Gemini, "models/m:batchEmbedContents", json!({"requests": [one("a"), one("b")]})),
        ] {
            let embeds = embeds(form);
            assert_eq!(asked(&request, &embeds).encode(0..2).expect("a request").0, body);
            assert_eq!(form.path("m"), path);
        }
        let embeds = embeds(EmbeddingForm::OpenAi);
        let silent = EmbedRequest::new(["a"]);
        let (body, _) = asked(&silent, &embeds).encode(0..1).expect("a request");
        assert_eq!(body["type"], "d", "what must be said");
    }
}
