//! Embeddings: texts as vectors of numbers, and the trait of what makes them.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Map, Value as Json};

use super::{FailedTry, LmError, OnUnsupported};
use crate::module::BoxFuture;
use crate::usage::Usage;

/// What makes embeddings. Texts that mean alike have vectors that point alike.
///
/// ```
/// use dspex_core::{BoxFuture, lm::{EmbedRequest, Embedder, Embeddings, LmError}};
///
/// /// How often each vowel is in a text.
/// struct Vowels;
///
/// impl Embedder for Vowels {
///     fn id(&self) -> &str {
///         "vowels"
///     }
///     fn embed<'a>(&'a self, request: &'a EmbedRequest) -> BoxFuture<'a, Result<Embeddings, LmError>> {
///         let count = |text: &str, vowel| text.matches(vowel).count() as f32;
///         let vector = |text: &String| "aeiou".chars().map(|v| count(text, v)).collect();
///         let vectors = request.texts.iter().map(vector).collect();
///         Box::pin(async move { Ok(Embeddings::new(vectors)) })
///     }
/// }
///
/// # use futures_util::FutureExt as _;
/// # let run = async {
/// let embedder: Box<dyn Embedder> = Box::new(Vowels);
/// let made = embedder.embed(&EmbedRequest::new(["aloe", "tree"])).await?;
/// assert_eq!(made.vectors, [[1.0, 1.0, 0.0, 1.0, 0.0], [0.0, 2.0, 0.0, 0.0, 0.0]]);
/// # Ok::<(), LmError>(())
/// # };
/// # run.now_or_never().unwrap().unwrap();
/// ```
pub trait Embedder: Send + Sync {
    /// The model's name, as users write it: `openai/text-embedding-3-small`.
    fn id(&self) -> &str;

    /// Which model of which endpoint this is, without anything secret.
    fn endpoint(&self) -> String {
        self.id().to_owned()
    }

    /// Makes a vector of each text, in their order.
    ///
    /// Errors: those of any model. What was paid for before one stands in it.
    fn embed<'a>(&'a self, request: &'a EmbedRequest) -> BoxFuture<'a, Result<Embeddings, LmError>>;
}

impl<T: Embedder + ?Sized> Embedder for Arc<T> {
    fn id(&self) -> &str {
        (**self).id()
    }

    fn endpoint(&self) -> String {
        (**self).endpoint()
    }

    fn embed<'a>(&'a self, request: &'a EmbedRequest) -> BoxFuture<'a, Result<Embeddings, LmError>> {
        (**self).embed(request)
    }
}

/// What the texts are, where a model tells questions from what is searched.
///
/// ```
/// use dspex_core::lm::{EmbedRequest, InputType};
/// let question = EmbedRequest::new(["Who wrote Faust?"]).input_type(InputType::Query);
/// assert_eq!(question.input_type, Some(InputType::Query));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InputType {
    /// What is searched for.
    Query,
    /// What is searched.
    Document,
}

/// Texts of which vectors are to be made. An option that is not set is not sent.
///
/// ```
/// use dspex_core::lm::EmbedRequest;
/// let request = EmbedRequest::new(["a text", "another one"]).dimensions(256);
/// assert_eq!((request.texts.len(), request.dimensions), (2, Some(256)));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct EmbedRequest {
    /// The texts.
    pub texts: Vec<String>,
    /// How many numbers a vector has.
    pub dimensions: Option<u32>,
    /// What the texts are.
    pub input_type: Option<InputType>,
    /// What happens to an option that the model or its wire does not know.
    pub on_unsupported: Option<OnUnsupported>,
    /// When the vectors are of no more use.
    pub deadline: Option<Instant>,
    /// More headers.
    pub headers: Vec<(String, String)>,
    /// More fields of the body, as the provider names them.
    pub extra: Map<String, Json>,
}

impl EmbedRequest {
    /// Asks for a vector of each text.
    pub fn new<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self { texts: texts.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Sets how many numbers a vector has.
    #[must_use]
    pub fn dimensions(mut self, dimensions: u32) -> Self {
        self.dimensions = Some(dimensions);
        self
    }

    /// Sets what the texts are.
    #[must_use]
    pub fn input_type(mut self, input_type: InputType) -> Self {
        self.input_type = Some(input_type);
        self
    }

    /// Sets what happens to an option that the model or its wire does not know.
    #[must_use]
    pub fn on_unsupported(mut self, what: OnUnsupported) -> Self {
        self.on_unsupported = Some(what);
        self
    }

    /// Sets when the vectors are of no more use.
    #[must_use]
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }
}

/// Embeddings of texts or images, in the order in which they were asked for.
///
/// ```
/// use dspex_core::{Usage, lm::Embeddings};
/// let made = Embeddings::new(vec![vec![1.0, 2.0]]).with_usage(Usage::tokens(5, 0));
/// assert_eq!((made.vectors[0].len(), made.usage.input_tokens), (2, 5));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Embeddings {
    /// One vector for each input.
    pub vectors: Vec<Vec<f32>>,
    /// What they cost.
    pub usage: Usage,
    /// The model that made them, in the vendor's word.
    pub model: Option<String>,
    /// What was left out of the request, since it could not be asked for.
    pub warnings: Vec<String>,
    /// What was tried before.
    pub failed: Vec<FailedTry>,
}

impl Embeddings {
    /// These vectors, made by one call whose tokens nobody counted.
    pub fn new(vectors: Vec<Vec<f32>>) -> Self {
        Self { vectors, usage: Usage::uncounted(), ..Self::default() }
    }

    /// With what they cost.
    #[must_use]
    pub fn with_usage(mut self, usage: Usage) -> Self {
        self.usage = usage;
        self
    }

    /// With the model that made them.
    #[must_use]
    pub fn with_model(mut self, model: Option<String>) -> Self {
        self.model = model;
        self
    }
}
