//! Predictions: what a program gave, and what happened on the way.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Deref, Div};
use std::sync::Arc;
use std::time::Duration;

use crate::adapter::Note;
use crate::error::{Error, Result};
use crate::example::repr;
use crate::lm::FinishReason;
use crate::path::Path;
use crate::suggest::unknown_name;
use crate::usage::Usage;
use crate::value::{Record, Value};

/// One call of a model, answered or not. A [`Prediction`] and an [`Error`] tell those that were made for them.
///
/// ```
/// use dspex_core::{Attempt, Path, Prediction, Usage};
/// let mut attempt = Attempt::new(Path::from("answer.predict"), "openai/gpt-4o-mini");
/// attempt.usage = Usage::tokens(120, 8);
/// attempt.text = Some("Goethe".into());
/// let out = Prediction::new("Goethe").with_attempts(vec![attempt]);
/// assert_eq!(out.attempts()[0].path.as_str(), "answer.predict");
/// assert_eq!(out.usage().to_string(), "1 call, 120 tokens in, 8 out");
/// assert_eq!(out.attempts()[0].error, None, "it did not fail");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Attempt {
    /// Path of the predictor that made it.
    pub path: Path,
    /// The model.
    pub model: String,
    /// Why it was made.
    pub reason: AttemptReason,
    /// What it cost.
    pub usage: Usage,
    /// The form of the answer that was asked for, by its [name](crate::lm::ResponseFormat::name); none for text.
    pub response_format: Option<&'static str>,
    /// The text of the first completion, as it came.
    pub text: Option<String>,
    /// Why the model stopped.
    pub finish: Option<FinishReason>,
    /// Why the attempt failed; none where it did not.
    pub error: Option<String>,
    /// How long it took.
    pub elapsed: Duration,
    /// Whether the reply came from a cache.
    pub cached: bool,
    /// Tries that failed within it, before the last one.
    pub failed_tries: u64,
    /// Of the usage: that of those tries.
    pub failed_usage: Usage,
    /// The tags of the context that it was made under.
    pub tags: Arc<[String]>,
}

impl Attempt {
    /// An attempt by a predictor at a model, about which nothing else is known yet.
    pub fn new(path: Path, model: impl Into<String>) -> Self {
        Self {
            path,
            model: model.into(),
            reason: AttemptReason::Asked,
            usage: Usage::default(),
            response_format: None,
            text: None,
            finish: None,
            error: None,
            elapsed: Duration::ZERO,
            cached: false,
            failed_tries: 0,
            failed_usage: Usage::default(),
            tags: Arc::default(),
        }
    }
}

/// Why a model was called. Where it was called since a reply could not be read, the code of that error is told.
///
/// ```
/// use dspex_core::AttemptReason;
/// let reason = AttemptReason::AskedAsJson { error: "missing_field" };
/// assert_eq!((reason.code(), reason.error()), ("ask_as_json", Some("missing_field")));
/// assert_eq!(reason.to_string(), "asked again as JSON, since the reply could not be read (missing_field)");
/// assert!(!AttemptReason::Asked.is_fallback());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttemptReason {
    /// The program asked.
    #[default]
    Asked,
    /// The model gave fewer completions than were asked for.
    MoreCompletions,
    /// The endpoint refused the form of the answer that was asked for before.
    LowerForm,
    /// The adapter reads by a second call.
    Extraction,
    /// [`Fallback::AskAsJson`](crate::Fallback::AskAsJson).
    AskedAsJson {
        /// Why the reply before could not be read.
        error: &'static str,
    },
    /// [`Fallback::ShowError`](crate::Fallback::ShowError).
    ShownError {
        /// Why the reply before could not be read.
        error: &'static str,
    },
    /// [`Fallback::Extract`](crate::Fallback::Extract).
    Extracted {
        /// Why the reply before could not be read.
        error: &'static str,
    },
}

impl AttemptReason {
    /// The reason's code, as `--json` output writes it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::MoreCompletions => "more_completions",
            Self::LowerForm => "lower_form",
            Self::Extraction => "extraction",
            Self::AskedAsJson { .. } => "ask_as_json",
            Self::ShownError { .. } => "show_error",
            Self::Extracted { .. } => "extract",
        }
    }

    /// Why the reply before could not be read, for what a [`Fallback`](crate::Fallback) did.
    pub fn error(self) -> Option<&'static str> {
        match self {
            Self::Asked | Self::MoreCompletions | Self::LowerForm | Self::Extraction => None,
            Self::AskedAsJson { error } | Self::ShownError { error } | Self::Extracted { error } => {
                Some(error)
            }
        }
    }

    /// Whether a [`Fallback`](crate::Fallback) made the call.
    pub fn is_fallback(self) -> bool {
        self.error().is_some()
    }
}

impl fmt::Display for AttemptReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Asked => "asked by the program",
            Self::MoreCompletions => "asked for the completions that were not there",
            Self::LowerForm => "asked for a looser form of answer, since the endpoint refused the one before",
            Self::Extraction => "asked for the outputs in the text of the first call",
            Self::AskedAsJson { .. } => "asked again as JSON",
            Self::ShownError { .. } => "asked again with the error",
            Self::Extracted { .. } => "asked for the outputs in the text",
        })?;
        match self.error() {
            Some(error) => write!(f, ", since the reply could not be read ({error})"),
            None => Ok(()),
        }
    }
}

/// What happened on the way to a prediction.
#[derive(Clone, Debug, Default)]
struct Story {
    attempts: Vec<Attempt>,
    notes: Vec<Note>,
}

/// The output of a program. It dereferences to the output's fields and tells what happened on the way.
///
/// ```
/// use dspex_core::{Prediction, Record};
/// let p = Prediction::new(Record::new().with("answer", "Paris"));
/// assert_eq!(p.get("answer").unwrap().as_str(), Some("Paris"));
/// assert_eq!(p.usage().calls, 0);
/// ```
#[derive(Clone)]
pub struct Prediction<T> {
    first: T,
    others: Vec<T>,
    story: Arc<Story>,
}

impl<T> Prediction<T> {
    /// A prediction of one value that nothing was paid for.
    pub fn new(value: T) -> Self {
        Self { first: value, others: Vec::new(), story: Arc::default() }
    }

    /// The prediction with further completions after the first.
    #[must_use]
    pub fn with_others(mut self, others: Vec<T>) -> Self {
        self.others = others;
        self
    }

    /// The prediction with attempts added that came before those it has.
    #[must_use]
    pub fn with_attempts(mut self, attempts: Vec<Attempt>) -> Self {
        Arc::make_mut(&mut self.story).attempts.splice(0..0, attempts);
        self
    }

    /// The prediction with notes added that came before those it has.
    #[must_use]
    pub fn with_notes(mut self, notes: Vec<Note>) -> Self {
        Arc::make_mut(&mut self.story).notes.splice(0..0, notes);
        self
    }

    /// The prediction with the attempts and notes of another one, from which its value was made.
    #[must_use]
    pub fn with_story_of<U>(mut self, other: &Prediction<U>) -> Self {
        self.story = Arc::clone(&other.story);
        self
    }

    /// The prediction with the whole story of the call that gave it.
    #[must_use]
    pub(crate) fn with_story(mut self, attempts: Vec<Attempt>, notes: Vec<Note>) -> Self {
        self.story = Arc::new(Story { attempts, notes });
        self
    }

    /// The value alone.
    pub fn into_inner(self) -> T {
        self.first
    }

    /// All completions, the first being the one that the prediction dereferences to.
    pub fn completions(&self) -> impl ExactSizeIterator<Item = &T> {
        Completions { first: Some(&self.first), others: self.others.iter() }
    }

    /// What it cost, failed attempts included.
    pub fn usage(&self) -> Usage {
        self.story.attempts.iter().map(|a| a.usage).sum()
    }

    /// Every call of a model, in order.
    pub fn attempts(&self) -> &[Attempt] {
        &self.story.attempts
    }

    /// What was mended or given up while replies were read.
    pub fn notes(&self) -> &[Note] {
        &self.story.notes
    }

    /// Why the model stopped in the last attempt.
    pub fn finish_reason(&self) -> Option<&FinishReason> {
        self.story.attempts.last().and_then(|a| a.finish.as_ref())
    }

    /// The prediction with another value made of each completion.
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> Prediction<U> {
        Prediction {
            first: f(self.first),
            others: self.others.into_iter().map(f).collect(),
            story: self.story,
        }
    }

    /// The prediction with another value made of each completion; an error carries what was paid for.
    pub fn try_map<U>(self, mut f: impl FnMut(T) -> Result<U>) -> Result<Prediction<U>> {
        let story = self.story;
        let paid = |e: Error| e.with_attempts(story.attempts.clone());
        let first = f(self.first).map_err(paid)?;
        let others = self.others.into_iter().map(f).collect::<Result<_>>().map_err(paid)?;
        Ok(Prediction { first, others, story })
    }
}

struct Completions<'a, T> {
    first: Option<&'a T>,
    others: std::slice::Iter<'a, T>,
}

impl<'a, T> Iterator for Completions<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        self.first.take().or_else(|| self.others.next())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.others.len() + usize::from(self.first.is_some());
        (left, Some(left))
    }
}

impl<T> ExactSizeIterator for Completions<'_, T> {}

impl<T> Deref for Prediction<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.first
    }
}

impl<T: fmt::Debug> fmt::Debug for Prediction<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prediction")
            .field("value", &self.first)
            .field("completions", &(1 + self.others.len()))
            .field("usage", &self.usage())
            .finish_non_exhaustive()
    }
}

impl Prediction<Record> {
    /// A prediction of several completions, the first being its value. Each must have the same fields.
    ///
    /// ```
    /// use dspex_core::{Prediction, Record};
    /// let answer = |text: &str| Record::new().with("answer", text);
    /// let p = Prediction::from_completions(vec![answer("Paris"), answer("Lyon")])?;
    /// assert_eq!((p.get("answer").unwrap().as_str(), p.completions().len()), (Some("Paris"), 2));
    /// assert!(Prediction::from_completions(vec![answer("Paris"), Record::new()]).is_err());
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    pub fn from_completions(completions: Vec<Record>) -> Result<Self> {
        let mut completions = completions.into_iter();
        let first = completions
            .next()
            .ok_or_else(|| Error::configuration("expected at least one completion, found none"))?;
        let others: Vec<Record> = completions.collect();
        let names = |r: &Record| r.keys().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ");
        let same = |r: &Record| r.len() == first.len() && r.keys().all(|k| first.contains_key(k));
        if let Some((i, odd)) = others.iter().enumerate().find(|(_, r)| !same(r)) {
            return Err(Error::configuration(format!(
                "expected completion {} to have the fields {} of the first, found {}",
                i + 1,
                names(&first),
                names(odd)
            ))
            .with_hint("leave out completions that lack fields"));
        }
        Ok(Self::new(first).with_others(others))
    }

    /// The values that the completions have for a field.
    ///
    /// ```
    /// use dspex_core::{Prediction, Record};
    /// let answer = |text: &str| Record::new().with("answer", text);
    /// let p = Prediction::new(answer("Paris")).with_others(vec![answer("Lyon")]);
    /// assert_eq!(p.column("answer")?, [&"Paris".into(), &"Lyon".into()]);
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    pub fn column(&self, name: &str) -> Result<Vec<&Value>> {
        let value = |r| Record::get(r, name).ok_or_else(|| unknown_name("fields", name, r.keys()));
        self.completions().map(value).collect()
    }

    /// The field `score` as a number that can be added, divided and compared, as DSPy's predictions can.
    ///
    /// ```
    /// use dspex_core::{Prediction, Record};
    /// let p = Prediction::new(Record::new().with("score", 0.5));
    /// assert_eq!((p.score()? + 1.0).value(), 1.5);
    /// assert!(p.score()? < 0.6);
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    pub fn score(&self) -> Result<Score> {
        let found = self.first.get("score");
        found.and_then(Value::as_f64).map(Score::new).ok_or_else(|| Error::field("score", "a number", found))
    }
}

/// As DSPy writes it, a line for each field.
///
/// ```
/// use dspex_core::{Prediction, Record};
/// assert_eq!(Prediction::new(Record::new().with("a", "1")).to_string(), "Prediction(\n    a='1'\n)");
/// ```
impl fmt::Display for Prediction<Record> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<String> =
            self.first.iter().map(|(name, value)| format!("{name}={}", repr(value))).collect();
        write!(f, "Prediction(\n    {}", fields.join(",\n    "))?;
        match self.others.len() {
            0 => f.write_str("\n)"),
            more => write!(f, ",\n    completions=Completions(...)\n) ({more} completions omitted)"),
        }
    }
}

/// A score with DSPy's arithmetic: with other scores and with plain numbers.
///
/// ```
/// use dspex_core::Score;
/// let scores = [Score::from(true), Score::new(0.5)];
/// let mean = scores.into_iter().sum::<Score>() / 2.0;
/// assert_eq!(mean.value(), 0.75);
/// assert!(mean > 0.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Score(f64);

impl Score {
    /// A score.
    pub fn new(value: f64) -> Self {
        Self(value)
    }

    /// The number.
    pub fn value(self) -> f64 {
        self.0
    }
}

impl From<f64> for Score {
    fn from(value: f64) -> Self {
        Self(value)
    }
}

impl From<bool> for Score {
    fn from(value: bool) -> Self {
        Self(f64::from(u8::from(value)))
    }
}

macro_rules! arithmetic {
    ($($trait:ident $method:ident $op:tt),*) => {$(
        impl $trait for Score {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                Self(self.0 $op other.0)
            }
        }
        impl $trait<f64> for Score {
            type Output = Self;
            fn $method(self, other: f64) -> Self {
                Self(self.0 $op other)
            }
        }
        impl $trait<Score> for f64 {
            type Output = Score;
            fn $method(self, other: Score) -> Score {
                Score(self $op other.0)
            }
        }
    )*};
}
arithmetic!(Add add +, Div div /);

impl Sum for Score {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        Self(iter.map(|s| s.0).sum())
    }
}

impl PartialEq<f64> for Score {
    fn eq(&self, other: &f64) -> bool {
        self.0 == *other
    }
}

impl PartialOrd<f64> for Score {
    fn partial_cmp(&self, other: &f64) -> Option<std::cmp::Ordering> {
        self.0.partial_cmp(other)
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
