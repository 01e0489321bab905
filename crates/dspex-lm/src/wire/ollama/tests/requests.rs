//! Requests: recorded ones, read back into what was asked and written again; and what no recording has.

use dspex_core::Record;
use dspex_core::lm::{
    LmErrorKind, Message, OnUnsupported, Part, Reasoning, Request, ResponseFormat, Role, ToolChoice, ToolSpec,
};
use dspex_core::value::ToolCall;
use serde_json::{Value as Json, json};

use super::super::Ollama;
use super::recorded;
use crate::wire::{Call, Quirks, Wire as _};

fn encode(request: &Request, model: &str, stream: bool) -> Result<Json, dspex_core::lm::LmError> {
    Ollama.encode(&Call::new(request, model, &Quirks::NONE, stream))
}

fn message(json: &Json) -> Message {
    let text = json["content"].as_str().unwrap().to_owned();
    if let Some(name) = json["tool_name"].as_str() {
        let result = Part::ToolResult { call_id: None, name: name.into(), content: text, is_error: false };
        return Message { role: Role::Tool, parts: vec![result] };
    }
    let role =
        [Role::System, Role::User, Role::Assistant].into_iter().find(|r| json["role"] == r.name()).unwrap();
    let thought = json["thinking"].as_str().map(|t| Part::Reasoning(t.into()));
    let mut parts: Vec<Part> = thought.into_iter().chain([Part::Text(text)]).collect();
    for call in json["tool_calls"].as_array().into_iter().flatten() {
        let (name, args) =
            (call["function"]["name"].as_str().unwrap().into(), &call["function"]["arguments"]);
        parts.push(Part::ToolCall(ToolCall { id: None, name, args: Record::from_tagged(args).unwrap() }));
    }
    Message { role, parts }
}

/// What was asked, by a recorded body.
fn neutral(body: &Json) -> Request {
    let mut request = Request::new(body["messages"].as_array().unwrap().iter().map(message).collect());
    for (key, value) in body.as_object().unwrap() {
        match key.as_str() {
            "messages" | "model" | "stream" => {}
            "options" => request.options.max_tokens = value["num_predict"].as_u64(),
            "think" if *value == false => request.options.reasoning = Some(Reasoning::Off),
            "format" => {
                let (name, schema) = ("answer".to_owned(), value.clone());
                request.response_format = Some(ResponseFormat::JsonSchema { name, schema, strict: true });
            }
            "tools" => {
                for t in value.as_array().unwrap() {
                    let word = |key: &str| t["function"][key].as_str().unwrap().to_owned();
                    let parameters = t["function"]["parameters"].clone();
                    request.tools.push(ToolSpec {
                        name: word("name"),
                        description: word("description"),
                        parameters,
                    });
                }
            }
            _ => {
                request.options.extra.insert(key.clone(), value.clone());
            }
        }
    }
    request
}

/// Takes away what is the same to the provider: options that say nothing, and lists of no calls.
fn normal(mut body: Json) -> Json {
    for message in body["messages"].as_array_mut().unwrap() {
        message.as_object_mut().unwrap().retain(|key, value| key != "tool_calls" || *value != json!([]));
    }
    let map = body.as_object_mut().unwrap();
    map.retain(|key, value| !(key == "options" && *value == json!({})) && *value != json!([]));
    body
}

#[test]
fn recorded_requests_are_written_again() {
    let all = recorded();
    for one in &all {
        let body: Json = serde_json::from_str(&one.request).unwrap();
        let ours = encode(&neutral(&body), body["model"].as_str().unwrap(), body["stream"] == true).unwrap();
        assert_eq!(normal(ours), normal(body), "{}", one.place());
    }
    eprintln!("{} requests are written as they were sent", all.len());
    assert!(all.is_empty() || all.len() > 20, "{}", all.len());
}

fn asking(change: impl FnOnce(&mut Request)) -> Request {
    let mut request = Request::new(vec![Message::user("?")]);
    change(&mut request);
    request
}

#[test]
fn parameters_stand_under_options_wherever_they_are_named() {
    let mut request = asking(|r| r.options.temperature = Some(0.0));
    request.options.extra = serde_json::from_value(json!({
        "num_ctx": 8_192, "options": {"min_p": 0.1}, "keep_alive": "5m",
    }))
    .unwrap();
    let body = encode(&request, "m", false).unwrap();
    assert_eq!(body["options"], json!({"temperature": 0.0, "num_ctx": 8_192, "min_p": 0.1}));
    assert_eq!((&body["keep_alive"], &body["num_ctx"]), (&json!("5m"), &Json::Null));
    assert_eq!(body["stream"], json!(false), "it streams unless it is told not to");
}

#[test]
fn what_it_cannot_do_is_left_out_with_a_warning_where_that_is_allowed() {
    let mut request = asking(|r| {
        r.options.reasoning = Some(Reasoning::Budget(100));
        (r.options.n, r.options.service_tier) = (Some(2), Some("flex".into()));
        r.tools.push(ToolSpec { name: "f".into(), description: "d".into(), parameters: json!({}) });
        (r.tool_choice, r.parallel_tool_calls, r.strict_tools) =
            (Some(ToolChoice::Required), Some(false), Some(true));
    });
    assert_eq!(encode(&request, "m", false).unwrap_err().kind, LmErrorKind::Unsupported);
    request.options.on_unsupported = Some(OnUnsupported::Warn);
    let call = Call::new(&request, "m", &Quirks::NONE, false);
    let body = Ollama.encode(&call).unwrap();
    assert_eq!(
        body.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["model", "messages", "stream", "tools", "think"]
    );
    assert_eq!(call.warnings().len(), 6);
}

#[test]
fn who_must_call_no_tool_is_told_of_none() {
    let mut request = asking(|r| r.tool_choice = Some(ToolChoice::None));
    request.tools.push(ToolSpec { name: "f".into(), description: "d".into(), parameters: json!({}) });
    assert_eq!(encode(&request, "m", false).unwrap()["tools"], Json::Null);
}
