//! `dspex wording`: the sentences of prompts, as files.

mod adapters;
mod check;
mod cut;
mod derive;
mod probes;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use dspex_adapters::Wording;
use dspex_core::{Result, unknown_name};
use dspex_modules::write_whole;
use serde_json::json;

use crate::failure::Exit;
use crate::output::{complain, print, print_json};

#[derive(Args, Debug)]
pub(crate) struct WordingCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Ask the DSPy of a Python for its sentences, and write them to a file
    Extract(Extract),
}

#[derive(Args, Debug)]
struct Extract {
    /// A Python in whose environment DSPy is installed, any of 2.6 to 3.4
    #[arg(long, value_name = "PATH")]
    python: PathBuf,

    /// The file to write (TOML)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    /// Only these adapters, as in `chat,json`; the others keep our sentences [default: all that this DSPy has]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    adapters: Vec<String>,

    /// Print `{"file": ..., "id": ..., "adapters": [...], "messages": ..., "open": [...]}`
    #[arg(long)]
    json: bool,
}

impl WordingCommand {
    pub(crate) fn run(&self) -> Result<Exit> {
        match &self.action {
            Action::Extract(extract) => extract.run(),
        }
    }

    pub(crate) fn json(&self) -> bool {
        match &self.action {
            Action::Extract(extract) => extract.json,
        }
    }
}

impl Extract {
    fn run(&self) -> Result<Exit> {
        let probes = probes::all()?;
        let mut answers = probes::ask(&self.python, &probes)?;
        self.choose(&mut answers)?;
        let place = format!("DSPy {}", answers.version);
        let wording = derive::derive(&place, &answers, &probes)?;
        let text = wording.to_toml();
        // What is written is what was checked: the file is read before it is compared.
        let file = self.output.display().to_string();
        let wording = Wording::parse(&file, &text)?;
        let checked = check::check(&place, &answers, &probes, &wording)?;
        write_whole(&self.output, &text)?;
        let names = adapters::ADAPTERS.iter().map(|a| a.name);
        let (taken, ours): (Vec<_>, Vec<_>) = names.partition(|name| answers.adapters.contains_key(*name));
        if self.json {
            print_json(&json!({
                "file": file, "id": wording.id, "adapters": taken, "messages": checked.messages, "open": checked.open,
            }))?;
        } else {
            print(&format!(
                "{file}: {} for {}; the messages of all probes are the same byte for byte",
                wording.id,
                taken.join(", "),
            ))?;
        }
        for name in ours {
            complain(&format!("note: nothing was taken for the adapter `{name}`; it keeps our sentences"));
        }
        if !checked.open.is_empty() {
            let list = checked.open.into_iter().collect::<Vec<_>>().join(", ");
            complain(&format!("note: not the same, as these types are other ones in this DSPy: {list}"));
        }
        Ok(Exit::Done)
    }

    /// Leaves out the adapters that were not asked for. All are described in the words of the chat adapter.
    fn choose(&self, answers: &mut probes::Answers) -> Result<()> {
        for name in &self.adapters {
            if !answers.adapters.contains_key(name) {
                let known = adapters::ADAPTERS.iter().map(|a| a.name);
                let there = known.filter(|known| answers.adapters.contains_key(*known));
                let what = format!("adapters of DSPy {}", answers.version);
                return Err(unknown_name(&what, name, there));
            }
        }
        if !self.adapters.is_empty() {
            answers.adapters.retain(|name, _| {
                let of = name.strip_suffix("_extraction").unwrap_or(name);
                of == "chat" || self.adapters.iter().any(|chosen| chosen == of)
            });
        }
        Ok(())
    }
}
