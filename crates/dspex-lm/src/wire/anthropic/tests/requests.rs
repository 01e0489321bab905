//! Requests: recorded ones, read back into what was asked and written again; and what no recording has.

use std::collections::BTreeMap;

use dspex_core::Record;
use dspex_core::lm::{
    Capabilities, LmErrorKind, Message, OnUnsupported, Part, Reasoning, Request, Role, ToolChoice, ToolSpec,
};
use dspex_core::value::{Document, DocumentType, Media, MediaKind, MediaSource, ToolCall};
use serde_json::{Value as Json, json};

use crate::wire::anthropic::Anthropic;
use crate::wire::cassettes::interactions;
use crate::wire::{Call, Quirks, Wire as _};

fn encode(request: &Request, model: &str, stream: bool) -> Result<Json, dspex_core::lm::LmError> {
    Anthropic.encode(&Call::new(request, model, &Quirks::NONE, stream))
}

/// What a recorded block says; none where the rest of the system has no word for it.
fn parts(block: &Json, names: &BTreeMap<String, String>) -> Option<Vec<Part>> {
    let word = |key: &str| block[key].as_str().map(str::to_owned);
    let opaque = |data: Json| Part::Opaque { provider: "anthropic".into(), data };
    let mut parts = match word("type")?.as_str() {
        "text" => {
            let mut parts = vec![Part::Text(word("text")?)];
            if let Some(all) = block["citations"].as_array() {
                let cited = all.iter().map(|c| super::super::blocks::cited(c, "")).collect::<Option<_>>()?;
                parts.push(Part::Citations(dspex_core::value::Citations(cited)));
            }
            parts
        }
        "thinking" => {
            vec![Part::Reasoning(word("thinking")?), opaque(json!({"signature": word("signature")?}))]
        }
        "tool_use" => {
            let args = Record::from_tagged(&block["input"]).ok()?;
            vec![Part::ToolCall(ToolCall { id: word("id"), name: word("name")?, args })]
        }
        "tool_result" => {
            let [one] = block["content"].as_array()?.as_slice() else { return None };
            let (content, call_id) = (one["text"].as_str()?.to_owned(), word("tool_use_id")?);
            let name = names.get(&call_id)?.clone();
            let is_error = block["is_error"] == true;
            vec![Part::ToolResult { call_id: Some(call_id), name, content, is_error }]
        }
        "document" => vec![document(block)?],
        _ => vec![opaque(block.clone())],
    };
    if block["cache_control"].is_object() {
        let ttl = block["cache_control"]["ttl"].as_str().map(str::to_owned);
        parts.push(Part::CachePoint { ttl });
    }
    Some(parts)
}

fn document(block: &Json) -> Option<Part> {
    let source = &block["source"];
    let media_type = if source["type"] == "text" { DocumentType::Text } else { DocumentType::Pdf };
    let data = source["data"].as_str().or(source["url"].as_str())?.to_owned();
    let (title, context) = (block["title"].as_str().map(str::to_owned), None);
    if block["citations"].is_null() {
        use base64::Engine as _;
        let base64 = base64::engine::general_purpose::STANDARD.encode(&data);
        let source = MediaSource::Url(format!("data:text/plain;base64,{base64}"));
        return Some(Part::Media(Media::new(MediaKind::File, source)));
    }
    Some(Part::Document(Document { data, title, media_type, context }))
}

fn message(json: &Json, role: Role, names: &BTreeMap<String, String>) -> Option<Message> {
    let parts: Option<Vec<_>> = json.as_array()?.iter().map(|block| parts(block, names)).collect();
    Some(Message { role, parts: parts?.concat() })
}

/// What was asked, by a recorded body; and what of it the rest of the system has no word for.
fn neutral(body: &Json) -> Option<Request> {
    let mut request = Request::default();
    let blocks = || body["messages"].as_array().into_iter().flatten();
    let uses = blocks().filter_map(|m| m["content"].as_array()).flatten().filter(|b| b["type"] == "tool_use");
    let names =
        uses.filter_map(|b| Some((b["id"].as_str()?.to_owned(), b["name"].as_str()?.to_owned()))).collect();
    if body["system"].is_array() {
        request.messages.push(message(&body["system"], Role::System, &names)?);
    }
    for one in blocks() {
        let role = match one["role"].as_str()? {
            "assistant" => Role::Assistant,
            "system" => Role::System,
            _ if one["content"][0]["type"] == "tool_result" => Role::Tool,
            _ => Role::User,
        };
        request.messages.push(message(&one["content"], role, &names)?);
    }
    for (key, value) in body.as_object()? {
        let o = &mut request.options;
        match key.as_str() {
            "messages" | "system" | "model" | "stream" => {}
            "max_tokens" => o.max_tokens = value.as_u64(),
            "temperature" => o.temperature = value.as_f64(),
            "stop_sequences" => o.stop = serde_json::from_value(value.clone()).ok(),
            "thinking" if value["type"] == "enabled" => {
                o.reasoning = Some(Reasoning::Budget(value["budget_tokens"].as_u64()?));
            }
            "tool_choice" => {
                request.tool_choice = Some(match value["type"].as_str()? {
                    "auto" => ToolChoice::Auto,
                    "any" => ToolChoice::Required,
                    "none" => ToolChoice::None,
                    _ => ToolChoice::Tool(value["name"].as_str()?.to_owned()),
                });
            }
            "tools" if value.as_array()?.iter().all(|t| plain_tool(t, &value[0])) => {
                request.strict_tools = value[0]["strict"].as_bool();
                request.tools = value.as_array()?.iter().filter_map(tool).collect();
            }
            _ => {
                o.extra.insert(key.clone(), value.clone());
            }
        }
    }
    Some(request)
}

/// Whether a tool is one of the caller's, and as strict as the first.
fn plain_tool(tool: &Json, first: &Json) -> bool {
    tool["input_schema"].is_object() && tool["cache_control"].is_null() && tool["strict"] == first["strict"]
}

fn tool(t: &Json) -> Option<ToolSpec> {
    let (name, description) = (t["name"].as_str()?.to_owned(), t["description"].as_str()?.to_owned());
    Some(ToolSpec { name, description, parameters: t["input_schema"].clone() })
}

/// Takes away what is the same to the provider: a text that says nothing, and an empty schema of arguments.
fn normal(mut body: Json) -> Json {
    for message in body["messages"].as_array_mut().into_iter().flatten() {
        if let Some(blocks) = message["content"].as_array_mut() {
            blocks.retain(|b| b["type"] != "text" || b["text"].as_str().is_none_or(|t| !t.trim().is_empty()));
        }
    }
    body
}

#[test]
fn recorded_requests_are_written_again() {
    let (mut same, mut other, mut refused) = (0, 0, 0);
    let all = interactions(Some("anthropic"));
    for one in all.iter().filter(|i| i.path.ends_with("/messages")) {
        let body: Json = serde_json::from_str(&one.request).unwrap();
        let Some(request) = neutral(&body) else {
            other += 1;
            continue;
        };
        match encode(&request, body["model"].as_str().unwrap(), body["stream"] == true) {
            Ok(ours) => {
                assert_eq!(normal(ours), normal(body), "{}", one.place());
                same += 1;
            }
            // What the provider refused, too.
            Err(e) => {
                assert_eq!(e.kind, LmErrorKind::Unsupported, "{}: {e}", one.place());
                eprintln!("{}: {e}", one.place());
                refused += 1;
            }
        }
    }
    eprintln!(
        "{same} requests are written as they were sent, {refused} are refused, {other} cannot be rebuilt"
    );
    assert!(all.is_empty() || (same > 180 && refused == 0), "{same} {refused} {other}");
}

fn asking(change: impl FnOnce(&mut Request)) -> Request {
    let mut request = Request::new(vec![Message::user("?")]);
    change(&mut request);
    request
}

#[test]
fn the_families_of_models_differ() {
    let effort = asking(|r| r.options.reasoning = Some(Reasoning::Effort("medium".into())));
    let told = |model: &str| {
        let body = encode(&effort, model, false).map_err(|e| e.kind)?;
        Ok((body["max_tokens"].as_u64().unwrap(), body["thinking"].clone(), body["output_config"].clone()))
    };
    let budget = json!({"type": "enabled", "budget_tokens": 2048});
    assert_eq!(
        told("claude-opus-4-7"),
        Ok((128_000, json!({"type": "adaptive"}), json!({"effort": "medium"})))
    );
    assert_eq!(told("claude-haiku-4-5"), Ok((64_000, budget, Json::Null)));
    assert_eq!(told("claude-3-haiku-20240307"), Err(LmErrorKind::Unsupported));

    let warm = |t: f64| {
        let request = asking(|r| r.options.temperature = Some(t));
        encode(&request, "claude-opus-4-7", false).map(|b| b.get("temperature").is_some()).map_err(|e| e.kind)
    };
    assert_eq!((warm(1.0), warm(0.0)), (Ok(false), Err(LmErrorKind::Unsupported)));

    let can = |model: &str| {
        let mut can = Capabilities::default();
        (can.json_schema, can.reasoning) = (true, true);
        Anthropic.narrow(model, &mut can);
        (can.json_schema, can.reasoning)
    };
    assert_eq!(can("claude-sonnet-4-5"), (true, true));
    assert_eq!(can("claude-sonnet-4-20250514"), (false, true));
    assert_eq!(can("claude-3-5-haiku-latest"), (false, false));
}

#[test]
fn thoughts_are_bounded_and_leave_room_for_an_answer() {
    let ask = |reasoning: Reasoning, most: u64| {
        let request = asking(|r| {
            (r.options.reasoning, r.options.max_tokens) = (Some(reasoning), Some(most));
        });
        encode(&request, "claude-haiku-4-5", false).map(|b| b["thinking"]["budget_tokens"].as_u64().unwrap())
    };
    let effort = || Reasoning::Effort("high".into());
    assert_eq!(ask(effort(), 10_000), Ok(4_096));
    assert_eq!(ask(effort(), 2_000), Ok(1_999));
    assert_eq!(ask(effort(), 1_024).unwrap_err().kind, LmErrorKind::Unsupported);
    assert_eq!(ask(Reasoning::Budget(1_024), 2_000), Ok(1_024));
    assert_eq!(ask(Reasoning::Budget(2_000), 2_000).unwrap_err().kind, LmErrorKind::Unsupported);
}

#[test]
fn what_a_model_cannot_do_is_left_out_with_a_warning_where_that_is_allowed() {
    let change = |r: &mut Request| {
        r.options.reasoning = Some(Reasoning::Budget(2_000));
        (r.options.temperature, r.options.top_k, r.options.seed) = (Some(0.0), Some(3), Some(1));
        (r.tool_choice, r.response_format) =
            (Some(ToolChoice::Required), Some(dspex_core::lm::ResponseFormat::JsonObject));
        let point = |ttl: &str| Part::CachePoint { ttl: Some(ttl.into()) };
        for ttl in ["5m", "1h", "5m", "5m", "5m"] {
            r.messages[0].parts.extend([Part::Text("more".into()), point(ttl)]);
        }
    };
    let mut request = asking(change);
    assert_eq!(encode(&request, "claude-haiku-4-5", false).unwrap_err().kind, LmErrorKind::Unsupported);
    request.options.on_unsupported = Some(OnUnsupported::Warn);
    let call = Call::new(&request, "claude-haiku-4-5", &Quirks::NONE, false);
    let body = Anthropic.encode(&call).unwrap();
    for key in ["temperature", "top_k", "seed", "tool_choice", "output_config"] {
        assert!(body.get(key).is_none(), "{key}");
    }
    let marks = body["messages"][0]["content"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|b| b.get("cache_control").is_some());
    let ttls: Vec<_> = marks.map(|b| b["cache_control"]["ttl"].as_str().unwrap()).collect();
    assert_eq!(ttls, ["5m", "5m", "5m"]);
    assert_eq!(call.warnings().len(), 7);
}

#[test]
fn extra_tools_and_settings_stand_beside_those_of_the_request() {
    let mut request = asking(|r| r.options.reasoning = Some(Reasoning::Effort("low".into())));
    let parameters = json!({});
    request.tools.push(ToolSpec { name: "f".into(), description: String::new(), parameters });
    request.options.extra = serde_json::from_value(json!({
        "tools": [{"type": "web_search_20250305", "name": "web_search"}],
        "output_config": {"more": 1},
        "cache_control": {"type": "ephemeral"},
    }))
    .unwrap();
    let body = encode(&request, "claude-sonnet-4-6", false).unwrap();
    assert_eq!(
        body["tools"],
        json!([
            {"name": "f", "input_schema": {"type": "object", "properties": {}}},
            {"type": "web_search_20250305", "name": "web_search"},
        ])
    );
    assert_eq!(body["output_config"], json!({"effort": "low", "more": 1}));
    assert_eq!(body["cache_control"], json!({"type": "ephemeral"}));
}

#[test]
fn what_came_from_the_provider_goes_back_as_it_was() {
    let opaque = |data: Json| Part::Opaque { provider: "anthropic".into(), data };
    let blocks = json!([
        {"type": "thinking", "thinking": "a", "signature": "s"},
        {"type": "thinking", "thinking": "", "signature": "t"},
        {"type": "redacted_thinking", "data": "x"},
        {"type": "text", "text": "b", "citations": [{"type": "web_search_result_location", "url": "u"}]},
        {"type": "tool_use", "id": "1", "name": "f", "input": {}, "caller": {"type": "code"}},
    ]);
    let parts = vec![
        Part::Reasoning("left out, since nobody signed it".into()),
        Part::Reasoning("a".into()),
        opaque(json!({"signature": "s"})),
        opaque(json!({"signature": "t"})),
        opaque(json!({"type": "redacted_thinking", "data": "x"})),
        Part::Text("b".into()),
        opaque(json!({"citations": [{"type": "web_search_result_location", "url": "u"}]})),
        Part::ToolCall(ToolCall { id: Some("1".into()), name: "f".into(), args: Record::new() }),
        opaque(json!({"caller": {"type": "code"}})),
    ];
    let request = asking(|r| r.messages.push(Message { role: Role::Assistant, parts }));
    let body = encode(&request, "claude-sonnet-4-6", false).unwrap();
    assert_eq!(body["messages"][1], json!({"role": "assistant", "content": blocks}));
}
