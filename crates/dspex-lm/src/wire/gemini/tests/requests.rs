//! Requests: recorded ones, read back into what was asked and written again; and what no recording has.

use dspex_core::Record;
use dspex_core::lm::{
    Capabilities, LmError, LmErrorKind, Message, Part, Reasoning, Request, ResponseFormat, Role, ToolChoice,
    ToolSpec,
};
use dspex_core::value::{Media, MediaKind, MediaSource, ToolCall};
use serde_json::{Value as Json, json};

use super::super::Gemini;
use super::recorded;
use crate::wire::{Call, Quirks, Wire as _};

fn encode(request: &Request, model: &str, stream: bool) -> Result<(String, Json), LmError> {
    let call = Call::new(request, model, &Quirks::NONE, stream);
    Ok((Gemini.path(&call), Gemini.encode(&call)?))
}

/// What a recorded part says.
fn parts(part: &Json) -> Vec<Part> {
    let opaque = |data: Json| Part::Opaque { provider: "gemini".into(), data };
    let signature = part["thoughtSignature"].as_str().map(|s| opaque(json!({"thoughtSignature": s})));
    let own = if let Some(text) = part["text"].as_str() {
        if part["thought"] == true { Part::Reasoning(text.into()) } else { Part::Text(text.into()) }
    } else if part["functionCall"].is_object() {
        let call = &part["functionCall"];
        let (id, name) = (call["id"].as_str().map(str::to_owned), call["name"].as_str().unwrap().to_owned());
        Part::ToolCall(ToolCall { id, name, args: Record::from_tagged(&call["args"]).unwrap() })
    } else if part["functionResponse"].is_object() {
        let answer = &part["functionResponse"];
        let (call_id, name) =
            (answer["id"].as_str().map(str::to_owned), answer["name"].as_str().unwrap().to_owned());
        let result = &answer["response"]["result"];
        let content = result.as_str().map_or_else(|| result.to_string(), str::to_owned);
        Part::ToolResult { call_id, name, content, is_error: false }
    } else if part["inlineData"].is_object() {
        let data = &part["inlineData"];
        let source = MediaSource::Base64(data["data"].as_str().unwrap().into());
        let format = data["mimeType"].as_str().map(str::to_owned);
        Part::Media(Media { format, ..Media::new(MediaKind::File, source) })
    } else {
        opaque(part.clone())
    };
    std::iter::once(own).chain(signature).collect()
}

fn message(role: Role, content: &Json) -> Message {
    Message { role, parts: content["parts"].as_array().unwrap().iter().flat_map(parts).collect() }
}

/// What was asked, by a recorded body.
fn neutral(body: &Json) -> Request {
    let mut request = Request::default();
    if body["systemInstruction"].is_object() {
        request.messages.push(message(Role::System, &body["systemInstruction"]));
    }
    for content in body["contents"].as_array().unwrap() {
        let role = if content["role"] == "model" { Role::Assistant } else { Role::User };
        request.messages.push(message(role, content));
    }
    let o = &mut request.options;
    let mut config = serde_json::Map::new();
    for (key, value) in body["generationConfig"].as_object().into_iter().flatten() {
        match key.as_str() {
            "temperature" => o.temperature = value.as_f64(),
            "maxOutputTokens" => o.max_tokens = value.as_u64(),
            "candidateCount" => o.n = value.as_u64().map(|n| u32::try_from(n).unwrap()),
            "thinkingConfig" if value["includeThoughts"] == true && value["thinkingBudget"].is_u64() => {
                o.reasoning = Some(Reasoning::Budget(value["thinkingBudget"].as_u64().unwrap()));
            }
            "thinkingConfig" if *value == json!({"thinkingBudget": 0}) => o.reasoning = Some(Reasoning::Off),
            "thinkingConfig" if value["includeThoughts"] == true && value["thinkingLevel"].is_string() => {
                o.reasoning = Some(Reasoning::Effort(value["thinkingLevel"].as_str().unwrap().into()));
            }
            "responseJsonSchema" => {
                let (name, schema) = ("answer".to_owned(), value.clone());
                request.response_format = Some(ResponseFormat::JsonSchema { name, schema, strict: true });
            }
            "responseMimeType" => {}
            _ => {
                config.insert(key.clone(), value.clone());
            }
        }
    }
    if !config.is_empty() {
        o.extra.insert("generationConfig".into(), config.into());
    }
    for entry in body["tools"].as_array().into_iter().flatten() {
        for t in entry["functionDeclarations"].as_array().into_iter().flatten() {
            let word = |key: &str| t[key].as_str().unwrap().to_owned();
            request.tools.push(ToolSpec {
                name: word("name"),
                description: word("description"),
                parameters: t["parameters"].clone(),
            });
        }
        if entry["codeExecution"].is_object() {
            o.extra.insert("tools".into(), json!([{"codeExecution": {}}]));
        }
    }
    request.tool_choice = match body["toolConfig"]["functionCallingConfig"]["mode"].as_str() {
        Some("ANY") => Some(ToolChoice::Required),
        Some("NONE") => Some(ToolChoice::None),
        Some("AUTO") => Some(ToolChoice::Auto),
        _ => None,
    };
    if let Some(name) = body["cachedContent"].as_str() {
        o.extra.insert("cachedContent".into(), json!(name));
    }
    request
}

/// Takes away what is the same to the provider: nulls, `thought: false`, the role of the instruction, texts, schemas and
/// settings that say nothing; puts turns of one role together; and names the schema of arguments as this wire does.
fn normal(mut body: Json) -> Json {
    if let Some(system) = body["systemInstruction"].as_object_mut() {
        system.remove("role");
    }
    let mut turns: Vec<Json> = Vec::new();
    for mut turn in body["contents"].as_array().unwrap().clone() {
        turn["parts"]
            .as_array_mut()
            .unwrap()
            .retain(|p| p["text"] != "" || p["thoughtSignature"].is_string());
        // A thought that nobody has signed is not taken back.
        turn["parts"]
            .as_array_mut()
            .unwrap()
            .retain(|p| p["thought"] != true || p["thoughtSignature"].is_string());
        match turns.last_mut().filter(|t| t["role"] == turn["role"]) {
            Some(last) => {
                last["parts"].as_array_mut().unwrap().extend(turn["parts"].as_array().unwrap().clone());
            }
            None => turns.push(turn),
        }
    }
    body["contents"] = json!(turns);
    if body["generationConfig"] == json!({}) {
        body["generationConfig"] = Json::Null;
    }
    for tool in body["tools"].as_array_mut().into_iter().flatten() {
        for function in tool["functionDeclarations"].as_array_mut().into_iter().flatten() {
            let parameters = function.as_object_mut().unwrap().remove("parameters");
            if let Some(p) = parameters.filter(|p| p["properties"].as_object().is_some_and(|p| !p.is_empty()))
            {
                function["parametersJsonSchema"] = p;
            }
        }
    }
    bare(body)
}

fn bare(json: Json) -> Json {
    match json {
        Json::Array(items) => items
            .into_iter()
            .map(bare)
            .filter(|i| !i.as_object().is_some_and(serde_json::Map::is_empty))
            .collect(),
        Json::Object(map) => map
            .into_iter()
            .filter(|(k, v)| !(v.is_null() || k == "thought" && *v == false))
            .map(|(k, v)| {
                let v = if k == "codeExecution" { json!(true) } else { bare(v) };
                (k, v)
            })
            .collect(),
        other => other,
    }
}

#[test]
fn recorded_requests_are_written_again() {
    let all = recorded();
    let mut same = 0;
    for one in &all {
        let body: Json = serde_json::from_str(&one.request).unwrap();
        let model = one.path.split("models/").nth(1).unwrap().split(':').next().unwrap();
        let (path, ours) = encode(&neutral(&body), model, one.path.contains(":stream")).unwrap();
        assert_eq!(normal(ours), normal(body), "{}", one.place());
        let query = one.query.iter().filter(|(name, _)| name != "key").map(|(n, v)| format!("{n}={v}"));
        let sent = std::iter::once(one.path.clone()).chain(query).collect::<Vec<_>>().join("?");
        assert_eq!(format!("/v1beta/{path}"), sent, "{}", one.place());
        same += 1;
    }
    eprintln!("{same} requests are written as they were sent");
    assert!(all.is_empty() || same > 150, "{same}");
}

fn asking(change: impl FnOnce(&mut Request)) -> Request {
    let mut request = Request::new(vec![Message::user("?")]);
    change(&mut request);
    request
}

#[test]
fn the_families_of_models_think_differently() {
    let told = |reasoning: Reasoning, model: &str| {
        let request = asking(|r| r.options.reasoning = Some(reasoning));
        encode(&request, model, false)
            .map(|(_, b)| b["generationConfig"]["thinkingConfig"].clone())
            .map_err(|e| e.kind)
    };
    let effort = |word: &str| Reasoning::Effort(word.into());
    let budget = |n: u64| Ok(json!({"includeThoughts": true, "thinkingBudget": n}));
    let never = Err(LmErrorKind::Unsupported);
    assert_eq!(told(effort("medium"), "gemini-2.5-flash"), budget(8_192));
    assert_eq!(
        told(effort("medium"), "gemini-3-flash-preview"),
        Ok(json!({"includeThoughts": true, "thinkingLevel": "medium"}))
    );
    assert_eq!(told(Reasoning::Budget(512), "gemini-3.1-pro"), budget(512));
    assert_eq!(told(Reasoning::Off, "gemini-2.5-flash-lite"), Ok(json!({"thinkingBudget": 0})));
    assert_eq!(told(effort("none"), "gemini-flash-latest"), Ok(json!({"thinkingBudget": 0})));
    for model in ["gemini-2.5-pro", "gemini-3-pro-preview"] {
        assert_eq!(told(Reasoning::Off, model), never, "{model}");
    }
    for model in ["gemini-2.0-flash", "gemini-1.5-pro", "models/gemini-2.0-flash-lite", "gemma-3-27b-it"] {
        assert_eq!(told(effort("low"), model), never, "{model}");
        assert_eq!(told(Reasoning::Off, model), Ok(Json::Null), "{model}");
        let mut can = Capabilities::default();
        can.reasoning = true;
        Gemini.narrow(model, &mut can);
        assert!(!can.reasoning);
    }
    assert_eq!(told(effort("huge"), "gemini-2.5-flash"), never);
    assert_eq!(told(effort("huge"), "gemini-3-pro-preview"), never);
}

#[test]
fn what_came_from_the_provider_goes_back_as_it_was() {
    let opaque = |data: Json| Part::Opaque { provider: "gemini".into(), data };
    let sign = |s: &str| opaque(json!({"thoughtSignature": s}));
    let code = json!({"executableCode": {"language": "PYTHON", "code": "1"}, "thoughtSignature": "c"});
    let call = |name: &str| Part::ToolCall(ToolCall { id: None, name: name.into(), args: Record::new() });
    let parts = vec![
        Part::Reasoning("left out, since nobody signed it".into()),
        Part::Reasoning("a".into()),
        sign("s"),
        Part::Text("b".into()),
        sign("t"),
        opaque(code.clone()),
        call("f"),
        sign("u"),
        call("g"),
        opaque(json!({"groundingMetadata": {}})),
        opaque(json!({"text": "", "thoughtSignature": "d"})),
    ];
    let request = asking(|r| r.messages.push(Message { role: Role::Assistant, parts }));
    let sent = json!({"role": "model", "parts": [
        {"text": "a", "thought": true, "thoughtSignature": "s"},
        {"text": "b", "thoughtSignature": "t"},
        code,
        {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "u"},
        {"functionCall": {"name": "g", "args": {}}},
        {"text": "", "thoughtSignature": "d"},
    ]});
    assert_eq!(encode(&request, "gemini-3-pro-preview", false).unwrap().1["contents"][1], sent);
    // A call that the model did not make itself has no signature, and models that want one are told so.
    let foreign =
        asking(|r| r.messages.push(Message { role: Role::Assistant, parts: vec![call("f"), call("g")] }));
    let signs = |model: &str| {
        let (_, body) = encode(&foreign, model, false).unwrap();
        [0, 1].map(|at| body["contents"][1]["parts"][at]["thoughtSignature"].as_str().map(str::to_owned))
    };
    assert_eq!(signs("gemini-3-pro-preview"), [Some("skip_thought_signature_validator".into()), None]);
    assert_eq!(signs("gemini-2.5-pro"), [None, None]);
}

#[test]
fn extra_settings_and_tools_stand_beside_those_of_the_request() {
    let mut request = asking(|r| r.options.reasoning = Some(Reasoning::Budget(100)));
    request.tools.push(ToolSpec { name: "f".into(), description: "d".into(), parameters: json!({}) });
    request.strict_tools = Some(true);
    request.options.extra = serde_json::from_value(json!({
        "tools": [{"googleSearch": {}}],
        "generationConfig": {"thinkingConfig": {"includeThoughts": false}, "mediaResolution": "LOW"},
        "safetySettings": [{"category": "c", "threshold": "OFF"}],
        "cachedContent": "cachedContents/x",
    }))
    .unwrap();
    let (_, body) = encode(&request, "gemini-2.5-flash", true).unwrap();
    assert_eq!(
        body["tools"],
        json!([{"functionDeclarations": [{"name": "f", "description": "d"}]}, {"googleSearch": {}}])
    );
    let thinking = json!({"includeThoughts": false, "thinkingBudget": 100});
    assert_eq!(body["generationConfig"], json!({"thinkingConfig": thinking, "mediaResolution": "LOW"}));
    assert_eq!(body["toolConfig"], json!({"functionCallingConfig": {"mode": "VALIDATED"}}));
    assert_eq!(
        (&body["cachedContent"], &body["safetySettings"][0]["threshold"]),
        (&json!("cachedContents/x"), &json!("OFF"))
    );
}

#[test]
fn models_of_ones_own_have_their_folder() {
    let path = |model: &str, stream| encode(&asking(|_| {}), model, stream).unwrap().0;
    assert_eq!(path("gemini-2.5-flash", false), "models/gemini-2.5-flash:generateContent");
    assert_eq!(path("tunedModels/mine", true), "tunedModels/mine:streamGenerateContent?alt=sse");
}
