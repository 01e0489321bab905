//! The lean adapter: for one output that is text, the reply is that text, without any marker around it.
//!
//! DSPy has none like it. Signatures with other outputs are asked and read as the chat adapter does it, so that a
//! whole program can have this adapter.

use serde::{Deserialize, Serialize};

use dspex_core::lm::{Choice, Request};
use dspex_core::{
    Adapter, Field, FieldType, ParsePolicy, Parsed, Record, RenderCall, Result, Signature, Special, Value,
};

use crate::common::{constructors, follows_from};
use crate::format::{field_list, field_value};
use crate::wording::{Templates, fill};
use crate::{ChatAdapter, parse, turns};

/// Asks for the text of the one output and nothing else; a lone input stands in its turn without a marker too.
///
/// ```
/// use dspex_adapters::LeanAdapter;
/// use dspex_core::lm::Choice;
/// use dspex_core::{Adapter, ParsePolicy, Record, RenderCall, Signature};
/// let signature = Signature::parse("question -> answer")?;
/// let inputs = Record::new().with("question", "Who wrote Faust?");
/// let request = LeanAdapter::new().render(&RenderCall::new(&signature, &inputs))?;
/// assert_eq!(request.messages[1].text(), "Who wrote Faust?");
/// let parsed = LeanAdapter::new().parse(&signature, &Choice::text("Goethe"), &ParsePolicy::default())?;
/// assert_eq!(parsed.fields, Record::new().with("answer", "Goethe"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct LeanAdapter {
    /// For the signatures that are not of one text.
    chat: ChatAdapter,
}

constructors!(LeanAdapter, wording => Self { chat: ChatAdapter::with_wording(wording) });

impl LeanAdapter {
    fn system(&self, signature: &Signature) -> String {
        let wording = self.chat.sentences();
        fill(
            &wording.lean.system,
            &[
                ("inputs", &field_list(signature.inputs(), &wording.field)),
                ("outputs", &field_list(signature.outputs(), &wording.field)),
                ("instructions", &turns::instructions(signature, wording)),
            ],
        )
    }

    /// The request where the one output is text.
    fn ask(&self, call: &RenderCall<'_>, output: &Field) -> Result<Request> {
        let wording = self.chat.sentences();
        let plan = self.chat.plan(call);
        let signature = plan.signature.as_ref();
        // Earlier turns of a conversation are turns, not an input of the last one.
        let inputs: Vec<&Field> =
            signature.inputs().iter().filter(|f| f.ty != FieldType::Special(Special::History)).collect();
        let section = |field: &Field, value: &Value| match inputs.as_slice() {
            [_] => field_value(field, value),
            _ => turns::marked(field, value),
        };
        // A turn of the user has to say something.
        let is_blank = |value: &Value| value.as_str().is_some_and(|text| text.trim().is_empty());
        let says = |field: &&Field| {
            call.inputs.get(&field.name).is_some_and(|value| inputs.len() > 1 || !is_blank(value))
        };
        let ask = if inputs.iter().any(says) {
            String::new()
        } else {
            fill(&wording.lean.ask, &[("field", &["`", &output.name, "`"].concat())])
        };
        let answer = |_: &Signature, outputs: &Record, missing: Option<&str>| match (
            outputs.get(&output.name),
            missing,
        ) {
            (None, Some(text)) => Ok(text.to_owned()),
            (value, _) => field_value(output, value.unwrap_or(&Value::None)),
        };
        let system = self.system(signature);
        let messages = turns::messages(call, &plan, &system, &wording.demo, &ask, section, answer)?;
        let mut request = Request::new(messages);
        plan.complete(call, &mut request)?;
        Ok(request)
    }
}

/// The one output of a signature, where it is text.
fn text_output(signature: &Signature) -> Option<&Field> {
    match signature.outputs() {
        [output] if output.ty.is_text() => Some(output),
        _ => None,
    }
}

/// The sentences of the [lean adapter](LeanAdapter).
///
/// ```
/// use dspex_adapters::{LeanAdapter, Wording};
/// use dspex_core::{Adapter, Record, RenderCall, Signature};
/// let mut wording = Wording::default();
/// wording.lean.system = "{instructions}".into();
/// let signature = Signature::parse("q -> a")?.with_instructions("Answer in one word.");
/// let inputs = Record::new().with("q", "1+1?");
/// let adapter = LeanAdapter::with_wording(wording);
/// let messages = adapter.render(&RenderCall::new(&signature, &inputs))?.messages;
/// assert_eq!(messages[0].text(), "Answer in one word.");
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct LeanWording {
    /// The system message: `{inputs}`, `{outputs}`, `{instructions}`.
    pub system: String,
    /// What the last turn says where no input says anything: `{field}`.
    pub ask: String,
}

impl Default for LeanWording {
    fn default() -> Self {
        Self {
            system: "You are given:\n{inputs}\nYou reply with nothing but:\n{outputs}\n\nYour task:\n{instructions}"
                .into(),
            ask: "Now write {field}.".into(),
        }
    }
}

impl Templates for LeanWording {
    fn each(&self, visit: &mut dyn FnMut(&str, &str, &[&str])) {
        visit("system", &self.system, &["inputs", "outputs", "instructions"]);
        visit("ask", &self.ask, &["field"]);
    }
}

impl Adapter for LeanAdapter {
    fn name(&self) -> &str {
        "lean"
    }

    follows_from!(over chat);

    fn render(&self, call: &RenderCall<'_>) -> Result<Request> {
        match text_output(call.signature) {
            Some(output) => self.ask(call, output),
            None => self.chat.render(call),
        }
    }

    fn withheld(&self, call: &RenderCall<'_>) -> &'static [&'static str] {
        self.chat.withheld(call)
    }

    fn parse(&self, signature: &Signature, completion: &Choice, policy: &ParsePolicy) -> Result<Parsed> {
        match text_output(signature) {
            Some(output) => parse::text(signature, output, completion, policy),
            None => self.chat.parse(signature, completion, policy),
        }
    }

    fn read(&self, call: &RenderCall<'_>, completion: &Choice, policy: &ParsePolicy) -> Result<Parsed> {
        match text_output(call.signature) {
            Some(_) => self.parse(call.signature, completion, policy),
            None => self.chat.read(call, completion, policy),
        }
    }
}
