//! Requests: the options, beside the conversation.

use dspex_core::lm::{LmError, Reasoning, ResponseFormat, ToolChoice, ToolSpec};
use serde_json::{Value as Json, json};

use super::family::Thinking;
use super::turns::Turns;
use crate::wire::Call;
use crate::wire::call::Body;

/// What a request says by itself, and what no extra option may change. The model and the stream stand in the path.
const OWN_KEYS: [&str; 4] = ["model", "contents", "systemInstruction", "stream"];

/// Extra options that are joined with what the request says by itself: tools that run at the provider, and more of the
/// settings.
const JOINED_KEYS: [&str; 3] = ["tools", "toolConfig", "generationConfig"];

pub(super) fn body(call: &Call<'_>) -> Result<Json, LmError> {
    let request = call.request;
    let mut turns = Turns::of(call)?;
    let mut body = Body::default();
    let system = std::mem::take(&mut turns.system);
    body.set("systemInstruction", (!system.is_empty()).then(|| json!({"parts": system})));
    body.set("contents", Some(turns.contents(Thinking::of(call.model) == Thinking::Level)));
    let declared = || request.tools.iter().map(tool).collect::<Json>();
    body.set("tools", (!request.tools.is_empty()).then(|| json!([{"functionDeclarations": declared()}])));
    body.set("toolConfig", tool_config(call)?);
    let config = generation_config(call)?;
    body.set("generationConfig", (!config.0.is_empty()).then_some(config.0));
    body.set("serviceTier", call.options().service_tier.clone());
    call.with_joined(body.0, &OWN_KEYS, &JOINED_KEYS)
}

fn tool(t: &ToolSpec) -> Json {
    let mut tool = Body::default();
    tool.set("name", Some(t.name.as_str()));
    tool.set("description", Some(t.description.as_str()));
    // A function without arguments has no schema of them.
    let takes = t.parameters["properties"].as_object().is_some_and(|p| !p.is_empty());
    tool.set("parametersJsonSchema", takes.then(|| t.parameters.clone()));
    Json::Object(tool.0)
}

fn tool_config(call: &Call<'_>) -> Result<Option<Json>, LmError> {
    let request = call.request;
    call.cannot_if(request.parallel_tool_calls == Some(false), "one call of a tool at a time")?;
    // Calls that are forced are held to the schemas anyway.
    let auto = if request.strict_tools == Some(true) { "VALIDATED" } else { "AUTO" };
    let mut config = match &request.tool_choice {
        None if auto == "AUTO" || request.tools.is_empty() => return Ok(None),
        None | Some(ToolChoice::Auto) => json!({"mode": auto}),
        Some(ToolChoice::None) => json!({"mode": "NONE"}),
        Some(ToolChoice::Required | ToolChoice::Tool(_)) => json!({"mode": "ANY"}),
        Some(other) => return call.cannot(&format!("the tool choice {other:?}")).map(|()| None),
    };
    if let Some(ToolChoice::Tool(name)) = &request.tool_choice {
        config["allowedFunctionNames"] = json!([name]);
    }
    Ok(Some(json!({"functionCallingConfig": config})))
}

fn generation_config(call: &Call<'_>) -> Result<Body, LmError> {
    let o = call.options();
    let mut config = Body::default();
    config.set("candidateCount", o.n);
    config.set("temperature", o.temperature);
    config.set("topP", o.top_p);
    config.set("topK", o.top_k);
    config.set("maxOutputTokens", o.max_tokens);
    config.set("stopSequences", o.stop.clone().filter(|stop| !stop.is_empty()));
    config.set("seed", o.seed);
    config.set("presencePenalty", o.presence_penalty);
    config.set("frequencyPenalty", o.frequency_penalty);
    config.set("responseLogprobs", o.logprobs.map(|_| true));
    config.set("logprobs", o.logprobs.filter(|k| *k > 0));
    config.set("thinkingConfig", thinking(call)?);
    match &call.request.response_format {
        None => {}
        Some(ResponseFormat::JsonObject) => config.set("responseMimeType", Some("application/json")),
        Some(ResponseFormat::JsonSchema { schema, .. }) => {
            config.set("responseMimeType", Some("application/json"));
            config.set("responseJsonSchema", Some(schema.clone()));
        }
        Some(other) => call.cannot(&format!("the response format {other:?}"))?,
    }
    Ok(config)
}

fn thinking(call: &Call<'_>) -> Result<Option<Json>, LmError> {
    let none = |what: &str| call.cannot(what).map(|()| None);
    let Some(asked) = call.reasoning() else { return Ok(None) };
    let off = matches!(asked, Reasoning::Off) || asked.effort() == Some("none");
    Ok(Some(match (&asked, Thinking::of(call.model)) {
        (_, Thinking::Never) if off => return Ok(None),
        (_, Thinking::Never) => return none("reasoning"),
        (_, Thinking::Budget { off: true }) if off => json!({"thinkingBudget": 0}),
        _ if off => return none("an answer without reasoning"),
        (Reasoning::Effort(word), Thinking::Level) if LEVELS.contains(&word.as_str()) => {
            json!({"includeThoughts": true, "thinkingLevel": word})
        }
        (Reasoning::Effort(word), thinking) => match Thinking::budget_of(word) {
            Some(budget) if thinking != Thinking::Level => {
                json!({"includeThoughts": true, "thinkingBudget": budget})
            }
            _ => return none(&format!("the reasoning effort `{word}`")),
        },
        (Reasoning::Budget(budget), _) => json!({"includeThoughts": true, "thinkingBudget": budget}),
        (other, _) => return none(&format!("the reasoning {other:?}")),
    }))
}

/// The words for how much models from Gemini 3 on think.
const LEVELS: [&str; 4] = ["minimal", "low", "medium", "high"];
