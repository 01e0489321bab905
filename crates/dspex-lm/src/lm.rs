//! A model by its name, with what it takes to reach it.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use dspex_core::lm::{Capabilities, EventStream, LmError, Reply, Request};
use dspex_core::{BoxFuture, LanguageModel, Result};

use crate::provider::{Provider, split};
use crate::{Catalog, Secret, Timeouts};

/// A language model by its name, `provider/model`. Copies share its connections.
///
/// ```
/// use dspex_core::LanguageModel;
/// use dspex_lm::{Lm, Secret};
///
/// let lm = Lm::builder("openai/gpt-4o-mini").api_key(Secret::new("sk-...")).build()?;
/// assert_eq!(lm.id(), "openai/gpt-4o-mini");
/// // Any server that speaks OpenAI's chat completions; one on your own machine needs no key.
/// let local = Lm::builder("openai/llama-3.1-8b").api_base("http://localhost:8000/v1").build()?;
/// # let _ = local;
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Lm(Arc<dyn LanguageModel>);

impl Lm {
    /// The model of a name, with what the environment says of it: for `openai/...` the key in `OPENAI_API_KEY` and, if
    /// set, the base URL in `OPENAI_BASE_URL`. [`PROVIDERS`](crate::PROVIDERS) lists the variables.
    ///
    /// ```
    /// use dspex_core::LanguageModel;
    /// use dspex_lm::Lm;
    /// match Lm::from_env("openai/gpt-4o-mini") {
    ///     Ok(lm) => assert_eq!(lm.id(), "openai/gpt-4o-mini"),
    ///     Err(e) => assert!(e.hint().unwrap().contains("OPENAI_API_KEY"), "it says what to set"),
    /// }
    /// ```
    pub fn from_env(name: &str) -> Result<Self> {
        Self::builder(name).or_from_env().build()
    }

    /// A model of a name, to be given what it takes to reach it. The environment is not looked at.
    pub fn builder(name: &str) -> LmBuilder {
        LmBuilder::of(name)
    }
}

impl From<Arc<dyn LanguageModel>> for Lm {
    fn from(lm: Arc<dyn LanguageModel>) -> Self {
        Self(lm)
    }
}

impl From<Lm> for Arc<dyn LanguageModel> {
    fn from(lm: Lm) -> Self {
        lm.0
    }
}

impl fmt::Debug for Lm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lm").field(&self.0.id()).finish()
    }
}

impl LanguageModel for Lm {
    crate::forward::forward!(0);

    fn call<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
        self.0.call(request)
    }

    fn stream<'a>(&'a self, request: &'a Request) -> EventStream<'a> {
        self.0.stream(request)
    }
}

/// What it takes to reach a model.
///
/// ```
/// use dspex_lm::{Lm, Timeouts};
/// use std::time::Duration;
///
/// let mut timeouts = Timeouts::default();
/// timeouts.total = Duration::from_secs(60);
/// let lm = Lm::builder("ollama/llama3").timeouts(timeouts).build()?;
/// # let _ = lm;
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct LmBuilder<T = Lm> {
    pub(crate) settings: Settings,
    /// What is built.
    what: PhantomData<fn() -> T>,
}

/// What was given to reach a model.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) name: String,
    pub(crate) api_key: Option<Secret>,
    pub(crate) api_base: Option<String>,
    pub(crate) headers: Vec<(String, Secret)>,
    pub(crate) timeouts: Timeouts,
    pub(crate) capabilities: Option<Capabilities>,
    pub(crate) look_in_env: bool,
    #[cfg(feature = "http")]
    pub(crate) resilience: crate::Resilience,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) settings: Vec<(String, String)>,
}

impl Settings {
    /// A setting by its name, the last one that was given; or, where that is allowed, from the environment.
    #[cfg(feature = "http")]
    pub(crate) fn setting_of(&self, name: &str) -> Option<String> {
        let given = self.settings.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value.clone());
        given.or_else(|| variable(name).filter(|_| self.look_in_env))
    }

    fn fill(&mut self, provider: &Provider) {
        if self.api_key.is_none() {
            self.api_key = provider.key_variables().iter().find_map(|v| variable(v)).map(Secret::new);
        }
        if self.api_base.is_none() {
            self.api_base = provider.base_variables().iter().find_map(|v| variable(v));
        }
    }
}

impl<T> LmBuilder<T> {
    pub(crate) fn of(name: &str) -> Self {
        let settings = Settings {
            name: name.to_owned(),
            api_key: None,
            api_base: None,
            headers: Vec::new(),
            timeouts: Timeouts::default(),
            capabilities: None,
            look_in_env: false,
            #[cfg(feature = "http")]
            resilience: crate::Resilience::default(),
            catalog: Catalog::shipped(),
            settings: Vec::new(),
        };
        Self { settings, what: PhantomData }
    }

    /// The key, which is sent as a bearer token.
    pub fn api_key(mut self, key: Secret) -> Self {
        self.settings.api_key = Some(key);
        self
    }

    /// The base URL, as in `http://localhost:8000/v1`.
    pub fn api_base(mut self, url: impl Into<String>) -> Self {
        self.settings.api_base = Some(url.into());
        self
    }

    /// One more header. Its value is treated as a secret.
    pub fn header(mut self, name: impl Into<String>, value: Secret) -> Self {
        self.settings.headers.push((name.into(), value));
        self
    }

    /// What the URLs of some providers ask for, under the name of its variable.
    ///
    /// ```
    /// use dspex_lm::{Lm, Secret};
    /// let lm = Lm::builder("azure/my-deployment")
    ///     .api_base("https://my-resource.openai.azure.com")
    ///     .setting("AZURE_API_VERSION", "2024-10-21")
    ///     .api_key(Secret::new("..."))
    ///     .build()?;
    /// # let _ = lm;
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.settings.push((name.into(), value.into()));
        self
    }

    /// How long the steps of a call may take.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.settings.timeouts = timeouts;
        self
    }

    /// How calls are tried again, limited and kept from a provider that fails. Limits and breakers are the model's own,
    /// unless its [`Governors`](crate::Governors) are shared.
    #[cfg(feature = "http")]
    pub fn resilience(mut self, resilience: crate::Resilience) -> Self {
        self.settings.resilience = resilience;
        self
    }

    /// The prices by which calls are counted; those that were shipped, unless set.
    pub fn catalog(mut self, catalog: Arc<Catalog>) -> Self {
        self.settings.catalog = catalog;
        self
    }

    /// Takes from the environment what was not given: the key and the base URL, by the provider's variables.
    pub fn or_from_env(mut self) -> Self {
        self.settings.look_in_env = true;
        self
    }

    /// The provider of the name, the model's name there, and what was given or is found.
    pub(crate) fn found(mut self) -> Result<(&'static Provider, String, Settings)> {
        let (provider, model) = split(&self.settings.name)?;
        let model = model.to_owned();
        if self.settings.look_in_env {
            self.settings.fill(provider);
        }
        Ok((provider, model, self.settings))
    }
}

impl LmBuilder {
    /// What the model can do, where that differs from what its provider's models usually can.
    pub fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.settings.capabilities = Some(capabilities);
        self
    }

    /// The model. Nothing is sent yet.
    pub fn build(self) -> Result<Lm> {
        let (provider, model, settings) = self.found()?;
        provider.make(&model, settings).map(Lm)
    }
}

/// What is set, without what may be secret: of the base URL only what comes before a query, and no name or password.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LmBuilder")
            .field("name", &self.name)
            .field("api_key", &self.api_key)
            .field("api_base", &self.api_base.as_deref().map(shown_base))
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("settings", &self.settings.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("timeouts", &self.timeouts)
            .field("capabilities", &self.capabilities)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for LmBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.fmt(f)
    }
}

/// A base URL as it may be shown.
fn shown_base(base: &str) -> String {
    let base = base.split(['?', '#']).next().unwrap_or_default();
    match base.split_once("://") {
        // A password may have any character, so what counts is the last sign before the host.
        Some((scheme, rest)) => format!("{scheme}://{}", rest.rsplit('@').next().unwrap_or_default()),
        None => "(no URL)".to_owned(),
    }
}

/// A variable of the environment that is set to something.
fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "only what is named `from_env` comes here")]
    std::env::var(name).ok().map(|v| v.trim().to_owned()).filter(|v| !v.is_empty())
}
