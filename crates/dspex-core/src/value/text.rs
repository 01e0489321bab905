//! How values are spelled in text: Python's `str()` and `repr()`, and JSON as `json.dumps` writes it.
//!
//! Prompts carry these spellings byte for byte, because models and saved demos have seen them. This module does
//! not decide which spelling a field gets; adapters do.

use std::borrow::Borrow;
use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::Regex;

use super::{History, Record, StructValue, ToolCalls, Value};

/// A value of a kind that a spelling cannot carry yet.
///
/// ```
/// use dspex_core::value::{Media, MediaKind, MediaSource};
/// use dspex_core::Value;
/// let source = MediaSource::Id("file-7".into());
/// let file = Value::Media(Media { kind: MediaKind::File, source, format: None, name: None });
/// let e = file.to_text().unwrap_err();
/// assert_eq!((e.kind, e.form), ("file", "text"));
/// assert_eq!(e.to_string(), "a value of kind file cannot be written as text yet");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a value of kind {kind} cannot be written as {form} yet")]
pub struct UnsupportedKind {
    /// Kind of the value, as [`Value::kind`] names it.
    pub kind: &'static str,
    /// What was to be written: `JSON`, `text`.
    pub form: &'static str,
}

/// A float as Python's `repr` spells it: shortest digits, `1.0`, `1e+20`, `1e-07`, `nan`, `inf`.
///
/// ```
/// use dspex_core::value::text::float_repr;
/// assert_eq!(float_repr(1.0), "1.0");
/// assert_eq!(float_repr(1e20), "1e+20");
/// assert_eq!(float_repr(0.0001), "0.0001");
/// ```
pub fn float_repr(f: f64) -> String {
    if f.is_nan() {
        return "nan".into();
    }
    if f.is_infinite() {
        return if f > 0.0 { "inf".into() } else { "-inf".into() };
    }
    // `{:e}` gives the shortest digits that read back as the same double: d.ddde±x.
    let sci = format!("{f:e}");
    let (mantissa, exponent) = sci.split_once('e').unwrap_or((&sci, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let mut s = format!("{f}");
        if !s.contains('.') {
            s.push_str(".0");
        }
        return s;
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// Text as Python's `repr` quotes it: single quotes unless the text holds a single quote and no double one.
pub fn str_repr(s: &str) -> String {
    let quote = if s.contains('\'') && !s.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(s.len() + 2);
    out.push(quote);
    for c in s.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if is_unprintable(c) => {
                let n = c as u32;
                let _ = match n {
                    0..=0xff => write!(out, "\\x{n:02x}"),
                    0x100..=0xffff => write!(out, "\\u{n:04x}"),
                    _ => write!(out, "\\U{n:08x}"),
                };
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

/// The characters that Python's `str.isprintable` refuses: controls, separators other than the space, format marks,
/// private use, and what no character is assigned to, by a newer edition of Unicode than Python 3.11 knows.
fn is_unprintable(c: char) -> bool {
    static OTHER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[\p{C}\p{Z}]").ok());
    if c.is_ascii() || c.is_alphanumeric() {
        return c.is_ascii_control();
    }
    OTHER.as_ref().is_some_and(|p| p.is_match(c.encode_utf8(&mut [0; 4])))
}

impl Value {
    /// The value as Python's `str()` writes it.
    ///
    /// Enum members are written as their value, and structs as pydantic writes models: `name='Ann' age=30`.
    pub fn to_text(&self) -> Result<String, UnsupportedKind> {
        Ok(match self {
            Self::Str(s) => s.clone(),
            Self::Bytes(b) => match std::str::from_utf8(b) {
                Ok(s) => s.to_owned(),
                Err(_) => bytes_repr(b),
            },
            Self::Complex(re, im) => complex_text(*re, *im),
            Self::Decimal(d) => d.to_string(),
            Self::Date(d) => d.to_string(),
            Self::DateTime(d) => d.to_string(),
            Self::Time(t) => t.to_string(),
            Self::TimeDelta(t) => t.to_string(),
            Self::Uuid(u) => u.to_string(),
            Self::Enum(e) => e.value.to_text()?,
            Self::Struct(s) => {
                let mut out = String::new();
                write_fields(&mut out, s.fields.iter(), " ")?;
                out
            }
            Self::Tool(tool) => tool.to_string(),
            Self::ToolCalls(calls) => {
                let mut out = String::new();
                write_fields(&mut out, calls_fields(calls), " ")?;
                out
            }
            Self::History(history) => {
                let mut out = String::new();
                write_fields(&mut out, history_fields(history), " ")?;
                out
            }
            other => other.to_repr()?,
        })
    }

    /// The value as Python's `repr()` writes it.
    pub fn to_repr(&self) -> Result<String, UnsupportedKind> {
        let mut out = String::new();
        self.write_repr(&mut out)?;
        Ok(out)
    }

    fn write_repr(&self, out: &mut String) -> Result<(), UnsupportedKind> {
        match self {
            Self::None => out.push_str("None"),
            Self::Bool(true) => out.push_str("True"),
            Self::Bool(false) => out.push_str("False"),
            Self::Int(i) => {
                let _ = write!(out, "{i}");
            }
            Self::Float(f) => out.push_str(&float_repr(*f)),
            Self::Complex(re, im) if *re == 0.0 => out.push_str(&complex_text(*re, *im)),
            Self::Complex(re, im) => {
                let _ = write!(out, "({})", complex_text(*re, *im));
            }
            Self::Bytes(b) => out.push_str(&bytes_repr(b)),
            Self::Str(s) => out.push_str(&str_repr(s)),
            Self::List(v) => write_items(out, "[", v, "]")?,
            Self::Tuple(v) => write_items(out, "(", v, if v.len() == 1 { ",)" } else { ")" })?,
            Self::Set(v) if v.is_empty() => out.push_str("set()"),
            Self::Set(v) => write_items(out, "{", v, "}")?,
            Self::FrozenSet(v) if v.is_empty() => out.push_str("frozenset()"),
            Self::FrozenSet(v) => write_items(out, "frozenset({", v, "})")?,
            Self::Dict(d) => {
                out.push('{');
                for (i, (k, v)) in d.iter().enumerate() {
                    if i > 0 {
                        out.push_str(", ");
                    }
                    k.write_repr(out)?;
                    out.push_str(": ");
                    v.write_repr(out)?;
                }
                out.push('}');
            }
            Self::Enum(e) => {
                let _ = write!(out, "<{}.{}: ", e.type_name, e.member);
                e.value.write_repr(out)?;
                out.push('>');
            }
            Self::Struct(s) => {
                write_class(out, &s.type_name, s.fields.iter())?;
            }
            Self::Tool(tool) => {
                let _ = write!(out, "Tool(name={}, desc={}, args=", tool.name(), tool.description());
                out.push_str(&tool.args_repr());
                out.push(')');
            }
            Self::ToolCalls(calls) => write_class(out, "ToolCalls", calls_fields(calls))?,
            Self::History(history) => write_class(out, "History", history_fields(history))?,
            other => return Err(UnsupportedKind { kind: other.kind(), form: "text" }),
        }
        Ok(())
    }

    /// The value as `json.dumps(..., ensure_ascii=False)` writes it: `", "` and `": "` between things.
    ///
    /// Tuples and sets become arrays, dates and the like their ISO text, enum members their value, keys text.
    /// Inside JSON, NaN and the infinities become `null`, as pydantic's JSON mode has it.
    pub fn to_json_text(&self) -> Result<String, UnsupportedKind> {
        let mut out = String::new();
        self.write_json(&mut out, None)?;
        Ok(out)
    }

    /// The value as `json.dumps(..., indent=2, ensure_ascii=False)` writes it: as [`Value::to_json_text`], with each
    /// thing on a line of its own.
    ///
    /// ```
    /// use dspex_core::Value;
    /// assert_eq!(Value::from(vec![1, 2]).to_json_lines()?, "[\n  1,\n  2\n]");
    /// # Ok::<(), dspex_core::value::text::UnsupportedKind>(())
    /// ```
    pub fn to_json_lines(&self) -> Result<String, UnsupportedKind> {
        let mut out = String::new();
        self.write_json(&mut out, Some(0))?;
        Ok(out)
    }

    /// Writes JSON on one line, or on lines of their own inside so many others.
    fn write_json(&self, out: &mut String, depth: Option<usize>) -> Result<(), UnsupportedKind> {
        match self {
            Self::None => out.push_str("null"),
            Self::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
            Self::Int(i) => {
                let _ = write!(out, "{i}");
            }
            Self::Float(f) if f.is_finite() => out.push_str(&float_repr(*f)),
            Self::Float(_) => out.push_str("null"),
            Self::Str(s) => write_json_str(out, s),
            Self::Bytes(_)
            | Self::Complex(..)
            | Self::Decimal(_)
            | Self::Date(_)
            | Self::DateTime(_)
            | Self::Time(_)
            | Self::TimeDelta(_)
            | Self::Uuid(_) => write_json_str(out, &self.to_text()?),
            Self::List(v) | Self::Tuple(v) | Self::Set(v) | Self::FrozenSet(v) => {
                write_json_items(out, depth, ['[', ']'], v.iter(), |out, item, depth| {
                    item.write_json(out, depth)
                })?;
            }
            Self::Dict(d) => write_json_items(out, depth, ['{', '}'], d.iter(), |out, (k, v), depth| {
                write_json_str(out, &k.json_key()?);
                out.push_str(": ");
                v.write_json(out, depth)
            })?,
            Self::Enum(e) => e.value.write_json(out, depth)?,
            Self::Struct(s) => {
                write_json_items(out, depth, ['{', '}'], s.fields.iter(), |out, (k, v), depth| {
                    write_json_str(out, k);
                    out.push_str(": ");
                    v.write_json(out, depth)
                })?;
            }
            Self::Media(_) | Self::Document(_) | Self::Citations(_) => {
                self.fields_value().write_json(out, depth)?;
            }
            Self::Tool(tool) => write_json_str(out, &tool.to_string()),
            Self::ToolCalls(calls) => calls.to_value().write_json(out, depth)?,
            Self::History(history) => history.to_value().write_json(out, depth)?,
        }
        Ok(())
    }

    /// A mapping's key as the JSON of a prompt spells it.
    fn json_key(&self) -> Result<String, UnsupportedKind> {
        match self {
            Self::Bool(b) => Ok(if *b { "true".into() } else { "false".into() }),
            Self::Tuple(items) => {
                Ok(items.iter().map(Self::json_key).collect::<Result<Vec<_>, _>>()?.join(","))
            }
            Self::List(_) | Self::Dict(_) => Err(UnsupportedKind { kind: self.kind(), form: "a JSON key" }),
            other => other.to_text(),
        }
    }
}

/// Fields with their names.
fn write_fields<'a, V: Borrow<Value>>(
    out: &mut String,
    fields: impl IntoIterator<Item = (&'a str, V)>,
    between: &str,
) -> Result<(), UnsupportedKind> {
    for (i, (name, value)) in fields.into_iter().enumerate() {
        if i > 0 {
            out.push_str(between);
        }
        out.push_str(name);
        out.push('=');
        value.borrow().write_repr(out)?;
    }
    Ok(())
}

/// A class with its fields.
fn write_class<'a, V: Borrow<Value>>(
    out: &mut String,
    name: &str,
    fields: impl IntoIterator<Item = (&'a str, V)>,
) -> Result<(), UnsupportedKind> {
    out.push_str(name);
    out.push('(');
    write_fields(out, fields, ", ")?;
    out.push(')');
    Ok(())
}

/// The fields of DSPy's class for calls.
fn calls_fields(calls: &ToolCalls) -> [(&'static str, Value); 2] {
    let class = |type_name: &str, fields| Value::Struct(StructValue { type_name: type_name.into(), fields });
    let made = calls.tool_calls.iter().map(|call| {
        let fields = Record::new().with("id", call.id.clone()).with("name", call.name.as_str());
        class("ToolCall", fields.with("args", call.args.clone()))
    });
    let results = calls.tool_call_results.as_ref().map(|results| {
        let each = results.iter().map(|result| {
            let fields =
                Record::new().with("call_id", result.call_id.clone()).with("name", result.name.as_str());
            let fields = fields.with("value", result.value.clone()).with("is_error", result.is_error);
            class("ToolCallResult", fields)
        });
        let each: Vec<Value> = each.collect();
        class("ToolCallResults", Record::new().with("tool_call_results", each))
    });
    [("tool_calls", Value::List(made.collect())), ("tool_call_results", results.into())]
}

/// The field of DSPy's class for conversations.
fn history_fields(history: &History) -> [(&'static str, Value); 1] {
    [("messages", Value::List(history.messages.iter().cloned().map(Value::from).collect()))]
}

fn write_items(out: &mut String, open: &str, items: &[Value], close: &str) -> Result<(), UnsupportedKind> {
    out.push_str(open);
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        item.write_repr(out)?;
    }
    out.push_str(close);
    Ok(())
}

/// Writes things between brackets; without things, nothing stands between them.
fn write_json_items<T>(
    out: &mut String,
    depth: Option<usize>,
    brackets: [char; 2],
    items: impl Iterator<Item = T>,
    write: impl Fn(&mut String, T, Option<usize>) -> Result<(), UnsupportedKind>,
) -> Result<(), UnsupportedKind> {
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    let inner = depth.map(|d| d + 1);
    let mut any = false;
    out.push(brackets[0]);
    for item in items {
        match inner {
            Some(_) if any => out.push(','),
            None if any => out.push_str(", "),
            _ => {}
        }
        if let Some(depth) = inner {
            line(out, depth);
        }
        any = true;
        write(out, item, inner)?;
    }
    if let Some(depth) = depth.filter(|_| any) {
        line(out, depth);
    }
    out.push(brackets[1]);
    Ok(())
}

/// A complex number without brackets: `1+2j`, `2j`.
fn complex_text(re: f64, im: f64) -> String {
    // Python drops the point of a whole part here.
    let part = |f: f64| float_repr(f).trim_end_matches(".0").to_owned();
    if re == 0.0 && re.is_sign_positive() {
        return format!("{}j", part(im));
    }
    let sign = if im.is_sign_negative() { "" } else { "+" };
    format!("{}{sign}{}j", part(re), part(im))
}

/// Bytes as Python's `repr` writes them.
pub(super) fn bytes_repr(bytes: &[u8]) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    let mut out = format!("b{quote}");
    for &b in bytes {
        match b {
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b if char::from(b) == quote => {
                out.push('\\');
                out.push(quote);
            }
            b' '..=b'~' => out.push(char::from(b)),
            b => {
                let _ = write!(out, "\\x{b:02x}");
            }
        }
    }
    out.push(quote);
    out
}

/// Text as a JSON string that keeps characters beyond ASCII.
pub fn write_json_str(out: &mut String, s: &str) {
    out.push('"');
    let mut plain = 0;
    for (i, b) in s.bytes().enumerate() {
        let escape = match b {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            8 => "\\b",
            12 => "\\f",
            0..=31 => "",
            _ => continue,
        };
        out.push_str(&s[plain..i]);
        plain = i + 1;
        if escape.is_empty() {
            let _ = write!(out, "\\u{b:04x}");
        } else {
            out.push_str(escape);
        }
    }
    out.push_str(&s[plain..]);
    out.push('"');
}
