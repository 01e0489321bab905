//! The cache: replies that were paid for once. Memory over disk; data only.

#[cfg(feature = "disk-cache")]
mod disk;
mod flight;
mod key;
mod model;
mod settings;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dspex_core::lm::{FinishReason, Part, Reply, Request};
use moka::sync::Cache as Memory;

#[cfg(feature = "disk-cache")]
pub use disk::{DiskCache, DiskStats, Entry, Verified};
use flight::Flights;
pub use key::CacheKey;
pub use model::Cached;
pub use settings::CacheBuilder;

/// Replies that were paid for once. Copies share it, and several models may use one.
///
/// Only complete replies are kept: not errors, refusals, cut-off texts or tool calls that cannot be read. What comes from
/// it is marked as [cached](Reply::cached) and costs nothing.
///
/// ```
/// use dspex_core::lm::{Message, Request};
/// use dspex_core::LanguageModel as _;
/// use dspex_lm::{Cache, NearestLm};
///
/// # dspex_testkit::block_on(async {
/// let cache = Cache::builder().memory_bytes(1 << 20).build();
/// let lm = cache.over(NearestLm::new());
/// let request = Request::new(vec![Message::user("hi")]);
/// let first = lm.call(&request).await?;
/// let second = lm.call(&request).await?;
/// assert!(!first.cached && second.cached);
/// assert_eq!(second.usage.calls, 0, "it cost nothing");
/// assert_eq!((cache.stats().hits, cache.stats().misses), (1, 1));
/// # Ok::<(), dspex_core::lm::LmError>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Cache(Arc<Inner>);

struct Inner {
    memory: Memory<CacheKey, Arc<Reply>>,
    #[cfg(feature = "disk-cache")]
    disk: Option<DiskCache>,
    tenant: String,
    flights: Flights,
    hits: AtomicU64,
    disk_hits: AtomicU64,
    misses: AtomicU64,
}

/// What a cache did since it was made.
///
/// ```
/// let cache = dspex_lm::Cache::builder().build();
/// assert_eq!(cache.stats(), dspex_lm::CacheStats::default());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Replies that it had, on disk or in memory.
    pub hits: u64,
    /// Of them: those from the disk.
    pub disk_hits: u64,
    /// Requests that had to be asked.
    pub misses: u64,
}

impl Cache {
    /// A cache to be set up. Without more it is one in memory.
    pub fn builder() -> CacheBuilder {
        CacheBuilder::default()
    }

    /// A model that looks here before it asks.
    pub fn over(&self, lm: impl dspex_core::LanguageModel + 'static) -> Cached {
        Cached::new(self.clone(), Arc::new(lm))
    }

    /// The key of a request to an endpoint, in this cache's scope.
    pub fn key(&self, endpoint: &str, request: &Request) -> CacheKey {
        CacheKey::of(endpoint, &self.0.tenant, request)
    }

    /// What is kept for a key, as a hit: marked as cached, and costing nothing.
    #[cfg_attr(not(feature = "disk-cache"), expect(clippy::unused_async, reason = "a disk is waited for"))]
    pub async fn get(&self, key: &CacheKey) -> Option<Reply> {
        if let Some(reply) = self.0.memory.get(key) {
            self.0.hits.fetch_add(1, Ordering::Relaxed);
            return Some(hit(&reply));
        }
        #[cfg(feature = "disk-cache")]
        if let Some(disk) = &self.0.disk
            && let Some(reply) = disk.get(key).await
        {
            let reply = Arc::new(reply);
            self.0.memory.insert(*key, Arc::clone(&reply));
            self.0.hits.fetch_add(1, Ordering::Relaxed);
            self.0.disk_hits.fetch_add(1, Ordering::Relaxed);
            return Some(hit(&reply));
        }
        None
    }

    /// Keeps a reply, if it is one that may be kept: whole, and saying something.
    pub fn put(&self, key: CacheKey, request: &Request, reply: &Reply) {
        if !is_storable(request, reply) {
            return;
        }
        let mut kept = reply.clone();
        // What went wrong before it came is of that call alone.
        kept.failed.clear();
        #[cfg(feature = "disk-cache")]
        if let Some(disk) = &self.0.disk {
            disk.put(key, &kept);
        }
        self.0.memory.insert(key, Arc::new(kept));
    }

    /// What it did so far.
    pub fn stats(&self) -> CacheStats {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (hits, disk_hits) = (read(&self.0.hits), read(&self.0.disk_hits));
        CacheStats { hits, disk_hits, misses: read(&self.0.misses) }
    }

    /// The part on disk, where there is one.
    #[cfg(feature = "disk-cache")]
    pub fn disk(&self) -> Option<&DiskCache> {
        self.0.disk.as_ref()
    }

    /// Waits until what was kept so far is committed to disk.
    #[cfg_attr(not(feature = "disk-cache"), expect(clippy::unused_async, reason = "a disk is waited for"))]
    pub async fn flush(&self) {
        #[cfg(feature = "disk-cache")]
        if let Some(disk) = &self.0.disk {
            disk.flush().await;
        }
    }

    fn missed(&self) {
        self.0.misses.fetch_add(1, Ordering::Relaxed);
    }
}

fn hit(reply: &Reply) -> Reply {
    let mut reply = reply.clone();
    reply.cached = true;
    reply.usage = dspex_core::Usage::default();
    reply
}

/// Whether a reply may be kept: complete, with as many completions as were asked for, each of which ended by itself and
/// says something, and without calls that cannot be read.
pub(crate) fn is_storable(request: &Request, reply: &Reply) -> bool {
    let wanted = request.options.n.unwrap_or(1) as usize;
    let ended = |finish: &FinishReason| matches!(finish, FinishReason::Stop | FinishReason::ToolCalls);
    let says = |part: &Part| match part {
        Part::Text(text) => !text.trim().is_empty(),
        Part::ToolCall(_) | Part::Media(_) => true,
        _ => false,
    };
    let broken = |part: &Part| matches!(part, Part::BrokenToolCall { .. });
    !reply.cached
        && reply.choices.len() >= wanted
        && reply
            .choices
            .iter()
            .all(|c| ended(&c.finish) && c.parts.iter().any(says) && !c.parts.iter().any(broken))
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
