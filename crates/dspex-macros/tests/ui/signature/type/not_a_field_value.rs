//! A type of the user's that lacks derives is one error, on the type.
use dspex_core::Signature;

struct Bare;

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
struct NoSchema;

#[derive(Signature)]
struct Answer {
    #[input]
    bare: Bare,
    #[output]
    nested: Vec<NoSchema>,
}

fn use_it(answer: Answer) -> (AnswerInput, AnswerOutput) {
    dspex_core::TypedSignature::split(answer)
}

fn main() {}
