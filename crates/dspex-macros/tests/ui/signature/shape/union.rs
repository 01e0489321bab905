//! A union is no signature.
use dspex_core::Signature;

#[derive(Signature)]
union Answer {
    a: u8,
    b: i8,
}

fn main() {}
