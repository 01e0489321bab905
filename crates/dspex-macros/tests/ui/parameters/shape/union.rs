//! A union shows no field safely.
use dspex_core::Parameters;

#[derive(Parameters)]
union Program {
    a: u8,
}

fn main() {}
