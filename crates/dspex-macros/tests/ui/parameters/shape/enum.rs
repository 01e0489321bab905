//! The leaves of an enum would change with its variant.
use dspex_core::Parameters;

#[derive(Parameters)]
enum Program {
    A,
}

fn paths(program: &Program) -> Vec<dspex_core::Path> {
    dspex_core::Program::paths(program)
}

fn main() {}
