//! Budgets: how much the work under a context may use, and what it used so far.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};
use crate::money::Money;
use crate::usage::Usage;

/// How much the work under a context may use. What is not set is not bounded.
///
/// Calls are counted when they begin, so that their bound is kept exactly. What tokens and money a call takes is known
/// when it ends: work stops as soon as the bound is reached, and goes over it by what was under way at most. Replies from
/// a cache cost nothing and are given also when a budget is used up.
///
/// ```
/// use dspex_core::{Budget, Context, Path, lm::Request};
/// # use futures_util::FutureExt as _;
/// # use dspex_core::{Usage, lm};
/// # struct Fixed;
/// # impl dspex_core::LanguageModel for Fixed {
/// #     fn id(&self) -> &str { "fixed" }
/// #     fn call<'a>(&'a self, _: &'a lm::Request) -> dspex_core::BoxFuture<'a, Result<lm::Reply, lm::LmError>> {
/// #         Box::pin(async { Ok(lm::Reply::text("hi").with_usage(Usage::tokens(90, 30))) })
/// #     }
/// # }
/// let (ctx, spending) = Context::new(Fixed).budgeted(Budget::none().tokens(100));
/// let ask = || ctx.ask(&Path::root(), ctx.lm(), &Request::default()).now_or_never().unwrap();
/// assert!(ask().is_ok());
/// let e = ask().unwrap_err();
/// assert_eq!(e.code(), "budget");
/// assert_eq!(e.to_string(), "expected to stay within a budget of 100 tokens, found 120 used");
/// assert_eq!(spending.usage().total_tokens(), 120);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Budget {
    /// Most calls of models.
    pub calls: Option<u64>,
    /// Most tokens, in and out.
    pub tokens: Option<u64>,
    /// Most money.
    pub money: Option<Money>,
    /// Most time, from when the context was made.
    pub time: Option<Duration>,
}

impl Budget {
    /// No bounds.
    pub fn none() -> Self {
        Self::default()
    }

    /// Bounds the calls of models.
    #[must_use]
    pub fn calls(mut self, most: u64) -> Self {
        self.calls = Some(most);
        self
    }

    /// Bounds the tokens, in and out.
    #[must_use]
    pub fn tokens(mut self, most: u64) -> Self {
        self.tokens = Some(most);
        self
    }

    /// Bounds the money. Models whose price is not known cannot be asked under such a budget twice.
    #[must_use]
    pub fn money(mut self, most: Money) -> Self {
        self.money = Some(most);
        self
    }

    /// Bounds the time.
    #[must_use]
    pub fn time(mut self, most: Duration) -> Self {
        self.time = Some(most);
        self
    }
}

/// What was used of a [`Budget`] so far. Copies share their count.
///
/// ```
/// use dspex_core::{Budget, Context, Money};
/// # use dspex_core::{BoxFuture, lm::{LanguageModel, LmError, Reply, Request}};
/// # struct Fixed;
/// # impl LanguageModel for Fixed {
/// #     fn id(&self) -> &str { "fixed" }
/// #     fn call<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
/// #         Box::pin(async { Ok(Reply::text("hi")) })
/// #     }
/// # }
/// let (ctx, run) = Context::new(Fixed).budgeted(Budget::none().money(Money::dollars(5)));
/// let (part, some) = ctx.budgeted(Budget::none().calls(10));
/// # let _ = part;
/// assert_eq!((run.usage().calls, some.usage().calls), (0, 0), "what `part` uses counts for both");
/// assert!(run.exhausted().is_none());
/// ```
#[derive(Clone)]
pub struct Spending(Arc<Inner>);

struct Inner {
    parent: Option<Spending>,
    budget: Budget,
    started: Instant,
    clock: Arc<dyn Clock>,
    spent: Mutex<Spent>,
}

#[derive(Clone, Copy, Default)]
struct Spent {
    usage: Usage,
    /// Calls that began; those that cost nothing are taken away again.
    begun: u64,
}

impl Spending {
    pub(crate) fn new(budget: Budget, parent: Option<Self>, clock: Arc<dyn Clock>) -> Self {
        let started = clock.now();
        Self(Arc::new(Inner { parent, budget, started, clock, spent: Mutex::default() }))
    }

    fn spent(&self) -> MutexGuard<'_, Spent> {
        self.0.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bounds.
    pub fn budget(&self) -> &Budget {
        &self.0.budget
    }

    /// What was used so far, by calls that ended.
    pub fn usage(&self) -> Usage {
        self.spent().usage
    }

    /// Why no further call may be made, where that is so.
    pub fn exhausted(&self) -> Option<Error> {
        let spent = *self.spent();
        self.over(&spent)
    }

    /// The same of this budget and those around it.
    pub(crate) fn any_exhausted(&self) -> Option<Error> {
        self.exhausted().or_else(|| self.0.parent.as_ref()?.any_exhausted())
    }

    fn over(&self, spent: &Spent) -> Option<Error> {
        let (budget, usage) = (&self.0.budget, &spent.usage);
        let tokens = usage.total_tokens();
        let error = |limit: String, used: String| Some(Error::new(ErrorKind::Budget { limit, used }));
        if let Some(most) = budget.calls.filter(|most| spent.begun >= *most) {
            return error(format!("{most} calls"), format!("{} made", spent.begun));
        }
        if let Some(most) = budget.tokens.filter(|most| tokens >= *most) {
            return error(format!("{most} tokens"), format!("{tokens} used"));
        }
        if let Some(most) = budget.money {
            if usage.cost >= most {
                return error(most.to_string(), format!("{} spent", usage.cost));
            }
            if usage.unpriced_calls > 0 {
                let e =
                    error(most.to_string(), format!("{} calls without a known price", usage.unpriced_calls));
                return e.map(|e| e.with_hint("give the model's price, or bound calls or tokens instead"));
            }
        }
        let elapsed = || self.0.clock.now().saturating_duration_since(self.0.started);
        let most = budget.time?;
        let used = elapsed();
        if used >= most { error(format!("{most:?}"), format!("{used:?} gone")) } else { None }
    }

    /// When the time of this budget, or of one around it, is up.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let own = self.0.budget.time.and_then(|most| self.0.started.checked_add(most));
        let outer = self.0.parent.as_ref().and_then(Self::deadline);
        match (own, outer) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Takes a call out of this budget and those around it, if all have one left.
    pub(crate) fn begin(&self) -> Result<Begun> {
        let mut outer = match &self.0.parent {
            Some(parent) => Some(Box::new(parent.begin()?)),
            None => None,
        };
        let mut spent = self.spent();
        if let Some(e) = self.over(&spent) {
            if let Some(outer) = &mut outer {
                outer.count(Usage::default(), true);
            }
            return Err(e);
        }
        spent.begun += 1;
        drop(spent);
        Ok(Begun { spending: self.clone(), outer, settled: false })
    }
}

/// A call that was taken out of a budget. Dropped before it is settled, it counts as a call without known cost.
pub(crate) struct Begun {
    spending: Spending,
    outer: Option<Box<Begun>>,
    settled: bool,
}

impl Begun {
    /// Counts what the call used. What is cached gives the place back.
    pub(crate) fn settle(mut self, usage: Usage, cached: bool) {
        self.count(usage, cached);
    }

    fn count(&mut self, usage: Usage, cached: bool) {
        self.settled = true;
        let mut spent = self.spending.spent();
        if cached {
            spent.begun = spent.begun.saturating_sub(1);
        } else {
            spent.usage += usage;
        }
        drop(spent);
        if let Some(outer) = &mut self.outer {
            outer.count(usage, cached);
        }
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if !self.settled {
            // The call was cancelled. It may have been paid for; more than that it was made is not known of it.
            self.spending.spent().usage += Usage::uncounted();
        }
    }
}

impl fmt::Debug for Spending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spending").field("budget", &self.0.budget).field("usage", &self.usage()).finish()
    }
}
