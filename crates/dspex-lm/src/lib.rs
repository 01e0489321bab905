//! Language models: from a name to a model.
//!
//! To add a model or a provider: a file of its own and a line in [`PROVIDERS`].

mod nearest;

use std::sync::Arc;

use dspex_core::{LanguageModel, Result, unknown_name};

pub use nearest::NearestLm;

/// Makes a model from the part of its name after the provider.
type Make = fn(&str) -> Option<Arc<dyn LanguageModel>>;

/// A provider: the part of a model's name before the slash, the models it is known to have, and how one is made.
#[derive(Clone, Copy, Debug)]
pub struct Provider {
    /// The part before the slash.
    pub name: &'static str,
    /// Models by the part after the slash.
    pub models: &'static [&'static str],
    make: Make,
}

/// Every provider.
pub const PROVIDERS: &[Provider] = &[Provider {
    name: "builtin",
    models: &["nearest"],
    make: |model| (model == "nearest").then(|| Arc::new(NearestLm::new()) as Arc<dyn LanguageModel>),
}];

/// The model of a name, `provider/model`.
///
/// ```
/// assert_eq!(dspex_lm::by_name("builtin/nearest")?.id(), "builtin/nearest");
/// let e = dspex_lm::by_name("builtin/nearst").err().unwrap();
/// assert_eq!(e.hint(), Some("did you mean `builtin/nearest`?"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub fn by_name(name: &str) -> Result<Arc<dyn LanguageModel>> {
    let made = name.split_once('/').and_then(|(provider, model)| {
        PROVIDERS.iter().find(|p| p.name == provider).and_then(|p| (p.make)(model))
    });
    made.ok_or_else(|| {
        let known: Vec<String> =
            PROVIDERS.iter().flat_map(|p| p.models.iter().map(move |m| format!("{}/{m}", p.name))).collect();
        unknown_name("models", name, known.iter().map(String::as_str))
    })
}
