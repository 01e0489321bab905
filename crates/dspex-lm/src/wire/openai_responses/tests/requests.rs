//! Requests: recorded ones, read back into what was asked and written again; and what no recording has.

use std::collections::BTreeMap;

use dspex_core::Record;
use dspex_core::lm::{
    LmErrorKind, Message, OnUnsupported, Part, Reasoning, Request, ResponseFormat, Role, ToolChoice, ToolSpec,
};
use dspex_core::value::ToolCall;
use serde_json::{Value as Json, json};

use super::{OPENAI, recorded};
use crate::wire::{Call, OpenAiResponses, Quirks, Wire as _};

fn opaque(data: Json) -> Part {
    Part::Opaque { provider: "openai_responses".into(), data }
}

/// A recorded item as a message; none where the rest of the system has no word for it.
fn message(item: &Json, names: &BTreeMap<String, String>) -> Option<Message> {
    let word = |key: &str| item[key].as_str().map(str::to_owned);
    let (role, part) = match item["type"].as_str()? {
        "message" => {
            let role =
                [Role::System, Role::User, Role::Assistant].into_iter().find(|r| item["role"] == r.name())?;
            let text = |part: &Json| part["text"].as_str().map(|t| Part::Text(t.to_owned()));
            let parts = match &item["content"] {
                Json::String(text) => vec![Part::Text(text.clone())],
                parts => parts.as_array()?.iter().map(text).collect::<Option<_>>()?,
            };
            return Some(Message { role, parts });
        }
        "function_call" => {
            let args = Record::from_tagged(&serde_json::from_str(item["arguments"].as_str()?).ok()?).ok()?;
            (Role::Assistant, Part::ToolCall(ToolCall { id: word("call_id"), name: word("name")?, args }))
        }
        "function_call_output" => {
            let (call_id, content) = (word("call_id")?, word("output")?);
            let name = names.get(&call_id)?.clone();
            (Role::Tool, Part::ToolResult { call_id: Some(call_id), name, content, is_error: false })
        }
        _ => (Role::Assistant, opaque(item.clone())),
    };
    Some(Message { role, parts: vec![part] })
}

fn neutral(body: &Json) -> Option<Request> {
    let mut request = Request::default();
    let input = body["input"].as_array()?;
    let name = |i: &Json| Some((i["call_id"].as_str()?.to_owned(), i["name"].as_str()?.to_owned()));
    let names = input.iter().filter_map(name).collect();
    for item in input {
        request.messages.push(message(item, &names)?);
    }
    for (key, value) in body.as_object()? {
        let o = &mut request.options;
        match key.as_str() {
            "input" | "model" | "stream" | "include" => {}
            "max_output_tokens" => o.max_tokens = value.as_u64(),
            "temperature" => o.temperature = value.as_f64(),
            "parallel_tool_calls" => request.parallel_tool_calls = value.as_bool(),
            "reasoning" => {
                o.reasoning = Some(Reasoning::Effort(value["effort"].as_str()?.to_owned()));
                o.extra.insert(key.clone(), value.clone());
            }
            "text" if value.as_object()?.len() == 1 && value["format"]["type"] == "json_schema" => {
                let format = &value["format"];
                let (name, schema) = (format["name"].as_str()?.to_owned(), format["schema"].clone());
                let strict = format["strict"].as_bool()?;
                request.response_format = Some(ResponseFormat::JsonSchema { name, schema, strict });
            }
            "tool_choice" => {
                request.tool_choice = Some(match value.as_str() {
                    Some("required") => ToolChoice::Required,
                    Some("none") => ToolChoice::None,
                    Some(_) => ToolChoice::Auto,
                    None => ToolChoice::Tool(value["name"].as_str()?.to_owned()),
                });
            }
            "tools" => {
                request.strict_tools = value[0]["strict"].as_bool();
                for t in value.as_array()? {
                    let (name, description) =
                        (t["name"].as_str()?.to_owned(), t["description"].as_str()?.to_owned());
                    request.tools.push(ToolSpec { name, description, parameters: t["parameters"].clone() });
                }
            }
            _ => {
                o.extra.insert(key.clone(), value.clone());
            }
        }
    }
    Some(request)
}

/// Makes the same what is the same to the provider.
fn normal(mut body: Json) -> Json {
    // Stateless: thoughts are asked for in encrypted form, and nothing is kept; the recorded client lets it be kept.
    for key in ["store", "include"] {
        body.as_object_mut().unwrap().shift_remove(key);
    }
    for item in body["input"].as_array_mut().unwrap() {
        // Ids and states that the provider gives to items, which it needs only for those that it keeps itself.
        if item["type"] != "reasoning" {
            let item = item.as_object_mut().unwrap();
            item.shift_remove("id");
            item.shift_remove("status");
        }
        // Content that is one text, in the short form.
        if let Json::String(text) = &item["content"] {
            let kind = if item["role"] == "assistant" { "output_text" } else { "input_text" };
            item["content"] = json!([{"type": kind, "text": text}]);
        }
        // Arguments are compared as what they say.
        if let Some(arguments) = item["arguments"].as_str() {
            item["arguments"] = serde_json::from_str(arguments).unwrap();
        }
    }
    body
}

#[test]
fn recorded_requests_are_written_again() {
    let (mut same, mut other) = (0, 0);
    let all = recorded();
    for one in &all {
        let body: Json = serde_json::from_str(&one.request).unwrap();
        let Some(request) = neutral(&body) else {
            eprintln!("{} cannot be rebuilt: {}", one.place(), &one.request[..200.min(one.request.len())]);
            other += 1;
            continue;
        };
        let model = body["model"].as_str().unwrap();
        let call = Call::new(&request, model, &Quirks::NONE, body["stream"] == true);
        let ours = OpenAiResponses.encode(&call).unwrap_or_else(|e| panic!("{}: {e}", one.place()));
        if !body["include"].is_null() {
            assert_eq!(
                (&ours["include"], &ours["store"]),
                (&body["include"], &body.get("store").map_or(json!(false), Clone::clone))
            );
        }
        assert_eq!(normal(ours), normal(body), "{}", one.place());
        same += 1;
    }
    eprintln!("{same} requests are written as they were sent, {other} cannot be rebuilt");
    assert!(all.is_empty() || same > 95, "{same} {other}");
}

fn asking(change: impl FnOnce(&mut Request)) -> Request {
    let mut request = Request::new(vec![Message::user("?")]);
    change(&mut request);
    request
}

fn encode(request: &Request) -> Json {
    OpenAiResponses.encode(&Call::new(request, "gpt-5.2", &OPENAI, true)).unwrap()
}

#[test]
fn thoughts_are_asked_for_in_a_form_that_goes_back() {
    let mut request = asking(|r| r.options.reasoning = Some(Reasoning::Effort("low".into())));
    request.options.extra = serde_json::from_value(json!({
        "reasoning": {"summary": "auto"}, "include": ["file_search_call.results"], "text": {"verbosity": "low"},
    }))
    .unwrap();
    request.response_format = Some(ResponseFormat::JsonObject);
    let body = encode(&request);
    assert_eq!(body["reasoning"], json!({"effort": "low", "summary": "auto"}));
    assert_eq!(body["include"], json!(["reasoning.encrypted_content", "file_search_call.results"]));
    assert_eq!(body["text"], json!({"format": {"type": "json_object"}, "verbosity": "low"}));
    assert_eq!(body["store"], false);
    // Whether the provider keeps the conversation is then the caller's to say.
    request.options.extra.insert("previous_response_id".into(), json!("resp_1"));
    let body = encode(&request);
    assert_eq!((body.get("store"), &body["previous_response_id"]), (None, &json!("resp_1")));
    let off = encode(&asking(|r| r.options.reasoning = Some(Reasoning::Off)));
    assert_eq!((&off["reasoning"], off.get("include")), (&json!({"effort": "none"}), None));
}

#[test]
fn an_effort_by_the_name_of_chat_completions_counts() {
    let by_name = |word: Json| asking(|r| drop(r.options.extra.insert("reasoning_effort".into(), word)));
    let body = encode(&by_name(json!("high")));
    assert_eq!((&body["reasoning"], body.get("reasoning_effort")), (&json!({"effort": "high"}), None));
    let body = encode(&by_name(Json::Null));
    assert_eq!((body.get("reasoning"), body.get("reasoning_effort")), (None, None));
}

#[test]
fn what_came_from_the_provider_goes_back_where_it_stood() {
    let reasoning = json!({"type": "reasoning", "id": "rs", "encrypted_content": "x", "summary": []});
    let call = ToolCall { id: Some("c".into()), name: "f".into(), args: Record::new() };
    let parts = vec![
        Part::Reasoning("the same, in the open".into()),
        opaque(
            json!({"type": "reasoning", "id": "rs", "encrypted_content": "x", "summary": [], "status": null}),
        ),
        Part::Text("a".into()),
        opaque(json!({"annotations": [{"type": "url_citation"}], "phase": "commentary"})),
        Part::ToolCall(call),
        Part::Text("b".into()),
    ];
    let request = asking(|r| r.messages.push(Message { role: Role::Assistant, parts }));
    let output = |text: &str| json!({"type": "output_text", "text": text});
    let mut first = output("a");
    first["annotations"] = json!([{"type": "url_citation"}]);
    assert_eq!(
        encode(&request)["input"],
        json!([
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "?"}]},
            reasoning,
            {"type": "message", "role": "assistant", "content": [first], "phase": "commentary"},
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "message", "role": "assistant", "content": [output("b")]},
        ])
    );
}

#[test]
fn what_the_wire_cannot_say_is_left_out_with_a_warning_where_that_is_allowed() {
    let mut request = asking(|r| {
        (r.options.n, r.options.seed, r.options.top_k) = (Some(2), Some(1), Some(3));
        r.options.stop = Some(vec!["END".into()]);
        r.options.reasoning = Some(Reasoning::Budget(100));
    });
    let call = Call::new(&request, "m", &OPENAI, false);
    assert_eq!(OpenAiResponses.encode(&call).unwrap_err().kind, LmErrorKind::Unsupported);
    request.options.on_unsupported = Some(OnUnsupported::Warn);
    let call = Call::new(&request, "m", &OPENAI, false);
    let body = OpenAiResponses.encode(&call).unwrap();
    assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["model", "input"]);
    assert_eq!(call.warnings().len(), 5);
}
