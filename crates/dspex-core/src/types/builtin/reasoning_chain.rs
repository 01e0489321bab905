//! Reasoning in steps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names_its_type;
use crate::signature::Constraint;
use crate::types::{FieldType, NamedType, StructField, StructType};
use crate::validation::{Violation, before};
use crate::value::{Record, Value};

/// The most steps that a chain may have.
const MOST_STEPS: usize = 50;

/// The most characters that a step may have.
const LONGEST_STEP: usize = 4000;

/// One step of a [`ReasoningChain`].
///
/// ```
/// use dspex_core::types::builtin::ReasoningStep;
/// let step = ReasoningStep::new("3 apples at 2 euros each").with_result("6 euros");
/// assert_eq!(serde_json::to_value(&step)?["result"], "6 euros");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct ReasoningStep {
    /// What was thought.
    pub thought: String,
    /// What came of it.
    #[serde(default)]
    pub result: Option<String>,
}

impl ReasoningStep {
    /// A step.
    pub fn new(thought: impl Into<String>) -> Self {
        Self { thought: thought.into(), result: None }
    }

    /// The step with what came of it.
    #[must_use]
    pub fn with_result(mut self, result: impl Into<String>) -> Self {
        self.result = Some(result.into());
        self
    }
}

/// Reasoning in steps: 1 to 50 of them, each 1 to 4,000 characters.
///
/// A reply may give a JSON list of steps or of texts, or free text: numbered lines, bullets, `Step 1:`, or paragraphs.
///
/// ```
/// use dspex_core::types::builtin::ReasoningChain;
/// let chain = ReasoningChain::from_text("1. Read the price: 2 euros.\n2. Three apples\n   cost 6 euros.")?;
/// assert_eq!(chain.steps().len(), 2);
/// assert_eq!(chain.steps()[1].thought, "Three apples\ncost 6 euros.");
/// assert!(ReasoningChain::from_text("  ").is_err());
/// # Ok::<(), dspex_core::validation::Violation>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<ReasoningStep>", into = "Vec<ReasoningStep>")]
pub struct ReasoningChain(Vec<ReasoningStep>);

impl ReasoningChain {
    /// A chain of these steps.
    pub fn new(steps: Vec<ReasoningStep>) -> Result<Self, Violation> {
        if !(1..=MOST_STEPS).contains(&steps.len()) {
            let message = format!("expected 1 to {MOST_STEPS} steps, found {}", steps.len());
            return Err(Violation::new("steps", message));
        }
        let length = |s: &ReasoningStep| s.thought.chars().count();
        if let Some(i) = steps.iter().position(|s| !(1..=LONGEST_STEP).contains(&length(s))) {
            let message = format!("expected 1 to {LONGEST_STEP} characters, found {}", length(&steps[i]));
            return Err(Violation::new("length", message).at("thought").at(format!("[{i}]")));
        }
        Ok(Self(steps))
    }

    /// The chain that a text tells.
    pub fn from_text(text: &str) -> Result<Self, Violation> {
        Self::new(split(text).into_iter().map(ReasoningStep::new).collect())
    }

    /// The steps in order.
    pub fn steps(&self) -> &[ReasoningStep] {
        &self.0
    }
}

impl TryFrom<Vec<ReasoningStep>> for ReasoningChain {
    type Error = Violation;

    fn try_from(steps: Vec<ReasoningStep>) -> Result<Self, Violation> {
        Self::new(steps)
    }
}

impl From<ReasoningChain> for Vec<ReasoningStep> {
    fn from(chain: ReasoningChain) -> Self {
        chain.0
    }
}

names_its_type!(ReasoningChain);

pub(super) fn named() -> NamedType {
    let thought = StructField {
        constraints: vec![Constraint::MinLength(1), Constraint::MaxLength(LONGEST_STEP)],
        ..StructField::new("thought", FieldType::Str)
    };
    let result = StructField {
        required: false,
        default: Some(Value::None),
        ..StructField::new("result", FieldType::optional(FieldType::Str))
    };
    let step =
        StructType { name: "ReasoningStep".into(), fields: vec![thought, result], ..StructType::default() };
    NamedType::new("ReasoningChain", FieldType::list(FieldType::Struct(step.into())))
        .with_description("reasoning in steps")
        .with_constraint(Constraint::MinLength(1))
        .with_constraint(Constraint::MaxLength(MOST_STEPS))
        .with_step(before("free_text", |value| Ok(in_steps(value))))
}

/// Free text, and texts in a list, as steps. What is JSON already stays.
fn in_steps(value: Value) -> Value {
    let step = |thought: String| Value::from(Record::new().with("thought", thought));
    match &value {
        Value::Str(text) => match Value::from_json(text.trim()) {
            Ok(list @ Value::List(_)) => in_steps(list),
            Ok(Value::Str(inner)) => Value::List(split(&inner).into_iter().map(step).collect()),
            // A list or object that is broken is for the repair of JSON.
            Err(_) if text.trim_start().starts_with(['[', '{']) => value,
            Ok(_) => value,
            Err(_) => Value::List(split(text).into_iter().map(step).collect()),
        },
        Value::List(items) if items.iter().any(|i| i.as_str().is_some()) => {
            let as_step = |item: &Value| item.as_str().map_or_else(|| item.clone(), |s| step(s.to_owned()));
            Value::List(items.iter().map(as_step).collect())
        }
        _ => value,
    }
}

/// The steps of a text: by its marks where its first line has one, else by blank lines, else by lines.
fn split(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let first = lines.iter().find(|l| !l.is_empty());
    let marked = first.is_some_and(|l| unmarked(l).is_some());
    let paragraphs = !marked && lines.iter().skip_while(|l| l.is_empty()).any(|l| l.is_empty());
    let mut steps: Vec<String> = Vec::new();
    let mut open = false;
    for line in lines {
        let starts = match unmarked(line) {
            Some(rest) if marked => Some(rest),
            _ if !open || !(marked || paragraphs) => Some(line),
            _ => None,
        };
        match (starts, steps.last_mut()) {
            _ if line.is_empty() => open &= marked,
            (None, Some(step)) => {
                step.push('\n');
                step.push_str(line);
            }
            (start, _) => {
                steps.push(start.unwrap_or(line).to_owned());
                open = true;
            }
        }
    }
    steps.retain(|s| !s.is_empty());
    steps
}

/// A line without the mark that starts a step: `1.`, `2)`, `-`, `*`, `Step 3:`.
fn unmarked(line: &str) -> Option<&str> {
    let numbered = |line: &'_ str, ends: &[char]| -> Option<usize> {
        let digits = line.chars().take_while(char::is_ascii_digit).count();
        (digits > 0 && digits < 4 && line[digits..].starts_with(ends)).then_some(digits + 1)
    };
    if let Some(rest) = ["- ", "* ", "• ", "– "].iter().find_map(|bullet| line.strip_prefix(bullet)) {
        return Some(rest.trim_start());
    }
    // In bold or as a heading: `**Step 1:** ...`, `### 2. ...`.
    let line = line.trim_start_matches(['*', '#', '_']).trim_start();
    if let Some(after) =
        line.get(..4).filter(|s| s.eq_ignore_ascii_case("step")).map(|_| line[4..].trim_start())
    {
        let end = numbered(after, &[':', '.', ')'])?;
        return Some(after[end..].trim_start_matches(['*', '_']).trim_start());
    }
    let end = numbered(line, &['.', ')'])?;
    let rest = &line[end..];
    rest.starts_with([' ', '*', '\t']).then(|| rest.trim_start_matches('*').trim_start())
}
