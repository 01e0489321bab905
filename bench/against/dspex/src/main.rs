//! The contender DSPEx: ChainOfThought over `question -> answer`, typed, as the tutorial writes it.

use std::sync::Arc;

use dspex::lm::Lm;
use dspex::prelude::*;
use measure::{Outcome, Run, check, question};

/// Answer the question.
#[derive(Signature)]
struct Qa {
    #[input]
    question: String,
    #[output]
    answer: String,
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let run = Run::from_args()?;
    let ctx = Context::new(Lm::builder("openai/script").api_base(run.base.as_str()).build()?);
    let program = Arc::new(ChainOfThought::<Qa>::new());
    run.measure(move |number| {
        let (ctx, program) = (ctx.clone(), Arc::clone(&program));
        async move {
            let out = program.call(&ctx, QaInput { question: question(number) }).await?;
            check(&out.reasoning, &out.answer)
        }
    })
    .await
}
