//! Solves word problems by asking several times and letting the answers vote: self-consistency.

use dspex::evaluate::{Dataset, majority, normalize_vote, numeric};
use dspex::lm::Options;
use dspex::prelude::*;
use dspex_examples::{data, model, script};

/// Solve the problem. Write each step as an equation, with spaces: 3 * 4 = 12
#[derive(Clone, Signature)]
struct Solve {
    #[input]
    problem: String,
    #[output]
    answer: f64,
}

type Solution = WithReasoning<SolveOutput>;

#[derive(Clone, Parameters)]
struct SelfConsistency {
    solve: ChainOfThought<Solve>,
    /// Whether solutions with a wrong equation lose their vote.
    #[parameters(skip)]
    checked: bool,
}

impl SelfConsistency {
    fn new(votes: u32, checked: bool) -> Self {
        let solve = ChainOfThought::new().with_options(Options::new().n(votes).temperature(0.7));
        Self { solve, checked }
    }
}

impl Module for SelfConsistency {
    type Input = SolveInput;
    type Output = Solution;

    async fn forward(&self, ctx: &Context, input: SolveInput) -> Result<Prediction<Solution>> {
        let solutions = self.solve.call(ctx, input).await?;
        let adds_up = |s: &&Solution| !self.checked || equations_hold(&s.reasoning);
        let mut sound: Vec<Solution> = solutions.completions().filter(adds_up).cloned().collect();
        let voters =
            if sound.is_empty() { solutions } else { Prediction::new(sound.remove(0)).with_others(sound) };
        majority(&voters, Some("answer"), normalize_vote)
    }
}

/// Whether every `a * b = c` in a text is true.
fn equations_hold(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let number = |word: &str| word.trim_end_matches(['.', ',', ';']).parse::<f64>().ok();
    words.windows(5).all(|w| {
        let (Some(a), Some(b), "=", Some(c)) = (number(w[0]), number(w[2]), w[3], number(w[4])) else {
            return true;
        };
        let result = match w[1] {
            "+" => a + b,
            "-" => a - b,
            "*" => a * b,
            "/" => a / b,
            _ => return true,
        };
        (result - c).abs() < 0.01
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let problems: Vec<Solve> = Dataset::load(data("word_problems/problems.jsonl"))?.typed()?;
    let ctx = Context::new(model(script("word_problems/script.toml")?)?);
    let evaluate = Evaluate::new(&problems).metric(numeric("answer"));

    for votes in [1, 3, 5] {
        let report = evaluate.run(&ctx, &SelfConsistency::new(votes, false)).await?;
        println!("{votes} asked             {report}  {}", report.usage());
    }
    let report = evaluate.run(&ctx, &SelfConsistency::new(5, true)).await?;
    println!("5 asked and checked {report}  {}", report.usage());

    println!("\nstill wrong");
    for (problem, result) in problems.iter().zip(&report.results) {
        if let Some(solution) =
            result.prediction.as_ref().filter(|s| (s.answer - problem.answer).abs() > 0.01)
        {
            println!("  {}\n  {} (right is {})", problem.problem, solution.reasoning, problem.answer);
        }
    }
    Ok(())
}
