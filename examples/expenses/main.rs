//! Books the lines of a bank statement to accounts. The program is a file and the data a table: no struct, no derive.

use std::collections::BTreeMap;

use dspex::ProgramFile;
use dspex::evaluate::{Dataset, Outcome};
use dspex::lm::NearestLm;
use dspex::prelude::*;
use dspex_examples::{data, model};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let file = ProgramFile::parse("program.toml", include_str!("program.toml"), None)?;
    let booked = Dataset::load(data("expenses/booked.csv"))?.examples(&file.signature)?;
    let new = Dataset::load(data("expenses/new.csv"))?.examples(&file.signature)?;

    let program = file.build(&booked)?;
    let ctx = file.context(&Context::new(model(NearestLm::new())?))?;
    let report = Evaluate::new(&new).metric(exact_match("account")).run(&ctx, &program).await?;
    println!("{}: {report}", file.signature);

    println!("\nbooked differently than by hand");
    let mut totals: BTreeMap<String, f64> = BTreeMap::new();
    for (line, result) in new.iter().zip(&report.results) {
        let Some(account) = result.prediction.as_ref().and_then(|p| p.get("account")?.as_str()) else {
            continue;
        };
        *totals.entry(account.to_owned()).or_default() += line.get::<f64>("amount")?;
        if let Outcome::Scored(0.0) = result.outcome {
            let (text, hand): (String, String) = (line.get("text")?, line.get("account")?);
            println!("  {text:<36} {account:<10} by hand {hand}");
        }
    }

    println!("\ntotals");
    for (account, total) in totals {
        println!("  {account:<10} {total:>9.2}");
    }
    Ok(())
}
