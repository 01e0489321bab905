//! Eight times the reply takes about eight times as long, whatever it holds.

use std::time::{Duration, Instant};

use dspex_core::lm::Choice;
use dspex_core::{ParsePolicy, Signature};

use super::texts;

const SHORT: usize = 1 << 10;

/// What is not counted: a busy machine, and mending that is given up only after a while.
const GRACE: Duration = Duration::from_millis(250);

#[test]
fn no_reply_takes_more_than_linear_time() {
    let mut slow = Vec::new();
    for filling in texts::fillings().unwrap() {
        for ty in ["str", "list[int]"] {
            let signature = Signature::parse(&format!("x -> y: {ty}")).unwrap();
            for (name, make) in dspex_adapters::ADAPTERS {
                let time = |length: usize| {
                    let choice = Choice::text(filling.text(length));
                    let once = || {
                        let started = Instant::now();
                        let _ = make(std::sync::Arc::default()).parse(
                            &signature,
                            &choice,
                            &ParsePolicy::default(),
                        );
                        started.elapsed()
                    };
                    once()
                };
                let slow_down = || (time(SHORT), time(8 * SHORT));
                let (mut short, mut long) = slow_down();
                if long > 24 * short + GRACE {
                    // Once more, as the machine may have been busy.
                    (short, long) = slow_down();
                }
                if long > 24 * short + GRACE {
                    slow.push(format!("{filling} as {ty}, {name}: {short:?}, then {long:?}"));
                }
            }
        }
    }
    assert!(slow.is_empty(), "{slow:#?}");
}

#[test]
fn nesting_has_an_end_and_takes_no_stack() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("(", ")"), ("{", "}"), ("[{\"a\":", "}]")] {
        let text = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        for ty in ["Any", "list[int]"] {
            let signature = Signature::parse(&format!("x -> y: {ty}")).unwrap();
            for (_, make) in dspex_adapters::ADAPTERS {
                for policy in [ParsePolicy::default(), ParsePolicy::compat()] {
                    let reply = Choice::text(format!("[[ ## y ## ]]\n{text}"));
                    let _ = make(std::sync::Arc::default()).parse(&signature, &reply, &policy);
                    let _ = make(std::sync::Arc::default()).parse(
                        &signature,
                        &Choice::text(text.as_str()),
                        &policy,
                    );
                }
            }
        }
    }
}
