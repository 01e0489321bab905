//! A field that holds no parameters says so: one error, on the type.
use dspex_core::Parameters;

trait Retriever {}

struct NotClone;

#[derive(Parameters)]
struct Leaf;

#[derive(Parameters)]
struct Program {
    answer: Leaf,
    name: String,
    notes: Vec<String>,
    retriever: std::sync::Arc<dyn Retriever>,
    shared: std::sync::Arc<NotClone>,
}

#[derive(Parameters)]
struct Pair(Leaf, u8);

fn main() {}
