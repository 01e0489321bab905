//! Which model answers, and what stands before it: a cache, a recording.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use dspex_core::{LanguageModel, Result};
use dspex_lm::{Cache, Lm, Recorder, Replay};

use crate::output::complain;

#[derive(Args, Debug)]
pub(crate) struct LmArgs {
    /// The model [default: the saved program's, else the program file's, else the variable `DSPEX_LM`, else
    /// builtin/nearest]
    #[arg(long, value_name = "MODEL")]
    lm: Option<String>,

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

    /// A model by its name; its key comes from the environment.
    pub(crate) fn by_name(&self, name: &str) -> Result<Arc<dyn LanguageModel>> {
        let opened = self.opened()?;
        if let Some(replay) = &opened.replay {
            return Ok(Arc::new(replay.model(name)?));
        }
        let mut lm = Lm::builder(name).or_from_env();
        if let Some(url) = &self.api_base {
            lm = lm.api_base(url);
        }
        let mut lm: Arc<dyn LanguageModel> = lm.build()?.into();
        if let Some(cache) = &opened.cache {
            lm = Arc::new(cache.over(lm));
        }
        if let Some(recorder) = &opened.recorder {
            lm = Arc::new(recorder.over(lm));
        }
        Ok(lm)
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
