//! Lengths are for text and collections.
use dspex_core::Signature;

#[derive(Signature)]
struct Answer {
    #[input(min_length = 1)]
    k: usize,
    #[output(max_length = 2)]
    sure: bool,
    #[output(max_length = 2)]
    score: Option<Box<f64>>,
}

fn main() {}
