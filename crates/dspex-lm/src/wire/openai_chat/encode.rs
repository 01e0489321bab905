//! Requests of chat completions.

use dspex_core::lm::{LmError, ResponseFormat, ToolChoice, ToolSpec};
use serde_json::{Value as Json, json};

use super::messages;
use super::thinking;
use crate::wire::call::{Body, Call};
use crate::wire::quirks::Ask;

/// What a request says by itself, and what no extra option may change.
const OWN_KEYS: [&str; 4] = ["model", "messages", "stream", "stream_options"];

pub(super) fn body(call: &Call<'_>) -> Result<Json, LmError> {
    let mut body = Body::default();
    body.set("model", Some(call.model));
    body.set("messages", Some(messages::all(call)?));
    sampling(call, &mut body)?;
    if let Some(reasoning) = &call.options().reasoning {
        thinking::ask(call, reasoning, &mut body)?;
    }
    body.set(
        "service_tier",
        taken(call, Ask::ServiceTier, "a service tier", call.options().service_tier.clone())?,
    );
    tools(call, &mut body)?;
    body.set("response_format", response_format(call)?);
    body.set("stream", call.stream.then_some(true));
    let usage = call.stream && call.quirks.stream_usage;
    body.set("stream_options", usage.then(|| json!({"include_usage": true})));
    call.with_extra(body.0, &OWN_KEYS)
}

/// Whether the model refuses something.
pub(super) fn refuses(call: &Call<'_>, ask: Ask) -> bool {
    (call.quirks.refuses)(call.model).contains(&ask)
}

/// An option, unless the model refuses it.
fn taken<T>(call: &Call<'_>, ask: Ask, what: &str, value: Option<T>) -> Result<Option<T>, LmError> {
    if value.is_none() || !refuses(call, ask) {
        return Ok(value);
    }
    call.cannot(what)?;
    Ok(None)
}

fn sampling(call: &Call<'_>, body: &mut Body) -> Result<(), LmError> {
    let o = call.options();
    // What a model does in any case need not be asked for, also where the word for it is refused.
    let asked = |ask, usual: bool| !(usual && refuses(call, ask));
    body.set("n", o.n);
    let one = |value: &f64| (value - 1.0).abs() < f64::EPSILON;
    let temperature = o.temperature.filter(|t| asked(Ask::Temperature, one(t)));
    body.set("temperature", taken(call, Ask::Temperature, "a temperature", temperature)?);
    let top_p = o.top_p.filter(|p| asked(Ask::TopP, one(p)));
    body.set("top_p", taken(call, Ask::TopP, "a share of likely tokens (top_p)", top_p)?);
    body.set("top_k", taken(call, Ask::TopK, "a number of likely tokens (top_k)", o.top_k)?);
    let completion = (call.quirks.max_completion_tokens)(call.model);
    body.set(if completion { "max_completion_tokens" } else { "max_tokens" }, o.max_tokens);
    let (often, once) = (Ask::FrequencyPenalty, Ask::PresencePenalty);
    body.set("frequency_penalty", taken(call, often, "a frequency penalty", o.frequency_penalty)?);
    body.set("presence_penalty", taken(call, once, "a presence penalty", o.presence_penalty)?);
    body.set("stop", taken(call, Ask::Stop, "texts that end the answer", o.stop.clone())?);
    body.set(call.quirks.seed, taken(call, Ask::Seed, "a seed", o.seed)?);
    let logprobs = taken(call, Ask::Logprobs, "log-probabilities", o.logprobs)?;
    body.set("logprobs", logprobs.map(|_| true));
    body.set("top_logprobs", logprobs.filter(|k| *k > 0));
    Ok(())
}

fn tools(call: &Call<'_>, body: &mut Body) -> Result<(), LmError> {
    let request = call.request;
    let tools = (!request.tools.is_empty())
        .then(|| request.tools.iter().map(|t| tool(t, request.strict_tools)).collect::<Json>());
    body.set("tools", taken(call, Ask::Tools, "tools", tools)?);
    body.set("tool_choice", tool_choice(call)?);
    let parallel = request.parallel_tool_calls;
    body.set(
        "parallel_tool_calls",
        taken(call, Ask::ParallelToolCalls, "a word on parallel tool calls", parallel)?,
    );
    Ok(())
}

fn tool(t: &ToolSpec, strict: Option<bool>) -> Json {
    let mut function = json!({"name": t.name, "description": t.description, "parameters": t.parameters});
    if let Some(strict) = strict {
        function["strict"] = json!(strict);
    }
    json!({"type": "function", "function": function})
}

fn tool_choice(call: &Call<'_>) -> Result<Option<Json>, LmError> {
    let Some(choice) = &call.request.tool_choice else { return Ok(None) };
    let word = match choice {
        ToolChoice::Auto if refuses(call, Ask::ToolChoice) => return Ok(None),
        ToolChoice::Auto => json!("auto"),
        ToolChoice::None => json!("none"),
        ToolChoice::Required => json!(call.quirks.any_tool),
        ToolChoice::Tool(name) => json!({"type": "function", "function": {"name": name}}),
        other => {
            call.cannot(&format!("the tool choice {other:?}"))?;
            return Ok(None);
        }
    };
    taken(call, Ask::ToolChoice, "a choice among the tools", Some(word))
}

fn response_format(call: &Call<'_>) -> Result<Option<Json>, LmError> {
    let Some(format) = &call.request.response_format else { return Ok(None) };
    let (ask, what, form) = match format {
        ResponseFormat::JsonObject => (Ask::JsonObject, "any object of JSON", json!({"type": "json_object"})),
        ResponseFormat::JsonSchema { name, schema, strict } => {
            let schema = json!({"name": name, "schema": schema, "strict": strict});
            (Ask::JsonSchema, "JSON by a schema", json!({"type": "json_schema", "json_schema": schema}))
        }
        other => {
            call.cannot(&format!("the response format {other:?}"))?;
            return Ok(None);
        }
    };
    taken(call, ask, what, Some(form))
}
