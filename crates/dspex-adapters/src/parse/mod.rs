//! Reading: from a completion to values.

pub(crate) mod coerce;
mod literal_eval;
mod pyeq;
mod repair;
pub(crate) mod validate;
