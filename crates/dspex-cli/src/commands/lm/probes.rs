//! The probes: one small call for each thing that an endpoint may support. To add one: a function, and a line in
//! [`PROBES`].

use dspex_core::lm::{
    Event, LmError, LmErrorKind, Message, Options, Part, Reasoning, Reply, Request, ResponseFormat, ToolSpec,
};
use dspex_core::{LanguageModel, Usage};
use dspex_lm::Lm;
use dspex_resilience::{Allowance, RateLimits};
use futures_util::StreamExt as _;
use serde_json::{Value as Json, json};

use super::finding::{Answer, Finding, of_failure, of_first};

/// Most tokens that a probe lets the model write; models that think need some before they answer.
const MOST_TOKENS: u64 = 256;

/// A word that no model says by itself.
const WORD: &str = "zq7";

/// What a check found.
pub(super) struct Checked {
    pub(super) findings: Vec<Finding>,
    /// What all calls used.
    pub(super) usage: Usage,
    /// Why the first call failed; then nothing else was asked.
    pub(super) error: Option<LmError>,
}

/// One thing to ask for, and how the reply is judged.
struct Probe {
    what: &'static str,
    request: fn() -> Request,
    judge: fn(&Reply) -> (Answer, String),
}

const PROBES: &[Probe] = &[
    Probe { what: "tools", request: with_tool, judge: tool_called },
    Probe { what: "json_object", request: with_object, judge: is_object },
    Probe { what: "strict_schema", request: with_schema, judge: keeps_to_schema },
    Probe { what: "reasoning", request: with_reasoning, judge: reasoned },
    Probe { what: "logprobs", request: with_logprobs, judge: has_logprobs },
];

/// Asks a model what it supports. `limits` gives what its provider has told of its limits.
pub(super) async fn check(lm: &Lm, limits: impl Fn() -> Option<RateLimits>) -> Checked {
    let mut usage = Usage::default();
    let hello = ask(lm, &saying("Say hello in one word."), &mut usage).await;
    // Who has nothing to say was reached all the same.
    let error = hello.as_ref().err().filter(|e| e.kind != LmErrorKind::Empty).cloned();
    let mut findings: Vec<Finding> = match &error {
        Some(e) => of_first(Err(e)).into(),
        None => of_first(Ok(hello.as_ref().ok().and_then(|reply| reply.model.as_deref()))).into(),
    };
    if error.is_some() {
        let rest = ["streaming"].into_iter().chain(PROBES.iter().map(|p| p.what)).chain(["usage", "limits"]);
        let not_asked = || (Answer::Unknown, "not asked, since the first call failed");
        findings.extend(rest.map(|what| Finding::new(what, not_asked())));
        return Checked { findings, usage, error };
    }
    findings.push(Finding::new("streaming", streaming(lm, &mut usage).await));
    for probe in PROBES {
        let request = (probe.request)();
        let verdict = match ask(lm, &request, &mut usage).await {
            Ok(reply) => (probe.judge)(&reply),
            Err(e) if e.kind == LmErrorKind::Unsupported => {
                unasked(lm, probe, &request, &e, &mut usage).await
            }
            Err(e) => of_failure(&e),
        };
        findings.push(Finding::new(probe.what, verdict));
    }
    let counted = hello.as_ref().map_or_else(|e| e.usage, |reply| reply.usage);
    findings.push(Finding::new("usage", tells_usage(&counted)));
    findings.push(Finding::new("limits", tells_limits(limits())));
    Checked { findings, usage, error }
}

async fn ask(lm: &Lm, request: &Request, usage: &mut Usage) -> Result<Reply, LmError> {
    let answer = lm.call(request).await;
    *usage += answer.as_ref().map_or_else(LmError::all_usage, Reply::all_usage);
    answer
}

/// Of what the provider's API has no word for, some models give it all the same: reasoning, above all.
async fn unasked(
    lm: &Lm,
    probe: &Probe,
    request: &Request,
    e: &LmError,
    usage: &mut Usage,
) -> (Answer, String) {
    if request.options.reasoning.is_none() {
        return of_failure(e);
    }
    let mut plain = request.clone();
    plain.options.reasoning = None;
    match ask(lm, &plain, usage).await.map(|reply| (probe.judge)(&reply)) {
        Ok((Answer::Yes, why)) => (Answer::Yes, format!("{why}; how much cannot be asked for")),
        _ => of_failure(e),
    }
}

fn saying(text: &str) -> Request {
    let mut request = Request::new(vec![Message::user(text)]);
    request.options = Options::new().max_tokens(MOST_TOKENS);
    request
}

/// Whether the answer comes in pieces.
async fn streaming(lm: &Lm, usage: &mut Usage) -> (Answer, String) {
    let request = saying("Count from 1 to 9, with commas between.");
    let (mut events, mut pieces) = (lm.stream(&request), 0_u32);
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Text { .. }) => pieces += 1,
            Ok(Event::Usage(used)) => *usage += used,
            Ok(_) => {}
            Err(e) => {
                *usage += e.all_usage();
                return of_failure(&e);
            }
        }
    }
    match pieces {
        0 => (Answer::Unknown, "the reply had no text".into()),
        1 => (Answer::No, "the reply came in one piece".into()),
        _ => (Answer::Yes, format!("the reply came in {pieces} pieces")),
    }
}

fn with_tool() -> Request {
    let mut request = saying("Call the tool `note_word` with the word `hello`.");
    request.tools.push(ToolSpec {
        name: "note_word".into(),
        description: "Notes a word.".into(),
        parameters: json!({
            "type": "object",
            "properties": {"word": {"type": "string"}},
            "required": ["word"],
            "additionalProperties": false,
        }),
    });
    request
}

fn tool_called(reply: &Reply) -> (Answer, String) {
    let mut parts = reply.choices.iter().flat_map(|c| &c.parts);
    if parts.any(|part| matches!(part, Part::ToolCall(call) if call.name == "note_word")) {
        return (Answer::Yes, "the tool was called".into());
    }
    if reply.choices.iter().flat_map(|c| &c.parts).any(|part| matches!(part, Part::BrokenToolCall { .. })) {
        return (Answer::No, "the tool was called with arguments that cannot be read".into());
    }
    (Answer::No, "a tool was offered, and the reply is text".into())
}

/// A request that only the form of the answer makes one for JSON. Some providers want the word in the prompt.
fn in_form(text: &str, format: ResponseFormat) -> Request {
    let mut request = saying(&format!("{text} Write JSON only if you must."));
    request.response_format = Some(format);
    request
}

fn with_object() -> Request {
    in_form("Greet me in one word.", ResponseFormat::JsonObject)
}

fn json_of(reply: &Reply) -> Option<Json> {
    serde_json::from_str(reply.choices.first()?.content().trim()).ok()
}

fn is_object(reply: &Reply) -> (Answer, String) {
    match json_of(reply) {
        Some(Json::Object(_)) => (Answer::Yes, "the reply is a JSON object".into()),
        _ => (Answer::No, "it was taken, and the reply is no JSON object".into()),
    }
}

fn with_schema() -> Request {
    let schema = json!({
        "type": "object",
        "properties": {"word": {"type": "string", "enum": [WORD]}},
        "required": ["word"],
        "additionalProperties": false,
    });
    let format = ResponseFormat::JsonSchema { name: "word".into(), schema, strict: true };
    in_form("Greet my friend in one word.", format)
}

fn keeps_to_schema(reply: &Reply) -> (Answer, String) {
    if json_of(reply) == Some(json!({"word": WORD})) {
        return (Answer::Yes, "the reply has a value that only the schema names".into());
    }
    (Answer::No, "it was taken, and the reply does not keep to the schema".into())
}

fn with_reasoning() -> Request {
    let mut request = saying("Which is more: 17 times 23, or 400? Think first.");
    request.options.reasoning = Some(Reasoning::Effort("low".into()));
    request.options.max_tokens = Some(4 * MOST_TOKENS);
    request
}

fn reasoned(reply: &Reply) -> (Answer, String) {
    if reply.choices.iter().flat_map(|c| &c.parts).any(|part| matches!(part, Part::Reasoning(_))) {
        return (Answer::Yes, "the reply has it apart from the answer".into());
    }
    match reply.usage.reasoning_tokens {
        0 => (Answer::Unknown, "it was taken, and the reply tells of none".into()),
        tokens => (Answer::Yes, format!("{tokens} tokens, which are not shown")),
    }
}

fn with_logprobs() -> Request {
    let mut request = saying("Say yes or no.");
    request.options.logprobs = Some(1);
    request
}

fn has_logprobs(reply: &Reply) -> (Answer, String) {
    if reply.choices.iter().any(|c| c.logprobs.as_ref().is_some_and(|l| !l.is_null())) {
        return (Answer::Yes, "the reply has them".into());
    }
    (Answer::No, "they were asked for, and the reply has none".into())
}

fn tells_usage(usage: &Usage) -> (Answer, String) {
    if usage.uncounted_calls > 0 || usage.total_tokens() == 0 {
        return (Answer::No, "the reply does not say how many tokens it took".into());
    }
    (Answer::Yes, format!("{} tokens in, {} out for the first call", usage.input_tokens, usage.output_tokens))
}

fn tells_limits(told: Option<RateLimits>) -> (Answer, String) {
    let Some(limits) = told else { return (Answer::No, "no header tells of them".into()) };
    let shown = |what: &str, allowance: Allowance| match (allowance.remaining, allowance.limit) {
        (Some(left), Some(limit)) => Some(format!("{left} of {limit} {what} left")),
        (Some(left), None) => Some(format!("{left} {what} left")),
        (None, Some(limit)) => Some(format!("{limit} {what}")),
        (None, None) => None,
    };
    let all = [shown("requests", limits.requests), shown("tokens", limits.tokens)];
    (Answer::Yes, all.into_iter().flatten().collect::<Vec<_>>().join(", "))
}
