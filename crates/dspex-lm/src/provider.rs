//! Providers: one row each, from the part of a model's name before the slash to what reaches it.

use std::sync::Arc;

#[cfg(feature = "http")]
use dspex_core::lm::Capabilities;
#[cfg(feature = "http")]
use dspex_core::schema::{GBNF, OPENAI, SchemaDialect};
use dspex_core::{Error, LanguageModel, Result, unknown_name};

use crate::NearestLm;
use crate::lm::LmBuilder;
#[cfg(feature = "http")]
use crate::{
    http::{Endpoint, HttpLm},
    wire::{OPENAI_CHAT, Quirks, Wire},
};

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

/// A vendor, or a kind of server.
#[cfg(feature = "http")]
#[derive(Clone, Copy, Debug)]
struct Vendor {
    base: &'static str,
    /// What a base URL without a path is followed by.
    base_path: &'static str,
    base_variables: &'static [&'static str],
    key_variables: &'static [&'static str],
    /// Whether the vendor's own address takes no call without a key.
    needs_key: bool,
    wire: Wire,
    quirks: Quirks,
    capabilities: fn() -> Capabilities,
    /// The dialect of JSON Schema that its models are given.
    dialect: SchemaDialect,
}

/// Every provider. To add one: a row here.
///
/// ```
/// let names: Vec<&str> = dspex_lm::PROVIDERS.iter().map(|p| p.name).collect();
/// assert!(names.contains(&"builtin") && names.contains(&"ollama"));
/// ```
pub const PROVIDERS: &[Provider] = &[
    Provider { name: "builtin", how: How::BuiltIn(&[("nearest", || Arc::new(NearestLm::new()))]) },
    #[cfg(feature = "http")]
    Provider {
        name: "openai",
        how: How::Http(Vendor {
            base: "https://api.openai.com/v1",
            base_path: "",
            base_variables: &["OPENAI_BASE_URL", "OPENAI_API_BASE"],
            key_variables: &["OPENAI_API_KEY"],
            needs_key: true,
            wire: OPENAI_CHAT,
            quirks: Quirks { max_completion_tokens: is_openai_reasoning },
            capabilities: || {
                let mut all = Capabilities::default();
                (all.tools, all.json_schema, all.json_object) = (true, true, true);
                (all.images, all.audio, all.logprobs, all.several) = (true, true, true, true);
                all
            },
            dialect: OPENAI,
        }),
    },
    #[cfg(feature = "http")]
    Provider {
        name: "ollama",
        how: How::Http(Vendor {
            base: "http://localhost:11434/v1",
            base_path: "/v1",
            base_variables: &["OLLAMA_API_BASE"],
            key_variables: &["OLLAMA_API_KEY"],
            needs_key: false,
            wire: OPENAI_CHAT,
            quirks: Quirks { max_completion_tokens: |_| false },
            capabilities: || {
                let mut all = Capabilities::default();
                (all.tools, all.json_schema, all.json_object, all.images) = (true, true, true, true);
                all
            },
            dialect: GBNF,
        }),
    },
];

/// Whether a model of OpenAI is one that reasons: these refuse `max_tokens`.
#[cfg(feature = "http")]
fn is_openai_reasoning(model: &str) -> bool {
    let o_series = model.strip_prefix('o').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    o_series || model.starts_with("gpt-5")
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

#[cfg(feature = "http")]
impl Vendor {
    fn make(&self, model: &str, settings: LmBuilder) -> Result<Arc<dyn LanguageModel>> {
        if self.needs_key && settings.api_key.is_none() && settings.api_base.is_none() {
            let variable = self.key_variables.first().copied().unwrap_or_default();
            return Err(Error::configuration(format!("expected a key for `{}`, found none", settings.name))
                .with_hint(format!(
                    "set {variable}, give the key in code, or name another server by its base URL"
                )));
        }
        let mut base = settings.api_base.unwrap_or_else(|| self.base.to_owned());
        if has_no_path(&base) {
            base = format!("{}{}", base.trim_end_matches('/'), self.base_path);
        }
        let endpoint =
            Endpoint { base, key: settings.api_key, headers: settings.headers, timeouts: settings.timeouts };
        let capabilities = settings.capabilities.unwrap_or_else(|| {
            let mut can = (self.capabilities)();
            can.dialect = self.dialect;
            can
        });
        let lm = HttpLm::new(&settings.name, model, endpoint, self.wire, self.quirks, capabilities)
            .map_err(|e| e.with_model(&settings.name))?;
        Ok(Arc::new(lm))
    }
}

/// Whether a URL ends with its host.
#[cfg(feature = "http")]
fn has_no_path(base: &str) -> bool {
    base.split_once("://").is_some_and(|(_, rest)| !rest.trim_end_matches('/').contains('/'))
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
