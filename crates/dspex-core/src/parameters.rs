//! Parameters: what of a program can be learned, found by a walk over its fields.
//!
//! A walk meets every leaf once, with its path. The reading walk shows it; the changing walk also stamps the path
//! on it and may change it. An `Arc` that stands in several places stays one parameter, known by its first path.

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::error::{Error, ErrorKind, Result};
use crate::example::Example;
use crate::lm::{LanguageModel, Options};
use crate::path::{Path, push_field, push_key};
use crate::signature::{Signature, SignatureState};
use crate::value::Record;

/// A learnable part of a program: a predictor. `Predict` holds one; implement it only for a learnable part of a new kind.
///
/// ```
/// use std::sync::Arc;
/// use dspex_core::lm::Options;
/// use dspex_core::{LanguageModel, Leaf, LeafState, Path, Result, Signature};
///
/// struct Instructed {
///     path: Option<Path>,
///     signature: Signature,
///     lm: Option<Arc<dyn LanguageModel>>,
///     options: Options,
/// }
///
/// impl Leaf for Instructed {
///     fn path(&self) -> Option<&Path> {
///         self.path.as_ref()
///     }
///     fn stamp(&mut self, path: Path) {
///         self.path = Some(path);
///     }
///     fn signature(&self) -> &Signature {
///         &self.signature
///     }
///     fn state(&self) -> LeafState {
///         let mut state = LeafState::default();
///         state.signature = Some(self.signature.dump_state());
///         state
///     }
///     fn set_state(&mut self, state: &LeafState) -> Result<()> {
///         if let Some(state) = &state.signature {
///             self.signature = self.signature.load_state(state)?;
///         }
///         Ok(())
///     }
///     fn lm(&self) -> Option<&Arc<dyn LanguageModel>> {
///         self.lm.as_ref()
///     }
///     fn set_lm(&mut self, lm: Option<Arc<dyn LanguageModel>>) {
///         self.lm = lm;
///     }
///     fn options(&self) -> &Options {
///         &self.options
///     }
///     fn set_options(&mut self, options: Options) {
///         self.options = options;
///     }
/// }
///
/// let signature = Signature::parse("question -> answer")?;
/// let mut leaf = Instructed { path: None, signature, lm: None, options: Options::new() };
/// let mut learned = leaf.state();
/// learned.signature.as_mut().unwrap().instructions = "Answer in one word.".into();
/// leaf.set_state(&learned)?;
/// assert_eq!(leaf.signature().instructions(), "Answer in one word.");
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub trait Leaf: Send + Sync {
    /// The path that the last changing walk stamped; none on a leaf that no walk has met.
    fn path(&self) -> Option<&Path>;

    /// Takes a path.
    fn stamp(&mut self, path: Path);

    /// The signature as it is now.
    fn signature(&self) -> &Signature;

    /// What is learnable, as data.
    fn state(&self) -> LeafState;

    /// Takes a state. On an error nothing has changed.
    fn set_state(&mut self, state: &LeafState) -> Result<()>;

    /// The model of its own, if it has one.
    fn lm(&self) -> Option<&Arc<dyn LanguageModel>>;

    /// Gives it a model of its own, or takes it away.
    fn set_lm(&mut self, lm: Option<Arc<dyn LanguageModel>>);

    /// The options of its own, which count over those of the context.
    fn options(&self) -> &Options;

    /// Gives it options of its own.
    fn set_options(&mut self, options: Options);
}

/// What is learnable of a leaf, as data. A part that is not set is left as it is.
///
/// ```
/// use dspex_core::{Example, LeafState, Signature};
/// let mut state = LeafState::default();
/// state.demos = Some(vec![Example::new([("question", "1+1?"), ("answer", "2")])]);
/// assert!(state.signature.is_none(), "so the instructions stay");
/// state.signature = Some(Signature::parse("question -> answer")?.with_instructions("Be brief.").dump_state());
/// assert_eq!(state.signature.unwrap().instructions, "Be brief.");
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct LeafState {
    /// Instructions, labels and descriptions.
    pub signature: Option<SignatureState>,
    /// Demonstrations.
    pub demos: Option<Vec<Example>>,
    /// Parameters of other kinds by name: numbers, choices, code.
    pub values: Record,
}

/// The state of a program: the state of each leaf by its path, in the order of the walk.
///
/// [`Program::state`] reads it, and [`Program::with_state`] gives a program with another one.
///
/// ```
/// use dspex_core::{DynModule, Example, LeafState, Path, Program, ProgramState};
/// let mut learned = LeafState::default();
/// learned.demos = Some(vec![Example::new([("question", "1+1?"), ("answer", "2")])]);
/// let state = ProgramState::new().with("steps[0].predict", learned);
/// assert!(state.get(&Path::from("steps[0].predict")).is_some_and(|leaf| leaf.signature.is_none()));
///
/// let program: Vec<Box<dyn DynModule>> = Vec::new();
/// let e = program.with_state(&state).err().unwrap();
/// assert_eq!(e.to_string(), "expected the path of a predictor (), found `steps[0].predict`");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProgramState(IndexMap<Path, LeafState>);

impl ProgramState {
    /// A state that changes nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The state with that of one more leaf.
    #[must_use]
    pub fn with(mut self, path: impl Into<Path>, state: LeafState) -> Self {
        self.0.insert(path.into(), state);
        self
    }

    /// The state of a leaf.
    pub fn get(&self, path: &Path) -> Option<&LeafState> {
        self.0.get(path)
    }

    /// The state of a leaf, to change it.
    pub fn get_mut(&mut self, path: &Path) -> Option<&mut LeafState> {
        self.0.get_mut(path)
    }

    /// Leaves in the order of the walk.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Path, &LeafState)> {
        self.0.iter()
    }
}

/// A type whose learnable leaves can be walked.
///
/// Derive it: each field is a holder of parameters or says `#[parameters(skip)]`.
///
/// ```
/// use dspex_core::{Parameters, Program};
/// # use dspex_core::{Walk, WalkMut};
/// # use std::sync::Arc;
/// # use dspex_core::{LanguageModel, Leaf, LeafState, Path, Result, Signature, lm::Options};
/// # #[derive(Clone)]
/// # struct One(Option<Path>, Signature, Options);
/// # impl Leaf for One {
/// #     fn path(&self) -> Option<&Path> { self.0.as_ref() }
/// #     fn stamp(&mut self, path: Path) { self.0 = Some(path) }
/// #     fn signature(&self) -> &Signature { &self.1 }
/// #     fn state(&self) -> LeafState { LeafState::default() }
/// #     fn set_state(&mut self, _: &LeafState) -> Result<()> { Ok(()) }
/// #     fn lm(&self) -> Option<&Arc<dyn LanguageModel>> { None }
/// #     fn set_lm(&mut self, _: Option<Arc<dyn LanguageModel>>) {}
/// #     fn options(&self) -> &Options { &self.2 }
/// #     fn set_options(&mut self, options: Options) { self.2 = options }
/// # }
/// # impl Parameters for One {
/// #     fn visit(&self, walk: &mut Walk<'_>) { walk.leaf(self) }
/// #     fn visit_mut(&mut self, walk: &mut WalkMut<'_>) { walk.leaf(self) }
/// # }
/// # let signature = Signature::parse("question -> answer")?;
/// # let predictor = || One(None, signature.clone(), Options::new());
/// # type Predict = One;
///
/// #[derive(Parameters)]
/// struct Rag {
///     query: Predict,
///     answers: Vec<Predict>,
///     #[parameters(skip)]
///     passages: usize,
/// }
///
/// let rag = Rag { query: predictor(), answers: vec![predictor(), predictor()], passages: 3 };
/// let paths: Vec<String> = rag.paths().iter().map(ToString::to_string).collect();
/// assert_eq!(paths, ["query", "answers[0]", "answers[1]"]);
/// # let _ = rag.passages;
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` holds no parameters",
    label = "not a holder of parameters",
    note = "if nothing in it can be learned, write `#[parameters(skip)]` on the field",
    note = "otherwise derive `Parameters` for its type; in an `Arc`, the type must be `Clone` as well"
)]
pub trait Parameters {
    /// Shows every leaf.
    fn visit(&self, walk: &mut Walk<'_>);

    /// Stamps every leaf and lets it be changed.
    fn visit_mut(&mut self, walk: &mut WalkMut<'_>);
}

/// A reading walk over a program: where it is, and what it has met. [`visit`] starts one.
///
/// Only containers that cannot derive [`Parameters`] deal with it; they say by which step each part is reached.
///
/// ```
/// use dspex_core::{Parameters, Program, Walk, WalkMut};
/// # use std::sync::Arc;
/// # use dspex_core::{LanguageModel, Leaf, LeafState, Path, Result, Signature, lm::Options};
/// # #[derive(Clone)]
/// # struct One(Option<Path>, Signature, Options);
/// # impl Leaf for One {
/// #     fn path(&self) -> Option<&Path> { self.0.as_ref() }
/// #     fn stamp(&mut self, path: Path) { self.0 = Some(path) }
/// #     fn signature(&self) -> &Signature { &self.1 }
/// #     fn state(&self) -> LeafState { LeafState::default() }
/// #     fn set_state(&mut self, _: &LeafState) -> Result<()> { Ok(()) }
/// #     fn lm(&self) -> Option<&Arc<dyn LanguageModel>> { None }
/// #     fn set_lm(&mut self, _: Option<Arc<dyn LanguageModel>>) {}
/// #     fn options(&self) -> &Options { &self.2 }
/// #     fn set_options(&mut self, options: Options) { self.2 = options }
/// # }
/// # impl Parameters for One {
/// #     fn visit(&self, walk: &mut Walk<'_>) { walk.leaf(self) }
/// #     fn visit_mut(&mut self, walk: &mut WalkMut<'_>) { walk.leaf(self) }
/// # }
/// # let signature = Signature::parse("question -> answer")?;
/// # let predictor = || One(None, signature.clone(), Options::new());
///
/// /// A first try and a second one, of any type.
/// struct Retry<T>(T, T);
///
/// impl<T: Parameters> Parameters for Retry<T> {
///     fn visit(&self, walk: &mut Walk<'_>) {
///         walk.field("first", |walk| self.0.visit(walk));
///         walk.field("second", |walk| self.1.visit(walk));
///     }
///     fn visit_mut(&mut self, walk: &mut WalkMut<'_>) {
///         walk.field("first", |walk| self.0.visit_mut(walk));
///         walk.field("second", |walk| self.1.visit_mut(walk));
///     }
/// }
///
/// let program = Retry(predictor(), predictor());
/// assert_eq!(program.paths(), [Path::from("first"), Path::from("second")]);
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub struct Walk<'a> {
    path: String,
    seen: HashSet<(usize, TypeId)>,
    show: &'a mut dyn FnMut(&Path, &dyn Leaf),
}

/// An old shared part and the new one.
type Pair = (Box<dyn Any>, Box<dyn Any>);

/// A changing walk over a program: where it is, and which shared parts it has met. [`visit_mut`] starts one.
///
/// It stamps its path on each leaf, and takes the same steps as a [`Walk`].
///
/// ```
/// use dspex_core::{Parameters, Walk, WalkMut, visit_mut};
/// # use std::sync::Arc;
/// # use dspex_core::{LanguageModel, Leaf, LeafState, Path, Result, Signature, lm::Options};
/// # #[derive(Clone)]
/// # struct One(Option<Path>, Signature, Options);
/// # impl Leaf for One {
/// #     fn path(&self) -> Option<&Path> { self.0.as_ref() }
/// #     fn stamp(&mut self, path: Path) { self.0 = Some(path) }
/// #     fn signature(&self) -> &Signature { &self.1 }
/// #     fn state(&self) -> LeafState { LeafState::default() }
/// #     fn set_state(&mut self, _: &LeafState) -> Result<()> { Ok(()) }
/// #     fn lm(&self) -> Option<&Arc<dyn LanguageModel>> { None }
/// #     fn set_lm(&mut self, _: Option<Arc<dyn LanguageModel>>) {}
/// #     fn options(&self) -> &Options { &self.2 }
/// #     fn set_options(&mut self, options: Options) { self.2 = options }
/// # }
/// # impl Parameters for One {
/// #     fn visit(&self, walk: &mut Walk<'_>) { walk.leaf(self) }
/// #     fn visit_mut(&mut self, walk: &mut WalkMut<'_>) { walk.leaf(self) }
/// # }
/// # let signature = Signature::parse("question -> answer")?;
/// # let predictor = || One(None, signature.clone(), Options::new());
/// let shared = Arc::new(predictor());
/// let mut program = vec![Arc::clone(&shared), Arc::clone(&shared)];
/// let mut met = Vec::new();
/// visit_mut(&mut program, |path, _leaf| met.push(path.to_string()));
/// assert_eq!(met, ["[0]"], "what stands in two places is one parameter");
/// assert!(Arc::ptr_eq(&program[0], &program[1]));
/// assert_eq!(program[1].path(), Some(&Path::from("[0]")));
/// assert_eq!(shared.path(), None, "whoever else holds it sees no change");
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub struct WalkMut<'a> {
    path: String,
    // Each old shared part and the new one that stands for it. The old one is held so that its address stays its own.
    shared: HashMap<(usize, TypeId), Pair>,
    change: &'a mut dyn FnMut(&Path, &mut dyn Leaf),
}

macro_rules! steps {
    ($walk:ident) => {
        impl $walk<'_> {
            /// Walks a field.
            pub fn field(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
                let len = self.path.len();
                push_field(&mut self.path, name);
                inside(self);
                self.path.truncate(len);
            }

            /// Walks an item.
            pub fn index(&mut self, index: usize, inside: impl FnOnce(&mut Self)) {
                let len = self.path.len();
                self.path.push_str(&format!("[{index}]"));
                inside(self);
                self.path.truncate(len);
            }

            /// Walks an entry.
            pub fn key(&mut self, key: &str, inside: impl FnOnce(&mut Self)) {
                let len = self.path.len();
                push_key(&mut self.path, key);
                inside(self);
                self.path.truncate(len);
            }
        }

        impl fmt::Debug for $walk<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($walk)).field("path", &self.path).finish_non_exhaustive()
            }
        }
    };
}
steps!(Walk);
steps!(WalkMut);

impl Walk<'_> {
    /// Shows a leaf.
    pub fn leaf(&mut self, leaf: &dyn Leaf) {
        (self.show)(&Path::from(self.path.as_str()), leaf);
    }

    /// Whether a shared part is met for the first time.
    fn first_time<T: ?Sized + 'static>(&mut self, shared: &Arc<T>) -> bool {
        self.seen.insert(address(shared))
    }
}

impl WalkMut<'_> {
    /// Stamps a leaf and lets it be changed.
    pub fn leaf(&mut self, leaf: &mut dyn Leaf) {
        let path = Path::from(self.path.as_str());
        leaf.stamp(path.clone());
        (self.change)(&path, leaf);
    }

    /// Replaces a shared part by a copy that `walk` has gone through, or by the copy made where it stood before.
    fn shared<T: ?Sized + 'static>(
        &mut self,
        slot: &mut Arc<T>,
        copy: impl FnOnce(&mut Self, &Arc<T>) -> Arc<T>,
    ) {
        let key = address(slot);
        if let Some(new) = self.shared.get(&key).and_then(|(_, new)| new.downcast_ref::<Arc<T>>()) {
            *slot = Arc::clone(new);
            return;
        }
        let new = copy(self, slot);
        let old = std::mem::replace(slot, Arc::clone(&new));
        self.shared.insert(key, (Box::new(old), Box::new(new)));
    }
}

fn address<T: ?Sized + 'static>(shared: &Arc<T>) -> (usize, TypeId) {
    (Arc::as_ptr(shared).cast::<()>().addr(), TypeId::of::<T>())
}

/// Walks a program and shows each leaf with its path.
pub fn visit<P: Parameters + ?Sized>(program: &P, mut show: impl FnMut(&Path, &dyn Leaf)) {
    program.visit(&mut Walk { path: String::new(), seen: HashSet::new(), show: &mut show });
}

/// Walks a program, stamps each leaf and lets it be changed.
pub fn visit_mut<P: Parameters + ?Sized>(program: &mut P, mut change: impl FnMut(&Path, &mut dyn Leaf)) {
    program.visit_mut(&mut WalkMut { path: String::new(), shared: HashMap::new(), change: &mut change });
}

/// What every program can do by way of its parameters.
///
/// ```
/// # use dspex_core::{Program, Parameters, Walk, WalkMut};
/// fn leaves(program: &(impl Parameters + Clone)) -> Vec<String> {
///     program.paths().iter().map(ToString::to_string).collect()
/// }
/// assert!(leaves(&Vec::<Option<Box<dyn dspex_core::DynModule>>>::new()).is_empty());
/// ```
pub trait Program: Parameters {
    /// The paths of all leaves, in order.
    fn paths(&self) -> Vec<Path> {
        let mut paths = Vec::new();
        visit(self, |path, _| paths.push(path.clone()));
        paths
    }

    /// The state of all leaves.
    fn state(&self) -> ProgramState {
        let mut state = ProgramState::new();
        visit(self, |path, leaf| {
            state.0.insert(path.clone(), leaf.state());
        });
        state
    }

    /// The program with the path of each leaf stamped on it, so that traces, overrides and errors can name it.
    ///
    /// [`with_state`](Self::with_state) and evaluation do this by themselves.
    #[must_use]
    fn stamped(mut self) -> Self
    where
        Self: Sized,
    {
        visit_mut(&mut self, |_, _| {});
        self
    }

    /// A program like this one with another state. This one stays as it is.
    ///
    /// Every path of the state must be that of a leaf; leaves that the state does not name stay as they are.
    fn with_state(&self, state: &ProgramState) -> Result<Self>
    where
        Self: Sized + Clone,
    {
        let mut program = self.clone();
        let mut known = Vec::new();
        let mut problems = Vec::new();
        visit_mut(&mut program, |path, leaf| {
            known.push(path.clone());
            if let Some(leaf_state) = state.get(path)
                && let Err(e) = leaf.set_state(leaf_state)
            {
                problems.push(format!("`{path}`: {e}"));
            }
        });
        for (path, _) in state.iter().filter(|(path, _)| !known.contains(path)) {
            let names: Vec<_> = known.iter().map(|p| format!("`{p}`")).collect();
            problems.push(format!("expected the path of a predictor ({}), found `{path}`", names.join(", ")));
        }
        if problems.is_empty() {
            Ok(program)
        } else {
            Err(Error::new(ErrorKind::State { message: problems.join("; ") }))
        }
    }

    /// A program like this one in which every leaf has this model of its own.
    #[must_use]
    fn with_lm(&self, lm: impl LanguageModel + 'static) -> Self
    where
        Self: Sized + Clone,
    {
        let mut program = self.clone();
        let lm: Arc<dyn LanguageModel> = Arc::new(lm);
        visit_mut(&mut program, |_, leaf| leaf.set_lm(Some(Arc::clone(&lm))));
        program
    }
}

impl<P: Parameters + ?Sized> Program for P {}

impl<T: Parameters> Parameters for Option<T> {
    fn visit(&self, walk: &mut Walk<'_>) {
        if let Some(inner) = self {
            inner.visit(walk);
        }
    }

    fn visit_mut(&mut self, walk: &mut WalkMut<'_>) {
        if let Some(inner) = self {
            inner.visit_mut(walk);
        }
    }
}

impl<T: Parameters> Parameters for Vec<T> {
    fn visit(&self, walk: &mut Walk<'_>) {
        for (i, item) in self.iter().enumerate() {
            walk.index(i, |walk| item.visit(walk));
        }
    }

    fn visit_mut(&mut self, walk: &mut WalkMut<'_>) {
        for (i, item) in self.iter_mut().enumerate() {
            walk.index(i, |walk| item.visit_mut(walk));
        }
    }
}

impl<T: Parameters> Parameters for BTreeMap<String, T> {
    fn visit(&self, walk: &mut Walk<'_>) {
        for (key, entry) in self {
            walk.key(key, |walk| entry.visit(walk));
        }
    }

    fn visit_mut(&mut self, walk: &mut WalkMut<'_>) {
        for (key, entry) in self {
            walk.key(key, |walk| entry.visit_mut(walk));
        }
    }
}

impl<T: Parameters + ?Sized> Parameters for Box<T> {
    fn visit(&self, walk: &mut Walk<'_>) {
        (**self).visit(walk);
    }

    fn visit_mut(&mut self, walk: &mut WalkMut<'_>) {
        (**self).visit_mut(walk);
    }
}

// Says of an `Arc` that it holds no parameters once, rather than each trait that its content lacks.
#[diagnostic::do_not_recommend]
impl<T: Parameters + Clone + 'static> Parameters for Arc<T> {
    fn visit(&self, walk: &mut Walk<'_>) {
        if walk.first_time(self) {
            (**self).visit(walk);
        }
    }

    fn visit_mut(&mut self, walk: &mut WalkMut<'_>) {
        walk.shared(self, |walk, old| {
            let mut new = T::clone(old);
            new.visit_mut(walk);
            Arc::new(new)
        });
    }
}

impl Parameters for Arc<dyn crate::module::DynModule> {
    fn visit(&self, walk: &mut Walk<'_>) {
        if walk.first_time(self) {
            (**self).visit(walk);
        }
    }

    fn visit_mut(&mut self, walk: &mut WalkMut<'_>) {
        walk.shared(self, |walk, old| {
            let mut new = old.clone_box();
            new.visit_mut(walk);
            Arc::from(new)
        });
    }
}
