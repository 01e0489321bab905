//! All errors come at once, and what uses the struct adds none.
use dspex_core::Signature;

#[derive(Signature)]
#[signature(instructionz = "Answer.")]
struct Answer {
    #[input(ge = 1)]
    question: String,
    #[input]
    bare: Bare,
    hint: String,
    #[output(ge = 2, le = 1, desk = "the answer")]
    answer: i32,
}

struct Bare;

fn signature() -> dspex_core::Signature {
    <Answer as dspex_core::TypedSignature>::signature()
}

fn is_input<T: dspex_core::ToRecord + dspex_core::FromRecord + Clone + std::fmt::Debug>(_: T) {}

fn use_it(answer: i32) -> AnswerOutput {
    is_input(AnswerInput { question: String::new(), bare: Bare });
    AnswerOutput { answer }
}

fn main() {}
