//! Language models: the trait, and the requests and replies that pass through it.
//!
//! Requests and replies are neutral: they name no provider. What a provider's wire looks like is known only to the
//! crate that speaks it.

mod embed;
mod error;
mod message;
mod refused;
mod reply;
mod request;
mod stored;

use std::pin::Pin;
use std::sync::Arc;

use futures_core::Stream;
use futures_util::{StreamExt as _, stream};
use serde_json::{Map, Value as Json};

pub use embed::{EmbedRequest, Embedder, Embeddings, InputType};
pub use error::{LmError, LmErrorKind};
pub use message::{Message, Part, Role};
pub(crate) use message::{document_json, media_json};
pub use refused::RefusedForms;
pub use reply::{Choice, Event, FailedTry, FinishReason, Reply, ReplyBuilder};
pub use request::{OnUnsupported, Options, Reasoning, Request, ResponseFormat, ToolChoice, ToolSpec};

pub use stored::StoredError;

use crate::module::BoxFuture;
use crate::schema::SchemaDialect;

/// A stream of events of a reply.
pub type EventStream<'a> = Pin<Box<dyn Stream<Item = Result<Event, LmError>> + Send + 'a>>;

/// What a model can do beyond text; nothing, unless the model says so. Adapters read it to choose how they ask.
///
/// ```
/// use dspex_core::lm::{Capabilities, LanguageModel, Request};
/// # use dspex_core::{BoxFuture, lm::{LmError, Reply}};
/// struct Strict;
///
/// impl LanguageModel for Strict {
///     fn id(&self) -> &str {
///         "strict"
///     }
///     fn capabilities(&self) -> Capabilities {
///         let mut can = Capabilities::default();
///         can.json_schema = true;
///         can
///     }
/// #     fn call<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
/// #         Box::pin(async { Ok(Reply::text("{}")) })
/// #     }
///     // `call` or `stream` as ever
/// }
///
/// let can = Strict.capabilities();
/// assert!(can.json_schema && !can.images);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is a yes or no of its own")]
pub struct Capabilities {
    /// It calls tools natively.
    pub tools: bool,
    /// It follows a JSON Schema strictly.
    pub json_schema: bool,
    /// The dialect of JSON Schema in which it is given one.
    pub dialect: SchemaDialect,
    /// It can be told to answer in JSON.
    pub json_object: bool,
    /// It gives its reasoning apart from its answer.
    pub reasoning: bool,
    /// It cites documents apart from its answer.
    pub citations: bool,
    /// It looks at images.
    pub images: bool,
    /// It hears sounds.
    pub audio: bool,
    /// It gives the probabilities of its tokens.
    pub logprobs: bool,
    /// It gives several completions for one request.
    pub several: bool,
}

/// A language model.
///
/// Implement [`call`](Self::call) or [`stream`](Self::stream); each has a default by way of the other, so at least
/// one must be written. Dropping the future or the stream cancels the request. A deadline stands in the request's
/// options and is the model's to keep.
///
/// ```
/// use dspex_core::{BoxFuture, lm::{LanguageModel, LmError, Reply, Request}};
///
/// #[derive(Debug)]
/// struct Echo;
///
/// impl LanguageModel for Echo {
///     fn id(&self) -> &str {
///         "echo"
///     }
///     fn call<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
///         Box::pin(async { Ok(Reply::text(request.messages.last().map(|m| m.text()).unwrap_or_default())) })
///     }
/// }
/// ```
pub trait LanguageModel: Send + Sync {
    /// The model's name, as users write it: `openai/gpt-4o-mini`.
    fn id(&self) -> &str;

    /// Which model of which endpoint this is, without anything secret: what a cache tells apart, and limits are kept for.
    fn endpoint(&self) -> String {
        self.id().to_owned()
    }

    /// What the model can do beyond text.
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    /// Takes note that the endpoint refused a form of answer. A model that can, no longer declares it in its
    /// [`capabilities`](Self::capabilities), so that the next request does not ask for it again.
    fn note_refused(&self, format: &ResponseFormat) {
        let _ = format;
    }

    /// What of its set-up a saved program keeps beside the name, under DSPy's names: `cache`, `num_retries`,
    /// `model_type`. Never a secret; what is not on the list of saved programs is left out there all the same.
    fn settings(&self) -> Map<String, Json> {
        Map::new()
    }

    /// What is kept of an earlier answer to a request, where the model has a cache. Nothing is asked, nor paid.
    fn cached<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Option<Reply>> {
        let _ = request;
        Box::pin(async { None })
    }

    /// Answers a request at once.
    fn call<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
        Box::pin(async move {
            let mut events = self.stream(request);
            let mut reply = ReplyBuilder::new();
            while let Some(event) = events.next().await {
                match event {
                    Ok(event) => reply.push(event),
                    // What came before the break was paid for; it goes with the error.
                    Err(e) => return Err(e.with_partial(reply.partial())),
                }
            }
            reply.finish()
        })
    }

    /// Answers a request bit by bit.
    fn stream<'a>(&'a self, request: &'a Request) -> EventStream<'a> {
        let call = async move { self.call(request).await };
        Box::pin(stream::once(call).flat_map(|reply| {
            stream::iter(match reply {
                Ok(reply) => reply.into_events().into_iter().map(Ok).collect(),
                Err(e) => vec![Err(e)],
            })
        }))
    }
}

impl<T: LanguageModel + ?Sized> LanguageModel for Arc<T> {
    fn id(&self) -> &str {
        (**self).id()
    }

    fn endpoint(&self) -> String {
        (**self).endpoint()
    }

    fn capabilities(&self) -> Capabilities {
        (**self).capabilities()
    }

    fn note_refused(&self, format: &ResponseFormat) {
        (**self).note_refused(format);
    }

    fn settings(&self) -> Map<String, Json> {
        (**self).settings()
    }

    fn cached<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Option<Reply>> {
        (**self).cached(request)
    }

    fn call<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
        (**self).call(request)
    }

    fn stream<'a>(&'a self, request: &'a Request) -> EventStream<'a> {
        (**self).stream(request)
    }
}
