//! Meters: every call of a model that was made under a context, whoever made it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::adapter::Note;
use crate::prediction::Attempt;
use crate::tally::Tallies;
use crate::usage::Usage;

/// Counts what is done under a context and under those made from it. Copies share their count.
///
/// Each call of a module has one, so that its prediction or its error knows every attempt inside it. For other work,
/// [`Context::metered`](crate::Context::metered) gives one.
///
/// ```
/// use dspex_core::{Context, Path, Usage, lm::Request};
/// # use futures_util::FutureExt as _;
/// # use dspex_core::lm;
/// # struct Fixed;
/// # impl dspex_core::LanguageModel for Fixed {
/// #     fn id(&self) -> &str { "fixed" }
/// #     fn call<'a>(&'a self, _: &'a lm::Request) -> dspex_core::BoxFuture<'a, Result<lm::Reply, lm::LmError>> {
/// #         Box::pin(async { Ok(lm::Reply::text("hi")) })
/// #     }
/// # }
/// let (ctx, all) = Context::new(Fixed).metered();
/// let (part, some) = ctx.metered();
/// let request = Request::default();
/// for ctx in [&ctx, &part] {
///     ctx.ask(&Path::root(), ctx.lm(), &request).now_or_never().unwrap()?;
/// }
/// assert_eq!((all.usage().calls, some.usage().calls), (2, 1));
/// assert_eq!(some.attempts()[0].text.as_deref(), Some("hi"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Meter(Arc<Inner>);

struct Inner {
    parent: Option<Meter>,
    attempts: Mutex<Vec<Arc<Mutex<Attempt>>>>,
    notes: Mutex<Vec<Note>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Meter {
    /// A meter that counts for its parent, too.
    pub(crate) fn under(parent: Option<Self>) -> Self {
        Self(Arc::new(Inner { parent, attempts: Mutex::default(), notes: Mutex::default() }))
    }

    /// Every call of a model so far, in the order in which they ended.
    pub fn attempts(&self) -> Vec<Attempt> {
        lock(&self.0.attempts).iter().map(|a| lock(a).clone()).collect()
    }

    /// What was mended while replies were read.
    pub fn notes(&self) -> Vec<Note> {
        lock(&self.0.notes).clone()
    }

    /// What was used so far.
    pub fn usage(&self) -> Usage {
        lock(&self.0.attempts).iter().map(|a| lock(a).usage).sum()
    }

    /// What the attempts came to so far, also by predictor and by tag.
    pub fn tallies(&self) -> Tallies {
        let mut all = Tallies::default();
        for attempt in lock(&self.0.attempts).iter() {
            all.add(&lock(attempt));
        }
        all
    }

    pub(crate) fn record(&self, attempt: Attempt) {
        // One attempt is held by all meters above it, so that a later word on it reaches them all.
        let attempt = Arc::new(Mutex::new(attempt));
        self.up(|meter| lock(&meter.0.attempts).push(Arc::clone(&attempt)));
    }

    pub(crate) fn note(&self, notes: &[Note]) {
        self.up(|meter| lock(&meter.0.notes).extend_from_slice(notes));
    }

    /// Says of the last attempt that its reply was of no use.
    pub(crate) fn blame_last(&self, code: &str) {
        if let Some(last) = lock(&self.0.attempts).last() {
            lock(last).error.get_or_insert_with(|| code.to_owned());
        }
    }

    /// Visits this meter and those above it.
    fn up(&self, mut visit: impl FnMut(&Self)) {
        let mut at = Some(self);
        while let Some(meter) = at {
            visit(meter);
            at = meter.0.parent.as_ref();
        }
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter").field("usage", &self.usage()).finish_non_exhaustive()
    }
}
