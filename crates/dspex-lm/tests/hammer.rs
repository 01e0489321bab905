//! Two processes with eight threads each use one cache on disk, and every second one of them is killed with `kill -9`.
//!
//! Nothing may be lost that was committed, nothing may come back that was not put in, and the file stays sound. The
//! children are this program itself. `cargo xtask soak` runs it for a minute, the tests for a tenth of that.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]
#![expect(clippy::print_stdout, reason = "children speak to this one by it, and the figures are for reading")]
#![expect(
    clippy::disallowed_methods,
    reason = "it is about threads, processes and time, and has a switch for developers"
)]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use dspex_core::lm::{Message, Reply, Request};
use dspex_lm::{Cache, CacheKey, DiskCache};
use dspex_testkit::block_on;

/// Keys that there are. Every put of one writes the same reply.
const KEYS: u64 = 3_000;

/// Names the file to a child.
const FILE: &str = "DSPEX_HAMMER_FILE";

/// How many seconds it takes; six, unless set.
const SECONDS: &str = "DSPEX_HAMMER_SECONDS";

fn key(i: u64) -> CacheKey {
    CacheKey::of("e", "", &Request::new(vec![Message::user(i.to_string())]))
}

/// What is kept for a key: of another length for each, long enough to lie on several pages.
fn text(i: u64) -> String {
    let length = usize::try_from(i * 7_919 % 9_000).unwrap() + 10;
    let word = format!("{i:x}-");
    word.repeat(length / word.len() + 1)
}

/// Random enough: xorshift.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// A child: puts and gets until it is killed. What was committed it says, a line each.
#[test]
#[ignore = "the other test starts it"]
fn child() {
    let Ok(file) = std::env::var(FILE) else { return };
    let cache = Cache::builder()
        .memory_bytes(0)
        .disk(PathBuf::from(file))
        .on_warning(|warning| println!("WARNING {warning}"))
        .build();
    let seeds = AtomicU64::new(u64::from(std::process::id()) << 8 | 1);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut state = seeds.fetch_add(2, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                block_on(work(&cache, &mut state));
            });
        }
    });
}

async fn work(cache: &Cache, state: &mut u64) {
    let request = Request::new(Vec::new());
    loop {
        let mut put = Vec::new();
        for _ in 0..20 {
            let i = next(state) % KEYS;
            if next(state).is_multiple_of(3) {
                cache.put(key(i), &request, &Reply::text(text(i)));
                put.push(i);
            } else if let Some(reply) = cache.get(&key(i)).await
                && reply.choices[0].content() != text(i)
            {
                println!("WRONG {i}");
            }
        }
        cache.flush().await;
        // One write, so that the lines of threads stay whole.
        let lines = put.iter().fold(String::new(), |all, i| all + "KEPT " + &i.to_string() + "\n");
        std::io::stdout().lock().write_all(lines.as_bytes()).unwrap();
    }
}

/// What the children said.
#[derive(Default)]
struct Heard {
    kept: BTreeSet<u64>,
    lines: u64,
    bad: Vec<String>,
}

fn start(file: &Path, heard: &Arc<Mutex<Heard>>) -> (Child, std::thread::JoinHandle<()>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture", "--test-threads=1"])
        .env(FILE, file)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (out, heard) = (BufReader::new(child.stdout.take().unwrap()), Arc::clone(heard));
    let listen = move || {
        for line in out.lines().map_while(Result::ok) {
            let mut heard = heard.lock().unwrap();
            match line.split_once(' ') {
                Some(("KEPT", i)) => {
                    // The last line of a child that was killed may be cut off, and then names another key.
                    heard.lines += 1;
                    heard.kept.extend(i.parse::<u64>().ok().filter(|i| *i < KEYS));
                }
                Some(("WRONG" | "WARNING", _)) => heard.bad.push(line),
                _ => {}
            }
        }
    };
    (child, std::thread::spawn(listen))
}

#[test]
fn c1_c2_nothing_committed_is_lost_when_processes_are_killed() {
    let seconds: u64 = std::env::var(SECONDS).map_or(6, |s| s.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("replies.sqlite");
    let heard = Arc::new(Mutex::new(Heard::default()));
    let mut running = vec![start(&file, &heard), start(&file, &heard)];
    let began = Instant::now();
    let mut kills = 0;
    while began.elapsed() < Duration::from_secs(seconds) {
        std::thread::sleep(Duration::from_secs(1));
        let (mut child, listener) = running.remove(0);
        // On Unix this is SIGKILL.
        child.kill().unwrap();
        child.wait().unwrap();
        listener.join().unwrap();
        kills += 1;
        running.push(start(&file, &heard));
    }
    for (mut child, listener) in running {
        child.kill().unwrap();
        child.wait().unwrap();
        listener.join().unwrap();
    }
    let heard = heard.lock().unwrap();
    assert!(heard.bad.is_empty(), "{:?}", &heard.bad[..heard.bad.len().min(5)]);
    assert!(heard.kept.len() > 100, "only {} entries were committed", heard.kept.len());
    let disk = DiskCache::open(&file).unwrap();
    let verified = disk.verify().unwrap();
    assert!(verified.is_sound(), "{verified:?}");
    let lost: Vec<u64> = block_on(async {
        let mut lost = Vec::new();
        for i in &heard.kept {
            let reply = disk.get(&key(*i)).await;
            if reply.is_none_or(|r| r.choices[0].content() != text(*i)) {
                lost.push(*i);
            }
        }
        lost
    });
    assert!(lost.is_empty(), "lost: {lost:?}");
    println!(
        "{kills} kills in {seconds} s; {} puts committed, {} entries sound",
        heard.lines, verified.sound
    );
}
