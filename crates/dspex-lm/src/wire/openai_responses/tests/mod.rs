//! The wire against recorded traffic, golden files and bytes of any kind.

mod replies;
mod requests;

use crate::wire::cassettes::{Interaction, interactions};
use crate::wire::{OpenAiResponses, Quirks, golden};

/// What is known of the vendor that the golden files are for.
const OPENAI: Quirks = Quirks { instructions: true, ..Quirks::NONE };

#[test]
fn each_feature_is_written_as_its_file_says() {
    golden::check(&OpenAiResponses, "gpt-5.2", &OPENAI);
}

/// What vendors that speak the wire were asked, and answered.
fn recorded() -> Vec<Interaction> {
    let mut all: Vec<_> =
        ["openai", "xai", "mistralrs", "openrouter"].iter().flat_map(|v| interactions(Some(v))).collect();
    // A socket that was refused has no request.
    all.retain(|i| i.path.ends_with("/responses") && i.method == "POST");
    all
}
