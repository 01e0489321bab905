//! Saved programs: what was learned, as a file that DSPy 3.4.1 loads and that it writes.
//!
//! The file holds DSPy's keys in DSPy's shape, and one key `dspex` with what those keys do not say: the number of the
//! format, the names and types of the fields, the adapter, its wording, and how replies are read.
//! Here is the data; reading text is in `read`, writing it in `write`, files in `file`, and whether a file fits a
//! program in `fit`.

mod apply;
mod facts;
mod file;
mod fit;
mod lm;
mod plain;
mod read;
mod write;

use dspex_core::{
    Adapter, Context, ErrorKind, Example, Fallback, ParsePolicy, Path, Program, Result, SignatureState, visit,
};
use indexmap::IndexMap;
use serde_json::{Map, Value as Json, json};

use crate::predictor::decisions::FIELDS;

pub use facts::{FORMAT, FieldFacts, PredictorFacts, SavedFacts, SavedPolicy};
pub use file::SaveLoad;
pub use lm::LmSettings;

/// The keys of a file of several predictors that are not predictors.
const RESERVED: [&str; 2] = ["metadata", "dspex"];

/// What a program has learned, as data: the state of each predictor, and what it ran with.
///
/// Most programs are saved and loaded by [`SaveLoad`]; this is the same in steps. What is loaded runs no code.
///
/// ```
/// use dspex_core::Program;
/// use dspex_modules::{ChainOfThought, SavedProgram};
/// let program = ChainOfThought::parse("question -> answer")?;
/// let text = SavedProgram::of(&program)?.to_json();
/// let loaded = SavedProgram::parse("qa.json", &text)?.apply(&program)?;
/// assert_eq!(loaded.state(), program.state());
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SavedProgram {
    /// The state of each predictor by its path, in the order of the program.
    pub predictors: IndexMap<Path, SavedPredictor>,
    /// What stands under `dspex`; nothing in a file that DSPy wrote.
    pub facts: Option<SavedFacts>,
    /// What stands under `metadata`: the versions that DSPy compares with its own.
    pub metadata: Option<Map<String, Json>>,
    /// What it is called in errors: the file.
    place: String,
    /// Settings that were left out, each with its place; never their values.
    left_out: Vec<String>,
    compat: bool,
}

/// The state of a predictor.
///
/// ```
/// use dspex_core::Path;
/// use dspex_modules::{Predict, SavedProgram};
/// let saved = SavedProgram::of(&Predict::parse("q -> a")?.with_instructions("Be brief."))?;
/// assert_eq!(saved.predictors[&Path::root()].signature.instructions, "Be brief.");
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SavedPredictor {
    /// Instructions, labels and descriptions.
    pub signature: SignatureState,
    /// Demonstrations; those that an optimizer made carry `augmented`.
    pub demos: Vec<Example>,
    /// The model of its own, if it had one.
    pub lm: Option<LmSettings>,
    /// What DSPy keeps under `traces`; programs here have none.
    pub traces: Vec<Json>,
    /// What DSPy keeps under `train`; programs here have none.
    pub train: Vec<Json>,
    /// Settings of outputs that are decisions, by their names.
    pub fields: Map<String, Json>,
    /// Keys that are not DSPy's.
    unknown: Vec<String>,
}

impl SavedProgram {
    /// What a program has learned. Nothing is known of its adapter and its reading; see
    /// [`with_context`](Self::with_context).
    pub fn of<P: Program + ?Sized>(program: &P) -> Result<Self> {
        let mut saved = Self {
            predictors: IndexMap::new(),
            facts: None,
            metadata: Some(versions()),
            place: "the program".into(),
            left_out: Vec::new(),
            compat: false,
        };
        let mut facts = SavedFacts::new();
        let mut problems = Vec::new();
        visit(program, |path, leaf| {
            let state = leaf.state();
            let demos = state.demos.unwrap_or_default();
            let mut known = PredictorFacts::of(leaf.signature(), &demos, &state.values);
            let (lm, left_out) = match leaf.lm() {
                Some(lm) => {
                    let (settings, left_out) = LmSettings::of(&**lm, leaf.options());
                    (Some(settings), left_out)
                }
                None => {
                    let (options, left_out) = lm::save_options(leaf.options());
                    known.options = options;
                    (None, left_out)
                }
            };
            saved.left_out.extend(left_out.iter().map(|name| format!("{name} of `{path}`")));
            let name = path.to_string();
            if RESERVED.contains(&name.as_str()) {
                problems.push(format!(
                    "expected a predictor of another name than `{name}`, which is a key of the file"
                ));
            }
            let fields = match state.values.get(FIELDS).map(plain::to_plain) {
                Some(Json::Object(fields)) => fields,
                _ => Map::new(),
            };
            let signature = state.signature.unwrap_or_else(|| leaf.signature().dump_state());
            let predictor = SavedPredictor {
                signature,
                demos,
                lm,
                traces: vec![],
                train: vec![],
                fields,
                unknown: vec![],
            };
            facts.predictors.insert(name, known);
            if saved.predictors.insert(path.clone(), predictor).is_some() {
                problems.push(format!("expected one predictor of the name `{path}`, found two"));
            }
        });
        if problems.is_empty() {
            saved.facts = Some(facts);
            Ok(saved)
        } else {
            Err(dspex_core::Error::new(ErrorKind::State { message: problems.join("; ") })
                .with_hint("rename the field or the key that holds it"))
        }
    }

    /// The same with the adapter, its wording, the way to read replies and the fallbacks of a context.
    ///
    /// ```
    /// use dspex_core::{Context, ParsePolicy};
    /// use dspex_modules::{Predict, SavedProgram};
    /// # let lm = dspex_testkit::ScriptedLm::always("x");
    /// let ctx = Context::new(lm).with_policy(ParsePolicy::compat());
    /// let saved = SavedProgram::of(&Predict::parse("q -> a")?)?.with_context(&ctx);
    /// assert_eq!(saved.facts.unwrap().adapter.as_deref(), Some("chat"));
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_context(self, ctx: &Context) -> Self {
        let saved = match ctx.adapter() {
            Some(adapter) => self.with_adapter(&**adapter, ctx.policy()),
            None => self.with_adapter(&dspex_adapters::ChatAdapter::new(), ctx.policy()),
        };
        saved.with_fallbacks(ctx.fallbacks())
    }

    /// The same with what is done about replies that cannot be read.
    ///
    /// ```
    /// use dspex_core::Fallback;
    /// use dspex_modules::{Predict, SavedProgram};
    /// let saved = SavedProgram::of(&Predict::parse("q -> a")?)?.with_fallbacks(&[Fallback::ShowError(2)]);
    /// assert_eq!(saved.facts.unwrap().fallbacks, ["retry:2"]);
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_fallbacks(mut self, fallbacks: &[Fallback]) -> Self {
        let facts = self.facts.get_or_insert_with(SavedFacts::new);
        facts.fallbacks = fallbacks.iter().map(ToString::to_string).collect();
        self
    }

    /// The same with an adapter, its wording and a way to read replies.
    ///
    /// ```
    /// use dspex_core::ParsePolicy;
    /// use dspex_modules::{Predict, SavedProgram};
    /// let json = dspex_adapters::by_name("json")?;
    /// let saved = SavedProgram::of(&Predict::parse("q -> a")?)?.with_adapter(&*json, &ParsePolicy::default());
    /// assert_eq!(saved.facts.unwrap().wording.as_deref(), Some("dspex-1"));
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_adapter(mut self, adapter: &dyn Adapter, policy: &ParsePolicy) -> Self {
        self.facts.get_or_insert_with(SavedFacts::new).set_run(adapter, policy);
        self
    }

    /// The same, to be applied as DSPy does it: fields are paired by position until one side ends, what the file has
    /// beyond the program is passed over, and `dspex` is not asked.
    #[must_use]
    pub fn compat(mut self) -> Self {
        self.compat = true;
        self
    }

    /// Settings that were not taken because they are not on the list, each with its place.
    ///
    /// ```
    /// use dspex_modules::SavedProgram;
    /// let text = r#"{"demos": [], "signature": {"instructions": "Do it.", "fields": []},
    ///                "lm": {"model": "m", "headers": {"X-Auth": "..."}}}"#;
    /// assert_eq!(SavedProgram::parse("p.json", text)?.left_out(), ["headers of `self`"]);
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// Whether the program is one predictor, whose state stands at the top of the file.
    fn is_flat(&self) -> bool {
        self.predictors.len() == 1 && self.predictors.contains_key(&Path::root())
    }
}

/// The versions that DSPy compares. The shape is that of 3.4.1; no Python had a part in it.
fn versions() -> Map<String, Json> {
    let mut metadata = Map::new();
    metadata.insert("dependency_versions".into(), json!({"dspy": "3.4.1"}));
    metadata
}
