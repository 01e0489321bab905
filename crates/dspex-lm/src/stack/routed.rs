//! Several models as one: by order, weight or latency, with those that can do what is asked.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use dspex_core::lm::{
    Capabilities, Event, EventStream, FailedTry, LmError, LmErrorKind, Part, Reply, Request, ResponseFormat,
};
use dspex_core::value::MediaKind;
use dspex_core::{BoxFuture, LanguageModel};
use dspex_resilience::{
    AllFailed, Answered, Class, Deadline, Endpoint, Fallback, Health, Order, Outcome, Router,
};
use futures_util::stream::{self, StreamExt as _};

use super::{Failure, estimate};
use crate::Catalog;

/// Several models as one. The first that suits is asked; where it fails in a way that another one may not, the next is.
/// Who answered stands in the reply, and what failed before it, too.
///
/// A model suits that can do what the request needs, by its capabilities, and reads enough, by the catalog. Errors of the
/// request itself are given back at once; a request that is too long, or was refused, goes to the models that are named
/// for that.
///
/// ```
/// use dspex_core::LanguageModel as _;
/// use dspex_core::lm::{Message, Request};
/// use dspex_lm::{NearestLm, Routed};
/// # dspex_testkit::block_on(async {
/// let lm = Routed::builder("main").model(NearestLm::new()).model(NearestLm::new()).build();
/// let reply = lm.call(&Request::new(vec![Message::user("hi")])).await?;
/// assert_eq!((lm.id(), reply.model.as_deref()), ("main", Some("builtin/nearest")));
/// # Ok::<(), dspex_core::lm::LmError>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Routed {
    id: String,
    router: Arc<Router<Arc<dyn LanguageModel>>>,
    catalog: Arc<Catalog>,
}

/// What a [`Routed`] model is made of.
///
/// ```
/// use dspex_lm::{NearestLm, Routed};
/// let lm = Routed::builder("cheap-first")
///     .model(NearestLm::new())
///     .weighted(NearestLm::new(), 2.0)
///     .build();
/// # let _ = lm;
/// ```
#[must_use = "a builder does nothing until it is built"]
pub struct RoutedBuilder {
    id: String,
    endpoints: Vec<Endpoint<Arc<dyn LanguageModel>>>,
    order: Order,
    too_long: Vec<String>,
    refused: Vec<String>,
    catalog: Arc<Catalog>,
}

impl RoutedBuilder {
    /// One more model, after those before it.
    pub fn model(self, lm: impl LanguageModel + 'static) -> Self {
        self.weighted(lm, 1.0)
    }

    /// One more model, with its share where models are chosen by weight.
    pub fn weighted(mut self, lm: impl LanguageModel + 'static, weight: f64) -> Self {
        let (name, lm): (String, Arc<dyn LanguageModel>) = (lm.id().to_owned(), Arc::new(lm));
        self.endpoints.push(Endpoint::new(name, lm).weight(weight).health(Health::default()));
        self
    }

    /// How the first is chosen: as listed, unless set.
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// The models, by name, that a request goes to which is too long for another.
    pub fn when_too_long<N: Into<String>>(mut self, models: impl IntoIterator<Item = N>) -> Self {
        self.too_long = models.into_iter().map(Into::into).collect();
        self
    }

    /// The models, by name, that a request goes to which another refused to answer.
    pub fn when_refused<N: Into<String>>(mut self, models: impl IntoIterator<Item = N>) -> Self {
        self.refused = models.into_iter().map(Into::into).collect();
        self
    }

    /// What is known of how much models read. What was shipped, unless set.
    pub fn catalog(mut self, catalog: Arc<Catalog>) -> Self {
        self.catalog = catalog;
        self
    }

    /// The model.
    pub fn build(self) -> Routed {
        let mut fallback = Fallback::default();
        for (class, names) in [(Class::TooLong, self.too_long), (Class::Content, self.refused)] {
            if !names.is_empty() {
                fallback = fallback.on(class, names);
            }
        }
        let router = Arc::new(Router::new(self.endpoints, self.order, fallback));
        Routed { id: self.id, router, catalog: self.catalog }
    }
}

impl fmt::Debug for RoutedBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoutedBuilder").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Routed {
    /// Models as one, under a name of its own.
    pub fn builder(id: impl Into<String>) -> RoutedBuilder {
        RoutedBuilder {
            id: id.into(),
            endpoints: Vec::new(),
            order: Order::Listed,
            too_long: Vec::new(),
            refused: Vec::new(),
            catalog: Catalog::shipped(),
        }
    }

    fn suits(&self, endpoint: &Endpoint<Arc<dyn LanguageModel>>, request: &Request) -> bool {
        let can = endpoint.value.capabilities();
        let has = |kind: MediaKind| {
            let is = |part: &Part| matches!(part, Part::Media(media) if media.kind == kind);
            request.messages.iter().any(|m| m.parts.iter().any(is))
        };
        let format = match &request.response_format {
            Some(ResponseFormat::JsonSchema { .. }) => can.json_schema,
            Some(ResponseFormat::JsonObject) => can.json_object || can.json_schema,
            _ => true,
        };
        let context = self.catalog.model(endpoint.value.id()).and_then(|m| m.context);
        format
            && (request.tools.is_empty() || can.tools)
            && (!has(MediaKind::Image) || can.images)
            && (!has(MediaKind::Audio) || can.audio)
            && (request.options.logprobs.is_none() || can.logprobs)
            // An estimate may be off by half; only what surely does not fit is not tried.
            && context.is_none_or(|most| estimate::tokens(request) / 2 <= most)
    }

    fn deadline(request: &Request) -> Deadline {
        request.options.deadline.map_or(Deadline::NONE, |deadline| Deadline::at(deadline.into()))
    }

    /// The error when all failed: that of the most useful cause, with the others before it.
    fn all_failed(&self, failed: &AllFailed<Failure>) -> LmError {
        let Some(cause) = failed.cause().cloned() else {
            let message = format!("expected a model of `{}` that can do what is asked, found none", self.id);
            return LmError::new(LmErrorKind::Unsupported, message);
        };
        let mut error = cause.0;
        let others = failed.causes.iter().map(|(_, Failure(e))| e).filter(|e| **e != error);
        let tries = others.flat_map(|e| {
            e.failed.iter().cloned().chain([FailedTry::new(e, Duration::ZERO)]).collect::<Vec<_>>()
        });
        error.failed.splice(0..0, tries.collect::<Vec<_>>());
        error
    }
}

/// What failed before an answer came, in order.
fn tries(causes: Vec<(String, Failure)>) -> Vec<FailedTry> {
    let each = |(_, Failure(e)): (String, Failure)| {
        let last = FailedTry::new(&e, Duration::ZERO);
        e.failed.into_iter().chain([last])
    };
    causes.into_iter().flat_map(each).collect()
}

impl LanguageModel for Routed {
    fn id(&self) -> &str {
        &self.id
    }

    /// All that one of the models can do: a request goes to one that can.
    fn capabilities(&self) -> Capabilities {
        let mut all = Capabilities::default();
        for (at, endpoint) in self.router.endpoints().iter().enumerate() {
            let can = endpoint.value.capabilities();
            if at == 0 {
                // Prompts are written for the first; what it cannot read as a schema is none for the others.
                all = can;
                continue;
            }
            all.tools &= can.tools;
            all.json_schema &= can.json_schema && can.dialect == all.dialect;
            all.json_object &= can.json_object;
            all.reasoning &= can.reasoning;
            all.citations &= can.citations;
            all.images |= can.images;
            all.audio |= can.audio;
            all.logprobs |= can.logprobs;
            all.several &= can.several;
        }
        all
    }

    fn note_refused(&self, format: &ResponseFormat) {
        for endpoint in self.router.endpoints() {
            endpoint.value.note_refused(format);
        }
    }

    fn call<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
        Box::pin(async move {
            let ask = |endpoint: &'a Endpoint<Arc<dyn LanguageModel>>| async move {
                let under_way = endpoint.health.begin();
                let result = endpoint
                    .value
                    .call(request)
                    .await
                    .map_err(|e| Failure(e.with_model(endpoint.value.id())));
                under_way.end(Outcome::of(&result));
                result
            };
            let suits = |endpoint: &Endpoint<_>| self.suits(endpoint, request);
            match self.router.run(Self::deadline(request), suits, ask).await {
                Ok(Answered { value: mut reply, by, failed }) => {
                    reply.model = reply.model.or(Some(by));
                    reply.failed.splice(0..0, tries(failed));
                    Ok(reply)
                }
                Err(failed) => Err(self.all_failed(&failed)),
            }
        })
    }

    fn stream<'a>(&'a self, request: &'a Request) -> EventStream<'a> {
        let opened = async move {
            let open = |endpoint: &'a Endpoint<Arc<dyn LanguageModel>>| async move {
                let mut events = endpoint.value.stream(request);
                let mut first = Vec::new();
                // What was tried within comes first, and is no answer yet.
                loop {
                    match events.next().await {
                        Some(Ok(event)) => {
                            let more = matches!(event, Event::Failed(_) | Event::Warning(_));
                            first.push(Ok(event));
                            if !more {
                                return Ok(stream::iter(first).chain(events).boxed());
                            }
                        }
                        Some(Err(e)) => return Err(Failure(e.with_model(endpoint.value.id()))),
                        None => return Ok(stream::iter(first).boxed()),
                    }
                }
            };
            let suits = |endpoint: &Endpoint<_>| self.suits(endpoint, request);
            match self.router.run(Self::deadline(request), suits, open).await {
                Ok(Answered { value: events, failed, .. }) => {
                    let failed = tries(failed).into_iter().map(|f| Ok(Event::Failed(f)));
                    stream::iter(failed).chain(events).boxed()
                }
                Err(failed) => stream::iter([Err(self.all_failed(&failed))]).boxed(),
            }
        };
        Box::pin(stream::once(opened).flatten())
    }
}

impl fmt::Debug for Routed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.router.endpoints().iter().map(|e| e.value.id()).collect();
        f.debug_struct("Routed").field("id", &self.id).field("models", &names).finish_non_exhaustive()
    }
}
