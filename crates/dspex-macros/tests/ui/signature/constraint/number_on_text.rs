//! Bounds are for numbers, also behind an `Option`.
use dspex_core::Signature;

#[derive(Signature)]
struct Answer {
    #[input(ge = 1)]
    question: String,
    #[output(multiple_of = 2)]
    sure: bool,
    #[output(lt = 3)]
    answers: Option<Vec<u8>>,
}

fn main() {}
