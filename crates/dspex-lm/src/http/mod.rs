//! Models behind HTTP endpoints: one pooled client, one wire, bounds on time and size.

pub(crate) mod failure;
mod model;
mod transport;

pub(crate) use model::{Endpoint, HttpLm};
