//! Differences from DSPy that are known and stay, or wait for somebody: each with its reason.

use dspex_core::{Parsed, Record};

use super::Case;
use super::verdict::Fault;

/// A difference that does not fail the judge; it is counted by its name.
#[derive(Clone, Copy, Debug)]
pub struct KnownDifference {
    /// Its name in reports.
    pub name: &'static str,
    /// Why it is there.
    pub reason: &'static str,
    is: fn(&Sides<'_>) -> bool,
}

/// What both sides made of a case.
pub(super) struct Sides<'a> {
    pub(super) case: &'a Case,
    pub(super) fault: Fault,
    pub(super) dspy: &'a Result<Record, String>,
    pub(super) compat: &'a Result<Parsed, String>,
    pub(super) default: &'a Result<Parsed, String>,
}

/// All of them.
pub const KNOWN: &[KnownDifference] = &[];

/// The name of the first difference that this is.
pub(super) fn explain(sides: &Sides<'_>) -> Option<&'static str> {
    KNOWN.iter().find(|k| (k.is)(sides)).map(|k| k.name)
}
