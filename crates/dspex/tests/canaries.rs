//! Secret canaries (N4, K1 to K3): a key, a header and a query that must be found in nothing that is written or shown,
//! whatever the server answers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fmt::Debug;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use dspex::RunEvent;
use dspex::lm::{
    Cache, EmbedRequest, Embedder as _, EmbeddingModel, Governors, LanguageModel as _, Lm, LmBuilder,
    Message, Recorder, Replay, Request, Resilience, Routed, Secret,
};
use dspex::prelude::*;
use dspex_testkit::{Answer, Script, TestServer};
use futures_util::StreamExt as _;
use serde_json::json;

/// What is secret, each with characters that other forms write otherwise.
const CANARIES: [&str; 3] =
    ["canary1/+=5f7e1c0a9bKEY", "canary2/+=77aa01c3HEADER", "canary3-0b1c2d3e4fQUERY"];

/// The forms in which a canary may come back: as it is, in base64, and as URLs write it.
fn written(canary: &str) -> [String; 4] {
    let in_url = |hex: fn(u8) -> String| -> String {
        canary.bytes().map(|b| if b"/+=".contains(&b) { hex(b) } else { char::from(b).to_string() }).collect()
    };
    let base64 = base64::engine::general_purpose::STANDARD.encode(canary);
    [canary.to_owned(), base64, in_url(|b| format!("%{b:02X}")), in_url(|b| format!("%{b:02x}"))]
}

/// What is looked for: the first 12 characters of each.
fn forms(canary: &str) -> Vec<String> {
    written(canary).iter().map(|form| form[..12].to_owned()).collect()
}

fn has(bytes: &[u8], form: &str) -> bool {
    bytes.windows(form.len()).any(|w| w == form.as_bytes())
}

/// An error if a text or a file has any form of a canary.
fn assert_clean(what: &str, bytes: &[u8]) {
    for canary in CANARIES {
        for form in forms(canary) {
            assert!(!has(bytes, &form), "{what} has `{form}`: {}", String::from_utf8_lossy(bytes));
        }
    }
}

fn assert_clean_folder(folder: &Path) -> usize {
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        assert_clean(&path.display().to_string(), &fs::read(&path).unwrap());
        count += 1;
    }
    count
}

/// Texts that are looked through at the end.
#[derive(Clone, Default)]
struct Shown(Arc<Mutex<Vec<String>>>);

impl Shown {
    fn say(&self, text: impl Into<String>) {
        self.0.lock().unwrap().push(text.into());
    }

    fn debug(&self, value: &impl Debug) {
        self.say(format!("{value:?}\n{value:#?}"));
    }

    fn error(&self, e: &dspex::Error) {
        self.debug(e);
        self.say(e.to_string());
        self.say(e.to_json().to_string());
        self.say(e.hint().unwrap_or_default());
        let mut cause = std::error::Error::source(e);
        while let Some(deeper) = cause {
            self.say(format!("{deeper} {deeper:?}"));
            cause = deeper.source();
        }
    }
}

fn builder(url: &str, shown: &Shown) -> LmBuilder {
    with_canaries(Lm::builder("openai/some-model"), url, shown)
}

fn with_canaries<T>(builder: LmBuilder<T>, url: &str, shown: &Shown) -> LmBuilder<T> {
    let events = shown.clone();
    let mut resilience = Resilience::default();
    resilience.policy.retry.attempts = 2;
    resilience.policy.retry.throttled_attempts = 1;
    resilience.policy.retry.base = std::time::Duration::from_millis(1);
    resilience.policy.limits.pause = std::time::Duration::from_millis(1);
    resilience.governors =
        Governors::telling(move |who, event| events.say(format!("{who} {event} {event:?}")));
    shown.debug(&resilience);
    let builder = builder
        .api_key(Secret::new(CANARIES[0]))
        .header("x-tenant-secret", Secret::new(CANARIES[1]))
        .setting("SOME_SETTING", CANARIES[1])
        .api_base(format!("{url}?code={}&api-version=2024-10-21", CANARIES[2]))
        .resilience(resilience);
    shown.debug(&builder);
    builder
}

/// All that a server may say of the secrets that it was sent, with each status and in each place.
fn faults() -> Vec<Answer> {
    let mut all =
        vec![Answer::text("[[ ## answer ## ]]\nyes").cut_after(30), Answer::text(""), Answer::status(503)];
    for canary in CANARIES {
        let echoes = written(canary).into_iter().chain([format!("{}...", &canary[..14])]);
        for echo in echoes {
            let error = json!({"error": {"message": format!("wrong: {echo}, try another"), "code": echo}});
            for status in [400, 401, 402, 404, 429, 500] {
                let (headers, body) =
                    (vec![("content-type".into(), "application/json".into())], error.to_string());
                all.push(Answer::Http { status, headers, body }.with_header("x-request-id", &echo));
            }
            all.push(Answer::body("text/html", format!("<html>{echo}</html>")));
            all.push(Answer::body("application/json", format!("{{\"choices\": \"{echo}\"}}")));
            all.push(Answer::body("application/json", echo.clone()));
            all.push(Answer::status(302).with_header("location", &format!("http://h/?k={echo}")));
        }
    }
    all
}

async fn call(ctx: &Context, program: &Predict, question: &str, shown: &Shown) -> bool {
    match program.call(ctx, Record::new().with("question", question)).await {
        Ok(out) => {
            shown.debug(&out);
            shown.debug(&out.attempts());
            shown.say(out.attempts().iter().map(|a| a.to_json().to_string()).collect::<String>());
            true
        }
        Err(e) => {
            shown.error(&e);
            false
        }
    }
}

#[tokio::test]
async fn no_canary_is_found_in_anything() {
    let request = Request::new(vec![Message::user("Is it?")]);
    let (folder, shown) = (tempfile::tempdir().unwrap(), Shown::default());
    let file = |name: &str| folder.path().join(name);
    let good =
        TestServer::script(Script::always(Answer::text("[[ ## answer ## ]]\nyes"))).start().await.unwrap();

    // A success, kept on disk and recorded.
    let lm = builder(&good.base_url(), &shown).build().unwrap();
    shown.debug(&lm);
    shown.say(lm.endpoint());
    shown.say(format!("{:?}", lm.settings()));
    let warn = shown.clone();
    let cache = Cache::builder().disk(file("replies.sqlite")).on_warning(move |w| warn.say(w)).build();
    let recorder = Recorder::create(file("calls.jsonl")).unwrap();
    let kept = recorder.over(cache.over(lm.clone()));
    shown.debug(&kept);
    let events = shown.clone();
    let (ctx, trace) = Context::new(kept).with_events(move |event: &RunEvent| events.debug(event)).traced();
    let program = Predict::parse("question -> answer").unwrap();
    assert!(call(&ctx, &program, "Is it?", &shown).await && call(&ctx, &program, "Is it?", &shown).await);
    assert_eq!(cache.stats().hits, 1);
    cache.flush().await;
    shown.debug(&trace);
    shown.debug(&(&cache, &recorder, &ctx));
    shown.say(cache.key(&lm.endpoint(), &Request::new(vec![Message::user("hi")])).to_string());
    let mut events = lm.stream(&request);
    while let Some(event) = events.next().await {
        shown.debug(&event);
    }

    // A program with a model of its own, saved; and the recording, replayed.
    let own = program.clone().with_lm(lm.clone());
    shown.debug(&own);
    own.save(file("program.json")).unwrap();
    let replay = Replay::open(file("calls.jsonl")).unwrap();
    let again = Context::new(replay.model("openai/some-model").unwrap());
    assert!(call(&again, &program, "Is it?", &shown).await);
    assert!(!call(&again, &program, "Is it so?", &shown).await);
    shown.debug(&replay);

    // Each fault, by a whole reply and by a stream.
    let faults = faults();
    for fault in &faults {
        let server = TestServer::script(Script::always(fault.clone())).start().await.unwrap();
        let lm = builder(&server.base_url(), &shown).build().unwrap();
        let embedder =
            with_canaries(EmbeddingModel::builder("openai/e"), &server.base_url(), &shown).build().unwrap();
        shown.debug(&embedder);
        if let Err(e) = embedder.embed(&EmbedRequest::new(["a text"])).await {
            shown.error(&e.into());
        }
        let routed = Routed::builder("both").model(lm.clone()).model(lm.clone()).build();
        let over = recorder.over(cache.over(routed));
        let (ctx, trace) = Context::new(over).traced();
        assert!(!call(&ctx, &program, "Is it wrong?", &shown).await, "{fault:?}");
        shown.debug(&trace);
        let mut events = lm.stream(&request);
        while let Some(event) = events.next().await {
            shown.debug(&event);
            if let Err(e) = event {
                shown.error(&e.into());
            }
        }
    }
    assert!(faults.len() > 100);

    // What cannot be a model at all.
    for base in [
        format!("http://user:{}@h/v1", CANARIES[0]),
        "ftp://h/".to_owned(),
        format!("no url {}", CANARIES[2]),
    ] {
        let wrong = Lm::builder("openai/m").api_base(base).api_key(Secret::new(CANARIES[0]));
        shown.debug(&wrong);
        shown.error(&wrong.build().unwrap_err());
    }
    let e = Lm::builder("openai/m").api_key(Secret::new(format!("{}\n", CANARIES[0]))).build().unwrap_err();
    shown.error(&e);

    cache.flush().await;
    let texts = shown.0.lock().unwrap();
    assert!(texts.len() > 1_000, "only {} texts were shown", texts.len());
    for text in &*texts {
        assert_clean("a text", text.as_bytes());
    }
    assert!(assert_clean_folder(folder.path()) >= 3, "the cache, the recording and the program");
    // The search finds what is there.
    assert!(forms(CANARIES[0]).iter().all(|form| has(format!("x{form}y").as_bytes(), form)));
}
