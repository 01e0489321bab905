//! A type parameter in a field makes a demand on those who use the struct.
use dspex_core::Parameters;

#[derive(Parameters)]
struct Program<T> {
    answer: T,
    cache: std::collections::HashMap<String, T>,
    name: String,
}

#[derive(Parameters)]
struct Leaf;

#[derive(Parameters)]
struct Holder<T>(T);

fn use_it(program: &Holder<u8>) -> Vec<dspex_core::Path> {
    dspex_core::Program::paths(program)
}

fn main() {}
