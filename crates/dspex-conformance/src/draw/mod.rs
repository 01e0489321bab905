//! Drawing types and values at random, for tests that need many.
//!
//! Types are drawn in the words of the corpus, so that DSPy can make the same ones; values are drawn for a type.

mod text;
mod types;
mod values;
mod world;

pub use text::text;
pub use types::{output_type, plain_type};
pub use values::value;
pub use world::World;
pub(crate) use world::{default_of, draw};
