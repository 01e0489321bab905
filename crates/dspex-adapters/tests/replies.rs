//! Replies as users report them, each with what a human reads in it: a value, or no one reading at all.
//!
//! One rule: never silently wrong. The expectations come from the replies, not from what the code gives.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "replies/coerce.rs"]
mod coerce;
#[path = "replies/json.rs"]
mod json;
#[path = "replies/linear.rs"]
mod linear;
#[path = "replies/scan.rs"]
mod scan;
#[path = "../../dspex-bench/src/texts.rs"]
mod texts;

use dspex_core::lm::{Choice, FinishReason};
use dspex_core::{ParsePolicy, Parsed, Result, Signature};
use serde_json::Value as Json;

/// What a reply is read as: JSON of the fields in their lossless form, or the code of an error.
pub(crate) type Expected = std::result::Result<&'static str, &'static str>;

pub(crate) fn parse(adapter: &str, signature: &str, reply: &str, policy: &ParsePolicy) -> Result<Parsed> {
    let signature = Signature::parse(signature).unwrap();
    dspex_adapters::by_name(adapter).unwrap().parse(&signature, &Choice::text(reply), policy)
}

pub(crate) fn parse_cut(adapter: &str, signature: &str, reply: &str) -> Result<Parsed> {
    let signature = Signature::parse(signature).unwrap();
    let mut choice = Choice::text(reply);
    choice.finish = FinishReason::Length;
    dspex_adapters::by_name(adapter).unwrap().parse(&signature, &choice, &ParsePolicy::default())
}

/// What is wrong with the reading of a reply, if anything.
fn wrong(
    adapter: &str,
    signature: &str,
    reply: &str,
    expected: Expected,
    policy: &ParsePolicy,
) -> Option<String> {
    let found = parse(adapter, signature, reply, policy);
    let as_expected = match (&found, expected) {
        (Ok(parsed), Ok(json)) => {
            parsed.fields.to_tagged() == serde_json::from_str::<Json>(json).expect(json)
        }
        (Err(e), Err(code)) => e.code() == code,
        _ => false,
    };
    (!as_expected).then(|| {
        let found = match found {
            Ok(p) => format!(
                "{} {:?}",
                p.fields.to_tagged(),
                p.notes.iter().map(|n| n.rule.id()).collect::<Vec<_>>()
            ),
            Err(e) => format!("{}: {e}", e.code()),
        };
        format!("{adapter} {signature}\n{reply}\n  expected {expected:?}\n  found    {found}\n")
    })
}

/// Checks a table of signature, reply and what it says.
pub(crate) fn check(adapter: &str, table: &[(&str, &str, Expected)], policy: &ParsePolicy) {
    let wrong: Vec<String> =
        table.iter().filter_map(|(s, reply, e)| wrong(adapter, s, reply, *e, policy)).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), table.len(), wrong.join("\n"));
}
