//! The JSON adapter: inputs in sections under markers, the answer as one JSON object.
//!
//! Structure and values are DSPy's; the sentences are the wording's.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use dspex_core::lm::{Choice, Request, ResponseFormat};
use dspex_core::value::Dict;
use dspex_core::{
    Adapter, Error, ErrorKind, ParsePolicy, Parsed, Record, RenderCall, Result, Signature, Stage, Value,
};

use crate::format::{field_list, hint};
use crate::parse;
use crate::schema;
use crate::turns;
use crate::two_step::TwoStepAdapter;
use crate::wording::{ReminderWording, Wording, fill};

/// The name under which a provider gets the schema of the outputs.
const SCHEMA: &str = "outputs";

/// Writes inputs as sections under markers and asks for one JSON object.
///
/// A model that declares so is held to the form: to a schema of the outputs, or else to JSON.
///
/// ```
/// use dspex_adapters::JsonAdapter;
/// use dspex_core::lm::Choice;
/// use dspex_core::{Adapter, ParsePolicy, Record, RenderCall, Signature};
/// let signature = Signature::parse("question -> answer, sure: bool")?;
/// let inputs = Record::new().with("question", "Who wrote Faust?");
/// let request = JsonAdapter::new().render(&RenderCall::new(&signature, &inputs))?;
/// assert_eq!(
///     request.messages[1].text(),
///     "[[ ## question ## ]]\nWho wrote Faust?\n\nNow write one JSON object with `answer`, `sure`."
/// );
/// let reply = Choice::text(r#"{"answer": "Goethe", "sure": true}"#);
/// let parsed = JsonAdapter::new().parse(&signature, &reply, &ParsePolicy::default())?;
/// assert_eq!(parsed.fields, Record::new().with("answer", "Goethe").with("sure", true));
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct JsonAdapter {
    wording: Arc<Wording>,
}

impl JsonAdapter {
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
        Self { wording }
    }

    fn system(&self, signature: &Signature) -> Result<String> {
        let (field, w) = (&self.wording.field, &self.wording.json);
        let sections: String = signature.inputs().iter().map(|f| turns::place(f, "")).collect();
        let form = match sections.trim_end() {
            "" => String::new(),
            sections => fill(&w.form, &[("sections", sections)]),
        };
        let places = signature
            .outputs()
            .iter()
            .map(|f| (f.name.as_str().into(), format!("{{{}}}{}", f.name, hint(f, field)).into()));
        Ok(fill(
            &w.system,
            &[
                ("inputs", &field_list(signature.inputs(), field)?),
                ("outputs", &field_list(signature.outputs(), field)?),
                ("form", &form),
                ("object", &lines(places.collect())?),
                ("instructions", &turns::instructions(signature, &self.wording)),
            ],
        ))
    }

    /// The model's turn of a demonstration: every output.
    fn assistant(&self, signature: &Signature, demo: &Record) -> Result<String> {
        let missing = || self.wording.demo.missing_output.as_str().into();
        let member = |name: &str| (name.into(), demo.get(name).cloned().unwrap_or_else(missing));
        lines(signature.outputs().iter().map(|f| member(&f.name)).collect())
    }

    fn reminder(&self, signature: &Signature) -> String {
        turns::reminder(signature, &self.wording.json.reminder, str::to_owned, "")
    }
}

/// The sentences of the [JSON adapter](JsonAdapter).
///
/// ```
/// use dspex_adapters::{JsonAdapter, Wording};
/// use dspex_core::{Adapter, Record, RenderCall, Signature};
/// let mut wording = Wording::default();
/// wording.json.system = "{instructions}\n\nAnswer like this:\n{object}".into();
/// let (signature, inputs) = (Signature::parse("q -> a")?, Record::new().with("q", "1+1?"));
/// let adapter = JsonAdapter::with_wording(wording);
/// let system = adapter.render(&RenderCall::new(&signature, &inputs))?.messages[0].text();
/// assert!(system.ends_with("Answer like this:\n{\n  \"a\": \"{a}\"\n}"), "{system}");
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JsonWording {
    /// The system message: `{inputs}`, `{outputs}`, `{form}` (see below), `{object}`, `{instructions}`.
    pub system: String,
    /// What stands for `{form}` where there are inputs: `{sections}`.
    pub form: String,
    /// What the last turn asks for; a field is its name.
    pub reminder: ReminderWording,
}

impl Default for JsonWording {
    fn default() -> Self {
        Self {
            system: "You are given:\n{inputs}\nYou write:\n{outputs}\n\
                     {form}You write one JSON object, like this:\n\n{object}\n\nYour task:\n{instructions}"
                .into(),
            form: "Each value you are given stands under its marker, like this:\n\n{sections}\n\n".into(),
            reminder: ReminderWording {
                first: "Now write one JSON object with {field}".into(),
                next: ", {field}".into(),
                of_type: String::new(),
                last: ".".into(),
            },
        }
    }
}

impl Adapter for JsonAdapter {
    fn name(&self) -> &str {
        "json"
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
            turns::marked,
            |demo| self.assistant(signature, demo),
        )?;
        let mut request = Request::new(messages);
        request.response_format = response_format(call);
        Ok(request)
    }

    fn parse(&self, signature: &Signature, completion: &Choice, policy: &ParsePolicy) -> Result<Parsed> {
        parse::object(signature, completion, policy)
    }

    fn extractor(&self) -> Option<Arc<dyn Adapter>> {
        Some(Arc::new(TwoStepAdapter::of(Arc::clone(&self.wording))))
    }

    fn complaint(&self, error: &Error) -> String {
        self.wording.complaint(error)
    }
}

/// A JSON object with each thing on a line of its own.
fn lines(members: Dict) -> Result<String> {
    Value::Dict(members).to_json_lines().map_err(|e| {
        let kind = format!("values of kind {}", e.kind);
        Error::new(ErrorKind::Unsupported { field: None, kind, stage: Stage::Render })
    })
}

/// The form to which a model that can do so is held.
fn response_format(call: &RenderCall<'_>) -> Option<ResponseFormat> {
    let can = &call.capabilities;
    let (name, schema) = if call.compat {
        (schema::DSPY_OUTPUTS, schema::dspy(call.signature))
    } else {
        (SCHEMA, schema::strict(call.signature))
    };
    match schema {
        Some(schema) if can.json_schema => {
            Some(ResponseFormat::JsonSchema { name: name.into(), schema, strict: true })
        }
        _ => (can.json_schema || can.json_object).then_some(ResponseFormat::JsonObject),
    }
}
