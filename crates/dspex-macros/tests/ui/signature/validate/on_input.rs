//! A rule on what is given.
use dspex_core::Signature;
use dspex_core::validation::Violation;

fn short(text: String) -> Result<String, Violation> {
    Ok(text)
}

#[derive(Signature)]
struct Answer {
    #[input(validate = short)]
    question: String,
    #[output]
    answer: String,
}

fn main() {}
