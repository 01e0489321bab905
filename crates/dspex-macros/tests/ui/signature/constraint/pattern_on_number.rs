//! Patterns are for text, `allow_inf_nan` is for floats.
use dspex_core::Signature;

#[derive(Signature)]
struct Answer {
    #[input(pattern = "a+")]
    k: i32,
    #[output(pattern = "a+", allow_inf_nan = false)]
    answers: Vec<String>,
}

fn main() {}
