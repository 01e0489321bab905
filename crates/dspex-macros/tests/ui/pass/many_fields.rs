//! No number of fields is too many.
#![deny(warnings)]

use dspex_core::{Signature, TypedSignature};

#[derive(Signature)]
struct Many {
    #[input]
    a0: u8,
    #[input]
    a1: u8,
    #[input]
    a2: u8,
    #[input]
    a3: u8,
    #[input]
    a4: u8,
    #[input]
    a5: u8,
    #[input]
    a6: u8,
    #[input]
    a7: u8,
    #[input]
    a8: u8,
    #[input]
    a9: u8,
    #[input]
    a10: u8,
    #[input]
    a11: u8,
    #[input]
    a12: u8,
    #[input]
    a13: u8,
    #[input]
    a14: u8,
    #[input]
    a15: u8,
    #[input]
    a16: u8,
    #[input]
    a17: u8,
    #[input]
    a18: u8,
    #[input]
    a19: u8,
    #[output]
    b: u8,
}

fn main() {
    assert_eq!(Many::signature().inputs().len(), 20);
}
