//! Chat completions from the server's side: requests in, replies out, whole or as a stream.

use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use axum::body::Body;
use axum::extract::State as Shared;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use dspex_core::lm::{Choice, LmError, LmErrorKind, Message, Options, Part, Reply, Request, Role};
use dspex_core::{LanguageModel, Usage, Value};
use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::{Answer, Responder, State};

pub(super) async fn complete(Shared(state): Shared<Arc<State>>, body: Bytes) -> Response {
    let call = state.calls.fetch_add(1, Ordering::SeqCst) + 1;
    let json: Result<Json, String> =
        serde_json::from_slice(&body).map_err(|e| format!("expected JSON, found: {e}"));
    if let (Some(kept), Ok(json)) = (&state.requests, &json) {
        kept.lock().unwrap_or_else(PoisonError::into_inner).push(json.clone());
    }
    let asked = match json.and_then(|json| Asked::read(&json)) {
        Ok(asked) => asked,
        Err(message) => return error(StatusCode::BAD_REQUEST, &message, "invalid_request_error"),
    };
    if !state.latency.is_zero() {
        tokio::time::sleep(state.latency).await;
    }
    let answer = match &state.responder {
        Responder::Script(script) => script.answer(&asked.request),
        Responder::Lm(lm) => match lm.call(&asked.request).await {
            Ok(reply) => Answer::Reply(reply),
            Err(e) => return of_lm_error(&e),
        },
    };
    let mut response = asked.respond(answer, call).await;
    let id = HeaderValue::from_str(&format!("req-{call}"));
    if let Ok(id) = id {
        response.headers_mut().entry("x-request-id").or_insert(id);
    }
    response
}

pub(super) async fn models(Shared(state): Shared<Arc<State>>) -> Response {
    let id = match &state.responder {
        Responder::Lm(lm) => lm.id().to_owned(),
        Responder::Script(_) => "script".to_owned(),
    };
    let model = json!({"id": id, "object": "model", "created": 0, "owned_by": "dspex"});
    axum::Json(json!({"object": "list", "data": [model]})).into_response()
}

pub(super) async fn unknown_path() -> Response {
    (StatusCode::NOT_FOUND, "expected /v1/chat/completions or /v1/models\n").into_response()
}

/// What a client asked for.
struct Asked {
    request: Request,
    model: String,
    stream: bool,
    with_usage: bool,
}

impl Asked {
    fn read(json: &Json) -> Result<Self, String> {
        let messages = json["messages"].as_array().ok_or("expected `messages` as a list")?;
        let mut request = Request::new(messages.iter().map(message).collect::<Result<_, _>>()?);
        let mut options = Options::new();
        if let Some(n) = json.get("n").filter(|n| !n.is_null()) {
            let count = n.as_u64().and_then(|n| u32::try_from(n).ok()).filter(|n| (1..=128).contains(n));
            options.n = Some(count.ok_or_else(|| format!("expected `n` from 1 to 128, found {n}"))?);
        }
        options.temperature = json["temperature"].as_f64();
        options.max_tokens = json["max_tokens"].as_u64().or(json["max_completion_tokens"].as_u64());
        options.seed = json["seed"].as_u64();
        request.options = options;
        Ok(Self {
            request,
            model: json["model"].as_str().ok_or("expected `model` as text")?.to_owned(),
            stream: json["stream"].as_bool().unwrap_or(false),
            with_usage: json["stream_options"]["include_usage"].as_bool().unwrap_or(false),
        })
    }

    async fn respond(&self, answer: Answer, call: usize) -> Response {
        match answer {
            Answer::Reply(reply) if self.stream => sse(self.chunks(&reply, call)),
            Answer::Reply(reply) => axum::Json(self.completion(&reply, call)).into_response(),
            Answer::Http { status, headers, body } => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let mut response = (status, body).into_response();
                response.headers_mut().remove(header::CONTENT_TYPE);
                for (name, value) in headers {
                    if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value))
                    {
                        response.headers_mut().insert(name, value);
                    }
                }
                response
            }
            Answer::CutAfter(bytes, inner) => Box::pin(self.cut(*inner, call, bytes)).await,
            Answer::Hang => std::future::pending().await,
        }
    }

    /// The answer, whose length is promised and not kept.
    async fn cut(&self, inner: Answer, call: usize, bytes: usize) -> Response {
        let (mut parts, body) = self.respond(inner, call).await.into_parts();
        let whole = axum::body::to_bytes(body, super::MOST_BYTES).await.unwrap_or_default();
        if !self.stream {
            parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
        }
        let head = Ok(whole.slice(..bytes.min(whole.len())));
        // The head must be on its way before the connection breaks, or the client sees nothing of it.
        let broken = stream::once(async {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            Err(std::io::Error::other("cut by the script"))
        });
        Response::from_parts(parts, Body::from_stream(stream::iter([head]).chain(broken)))
    }

    fn completion<'a>(&'a self, reply: &'a Reply, call: usize) -> Completion<'a> {
        let chosen = |(index, c): (usize, &'a Choice)| Chosen {
            index,
            message: spoken(c),
            finish_reason: c.finish.as_str(),
            logprobs: c.logprobs.as_ref(),
        };
        Completion {
            id: format!("chatcmpl-{call}"),
            object: "chat.completion",
            created: 0,
            model: &self.model,
            choices: reply.choices.iter().enumerate().map(chosen).collect(),
            usage: Counts::of(&reply.usage),
        }
    }

    /// The reply in pieces of a few characters, as models send them.
    fn chunks(&self, reply: &Reply, call: usize) -> Vec<Json> {
        let chunk = |choices: Json| {
            let mut json = self.head("chat.completion.chunk", call);
            json["choices"] = choices;
            json
        };
        let delta = |i: usize, delta: Json, finish: Option<&str>| {
            chunk(json!([{"index": i, "delta": delta, "finish_reason": finish}]))
        };
        let mut chunks = Vec::new();
        for (i, c) in reply.choices.iter().enumerate() {
            chunks.push(delta(i, json!({"role": "assistant", "content": ""}), None));
            let said = spoken(c);
            let text: Vec<char> = said["content"].as_str().unwrap_or_default().chars().collect();
            for piece in text.chunks(7) {
                chunks.push(delta(i, json!({"content": piece.iter().collect::<String>()}), None));
            }
            for (at, tool_call) in said["tool_calls"].as_array().into_iter().flatten().enumerate() {
                let mut tool_call = tool_call.clone();
                tool_call["index"] = json!(at);
                chunks.push(delta(i, json!({"tool_calls": [tool_call]}), None));
            }
            chunks.push(delta(i, json!({}), Some(c.finish.as_str())));
        }
        if self.with_usage {
            let mut last = chunk(json!([]));
            last["usage"] = json!(Counts::of(&reply.usage));
            chunks.push(last);
        }
        chunks
    }

    fn head(&self, object: &str, call: usize) -> Json {
        json!({"id": format!("chatcmpl-{call}"), "object": object, "created": 0, "model": self.model})
    }
}

fn message(json: &Json) -> Result<Message, String> {
    let role = match json["role"].as_str() {
        Some("system" | "developer") => Role::System,
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("tool") => Role::Tool,
        _ => {
            return Err(format!(
                "expected a role of system, user, assistant or tool, found {}",
                json["role"]
            ));
        }
    };
    let text = match &json["content"] {
        Json::String(text) => text.clone(),
        Json::Array(parts) => parts.iter().filter_map(|p| p["text"].as_str()).collect(),
        Json::Null => String::new(),
        other => return Err(format!("expected `content` as text or parts, found {other}")),
    };
    Ok(Message::new(role, text))
}

/// What was said, as the message of a completion. Reasoning goes beside it, under the name that most vendors use.
fn spoken(choice: &Choice) -> Json {
    let mut message = Message { role: Role::Assistant, parts: choice.parts.clone() }.to_json();
    message["refusal"] = Json::Null;
    let reasoning: String = choice
        .parts
        .iter()
        .filter_map(|p| if let Part::Reasoning(t) = p { Some(t.as_str()) } else { None })
        .collect();
    if !reasoning.is_empty() {
        message["reasoning_content"] = Value::from(reasoning).to_tagged();
    }
    message
}

/// A whole answer, written as it stands: the server shares its machine with those who are measured against it.
#[derive(Serialize)]
struct Completion<'a> {
    id: String,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: Vec<Chosen<'a>>,
    usage: Counts,
}

#[derive(Serialize)]
struct Chosen<'a> {
    index: usize,
    message: Json,
    finish_reason: &'a str,
    logprobs: Option<&'a Json>,
}

#[derive(Serialize)]
struct Counts {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PromptDetails,
    completion_tokens_details: CompletionDetails,
}

#[derive(Serialize)]
struct PromptDetails {
    cached_tokens: u64,
}

#[derive(Serialize)]
struct CompletionDetails {
    reasoning_tokens: u64,
}

impl Counts {
    fn of(u: &Usage) -> Self {
        Self {
            prompt_tokens: u.input_tokens,
            completion_tokens: u.output_tokens,
            total_tokens: u.total_tokens(),
            prompt_tokens_details: PromptDetails { cached_tokens: u.cached_read_tokens },
            completion_tokens_details: CompletionDetails { reasoning_tokens: u.reasoning_tokens },
        }
    }
}

fn sse(chunks: Vec<Json>) -> Response {
    let events = chunks.into_iter().map(|c| format!("data: {c}\n\n")).chain(["data: [DONE]\n\n".to_owned()]);
    let body = Body::from_stream(stream::iter(events.map(Ok::<_, Infallible>)));
    ([(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
}

fn error(status: StatusCode, message: &str, kind: &str) -> Response {
    (status, axum::Json(json!({"error": {"message": message, "type": kind, "code": null}}))).into_response()
}

/// A failure of the model that answers, as its provider would tell it.
fn of_lm_error(e: &LmError) -> Response {
    let status = match e.kind {
        LmErrorKind::Auth => 401,
        LmErrorKind::Billing => 402,
        LmErrorKind::UnknownModel => 404,
        LmErrorKind::Timeout => 408,
        LmErrorKind::RateLimit => 429,
        LmErrorKind::InvalidRequest | LmErrorKind::ContextOverflow | LmErrorKind::Unsupported => 400,
        _ => 500,
    };
    error(
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        &e.message,
        e.kind.code(),
    )
}
