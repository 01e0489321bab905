//! The XML adapter: each field between tags of its name.
//!
//! Structure and values are DSPy's; the sentences are the wording's.

mod write;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use dspex_core::lm::{Choice, Request};
use dspex_core::{Adapter, Error, Field, ParsePolicy, Parsed, Record, RenderCall, Result, Signature};

use crate::format::{field_list, field_value, hint};
use crate::json::JsonAdapter;
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
}

impl XmlAdapter {
    /// The adapter with our wording.
    pub fn new() -> Self {
        Self::default()
    }

    /// The adapter with another wording.
    #[must_use]
    pub fn with_wording(wording: Wording) -> Self {
        Self { wording: Arc::new(wording) }
    }

    fn system(&self, signature: &Signature) -> Result<String> {
        let field = &self.wording.field;
        let ins = blocks(signature.inputs(), |f| write::place(f, ""));
        let outs = blocks(signature.outputs(), |f| match write::skeleton(f) {
            Some(skeleton) => skeleton,
            None => write::place(f, &hint(f, field)),
        });
        let both = [&ins, "\n\n", &outs].concat();
        Ok(fill(
            &self.wording.xml.system,
            &[
                ("inputs", &field_list(signature.inputs(), field)?),
                ("outputs", &field_list(signature.outputs(), field)?),
                ("blocks", both.trim_start()),
                ("input_blocks", &ins),
                ("output_blocks", &outs),
                ("instructions", &turns::instructions(signature, &self.wording)),
            ],
        ))
    }

    /// The model's turn of a demonstration: every output.
    fn assistant(&self, signature: &Signature, demo: &Record, compat: bool) -> Result<String> {
        let mut out = Vec::with_capacity(signature.outputs().len());
        for field in signature.outputs() {
            out.push(match demo.get(&field.name) {
                Some(value) => write::output(field, value, compat)?,
                None => write::block(&field.name, &self.wording.demo.missing_output),
            });
        }
        Ok(out.join("\n\n").trim().to_owned())
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
        let signature = call.signature;
        let messages = turns::messages(
            call,
            self.system(signature)?,
            &self.wording.demo,
            &self.reminder(signature),
            // Inputs are written as they are, as DSPy does.
            |field, value| Ok(write::block(&field.name, &field_value(field, value)?)),
            |demo| self.assistant(signature, demo, call.compat),
        )?;
        Ok(Request::new(messages))
    }

    fn parse(&self, signature: &Signature, completion: &Choice, policy: &ParsePolicy) -> Result<Parsed> {
        parse::elements(signature, completion, policy)
    }

    fn as_json(&self) -> Option<Arc<dyn Adapter>> {
        Some(Arc::new(JsonAdapter::of(Arc::clone(&self.wording))))
    }

    fn extractor(&self) -> Option<Arc<dyn Adapter>> {
        Some(Arc::new(TwoStepAdapter::of(Arc::clone(&self.wording))))
    }

    fn complaint(&self, error: &Error) -> String {
        self.wording.complaint(error)
    }
}

/// Blocks of fields with blank lines between them.
fn blocks(fields: &[Field], block: impl Fn(&Field) -> String) -> String {
    fields.iter().map(block).collect::<Vec<_>>().join("\n\n")
}
