//! `dspex eval`: the score of a program on a data set.

use std::fmt::Write as _;
use std::fs;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use clap::Args;
use dspex_core::{Error, ErrorKind, Example, LanguageModel as _, Record, Result, unknown_name};
use dspex_evaluate::{Dataset, Evaluate, Outcome, Report};
use serde_json::{Value as Json, json};

use crate::failure::{Exit, error_json};
use crate::output::{complain, print, print_json};
use crate::program::{DemoArgs, LmArgs, PolicyArgs, ProgramArgs};

#[derive(Args, Debug)]
pub(crate) struct Eval {
    #[command(flatten)]
    program: ProgramArgs,
    #[command(flatten)]
    lm: LmArgs,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    demos: DemoArgs,

    /// The examples (JSONL, JSON or CSV); columns that the signature does not name are left out
    #[arg(short, long, value_name = "FILE")]
    data: PathBuf,

    /// The metric
    #[arg(short, long, value_name = "NAME", default_value = "exact_match")]
    metric: String,

    /// The field that is scored [default: the last output]
    #[arg(long, value_name = "NAME")]
    field: Option<String>,

    /// Score only the first so many examples
    #[arg(long, value_name = "N")]
    limit: Option<usize>,

    /// Examples at one time
    #[arg(long, value_name = "N", default_value_t = 8)]
    concurrency: usize,

    /// Write a line of JSON for each example
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,

    /// Print one JSON object: score, interval, n, outcomes, usage, seconds
    #[arg(long)]
    pub(crate) json: bool,
}

impl Eval {
    pub(crate) fn run(&self) -> Result<Exit> {
        let loaded = self.program.load()?;
        let signature = &loaded.file.signature;
        let field = self.field(signature)?;
        let metric = dspex_evaluate::by_name(&self.metric, &field)?;
        let data = Dataset::load(&self.data)?;
        let mut examples = data.examples(signature)?;
        if let Some(row) = data.rows.iter().find(|row| !row.record.contains_key(&field)) {
            let columns: Vec<_> = row.record.keys().map(|k| format!("`{k}`")).collect();
            let e = Error::new(ErrorKind::Data {
                place: row.place.clone(),
                field: Some(field.clone()),
                expected: format!("the label `{field}`, which is scored"),
                found: format!("only {}", columns.join(", ")),
            });
            return Err(match dspex_core::nearest(&field, row.record.keys()) {
                Some(near) => e.with_hint(format!("did you mean `{near}`? columns are named as the fields")),
                None => e.with_hint("add the column, or score another output with --field"),
            });
        }
        examples.truncate(self.limit.unwrap_or(usize::MAX));
        let program = loaded.build(&self.demos, &self.lm)?;
        let lm = loaded.lm(&self.lm)?;
        let results = self.open_results()?;
        let ctx = loaded.context(lm, &self.policy, self.demos.seed)?;
        let evaluate = Evaluate::new(&examples).metric(metric).concurrency(self.concurrency);
        let evaluate =
            if std::io::stderr().is_terminal() { evaluate.on_progress(progress) } else { evaluate };
        let report = super::block_on(&ctx, evaluate.run(&ctx, &program))??;

        let details = Details {
            field: &field,
            lm: ctx.lm().id(),
            adapter: loaded.adapter()?.name().to_owned(),
            policy: ctx.policy().name(),
        };
        if self.json {
            print_json(&report_json(&report, &details))?;
        } else {
            print_report(&report, &details)?;
        }
        if let Some((path, mut file)) = results {
            let mut lines = String::new();
            for r in &report.results {
                let _ = writeln!(lines, "{}", result_json(r, &examples[r.index]));
            }
            std::io::Write::write_all(&mut file, lines.as_bytes()).map_err(|e| not_written(path, &e))?;
        }
        Ok(exit(&report))
    }

    /// The file for the results, opened before anything is paid for.
    fn open_results(&self) -> Result<Option<(&Path, fs::File)>> {
        let Some(path) = self.results.as_deref() else { return Ok(None) };
        let same = |other: &Path| {
            path.canonicalize().ok().zip(other.canonicalize().ok()).is_some_and(|(a, b)| a == b)
        };
        if same(&self.data) {
            let e = Error::configuration("expected another file for the results than the data file");
            return Err(e.with_hint("name a file that may be overwritten"));
        }
        let file = fs::File::create(path).map_err(|e| not_written(path, &e))?;
        Ok(Some((path, file)))
    }

    fn field(&self, signature: &dspex_core::Signature) -> Result<String> {
        let names = || signature.outputs().iter().map(|f| f.name.as_str());
        match &self.field {
            Some(name) if names().any(|n| n == name) => Ok(name.clone()),
            Some(name) => Err(unknown_name("outputs", name, names())),
            None => Ok(names().next_back().unwrap_or_default().to_owned()),
        }
    }
}

fn not_written(path: &Path, e: &std::io::Error) -> Error {
    let place = path.display().to_string();
    Error::new(ErrorKind::File { place, message: format!("cannot be written: {e}") })
}

/// What the report says beside the scores.
struct Details<'a> {
    field: &'a str,
    lm: &'a str,
    adapter: String,
    policy: &'a str,
}

/// A cancelled run says so; otherwise a run fails only if nothing could be scored.
fn exit(report: &Report<Record>) -> Exit {
    let outcomes = report.outcomes();
    if report.cancelled {
        Exit::Cancelled
    } else if outcomes.scored > 0 {
        Exit::Done
    } else if outcomes.infrastructure_error > 0 {
        Exit::Outside
    } else {
        Exit::ProgramFailed
    }
}

fn progress(done: usize, of: usize) {
    let mut err = std::io::stderr().lock();
    let end = if done == of { "\n" } else { "" };
    let _ = std::io::Write::write_fmt(&mut err, format_args!("\r{done} of {of}{end}"));
}

fn print_report(report: &Report<Record>, details: &Details<'_>) -> Result<()> {
    let outcomes = report.outcomes();
    match (report.score(), report.interval()) {
        (Some(score), Some((low, high))) => {
            print(&format!(
                "{} of {}: {score:.3} (95 % {low:.3} to {high:.3})",
                report.metric, details.field
            ))?;
        }
        _ => print(&format!("{} of {}: no example was scored", report.metric, details.field))?,
    }
    let mut counts = format!("{} of {} examples scored", outcomes.scored, report.results.len());
    for (count, name) in [
        (outcomes.program_error, "program errors"),
        (outcomes.infrastructure_error, "infrastructure errors"),
        (outcomes.metric_error, "metric errors"),
        (outcomes.not_run, "not run"),
    ] {
        if count > 0 {
            let _ = write!(counts, ", {count} {name}");
        }
    }
    let usage = report.usage();
    print(&format!(
        "{counts}; {} calls of {}, {} tokens, {:.1} s",
        usage.calls,
        details.lm,
        usage.total_tokens(),
        report.elapsed.as_secs_f64()
    ))?;
    // The first error of each kind in full: the rest is in `--results`.
    let mut seen = Vec::new();
    for r in &report.results {
        if let Some(e) = r.outcome.error()
            && !seen.contains(&e.code())
        {
            seen.push(e.code());
            complain(&format!("example {}: {e}", r.index));
            if let Some(hint) = e.hint() {
                complain(&format!("hint: {hint}"));
            }
        }
    }
    if report.cancelled {
        complain("cancelled: the score is that of the examples until then");
    }
    Ok(())
}

fn report_json(report: &Report<Record>, details: &Details<'_>) -> Json {
    let outcomes = report.outcomes();
    let errors: Vec<Json> = report
        .results
        .iter()
        .filter_map(|r| r.outcome.error().map(|e| (r, e)))
        .take(10)
        .map(|(r, e)| json!({"index": r.index, "outcome": r.outcome.name(), "error": error_json(e)}))
        .collect();
    json!({
        "score": report.score(),
        "interval": report.interval().map(|(low, high)| [low, high]),
        "n": report.results.len(),
        "outcomes": {
            "scored": outcomes.scored,
            "program_error": outcomes.program_error,
            "infrastructure_error": outcomes.infrastructure_error,
            "metric_error": outcomes.metric_error,
            "not_run": outcomes.not_run,
        },
        "usage": report.usage(),
        "seconds": report.elapsed.as_secs_f64(),
        "metric": report.metric,
        "field": details.field,
        "lm": details.lm,
        "adapter": details.adapter,
        "policy": details.policy,
        "cancelled": report.cancelled,
        "errors": errors,
    })
}

fn result_json(result: &dspex_evaluate::ExampleResult<Record>, example: &Example) -> Json {
    let score = if let Outcome::Scored(score) = result.outcome { Some(score) } else { None };
    json!({
        "index": result.index,
        "example": example.to_json(),
        "fields": result.prediction.as_ref().map(|p| p.to_tagged()),
        "outcome": result.outcome.name(),
        "score": score,
        "error": result.outcome.error().map(error_json),
        "usage": result.usage,
        "seconds": result.elapsed.as_secs_f64(),
    })
}
