//! What DSPy was seen to answer, and what the rules of ours add.

mod any_text;
mod corpus;
mod literals;
mod rules;
mod seen;

use dspex_core::{FieldType, Note, ParsePolicy, Signature, Value};

use super::{Coercion, Mismatch, coerce_text, coerce_value};

/// The type that a Python annotation names.
fn ty(annotation: &str) -> FieldType {
    let signature = Signature::parse(&format!("x -> y: {annotation}")).expect("a type");
    signature.outputs()[0].ty.clone()
}

/// What the text is under a policy, and what was mended.
fn read(text: &str, ty: &FieldType, policy: &ParsePolicy) -> (Result<Value, Mismatch>, Vec<Note>) {
    let mut cx = Coercion::new(policy, "y");
    let value = coerce_text(text, ty, &mut cx);
    (value, cx.into_notes())
}

/// What the value is under a policy, and what was mended.
fn convert(value: Value, ty: &FieldType, policy: &ParsePolicy) -> (Result<Value, Mismatch>, Vec<Note>) {
    let mut cx = Coercion::new(policy, "y");
    let value = coerce_value(value, ty, &mut cx);
    (value, cx.into_notes())
}
