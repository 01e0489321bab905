//! The sentences of prompts, as data. Which of them is used where is the adapters' business.

use serde::{Deserialize, Serialize};

use dspex_core::Error;

use crate::{BamlWording, ChatWording, JsonWording, LeanWording, TwoStepWording};

/// The sentences around the parts that every wording has in common.
///
/// Templates name what they take in braces; anything else is written as it stands. The default is ours: short and
/// plain.
///
/// ```
/// use dspex_adapters::Wording;
/// assert_eq!(Wording::default().id, "dspex-1");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Wording {
    /// Which wording it is, for saved programs.
    pub id: String,
    /// How fields are described.
    pub field: FieldWording,
    /// What stands before each line of the instructions.
    pub instruction_indent: String,
    /// What is said of demonstrations.
    pub demo: DemoWording,
    /// What is said where the model answers by its own features alone.
    pub native: NativeWording,
    /// The sentences of the chat adapter.
    pub chat: ChatWording,
    /// The sentences of the JSON adapter.
    pub json: JsonWording,
    /// The sentences of the two-step adapter.
    #[serde(default)]
    pub two_step: TwoStepWording,
    /// What tells the model that its reply was of no use: `{error}`. DSPy says no such thing.
    #[serde(default = "complaint")]
    pub complaint: String,
    /// The sentences of the BAML adapter.
    #[serde(default)]
    pub baml: BamlWording,
    /// The sentences of the lean adapter.
    #[serde(default)]
    pub lean: LeanWording,
}

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
    /// The hint for a member of an enumeration: `{values}`.
    pub member: String,
    /// The hint for one of several literals: `{values}`.
    pub literal: String,
    /// The hint for anything else: `{schema}`.
    pub schema: String,
}

/// What is said of demonstrations that lack fields.
///
/// ```
/// use dspex_adapters::{ChatAdapter, Wording};
/// use dspex_core::{Adapter, Example, Record, RenderCall, Signature};
/// let mut wording = Wording::default();
/// wording.demo.missing_output = "(not given)".into();
/// let (signature, inputs) = (Signature::parse("q -> a, why")?, Record::new().with("q", "2+2?"));
/// let demos = [Example::new([("q", "1+1?"), ("a", "2")])];
/// let adapter = ChatAdapter::with_wording(wording);
/// let messages = adapter.render(&RenderCall::new(&signature, &inputs).demos(&demos))?.messages;
/// assert!(messages[1].text().starts_with("An example in which some fields are left out."));
/// assert!(messages[2].text().contains("[[ ## why ## ]]\n(not given)"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DemoWording {
    /// What stands before a demonstration that lacks fields.
    pub incomplete: String,
    /// What stands for an output that a demonstration lacks.
    pub missing_output: String,
}

/// What is said where every output is given apart from the text, as calls of tools are.
///
/// ```
/// use dspex_adapters::{ChatAdapter, Wording};
/// use dspex_core::{Adapter, Record, RenderCall, Signature, lm::Capabilities, value::Tool};
/// let mut wording = Wording::default();
/// wording.native.reminder = "Act now.".into();
/// let signature = Signature::parse("q, tool: dspy.Tool -> calls: dspy.ToolCalls")?;
/// let inputs = Record::new().with("q", "?").with("tool", Tool::new("clock", "Tells the time."));
/// let mut can = Capabilities::default();
/// can.tools = true;
/// let call = RenderCall::new(&signature, &inputs).capabilities(can);
/// let messages = ChatAdapter::with_wording(wording).render(&call)?.messages;
/// assert_eq!(messages[1].text(), "[[ ## q ## ]]\n?\n\nAct now.");
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NativeWording {
    /// The system message: `{inputs}`, `{sections}`, `{instructions}`.
    pub system: String,
    /// What the last turn asks for.
    pub reminder: String,
}

/// What the last turn asks for, field by field. `{field}` is the field as the adapter spells it.
///
/// ```
/// use dspex_adapters::{JsonAdapter, Wording};
/// use dspex_core::{Adapter, Record, RenderCall, Signature};
/// let mut wording = Wording::default();
/// wording.json.reminder.of_type = " ({name})".into();
/// wording.json.reminder.next = " and {field}{type}".into();
/// let (signature, inputs) = (Signature::parse("q -> a, sure: bool")?, Record::new().with("q", "1+1?"));
/// let adapter = JsonAdapter::with_wording(wording);
/// let last = adapter.render(&RenderCall::new(&signature, &inputs))?.messages[1].text();
/// assert!(last.ends_with("Now write one JSON object with `a` and `sure` (bool)."), "{last}");
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReminderWording {
    /// The start with the first field to write: `{field}`, `{type}` (see below).
    pub first: String,
    /// Each further field: `{field}`, `{type}`.
    pub next: String,
    /// What stands for `{type}` where a value is not text: `{name}`.
    pub of_type: String,
    /// What stands for `{type}` where a value is calls of tools.
    pub of_tool_calls: String,
    /// The end; for the chat adapter `{field}` is the closing marker.
    pub last: String,
}

impl Wording {
    /// Whether the sentences are somebody else's, such as those of an installed DSPy: then prompts keep to DSPy's form
    /// in everything. Wordings of ours have ids that start with `dspex`.
    ///
    /// ```
    /// use dspex_adapters::Wording;
    /// let mut wording = Wording::default();
    /// assert!(!wording.is_foreign());
    /// wording.id = "dspy-3.4.1".into();
    /// assert!(wording.is_foreign());
    /// ```
    pub fn is_foreign(&self) -> bool {
        is_foreign(&self.id)
    }
}

/// Whether the id of a wording says that it is somebody else's.
pub(crate) fn is_foreign(id: &str) -> bool {
    !id.starts_with("dspex")
}

impl Default for Wording {
    fn default() -> Self {
        Self {
            id: "dspex-1".into(),
            field: FieldWording {
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
                schema: "JSON of this schema: {schema}".into(),
            },
            instruction_indent: String::new(),
            demo: DemoWording {
                incomplete: "An example in which some fields are left out.".into(),
                missing_output: "(left out of this example)".into(),
            },
            native: NativeWording {
                system: "You are given:\n{inputs}\nEach value stands under its marker, like this:\n\n{sections}\n\n\
                         You answer by calling tools.\n\nYour task:\n{instructions}"
                    .into(),
                reminder: "Now call the tools that the task needs.".into(),
            },
            chat: ChatWording::default(),
            json: JsonWording::default(),
            two_step: TwoStepWording::default(),
            complaint: complaint(),
            baml: BamlWording::default(),
            lean: LeanWording::default(),
        }
    }
}

fn complaint() -> String {
    "That reply cannot be used: {error}.\nWrite the whole reply again, in the form asked for.".into()
}

impl Wording {
    /// What tells the model that its reply was of no use.
    pub(crate) fn complaint(&self, error: &Error) -> String {
        fill(&self.complaint, &[("error", &error.kind().to_string())])
    }
}

/// Fills a template: each `{key}` by its value. Braces that name no key stay, and values are not looked into.
pub(crate) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len() + values.iter().map(|(_, v)| v.len()).sum::<usize>());
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let inside = &rest[open + 1..];
        match inside.find('}').and_then(|close| {
            values.iter().find(|(key, _)| *key == &inside[..close]).map(|(_, value)| (close, *value))
        }) {
            Some((close, value)) => {
                out.push_str(value);
                rest = &inside[close + 1..];
            }
            None => {
                out.push('{');
                rest = inside;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn values_are_not_looked_into() {
        assert_eq!(fill("{a} and {b} {c}", &[("a", "{b}"), ("b", "2")]), "{b} and 2 {c}");
    }
}
