//! An enum is no signature.
use dspex_core::Signature;

#[derive(Signature)]
enum Answer {
    Yes,
    No,
}

fn main() {}
