//! Scores summaries of meeting notes by a second program, the judge, and keeps apart what can go wrong.

use dspex::TypedSignature as _;
use dspex::evaluate::{Dataset, Outcome};
use dspex::lm::{LmError, LmErrorKind};
use dspex::prelude::*;
use dspex_examples::{data, model, script};

/// Summarize the notes in one sentence: what was decided, and who does what.
#[derive(Signature)]
struct Summarize {
    #[input]
    notes: String,
    #[output(max_length = 200)]
    summary: String,
}

/// Compare the summary with the notes.
#[derive(Signature)]
struct Judge {
    #[input]
    notes: String,
    #[input]
    summary: String,
    /// what is wrong or missing
    #[output]
    reason: String,
    /// whether the notes say everything that the summary says
    #[output]
    faithful: bool,
    /// how much of what matters is there
    #[output(ge = 1, le = 5)]
    coverage: u8,
}

/// 0 for a summary that says what the notes do not; else what it covers, from 0 to 1.
async fn judged(
    judge: Predict<Judge>,
    ctx: Context,
    example: Example,
    out: Prediction<SummarizeOutput>,
) -> Result<f64> {
    let input = JudgeInput { notes: example.get("notes")?, summary: out.summary.clone() };
    let verdict = judge.call(&ctx, input).await?;
    Ok(if verdict.faithful { f64::from(verdict.coverage - 1) / 4.0 } else { 0.0 })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let outage = LmError::new(LmErrorKind::Server, "overloaded").with_status(503);
    let writer = model(script("judge/writer.toml")?.with_failure(4, outage))?;
    let judge = Predict::<Judge>::new().with_lm(model(script("judge/judge.toml")?)?);
    let notes = Dataset::load(data("judge/notes.jsonl"))?.examples(&Summarize::signature())?;

    let metric = metric_async(move |ctx, example, out| judged(judge.clone(), ctx, example, out));
    let evaluate = Evaluate::new(&notes).metric(metric.named("judged"));
    let report = evaluate.run(&Context::new(writer), &Predict::<Summarize>::new()).await?;
    for result in &report.results {
        let detail = match &result.outcome {
            Outcome::Scored(score) => format!("{score:.2}"),
            other => other.error().map(ToString::to_string).unwrap_or_default(),
        };
        println!("{:<21} {detail}", result.outcome.name());
    }
    println!("\n{}: {report}\n{}", report.metric, report.usage());
    Ok(())
}
