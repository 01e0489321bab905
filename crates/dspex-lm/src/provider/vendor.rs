//! Vendors: what it takes to reach the models of one, as data.

use std::sync::Arc;

use dspex_core::lm::Capabilities;
use dspex_core::schema::{GBNF, OPENAI, SchemaDialect};
use dspex_core::{Error, LanguageModel, Result};

use super::{families, template};
use crate::batch::{Asked, BatchApi};
use crate::http::{Endpoint, HttpEmbedder, HttpLm, Link};
use crate::lm::Settings;
use crate::wire::embeddings::Embeds;
use crate::wire::{Auth, OpenAiChat, Quirks, Wire};
use crate::{Batches, Catalog, EmbeddingModel, Priced, Resilience, Resilient};

/// A vendor, or a kind of server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vendor {
    /// The base URL of the vendor. What stands in braces is the `model`, or a variable of the environment or a setting, with
    /// what counts where it is not set behind a colon. A base URL that is given stands for the first of its variables.
    pub(super) base: &'static str,
    /// What a base URL without a path is followed by.
    pub(super) base_path: &'static str,
    pub(super) base_variables: &'static [&'static str],
    pub(super) key_variables: &'static [&'static str],
    /// Whether the vendor's own address takes no call without a key.
    pub(super) needs_key: bool,
    pub(super) wire: &'static dyn Wire,
    /// Wires that the vendor speaks, too, by what stands before the model's name: `openai/responses/gpt-5`.
    pub(super) more_wires: &'static [(&'static str, &'static dyn Wire)],
    /// How the key is sent, where that is not as the wire usually has it.
    pub(super) auth: Option<Auth>,
    /// How it makes embeddings, where it does.
    pub(super) embeds: Option<Embeds>,
    /// How it takes many requests at one time, to be answered later.
    pub(super) batches: Option<&'static dyn BatchApi>,
    pub(super) quirks: Quirks,
    /// What a model can do, by its name.
    pub(super) capabilities: fn(&str) -> Capabilities,
    /// The dialect of JSON Schema that its models are given.
    pub(super) dialect: SchemaDialect,
}

impl Vendor {
    /// A vendor that speaks chat completions and asks for a key. A row says what differs.
    pub(super) const CHAT: Self = Self {
        base: "",
        base_path: "",
        base_variables: &[],
        key_variables: &[],
        needs_key: true,
        wire: &OpenAiChat,
        more_wires: &[],
        auth: None,
        embeds: None,
        batches: None,
        quirks: Quirks::NONE,
        capabilities: |_| Capabilities::default(),
        dialect: OPENAI,
    };

    /// A server that anybody may run, which needs no key and holds models to grammars. A row says where it usually is.
    pub(super) const SERVER: Self = Self {
        base_path: "/v1",
        needs_key: false,
        embeds: Some(Embeds::SERVER),
        capabilities: families::served,
        dialect: GBNF,
        ..Self::CHAT
    };
}

impl Vendor {
    pub(super) fn make(&self, model: &str, settings: Settings) -> Result<Arc<dyn LanguageModel>> {
        let (name, capabilities) = (settings.name.clone(), settings.capabilities.clone());
        let (resilience, catalog) = (settings.resilience.clone(), settings.catalog.clone());
        let Reached { model, wire, endpoint } = self.reach(model, settings)?;
        let capabilities = capabilities.unwrap_or_else(|| self.able(model, wire));
        let lm = HttpLm::new(&name, model, endpoint, wire, self.quirks, capabilities)
            .map_err(|e| e.with_model(&name))?;
        Ok(stacked(lm, resilience, catalog))
    }

    /// A model that makes embeddings, in the way that the vendor has for it.
    pub(super) fn embedder(&self, embeds: Embeds, model: &str, settings: Settings) -> Result<EmbeddingModel> {
        let (name, resilience) = (settings.name.clone(), settings.resilience.clone());
        let catalog = settings.catalog.clone();
        let Reached { model, wire, endpoint } = self.reach(model, settings)?;
        let http = HttpEmbedder::new(&name, model, endpoint, wire.headers(), embeds)
            .map_err(|e| e.with_model(&name))?;
        Ok(EmbeddingModel::over(http, resilience, catalog))
    }

    /// A model that is asked in batches.
    pub(super) fn batches(
        &self,
        api: &'static dyn BatchApi,
        model: &str,
        settings: Settings,
    ) -> Result<Batches> {
        let (name, resilience) = (settings.name.clone(), settings.resilience.clone());
        let catalog = settings.catalog.clone();
        let Reached { model, wire, endpoint } = self.reach(model, settings)?;
        let (model, can, quirks) = (model.to_owned(), self.able(model, wire), self.quirks);
        let link = Link::new(endpoint, wire.headers(), &resilience).map_err(|e| e.with_model(&name))?;
        Ok(Batches::over(Asked { name, model, wire, quirks, can }, api, link, catalog))
    }

    /// Where a model is, and by which wire it is spoken to.
    pub(super) fn reach<'a>(&self, model: &'a str, settings: Settings) -> Result<Reached<'a>> {
        if self.needs_key && settings.api_key.is_none() && settings.api_base.is_none() {
            let variable = self.key_variables.first().copied().unwrap_or_default();
            return Err(Error::configuration(format!("expected a key for `{}`, found none", settings.name))
                .with_hint(format!(
                    "set {variable}, give the key in code, or name another server by its base URL"
                )));
        }
        let (model, wire) = self.wire_of(model);
        let base = self.base_of(model, &settings)?;
        let auth = self.auth.unwrap_or_else(|| wire.auth());
        let (key, headers, timeouts) = (settings.api_key, settings.headers, settings.timeouts);
        Ok(Reached { model, wire, endpoint: Endpoint { base, key, auth, headers, timeouts } })
    }

    /// The wire of a model, and its name there.
    pub(super) fn wire_of<'a>(&self, model: &'a str) -> (&'a str, &'static dyn Wire) {
        let by_prefix =
            |(prefix, wire): &(&str, &'static dyn Wire)| Some((model.strip_prefix(prefix)?, *wire));
        self.more_wires.iter().find_map(by_prefix).unwrap_or((model, self.wire))
    }

    /// What a model can do by a wire, as far as its name tells.
    pub(super) fn able(&self, model: &str, wire: &dyn Wire) -> Capabilities {
        let mut can = (self.capabilities)(model);
        can.dialect = self.dialect;
        wire.narrow(model, &mut can);
        can
    }

    /// The base URL of a model: the vendor's, or the one that is given.
    fn base_of(&self, model: &str, settings: &Settings) -> Result<String> {
        let place = |name: &str| {
            let given = settings.api_base.as_ref().filter(|_| self.base_variables.contains(&name));
            match (name, given) {
                ("model", _) => Some(model.to_owned()),
                (_, Some(base)) => Some(base.trim_end_matches('/').to_owned()),
                (name, None) => settings.setting_of(name),
            }
        };
        let base = match &settings.api_base {
            // A customer's own host is a place of the template; a whole URL is one as it stands.
            Some(base) if !(self.base.starts_with('{') && has_no_path(base)) => base.clone(),
            _ => template::fill(self.base, place).map_err(|missing| missing.of(&settings.name))?,
        };
        Ok(if has_no_path(&base) {
            format!("{}{}", base.trim_end_matches('/'), self.base_path)
        } else {
            base
        })
    }
}

/// Where a model is, and by which wire it is spoken to.
pub(super) struct Reached<'a> {
    pub(super) model: &'a str,
    pub(super) wire: &'static dyn Wire,
    pub(super) endpoint: Endpoint,
}

/// Whether a URL ends with its host.
fn has_no_path(base: &str) -> bool {
    base.split_once("://").is_some_and(|(_, rest)| !rest.trim_end_matches('/').contains('/'))
}

/// What stands before a model of a vendor, read from the bottom: the wire with its own timeouts, what a call cost, then
/// timeout, limits, breaker and retry. A cache and a router are the caller's, and stand before that.
fn stacked(lm: HttpLm, resilience: Resilience, catalog: Arc<Catalog>) -> Arc<dyn LanguageModel> {
    let stack = resilience.governors.stack(&lm.endpoint(), &resilience);
    let lm = lm.with_told(move |told| {
        stack.limiter().observe(told);
        stack.health().observe(told);
    });
    let lm = Priced::new(lm, catalog);
    Arc::new(Resilient::new(lm, resilience))
}
