//! A model with a cache in front of it.

use std::fmt;
use std::sync::Arc;

use dspex_core::lm::{
    Capabilities, Event, EventStream, LmError, Reply, ReplyBuilder, Request, ResponseFormat,
};
use dspex_core::{BoxFuture, LanguageModel};
use futures_util::stream::{self, StreamExt as _};
use serde_json::{Map, Value as Json};

use super::Cache;

/// A model that looks into a [`Cache`] before it asks. Of several callers with the same question at one time one asks,
/// and the others get its reply; they are told of a failure only when a second one failed, too.
///
/// ```
/// use dspex_core::LanguageModel as _;
/// use dspex_lm::{Cache, Cached, NearestLm};
/// let lm: Cached = Cache::builder().build().over(NearestLm::new());
/// assert_eq!(lm.id(), "builtin/nearest");
/// ```
#[derive(Clone)]
pub struct Cached {
    cache: Cache,
    lm: Arc<dyn LanguageModel>,
    endpoint: String,
}

impl Cached {
    pub(super) fn new(cache: Cache, lm: Arc<dyn LanguageModel>) -> Self {
        let endpoint = lm.endpoint();
        Self { cache, lm, endpoint }
    }

    async fn answer(&self, request: &Request) -> Result<Reply, LmError> {
        let key = self.cache.key(&self.endpoint, request);
        if let Some(reply) = self.cache.get(&key).await {
            return Ok(reply);
        }
        let mut turn = self.cache.0.flights.turn(key).await?;
        // Whoever had the turn before may have brought it.
        if let Some(reply) = self.cache.get(&key).await {
            return Ok(reply);
        }
        self.cache.missed();
        match self.lm.call(request).await {
            Ok(reply) => {
                self.cache.put(key, request, &reply);
                Ok(reply)
            }
            Err(e) => {
                turn.failed(&e);
                Err(e)
            }
        }
    }
}

impl LanguageModel for Cached {
    fn id(&self) -> &str {
        self.lm.id()
    }

    fn endpoint(&self) -> String {
        self.endpoint.clone()
    }

    fn capabilities(&self) -> Capabilities {
        self.lm.capabilities()
    }

    fn note_refused(&self, format: &ResponseFormat) {
        self.lm.note_refused(format);
    }

    fn settings(&self) -> Map<String, Json> {
        let mut settings = self.lm.settings();
        settings.insert("cache".into(), Json::Bool(true));
        settings
    }

    fn cached<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Option<Reply>> {
        Box::pin(async move { self.cache.get(&self.cache.key(&self.endpoint, request)).await })
    }

    fn call<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
        Box::pin(self.answer(request))
    }

    fn stream<'a>(&'a self, request: &'a Request) -> EventStream<'a> {
        let opened = async move {
            let key = self.cache.key(&self.endpoint, request);
            if let Some(reply) = self.cache.get(&key).await {
                return stream::iter(reply.into_events().into_iter().map(Ok)).boxed();
            }
            self.cache.missed();
            let mut folded = Some(ReplyBuilder::new());
            let events = self.lm.stream(request).inspect(move |event| {
                let Ok(event) = event else { return folded = None };
                let Some(reply) = &mut folded else { return };
                reply.push(event.clone());
                if matches!(event, Event::Done { .. })
                    && let Some(Ok(reply)) = folded.take().map(ReplyBuilder::finish)
                {
                    self.cache.put(key, request, &reply);
                }
            });
            events.boxed()
        };
        Box::pin(stream::once(opened).flatten())
    }
}

impl fmt::Debug for Cached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cached")
            .field("lm", &self.lm.id())
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}
