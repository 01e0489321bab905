//! Any text as a signature: a signature that reads again as itself, or an error with a place in the text.

#![no_main]

use dspex_core::Signature;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Signature::parse(text) {
        Ok(signature) => assert!(!signature.outputs().is_empty(), "{text:?}"),
        Err(e) => assert!(!e.to_string().is_empty(), "{text:?}"),
    }
});
