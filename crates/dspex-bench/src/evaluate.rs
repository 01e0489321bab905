//! A million examples from a stream: what the engine takes for each, and that memory does not grow with them.

use std::time::Instant;

use dspex::evaluate::{Evaluate, exact_match};
use dspex::{Context, Example, Predict};

use crate::Measured;
use crate::in_flight::resident_kilobytes;
use crate::measure::Figure;
use crate::model::Fixed;

const EXAMPLES: usize = 1_000_000;

pub(crate) fn evaluate() -> Measured {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let program = Predict::parse("question -> answer")?;
    let ctx = Context::new(Fixed::new("[[ ## answer ## ]]\nyes\n\n[[ ## completed ## ]]\n"));
    let rows = (0..EXAMPLES).map(|i| {
        let answer = if i % 3 == 0 { "no" } else { "yes" };
        Ok(Example::new([("question", format!("question {i}")), ("answer", answer.to_owned())])
            .with_inputs(["question"]))
    });
    let (mut early, mut failed) = (0.0, None);
    let started = Instant::now();
    let evaluate = Evaluate::over(rows).metric(exact_match("answer"));
    let summary = runtime.block_on(evaluate.run_each(&ctx, &program, |_, result| {
        if result.index == EXAMPLES / 100 {
            match resident_kilobytes() {
                Ok(kilobytes) => early = kilobytes,
                Err(e) => failed = Some(e.to_string()),
            }
        }
        Ok(())
    }))?;
    let micros = started.elapsed().as_secs_f64() * 1e6 / EXAMPLES as f64;
    if let Some(e) = failed {
        return Err(e.into());
    }
    let grown = resident_kilobytes()? - early;
    if summary.outcomes().scored != EXAMPLES {
        return Err(format!("expected every example to be scored, found {:?}", summary.outcomes()).into());
    }
    Ok(vec![
        Figure {
            name: "one of 1,000,000 examples, scored (call included)".into(),
            value: micros,
            unit: "us",
            at_most: 25.0,
        },
        Figure {
            name: "memory that 990,000 further examples take".into(),
            value: grown,
            unit: "KB",
            at_most: 2_000.0,
        },
    ])
}
