//! Reads invoices out of e-mails into nested structs, and refuses those that do not add up.

use dspex::TypedSignature as _;
use dspex::adapters::JsonAdapter;
use dspex::evaluate::{Dataset, numeric};
use dspex::prelude::*;
use dspex_examples::{data, model, script};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Copy the invoice out of the e-mail. Amounts have a point before the cents; dates are YYYY-MM-DD.
#[derive(Clone, Signature)]
struct ReadInvoice {
    #[input]
    mail: String,
    #[output]
    supplier: String,
    #[output(pattern = r"^\d{4}-\d{2}-\d{2}$")]
    date: String,
    #[output]
    currency: Currency,
    #[output(min_length = 1)]
    lines: Vec<Line>,
    /// the amount to pay
    #[output(gt = 0)]
    total: f64,
}

/// A line of an invoice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Line {
    text: String,
    quantity: f64,
    /// the price of one
    price: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Currency {
    Eur,
    Gbp,
    Usd,
}

/// What the lines come to.
fn sum(invoice: &ReadInvoiceOutput) -> f64 {
    invoice.lines.iter().map(|line| line.quantity * line.price).sum()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let ctx = Context::new(model(script("invoices/script.toml")?)?).with_adapter(JsonAdapter::new());
    let mails = Dataset::load(data("invoices/mails.jsonl"))?.examples(&ReadInvoice::signature())?;
    let program = Predict::<ReadInvoice>::new();

    let right = Evaluate::new(&mails).metric(numeric("total").absolute(0.005)).run(&ctx, &program).await?;
    for result in &right.results {
        match (&result.prediction, result.outcome.error()) {
            (Some(invoice), _) => {
                let check =
                    if (sum(invoice) - invoice.total).abs() < 0.005 { "adds up" } else { "LOOK AT IT" };
                println!("{:<26} {:>9.2}  {check}", invoice.supplier, invoice.total);
                invoice.notes().iter().for_each(|note| println!("    {note}"));
            }
            (None, Some(e)) => println!("refused: {e}"),
            (None, None) => {}
        }
    }
    println!("\ntotal is right: {right}");
    Ok(())
}
