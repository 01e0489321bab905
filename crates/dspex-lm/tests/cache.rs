//! The cache: what it keeps, what it does not, and what it survives.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dspex_core::lm::{Choice, FinishReason, LmError, LmErrorKind, Message, Options, Part, Reply, Request};
use dspex_core::value::ToolCall;
use dspex_core::{BoxFuture, LanguageModel, Record, Usage};
use dspex_lm::{Cache, CacheBuilder, CacheKey, Cached, DiskCache};
use futures_util::StreamExt as _;
use futures_util::future::join_all;

/// What a model answers.
type Answers = dyn Fn(usize) -> Result<Reply, LmError> + Send + Sync;

/// A model that takes 10 ms to answer, and counts how often it is asked.
#[derive(Clone)]
struct Slow {
    asked: Arc<AtomicUsize>,
    answers: Arc<Answers>,
}

impl Slow {
    fn new(answers: impl Fn(usize) -> Result<Reply, LmError> + Send + Sync + 'static) -> Self {
        Self { asked: Arc::default(), answers: Arc::new(answers) }
    }

    fn hi() -> Self {
        Self::new(|_| Ok(Reply::text("hi").with_usage(Usage::tokens(3, 1))))
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl LanguageModel for Slow {
    fn id(&self) -> &str {
        "slow"
    }

    fn call<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
        Box::pin(async move {
            let n = self.asked.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(10)).await;
            (self.answers)(n)
        })
    }
}

fn ask(text: &str) -> Request {
    Request::new(vec![Message::user(text)])
}

fn memory(lm: &Slow) -> Cached {
    Cache::builder().build().over(lm.clone())
}

/// Warnings that a cache gives.
type Warnings = Arc<Mutex<Vec<String>>>;

fn on_disk(file: &Path) -> (CacheBuilder, Warnings) {
    let warnings = Warnings::default();
    let heard = Arc::clone(&warnings);
    let builder = Cache::builder().disk(file).on_warning(move |w| heard.lock().unwrap().push(w.to_owned()));
    (builder, warnings)
}

#[tokio::test(start_paused = true)]
async fn c6_a_hundred_equal_misses_are_one_call() {
    let lm = Slow::hi();
    let cached = memory(&lm);
    let request = ask("?");
    let replies = join_all((0..100).map(|_| cached.call(&request))).await;
    assert_eq!(lm.asked(), 1);
    let hits = replies.into_iter().map(Result::unwrap).filter(|r| r.cached && r.usage == Usage::default());
    assert_eq!(hits.count(), 99);
}

#[tokio::test(start_paused = true)]
async fn c6_when_the_first_fails_one_other_asks_again() {
    let failure = || LmError::new(LmErrorKind::Server, "overloaded");
    let lm = Slow::new(move |n| if n == 0 { Err(failure()) } else { Ok(Reply::text("hi")) });
    let cached = memory(&lm);
    let request = ask("?");
    let replies = join_all((0..100).map(|_| cached.call(&request))).await;
    assert_eq!((lm.asked(), replies.iter().filter(|r| r.is_err()).count()), (2, 1));

    let lm = Slow::new(move |_| Err(failure()));
    let cached = memory(&lm);
    let replies = join_all((0..100).map(|_| cached.call(&request))).await;
    assert_eq!((lm.asked(), replies.iter().filter(|r| r.is_err()).count()), (2, 100));
    // It is the failure of that moment, not kept for later.
    assert!(cached.call(&request).await.is_err());
    assert_eq!(lm.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn c6_when_the_first_gives_up_another_takes_over() {
    let lm = Slow::hi();
    let cached = memory(&lm);
    let request = ask("?");
    let first = Box::pin(cached.call(&request));
    let (others, _) = tokio::join!(
        async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            join_all((0..10).map(|_| cached.call(&request))).await
        },
        tokio::time::timeout(Duration::from_millis(5), first),
    );
    assert_eq!(lm.asked(), 2, "once for the one that gave up");
    assert!(others.into_iter().all(|r| r.is_ok()));
}

#[tokio::test(start_paused = true)]
async fn c8_what_is_not_whole_is_not_kept() {
    let args = || Record::new().with("a", 1);
    let call = Part::ToolCall(ToolCall { id: None, name: "f".into(), args: args() });
    let broken = Part::BrokenToolCall { id: None, name: "f".into(), arguments: "{".into() };
    let of = |part: Part, finish: FinishReason| {
        let mut choice = Choice::text("").with_finish(finish);
        choice.parts = vec![part];
        Reply::new(vec![choice])
    };
    let text = |t: &str| Part::Text(t.into());
    let cases: Vec<(&str, Reply, bool)> = vec![
        ("an answer", of(text("hi"), FinishReason::Stop), true),
        ("a call", of(call, FinishReason::ToolCalls), true),
        ("cut off", of(text("hi"), FinishReason::Length), false),
        ("filtered", of(text("hi"), FinishReason::ContentFilter), false),
        ("ended for a reason unknown", of(text("hi"), FinishReason::Other("pause".into())), false),
        ("blank", of(text(" \n"), FinishReason::Stop), false),
        ("only thoughts", of(Part::Reasoning("hm".into()), FinishReason::Stop), false),
        ("a broken call", of(broken, FinishReason::ToolCalls), false),
        ("no completion", Reply::new(Vec::new()), false),
    ];
    for (what, reply, kept) in cases {
        let lm = Slow::new(move |_| Ok(reply.clone()));
        let cached = memory(&lm);
        for _ in 0..2 {
            cached.call(&ask("?")).await.unwrap();
        }
        assert_eq!(lm.asked(), if kept { 1 } else { 2 }, "{what}");
    }
    // Fewer completions than were asked for.
    let lm = Slow::hi();
    let cached = memory(&lm);
    let mut request = ask("?");
    request.options = Options::new().n(2);
    for _ in 0..2 {
        cached.call(&request).await.unwrap();
    }
    assert_eq!(lm.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_kept_when_it_is_over_and_given_as_a_stream() {
    let lm = Slow::hi();
    let cached = memory(&lm);
    let request = ask("?");
    let mut cut = cached.stream(&request);
    cut.next().await.unwrap().unwrap();
    drop(cut);
    for _ in 0..2 {
        let events: Vec<_> = cached.stream(&request).map(Result::unwrap).collect().await;
        assert!(events.len() > 2);
    }
    assert_eq!(lm.asked(), 2, "the stream that was dropped was not kept");
    assert!(cached.call(&request).await.unwrap().cached);
}

#[tokio::test(start_paused = true)]
async fn c11_rollouts_are_apart_and_tenants_do_not_share() {
    let lm = Slow::hi();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("replies.sqlite");
    let (a, _) = on_disk(&file);
    let cached = a.tenant("a").build().over(lm.clone());
    for rollout in [0, 1, 0, 1] {
        let mut request = ask("?");
        request.options = Options::new().temperature(0.0).rollout_id(rollout);
        cached.call(&request).await.unwrap();
    }
    assert_eq!(lm.asked(), 2);
    let (b, _) = on_disk(&file);
    let mut request = ask("?");
    request.options = Options::new().temperature(0.0).rollout_id(0);
    assert!(!b.tenant("b").build().over(lm).call(&request).await.unwrap().cached);
}

async fn fill(file: &Path, n: usize) -> Vec<CacheKey> {
    let disk = DiskCache::open(file).unwrap();
    let keys: Vec<CacheKey> = (0..n).map(|i| CacheKey::of("e", "", &ask(&i.to_string()))).collect();
    for (i, key) in keys.iter().enumerate() {
        disk.put(*key, &Reply::text(format!("reply {i} {}", "x".repeat(500))));
    }
    disk.flush().await;
    keys
}

#[tokio::test]
async fn another_process_finds_what_was_committed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a/b/replies.sqlite");
    let keys = fill(&file, 300).await;
    let disk = DiskCache::open(&file).unwrap();
    for (i, key) in keys.iter().enumerate() {
        let reply = disk.get(key).await.unwrap();
        assert!(reply.choices[0].content().starts_with(&format!("reply {i} ")));
    }
    let stats = disk.stats().unwrap();
    assert_eq!((stats.entries, disk.verify().unwrap().sound), (300, 300));
    assert!(stats.bytes > 300 * 500);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(disk.clear().unwrap(), 300);
    assert_eq!(disk.stats().unwrap().entries, 0);
}

#[tokio::test]
async fn c3_a_file_that_is_no_cache_is_put_aside() {
    let lm = Slow::hi();
    for (what, bytes) in
        [("text", b"not a database, but long enough to be looked at".to_vec()), ("noise", vec![7; 8192])]
    {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("replies.sqlite");
        fs::write(&file, &bytes).unwrap();
        let (builder, warnings) = on_disk(&file);
        let cache = builder.build();
        assert!(!cache.over(lm.clone()).call(&ask(what)).await.unwrap().cached);
        cache.flush().await;
        let warnings = warnings.lock().unwrap();
        assert_eq!(warnings.len(), 1, "{what}: {warnings:?}");
        assert!(warnings[0].contains("is damaged") && warnings[0].contains("put aside"), "{warnings:?}");
        assert_eq!(fs::read(folder.path().join("replies.sqlite.damaged-1")).unwrap(), bytes);
        assert_eq!(DiskCache::open(&file).unwrap().stats().unwrap().entries, 1);
    }
}

#[tokio::test]
async fn c3_flipped_bytes_never_give_another_answer() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("replies.sqlite");
    let keys = fill(&file, 60).await;
    let sound = fs::read(&file).unwrap();
    let lm = Slow::hi();
    // One byte after the other, spread over the file by a step that has no factor in common with its pages.
    for at in (0..sound.len()).step_by(1_237) {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x55;
        let place = folder.path().join(format!("{at}.sqlite"));
        fs::write(&place, &bytes).unwrap();
        let (builder, warnings) = on_disk(&place);
        let cache = builder.build();
        for (i, key) in keys.iter().enumerate() {
            if let Some(reply) = cache.get(key).await {
                assert!(reply.choices[0].content().starts_with(&format!("reply {i} x")), "byte {at}");
            }
        }
        cache.over(lm.clone()).call(&ask("more")).await.unwrap();
        cache.flush().await;
        assert!(warnings.lock().unwrap().len() <= 2, "byte {at}: {:?}", warnings.lock().unwrap());
    }
}

#[tokio::test]
async fn c3_a_file_that_is_cut_off_is_a_miss() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("replies.sqlite");
    let keys = fill(&file, 60).await;
    let sound = fs::read(&file).unwrap();
    for length in [0, 1, 50, 100, 4_095, 4_096, 10_000, sound.len() / 2, sound.len() - 1] {
        let place = folder.path().join(format!("{length}.sqlite"));
        fs::write(&place, &sound[..length]).unwrap();
        let (builder, _) = on_disk(&place);
        let cache = builder.build();
        for (i, key) in keys.iter().enumerate() {
            if let Some(reply) = cache.get(key).await {
                assert!(reply.choices[0].content().starts_with(&format!("reply {i} x")), "{length} bytes");
            }
        }
        cache.over(Slow::hi()).call(&ask("more")).await.unwrap();
    }
}

#[tokio::test]
async fn c4_a_place_that_cannot_be_written_leaves_the_memory() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("a-file");
    fs::write(&blocked, "").unwrap();
    let (builder, warnings) = on_disk(&blocked.join("replies.sqlite"));
    let lm = Slow::hi();
    let cached = builder.build().over(lm.clone());
    for _ in 0..3 {
        cached.call(&ask("?")).await.unwrap();
    }
    assert_eq!(lm.asked(), 1);
    let warnings = warnings.lock().unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].ends_with("going on without it"), "{warnings:?}");
}

#[tokio::test]
async fn c5_a_file_of_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("replies.sqlite");
    fill(&file, 3).await;
    let newer = rusqlite::Connection::open(&file).unwrap();
    newer.pragma_update(None, "user_version", 2).unwrap();
    drop(newer);
    let before = fs::read(&file).unwrap();
    let e = DiskCache::open(&file).unwrap_err();
    assert!(e.to_string().contains("found form 2 of a newer version"), "{e}");
    let (builder, warnings) = on_disk(&file);
    let cache = builder.build();
    cache.over(Slow::hi()).call(&ask("?")).await.unwrap();
    cache.flush().await;
    assert_eq!(warnings.lock().unwrap().len(), 1);
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[tokio::test]
async fn c9_the_disk_is_bounded_and_keeps_what_is_newest() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("replies.sqlite");
    let (builder, warnings) = on_disk(&file);
    let cache = builder.disk_bytes(200_000).memory_bytes(0).build();
    let reply = Reply::text("x".repeat(1_000));
    let key = |i: usize| CacheKey::of("e", "", &ask(&i.to_string()));
    for i in 0..2_000 {
        cache.put(key(i), &ask(""), &reply);
        if i % 50 == 0 {
            cache.flush().await;
        }
    }
    cache.flush().await;
    let stats = cache.disk().unwrap().stats().unwrap();
    assert!(stats.bytes <= 210_000 && stats.entries > 100, "{stats:?}");
    assert!(warnings.lock().unwrap().is_empty());
}

#[tokio::test]
async fn c10_a_file_that_somebody_else_wrote_is_data_and_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("replies.sqlite");
    let keys = fill(&file, 1).await;
    let theirs = rusqlite::Connection::open(&file).unwrap();
    theirs.execute_batch("UPDATE replies SET value = x'7b7d'").unwrap();
    drop(theirs);
    let (builder, warnings) = on_disk(&file);
    let cache = builder.build();
    assert_eq!(cache.get(&keys[0]).await, None);
    cache.flush().await;
    assert_eq!(warnings.lock().unwrap().len(), 1);
    assert_eq!(cache.disk().unwrap().stats().unwrap().entries, 0, "it is taken away");
}

#[tokio::test]
async fn what_is_damaged_is_taken_away_and_written_anew_in_one_batch() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("replies.sqlite");
    let keys = fill(&file, 20).await;
    let theirs = rusqlite::Connection::open(&file).unwrap();
    theirs.execute_batch("UPDATE replies SET value = x'7b7d'").unwrap();
    drop(theirs);
    let (builder, _) = on_disk(&file);
    let cache = builder.memory_bytes(0).build();
    for key in &keys {
        assert_eq!(cache.get(key).await, None);
        cache.put(*key, &ask(""), &Reply::text("anew"));
    }
    cache.flush().await;
    assert_eq!(cache.disk().unwrap().verify().unwrap().sound, 20);
}
