//! Unknown keys are named, with the nearest that is known.
use dspex_core::Parameters;

#[derive(Parameters)]
#[parameters(skip)]
struct Program {
    #[parameters(ignore)]
    a: Vec<Leaf>,
    #[parameters(skipp)]
    b: Vec<Leaf>,
    #[parameters(skip = true)]
    c: Vec<Leaf>,
}

#[derive(Parameters)]
#[parameters(rate = "x")]
struct Leaf;

fn main() {}
