//! Text of every kind: words, what looks like another value, pieces of prompts and replies, and any characters.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Pieces of what stands around values in prompts and replies.
const PIECES: &[&str] = &[
    "[[ ## answer ## ]]",
    "[[ ## completed ## ]]",
    "[[ ## ",
    " ## ]]",
    "[[",
    "##",
    "<answer>",
    "</answer>",
    "<item>",
    "<",
    ">",
    "&amp;",
    "&",
    "```",
    "```json\n",
    "```python\n",
    "~~~",
    "`",
    "\"",
    "'",
    "\\",
    "\\n",
    "\\\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\n",
    "\n\n",
    " ",
    "\t",
    "\r\n",
    "//",
    "/*",
    "#",
    "- ",
    "* ",
    "1. ",
    "**",
    "“",
    "”",
    "<think>",
    "</think>",
    "None",
    "null",
    "answer",
    ": ",
    "x",
    "y z",
    "0",
    "é",
    "\u{2028}",
    "\u{85}",
    "\u{c}",
    "😀",
    "$\\frac{1}{2}$",
];

/// Text that could be read as a value of another kind, or as nothing.
const WORDS: &[&str] = &[
    "",
    "null",
    "None",
    "true",
    "True",
    "False",
    "no",
    "42",
    "-7",
    "3.0",
    "1,234",
    "1e5",
    "NaN",
    "N/A",
    "[]",
    "[1, 2]",
    "{}",
    "{\"a\": 1}",
    "(1, 2)",
    "\"quoted\"",
    "'quoted'",
    "\"",
    "Paris",
    "2024-01-31",
    "12:30",
    "yes, and no.",
    "a, b, c",
    "- a\n- b",
    "```\nx = 1\n```",
    "\\alpha",
    "C:\\temp\\new",
    "He said \"no\".",
    "it's",
    "50 %",
    "$1",
    "<b>bold</b>",
];

/// Any text.
///
/// ```
/// use proptest::strategy::{Strategy, ValueTree};
/// use proptest::test_runner::TestRunner;
/// let mut runner = TestRunner::deterministic();
/// let drawn: Vec<String> = (0..50).map(|_| dspex_conformance::draw::text().new_tree(&mut runner).unwrap().current()).collect();
/// assert!(drawn.iter().any(|t| t.contains("##")) && drawn.iter().any(|t| !t.is_ascii()));
/// ```
pub fn text() -> BoxedStrategy<String> {
    prop_oneof![
        3 => "[a-zA-Z]{1,8}( [a-z]{1,8}){0,4}[.!?]?",
        2 => select(WORDS).prop_map(str::to_owned),
        3 => vec(select(PIECES), 1..7).prop_map(|pieces| pieces.concat()),
        1 => vec(any::<char>(), 0..10).prop_map(|chars| chars.into_iter().collect()),
    ]
    .boxed()
}
