//! Reading a corpus: the file, its signatures and its values.

use std::fmt;
use std::path::Path;

use dspex_core::{Constraint, Direction, Example, Field, Record, Signature, Value};
use serde_json::Value as Json;

use crate::outcome::{list, member, text};

/// Names at the top of a corpus that have runners or hold what rows refer to.
const KNOWN: [&str; 9] = [
    "meta",
    "models",
    "enums",
    "typeddicts",
    "signatures",
    "units",
    "render_cases",
    "parse_cases",
    "call_cases",
];

/// A corpus as it was read.
#[derive(Clone, Debug)]
pub struct Corpus {
    json: Json,
}

/// A corpus that cannot be read.
#[derive(Debug)]
pub struct CorpusError(String);

impl fmt::Display for CorpusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CorpusError {}

impl Corpus {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, CorpusError> {
        let text = std::fs::read_to_string(path)
            .map_err(|e| CorpusError(format!("cannot read {}: {e}", path.display())))?;
        Self::from_json(&text).map_err(|e| CorpusError(format!("{}: {e}", path.display())))
    }

    /// Reads a text.
    pub fn from_json(text: &str) -> Result<Self, CorpusError> {
        // Python writes halves of surrogate pairs that stand alone; no Rust string can hold them.
        let json: Json = serde_json::from_str(text)
            .or_else(|_| serde_json::from_str(&without_lone_surrogates(text)))
            .map_err(|e| CorpusError(format!("expected JSON: {e}")))?;
        if json.is_object() {
            return Ok(Self { json });
        }
        Err(CorpusError("expected a JSON object with the sections of a corpus".into()))
    }

    /// An object at the top of the corpus; an empty one where there is none.
    pub(crate) fn table(&self, name: &str) -> impl Iterator<Item = (&String, &Json)> {
        self.json.get(name).and_then(Json::as_object).into_iter().flatten()
    }

    /// An entry of an object at the top of the corpus.
    pub(crate) fn entry(&self, table: &str, name: &str) -> Option<&Json> {
        self.json.get(table)?.get(name)
    }

    /// A list at the top of the corpus; an empty one where there is none.
    pub fn cases(&self, name: &str) -> &[Json] {
        self.json.get(name).and_then(Json::as_array).map_or(&[], Vec::as_slice)
    }

    /// Lists of rows at the top that nothing here knows.
    pub(crate) fn unknown_sections(&self) -> impl Iterator<Item = &str> {
        let all = self.json.as_object().into_iter().flatten();
        all.filter(|(name, rows)| !KNOWN.contains(&name.as_str()) && rows.is_array())
            .map(|(name, _)| name.as_str())
    }

    /// The signature of a case as the corpus describes it.
    pub fn signature_json(&self, case: &Json) -> Result<&Json, String> {
        let name = text(case, "signature")?;
        self.entry("signatures", name).ok_or_else(|| format!("malformed row: no signature `{name}`"))
    }

    /// The signature of a case.
    pub fn signature(&self, case: &Json) -> Result<Signature, String> {
        let json = self.signature_json(case)?;
        let fields = list(json, "fields")?.iter().map(|f| self.field(f)).collect::<Result<Vec<_>, _>>()?;
        let signature = Signature::new(fields).map_err(|e| e.to_string())?;
        Ok(signature.with_name(text(json, "name")?).with_instructions(text(json, "instructions")?))
    }

    /// A field of a signature.
    pub(crate) fn field(&self, json: &Json) -> Result<Field, String> {
        let name = text(json, "name")?;
        let spelled = json.get("annotation_name").and_then(Json::as_str).unwrap_or_default();
        let ty = self.field_type(member(json, "type")?, spelled)?;
        let mut field = match direction(json)? {
            Direction::Input => Field::input(name, ty),
            Direction::Output => Field::output(name, ty),
        };
        if let Some(desc) = json.get("desc").and_then(Json::as_str) {
            field = field.with_description(desc);
        }
        if let Some(prefix) = json.get("prefix").and_then(Json::as_str) {
            field = field.with_prefix(prefix);
        }
        for constraint in self.constraints(json)? {
            field = field.with_constraint(constraint);
        }
        if let Some(default) = json.get("default") {
            field.default = Some(self.value(default)?);
        }
        field.type_undefined = json.get("type_undefined").and_then(Json::as_bool).unwrap_or(false);
        Ok(field)
    }

    /// The rules of a field, of a signature or of a struct.
    pub(crate) fn constraints(&self, field: &Json) -> Result<Vec<Constraint>, String> {
        let all = field.get("constraints").and_then(Json::as_object).into_iter().flatten();
        all.map(|(keyword, argument)| {
            Constraint::from_keyword(keyword, &self.value(argument)?)
                .ok_or_else(|| format!("malformed row: the constraint `{keyword}`"))
        })
        .collect()
    }

    /// A value as this project holds it.
    pub fn value(&self, tagged: &Json) -> Result<Value, String> {
        let value = Value::from_tagged(tagged).map_err(|e| format!("not supported yet: {e}"))?;
        Ok(self.plain(value))
    }

    /// Values by name.
    pub fn record(&self, tagged: &Json) -> Result<Record, String> {
        let map = tagged.as_object().ok_or("malformed row: expected an object of values")?;
        map.iter().map(|(name, value)| Ok((name.clone(), self.value(value)?))).collect()
    }

    /// The demonstrations of a case.
    pub fn demos(&self, case: &Json) -> Result<Vec<Example>, String> {
        list(case, "demos")?.iter().map(|d| self.record(d).map(Example::new)).collect()
    }

    /// A value with its typed dictionaries as mappings: to Python they are, here they are structs.
    pub fn plain(&self, value: Value) -> Value {
        let each = |items: Vec<Value>| items.into_iter().map(|v| self.plain(v)).collect();
        match value {
            Value::Struct(mut s) => {
                let fields: Record = s.fields.into_iter().map(|(k, v)| (k, self.plain(v))).collect();
                let is_mapping = self.entry("typeddicts", &s.type_name).is_some()
                    && self.entry("models", &s.type_name).is_none();
                if is_mapping {
                    return fields.into();
                }
                s.fields = fields;
                Value::Struct(s)
            }
            Value::List(items) => Value::List(each(items)),
            Value::Tuple(items) => Value::Tuple(each(items)),
            Value::Set(items) => Value::Set(each(items)),
            Value::FrozenSet(items) => Value::FrozenSet(each(items)),
            Value::Dict(d) => {
                Value::Dict(d.into_iter().map(|(k, v)| (self.plain(k), self.plain(v))).collect())
            }
            other => other,
        }
    }
}

/// The direction of a field.
pub(crate) fn direction(field: &Json) -> Result<Direction, String> {
    match text(field, "direction")? {
        "input" => Ok(Direction::Input),
        "output" => Ok(Direction::Output),
        other => Err(format!("malformed row: expected `input` or `output`, found `{other}`")),
    }
}

/// The text with the replacement character for each escaped half of a surrogate pair that stands alone.
fn without_lone_surrogates(text: &str) -> String {
    let unit = |at: usize| {
        let hex = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(hex, 16).ok()
    };
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let width = match (c, unit(at)) {
            ('\\', Some(0xd800..=0xdbff)) if matches!(unit(at + 6), Some(0xdc00..=0xdfff)) => 12,
            ('\\', Some(0xd800..=0xdfff)) => {
                out.push('\u{fffd}');
                at += 6;
                continue;
            }
            // What follows a backslash belongs to it, even another backslash.
            ('\\', _) => 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
            _ => c.len_utf8(),
        };
        out.push_str(&text[at..at + width]);
        at += width;
    }
    out
}

/// The facts of a signature that prompts show, for the checker's own use: what the corpus says, read by no code of
/// the renderer.
pub(crate) fn fields_json(signature: &Json, wanted: Direction) -> Result<Vec<&Json>, String> {
    let mut out = Vec::new();
    for field in list(signature, "fields")? {
        if direction(field)? == wanted {
            out.push(field);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::{Corpus, without_lone_surrogates};

    #[test]
    fn a_corpus_with_half_a_surrogate_pair_is_read() {
        assert_eq!(
            without_lone_surrogates(r#""\ud83d\ude00 \ud83d \\ud83d""#),
            "\"\\ud83d\\ude00 \u{fffd} \\\\ud83d\""
        );
        assert!(Corpus::from_json(r#"{"units": {"x": ["\ud800"]}}"#).is_ok());
        assert!(Corpus::from_json("[]").is_err());
    }
}
