//! How much one reply may hold.

/// The most values that are read from one text. The longest replies of models, of 128,000 tokens, hold fewer, since each
/// value takes a token and what parts it from the next another; a megabyte of `[1],` has eight times as many, and each
/// takes more than a hundred bytes of memory.
pub(super) const MAX_VALUES: usize = 1 << 16;
