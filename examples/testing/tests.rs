//! The tests of the program: without a network, without waiting, each in a few lines.

use std::time::Duration;

use dspex::prelude::*;
use dspex::{Error, lm};
use dspex_testkit::{ManualClock, ScriptedLm, block_on};

use super::{Invoice, Reminders};

const DAY: Duration = Duration::from_hours(24);
const GOOD: &str = "[[ ## letter ## ]]\nDear Ann, please pay 10.00 euros.";

/// A day after 1970-01-11, on which the invoice is due.
fn call(lm: &ScriptedLm, day: u32) -> Result<Prediction<Option<String>>> {
    let ctx = Context::new(lm.clone()).with_clock(ManualClock::at(DAY * (10 + day)));
    let invoice = Invoice { customer: "Ann".into(), amount: "10.00".into(), due: "1970-01-11".into() };
    block_on(Reminders::default().stamped().call(&ctx, invoice))
}

fn failed(reply: &str) -> Error {
    call(&ScriptedLm::always(reply), 5).unwrap_err()
}

#[test]
fn the_tone_follows_the_calendar() {
    for (day, tone) in [(1, "friendly"), (13, "friendly"), (14, "firm"), (29, "firm"), (30, "last")] {
        let lm = ScriptedLm::always(GOOD);
        call(&lm, day).unwrap();
        let asked = lm.requests()[0].messages.last().unwrap().text();
        assert!(asked.contains(&format!("[[ ## tone ## ]]\n{tone}")), "day {day}: {asked}");
    }
}

#[test]
fn the_model_is_told_to_name_the_amount() {
    let lm = ScriptedLm::always(GOOD);
    call(&lm, 5).unwrap();
    let request = &lm.requests()[0];
    assert!(request.messages[0].text().contains("Name the amount."));
    assert!(request.messages[1].text().contains("10.00"));
}

#[test]
fn what_is_not_overdue_costs_nothing() {
    let lm = ScriptedLm::always(GOOD);
    let out = call(&lm, 0).unwrap();
    assert_eq!((out.as_deref(), out.usage().calls, lm.calls()), (None, 0, 0));
}

#[test]
fn an_outage_is_answered_by_the_standard_letter_and_does_not_go_unseen() {
    let outage = lm::LmError::new(lm::LmErrorKind::Server, "overloaded").with_status(503);
    let out = call(&ScriptedLm::always(GOOD).with_failure(0, outage), 5).unwrap();
    assert!(out.as_deref().unwrap().contains("please pay 10.00 euros"));
    assert_eq!(out.attempts()[0].error.as_deref(), Some("server"));
}

#[test]
fn a_reply_without_a_letter_is_an_error_that_shows_the_reply() {
    let e = failed("I cannot help with that.");
    assert_eq!((e.code(), e.raw()), ("missing_field", Some("I cannot help with that.")));
    assert_eq!((e.path().unwrap().as_str(), e.usage().calls), ("remind", 1));
}

#[test]
fn a_letter_that_breaks_a_rule_is_an_error() {
    let long = format!("[[ ## letter ## ]]\n10.00 {}", "please ".repeat(100));
    for reply in [long.as_str(), "[[ ## letter ## ]]\nDear Ann, please pay 100 euros."] {
        let e = failed(reply);
        assert_eq!((e.code(), e.usage().calls), ("constraint", 1), "{e}");
    }
}
