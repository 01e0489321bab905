//! Vendors: what it takes to reach the models of one, as data.

use std::sync::Arc;

use dspex_core::lm::Capabilities;
use dspex_core::schema::{OPENAI, SchemaDialect};
use dspex_core::{Error, LanguageModel, Result};

use crate::http::{Endpoint, HttpLm};
use crate::lm::LmBuilder;
use crate::wire::{Auth, OpenAiChat, Quirks, Wire};
use crate::{Catalog, Priced, Resilience, Resilient};

/// A vendor, or a kind of server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vendor {
    /// The base URL of the vendor; what stands in braces is a variable of the environment or a setting.
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
    pub(super) quirks: Quirks,
    pub(super) capabilities: fn() -> Capabilities,
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
        quirks: Quirks::NONE,
        capabilities: Capabilities::default,
        dialect: OPENAI,
    };
}

impl Vendor {
    pub(super) fn make(&self, model: &str, settings: LmBuilder) -> Result<Arc<dyn LanguageModel>> {
        if self.needs_key && settings.api_key.is_none() && settings.api_base.is_none() {
            let variable = self.key_variables.first().copied().unwrap_or_default();
            return Err(Error::configuration(format!("expected a key for `{}`, found none", settings.name))
                .with_hint(format!(
                    "set {variable}, give the key in code, or name another server by its base URL"
                )));
        }
        let by_prefix =
            |(prefix, wire): &(&str, &'static dyn Wire)| Some((model.strip_prefix(prefix)?, *wire));
        let (model, wire) = self.more_wires.iter().find_map(by_prefix).unwrap_or((model, self.wire));
        let mut base = settings.api_base.unwrap_or_else(|| self.base.to_owned());
        if has_no_path(&base) {
            base = format!("{}{}", base.trim_end_matches('/'), self.base_path);
        }
        let auth = self.auth.unwrap_or_else(|| wire.auth());
        let (key, headers, timeouts) = (settings.api_key, settings.headers, settings.timeouts);
        let endpoint = Endpoint { base, key, auth, headers, timeouts };
        let capabilities = settings.capabilities.unwrap_or_else(|| {
            let mut can = (self.capabilities)();
            can.dialect = self.dialect;
            wire.narrow(model, &mut can);
            can
        });
        let lm = HttpLm::new(&settings.name, model, endpoint, wire, self.quirks, capabilities)
            .map_err(|e| e.with_model(&settings.name))?;
        Ok(stacked(lm, settings.resilience, settings.catalog))
    }
}

/// Whether a URL ends with its host.
fn has_no_path(base: &str) -> bool {
    base.split_once("://").is_some_and(|(_, rest)| !rest.trim_end_matches('/').contains('/'))
}

/// What stands before a model of a vendor, read from the bottom: the wire with its own timeouts, what a call cost, then
/// timeout, limits, breaker and retry. A cache and a router are the caller's, and stand before that.
fn stacked(lm: HttpLm, resilience: Resilience, catalog: Arc<Catalog>) -> Arc<dyn LanguageModel> {
    let stack = resilience.governors.stack(&lm.endpoint(), &resilience);
    let lm = lm.with_told(move |told| stack.limiter().observe(told));
    let lm = Priced::new(lm, catalog);
    Arc::new(Resilient::new(lm, resilience))
}
