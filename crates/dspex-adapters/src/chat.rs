//! The chat adapter: each field in a section under a marker, `[[ ## name ## ]]`.
//!
//! Structure and values are DSPy's; the sentences are the wording's.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use dspex_core::lm::{Choice, Request};
use dspex_core::{Adapter, ParsePolicy, Parsed, Record, RenderCall, Result, Signature, Value};

use crate::common::{self, constructors, follows_from};
use crate::format::{field_list, hint, marker, output_value};
use crate::native::{self, Native, Plan};
use crate::parse;
use crate::turns;
use crate::wording::{ReminderWording, Templates, Wording, fill};

/// The marker that ends an answer.
const COMPLETED: &str = "completed";

/// Writes fields as sections under markers and reads them back.
///
/// ```
/// use dspex_adapters::ChatAdapter;
/// use dspex_core::{Adapter, Record, RenderCall, Signature};
/// let signature = Signature::parse("question -> answer")?;
/// let inputs = Record::new().with("question", "Who wrote Faust?");
/// let request = ChatAdapter::new().render(&RenderCall::new(&signature, &inputs))?;
/// assert_eq!(
///     request.messages[1].text(),
///     "[[ ## question ## ]]\nWho wrote Faust?\n\n\
///      Now write `[[ ## answer ## ]]`, and last `[[ ## completed ## ]]`."
/// );
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ChatAdapter {
    wording: Arc<Wording>,
    native: Native,
}

/// Whether DSPy's adapter calls tools natively unless told otherwise.
const DSPY_CALLS_TOOLS: bool = false;

constructors!(
    ChatAdapter,
    wording => Self { wording: wording.into(), ..Self::default() },
    native: self, native => Self { native, ..self }
);

impl ChatAdapter {
    /// The wording.
    pub(crate) fn sentences(&self) -> &Wording {
        &self.wording
    }

    pub(crate) fn plan<'a>(&self, call: &RenderCall<'a>) -> Plan<'a> {
        Plan::new(call, &self.native, DSPY_CALLS_TOOLS)
    }

    fn system(&self, signature: &Signature, closing: &str) -> String {
        let inputs = turns::places(signature.inputs(), |_| String::new());
        let outputs = turns::places(signature.outputs(), |f| hint(f, &self.wording.field));
        let completed = marker(closing);
        fill(
            &self.wording.chat.system,
            &[
                ("inputs", &field_list(signature.inputs(), &self.wording.field)),
                ("outputs", &field_list(signature.outputs(), &self.wording.field)),
                ("sections", &turns::sections(&[&inputs, &outputs, &completed])),
                ("input_sections", &inputs),
                ("output_sections", &outputs),
                ("completed", &completed),
                ("instructions", &turns::instructions(signature, &self.wording)),
            ],
        )
    }

    /// The model's turn: every output, then what closes it.
    fn assistant(
        &self,
        signature: &Signature,
        outputs: &Record,
        missing: Option<&str>,
        closing: &str,
    ) -> Result<String> {
        let mut sections = Vec::with_capacity(signature.outputs().len());
        for field in signature.outputs() {
            let value = match outputs.get(&field.name) {
                Some(value) => output_value(field, value, &self.wording)?,
                None => missing.map_or_else(
                    || output_value(field, &Value::None, &self.wording),
                    |text| Ok(text.to_owned()),
                )?,
            };
            sections.push(turns::section(&field.name, &value));
        }
        let mut out = parse::strip(&sections.join("\n\n")).to_owned();
        out.push_str(&fill(&self.wording.chat.demo_end, &[("completed", &marker(closing))]));
        Ok(out)
    }

    fn reminder(&self, signature: &Signature, closing: &str) -> String {
        turns::reminder(signature, &self.wording.chat.reminder, marker, closing)
    }
}

/// The sentences of the [chat adapter](ChatAdapter).
///
/// ```
/// use dspex_adapters::{ChatAdapter, Wording};
/// use dspex_core::{Adapter, Record, RenderCall, Signature};
/// let mut wording = Wording::default();
/// wording.chat.system = "{instructions}\n\n{sections}".into();
/// let (signature, inputs) = (Signature::parse("q -> a")?, Record::new().with("q", "1+1?"));
/// let adapter = ChatAdapter::with_wording(wording);
/// let system = adapter.render(&RenderCall::new(&signature, &inputs))?.messages[0].text();
/// assert!(system.starts_with("Given the fields `q`, produce the fields `a`.\n\n[[ ## q ## ]]\n{q}"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ChatWording {
    /// The system message: `{inputs}`, `{outputs}`, `{sections}`, `{instructions}`; the sections also one by one, as
    /// `{input_sections}`, `{output_sections}`, `{completed}`.
    pub system: String,
    /// What closes the model's turn of a demonstration: `{completed}`.
    pub demo_end: String,
    /// What the last turn asks for; a field is its marker.
    pub reminder: ReminderWording,
}

impl Default for ChatWording {
    fn default() -> Self {
        Self {
            system: "You are given:\n{inputs}\nYou write:\n{outputs}\n\
                     Each value stands under its marker, like this:\n\n{sections}\n\nYour task:\n{instructions}"
                .into(),
            demo_end: "\n\n{completed}\n".into(),
            reminder: ReminderWording {
                first: "Now write {field}".into(),
                next: ", {field}".into(),
                none: "Now write nothing".into(),
                of_type: String::new(),
                of_reasoning: String::new(),
                of_tool_calls: String::new(),
                last: ", and last {field}.".into(),
            },
        }
    }
}

impl Templates for ChatWording {
    fn each(&self, visit: &mut dyn FnMut(&str, &str, &[&str])) {
        let sections = ["input_sections", "output_sections", "completed"];
        visit(
            "system",
            &self.system,
            &[&["inputs", "outputs", "sections", "instructions"], &sections[..]].concat(),
        );
        visit("demo_end", &self.demo_end, &["completed"]);
        self.reminder.each(&mut |name, text, keys| visit(&format!("reminder.{name}"), text, keys));
    }
}

impl Adapter for ChatAdapter {
    fn name(&self) -> &str {
        "chat"
    }

    follows_from!(wording, extractor, plan);

    fn render(&self, call: &RenderCall<'_>) -> Result<Request> {
        let plan = self.plan(call);
        let (signature, closing) = (plan.signature.as_ref(), &*call.spell(COMPLETED));
        let native = signature.outputs().is_empty() && !(call.compat || self.wording.is_foreign());
        let (system, reminder) = if native {
            (turns::native_system(signature, &self.wording), self.wording.native.reminder.clone())
        } else {
            (self.system(signature, closing), self.reminder(signature, closing))
        };
        let answer = |signature: &Signature, outputs: &Record, missing: Option<&str>| {
            self.assistant(signature, outputs, missing, closing)
        };
        let messages =
            turns::messages(call, &plan, &system, &self.wording.demo, &reminder, turns::marked, answer)?;
        let mut request = Request::new(messages);
        plan.complete(call, &mut request)?;
        Ok(request)
    }

    fn withheld(&self, call: &RenderCall<'_>) -> &'static [&'static str] {
        native::withheld(call, self.native.calls_tools(call, DSPY_CALLS_TOOLS))
    }

    fn parse(&self, signature: &Signature, completion: &Choice, policy: &ParsePolicy) -> Result<Parsed> {
        parse::sections(signature, completion, policy)
    }

    fn as_json(&self) -> Option<Arc<dyn Adapter>> {
        common::as_json(&self.wording, &self.native)
    }
}
