//! Errors: what was expected, what was found, what to do next, and what was paid for.

use std::fmt;

use crate::adapter::ParseRule;
use crate::lm::LmError;
use crate::path::Path;
use crate::prediction::Attempt;
use crate::schema::UnsupportedSchema;
use crate::signature::{EditError, SignatureError, StateError};
use crate::usage::Usage;
use crate::validation::ValidationErrors;
use crate::value::text::UnsupportedKind;
use crate::value::{Value, ValueError};

/// The result of anything in DSPEx.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Where in a call an error arose. [`Error::stage`] tells it.
///
/// ```
/// use dspex_core::{Error, Signature, Stage, lm::{LmError, LmErrorKind}};
/// let e: Error = Signature::parse("question").unwrap_err().into();
/// assert_eq!(e.stage(), Stage::Configuration);
/// let e: Error = LmError::new(LmErrorKind::Timeout, "no answer within 5 s").into();
/// assert_eq!(e.stage().name(), "model");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Before any call: a signature, a program, an option, an input.
    Configuration,
    /// In the program's own code, between its calls of models.
    Program,
    /// While the request was made.
    Render,
    /// On the way to the model or in it.
    Model,
    /// While the reply was read.
    Parse,
    /// While the values that were read were checked.
    Validation,
    /// While a prediction was scored.
    Metric,
    /// While data was read.
    Data,
    /// The caller ended the work.
    Cancelled,
    /// A limit that the caller set was reached.
    Limit,
}

impl Stage {
    /// The stage's name, as `--json` output and `docs/errors.md` write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Program => "program",
            Self::Render => "render",
            Self::Model => "model",
            Self::Parse => "parse",
            Self::Validation => "validation",
            Self::Metric => "metric",
            Self::Data => "data",
            Self::Cancelled => "cancelled",
            Self::Limit => "limit",
        }
    }
}

/// What went wrong, with the facts apart from the words, so that a program can act on it. [`Error::kind`] gives it.
///
/// ```
/// use dspex_core::{Example, ErrorKind};
/// let e = Example::new([("n", "three")]).get::<u8>("n").unwrap_err();
/// match e.kind() {
///     ErrorKind::FieldType { field, .. } => assert_eq!(field, "n"),
///     other => panic!("{other}"),
/// }
/// assert_eq!((e.code(), e.kind().field()), ("field_type", Some("n")));
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A signature string that cannot be read.
    #[error("{0}")]
    Signature(SignatureError),
    /// An edit that does not fit a signature.
    #[error("{0}")]
    Edit(EditError),
    /// A state that does not fit a program.
    #[error("{message}")]
    State {
        /// What does not fit.
        message: String,
    },
    /// Something set up wrongly.
    #[error("{message}")]
    Configuration {
        /// What.
        message: String,
    },
    /// Inputs that are not there.
    #[error("expected the inputs {}, found none for {}", list(.expected), list(.missing))]
    MissingInputs {
        /// The inputs that are not there.
        missing: Vec<String>,
        /// All that are needed.
        expected: Vec<String>,
    },
    /// Inputs that the signature does not have.
    #[error("expected only the inputs {}, found {}", list(.expected), list(.unknown))]
    UnknownInputs {
        /// The inputs that are not known.
        unknown: Vec<String>,
        /// All that are known.
        expected: Vec<String>,
    },
    /// An input of the wrong type.
    #[error("expected {} to be {expected}, found {found}", named(field))]
    InputType {
        /// The input.
        field: String,
        /// Its type.
        expected: String,
        /// What was given.
        found: String,
    },
    /// A kind of value or type that a part does not support yet.
    #[error("the stage `{}` does not support {kind} yet{}", stage.name(), .field.as_ref().map(|f| format!(" (field `{f}`)")).unwrap_or_default())]
    Unsupported {
        /// The field.
        field: Option<String>,
        /// The kind.
        kind: String,
        /// The stage at which it is not supported.
        stage: Stage,
    },
    /// A schema that the provider's dialect has no way to say, where one was demanded.
    #[error("{0}")]
    UnsupportedSchema(UnsupportedSchema),
    /// The model gave no reply.
    #[error("{0}")]
    Lm(LmError),
    /// A reply without text.
    #[error("expected the fields {}, found an empty reply", list(.expected))]
    EmptyReply {
        /// Fields that were asked for.
        expected: Vec<String>,
    },
    /// A reply that was cut off.
    #[error("expected a whole reply, found one that was cut off in `{field}`")]
    Truncated {
        /// The field in which it ends.
        field: String,
    },
    /// A reply that ends within what the model thought, before any field.
    #[error("expected the fields {}, found a reply that was cut off while the model was thinking", list(.expected))]
    TruncatedThinking {
        /// Fields that were asked for.
        expected: Vec<String>,
    },
    /// A reply without some of the fields.
    #[error("expected the fields {}, found none of {}", list(.expected), list(.missing))]
    MissingFields {
        /// The fields that are not there.
        missing: Vec<String>,
        /// All that were asked for.
        expected: Vec<String>,
    },
    /// A field whose text is not of its type.
    #[error("expected {} to be {expected}, found {found}", named(field))]
    FieldType {
        /// The field, with the place inside it.
        field: String,
        /// Its type.
        expected: String,
        /// What was found.
        found: String,
    },
    /// A reply with more than one reading.
    #[error("expected one reading of `{field}`, found more: {found}")]
    Ambiguous {
        /// The field.
        field: String,
        /// The readings.
        found: String,
        /// The rule that refuses it.
        rule: ParseRule,
    },
    /// A value that breaks a rule of its field.
    #[error("expected `{field}` {rule}, found {found}")]
    Constraint {
        /// The field.
        field: String,
        /// The rule in words.
        rule: String,
        /// The value.
        found: String,
    },
    /// Values that break rules beyond their types, each with its place and a code.
    #[error("expected values that keep the rules, found {} that do not: {errors}", errors.len())]
    Validation {
        /// What is wrong.
        errors: ValidationErrors,
    },
    /// Code of a program that panicked.
    #[error("expected the program to end, found a panic: {message}")]
    Panic {
        /// What it said.
        message: String,
    },
    /// A metric that failed or gave no number.
    #[error("metric {metric}: {message}")]
    Metric {
        /// The metric.
        metric: String,
        /// What went wrong.
        message: String,
    },
    /// A data row that does not fit.
    #[error("{place}: expected {expected}, found {found}")]
    Data {
        /// File and line.
        place: String,
        /// The field, where it is one.
        field: Option<String>,
        /// What would have been right.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A file that cannot be read or written.
    #[error("{place}: {message}")]
    File {
        /// The file.
        place: String,
        /// Why.
        message: String,
    },
    /// Data that was found and cannot be handed over.
    #[error("{place}: {message}")]
    Output {
        /// Where to.
        place: String,
        /// Why.
        message: String,
    },
    /// The caller ended the work.
    #[error("cancelled by the caller")]
    Cancelled,
    /// A limit that the caller set was reached.
    #[error("expected at most {limit} {what}, and that many are used")]
    Limit {
        /// What is limited.
        what: String,
        /// The limit.
        limit: u64,
    },
    /// A budget that the caller set is used up.
    #[error("expected to stay within a budget of {limit}, found {used}")]
    Budget {
        /// The bound that was reached.
        limit: String,
        /// What was used.
        used: String,
    },
}

/// A field in an error; without a name it is the whole record.
fn named(field: &str) -> String {
    if field.is_empty() { "the record".into() } else { format!("`{field}`") }
}

fn list(names: &[String]) -> String {
    names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}

impl ErrorKind {
    /// The kind's code, as `--json` output and `docs/errors.md` write it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Signature(_) => "signature",
            Self::Edit(_) => "signature_edit",
            Self::State { .. } => "state",
            Self::Configuration { .. } => "configuration",
            Self::MissingInputs { .. } => "missing_input",
            Self::UnknownInputs { .. } => "unknown_input",
            Self::InputType { .. } => "input_type",
            Self::Unsupported { .. } => "unsupported",
            Self::UnsupportedSchema(_) => "unsupported_schema",
            Self::Lm(e) => e.kind.code(),
            Self::EmptyReply { .. } => "empty_reply",
            Self::Truncated { .. } => "truncated",
            Self::TruncatedThinking { .. } => "truncated_thinking",
            Self::MissingFields { .. } => "missing_field",
            Self::FieldType { .. } => "field_type",
            Self::Ambiguous { .. } => "ambiguous",
            Self::Constraint { .. } => "constraint",
            Self::Validation { .. } => "validation",
            Self::Panic { .. } => "panic",
            Self::Metric { .. } => "metric",
            Self::Data { .. } => "data",
            Self::File { .. } => "file",
            Self::Output { .. } => "output",
            Self::Cancelled => "cancelled",
            Self::Limit { .. } => "limit",
            Self::Budget { .. } => "budget",
        }
    }

    /// What to do next where the place that found the error knows nothing better.
    fn usual_hint(&self) -> Option<String> {
        let hint = match self {
            Self::Signature(e) => return e.hint.clone(),
            Self::UnsupportedSchema(e) => e.help,
            Self::Lm(e) => e.hint(),
            Self::Budget { .. } => "raise the budget, or go on with what was done so far",
            Self::InputType { .. } => "give a value of that type, or change the type in the signature",
            Self::Unsupported { .. } => "use another type for the field",
            Self::FieldType { .. } | Self::MissingFields { .. } => {
                "read the raw reply; a clearer instruction or a demonstration usually helps"
            }
            Self::TruncatedThinking { .. } => "raise `max_tokens`, or let the model think less",
            Self::Ambiguous { .. } => {
                "read the raw reply; the rule that refuses it can be switched off in the policy"
            }
            Self::Constraint { .. } => "tell the model the bound in the description, or widen it",
            Self::Validation { .. } => "tell the model the rules in the descriptions or the instructions",
            Self::Panic { .. } => "mend the program; give an error where it cannot go on",
            Self::Data { .. } => "mend it there, and run again",
            Self::File { .. } => "check the path and who may read or write it",
            _ => return None,
        };
        Some(hint.to_owned())
    }

    /// Where in a call errors of this kind arise.
    pub fn stage(&self) -> Stage {
        match self {
            Self::Unsupported { stage, .. } => *stage,
            Self::UnsupportedSchema(_) => Stage::Render,
            Self::Signature(_)
            | Self::Edit(_)
            | Self::State { .. }
            | Self::Configuration { .. }
            | Self::MissingInputs { .. }
            | Self::UnknownInputs { .. }
            | Self::InputType { .. } => Stage::Configuration,
            Self::Lm(_) => Stage::Model,
            Self::EmptyReply { .. }
            | Self::Truncated { .. }
            | Self::TruncatedThinking { .. }
            | Self::MissingFields { .. }
            | Self::FieldType { .. }
            | Self::Ambiguous { .. } => Stage::Parse,
            Self::Constraint { .. } | Self::Validation { .. } => Stage::Validation,
            Self::Panic { .. } => Stage::Program,
            Self::Metric { .. } => Stage::Metric,
            Self::Data { .. } | Self::File { .. } | Self::Output { .. } => Stage::Data,
            Self::Cancelled => Stage::Cancelled,
            Self::Limit { .. } | Self::Budget { .. } => Stage::Limit,
        }
    }

    /// The field that the error is about, where it is one.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::InputType { field, .. }
            | Self::Truncated { field }
            | Self::FieldType { field, .. }
            | Self::Ambiguous { field, .. }
            | Self::Constraint { field, .. } => Some(field),
            Self::Unsupported { field, .. } | Self::Data { field, .. } => field.as_deref(),
            Self::Validation { errors } => Some(errors.first().path.as_str()),
            Self::MissingInputs { missing: names, .. }
            | Self::UnknownInputs { unknown: names, .. }
            | Self::MissingFields { missing: names, .. } => names.first().map(String::as_str),
            _ => None,
        }
    }
}

/// An error: its kind, where it arose, and every attempt that was made and paid for before it.
///
/// ```
/// use dspex_core::{Error, Signature};
/// let e: Error = Signature::parse("question -> ").unwrap_err().into();
/// assert_eq!(e.code(), "signature");
/// assert_eq!(e.to_string(), "expected at least one output field at offset 12, found none");
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    path: Option<Path>,
    hint: Option<String>,
    /// Whether it arose in the second call, which reads the text of the first.
    in_extraction: bool,
    attempts: Vec<Attempt>,
}

impl Error {
    /// An error of a kind.
    pub fn new(kind: ErrorKind) -> Self {
        let hint = kind.usual_hint();
        Self(Box::new(Inner { kind, path: None, hint, in_extraction: false, attempts: Vec::new() }))
    }

    /// The error with the names of fields in other words, and with all that quotes a prompt or a reply: for adapters
    /// that give fields other names there.
    ///
    /// ```
    /// use dspex_core::{Error, ErrorKind};
    /// let e = Error::new(ErrorKind::Truncated { field: "answer_k7".into() });
    /// let e = e.map_names(|text| text.replace("_k7", ""));
    /// assert_eq!(e.to_string(), "expected a whole reply, found one that was cut off in `answer`");
    /// ```
    #[must_use]
    pub fn map_names(mut self, rename: impl Fn(&str) -> String) -> Self {
        let (names, texts) = self.parts();
        names.into_iter().chain(texts).for_each(|text| *text = rename(text));
        self
    }

    /// The error with other names of fields, and all that it quotes as it is: what [`map_names`](Self::map_names) did,
    /// undone. A place within a field keeps what follows the name.
    ///
    /// ```
    /// use dspex_core::{Error, ErrorKind};
    /// let kind = ErrorKind::Constraint { field: "ages[2]".into(), rule: "at most 9".into(), found: "ages".into() };
    /// let e = Error::new(kind).map_fields(|name| format!("{name}_k7"));
    /// assert_eq!(e.kind().to_string(), "expected `ages_k7[2]` at most 9, found ages");
    /// ```
    #[must_use]
    pub fn map_fields(mut self, rename: impl Fn(&str) -> String) -> Self {
        for place in self.parts().0 {
            let end = place.find(['.', '[']).unwrap_or(place.len());
            if end > 0 {
                place.replace_range(..end, &rename(&place[..end]));
            }
        }
        self
    }

    /// Where it names fields of a signature, and where it quotes what may name them.
    fn parts(&mut self) -> (Vec<&mut String>, Vec<&mut String>) {
        match &mut self.0.kind {
            ErrorKind::EmptyReply { expected } => (expected.iter_mut().collect(), Vec::new()),
            ErrorKind::Truncated { field } => (vec![field], Vec::new()),
            ErrorKind::MissingFields { missing, expected } => {
                (missing.iter_mut().chain(expected).collect(), Vec::new())
            }
            ErrorKind::FieldType { field, expected, found } => (vec![field], vec![expected, found]),
            ErrorKind::Ambiguous { field, found, .. } => (vec![field], vec![found]),
            ErrorKind::Constraint { field, rule, found } => (vec![field], vec![rule, found]),
            ErrorKind::Unsupported { field: Some(field), .. } => (vec![field], Vec::new()),
            ErrorKind::Validation { errors } => (errors.paths_mut().collect(), Vec::new()),
            ErrorKind::Configuration { message } => (Vec::new(), vec![message]),
            _ => (Vec::new(), Vec::new()),
        }
    }

    /// Something set up wrongly, in words.
    pub fn configuration(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Configuration { message: message.into() })
    }

    /// A field that is not of its type; `found` is what stands there, if anything.
    pub fn field(field: &str, expected: &str, found: Option<&Value>) -> Self {
        let found = found.map_or_else(|| "nothing".to_owned(), shorten);
        Self::new(ErrorKind::FieldType { field: field.to_owned(), expected: expected.to_owned(), found })
    }

    /// A value that does not fit a Rust type.
    pub fn value(e: &ValueError) -> Self {
        let field = e.path();
        let message = e.message_only().to_owned();
        Self::new(ErrorKind::FieldType {
            field,
            expected: "a value that fits its Rust type".into(),
            found: message,
        })
    }

    /// The same fault in a value that a caller gave, where it was found as one that does not fit a Rust type.
    pub(crate) fn of_input(mut self) -> Self {
        if let ErrorKind::FieldType { field, expected, found } = self.0.kind {
            self.0.kind = ErrorKind::InputType { field, expected, found };
        }
        self
    }

    /// The error with what to do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// The error with the path of the predictor in which it arose, unless it has one.
    #[must_use]
    pub fn at(mut self, path: &Path) -> Self {
        self.0.path.get_or_insert_with(|| path.clone());
        self
    }

    /// The error as one of a call that reads the text of another, which its words then say.
    ///
    /// ```
    /// let e = dspex_core::Error::configuration("expected a key, found none").in_extraction();
    /// assert_eq!(e.to_string(), "in the second call, which reads the outputs: expected a key, found none");
    /// assert_eq!(e.to_json()["call"], "extraction");
    /// ```
    #[must_use]
    pub fn in_extraction(mut self) -> Self {
        self.0.in_extraction = true;
        self
    }

    /// Whether it arose in a call that reads the text of another.
    pub fn is_in_extraction(&self) -> bool {
        self.0.in_extraction
    }

    /// Whether the model replied and its reply could not be read or breaks a rule, so that asking again may help.
    ///
    /// ```
    /// use dspex_core::{Error, ErrorKind, lm::{LmError, LmErrorKind}};
    /// assert!(Error::new(ErrorKind::EmptyReply { expected: vec!["answer".into()] }).is_unread_reply());
    /// assert!(!Error::from(LmError::new(LmErrorKind::Timeout, "no answer within 5 s")).is_unread_reply());
    /// ```
    pub fn is_unread_reply(&self) -> bool {
        matches!(self.stage(), Stage::Parse | Stage::Validation)
            && !matches!(self.0.kind, ErrorKind::Unsupported { .. })
    }

    /// The error with attempts that were made before it.
    #[must_use]
    pub fn with_attempts(mut self, attempts: Vec<Attempt>) -> Self {
        self.0.attempts.splice(0..0, attempts);
        self
    }

    /// The error with every attempt of the call that ended with it.
    #[must_use]
    pub(crate) fn with_story(mut self, attempts: Vec<Attempt>) -> Self {
        // An error of a part that ran outside of the call keeps what it knows.
        if !attempts.is_empty() {
            self.0.attempts = attempts;
        }
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The kind's code, as `--json` output and `docs/errors.md` write it.
    pub fn code(&self) -> &'static str {
        self.0.kind.code()
    }

    /// Where in a call it arose.
    pub fn stage(&self) -> Stage {
        self.0.kind.stage()
    }

    /// The path of the predictor in which it arose.
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_ref()
    }

    /// What to do next, where that is known.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Every call of a model that was made, in order.
    pub fn attempts(&self) -> &[Attempt] {
        &self.0.attempts
    }

    /// What was paid for all the same.
    pub fn usage(&self) -> Usage {
        self.0.attempts.iter().map(|a| a.usage).sum()
    }

    /// What the model wrote last, as it came.
    pub fn raw(&self) -> Option<&str> {
        self.0.attempts.iter().rev().find_map(|a| a.text.as_deref())
    }

    /// Whether the fault lies outside the program, so that the failure says nothing about it and is never a score.
    pub fn is_infrastructure(&self) -> bool {
        match &self.0.kind {
            ErrorKind::Lm(e) => e.kind.is_infrastructure(),
            ErrorKind::Cancelled
            | ErrorKind::Limit { .. }
            | ErrorKind::Budget { .. }
            | ErrorKind::File { .. }
            | ErrorKind::Output { .. } => true,
            _ => false,
        }
    }
}

/// A value in an error: short enough to read.
pub(crate) fn shorten(value: &Value) -> String {
    let text = value.to_repr().unwrap_or_else(|_| format!("a value of kind {}", value.kind()));
    shorten_text(&text)
}

/// Text in an error: short enough to read.
pub fn shorten_text(text: &str) -> String {
    const MOST: usize = 120;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    let head: String = text.chars().take(MOST).collect();
    format!("{head}... ({} characters)", text.chars().count())
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.0.path {
            write!(f, "in `{path}`: ")?;
        }
        if self.0.in_extraction {
            f.write_str("in the second call, which reads the outputs: ")?;
        }
        self.0.kind.fmt(f)
    }
}

/// As a program shows it that returns it from `main`: the error, what to do next, and what was paid for. With `{:#?}`
/// its parts by name.
///
/// ```
/// use dspex_core::Error;
/// let e = Error::configuration("expected a key, found none").with_hint("set the variable");
/// assert_eq!(format!("{e:?}"), "expected a key, found none\nhint: set the variable");
/// assert!(format!("{e:#?}").starts_with("Error {\n    kind: Configuration {"));
/// ```
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return f
                .debug_struct("Error")
                .field("kind", &self.0.kind)
                .field("path", &self.0.path)
                .field("hint", &self.0.hint)
                .field("attempts", &self.0.attempts.len())
                .finish();
        }
        write!(f, "{self}")?;
        if let Some(hint) = self.hint() {
            write!(f, "\nhint: {hint}")?;
        }
        let usage = self.usage();
        if usage.calls > 0 {
            write!(f, "\npaid for: {usage}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl From<UnsupportedSchema> for Error {
    fn from(e: UnsupportedSchema) -> Self {
        Self::new(ErrorKind::UnsupportedSchema(e))
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind)
    }
}

impl From<SignatureError> for Error {
    fn from(e: SignatureError) -> Self {
        Self::new(ErrorKind::Signature(e))
    }
}

impl From<EditError> for Error {
    fn from(e: EditError) -> Self {
        Self::new(ErrorKind::Edit(e))
    }
}

impl From<StateError> for Error {
    fn from(e: StateError) -> Self {
        Self::new(ErrorKind::State { message: e.to_string() })
    }
}

impl From<LmError> for Error {
    fn from(e: LmError) -> Self {
        Self::new(ErrorKind::Lm(e))
    }
}

impl From<UnsupportedKind> for Error {
    fn from(e: UnsupportedKind) -> Self {
        Self::new(ErrorKind::Unsupported {
            field: None,
            kind: format!("a value of kind {} as {}", e.kind, e.form),
            stage: Stage::Render,
        })
    }
}
