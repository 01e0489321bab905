//! How a cache is set up.

use std::fmt;
#[cfg(feature = "disk-cache")]
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dspex_core::lm::{Part, Reply};
use moka::sync::Cache as Memory;

use super::{Cache, CacheKey, Inner};

/// Is told what goes wrong with a cache; the program goes on without it.
#[cfg(feature = "disk-cache")]
pub(super) type Warn = Arc<dyn Fn(&str) + Send + Sync>;

/// How a cache is set up.
///
/// ```
/// use dspex_lm::Cache;
/// use std::time::Duration;
/// let folder = tempfile::tempdir().unwrap();
/// let cache = Cache::builder()
///     .memory_bytes(64 << 20)
///     .time_to_live(Duration::from_secs(3_600))
///     .disk(folder.path().join("replies.sqlite"))
///     .disk_bytes(1 << 30)
///     .tenant("team-a")
///     .on_warning(|warning| eprintln!("{warning}"))
///     .build();
/// assert!(cache.disk().is_some());
/// ```
#[must_use = "a builder does nothing until it is built"]
pub struct CacheBuilder {
    memory_bytes: u64,
    time_to_live: Option<Duration>,
    #[cfg(feature = "disk-cache")]
    disk: Option<PathBuf>,
    #[cfg(feature = "disk-cache")]
    disk_bytes: u64,
    tenant: String,
    #[cfg(feature = "disk-cache")]
    warn: Warn,
}

impl Default for CacheBuilder {
    fn default() -> Self {
        Self {
            memory_bytes: 256 << 20,
            time_to_live: None,
            #[cfg(feature = "disk-cache")]
            disk: None,
            #[cfg(feature = "disk-cache")]
            disk_bytes: 4 << 30,
            tenant: String::new(),
            #[cfg(feature = "disk-cache")]
            warn: Arc::new(|_| ()),
        }
    }
}

impl CacheBuilder {
    /// Most bytes in memory, about. 256 MiB, unless set.
    pub fn memory_bytes(mut self, most: u64) -> Self {
        self.memory_bytes = most;
        self
    }

    /// How long a reply is kept in memory and on disk. For ever, unless set.
    pub fn time_to_live(mut self, time: Duration) -> Self {
        self.time_to_live = Some(time);
        self
    }

    /// Keeps replies in a file, too, which processes of one machine may share. A file that cannot be used is a warning,
    /// never an error.
    #[cfg(feature = "disk-cache")]
    pub fn disk(mut self, file: impl Into<PathBuf>) -> Self {
        self.disk = Some(file.into());
        self
    }

    /// Most bytes of replies on disk. 4 GiB, unless set.
    #[cfg(feature = "disk-cache")]
    pub fn disk_bytes(mut self, most: u64) -> Self {
        self.disk_bytes = most;
        self
    }

    /// The scope of the keys: tenants do not see each other's replies.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = tenant.into();
        self
    }

    /// Who is told what goes wrong with the cache. Nobody, unless set.
    #[cfg(feature = "disk-cache")]
    pub fn on_warning(mut self, warn: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.warn = Arc::new(warn);
        self
    }

    /// The cache.
    pub fn build(self) -> Cache {
        let weigh = |_: &CacheKey, reply: &Arc<Reply>| u32::try_from(weight(reply)).unwrap_or(u32::MAX);
        let mut memory = Memory::builder().max_capacity(self.memory_bytes).weigher(weigh);
        if let Some(time) = self.time_to_live {
            memory = memory.time_to_live(time);
        }
        #[cfg(feature = "disk-cache")]
        let disk = self
            .disk
            .map(|file| super::DiskCache::open_or_warn(&file, self.disk_bytes, self.time_to_live, self.warn));
        Cache(Arc::new(Inner {
            memory: memory.build(),
            #[cfg(feature = "disk-cache")]
            disk,
            tenant: self.tenant,
            flights: super::Flights::default(),
            hits: 0.into(),
            disk_hits: 0.into(),
            misses: 0.into(),
        }))
    }
}

impl fmt::Debug for CacheBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheBuilder").field("memory_bytes", &self.memory_bytes).finish_non_exhaustive()
    }
}

/// About how many bytes a reply takes in memory.
fn weight(reply: &Reply) -> usize {
    let part = |part: &Part| match part {
        Part::Text(text) | Part::Reasoning(text) => text.len(),
        // Others are rare; how long they are when written is near enough.
        other => format!("{other:?}").len(),
    };
    let parts: usize = reply.choices.iter().flat_map(|c| &c.parts).map(|p| part(p) + 64).sum();
    let logprobs = reply.choices.iter().filter_map(|c| c.logprobs.as_ref()).map(|l| l.to_string().len());
    parts + logprobs.sum::<usize>() + 256
}
