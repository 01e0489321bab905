//! Holds what the derives refuse, in which words and where, and that what they accept compiles without a warning.
//!
//! `TRYBUILD=overwrite cargo test -p dspex-macros --test ui` writes the words anew; with `-- ui trybuild=enum` at its
//! end, those of the cases named so only.

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/signature/*/*.rs");
    cases.compile_fail("tests/ui/parameters/*/*.rs");
}
