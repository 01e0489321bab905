//! Requests: recorded ones, read back into what was asked and written again; and what no recording has.

use dspex_core::Record;
use dspex_core::lm::{
    LmErrorKind, Message, Part, Reasoning, Request, ResponseFormat, Role, ToolChoice, ToolSpec,
};
use dspex_core::value::{Citations, Document, ToolCall};
use serde_json::{Value as Json, json};

use super::super::Cohere;
use super::recorded;
use crate::wire::{Call, Quirks, Wire as _};

fn encode(request: &Request, model: &str, stream: bool) -> Result<Json, dspex_core::lm::LmError> {
    Cohere.encode(&Call::new(request, model, &Quirks::NONE, stream))
}

fn message(json: &Json) -> Message {
    let texts: Vec<String> = match &json["content"] {
        Json::String(text) => vec![text.clone()],
        content => {
            content.as_array().unwrap().iter().map(|b| b["text"].as_str().unwrap().to_owned()).collect()
        }
    };
    if let Some(id) = json["tool_call_id"].as_str() {
        let (call_id, content) = (Some(id.to_owned()), texts.concat());
        let result = Part::ToolResult { call_id, name: "f".into(), content, is_error: false };
        return Message { role: Role::Tool, parts: vec![result] };
    }
    let role =
        [Role::System, Role::User, Role::Assistant].into_iter().find(|r| json["role"] == r.name()).unwrap();
    let mut parts: Vec<Part> = texts.into_iter().map(Part::Text).collect();
    for call in json["tool_calls"].as_array().into_iter().flatten() {
        let (id, function) = (call["id"].as_str().map(str::to_owned), &call["function"]);
        let args: Json = serde_json::from_str(function["arguments"].as_str().unwrap()).unwrap();
        let (name, args) = (function["name"].as_str().unwrap().into(), Record::from_tagged(&args).unwrap());
        parts.push(Part::ToolCall(ToolCall { id, name, args }));
    }
    Message { role, parts }
}

/// What was asked, by a recorded body.
fn neutral(body: &Json) -> Request {
    let mut request = Request::new(body["messages"].as_array().unwrap().iter().map(message).collect());
    for (key, value) in body.as_object().unwrap() {
        match key.as_str() {
            "messages" | "model" | "stream" => {}
            "max_tokens" => request.options.max_tokens = value.as_u64(),
            "temperature" => request.options.temperature = value.as_f64(),
            "strict_tools" => request.strict_tools = value.as_bool(),
            "tool_choice" => {
                request.tool_choice =
                    Some(if *value == "NONE" { ToolChoice::None } else { ToolChoice::Required });
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

/// Takes away what is the same to the provider: nulls and empty lists; a text for a list of that text alone.
fn normal(json: Json) -> Json {
    match json {
        Json::Array(items) => items.into_iter().map(normal).collect(),
        Json::Object(map) => {
            let said = map.into_iter().filter(|(_, v)| !v.is_null() && *v != json!([]));
            said.map(|(k, v)| match v.as_array().map(Vec::as_slice) {
                Some([one]) if k == "content" && one["type"] == "text" => (k, one["text"].clone()),
                _ => (k, normal(v)),
            })
            .collect()
        }
        other => other,
    }
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
    assert!(all.is_empty() || all.len() > 15, "{}", all.len());
}

fn asking(change: impl FnOnce(&mut Request)) -> Request {
    let mut request = Request::new(vec![Message::user("?")]);
    change(&mut request);
    request
}

#[test]
fn what_came_from_the_provider_goes_back_as_it_was() {
    let opaque = |data: Json| Part::Opaque { provider: "cohere".into(), data };
    let parts = vec![
        Part::Reasoning("left out, since it is of another provider".into()),
        Part::Reasoning("I look.".into()),
        opaque(json!({"type": "tool_plan"})),
        Part::Reasoning("Hm.".into()),
        opaque(json!({"type": "thinking"})),
        Part::Text("Goethe.".into()),
        Part::ToolCall(ToolCall { id: None, name: "f".into(), args: Record::new() }),
        Part::Citations(Citations::default()),
        opaque(json!({"citations": [{"start": 0}]})),
    ];
    let result = Part::ToolResult { call_id: None, name: "f".into(), content: "7".into(), is_error: false };
    let request = asking(|r| {
        r.messages.push(Message { role: Role::Assistant, parts });
        r.messages.push(Message { role: Role::Tool, parts: vec![result] });
    });
    let body = encode(&request, "m", false).unwrap();
    assert_eq!(
        body["messages"][1],
        json!({
            "role": "assistant", "tool_plan": "I look.", "citations": [{"start": 0}],
            "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Goethe."}],
            "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        })
    );
    assert_eq!(body["messages"][2], json!({"role": "tool", "tool_call_id": "call_1", "content": "7"}));
}

#[test]
fn an_answer_in_json_does_not_go_with_tools_or_documents() {
    let format = || Some(ResponseFormat::JsonObject);
    let alone = asking(|r| r.response_format = format());
    assert_eq!(encode(&alone, "m", false).unwrap()["response_format"], json!({"type": "json_object"}));
    let beside = asking(|r| {
        r.response_format = format();
        r.messages[0].parts.push(Part::Document(Document::new("a")));
    });
    assert_eq!(encode(&beside, "m", false).unwrap_err().kind, LmErrorKind::Unsupported);
}

#[test]
fn extra_documents_stand_behind_those_of_the_conversation() {
    let mut request =
        asking(|r| r.messages[0].parts.push(Part::Document(Document::new("a").with_title("t"))));
    request.options.extra =
        serde_json::from_value(json!({"documents": ["b"], "safety_mode": "OFF"})).unwrap();
    let body = encode(&request, "m", false).unwrap();
    assert_eq!(body["documents"], json!([{"id": "document-0", "data": {"text": "a", "title": "t"}}, "b"]));
    assert_eq!(body["safety_mode"], json!("OFF"));
    assert_eq!(body["messages"], json!([{"role": "user", "content": "?"}]));
}

#[test]
fn thinking_is_on_or_off_or_bounded() {
    let told = |reasoning: Reasoning| {
        let request = asking(|r| r.options.reasoning = Some(reasoning));
        encode(&request, "command-a-reasoning-08-2025", false)
            .map(|b| b["thinking"].clone())
            .map_err(|e| e.kind)
    };
    let effort = |word: &str| Reasoning::Effort(word.into());
    assert_eq!(told(Reasoning::Off), Ok(json!({"type": "disabled"})));
    assert_eq!(told(effort("none")), Ok(json!({"type": "disabled"})));
    assert_eq!(told(effort("high")), Ok(json!({"type": "enabled"})));
    assert_eq!(told(effort("low")), Err(LmErrorKind::Unsupported));
    assert_eq!(told(Reasoning::Budget(9)), Ok(json!({"type": "enabled", "token_budget": 9})));
}
