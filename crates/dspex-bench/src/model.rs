//! An in-process model that costs next to nothing.

use std::time::Duration;

use dspex::lm::{LmError, Reply, Request};
use dspex::{BoxFuture, LanguageModel};

/// Answers every request with the same text, after a wait.
#[derive(Debug)]
pub(crate) struct Fixed {
    pub(crate) text: String,
    pub(crate) latency: Duration,
}

impl Fixed {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), latency: Duration::ZERO }
    }
}

impl LanguageModel for Fixed {
    fn id(&self) -> &str {
        "fixed"
    }

    fn call<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
        Box::pin(async move {
            if !self.latency.is_zero() {
                tokio::time::sleep(self.latency).await;
            }
            Ok(Reply::text(self.text.as_str()))
        })
    }
}
