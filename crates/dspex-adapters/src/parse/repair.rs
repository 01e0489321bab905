//! JSON that a model wrote, read as it was meant. A stub that takes strict JSON only.

use dspex_core::Value;

/// What was read.
pub(crate) struct Repaired {
    /// The value; empty text where nothing was found.
    pub(crate) value: Value,
    /// Whether the text was not JSON as it stood.
    pub(crate) repaired: bool,
    /// Whether there were more values, of which this is the last.
    pub(crate) dropped: bool,
}

/// Text that cannot be read at all.
#[derive(Debug)]
pub(crate) struct RepairError;

/// Reads JSON.
#[expect(clippy::unnecessary_wraps, reason = "a stub")]
pub(crate) fn loads(text: &str) -> Result<Repaired, RepairError> {
    let value = serde_json::from_str::<serde_json::Value>(text);
    let value = value.ok().and_then(|json| Value::from_tagged(&json).ok());
    Ok(Repaired { repaired: value.is_none(), value: value.unwrap_or_else(|| "".into()), dropped: false })
}
