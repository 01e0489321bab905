//! The sentences of prompts, as data. Which of them is used where is the adapters' business.

mod file;
mod template;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use dspex_core::Error;

use crate::{BamlWording, ChatWording, JsonWording, LeanWording, TwoStepWording, XmlWording};

pub use template::literal;
pub(crate) use template::{Templates, fill};

/// The sentences around the parts that every wording has in common.
///
/// Templates name what they take in braces; anything else is written as it stands, and a name in two pairs of braces
/// is written in one. The default is ours: short and plain. Another one comes from a [file](Wording::from_file), such as
/// `dspex wording extract` makes: with it, every message equals that of the DSPy that it was taken from.
///
/// ```
/// use dspex_adapters::Wording;
/// assert_eq!(Wording::default().id, "dspex-1");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Wording {
    /// Which wording it is, for saved programs.
    pub id: String,
    /// How fields are described.
    pub field: FieldWording,
    /// How the lines of the instructions are set.
    pub instructions: InstructionsWording,
    /// What is said of demonstrations.
    pub demo: DemoWording,
    /// What is said where the model answers by its own features alone.
    #[serde(default)]
    pub native: NativeWording,
    /// The sentences of the chat adapter.
    #[serde(default)]
    pub chat: ChatWording,
    /// The sentences of the JSON adapter.
    #[serde(default)]
    pub json: JsonWording,
    /// The sentences of the XML adapter.
    #[serde(default)]
    pub xml: XmlWording,
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

/// How the lines of the instructions stand in a system message.
///
/// ```
/// use dspex_adapters::{ChatAdapter, Wording};
/// use dspex_core::{Adapter, Record, RenderCall, Signature};
/// let mut wording = Wording::default();
/// (wording.instructions.first, wording.instructions.next) = ("> {line}".into(), "\n> {line}".into());
/// let signature = Signature::parse("q -> a")?.with_instructions("Add.\nBe brief.");
/// let inputs = Record::new().with("q", "1+1?");
/// let adapter = ChatAdapter::with_wording(wording);
/// let system = adapter.render(&RenderCall::new(&signature, &inputs))?.messages[0].text();
/// assert!(system.ends_with("Your task:\n> Add.\n> Be brief."), "{system}");
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct InstructionsWording {
    /// The first line: `{line}`.
    pub first: String,
    /// Each further line: `{line}`.
    pub next: String,
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

/// What is said of demonstrations that lack fields, and how earlier turns of a conversation stand.
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
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DemoWording {
    /// What stands before a demonstration that lacks fields.
    pub incomplete: String,
    /// What stands for an output that a demonstration lacks.
    pub missing_output: String,
    /// Whether each earlier turn of a conversation asks as the last one does; in DSPy before 3.4 it does not.
    #[serde(default = "yes")]
    pub asking_turns: bool,
    /// Whether an earlier turn of the user is there also where it says nothing, as in DSPy before 3.3.
    #[serde(default)]
    pub empty_turns: bool,
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
#[serde(deny_unknown_fields)]
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
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ReminderWording {
    /// The start with the first field to write: `{field}`, `{type}` (see below).
    pub first: String,
    /// Each further field: `{field}`, `{type}`.
    pub next: String,
    /// The start where there is no field to write.
    pub none: String,
    /// What stands for `{type}` where a value is not text: `{name}`.
    pub of_type: String,
    /// What stands for `{type}` at the model's reasoning: `{name}`.
    pub of_reasoning: String,
    /// What stands for `{type}` at calls of tools: `{name}`.
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
                code_schema: String::new(),
                schema: "JSON of this schema: {schema}".into(),
                docs: BTreeMap::new(),
            },
            instructions: InstructionsWording { first: "{line}".into(), next: "\n{line}".into() },
            demo: DemoWording {
                incomplete: "An example in which some fields are left out.".into(),
                missing_output: "(left out of this example)".into(),
                asking_turns: true,
                empty_turns: false,
            },
            native: NativeWording::default(),
            chat: ChatWording::default(),
            json: JsonWording::default(),
            xml: XmlWording::default(),
            two_step: TwoStepWording::default(),
            complaint: complaint(),
            baml: BamlWording::default(),
            lean: LeanWording::default(),
        }
    }
}

impl Default for NativeWording {
    fn default() -> Self {
        Self {
            system:
                "You are given:\n{inputs}\nEach value stands under its marker, like this:\n\n{sections}\n\n\
                     You answer by calling tools.\n\nYour task:\n{instructions}"
                    .into(),
            reminder: "Now call the tools that the task needs.".into(),
        }
    }
}

fn yes() -> bool {
    true
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

impl Templates for Wording {
    fn each(&self, visit: &mut dyn FnMut(&str, &str, &[&str])) {
        let mut inside = |name: &str, templates: &dyn Templates| {
            templates.each(&mut |inner, text, keys| visit(&format!("{name}.{inner}"), text, keys));
        };
        inside("field", &self.field);
        inside("instructions", &self.instructions);
        inside("demo", &self.demo);
        inside("native", &self.native);
        inside("chat", &self.chat);
        inside("json", &self.json);
        inside("xml", &self.xml);
        inside("baml", &self.baml);
        inside("two_step", &self.two_step);
        inside("lean", &self.lean);
        visit("complaint", &self.complaint, &["error"]);
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

impl Templates for InstructionsWording {
    fn each(&self, visit: &mut dyn FnMut(&str, &str, &[&str])) {
        visit("first", &self.first, &["line"]);
        visit("next", &self.next, &["line"]);
    }
}

impl Templates for DemoWording {
    fn each(&self, visit: &mut dyn FnMut(&str, &str, &[&str])) {
        visit("incomplete", &self.incomplete, &[]);
        visit("missing_output", &self.missing_output, &[]);
    }
}

impl Templates for NativeWording {
    fn each(&self, visit: &mut dyn FnMut(&str, &str, &[&str])) {
        visit("system", &self.system, &["inputs", "sections", "instructions"]);
        visit("reminder", &self.reminder, &[]);
    }
}

impl Templates for ReminderWording {
    fn each(&self, visit: &mut dyn FnMut(&str, &str, &[&str])) {
        visit("first", &self.first, &["field", "type"]);
        visit("next", &self.next, &["field", "type"]);
        visit("none", &self.none, &[]);
        visit("of_type", &self.of_type, &["name"]);
        visit("of_reasoning", &self.of_reasoning, &["name"]);
        visit("of_tool_calls", &self.of_tool_calls, &["name"]);
        visit("last", &self.last, &["field"]);
    }
}
