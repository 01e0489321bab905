//! A model that answers from a script and remembers what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dspex_core::lm::{
    Capabilities, Choice, LmError, LmErrorKind, RefusedForms, Reply, Request, ResponseFormat,
};
use dspex_core::{BoxFuture, LanguageModel};

type Answer = Arc<dyn Fn(&Request) -> Result<Reply, LmError> + Send + Sync>;

/// A model that answers from a script: a list, rules, or a closure. Copies share the script and what they were asked.
/// It keeps the deadline of a request.
///
/// ```
/// use dspex_core::{LanguageModel, lm::{Message, Request}};
/// use dspex_testkit::ScriptedLm;
///
/// let lm = ScriptedLm::rules([("France", "Paris"), ("Italy", "Rome")]);
/// let request = Request::new(vec![Message::user("The capital of Italy?")]);
/// let reply = dspex_testkit::block_on(lm.call(&request))?;
/// assert_eq!(reply.choices[0].content(), "Rome");
/// assert_eq!(lm.requests().len(), 1);
/// # Ok::<(), dspex_core::lm::LmError>(())
/// ```
#[derive(Clone)]
pub struct ScriptedLm {
    id: String,
    capabilities: Capabilities,
    refused: RefusedForms,
    answer: Answer,
    latency: Duration,
    failures: BTreeMap<usize, LmError>,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl ScriptedLm {
    /// Answers by a closure.
    pub fn from_fn(answer: impl Fn(&Request) -> Result<Reply, LmError> + Send + Sync + 'static) -> Self {
        Self {
            id: "scripted".into(),
            capabilities: Capabilities::default(),
            refused: RefusedForms::default(),
            answer: Arc::new(answer),
            latency: Duration::ZERO,
            failures: BTreeMap::new(),
            requests: Arc::default(),
        }
    }

    /// Answers with these texts in order, one for each completion that is asked for; after the last one with an
    /// error.
    pub fn replies<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        let queue: Mutex<VecDeque<String>> = Mutex::new(texts.into_iter().map(Into::into).collect());
        let total = lock(&queue).len();
        Self::from_fn(move |request| {
            let mut queue = lock(&queue);
            let n = request.options.n.unwrap_or(1).max(1) as usize;
            let n = n.min(queue.len());
            let choices: Vec<Choice> = queue.drain(..n).map(Choice::text).collect();
            if choices.is_empty() {
                let message = format!("the script has {total} replies, and all are used");
                return Err(LmError::new(LmErrorKind::Configuration, message));
            }
            Ok(Reply::new(choices))
        })
    }

    /// Answers every request with this text.
    pub fn always(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::from_fn(move |request| {
            let n = request.options.n.unwrap_or(1).max(1);
            Ok(Reply::new((0..n).map(|_| Choice::text(text.as_str())).collect()))
        })
    }

    /// Answers by the first rule whose first text stands in the last message; without one, with an error.
    pub fn rules<K: Into<String>, V: Into<String>>(rules: impl IntoIterator<Item = (K, V)>) -> Self {
        let rules: Vec<(String, String)> = rules.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        Self::from_fn(move |request| {
            let last = request.messages.last().map(dspex_core::lm::Message::text).unwrap_or_default();
            match rules.iter().find(|(needle, _)| last.contains(needle)) {
                Some((_, text)) => Ok(Reply::text(text.as_str())),
                None => {
                    let head: String = last.chars().take(200).collect();
                    let message = format!("no rule of the script fits the message {head:?}");
                    Err(LmError::new(LmErrorKind::Configuration, message))
                }
            }
        })
    }

    /// The model under another name.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// The model with these capabilities.
    #[must_use]
    pub fn with_capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// The model taking this long for each answer, by tokio's clock.
    #[must_use]
    pub fn with_latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// The model failing its `call`-th call, counted from 0 over all copies.
    #[must_use]
    pub fn with_failure(mut self, call: usize, error: LmError) -> Self {
        self.failures.insert(call, error);
        self
    }

    /// Every request so far, in order.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.requests).clone()
    }

    /// Number of requests so far.
    pub fn calls(&self) -> usize {
        lock(&self.requests).len()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LanguageModel for ScriptedLm {
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
        Box::pin(async move {
            let call = {
                let mut requests = lock(&self.requests);
                requests.push(request.clone());
                requests.len() - 1
            };
            let left = request
                .options
                .deadline
                .map(|d| d.saturating_duration_since(tokio::time::Instant::now().into_std()));
            if let Some(left) = left.filter(|left| *left < self.latency) {
                tokio::time::sleep(left).await;
                return Err(
                    LmError::new(LmErrorKind::Timeout, "no answer before the deadline").with_model(self.id())
                );
            }
            if !self.latency.is_zero() {
                tokio::time::sleep(self.latency).await;
            }
            match self.failures.get(&call) {
                Some(error) => Err(error.clone().with_model(self.id())),
                None => (self.answer)(request).map_err(|e| e.with_model(self.id())),
            }
        })
    }
}

impl fmt::Debug for ScriptedLm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedLm")
            .field("id", &self.id)
            .field("calls", &self.calls())
            .finish_non_exhaustive()
    }
}
