//! Any text as JSON to be mended: a value or nothing; and what is sound JSON already reads the same when written again.

#![no_main]

use dspex_adapters::conformance::loads;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(value) = loads(text)
        && let Ok(json) = value.to_json_text()
        && !json.contains("\\u")
        // JSON has no such numbers; they are written as `null`.
        && ["Float(NaN", "Float(inf", "Float(-inf"].iter().all(|n| !format!("{value:?}").contains(n))
    {
        assert_eq!(loads(&json), Some(value), "{text:?}");
    }
});
