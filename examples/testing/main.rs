//! Writes payment reminders. What it does when, whatever the model does, is held by its tests: see `tests.rs`.

#[cfg(test)]
mod tests;

use std::time::Duration;

use dspex::evaluate::Dataset;
use dspex::prelude::*;
use dspex::{Error, ErrorKind, FromRecord as _};
use dspex_examples::{data, model, script};
use dspex_testkit::ManualClock;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Write a short reminder of a payment. Name the amount.
#[derive(Signature)]
struct Remind {
    #[input]
    customer: String,
    /// in euros
    #[input]
    amount: String,
    #[input]
    tone: Tone,
    #[output(max_length = 400)]
    letter: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Tone {
    Friendly,
    Firm,
    Last,
}

#[derive(Clone, Debug, Deserialize)]
struct Invoice {
    customer: String,
    amount: String,
    /// YYYY-MM-DD
    due: String,
}

#[derive(Clone, Default, Parameters)]
struct Reminders {
    remind: Predict<Remind>,
}

impl Module for Reminders {
    type Input = Invoice;
    /// None where nothing is overdue.
    type Output = Option<String>;

    async fn forward(&self, ctx: &Context, invoice: Invoice) -> Result<Prediction<Option<String>>> {
        let tone = match overdue(&invoice.due, ctx)? {
            ..=0 => return Ok(Prediction::new(None)),
            1..14 => Tone::Friendly,
            14..30 => Tone::Firm,
            30.. => Tone::Last,
        };
        let Invoice { customer, amount, .. } = invoice;
        let standard = format!("Dear {customer}, please pay {amount} euros, which were due some time ago.");
        let input = RemindInput { customer, amount: amount.clone(), tone };
        match self.remind.call(ctx, input).await {
            Ok(out) if out.letter.contains(&amount) => Ok(out.map(|out| Some(out.letter))),
            Ok(out) => {
                let rule = format!("to name the amount {amount}");
                let found = out.into_inner().letter;
                Err(ErrorKind::Constraint { field: "letter".into(), rule, found }.into())
            }
            // An outage is no reason to write nothing.
            Err(e) if e.is_infrastructure() => Ok(Prediction::new(Some(standard))),
            Err(e) => Err(e),
        }
    }
}

/// Days since a date, by the context's clock.
fn overdue(due: &str, ctx: &Context) -> Result<i32> {
    let odd =
        |e: jiff::Error| Error::configuration(format!("expected a date YYYY-MM-DD, found {due:?}: {e}"));
    let now = Timestamp::UNIX_EPOCH.checked_add(ctx.clock().since_epoch()).map_err(odd)?;
    let due: Date = due.parse().map_err(odd)?;
    Ok((now.to_zoned(TimeZone::UTC).date() - due).get_days())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    // A clock that stands still on 1 June 2024, so that this prints the same on each day.
    let clock = ManualClock::at(Duration::from_hours(24) * 19_875);
    let ctx = Context::new(model(script("testing/script.toml")?)?).with_clock(clock);
    for row in Dataset::load(data("testing/invoices.csv"))?.rows {
        let invoice = Invoice::from_record(row.record)?;
        let customer = invoice.customer.clone();
        match Reminders::default().call(&ctx, invoice).await?.into_inner() {
            Some(letter) => println!("{letter}"),
            None => println!("({customer}: nothing is overdue)"),
        }
    }
    Ok(())
}
