//! What a hit of the cache takes: the key of a request of 4 KB, and the reply from memory or from disk.

use std::hint::black_box;
use std::time::Instant;

use dspex::lm::{LanguageModel as _, Message, Reply, Request};
use dspex_lm::Cache;

use crate::Measured;
use crate::measure::{Figure, median_micros};
use crate::model::Fixed;

/// Entries on disk, so that its tree has the depth of one in use.
const ENTRIES: usize = 20_000;

fn request(i: usize) -> Request {
    let words = "The quick brown fox jumps over the lazy dog, and then again. ".repeat(66);
    Request::new(vec![Message::system("Answer the question."), Message::user(format!("{i}: {words}"))])
}

pub(crate) fn cache() -> Measured {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let folder = std::env::temp_dir().join(format!("dspex-bench-{}", std::process::id()));
    let figures = runtime.block_on(async {
        let memory = Cache::builder().build().over(Fixed::new("an answer of some words"));
        let asked = request(0);
        memory.call(&asked).await?;
        let disk = Cache::builder().memory_bytes(0).disk(folder.join("replies.sqlite")).build();
        let reply = Reply::text("an answer of some words ".repeat(20));
        for i in 0..ENTRIES {
            disk.put(disk.key("an endpoint", &request(i)), &request(i), &reply);
            // The writer keeps at most a few thousand waiting.
            if i % 1_000 == 0 {
                disk.flush().await;
            }
        }
        disk.flush().await;
        let mut times = Vec::new();
        for i in (0..ENTRIES).step_by(7) {
            let asked = request(i);
            let started = Instant::now();
            let found = disk.get(&disk.key("an endpoint", &asked)).await;
            times.push(started.elapsed().as_secs_f64() * 1e6);
            if black_box(found).is_none() {
                return Err("an entry is not there".into());
            }
        }
        times.sort_by(f64::total_cmp);
        Ok::<_, Box<dyn std::error::Error>>((memory, asked, times[times.len() / 2]))
    });
    let _ = std::fs::remove_dir_all(&folder);
    let (memory, asked, disk) = figures?;
    // On this thread, so that its own time is what is measured.
    let hit = median_micros(2_000, || {
        let _ = black_box(runtime.block_on(memory.call(&asked)));
    });
    let figure = |name: &str, value, at_most| Figure { name: name.into(), value, unit: "us", at_most };
    Ok(vec![
        figure("a hit in memory, with the key of a 4 KB request", hit, 10.0),
        figure("a hit on disk at the median, with the key", disk, 150.0),
    ])
}
