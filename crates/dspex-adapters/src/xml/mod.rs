//! The XML adapter: each field between tags of its name.
//!
//! Structure and values are DSPy's; the sentences are the wording's.

mod write;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use dspex_core::lm::{Choice, Request};
use dspex_core::{Adapter, Error, Field, ParsePolicy, Parsed, Record, RenderCall, Result, Signature, Value};

use crate::format::{field_list, field_value, hint};
use crate::json::JsonAdapter;
use crate::native::{Native, Plan};
use crate::parse;
use crate::turns;
use crate::two_step::TwoStepAdapter;
use crate::wording::{ReminderWording, Wording, fill};

pub(crate) use self::write::skeleton;

/// Writes fields between tags and reads them back. Lists, mappings and structs are tags inside tags.
///
/// ```
/// use dspex_adapters::XmlAdapter;
/// use dspex_core::lm::Choice;
/// use dspex_core::{Adapter, ParsePolicy, Record, RenderCall, Signature};
/// let signature = Signature::parse("question -> answer, sources: list[str]")?;
/// let inputs = Record::new().with("question", "Who wrote Faust?");
/// let request = XmlAdapter::new().render(&RenderCall::new(&signature, &inputs))?;
/// assert_eq!(
///     request.messages[1].text(),
///     "<question>\nWho wrote Faust?\n</question>\n\n\
///      Now write `<answer>`, `<sources>`, each closed by its end tag."
/// );
/// let reply = Choice::text("<answer>Goethe</answer><sources><item>a</item><item>b</item></sources>");
/// let parsed = XmlAdapter::new().parse(&signature, &reply, &ParsePolicy::default())?;
/// assert_eq!(parsed.fields, Record::new().with("answer", "Goethe").with("sources", vec!["a", "b"]));
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct XmlAdapter {
    wording: Arc<Wording>,
    native: Native,
}

/// Whether DSPy's adapter calls tools natively unless told otherwise.
const DSPY_CALLS_TOOLS: bool = false;

impl XmlAdapter {
    /// The adapter with our wording.
    pub fn new() -> Self {
        Self::default()
    }

    /// The adapter with another wording.
    #[must_use]
    pub fn with_wording(wording: Wording) -> Self {
        Self { wording: Arc::new(wording), ..Self::default() }
    }

    /// The adapter using these of a model's own features.
    #[must_use]
    pub fn with_native(mut self, native: Native) -> Self {
        self.native = native;
        self
    }

    fn plan<'a>(&self, call: &RenderCall<'a>) -> Plan<'a> {
        Plan::new(call, &self.native, DSPY_CALLS_TOOLS)
    }

    fn system(&self, signature: &Signature) -> String {
        let field = &self.wording.field;
        let ins = blocks(signature.inputs(), |f| write::place(f, ""));
        let outs = blocks(signature.outputs(), |f| match write::skeleton(f) {
            Some(skeleton) => skeleton,
            None => write::place(f, &hint(f, field)),
        });
        let both = [&ins, "\n\n", &outs].concat();
        fill(
            &self.wording.xml.system,
            &[
                ("inputs", &field_list(signature.inputs(), field)),
                ("outputs", &field_list(signature.outputs(), field)),
                ("blocks", both.trim_start()),
                ("input_blocks", &ins),
                ("output_blocks", &outs),
                ("instructions", &turns::instructions(signature, &self.wording)),
            ],
        )
    }

    fn reminder(&self, signature: &Signature) -> String {
        let w = &self.wording.xml;
        let mut out = turns::reminder(signature, &w.reminder, |name| ["<", name, ">"].concat(), "");
        let nested: Vec<String> = signature.outputs().iter().filter_map(write::skeleton).collect();
        if !nested.is_empty() {
            out.push_str(&fill(&w.nested, &[("structures", &nested.join(" "))]));
        }
        out
    }
}

/// The sentences of the [XML adapter](XmlAdapter).
///
/// ```
/// use dspex_adapters::{Wording, XmlAdapter};
/// use dspex_core::{Adapter, Record, RenderCall, Signature};
/// let mut wording = Wording::default();
/// wording.xml.system = "{instructions}\n\n{output_blocks}".into();
/// wording.xml.nested = " Lists like this: {structures}".into();
/// let signature = Signature::parse("q -> a: list[int]")?;
/// let inputs = Record::new().with("q", "1+1?");
/// let adapter = XmlAdapter::with_wording(wording);
/// let messages = adapter.render(&RenderCall::new(&signature, &inputs))?.messages;
/// assert!(messages[0].text().ends_with("\n\n<a><item>...</item></a>"));
/// assert!(messages[1].text().ends_with(" Lists like this: <a><item>...</item></a>"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct XmlWording {
    /// The system message: `{inputs}`, `{outputs}`, `{instructions}`, and where values go: `{blocks}`, or apart
    /// `{input_blocks}` (empty without inputs) and `{output_blocks}`.
    pub system: String,
    /// What the last turn asks for; a field is its start tag.
    pub reminder: ReminderWording,
    /// What follows the reminder where outputs are tags inside tags: `{structures}`.
    pub nested: String,
}

impl Default for XmlWording {
    fn default() -> Self {
        Self {
            system: "You are given:\n{inputs}\nYou write:\n{outputs}\n\
                     Each value stands between its tags, like this:\n\n{blocks}\n\nYour task:\n{instructions}"
                .into(),
            reminder: ReminderWording {
                first: "Now write {field}".into(),
                next: ", {field}".into(),
                of_type: String::new(),
                of_tool_calls: String::new(),
                last: ", each closed by its end tag.".into(),
            },
            nested: " Tags inside tags: {structures}".into(),
        }
    }
}

impl Adapter for XmlAdapter {
    fn name(&self) -> &str {
        "xml"
    }

    fn wording(&self) -> Option<&str> {
        Some(&self.wording.id)
    }

    fn render(&self, call: &RenderCall<'_>) -> Result<Request> {
        let plan = self.plan(call);
        let signature = plan.signature.as_ref();
        let native = signature.outputs().is_empty() && !call.compat;
        let (system, reminder) = if native {
            (turns::native_system(signature, &self.wording), self.wording.native.reminder.clone())
        } else {
            (self.system(signature), self.reminder(signature))
        };
        // Inputs are written as they are, as DSPy does.
        let input = |field: &Field, value: &Value| Ok(write::block(&field.name, &field_value(field, value)?));
        let answer = |signature: &Signature, outputs: &Record, missing: Option<&str>| {
            assistant(signature, outputs, missing, call.compat)
        };
        let messages = turns::messages(call, &plan, &system, &self.wording.demo, &reminder, input, answer)?;
        let mut request = Request::new(messages);
        plan.complete(call, &mut request)?;
        Ok(request)
    }

    fn parse(&self, signature: &Signature, completion: &Choice, policy: &ParsePolicy) -> Result<Parsed> {
        parse::elements(signature, completion, policy)
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

/// The model's turn: every output.
fn assistant(signature: &Signature, outputs: &Record, missing: Option<&str>, compat: bool) -> Result<String> {
    let mut out = Vec::with_capacity(signature.outputs().len());
    for field in signature.outputs() {
        out.push(match (outputs.get(&field.name), missing) {
            (Some(value), _) => write::output(field, value, compat)?,
            (None, Some(missing)) => write::block(&field.name, missing),
            (None, None) => write::output(field, &Value::None, compat)?,
        });
    }
    Ok(out.join("\n\n").trim().to_owned())
}

/// Blocks of fields with blank lines between them.
fn blocks(fields: &[Field], block: impl Fn(&Field) -> String) -> String {
    fields.iter().map(block).collect::<Vec<_>>().join("\n\n")
}
