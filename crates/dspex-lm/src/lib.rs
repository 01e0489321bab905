//! Language models: from a name to a model.
//!
//! A provider is a row of [`PROVIDERS`]; a wire, which several providers may speak, is a file under `wire`.

#[cfg(feature = "http")]
mod batch;
#[cfg(feature = "cache")]
mod cache;
mod catalog;
mod forward;
#[cfg(feature = "http")]
mod http;
mod lm;
mod media;
mod nearest;
mod provider;
#[cfg(feature = "cache")]
mod recording;
mod secret;
#[cfg(feature = "http")]
mod stack;
mod timeouts;
#[cfg(feature = "http")]
mod traffic;
#[cfg(feature = "http")]
mod wire;

use std::sync::Arc;

use dspex_core::{LanguageModel, Result};

#[cfg(feature = "http")]
pub use batch::{Batch, BatchState, BatchStatus, Batches};
#[cfg(feature = "cache")]
pub use cache::{Cache, CacheBuilder, CacheKey, CacheStats, Cached};
#[cfg(feature = "disk-cache")]
pub use cache::{DiskCache, DiskStats, Entry, Verified};
pub use catalog::{Above, Catalog, ModelInfo, Price, Rates, Source};
pub use lm::{Lm, LmBuilder};
pub use media::FromPath;
pub use nearest::NearestLm;
pub use provider::{PROVIDERS, Provider};
#[cfg(feature = "cache")]
pub use recording::{Recorded, Recorder, Replay, Replayed};
pub use secret::Secret;
#[cfg(feature = "http")]
pub use stack::{EmbeddingModel, Governors, Priced, Resilience, Resilient, Routed, RoutedBuilder};
pub use timeouts::Timeouts;
#[cfg(feature = "http")]
pub use traffic::{Content, Decoded, ROUTES, RecordedReply, Route};

/// The model of a name, `provider/model`. The environment is not looked at; see [`Lm::from_env`] for that.
///
/// ```
/// assert_eq!(dspex_lm::by_name("builtin/nearest")?.id(), "builtin/nearest");
/// let e = dspex_lm::by_name("builtin/nearst").err().unwrap();
/// assert_eq!(e.hint(), Some("did you mean `builtin/nearest`?"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub fn by_name(name: &str) -> Result<Arc<dyn LanguageModel>> {
    Lm::builder(name).build().map(Arc::from)
}
