//! `dspex eval`: the score of a program on a data set.

mod progress;
mod report;
mod source;
mod table;

use std::fs::File;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use dspex_core::{
    Context, Error, Example, Metric, Module, Parameters, Record, Result, Signature, unknown_name,
};
use dspex_evaluate::{Columns, Evaluate, ResultWriter, Stop, Summary};

use crate::budget::BudgetArgs;
use crate::failure::Exit;
use crate::models::LmArgs;
use crate::output::{print, print_json};
use crate::program::{DemoArgs, FallbackArgs, Loaded, PolicyArgs, ProgramArgs};
use report::Details;
use source::Source;
use table::Results;

#[derive(Args, Debug)]
pub(crate) struct Eval {
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

    /// The examples (JSONL, JSON or CSV), or `-` to read them from standard input as they come; columns that the
    /// signature does not name are left out
    #[arg(short, long, value_name = "FILE")]
    data: PathBuf,

    /// The form of the examples [default: by the file's ending]
    #[arg(long, value_name = "NAME", value_parser = ["jsonl", "csv", "json"])]
    format: Option<String>,

    /// The metric, with its arguments behind it: `numeric(absolute=0.5)`
    #[arg(short, long, value_name = "NAME", default_value = "exact_match")]
    metric: String,

    /// The field that is scored [default: the last output]
    #[arg(long, value_name = "NAME")]
    field: Option<String>,

    /// Score only the first so many examples
    #[arg(long, value_name = "N")]
    limit: Option<usize>,

    /// Examples at one time
    #[arg(long, value_name = "N", default_value = "8")]
    concurrency: NonZeroUsize,

    /// Stop when more than so many examples ended with an error of any kind [default: never]
    #[arg(long, value_name = "N")]
    max_errors: Option<usize>,

    /// Stop when more than so many examples ended with an infrastructure error [default: never]
    #[arg(long, value_name = "N")]
    max_infrastructure_errors: Option<usize>,

    /// Give up an example after so long; that is an infrastructure error
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout_per_example: Option<Duration>,

    /// End after so long, with the score until then
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,

    /// Exit with 1 where the score is lower, so that a build fails by it
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true, value_parser = score)]
    fail_under: Option<f64>,

    /// Write the result of each example as it comes; the ending says the form: .jsonl, .json or .csv
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,

    /// Print a table of the first N results [default for N: 20]
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "20", conflicts_with = "json")]
    table: Option<NonZeroUsize>,

    /// Print one JSON object: score, interval, n, outcomes, usage, attempts, seconds, stopped, errors
    #[arg(long)]
    pub(crate) json: bool,
}

/// Whether two paths lead to one file, by links of either kind, too.
fn same_file(a: &Path, b: &Path) -> bool {
    #[cfg(unix)]
    if let (Ok(a), Ok(b)) = (a.metadata(), b.metadata()) {
        use std::os::unix::fs::MetadataExt as _;
        return a.is_file() && (a.dev(), a.ino()) == (b.dev(), b.ino());
    }
    a.canonicalize().ok().zip(b.canonicalize().ok()).is_some_and(|(a, b)| a == b)
}

/// A score that others can be compared with.
fn score(text: &str) -> Result<f64, String> {
    let score = text.parse().ok().filter(|s: &f64| s.is_finite());
    score.ok_or_else(|| "expected a number, such as 0.8".to_owned())
}

/// A time in seconds.
fn seconds(text: &str) -> Result<Duration, String> {
    let time = text.parse().ok().and_then(|s| Duration::try_from_secs_f64(s).ok());
    time.filter(|t| !t.is_zero()).ok_or_else(|| "expected seconds, such as 30 or 0.5".to_owned())
}

impl Eval {
    pub(crate) fn run(&self) -> Result<Exit> {
        let loaded = self.program.load()?;
        let signature = &loaded.file.signature;
        let field = self.field(signature)?;
        let metric = dspex_evaluate::by_name(&self.metric, &field)?;
        let source = Source::open(&self.data, self.format.as_deref(), signature, &field, self.limit)?;
        if source.total == Some(0) {
            // Before the file of earlier results is written over.
            return Err(Error::configuration("expected at least one example, found an empty set")
                .with_hint("check the file, or --limit"));
        }
        let program = loaded.build(&self.demos, &self.lm)?;
        let lm = loaded.lm(&self.lm)?;
        let ctx = loaded.context(lm, &self.policy, &self.fallback, self.demos.seed)?;
        let ctx = loaded.with_extraction_lm(ctx, &self.lm)?;
        let ctx = self.budget.over(ctx);
        let mut results = self.open_results(&loaded)?;
        let mut table = self.table.map(|most| Results::new(most.get(), signature, &field));
        let take = |example: &Example, result| {
            if let Some(table) = &mut table {
                table.add(example, &result);
            }
            results.as_mut().map_or(Ok(()), |results| results.write(example, &result))
        };
        let summary = super::block_on(&ctx, self.evaluate(&ctx, &program, source, metric, take))??;
        if let Some(Stop::Data(e)) = &summary.stopped
            && summary.outcomes().total() == 0
        {
            return Err(e.clone());
        }
        let details = Details {
            metric: &self.metric,
            field: &field,
            lm: ctx.lm().id(),
            adapter: loaded.adapter()?.name().to_owned(),
            policy: ctx.policy().name(),
        };
        if self.json {
            print_json(&report::report_json(&summary, &details))?;
        } else {
            if let Some(table) = &table {
                print(&table.render(summary.outcomes().total()))?;
            }
            report::print_report(&summary, &details)?;
        }
        Ok(report::exit(&summary, self.fail_under))
    }

    async fn evaluate(
        &self,
        ctx: &Context,
        program: &(impl Module<Input = Record, Output = Record> + Parameters + Clone),
        source: Source,
        metric: Box<dyn Metric<Example, Record>>,
        take: impl FnMut(&Example, dspex_evaluate::ExampleResult<Record>) -> Result<()> + Send,
    ) -> Result<Summary> {
        let total = source.total;
        let bar = progress::bar(total);
        let mut evaluate =
            Evaluate::stream(source.stream()?).metric(metric).concurrency(self.concurrency.get());
        if let Some(total) = total {
            evaluate = evaluate.total(total);
        }
        if let Some(most) = self.max_errors {
            evaluate = evaluate.max_errors(most);
        }
        if let Some(most) = self.max_infrastructure_errors {
            evaluate = evaluate.max_infrastructure_errors(most);
        }
        if let Some(time) = self.timeout_per_example {
            evaluate = evaluate.example_deadline(time);
        }
        if let Some(time) = self.timeout {
            evaluate = evaluate.total_deadline(time);
        }
        if let Some(bar) = &bar {
            evaluate = evaluate.on_progress(|p| progress::tell(bar, p));
        }
        let summary = evaluate.run_each(ctx, program, take).await;
        if let Some(bar) = &bar {
            bar.finish_and_clear();
        }
        summary
    }

    /// The file for the results, opened before anything is paid for.
    fn open_results(&self, loaded: &Loaded) -> Result<Option<ResultWriter<File>>> {
        let Some(path) = self.results.as_deref() else { return Ok(None) };
        let mut read = loaded.paths(&self.demos);
        let from_stdin = self.data.as_os_str() == "-";
        read.push(if from_stdin { PathBuf::from("/dev/stdin") } else { self.data.clone() });
        if let Some(other) = read.iter().find(|other| same_file(path, other)) {
            let message = format!(
                "expected another file for the results than those that are read, found `{}`",
                other.display()
            );
            return Err(Error::configuration(message).with_hint("name a file that may be overwritten"));
        }
        let outputs = loaded.leaf_signature()?;
        let outputs = outputs.outputs().iter().map(|f| f.name.as_str());
        ResultWriter::create(path, Columns::of(&loaded.file.signature).with_outputs(outputs)).map(Some)
    }

    fn field(&self, signature: &Signature) -> Result<String> {
        let names = || signature.outputs().iter().map(|f| f.name.as_str());
        match &self.field {
            Some(name) if names().any(|n| n == name) => Ok(name.clone()),
            Some(name) => Err(unknown_name("outputs", name, names())),
            None => Ok(names().next_back().unwrap_or_default().to_owned()),
        }
    }
}
