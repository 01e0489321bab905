//! One call as a wire writes it: what is asked, of which model, and what becomes of what the wire cannot say.

use std::cell::RefCell;

use dspex_core::lm::{LmError, LmErrorKind, OnUnsupported, Options, Request};
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
        let message = format!("expected what `{}` can be asked for, found {what}", self.model);
        if !warn {
            return Err(LmError::new(LmErrorKind::Unsupported, message));
        }
        self.warnings
            .borrow_mut()
            .push(format!("{what} was left out, since the model cannot be asked for it"));
        Ok(())
    }

    /// The same where an option is set.
    pub(crate) fn cannot_if(&self, set: bool, what: &str) -> Result<(), LmError> {
        if set { self.cannot(what) } else { Ok(()) }
    }

    /// What was left out so far.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.warnings.take()
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
