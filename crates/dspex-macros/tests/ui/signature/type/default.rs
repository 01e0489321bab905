//! A default is of the type of its field.
use dspex_core::Signature;

#[derive(Signature)]
struct Answer {
    #[input(default = "many")]
    k: u8,
    #[input(default)]
    mode: Mode,
    #[output]
    answer: String,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
enum Mode {
    Fast,
}

fn main() {}
