//! What differs between vendors that speak the same wire.

/// What differs between vendors that speak the same wire. A vendor's row says what differs from [`Quirks::NONE`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quirks {
    /// Whether a model wants the bound on tokens under the name `max_completion_tokens`.
    pub(crate) max_completion_tokens: fn(&str) -> bool,
    /// Whether a stream is asked to tell its usage (`stream_options`); some vendors tell it without, or refuse the word.
    pub(crate) stream_usage: bool,
    /// Whether a stream ends with `[DONE]`. Where it does not, the reason for the end is the end.
    pub(crate) done_marker: bool,
    /// Whether the responses API is told what the program says first as `instructions`; not all that speak it know them.
    pub(crate) instructions: bool,
}

impl Quirks {
    /// Nothing differs.
    pub(crate) const NONE: Self =
        Self { max_completion_tokens: |_| false, stream_usage: true, done_marker: true, instructions: false };
}
