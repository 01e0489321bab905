//! A signature has fixed types. What uses it says nothing more.
use dspex_core::Signature;

#[derive(Signature)]
struct Answer<T> {
    #[input]
    question: String,
    #[output]
    answer: T,
}

fn use_it() -> dspex_core::Signature {
    <Answer<u8> as dspex_core::TypedSignature>::signature()
}

fn main() {}
