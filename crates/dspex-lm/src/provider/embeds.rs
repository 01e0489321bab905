//! What models of embeddings can be asked for, by family. Sources: the vendors' API references.

use crate::wire::embeddings::Inputs;

/// In the words that most vendors have.
pub(super) const SEARCHED: Inputs =
    Inputs { field: "input_type", query: "search_query", document: "search_document", must: false };

/// Cohere's models since the third must be told.
pub(super) const MUST_BE_TOLD: Inputs = Inputs { must: true, ..SEARCHED };

/// OpenAI's embeddings have as many numbers as is asked for from the third of their models on.
pub(super) fn openai_dimensions(model: &str) -> Option<&'static str> {
    (!model.starts_with("text-embedding-ada")).then_some("dimensions")
}

/// Those of Cohere from the fourth on.
pub(super) fn cohere_dimensions(model: &str) -> Option<&'static str> {
    let old = model.contains("-v2.0") || model.contains("-v3.0");
    (!old).then_some("output_dimension")
}

/// Google's second model of embeddings wants what a text is to be said in the text itself.
pub(super) fn gemini_inputs(model: &str) -> Option<Inputs> {
    let words =
        Inputs { field: "taskType", query: "RETRIEVAL_QUERY", document: "RETRIEVAL_DOCUMENT", must: false };
    (!model.contains("gemini-embedding-2")).then_some(words)
}
