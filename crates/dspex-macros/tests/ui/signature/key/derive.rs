//! What is derived always is not derived again.
use dspex_core::Signature;

#[derive(Signature)]
#[signature(derive(Clone, PartialEq, serde::Serialize))]
struct Answer {
    #[output]
    answer: String,
}

fn main() {}
