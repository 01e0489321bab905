//! A rule over another type than the field's.
use dspex_core::Signature;
use dspex_core::validation::Violation;

fn even(n: i64) -> Result<i64, Violation> {
    Ok(n)
}

#[derive(Signature)]
struct Answer {
    #[input]
    question: String,
    #[output(validate = even)]
    answer: String,
}

fn main() {}
