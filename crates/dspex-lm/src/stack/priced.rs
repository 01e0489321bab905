//! What calls cost, by the catalog.

use std::fmt;
use std::sync::Arc;

use dspex_core::lm::{Event, EventStream, LmError, Reply, Request};
use dspex_core::{BoxFuture, Clock, LanguageModel, SystemClock, Usage};
use futures_util::StreamExt as _;

use crate::Catalog;

/// A model whose usage says what it cost, by a [`Catalog`]. Calls whose price is not known are counted as such.
///
/// ```
/// use dspex_core::LanguageModel as _;
/// use dspex_lm::{Catalog, NearestLm, Priced};
/// let lm = Priced::new(NearestLm::new(), Catalog::shipped());
/// assert_eq!(lm.id(), "builtin/nearest");
/// ```
#[derive(Clone)]
pub struct Priced {
    lm: Arc<dyn LanguageModel>,
    catalog: Arc<Catalog>,
    clock: Arc<dyn Clock>,
}

impl Priced {
    /// The model with these prices.
    pub fn new(lm: impl LanguageModel + 'static, catalog: Arc<Catalog>) -> Self {
        Self { lm: Arc::new(lm), catalog, clock: Arc::new(SystemClock) }
    }

    fn price(&self, request: &Request, usage: &mut Usage) {
        price(&self.catalog, &*self.clock, self.lm.id(), request.options.service_tier.as_deref(), usage);
    }
}

/// Writes into the usage of a model what it cost today, in a class of service.
pub(crate) fn price(
    catalog: &Catalog,
    clock: &dyn Clock,
    model: &str,
    tier: Option<&str>,
    usage: &mut Usage,
) {
    if usage.calls == 0 {
        return;
    }
    let day = day(clock.since_epoch().as_secs());
    let price = catalog.model_on(model, &day).and_then(|model| model.price.as_ref());
    match price.and_then(|price| price.cost(usage, tier)) {
        Some(cost) => usage.cost = cost,
        None => usage.unpriced_calls = usage.calls,
    }
}

/// The day, as `2026-11-20`, so many seconds after the start of 1970. By the civil calendar's rule of 400 years.
fn day(seconds: u64) -> String {
    let days = i64::try_from(seconds / 86_400).unwrap_or(0) + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

impl LanguageModel for Priced {
    crate::forward::forward!(lm);

    fn call<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
        Box::pin(async move {
            match self.lm.call(request).await {
                Ok(mut reply) => {
                    self.price(request, &mut reply.usage);
                    Ok(reply)
                }
                Err(mut e) => {
                    self.price(request, &mut e.usage);
                    Err(e)
                }
            }
        })
    }

    fn stream<'a>(&'a self, request: &'a Request) -> EventStream<'a> {
        Box::pin(self.lm.stream(request).map(move |event| match event {
            Ok(Event::Usage(mut usage)) => {
                self.price(request, &mut usage);
                Ok(Event::Usage(usage))
            }
            Err(mut e) => {
                self.price(request, &mut e.usage);
                Err(e)
            }
            other => other,
        }))
    }
}

impl fmt::Debug for Priced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Priced").field("lm", &self.lm.id()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, day) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_798_675_199, "2026-12-30"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(super::day(seconds), day);
        }
    }
}
