//! A model behind an endpoint.

use std::fmt;
use std::sync::Arc;

use dspex_core::BoxFuture;
use dspex_core::lm::{
    Capabilities, Event, EventStream, LanguageModel, LmError, LmErrorKind, RefusedForms, Reply, ReplyBuilder,
    Request, ResponseFormat,
};
use dspex_resilience::RateLimits;
use futures_util::stream::{self, BoxStream, StreamExt as _};

use super::endpoint::Endpoint;
use super::streamed::{Streamed, name_request, named};
use super::transport::{Body, Clocked, MOST_ERROR_BYTES, Transport};
use crate::wire::{Call, Quirks, Wire};

/// A model behind an HTTP endpoint. Copies share the pool of connections.
#[derive(Clone)]
pub(crate) struct HttpLm {
    id: String,
    model: String,
    transport: Transport,
    wire: &'static dyn Wire,
    quirks: Quirks,
    capabilities: Capabilities,
    refused: RefusedForms,
    told: Told,
}

/// Hears what a provider says of its limits.
type Told = Arc<dyn Fn(&RateLimits) + Send + Sync>;

impl HttpLm {
    pub(crate) fn new(
        id: &str,
        model: &str,
        endpoint: Endpoint,
        wire: &'static dyn Wire,
        quirks: Quirks,
        capabilities: Capabilities,
    ) -> Result<Self, LmError> {
        let transport = Transport::to(endpoint, wire.headers())?;
        let (id, model, refused) = (id.to_owned(), model.to_owned(), RefusedForms::default());
        Ok(Self { id, model, transport, wire, quirks, capabilities, refused, told: Arc::new(|_| ()) })
    }

    /// The model, which says what its provider tells of its limits.
    pub(crate) fn with_told(mut self, told: impl Fn(&RateLimits) + Send + Sync + 'static) -> Self {
        self.told = Arc::new(told);
        self
    }

    /// Sends a request; what was left out of it comes first.
    async fn open(&self, request: &Request, stream: bool) -> Result<(Body, Vec<Event>), LmError> {
        refuse_several(request, &self.capabilities)?;
        let call = Call::new(request, &self.model, &self.quirks, stream);
        let body = self.wire.encode(&call)?;
        let url = self.transport.url(&self.wire.path(&call))?;
        let warnings = call.warnings();
        let clocked = Clocked::start(self.transport.timeouts, request.options.deadline);
        let headers = self.transport.joined(self.wire.request_headers(&call), self.wire.list_headers());
        let body = self.transport.send(url, &headers, &body, clocked).await?;
        (self.told)(&body.limits);
        Ok((body, warnings.into_iter().map(Event::Warning).collect()))
    }

    /// The events of a reply that came whole.
    async fn whole(&self, mut body: Body) -> Result<Vec<Event>, LmError> {
        let bytes = body.json(&self.transport.redaction).await?;
        let mut events =
            self.wire.decoder(&self.quirks).whole(&bytes).map_err(|e| self.transport.redaction.clean(e))?;
        for event in &mut events {
            name_request(event, body.request_id.as_ref());
        }
        Ok(events)
    }

    async fn answer(&self, request: &Request) -> Result<Reply, LmError> {
        let (body, first) = self.open(request, false).await?;
        let request_id = body.request_id.clone();
        let fold = |events: Vec<Event>| {
            let mut reply = ReplyBuilder::new();
            for event in first.into_iter().chain(events) {
                reply.push(event);
            }
            reply.finish()
        };
        self.whole(body).await.and_then(fold).map_err(|e| named(e, request_id))
    }

    async fn events(&self, request: &Request) -> Result<BoxStream<'static, Result<Event, LmError>>, LmError> {
        let (mut body, first) = self.open(request, true).await?;
        let first = stream::iter(first.into_iter().map(Ok));
        let framing = self.wire.framing();
        if framing.is_of(&body.content_type) {
            let decoder = self.wire.decoder(&self.quirks);
            let events = Streamed::start(body, framing, decoder, self.transport.redaction.clone());
            return Ok(first.chain(events).boxed());
        }
        let request_id = body.request_id.clone();
        if body.may_be_json() {
            // A server that does not stream answers whole.
            let events = self.whole(body).await.map_err(|e| named(e, request_id))?;
            return Ok(first.chain(stream::iter(events.into_iter().map(Ok))).boxed());
        }
        let bytes = body.whole(MOST_ERROR_BYTES).await?;
        let e = self.transport.redaction.of_content("a stream of events", &body.content_type, &bytes);
        Err(named(e, request_id))
    }
}

/// Several completions where a model gives one.
pub(crate) fn refuse_several(request: &Request, can: &Capabilities) -> Result<(), LmError> {
    if request.options.n.is_some_and(|n| n > 1) && !can.several {
        let message = "expected one completion to be asked for, since this model gives no more";
        return Err(LmError::new(LmErrorKind::Unsupported, message).with_hint("ask several times"));
    }
    Ok(())
}

impl LanguageModel for HttpLm {
    fn id(&self) -> &str {
        &self.id
    }

    fn endpoint(&self) -> String {
        format!("{} {} {}", self.transport.place(), self.wire.name(), self.model)
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
        let host = &self.transport.host;
        f.debug_struct("HttpLm")
            .field("id", &self.id)
            .field("host", &host.host_str())
            .field("timeouts", &self.transport.timeouts)
            .finish_non_exhaustive()
    }
}
