//! What is said around the turns: of the instructions, of demonstrations and earlier turns, and in the last one.

use serde::{Deserialize, Serialize};

use super::Templates;

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

impl Default for InstructionsWording {
    fn default() -> Self {
        Self { first: "{line}".into(), next: "\n{line}".into() }
    }
}

impl Templates for InstructionsWording {
    fn each(&self, visit: &mut dyn FnMut(&str, &str, &[&str])) {
        visit("first", &self.first, &["line"]);
        visit("next", &self.next, &["line"]);
    }
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

impl Default for DemoWording {
    fn default() -> Self {
        Self {
            incomplete: "An example in which some fields are left out.".into(),
            missing_output: "(left out of this example)".into(),
            asking_turns: true,
            empty_turns: false,
        }
    }
}

fn yes() -> bool {
    true
}

impl Templates for DemoWording {
    fn each(&self, visit: &mut dyn FnMut(&str, &str, &[&str])) {
        visit("incomplete", &self.incomplete, &[]);
        visit("missing_output", &self.missing_output, &[]);
    }
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

impl Templates for NativeWording {
    fn each(&self, visit: &mut dyn FnMut(&str, &str, &[&str])) {
        visit("system", &self.system, &["inputs", "sections", "instructions"]);
        visit("reminder", &self.reminder, &[]);
    }
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
