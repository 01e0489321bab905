//! Batches: many requests at one time, answered within a day, at a lower price. A file for each provider's API.

mod anthropic;
mod openai;
mod results;
mod status;

use std::fmt;
use std::sync::Arc;

use dspex_core::lm::{Capabilities, LmError, LmErrorKind, Reply, Request};
use dspex_core::{BoxFuture, Clock, Result, SystemClock};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

pub(crate) use anthropic::AnthropicBatches;
pub(crate) use openai::OpenAiBatches;
use results::Outcome;
pub use status::{BatchState, BatchStatus};

use crate::http::{Link, refuse_several};
use crate::wire::{Call, Quirks, Wire};
use crate::{Catalog, LmBuilder};

/// A provider's API for batches.
pub(crate) trait BatchApi: fmt::Debug + Send + Sync {
    /// Most requests of a batch, and most bytes.
    fn most(&self) -> (usize, usize);

    /// Starts a batch, and gives its id.
    fn submit<'a>(&'a self, link: &'a Link, tasks: &'a Tasks) -> BoxFuture<'a, Result<String, LmError>>;

    /// How a batch stands.
    fn poll<'a>(&'a self, link: &'a Link, id: &'a str) -> BoxFuture<'a, Result<BatchStatus, LmError>>;

    /// What came of the requests of a batch that is over, by their numbers.
    fn results<'a>(
        &'a self,
        link: &'a Link,
        id: &'a str,
        status: &'a BatchStatus,
    ) -> BoxFuture<'a, Result<Vec<(usize, Outcome)>, LmError>>;

    /// Asks that a batch ends.
    fn cancel<'a>(&'a self, link: &'a Link, id: &'a str) -> BoxFuture<'a, Result<BatchStatus, LmError>>;
}

/// Requests as their wire writes them.
pub(crate) struct Tasks {
    /// The path of the wire behind the base URL.
    path: String,
    headers: Vec<(String, String)>,
    bodies: Vec<Json>,
}

/// Which model is asked, and how.
pub(crate) struct Asked {
    pub(crate) name: String,
    pub(crate) model: String,
    pub(crate) wire: &'static dyn Wire,
    pub(crate) quirks: Quirks,
    pub(crate) can: Capabilities,
}

/// A batch that was submitted. It is plain data: keep it in a file, and go on in another process.
///
/// ```
/// use dspex_lm::Batch;
/// let kept = r#"{"model": "openai/gpt-4o-mini", "id": "batch_1", "requests": 2}"#;
/// let batch: Batch = serde_json::from_str(kept).unwrap();
/// assert_eq!((batch.model.as_str(), batch.requests), ("openai/gpt-4o-mini", 2));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Batch {
    /// The model that is asked.
    pub model: String,
    /// The provider's id of the batch.
    pub id: String,
    /// How many requests it has.
    pub requests: usize,
}

/// A model that is asked in batches: all requests at one time, answers within a day, at a lower price.
///
/// ```
/// use dspex_core::lm::{Message, Request};
/// use dspex_lm::{Batch, Batches, Secret};
///
/// /// Asks, and says what to keep until the answers are there.
/// async fn ask(batches: &Batches, words: &[&str]) -> Result<String, Box<dyn std::error::Error>> {
///     let requests: Vec<Request> =
///         words.iter().map(|word| Request::new(vec![Message::user(format!("Translate: {word}"))])).collect();
///     Ok(serde_json::to_string(&batches.submit(&requests).await?)?)
/// }
///
/// /// The answers, later and maybe in another process; none while they are not there.
/// async fn answers(batches: &Batches, kept: &str) -> Result<Option<Vec<String>>, Box<dyn std::error::Error>> {
///     let batch: Batch = serde_json::from_str(kept)?;
///     if !batches.poll(&batch).await?.state.is_over() {
///         return Ok(None);
///     }
///     let replies = batches.collect(&batch).await?;
///     Ok(Some(replies.into_iter().flatten().map(|reply| reply.choices[0].content()).collect()))
/// }
///
/// let batches = Batches::builder("openai/gpt-4o-mini").api_key(Secret::new("sk-...")).build()?;
/// # let _ = (ask(&batches, &["one"]), answers(&batches, "{}"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Batches(Arc<Inner>);

struct Inner {
    asked: Asked,
    api: &'static dyn BatchApi,
    link: Link,
    catalog: Arc<Catalog>,
    clock: Arc<dyn Clock>,
}

impl Batches {
    /// The model of a name, with what the environment says of it, as [`Lm::from_env`](crate::Lm::from_env) finds it.
    ///
    /// ```
    /// let e = dspex_lm::Batches::from_env("ollama/llama3.2").unwrap_err();
    /// assert_eq!(e.hint(), Some("write one of `openai/...`, `anthropic/...`"));
    /// ```
    pub fn from_env(name: &str) -> Result<Self> {
        Self::builder(name).or_from_env().build()
    }

    /// A model of a name, to be given what it takes to reach it. The environment is not looked at.
    pub fn builder(name: &str) -> LmBuilder<Self> {
        LmBuilder::of(name)
    }

    pub(crate) fn over(asked: Asked, api: &'static dyn BatchApi, link: Link, catalog: Arc<Catalog>) -> Self {
        Self(Arc::new(Inner { asked, api, link, catalog, clock: Arc::new(SystemClock) }))
    }

    /// Submits requests as one batch. A deadline of a request does not count.
    ///
    /// Errors: no requests, or more than the provider takes; one that cannot be asked, by its number; those of the
    /// provider. What cannot be asked for is an error here also where `on_unsupported` says to warn, since there is no
    /// reply that could tell.
    pub async fn submit(&self, requests: &[Request]) -> Result<Batch, LmError> {
        let inner = &*self.0;
        let submitted = async {
            let tasks = inner.tasks(requests)?;
            inner.api.submit(&inner.link, &tasks).await
        };
        let id = submitted.await.map_err(|e| inner.named(e))?;
        Ok(Batch { model: inner.asked.name.clone(), id, requests: requests.len() })
    }

    /// How a batch stands.
    pub async fn poll(&self, batch: &Batch) -> Result<BatchStatus, LmError> {
        let inner = &*self.0;
        let id = inner.id_of(batch)?;
        inner.api.poll(&inner.link, id).await.map_err(|e| inner.named(e))
    }

    /// What came of each request of a batch that is over, in their order: a reply, or why there is none. Requests that
    /// were not answered in time have an error of kind `Timeout`, those of a batch that was cancelled one of kind
    /// `Unavailable`. What replies cost is counted by the prices for batches.
    ///
    /// Errors: the batch is not over yet; it was refused as a whole; those of the provider.
    pub async fn collect(&self, batch: &Batch) -> Result<Vec<Result<Reply, LmError>>, LmError> {
        let inner = &*self.0;
        let status = self.poll(batch).await?;
        if !status.state.is_over() {
            let message = format!("expected a batch that is over, found it {status}");
            let e = LmError::new(LmErrorKind::Unavailable, message);
            return Err(inner.named(e.with_hint("poll it again later")));
        }
        if let BatchState::Failed(why) = &status.state {
            let message = format!("expected a batch that the provider takes, found it refused: {why}");
            return Err(inner.named(inner.link.clean(LmError::new(LmErrorKind::InvalidRequest, message))));
        }
        let id = inner.id_of(batch)?;
        let found = inner.api.results(&inner.link, id, &status).await.map_err(|e| inner.named(e))?;
        Ok(inner.in_order(batch.requests, found, &status))
    }

    /// Asks that a batch ends. What was answered until then can be collected when it is over.
    pub async fn cancel(&self, batch: &Batch) -> Result<BatchStatus, LmError> {
        let inner = &*self.0;
        let id = inner.id_of(batch)?;
        inner.api.cancel(&inner.link, id).await.map_err(|e| inner.named(e))
    }
}

impl LmBuilder<Batches> {
    /// The model. Nothing is sent yet.
    ///
    /// Errors: a name of no provider, or of one without batches; no key; a URL that is none.
    pub fn build(self) -> Result<Batches> {
        let (provider, model, settings) = self.found()?;
        provider.batches(&model, settings)
    }
}

impl Inner {
    fn named(&self, e: LmError) -> LmError {
        e.with_model(&self.asked.name)
    }

    /// The id of a batch of this model. It becomes a part of paths, and may come from a file.
    fn id_of<'a>(&self, batch: &'a Batch) -> Result<&'a str, LmError> {
        let refuse = |message: String| Err(self.named(LmError::new(LmErrorKind::Configuration, message)));
        if batch.model != self.asked.name {
            return refuse(format!(
                "expected a batch of `{}`, found one of `{}`",
                self.asked.name, batch.model
            ));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if batch.id.is_empty() || !batch.id.chars().all(plain) {
            return refuse(
                "expected the id of a batch, of letters, digits, `_` and `-`, found another".to_owned(),
            );
        }
        Ok(&batch.id)
    }

    fn tasks(&self, requests: &[Request]) -> Result<Tasks, LmError> {
        let (most, most_bytes) = self.api.most();
        let refuse = |message: String| Err(LmError::new(LmErrorKind::InvalidRequest, message));
        if requests.is_empty() || requests.len() > most {
            return refuse(format!("expected 1 to {most} requests in a batch, found {}", requests.len()));
        }
        let Asked { model, wire, quirks, can, .. } = &self.asked;
        let mut tasks = Tasks { path: String::new(), headers: Vec::new(), bodies: Vec::new() };
        let mut bytes = 0;
        for (number, request) in requests.iter().enumerate() {
            let call = Call::new(request, model, quirks, false);
            let encoded = refuse_several(request, can).and_then(|()| wire.encode(&call)).and_then(|body| {
                let left_out = call.warnings().into_iter().next();
                left_out.map_or(Ok(body), |what| Err(LmError::new(LmErrorKind::Unsupported, what)))
            });
            let body = encoded.map_err(|mut e| {
                e.message = format!("request {number}: {}", e.message);
                e
            })?;
            bytes += body.to_string().len();
            tasks.path = wire.path(&call);
            for header in wire.request_headers(&call) {
                if !tasks.headers.contains(&header) {
                    tasks.headers.push(header);
                }
            }
            tasks.bodies.push(body);
        }
        if bytes > most_bytes {
            let (most, found) = (most_bytes >> 20, bytes >> 20);
            return refuse(format!("expected at most {most} MiB of requests in a batch, found {found} MiB"));
        }
        tasks.headers = self.link.joined(tasks.headers, wire.list_headers());
        Ok(tasks)
    }
}

impl fmt::Debug for Batches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Batches").field(&self.0.asked.name).finish()
    }
}
