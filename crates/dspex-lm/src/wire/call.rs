//! One call as a wire writes it: what is asked, of which model, and what becomes of what the wire cannot say.

use std::cell::RefCell;

use dspex_core::lm::{LmError, LmErrorKind, OnUnsupported, Options, Reasoning, Request};
use serde_json::{Map, Value as Json};

use super::Quirks;

/// What is asked, and of which model.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    pub(crate) model: &'a str,
    /// Whether the reply is to come as a stream.
    pub(crate) stream: bool,
    pub(crate) quirks: &'a Quirks,
    warnings: RefCell<Vec<String>>,
}

/// What a model cannot be asked for: an error, or a warning.
pub(super) fn unsupported(
    model: &str,
    what: &str,
    warn: bool,
    warnings: &RefCell<Vec<String>>,
) -> Result<(), LmError> {
    if !warn {
        let message = format!("expected what `{model}` can be asked for, found {what}");
        return Err(LmError::new(LmErrorKind::Unsupported, message));
    }
    let warning = format!("{what} was left out, since the model cannot be asked for it");
    warnings.borrow_mut().push(warning);
    Ok(())
}

impl<'a> Call<'a> {
    pub(crate) fn new(request: &'a Request, model: &'a str, quirks: &'a Quirks, stream: bool) -> Self {
        Self { request, model, stream, quirks, warnings: RefCell::default() }
    }

    pub(crate) fn options(&self) -> &'a Options {
        &self.request.options
    }

    /// Says that something cannot be asked for: an error, or a warning where that is allowed and it is then left out.
    pub(crate) fn cannot(&self, what: &str) -> Result<(), LmError> {
        let warn = self.options().on_unsupported == Some(OnUnsupported::Warn);
        unsupported(self.model, what, warn, &self.warnings)
    }

    /// The same where an option is set.
    pub(crate) fn cannot_if(&self, set: bool, what: &str) -> Result<(), LmError> {
        if set { self.cannot(what) } else { Ok(()) }
    }

    /// What was left out so far.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.warnings.take()
    }

    /// How much the model may think: as the request says, or as an extra option does by the name that chat completions
    /// have for it.
    pub(crate) fn reasoning(&self) -> Option<Reasoning> {
        let by_name = || Some(Reasoning::Effort(self.options().extra.get(EFFORT)?.as_str()?.to_owned()));
        self.options().reasoning.clone().or_else(by_name)
    }

    /// The body with the extra options, of which some are joined with what the request says by itself.
    /// [`reasoning`](Self::reasoning) has been read.
    pub(crate) fn with_joined(
        &self,
        body: Map<String, Json>,
        own: &[&str],
        joined: &[&str],
    ) -> Result<Json, LmError> {
        let said: Vec<_> = joined.iter().map(|key| (*key, body.get(*key).cloned())).collect();
        let mut all = self.with_extra(body, own)?;
        for (key, said) in said {
            if let (Some(said), Some(extra)) = (said, self.options().extra.get(key)) {
                all[key] = join(said, extra);
            }
        }
        if let Some(all) = all.as_object_mut() {
            all.shift_remove(EFFORT);
        }
        Ok(all)
    }

    /// The body with the extra options of the request, which may not touch what the request says by itself.
    pub(crate) fn with_extra(&self, mut body: Map<String, Json>, own: &[&str]) -> Result<Json, LmError> {
        for (key, value) in &self.options().extra {
            if own.contains(&key.as_str()) {
                let message = format!("expected extra options beside {}, found `{key}`", own.join(", "));
                return Err(LmError::new(LmErrorKind::Configuration, message));
            }
            body.insert(key.clone(), value.clone());
        }
        Ok(Json::Object(body))
    }
}

/// An extra option of chat completions that programs written for them set.
const EFFORT: &str = "reasoning_effort";

/// Own items and then the extra ones; of two values for a key, the extra one, and objects in objects likewise.
fn join(own: Json, extra: &Json) -> Json {
    match (own, extra) {
        (Json::Array(mut own), Json::Array(more)) => {
            own.extend(more.iter().filter(|m| !own.contains(m)).cloned().collect::<Vec<_>>());
            Json::Array(own)
        }
        (Json::Object(mut own), Json::Object(more)) => {
            for (key, extra) in more {
                let said = own.get(key).filter(|said| said.is_object()).cloned();
                own.insert(key.clone(), said.map_or_else(|| extra.clone(), |said| join(said, extra)));
            }
            Json::Object(own)
        }
        (_, extra) => extra.clone(),
    }
}

/// A body that is written key by key; what is not there is not written.
#[derive(Debug, Default)]
pub(crate) struct Body(pub(crate) Map<String, Json>);

impl Body {
    pub(crate) fn set(&mut self, key: &str, value: Option<impl Into<Json>>) {
        if let Some(value) = value {
            self.0.insert(key.to_owned(), value.into());
        }
    }
}
