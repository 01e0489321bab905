//! Any reply through every adapter: values or a typed error. What is mended is noted, unless DSPy reads the same.

#![no_main]

use std::sync::{Arc, LazyLock};

use dspex_adapters::{ADAPTERS, by_name};
use dspex_core::lm::Choice;
use dspex_core::{Adapter, ParsePolicy, Signature};
use libfuzzer_sys::fuzz_target;

static SIGNATURES: LazyLock<Vec<Signature>> = LazyLock::new(|| {
    ["q -> a", "q -> reasoning, a: int", "q -> a: list[str], b: Optional[bool]", "q -> a: dict[str, int]"]
        .iter()
        .map(|s| Signature::parse(s).expect("a signature"))
        .collect()
});

static MADE: LazyLock<Vec<Arc<dyn Adapter>>> =
    LazyLock::new(|| ADAPTERS.iter().map(|(name, _)| by_name(name).expect("an adapter")).collect());

fuzz_target!(|text: &str| {
    for signature in SIGNATURES.iter() {
        for adapter in MADE.iter() {
            let choice = Choice::text(text);
            let ours = adapter.parse(signature, &choice, &ParsePolicy::default());
            let dspys = adapter.parse(signature, &choice, &ParsePolicy::compat());
            if let (Ok(ours), Ok(dspys)) = (ours, dspys)
                && ours.notes.is_empty()
            {
                assert_eq!(ours.fields, dspys.fields, "{text:?}");
            }
        }
    }
});
