//! Requests: the options, beside the conversation.

use dspex_core::lm::{LmError, Reasoning, ResponseFormat, ToolChoice, ToolSpec};
use serde_json::{Map, Value as Json, json};

use super::turns;
use crate::wire::Call;
use crate::wire::call::Body;

/// What a request says by itself, and what no extra option may change.
const OWN_KEYS: [&str; 3] = ["model", "messages", "stream"];

/// Extra options that are joined with what the request says by itself.
const JOINED_KEYS: [&str; 2] = ["options", "tools"];

/// Parameters of a model, which stand under `options`, also where they are named alone.
const PARAMETERS: [&str; 17] = [
    "main_gpu",
    "min_p",
    "mirostat",
    "mirostat_eta",
    "mirostat_tau",
    "num_batch",
    "num_ctx",
    "num_gpu",
    "num_keep",
    "num_thread",
    "numa",
    "penalize_newline",
    "repeat_last_n",
    "repeat_penalty",
    "tfs_z",
    "typical_p",
    "use_mmap",
];

pub(super) fn body(call: &Call<'_>) -> Result<Json, LmError> {
    let (request, o) = (call.request, call.options());
    call.cannot_if(o.n.is_some_and(|n| n > 1), "several completions (`n`)")?;
    call.cannot_if(o.service_tier.is_some(), "a class of service")?;
    call.cannot_if(request.parallel_tool_calls == Some(false), "one call of a tool at a time")?;
    call.cannot_if(request.strict_tools == Some(true), "tools whose schemas are kept to")?;
    let mut body = Body::default();
    body.set("model", Some(call.model));
    body.set("messages", Some(turns::messages(call)?));
    // It streams unless it is told not to.
    body.set("stream", Some(call.stream));
    let tools = tools(call)?;
    body.set("tools", (!tools.is_empty()).then(|| tools.iter().map(tool).collect::<Json>()));
    body.set("format", format(call)?);
    body.set("think", think(call)?);
    body.set("logprobs", o.logprobs.map(|_| true));
    body.set("top_logprobs", o.logprobs.filter(|k| *k > 0));
    let mut options = options(call);
    for key in PARAMETERS.iter().filter(|key| o.extra.contains_key(**key)) {
        options.0.insert((*key).to_owned(), o.extra[*key].clone());
    }
    body.set("options", (!options.0.is_empty()).then_some(options.0));
    let mut all = call.with_joined(body.0, &OWN_KEYS, &JOINED_KEYS)?;
    if let Some(all) = all.as_object_mut() {
        all.retain(|key, _| !PARAMETERS.contains(&key.as_str()));
    }
    Ok(all)
}

fn options(call: &Call<'_>) -> Body {
    let o = call.options();
    let mut options = Body(Map::new());
    options.set("temperature", o.temperature);
    options.set("top_p", o.top_p);
    options.set("top_k", o.top_k);
    options.set("num_predict", o.max_tokens);
    options.set("seed", o.seed);
    options.set("stop", o.stop.clone().filter(|stop| !stop.is_empty()));
    options.set("frequency_penalty", o.frequency_penalty);
    options.set("presence_penalty", o.presence_penalty);
    options
}

fn tool(t: &ToolSpec) -> Json {
    json!({
        "type": "function",
        "function": {"name": t.name, "description": t.description, "parameters": t.parameters},
    })
}

/// The tools that it is told of: none, where it must call none. It can not be made to call one.
fn tools<'a>(call: &Call<'a>) -> Result<&'a [ToolSpec], LmError> {
    match &call.request.tool_choice {
        None | Some(ToolChoice::Auto) => {}
        Some(ToolChoice::None) => return Ok(&[]),
        Some(_) => call.cannot("a forced call of a tool")?,
    }
    Ok(&call.request.tools)
}

fn format(call: &Call<'_>) -> Result<Option<Json>, LmError> {
    Ok(Some(match &call.request.response_format {
        None => return Ok(None),
        Some(ResponseFormat::JsonObject) => json!("json"),
        Some(ResponseFormat::JsonSchema { schema, .. }) => schema.clone(),
        Some(other) => return call.cannot(&format!("the response format {other:?}")).map(|()| None),
    }))
}

fn think(call: &Call<'_>) -> Result<Option<Json>, LmError> {
    Ok(Some(match call.reasoning() {
        None => return Ok(None),
        Some(Reasoning::Off) => json!(false),
        Some(Reasoning::Effort(word)) => match word.as_str() {
            "none" => json!(false),
            "low" | "medium" | "high" => json!(word),
            other => return call.cannot(&format!("the reasoning effort `{other}`")).map(|()| None),
        },
        Some(Reasoning::Budget(_)) => {
            call.cannot("a bound on tokens of reasoning")?;
            json!(true)
        }
        Some(other) => return call.cannot(&format!("the reasoning {other:?}")).map(|()| None),
    }))
}
