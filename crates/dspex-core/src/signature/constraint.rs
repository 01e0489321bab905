//! Rules for the values of a field: bounds, lengths, patterns.

use std::cmp::Ordering;
use std::fmt;

use regex::Regex;

use crate::types::FieldType;
use crate::value::Value;

/// A rule for the value of a field. The model is told of it, and what comes back is checked by it.
///
/// ```
/// use dspex_core::{Constraint, Value};
/// let rule = Constraint::le(1.0);
/// assert_eq!(rule.to_string(), "less than or equal to: 1.0");
/// assert!(rule.check(&Value::from(0.7)).is_ok());
/// assert!(rule.check(&Value::from(1.2)).is_err());
/// assert!(rule.check(&Value::from("1.2")).is_ok(), "it says nothing of text");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Constraint {
    /// Greater than.
    Gt(Value),
    /// Greater than or equal to.
    Ge(Value),
    /// Less than.
    Lt(Value),
    /// Less than or equal to.
    Le(Value),
    /// At least so many characters or items.
    MinLength(usize),
    /// At most so many characters or items.
    MaxLength(usize),
    /// A multiple of a number.
    MultipleOf(Value),
    /// Text in which a regular expression is found. Not one of DSPy's prompt constraints, but of pydantic's.
    Pattern(Regex),
    /// Whether `inf`, `-inf` and `nan` are allowed.
    AllowInfNan(bool),
}

/// Rules by their keyword, the types of JSON Schema that they are about, and their keyword there.
const SCHEMA_KEYWORDS: [(&str, &[&str], &str); 12] = [
    ("gt", &["integer", "number"], "exclusiveMinimum"),
    ("ge", &["integer", "number"], "minimum"),
    ("lt", &["integer", "number"], "exclusiveMaximum"),
    ("le", &["integer", "number"], "maximum"),
    ("multiple_of", &["integer", "number"], "multipleOf"),
    ("min_length", &["string"], "minLength"),
    ("min_length", &["array"], "minItems"),
    ("min_length", &["object"], "minProperties"),
    ("max_length", &["string"], "maxLength"),
    ("max_length", &["array"], "maxItems"),
    ("max_length", &["object"], "maxProperties"),
    ("pattern", &["string"], "pattern"),
];

/// A value that breaks a rule.
///
/// ```
/// use dspex_core::{Constraint, Value};
/// let e = Constraint::MaxLength(3).check(&Value::from("Paris")).unwrap_err();
/// assert_eq!(e.to_string(), "expected a value maximum length: 3, found 'Paris'");
/// assert_eq!((e.rule.as_str(), e.found.as_str()), ("maximum length: 3", "'Paris'"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a value {rule}, found {found}")]
pub struct ConstraintError {
    /// The rule in words.
    pub rule: String,
    /// The value, shortened.
    pub found: String,
}

impl Constraint {
    /// Greater than.
    pub fn gt(bound: impl Into<Value>) -> Self {
        Self::Gt(bound.into())
    }

    /// Greater than or equal to.
    pub fn ge(bound: impl Into<Value>) -> Self {
        Self::Ge(bound.into())
    }

    /// Less than.
    pub fn lt(bound: impl Into<Value>) -> Self {
        Self::Lt(bound.into())
    }

    /// Less than or equal to.
    pub fn le(bound: impl Into<Value>) -> Self {
        Self::Le(bound.into())
    }

    /// Text in which the regular expression is found.
    pub fn pattern(pattern: &str) -> Result<Self, regex::Error> {
        Regex::new(pattern).map(Self::Pattern)
    }

    /// The keyword of the rule in Python and in the derive: `ge`, `max_length`, ...
    pub fn keyword(&self) -> &'static str {
        match self {
            Self::Gt(_) => "gt",
            Self::Ge(_) => "ge",
            Self::Lt(_) => "lt",
            Self::Le(_) => "le",
            Self::MinLength(_) => "min_length",
            Self::MaxLength(_) => "max_length",
            Self::MultipleOf(_) => "multiple_of",
            Self::Pattern(_) => "pattern",
            Self::AllowInfNan(_) => "allow_inf_nan",
        }
    }

    /// What stands behind the keyword.
    pub(crate) fn argument(&self) -> Value {
        match self {
            Self::Gt(v) | Self::Ge(v) | Self::Lt(v) | Self::Le(v) | Self::MultipleOf(v) => v.clone(),
            Self::MinLength(n) | Self::MaxLength(n) => Value::from(*n),
            Self::Pattern(p) => Value::from(p.as_str()),
            Self::AllowInfNan(b) => Value::from(*b),
        }
    }

    /// The keyword of the rule in a JSON Schema of a type, where it has one.
    pub(crate) fn schema_keyword(&self, ty: &str) -> Option<&'static str> {
        SCHEMA_KEYWORDS
            .iter()
            .find(|(keyword, types, _)| *keyword == self.keyword() && types.contains(&ty))
            .map(|(_, _, key)| *key)
    }

    /// The rules that a JSON Schema states beside a type.
    pub(crate) fn of_schema(schema: &serde_json::Map<String, serde_json::Value>) -> Vec<Self> {
        SCHEMA_KEYWORDS.iter().filter_map(|row| Self::stated(row, schema)).collect()
    }

    /// The rules that a JSON Schema states of values of one of its types.
    pub(crate) fn of_schema_for(
        kind: &str,
        schema: &serde_json::Map<String, serde_json::Value>,
    ) -> Vec<Self> {
        let about = SCHEMA_KEYWORDS.iter().filter(|(_, kinds, _)| kinds.contains(&kind));
        about.filter_map(|row| Self::stated(row, schema)).collect()
    }

    /// Whether a word of a JSON Schema is no rule of ours, or one that can be read.
    pub(crate) fn readable(word: &str, schema: &serde_json::Map<String, serde_json::Value>) -> bool {
        SCHEMA_KEYWORDS
            .iter()
            .filter(|(_, _, key)| *key == word)
            .all(|row| Self::stated(row, schema).is_some())
    }

    fn stated(
        (keyword, _, key): &(&str, &[&str], &str),
        schema: &serde_json::Map<String, serde_json::Value>,
    ) -> Option<Self> {
        Self::from_keyword(keyword, &Value::from_tagged(schema.get(*key)?).ok()?)
    }

    /// A rule by its keyword and argument; none for a keyword that is unknown or an argument of the wrong kind.
    pub fn from_keyword(keyword: &str, argument: &Value) -> Option<Self> {
        let number = || argument.as_f64().filter(|_| argument.as_bool().is_none()).map(|_| argument.clone());
        let length = || argument.as_i64().and_then(|n| usize::try_from(n).ok());
        Some(match keyword {
            "gt" => Self::Gt(number()?),
            "ge" => Self::Ge(number()?),
            "lt" => Self::Lt(number()?),
            "le" => Self::Le(number()?),
            "multiple_of" => Self::MultipleOf(number()?),
            "min_length" => Self::MinLength(length()?),
            "max_length" => Self::MaxLength(length()?),
            "pattern" => Self::pattern(argument.as_str()?).ok()?,
            "allow_inf_nan" => Self::AllowInfNan(argument.as_bool()?),
            _ => return None,
        })
    }

    /// Whether the rule can apply to a type: bounds to numbers, lengths to text and collections, patterns to text.
    pub fn fits(&self, ty: &FieldType) -> bool {
        let options: &[FieldType] = match ty {
            FieldType::Union(u) => &u.options,
            FieldType::Any => return true,
            one => std::slice::from_ref(one),
        };
        let fits_one = |t: &FieldType| match self {
            Self::Gt(_) | Self::Ge(_) | Self::Lt(_) | Self::Le(_) | Self::MultipleOf(_) => {
                matches!(t, FieldType::Int | FieldType::Float | FieldType::Decimal | FieldType::Any)
            }
            Self::AllowInfNan(_) => matches!(t, FieldType::Float | FieldType::Decimal | FieldType::Any),
            Self::MinLength(_) | Self::MaxLength(_) => matches!(
                t,
                FieldType::Str
                    | FieldType::Bytes
                    | FieldType::List(_)
                    | FieldType::Set(_)
                    | FieldType::FrozenSet(_)
                    | FieldType::Tuple(_)
                    | FieldType::Dict(_)
                    | FieldType::Any
            ),
            Self::Pattern(_) => matches!(t, FieldType::Str | FieldType::Any),
        };
        options.iter().any(fits_one)
    }

    /// Checks a value. Values of kinds that the rule does not speak of pass, as does `None`.
    pub fn check(&self, value: &Value) -> Result<(), ConstraintError> {
        let ok = match self {
            Self::Gt(b) => holds(value, b, Ordering::is_gt),
            Self::Ge(b) => holds(value, b, Ordering::is_ge),
            Self::Lt(b) => holds(value, b, Ordering::is_lt),
            Self::Le(b) => holds(value, b, Ordering::is_le),
            Self::MinLength(n) => length(value).is_none_or(|len| len >= *n),
            Self::MaxLength(n) => length(value).is_none_or(|len| len <= *n),
            Self::MultipleOf(n) => is_multiple(value, n),
            Self::Pattern(p) => value.as_str().is_none_or(|s| p.is_match(s)),
            Self::AllowInfNan(true) => true,
            Self::AllowInfNan(false) => !matches!(value, Value::Float(f) if !f.is_finite()),
        };
        if ok {
            return Ok(());
        }
        let found = value.to_repr().unwrap_or_else(|_| value.kind().to_owned());
        Err(ConstraintError { rule: self.to_string(), found: found.chars().take(80).collect() })
    }
}

/// Whether a number stands to a bound as wanted. NaN stands to nothing; what is no number passes.
fn holds(value: &Value, bound: &Value, wanted: fn(Ordering) -> bool) -> bool {
    let order = match (value, bound) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Int(_) | Value::Float(_), _) => match (value.as_f64(), bound.as_f64()) {
            (Some(a), Some(b)) => a.partial_cmp(&b),
            _ => return true,
        },
        (Value::Decimal(d), _) => match (d.to_string().parse::<f64>(), bound.as_f64()) {
            (Ok(a), Some(b)) => a.partial_cmp(&b),
            _ => return true,
        },
        _ => return true,
    };
    order.is_some_and(wanted)
}

fn length(value: &Value) -> Option<usize> {
    match value {
        Value::Str(s) => Some(s.chars().count()),
        Value::Bytes(b) => Some(b.len()),
        Value::Dict(d) => Some(d.len()),
        other => other.as_list().map(<[_]>::len),
    }
}

fn is_multiple(value: &Value, of: &Value) -> bool {
    match (value, of) {
        (Value::Int(a), Value::Int(b)) => a.is_multiple_of(b),
        (Value::Int(_) | Value::Float(_), _) => match (value.as_f64(), of.as_f64()) {
            (Some(a), Some(b)) => {
                let ratio = a / b;
                (ratio - ratio.round()).abs() <= 1e-9 * ratio.abs().max(1.0)
            }
            _ => true,
        },
        _ => true,
    }
}

impl fmt::Display for Constraint {
    /// The rule in DSPy's words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = |v: &Value| v.to_text().unwrap_or_default();
        match self {
            Self::Gt(b) => write!(f, "greater than: {}", n(b)),
            Self::Ge(b) => write!(f, "greater than or equal to: {}", n(b)),
            Self::Lt(b) => write!(f, "less than: {}", n(b)),
            Self::Le(b) => write!(f, "less than or equal to: {}", n(b)),
            Self::MinLength(l) => write!(f, "minimum length: {l}"),
            Self::MaxLength(l) => write!(f, "maximum length: {l}"),
            Self::MultipleOf(b) => write!(f, "a multiple of the given number: {}", n(b)),
            Self::Pattern(p) => write!(f, "matching the pattern: {p}"),
            Self::AllowInfNan(b) => {
                write!(f, "allow 'inf', '-inf', 'nan' values: {}", if *b { "True" } else { "False" })
            }
        }
    }
}

impl PartialEq for Constraint {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Pattern(a), Self::Pattern(b)) => a.as_str() == b.as_str(),
            (Self::Gt(a), Self::Gt(b))
            | (Self::Ge(a), Self::Ge(b))
            | (Self::Lt(a), Self::Lt(b))
            | (Self::Le(a), Self::Le(b))
            | (Self::MultipleOf(a), Self::MultipleOf(b)) => a == b,
            (Self::MinLength(a), Self::MinLength(b)) | (Self::MaxLength(a), Self::MaxLength(b)) => a == b,
            (Self::AllowInfNan(a), Self::AllowInfNan(b)) => a == b,
            _ => false,
        }
    }
}
