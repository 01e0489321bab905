//! Each field has a direction.
use dspex_core::Signature;

#[derive(Signature)]
struct Answer {
    #[input]
    question: String,
    /// the answer
    answer: String,
    r#type: String,
}

fn main() {}
