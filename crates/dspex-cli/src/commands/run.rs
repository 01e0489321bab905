//! `dspex run`: one call of a program.

use clap::Args;
use dspex_core::{Module as _, Prediction, Program as _, Record, Result};
use serde_json::{Value as Json, json};

use crate::failure::Exit;
use crate::output::{complain, print, print_json, shown};
use crate::program::{DemoArgs, InputArgs, LmArgs, PolicyArgs, ProgramArgs};

#[derive(Args, Debug)]
pub(crate) struct Run {
    #[command(flatten)]
    program: ProgramArgs,
    #[command(flatten)]
    lm: LmArgs,
    #[command(flatten)]
    policy: PolicyArgs,
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
        let ctx = loaded.context(loaded.lm(&self.lm)?, &self.policy, self.demos.seed)?;
        let prediction = super::block_on(&ctx, program.call(&ctx, inputs))??;
        if self.json {
            print_json(&to_json(&prediction))?;
        } else {
            for (name, value) in prediction.iter() {
                print(&format!("{name}: {}", shown(value)?))?;
            }
            for note in prediction.notes() {
                complain(&format!("note: {note}"));
            }
        }
        Ok(Exit::Done)
    }
}

fn to_json(prediction: &Prediction<Record>) -> Json {
    let attempts: Vec<Json> = prediction
        .attempts()
        .iter()
        .map(|a| {
            json!({
                "path": a.path.to_string(),
                "model": a.model,
                "usage": a.usage,
                "seconds": a.elapsed.as_secs_f64(),
                "finish_reason": a.finish.as_ref().map(dspex_core::lm::FinishReason::as_str),
                "cached": a.cached,
                "error": a.error,
            })
        })
        .collect();
    json!({
        "fields": prediction.to_tagged(),
        "completions": prediction.completions().map(Record::to_tagged).collect::<Vec<_>>(),
        "usage": prediction.usage(),
        "attempts": attempts,
        "notes": super::notes_json(prediction.notes()),
        "finish_reason": prediction.finish_reason().map(dspex_core::lm::FinishReason::as_str),
    })
}
