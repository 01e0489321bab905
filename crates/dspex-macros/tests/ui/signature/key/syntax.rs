//! What is not spelled as keys and values is refused where it goes wrong.
use dspex_core::Signature;

#[derive(Signature)]
struct Answer {
    #[input(ge 1)]
    question: u8,
    #[output(le = )]
    answer: u8,
}

fn main() {}
