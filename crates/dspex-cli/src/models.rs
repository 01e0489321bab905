//! Which model answers, and what stands before it: a cache, a recording, other models.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use dspex_core::lm::Capabilities;
use dspex_core::{Error, LanguageModel, Result};
use dspex_lm::{Cache, Lm, LmBuilder, Recorder, Replay, Routed, Secret};

use crate::output::complain;
use crate::stack::StackArgs;

#[derive(Args, Debug, Default)]
pub(crate) struct LmArgs {
    /// The model, or several with commas between: where one fails, the next is asked [default: the saved program's, else
    /// the program file's, else the variable `DSPEX_LM`, else builtin/nearest]
    #[arg(long, value_name = "MODEL")]
    lm: Option<String>,

    /// One more model, which is asked where those before it fail; may be given several times
    #[arg(long, value_name = "MODEL")]
    fallback_lm: Vec<String>,

    /// The base URL of the model's server, as in `http://localhost:8000/v1` [default: the provider's variable, else
    /// its own address]
    #[arg(long, value_name = "URL")]
    api_base: Option<String>,

    /// The model for second calls, which read the text of a first: those of the adapter `two_step` and of the fallback
    /// `extract` [default: the program file's, else the same model]
    #[arg(long, value_name = "MODEL")]
    extraction_lm: Option<String>,

    /// Keep replies in this file, and take from it what is there; see `dspex cache` [default: nothing is kept]
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    cache: Option<PathBuf>,

    /// Write every request and its reply to this new file
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    record: Option<PathBuf>,

    /// Answer from a file of `--record` alone: nothing is sent, and a request that is not in it is an error
    #[arg(long, value_name = "FILE", conflicts_with = "api_base")]
    replay: Option<PathBuf>,

    #[command(flatten)]
    stack: StackArgs,

    #[arg(skip)]
    opened: OnceCell<Opened>,
}

/// The files that stand before the models, opened once for all of them.
#[derive(Debug, Default)]
struct Opened {
    cache: Option<Cache>,
    recorder: Option<Recorder>,
    replay: Option<Replay>,
}

impl LmArgs {
    /// The name of the model.
    pub(crate) fn name(&self) -> Option<&String> {
        self.lm.as_ref()
    }

    /// The name of the model for second calls.
    pub(crate) fn extraction_lm(&self) -> Option<&String> {
        self.extraction_lm.as_ref()
    }

    /// Whether a server was named.
    pub(crate) fn has_base(&self) -> bool {
        self.api_base.is_some()
    }

    /// The model of a program, with those that are asked where it fails.
    pub(crate) fn main(&self, name: &str) -> Result<Arc<dyn LanguageModel>> {
        let all: Vec<&str> =
            std::iter::once(name).chain(self.fallback_lm.iter().map(String::as_str)).collect();
        self.by_name(&all.join(","))
    }

    /// A model by its name, or several by theirs; keys come from the environment.
    pub(crate) fn by_name(&self, name: &str) -> Result<Arc<dyn LanguageModel>> {
        let opened = self.opened()?;
        if let Some(replay) = &opened.replay {
            return Ok(Arc::new(replay.model(&names(name)?.join(","))?));
        }
        let mut lm = self.routed(name, |lm| {
            let lm = self.stack.over(lm.or_from_env())?;
            Ok(match &self.api_base {
                Some(url) => lm.api_base(url),
                None => lm,
            })
        })?;
        if let Some(cache) = &opened.cache {
            lm = Arc::new(cache.over(lm));
        }
        if let Some(recorder) = &opened.recorder {
            lm = Arc::new(recorder.over(lm));
        }
        Ok(lm)
    }

    /// What models of these names can do. As nothing is sent to them, their keys do not matter.
    pub(crate) fn capabilities(&self, name: &str) -> Result<Capabilities> {
        Ok(self.routed(name, |lm| Ok(lm.api_key(Secret::new("not sent"))))?.capabilities())
    }

    /// One model, or several as one.
    fn routed(
        &self,
        name: &str,
        with: impl Fn(LmBuilder) -> Result<LmBuilder>,
    ) -> Result<Arc<dyn LanguageModel>> {
        let names = names(name)?;
        let make = |name: &str| with(Lm::builder(name))?.build();
        if let [name] = names[..] {
            return make(name).map(Into::into);
        }
        let mut all = Routed::builder(names.join(",")).catalog(self.stack.catalog()?);
        for name in names {
            all = all.model(make(name)?);
        }
        Ok(Arc::new(all.build()))
    }

    fn opened(&self) -> Result<&Opened> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        let warn = |warning: &str| complain(&format!("warning: {warning}"));
        let opened = Opened {
            cache: self.cache.as_ref().map(|file| Cache::builder().disk(file).on_warning(warn).build()),
            recorder: self.record.as_ref().map(Recorder::create).transpose()?,
            replay: self.replay.as_ref().map(Replay::open).transpose()?,
        };
        Ok(self.opened.get_or_init(|| opened))
    }
}

/// The names of a list of models.
fn names(list: &str) -> Result<Vec<&str>> {
    let names: Vec<&str> = list.split(',').map(str::trim).collect();
    match names.iter().position(|name| name.is_empty()) {
        Some(at) if names.len() > 1 => {
            let message =
                format!("expected the name of a model between the commas, found none at place {}", at + 1);
            Err(Error::configuration(message).with_hint("write them as `openai/gpt-4o-mini,ollama/llama3`"))
        }
        _ => Ok(names),
    }
}
