//! From what a provider keeps of a batch to a reply for each request.

use dspex_core::lm::{LmError, LmErrorKind, Reply, ReplyBuilder};
use serde_json::Value as Json;

use super::{BatchState, BatchStatus, Inner};
use crate::stack::{price, refuse_silence};

/// What came of one request.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The body of a reply, as the wire has it.
    Body(Json),
    Failed(LmError),
    Expired,
    Cancelled,
}

/// What a request is called in a batch.
pub(super) fn name_of(number: usize) -> String {
    format!("request-{number}")
}

/// The number of a request by its name.
pub(super) fn number_of(name: &Json) -> Option<usize> {
    name.as_str()?.strip_prefix("request-")?.parse().ok()
}

fn expired() -> LmError {
    let message = "expected an answer before the batch expired, found none";
    LmError::new(LmErrorKind::Timeout, message).with_hint("submit the request again")
}

fn cancelled() -> LmError {
    let message = "expected an answer before the batch was cancelled, found none";
    LmError::new(LmErrorKind::Unavailable, message).with_hint("submit the request again")
}

impl Inner {
    /// What came of all requests, in their order. The first that is said of one counts.
    pub(super) fn in_order(
        &self,
        requests: usize,
        found: Vec<(usize, Outcome)>,
        status: &BatchStatus,
    ) -> Vec<Result<Reply, LmError>> {
        let mut all: Vec<Option<Result<Reply, LmError>>> = (0..requests).map(|_| None).collect();
        for (number, outcome) in found {
            if let Some(place @ None) = all.get_mut(number) {
                *place = Some(self.of(outcome));
            }
        }
        let missing = || match status.state {
            BatchState::Expired => expired(),
            BatchState::Cancelled => cancelled(),
            _ => LmError::new(
                LmErrorKind::Protocol,
                "expected a result for each request, found none for this one",
            ),
        };
        all.into_iter().map(|one| one.unwrap_or_else(|| Err(missing())).map_err(|e| self.named(e))).collect()
    }

    fn of(&self, outcome: Outcome) -> Result<Reply, LmError> {
        match outcome {
            Outcome::Body(body) => self.reply(&body),
            Outcome::Failed(e) => Err(e),
            Outcome::Expired => Err(expired()),
            Outcome::Cancelled => Err(cancelled()),
        }
    }

    /// The reply of a body, by the decoder and the fold that every reply goes through.
    fn reply(&self, body: &Json) -> Result<Reply, LmError> {
        let mut decoder = self.asked.wire.decoder(&self.asked.quirks);
        let events = decoder.whole(body.to_string().as_bytes()).map_err(|e| self.link.clean(e))?;
        let mut reply = ReplyBuilder::new();
        for event in events {
            reply.push(event);
        }
        let priced =
            |usage: &mut _| price(&self.catalog, &*self.clock, &self.asked.name, Some("batch"), usage);
        let mut reply = reply.finish().map_err(|mut e| {
            priced(&mut e.usage);
            e
        })?;
        priced(&mut reply.usage);
        refuse_silence(&reply)?;
        Ok(reply)
    }
}
