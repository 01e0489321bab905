//! `dspex run`: one call of a program.

use clap::Args;
use dspex_core::{Attempt, Module as _, Prediction, Program as _, Record, Result};
use serde_json::{Value as Json, json};

use crate::budget::BudgetArgs;
use crate::failure::Exit;
use crate::models::LmArgs;
use crate::output::{complain, print, print_json, shown};
use crate::program::{DemoArgs, FallbackArgs, InputArgs, PolicyArgs, ProgramArgs};

#[derive(Args, Debug)]
pub(crate) struct Run {
    #[command(flatten)]
    program: ProgramArgs,
    #[command(flatten)]
    lm: LmArgs,
    #[command(flatten)]
    budget: BudgetArgs,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    fallback: FallbackArgs,
    #[command(flatten)]
    demos: DemoArgs,
    #[command(flatten)]
    inputs: InputArgs,

    /// Print one JSON object: fields, completions, usage, attempts, notes
    #[arg(long)]
    pub(crate) json: bool,
}

impl Run {
    pub(crate) fn run(&self) -> Result<Exit> {
        let loaded = self.program.load()?;
        let inputs = self.inputs.read()?;
        let program = loaded.build(&self.demos, &self.lm)?.stamped();
        let ctx = loaded.context(loaded.lm(&self.lm)?, &self.policy, &self.fallback, self.demos.seed)?;
        let ctx = loaded.with_extraction_lm(ctx, &self.lm)?;
        let ctx = self.budget.over(ctx);
        let prediction = super::block_on(&ctx, program.call(&ctx, inputs))??;
        if self.json {
            print_json(&to_json(&prediction))?;
        } else {
            for (name, value) in prediction.iter() {
                print(&format!("{name}: {}", shown(value)?))?;
            }
            for attempt in prediction.attempts().iter().filter(|a| a.reason.is_fallback()) {
                complain(&format!("note: {}", attempt.reason));
            }
            for note in prediction.notes() {
                complain(&format!("note: {note}"));
            }
        }
        Ok(Exit::Done)
    }
}

fn to_json(prediction: &Prediction<Record>) -> Json {
    let attempts: Vec<Json> = prediction.attempts().iter().map(Attempt::to_json).collect();
    json!({
        "fields": prediction.to_tagged(),
        "completions": prediction.completions().map(Record::to_tagged).collect::<Vec<_>>(),
        "usage": prediction.usage(),
        "attempts": attempts,
        "notes": super::notes_json(prediction.notes()),
        "finish_reason": prediction.finish_reason().map(dspex_core::lm::FinishReason::as_str),
    })
}
