//! DSPy's own types as the structs that they are to it, for showing them as outputs.

use dspex_core::types::{StructField, StructType};
use dspex_core::{FieldType, Special};

/// The struct of a type, with what the wording says of it; none for a tool, which no model can write.
pub(super) fn of(special: &Special, doc: Option<String>) -> Option<StructType> {
    let fields: &[(&str, &str)] = match special {
        Special::Image => &[("url", "str")],
        Special::Audio => &[("data", "str"), ("audio_format", "str")],
        Special::File => {
            &[("file_data", "str | None"), ("file_id", "str | None"), ("filename", "str | None")]
        }
        Special::Document => &[
            ("data", "str"),
            ("title", "str | None"),
            ("media_type", "Literal['text/plain', 'application/pdf']"),
            ("context", "str | None"),
        ],
        Special::History => &[("messages", "list[dict[str, Any]]")],
        Special::Code(_) => &[("code", "str")],
        Special::Reasoning => &[("content", "str")],
        Special::Citations => {
            return Some(with_doc(wrapped("Citations", "citations", citation()), doc));
        }
        Special::ToolCalls => {
            let mut calls = wrapped("ToolCalls", "tool_calls", call());
            calls.fields.push(field("tool_call_results", FieldType::optional(FieldType::Any)));
            return Some(with_doc(calls, doc));
        }
        _ => return None,
    };
    Some(with_doc(structure(&special.name(), fields), doc))
}

fn with_doc(mut of: StructType, doc: Option<String>) -> StructType {
    of.description = doc;
    of
}

fn citation() -> StructType {
    structure(
        "Citation",
        &[
            ("type", "str"),
            ("cited_text", "str"),
            ("document_index", "int"),
            ("document_title", "str | None"),
            ("start_char_index", "int"),
            ("end_char_index", "int"),
            ("supported_text", "str | None"),
        ],
    )
}

fn call() -> StructType {
    structure("ToolCall", &[("id", "str | None"), ("name", "str"), ("args", "dict[str, Any]")])
}

/// A struct whose one field is a list of others.
fn wrapped(name: &str, key: &str, item: StructType) -> StructType {
    let list = FieldType::list(FieldType::Struct(item.into()));
    StructType { name: name.into(), fields: vec![field(key, list)], ..StructType::default() }
}

/// A struct of fields by their annotations.
fn structure(name: &str, fields: &[(&str, &str)]) -> StructType {
    let fields = fields
        .iter()
        .map(|(name, annotation)| field(name, FieldType::parse(annotation, None).unwrap_or(FieldType::Any)));
    StructType { name: name.into(), fields: fields.collect(), ..StructType::default() }
}

fn field(name: &str, ty: FieldType) -> StructField {
    StructField::new(name, ty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_annotation_is_read() {
        let all = [
            Special::Image,
            Special::Audio,
            Special::File,
            Special::Document,
            Special::Citations,
            Special::History,
            Special::ToolCalls,
            Special::Code(None),
            Special::Reasoning,
        ];
        for special in all {
            let of = of(&special, None).unwrap();
            assert!(of.fields.iter().all(|f| f.ty != FieldType::Any), "{special:?}");
        }
        assert_eq!(of(&Special::Tool, None), None);
    }
}
