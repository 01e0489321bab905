//! Whole calls: what a model is sent and what becomes of its scripted answers, against DSPy's `Adapter.__call__`.
//!
//! A call goes through a predictor, as any call does. Where DSPy does by design what we do not, the case has not passed,
//! and the rule by which we differ is named.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use dspex_adapters::{Wording, by_name};
use dspex_core::lm::{Capabilities, Choice, LmError, LmErrorKind, Message, Options, Reply, Request};
use dspex_core::{
    Adapter, Context, FieldType, Module as _, ParsePolicy, Parsed, Prediction, Record, RenderCall, Signature,
    Special, Stage,
};
use dspex_modules::Predict;
use dspex_testkit::{ScriptedLm, block_on};
use serde_json::{Map, Value as Json, json};

use crate::checker::{self, Expected, Form};
use crate::corpus::Corpus;
use crate::outcome::{Outcome, failed, list, member, same, text};
use crate::parse::is_class;

/// A difference from DSPy that is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meant {
    pub(crate) rule: &'static str,
    pub(crate) effect: &'static str,
    words: &'static str,
}

/// DSPy's other adapters ask a second time, with its JSON adapter, where it cannot read the answer.
const JSON_FALLBACK: Meant = Meant {
    rule: "json_fallback",
    effect: "refuses",
    words: "DSPy asks again as JSON; here the answer that cannot be read is an error",
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

/// The options that DSPy drops.
const TOOL_OPTIONS: [&str; 3] = ["tools", "tool_choice", "parallel_tool_calls"];

/// Runs a case.
pub(crate) fn run(corpus: &Corpus, case: &Json) -> Outcome {
    match compare(corpus, case)? {
        None => Ok(()),
        Some(meant) => Err(format!("differs by the rule {}: {}", meant.rule, meant.words)),
    }
}

/// The rules by which a case differs: in what DSPy does, or in what we send where nobody asks for DSPy's schema.
pub(crate) fn differences(corpus: &Corpus, case: &Json) -> Result<Vec<Option<Meant>>, String> {
    let mut found: Vec<Option<Meant>> = compare(corpus, case)?.map(Some).into_iter().collect();
    let [compat, ours] = [true, false].map(|compat| make(corpus, case, compat).map(|made| made.requests));
    let format = |requests: &[Request]| requests.first().map(|r| response_format(r.response_format.as_ref()));
    let (compat, ours) = (format(&compat?), format(&ours?));
    if compat.as_ref().map(content) != ours.as_ref().map(content) {
        let any = Some(json!({"type": "json_object"}));
        let signature = corpus.signature(case)?;
        let code = signature.outputs().iter().any(|f| matches!(f.ty, FieldType::Special(Special::Code(_))));
        let meant = (ours == any).then_some(OPEN_MAPPING);
        found.push(meant.or(code.then_some(CODE_AS_TEXT)));
    }
    Ok(found)
}

/// What a call came to.
struct Made {
    requests: Vec<Request>,
    choices: Vec<Choice>,
    result: dspex_core::Result<Prediction<Record>>,
}

fn compare(corpus: &Corpus, case: &Json) -> Result<Option<Meant>, String> {
    let made = make(corpus, case, true)?;
    if made.requests.is_empty()
        && let Err(e) = &made.result
    {
        return Err(failed(e));
    }
    let mut meant = None;
    let wanted = list(case, "lm_calls")?;
    for (i, (want, got)) in wanted.iter().zip(&made.requests).enumerate() {
        let expected = Expected {
            corpus,
            form: form(case)?,
            signature: corpus.signature_json(case)?,
            demos: list(case, "demos")?,
            messages: list(want, "messages")?,
        };
        let messages: Vec<Json> = got.messages.iter().map(Message::to_json).collect();
        checker::check(&expected, &messages, Some(&Wording::default().demo.missing_output))
            .map_err(|why| format!("call {i}: {why}"))?;
        meant = meant.or(same_options(want, got).map_err(|why| format!("call {i}: {why}"))?);
    }
    let unread = matches!(&made.result, Err(e) if e.stage() == Stage::Parse);
    if unread && made.requests.len() == 1 && wanted.len() == 2 && form(case)? != Form::Json {
        return Ok(Some(JSON_FALLBACK));
    }
    same("the number of calls", &made.requests.len(), &wanted.len())?;
    same_result(corpus, case, made).map(|()| meant)
}

/// Makes the call of a case. The outer error is a case that cannot be run.
fn make(corpus: &Corpus, case: &Json, compat: bool) -> Result<Made, String> {
    let signature = corpus.signature(case)?;
    let options = options(member(case, "lm_kwargs")?)?;
    let capabilities = capabilities(case, &signature, &options)?;
    let given = Arc::new(Mutex::new(Vec::new()));
    let lm = scripted(list(case, "lm_outputs")?, Arc::clone(&given))?.with_capabilities(capabilities);
    let inner = by_name(adapter(case)?)
        .map_err(|_| format!("not supported yet: the adapter {}", adapter(case).unwrap_or_default()))?;
    let ctx = Context::new(lm.clone())
        .with_shared_adapter(Arc::new(AsDspy { inner, compat }))
        .with_policy(ParsePolicy::compat());
    let predict = Predict::from_signature(signature)
        .with_demos(corpus.demos(case)?)
        .map_err(|e| failed(&e))?
        .with_options(options);
    let inputs = corpus.record(member(case, "inputs")?)?;
    let result = block_on(predict.call(&ctx, inputs));
    let choices = given.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(Made { requests: lm.requests(), choices, result })
}

/// An adapter that renders as DSPy does; no predictor asks for that.
struct AsDspy {
    inner: Arc<dyn Adapter>,
    compat: bool,
}

impl Adapter for AsDspy {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn render(&self, call: &RenderCall<'_>) -> dspex_core::Result<Request> {
        self.inner.render(&if self.compat { call.clone().compat() } else { call.clone() })
    }

    fn parse(
        &self,
        signature: &Signature,
        completion: &Choice,
        policy: &ParsePolicy,
    ) -> dspex_core::Result<Parsed> {
        self.inner.parse(signature, completion, policy)
    }
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
fn capabilities(case: &Json, signature: &Signature, options: &Options) -> Result<Capabilities, String> {
    let declared = member(case, "capabilities")?;
    let yes = |key: &str| declared[key].as_bool().unwrap_or(false);
    let takes = |name: &str| list(declared, "params").is_ok_and(|all| all.iter().any(|p| p == name));
    let mut can = Capabilities::default();
    can.tools = yes("fc");
    can.reasoning = yes("reasoning");
    can.json_object = takes("response_format");
    can.json_schema = can.json_object && yes("schema");
    let apart = signature.outputs().iter().find(|f| f.ty == FieldType::Special(Special::Reasoning));
    match apart {
        // DSPy takes the field from what such a model thinks, unless it is told not to think.
        Some(field) if can.reasoning && !options.extra.get("reasoning_effort").is_some_and(Json::is_null) => {
            Err(format!("not supported yet: reasoning apart from the answer (field `{}`)", field.name))
        }
        _ => Ok(can),
    }
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
            other => return Err(format!("not supported yet: `{other}` of an answer")),
        }
    }
    Ok(choice)
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
    set("response_format", Some(response_format(request.response_format.as_ref())).filter(|f| !f.is_null()));
    Json::Object(all)
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

/// Compares everything that was sent beside the messages: the schema to the letter, but for the order of keys.
fn same_options(want: &Json, got: &Request) -> Result<Option<Meant>, String> {
    let (want, got) = (member(want, "lm_kwargs")?, sent(got));
    let without_tools = |all: &Json| -> Map<String, Json> {
        let all = all.as_object().into_iter().flatten();
        all.filter(|(key, _)| !TOOL_OPTIONS.contains(&key.as_str()))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect()
    };
    if got == *want {
        return Ok(None);
    }
    if Json::Object(without_tools(&got)) == *want {
        return Ok(Some(OPTIONS_AS_GIVEN));
    }
    Err(format!("expected the options {want}, found {got}"))
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
