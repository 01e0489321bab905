//! Requests: the options, beside the conversation.

use dspex_core::lm::{LmError, Reasoning, ResponseFormat, ToolChoice, ToolSpec};
use serde_json::{Map, Value as Json, json};

use super::cache;
use super::family::{Family, Thinking};
use super::turns::Turns;
use crate::wire::Call;
use crate::wire::call::Body;

/// What a request says by itself, and what no extra option may change.
const OWN_KEYS: [&str; 4] = ["model", "messages", "system", "stream"];

/// Extra options that are joined with what the request says by itself: tools that run at the provider, and settings of
/// the output.
const JOINED_KEYS: [&str; 2] = ["tools", "output_config"];

pub(super) fn body(call: &Call<'_>) -> Result<Json, LmError> {
    let (family, o) = (Family::of(call.model), call.options());
    cannot(call)?;
    let thought = thought(call, family)?;
    let cites = cites(call)?;
    let mut turns = Turns::of(call, family, cites)?;
    cache::check(call, &mut turns)?;

    let mut body = Body::default();
    body.set("model", Some(call.model));
    body.set("max_tokens", Some(thought.most));
    let system = std::mem::take(&mut turns.system);
    body.set("system", (!system.is_empty()).then_some(system));
    body.set("messages", Some(turns.messages()));
    body.set("temperature", o.temperature.filter(|_| thought.sampling));
    body.set("top_p", o.top_p.filter(|_| thought.sampling));
    body.set("top_k", o.top_k.filter(|_| thought.top_k));
    body.set("stop_sequences", o.stop.clone().filter(|stop| !stop.is_empty()));
    body.set("thinking", thought.thinking);
    body.set("output_config", output(call, family, cites, thought.effort)?);
    body.set("tools", tools(call));
    body.set("tool_choice", tool_choice(call, thought.forces)?);
    body.set("service_tier", o.service_tier.clone());
    body.set("stream", call.stream.then_some(true));
    call.with_joined(body.0, &OWN_KEYS, &JOINED_KEYS)
}

/// Options that the wire has no word for.
fn cannot(call: &Call<'_>) -> Result<(), LmError> {
    let o = call.options();
    call.cannot_if(o.n.is_some_and(|n| n > 1), "several completions (`n`)")?;
    call.cannot_if(o.seed.is_some(), "a seed")?;
    call.cannot_if(o.logprobs.is_some(), "log-probabilities (`logprobs`)")?;
    call.cannot_if(o.frequency_penalty.is_some(), "a frequency penalty")?;
    call.cannot_if(o.presence_penalty.is_some(), "a presence penalty")
}

/// How the model is told to think, and what that leaves of other options.
struct Thought {
    thinking: Option<Json>,
    effort: Option<String>,
    /// The bound on tokens, those of thoughts included.
    most: u64,
    sampling: bool,
    top_k: bool,
    /// Whether a call of a tool can be forced.
    forces: bool,
}

fn thought(call: &Call<'_>, family: Family) -> Result<Thought, LmError> {
    let o = call.options();
    let most = o.max_tokens.unwrap_or(family.most);
    let (thinking, effort) = thinking(call, family, most)?;
    let thinks = thinking.as_ref().is_some_and(|t| t["type"] != "disabled");
    // What is the default anyway may be said, and need not be sent.
    let other = |value: Option<f64>| value.is_some_and(|v| (v - 1.0).abs() > f64::EPSILON);
    let sampled = other(o.temperature) || other(o.top_p) || o.top_k.is_some();
    call.cannot_if(!family.sampling && sampled, "a temperature, `top_p` or `top_k`")?;
    let warm = family.sampling && thinks && other(o.temperature);
    call.cannot_if(warm, "a temperature other than 1 beside reasoning")?;
    let narrow = family.sampling && thinks && o.top_k.is_some();
    call.cannot_if(narrow, "`top_k` beside reasoning")?;
    let (sampling, top_k) = (family.sampling && !warm, family.sampling && !narrow);
    Ok(Thought { thinking, effort, most, sampling, top_k, forces: !thinks })
}

type Told = (Option<Json>, Option<String>);

fn thinking(call: &Call<'_>, family: Family, most: u64) -> Result<Told, LmError> {
    let nothing = (None, None);
    let off = || Ok((Some(json!({"type": "disabled"})), None));
    match (call.reasoning(), family.thinking) {
        (None, _) | (Some(Reasoning::Off), Thinking::Never) => Ok(nothing),
        (Some(Reasoning::Off), _) => off(),
        (Some(Reasoning::Effort(word)), _) if word == "none" => off(),
        (Some(_), Thinking::Never) => call.cannot("reasoning").map(|()| nothing),
        (Some(Reasoning::Effort(word)), Thinking::Budget) => match Thinking::budget_of(&word) {
            // The thoughts must leave room for an answer, and are no shorter than 1,024 tokens.
            Some(_) if most <= 1_024 => {
                call.cannot("reasoning within 1024 tokens or fewer (`max_tokens`)").map(|()| nothing)
            }
            Some(budget) => Ok((Some(budgeted(budget.min(most - 1))), None)),
            None => call.cannot(&format!("the reasoning effort `{word}`")).map(|()| nothing),
        },
        (Some(Reasoning::Effort(word)), _) => Ok((Some(json!({"type": "adaptive"})), Some(word))),
        (Some(Reasoning::Budget(_)), Thinking::Adaptive) => {
            call.cannot("a bound on tokens of reasoning; it takes a word for the effort").map(|()| nothing)
        }
        (Some(Reasoning::Budget(budget)), _) if budget >= most => {
            let what = format!("{budget} tokens of reasoning within {most} in all (`max_tokens`)");
            call.cannot(&what).map(|()| nothing)
        }
        (Some(Reasoning::Budget(budget)), _) => Ok((Some(budgeted(budget)), None)),
        (Some(other), _) => call.cannot(&format!("the reasoning {other:?}")).map(|()| nothing),
    }
}

fn budgeted(tokens: u64) -> Json {
    json!({"type": "enabled", "budget_tokens": tokens})
}

/// Whether documents may be cited. An answer in JSON has no room for it.
fn cites(call: &Call<'_>) -> Result<bool, LmError> {
    use dspex_core::lm::Part;
    let documents =
        call.request.messages.iter().flat_map(|m| &m.parts).any(|p| matches!(p, Part::Document(_)));
    let both = documents && call.request.response_format.is_some();
    call.cannot_if(both, "citations of documents beside a schema of the answer")?;
    Ok(documents && !both)
}

fn output(
    call: &Call<'_>,
    family: Family,
    cites: bool,
    effort: Option<String>,
) -> Result<Option<Map<String, Json>>, LmError> {
    let mut output = Body::default();
    output.set("effort", effort);
    match &call.request.response_format {
        None => {}
        Some(ResponseFormat::JsonSchema { schema, .. }) if family.schema => {
            let format = json!({"type": "json_schema", "schema": schema});
            output.set("format", (!cites).then_some(format));
        }
        Some(ResponseFormat::JsonSchema { .. }) => call.cannot("a schema of the answer")?,
        Some(ResponseFormat::JsonObject) => call.cannot("JSON without a schema (`json_object`)")?,
        Some(other) => call.cannot(&format!("the response format {other:?}"))?,
    }
    Ok(Some(output.0).filter(|o| !o.is_empty()))
}

fn tools(call: &Call<'_>) -> Option<Json> {
    let request = call.request;
    let tools = || request.tools.iter().map(|t| tool(t, request.strict_tools)).collect();
    (!request.tools.is_empty()).then(tools)
}

fn tool(t: &ToolSpec, strict: Option<bool>) -> Json {
    let mut tool = Body::default();
    tool.set("name", Some(t.name.as_str()));
    tool.set("description", Some(t.description.as_str()).filter(|d| !d.is_empty()));
    let bare = t.parameters.as_object().is_none_or(Map::is_empty);
    let empty = || json!({"type": "object", "properties": {}});
    tool.set("input_schema", Some(if bare { empty() } else { t.parameters.clone() }));
    tool.set("strict", strict);
    Json::Object(tool.0)
}

fn tool_choice(call: &Call<'_>, forces: bool) -> Result<Option<Json>, LmError> {
    let request = call.request;
    let one = request.parallel_tool_calls == Some(false);
    let mut choice = match &request.tool_choice {
        None if one && !request.tools.is_empty() => json!({"type": "auto"}),
        None => return Ok(None),
        Some(ToolChoice::Auto) => json!({"type": "auto"}),
        Some(ToolChoice::None) => return Ok(Some(json!({"type": "none"}))),
        Some(ToolChoice::Required | ToolChoice::Tool(_)) if !forces => {
            return call.cannot("a forced call of a tool beside reasoning").map(|()| None);
        }
        Some(ToolChoice::Required) => json!({"type": "any"}),
        Some(ToolChoice::Tool(name)) => json!({"type": "tool", "name": name}),
        Some(other) => return call.cannot(&format!("the tool choice {other:?}")).map(|()| None),
    };
    if one {
        choice["disable_parallel_tool_use"] = json!(true);
    }
    Ok(Some(choice))
}
