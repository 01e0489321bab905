//! A model that makes embeddings, behind retry, breaker, limits and timeout, with what it cost.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use dspex_core::lm::{EmbedRequest, Embedder, Embeddings, LmError};
use dspex_core::{BoxFuture, Clock, Result, SystemClock, Usage};
use dspex_resilience::{Ask, Deadline, HealthReport, Stack};
use futures_util::stream::{self, StreamExt as _};

use super::tries::Tries;
use super::{Failure, estimate, price};
use crate::http::HttpEmbedder;
use crate::wire::embeddings::join;
use crate::{Catalog, LmBuilder, Resilience};

/// How many requests of one call are under way at one time.
const AT_ONE_TIME: usize = 4;

/// A model that makes embeddings, by its name, `provider/model`. It is reached as an [`Lm`](crate::Lm) is: the same keys,
/// URLs, timeouts, retries and limits. Copies share its connections.
///
/// Texts go out in as many requests as the vendor wants, a few at one time, and the vectors come back in the order of the
/// texts. A reply with another number of vectors, or with vectors of several lengths, is an error.
///
/// ```
/// use dspex_core::lm::{EmbedRequest, Embedder as _, InputType};
/// use dspex_lm::{EmbeddingModel, Secret};
///
/// let model = EmbeddingModel::builder("openai/text-embedding-3-small").api_key(Secret::new("sk-...")).build()?;
/// assert_eq!(model.id(), "openai/text-embedding-3-small");
///
/// # dspex_testkit::block_on(async {
/// // What a model cannot be asked for is an error before anything is sent.
/// let question = EmbedRequest::new(["Who wrote Faust?"]).input_type(InputType::Query);
/// let e = model.embed(&question).await.unwrap_err();
/// assert!(e.message.ends_with("found whether the texts are a query or documents"), "{e}");
/// # });
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone)]
pub struct EmbeddingModel(Arc<Inner>);

struct Inner {
    http: HttpEmbedder,
    stack: Arc<Stack>,
    tenant: Arc<str>,
    weight: u32,
    catalog: Arc<Catalog>,
    clock: Arc<dyn Clock>,
}

impl EmbeddingModel {
    /// The model of a name, with what the environment says of it, under the names that [`Lm`](crate::Lm) looks for.
    ///
    /// ```
    /// use dspex_core::lm::Embedder as _;
    /// use dspex_lm::EmbeddingModel;
    /// let model = EmbeddingModel::from_env("ollama/nomic-embed-text")?; // a server on this machine needs no key
    /// assert_eq!(model.id(), "ollama/nomic-embed-text");
    ///
    /// let e = EmbeddingModel::from_env("groq/openai/gpt-oss-20b").unwrap_err();
    /// assert!(e.to_string().contains("expected a provider of embeddings, found `groq`"));
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    pub fn from_env(name: &str) -> Result<Self> {
        Self::builder(name).or_from_env().build()
    }

    /// A model of a name, to be given what it takes to reach it. The environment is not looked at.
    pub fn builder(name: &str) -> LmBuilder<Self> {
        LmBuilder::of(name)
    }

    /// How the endpoint does.
    pub fn health(&self) -> HealthReport {
        self.0.stack.health().report()
    }

    pub(crate) fn over(http: HttpEmbedder, resilience: Resilience, catalog: Arc<Catalog>) -> Self {
        let stack = resilience.governors.stack(&http.endpoint(), &resilience);
        let (tenant, weight, clock) = (resilience.tenant, resilience.weight, Arc::new(SystemClock));
        Self(Arc::new(Inner { http, stack, tenant, weight, catalog, clock }))
    }
}

impl LmBuilder<EmbeddingModel> {
    /// The model. Nothing is sent yet.
    ///
    /// Errors: a name of no provider, or of one without embeddings; no key; a URL that is none.
    pub fn build(self) -> Result<EmbeddingModel> {
        let (provider, model, settings) = self.found()?;
        provider.embedder(&model, settings)
    }
}

impl Inner {
    /// All texts, in as many requests as it takes.
    async fn all(&self, request: &EmbedRequest) -> Result<Embeddings, LmError> {
        let parts = self.http.parts(request).into_iter();
        let each: Vec<BoxFuture<'_, _>> = parts.map(|part| self.boxed(request, part)).collect();
        let mut replies = stream::iter(each).buffered(AT_ONE_TIME);
        let mut all = Embeddings::default();
        while let Some(reply) = replies.next().await {
            if let Err(mut e) = reply.and_then(|more| join(&mut all, more)) {
                e.usage += all.usage;
                e.failed.splice(0..0, all.failed);
                return Err(e);
            }
        }
        Ok(all)
    }

    fn boxed<'a>(
        &'a self,
        request: &'a EmbedRequest,
        part: Range<usize>,
    ) -> BoxFuture<'a, Result<Embeddings, LmError>> {
        Box::pin(self.part(request, part))
    }

    /// Some of the texts, in one request that is tried again where that may help.
    async fn part(&self, request: &EmbedRequest, part: Range<usize>) -> Result<Embeddings, LmError> {
        let texts = request.texts.get(part.clone()).unwrap_or_default();
        let ask = Ask::default()
            .tenant(Arc::clone(&self.tenant))
            .weight(self.weight)
            .tokens(estimate::of_texts(texts))
            .deadline(request.deadline.map_or(Deadline::NONE, |at| Deadline::at(at.into())));
        let mut tries = Tries::default();
        let attempt = |_| {
            let part = part.clone();
            async {
                let told = |told: &_| self.stack.limiter().observe(told);
                match self.http.embed(request, part, told).await {
                    Ok(mut made) => {
                        self.price(&mut made.usage);
                        Ok(made)
                    }
                    Err(mut e) => {
                        self.price(&mut e.usage);
                        Err(Failure(e.with_model(&self.http.id)))
                    }
                }
            }
        };
        match self.stack.run_observed(&ask, attempt, |attempt| tries.see(attempt)).await {
            Ok(mut made) => {
                made.failed = tries.0;
                Ok(made)
            }
            Err(Failure(e)) => Err(tries.into_error(e).with_model(&self.http.id)),
        }
    }

    fn price(&self, usage: &mut Usage) {
        price(&self.catalog, &*self.clock, &self.http.id, None, usage);
    }
}

impl Embedder for EmbeddingModel {
    fn id(&self) -> &str {
        &self.0.http.id
    }

    fn endpoint(&self) -> String {
        self.0.http.endpoint()
    }

    fn embed<'a>(&'a self, request: &'a EmbedRequest) -> BoxFuture<'a, Result<Embeddings, LmError>> {
        Box::pin(self.0.all(request))
    }
}

impl fmt::Debug for EmbeddingModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EmbeddingModel").field(&self.0.http.id).finish()
    }
}
