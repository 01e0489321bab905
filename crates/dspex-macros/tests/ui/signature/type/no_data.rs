//! Some types hold no data of their own.
use dspex_core::Signature;

#[derive(Signature)]
struct Answer {
    #[input]
    pointer: *const u8,
    #[input]
    function: fn(u8) -> u8,
    #[input]
    object: Box<dyn std::fmt::Debug>,
    #[input]
    shared: std::rc::Rc<String>,
    #[input]
    own: Option<Box<Self>>,
    #[output]
    answer: String,
}

fn main() {}
