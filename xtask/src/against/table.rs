//! The figures side by side, and whether they keep what is aimed at.

use std::fmt::Write as _;

use super::contender::{CONTENDERS, Measured};
use super::{SETTINGS, Setting};
use crate::{Outcome, say};

/// What is aimed at: a figure of ours over that of a rival, or by itself.
struct Aim {
    what: &'static str,
    /// The rival by its place among the contenders.
    rival: usize,
    at: fn(&Setting) -> bool,
    ratio: fn(ours: &Measured, rival: &Measured) -> f64,
    bound: Bound,
}

enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

const DSPY_RS: usize = 1;
const DSPY: usize = 2;

/// Where nothing is waited for, so that the processor is the bound.
fn busy(s: &Setting) -> bool {
    s.latency_ms == 0
}

const AIMS: &[Aim] = &[
    Aim {
        what: "calls per second over those of DSPy",
        rival: DSPY,
        at: busy,
        ratio: |ours, rival| ours.calls_per_second / rival.calls_per_second,
        bound: Bound::AtLeast(60.0),
    },
    Aim {
        what: "calls per second over those of dspy-rs",
        rival: DSPY_RS,
        at: busy,
        ratio: |ours, rival| ours.calls_per_second / rival.calls_per_second,
        bound: Bound::AtLeast(1.3),
    },
    Aim {
        what: "CPU per call over that of dspy-rs",
        rival: DSPY_RS,
        at: busy,
        ratio: |ours, rival| ours.cpu / rival.cpu,
        bound: Bound::AtMost(0.7),
    },
    Aim {
        what: "time over the ideal",
        rival: 0,
        at: |s| s.latency_ms == 200 && s.concurrency == 200,
        ratio: |ours, _| ours.over_ideal,
        bound: Bound::AtMost(1.05),
    },
];

/// The table: a line for each contender under each setting. Ratios are ours over the rival's.
pub(super) fn figures(medians: &[Vec<Measured>]) -> String {
    let mut out = String::from(
        "latency  wide  contender         calls/s   x   CPU us/call     x   peak MB     x   over ideal   server us/call\n",
    );
    for (setting, row) in SETTINGS.iter().zip(medians) {
        let Some(ours) = row.first() else { continue };
        for (contender, m) in CONTENDERS.iter().zip(row) {
            let ideal = if setting.latency_ms == 0 { "-".to_owned() } else { format!("{:.3}", m.over_ideal) };
            // Writing to a String cannot fail.
            let _ = writeln!(
                out,
                "{:>4} ms  {:>4}  {:<14} {:>10.0} {:>5.1} {:>9.1} {:>7.2} {:>8.1} {:>6.2} {:>12} {:>14.1}",
                setting.latency_ms,
                setting.concurrency,
                contender.name,
                m.calls_per_second,
                ours.calls_per_second / m.calls_per_second,
                m.cpu * 1e6,
                ours.cpu / m.cpu,
                m.peak_mb,
                ours.peak_mb / m.peak_mb,
                ideal,
                m.server_cpu * 1e6,
            );
        }
    }
    out
}

/// Says of each aim whether it is met; an error if one is not.
pub(super) fn verdicts(medians: &[Vec<Measured>]) -> Outcome {
    let mut missed = 0;
    for aim in AIMS {
        for (setting, row) in SETTINGS.iter().zip(medians).filter(|(s, _)| (aim.at)(s)) {
            let (Some(ours), Some(rival)) = (row.first(), row.get(aim.rival)) else { continue };
            let ratio = (aim.ratio)(ours, rival);
            let (met, bound) = match aim.bound {
                Bound::AtLeast(least) => (ratio >= least, format!("at least {least}")),
                Bound::AtMost(most) => (ratio <= most, format!("at most {most}")),
            };
            missed += usize::from(!met);
            let (latency, wide) = (setting.latency_ms, setting.concurrency);
            let verdict = if met { "met" } else { "MISSED" };
            say(&format!(
                "{:<40} {latency:>3} ms, {wide:>3} wide: {ratio:>7.3}, {bound:<14} {verdict}",
                aim.what
            ));
        }
    }
    if missed == 0 { Ok(()) } else { Err(format!("{missed} of the aims are missed")) }
}
