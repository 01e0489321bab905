//! A pattern is a regular expression.
use dspex_core::Signature;

#[derive(Signature)]
struct Answer {
    #[output(pattern = "(a")]
    answer: String,
    #[output(pattern = "(?=a)")]
    ahead: String,
}

fn main() {}
