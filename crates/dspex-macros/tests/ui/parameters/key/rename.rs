//! A name is one step of a path, distinct from the others.
use dspex_core::Parameters;

#[derive(Parameters)]
struct Program {
    #[parameters(rename = "a.b")]
    a: Leaf,
    #[parameters(rename = "c")]
    b: Leaf,
    c: Leaf,
    #[parameters(skip, rename = "e")]
    d: String,
}

#[derive(Parameters)]
struct Leaf;

fn main() {}
