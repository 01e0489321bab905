//! Providers: one row each, from the part of a model's name before the slash to what reaches it.

mod table;
#[cfg(feature = "http")]
mod vendor;

use std::sync::Arc;

use dspex_core::{Error, LanguageModel, Result, unknown_name};

pub use table::PROVIDERS;
#[cfg(feature = "http")]
use vendor::Vendor;

use crate::lm::LmBuilder;

/// A provider: the part of a model's name before the slash, and how its models are reached.
///
/// ```
/// use dspex_lm::{PROVIDERS, Provider};
/// let of = |name: &str| PROVIDERS.iter().find(|p| p.name == name).unwrap();
/// let ollama: &Provider = of("ollama");
/// assert_eq!(ollama.base_variables(), ["OLLAMA_API_BASE"]);
/// assert!(ollama.models().is_empty(), "only its server knows");
/// assert_eq!(of("builtin").models(), ["nearest"]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Provider {
    /// The part before the slash.
    pub name: &'static str,
    how: How,
}

/// Makes a model in this process.
type Make = fn() -> Arc<dyn LanguageModel>;

#[derive(Clone, Copy, Debug)]
enum How {
    /// Models in this process, by name.
    BuiltIn(&'static [(&'static str, Make)]),
    /// Models behind an endpoint.
    #[cfg(feature = "http")]
    Http(Vendor),
}

impl Provider {
    /// The models that it is known to have; empty where only its server knows.
    pub fn models(&self) -> Vec<&'static str> {
        match self.how {
            How::BuiltIn(models) => models.iter().map(|(name, _)| *name).collect(),
            #[cfg(feature = "http")]
            How::Http(_) => Vec::new(),
        }
    }

    /// The variables of the environment that may hold its key; the first that is set counts.
    pub fn key_variables(&self) -> &'static [&'static str] {
        match self.how {
            How::BuiltIn(_) => &[],
            #[cfg(feature = "http")]
            How::Http(vendor) => vendor.key_variables,
        }
    }

    /// The variables of the environment that may hold its base URL; the first that is set counts.
    pub fn base_variables(&self) -> &'static [&'static str] {
        match self.how {
            How::BuiltIn(_) => &[],
            #[cfg(feature = "http")]
            How::Http(vendor) => vendor.base_variables,
        }
    }

    #[cfg_attr(
        not(feature = "http"),
        expect(clippy::needless_pass_by_value, reason = "endpoints take it apart")
    )]
    pub(crate) fn make(&self, model: &str, settings: LmBuilder) -> Result<Arc<dyn LanguageModel>> {
        match self.how {
            How::BuiltIn(models) => {
                if settings.api_base.is_some() {
                    let message = format!("expected no base URL for `{}`, found one", settings.name);
                    return Err(Error::configuration(message)
                        .with_hint("it answers in this process; name a model of another provider"));
                }
                let known = || models.iter().map(|(name, _)| *name);
                match models.iter().find(|(name, _)| *name == model) {
                    Some((_, make)) => Ok(make()),
                    None => {
                        let full: Vec<String> = known().map(|m| format!("{}/{m}", self.name)).collect();
                        Err(unknown_name("models", &settings.name, full.iter().map(String::as_str)))
                    }
                }
            }
            #[cfg(feature = "http")]
            How::Http(vendor) => vendor.make(model, settings),
        }
    }
}

/// The provider and the model that a name means.
pub(crate) fn split(name: &str) -> Result<(&'static Provider, &str)> {
    let providers = || PROVIDERS.iter().map(|p| p.name);
    let Some((provider, model)) = name.split_once('/').filter(|(_, model)| !model.is_empty()) else {
        let known = providers().map(|p| format!("`{p}/...`")).collect::<Vec<_>>().join(", ");
        return Err(Error::configuration(format!("expected a model as `provider/model`, found `{name}`"))
            .with_hint(format!("write one of {known}")));
    };
    match PROVIDERS.iter().find(|p| p.name == provider) {
        Some(known) => Ok((known, model)),
        None => Err(unknown_name("providers", provider, providers())),
    }
}
