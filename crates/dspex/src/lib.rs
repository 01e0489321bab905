//! Programming language models: write what goes in and what comes out, compose such steps into programs, give them
//! demonstrations, and measure them.
pub use dspex_core::*;
pub use dspex_modules::{ChainOfThought, Dynamic, Predict, ProgramFile};
