//! A name is one that signature strings take.
use dspex_core::Signature;

#[derive(Signature)]
#[signature(name = "")]
struct Answer {
    #[input(rename = "the question")]
    question: String,
    #[output(rename = "1st")]
    answer: String,
}

fn main() {}
