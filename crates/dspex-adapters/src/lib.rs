//! Adapters: they write the prompt of a call and read the completion.
//!
//! An adapter is an algorithm, which decides roles, markers, order and the form of values, and a [`Wording`], which
//! holds the sentences around them as data. To add one: a file of its own and a line in [`ADAPTERS`].

mod baml;
mod chat;
mod format;
mod guarded;
mod history;
mod json;
mod lean;
mod markers;
mod native;
mod parse;
mod parts;
mod read;
mod schema;
mod turns;
mod two_step;
mod wording;

use std::sync::Arc;

use dspex_core::{Adapter, Result, unknown_name};

pub use baml::{BamlAdapter, BamlTypeWording, BamlWording};
pub use chat::{ChatAdapter, ChatWording};
pub use guarded::Guarded;
pub use json::{JsonAdapter, JsonWording};
pub use lean::{LeanAdapter, LeanWording};
pub use native::Native;
#[doc(hidden)]
pub use parse::conformance;
pub use read::{read_text, read_value};
pub use schema::output_schema;
pub use two_step::{TwoStepAdapter, TwoStepWording};
pub use wording::{DemoWording, FieldWording, NativeWording, ReminderWording, Wording};

/// Makes an adapter with our wording.
type Make = fn() -> Arc<dyn Adapter>;

/// Every adapter by its name.
pub const ADAPTERS: &[(&str, Make)] = &[
    ("chat", || Arc::new(ChatAdapter::new())),
    ("json", || Arc::new(JsonAdapter::new())),
    ("two_step", || Arc::new(TwoStepAdapter::new())),
    ("baml", || Arc::new(BamlAdapter::new())),
    ("lean", || Arc::new(LeanAdapter::new())),
];

/// The adapter of a name.
///
/// ```
/// assert_eq!(dspex_adapters::by_name("chat")?.name(), "chat");
/// let e = dspex_adapters::by_name("chta").err().unwrap();
/// assert_eq!(e.hint(), Some("did you mean `chat`?"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub fn by_name(name: &str) -> Result<Arc<dyn Adapter>> {
    match ADAPTERS.iter().find(|(n, _)| *n == name) {
        Some((_, make)) => Ok(make()),
        None => Err(unknown_name("adapters", name, ADAPTERS.iter().map(|(n, _)| *n))),
    }
}
