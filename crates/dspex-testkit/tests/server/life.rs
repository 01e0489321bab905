//! What the server sees of its clients, and how it ends.

use std::time::{Duration, Instant};

use dspex_testkit::{Answer, Script, TestServer, block_on};

use crate::client::{CHAT, ask, ask_with, chat, connect, faulty, read, send};

/// Waits until it holds, or fails.
async fn until(what: &str, holds: impl Fn() -> bool) -> Instant {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(5), "{what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Instant::now()
}

#[test]
fn a_client_that_goes_away_is_seen_within_50_ms_wherever_the_answer_was() {
    block_on(async {
        for fault in ["hang", "delay:60s", "hang-after-head", "hang-after:5", "drip:1s"] {
            for streamed in [false, true] {
                let server = faulty(fault).await;
                let mut stream = connect(&server).await;
                send(&mut stream, CHAT, "", &chat(streamed)).await;
                let _ = read(&mut stream, Duration::from_millis(30), usize::MAX).await;
                assert_eq!((server.open_connections(), server.abandoned().len()), (1, 0), "{fault}");
                let left = Instant::now();
                drop(stream);
                until(fault, || server.abandoned().len() == 1).await;
                let seen = server.abandoned()[0];
                assert_eq!(seen.call, 1);
                assert!(seen.at - left < Duration::from_millis(50), "{fault}: {:?}", seen.at - left);
                until("the connection is closed", || server.open_connections() == 0).await;
            }
        }
        let answer = Answer::text("a text of many events, one a second");
        let server =
            TestServer::script(Script::always(answer)).drip(Duration::from_secs(1)).start().await.unwrap();
        let mut stream = connect(&server).await;
        send(&mut stream, CHAT, "", &chat(true)).await;
        let seen = read(&mut stream, Duration::from_millis(50), usize::MAX).await;
        assert!(seen.text().matches("data: ").count() == 1, "{}", seen.text());
        drop(stream);
        until("between events", || server.abandoned().len() == 1).await;
    });
}

#[test]
fn an_answer_that_was_read_is_not_abandoned() {
    block_on(async {
        for fault in ["delay:1ms", "slices:3", "close-after:5", "reset-after:5"] {
            for streamed in [false, true] {
                let server = faulty(fault).await;
                let _ = ask(&server, CHAT, &chat(streamed)).await;
                until("the connection is closed", || server.open_connections() == 0).await;
                assert_eq!((server.connections(), server.abandoned()), (1, Vec::new()), "{fault}");
            }
        }
    });
}

#[test]
fn requests_are_kept_with_their_headers_and_times() {
    block_on(async {
        let server =
            TestServer::script(Script::always(Answer::text("x"))).keep_requests().start().await.unwrap();
        let before = Instant::now();
        for _ in 0..2 {
            let _ = ask_with(&server, "/v1/chat/completions?a=b", "x-team: red\r\n", &chat(true)).await;
        }
        let requests = server.requests();
        let (first, second) = (&requests[0], &requests[1]);
        assert!(before <= first.at && first.at <= second.at && second.at <= Instant::now());
        assert_eq!((first.number, second.number, second.connection), (1, 2, 2));
        assert_eq!((first.header("x-team"), first.path.as_str()), (Some("red"), "/v1/chat/completions?a=b"));
        assert_eq!((first.wire, first.model.as_str(), first.stream), ("openai_chat", "m", true));
        assert_eq!(first["messages"][0]["content"], "The capital of France?");
        assert_eq!(first.last(), "The capital of France?");
    });
}

#[test]
fn the_end_leaves_nothing_open() {
    block_on(async {
        for fault in ["hang", "hang-after:5", "drip:1s"] {
            let server = faulty(fault).await;
            let mut stream = connect(&server).await;
            send(&mut stream, CHAT, "", &chat(false)).await;
            until("the call is there", || server.calls() == 1).await;
            server.shutdown().await.unwrap();
            assert!(!read(&mut stream, Duration::from_secs(1), usize::MAX).await.open, "{fault}");
        }
        // `stop` lets go of connections that are kept alive, and waits for calls.
        let server = faulty("delay:100ms").await;
        let (mut idle, mut busy) = (connect(&server).await, connect(&server).await);
        send(&mut busy, CHAT, "", &chat(false)).await;
        until("the call is there", || server.calls() == 1).await;
        server.stop().await.unwrap();
        assert_eq!(read(&mut busy, Duration::from_secs(1), usize::MAX).await.status(), 200);
        assert!(!read(&mut idle, Duration::from_secs(1), usize::MAX).await.open);
    });
}

#[test]
fn hundreds_of_connections_at_one_time() {
    block_on(async {
        let server = TestServer::script(Script::always(Answer::text("x")))
            .latency(Duration::from_millis(200))
            .start()
            .await
            .unwrap();
        let mut streams = Vec::new();
        for _ in 0..300 {
            let mut stream = connect(&server).await;
            send(&mut stream, CHAT, "connection: close\r\n", &chat(true)).await;
            streams.push(stream);
        }
        until("all are open", || server.calls() == 300).await;
        for mut stream in streams {
            assert_eq!(read(&mut stream, Duration::from_secs(10), usize::MAX).await.status(), 200);
        }
        until("all are closed", || server.open_connections() == 0).await;
        assert_eq!((server.connections(), server.abandoned().len()), (300, 0));
    });
}
