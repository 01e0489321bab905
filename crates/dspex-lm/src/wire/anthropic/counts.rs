//! Counts of tokens.

use dspex_core::Usage;
use serde_json::Value as Json;

use crate::wire::body::count;

/// Counts of tokens as they come, each time for the whole message.
#[derive(Debug, Default)]
pub(super) struct Counts {
    input: Option<u64>,
    output: Option<u64>,
    read: Option<u64>,
    written: Option<u64>,
    thought: Option<u64>,
    broken: bool,
}

impl Counts {
    pub(super) fn read(&mut self, usage: &Json) {
        let details = &usage["output_tokens_details"];
        for (so_far, said) in [
            (&mut self.input, &usage["input_tokens"]),
            (&mut self.output, &usage["output_tokens"]),
            (&mut self.read, &usage["cache_read_input_tokens"]),
            (&mut self.written, &usage["cache_creation_input_tokens"]),
            (&mut self.thought, &details["thinking_tokens"]),
        ] {
            if !said.is_null() {
                let n = count(said);
                self.broken |= n.is_none();
                *so_far = (*so_far).max(n);
            }
        }
    }

    /// What is read from the cache and written to it counts beside the input here, and as a part of it elsewhere.
    pub(super) fn usage(&self) -> Usage {
        let (Some(input), Some(output), false) = (self.input, self.output, self.broken) else {
            return Usage::uncounted();
        };
        let of = |n: Option<u64>| n.unwrap_or(0);
        let (read, written) = (of(self.read), of(self.written));
        let mut usage = Usage::tokens(input.saturating_add(read).saturating_add(written), output);
        usage.cached_read_tokens = read;
        usage.cached_write_tokens = written;
        usage.reasoning_tokens = of(self.thought);
        usage
    }
}
