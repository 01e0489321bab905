//! How fields are described.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Templates;

/// How fields are described in the system message.
///
/// ```
/// use dspex_adapters::{ChatAdapter, Wording};
/// use dspex_core::{Adapter, Record, RenderCall, Signature};
/// let mut wording = Wording::default();
/// wording.field.plain = "- {name}: {type}".into();
/// let (signature, inputs) = (Signature::parse("question -> sure: bool")?, Record::new().with("question", "?"));
/// let adapter = ChatAdapter::with_wording(wording);
/// let system = adapter.render(&RenderCall::new(&signature, &inputs))?.messages[0].text();
/// assert!(system.contains("You write:\n- sure: bool\n"), "{system}");
/// assert!(system.contains("{sure}  # True or False"), "the hint beside its place stays");
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FieldWording {
    /// A field with a description: `{number}`, `{name}`, `{type}`, `{description}`.
    pub described: String,
    /// A field without one: `{number}`, `{name}`, `{type}`.
    pub plain: String,
    /// Its rules, after either: `{constraints}`.
    pub constraints: String,
    /// Words about a type inside the field's, after either: `{type}`, `{note}`.
    pub special: String,
    /// The note about documents; nothing is said where it is empty.
    pub document: String,
    /// The note about citations.
    pub citations: String,
    /// What is said of calls of tools.
    pub tool_calls: String,
    /// The note about code to write: `{language}`, and `{fence}`, the language as a fence has it.
    pub code: String,
    /// The note about code that is given: as above.
    pub code_given: String,
    /// A hint beside the place of a value: `{hint}`.
    pub note: String,
    /// The hint for a truth value.
    pub boolean: String,
    /// The hint for a number: `{type}`.
    pub number: String,
    /// The hint for a member of an enumeration: `{values}` or `{names}`.
    pub member: String,
    /// The hint for one of several literals: `{values}`.
    pub literal: String,
    /// The hint for code, where it has one: `{schema}`.
    pub code_schema: String,
    /// The hint for anything else: `{schema}`.
    pub schema: String,
    /// What schemas say of the types that have a meaning of their own to prompts, by DSPy's name of the type: `Audio`,
    /// `Document`. Also the documentation that the BAML adapter shows of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub docs: BTreeMap<String, String>,
}

impl Default for FieldWording {
    fn default() -> Self {
        Self {
            described: "{number}. `{name}` ({type}): {description}".into(),
            plain: "{number}. `{name}` ({type})".into(),
            constraints: " [{constraints}]".into(),
            special: "; {note}".into(),
            document: String::new(),
            citations: "quotes from the documents, with their places".into(),
            tool_calls: String::new(),
            code: "in a fence of ```{fence}".into(),
            code_given: "{language}".into(),
            note: "  # {hint}".into(),
            boolean: "True or False".into(),
            number: "one {type}".into(),
            member: "exactly one of: {values}".into(),
            literal: "exactly one of: {values}".into(),
            code_schema: String::new(),
            schema: "JSON of this schema: {schema}".into(),
            docs: BTreeMap::new(),
        }
    }
}

impl Templates for FieldWording {
    fn each(&self, visit: &mut dyn FnMut(&str, &str, &[&str])) {
        visit("described", &self.described, &["number", "name", "type", "description"]);
        visit("plain", &self.plain, &["number", "name", "type"]);
        visit("constraints", &self.constraints, &["constraints"]);
        visit("special", &self.special, &["type", "note"]);
        visit("document", &self.document, &[]);
        visit("citations", &self.citations, &[]);
        visit("tool_calls", &self.tool_calls, &[]);
        visit("code", &self.code, &["language", "fence"]);
        visit("code_given", &self.code_given, &["language", "fence"]);
        visit("note", &self.note, &["hint"]);
        visit("boolean", &self.boolean, &[]);
        visit("number", &self.number, &["type"]);
        visit("member", &self.member, &["values", "names"]);
        visit("literal", &self.literal, &["values"]);
        visit("code_schema", &self.code_schema, &["schema"]);
        visit("schema", &self.schema, &["schema"]);
        for (name, doc) in &self.docs {
            visit(&format!("docs.{name}"), doc, &[]);
        }
    }
}
