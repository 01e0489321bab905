//! Unknown keys are named, with the nearest that is known.
use dspex_core::Signature;

#[derive(Signature)]
#[signature(instruction = "Answer.")]
struct Answer {
    #[input(descr = "what is asked")]
    question: String,
    #[output(minimum = 1, colour = "red")]
    answer: u8,
}

fn main() {}
