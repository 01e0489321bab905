//! Citations of the documents of a request.

use dspex_core::value::Citation;
use serde_json::Value as Json;

use crate::wire::parts::text_of;

/// What stands before the number of a document in its id.
const PREFIX: &str = "document-";

/// The id of a document of the request.
pub(super) fn id(index: usize) -> String {
    format!("{PREFIX}{index}")
}

/// What a recorded citation cites of documents of the request, each as a whole: the provider tells which document, and of
/// places only those in the answer.
pub(super) fn cited(citation: &Json) -> Vec<Citation> {
    let sources = citation["sources"].as_array().into_iter().flatten();
    sources.filter_map(|source| of_document(source, &citation["text"])).collect()
}

fn of_document(source: &Json, supported: &Json) -> Option<Citation> {
    let document = &source["document"];
    let id = source["id"].as_str().or(document["id"].as_str())?;
    let document_index = id.strip_prefix(PREFIX)?.parse().ok()?;
    let cited_text = text_of(&document["text"]).unwrap_or_default();
    Some(Citation {
        kind: "char_location".to_owned(),
        document_index,
        document_title: text_of(&document["title"]),
        start_char_index: 0,
        end_char_index: i64::try_from(cited_text.chars().count()).unwrap_or(i64::MAX),
        cited_text,
        supported_text: text_of(supported),
    })
}
