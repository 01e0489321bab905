//! The wire against recorded traffic, golden files and bytes of any kind.

mod replies;
mod requests;

use crate::wire::cassettes::{Interaction, interactions};
use crate::wire::{Quirks, golden};

#[test]
fn each_feature_is_written_as_its_file_says() {
    golden::check(&super::Cohere, "command-a-03-2025", &Quirks::NONE);
}

fn recorded() -> Vec<Interaction> {
    let mut all = interactions(Some("cohere"));
    all.retain(|i| i.path == "/v2/chat");
    all
}
