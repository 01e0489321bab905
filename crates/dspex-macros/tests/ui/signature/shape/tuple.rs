//! Models know fields by name, and a tuple struct has no names.
use dspex_core::Signature;

#[derive(Signature)]
struct Answer(String, String);

fn main() {}
