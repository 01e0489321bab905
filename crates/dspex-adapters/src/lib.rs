//! Adapters: prompts from signatures, values from replies.

#[cfg_attr(not(test), expect(dead_code, reason = "the adapters that call it come next"))]
mod parse;
