//! Programs in files: a TOML text that says a signature, a module, instructions, demonstrations and settings.
//!
//! Only text is read here; which model or adapter a name means, and what a file of demonstrations holds, is the
//! caller's to find out. Nothing in a program file can run code.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use dspex_adapters::Wording;
use dspex_core::lm::Options;
use dspex_core::{
    Constraint, Context, Direction, DynModule, Error, ErrorKind, Example, Fallback, Field, FieldType,
    ParsePolicy, Program, ProgramState, Record, Result, Signature, SignatureParser, TypeRegistry, Value,
    nearest, visit,
};
use serde::Deserialize;
use toml::Spanned;

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

/// The keys of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    signature: Option<Spanned<String>>,
    name: Option<String>,
    #[serde(default)]
    inputs: Vec<Spanned<RawField>>,
    #[serde(default)]
    outputs: Vec<Spanned<RawField>>,
    module: Option<Spanned<String>>,
    instructions: Option<String>,
    demos: Option<Spanned<RawDemos>>,
    load: Option<String>,
    lm: Option<String>,
    adapter: Option<String>,
    wording: Option<String>,
    policy: Option<Spanned<String>>,
    fallback: Option<Spanned<RawFallback>>,
    extraction_lm: Option<String>,
    options: Option<RawOptions>,
}

#[derive(Deserialize)]
struct RawField {
    name: String,
    #[serde(rename = "type")]
    ty: Option<String>,
    description: Option<String>,
    prefix: Option<String>,
    default: Option<toml::Value>,
    /// Constraints by their keyword.
    #[serde(flatten)]
    constraints: BTreeMap<String, toml::Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawDemos {
    File(String),
    Inline(Vec<toml::Table>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawFallback {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOptions {
    n: Option<u32>,
    temperature: Option<f64>,
    max_tokens: Option<u64>,
    seed: Option<u64>,
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
            policy: raw.policy.map(Spanned::into_inner),
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

/// The file that is being read, for places in errors.
struct File<'a> {
    place: &'a str,
    text: &'a str,
    types: Option<&'a TypeRegistry>,
}

impl File<'_> {
    fn at(&self, span: Option<Range<usize>>) -> String {
        match span {
            Some(span) => {
                let before = self.text.get(..span.start).unwrap_or_default();
                format!("{}:{}", self.place, 1 + before.bytes().filter(|b| *b == b'\n').count())
            }
            None => self.place.to_owned(),
        }
    }

    fn error(&self, span: Range<usize>, field: Option<&str>, expected: &str, found: &str) -> Error {
        Error::new(ErrorKind::Data {
            place: self.at(Some(span)),
            field: field.map(str::to_owned),
            expected: expected.to_owned(),
            found: format!("{found:?}"),
        })
    }

    fn syntax(&self, e: &toml::de::Error) -> Error {
        let message = e.message().trim();
        let error = Error::new(ErrorKind::Data {
            place: self.at(e.span()),
            field: None,
            expected: "a program file".into(),
            found: message.to_owned(),
        });
        // The reader quotes the unknown key first and then lists the known ones.
        let mut quoted = message.split('`').skip(1).step_by(2);
        match quoted.next().and_then(|unknown| nearest(unknown, quoted)) {
            Some(near) if message.starts_with("unknown field") => {
                error.with_hint(format!("did you mean `{near}`?"))
            }
            _ => error,
        }
    }

    fn signature(&self, raw: &Raw) -> Result<Signature> {
        match &raw.signature {
            Some(s) if raw.inputs.is_empty() && raw.outputs.is_empty() => {
                let mut parser = SignatureParser::new();
                if let Some(types) = self.types {
                    parser = parser.types(types);
                }
                parser.parse(s.as_ref()).map_err(|e| {
                    let hint = e.hint.clone();
                    let error = Error::new(ErrorKind::Data {
                        place: self.at(Some(s.span())),
                        field: Some("signature".into()),
                        expected: format!("{} at offset {}", e.expected, e.offset),
                        found: e.found,
                    });
                    hint.into_iter().fold(error, Error::with_hint)
                })
            }
            Some(s) => Err(self
                .error(s.span(), Some("signature"), "a signature or fields, not both", s.as_ref())
                .with_hint("leave out `signature`, or the tables `[[inputs]]` and `[[outputs]]`")),
            None if raw.outputs.is_empty() => {
                let hint =
                    "write `signature = \"question -> answer\"`, or tables `[[inputs]]` and `[[outputs]]`";
                Err(self.error(0..0, Some("signature"), "a signature", "none").with_hint(hint))
            }
            None => {
                let side = |fields: &[Spanned<RawField>], direction| -> Result<Vec<Field>> {
                    fields.iter().map(|f| self.field(f, direction)).collect()
                };
                let mut fields = side(&raw.inputs, Direction::Input)?;
                fields.extend(side(&raw.outputs, Direction::Output)?);
                Signature::new(fields).map_err(|e| Error::from(e).with_hint(format!("in {}", self.place)))
            }
        }
    }

    fn field(&self, raw: &Spanned<RawField>, direction: Direction) -> Result<Field> {
        let (span, raw) = (raw.span(), raw.as_ref());
        let ty = match &raw.ty {
            None => FieldType::Str,
            Some(text) => FieldType::parse(text, self.types).map_err(|e| {
                let expected = format!("{} in the type of `{}`", e.expected, raw.name);
                let error = self.error(span.clone(), Some(&raw.name), &expected, text);
                e.hint.into_iter().fold(error, Error::with_hint)
            })?,
        };
        let mut field = match direction {
            Direction::Input => Field::input(raw.name.as_str(), ty),
            Direction::Output => Field::output(raw.name.as_str(), ty),
        };
        if let Some(description) = &raw.description {
            field = field.with_description(description.as_str());
        }
        if let Some(prefix) = &raw.prefix {
            field = field.with_prefix(prefix.as_str());
        }
        if let Some(default) = &raw.default {
            let value = value(default);
            field.ty.check(&value).map_err(|e| {
                let expected = format!("a default of type {} for `{}`", e.expected, raw.name);
                self.error(span.clone(), Some(&raw.name), &expected, &default.to_string())
            })?;
            field = field.with_default(value);
        }
        for (keyword, argument) in &raw.constraints {
            let constraint = Constraint::from_keyword(keyword, &value(argument));
            match constraint {
                Some(c) if c.fits(&field.ty) => field = field.with_constraint(c),
                Some(_) => {
                    let expected = format!("a constraint that fits {} for `{}`", field.ty.name(), raw.name);
                    return Err(self.error(span, Some(&raw.name), &expected, keyword));
                }
                None => {
                    const KEYS: [&str; 13] = [
                        "name",
                        "type",
                        "description",
                        "prefix",
                        "default",
                        "gt",
                        "ge",
                        "lt",
                        "le",
                        "multiple_of",
                        "min_length",
                        "max_length",
                        "pattern",
                    ];
                    let found = format!("{keyword} = {argument}");
                    let argument = match keyword.as_str() {
                        "gt" | "ge" | "lt" | "le" | "multiple_of" => Some("a number"),
                        "min_length" | "max_length" => Some("a whole number from 0"),
                        "pattern" => Some("a regular expression"),
                        "allow_inf_nan" => Some("true or false"),
                        _ => None,
                    };
                    if let Some(argument) = argument {
                        let expected = format!("{argument} as `{keyword}` of `{}`", raw.name);
                        return Err(self.error(span, Some(&raw.name), &expected, &found));
                    }
                    let error = self.error(span, Some(&raw.name), "a key of a field", &found);
                    return Err(match nearest(keyword, KEYS) {
                        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                        None => error.with_hint(format!("the keys are {}", KEYS.join(", "))),
                    });
                }
            }
        }
        if let Some(default) = &field.default {
            field.check(default).map_err(|e| {
                let expected = format!("a default {} for `{}`", e.rule, raw.name);
                self.error(span, Some(&raw.name), &expected, &e.found)
            })?;
        }
        Ok(field)
    }

    fn fallbacks(&self, raw: &Spanned<RawFallback>) -> Result<Vec<Fallback>> {
        let all = match raw.as_ref() {
            RawFallback::One(text) => text.clone(),
            RawFallback::Several(texts) if texts.is_empty() => "none".into(),
            RawFallback::Several(texts) => texts.join(","),
        };
        Fallback::list(&all).map_err(|e| {
            let expected = "fallbacks `json`, `retry`, `retry:2`, `extract`, or `none`";
            let error = self.error(raw.span(), Some("fallback"), expected, &all);
            match e.hint() {
                Some(hint) => error.with_hint(hint),
                None => error,
            }
        })
    }

    fn module(&self, module: &Spanned<String>) -> Result<String> {
        let name = module.as_ref();
        let names = || crate::MODULES.iter().map(|(n, _)| *n);
        if names().any(|n| n == name) {
            return Ok(name.clone());
        }
        let known = names().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
        let error = self.error(module.span(), Some("module"), &format!("one of the modules {known}"), name);
        Err(match nearest(name, names()) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None => error,
        })
    }

    fn demos(&self, raw: Option<Spanned<RawDemos>>, signature: &Signature) -> Result<DemoSource> {
        let Some(raw) = raw else { return Ok(DemoSource::Inline(Vec::new())) };
        let span = raw.span();
        match raw.into_inner() {
            RawDemos::File(path) if path.is_empty() => Err(self.error(span, Some("demos"), "a path", "")),
            RawDemos::File(path) => Ok(DemoSource::File(path)),
            RawDemos::Inline(tables) => Ok(DemoSource::Inline(
                tables
                    .into_iter()
                    .map(|t| t.into_iter().map(|(k, v)| (k, value(&v))).collect::<Record>())
                    .map(|demo| self.check_demo(&span, &demo, signature).map(|()| Example::new(demo)))
                    .collect::<Result<_>>()?,
            )),
        }
    }

    /// Refuses a demonstration whose fields are not those of the signature. The reasoning is that of a chain of thought.
    fn check_demo(&self, span: &Range<usize>, demo: &Record, signature: &Signature) -> Result<()> {
        for (name, value) in demo.iter() {
            let Some(field) = signature.field(name) else {
                if name == "reasoning" {
                    continue;
                }
                let names = || signature.fields().map(|f| f.name.as_str());
                let known: Vec<_> = names().map(|n| format!("`{n}`")).collect();
                let expected = format!("demonstrations of the fields {}", known.join(", "));
                let error = self.error(span.clone(), Some(name), &expected, name);
                return Err(match nearest(name, names()) {
                    Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                    None => error,
                });
            };
            if !field.type_undefined {
                field.ty.check(value).map_err(|e| {
                    let expected = format!("`{name}{}` of a demonstration to be {}", e.place, e.expected);
                    self.error(span.clone(), Some(name), &expected, &e.found)
                })?;
            }
        }
        Ok(())
    }
}

/// A TOML value as a value of a field.
fn value(v: &toml::Value) -> Value {
    match v {
        toml::Value::String(s) => Value::from(s.as_str()),
        toml::Value::Integer(i) => Value::from(*i),
        toml::Value::Float(f) => Value::from(*f),
        toml::Value::Boolean(b) => Value::from(*b),
        toml::Value::Datetime(d) => {
            let text = d.to_string();
            let date_time = || text.parse().ok().map(Value::DateTime);
            let date = || text.parse().ok().map(Value::Date);
            let time = || text.parse().ok().map(Value::Time);
            match (d.date, d.time) {
                (Some(_), Some(_)) => date_time(),
                (Some(_), None) => date(),
                _ => time(),
            }
            .unwrap_or(Value::Str(text))
        }
        toml::Value::Array(items) => Value::List(items.iter().map(value).collect()),
        toml::Value::Table(t) => {
            Value::Dict(t.iter().map(|(k, v)| (Value::from(k.as_str()), value(v))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
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
