//! A struct that only names a signature is not unused, and nothing generated is warned about.
//! Its documentation is complete, too.
#![deny(warnings, dead_code, missing_docs, unused, nonstandard_style)]

use dspex_core::{Parameters, Signature};

/// Answer.
#[derive(Signature)]
struct Answer {
    #[input]
    question: String,
    #[output(default = 1, ge = 0)]
    answer: u8,
}

/// Only outputs.
#[derive(Signature)]
struct Ask {
    /// a joke
    #[output]
    joke: String,
}

/// Public, in a program that documents all.
#[derive(Signature)]
pub struct Public {
    #[input(desc = "what is asked")]
    question: String,
    #[output]
    answer: String,
}

/// A program.
#[derive(Parameters)]
pub struct Program {
    #[parameters(skip)]
    _name: String,
}

fn main() {}
