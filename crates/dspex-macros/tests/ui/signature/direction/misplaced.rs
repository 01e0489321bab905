//! Attributes stand where they belong.
use dspex_core::Signature;

#[derive(Signature)]
#[input]
struct Answer {
    #[input]
    #[signature(name = "Question")]
    question: String,
    #[output = "answer"]
    answer: String,
}

fn main() {}
