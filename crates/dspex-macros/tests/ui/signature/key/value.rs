//! A value is of the kind that its key takes.
use dspex_core::Signature;

#[derive(Signature)]
#[signature(name = Answer, instructions = 5, derive = "PartialEq", crate = "dspex_core")]
struct Answer {
    #[input(desc, default(1))]
    question: String,
    #[output(desc = 1, ge = "1", min_length = -1, pattern = PATTERN, rename = 2)]
    answer: Custom,
    #[output(allow_inf_nan = 1)]
    score: f64,
}

const PATTERN: &str = "a";

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct Custom;

fn main() {}
