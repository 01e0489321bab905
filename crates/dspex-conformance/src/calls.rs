//! Whole calls: what a model is sent and what becomes of its scripted answers, against DSPy's `Adapter.__call__`.
//!
//! A call goes through a predictor, as any call does. Where DSPy does by design what we do not, the case has not passed,
//! and the rule by which we differ is named.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use dspex_adapters::{ChatAdapter, JsonAdapter, Native, Wording, XmlAdapter, by_name_with};
use dspex_core::lm::{
    Capabilities, Choice, Event, LmError, LmErrorKind, Message, Options, Part, Reply, ReplyBuilder, Request,
    ToolChoice, ToolSpec,
};
use dspex_core::{
    Adapter, Context, Direction, Extraction, Fallback, FieldType, Module as _, ParsePolicy, ParseRule,
    Parsed, Prediction, Record, RenderCall, RuleEffect, Signature, Special,
};
use dspex_modules::Predict;
use dspex_testkit::{ScriptedLm, block_on};
use serde_json::{Value as Json, json};

use crate::checker::{self, Expected, Form};
use crate::corpus::{Corpus, fields_json};
use crate::differences::effect_name;
use crate::outcome::{Outcome, failed, list, member, same, text};
use crate::parse::is_class;
use crate::render::same_messages;

/// A difference from DSPy that is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meant {
    pub(crate) rule: &'static str,
    pub(crate) effect: &'static str,
    words: &'static str,
}

/// DSPy's other adapters ask a second time, with its JSON adapter, where they cannot read the answer.
const JSON_FALLBACK: Meant = Meant {
    rule: "json_fallback",
    effect: "refuses",
    words: "DSPy asks again as JSON; here that is to be asked for",
};

/// DSPy drops options about tools where its adapter does not call tools natively.
const OPTIONS_AS_GIVEN: Meant = Meant {
    rule: "options_as_given",
    effect: "corrects",
    words: "DSPy drops options about tools; here every option that was given is sent",
};

/// DSPy holds a model to a schema in which mappings inside structs have no keys.
const OPEN_MAPPING: Meant = Meant {
    rule: "open_mapping",
    effect: "corrects",
    words: "DSPy's schema leaves mappings empty; here any JSON object is asked for",
};

/// DSPy holds a model to an object around code, where its demonstrations show text.
const CODE_AS_TEXT: Meant = Meant {
    rule: "code_as_text",
    effect: "corrects",
    words: "DSPy's schema wants an object around code; here code is text, as demonstrations show it",
};

/// DSPy holds a model to one schema for all providers, which says nothing of bounds.
const PROVIDER_SCHEMA: Meant = Meant {
    rule: "provider_schema",
    effect: "corrects",
    words: "DSPy's schema leaves out bounds and asks for every field; here it has both, as the provider takes them",
};

/// Runs a case.
pub(crate) fn run(corpus: &Corpus, case: &Json) -> Outcome {
    compare(corpus, case)
}

/// The rules by which a case differs: in what DSPy does, or in what the default does.
pub(crate) fn differences(corpus: &Corpus, case: &Json) -> Result<Vec<Option<Meant>>, String> {
    compare(corpus, case)?;
    let mut found: Vec<Option<Meant>> = Vec::new();
    let [dspy, ours] = [Mode::AsDspy, Mode::Default].map(|mode| make(corpus, case, mode, None));
    let (dspy, ours) = (dspy?, ours?);
    let format = |made: &Made| made.requests.first().map(|r| response_format(r.response_format.as_ref()));
    let (compat, sent) = (format(&dspy), format(&ours));
    if compat.as_ref().map(content) != sent.as_ref().map(content) {
        let any = Some(json!({"type": "json_object"}));
        let signature = corpus.signature(case)?;
        let code = signature.outputs().iter().any(|f| matches!(f.ty, FieldType::Special(Special::Code(_))));
        let meant = (sent == any).then_some(OPEN_MAPPING);
        let names = |format: &Option<Json>| outputs_of(format.as_ref()?);
        let same_outputs = names(&sent).is_some() && names(&sent) == names(&compat);
        found.push(meant.or(code.then_some(CODE_AS_TEXT)).or(same_outputs.then_some(PROVIDER_SCHEMA)));
    }
    let given = |made: &Made| made.requests.first().map(|r| r.options.extra.keys().cloned().collect());
    let (withheld, sent): (Option<Vec<String>>, Option<Vec<String>>) = (given(&dspy), given(&ours));
    if sent.into_iter().flatten().any(|key| !withheld.iter().flatten().any(|k| *k == key)) {
        found.push(Some(OPTIONS_AS_GIVEN));
    }
    if dspy.requests.len() != ours.requests.len() || values(&dspy) != values(&ours) {
        let refused = refusal(corpus, case, &dspy, &ours)?;
        found.extend(refused.map_or_else(|| why(&dspy, &ours), |meant| vec![Some(meant)]));
    }
    Ok(found)
}

/// The rule by which the default has an error where DSPy has values: without it, the values are the same.
fn refusal(corpus: &Corpus, case: &Json, dspy: &Made, ours: &Made) -> Result<Option<Meant>, String> {
    if ours.result.is_ok() || dspy.requests.len() != ours.requests.len() {
        return Ok(None);
    }
    for rule in ParseRule::ALL.iter().filter(|r| r.effect() == RuleEffect::Refuses) {
        if values(&make(corpus, case, Mode::Without(*rule), None)?) == values(dspy) {
            let effect = effect_name(rule.effect());
            return Ok(Some(Meant { rule: rule.id(), effect, words: "the default refuses it" }));
        }
    }
    Ok(None)
}

fn values(made: &Made) -> Option<Vec<&Record>> {
    made.result.as_ref().ok().map(|p| p.completions().collect())
}

/// The rules by which the default comes to another result, or to it by other calls.
fn why(dspy: &Made, ours: &Made) -> Vec<Option<Meant>> {
    let fewer = ours.requests.len() < dspy.requests.len();
    match &ours.result {
        Err(e) if fewer && e.is_unread_reply() => vec![Some(JSON_FALLBACK)],
        Ok(prediction) => {
            let rules = prediction.notes().iter().map(|n| n.rule);
            let told = rules.filter(|r| r.effect() != RuleEffect::Notes);
            let meant: Vec<_> = told
                .map(|rule| {
                    let effect = effect_name(rule.effect());
                    Some(Meant { rule: rule.id(), effect, words: "the default reads it otherwise" })
                })
                .collect();
            if meant.is_empty() { vec![None] } else { meant }
        }
        Err(_) => vec![None],
    }
}

/// How a call is made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// With everything switched on that makes it DSPy's.
    AsDspy,
    /// As a call is made where nobody says otherwise.
    Default,
    /// The same without a rule of reading.
    Without(ParseRule),
}

/// What a call came to.
struct Made {
    requests: Vec<Request>,
    /// Those of the model that reads the text of the first call.
    extraction: Vec<Request>,
    choices: Vec<Choice>,
    result: dspex_core::Result<Prediction<Record>>,
}

fn compare(corpus: &Corpus, case: &Json) -> Outcome {
    let made = make(corpus, case, Mode::AsDspy, None)?;
    if made.requests.is_empty()
        && let Err(e) = &made.result
    {
        return Err(failed(e));
    }
    let wanted = list(case, "lm_calls")?;
    for (i, (want, got)) in wanted.iter().zip(&made.requests).enumerate() {
        let expected = Expected {
            corpus,
            // What DSPy asks again, it asks as JSON.
            form: if i == 0 { form(case)? } else { Form::Json },
            signature: &shown(corpus.signature_json(case)?, list(want, "messages")?)?,
            demos: list(case, "demos")?,
            messages: list(want, "messages")?,
            worded_instructions: false,
        };
        same_call(&expected, want, got).map_err(|why| format!("call {i}: {why}"))?;
    }
    same("the number of calls", &made.requests.len(), &wanted.len())?;
    same_extraction(corpus, case, &made.extraction)?;
    same_result(corpus, case, made)
}

/// Whether the messages of every call that is made are DSPy's to the byte, with DSPy's wording. A call that only DSPy
/// makes is a difference of another kind, which [`run`] finds.
pub(crate) fn same_bytes(corpus: &Corpus, case: &Json, wording: Option<&Wording>) -> Outcome {
    let made = make(corpus, case, Mode::AsDspy, wording)?;
    if made.requests.is_empty()
        && let Err(e) = &made.result
    {
        return Err(failed(e));
    }
    for (key, found) in [("lm_calls", &made.requests), ("extraction_lm_calls", &made.extraction)] {
        let wanted = case.get(key).and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
        for (i, (want, got)) in wanted.iter().zip(found).enumerate() {
            let messages: Vec<Json> = got.messages.iter().map(Message::to_json).collect();
            same_messages(list(want, "messages")?, &messages).map_err(|why| format!("{key} {i}: {why}"))?;
        }
    }
    Ok(())
}

/// Compares the messages of a call by their structure, and its options.
fn same_call(expected: &Expected<'_>, want: &Json, got: &Request) -> Outcome {
    let messages: Vec<Json> = got.messages.iter().map(Message::to_json).collect();
    checker::check(expected, &messages, Some(&Wording::default().demo.missing_output))?;
    same_options(want, got)
}

/// Compares the calls of the model that reads texts.
fn same_extraction(corpus: &Corpus, case: &Json, made: &[Request]) -> Outcome {
    let Some(wanted) = case.get("extraction_lm_calls").and_then(Json::as_array) else {
        return same("the number of second calls", &made.len(), &0);
    };
    same("the number of second calls", &made.len(), &wanted.len())?;
    let text = json!({"name": "text", "direction": "input", "type": {"kind": "str"}, "annotation_name": "str",
        "desc": "${text}", "desc_is_default": true});
    let mut signature = corpus.signature_json(case)?.clone();
    let fields = fields_json(&signature, Direction::Output)?.into_iter().cloned();
    signature["fields"] = std::iter::once(text).chain(fields).collect();
    for (i, (want, got)) in wanted.iter().zip(made).enumerate() {
        let expected = Expected {
            corpus,
            form: Form::Chat,
            signature: &signature,
            demos: &[],
            messages: list(want, "messages")?,
            worded_instructions: true,
        };
        same_call(&expected, want, got).map_err(|why| format!("second call {i}: {why}"))?;
    }
    Ok(())
}

/// The signature without the fields that DSPy leaves to the model's own features: those that its system message does
/// not list.
fn shown(signature: &Json, messages: &[Json]) -> Result<Json, String> {
    let system = messages.first().and_then(|m| m["content"].as_str()).unwrap_or_default();
    let is_listed = |field: &Json| {
        let head = format!(". `{}` (", field["name"].as_str().unwrap_or_default());
        system.lines().any(|line| line.split_once(&head).is_some_and(|(n, _)| n.parse::<usize>().is_ok()))
    };
    let mut signature = signature.clone();
    let fields = list(&signature, "fields")?.iter().filter(|f| is_listed(f)).cloned().collect();
    signature["fields"] = Json::Array(fields);
    Ok(signature)
}

/// Makes the call of a case. The outer error is a case that cannot be run.
fn make(corpus: &Corpus, case: &Json, mode: Mode, wording: Option<&Wording>) -> Result<Made, String> {
    let signature = corpus.signature(case)?;
    let options = options(member(case, "lm_kwargs")?)?;
    let capabilities = capabilities(case)?;
    let given = Arc::new(Mutex::new(Vec::new()));
    let lm = scripted(list(case, "lm_outputs")?, Arc::clone(&given))?.with_capabilities(capabilities);
    let reader = ScriptedLm::always(said_again(corpus, case, &signature)?);
    let inner = of_case(case, wording)?;
    let mut ctx = Context::new(lm.clone()).with_shared_adapter(inner).with_extraction_lm(reader.clone());
    if mode == Mode::AsDspy {
        let inner = Arc::clone(ctx.adapter().ok_or("no adapter")?);
        ctx = ctx.with_adapter(AsDspy(inner)).with_policy(ParsePolicy::compat());
        // Where nothing is said of it, the chat adapter inside asks again.
        if case.pointer("/adapter_options/use_json_adapter_fallback") != Some(&Json::Bool(false)) {
            ctx = ctx.with_fallbacks([Fallback::AskAsJson]);
        }
    }
    if let Mode::Without(rule) = mode {
        ctx = ctx.with_policy(ParsePolicy::default().without(rule));
    }
    let predict = Predict::from_signature(signature)
        .with_demos(corpus.demos(case)?)
        .map_err(|e| failed(&e))?
        .with_options(options);
    let inputs = corpus.record(member(case, "inputs")?)?;
    let result = block_on(predict.call(&ctx, inputs));
    let choices = given.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(Made { requests: lm.requests(), extraction: reader.requests(), choices, result })
}

/// What the model that reads texts says. A corpus does not keep it; it must have said the values.
fn said_again(corpus: &Corpus, case: &Json, signature: &Signature) -> Result<String, String> {
    let result = case.pointer("/result/0").and_then(Json::as_object);
    let Some(result) = result.filter(|_| case.get("extraction_lm_calls").is_some()) else {
        return Ok(String::new());
    };
    let mut out = String::new();
    for field in signature.outputs() {
        if let Some(value) = result.get(&field.name).and_then(|v| corpus.value(v).ok()) {
            let text = value.to_text().or_else(|_| value.to_json_text()).map_err(|e| e.to_string())?;
            let _ = write!(out, "[[ ## {} ## ]]\n{text}\n\n", field.name);
        }
    }
    Ok(out)
}

/// An adapter that renders as DSPy does; no predictor asks for that.
struct AsDspy(Arc<dyn Adapter>);

impl Adapter for AsDspy {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn render(&self, call: &RenderCall<'_>) -> dspex_core::Result<Request> {
        self.0.render(&call.clone().compat())
    }

    fn withheld(&self, call: &RenderCall<'_>) -> &'static [&'static str] {
        self.0.withheld(&call.clone().compat())
    }

    fn parse(
        &self,
        signature: &Signature,
        completion: &Choice,
        policy: &ParsePolicy,
    ) -> dspex_core::Result<Parsed> {
        self.0.parse(signature, completion, policy)
    }

    fn extraction(
        &self,
        signature: &Signature,
        completion: &Choice,
        policy: &ParsePolicy,
    ) -> dspex_core::Result<Option<Extraction>> {
        let second = self.0.extraction(signature, completion, policy)?;
        Ok(second.map(|s| Extraction::new(s.signature, s.inputs, Arc::new(Self(s.adapter)))))
    }

    fn as_json(&self) -> Option<Arc<dyn Adapter>> {
        Some(Arc::new(Self(self.0.as_json()?)))
    }

    fn read(
        &self,
        call: &RenderCall<'_>,
        completion: &Choice,
        policy: &ParsePolicy,
    ) -> dspex_core::Result<Parsed> {
        self.0.read(&call.clone().compat(), completion, policy)
    }
}

/// The adapter of a case with its options.
fn of_case(case: &Json, wording: Option<&Wording>) -> Result<Arc<dyn Adapter>, String> {
    let options = member(case, "adapter_options")?;
    let mut native = Native::default();
    native.function_calling = options["use_native_function_calling"].as_bool();
    native.parallel_tool_calls = options["parallel_tool_calls"].as_bool();
    let wording = wording.cloned().unwrap_or_default();
    Ok(match adapter(case)? {
        "chat" => Arc::new(ChatAdapter::with_wording(wording).with_native(native)),
        "json" => Arc::new(JsonAdapter::with_wording(wording).with_native(native)),
        "xml" => Arc::new(XmlAdapter::with_wording(wording).with_native(native)),
        other => {
            by_name_with(other, wording).map_err(|_| format!("not supported yet: the adapter {other}"))?
        }
    })
}

/// The adapter's name here.
fn adapter(case: &Json) -> Result<&str, String> {
    Ok(match text(case, "adapter")? {
        "ChatAdapter" => "chat",
        "JSONAdapter" => "json",
        "XMLAdapter" => "xml",
        "BAMLAdapter" => "baml",
        "TwoStepAdapter" => "two_step",
        other => other,
    })
}

fn form(case: &Json) -> Result<Form, String> {
    Form::of(adapter(case)?)
}

/// What the model of a case declares.
fn capabilities(case: &Json) -> Result<Capabilities, String> {
    let declared = member(case, "capabilities")?;
    let yes = |key: &str| declared[key].as_bool().unwrap_or(false);
    let takes = |name: &str| list(declared, "params").is_ok_and(|all| all.iter().any(|p| p == name));
    let mut can = Capabilities::default();
    can.tools = yes("fc");
    can.reasoning = yes("reasoning");
    can.json_object = takes("response_format");
    can.json_schema = can.json_object && yes("schema");
    Ok(can)
}

/// Options by DSPy's names.
fn options(kwargs: &Json) -> Result<Options, String> {
    let kwargs = kwargs.as_object().ok_or("malformed row: expected an object of options")?;
    let mut options = Options::new();
    for (name, value) in kwargs {
        let number = value.as_f64();
        match name.as_str() {
            "n" => options.n = value.as_u64().and_then(|n| n.try_into().ok()),
            "temperature" => options.temperature = number,
            "top_p" => options.top_p = number,
            "max_tokens" => options.max_tokens = value.as_u64(),
            "seed" => options.seed = value.as_u64(),
            _ => {
                options.extra.insert(name.clone(), value.clone());
            }
        }
    }
    Ok(options)
}

/// A model that gives the outputs of a case, one for each call, and keeps what it gave.
fn scripted(outputs: &[Json], given: Arc<Mutex<Vec<Choice>>>) -> Result<ScriptedLm, String> {
    let replies = outputs.iter().map(|output| match output {
        Json::Array(several) => several.iter().map(choice).collect(),
        one => choice(one).map(|c| vec![c]),
    });
    let replies = Mutex::new(replies.collect::<Result<VecDeque<Vec<Choice>>, String>>()?);
    Ok(ScriptedLm::from_fn(move |_| {
        let next = replies.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let choices =
            next.ok_or_else(|| LmError::new(LmErrorKind::Configuration, "the case has no more outputs"))?;
        given.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&choices);
        Ok(Reply::new(choices))
    }))
}

fn choice(output: &Json) -> Result<Choice, String> {
    let text = output.as_str().or_else(|| output["text"].as_str()).unwrap_or_default();
    let mut choice = Choice::text(text);
    for (key, value) in output.as_object().into_iter().flatten() {
        match key.as_str() {
            "text" => {}
            "logprobs" => choice.logprobs = Some(value.clone()),
            "reasoning_content" => {
                let text = value.as_str().ok_or("malformed row: expected text under `reasoning_content`")?;
                choice.parts.insert(0, Part::Reasoning(text.to_owned()));
            }
            "tool_calls" => {
                let calls = list(output, "tool_calls")?;
                choice.parts.extend(calls.iter().map(call).collect::<Result<Vec<_>, _>>()?);
            }
            other => return Err(format!("not supported yet: `{other}` of an answer")),
        }
    }
    Ok(choice)
}

/// A call as a wire gives it: in the shape of chat completions, or of responses, whose items have an id of their own
/// beside that of the call.
fn call(json: &Json) -> Result<Part, String> {
    let words = |at: &[&str]| at.iter().find_map(|p| json.pointer(p)?.as_str()).map(str::to_owned);
    let name = words(&["/function/name", "/name"]).ok_or("malformed row: a call without a name")?;
    let arguments = words(&["/function/arguments", "/arguments"]).unwrap_or_default();
    let id = words(&["/call_id", "/id"]);
    // The wires of this project fold calls from events.
    let mut reply = ReplyBuilder::new();
    reply.push(Event::ToolCall { choice: 0, index: 0, id, name: Some(name), arguments });
    reply.push(Event::Done { model: None, request_id: None, cached: false });
    let choice = reply.finish().map_err(|e| e.to_string())?.choices.pop();
    choice.and_then(|mut c| c.parts.pop()).ok_or_else(|| "malformed row: a call".to_owned())
}

/// What was sent beside the messages, by DSPy's names.
fn sent(request: &Request) -> Json {
    let o = &request.options;
    let mut all = o.extra.clone();
    let mut set = |key: &str, value: Option<Json>| {
        value.map(|value| all.insert(key.to_owned(), value));
    };
    set("n", o.n.map(Json::from));
    set("temperature", o.temperature.map(Json::from));
    set("top_p", o.top_p.map(Json::from));
    set("max_tokens", o.max_tokens.map(Json::from));
    set("seed", o.seed.map(Json::from));
    let tool = |t: &ToolSpec| {
        let function = json!({"name": t.name, "description": t.description, "parameters": t.parameters});
        json!({"type": "function", "function": function})
    };
    set("tools", (!request.tools.is_empty()).then(|| request.tools.iter().map(tool).collect()));
    set("parallel_tool_calls", request.parallel_tool_calls.map(Json::from));
    set("tool_choice", request.tool_choice.as_ref().map(tool_choice));
    set("response_format", Some(response_format(request.response_format.as_ref())).filter(|f| !f.is_null()));
    Json::Object(all)
}

fn tool_choice(choice: &ToolChoice) -> Json {
    match choice {
        ToolChoice::Auto => json!("auto"),
        ToolChoice::None => json!("none"),
        ToolChoice::Required => json!("required"),
        other => json!(format!("{other:?}")),
    }
}

/// The form of the answer as a corpus writes it.
fn response_format(format: Option<&dspex_core::lm::ResponseFormat>) -> Json {
    use dspex_core::lm::ResponseFormat;
    match format {
        None => Json::Null,
        Some(ResponseFormat::JsonObject) => json!({"type": "json_object"}),
        Some(ResponseFormat::JsonSchema { name, schema, .. }) => {
            json!({"$pydantic_schema": schema, "$name": name})
        }
        Some(other) => json!(format!("{other:?}")),
    }
}

/// A response format without what only describes: its name, titles and defaults.
fn content(format: &Json) -> Json {
    match format {
        Json::Array(items) => items.iter().map(content).collect(),
        Json::Object(map) => {
            let describes = |(key, value): &(&String, &Json)| match key.as_str() {
                "title" | "$name" => value.is_string(),
                "default" => true,
                _ => false,
            };
            map.iter().filter(|m| !describes(m)).map(|(k, v)| (k.clone(), content(v))).collect()
        }
        other => other.clone(),
    }
}

/// The outputs that a schema names.
fn outputs_of(format: &Json) -> Option<Vec<String>> {
    let properties = format.pointer("/$pydantic_schema/properties")?.as_object()?;
    Some(properties.keys().cloned().collect())
}

/// Compares everything that was sent beside the messages: the schema to the letter, but for the order of keys.
fn same_options(want: &Json, got: &Request) -> Outcome {
    // What DSPy's own classes say of themselves is theirs.
    let (want, got) = (&checker::without_dspy_docs(member(want, "lm_kwargs")?), sent(got));
    if got == *want { Ok(()) } else { Err(format!("expected the options {want}, found {got}")) }
}

fn same_result(corpus: &Corpus, case: &Json, made: Made) -> Outcome {
    if let Some(error) = case.get("error") {
        let class = text(error, "class")?;
        return match made.result {
            Ok(found) => Err(format!("expected {class}, found {}", found.to_tagged())),
            Err(e) if is_class(&e, class) => Ok(()),
            Err(e) => Err(format!("expected {class}, found {}", failed(&e))),
        };
    }
    let found = made.result.map_err(|e| failed(&e))?;
    let found: Vec<Record> = found
        .completions()
        .map(|c| c.iter().map(|(name, v)| (name.to_owned(), corpus.plain(v.clone()))).collect())
        .collect();
    let mut wanted = Vec::new();
    for (i, completion) in list(case, "result")?.iter().enumerate() {
        let mut fields = completion.as_object().cloned().unwrap_or_default();
        // DSPy puts probabilities among the fields; here they stay with the answer.
        if let Some(logprobs) = fields.shift_remove("logprobs") {
            let kept = made.choices.get(i).and_then(|c| c.logprobs.as_ref());
            same("the probabilities", &kept, &Some(&logprobs))?;
        }
        wanted.push(corpus.record(&Json::Object(fields))?);
    }
    if found == wanted {
        return Ok(());
    }
    let tagged = |all: &[Record]| all.iter().map(|r| r.to_tagged().to_string()).collect::<Vec<_>>();
    same("the values", &tagged(&found), &tagged(&wanted))
}
