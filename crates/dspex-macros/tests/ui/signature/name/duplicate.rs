//! Names are distinct, inputs and outputs together.
use dspex_core::Signature;

#[derive(Signature)]
struct Answer {
    #[input]
    question: String,
    #[output(rename = "question")]
    answer: String,
    #[output(rename = "text")]
    first: String,
    #[output]
    text: String,
}

fn main() {}
