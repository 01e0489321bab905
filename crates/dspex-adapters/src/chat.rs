//! The chat adapter: each field in a section under a marker, `[[ ## name ## ]]`.
//!
//! Structure and values are DSPy's; the sentences are the wording's.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use dspex_core::lm::{Choice, Request};
use dspex_core::{Adapter, Error, ParsePolicy, Parsed, Record, RenderCall, Result, Signature, Value};

use crate::format::{field_list, field_value, hint, marker};
use crate::json::JsonAdapter;
use crate::native::{Native, Plan};
use crate::parse;
use crate::turns;
use crate::two_step::TwoStepAdapter;
use crate::wording::{ReminderWording, Wording, fill};

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

impl ChatAdapter {
    /// The adapter with our wording.
    pub fn new() -> Self {
        Self::default()
    }

    /// The adapter with another wording.
    #[must_use]
    pub fn with_wording(wording: Wording) -> Self {
        Self::of(Arc::new(wording))
    }

    /// The adapter with the wording of another one.
    pub(crate) fn of(wording: Arc<Wording>) -> Self {
        Self { wording, ..Self::default() }
    }

    /// The adapter using these of a model's own features.
    #[must_use]
    pub fn with_native(mut self, native: Native) -> Self {
        self.native = native;
        self
    }

    /// The wording.
    pub(crate) fn sentences(&self) -> &Wording {
        &self.wording
    }

    pub(crate) fn plan<'a>(&self, call: &RenderCall<'a>) -> Plan<'a> {
        Plan::new(call, &self.native, DSPY_CALLS_TOOLS)
    }

    fn system(&self, signature: &Signature, closing: &str) -> String {
        let field = &self.wording.field;
        let mut sections = String::new();
        for f in signature.inputs() {
            sections.push_str(&turns::place(f, ""));
        }
        for f in signature.outputs() {
            sections.push_str(&turns::place(f, &hint(f, field)));
        }
        if signature.outputs().is_empty() {
            sections.push_str("\n\n");
        }
        sections.push_str(&marker(closing));
        fill(
            &self.wording.chat.system,
            &[
                ("inputs", &field_list(signature.inputs(), field)),
                ("outputs", &field_list(signature.outputs(), field)),
                ("sections", &sections),
                ("instructions", &turns::instructions(signature, &self.wording)),
            ],
        )
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
#[non_exhaustive]
pub struct ChatWording {
    /// The system message: `{inputs}`, `{outputs}`, `{sections}`, `{instructions}`.
    pub system: String,
    /// What the last turn asks for; a field is its marker.
    pub reminder: ReminderWording,
}

impl Default for ChatWording {
    fn default() -> Self {
        Self {
            system: "You are given:\n{inputs}\nYou write:\n{outputs}\n\
                     Each value stands under its marker, like this:\n\n{sections}\n\nYour task:\n{instructions}"
                .into(),
            reminder: ReminderWording {
                first: "Now write {field}".into(),
                next: ", {field}".into(),
                of_type: String::new(),
                of_tool_calls: String::new(),
                last: ", and last {field}.".into(),
            },
        }
    }
}

impl Adapter for ChatAdapter {
    fn name(&self) -> &str {
        "chat"
    }

    fn wording(&self) -> Option<&str> {
        Some(&self.wording.id)
    }

    fn render(&self, call: &RenderCall<'_>) -> Result<Request> {
        let plan = self.plan(call);
        let (signature, closing) = (plan.signature.as_ref(), &*call.spell(COMPLETED));
        let native = signature.outputs().is_empty() && !call.compat;
        let (system, reminder) = if native {
            (turns::native_system(signature, &self.wording), self.wording.native.reminder.clone())
        } else {
            (self.system(signature, closing), self.reminder(signature, closing))
        };
        let answer =
            |s: &Signature, outputs: &Record, missing: Option<&str>| assistant(s, outputs, missing, closing);
        let messages =
            turns::messages(call, &plan, &system, &self.wording.demo, &reminder, turns::input, answer)?;
        let mut request = Request::new(messages);
        plan.complete(call, &mut request)?;
        Ok(request)
    }

    fn parse(&self, signature: &Signature, completion: &Choice, policy: &ParsePolicy) -> Result<Parsed> {
        parse::sections(signature, completion, policy)
    }

    fn read(&self, call: &RenderCall<'_>, completion: &Choice, policy: &ParsePolicy) -> Result<Parsed> {
        parse::beside(call.signature, &self.plan(call), completion, policy, |signature| {
            self.parse(signature, completion, policy)
        })
    }

    fn as_json(&self) -> Option<Arc<dyn Adapter>> {
        let json = JsonAdapter::of(Arc::clone(&self.wording)).with_native(self.native.clone());
        Some(Arc::new(json.asked_by_chat()))
    }

    fn extractor(&self) -> Option<Arc<dyn Adapter>> {
        Some(Arc::new(TwoStepAdapter::of(Arc::clone(&self.wording))))
    }

    fn complaint(&self, error: &Error) -> String {
        self.wording.complaint(error)
    }
}

/// The model's turn: every output, then the closing marker.
fn assistant(
    signature: &Signature,
    outputs: &Record,
    missing: Option<&str>,
    closing: &str,
) -> Result<String> {
    let mut out = String::new();
    for field in signature.outputs() {
        let value = match outputs.get(&field.name) {
            Some(value) => field_value(field, value)?,
            None => missing.map_or_else(|| field_value(field, &Value::None), |text| Ok(text.to_owned()))?,
        };
        out.push_str(&turns::section(&field.name, &value));
        out.push_str("\n\n");
    }
    if signature.outputs().is_empty() {
        out.push_str("\n\n");
    }
    out.push_str(&marker(closing));
    out.push('\n');
    Ok(out)
}
