//! Everything that can go wrong with a provider, on every wire, whole and streamed. The cases are those of the table in
//! `docs/faults.md`; the invariants of the harness hold for each of them.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod harness;
mod load;

use std::time::Duration;

use dspex_core::lm::LmErrorKind::{
    self, Auth, Billing, Configuration, ContextOverflow, Empty, InvalidRequest, Protocol, RateLimit, Refusal,
    Server, Timeout, Transport, UnknownModel,
};
use dspex_testkit::{Fault, LineEnds, RetryAfter, UsageFault};

use harness::{Case, Expect};

/// An answer with all its text.
const ANSWERS: Expect = Expect::Answers;

fn fails(kinds: &[LmErrorKind]) -> Expect {
    Expect::Fails(kinds.to_vec())
}

/// A case in which whole replies and streams fare alike.
fn both(fault: Fault, expect: Expect, calls: usize) -> Case {
    Case { fault, whole: (expect.clone(), calls), stream: (expect, calls) }
}

#[test]
fn p1_p3_a_throttled_call_comes_again_when_it_is_told() {
    // The server says 20 ms, which is soon over, and says so each time.
    harness::run(&[both(Fault::RetryAfter(RetryAfter::Ms(20)), fails(&[RateLimit]), 3)]);
}

#[test]
fn p2_waits_that_make_no_sense_are_none() {
    let cases: Vec<Case> = ["abc", "-5", "1e400", "", "NaN"]
        .into_iter()
        .map(|word| both(Fault::RetryAfter(RetryAfter::Text(word.into())), fails(&[RateLimit]), 2))
        .chain([both(Fault::RetryAfter(RetryAfter::Imf(-50)), fails(&[RateLimit]), 3)])
        .collect();
    harness::run(&cases);
}

#[test]
fn p5_a_wait_that_is_too_long_is_not_waited_for() {
    let cases = [
        both(Fault::RetryAfter(RetryAfter::Text("3600".into())), fails(&[RateLimit]), 1),
        both(Fault::RetryAfter(RetryAfter::Imf(3600)), fails(&[RateLimit]), 1),
    ];
    harness::run(&cases);
}

#[test]
fn p6_an_empty_account_is_no_throttling() {
    // The others have no code for it.
    let told = ["openai_chat", "openai_responses", "anthropic"];
    harness::run_some(&told, &[both(Fault::QuotaSpent, fails(&[Billing]), 1)]);
}

#[test]
fn p7_p9_statuses_decide_whether_a_call_is_made_again() {
    let again = |status, kind| both(Fault::Status(status), fails(&[kind]), 2);
    let once = |status, kinds: &[LmErrorKind]| both(Fault::Status(status), fails(kinds), 1);
    harness::run(&[
        again(500, Server),
        again(502, Server),
        again(503, Server),
        both(Fault::Status(504), fails(&[Server, Timeout]), 2),
        again(529, Server),
        again(408, Timeout),
        again(409, Server),
        once(400, &[InvalidRequest]),
        once(404, &[UnknownModel, Configuration, InvalidRequest]),
        once(413, &[InvalidRequest, ContextOverflow]),
        once(415, &[InvalidRequest]),
        once(422, &[InvalidRequest]),
    ]);
}

#[test]
fn p11_a_refused_key_is_not_tried_again_nor_shown() {
    harness::run(&[
        both(Fault::Status(401), fails(&[Auth]), 1),
        both(Fault::Status(403), fails(&[Auth]), 1),
        both(Fault::EchoKey, fails(&[Auth]), 1),
    ]);
}

#[test]
fn p12_p13_what_is_wrong_with_a_request_is_told_by_codes() {
    harness::run(&[
        both(Fault::ContextOverflow, fails(&[ContextOverflow]), 1),
        both(Fault::TimeoutWords, fails(&[InvalidRequest]), 1),
    ]);
}

#[test]
fn p15_p16_silence_is_given_up() {
    harness::run(&[
        both(Fault::Hang, fails(&[Timeout]), 2),
        both(Fault::HangAfterHead, fails(&[Timeout]), 2),
        Case {
            fault: Fault::HangAfter(40),
            whole: (fails(&[Timeout]), 2),
            // After the first event nothing is tried again; before it, it is.
            stream: (fails(&[Timeout]), harness::ANY),
        },
    ]);
}

#[test]
fn p17_a_body_that_drips_is_bounded_by_the_whole() {
    harness::run(&[Case {
        fault: Fault::Drip(Duration::from_millis(100)),
        whole: (fails(&[Timeout]), 2),
        stream: (fails(&[Timeout]), harness::ANY),
    }]);
}

#[test]
fn p14_p18_p19_connections_that_break() {
    let broken = |fault: Fault| Case {
        fault,
        whole: (fails(&[Transport, Protocol]), 2),
        stream: (fails(&[Transport, Protocol]), harness::ANY),
    };
    harness::run(&[
        both(Fault::CloseAfter(0), fails(&[Transport]), 2),
        both(Fault::ResetAfter(0), fails(&[Transport]), 2),
        broken(Fault::CloseAfter(30)),
        broken(Fault::ResetAfter(30)),
        broken(Fault::Garbage),
    ]);
    harness::run_some(
        &["openai_chat"],
        &[Case {
            fault: Fault::BadChunk,
            whole: (fails(&[Transport, Protocol]), harness::ANY),
            stream: (fails(&[Transport, Protocol]), harness::ANY),
        }],
    );
}

#[test]
fn p20_a_stream_without_its_end_is_no_answer() {
    harness::run(&[Case {
        fault: Fault::NoTerminal,
        whole: (ANSWERS, 1),
        stream: (fails(&[Transport]), harness::ANY),
    }]);
}

#[test]
fn p21_p23_streams_read_the_same_however_they_are_written() {
    let fine = |fault| both(fault, ANSWERS, 1);
    harness::run(&[fine(Fault::Slices(5)), fine(Fault::Slices(31)), fine(Fault::LineEnds(LineEnds::Crlf))]);
    // Lines of JSON know no other forms, nor names of events.
    harness::run_some(
        &["openai_chat", "openai_responses", "anthropic", "gemini", "cohere"],
        &[
            fine(Fault::LineEnds(LineEnds::Cr)),
            fine(Fault::ByteOrderMark),
            fine(Fault::DataLines),
            fine(Fault::UnknownEvents),
        ],
    );
}

#[test]
fn p22_p24_p25_events_that_do_not_belong() {
    harness::run(&[
        Case {
            fault: Fault::MalformedEvent,
            whole: (Expect::Any, 1),
            stream: (fails(&[Protocol, Transport]), harness::ANY),
        },
        Case {
            fault: Fault::ErrorEvent(1),
            whole: (Expect::Any, harness::ANY),
            stream: (fails(&[Server, RateLimit, Protocol]), harness::ANY),
        },
        // Text never comes twice: it is the answer, or an error.
        Case {
            fault: Fault::DuplicatedEvents,
            whole: (ANSWERS, 1),
            stream: (Expect::AnswersOrFails, harness::ANY),
        },
    ]);
    // Gemini's streams have no last event: what comes late belongs to them.
    harness::run_some(
        &["openai_chat", "openai_responses", "anthropic", "ollama", "cohere"],
        &[Case {
            fault: Fault::LateDelta,
            whole: (ANSWERS, 1),
            stream: (Expect::AnswersOrFails, harness::ANY),
        }],
    );
}

#[test]
fn p26_an_error_with_the_status_of_success_is_one() {
    harness::run(&[both(Fault::ErrorInside, Expect::FailsSomehow, harness::ANY)]);
}

#[test]
fn p27_p28_p32_bodies_that_are_not_what_they_say() {
    harness::run(&[
        Case {
            fault: Fault::Truncated(30),
            whole: (fails(&[Transport, Protocol]), harness::ANY),
            stream: (fails(&[Transport, Protocol]), harness::ANY),
        },
        Case {
            fault: Fault::InvalidUtf8,
            whole: (Expect::FailsSomehow, harness::ANY),
            stream: (Expect::AnswersOrFails, harness::ANY),
        },
        both(Fault::InvalidUtf8Header, ANSWERS, 1),
        Case {
            fault: Fault::LengthTooLong(10),
            whole: (fails(&[Transport]), 2),
            // All events came; what HTTP promised beyond them nobody misses.
            stream: (Expect::AnswersOrFails, harness::ANY),
        },
        both(Fault::LengthTooShort(10), Expect::AnswersOrFails, harness::ANY),
    ]);
}

#[test]
fn p29_p30_bodies_that_are_too_much() {
    harness::run(&[
        both(Fault::HugeBody(2 << 30), Expect::FailsSomehow, harness::ANY),
        both(Fault::Gzip, fails(&[Protocol]), 1),
        both(Fault::GzipBomb(2 << 30), fails(&[Protocol]), 1),
        both(Fault::DeepJson(100_000), Expect::FailsSomehow, harness::ANY),
        both(Fault::HugeHeader(1 << 20), Expect::FailsSomehow, harness::ANY),
        both(Fault::HugeNumber, Expect::Any, harness::ANY),
        both(Fault::DuplicateKeys, Expect::Any, harness::ANY),
        both(Fault::LoneSurrogate, Expect::Any, harness::ANY),
    ]);
    harness::run_some(
        &["openai_chat"],
        &[both(Fault::HugeLine(100 << 20), Expect::AnswersOrFails, harness::ANY)],
    );
}

#[test]
fn p31_p33_answers_of_somebody_else() {
    harness::run(&[
        both(Fault::Html, fails(&[Protocol]), 1),
        both(Fault::Redirect("http://127.0.0.1:9/elsewhere".into()), fails(&[Configuration]), 1),
    ]);
}

#[test]
fn p34_p35_p36_answers_that_are_none_or_no_whole_ones() {
    harness::run(&[
        both(Fault::LengthFinish, Expect::CutOff, 1),
        Case {
            fault: Fault::NoChoices,
            whole: (fails(&[Protocol, Empty, Refusal]), harness::ANY),
            stream: (Expect::FailsSomehow, harness::ANY),
        },
        Case { fault: Fault::NoContent, whole: (fails(&[Empty]), 2), stream: (fails(&[Empty]), 1) },
        Case { fault: Fault::EmptyText, whole: (fails(&[Empty]), 2), stream: (fails(&[Empty]), 1) },
    ]);
    // Cohere and Ollama have no words for these.
    let told = ["openai_chat", "openai_responses", "anthropic", "gemini"];
    harness::run_some(&told, &[both(Fault::ContentFilter, Expect::FailsOrFiltered, 1)]);
    harness::run_some(&told, &[both(Fault::Refusal, Expect::FailsOrFiltered, 1)]);
}

#[test]
fn p38_p39_p40_what_a_reply_says_of_itself() {
    harness::run(&[
        both(Fault::WrongModel, ANSWERS, 1),
        both(Fault::Usage(UsageFault::Missing), Expect::Uncounted, 1),
        both(Fault::Usage(UsageFault::Null), Expect::Uncounted, 1),
        both(Fault::Usage(UsageFault::Negative), Expect::Uncounted, 1),
        both(Fault::Usage(UsageFault::Huge), Expect::Uncounted, 1),
    ]);
}

#[test]
fn p46_a_connection_that_closes_as_it_is_used_again() {
    harness::run_twice(&Fault::CloseReused);
}

#[test]
fn the_page_of_faults_names_tests_that_there_are() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("../../docs/faults.md")).unwrap();
    let files =
        ["faults/main.rs", "faults/load.rs", "stack.rs", "cache.rs", "hammer.rs", "../src/cache/key.rs"];
    let code: String = files.map(|f| std::fs::read_to_string(root.join("tests").join(f)).unwrap()).concat();
    let named: Vec<&str> =
        page.split('`').skip(1).step_by(2).filter(|word| word.matches('_').count() > 2).collect();
    assert!(named.len() > 40, "{}", named.len());
    for name in &named {
        assert!(code.contains(&format!("fn {name}()")), "no test {name}");
    }
    // And each case that is tested stands on the page.
    let tests = code
        .lines()
        .filter_map(|line| line.trim().strip_prefix("fn ").or(line.trim().strip_prefix("async fn ")));
    for name in tests.filter_map(|line| line.split_once('(')).map(|(name, _)| name) {
        let case = name.starts_with(['p', 'c']) && name[1..].starts_with(|c: char| c.is_ascii_digit());
        assert!(!case || named.contains(&name), "{name} is not on the page");
    }
}
