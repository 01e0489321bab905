//! The report: for people, and as JSON.

use dspex_core::{Result, Tallies};
use dspex_evaluate::{Stop, Summary};
use serde_json::{Value as Json, json};

use crate::failure::Exit;
use crate::output::{complain, print};

/// What the report says beside the scores.
pub(super) struct Details<'a> {
    pub(super) metric: &'a str,
    pub(super) field: &'a str,
    pub(super) lm: &'a str,
    pub(super) adapter: String,
    pub(super) policy: &'a str,
}

/// A run that ended early says so; otherwise a run fails only if nothing could be scored, or the score is too low.
pub(super) fn exit(summary: &Summary, fail_under: Option<f64>) -> Exit {
    let too_low = summary.score().zip(fail_under).filter(|(score, least)| score < least);
    if let Some((score, least)) = too_low {
        complain(&format!("expected a score of at least {least}, found {score:.3}"));
    }
    let outcomes = summary.outcomes();
    let mostly_outside = outcomes.infrastructure_error * 2 > outcomes.errors();
    match &summary.stopped {
        Some(Stop::Cancelled) => Exit::Cancelled,
        Some(Stop::Data(e) | Stop::Output(e)) => Exit::of(e),
        Some(Stop::Errors { .. }) if !mostly_outside => Exit::ProgramFailed,
        Some(_) => Exit::Outside,
        None if too_low.is_some() => Exit::ProgramFailed,
        None if outcomes.scored > 0 => Exit::Done,
        None if summary.errors.iter().all(|group| Exit::of(&group.error) == Exit::Usage) => Exit::Usage,
        None if outcomes.infrastructure_error > 0 => Exit::Outside,
        None => Exit::ProgramFailed,
    }
}

pub(super) fn print_report(summary: &Summary, details: &Details<'_>) -> Result<()> {
    let outcomes = summary.outcomes();
    let of = format!("{} of {}", details.metric, details.field);
    match (summary.score(), summary.interval()) {
        (Some(score), Some((low, high))) => {
            print(&format!("{of}: {score:.3} (95 % {low:.3} to {high:.3})"))?;
        }
        _ => print(&format!("{of}: no example was scored"))?,
    }
    let usage = summary.usage();
    let cost = if usage.cost.is_zero() { String::new() } else { format!(", {}", usage.cost) };
    print(&format!(
        "{outcomes}; {} calls of {}{cost}, {} tokens, {:.1} s",
        usage.calls,
        details.lm,
        usage.total_tokens(),
        summary.elapsed.as_secs_f64()
    ))?;
    print_attempts(summary)?;
    complain_of(summary);
    Ok(())
}

/// What the calls came to, where that is more than answers; by predictor, where there are several.
fn print_attempts(summary: &Summary) -> Result<()> {
    let Tallies { total, by_path, .. } = summary.tallies();
    if total.cached + total.failed > 0 {
        print(&format!("attempts: {total}"))?;
    }
    if total.usage.unpriced_calls > 0 {
        print(&format!("{} calls have no known price; --prices FILE gives one", total.usage.unpriced_calls))?;
    }
    if by_path.len() > 1 {
        for (path, tally) in by_path {
            print(&format!("  {path}: {tally}"))?;
        }
    }
    Ok(())
}

/// The first error of each kind in full, for the rest is in `--results`; and why the run ended early.
fn complain_of(summary: &Summary) {
    let hint = |e: &dspex_core::Error| {
        if let Some(hint) = e.hint() {
            complain(&format!("hint: {hint}"));
        }
    };
    for group in &summary.errors {
        let more = if group.count > 1 { format!(" and {} more", group.count - 1) } else { String::new() };
        complain(&format!("example {}{more}: {}", group.index, group.error));
        hint(&group.error);
    }
    if let Some(stop) = &summary.stopped {
        let score =
            if summary.score().is_some() { "; the score is that of the examples until then" } else { "" };
        complain(&format!("stopped early: {stop}{score}"));
        // What ended an example, too, was told already.
        if let Some(e) = stop.error().filter(|e| !summary.errors.iter().any(|g| g.error.code() == e.code())) {
            hint(e);
        }
    }
}

pub(super) fn report_json(summary: &Summary, details: &Details<'_>) -> Json {
    let mut out = summary.to_json();
    out["metric"] = json!(details.metric);
    out["field"] = json!(details.field);
    out["lm"] = json!(details.lm);
    out["adapter"] = json!(details.adapter);
    out["policy"] = json!(details.policy);
    out
}
