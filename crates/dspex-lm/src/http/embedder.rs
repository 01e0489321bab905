//! Embeddings from an endpoint: one request, one reply.

use std::ops::Range;

use dspex_core::lm::{EmbedRequest, Embeddings, LmError};
use dspex_resilience::RateLimits;

use super::endpoint::Endpoint;
use super::streamed::named;
use super::transport::{Clocked, Transport};
use crate::wire::embeddings::{Asked, Embeds, check};

/// Most bytes of a reply: 2,048 vectors of 3,072 numbers, written out, are 80 MiB.
const MOST_BYTES: usize = 256 << 20;

/// A model that makes embeddings, behind an HTTP endpoint.
#[derive(Debug)]
pub(crate) struct HttpEmbedder {
    pub(crate) id: String,
    model: String,
    transport: Transport,
    embeds: Embeds,
}

impl HttpEmbedder {
    pub(crate) fn new(
        id: &str,
        model: &str,
        endpoint: Endpoint,
        of_wire: &[(&'static str, &'static str)],
        embeds: Embeds,
    ) -> Result<Self, LmError> {
        let (id, model) = (id.to_owned(), model.to_owned());
        Ok(Self { id, model, transport: Transport::to(endpoint, of_wire)?, embeds })
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("{} {} {}", self.transport.place(), self.embeds.form.name(), self.model)
    }

    /// The texts in parts that one request may have each.
    pub(crate) fn parts(&self, request: &EmbedRequest) -> Vec<Range<usize>> {
        self.asked(request).parts()
    }

    fn asked<'a>(&'a self, request: &'a EmbedRequest) -> Asked<'a> {
        Asked { request, model: &self.model, embeds: &self.embeds }
    }

    /// Makes embeddings of some of the texts; `told` hears what the provider says of its limits.
    pub(crate) async fn embed(
        &self,
        request: &EmbedRequest,
        part: Range<usize>,
        told: impl Fn(&RateLimits),
    ) -> Result<Embeddings, LmError> {
        let texts = part.len();
        let (body, warnings) = self.asked(request).encode(part)?;
        let url = self.transport.url(&self.embeds.form.path(&self.model))?;
        let clocked = Clocked::start(self.transport.timeouts, request.deadline);
        let mut body = self.transport.send(url, &request.headers, &body, clocked).await?;
        told(&body.limits);
        body.most = MOST_BYTES;
        let redaction = &self.transport.redaction;
        let read = async {
            let bytes = body.json(redaction).await?;
            let mut made = self.embeds.form.read(&bytes).map_err(|e| redaction.clean(e))?;
            made.warnings = warnings;
            match check(&made, texts, request.dimensions) {
                Ok(()) => Ok(made),
                Err(e) => Err(e.with_usage(made.usage)),
            }
        };
        let read = read.await;
        read.map_err(|e| named(e, body.request_id.take()))
    }
}
