//! A signature asks for something.
use dspex_core::Signature;

#[derive(Signature)]
struct Answer {
    #[input]
    question: String,
}

fn main() {}
