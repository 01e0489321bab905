//! The file itself: its form, its connections, and what can be asked of it.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use dspex_core::lm::Reply;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, TransactionBehavior};

use crate::CacheKey;

/// The form of the file. A file of a newer form is left alone.
const VERSION: i64 = 1;

/// Marks a SQLite file as a cache of ours ("DSPX").
const APPLICATION: i64 = 0x4453_5058;

/// How long a process waits for another that writes.
const BUSY: Duration = Duration::from_secs(5);

const TABLES: &str = "
    CREATE TABLE replies (
        key     BLOB PRIMARY KEY,
        value   BLOB NOT NULL,
        sum     BLOB NOT NULL,
        size    INTEGER NOT NULL,
        created INTEGER NOT NULL,
        used    INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX replies_used ON replies (used, key, size);
";

/// What is wrong with a file.
#[derive(Debug)]
pub(super) enum Fault {
    /// It is no cache, or no longer one.
    Damaged(String),
    /// A newer version made it.
    Newer { found: i64 },
    /// It cannot be opened, read or written.
    Other(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(message) => write!(f, "expected a cache of replies, found: {message}"),
            Self::Newer { found } => {
                write!(f, "expected a cache of form {VERSION}, found form {found} of a newer version")
            }
            Self::Other(message) => f.write_str(message),
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(e: rusqlite::Error) -> Self {
        match e.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Damaged(e.to_string()),
            _ => Self::Other(e.to_string()),
        }
    }
}

impl From<io::Error> for Fault {
    fn from(e: io::Error) -> Self {
        Self::Other(e.to_string())
    }
}

/// One file, with the connections that are free.
#[derive(Debug)]
pub(super) struct Store {
    path: PathBuf,
    free: Mutex<Vec<Connection>>,
}

/// What the file has for a key.
#[derive(Debug)]
pub(super) struct Found {
    value: Vec<u8>,
    sum: Vec<u8>,
    pub(super) created: Duration,
    pub(super) used: Duration,
}

impl Found {
    /// The reply, if it is what was kept.
    pub(super) fn reply(&self, key: &CacheKey) -> Option<Reply> {
        (checksum(key, &self.value) == *self.sum).then_some(())?;
        Reply::from_stored(&serde_json::from_slice(&self.value).ok()?).ok()
    }
}

/// 128 bits over a key and a value.
fn checksum(key: &CacheKey, value: &[u8]) -> [u8; 16] {
    let mut hash = blake3::Hasher::new();
    hash.update(key.as_bytes()).update(value);
    let mut sum = [0; 16];
    hash.finalize_xof().fill(&mut sum);
    sum
}

/// What a cache on disk holds.
///
/// ```
/// let folder = tempfile::tempdir().unwrap();
/// let cache = dspex_lm::DiskCache::open(folder.path().join("replies.sqlite"))?;
/// assert_eq!(cache.stats()?.entries, 0);
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DiskStats {
    /// Replies.
    pub entries: u64,
    /// Bytes of replies.
    pub bytes: u64,
    /// When the oldest was kept, since 1970.
    pub oldest: Option<Duration>,
    /// When the newest was kept, since 1970.
    pub newest: Option<Duration>,
}

/// What a check of a cache on disk found.
///
/// ```
/// let folder = tempfile::tempdir().unwrap();
/// let cache = dspex_lm::DiskCache::open(folder.path().join("replies.sqlite"))?;
/// assert!(cache.verify()?.is_sound());
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// Entries that are what was kept.
    pub sound: u64,
    /// Entries that are not.
    pub damaged: Vec<CacheKey>,
    /// What is wrong with the structure of the file.
    pub structure: Vec<String>,
}

impl Verified {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.damaged.is_empty() && self.structure.is_empty()
    }
}

/// One entry of a cache on disk.
///
/// ```
/// use dspex_core::lm::{Reply, Request};
/// use dspex_lm::{CacheKey, DiskCache};
/// # dspex_testkit::block_on(async {
/// let folder = tempfile::tempdir().unwrap();
/// let cache = DiskCache::open(folder.path().join("replies.sqlite"))?;
/// cache.put(CacheKey::of("e", "", &Request::default()), &Reply::text("hi"));
/// cache.flush().await;
/// cache.each(|entry| {
///     assert_eq!(entry.reply.unwrap().choices[0].content(), "hi");
///     Ok(())
/// })
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// Its key.
    pub key: CacheKey,
    /// The reply; none where it is damaged.
    pub reply: Option<Reply>,
    /// When it was kept, since 1970.
    pub created: Duration,
}

impl Store {
    /// Opens a file, or makes it.
    pub(super) fn open(path: &Path) -> Result<Self, Fault> {
        if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            fs::create_dir_all(folder)?;
        }
        create_private(path)?;
        let store = Self { path: path.to_owned(), free: Mutex::default() };
        let mut connection = store.connect()?;
        prepare(&mut connection)?;
        store.free(connection);
        Ok(store)
    }

    fn connect(&self) -> Result<Connection, Fault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        // A file may come from anybody: nothing in it may run, and what does not fit its own structure is an error.
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        Ok(connection)
    }

    fn free(&self, connection: Connection) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }

    /// Does something with a connection of its own.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Fault> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match free {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let done = work(&mut connection)?;
        // A connection whose work failed is closed.
        self.free(connection);
        Ok(done)
    }

    pub(super) fn get(&self, key: &CacheKey) -> Result<Option<Found>, Fault> {
        self.with(|c| {
            let mut query =
                c.prepare_cached("SELECT value, sum, created, used FROM replies WHERE key = ?1")?;
            let found = query.query_row([key.as_bytes().as_slice()], |row| {
                let seconds = |at: usize| Ok::<_, rusqlite::Error>(since_epoch(row.get(at)?));
                Ok(Found { value: row.get(0)?, sum: row.get(1)?, created: seconds(2)?, used: seconds(3)? })
            });
            found.optional()
        })
    }

    /// Writes entries, in one transaction.
    pub(super) fn write(
        &self,
        puts: &[(CacheKey, Vec<u8>)],
        touched: &[CacheKey],
        removed: &[CacheKey],
        now: Duration,
    ) -> Result<(), Fault> {
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        self.with(|c| {
            let batch = c.transaction_with_behavior(TransactionBehavior::Immediate)?;
            {
                let mut put = batch.prepare_cached(
                    "INSERT OR REPLACE INTO replies (key, value, sum, size, created, used) VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
                )?;
                for (key, value) in puts {
                    let size = i64::try_from(value.len() + 128).unwrap_or(i64::MAX);
                    let sum = checksum(key, value);
                    put.execute((key.as_bytes().as_slice(), value, sum.as_slice(), size, now))?;
                }
                let mut touch = batch.prepare_cached("UPDATE replies SET used = ?2 WHERE key = ?1")?;
                for key in touched {
                    touch.execute((key.as_bytes().as_slice(), now))?;
                }
                let mut remove = batch.prepare_cached("DELETE FROM replies WHERE key = ?1")?;
                for key in removed {
                    remove.execute([key.as_bytes().as_slice()])?;
                }
            }
            batch.commit()
        })
    }

    /// Takes entries away, those first that were not used for longest, until the rest has a tenth less than so many bytes.
    /// In steps, so that no reader or writer waits for long.
    pub(super) fn shrink(&self, most: u64) -> Result<(), Fault> {
        let mut bytes = self.bytes()?;
        if bytes <= most {
            return Ok(());
        }
        let aim = most - most / 10;
        while bytes > aim {
            let freed: i64 = self.with(|c| {
                let step = c.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let oldest = "SELECT key, size FROM replies ORDER BY used, key LIMIT 256";
                let mut victims: Vec<(Vec<u8>, i64)> = Vec::new();
                {
                    let mut query = step.prepare_cached(oldest)?;
                    let mut rows = query.query([])?;
                    let mut left = i64::try_from(bytes - aim).unwrap_or(i64::MAX);
                    while let Some(row) = rows.next()?.filter(|_| left > 0) {
                        let (key, size): (Vec<u8>, i64) = (row.get(0)?, row.get(1)?);
                        left -= size;
                        victims.push((key, size));
                    }
                    let mut remove = step.prepare_cached("DELETE FROM replies WHERE key = ?1")?;
                    for (key, _) in &victims {
                        remove.execute([key])?;
                    }
                }
                step.commit()?;
                Ok(victims.iter().map(|(_, size)| size).sum())
            })?;
            let freed = u64::try_from(freed).unwrap_or(0);
            if freed == 0 {
                break;
            }
            bytes = bytes.saturating_sub(freed);
        }
        Ok(())
    }

    fn bytes(&self) -> Result<u64, Fault> {
        Ok(self.stats()?.bytes)
    }

    pub(super) fn stats(&self) -> Result<DiskStats, Fault> {
        self.with(|c| {
            c.query_row("SELECT count(*), total(size), min(created), max(created) FROM replies", [], |row| {
                let count =
                    |at: usize| Ok::<_, rusqlite::Error>(row.get::<_, i64>(at)?.try_into().unwrap_or(0));
                let time =
                    |at: usize| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(at)?.map(since_epoch));
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a sum of sizes")]
                let bytes = row.get::<_, f64>(1)? as u64;
                Ok(DiskStats { entries: count(0)?, bytes, oldest: time(2)?, newest: time(3)? })
            })
        })
    }

    pub(super) fn clear(&self) -> Result<u64, Fault> {
        let removed = self.with(|c| c.execute("DELETE FROM replies", []))?;
        self.with(|c| c.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);"))?;
        Ok(removed as u64)
    }

    pub(super) fn verify(&self) -> Result<Verified, Fault> {
        let structure = self.with(|c| {
            let mut query = c.prepare("PRAGMA integrity_check")?;
            let lines = query.query_map([], |row| row.get::<_, String>(0))?;
            lines.filter(|line| !matches!(line.as_deref(), Ok("ok"))).collect()
        })?;
        let mut verified = Verified { structure, ..Verified::default() };
        self.each(|entry| {
            match entry.reply {
                Some(_) => verified.sound += 1,
                None => verified.damaged.push(entry.key),
            }
            true
        })?;
        Ok(verified)
    }

    /// Gives each entry, until `take` says that it is enough.
    pub(super) fn each(&self, mut take: impl FnMut(Entry) -> bool) -> Result<(), Fault> {
        self.with(|c| {
            let mut query = c.prepare("SELECT key, value, sum, created, used FROM replies ORDER BY key")?;
            let mut rows = query.query([])?;
            while let Some(row) = rows.next()? {
                let key: Vec<u8> = row.get(0)?;
                let Ok(key) = key.try_into().map(CacheKey::from_bytes) else { continue };
                let (created, used) = (since_epoch(row.get(3)?), since_epoch(row.get(4)?));
                let found = Found { value: row.get(1)?, sum: row.get(2)?, created, used };
                if !take(Entry { key, reply: found.reply(&key), created }) {
                    break;
                }
            }
            Ok(())
        })
    }

    /// Gives a damaged file another name, with what belongs to it.
    pub(super) fn put_aside(path: &Path) -> Result<(), Fault> {
        let aside = (1..1_000).map(|n| beside(path, &format!(".damaged-{n}"))).find(|p| !p.exists());
        let aside = aside.ok_or_else(|| Fault::Other("too many damaged files lie beside it".into()))?;
        fs::rename(path, &aside)?;
        for end in ["-wal", "-shm"] {
            match fs::rename(beside(path, end), beside(&aside, end)) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e.into()),
                _ => {}
            }
        }
        Ok(())
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn since_epoch(seconds: i64) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

/// Makes the file, unless it is there: what was asked and answered is nobody else's business.
fn create_private(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(e),
        _ => Ok(()),
    }
}

/// Makes the tables, unless they are there. Processes that come at one time wait for each other.
fn prepare(connection: &mut Connection) -> Result<(), Fault> {
    let number =
        |c: &Connection, pragma: &str| c.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let version = number(connection, "user_version")?;
    if version == 0 {
        // The journal's form cannot be changed within a transaction; a second time it is the same.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        let making = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if number(&making, "user_version")? == 0 {
            let tables: i64 = making.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            if tables > 0 {
                return Err(Fault::Damaged("a database of something else".into()));
            }
            making.execute_batch(TABLES)?;
            making.pragma_update(None, "application_id", APPLICATION)?;
            making.pragma_update(None, "user_version", VERSION)?;
        }
        making.commit()?;
    }
    match (number(connection, "application_id")?, number(connection, "user_version")?) {
        (APPLICATION, VERSION) => Ok(()),
        (APPLICATION, found) => Err(Fault::Newer { found }),
        _ => Err(Fault::Damaged("a database of something else".into())),
    }
}
