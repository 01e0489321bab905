//! Providers: one row each, from the part of a model's name before the slash to what reaches it.

#[cfg(feature = "http")]
mod embeds;
#[cfg(feature = "http")]
mod families;
mod table;
#[cfg(feature = "http")]
mod template;
#[cfg(all(test, feature = "http"))]
mod tests;
#[cfg(feature = "http")]
mod vendor;

use std::sync::Arc;

use dspex_core::lm::Capabilities;
use dspex_core::{Error, LanguageModel, Result, unknown_name};

pub use table::PROVIDERS;
#[cfg(feature = "http")]
use vendor::Vendor;

use crate::lm::Settings;
#[cfg(feature = "http")]
use crate::wire::Quirks;

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
#[cfg_attr(feature = "http", expect(clippy::large_enum_variant, reason = "the rows of a table of constants"))]
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

    /// The settings, beside key and base URL, that its URLs ask for, by their variables.
    ///
    /// ```
    /// let azure = dspex_lm::PROVIDERS.iter().find(|p| p.name == "azure").unwrap();
    /// assert_eq!(azure.settings(), ["AZURE_API_VERSION"]);
    /// ```
    pub fn settings(&self) -> Vec<&'static str> {
        match self.how {
            How::BuiltIn(_) => Vec::new(),
            #[cfg(feature = "http")]
            How::Http(vendor) => {
                let all = template::variables(vendor.base).into_iter();
                all.filter(|name| !vendor.base_variables.contains(name)).collect()
            }
        }
    }

    /// The wires that its models are spoken to by, the usual one first; none where they are in this process.
    pub fn wires(&self) -> Vec<&'static str> {
        match self.how {
            How::BuiltIn(_) => Vec::new(),
            #[cfg(feature = "http")]
            How::Http(vendor) => {
                let more = vendor.more_wires.iter().map(|(_, wire)| wire.name());
                std::iter::once(vendor.wire.name()).chain(more).collect()
            }
        }
    }

    /// The wire by which it is asked for embeddings; none where it makes none.
    ///
    /// ```
    /// let of = |name: &str| dspex_lm::PROVIDERS.iter().find(|p| p.name == name).unwrap().embeddings();
    /// assert_eq!((of("mistral"), of("anthropic")), (Some("openai_embeddings"), None));
    /// ```
    pub fn embeddings(&self) -> Option<&'static str> {
        match self.how {
            How::BuiltIn(_) => None,
            #[cfg(feature = "http")]
            How::Http(vendor) => vendor.embeds.map(|embeds| embeds.form.name()),
        }
    }

    /// A model that makes embeddings.
    #[cfg(feature = "http")]
    pub(crate) fn embedder(&self, model: &str, settings: Settings) -> Result<crate::EmbeddingModel> {
        if let How::Http(vendor) = self.how
            && let Some(embeds) = vendor.embeds
        {
            return vendor.embedder(embeds, model, settings);
        }
        let known = PROVIDERS.iter().filter(|p| p.embeddings().is_some());
        let known = known.map(|p| format!("`{}/...`", p.name)).collect::<Vec<_>>().join(", ");
        Err(Error::configuration(format!("expected a provider of embeddings, found `{}`", self.name))
            .with_hint(format!("write one of {known}")))
    }

    /// A model that is asked in batches.
    #[cfg(feature = "http")]
    pub(crate) fn batches(&self, model: &str, settings: Settings) -> Result<crate::Batches> {
        let api = |provider: &Self| match provider.how {
            How::Http(vendor) => vendor.batches,
            How::BuiltIn(_) => None,
        };
        if let (How::Http(vendor), Some(api)) = (self.how, api(self)) {
            return vendor.batches(api, model, settings);
        }
        let known = PROVIDERS.iter().filter(|p| api(p).is_some());
        let known = known.map(|p| format!("`{}/...`", p.name)).collect::<Vec<_>>().join(", ");
        Err(Error::configuration(format!("expected a provider of batches, found `{}`", self.name))
            .with_hint(format!("write one of {known}")))
    }

    /// The base URL of its models, with places for what has to be set; none where they are in this process.
    pub fn base(&self) -> Option<&'static str> {
        match self.how {
            How::BuiltIn(_) => None,
            #[cfg(feature = "http")]
            How::Http(vendor) => Some(vendor.base),
        }
    }

    /// What a model of it can do, as far as its name tells.
    pub fn capabilities(&self, model: &str) -> Capabilities {
        match self.how {
            How::BuiltIn(models) => {
                let known = models.iter().find(|(name, _)| *name == model);
                known.map(|(_, make)| make().capabilities()).unwrap_or_default()
            }
            #[cfg(feature = "http")]
            How::Http(vendor) => {
                let (model, wire) = vendor.wire_of(model);
                vendor.able(model, wire)
            }
        }
    }

    #[cfg_attr(
        not(feature = "http"),
        expect(clippy::needless_pass_by_value, reason = "endpoints take it apart")
    )]
    pub(crate) fn make(&self, model: &str, settings: Settings) -> Result<Arc<dyn LanguageModel>> {
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

/// What differs about a vendor that a recording names; nothing where it is not known.
#[cfg(feature = "http")]
pub(crate) fn quirks_of(vendor: &str) -> Quirks {
    match PROVIDERS.iter().find(|p| p.name == vendor).map(|p| p.how) {
        Some(How::Http(vendor)) => vendor.quirks,
        _ => Quirks::NONE,
    }
}

/// How a vendor that a recording names makes embeddings.
#[cfg(all(test, feature = "http"))]
pub(crate) fn embeds_of(vendor: &str) -> Option<crate::wire::embeddings::Embeds> {
    match PROVIDERS.iter().find(|p| p.name == vendor).map(|p| p.how) {
        Some(How::Http(vendor)) => vendor.embeds,
        _ => None,
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
