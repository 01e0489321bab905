//! The wires that the server speaks: what a client asked for, read into a neutral request, and a neutral reply written as
//! each provider writes it. A wire is a file here and a line in [`WIRES`].

mod anthropic;
mod cohere;
mod embeddings;
mod gemini;
mod models;
mod ollama;
mod openai_chat;
mod openai_responses;

use dspex_core::lm::{Choice, Message, Options, Part, Request, Role, ToolSpec};
use dspex_core::{Usage, Value};
use serde_json::{Value as Json, json};

pub(super) use models::list as models;

/// All wires; the first that knows a path speaks.
pub(super) const WIRES: &[&dyn Wire] = &[
    &openai_chat::OpenAiChat,
    &openai_responses::OpenAiResponses,
    &anthropic::Anthropic,
    &gemini::Gemini,
    &ollama::Ollama,
    &cohere::Cohere,
    &embeddings::Embeddings,
];

/// How one provider's requests and replies are written.
pub(super) trait Wire: Sync {
    /// Its name: `openai_chat`, ...
    fn name(&self) -> &'static str;

    /// What follows the server's address in the base URL that clients of this wire are given.
    fn base(&self) -> &'static str;

    /// Whether requests to this path, without its query, are its own.
    fn knows(&self, path: &str) -> bool;

    /// What is asked. The path is that of the request, with its query.
    fn ask(&self, path: &str, body: &Json) -> Result<Asked, String>;

    /// A whole reply.
    fn whole(&self, asked: &Asked, said: &Said) -> Json;

    /// The reply as a stream.
    fn frames(&self, asked: &Asked, said: &Said) -> Vec<Frame>;

    /// An error. The type is in the words of chat completions; wires with words of their own go by the status.
    fn error(&self, status: u16, kind: &str, message: &str) -> Json;

    /// An error in the middle of a stream.
    fn error_frame(&self, message: &str) -> Frame {
        Frame::data(self.error(503, "server_error", message))
    }

    /// The keys under which counts of tokens stand, wherever they are.
    fn usage_keys(&self) -> &'static [&'static str] {
        &["usage"]
    }

    /// Its words where a request is too long.
    fn overflow(&self) -> &'static str;
}

/// How the events of a stream are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// Server-sent events.
    #[default]
    Events,
    /// A line of JSON each.
    Lines,
    /// The items of one JSON list.
    List,
}

/// What a client asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    pub(super) request: Request,
    pub(super) model: String,
    pub(super) stream: bool,
    /// Whether a stream ends with its counts, where a wire leaves that to the client.
    pub(super) with_usage: bool,
    pub(super) form: Form,
    /// Texts to be embedded.
    pub(super) inputs: Vec<String>,
    /// Length of the vectors.
    pub(super) dimensions: Option<usize>,
}

/// What the server says: a reply, before a wire writes it.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) choices: Vec<Choice>,
    pub(super) refusal: Option<String>,
    pub(super) usage: Usage,
    pub(super) model: String,
    /// Number of the call: ids are made of it.
    pub(super) call: usize,
}

/// An event of a stream.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Frame {
    /// Its name, where the wire names events.
    pub(super) event: Option<String>,
    /// What it says; text that is no JSON stands as it is.
    pub(super) data: String,
    /// Whether it ends the stream: without it, the reply is not complete.
    pub(super) last: bool,
}

impl Frame {
    #[expect(clippy::needless_pass_by_value, reason = "callers make the JSON for this")]
    pub(super) fn data(json: Json) -> Self {
        Self { event: None, data: json.to_string(), last: false }
    }

    /// An event that is named by its `type`, as two of the wires do.
    fn typed(json: Json) -> Self {
        let event = json["type"].as_str().map(str::to_owned);
        Self { event, ..Self::data(json) }
    }

    fn last(mut self) -> Self {
        self.last = true;
        self
    }
}

/// The wire that speaks at a path.
pub(super) fn at(path: &str) -> Option<&'static dyn Wire> {
    let path = path.split('?').next().unwrap_or_default();
    WIRES.iter().copied().find(|w| w.knows(path))
}

/// Whether a path ends so below a base: a client whose base URL lacks `/v1` is told, as by most servers.
fn below(path: &str, end: &str) -> bool {
    path.strip_suffix(end).is_some_and(|base| !base.is_empty())
}

/// The model that a body names.
fn model(body: &Json) -> Result<String, String> {
    body["model"].as_str().map(str::to_owned).ok_or_else(|| "expected `model` as text".to_owned())
}

/// Text, or the text of the parts.
fn text_in(content: &Json) -> Result<String, String> {
    match content {
        Json::String(text) => Ok(text.clone()),
        Json::Array(parts) => Ok(parts.iter().filter_map(|p| p["text"].as_str()).collect()),
        Json::Null => Ok(String::new()),
        other => Err(format!("expected `content` as text or parts, found {other}")),
    }
}

/// Messages of `{"role", "content"}`.
fn messages(list: &Json, key: &str) -> Result<Vec<Message>, String> {
    let list = list.as_array().ok_or_else(|| format!("expected `{key}` as a list"))?;
    list.iter().map(|m| Ok(Message::new(role(&m["role"])?, text_in(&m["content"])?))).collect()
}

fn role(json: &Json) -> Result<Role, String> {
    Ok(match json.as_str() {
        Some("system" | "developer") => Role::System,
        Some("user") => Role::User,
        Some("assistant" | "model") => Role::Assistant,
        Some("tool" | "function") => Role::Tool,
        _ => return Err(format!("expected a role of system, user, assistant or tool, found {json}")),
    })
}

/// Options by the names that most wires share.
fn options(json: &Json) -> Options {
    let mut options = Options::new();
    options.temperature = json["temperature"].as_f64();
    options.top_p = json["top_p"].as_f64();
    options.max_tokens = ["max_tokens", "max_completion_tokens", "max_output_tokens", "num_predict"]
        .iter()
        .find_map(|name| json[name].as_u64());
    options.seed = json["seed"].as_u64();
    options
}

/// Tools, whose facts stand in the item itself or under `function`.
fn tools(list: &Json, schema: &str) -> Vec<ToolSpec> {
    let tool = |tool: &Json| {
        let tool = if tool["function"].is_object() { &tool["function"] } else { tool };
        Some(ToolSpec {
            name: tool["name"].as_str()?.to_owned(),
            description: tool["description"].as_str().unwrap_or_default().to_owned(),
            parameters: tool[schema].clone(),
        })
    };
    list.as_array().into_iter().flatten().filter_map(tool).collect()
}

/// A call of a tool, as the model wrote it.
struct Call {
    id: Option<String>,
    name: String,
    arguments: String,
}

impl Call {
    /// The arguments as an object; what is none stays text.
    fn object(&self) -> Json {
        serde_json::from_str(&self.arguments).unwrap_or_else(|_| json!(self.arguments))
    }
}

fn calls(choice: &Choice) -> Vec<Call> {
    let call = |part: &Part| match part {
        Part::ToolCall(c) => {
            // What JSON cannot say is tagged.
            let arguments = Value::from(c.args.clone()).to_json_text();
            let arguments = arguments.unwrap_or_else(|_| c.args.to_tagged().to_string());
            Some(Call { id: c.id.clone(), name: c.name.clone(), arguments })
        }
        Part::BrokenToolCall { id, name, arguments } => {
            Some(Call { id: id.clone(), name: name.clone(), arguments: arguments.clone() })
        }
        _ => None,
    };
    choice.parts.iter().filter_map(call).collect()
}

/// The model's reasoning, where there is any.
fn reasoning(choice: &Choice) -> Option<String> {
    let texts: String = choice
        .parts
        .iter()
        .filter_map(|p| if let Part::Reasoning(t) = p { Some(t.as_str()) } else { None })
        .collect();
    (!texts.is_empty()).then_some(texts)
}

/// The text; none where the completion has no part that is text.
fn text(choice: &Choice) -> Option<String> {
    choice.parts.iter().any(|p| matches!(p, Part::Text(_))).then(|| choice.content())
}

/// A text in pieces of a few characters, as models send them.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = rest.char_indices().nth(7).map_or(rest.len(), |(at, _)| at);
        let (piece, after) = rest.split_at(end);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::{at, pieces};

    #[test]
    fn a_path_has_one_wire() {
        let table = [
            ("/v1/chat/completions", "openai_chat"),
            ("/openai/deployments/m/chat/completions?api-version=1", "openai_chat"),
            ("/v1/responses", "openai_responses"),
            ("/v1/messages", "anthropic"),
            ("/v1beta/models/m:generateContent", "gemini"),
            ("/v1beta/models/m:streamGenerateContent?alt=sse", "gemini"),
            ("/api/chat", "ollama"),
            ("/v2/chat", "cohere"),
            ("/v1/embeddings", "embeddings"),
        ];
        for (path, name) in table {
            assert_eq!(at(path).map(super::Wire::name), Some(name), "{path}");
        }
        for path in ["/v1/models", "/chat/completions", "/responses", "/messages"] {
            assert!(at(path).is_none(), "{path}");
        }
    }

    #[test]
    fn pieces_are_the_text() {
        assert_eq!(pieces("größer als zwölf").collect::<Vec<_>>(), ["größer ", "als zwö", "lf"]);
        assert_eq!(pieces("").count(), 0);
    }
}
