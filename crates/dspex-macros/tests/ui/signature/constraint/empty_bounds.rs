//! Some number meets the bounds, some value has the length.
use dspex_core::Signature;

#[derive(Signature)]
struct Answer {
    #[input(ge = 5, le = 1)]
    a: i32,
    #[input(lt = 1.5, ge = 1.5)]
    b: f64,
    #[output(min_length = 5, max_length = 1)]
    c: String,
    #[output(multiple_of = 0)]
    d: i32,
}

fn main() {}
