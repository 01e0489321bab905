//! Holds which leaves `#[derive(Parameters)]` finds in a struct, and under which paths. What it refuses is held by
//! `ui.rs`.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use dspex_core::lm::Options;
use dspex_core::{
    LanguageModel, Leaf, LeafState, Parameters, Path, Program, Record, Result, Signature, Walk, WalkMut,
    visit_mut,
};

/// A leaf that learns one number.
#[derive(Clone)]
struct Number {
    signature: Signature,
    path: Option<Path>,
    value: i64,
}

impl Number {
    fn new() -> Self {
        Self { signature: Signature::parse("a -> b").expect("it is a signature"), path: None, value: 0 }
    }
}

impl Parameters for Number {
    fn visit(&self, walk: &mut Walk<'_>) {
        walk.leaf(self);
    }

    fn visit_mut(&mut self, walk: &mut WalkMut<'_>) {
        walk.leaf(self);
    }
}

impl Leaf for Number {
    fn path(&self) -> Option<&Path> {
        self.path.as_ref()
    }

    fn stamp(&mut self, path: Path) {
        self.path = Some(path);
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn state(&self) -> LeafState {
        let mut state = LeafState::default();
        state.values = Record::new().with("value", self.value);
        state
    }

    fn set_state(&mut self, state: &LeafState) -> Result<()> {
        self.value = state.values.get("value").and_then(dspex_core::Value::as_i64).unwrap_or(self.value);
        Ok(())
    }

    fn lm(&self) -> Option<&Arc<dyn LanguageModel>> {
        None
    }

    fn set_lm(&mut self, _: Option<Arc<dyn LanguageModel>>) {}

    fn options(&self) -> &Options {
        static NONE: LazyLock<Options> = LazyLock::new(Options::new);
        &NONE
    }

    fn set_options(&mut self, _: Options) {}
}

fn paths(program: &impl Parameters) -> Vec<String> {
    program.paths().iter().map(ToString::to_string).collect()
}

trait Retriever {}

#[derive(Clone, Parameters)]
struct Inner {
    predict: Number,
}

#[derive(Clone, Parameters)]
struct Rag {
    #[parameters(skip)]
    retriever: Option<Arc<dyn Retriever>>,
    answer: Inner,
    r#type: Number,
    #[parameters(rename = "ans")]
    answers: Vec<Number>,
    table: BTreeMap<String, Number>,
    shared: Arc<Number>,
    absent: Option<Box<Number>>,
}

fn rag() -> Rag {
    Rag {
        retriever: None,
        answer: Inner { predict: Number::new() },
        r#type: Number::new(),
        answers: vec![Number::new(), Number::new()],
        table: BTreeMap::from([("k".to_owned(), Number::new())]),
        shared: Arc::new(Number::new()),
        absent: None,
    }
}

#[test]
fn each_field_is_a_step_of_the_path() {
    let rag = rag();
    assert!(rag.retriever.is_none());
    assert_eq!(paths(&rag), ["answer.predict", "type", "ans[0]", "ans[1]", "table['k']", "shared"]);
}

#[test]
fn the_changing_walk_meets_the_same_leaves() {
    let mut rag = rag().stamped();
    let mut met = Vec::new();
    visit_mut(&mut rag, |path, leaf| {
        assert_eq!(leaf.path(), Some(path));
        met.push(path.to_string());
    });
    assert_eq!(met, paths(&rag));

    let mut state = LeafState::default();
    state.values = Record::new().with("value", 7);
    let changed = rag.with_state(&dspex_core::ProgramState::new().with("answer.predict", state)).unwrap();
    assert_eq!((changed.answer.predict.value, rag.answer.predict.value), (7, 0));
}

#[derive(Clone, Parameters)]
struct Tuple(Number, #[parameters(skip)] u8, Inner);

#[derive(Clone, Parameters)]
struct Unit;

#[test]
fn fields_without_names_go_by_their_place() {
    let tuple = Tuple(Number::new(), 1, Inner { predict: Number::new() });
    assert_eq!(tuple.1, 1);
    assert_eq!(paths(&tuple), ["0", "2.predict"]);
    assert!(paths(&Unit).is_empty());
}

#[derive(Clone, Parameters)]
struct Both<'a, A, B: Clone, const N: usize>
where
    A: Clone,
{
    first: A,
    rest: Vec<B>,
    #[parameters(skip)]
    _name: &'a [u8; N],
    fixed: Number,
}

/// A tree: its type contains itself, with and without a pointer.
#[derive(Clone, Parameters)]
struct Tree<T> {
    here: T,
    below: Vec<Tree<T>>,
}

#[derive(Clone, Parameters)]
struct Chain {
    here: Number,
    next: Option<Box<Chain>>,
}

/// A holder whatever its parameter is: no field holds a `T`.
#[derive(Parameters)]
struct Typed<T> {
    number: Number,
    #[parameters(skip)]
    _of: std::marker::PhantomData<fn() -> T>,
}

#[derive(Parameters)]
struct Outer<T> {
    typed: Typed<T>,
}

struct NoHolder;

#[test]
fn generic_structs_hold_what_their_fields_hold() {
    let both = Both { first: Number::new(), rest: vec![Unit], _name: b"ab", fixed: Number::new() };
    assert_eq!(paths(&both), ["first", "fixed"]);

    let leaf = || Tree { here: Number::new(), below: vec![] };
    assert_eq!(paths(&Tree { here: Number::new(), below: vec![leaf()] }), ["here", "below[0].here"]);

    let end = Chain { here: Number::new(), next: None };
    assert_eq!(paths(&Chain { here: Number::new(), next: Some(Box::new(end)) }), ["here", "next.here"]);

    let outer = Outer::<NoHolder> { typed: Typed { number: Number::new(), _of: std::marker::PhantomData } };
    assert_eq!(paths(&outer), ["typed.number"]);
}
