//! Adapters: they write the prompt of a call and read the completion.
//!
//! An adapter is an algorithm, which decides roles, markers, order and the form of values, and a [`Wording`], which
//! holds the sentences around them as data. To add one: a file of its own and a line in [`ADAPTERS`].

mod baml;
mod chat;
mod common;
mod format;
mod guarded;
mod history;
mod json;
mod lean;
mod markers;
mod native;
mod nested;
mod parse;
mod parts;
mod read;
mod schema;
mod turns;
mod two_step;
mod wording;
mod xml;

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
pub use parse::found_sections;
pub use read::{read_text, read_value};
pub use schema::output_schema;
pub use two_step::{TwoStepAdapter, TwoStepWording};
pub use wording::{
    DemoWording, FieldWording, InstructionsWording, NativeWording, ReminderWording, Wording, literal,
};
pub use xml::{XmlAdapter, XmlWording};

/// Makes an adapter with a wording.
type Make = fn(Arc<Wording>) -> Arc<dyn Adapter>;

/// Every adapter by its name.
pub const ADAPTERS: &[(&str, Make)] = &[
    ("chat", |wording| Arc::new(ChatAdapter::with_wording(wording))),
    ("json", |wording| Arc::new(JsonAdapter::with_wording(wording))),
    ("xml", |wording| Arc::new(XmlAdapter::with_wording(wording))),
    ("two_step", |wording| Arc::new(TwoStepAdapter::with_wording(wording))),
    ("baml", |wording| Arc::new(BamlAdapter::with_wording(wording))),
    ("lean", |wording| Arc::new(LeanAdapter::with_wording(wording))),
];

/// The adapter of a name, with our wording.
///
/// ```
/// assert_eq!(dspex_adapters::by_name("chat")?.name(), "chat");
/// let e = dspex_adapters::by_name("chta").err().unwrap();
/// assert_eq!(e.hint(), Some("did you mean `chat`?"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub fn by_name(name: &str) -> Result<Arc<dyn Adapter>> {
    by_name_with(name, Wording::default())
}

/// The adapter of a name, with another wording.
///
/// ```
/// use dspex_adapters::{Wording, by_name_with};
/// let mut wording = Wording::default();
/// wording.id = "acme-7".into();
/// assert_eq!(by_name_with("json", wording)?.wording(), Some("acme-7"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub fn by_name_with(name: &str, wording: impl Into<Arc<Wording>>) -> Result<Arc<dyn Adapter>> {
    match ADAPTERS.iter().find(|(n, _)| *n == name) {
        Some((_, make)) => Ok(make(wording.into())),
        None => Err(unknown_name("adapters", name, ADAPTERS.iter().map(|(n, _)| *n))),
    }
}
