//! Replies on disk: one SQLite file, which processes of one machine may share.
//!
//! The file is data only. Each entry has a checksum over its key and value; one that does not hold is taken away and
//! asked for again. Writes go through one thread in batches; *committed* means that the batch is. The journal is a
//! write-ahead log (SQLite's `WAL` with `synchronous=NORMAL`): a process that is killed loses the batch under way and
//! nothing else.

mod store;
mod writer;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use dspex_core::lm::Reply;
use dspex_core::{Clock, Error, ErrorKind, Result, SystemClock};

pub use store::{DiskStats, Entry, Verified};
use store::{Fault, Store};
use writer::{Work, Writer};

use super::CacheKey;
use super::settings::Warn;

/// Replies on disk. Copies share the connection and the thread that writes, which ends with the last of them.
///
/// ```
/// use dspex_core::lm::{Message, Reply, Request};
/// use dspex_lm::{CacheKey, DiskCache};
///
/// # dspex_testkit::block_on(async {
/// let folder = tempfile::tempdir().unwrap();
/// let file = folder.path().join("replies.sqlite");
/// let key = CacheKey::of("an endpoint", "", &Request::new(vec![Message::user("hi")]));
/// let cache = DiskCache::open(&file)?;
/// cache.put(key, &Reply::text("hello"));
/// cache.flush().await;
///
/// let other = DiskCache::open(&file)?; // it might be of another process
/// assert_eq!(other.get(&key).await.unwrap().choices[0].content(), "hello");
/// assert_eq!(other.stats()?.entries, 1);
/// # Ok::<(), dspex_core::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct DiskCache(Arc<Disk>);

struct Disk {
    path: PathBuf,
    /// None once the file proved to be of no use.
    store: RwLock<Option<Arc<Store>>>,
    writer: Mutex<Option<Writer>>,
    warn: Warn,
    warned: AtomicBool,
    clock: Arc<dyn Clock>,
    time_to_live: Option<Duration>,
}

impl DiskCache {
    /// Opens a file, or makes it. One that is no cache, or was made by a newer version, is an error.
    pub fn open(file: impl AsRef<Path>) -> Result<Self> {
        let file = file.as_ref();
        let store = Store::open(file).map_err(|fault| file_error(file, &fault))?;
        Ok(Self::new(file, Some(store), u64::MAX, None, Arc::new(|_| ())))
    }

    /// Opens a file for a cache that must not fail: a file that is damaged is put aside and made anew, and one that cannot
    /// be used leaves a cache without a disk. Either is a warning.
    pub(super) fn open_or_warn(file: &Path, most: u64, time_to_live: Option<Duration>, warn: Warn) -> Self {
        let store = match Store::open(file) {
            Ok(store) => Some(store),
            Err(Fault::Damaged(message)) => {
                warn(&format!("the cache {} is damaged ({message}); it is put aside", file.display()));
                Store::put_aside(file)
                    .and_then(|()| Store::open(file))
                    .map_err(|fault| without(file, &fault, &warn))
                    .ok()
            }
            Err(fault) => {
                without(file, &fault, &warn);
                None
            }
        };
        Self::new(file, store, most, time_to_live, warn)
    }

    fn new(file: &Path, store: Option<Store>, most: u64, time_to_live: Option<Duration>, warn: Warn) -> Self {
        let store = store.map(Arc::new);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let writer = store.as_ref().and_then(|store| {
            let started = Writer::start(Arc::clone(store), most, Arc::clone(&clock), Arc::clone(&warn));
            started
                .map_err(|e| warn(&format!("nothing is written to the cache {}: {e}", file.display())))
                .ok()
        });
        Self(Arc::new(Disk {
            path: file.to_owned(),
            store: RwLock::new(store),
            writer: Mutex::new(writer),
            warn,
            warned: AtomicBool::new(false),
            clock,
            time_to_live,
        }))
    }

    fn store(&self) -> Option<Arc<Store>> {
        self.0.store.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is kept for a key. Whatever goes wrong, there is nothing.
    pub async fn get(&self, key: &CacheKey) -> Option<Reply> {
        let (disk, key) = (self.clone(), *key);
        let read = move || disk.read(&key);
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => runtime.spawn_blocking(read).await.ok().flatten(),
            Err(_) => read(),
        }
    }

    fn read(&self, key: &CacheKey) -> Option<Reply> {
        let store = self.store()?;
        let now = self.0.clock.since_epoch();
        let found = match store.get(key) {
            Ok(found) => found?,
            Err(fault) => {
                self.fail(&fault);
                return None;
            }
        };
        let old = self.0.time_to_live.is_some_and(|time| found.created + time < now);
        let reply = if old { None } else { found.reply(key) };
        match &reply {
            None => self.send(Work::Remove(*key)),
            // To know what is used, minutes are enough.
            Some(_) if found.used + Duration::from_mins(10) < now => self.send(Work::Touch(*key)),
            Some(_) => {}
        }
        if reply.is_none() && !old {
            self.warn_once(&format!(
                "an entry of the cache {} is damaged; it is asked for again",
                self.0.path.display()
            ));
        }
        reply
    }

    /// Keeps a reply. It is committed a moment later; [`flush`](Self::flush) waits for that.
    pub fn put(&self, key: CacheKey, reply: &Reply) {
        self.send(Work::Put(key, reply.to_stored().to_string().into_bytes()));
    }

    /// Waits until what was kept so far is committed, or given up with a warning.
    pub async fn flush(&self) {
        let (done, committed) = tokio::sync::oneshot::channel();
        self.send(Work::Flush(done));
        // Without a writer there is nothing to wait for.
        let _ = committed.await;
    }

    fn send(&self, work: Work) {
        if let Some(writer) = &*self.0.writer.lock().unwrap_or_else(PoisonError::into_inner) {
            writer.send(work);
        }
    }

    /// What goes wrong while the cache is used: a damaged file is put aside, for the next process to begin anew.
    fn fail(&self, fault: &Fault) {
        if let Fault::Damaged(message) = fault {
            let store = self.0.store.write().unwrap_or_else(PoisonError::into_inner).take();
            if store.is_some() {
                let path = self.0.path.display();
                self.warn_once(&format!("the cache {path} is damaged ({message}); it is put aside"));
                if let Err(fault) = Store::put_aside(&self.0.path) {
                    (self.0.warn)(&format!("the cache {path} cannot be put aside: {fault}"));
                }
            }
        } else {
            self.warn_once(&format!("the cache {} cannot be read: {fault}", self.0.path.display()));
        }
    }

    fn warn_once(&self, message: &str) {
        if !self.0.warned.swap(true, Ordering::Relaxed) {
            (self.0.warn)(message);
        }
    }

    /// What the file holds.
    pub fn stats(&self) -> Result<DiskStats> {
        self.with(Store::stats)
    }

    /// Takes all entries away.
    pub fn clear(&self) -> Result<u64> {
        self.with(Store::clear)
    }

    /// Reads every entry and checks it, and the file's own structure.
    pub fn verify(&self) -> Result<Verified> {
        self.with(Store::verify)
    }

    /// Gives each entry, in the order of keys.
    pub fn each(&self, mut take: impl FnMut(Entry) -> Result<()>) -> Result<()> {
        let mut outcome = Ok(());
        self.with(|store| {
            store.each(|entry| {
                outcome = take(entry);
                outcome.is_ok()
            })
        })?;
        outcome
    }

    fn with<T>(&self, work: impl FnOnce(&Store) -> std::result::Result<T, Fault>) -> Result<T> {
        let gone = || Fault::Other("it was given up before".into());
        let store = self.store().ok_or_else(gone).map_err(|fault| file_error(&self.0.path, &fault))?;
        work(&store).map_err(|fault| file_error(&self.0.path, &fault))
    }
}

fn without(file: &Path, fault: &Fault, warn: &Warn) {
    warn(&format!("the cache {} cannot be used: {fault}; going on without it", file.display()));
}

fn file_error(file: &Path, fault: &Fault) -> Error {
    let error =
        Error::from(ErrorKind::File { place: file.display().to_string(), message: fault.to_string() });
    match fault {
        Fault::Newer { .. } => error.with_hint("use the newer version, or another file"),
        Fault::Damaged(_) => error.with_hint("delete the file, or name another one"),
        Fault::Other(_) => error,
    }
}

impl fmt::Debug for DiskCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiskCache").field("file", &self.0.path).finish_non_exhaustive()
    }
}
