//! A bound is a number that signatures can hold.
use dspex_core::Signature;

#[derive(Signature)]
struct Answer {
    #[output(ge = 0, le = 99_999_999_999_999_999_999)]
    answer: u128,
}

fn main() {}
