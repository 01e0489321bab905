//! The options of what stands between a program and its provider: retries, limits, prices.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use dspex_core::Result;
use dspex_lm::{Catalog, Governors, LmBuilder, Resilience};
use dspex_resilience::Rate;

#[derive(Args, Debug, Default)]
pub(crate) struct StackArgs {
    /// Try a call that failed outside of the program again, at most so often; 0 for never [default: 2, and 9 where the
    /// server says when to come back]
    #[arg(long, value_name = "N")]
    retries: Option<u32>,

    /// Send each model at most so many requests a minute
    #[arg(long, value_name = "N", value_parser = rate)]
    requests_per_minute: Option<f64>,

    /// Send each model at most so many tokens a minute, in and out
    #[arg(long, value_name = "N", value_parser = rate)]
    tokens_per_minute: Option<f64>,

    /// Send each model at most so many requests at one time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    in_flight: Option<u32>,

    /// Prices (lines of JSON) that count before those that were shipped: {"model": ..., "input": ..., "output": ...}, in
    /// dollars per million tokens
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,

    /// What all models of a command share.
    #[arg(skip)]
    governors: Governors,

    #[arg(skip)]
    catalog: OnceCell<Arc<Catalog>>,
}

/// A rate above zero.
fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|r: &f64| r.is_finite() && *r > 0.0);
    rate.ok_or_else(|| "expected a number above 0, such as 600".to_owned())
}

impl StackArgs {
    /// The model with these layers and prices.
    pub(crate) fn over(&self, lm: LmBuilder) -> Result<LmBuilder> {
        Ok(lm.resilience(self.resilience()).catalog(self.catalog()?))
    }

    /// What is known of models.
    pub(crate) fn catalog(&self) -> Result<Arc<Catalog>> {
        if let Some(catalog) = self.catalog.get() {
            return Ok(Arc::clone(catalog));
        }
        let catalog = match &self.prices {
            Some(file) => Arc::new(Catalog::from_file(file)?.over(&Catalog::shipped())),
            None => Catalog::shipped(),
        };
        Ok(Arc::clone(self.catalog.get_or_init(|| catalog)))
    }

    fn resilience(&self) -> Resilience {
        let mut resilience = Resilience::default();
        resilience.governors = self.governors.clone();
        let policy = &mut resilience.policy;
        if let Some(retries) = self.retries {
            let attempts = retries.saturating_add(1);
            (policy.retry.attempts, policy.retry.throttled_attempts) = (attempts, attempts);
        }
        policy.limits.requests = self.requests_per_minute.map(Rate::per_minute);
        // One call may take what comes in a minute; a smaller burst would never let a long one pass.
        policy.limits.tokens = self.tokens_per_minute.map(|tokens| Rate::per_minute(tokens).burst(tokens));
        policy.limits.in_flight = self.in_flight.and_then(|most| usize::try_from(most).ok());
        resilience
    }
}
