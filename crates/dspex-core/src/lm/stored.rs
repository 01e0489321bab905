//! Requests and replies as plain JSON, for caches and recordings. Data only: reading it runs nothing.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value as Json, json};

use super::{
    Choice, FinishReason, Message, Options, Part, Reasoning, Reply, Request, ResponseFormat, ToolChoice,
    ToolSpec,
};
use crate::value::{ToolCall, Value};

impl Request {
    /// The request as plain JSON: everything that decides the answer, and nothing else. Deadlines are left out.
    ///
    /// ```
    /// use dspex_core::lm::{Message, Request};
    /// let request = Request::new(vec![Message::user("hi")]);
    /// assert_eq!(request.to_stored().to_string(), r#"{"messages":[{"role":"user","parts":[{"text":"hi"}]}]}"#);
    /// ```
    pub fn to_stored(&self) -> Json {
        // Nothing of a request fails to be written.
        serde_json::to_value(Stored(self)).unwrap_or_default()
    }

    /// The bytes of [`to_stored`](Self::to_stored), made without it.
    ///
    /// ```
    /// use dspex_core::lm::{Message, Request};
    /// let request = Request::new(vec![Message::user("hi")]);
    /// assert_eq!(request.to_stored_bytes(), request.to_stored().to_string().into_bytes());
    /// ```
    pub fn to_stored_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(&Stored(self)).unwrap_or_default()
    }
}

/// A thing in its stored form.
struct Stored<T>(T);

/// An object to which only what is set is added.
struct Fields<M>(M);

impl<M: SerializeMap> Fields<M> {
    fn set(&mut self, key: &str, value: Option<impl Serialize>) -> Result<(), M::Error> {
        value.map_or(Ok(()), |value| self.0.serialize_entry(key, &value))
    }
}

impl Serialize for Stored<&Request> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let request = self.0;
        let mut all = Fields(serializer.serialize_map(None)?);
        all.set("messages", Some(Stored(request.messages.as_slice())))?;
        let tools = || -> Json {
            let tool = |t: &ToolSpec| json!({"name": t.name, "description": t.description, "parameters": t.parameters});
            request.tools.iter().map(tool).collect()
        };
        all.set("tools", (!request.tools.is_empty()).then(tools))?;
        let choice = |choice: &ToolChoice| match choice {
            ToolChoice::Auto => json!("auto"),
            ToolChoice::None => json!("none"),
            ToolChoice::Required => json!("required"),
            ToolChoice::Tool(name) => json!({"tool": name}),
        };
        all.set("tool_choice", request.tool_choice.as_ref().map(choice))?;
        all.set("parallel_tool_calls", request.parallel_tool_calls)?;
        all.set("strict_tools", request.strict_tools)?;
        let format = |format: &ResponseFormat| match format {
            ResponseFormat::JsonObject => json!("json_object"),
            ResponseFormat::JsonSchema { name, schema, strict } => {
                json!({"name": name, "schema": schema, "strict": strict})
            }
        };
        all.set("response_format", request.response_format.as_ref().map(format))?;
        options(&request.options, &mut all)?;
        all.0.end()
    }
}

impl Serialize for Stored<&[Message]> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Stored))
    }
}

impl Serialize for Stored<&Message> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all = serializer.serialize_map(Some(2))?;
        all.serialize_entry("role", self.0.role.name())?;
        all.serialize_entry("parts", &Stored(self.0.parts.as_slice()))?;
        all.end()
    }
}

impl Serialize for Stored<&[Part]> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Stored))
    }
}

impl Serialize for Stored<&Part> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            // Texts are most of what there is, so they are not copied.
            Part::Text(text) => {
                let mut part = serializer.serialize_map(Some(1))?;
                part.serialize_entry("text", text)?;
                part.end()
            }
            other => part(other).serialize(serializer),
        }
    }
}

fn options<M: SerializeMap>(o: &Options, all: &mut Fields<M>) -> Result<(), M::Error> {
    // Taken apart, so that a new option cannot be forgotten here.
    let Options {
        n,
        temperature,
        top_p,
        max_tokens,
        top_k,
        frequency_penalty,
        presence_penalty,
        stop,
        seed,
        logprobs,
        reasoning,
        service_tier,
        deadline: _,
        on_unsupported: _,
        headers,
        rollout_id,
        extra,
    } = o;
    all.set("n", *n)?;
    all.set("temperature", *temperature)?;
    all.set("top_p", *top_p)?;
    all.set("max_tokens", *max_tokens)?;
    all.set("top_k", *top_k)?;
    all.set("frequency_penalty", *frequency_penalty)?;
    all.set("presence_penalty", *presence_penalty)?;
    all.set("stop", stop.as_ref())?;
    all.set("seed", *seed)?;
    all.set("logprobs", *logprobs)?;
    all.set(
        "reasoning",
        reasoning.as_ref().map(|r| match r {
            Reasoning::Off => json!("off"),
            Reasoning::Effort(word) => json!({"effort": word}),
            Reasoning::Budget(tokens) => json!({"budget": tokens}),
        }),
    )?;
    all.set("service_tier", service_tier.as_ref())?;
    all.set("rollout_id", *rollout_id)?;
    if !headers.is_empty() {
        // A header may hold what nobody should read in a file: it decides the answer by what it is, not by what it says.
        let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        all.set("headers", Some(names))?;
    }
    let mut names: Vec<&String> = extra.keys().collect();
    names.sort_unstable();
    let extra: Map<String, Json> =
        names.into_iter().map(|name| (name.clone(), extra[name].clone())).collect();
    all.set("extra", (!extra.is_empty()).then_some(Json::Object(extra)))
}

fn part(part: &Part) -> Json {
    let tagged = |value: Value| value.to_tagged();
    match part {
        Part::Text(text) => json!({"text": text}),
        Part::Reasoning(text) => json!({"reasoning": text}),
        Part::Media(media) => json!({"media": tagged(Value::Media(media.clone()))}),
        Part::Document(document) => json!({"document": tagged(Value::Document(document.clone()))}),
        Part::Citations(citations) => json!({"citations": tagged(Value::Citations(citations.clone()))}),
        Part::ToolCall(call) => {
            json!({"tool_call": {"id": call.id, "name": call.name, "args": call.args.to_tagged()}})
        }
        Part::BrokenToolCall { id, name, arguments } => {
            json!({"broken_tool_call": {"id": id, "name": name, "arguments": arguments}})
        }
        Part::ToolResult { call_id, name, content, is_error } => {
            json!({"tool_result": {"call_id": call_id, "name": name, "content": content, "is_error": is_error}})
        }
        Part::CachePoint { ttl } => json!({"cache_point": ttl}),
        Part::Opaque { provider, data } => json!({"opaque": {"provider": provider, "data": data}}),
    }
}

/// A JSON object to which only what is set is added.
#[derive(Default)]
struct Object(Map<String, Json>);

impl Object {
    fn set(&mut self, key: &str, value: Option<impl Into<Json>>) {
        if let Some(value) = value {
            self.0.insert(key.to_owned(), value.into());
        }
    }
}

/// Why stored JSON is no reply.
///
/// ```
/// use dspex_core::lm::{Reply, StoredError};
/// let e: StoredError = Reply::from_stored(&serde_json::json!("hi")).unwrap_err();
/// assert!(e.to_string().ends_with("in a stored reply, found \"hi\""), "{e}");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} in a stored reply, found {found}")]
#[non_exhaustive]
pub struct StoredError {
    /// What was expected.
    pub expected: &'static str,
    /// What was found.
    pub found: String,
}

fn wrong(expected: &'static str, found: &Json) -> StoredError {
    StoredError { expected, found: crate::shorten_text(&found.to_string()) }
}

impl Reply {
    /// The reply as plain JSON. What was tried before it is left out.
    ///
    /// ```
    /// use dspex_core::{Usage, lm::Reply};
    /// let reply = Reply::text("Goethe").with_usage(Usage::tokens(40, 3)).with_model("m-1");
    /// assert_eq!(Reply::from_stored(&reply.to_stored())?, reply);
    /// # Ok::<(), dspex_core::lm::StoredError>(())
    /// ```
    pub fn to_stored(&self) -> Json {
        let choices = self.choices.iter().map(|c| {
            let mut all = Object::default();
            all.set("parts", Some(c.parts.iter().map(part).collect::<Json>()));
            all.set("finish", Some(c.finish.as_str()));
            all.set("logprobs", c.logprobs.clone());
            Json::Object(all.0)
        });
        let mut all = Object::default();
        all.set("choices", Some(choices.collect::<Json>()));
        all.set("usage", serde_json::to_value(self.usage).ok());
        all.set("model", self.model.clone());
        all.set("request_id", self.request_id.clone());
        all.set("warnings", (!self.warnings.is_empty()).then(|| self.warnings.clone()));
        Json::Object(all.0)
    }

    /// The reply that JSON holds.
    pub fn from_stored(json: &Json) -> Result<Self, StoredError> {
        let text = |key: &str| json.get(key).and_then(Json::as_str).map(str::to_owned);
        let choices = json["choices"].as_array().ok_or_else(|| wrong("`choices`", json))?;
        let mut reply = Self::new(choices.iter().map(choice).collect::<Result<_, _>>()?);
        reply.usage =
            serde_json::from_value(json["usage"].clone()).map_err(|_| wrong("`usage`", &json["usage"]))?;
        (reply.model, reply.request_id) = (text("model"), text("request_id"));
        let warnings = json["warnings"].as_array().into_iter().flatten();
        reply.warnings = warnings.filter_map(|w| w.as_str().map(str::to_owned)).collect();
        Ok(reply)
    }
}

fn choice(json: &Json) -> Result<Choice, StoredError> {
    let parts = json["parts"].as_array().ok_or_else(|| wrong("`parts`", json))?;
    let finish = json["finish"].as_str().ok_or_else(|| wrong("`finish`", json))?;
    let logprobs = json.get("logprobs").filter(|l| !l.is_null()).cloned();
    let parts = parts.iter().map(read_part).collect::<Result<_, _>>()?;
    Ok(Choice { parts, finish: FinishReason::from_word(finish), logprobs })
}

fn read_part(json: &Json) -> Result<Part, StoredError> {
    let error = || wrong("a part", json);
    let (kind, data) = json.as_object().and_then(|o| o.iter().next()).ok_or_else(error)?;
    let text = |json: &Json| json.as_str().map(str::to_owned);
    let value = || Value::from_tagged(data).map_err(|_| error());
    let name = || text(&data["name"]).ok_or_else(error);
    Ok(match kind.as_str() {
        "text" => Part::Text(text(data).ok_or_else(error)?),
        "reasoning" => Part::Reasoning(text(data).ok_or_else(error)?),
        "media" => match value()? {
            Value::Media(media) => Part::Media(media),
            _ => return Err(error()),
        },
        "document" => match value()? {
            Value::Document(document) => Part::Document(document),
            _ => return Err(error()),
        },
        "citations" => match value()? {
            Value::Citations(citations) => Part::Citations(citations),
            _ => return Err(error()),
        },
        "tool_call" => {
            let args = crate::value::Record::from_tagged(&data["args"]).map_err(|_| error())?;
            Part::ToolCall(ToolCall { id: text(&data["id"]), name: name()?, args })
        }
        "broken_tool_call" => Part::BrokenToolCall {
            id: text(&data["id"]),
            name: name()?,
            arguments: text(&data["arguments"]).ok_or_else(error)?,
        },
        "tool_result" => Part::ToolResult {
            call_id: text(&data["call_id"]),
            name: name()?,
            content: text(&data["content"]).ok_or_else(error)?,
            is_error: data["is_error"].as_bool().unwrap_or(false),
        },
        "cache_point" => Part::CachePoint { ttl: text(data) },
        "opaque" => {
            Part::Opaque { provider: text(&data["provider"]).ok_or_else(error)?, data: data["data"].clone() }
        }
        _ => return Err(error()),
    })
}
