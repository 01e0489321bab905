//! The JSON adapter: inputs in sections under markers, the answer as one JSON object.
//!
//! Structure and values are DSPy's; the sentences are the wording's.

use std::fmt::Write as _;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use dspex_core::lm::{Choice, Request, ResponseFormat};
use dspex_core::value::Dict;
use dspex_core::{
    Adapter, Error, ErrorKind, Field, ParsePolicy, Parsed, Record, RenderCall, Result, Signature, Stage,
    Value,
};

use crate::common::{constructors, follows_from};
use crate::format::{field_list, hint};
use crate::native::{self, Native, Plan};
use crate::parse;
use crate::schema;
use crate::turns;
use crate::wording::{ReminderWording, Templates, Wording, fill};

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
    native: Native,
    asked_by_chat: bool,
    schema_required: bool,
}

constructors!(
    JsonAdapter,
    wording => Self { wording: wording.into(), ..Self::default() },
    native: self, native => Self { native, ..self }
);

impl JsonAdapter {
    /// The adapter as DSPy's chat adapter makes it, which calls tools natively only where it does so itself.
    pub(crate) fn asked_by_chat(mut self) -> Self {
        self.asked_by_chat = true;
        self
    }

    /// The wording.
    pub(crate) fn sentences(&self) -> &Wording {
        &self.wording
    }

    fn plan<'a>(&self, call: &RenderCall<'a>) -> Plan<'a> {
        Plan::new(call, &self.native, !self.asked_by_chat)
    }

    /// The adapter that asks only models that follow a schema, and only for what their dialect can say; anything else
    /// is an error before anything is sent. Otherwise such outputs are asked for as any JSON object.
    ///
    /// ```
    /// use dspex_adapters::JsonAdapter;
    /// use dspex_core::lm::Capabilities;
    /// use dspex_core::{Adapter, Record, RenderCall, Signature};
    /// let signature = Signature::parse("text -> counts: dict[str, int]")?;
    /// let inputs = Record::new().with("text", "one fish, two fish");
    /// let mut can = Capabilities::default();
    /// can.json_schema = true;
    /// let call = RenderCall::new(&signature, &inputs).capabilities(can);
    /// let e = JsonAdapter::new().with_schema_required().render(&call).unwrap_err();
    /// assert_eq!(e.code(), "unsupported_schema");
    /// assert!(e.to_string().ends_with("found a mapping with free keys at `/properties/counts`"));
    /// assert!(JsonAdapter::new().render(&call).is_ok());
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_schema_required(mut self) -> Self {
        self.schema_required = true;
        self
    }

    fn system(&self, signature: &Signature) -> Result<String> {
        let w = &self.wording.json;
        let sections = turns::places(signature.inputs(), |_| String::new());
        let form = match sections.as_str() {
            "" => String::new(),
            sections => fill(&w.form, &[("sections", sections)]),
        };
        let place = |f: &Field| format!("{{{}}}{}", f.name, hint(f, &self.wording.field));
        let places = signature.outputs().iter().map(|f| (f.name.as_str().into(), place(f).into()));
        Ok(fill(
            &w.system,
            &[
                ("inputs", &field_list(signature.inputs(), &self.wording.field)),
                ("outputs", &field_list(signature.outputs(), &self.wording.field)),
                ("form", &form),
                ("input_sections", &sections),
                ("object", &lines(places.collect(), &self.wording)?),
                ("instructions", &turns::instructions(signature, &self.wording)),
            ],
        ))
    }

    /// The request of a call whose prompt has this form.
    pub(crate) fn ask(&self, call: &RenderCall<'_>, form: &Form<'_>) -> Result<Request> {
        let plan = self.plan(call);
        let signature = plan.signature.as_ref();
        let native = signature.outputs().is_empty() && !(call.compat || self.wording.is_foreign());
        let (system, reminder) = if native {
            (turns::native_system(signature, &self.wording), self.wording.native.reminder.clone())
        } else {
            ((form.system)(signature)?, turns::reminder(signature, form.reminder, str::to_owned, ""))
        };
        let answer = |signature: &Signature, outputs: &Record, missing: Option<&str>| {
            assistant(signature, outputs, missing, &self.wording)
        };
        let messages =
            turns::messages(call, &plan, &system, &self.wording.demo, &reminder, form.section, answer)?;
        let mut request = Request::new(messages);
        let calls_tools = self.native.calls_tools(call, !self.asked_by_chat);
        request.response_format = response_format(call, signature, calls_tools, self.schema_required)?;
        plan.complete(call, &mut request)?;
        Ok(request)
    }
}

/// What adapters that ask for a JSON object write each in its own way.
pub(crate) struct Form<'a> {
    /// The system message.
    pub(crate) system: &'a dyn Fn(&Signature) -> Result<String>,
    /// What the last turn asks for.
    pub(crate) reminder: &'a ReminderWording,
    /// One input.
    pub(crate) section: &'a dyn Fn(&Field, &Value) -> Result<String>,
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
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct JsonWording {
    /// The system message: `{inputs}`, `{outputs}`, `{form}` (see below), `{object}`, `{instructions}`; or instead of
    /// the form `{input_sections}`, which may be empty.
    pub system: String,
    /// Whether objects have an escape for each character that is not of ASCII.
    pub ascii: bool,
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
            ascii: false,
            form: "Each value you are given stands under its marker, like this:\n\n{sections}\n\n".into(),
            reminder: ReminderWording {
                first: "Now write one JSON object with {field}".into(),
                next: ", {field}".into(),
                none: "Now write an empty JSON object".into(),
                of_type: String::new(),
                of_reasoning: String::new(),
                of_tool_calls: String::new(),
                last: ".".into(),
            },
        }
    }
}

impl Templates for JsonWording {
    fn each(&self, visit: &mut dyn FnMut(&str, &str, &[&str])) {
        let keys = ["inputs", "outputs", "form", "input_sections", "object", "instructions"];
        visit("system", &self.system, &keys);
        visit("form", &self.form, &["sections"]);
        self.reminder.each(&mut |name, text, keys| visit(&format!("reminder.{name}"), text, keys));
    }
}

impl Adapter for JsonAdapter {
    fn name(&self) -> &str {
        "json"
    }

    follows_from!(wording, extractor, plan);

    fn render(&self, call: &RenderCall<'_>) -> Result<Request> {
        let form = Form {
            system: &|signature| self.system(signature),
            reminder: &self.wording.json.reminder,
            section: &turns::marked,
        };
        self.ask(call, &form)
    }

    fn withheld(&self, call: &RenderCall<'_>) -> &'static [&'static str] {
        native::withheld(call, self.native.calls_tools(call, !self.asked_by_chat))
    }

    fn parse(&self, signature: &Signature, completion: &Choice, policy: &ParsePolicy) -> Result<Parsed> {
        parse::object(signature, completion, policy)
    }
}

/// The model's turn: every output.
fn assistant(
    signature: &Signature,
    outputs: &Record,
    missing: Option<&str>,
    wording: &Wording,
) -> Result<String> {
    let member = |name: &str| {
        (name.into(), outputs.get(name).cloned().unwrap_or_else(|| missing.map(Value::from).into()))
    };
    lines(signature.outputs().iter().map(|f| member(&f.name)).collect(), wording)
}

/// A JSON object with each thing on a line of its own.
fn lines(members: Dict, wording: &Wording) -> Result<String> {
    let object = Value::Dict(members).to_json_lines().map_err(|e| {
        let kind = format!("values of kind {}", e.kind);
        Error::new(ErrorKind::Unsupported { field: None, kind, stage: Stage::Render })
    })?;
    let object = if wording.is_foreign() { object } else { parse::spell_controls(object) };
    Ok(if wording.json.ascii { ascii(&object) } else { object })
}

/// JSON with an escape for each character that is not of ASCII.
fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

/// The form to which a model that can do so is held; `asked` is what it is asked for in text.
fn response_format(
    call: &RenderCall<'_>,
    asked: &Signature,
    calls_tools: bool,
    schema_required: bool,
) -> Result<Option<ResponseFormat>> {
    let can = &call.capabilities;
    if !call.compat && asked.outputs().is_empty() {
        return Ok(None);
    }
    // To make a schema takes as long as to write the prompt.
    let (name, schema) = if !(can.json_schema || schema_required) {
        (SCHEMA, None)
    } else if call.compat {
        (schema::DSPY_OUTPUTS, schema::dspy(call.signature, calls_tools))
    } else {
        match schema::output_schema(asked, can.dialect) {
            Err(e) if schema_required => return Err(e.into()),
            schema => (SCHEMA, schema.ok()),
        }
    };
    match schema {
        Some(schema) if can.json_schema => {
            Ok(Some(ResponseFormat::JsonSchema { name: name.into(), schema, strict: true }))
        }
        _ if schema_required => {
            let message = "expected a model that follows a JSON Schema, found one that does not";
            Err(Error::configuration(message).with_hint("name another model, or do without a schema"))
        }
        _ => Ok((can.json_schema || can.json_object).then_some(ResponseFormat::JsonObject)),
    }
}
