//! Tallies: what attempts came to, answered, cached and failed ones apart, by predictor and by tag.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Add, AddAssign};

use serde::Serialize;

use crate::path::Path;
use crate::prediction::Attempt;
use crate::usage::Usage;

/// What attempts came to: those that were answered, those that a cache answered, and those that failed.
///
/// ```
/// use dspex_core::{Attempt, Path, Tally, Usage};
/// let mut good = Attempt::new(Path::from("rank"), "a");
/// good.usage = Usage::tokens(100, 20);
/// let mut kept = Attempt::new(Path::from("rank"), "a");
/// kept.cached = true;
/// let mut bad = Attempt::new(Path::from("rank"), "a");
/// bad.usage = Usage::tokens(80, 0);
/// bad.error = Some("truncated".into());
/// let tally: Tally = [good, kept, bad].iter().collect();
/// assert_eq!((tally.answered, tally.cached, tally.failed), (1, 1, 1));
/// assert_eq!((tally.usage.total_tokens(), tally.failed_usage.total_tokens()), (200, 80));
/// assert_eq!(tally.to_string(), "1 answered, 1 from a cache, 1 failed (80 tokens)");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Tally {
    /// Calls that a model answered, of use.
    pub answered: u64,
    /// Calls that a cache answered; they cost nothing.
    pub cached: u64,
    /// Tries that failed, also those before an answer; a reply that could not be read is one.
    pub failed: u64,
    /// What all of it used.
    pub usage: Usage,
    /// Of it: what was used by what failed.
    #[serde(skip_serializing_if = "nothing")]
    pub failed_usage: Usage,
}

fn nothing(usage: &Usage) -> bool {
    *usage == Usage::default()
}

impl Tally {
    /// What one attempt came to.
    pub fn of(attempt: &Attempt) -> Self {
        let failed = attempt.error.is_some();
        Self {
            answered: u64::from(!failed && !attempt.cached),
            cached: u64::from(attempt.cached),
            // A kept reply that cannot be read was no try of a model.
            failed: attempt.failed_tries + u64::from(failed && !attempt.cached),
            usage: attempt.usage,
            failed_usage: if failed { attempt.usage } else { attempt.failed_usage },
        }
    }
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            answered: self.answered.saturating_add(other.answered),
            cached: self.cached.saturating_add(other.cached),
            failed: self.failed.saturating_add(other.failed),
            usage: self.usage + other.usage,
            failed_usage: self.failed_usage + other.failed_usage,
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl<'a> FromIterator<&'a Attempt> for Tally {
    fn from_iter<I: IntoIterator<Item = &'a Attempt>>(attempts: I) -> Self {
        attempts.into_iter().map(Self::of).fold(Self::default(), Add::add)
    }
}

/// `3 answered ($0.02), 1 from a cache, 2 failed ($0.001)`: what did not happen is left out.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answered", self.answered)?;
        let cost = self.usage.cost.saturating_sub(self.failed_usage.cost);
        if !cost.is_zero() {
            write!(f, " ({cost})")?;
        }
        if self.cached > 0 {
            write!(f, ", {} from a cache", self.cached)?;
        }
        if self.failed > 0 {
            write!(f, ", {} failed", self.failed)?;
            match (self.failed_usage.cost, self.failed_usage.total_tokens()) {
                (cost, _) if !cost.is_zero() => write!(f, " ({cost})")?,
                (_, tokens) if tokens > 0 => write!(f, " ({tokens} tokens)")?,
                _ => {}
            }
        }
        Ok(())
    }
}

/// The tally of a run: all of it, and its parts by predictor and by tag. An attempt with two tags counts for both.
///
/// ```
/// use dspex_core::{Context, Path, Tallies, lm::Request};
/// # use futures_util::FutureExt as _;
/// # use dspex_core::{Usage, lm};
/// # struct Fixed;
/// # impl dspex_core::LanguageModel for Fixed {
/// #     fn id(&self) -> &str { "fixed" }
/// #     fn call<'a>(&'a self, _: &'a lm::Request) -> dspex_core::BoxFuture<'a, Result<lm::Reply, lm::LmError>> {
/// #         Box::pin(async { Ok(lm::Reply::text("hi").with_usage(Usage::tokens(9, 3))) })
/// #     }
/// # }
/// let (ctx, meter) = Context::new(Fixed).metered();
/// let asked = ctx.with_tag("customer-7");
/// for (ctx, path) in [(&ctx, "rank"), (&asked, "rank"), (&asked, "answer")] {
///     ctx.ask(&Path::from(path), ctx.lm(), &Request::default()).now_or_never().unwrap()?;
/// }
/// let sums: Tallies = meter.tallies();
/// assert_eq!(sums.total.answered, 3);
/// assert_eq!(sums.by_path[&Path::from("rank")].usage.total_tokens(), 24);
/// assert_eq!(sums.by_tag["customer-7"].answered, 2);
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tallies {
    /// All attempts.
    pub total: Tally,
    /// By the predictor that made them.
    pub by_path: BTreeMap<Path, Tally>,
    /// By the tags of the context that they were made under.
    pub by_tag: BTreeMap<String, Tally>,
}

impl Tallies {
    /// Counts one attempt more.
    pub fn add(&mut self, attempt: &Attempt) {
        let tally = Tally::of(attempt);
        self.total += tally;
        *self.by_path.entry(attempt.path.clone()).or_default() += tally;
        for tag in &*attempt.tags {
            *self.by_tag.entry(tag.clone()).or_default() += tally;
        }
    }

    /// As JSON: `total`, `by_path` and `by_tag`, each with `answered`, `cached`, `failed`, `usage` and `failed_usage`.
    ///
    /// ```
    /// use dspex_core::Tallies;
    /// assert_eq!(Tallies::default().to_json()["total"]["cached"], 0);
    /// ```
    pub fn to_json(&self) -> serde_json::Value {
        let by_path: BTreeMap<String, Tally> =
            self.by_path.iter().map(|(path, tally)| (path.to_string(), *tally)).collect();
        serde_json::json!({"total": self.total, "by_path": by_path, "by_tag": self.by_tag})
    }
}

impl<'a> FromIterator<&'a Attempt> for Tallies {
    fn from_iter<I: IntoIterator<Item = &'a Attempt>>(attempts: I) -> Self {
        let mut all = Self::default();
        attempts.into_iter().for_each(|attempt| all.add(attempt));
        all
    }
}

impl AddAssign<&Self> for Tallies {
    fn add_assign(&mut self, other: &Self) {
        self.total += other.total;
        for (path, tally) in &other.by_path {
            *self.by_path.entry(path.clone()).or_default() += *tally;
        }
        for (tag, tally) in &other.by_tag {
            *self.by_tag.entry(tag.clone()).or_default() += *tally;
        }
    }
}
