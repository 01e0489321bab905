//! Examples, a program and a model that the tests of evaluation share.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use dspex_core::lm::{LmError, LmErrorKind, Reply};
use dspex_core::{Example, Usage};
use dspex_modules::Predict;
use dspex_testkit::ScriptedLm;

/// `q<i>` with the answer `a<i>`.
pub(crate) fn example(i: usize) -> Example {
    Example::new([("q", format!("q{i}")), ("a", format!("a{i}"))]).with_inputs(["q"])
}

pub(crate) fn dev(n: usize) -> Vec<Example> {
    (0..n).map(example).collect()
}

pub(crate) fn program() -> Predict {
    Predict::parse("q -> a").unwrap()
}

/// The number of the question in a request's last message.
pub(crate) fn number(request: &dspex_core::lm::Request) -> usize {
    let last = request.messages.last().unwrap().text();
    last.lines().nth(1).unwrap()[1..].parse().unwrap()
}

/// Answers `q<i>` with `a<i>`, but fails with a kind where the number says so.
pub(crate) fn echo(fails: impl Fn(usize) -> Option<LmErrorKind> + Send + Sync + 'static) -> ScriptedLm {
    ScriptedLm::from_fn(move |request| {
        let i = number(request);
        match fails(i) {
            Some(kind) => Err(LmError::new(kind, "as scripted")),
            None => Ok(Reply::text(format!("[[ ## a ## ]]\na{i}")).with_usage(Usage::tokens(1, 1))),
        }
    })
}
