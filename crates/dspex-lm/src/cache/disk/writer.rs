//! The thread that writes: batches, off the path of the calls.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use dspex_core::Clock;
use tokio::sync::oneshot;

use super::Warn;
use super::store::Store;
use crate::CacheKey;

/// What is to be written.
pub(super) enum Work {
    Put(CacheKey, Vec<u8>),
    Touch(CacheKey),
    Remove(CacheKey),
    /// Says when all that came before is committed.
    Flush(oneshot::Sender<()>),
}

/// Most work that waits; what comes then is not kept.
const MOST_WAITING: usize = 4_096;

/// Most entries of a batch, and how long a batch waits for more.
const BATCH: usize = 256;
const GATHER: Duration = Duration::from_millis(5);

/// The thread, and the way to it. It is waited for when this is dropped.
pub(super) struct Writer {
    work: Option<SyncSender<Work>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(store: Arc<Store>, most: u64, clock: Arc<dyn Clock>, warn: Warn) -> io::Result<Self> {
        let (work, queue) = sync_channel(MOST_WAITING);
        let mut writing = Writing { store, most, clock, warn, since_shrunk: u64::MAX, failed: false };
        let thread = std::thread::Builder::new().name("dspex-cache".into());
        let thread = thread.spawn(move || writing.run(&queue))?;
        Ok(Self { work: Some(work), thread: Some(thread) })
    }

    pub(super) fn send(&self, work: Work) {
        let Some(queue) = &self.work else { return };
        match queue.try_send(work) {
            // Who waits for a flush waits also for room.
            Err(TrySendError::Full(flush @ Work::Flush(_))) => drop(queue.send(flush)),
            // A disk that cannot follow must not hold up the calls.
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) | Ok(()) => {}
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // With the last sender gone, the thread writes what is left and ends.
        self.work = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Writing {
    store: Arc<Store>,
    most: u64,
    clock: Arc<dyn Clock>,
    warn: Warn,
    /// Bytes written since the size was looked at.
    since_shrunk: u64,
    failed: bool,
}

impl Writing {
    fn run(&mut self, queue: &Receiver<Work>) {
        while let Ok(first) = queue.recv() {
            let mut batch = Batch::default();
            batch.take(first);
            let end = Instant::now() + GATHER;
            while batch.is_open() {
                match queue.recv_timeout(end.saturating_duration_since(Instant::now())) {
                    Ok(work) => batch.take(work),
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
                }
            }
            self.write(&batch);
            for flush in batch.flushes {
                let _ = flush.send(());
            }
        }
    }

    fn write(&mut self, batch: &Batch) {
        // After a failure nothing more is written: a full disk does not get better by being asked at each call.
        if self.failed || batch.is_empty() {
            return;
        }
        let now = self.clock.since_epoch();
        let bytes: usize = batch.puts.iter().map(|(_, value)| value.len()).sum();
        let written = self.store.write(&batch.puts, &batch.touched, &batch.removed, now).and_then(|()| {
            self.since_shrunk = self.since_shrunk.saturating_add(bytes as u64);
            // Others write, too, so the size is looked at from time to time.
            if self.most < u64::MAX && self.since_shrunk > self.most / 32 {
                self.since_shrunk = 0;
                self.store.shrink(self.most)?;
            }
            Ok(())
        });
        if let Err(fault) = written {
            self.failed = true;
            (self.warn)(&format!("the cache cannot be written: {fault}; new replies stay in memory"));
        }
    }
}

#[derive(Default)]
struct Batch {
    puts: Vec<(CacheKey, Vec<u8>)>,
    touched: Vec<CacheKey>,
    removed: Vec<CacheKey>,
    flushes: Vec<oneshot::Sender<()>>,
}

impl Batch {
    fn take(&mut self, work: Work) {
        match work {
            Work::Put(key, value) => {
                // What was to be taken away is written anew.
                self.removed.retain(|removed| *removed != key);
                self.puts.push((key, value));
            }
            Work::Touch(key) => self.touched.push(key),
            Work::Remove(key) if self.puts.iter().any(|(put, _)| *put == key) => {}
            Work::Remove(key) => self.removed.push(key),
            Work::Flush(done) => self.flushes.push(done),
        }
    }

    /// Whether more may come: there is room, and nobody waits.
    fn is_open(&self) -> bool {
        self.flushes.is_empty() && self.puts.len() + self.touched.len() + self.removed.len() < BATCH
    }

    fn is_empty(&self) -> bool {
        self.puts.is_empty() && self.touched.is_empty() && self.removed.is_empty()
    }
}
