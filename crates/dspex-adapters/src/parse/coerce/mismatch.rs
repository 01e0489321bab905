//! What is wrong with a value: where, what was expected and what was found.

use dspex_core::validation::ValidationErrors;
use dspex_core::{ConstraintError, Error, ErrorKind, FieldType, ParseRule, Stage, Value, shorten_text};

/// Values with more items than this are not written out in errors.
const MAX_SHOWN: usize = 1000;

/// A value that is not of its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    /// The field.
    pub(crate) field: String,
    /// The place inside the value: `[0].name`; empty for the value itself.
    pub(crate) place: String,
    /// The type that was expected there.
    pub(crate) expected: String,
    /// What was found there, shortened.
    pub(crate) found: String,
    /// The rule that refuses the value, where DSPy would take it.
    pub(crate) rule: Option<ParseRule>,
    /// Whether the value is of its type and breaks a rule of its field, which `expected` then says.
    pub(crate) broken: bool,
    /// What a validator of the value's type says, which then is all there is to say.
    pub(crate) fault: Option<ValidationErrors>,
    /// Whether the type is one that cannot be read yet.
    pub(crate) unsupported: bool,
    /// Whether the reading ends here: no other option of a union is tried, as DSPy raises another error.
    pub(crate) hard: bool,
}

impl Mismatch {
    /// The mismatch as an error of a field.
    pub(crate) fn into_error(self, field: &str) -> Error {
        Self { field: field.to_owned(), ..self }.into()
    }

    pub(crate) fn new(expected: &FieldType, found: &Value) -> Self {
        let long = match found {
            Value::List(items) | Value::Tuple(items) | Value::Set(items) => items.len() > MAX_SHOWN,
            Value::Dict(members) => members.len() > MAX_SHOWN,
            Value::Str(text) => text.len() > 40 * MAX_SHOWN,
            _ => false,
        };
        // Nobody reads a long value in an error, so it is not written.
        let written = if long { None } else { found.to_repr().ok() };
        let found = written.unwrap_or_else(|| match found {
            Value::Str(text) => format!("{:?}", shorten_text(text)),
            other => format!("a value of kind {}", other.kind()),
        });
        Self::words(expected.name(), &found)
    }

    pub(crate) fn words(expected: impl Into<String>, found: &str) -> Self {
        Self {
            field: String::new(),
            place: String::new(),
            expected: expected.into(),
            found: shorten_text(found),
            rule: None,
            broken: false,
            fault: None,
            unsupported: false,
            hard: false,
        }
    }

    /// A value that breaks a rule of its field.
    pub(crate) fn broken(e: &ConstraintError) -> Self {
        Self { broken: true, ..Self::words(&e.rule, &e.found) }
    }

    /// A value that a validator refuses.
    pub(crate) fn fault(fault: ValidationErrors) -> Self {
        Self { fault: Some(fault), ..Self::words("", "") }
    }

    pub(crate) fn unsupported(ty: &FieldType) -> Self {
        Self { unsupported: true, hard: true, ..Self::words(ty.name(), "") }
    }

    pub(crate) fn by(mut self, rule: ParseRule) -> Self {
        self.rule = Some(rule);
        self
    }

    pub(crate) fn hard(mut self) -> Self {
        self.hard = true;
        self
    }

    /// The mismatch seen from outside, where its value stands at an index.
    pub(crate) fn at_index(mut self, index: usize) -> Self {
        self.place.insert_str(0, &format!("[{index}]"));
        self
    }

    /// The mismatch seen from outside, where its value stands under a key.
    pub(crate) fn at_key(mut self, key: &Value) -> Self {
        let step = match key {
            Value::Str(name) => format!(".{name}"),
            other => format!("[{}]", other.to_repr().unwrap_or_default()),
        };
        self.place.insert_str(0, &shorten_text(&step));
        self
    }
}

impl From<Mismatch> for Error {
    fn from(m: Mismatch) -> Self {
        let field = m.field + &m.place;
        if let Some(fault) = m.fault {
            return Error::new(ErrorKind::Validation { errors: fault.at(&field) });
        }
        Error::new(match m.rule {
            _ if m.unsupported => {
                ErrorKind::Unsupported { field: Some(field), kind: m.expected, stage: Stage::Parse }
            }
            Some(rule) => ErrorKind::Ambiguous { field, found: m.found, rule },
            None if m.broken => ErrorKind::Constraint { field, rule: m.expected, found: m.found },
            None => ErrorKind::FieldType { field, expected: m.expected, found: m.found },
        })
    }
}
