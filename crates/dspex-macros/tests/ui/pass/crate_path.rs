//! The path to the crate can be said.
#![deny(warnings, dead_code)]

mod engine {
    pub use dspex_core::*;
}

#[derive(engine::Signature)]
#[signature(crate = crate::engine)]
struct Answer {
    #[input]
    question: String,
    #[output]
    answer: String,
}

#[derive(engine::Parameters)]
#[parameters(crate = engine)]
struct Program {
    parts: Vec<Option<Box<dyn engine::DynModule>>>,
}

fn main() {
    let program = Program { parts: vec![None] };
    assert!(engine::Program::paths(&program).is_empty());
    assert_eq!(<Answer as engine::TypedSignature>::signature().to_string(), "question -> answer");
}
