//! What the commands have in common: which program, which model, which adapter.

use std::fs;
use std::io::Read as _;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use clap::Args;
use dspex_adapters::Wording;
use dspex_core::lm::Capabilities;
use dspex_core::{
    CoercionMode, Context, DynModule, Error, ErrorKind, Example, Fallback, LanguageModel, ParsePolicy,
    Program as _, ProgramState, Record, Result, Signature, Value, visit,
};
use dspex_evaluate::Dataset;
use dspex_modules::{DemoSource, LmSettings, ProgramFile, SavedProgram};

use crate::models::LmArgs;
use crate::output::complain;

/// The model that answers where none was named.
const DEFAULT_LM: &str = "builtin/nearest";

/// The variable that names a model.
const LM_VARIABLE: &str = "DSPEX_LM";

#[derive(Args, Debug)]
pub(crate) struct ProgramArgs {
    /// What the program takes and gives, e.g. `question -> answer: int`
    #[arg(
        short,
        long,
        value_name = "SIGNATURE",
        required_unless_present = "program",
        allow_hyphen_values = true,
        conflicts_with = "program"
    )]
    signature: Option<String>,

    /// A program file (TOML)
    #[arg(short, long, value_name = "FILE")]
    program: Option<PathBuf>,

    /// A saved program (JSON), of DSPy or of `dspex save`, whose state the program takes
    #[arg(long, value_name = "FILE")]
    load: Option<PathBuf>,

    /// The adapter [default: the saved program's, else the program file's, else chat]
    #[arg(long, value_name = "NAME")]
    adapter: Option<String>,

    /// The sentences of prompts, a file of `dspex wording extract` (TOML) [default: the saved program's, else the
    /// program file's, else ours]
    #[arg(long, value_name = "FILE")]
    wording: Option<PathBuf>,
}

#[derive(Args, Debug, Default)]
pub(crate) struct PolicyArgs {
    /// How replies are read: `default`, or `compat` for DSPy 3.4.1's reading [default: as the adapter]
    #[arg(long, value_name = "NAME", value_parser = ["default", "compat"])]
    policy: Option<String>,

    /// How far values may be coerced to their types: `none`, `safe` or `aggressive` [default: as the policy]
    #[arg(long, value_name = "MODE", value_parser = ["none", "safe", "aggressive"])]
    coercion: Option<String>,
}

#[derive(Args, Debug, Default)]
pub(crate) struct FallbackArgs {
    /// What to do about a reply that cannot be read, tried in this order, with commas between: `retry:2` shows the
    /// error to the model, twice at most; `json` asks again as JSON, as DSPy does; `extract` has a second call read the
    /// text; or `none` [default: the saved program's, else the program file's, else none]
    #[arg(long, value_name = "KINDS")]
    fallback: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct InputArgs {
    /// The inputs as a JSON object, or `-` to read them from standard input
    #[arg(short, long, value_name = "JSON")]
    inputs: String,
}

#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// Demonstrations (JSONL, JSON or CSV) [default: the saved program's, else the program file's]
    #[arg(long, value_name = "FILE")]
    demos: Option<PathBuf>,

    /// Draw so many of the demonstrations at random
    #[arg(long, value_name = "N")]
    draw: Option<usize>,

    /// The seed of what is random
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub(crate) seed: u64,
}

impl InputArgs {
    /// The inputs: an object of values, of which kinds that JSON lacks are tagged.
    pub(crate) fn read(&self) -> Result<Record> {
        let text = match self.inputs.as_str() {
            "-" => read_file_or_stdin(FilePath::new("-"))?,
            json => json.to_owned(),
        };
        let wrong = |found: String| {
            Error::configuration(format!("expected the inputs as a JSON object, found {found}"))
                .with_hint(r#"write them as --inputs '{"question": "..."}'"#)
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        match Value::from_json(text) {
            Ok(Value::Dict(d)) => {
                Record::try_from(d).map_err(|key| wrong(format!("a key of kind {}", key.kind())))
            }
            Ok(other) => Err(wrong(dspex_core::shorten_text(&other.to_tagged().to_string()))),
            Err(e) if e.is_syntax() => Err(wrong(format!("text that cannot be read as JSON: {e}"))),
            Err(e) => Err(Error::configuration(e.to_string()).with_hint(
                r#"keys that start with `$` are tags of values; write others as {"$dict": [["$key", 1]]}"#,
            )),
        }
    }
}

/// Makes the model that a saved program names; nothing stands for the context's.
type MakeLm<'a> = &'a mut dyn FnMut(&LmSettings) -> Result<Option<Arc<dyn LanguageModel>>>;

/// A program that was read, and where its file stands.
pub(crate) struct Loaded {
    pub(crate) file: ProgramFile,
    folder: PathBuf,
    /// The adapter of the command line.
    adapter: Option<String>,
    /// The wording of the command line.
    wording: Option<Arc<Wording>>,
    /// The wording of the program file.
    file_wording: Option<Arc<Wording>>,
    /// The state that the program takes.
    pub(crate) saved: Option<SavedProgram>,
    /// The files that were read for it.
    paths: Vec<PathBuf>,
}

impl ProgramArgs {
    pub(crate) fn load(&self) -> Result<Loaded> {
        let (file, folder) = match (&self.signature, &self.program) {
            (Some(signature), _) => {
                (ProgramFile::from_signature(Signature::parse(signature)?), PathBuf::new())
            }
            (None, Some(path)) => {
                let text = read_text(path)?;
                let file = ProgramFile::parse(&path.display().to_string(), &text, None)?;
                (file, path.parent().map(FilePath::to_path_buf).unwrap_or_default())
            }
            (None, None) => {
                return Err(Error::configuration("expected a signature or a program file, found neither"));
            }
        };
        let of_file = || file.load.as_ref().map(|path| folder.join(path));
        let load = self.load.clone().or_else(of_file);
        let paths = self.program.iter().chain(&load).cloned().collect();
        let saved = load.map(SavedProgram::read).transpose()?;
        let left_out = saved.iter().flat_map(SavedProgram::left_out);
        for setting in left_out {
            complain(&format!("note: {setting} was not taken: it is not among the settings that are saved"));
        }
        let read = |path: PathBuf| Wording::from_file(path).map(Arc::new);
        let wording = self.wording.clone().map(read).transpose()?;
        let file_wording = file.wording.as_ref().map(|path| read(folder.join(path))).transpose()?;
        Ok(Loaded { file, folder, adapter: self.adapter.clone(), wording, file_wording, saved, paths })
    }
}

impl Loaded {
    /// The adapter and its wording: of the command line, else of the saved program, else of the program file.
    pub(crate) fn adapter(&self) -> Result<Arc<dyn dspex_core::Adapter>> {
        let facts = self.saved.as_ref().and_then(|s| s.facts.as_ref());
        let of_file = || self.file_wording.clone().unwrap_or_default();
        if self.adapter.is_none() && self.wording.is_none() {
            let named = facts.and_then(|f| f.wording.as_ref());
            // A program that was saved with our sentences keeps them.
            let wording = Some(of_file()).filter(|w| named == Some(&w.id)).unwrap_or_default();
            if let Some(adapter) = self
                .saved
                .as_ref()
                .map(|s| s.adapter_with(wording))
                .transpose()
                .map_err(with_wording_hint)?
                .flatten()
            {
                return Ok(adapter);
            }
        }
        let saved = facts.and_then(|f| f.adapter.as_ref());
        let name =
            self.adapter.as_ref().or(saved).or(self.file.adapter.as_ref()).map_or("chat", String::as_str);
        dspex_adapters::by_name_with(name, self.wording.clone().unwrap_or_else(of_file))
    }

    /// The way to read replies, looked for in the same order.
    pub(crate) fn policy(&self, args: &PolicyArgs) -> Result<ParsePolicy> {
        let by_name =
            |name: &str| if name == "compat" { ParsePolicy::compat() } else { ParsePolicy::default() };
        let policy = match &args.policy {
            Some(name) => by_name(name),
            None => {
                let saved = self.saved.as_ref().map(SavedProgram::policy).transpose()?.flatten();
                saved.unwrap_or_else(|| by_name(self.file.policy.as_deref().unwrap_or("default")))
            }
        };
        let mode = args.coercion.as_deref().and_then(CoercionMode::by_name);
        Ok(mode.map_or(policy.clone(), |mode| policy.coercion(mode)))
    }

    /// What is done about replies that cannot be read, looked for in the same order.
    pub(crate) fn fallbacks(&self, args: &FallbackArgs) -> Result<Vec<Fallback>> {
        if let Some(text) = &args.fallback {
            return Fallback::list(text);
        }
        let saved = self.saved.as_ref().map(SavedProgram::fallbacks).transpose()?.flatten();
        Ok(saved.or_else(|| self.file.fallbacks.clone()).unwrap_or_default())
    }

    /// The context with the model for second calls, if one is named.
    pub(crate) fn with_extraction_lm(&self, ctx: Context, args: &LmArgs) -> Result<Context> {
        let used = self.adapter()?.name() == "two_step" || ctx.fallbacks().contains(&Fallback::Extract);
        match args.extraction_lm().or(self.file.extraction_lm.as_ref()) {
            Some(name) if used => Ok(ctx.with_extraction_lm(args.by_name(name)?)),
            Some(_) if args.extraction_lm().is_some() => Err(Error::configuration(
                "expected second calls for the model of `--extraction-lm`, found none",
            )
            .with_hint("add `--adapter two_step` or `--fallback extract`, or leave it out")),
            _ => Ok(ctx),
        }
    }

    /// The signature that the model sees: a module may have added fields, such as the reasoning of a chain of thought.
    pub(crate) fn leaf_signature(&self) -> Result<Signature> {
        let program = self.with_saved(self.file.build(&[])?, &mut |_| Ok(None))?;
        let mut signature = None;
        visit(&program, |_, leaf| {
            signature.get_or_insert_with(|| leaf.signature().clone());
        });
        Ok(signature.unwrap_or_else(|| self.file.signature.clone()))
    }

    /// The files that the program and its demonstrations come from.
    pub(crate) fn paths(&self, args: &DemoArgs) -> Vec<PathBuf> {
        let of_file = match &self.file.demos {
            DemoSource::File(path) => Some(self.folder.join(path)),
            _ => None,
        };
        self.paths.iter().cloned().chain(args.demos.clone()).chain(of_file).collect()
    }

    /// The demonstrations: those of the command line, else of the saved program, else of the program file.
    pub(crate) fn demos(&self, args: &DemoArgs) -> Result<Vec<Example>> {
        let signature = &self.leaf_signature()?;
        let saved = self.saved.as_ref().and_then(|s| s.predictors.values().next());
        let all = match (&args.demos, saved, &self.file.demos) {
            (Some(path), ..) => read_demos(path, signature)?,
            (None, Some(saved), _) => saved.demos.clone(),
            (None, None, DemoSource::File(path)) => read_demos(&self.folder.join(path), signature)?,
            (None, None, DemoSource::Inline(demos)) => demos.clone(),
            (None, None, _) => Vec::new(),
        };
        Ok(match args.draw {
            Some(n) if n > all.len() => {
                let message = format!("expected to draw at most {} demonstrations, found {n}", all.len());
                return Err(
                    Error::configuration(message).with_hint("there are no more; draw fewer, or give more")
                );
            }
            Some(n) => {
                let mut random = dspex_core::Random::new(args.seed, "demos");
                random.sample(all.len(), n).into_iter().map(|i| all[i].clone()).collect()
            }
            None => all,
        })
    }

    /// The module with its state and demonstrations, for a context's model; the saved program may name others.
    pub(crate) fn build(&self, args: &DemoArgs, lm: &LmArgs) -> Result<Box<dyn DynModule>> {
        let usual = self.lm_name(lm.name());
        let mut make = |settings: &LmSettings| match settings.model() {
            Some(name) if lm.name().is_none() && usual.as_deref() != Some(name) => lm.by_name(name).map(Some),
            _ => Ok(None),
        };
        self.build_with(args, &mut make)
    }

    /// The same where no model is called.
    pub(crate) fn build_without_lm(&self, args: &DemoArgs) -> Result<Box<dyn DynModule>> {
        self.build_with(args, &mut |_| Ok(None))
    }

    fn build_with(&self, args: &DemoArgs, make: MakeLm<'_>) -> Result<Box<dyn DynModule>> {
        let demos = self.demos(args)?;
        let program = self.with_saved(self.file.build(&demos)?, make)?;
        if args.demos.is_none() && args.draw.is_none() {
            return Ok(program);
        }
        let mut state = ProgramState::new();
        visit(&program, |path, leaf| {
            let mut leaf_state = leaf.state();
            leaf_state.demos = Some(demos.clone());
            state = std::mem::take(&mut state).with(path.clone(), leaf_state);
        });
        program.with_state(&state)
    }

    fn with_saved(&self, program: Box<dyn DynModule>, make: MakeLm<'_>) -> Result<Box<dyn DynModule>> {
        match &self.saved {
            Some(saved) => saved.apply_with(&program, make),
            None => Ok(program),
        }
    }

    /// What the program runs with.
    pub(crate) fn context(
        &self,
        lm: Arc<dyn LanguageModel>,
        policy: &PolicyArgs,
        fallback: &FallbackArgs,
        seed: u64,
    ) -> Result<Context> {
        Ok(Context::new(lm)
            .with_shared_adapter(self.adapter()?)
            .with_policy(self.policy(policy)?)
            .with_fallbacks(self.fallbacks(fallback)?)
            .with_options(self.file.options.clone())
            .with_seed(seed))
    }

    /// The name of the model: of the flag, the saved program, the program file or the variable.
    fn lm_name(&self, flag: Option<&String>) -> Option<String> {
        let mut saved = self.saved.iter().flat_map(|s| s.predictors.values());
        #[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
        let variable = || std::env::var(LM_VARIABLE).ok().filter(|v| !v.is_empty());
        let saved = || saved.find_map(|p| p.lm.as_ref()?.model()).map(str::to_owned);
        flag.cloned().or_else(saved).or_else(|| self.file.lm.clone()).or_else(variable)
    }

    /// What the model can do, if one was named. As nothing is sent to it, its key does not matter.
    pub(crate) fn capabilities(&self, flag: Option<&String>) -> Result<Capabilities> {
        match self.lm_name(flag) {
            Some(name) => LmArgs::default().capabilities(&name),
            None => Ok(Capabilities::default()),
        }
    }

    /// The model of that name, or the built-in one, with a word about that.
    pub(crate) fn lm(&self, args: &LmArgs) -> Result<Arc<dyn LanguageModel>> {
        match self.lm_name(args.name()) {
            Some(name) => args.main(&name),
            None if args.has_base() => {
                Err(Error::configuration("expected a model beside the base URL, found none")
                    .with_hint("name it as in `--lm openai/MODEL`"))
            }
            None => {
                complain(&format!(
                    "note: no model was named (--lm, {LM_VARIABLE}); using {DEFAULT_LM}, which copies from \
                     demonstrations and is no language model"
                ));
                args.main(DEFAULT_LM)
            }
        }
    }
}

/// Demonstrations need not be whole: rows are taken with what fields of the signature they have.
fn read_demos(path: &FilePath, signature: &Signature) -> Result<Vec<Example>> {
    let data = Dataset::load(path)?;
    for row in &data.rows {
        // Such a row would show nothing, and adapters pass over it without a word.
        for (side, fields) in [("input", signature.inputs()), ("output", signature.outputs())] {
            if !fields.is_empty() && !fields.iter().any(|f| row.record.contains_key(&f.name)) {
                let names: Vec<_> = fields.iter().map(|f| format!("`{}`", f.name)).collect();
                let columns: Vec<_> = row.record.keys().map(|k| format!("`{k}`")).collect();
                return Err(Error::new(ErrorKind::Data {
                    place: row.place.clone(),
                    field: None,
                    expected: format!("a demonstration with an {side} ({})", names.join(", ")),
                    found: format!("only {}", columns.join(", ")),
                })
                .with_hint("name the columns as the fields of the signature"));
            }
        }
    }
    data.partial_examples(signature)
}

/// How a wording is given here.
fn with_wording_hint(e: Error) -> Error {
    match e.kind() {
        ErrorKind::State { .. } => e.with_hint("name the file with that wording: `--wording FILE`"),
        _ => e,
    }
}

fn file_error(path: &FilePath, e: &std::io::Error) -> Error {
    Error::new(ErrorKind::File { place: path.display().to_string(), message: format!("cannot be read: {e}") })
}

/// The text of a file.
pub(crate) fn read_text(path: &FilePath) -> Result<String> {
    fs::read_to_string(path).map_err(|e| file_error(path, &e))
}

/// The text of a file, or of standard input for `-`.
pub(crate) fn read_file_or_stdin(path: &FilePath) -> Result<String> {
    if path.as_os_str() != "-" {
        return read_text(path);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|e| file_error(path, &e))?;
    Ok(text)
}
