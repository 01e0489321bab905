//! What the examples share: the model that the command line names, scripts in place of models, and where data is.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dspex::lm::{Choice, Lm, LmError, LmErrorKind, Message, Reply};
use dspex::{Error, ErrorKind, LanguageModel, Result, Usage};
use dspex_testkit::ScriptedLm;
use serde::Deserialize;

/// The model that the command line names, as in `--lm openai/gpt-4o-mini`; without that the example's own. The key is
/// taken from the environment.
pub fn model(own: impl LanguageModel + 'static) -> Result<Arc<dyn LanguageModel>> {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.as_slice() {
        [] => Ok(Arc::new(own)),
        [flag, name] if flag == "--lm" => Lm::from_env(name).map(Arc::from),
        _ => {
            Err(Error::configuration(format!("expected `--lm MODEL` or nothing, found `{}`", args.join(" "))))
        }
    }
}

/// A file of an example's data: `data("triage/train.csv")` is `examples/triage/data/train.csv`.
pub fn data(path: &str) -> PathBuf {
    let (example, file) = path.split_once('/').unwrap_or((path, ""));
    Path::new(env!("CARGO_MANIFEST_DIR")).join(example).join("data").join(file)
}

/// A model that answers from a script: a TOML file of replies. It stands in for a model that costs money.
///
/// A reply is taken when each text of its `when` stands in the last message; the first that fits counts. Its `texts`
/// are the completions, in order. Tokens are counted as words.
pub fn script(path: &str) -> Result<ScriptedLm> {
    let path = data(path);
    let place = path.display().to_string();
    let file = |message: String| Error::new(ErrorKind::File { place: place.clone(), message });
    let text = fs::read_to_string(&path).map_err(|e| file(format!("cannot be read: {e}")))?;
    let script: Script = toml::from_str(&text).map_err(|e| file(e.to_string()))?;
    Ok(ScriptedLm::from_fn(move |request| {
        let asked = request.messages.last().map(Message::text).unwrap_or_default();
        let fits = |scripted: &&Scripted| scripted.when.iter().all(|text| asked.contains(text));
        let Some(scripted) = script.reply.iter().find(fits) else {
            let message = format!("no reply of {place} fits the message:\n{asked}");
            return Err(LmError::new(LmErrorKind::Configuration, message));
        };
        let n = request.options.n.unwrap_or(1) as usize;
        let texts: Vec<&str> = scripted.texts.iter().take(n).map(String::as_str).collect();
        let sent = request.messages.iter().map(|m| words(&m.text())).sum();
        let usage = Usage::tokens(sent, texts.iter().copied().map(words).sum());
        Ok(Reply::new(texts.into_iter().map(Choice::text).collect()).with_usage(usage))
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    reply: Vec<Scripted>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scripted {
    when: Vec<String>,
    texts: Vec<String>,
}

fn words(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}
