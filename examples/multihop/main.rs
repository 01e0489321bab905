//! Answers questions that no single document answers: searches, reads, searches again, and then answers.

use dspex::evaluate::{Dataset, f1};
use dspex::prelude::*;
use dspex::{Limits, TypedSignature as _};
use dspex_examples::{data, model, script};

/// Name what to look up next to answer the question, or repeat the last query if nothing is missing.
#[derive(Signature)]
struct NextQuery {
    #[input]
    found: Vec<String>,
    #[input]
    question: String,
    #[output]
    query: String,
}

/// Answer the question from what was found, in a few words.
#[derive(Signature)]
struct Answer {
    #[input]
    found: Vec<String>,
    #[input]
    question: String,
    #[output]
    answer: String,
}

/// A question and its answer, as the data has them.
#[derive(Signature)]
struct Asked {
    #[input]
    question: String,
    #[output]
    answer: String,
}

#[derive(Clone, Parameters)]
struct MultiHop {
    query: Predict<NextQuery>,
    answer: ChainOfThought<Answer>,
    #[parameters(skip)]
    documents: Vec<String>,
}

const MOST_HOPS: usize = 3;

impl Module for MultiHop {
    type Input = AskedInput;
    type Output = WithReasoning<AnswerOutput>;

    async fn forward(&self, ctx: &Context, asked: AskedInput) -> Result<Prediction<Self::Output>> {
        let question = asked.question;
        let mut found: Vec<String> = Vec::new();
        for _ in 0..MOST_HOPS {
            let input = NextQueryInput { found: found.clone(), question: question.clone() };
            let query = self.query.call(ctx, input).await?;
            match self.search(&query.query) {
                Some(document) if !found.contains(document) => found.push(document.clone()),
                _ => break,
            }
        }
        self.answer.call(ctx, AnswerInput { found, question }).await
    }
}

impl MultiHop {
    /// The document with most words of the query; of equals, the first.
    fn search(&self, query: &str) -> Option<&String> {
        let score = |document: &&String| words(document).filter(|w| words(query).any(|q| q == *w)).count();
        self.documents.iter().rev().max_by_key(score).filter(|d| score(d) > 0)
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| w.len() > 2).map(str::to_lowercase)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let ctx = Context::new(model(script("multihop/script.toml")?)?);
    let questions: Vec<Asked> = Dataset::load(data("multihop/questions.jsonl"))?.typed()?;
    let documents = include_str!("data/documents.txt").lines().map(str::to_owned).collect();
    let program = MultiHop { query: Predict::new(), answer: ChainOfThought::new(), documents }.stamped();

    let report = Evaluate::new(&questions).metric(f1("answer")).run(&ctx, &program).await?;
    println!("f1 {report}, {}", report.usage());

    let longest = &questions[2];
    println!("\n{}", longest.question);
    let (traced, trace) = ctx.traced();
    let out = program.call(&traced, longest.input()).await?;
    for step in trace.steps() {
        let outputs = step.outputs.unwrap_or_default();
        let said = outputs.values().last().and_then(Value::as_str).unwrap_or_default();
        println!("  {:<15} {said}", step.path);
    }
    println!("  {} for {}", out.answer, out.usage());

    println!("\nthe same with a budget of three calls");
    let limited = ctx.with_limits(Limits::none().calls(3));
    match program.call(&limited, longest.input()).await {
        Ok(out) => println!("  {}", out.answer),
        Err(e) => println!("  {}: {e}; paid for {}", e.code(), e.usage()),
    }
    Ok(())
}
