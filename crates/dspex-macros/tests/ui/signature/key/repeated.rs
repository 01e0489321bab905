//! A key is given once.
use dspex_core::Signature;

#[derive(Signature)]
#[signature(name = "A", name = "B")]
struct Answer {
    #[output(desc = "one", desc = "two")]
    answer: String,
}

fn main() {}
