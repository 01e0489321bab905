//! The generated code does not lean on names that the user may have taken.
#![deny(warnings)]

mod core {}
mod std {}
mod serde {}

#[allow(dead_code, non_camel_case_types)]
mod taken {
    pub struct Option;
    pub struct Result;
    pub struct Some;
    pub struct None;
    pub struct Ok;
    pub struct Err;
    pub struct Default;
    pub struct Clone;
    pub struct Debug;
    pub struct Serialize;
    pub struct Box;
    pub struct Vec;
    pub struct usize;
    pub struct bool;
    pub struct str;
}
#[allow(unused_imports)]
use taken::*;

macro_rules! concat {
    () => {};
}
macro_rules! unreachable {
    () => {};
}
#[allow(unused_macros)]
macro_rules! vec {
    () => {};
}

#[derive(::dspex_core::Signature)]
struct Answer {
    /// one
    /// two
    #[input(default = "Q")]
    question: String,
    #[input(default)]
    k: u8,
    #[output(pattern = "a", min_length = 1)]
    answer: String,
}

fn main() {
    concat!();
    unreachable!();
    let answer = Answer { question: "Q".into(), k: 1, answer: "a".into() };
    let (input, output) = ::dspex_core::TypedSignature::split(answer);
    let _ = (input.question, input.k, output.answer);
}
