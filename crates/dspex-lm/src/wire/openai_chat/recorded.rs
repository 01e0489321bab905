//! Real traffic of vendors that speak chat completions, read by the decoder and, apart from it, from the raw bodies.

use dspex_core::Record;
use dspex_core::lm::{Message, Part, ReplyBuilder, Request, Role, ToolChoice, ToolSpec};
use dspex_core::value::ToolCall;
use serde_json::{Value as Json, json};

use super::OpenAiChat;
use crate::wire::cassettes::interactions;
use crate::wire::{Call, Frame, Quirks, Wire as _};

/// What a reply says, by either way.
#[derive(Debug, Default, PartialEq)]
struct Said {
    text: String,
    reasoning: String,
    calls: Vec<(String, Json)>,
    finish: Option<String>,
    tokens: (u64, u64),
}

/// The first completion, straight from the raw body.
fn expected(body: &str, streamed: bool) -> Said {
    let mut said = Said::default();
    let mut calls: Vec<(String, String)> = Vec::new();
    let documents: Vec<Json> = if streamed {
        let data = body.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim);
        data.filter(|d| *d != "[DONE]").map(|d| serde_json::from_str(d).expect(d)).collect()
    } else {
        vec![serde_json::from_str(body).expect("a whole reply in JSON")]
    };
    for document in &documents {
        let choices = document["choices"].as_array().into_iter().flatten();
        for choice in choices.filter(|c| c["index"].as_u64().unwrap_or(0) == 0) {
            let part = if streamed { &choice["delta"] } else { &choice["message"] };
            said.text.push_str(part["content"].as_str().unwrap_or_default());
            let one = part["reasoning_content"].as_str().filter(|r| !r.is_empty());
            said.reasoning.push_str(one.or(part["reasoning"].as_str()).unwrap_or_default());
            for (i, call) in part["tool_calls"].as_array().into_iter().flatten().enumerate() {
                let at = call["index"].as_u64().map_or(i, |i| usize::try_from(i).expect("a small index"));
                if calls.len() <= at {
                    calls.resize(at + 1, Default::default());
                }
                calls[at].0.push_str(call["function"]["name"].as_str().unwrap_or_default());
                calls[at].1.push_str(call["function"]["arguments"].as_str().unwrap_or_default());
            }
            said.finish = choice["finish_reason"].as_str().map(str::to_owned).or(said.finish);
        }
        if document["usage"].is_object() {
            let count = |key: &str| document["usage"][key].as_u64().unwrap_or(0);
            said.tokens = (count("prompt_tokens"), count("completion_tokens"));
        }
    }
    // What is no JSON is null here, and kept as text by the decoder.
    let read = |text: &str| match text.trim() {
        "" | "null" => Json::Object(serde_json::Map::new()),
        text => serde_json::from_str(text).unwrap_or(Json::Null),
    };
    said.calls = calls.iter().map(|(name, arguments)| (name.clone(), read(arguments))).collect();
    said
}

/// The same by the decoder and the fold that every reply goes through.
fn decoded(body: &str, streamed: bool) -> Result<Said, dspex_core::lm::LmError> {
    let mut decoder = OpenAiChat.decoder(&Quirks::NONE);
    let mut reply = ReplyBuilder::new();
    if streamed {
        for data in body.lines().filter_map(|line| line.strip_prefix("data:")) {
            for event in decoder.frame(&Frame { event: None, data: data.trim().to_owned() })? {
                reply.push(event);
            }
        }
    } else {
        for event in decoder.whole(body.as_bytes())? {
            reply.push(event);
        }
    }
    let reply = reply.finish()?;
    let choice = &reply.choices[0];
    let mut said = Said { text: choice.content(), ..Said::default() };
    for part in &choice.parts {
        match part {
            Part::Reasoning(text) => said.reasoning.push_str(text),
            Part::ToolCall(call) => said.calls.push((call.name.clone(), call.args.to_tagged())),
            Part::BrokenToolCall { name, .. } => said.calls.push((name.clone(), Json::Null)),
            _ => {}
        }
    }
    said.finish = Some(choice.finish.as_str().to_owned());
    said.tokens = (reply.usage.input_tokens, reply.usage.output_tokens);
    Ok(said)
}

#[test]
fn recorded_traffic_is_read_right() {
    let (mut whole, mut streams, mut errors) = (0, 0, 0);
    let all = interactions(None);
    if all.is_empty() {
        return;
    }
    for one in all.iter().filter(|i| i.path.ends_with("chat/completions")) {
        let (place, body, streamed) = (one.place(), one.text(), one.is_stream());
        if one.status != 200 {
            let said = crate::wire::failure::Said::in_body(body.as_bytes());
            assert!(said.is_some_and(|s| !s.message().is_empty()), "{place}: {body}");
            errors += 1;
            continue;
        }
        match decoded(body, streamed) {
            Ok(said) => assert_eq!(said, expected(body, streamed), "{place}"),
            // Refusals and errors in the middle of a stream are told as such.
            Err(e) => assert!(told(body), "{place}: {e}"),
        }
        *(if streamed { &mut streams } else { &mut whole }) += 1;
    }
    eprintln!("read {whole} whole replies, {streams} streams and {errors} errors");
    assert!(whole > 200 && streams > 100, "only {whole} whole replies and {streams} streams were found");
}

/// What a message says, without how it says it.
fn gist(message: &Json) -> Json {
    let text = match &message["content"] {
        Json::Array(parts) => parts.iter().filter_map(|p| p["text"].as_str()).collect::<String>(),
        content => content.as_str().unwrap_or_default().to_owned(),
    };
    let calls: Vec<Json> = message["tool_calls"].as_array().into_iter().flatten().map(call_gist).collect();
    json!({"role": message["role"], "text": text, "calls": calls, "answers": message["tool_call_id"]})
}

fn call_gist(call: &Json) -> Json {
    let arguments = call["function"]["arguments"].as_str().and_then(|a| serde_json::from_str::<Json>(a).ok());
    json!({"id": call["id"], "type": call["type"], "name": call["function"]["name"], "arguments": arguments})
}

/// A recorded message as the rest of the system has it.
fn message(json: &Json) -> Option<Message> {
    let said = gist(json);
    let text = said["text"].as_str()?.to_owned();
    let role = [Role::System, Role::User, Role::Assistant, Role::Tool]
        .into_iter()
        .find(|role| said["role"] == role.name())?;
    if role == Role::Tool {
        let call_id = said["answers"].as_str().map(str::to_owned);
        let name = "f".to_owned();
        return Some(Message {
            role,
            parts: vec![Part::ToolResult { call_id, name, content: text, is_error: false }],
        });
    }
    let mut parts = if text.is_empty() { Vec::new() } else { vec![Part::Text(text)] };
    for call in said["calls"].as_array()? {
        let args = Record::from_tagged(&call["arguments"]).ok()?;
        let (id, name) = (call["id"].as_str().map(str::to_owned), call["name"].as_str()?.to_owned());
        parts.push(Part::ToolCall(ToolCall { id, name, args }));
    }
    Some(Message { role, parts })
}

#[test]
fn recorded_conversations_with_tools_are_written_again() {
    let mut written = 0;
    let all = interactions(Some("openai"));
    if all.is_empty() {
        return;
    }
    for one in all.iter().filter(|i| i.path.ends_with("chat/completions")) {
        let body: Json = serde_json::from_str(&one.request).unwrap_or_default();
        let messages = body["messages"].as_array().cloned().unwrap_or_default();
        let tools = body["tools"].as_array().cloned().unwrap_or_default();
        if !messages.iter().any(|m| m["role"] == "tool") {
            continue;
        }
        let Some(neutral) = messages.iter().map(message).collect::<Option<Vec<_>>>() else { continue };
        let mut request = Request::new(neutral);
        request.tools = tools
            .iter()
            .map(|t| ToolSpec {
                name: t["function"]["name"].as_str().unwrap_or_default().to_owned(),
                description: t["function"]["description"].as_str().unwrap_or_default().to_owned(),
                parameters: t["function"]["parameters"].clone(),
            })
            .collect();
        let ours = OpenAiChat.encode(&Call::new(&request, "m", &Quirks::NONE, false)).expect("a body");
        let gists =
            |messages: &Json| -> Vec<Json> { messages.as_array().into_iter().flatten().map(gist).collect() };
        assert_eq!(gists(&ours["messages"]), gists(&body["messages"]), "{}", one.place());
        for (ours, theirs) in ours["tools"].as_array().into_iter().flatten().zip(&tools) {
            assert_eq!(ours["function"]["parameters"], theirs["function"]["parameters"]);
            assert_eq!(
                (&ours["type"], &ours["function"]["name"]),
                (&theirs["type"], &theirs["function"]["name"])
            );
        }
        written += 1;
    }
    assert!(written > 10, "only {written} conversations with tools were found");
}

#[test]
fn tools_and_what_is_said_of_them_are_sent() {
    let mut request = Request::new(vec![Message::user("?")]);
    let parameters = json!({"type": "object", "properties": {}, "required": []});
    request.tools.push(ToolSpec {
        name: "f".into(),
        description: "d".into(),
        parameters: parameters.clone(),
    });
    request.parallel_tool_calls = Some(false);
    let function = json!({"name": "f", "description": "d", "parameters": parameters});
    let table = [
        (None, Json::Null),
        (Some(ToolChoice::Auto), json!("auto")),
        (Some(ToolChoice::Required), json!("required")),
        (Some(ToolChoice::Tool("f".into())), json!({"type": "function", "function": {"name": "f"}})),
    ];
    for (choice, sent) in table {
        request.tool_choice = choice;
        let body = OpenAiChat.encode(&Call::new(&request, "m", &Quirks::NONE, false)).expect("a body");
        assert_eq!(body["tools"], json!([{"type": "function", "function": function}]));
        assert_eq!((&body["tool_choice"], &body["parallel_tool_calls"]), (&sent, &json!(false)));
    }
}

/// Whether a body says by itself that it is no answer, or is a stream without its last event.
fn told(body: &str) -> bool {
    let cut_off = body.starts_with("data:") && !body.contains("[DONE]");
    cut_off || body.contains("\"error\"") || body.contains("\"refusal\":\"")
}
