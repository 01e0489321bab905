//! How many demonstrations does a program need, and which? A learning curve, and a choice that is confirmed on
//! commands that had no part in it.

use dspex::Random;
use dspex::evaluate::Dataset;
use dspex::lm::NearestLm;
use dspex::prelude::*;
use dspex_examples::{data, model};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Say what the command to the smart home is about.
#[derive(Clone, Signature)]
struct Understand {
    #[input]
    command: String,
    #[output]
    intent: Intent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Intent {
    Calendar,
    Heating,
    Lights,
    Music,
    Shopping,
    Timer,
}

const SIZES: [usize; 7] = [0, 1, 2, 4, 8, 16, 32];
const DRAWS: u64 = 10;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let load = |file: &str| Dataset::load(data(&format!("learning_curve/{file}")))?.typed::<Understand>();
    let (train, dev, test) = (load("train.csv")?, load("dev.csv")?, load("test.csv")?);
    let ctx = Context::new(model(NearestLm::new())?);
    let on = |examples| Evaluate::new(examples).metric(exact_match("intent"));

    println!("{DRAWS} draws each, {} commands\ndemos   mean  worst   best", dev.len());
    let mut best: Option<(f64, Predict<Understand>)> = None;
    for size in SIZES {
        let mut scores = Vec::new();
        for seed in 0..DRAWS {
            let drawn = Random::new(seed, "demos").sample(train.len(), size);
            let program = Predict::new().with_demos(drawn.into_iter().map(|i| train[i].clone()))?;
            let score = on(&dev).run(&ctx, &program).await?.score().unwrap_or_default();
            scores.push(score);
            if best.as_ref().is_none_or(|(top, _)| score > *top) {
                best = Some((score, program));
            }
        }
        scores.sort_by(f64::total_cmp);
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        println!("{size:5}  {mean:.3}  {:.3}  {:.3}", scores[0], scores[scores.len() - 1]);
    }

    let Some((_, best)) = best else { return Ok(()) };
    let all = Predict::new().with_demos(train)?;
    for (name, program) in [("the best draw", best), ("all of the training set", all)] {
        println!("\n{name}, {} demonstrations", program.demos().len());
        println!("  on the commands of the curve  {}", on(&dev).run(&ctx, &program).await?);
        println!("  on new commands               {}", on(&test).run(&ctx, &program).await?);
    }
    Ok(())
}
