//! Cache points: how many there may be, and in which order.
//!
//! Source: Anthropic, "Prompt caching": at most four breakpoints, those of an hour before those of five minutes.

use dspex_core::lm::{LmError, LmErrorKind};
use serde_json::Value as Json;

use super::turns::Turns;
use crate::wire::Call;

const MOST: usize = 4;
const MARK: &str = "cache_control";

/// Holds the marks to the provider's rules. Where it may, it takes those off that break them.
pub(super) fn check(call: &Call<'_>, turns: &mut Turns) -> Result<(), LmError> {
    // One that is set for the whole request takes the place of a mark, too, behind all others.
    let automatic = call.options().extra.get(MARK).filter(|m| !m.is_null());
    let most = MOST - usize::from(automatic.is_some());
    let mut marks: Vec<&mut Json> = turns.blocks().filter(|b| b.get(MARK).is_some()).collect();
    if marks.len() > most {
        call.cannot(&format!("{} cache points where it keeps at most {most}", marks.len()))?;
        marks.drain(most..).for_each(unmark);
    }
    let mut short = false;
    for block in marks {
        let long = is_long(&block[MARK]);
        if short && long {
            call.cannot("a cache point of an hour behind one of five minutes")?;
            unmark(block);
        }
        short |= !long;
    }
    if short && automatic.is_some_and(is_long) {
        let message =
            "expected cache points of an hour first, found one of five minutes before `cache_control`";
        return Err(LmError::new(LmErrorKind::Unsupported, message));
    }
    Ok(())
}

fn is_long(mark: &Json) -> bool {
    mark["ttl"] == "1h"
}

fn unmark(block: &mut Json) {
    if let Some(block) = block.as_object_mut() {
        block.shift_remove(MARK);
    }
}
