//! Embeddings, in the forms of four families of vendors: requests, replies, and what differs between vendors as data.

mod check;
mod decode;
mod encode;
#[cfg(test)]
mod recorded;

use dspex_core::lm::InputType;

pub(crate) use check::{check, join};
pub(crate) use encode::Asked;

/// How a family of vendors writes embeddings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EmbeddingForm {
    OpenAi,
    Gemini,
    Ollama,
    Cohere,
}

impl EmbeddingForm {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai_embeddings",
            Self::Gemini => "gemini_embeddings",
            Self::Ollama => "ollama_embeddings",
            Self::Cohere => "cohere_embeddings",
        }
    }

    /// The path of a model behind the base URL.
    pub(crate) fn path(self, model: &str) -> String {
        match self {
            Self::OpenAi => "embeddings".to_owned(),
            Self::Gemini => format!("models/{}:batchEmbedContents", model.trim_start_matches("models/")),
            Self::Ollama => "api/embed".to_owned(),
            Self::Cohere => "embed".to_owned(),
        }
    }
}

/// How a vendor makes embeddings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Embeds {
    pub(crate) form: EmbeddingForm,
    /// Most texts of one request.
    pub(crate) most: usize,
    /// Most bytes of the texts of one request, where the vendor bounds the tokens of all texts together: two bytes are
    /// at least a token.
    pub(crate) most_bytes: usize,
    /// The field that says how many numbers a vector has, for the models that can be asked.
    pub(crate) dimensions: fn(&str) -> Option<&'static str>,
    /// How the vendor is told what the texts are.
    pub(crate) inputs: fn(&str) -> Option<Inputs>,
}

impl Embeds {
    /// As OpenAI has it, and servers that do as it does. A row says what differs.
    pub(crate) const OPENAI: Self = Self {
        form: EmbeddingForm::OpenAi,
        most: 2_048,
        most_bytes: 600_000,
        dimensions: |_| Some("dimensions"),
        inputs: |_| None,
    };

    /// A server that anybody may run: its bounds are not known, and may be small.
    pub(crate) const SERVER: Self = Self { most: 64, ..Self::OPENAI };
}

/// How a vendor is told what the texts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Inputs {
    pub(crate) field: &'static str,
    pub(crate) query: &'static str,
    pub(crate) document: &'static str,
    /// Whether it must be told: then texts are documents unless something else is said.
    pub(crate) must: bool,
}

impl Inputs {
    /// The field and the word for it; nothing where nothing is said and nothing must be.
    pub(crate) fn of(self, input: Option<InputType>) -> Option<(&'static str, &'static str)> {
        let word = match input {
            Some(InputType::Query) => self.query,
            Some(_) => self.document,
            None if self.must => self.document,
            None => return None,
        };
        Some((self.field, word))
    }
}
