//! Routes support tickets to the team that can help, and says which ones cannot wait.

use dspex::TypedSignature as _;
use dspex::evaluate::Dataset;
use dspex::lm::NearestLm;
use dspex::prelude::*;
use dspex_examples::{data, model};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Route the support ticket.
#[derive(Clone, Signature)]
struct Triage {
    /// what the customer wrote
    #[input]
    ticket: String,
    /// the team that can help
    #[output]
    queue: Queue,
    /// whether somebody's work stands still, or money or data are at risk
    #[output]
    urgent: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Queue {
    Billing,
    Access,
    Shipping,
    Bug,
    Feature,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let train: Vec<Triage> = Dataset::load(data("triage/train.csv"))?.typed()?;
    let dev: Vec<Triage> = Dataset::load(data("triage/dev.csv"))?.typed()?;
    let ctx = Context::new(model(NearestLm::new())?);

    let untaught = Predict::<Triage>::new();
    let taught = untaught.clone().with_demos(train)?;
    for (name, program) in [("without demonstrations", &untaught), ("taught by the training set", &taught)] {
        println!("{name}");
        for field in ["queue", "urgent"] {
            let report = Evaluate::new(&dev).metric(exact_match(field)).run(&ctx, program).await?;
            println!("  {field:<7} {report}");
        }
    }

    println!("\nurgent tickets, as they would be routed");
    for ticket in dev.iter().filter(|t| t.urgent) {
        let out = taught.call(&ctx, ticket.input()).await?;
        let flag = if out.urgent { "URGENT" } else { "missed" };
        println!("  {flag}  {:<8}  {}", format!("{:?}", out.queue).to_lowercase(), ticket.ticket);
    }
    Ok(())
}
