//! A rule that is no function.
use dspex_core::Signature;

#[derive(Signature)]
struct Answer {
    #[input]
    question: String,
    #[output(validate = "short")]
    answer: String,
}

fn main() {}
