//! The XML adapter: each field between tags of its name.
//!
//! Structure and values are DSPy's; the sentences are the wording's.

mod write;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use dspex_core::lm::{Choice, Request};
use dspex_core::{Adapter, Field, ParsePolicy, Parsed, Record, RenderCall, Result, Signature, Value};

use crate::common::{self, constructors, follows_from};
use crate::format::{field_list, field_value, hint, output_value};
use crate::native::{self, Native, Plan};
use crate::parse;
use crate::turns;
use crate::wording::{ReminderWording, Templates, Wording, fill};

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
///      Now write `<answer>`, `<sources>`, each closed by its end tag. \
///      Tags inside tags: <sources><item>...</item></sources>"
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

constructors!(
    XmlAdapter,
    wording => Self { wording: wording.into(), ..Self::default() },
    native: self, native => Self { native, ..self }
);

impl XmlAdapter {
    fn plan<'a>(&self, call: &RenderCall<'a>) -> Plan<'a> {
        Plan::new(call, &self.native, DSPY_CALLS_TOOLS)
    }

    fn system(&self, signature: &Signature) -> String {
        let field = &self.wording.field;
        let ins = blocks(signature.inputs(), |f| write::place(f, ""));
        let outs = blocks(signature.outputs(), |f| match self.skeleton(f) {
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
                (
                    "then_output_blocks",
                    &if outs.is_empty() { String::new() } else { ["\n\n", &outs].concat() },
                ),
                ("instructions", &turns::instructions(signature, &self.wording)),
            ],
        )
    }

    /// The tags inside the tags of an output; none where it is written as a block.
    fn skeleton(&self, field: &Field) -> Option<String> {
        (!self.wording.xml.flat).then(|| write::skeleton(field)).flatten()
    }

    /// An input of a user's turn, written as it is, as DSPy does.
    fn input(&self, field: &Field, value: &Value) -> Result<String> {
        if self.wording.xml.marked_inputs {
            return turns::marked(field, value);
        }
        Ok(write::block(&field.name, &field_value(field, value)?))
    }

    /// The model's turn of a demonstration: every output.
    fn assistant(
        &self,
        signature: &Signature,
        outputs: &Record,
        missing: Option<&str>,
        compat: bool,
    ) -> Result<String> {
        let mut out = Vec::with_capacity(signature.outputs().len());
        for field in signature.outputs() {
            let given = outputs.get(&field.name);
            let (value, missing) = (given.unwrap_or(&Value::None), missing.filter(|_| given.is_none()));
            out.push(match missing {
                Some(missing) => write::block(&field.name, missing),
                None if self.wording.xml.flat => {
                    write::block(&field.name, &output_value(field, value, &self.wording)?)
                }
                None => write::output(field, value, &self.wording, compat)?,
            });
        }
        Ok(parse::strip(&out.join("\n\n")).to_owned())
    }

    fn reminder(&self, signature: &Signature) -> String {
        let w = &self.wording.xml;
        let mut out = turns::reminder(signature, &w.reminder, |name| ["<", name, ">"].concat(), "");
        let nested: Vec<String> = signature.outputs().iter().filter_map(|f| self.skeleton(f)).collect();
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
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct XmlWording {
    /// The system message: `{inputs}`, `{outputs}`, `{instructions}`, and where values go: `{blocks}`, or apart
    /// `{input_blocks}` (empty without inputs) and `{output_blocks}`, or with a blank line before them where there are
    /// any `{then_output_blocks}`.
    pub system: String,
    /// What the last turn asks for; a field is its start tag.
    pub reminder: ReminderWording,
    /// What follows the reminder where outputs are tags inside tags: `{structures}`.
    pub nested: String,
    /// Whether lists, mappings and structs stand as JSON between the tags of their field, as in DSPy before 3.4.
    pub flat: bool,
    /// Whether inputs stand under markers instead of between tags, as in DSPy 3.0.
    pub marked_inputs: bool,
}

impl Templates for XmlWording {
    fn each(&self, visit: &mut dyn FnMut(&str, &str, &[&str])) {
        let blocks = ["blocks", "input_blocks", "output_blocks", "then_output_blocks"];
        visit("system", &self.system, &[&["inputs", "outputs", "instructions"], &blocks[..]].concat());
        self.reminder.each(&mut |name, text, keys| visit(&format!("reminder.{name}"), text, keys));
        visit("nested", &self.nested, &["structures"]);
    }
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
                none: "Now write nothing".into(),
                of_type: String::new(),
                of_reasoning: String::new(),
                of_tool_calls: String::new(),
                last: ", each closed by its end tag.".into(),
            },
            nested: " Tags inside tags: {structures}".into(),
            flat: false,
            marked_inputs: false,
        }
    }
}

impl Adapter for XmlAdapter {
    fn name(&self) -> &str {
        "xml"
    }

    follows_from!(wording, extractor, plan);

    fn render(&self, call: &RenderCall<'_>) -> Result<Request> {
        let plan = self.plan(call);
        let signature = plan.signature.as_ref();
        let as_dspy = call.compat || self.wording.is_foreign();
        let (system, reminder) = if signature.outputs().is_empty() && !as_dspy {
            (turns::native_system(signature, &self.wording), fill(&self.wording.native.reminder, &[]))
        } else {
            (self.system(signature), self.reminder(signature))
        };
        let messages = turns::messages(
            call,
            &plan,
            &system,
            &self.wording.demo,
            &reminder,
            |field, value| self.input(field, value),
            |signature, outputs, missing| self.assistant(signature, outputs, missing, as_dspy),
        )?;
        let mut request = Request::new(messages);
        plan.complete(call, &mut request)?;
        Ok(request)
    }

    fn withheld(&self, call: &RenderCall<'_>) -> &'static [&'static str] {
        native::withheld(call, self.native.calls_tools(call, DSPY_CALLS_TOOLS))
    }

    fn parse(&self, signature: &Signature, completion: &Choice, policy: &ParsePolicy) -> Result<Parsed> {
        parse::elements(signature, completion, policy)
    }

    fn as_json(&self) -> Option<Arc<dyn Adapter>> {
        common::as_json(&self.wording, &self.native)
    }
}

/// Blocks of fields with blank lines between them.
fn blocks(fields: &[Field], block: impl Fn(&Field) -> String) -> String {
    fields.iter().map(block).collect::<Vec<_>>().join("\n\n")
}
