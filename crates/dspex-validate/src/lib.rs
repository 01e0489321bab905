//! Values checked by themselves, without a model: a type adapter for one value or many, schemas built at run time, and
//! a registry of types that changes while it is read.
//!
//! What a value may become is decided by the reading of replies; this crate adds no rules of its own to it. What is
//! wrong with a value is told all at once, each fault with its place and code.

mod faults;
#[cfg(feature = "garde")]
mod garde_rules;
mod quality;
mod record_schema;
mod registry;
#[cfg(feature = "jsonschema")]
mod shape;
mod type_adapter;

#[cfg(feature = "garde")]
pub use garde_rules::garde_rules;
pub use quality::{Quality, QualityMetric, ReasoningQuality};
pub use record_schema::RecordSchema;
pub use registry::SharedTypes;
#[cfg(feature = "jsonschema")]
pub use shape::shape;
pub use type_adapter::{DynTypeAdapter, TypeAdapter};
