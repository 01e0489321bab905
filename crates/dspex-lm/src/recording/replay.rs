//! Giving a recording again.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use dspex_core::lm::{Capabilities, LmError, LmErrorKind, Reply, Request};
use dspex_core::{BoxFuture, Error, ErrorKind, LanguageModel, Result, unknown_name};
use serde_json::Value as Json;

use super::{Abilities, FORM, Line, difference, key};
use crate::CacheKey;

/// A recording that is given again: whoever asks what was recorded gets the reply, and whoever asks anything else an
/// error that shows what differs. Nothing is sent. Copies share where they are.
///
/// A request that was recorded several times gets its replies in that order, and the last one from then on.
///
/// ```
/// use dspex_lm::{NearestLm, Recorder, Replay};
/// let folder = tempfile::tempdir().unwrap();
/// let file = folder.path().join("calls.jsonl");
/// Recorder::create(&file)?;
/// let replay = Replay::open(&file)?;
/// let e = replay.model("openai/gpt-4o-mini").unwrap_err();
/// assert!(e.to_string().contains("openai/gpt-4o-mini"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Replay(Arc<Answers>);

struct Answers {
    place: String,
    models: BTreeMap<String, Abilities>,
    requests: Vec<(String, Json)>,
    replies: Mutex<HashMap<CacheKey, Replies>>,
}

#[derive(Debug, Default)]
struct Replies {
    all: Vec<Reply>,
    next: usize,
}

impl Replay {
    /// Reads a recording. A last line that was cut off, as by a process that was killed, is left out.
    pub fn open(file: impl AsRef<Path>) -> Result<Self> {
        let place = file.as_ref().display().to_string();
        let error = |place: String, message: String| Error::from(ErrorKind::File { place, message });
        let file = File::open(&file).map_err(|e| error(place.clone(), e.to_string()))?;
        let mut answers = Answers {
            place: place.clone(),
            models: BTreeMap::new(),
            requests: Vec::new(),
            replies: Mutex::default(),
        };
        let mut lines = BufReader::new(file).lines().enumerate().peekable();
        while let Some((at, line)) = lines.next() {
            let here = format!("{place}:{}", at + 1);
            let line = line.map_err(|e| error(here.clone(), e.to_string()))?;
            let read = serde_json::from_str(&line);
            let last = lines.peek().is_none() && at > 0;
            match read {
                Err(e) if last && e.is_eof() => break,
                Err(e) => {
                    let message = format!("expected a line of a recording, found: {e}");
                    return Err(error(here, message).with_hint("make it with `--record FILE`"));
                }
                Ok(line) => answers.take(at, line).map_err(|message| error(here, message))?,
            }
        }
        Ok(Self(Arc::new(answers)))
    }

    /// A model of the recording.
    pub fn model(&self, name: &str) -> Result<Replayed> {
        let Some(can) = self.0.models.get(name) else {
            return Err(unknown_name("recorded models", name, self.0.models.keys().map(String::as_str)));
        };
        Ok(Replayed { name: name.to_owned(), can: can.capabilities(), answers: Arc::clone(&self.0) })
    }

    /// The models of the recording.
    pub fn models(&self) -> Vec<&str> {
        self.0.models.keys().map(String::as_str).collect()
    }
}

impl Answers {
    fn take(&mut self, at: usize, line: Line) -> Result<(), String> {
        match line {
            Line::DspexRecording(FORM) if at == 0 => {}
            Line::DspexRecording(form) => {
                return Err(format!("expected a recording of form {FORM}, found form {form}"));
            }
            _ if at == 0 => return Err("expected the first line of a recording, found another".into()),
            Line::Model { name, can } => {
                self.models.insert(name, can);
            }
            Line::Answer { model, key, request, reply } => {
                let key = CacheKey::from_hex(&key).ok_or_else(|| format!("expected a key, found `{key}`"))?;
                let reply = Reply::from_stored(&reply).map_err(|e| e.to_string())?;
                self.requests.push((model, request));
                let replies = self.replies.get_mut().unwrap_or_else(PoisonError::into_inner);
                replies.entry(key).or_default().all.push(reply);
            }
        }
        Ok(())
    }

    fn answer(&self, model: &str, request: &Request) -> Result<Reply, LmError> {
        let mut replies = self.replies.lock().unwrap_or_else(PoisonError::into_inner);
        let found = replies.get_mut(&key(model, request)).and_then(|replies| {
            let reply = replies.all.get(replies.next.min(replies.all.len().checked_sub(1)?)).cloned();
            replies.next += 1;
            reply
        });
        drop(replies);
        found.ok_or_else(|| {
            let recorded = self.requests.iter().filter(|(name, _)| name == model).map(|(_, request)| request);
            let message = match difference::nearest(&request.to_stored(), recorded) {
                Some(shown) => format!(
                    "expected a request that was recorded in {}, found another; the nearest one differs so:\n{shown}",
                    self.place
                ),
                None => format!("expected a request that was recorded in {}, found none for {model}", self.place),
            };
            LmError::new(LmErrorKind::Configuration, message)
                .with_model(model)
                .with_hint("record again, or change the program back")
        })
    }
}

/// A model of a recording; made by [`Replay::model`].
///
/// ```
/// let read = |file: &str| -> dspex_core::Result<dspex_lm::Replayed> {
///     dspex_lm::Replay::open(file)?.model("openai/gpt-4o-mini")
/// };
/// assert_eq!(read("there-is-no-such-file.jsonl").unwrap_err().code(), "file");
/// ```
#[derive(Clone)]
pub struct Replayed {
    name: String,
    can: Capabilities,
    answers: Arc<Answers>,
}

impl LanguageModel for Replayed {
    fn id(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        self.can.clone()
    }

    fn call<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
        Box::pin(async move { self.answers.answer(&self.name, request) })
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay").field("file", &self.0.place).field("models", &self.models()).finish()
    }
}

impl fmt::Debug for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replayed")
            .field("model", &self.name)
            .field("file", &self.answers.place)
            .finish_non_exhaustive()
    }
}
