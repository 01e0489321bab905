//! Some types have no size, or no values.
use dspex_core::Signature;

#[derive(Signature)]
struct Answer {
    #[input]
    nothing: Vec<!>,
    #[input]
    anything: impl Clone,
    #[output]
    slice: [u8],
}

fn main() {}
