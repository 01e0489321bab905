//! What a form cannot carry, or DSPy's reading loses.

use dspex_core::{FieldType, Special, Value};

/// A value that did not read back.
pub(crate) struct Back<'a> {
    pub(crate) adapter: &'a str,
    pub(crate) policy: &'static str,
    pub(crate) ty: &'a FieldType,
    pub(crate) value: &'a Value,
    pub(crate) turn: &'a str,
}

/// Values that do not read back, and why.
pub(crate) struct Exception {
    pub(crate) name: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) adapters: &'static [&'static str],
    pub(crate) policies: &'static [&'static str],
    values: fn(&Back<'_>) -> bool,
}

impl Exception {
    pub(crate) fn is(&self, back: &Back<'_>) -> bool {
        self.adapters.contains(&back.adapter) && self.policies.contains(&back.policy) && (self.values)(back)
    }
}

const SECTIONS: &[&str] = &["chat", "two_step", "lean"];
const ALL: &[&str] = &["chat", "json", "two_step", "baml", "lean"];
const WITH_XML: &[&str] = &["chat", "json", "two_step", "baml", "lean", "xml"];
const BOTH: &[&str] = &["default", "compat"];
const COMPAT: &[&str] = &["compat"];

/// The table. The first entry that fits a value counts.
pub(crate) const EXCEPTIONS: &[Exception] = &[
    Exception {
        name: "markers",
        reason: "a marker within a value is one to the reader",
        adapters: SECTIONS,
        policies: BOTH,
        values: |b| any_text(b.value, &|t| t.contains("[[") || t.contains("##")),
    },
    Exception {
        name: "thinking tags",
        reason: "a tag of thoughts within a value is one to the reader, unless the reply is sound JSON",
        adapters: &["chat", "json", "two_step", "baml", "lean"],
        policies: &["default"],
        values: |b| b.turn.contains("<think>") || b.turn.contains("</think>"),
    },
    Exception {
        name: "edges",
        reason: "a section says nothing of blanks around its value",
        adapters: SECTIONS,
        policies: BOTH,
        values: |b| own_text(b.value).is_some_and(|t| t.trim_matches(is_blank) != t),
    },
    Exception {
        name: "edges of elements",
        reason: "an element says nothing of blanks around its text",
        adapters: &["xml"],
        policies: BOTH,
        values: |b| any_text(b.value, &|t| t.trim_matches(is_blank) != t),
    },
    Exception {
        name: "characters of XML",
        reason: "XML has no control characters, and makes line feeds of returns",
        adapters: &["xml"],
        policies: BOTH,
        values: |b| {
            any_text(b.value, &|t| {
                t.contains(|c: char| {
                    is_blank(c) && c != ' ' || c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')
                })
            })
        },
    },
    Exception {
        name: "kinds in elements",
        reason: "elements hold text: without a type, a number, nothing and an empty list cannot be told from it",
        adapters: &["xml"],
        policies: BOTH,
        values: |b| is_open(b.ty),
    },
    Exception {
        name: "line ends",
        reason: "DSPy makes a line feed of each character that ends a line to Python",
        adapters: SECTIONS,
        policies: COMPAT,
        values: |b| any_text(b.value, &|t| t.contains(LINE_ENDS)),
    },
    Exception {
        name: "bytes that are no text",
        reason: "DSPy writes them as Python spells them, and reads that as text",
        adapters: WITH_XML,
        policies: COMPAT,
        values: |b| any(b.value, &|v| matches!(v, Value::Bytes(b) if std::str::from_utf8(b).is_err())),
    },
    Exception {
        name: "bytes that are JSON",
        reason: "bytes are written as their text, which is read as JSON first",
        adapters: WITH_XML,
        policies: BOTH,
        values: |b| matches!(b.value, Value::Bytes(bytes) if std::str::from_utf8(bytes).is_ok()),
    },
    Exception {
        name: "the sign of zero",
        reason: "`-0` is a whole number of JSON, and those have one zero",
        adapters: WITH_XML,
        policies: BOTH,
        values: |b| any(b.value, &|v| matches!(v, Value::Decimal(d) if d.to_string() == "-0")),
    },
    Exception {
        name: "no number",
        reason: "JSON has neither NaN nor infinities, and `null` stands for them",
        adapters: WITH_XML,
        policies: BOTH,
        values: |b| any(b.value, &|v| matches!(v, Value::Float(f) if !f.is_finite())),
    },
    Exception {
        name: "text that means another kind",
        reason: "where a type takes several kinds, text that looks like one of them is read as that",
        adapters: ALL,
        policies: BOTH,
        values: |b| matches!(b.ty, FieldType::Any | FieldType::Union(_)) && matches!(b.value, Value::Str(_)),
    },
    Exception {
        name: "members that look like another kind",
        reason: "a number can be a truth value, and the type takes both",
        adapters: ALL,
        policies: BOTH,
        values: |b| matches!(b.ty, FieldType::Union(_)) && matches!(b.value, Value::Enum(_)),
    },
    Exception {
        name: "truth values of choices",
        reason: "DSPy compares the text of an element with the choices, one of which is no text",
        adapters: &["xml"],
        policies: COMPAT,
        values: |b| any(b.value, &|v| matches!(v, Value::Bool(_))),
    },
    Exception {
        name: "the end of raw text",
        reason: "`]]>` is not allowed in XML, and DSPy does not escape it",
        adapters: &["xml"],
        policies: COMPAT,
        values: |b| b.turn.contains("]]>"),
    },
    Exception {
        name: "numbers of enumerations",
        reason: "DSPy compares the text of a section with the numbers of the members",
        adapters: &["chat", "two_step", "lean", "xml"],
        policies: COMPAT,
        values: |b| matches!(b.value, Value::Enum(e) if matches!(*e.value, Value::Int(_))),
    },
    Exception {
        name: "nothing for text",
        reason: "DSPy reads `None` as the word where text is wanted too",
        adapters: SECTIONS,
        policies: COMPAT,
        values: |b| matches!((b.ty, b.value), (FieldType::Union(u), Value::None) if u.options.contains(&FieldType::Str)),
    },
    Exception {
        name: "code in a fence",
        reason: "code that has a fence of its own is taken out of that one too",
        adapters: ALL,
        policies: BOTH,
        values: |b| {
            holds(b.ty, &|s| matches!(s, Special::Code(_)))
                && any_text(b.value, &|t| t.contains("```") || t.contains("~~~"))
        },
    },
    Exception {
        name: "code that is JSON",
        reason: "DSPy reads code as JSON where it can, and strips it",
        adapters: WITH_XML,
        policies: COMPAT,
        values: |b| holds(b.ty, &|s| matches!(s, Special::Code(_))),
    },
    Exception {
        name: "reasoning that is JSON",
        reason: "reasoning that looks like another value is read as that first",
        adapters: WITH_XML,
        policies: COMPAT,
        values: |b| holds(b.ty, &|s| matches!(s, Special::Reasoning)),
    },
];

/// What ends a line to Python and not here.
const LINE_ENDS: [char; 10] =
    ['\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}', '\u{1f}'];

fn is_blank(c: char) -> bool {
    c.is_whitespace() || LINE_ENDS.contains(&c)
}

/// The text that stands in a section as it is.
fn own_text(value: &Value) -> Option<&str> {
    match value {
        Value::Str(text) => Some(text),
        Value::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

fn any_text(value: &Value, is: &dyn Fn(&str) -> bool) -> bool {
    any(value, &|v| match v {
        Value::Document(d) => is(&d.data),
        Value::Citations(c) => c.0.iter().any(|c| is(&c.cited_text)),
        Value::ToolCalls(calls) => {
            calls.tool_calls.iter().any(|c| c.args.iter().any(|(k, v)| is(k) || any_text(v, is)))
        }
        other => own_text(other).is_some_and(is),
    })
}

/// Whether a type takes values of several kinds somewhere.
fn is_open(ty: &FieldType) -> bool {
    match ty {
        FieldType::Any | FieldType::Union(_) | FieldType::None | FieldType::Schema(_) | FieldType::Ref(_) => {
            true
        }
        FieldType::List(None) | FieldType::Set(None) | FieldType::FrozenSet(None) => true,
        FieldType::Tuple(None) | FieldType::Dict(None) => true,
        FieldType::List(Some(item)) | FieldType::Set(Some(item)) | FieldType::FrozenSet(Some(item)) => {
            is_open(item)
        }
        FieldType::Tuple(Some(t)) => t.items.iter().any(is_open),
        FieldType::Dict(Some(kv)) => is_open(&kv.0) || is_open(&kv.1),
        FieldType::Struct(s) => s.fields.iter().any(|f| is_open(&f.ty)),
        _ => false,
    }
}

/// Whether a value is such a one, or has one in it.
fn any(value: &Value, is: &dyn Fn(&Value) -> bool) -> bool {
    is(value)
        || match value {
            Value::List(v) | Value::Tuple(v) | Value::Set(v) | Value::FrozenSet(v) => {
                v.iter().any(|v| any(v, is))
            }
            Value::Dict(d) => d.iter().any(|(k, v)| any(k, is) || any(v, is)),
            Value::Struct(s) => s.fields.values().any(|v| any(v, is)),
            _ => false,
        }
}

/// Whether a type is one of DSPy's, or a list of one.
fn holds(ty: &FieldType, is: &dyn Fn(&Special) -> bool) -> bool {
    match ty {
        FieldType::Special(special) => is(special),
        FieldType::List(Some(item)) => holds(item, is),
        _ => false,
    }
}
