//! Models behind HTTP endpoints: one pooled client, one wire, bounds on time and size.

mod embedder;
mod endpoint;
pub(crate) mod failure;
mod frames;
#[cfg(feature = "loopback-only")]
mod guard;
mod link;
mod model;
mod redaction;
mod streamed;
mod transport;

pub(crate) use embedder::HttpEmbedder;
pub(crate) use endpoint::Endpoint;
#[cfg(test)]
pub(crate) use endpoint::url;
pub(crate) use link::Link;
pub(crate) use model::{HttpLm, refuse_several};
pub(crate) use streamed::Streamed;
#[cfg(test)]
pub(crate) use streamed::fold_pieces;
pub(crate) use transport::{content_type, may_be_json};
