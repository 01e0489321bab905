//! Models behind HTTP endpoints: one pooled client, one wire, bounds on time and size.

mod endpoint;
pub(crate) mod failure;
mod frames;
mod model;
mod streamed;
mod transport;

pub(crate) use endpoint::Endpoint;
pub(crate) use model::HttpLm;
#[cfg(test)]
pub(crate) use streamed::fold_pieces;
