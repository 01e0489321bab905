//! Nothing is asked by a struct without fields.
use dspex_core::Signature;

#[derive(Signature)]
struct Answer;

fn main() {}
