//! The two-step adapter: a plain question to the model, whose text a second call reads.
//!
//! For models that think or write better without a form to keep. Structure and values are DSPy's; the sentences are
//! the wording's.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use dspex_core::lm::{Choice, FinishReason, Message, Request};
use dspex_core::validation::Validation;
use dspex_core::{
    Adapter, Direction, Error, ErrorKind, Extraction, Field, FieldType, ParsePolicy, ParseRule, Parsed,
    Record, RenderCall, Result, Signature, Stage,
};

use crate::chat::ChatAdapter;
use crate::common::{constructors, follows_from};
use crate::format::field_list;
use crate::wording::{Templates, Wording, fill};
use crate::{native, parse, parts, turns};

/// The input of the second call.
const TEXT: &str = "text";

/// Asks in plain words, and has a second call read the outputs from the text, by the [chat adapter](ChatAdapter).
///
/// A predictor makes the second call: by the model that the context names for it
/// ([`Context::with_extraction_lm`](dspex_core::Context::with_extraction_lm)), or by the same.
///
/// ```
/// use dspex_adapters::TwoStepAdapter;
/// use dspex_core::lm::Choice;
/// use dspex_core::{Adapter, ParsePolicy, Record, RenderCall, Signature};
/// let signature = Signature::parse("question -> answer, sure: bool")?;
/// let inputs = Record::new().with("question", "Who wrote Faust?");
/// let adapter = TwoStepAdapter::new();
/// let request = adapter.render(&RenderCall::new(&signature, &inputs))?;
/// assert_eq!(request.messages[1].text(), "question: Who wrote Faust?");
/// let reply = Choice::text("I am sure that it was Goethe.");
/// let second = adapter.extraction(&signature, &reply, &ParsePolicy::default())?.expect("a second call");
/// assert_eq!(second.signature.to_string(), "text -> answer, sure");
/// assert_eq!(second.adapter.name(), "chat");
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TwoStepAdapter {
    wording: Arc<Wording>,
}

constructors!(TwoStepAdapter, wording => Self { wording: wording.into() });

impl TwoStepAdapter {
    fn system(&self, signature: &Signature) -> String {
        let field = &self.wording.field;
        fill(
            &self.wording.two_step.system,
            &[
                ("inputs", &field_list(signature.inputs(), field)),
                ("outputs", &field_list(signature.outputs(), field)),
                ("instructions", signature.instructions()),
            ],
        )
    }

    /// The turns: what is to be done, the demonstrations, and what is asked.
    fn messages(&self, call: &RenderCall<'_>) -> Result<Vec<Message>> {
        let signature = call.signature;
        let user = |values: &Record, before: &str| {
            self.values(signature.inputs(), values, before).map(Message::user)
        };
        let answer = |demo: &Record| self.values(signature.outputs(), demo, "").map(Message::assistant);
        let mut messages = Vec::with_capacity(2 + 2 * call.demos.len());
        messages.push(Message::system(self.system(signature)));
        let demos = turns::Demos::of(signature, call.demos);
        for demo in demos.incomplete {
            messages.extend([user(demo, &fill(&self.wording.demo.incomplete, &[]))?, answer(demo)?]);
        }
        for demo in demos.complete {
            messages.extend([user(demo, "")?, answer(demo)?]);
        }
        messages.push(user(call.inputs, "")?);
        Ok(messages)
    }

    /// The values of the fields that are there, one after the other.
    fn values(&self, fields: &[Field], values: &Record, before: &str) -> Result<String> {
        let wording = &self.wording.two_step;
        let mut parts: Vec<String> = (!before.is_empty()).then(|| before.to_owned()).into_iter().collect();
        for field in fields {
            let Some(value) = values.get(&field.name) else { continue };
            let text = match value.to_python_str() {
                // What the model said is text, also where Python has none for it: images and the like.
                Err(_) if field.direction == Direction::Output => value.to_json_text(),
                text => text,
            };
            let text = text.map_err(|e| {
                let kind = format!("values of kind {}", e.kind);
                Error::new(ErrorKind::Unsupported {
                    field: Some(field.name.clone()),
                    kind,
                    stage: Stage::Render,
                })
            })?;
            parts.push(fill(&wording.value, &[("name", &field.name), ("value", &text)]));
        }
        Ok(parse::strip(&parts.join("\n\n")).to_owned())
    }

    /// What the second call is asked: from the text to the outputs.
    fn second(&self, signature: &Signature) -> Result<Signature> {
        let wording = &self.wording.two_step;
        let outputs = signature.outputs();
        let names: Vec<String> = outputs.iter().map(|f| fill(&wording.field, &[("name", &f.name)])).collect();
        let mut fields = vec![Field::input(text_name(signature), FieldType::Str)];
        fields.extend(outputs.iter().cloned());
        let instructions =
            fill(&wording.extraction, &[("fields", &names.join(&fill(&wording.between_fields, &[])))]);
        let second = Signature::new(fields)?.with_instructions(instructions);
        match signature.validation() {
            Some(rules) => Ok(second.with_validation(rules.clone())?),
            None => Ok(second),
        }
    }
}

/// A name for the text that no output has; DSPy loses the text where an output has its name.
fn text_name(signature: &Signature) -> String {
    let computed = signature.validation().map(Validation::computed_fields).unwrap_or_default();
    let mut name = TEXT.to_owned();
    while signature.outputs().iter().any(|f| f.name == name) || computed.iter().any(|c| c.name == name) {
        name.insert_str(0, "source_");
    }
    name
}

/// The sentences of the [two-step adapter](TwoStepAdapter).
///
/// ```
/// use dspex_adapters::{TwoStepAdapter, Wording};
/// use dspex_core::{Adapter, Record, RenderCall, Signature};
/// let mut wording = Wording::default();
/// wording.two_step.value = "<{name}> {value}".into();
/// let (signature, inputs) = (Signature::parse("q -> a")?, Record::new().with("q", "1+1?"));
/// let adapter = TwoStepAdapter::with_wording(wording);
/// assert_eq!(adapter.render(&RenderCall::new(&signature, &inputs))?.messages[1].text(), "<q> 1+1?");
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TwoStepWording {
    /// The system message: `{inputs}`, `{outputs}`, `{instructions}`.
    pub system: String,
    /// A value, in questions and in demonstrations: `{name}`, `{value}`.
    pub value: String,
    /// The instructions of the second call: `{fields}`, its outputs.
    pub extraction: String,
    /// An output in those instructions: `{name}`.
    pub field: String,
    /// What stands between outputs there.
    pub between_fields: String,
}

impl Default for TwoStepWording {
    fn default() -> Self {
        Self {
            system: "You are given:\n{inputs}\nYour answer must say:\n{outputs}\n\
                     Write in any form; be complete, as another reader takes these values from your text.\n\n\
                     Your task:\n{instructions}"
                .into(),
            value: "{name}: {value}".into(),
            extraction: "Take {fields} from the text, as the text says them. Add nothing of your own.".into(),
            field: "`{name}`".into(),
            between_fields: ", ".into(),
        }
    }
}

impl Templates for TwoStepWording {
    fn each(&self, visit: &mut dyn FnMut(&str, &str, &[&str])) {
        visit("system", &self.system, &["inputs", "outputs", "instructions"]);
        visit("value", &self.value, &["name", "value"]);
        visit("extraction", &self.extraction, &["fields"]);
        visit("field", &self.field, &["name"]);
        visit("between_fields", &self.between_fields, &[]);
    }
}

impl Adapter for TwoStepAdapter {
    fn name(&self) -> &str {
        "two_step"
    }

    follows_from!(wording);

    fn render(&self, call: &RenderCall<'_>) -> Result<Request> {
        // DSPy leaves images in this adapter's turns as text.
        if call.compat {
            return self.messages(call).map(Request::new);
        }
        parts::placed(call, None, |call| self.messages(call)).map(Request::new)
    }

    fn withheld(&self, call: &RenderCall<'_>) -> &'static [&'static str] {
        native::withheld(call, false)
    }

    /// An error: a text without a form is read by a model only.
    fn parse(&self, _: &Signature, _: &Choice, _: &ParsePolicy) -> Result<Parsed> {
        let message = "expected a second call that reads the text, as the adapter `two_step` has its replies read \
                       by a model; found the text alone";
        Err(Error::configuration(message)
            .with_hint("run the program; a reply of the second call is read by the adapter `chat`"))
    }

    fn extraction(
        &self,
        signature: &Signature,
        completion: &Choice,
        policy: &ParsePolicy,
    ) -> Result<Option<Extraction>> {
        let text = completion.content();
        // DSPy has blanks read as well.
        if text.is_empty() || (text.trim().is_empty() && !policy.is_compat()) {
            return Err(parse::empty_reply(signature));
        }
        if completion.finish == FinishReason::Length && policy.applies(ParseRule::Truncated) {
            let field = signature.outputs().last().map(|f| f.name.clone()).unwrap_or_default();
            return Err(Error::new(ErrorKind::Truncated { field }).with_hint("raise `max_tokens`"));
        }
        let second = self.second(signature)?;
        let name = second.inputs().first().map_or(TEXT, |f| f.name.as_str());
        let inputs = Record::new().with(name, text);
        let adapter = Arc::new(ChatAdapter::with_wording(Arc::clone(&self.wording)));
        Ok(Some(Extraction::new(second, inputs, adapter)))
    }
}
