//! Tells word senses apart by their definitions: scored without demonstrations, then with sixteen, on three draws.
//!
//! Run it with `cargo xtask demo`. The input is the definition alone.

use dspex::Random;
use dspex::evaluate::{Dataset, Report};
use dspex::lm::NearestLm;
use dspex::prelude::*;
use dspex_examples::{data, model};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Name the category of the thing that is defined.
#[derive(Clone, Signature)]
struct Sense {
    #[input]
    definition: String,
    #[output]
    category: Category,
}

/// What a word can stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Category {
    Animal,
    Plant,
    Food,
    Body,
    Person,
    Feeling,
    Time,
    Location,
    Artifact,
    Act,
}

const DEMOS: usize = 16;
const DRAWS: [u64; 3] = [1, 2, 3];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let train: Vec<Sense> = Dataset::load(data("wordnet/train.jsonl"))?.typed()?;
    let dev: Vec<Sense> = Dataset::load(data("wordnet/dev.jsonl"))?.typed()?;
    let ctx = Context::new(model(NearestLm::new())?);
    let right = metric(|sense: &Sense, out: &Prediction<SenseOutput>| sense.category == out.category);
    let evaluate = Evaluate::new(&dev).metric(right.named("category is right"));

    let untaught = Predict::<Sense>::new();
    let before = evaluate.run(&ctx, &untaught).await?;
    println!("{} definitions, {}, {}", dev.len(), ctx.lm().id(), before.metric);
    println!("{}", line("without demonstrations", &before));
    for seed in DRAWS {
        let drawn = Random::new(seed, "demos").sample(train.len(), DEMOS);
        let taught = untaught.clone().with_demos(drawn.into_iter().map(|i| train[i].clone()))?;
        let after = evaluate.run(&ctx, &taught).await?;
        println!("{}", line(&format!("with {DEMOS} demonstrations, draw {seed}"), &after));
    }
    Ok(())
}

fn line<O>(what: &str, report: &Report<O>) -> String {
    match (report.score(), report.interval()) {
        (Some(score), Some((low, high))) => {
            format!("{what:<32} {:5.1} %  (95 %: {:4.1} to {:4.1})", 100.0 * score, 100.0 * low, 100.0 * high)
        }
        _ => format!("{what:<32} nothing was scored"),
    }
}
