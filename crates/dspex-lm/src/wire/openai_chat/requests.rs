//! Requests that vendors were sent, rebuilt without the encoder's help and written again by it.

use std::collections::BTreeMap;

use dspex_core::Record;
use dspex_core::lm::{
    LmErrorKind, Message, Part, Reasoning, Request, ResponseFormat, Role, ToolChoice, ToolSpec,
};
use dspex_core::value::{Media, MediaKind, MediaSource, ToolCall};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::OpenAiChat;
use crate::provider::quirks_of;
use crate::wire::cassettes::interactions;
use crate::wire::{Call, Wire as _};

/// Takes keys out of a recorded body, one by one; what is left at the end belongs to the vendor alone.
struct Reader {
    body: Map<String, Json>,
    vendor: String,
}

impl Reader {
    fn take<T: for<'a> Deserialize<'a>>(&mut self, key: &str) -> Option<T> {
        let value = self.body.get(key)?;
        let read = T::deserialize(value).ok()?;
        self.body.remove(key);
        Some(read)
    }

    /// The neutral request; none where it has what no neutral request can say.
    fn request(&mut self) -> Option<Request> {
        let messages: Vec<Json> = self.take("messages")?;
        let mut request = Request::new(messages.iter().map(message).collect::<Option<_>>()?);
        let o = &mut request.options;
        (o.n, o.temperature, o.top_p) = (self.take("n"), self.take("temperature"), self.take("top_p"));
        o.max_tokens = self.take("max_completion_tokens").or_else(|| self.take("max_tokens"));
        (o.top_k, o.stop) = (self.take("top_k"), self.take("stop"));
        o.frequency_penalty = self.take("frequency_penalty");
        o.presence_penalty = self.take("presence_penalty");
        o.seed = self.take("seed").or_else(|| self.take("random_seed"));
        o.service_tier = self.take("service_tier");
        if self.take::<bool>("logprobs") == Some(true) {
            o.logprobs = Some(self.take("top_logprobs").unwrap_or(0));
        }
        o.reasoning = self.reasoning();
        for tool in self.take::<Vec<Json>>("tools").unwrap_or_default() {
            let function = &tool["function"];
            let text = |key: &str| function[key].as_str().unwrap_or_default().to_owned();
            let (name, description) = (text("name"), text("description"));
            request.tools.push(ToolSpec { name, description, parameters: function["parameters"].clone() });
        }
        request.tool_choice = match self.take::<Json>("tool_choice") {
            Some(Json::String(word)) => Some(match word.as_str() {
                "auto" => ToolChoice::Auto,
                "none" => ToolChoice::None,
                _ => ToolChoice::Required,
            }),
            Some(Json::Object(one)) => Some(ToolChoice::Tool(one["function"]["name"].as_str()?.to_owned())),
            _ => None,
        };
        request.parallel_tool_calls = self.take("parallel_tool_calls");
        request.response_format = match self.take::<Json>("response_format") {
            Some(format) if format["type"] == "json_schema" => {
                let (inner, strict) = (&format["json_schema"], format["json_schema"]["strict"] == true);
                let name = inner["name"].as_str()?.to_owned();
                Some(ResponseFormat::JsonSchema { name, schema: inner["schema"].clone(), strict })
            }
            Some(_) => Some(ResponseFormat::JsonObject),
            None => None,
        };
        Some(request)
    }

    fn reasoning(&mut self) -> Option<Reasoning> {
        if let Some(effort) = self.take::<String>("reasoning_effort") {
            return Some(Reasoning::Effort(effort));
        }
        let object = self.body.get("reasoning").cloned().unwrap_or_default();
        let alone = object.as_object().is_some_and(|o| o.len() == 1);
        if self.vendor == "openrouter" && alone {
            self.body.remove("reasoning");
            let effort = object["effort"].as_str().map(|word| Reasoning::Effort(word.to_owned()));
            return effort.or_else(|| object["max_tokens"].as_u64().map(Reasoning::Budget));
        }
        if self.vendor == "deepseek" && self.body.get("thinking") == Some(&json!({"type": "disabled"})) {
            self.body.remove("thinking");
            return Some(Reasoning::Off);
        }
        None
    }
}

fn message(json: &Json) -> Option<Message> {
    let role = [Role::System, Role::User, Role::Assistant, Role::Tool]
        .into_iter()
        .find(|role| json["role"] == role.name())?;
    let mut parts = Vec::new();
    if let Some(text) = json["reasoning_content"].as_str() {
        parts.push(Part::Reasoning(text.to_owned()));
    }
    if let Some(details) = json.get("reasoning_details") {
        let data = json!({"reasoning_details": details});
        parts.push(Part::Opaque { provider: "openai_chat".into(), data });
    }
    match &json["content"] {
        Json::String(text) if role == Role::Tool => parts.push(result(json, text)?),
        Json::Array(chunks) if role == Role::Tool => {
            parts.push(result(json, "")?);
            parts.extend(chunks.iter().map(part).collect::<Option<Vec<_>>>()?);
        }
        Json::String(text) if text.is_empty() => {}
        Json::String(text) => parts.push(Part::Text(text.clone())),
        Json::Array(chunks) => parts.extend(chunks.iter().map(part).collect::<Option<Vec<_>>>()?),
        _ => {}
    }
    for call in json["tool_calls"].as_array().into_iter().flatten() {
        let arguments: Json = serde_json::from_str(call["function"]["arguments"].as_str()?).ok()?;
        let args = Record::from_tagged(&arguments).ok()?;
        let (id, name) = (call["id"].as_str()?.to_owned(), call["function"]["name"].as_str()?.to_owned());
        parts.push(Part::ToolCall(ToolCall { id: Some(id), name, args }));
    }
    Some(Message { role, parts })
}

fn result(json: &Json, text: &str) -> Option<Part> {
    let call_id = Some(json["tool_call_id"].as_str()?.to_owned());
    Some(Part::ToolResult { call_id, name: "f".into(), content: text.to_owned(), is_error: false })
}

fn part(json: &Json) -> Option<Part> {
    let text = |json: &Json| json.as_str().map(str::to_owned);
    Some(match json["type"].as_str()? {
        "text" => Part::Text(text(&json["text"])?),
        "image_url" => {
            Part::Media(Media::new(MediaKind::Image, MediaSource::Url(text(&json["image_url"]["url"])?)))
        }
        "input_audio" => {
            let sound = &json["input_audio"];
            let data = text(&sound["data"]).or_else(|| text(sound))?;
            let format = text(&sound["format"]);
            Part::Media(Media { format, ..Media::new(MediaKind::Audio, MediaSource::Base64(data)) })
        }
        "file" => {
            let url = MediaSource::Url(text(&json["file"]["file_data"])?);
            Part::Media(Media { name: text(&json["file"]["filename"]), ..Media::new(MediaKind::File, url) })
        }
        "document_url" => {
            let url = MediaSource::Url(text(&json["document_url"])?);
            Part::Media(Media { name: text(&json["document_name"]), ..Media::new(MediaKind::File, url) })
        }
        _ => return None,
    })
}

/// What may differ without a difference, each by its name.
fn normalised(vendor: &str, body: &Json) -> Json {
    let mut body = body.clone();
    let top = body.as_object_mut().expect("an object");
    // No alternatives of a token is what no word of them says.
    top.retain(|key, value| !(key == "top_logprobs" && *value == json!(0)));
    // `stream: false` and a choice of null are what a vendor does anyway.
    top.retain(|key, value| !(value.is_null() || key == "stream" && *value == json!(false)));
    // Thinking that an effort asks for is said by us, and left to the model by others.
    if vendor == "deepseek" && top.contains_key("reasoning_effort") {
        top.remove("thinking");
    }
    for message in body["messages"].as_array_mut().expect("messages") {
        let message = message.as_object_mut().expect("a message");
        // An answer that goes on from a prefix is Mistral's alone, and off unless it is asked for.
        message.remove("prefix");
        for call in message.get_mut("tool_calls").and_then(Json::as_array_mut).into_iter().flatten() {
            // The place in the list; and blanks in the text of arguments.
            call.as_object_mut().expect("a call").remove("index");
            let arguments = call["function"]["arguments"].as_str().expect("text");
            call["function"]["arguments"] = serde_json::from_str(arguments).expect("JSON");
        }
        let content = message.remove("content").unwrap_or_default();
        let content = match content {
            // One text alone is written as a list or as text; nothing as null, as no content or as no text.
            Json::Null => json!([]),
            Json::String(text) if text.is_empty() => json!([]),
            Json::String(text) => json!([{"type": "text", "text": text}]),
            other => other,
        };
        message.insert("content".into(), content);
        for part in message["content"].as_array_mut().into_iter().flatten() {
            // How closely an image is looked at: what is not said is `auto`.
            if let Some(image) = part.get_mut("image_url").and_then(Json::as_object_mut) {
                image.remove("detail");
            }
        }
    }
    body
}

#[test]
fn what_vendors_were_sent_is_written_again() {
    let all = interactions(None);
    if all.is_empty() {
        return;
    }
    let (mut same, mut refused, mut foreign) = (BTreeMap::<String, u32>::new(), 0, 0);
    for one in all.iter().filter(|one| one.path.ends_with("/chat/completions")) {
        let place = one.place();
        let folders: Vec<_> = one.file.iter().map(|part| part.to_string_lossy()).collect();
        let at = folders.iter().position(|name| name == "cassettes").expect("the folder of recordings");
        let vendor = folders[at + 1].clone().into_owned();
        let Ok(Json::Object(sent)) = serde_json::from_str(&one.request) else { continue };
        let mut reader = Reader { body: sent.clone(), vendor: vendor.clone() };
        let model: String = reader.take("model").expect("a model");
        let stream = reader.take("stream").unwrap_or(false);
        reader.take::<Json>("stream_options");
        let Some(mut request) = reader.request() else {
            foreign += 1;
            continue;
        };
        reader.body.retain(|_, value| !value.is_null());
        request.options.extra = reader.body;
        let quirks = quirks_of(&vendor);
        let ours = match OpenAiChat.encode(&Call::new(&request, &model, &quirks, stream)) {
            Ok(ours) => ours,
            Err(e) => {
                // What we refuse to send, the vendor refused to answer.
                assert_eq!(e.kind, LmErrorKind::Unsupported, "{place}: {e}");
                assert_eq!(one.status, 400, "{place}: {e}");
                refused += 1;
                continue;
            }
        };
        assert_eq!(normalised(&vendor, &ours), normalised(&vendor, &Json::Object(sent)), "{place}");
        *same.entry(vendor.clone()).or_default() += 1;
    }
    eprintln!("written again: {same:?}; refused {refused}; with what we cannot say {foreign}");
    assert!(same.values().sum::<u32>() > 500 && same.len() >= 8 && foreign <= 2, "{same:?}, {foreign}");
    assert!(refused <= 7, "{refused} requests were refused");
}
