//! A default keeps the rules of its field.
use dspex_core::Signature;

#[derive(Signature)]
struct Answer {
    #[input(default = 2, le = 1)]
    k: i32,
    #[input(pattern = "^[a-z]+$", max_length = 2, default = "ABC")]
    language: String,
    #[output]
    answer: String,
}

fn main() {}
