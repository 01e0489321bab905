//! Fields own their data.
use dspex_core::Signature;

#[derive(Signature)]
struct Answer {
    #[input]
    question: &'static str,
    #[input]
    words: Vec<&'static [&'static str]>,
    #[output]
    answer: String,
}

fn use_it(input: AnswerInput) -> &'static str {
    input.question
}

fn main() {}
