//! Tells word senses apart by their definitions: scored without demonstrations, then with sixteen, on three draws.
//!
//! Run it with `cargo xtask demo`. The input is the definition alone.

use std::path::Path;

use dspex::evaluate::{Dataset, Report};
use dspex::prelude::*;
use dspex::{Random, TypedSignature, lm};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Name the category of the thing that is defined.
#[derive(Signature)]
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
    let (train, dev) = (load("train.jsonl")?, load("dev.jsonl")?);
    let ctx = Context::new(lm::by_name("builtin/nearest")?);
    let right = metric(|sense: &Sense, out: &Prediction<SenseOutput>| sense.category == out.category);
    let evaluate = Evaluate::new(&dev).metric(right.named("category is right"));

    let untaught = Predict::<Sense>::new();
    let before = evaluate.run(&ctx, &untaught).await?;
    show(&format!("{} definitions, {}, {}", dev.len(), "builtin/nearest", before.metric));
    show(&line("without demonstrations", &before));
    for seed in DRAWS {
        let drawn = Random::new(seed, "demos").sample(train.len(), DEMOS);
        let demos = drawn.into_iter().map(|i| Sense::join(train[i].input(), train[i].output()));
        let taught = untaught.clone().with_demos(demos)?;
        let after = evaluate.run(&ctx, &taught).await?;
        show(&line(&format!("with {DEMOS} demonstrations, draw {seed}"), &after));
    }
    Ok(())
}

/// The examples of a file of the data set. The word itself is left out: it would give the answer away.
fn load(name: &str) -> Result<Vec<Sense>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name);
    let examples = Dataset::load(path)?.examples(&Sense::signature())?;
    examples
        .iter()
        .map(|e| Ok(Sense { definition: e.get("definition")?, category: e.get("category")? }))
        .collect()
}

fn line<O>(what: &str, report: &Report<O>) -> String {
    match (report.score(), report.interval()) {
        (Some(score), Some((low, high))) => {
            format!("{what:<32} {:5.1} %  (95 %: {:4.1} to {:4.1})", 100.0 * score, 100.0 * low, 100.0 * high)
        }
        _ => format!("{what:<32} nothing was scored"),
    }
}

#[expect(clippy::print_stdout, reason = "this is a program, and the scores are its output")]
fn show(line: &str) {
    println!("{line}");
}
