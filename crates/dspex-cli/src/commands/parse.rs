//! `dspex parse`: a reply, read as a program would read it.

use std::path::PathBuf;

use clap::Args;
use dspex_core::Result;
use dspex_core::lm::Choice;
use serde_json::json;

use crate::failure::Exit;
use crate::output::{complain, print, print_json, shown};
use crate::program::{PolicyArgs, ProgramArgs, read_file_or_stdin};

#[derive(Args, Debug)]
pub(crate) struct Parse {
    #[command(flatten)]
    program: ProgramArgs,
    #[command(flatten)]
    policy: PolicyArgs,

    /// Print `{"fields": ..., "notes": [...]}`, or `{"error": ...}`
    #[arg(long)]
    pub(crate) json: bool,

    /// Show how the reply is read: the adapter's wording, the schemas, the sections, each rule that fired, the values
    #[arg(long, conflicts_with = "json")]
    explain: bool,

    /// The reply; `-` is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
}

impl Parse {
    pub(crate) fn run(&self) -> Result<Exit> {
        let loaded = self.program.load()?;
        let text = read_file_or_stdin(&self.file)?;
        let signature = loaded.leaf_signature()?;
        let (adapter, choice, policy) = (loaded.adapter()?, Choice::text(text), loaded.policy(&self.policy)?);
        if self.explain {
            super::explain::reply(&*adapter, &signature, &choice, &policy)?;
            return Ok(Exit::Done);
        }
        let parsed = adapter.parse(&signature, &choice, &policy)?;
        if self.json {
            print_json(
                &json!({"fields": parsed.fields.to_tagged(), "notes": super::notes_json(&parsed.notes)}),
            )?;
        } else {
            for (name, value) in parsed.fields.iter() {
                print(&format!("{name}: {}", shown(value)?))?;
            }
            for note in &parsed.notes {
                complain(&format!("note: {note}"));
            }
        }
        Ok(Exit::Done)
    }
}
