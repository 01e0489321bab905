//! Programs in files: a TOML text that says a signature, a module, instructions, demonstrations and settings.
//!
//! Only text is read here; which model or adapter a name means, and what a file of demonstrations holds, is the
//! caller's to find out. Nothing in a program file can run code.

mod raw;
mod read;

use std::sync::Arc;

use dspex_adapters::Wording;
use dspex_core::lm::Options;
use dspex_core::{
    Context, DynModule, Error, Example, Fallback, ParsePolicy, Program, ProgramState, Result, Signature,
    TypeRegistry, visit,
};

use self::raw::Raw;
use self::read::File;

/// A program as a file says it.
///
/// ```
/// use dspex_core::Program;
/// use dspex_modules::ProgramFile;
/// let file = ProgramFile::parse("qa.toml", r#"
///     signature = "question -> answer"
///     module = "chain_of_thought"
///     instructions = "Answer in one word."
/// "#, None)?;
/// assert_eq!(file.build(&[])?.paths()[0].as_str(), "predict");
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ProgramFile {
    /// What the program takes and gives.
    pub signature: Signature,
    /// The kind of module; `predict` where none is said.
    pub module: String,
    /// Its demonstrations.
    pub demos: DemoSource,
    /// A saved program whose state it takes, by its path from the program file.
    pub load: Option<String>,
    /// The name of its model.
    pub lm: Option<String>,
    /// The name of its adapter.
    pub adapter: Option<String>,
    /// The file with its wording, by its path from the program file.
    pub wording: Option<String>,
    /// The name of its way to read completions.
    pub policy: Option<String>,
    /// What is done about replies that cannot be read, in order, where the file says it.
    pub fallbacks: Option<Vec<Fallback>>,
    /// The name of its model for second calls, which read the text of a first.
    pub extraction_lm: Option<String>,
    /// Its options.
    pub options: Options,
}

/// Where the demonstrations of a program file are.
///
/// ```
/// use dspex_modules::{DemoSource, ProgramFile};
/// let file = ProgramFile::parse("qa.toml", r#"
///     signature = "question -> answer"
///     demos = "train.jsonl"
/// "#, None)?;
/// assert_eq!(file.demos, DemoSource::File("train.jsonl".into()));
/// let file = ProgramFile::parse("qa.toml", r#"
///     signature = "question -> answer"
///     demos = [{ question = "1+1?", answer = "2" }]
/// "#, None)?;
/// let DemoSource::Inline(demos) = &file.demos else { panic!("expected them in the file") };
/// assert_eq!(demos[0].get::<String>("answer")?, "2");
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum DemoSource {
    /// In the file itself.
    Inline(Vec<Example>),
    /// In a data file, by a path from the program file.
    File(String),
}

impl ProgramFile {
    /// Reads a program; the place stands for the file in errors. Types of the caller's may be named.
    pub fn parse(place: &str, text: &str, types: Option<&TypeRegistry>) -> Result<Self> {
        let file = File { place, text, types };
        let raw: Raw = toml::from_str(text).map_err(|e| file.syntax(&e))?;
        let mut signature = file.signature(&raw)?;
        if let Some(name) = &raw.name {
            signature = signature.with_name(name.as_str());
        }
        if let Some(instructions) = &raw.instructions {
            signature = signature.with_instructions(instructions.trim());
        }
        let demos = file.demos(raw.demos, &signature)?;
        if let Some(policy) = &raw.policy
            && !matches!(policy.as_ref().as_str(), "default" | "compat")
        {
            return Err(file.error(policy.span(), Some("policy"), "`default` or `compat`", policy.as_ref()));
        }
        let fallbacks = raw.fallback.as_ref().map(|f| file.fallbacks(f)).transpose()?;
        let module = match &raw.module {
            Some(module) => file.module(module)?,
            None => "predict".to_owned(),
        };
        let mut options = Options::new();
        if let Some(raw) = raw.options {
            (options.n, options.temperature, options.max_tokens, options.seed) =
                (raw.n, raw.temperature, raw.max_tokens, raw.seed);
        }
        Ok(Self {
            signature,
            module,
            demos,
            load: raw.load,
            lm: raw.lm,
            adapter: raw.adapter,
            wording: raw.wording,
            policy: raw.policy.map(toml::Spanned::into_inner),
            fallbacks,
            extraction_lm: raw.extraction_lm,
            options,
        })
    }

    /// A program of a signature alone.
    pub fn from_signature(signature: Signature) -> Self {
        Self {
            signature,
            module: "predict".into(),
            demos: DemoSource::Inline(Vec::new()),
            load: None,
            lm: None,
            adapter: None,
            wording: None,
            policy: None,
            fallbacks: None,
            extraction_lm: None,
            options: Options::new(),
        }
    }

    /// The context with the adapter, the way to read replies, the fallbacks and the options that the file names. Its
    /// models are the caller's to find, and so is a wording: a file that names one is for
    /// [`context_with`](Self::context_with).
    ///
    /// ```
    /// use dspex_core::Context;
    /// use dspex_modules::ProgramFile;
    /// let text = "signature = 'question -> answer'\nadapter = 'json'\nfallback = 'retry'\n[options]\ntemperature = 0.0";
    /// let ctx = Context::new(dspex_testkit::ScriptedLm::always("{}"));
    /// let ctx = ProgramFile::parse("qa.toml", text, None)?.context(&ctx)?;
    /// assert_eq!(ctx.adapter().map(|a| a.name()), Some("json"));
    /// assert_eq!(ctx.fallbacks(), [dspex_core::Fallback::ShowError(1)]);
    /// assert_eq!(ctx.options().temperature, Some(0.0));
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    pub fn context(&self, ctx: &Context) -> Result<Context> {
        if let Some(path) = &self.wording {
            let message = format!("expected the wording of the program file, found only its path `{path}`");
            let hint = "read it with `Wording::from_file`, and give it to `context_with`";
            return Err(Error::configuration(message).with_hint(hint));
        }
        match &self.adapter {
            Some(name) => Ok(self.settings(&ctx.with_shared_adapter(dspex_adapters::by_name(name)?))),
            None => Ok(self.settings(ctx)),
        }
    }

    /// The same with a wording, for the adapter that the file names or else for the chat adapter.
    ///
    /// ```
    /// use dspex_adapters::Wording;
    /// use dspex_core::Context;
    /// use dspex_modules::ProgramFile;
    /// let mut wording = Wording::default();
    /// wording.id = "acme-7".into();
    /// let ctx = Context::new(dspex_testkit::ScriptedLm::always("{}"));
    /// let file = ProgramFile::parse("qa.toml", "signature = 'q -> a'\nwording = 'acme.toml'", None)?;
    /// assert!(file.context(&ctx).is_err(), "the file itself was not read");
    /// let ctx = file.context_with(&ctx, wording)?;
    /// assert_eq!(ctx.adapter().and_then(|a| a.wording()), Some("acme-7"));
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    pub fn context_with(&self, ctx: &Context, wording: impl Into<Arc<Wording>>) -> Result<Context> {
        let adapter = dspex_adapters::by_name_with(self.adapter.as_deref().unwrap_or("chat"), wording)?;
        Ok(self.settings(&ctx.with_shared_adapter(adapter)))
    }

    fn settings(&self, ctx: &Context) -> Context {
        let mut ctx = ctx.with_options(self.options.over(ctx.options()));
        if let Some(fallbacks) = &self.fallbacks {
            ctx = ctx.with_fallbacks(fallbacks.iter().copied());
        }
        match self.policy.as_deref() {
            Some("compat") => ctx.with_policy(ParsePolicy::compat()),
            Some(_) => ctx.with_policy(ParsePolicy::default()),
            None => ctx,
        }
    }

    /// The program, with demonstrations that the caller read for it.
    pub fn build(&self, demos: &[Example]) -> Result<Box<dyn DynModule>> {
        let program = crate::by_name(&self.module, self.signature.clone())?.stamped();
        let mut state = ProgramState::new();
        visit(&program, |path, leaf| {
            let mut leaf_state = leaf.state();
            leaf_state.demos = Some(demos.to_vec());
            state = std::mem::take(&mut state).with(path.clone(), leaf_state);
        });
        program.with_state(&state)
    }
}

#[cfg(test)]
mod tests {
    use dspex_core::{ErrorKind, Record};

    use super::*;

    fn error(text: &str) -> Error {
        ProgramFile::parse("p.toml", text, None).unwrap_err()
    }

    #[test]
    fn fields_carry_what_the_file_says() {
        let text = r#"
            [[inputs]]
            name = "text"
            description = "what to rate"
            [[outputs]]
            name = "stars"
            type = "int"
            ge = 1
            le = 5
            default = 3
            [[demos]]
            text = "good"
            stars = 5
        "#;
        let file = ProgramFile::parse("p.toml", text, None).unwrap();
        let stars = file.signature.field("stars").unwrap();
        assert_eq!(
            stars.constraints_text().unwrap(),
            "greater than or equal to: 1, less than or equal to: 5"
        );
        assert_eq!(stars.default, Some(3.into()));
        assert_eq!(
            file.demos,
            DemoSource::Inline(vec![Example::new(Record::new().with("stars", 5).with("text", "good"))])
        );
    }

    #[test]
    fn faults_name_the_line_and_what_to_write() {
        let table = [
            ("signature = \"a -> b\"\nmodul = \"predict\"\n", "p.toml:2", Some("did you mean `module`?")),
            ("signature = \"a -> b\"\nmodule = \"predct\"\n", "p.toml:2", Some("did you mean `predict`?")),
            ("\nsignature = \"a -> b: lst\"\n", "p.toml:2", Some("did you mean `list`?")),
            (
                "[[inputs]]\nname = \"a\"\n\n[[outputs]]\nname = \"b\"\ntype = \"str\"\nge = 3\n",
                "p.toml:4",
                Some("mend it there, and run again"),
            ),
            ("[[outputs]]\nname = \"b\"\nmin_lenght = 3\n", "p.toml:1", Some("did you mean `min_length`?")),
            ("signature = \n", "p.toml:1", Some("mend it there, and run again")),
            (
                "[[outputs]]\nname = \"b\"\npattern = \"(\"\n",
                "p.toml:1",
                Some("mend it there, and run again"),
            ),
            (
                "[[outputs]]\nname = \"b\"\ntype = \"int\"\nle = 3\ndefault = 4\n",
                "p.toml:1",
                Some("mend it there, and run again"),
            ),
            (
                "signature = \"a -> b: int\"\n[[demos]]\nb = \"x\"\n",
                "p.toml:2",
                Some("mend it there, and run again"),
            ),
            ("signature = \"a -> bee\"\n[[demos]]\nbe = \"x\"\n", "p.toml:2", Some("did you mean `bee`?")),
            (
                "policy = \"strict\"\nsignature = \"a -> b\"\n",
                "p.toml:1",
                Some("mend it there, and run again"),
            ),
        ];
        for (text, place, hint) in table {
            let e = error(text);
            let ErrorKind::Data { place: found, .. } = e.kind() else { panic!("{text}: {e}") };
            assert_eq!((found.as_str(), e.hint()), (place, hint), "{text}: {e}");
        }
    }
}
