//! Schemas for providers: golden files, each checked by rules that are written from the providers' pages and know
//! nothing of the transformers, and by the meta-schema; and values of every type against them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cases;
mod drawn;
mod golden;
mod limits;
mod lossless;
mod planted;
mod rules;
mod values;
