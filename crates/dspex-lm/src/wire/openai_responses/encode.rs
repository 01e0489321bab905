//! Requests: the options, beside the conversation.

use dspex_core::lm::{LmError, Reasoning, ResponseFormat, ToolChoice, ToolSpec};
use serde_json::{Map, Value as Json, json};

use super::items::Items;
use crate::wire::Call;
use crate::wire::call::Body;

/// What a request says by itself, and what no extra option may change.
const OWN_KEYS: [&str; 3] = ["model", "input", "stream"];

/// Extra options that are joined with what the request says by itself.
const JOINED_KEYS: [&str; 4] = ["tools", "text", "reasoning", "include"];

/// Extra options by which the caller says whether the provider keeps the conversation.
const STATE_KEYS: [&str; 4] = ["previous_response_id", "conversation", "store", "background"];

pub(super) fn body(call: &Call<'_>) -> Result<Json, LmError> {
    let (request, o) = (call.request, call.options());
    cannot(call)?;
    let Items { instructions, input, .. } = Items::of(call)?;
    let reasoning = reasoning(call)?;
    let thinks = reasoning.as_ref().is_some_and(|r| r["effort"] != "none");
    // Thoughts are asked for in the form that goes back, and the provider need not keep them.
    let stateless = thinks && !STATE_KEYS.iter().any(|key| o.extra.contains_key(*key));

    let mut body = Body::default();
    body.set("model", Some(call.model));
    body.set("instructions", instructions);
    body.set("input", Some(input));
    body.set("max_output_tokens", o.max_tokens);
    body.set("temperature", o.temperature);
    body.set("top_p", o.top_p);
    body.set("top_logprobs", o.logprobs);
    body.set("reasoning", reasoning);
    body.set("text", text(call)?);
    let tools = || request.tools.iter().map(|t| tool(t, request.strict_tools)).collect::<Json>();
    body.set("tools", (!request.tools.is_empty()).then(tools));
    body.set("tool_choice", tool_choice(call)?);
    body.set("parallel_tool_calls", request.parallel_tool_calls);
    body.set("service_tier", o.service_tier.clone());
    let include: Vec<&str> =
        [thinks.then_some("reasoning.encrypted_content"), o.logprobs.map(|_| "message.output_text.logprobs")]
            .into_iter()
            .flatten()
            .collect();
    body.set("include", (!include.is_empty()).then_some(include));
    body.set("store", stateless.then_some(false));
    body.set("stream", call.stream.then_some(true));
    call.with_joined(body.0, &OWN_KEYS, &JOINED_KEYS)
}

/// Options that the wire has no word for.
fn cannot(call: &Call<'_>) -> Result<(), LmError> {
    let o = call.options();
    call.cannot_if(o.n.is_some_and(|n| n > 1), "several completions (`n`)")?;
    call.cannot_if(o.stop.as_ref().is_some_and(|s| !s.is_empty()), "texts that end the answer (`stop`)")?;
    call.cannot_if(o.seed.is_some(), "a seed")?;
    call.cannot_if(o.top_k.is_some(), "`top_k`")?;
    call.cannot_if(o.frequency_penalty.is_some(), "a frequency penalty")?;
    call.cannot_if(o.presence_penalty.is_some(), "a presence penalty")
}

fn reasoning(call: &Call<'_>) -> Result<Option<Json>, LmError> {
    Ok(match call.reasoning() {
        None => None,
        Some(Reasoning::Off) => Some(json!({"effort": "none"})),
        Some(Reasoning::Effort(word)) => Some(json!({"effort": word})),
        Some(Reasoning::Budget(_)) => {
            call.cannot("a bound on tokens of reasoning; it takes a word for the effort").map(|()| None)?
        }
        Some(other) => call.cannot(&format!("the reasoning {other:?}")).map(|()| None)?,
    })
}

fn text(call: &Call<'_>) -> Result<Option<Json>, LmError> {
    let format = match &call.request.response_format {
        None => return Ok(None),
        Some(ResponseFormat::JsonObject) => json!({"type": "json_object"}),
        Some(ResponseFormat::JsonSchema { name, schema, strict }) => {
            json!({"type": "json_schema", "name": name, "schema": schema, "strict": strict})
        }
        Some(other) => return call.cannot(&format!("the response format {other:?}")).map(|()| None),
    };
    Ok(Some(json!({"format": format})))
}

fn tool(t: &ToolSpec, strict: Option<bool>) -> Json {
    let mut tool = Body::default();
    tool.set("type", Some("function"));
    tool.set("name", Some(t.name.as_str()));
    tool.set("description", Some(t.description.as_str()).filter(|d| !d.is_empty()));
    let bare = t.parameters.as_object().is_none_or(Map::is_empty);
    let empty = || json!({"type": "object", "properties": {}});
    tool.set("parameters", Some(if bare { empty() } else { t.parameters.clone() }));
    tool.set("strict", strict);
    Json::Object(tool.0)
}

fn tool_choice(call: &Call<'_>) -> Result<Option<Json>, LmError> {
    Ok(Some(match &call.request.tool_choice {
        None => return Ok(None),
        Some(ToolChoice::Auto) => json!("auto"),
        Some(ToolChoice::None) => json!("none"),
        Some(ToolChoice::Required) => json!("required"),
        Some(ToolChoice::Tool(name)) => json!({"type": "function", "name": name}),
        Some(other) => return call.cannot(&format!("the tool choice {other:?}")).map(|()| None),
    }))
}
