//! `dspex lm`: what an endpoint can do, found out by asking it.

mod finding;
mod probes;

use std::time::Duration;

use clap::{Args, Subcommand};
use dspex_core::{Context, Error, LanguageModel as _, Result};
use dspex_lm::{Governors, Lm, NearestLm, Resilience, Timeouts};
use serde_json::{Map, Value as Json, json};

use crate::failure::{Exit, Failure};
use crate::output::{print, print_json};
use finding::Answer;
use probes::Checked;

#[derive(Debug, Args)]
pub(crate) struct LmCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Ask an endpoint what it supports, by at most eight small calls, and say what they cost
    Check(Check),
}

#[derive(Debug, Args)]
struct Check {
    /// The model, as in `openai/gpt-4o-mini`; its key comes from the environment
    model: String,

    /// The base URL of the model's server [default: the provider's variable, else its own address]
    #[arg(long, value_name = "URL")]
    api_base: Option<String>,

    /// Give up a call after so long
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    timeout: u64,

    /// Print one JSON object: model, endpoint, findings, usage, error
    #[arg(long)]
    json: bool,
}

impl LmCommand {
    pub(crate) fn json(&self) -> bool {
        let What::Check(check) = &self.what;
        check.json
    }

    pub(crate) fn run(&self) -> Result<Exit> {
        let What::Check(check) = &self.what;
        check.run()
    }
}

impl Check {
    fn run(&self) -> Result<Exit> {
        let governors = Governors::default();
        let lm = self.lm(&governors)?;
        let limits = || governors.health().into_iter().find_map(|(_, report)| report.told);
        // Only for its cancellation: Ctrl-C ends a check, too.
        let ctx = Context::new(NearestLm::new());
        let checked = super::block_on(&ctx, async {
            tokio::select! {
                checked = probes::check(&lm, limits) => Ok(checked),
                () = ctx.cancellation().cancelled() => Err(Error::from(dspex_core::ErrorKind::Cancelled)),
            }
        })??;
        if self.json {
            print_json(&self.to_json(&lm.endpoint(), &checked))?;
        } else {
            print(&text(&lm.endpoint(), &checked))?;
        }
        Ok(match checked.error {
            None => Exit::Done,
            Some(e) => {
                let error = Error::from(e);
                let exit = Exit::of(&error);
                Failure { error, json: false }.report();
                exit
            }
        })
    }

    fn lm(&self, governors: &Governors) -> Result<Lm> {
        let mut timeouts = Timeouts::default();
        timeouts.total = Duration::from_secs(self.timeout);
        let mut resilience = Resilience::default().without_retries();
        resilience.governors = governors.clone();
        let lm = Lm::builder(&self.model).or_from_env().timeouts(timeouts).resilience(resilience);
        match &self.api_base {
            Some(url) => lm.api_base(url).build(),
            None => lm.build(),
        }
    }

    fn to_json(&self, endpoint: &str, checked: &Checked) -> Json {
        let findings: Map<String, Json> = checked
            .findings
            .iter()
            .map(|f| (f.what.to_owned(), json!({"answer": f.answer.word(), "why": f.why})))
            .collect();
        json!({
            "model": self.model,
            "endpoint": endpoint,
            "findings": findings,
            "usage": checked.usage,
            "error": checked.error.clone().map(|e| Error::from(e).to_json()),
        })
    }
}

/// The findings for people: a line each, and what they cost.
fn text(endpoint: &str, checked: &Checked) -> String {
    let mut lines = vec![endpoint.to_owned()];
    for finding in &checked.findings {
        let line = format!("{:<13}  {:<7}  {}", finding.what, finding.answer.word(), finding.why);
        lines.push(line.trim_end().to_owned());
    }
    let unknown = checked.findings.iter().filter(|f| f.answer == Answer::Unknown).count();
    let unknown = if unknown > 0 { format!("; {unknown} not found out") } else { String::new() };
    lines.push(format!("used: {}{unknown}", checked.usage));
    lines.join("\n")
}
