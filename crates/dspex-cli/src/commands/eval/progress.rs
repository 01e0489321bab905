//! The progress bar: on a terminal only, and on standard error.

use std::io::IsTerminal as _;

use dspex_evaluate::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar that knows how many examples there are, or one that only counts; none where nobody looks.
pub(super) fn bar(total: Option<usize>) -> Option<ProgressBar> {
    if !std::io::stderr().is_terminal() {
        return None;
    }
    let template = match total {
        Some(_) => "{bar:30} {pos} of {len}, {msg}, {eta} left",
        None => "{spinner} {pos}, {msg}, {elapsed}",
    };
    let bar = ProgressBar::with_draw_target(total.map(|n| n as u64), ProgressDrawTarget::stderr());
    // The templates are constants that are well-formed; without one the bar has its usual look.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    Some(bar)
}

/// Moves the bar.
pub(super) fn tell(bar: &ProgressBar, progress: &Progress) {
    let score = progress.score.map_or_else(|| "no score yet".to_owned(), |s| format!("score {s:.3}"));
    let s = if progress.errors == 1 { "" } else { "s" };
    bar.set_message(format!("{score}, {} error{s}", progress.errors));
    bar.set_position(progress.done as u64);
}
