//! The wire against recorded traffic, golden files and bytes of any kind.

mod replies;
mod requests;

use crate::wire::{Quirks, golden};

#[test]
fn each_feature_is_written_as_its_file_says() {
    golden::check(&super::Anthropic, "claude-sonnet-4-6", &Quirks::NONE);
}
