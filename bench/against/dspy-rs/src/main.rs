//! The contender dspy-rs: the same, as its examples write it.

use std::sync::Arc;

use dspy_rs::{ChatAdapter, LM, Predict, Predictor, Signature, configure, example};
use measure::{Outcome, Run, check, question};

#[Signature(cot)]
struct Qa {
    /// Answer the question.

    #[input]
    pub question: String,

    #[output]
    pub answer: String,
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let run = Run::from_args()?;
    // Its cache is off unless it is asked for.
    let lm = LM::builder().base_url(run.base.clone()).model("script".to_owned()).build().await?;
    configure(lm, ChatAdapter);
    let program = Arc::new(Predict::new(Qa::new()));
    run.measure(move |number| {
        let program = Arc::clone(&program);
        async move {
            let out = program.forward(example! { "question": "input" => question(number) }).await?;
            let text = |key| out.get(key, None).as_str().map(str::to_owned).unwrap_or_default();
            check(&text("reasoning"), &text("answer"))
        }
    })
    .await
}
