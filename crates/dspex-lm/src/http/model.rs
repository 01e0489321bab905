//! A model behind an endpoint.

use std::collections::VecDeque;
use std::fmt;

use dspex_core::BoxFuture;
use dspex_core::lm::{
    Capabilities, Event, EventStream, LanguageModel, LmError, LmErrorKind, RefusedForms, Reply, ReplyBuilder,
    Request, ResponseFormat,
};
use futures_util::stream::{self, BoxStream, StreamExt as _};
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use sse_stream::SseByteStream;

use super::failure::Redaction;
use super::transport::{Body, Clocked, MOST_ERROR_BYTES, Transport};
use crate::Timeouts;
use crate::secret::Secret;
use crate::wire::{Decode, Quirks, Wire};

/// Where a model is, and who asks.
pub(crate) struct Endpoint {
    /// The base URL, which the path of the wire is added to.
    pub(crate) base: String,
    /// The key, sent as a bearer token.
    pub(crate) key: Option<Secret>,
    /// More headers; their values may be secret.
    pub(crate) headers: Vec<(String, Secret)>,
    pub(crate) timeouts: Timeouts,
}

/// A model behind an HTTP endpoint. Copies share the pool of connections.
#[derive(Clone)]
pub(crate) struct HttpLm {
    id: String,
    model: String,
    transport: Transport,
    wire: Wire,
    quirks: Quirks,
    capabilities: Capabilities,
    refused: RefusedForms,
}

impl HttpLm {
    pub(crate) fn new(
        id: &str,
        model: &str,
        endpoint: Endpoint,
        wire: Wire,
        quirks: Quirks,
        capabilities: Capabilities,
    ) -> Result<Self, LmError> {
        let url = url(&endpoint.base, wire.path)?;
        let mut headers = HeaderMap::new();
        let bearer = endpoint.key.as_ref().map(|key| Secret::new(format!("Bearer {}", key.expose())));
        let all = endpoint.headers.iter().map(|(name, value)| (name.as_str(), value));
        for (name, value) in all.chain(bearer.as_ref().map(|b| (AUTHORIZATION.as_str(), b))) {
            let (name, value) = header(name, value)?;
            headers.insert(name, value);
        }
        let secrets = endpoint.headers.into_iter().map(|(_, value)| value).chain(endpoint.key).collect();
        let transport = Transport::new(url, headers, endpoint.timeouts, Redaction::new(secrets))?;
        let (id, model, refused) = (id.to_owned(), model.to_owned(), RefusedForms::default());
        Ok(Self { id, model, transport, wire, quirks, capabilities, refused })
    }

    async fn open(&self, request: &Request, stream: bool) -> Result<Body, LmError> {
        let several = request.options.n.is_some_and(|n| n > 1);
        if several && !self.capabilities.several {
            let message = "expected one completion to be asked for, since this model gives no more";
            return Err(LmError::new(LmErrorKind::Unsupported, message).with_hint("ask several times"));
        }
        let body = (self.wire.encode)(request, &self.model, self.quirks, stream)?;
        let clocked = Clocked::start(self.transport.timeouts, request.options.deadline);
        // Writing JSON to memory fails for no value there is.
        let body = serde_json::to_vec(&body)
            .map_err(|e| LmError::new(LmErrorKind::InvalidRequest, format!("no JSON of the request: {e}")))?;
        self.transport.send(body, clocked).await
    }

    /// The events of a reply that came whole.
    async fn whole(&self, mut body: Body) -> Result<Vec<Event>, LmError> {
        let bytes = body.whole(usize::MAX).await?;
        if bytes.is_empty() {
            let message = format!("expected a reply, found an empty body (status {})", body.status());
            return Err(LmError::new(LmErrorKind::Transport, message));
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        if !body.may_be_json() {
            return Err(self.transport.redaction.of_content("JSON", &body.content_type, bytes));
        }
        let mut events = (self.wire.decoder)().whole(bytes).map_err(|e| self.transport.redaction.clean(e))?;
        for event in &mut events {
            name_request(event, body.request_id.as_ref());
        }
        Ok(events)
    }

    async fn answer(&self, request: &Request) -> Result<Reply, LmError> {
        let body = self.open(request, false).await?;
        let request_id = body.request_id.clone();
        let fold = |events: Vec<Event>| {
            let mut reply = ReplyBuilder::new();
            for event in events {
                reply.push(event);
            }
            reply.finish()
        };
        self.whole(body).await.and_then(fold).map_err(|e| named(e, request_id))
    }

    async fn events(&self, request: &Request) -> Result<BoxStream<'static, Result<Event, LmError>>, LmError> {
        let mut body = self.open(request, true).await?;
        if body.content_type == "text/event-stream" {
            return Ok(Streamed::start(body, (self.wire.decoder)(), self.transport.redaction.clone()));
        }
        let request_id = body.request_id.clone();
        if body.may_be_json() {
            // A server that does not stream answers whole.
            let events = self.whole(body).await.map_err(|e| named(e, request_id))?;
            return Ok(stream::iter(events.into_iter().map(Ok)).boxed());
        }
        let bytes = body.whole(MOST_ERROR_BYTES).await?;
        let e = self.transport.redaction.of_content("a stream of events", &body.content_type, &bytes);
        Err(named(e, request_id))
    }
}

/// The id of a request in a header counts over that in the body.
fn name_request(event: &mut Event, id: Option<&String>) {
    if let (Event::Done { request_id, .. }, Some(id)) = (event, id) {
        *request_id = Some(id.clone());
    }
}

fn named(mut e: LmError, request_id: Option<String>) -> LmError {
    e.request_id = request_id.or(e.request_id);
    e
}

/// A reply that comes as a stream of events.
struct Streamed {
    events: SseByteStream<BoxStream<'static, Result<bytes::Bytes, LmError>>>,
    decoder: Box<dyn Decode>,
    ready: VecDeque<Event>,
    request_id: Option<String>,
    redaction: Redaction,
    over: bool,
}

impl Streamed {
    fn start(
        body: Body,
        decoder: Box<dyn Decode>,
        redaction: Redaction,
    ) -> BoxStream<'static, Result<Event, LmError>> {
        let request_id = body.request_id.clone();
        let bytes =
            stream::unfold(body, |mut body| async move { Some((body.next().await.transpose()?, body)) });
        Self::of(bytes.boxed(), decoder, request_id, redaction)
    }

    fn of(
        bytes: BoxStream<'static, Result<bytes::Bytes, LmError>>,
        decoder: Box<dyn Decode>,
        request_id: Option<String>,
        redaction: Redaction,
    ) -> BoxStream<'static, Result<Event, LmError>> {
        let events = SseByteStream::new(bytes);
        let streamed = Self { events, decoder, ready: VecDeque::new(), request_id, redaction, over: false };
        stream::unfold(streamed, |mut s| async move { s.next().await.map(|event| (event, s)) }).boxed()
    }

    async fn next(&mut self) -> Option<Result<Event, LmError>> {
        loop {
            if let Some(mut event) = self.ready.pop_front() {
                name_request(&mut event, self.request_id.as_ref());
                self.over |= matches!(event, Event::Done { .. });
                return Some(Ok(event));
            }
            if self.over {
                return None;
            }
            let read = match self.events.next().await? {
                Ok(event) => match event.data {
                    Some(data) => self.decoder.chunk(&data).map_err(|e| self.redaction.clean(e)),
                    None => continue,
                },
                Err(e) => Err(broken(e)),
            };
            match read {
                Ok(events) => self.ready.extend(events),
                Err(e) => {
                    self.over = true;
                    return Some(Err(named(e, self.request_id.take())));
                }
            }
        }
    }
}

/// What broke a stream: the connection, or events that are none.
fn broken(e: sse_stream::Error) -> LmError {
    match e {
        sse_stream::Error::Body(inner) => match inner.downcast::<LmError>() {
            Ok(e) => *e,
            Err(e) => LmError::new(LmErrorKind::Transport, e.to_string()),
        },
        other => LmError::new(LmErrorKind::Protocol, format!("expected a stream of events, found: {other}")),
    }
}

impl LanguageModel for HttpLm {
    fn id(&self) -> &str {
        &self.id
    }

    fn capabilities(&self) -> Capabilities {
        self.refused.leave_of(self.capabilities.clone())
    }

    fn note_refused(&self, format: &ResponseFormat) {
        self.refused.note(format);
    }

    fn call<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
        Box::pin(async move { self.answer(request).await.map_err(|e| e.with_model(self.id())) })
    }

    fn stream<'a>(&'a self, request: &'a Request) -> EventStream<'a> {
        let model = |e: LmError| e.with_model(&self.id);
        let opened = async move { self.events(request).await };
        Box::pin(stream::once(opened).flat_map(move |opened| match opened {
            Ok(events) => events.map(move |event| event.map_err(model)).boxed(),
            Err(e) => stream::iter([Err(model(e))]).boxed(),
        }))
    }
}

impl fmt::Debug for HttpLm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = &self.transport.url;
        f.debug_struct("HttpLm")
            .field("id", &self.id)
            .field("host", &url.host_str())
            .field("timeouts", &self.transport.timeouts)
            .finish_non_exhaustive()
    }
}

fn configuration(message: String) -> LmError {
    LmError::new(LmErrorKind::Configuration, message)
}

/// The URL of a path under a base. A password in it would be shown wherever a URL is.
fn url(base: &str, path: &str) -> Result<Url, LmError> {
    let mut url: Url = base.parse().map_err(|e| {
        configuration(format!("expected a base URL as in `http://localhost:8000/v1`, found: {e}"))
    })?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(configuration(format!("expected a base URL of http or https, found {}:", url.scheme())));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(configuration("expected a base URL without a name and password, found one with".into())
            .with_hint("give the key by itself, or a header"));
    }
    let joined = format!("{}/{path}", url.path().trim_end_matches('/'));
    url.set_path(&joined);
    Ok(url)
}

fn header(name: &str, value: &Secret) -> Result<(HeaderName, HeaderValue), LmError> {
    let parsed: HeaderName =
        name.parse().map_err(|_| configuration(format!("expected the name of a header, found `{name}`")))?;
    let mut value = HeaderValue::from_str(value.expose()).map_err(|_| {
        configuration(format!(
            "expected a key or header that can be sent as `{name}`, found other characters"
        ))
        .with_hint("look for a line break or a space that was copied along")
    })?;
    value.set_sensitive(true);
    Ok((parsed, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::OPENAI_CHAT;

    fn fold(pieces: Vec<&[u8]>) -> Result<Reply, LmError> {
        let pieces: Vec<_> = pieces.into_iter().map(|p| Ok(bytes::Bytes::copy_from_slice(p))).collect();
        let bytes = stream::iter(pieces).boxed();
        let events = Streamed::of(bytes, (OPENAI_CHAT.decoder)(), None, Redaction::default());
        let mut reply = ReplyBuilder::new();
        for event in dspex_testkit::block_on(events.collect::<Vec<_>>()) {
            reply.push(event?);
        }
        reply.finish()
    }

    /// A stream with every form that the rules for event streams allow, and that vendors send.
    fn recorded(line_end: &str) -> String {
        [
            "\u{feff}: a comment",
            "event: message",
            r#"data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#,
            "",
            r#"data:{"choices":[{"index":0,"delta":{"reasoning_content":"Höre…"}}]}"#,
            "",
            r#"data: {"choices":[{"index":0,"#,
            r#"data: "delta":{"content":"Grüße 🙂 "}}]}"#,
            "",
            r#"data: {"choices":[{"index":0,"delta":{"content":"世界"}}]}"#,
            "id: 7",
            "retry: 10",
            "",
            r#"data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":"{\"a\""}}]}}]}"#,
            "",
            r#"data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":": 1}"}}]}}]}"#,
            "",
            r#"data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
            "",
            r#"data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#,
            "",
            "data: [DONE]",
            "",
            "",
        ]
        .join(line_end)
    }

    #[test]
    fn a_stream_reads_the_same_wherever_it_is_cut() {
        for line_end in ["\n", "\r\n", "\r"] {
            let text = recorded(line_end);
            let bytes = text.as_bytes();
            let whole = fold(vec![bytes]).expect("the whole stream");
            assert_eq!(whole.choices[0].content(), "Grüße 🙂 世界");
            assert_eq!((whole.usage.input_tokens, whole.usage.output_tokens), (3, 4));
            assert_eq!(whole.choices[0].parts.len(), 3, "{whole:?}");
            for at in 0..bytes.len() {
                let (head, tail) = bytes.split_at(at);
                assert_eq!(fold(vec![head, tail]).as_ref(), Ok(&whole), "cut at {at}");
            }
            assert_eq!(fold(bytes.chunks(1).collect()).as_ref(), Ok(&whole));
        }
    }

    #[test]
    fn a_stream_that_ends_too_early_is_an_error_wherever_it_ends() {
        let text = recorded("\n");
        // Without the empty line that ends its last event, it is not over.
        let last = text.trim_end().len();
        for at in 0..last {
            let e = fold(vec![&text.as_bytes()[..at]]).expect_err("a part of it");
            assert_eq!(e.kind, LmErrorKind::Transport, "cut at {at}: {e}");
        }
    }

    #[test]
    fn events_that_are_none_are_errors() {
        for (text, kind) in [
            (
                "data: {\"error\": {\"message\": \"overloaded\", \"type\": \"overloaded_error\"}}\n\n",
                LmErrorKind::Server,
            ),
            ("data: {\"choices\": 3}\n\n", LmErrorKind::Protocol),
            ("data: what\n\n", LmErrorKind::Protocol),
        ] {
            assert_eq!(fold(vec![text.as_bytes()]).expect_err(text).kind, kind, "{text}");
        }
        let bad = b"data: {\"choices\": [{\"delta\": {\"content\": \"\xff\"}}]}\n\n";
        assert_eq!(fold(vec![bad]).expect_err("bytes that are no text").kind, LmErrorKind::Protocol);
    }
}
