//! The compiler speaks of the missing lifetime, too; both say what is wrong.
use dspex_core::Signature;

#[derive(Signature)]
struct Answer {
    #[input]
    question: &str,
    #[output]
    answer: String,
}

fn main() {}
