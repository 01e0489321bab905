//! Forms of answers that an endpoint refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Capabilities, ResponseFormat};

/// What an endpoint refused of the forms of an answer, for a [`LanguageModel`](super::LanguageModel) that remembers it.
/// Copies share it.
///
/// ```
/// use dspex_core::lm::{Capabilities, RefusedForms, ResponseFormat};
/// let mut declared = Capabilities::default();
/// (declared.json_schema, declared.json_object) = (true, true);
/// let refused = RefusedForms::default();
/// assert!(refused.leave_of(declared.clone()).json_schema);
/// let schema = serde_json::json!({"type": "object"});
/// refused.note(&ResponseFormat::JsonSchema { name: "outputs".into(), schema, strict: true });
/// let left = refused.leave_of(declared);
/// assert!(!left.json_schema && left.json_object);
/// ```
#[derive(Clone, Debug, Default)]
pub struct RefusedForms(Arc<Forms>);

#[derive(Debug, Default)]
struct Forms {
    json_schema: AtomicBool,
    json_object: AtomicBool,
}

impl RefusedForms {
    /// Remembers that a form was refused.
    pub fn note(&self, format: &ResponseFormat) {
        match format {
            ResponseFormat::JsonSchema { .. } => self.0.json_schema.store(true, Ordering::Relaxed),
            ResponseFormat::JsonObject => self.0.json_object.store(true, Ordering::Relaxed),
        }
    }

    /// What is left of what was declared.
    #[must_use]
    pub fn leave_of(&self, mut declared: Capabilities) -> Capabilities {
        if self.0.json_schema.load(Ordering::Relaxed) {
            // Who declares schemas takes any JSON object, too, until it refuses that.
            declared.json_object |= std::mem::take(&mut declared.json_schema);
        }
        declared.json_object &= !self.0.json_object.load(Ordering::Relaxed);
        declared
    }
}
