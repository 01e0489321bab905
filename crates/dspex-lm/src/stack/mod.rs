//! What stands between a caller and a model's wire, from the outside in: cache, router and fallback, retry, breaker,
//! limits, timeout. The budget is the context's, the caller's deadline is around all. The layers themselves are those
//! of `dspex-resilience`; here they stand around a [`LanguageModel`](dspex_core::LanguageModel).

mod embedding;
mod estimate;
mod failure;
mod priced;
mod resilient;
mod routed;
mod silent;
mod tries;

pub use embedding::EmbeddingModel;
pub(crate) use failure::Failure;
pub use priced::Priced;
pub(crate) use priced::price;
pub use resilient::{Governors, Resilience, Resilient};
pub use routed::{Routed, RoutedBuilder};
pub(crate) use silent::check as refuse_silence;
