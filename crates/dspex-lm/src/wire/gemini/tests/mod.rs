//! The wire against recorded traffic, golden files and bytes of any kind.

mod replies;
mod requests;

use crate::wire::cassettes::{Interaction, interactions};
use crate::wire::{Quirks, golden};

#[test]
fn each_feature_is_written_as_its_file_says() {
    golden::check(&super::Gemini, "gemini-2.5-flash", &Quirks::NONE);
}

fn recorded() -> Vec<Interaction> {
    let mut all = interactions(Some("gemini"));
    all.retain(|i| i.path.ends_with("enerateContent"));
    all
}
