//! Recordings: what models were asked and answered, in a file, to be given again without them.
//!
//! A recording is lines of JSON: a header, for each model what it can do, and for each answer its key, the request and
//! the reply. The keys are those of the cache, over the model's name, so that a recording can be replayed without keys,
//! and wherever the endpoint was.

mod difference;
mod replay;

use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use dspex_core::lm::{Capabilities, Event, EventStream, LmError, LmErrorKind, Reply, ReplyBuilder, Request};
use dspex_core::{BoxFuture, Error, ErrorKind, LanguageModel, Result};
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

pub use replay::{Replay, Replayed};

use crate::CacheKey;

/// The form of the file.
const FORM: u32 = 1;

/// The scope of the keys.
const SCOPE: &str = "recording";

/// Writes what models are asked and answer. Copies write to the same file.
///
/// ```
/// use dspex_core::LanguageModel as _;
/// use dspex_core::lm::{Message, Request};
/// use dspex_lm::{NearestLm, Recorder, Replay};
///
/// # dspex_testkit::block_on(async {
/// let folder = tempfile::tempdir().unwrap();
/// let file = folder.path().join("calls.jsonl");
/// let lm = Recorder::create(&file)?.over(NearestLm::new());
/// let request = Request::new(vec![Message::user("hi")]);
/// let reply = lm.call(&request).await?;
///
/// // Later, without the model:
/// let replayed = Replay::open(&file)?.model("builtin/nearest")?;
/// assert_eq!(replayed.call(&request).await?.choices, reply.choices);
/// let e = replayed.call(&Request::new(vec![Message::user("ho")])).await.unwrap_err();
/// assert!(e.message.contains("-hi") && e.message.contains("+ho"), "{}", e.message);
/// # Ok::<(), dspex_core::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Recorder(Arc<Mutex<Recording>>);

#[derive(Debug)]
struct Recording {
    path: PathBuf,
    file: File,
    models: BTreeSet<String>,
}

/// A line of a recording.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    /// The first line: the form of the file.
    DspexRecording(u32),
    Model {
        name: String,
        can: Abilities,
    },
    Answer {
        model: String,
        key: String,
        request: Json,
        reply: Json,
    },
}

/// What a model can do, as it was when it was recorded: prompts are written by it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a yes or no of its own")]
struct Abilities {
    tools: bool,
    json_schema: bool,
    dialect: String,
    json_object: bool,
    reasoning: bool,
    citations: bool,
    images: bool,
    audio: bool,
    logprobs: bool,
    several: bool,
}

impl Abilities {
    fn of(can: &Capabilities) -> Self {
        Self {
            tools: can.tools,
            json_schema: can.json_schema,
            dialect: can.dialect.name.to_owned(),
            json_object: can.json_object,
            reasoning: can.reasoning,
            citations: can.citations,
            images: can.images,
            audio: can.audio,
            logprobs: can.logprobs,
            several: can.several,
        }
    }

    fn capabilities(&self) -> Capabilities {
        let mut can = Capabilities::default();
        (can.tools, can.json_schema, can.json_object) = (self.tools, self.json_schema, self.json_object);
        (can.reasoning, can.citations, can.images) = (self.reasoning, self.citations, self.images);
        (can.audio, can.logprobs, can.several) = (self.audio, self.logprobs, self.several);
        let dialect = dspex_core::schema::SCHEMA_DIALECTS.iter().find(|d| d.name == self.dialect);
        can.dialect = dialect.copied().unwrap_or_default();
        can
    }
}

fn key(model: &str, request: &Request) -> CacheKey {
    CacheKey::of(model, SCOPE, request)
}

fn file_error(path: &Path, e: &io::Error) -> Error {
    ErrorKind::Output { place: path.display().to_string(), message: e.to_string() }.into()
}

impl Recorder {
    /// A recorder that begins a file. One that is there is not written over.
    pub fn create(file: impl AsRef<Path>) -> Result<Self> {
        let path = file.as_ref().to_owned();
        let mut options = File::options();
        options.write(true).create_new(true);
        // What is asked may be private.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(|e| {
            let error = file_error(&path, &e);
            if e.kind() == io::ErrorKind::AlreadyExists {
                error.with_hint("name a new file, or delete that one first")
            } else {
                error
            }
        })?;
        let mut recording = Recording { path, file, models: BTreeSet::new() };
        recording.write(&Line::DspexRecording(FORM)).map_err(|e| file_error(&recording.path, &e))?;
        Ok(Self(Arc::new(Mutex::new(recording))))
    }

    /// A model whose calls are recorded.
    pub fn over(&self, lm: impl LanguageModel + 'static) -> Recorded {
        Recorded { recorder: self.clone(), lm: Arc::new(lm) }
    }

    fn keep(&self, lm: &dyn LanguageModel, request: &Request, reply: &Reply) -> Result<(), LmError> {
        let mut recording = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recording.keep(lm, request, reply).map_err(|e| {
            // A recording with a hole in it would not be one.
            let message = format!("expected to write to {}, found: {e}", recording.path.display());
            LmError::new(LmErrorKind::Configuration, message).with_usage(reply.all_usage())
        })
    }
}

impl Recording {
    fn keep(&mut self, lm: &dyn LanguageModel, request: &Request, reply: &Reply) -> io::Result<()> {
        let name = lm.id().to_owned();
        if self.models.insert(name.clone()) {
            self.write(&Line::Model { name: name.clone(), can: Abilities::of(&lm.capabilities()) })?;
        }
        self.write(&Line::Answer {
            key: key(&name, request).to_string(),
            model: name,
            request: request.to_stored(),
            reply: reply.to_stored(),
        })
    }

    /// Writes a line in one go, so that a process that is killed leaves whole lines and at most one that is cut off.
    fn write(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        self.file.write_all(text.as_bytes())
    }
}

/// A model whose calls are recorded; made by [`Recorder::over`]. Failures are not recorded.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let file = folder.path().join("calls.jsonl");
/// use dspex_core::LanguageModel as _;
/// let lm: dspex_lm::Recorded = dspex_lm::Recorder::create(&file)?.over(dspex_lm::NearestLm::new());
/// assert_eq!(lm.id(), "builtin/nearest");
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Recorded {
    recorder: Recorder,
    lm: Arc<dyn LanguageModel>,
}

impl LanguageModel for Recorded {
    crate::forward::forward!(lm);

    fn call<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
        Box::pin(async move {
            let reply = self.lm.call(request).await?;
            self.recorder.keep(&*self.lm, request, &reply)?;
            Ok(reply)
        })
    }

    fn stream<'a>(&'a self, request: &'a Request) -> EventStream<'a> {
        let mut folded = Some(ReplyBuilder::new());
        let events = self.lm.stream(request).map(move |event| {
            let event = event?;
            if let Some(reply) = &mut folded {
                reply.push(event.clone());
            }
            if matches!(event, Event::Done { .. })
                && let Some(reply) = folded.take()
            {
                self.recorder.keep(&*self.lm, request, &reply.finish()?)?;
            }
            Ok(event)
        });
        Box::pin(events)
    }
}

impl fmt::Debug for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorded").field("lm", &self.lm.id()).finish_non_exhaustive()
    }
}
