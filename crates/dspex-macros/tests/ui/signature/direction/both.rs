//! A field has one direction.
use dspex_core::Signature;

#[derive(Signature)]
struct Answer {
    #[input]
    #[output]
    question: String,
    #[output]
    #[output(ge = 1)]
    rank: u8,
}

fn main() {}
