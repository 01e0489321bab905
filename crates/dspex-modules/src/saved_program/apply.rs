//! From the data to a program: a new one, or an error that names all that does not fit.

use std::collections::HashMap;
use std::sync::Arc;

use dspex_adapters::Wording;
use dspex_core::lm::Options;
use dspex_core::signature::compat;
use dspex_core::{
    Adapter, Context, Error, ErrorKind, Fallback, LanguageModel, Leaf, LeafState, ParsePolicy, Path, Program,
    ProgramState, Result, Value, visit, visit_mut,
};

use serde_json::Value as Json;

use super::{LmSettings, SavedPredictor, SavedProgram};
use crate::predictor::decisions::FIELDS;

/// Makes the model that a file names; nothing stands for the model of the context.
type MakeLm<'a> = dyn FnMut(&LmSettings) -> Result<Option<Arc<dyn LanguageModel>>> + 'a;

/// What a predictor gets beside its state.
struct Own {
    lm: Option<Arc<dyn LanguageModel>>,
    options: Options,
}

impl SavedProgram {
    /// A program like this one with what was saved. This one stays as it is, also where something does not fit.
    ///
    /// A predictor whose model the file names must have that model already; otherwise it is an error, since the file
    /// cannot make one. See [`apply_with`](Self::apply_with).
    ///
    /// ```
    /// use dspex_core::Program;
    /// use dspex_modules::{Predict, SavedProgram};
    /// let saved = SavedProgram::of(&Predict::parse("q -> a")?.with_instructions("Be brief."))?;
    /// let loaded = saved.apply(&Predict::parse("q -> a")?)?;
    /// assert_eq!(loaded.signature().instructions(), "Be brief.");
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    pub fn apply<P: Program + Clone>(&self, program: &P) -> Result<P> {
        self.apply_with(program, |lm| {
            let name = lm.model().unwrap_or_default();
            Err(Error::configuration(format!("expected a way to make the model `{name}`, found none")).with_hint(
                "give `load_with` or `apply_with` a function that makes it, or one that gives `None` to use the \
                 context's model",
            ))
        })
    }

    /// The same with a function that makes the model of a name. It is asked for each predictor whose model the file
    /// names and that does not have it already; where it gives nothing, that predictor uses the context's model. The
    /// options beside the name count in any case.
    ///
    /// ```
    /// use dspex_core::LanguageModel;
    /// use dspex_modules::{Predict, SavedProgram};
    /// # use dspex_testkit::ScriptedLm;
    /// let big = || ScriptedLm::always("x");
    /// let saved = SavedProgram::of(&Predict::parse("q -> a")?.with_lm(big()))?;
    /// assert!(saved.apply(&Predict::parse("q -> a")?).is_err());
    /// let loaded = saved.apply_with(&Predict::parse("q -> a")?, |lm| {
    ///     assert_eq!(lm.model(), Some("scripted"));
    ///     Ok(Some(std::sync::Arc::new(big())))
    /// })?;
    /// # let _ = loaded;
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    pub fn apply_with<P: Program + Clone>(
        &self,
        program: &P,
        mut make: impl FnMut(&LmSettings) -> Result<Option<Arc<dyn LanguageModel>>>,
    ) -> Result<P> {
        let mut problems = self.problems(program);
        let mut state = ProgramState::new();
        let mut own: HashMap<Path, Own> = HashMap::new();
        let mut hint = None;
        visit(program, |path, leaf| {
            let Some(saved) = self.predictors.get(path) else { return };
            match self.leaf_state(path, leaf, saved) {
                Ok(leaf_state) => state = std::mem::take(&mut state).with(path.clone(), leaf_state),
                Err(problem) => problems.push(format!("`{path}`: {problem}")),
            }
            match self.leaf_own(path, leaf, saved, &mut make) {
                Ok(of_leaf) => {
                    own.insert(path.clone(), of_leaf);
                }
                Err(e) => {
                    hint = hint.take().or_else(|| e.hint().map(str::to_owned));
                    problems.push(format!("`{path}`: {e}"));
                }
            }
        });
        if !problems.is_empty() {
            let fitting =
                || "load it into the program that saved it; `load_compat` takes it as DSPy does".to_owned();
            let message = format!("{}: {}", self.place, problems.join("; "));
            return Err(Error::new(ErrorKind::State { message }).with_hint(hint.unwrap_or_else(fitting)));
        }
        let mut loaded = program.with_state(&state)?;
        visit_mut(&mut loaded, |path, leaf| {
            if let Some(own) = own.remove(path) {
                leaf.set_lm(own.lm);
                leaf.set_options(own.options);
            }
        });
        Ok(loaded)
    }

    fn leaf_state(&self, path: &Path, leaf: &dyn Leaf, saved: &SavedPredictor) -> Result<LeafState, String> {
        let mut state = LeafState::default();
        state.signature = Some(if self.compat {
            compat::load_state(leaf.signature(), &saved.signature).dump_state()
        } else {
            saved.signature.clone()
        });
        state.demos = Some(saved.demos.clone());
        // A file without them is of a predictor without them.
        if !saved.fields.is_empty() || leaf.state().values.contains_key(FIELDS) {
            state.values.insert(FIELDS, Value::from_plain(&Json::Object(saved.fields.clone())));
        }
        let values = self.facts.as_ref().and_then(|f| f.predictors.get(&path.to_string())).map(|f| &f.values);
        for (name, tagged) in values.into_iter().flatten() {
            let value = Value::from_tagged(tagged).map_err(|e| format!("the parameter `{name}`: {e}"))?;
            state.values.insert(name.clone(), value);
        }
        Ok(state)
    }

    fn leaf_own(
        &self,
        path: &Path,
        leaf: &dyn Leaf,
        saved: &SavedPredictor,
        make: &mut MakeLm<'_>,
    ) -> Result<Own> {
        let facts = self.facts.as_ref().and_then(|f| f.predictors.get(&path.to_string()));
        let options = facts.map_or_else(Options::new, |f| LmSettings::options_of(&f.options));
        // What was saved counts over what the program says; what was not saved stays.
        let options = options.over(leaf.options());
        let Some(settings) = &saved.lm else { return Ok(Own { lm: None, options }) };
        let lm = match leaf.lm() {
            Some(lm) if settings.model() == Some(lm.id()) => Some(Arc::clone(lm)),
            _ => make(settings)?.map(|lm| settings.attach(lm)),
        };
        Ok(Own { lm, options: settings.options().over(&options) })
    }

    /// The context with the adapter, the way to read replies and the fallbacks that the file names. What it does not name stays.
    ///
    /// A wording that the adapter of that name does not have is an error: its prompts would be others.
    ///
    /// ```
    /// use dspex_core::{Context, ParsePolicy};
    /// use dspex_modules::{Predict, SavedProgram};
    /// # let ctx = Context::new(dspex_testkit::ScriptedLm::always("x"));
    /// let taught = ctx.with_policy(ParsePolicy::compat());
    /// let saved = SavedProgram::of(&Predict::parse("q -> a")?)?.with_context(&taught);
    /// assert!(saved.context(&ctx)?.policy().is_compat());
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    pub fn context(&self, ctx: &Context) -> Result<Context> {
        let mut ctx = ctx.clone();
        if !ctx.adapter().is_some_and(|adapter| self.names(&**adapter))
            && let Some(adapter) = self.adapter()?
        {
            ctx = ctx.with_shared_adapter(adapter);
        }
        if let Some(fallbacks) = self.fallbacks()? {
            ctx = ctx.with_fallbacks(fallbacks);
        }
        Ok(match self.policy()? {
            Some(policy) => ctx.with_policy(policy),
            None => ctx,
        })
    }

    /// The adapter that the file names, if it names one. A wording that is not the adapter's is an error.
    ///
    /// ```
    /// use dspex_modules::{Predict, SavedProgram};
    /// let saved = SavedProgram::of(&Predict::parse("q -> a")?)?;
    /// assert!(saved.adapter()?.is_none());
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    pub fn adapter(&self) -> Result<Option<Arc<dyn Adapter>>> {
        self.adapter_with(Wording::default())
    }

    /// The same with another wording; it must be the one that the file names.
    ///
    /// ```
    /// use dspex_adapters::{ChatAdapter, Wording};
    /// use dspex_core::ParsePolicy;
    /// use dspex_modules::{Predict, SavedProgram};
    /// let mut wording = Wording::default();
    /// wording.id = "acme-7".into();
    /// let chat = ChatAdapter::with_wording(wording.clone());
    /// let saved = SavedProgram::of(&Predict::parse("q -> a")?)?.with_adapter(&chat, &ParsePolicy::default());
    /// assert!(saved.adapter().is_err());
    /// assert_eq!(saved.adapter_with(wording)?.unwrap().wording(), Some("acme-7"));
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    pub fn adapter_with(&self, wording: impl Into<Arc<Wording>>) -> Result<Option<Arc<dyn Adapter>>> {
        let Some((facts, name)) = self.facts.as_ref().and_then(|f| Some((f, f.adapter.as_ref()?))) else {
            return Ok(None);
        };
        let adapter = dspex_adapters::by_name_with(name, wording)?;
        if self.names(&*adapter) {
            return Ok(Some(adapter));
        }
        let (expected, found) = (facts.wording.as_deref(), adapter.wording());
        let (expected, found) = (expected.unwrap_or("none"), found.unwrap_or("none"));
        let message = format!("expected the wording `{expected}` of the adapter `{name}`, found `{found}`");
        Err(self.state_error(&message).with_hint("give the context an adapter with that wording"))
    }

    /// Whether an adapter is the one that the file names, with its wording.
    fn names(&self, adapter: &dyn Adapter) -> bool {
        self.facts.as_ref().is_some_and(|f| {
            f.adapter.as_deref() == Some(adapter.name()) && f.wording.as_deref() == adapter.wording()
        })
    }

    /// The way to read replies that the file names, if it names one. A rule that is not known is an error.
    ///
    /// ```
    /// use dspex_modules::{Predict, SavedProgram};
    /// let saved = SavedProgram::of(&Predict::parse("q -> a")?)?;
    /// assert!(saved.policy()?.is_none());
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    pub fn policy(&self) -> Result<Option<ParsePolicy>> {
        let Some(policy) = self.facts.as_ref().and_then(|f| f.policy.as_ref()) else { return Ok(None) };
        policy.policy().map(Some).map_err(|rule| {
            self.state_error(&format!("expected a rule of reading that is known, found `{rule}`"))
                .with_hint("take it out of the file, or read the file with the DSPEx that wrote it")
        })
    }

    /// What the file says to do about replies that cannot be read, if it says anything.
    ///
    /// ```
    /// use dspex_core::Fallback;
    /// use dspex_modules::{Predict, SavedProgram};
    /// let saved = SavedProgram::of(&Predict::parse("q -> a")?)?;
    /// assert!(saved.fallbacks()?.is_none());
    /// let saved = saved.with_fallbacks(&[Fallback::AskAsJson]);
    /// assert_eq!(saved.fallbacks()?, Some(vec![Fallback::AskAsJson]));
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    pub fn fallbacks(&self) -> Result<Option<Vec<Fallback>>> {
        let Some(texts) = self.facts.as_ref().map(|f| &f.fallbacks).filter(|f| !f.is_empty()) else {
            return Ok(None);
        };
        let read = |text: &String| {
            text.parse().map_err(|e: Error| {
                self.state_error(&e.kind().to_string())
                    .with_hint("take it out of the file, or read the file with the DSPEx that wrote it")
            })
        };
        texts.iter().map(read).collect::<Result<_>>().map(Some)
    }

    fn state_error(&self, message: &str) -> Error {
        Error::new(ErrorKind::State { message: format!("{}: {message}", self.place) })
    }
}
