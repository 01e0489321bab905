//! Requests: the options, beside the conversation.

use dspex_core::lm::{LmError, Reasoning, ResponseFormat, ToolChoice, ToolSpec};
use serde_json::{Value as Json, json};

use super::turns::Turns;
use crate::wire::Call;
use crate::wire::call::Body;

/// What a request says by itself, and what no extra option may change.
const OWN_KEYS: [&str; 3] = ["model", "messages", "stream"];

/// Extra options that are joined with what the request says by itself.
const JOINED_KEYS: [&str; 2] = ["documents", "tools"];

pub(super) fn body(call: &Call<'_>) -> Result<Json, LmError> {
    let (request, o) = (call.request, call.options());
    call.cannot_if(o.n.is_some_and(|n| n > 1), "several completions (`n`)")?;
    call.cannot_if(o.service_tier.is_some(), "a class of service")?;
    call.cannot_if(request.parallel_tool_calls == Some(false), "one call of a tool at a time")?;
    call.cannot_if(o.logprobs.is_some_and(|k| k > 0), "log-probabilities of alternatives (`logprobs`)")?;
    let turns = Turns::of(call)?;
    let mut body = Body::default();
    body.set("model", Some(call.model));
    body.set("messages", Some(turns.messages));
    body.set("documents", (!turns.documents.is_empty()).then_some(turns.documents));
    body.set("max_tokens", o.max_tokens);
    body.set("temperature", o.temperature);
    body.set("p", o.top_p);
    body.set("k", o.top_k);
    body.set("frequency_penalty", o.frequency_penalty);
    body.set("presence_penalty", o.presence_penalty);
    body.set("stop_sequences", o.stop.clone().filter(|stop| !stop.is_empty()));
    body.set("seed", o.seed);
    body.set("logprobs", o.logprobs.map(|_| true));
    body.set("thinking", thinking(call)?);
    let (tools, choice) = tools(call)?;
    body.set("tools", (!tools.is_empty()).then(|| tools.into_iter().map(tool).collect::<Json>()));
    body.set("tool_choice", choice);
    body.set("strict_tools", request.strict_tools);
    let beside = body.0.contains_key("tools") || body.0.contains_key("documents");
    body.set("response_format", response_format(call, beside)?);
    body.set("stream", call.stream.then_some(true));
    call.with_joined(body.0, &OWN_KEYS, &JOINED_KEYS)
}

fn tool(t: &ToolSpec) -> Json {
    json!({
        "type": "function",
        "function": {"name": t.name, "description": t.description, "parameters": t.parameters},
    })
}

/// The tools and whether one must be called. Who must call this one is told of no other.
fn tools<'a>(call: &Call<'a>) -> Result<(Vec<&'a ToolSpec>, Option<&'static str>), LmError> {
    let all = || call.request.tools.iter();
    Ok(match &call.request.tool_choice {
        None | Some(ToolChoice::Auto) => (all().collect(), None),
        Some(ToolChoice::None) => (all().collect(), Some("NONE")),
        Some(ToolChoice::Required) => (all().collect(), Some("REQUIRED")),
        Some(ToolChoice::Tool(name)) => (all().filter(|t| t.name == *name).collect(), Some("REQUIRED")),
        Some(other) => {
            call.cannot(&format!("the tool choice {other:?}"))?;
            (all().collect(), None)
        }
    })
}

/// The form of the answer, which does not go together with tools or documents.
fn response_format(call: &Call<'_>, beside: bool) -> Result<Option<Json>, LmError> {
    let Some(format) = &call.request.response_format else { return Ok(None) };
    if beside {
        return call.cannot("an answer in JSON beside tools or documents").map(|()| None);
    }
    Ok(Some(match format {
        ResponseFormat::JsonObject => json!({"type": "json_object"}),
        ResponseFormat::JsonSchema { schema, .. } => json!({"type": "json_object", "json_schema": schema}),
        other => return call.cannot(&format!("the response format {other:?}")).map(|()| None),
    }))
}

/// Thinking is on or off; how long it may take is a number of tokens, and the one word for it is the one for all.
fn thinking(call: &Call<'_>) -> Result<Option<Json>, LmError> {
    Ok(Some(match call.reasoning() {
        None => return Ok(None),
        Some(Reasoning::Off) => json!({"type": "disabled"}),
        Some(Reasoning::Effort(word)) if word == "none" => json!({"type": "disabled"}),
        Some(Reasoning::Effort(word)) if word == "high" => json!({"type": "enabled"}),
        Some(Reasoning::Effort(word)) => {
            return call.cannot(&format!("the reasoning effort `{word}`")).map(|()| None);
        }
        Some(Reasoning::Budget(tokens)) => json!({"type": "enabled", "token_budget": tokens}),
        Some(other) => return call.cannot(&format!("the reasoning {other:?}")).map(|()| None),
    }))
}
