//! stub
use dspex_core::{Error, FieldType, Note, ParsePolicy, Value};
pub(super) struct Coercion<'a> {
    _p: &'a ParsePolicy,
    notes: Vec<Note>,
}
impl<'a> Coercion<'a> {
    pub(super) fn new(p: &'a ParsePolicy, _f: &'a str) -> Self {
        Self { _p: p, notes: vec![] }
    }
    pub(super) fn into_notes(self) -> Vec<Note> {
        self.notes
    }
}
pub(super) struct Mismatch(String);
impl Mismatch {
    pub(super) fn into_error(self, f: &str) -> Error {
        Error::field(f, &self.0, None)
    }
}
pub(super) fn coerce_text(text: &str, ty: &FieldType, _cx: &mut Coercion<'_>) -> Result<Value, Mismatch> {
    let bad = || Mismatch(ty.name());
    Ok(match ty {
        FieldType::Int => Value::Int(text.parse().map_err(|_| bad())?),
        FieldType::Float => Value::Float(text.parse().map_err(|_| bad())?),
        FieldType::Bool => Value::Bool(text == "True"),
        FieldType::List(_) | FieldType::Union(_) => {
            plain_json(&serde_json::from_str(text).map_err(|_| bad())?)
        }
        _ => Value::Str(text.to_owned()),
    })
}
pub(super) fn coerce_value(value: Value, _ty: &FieldType, _cx: &mut Coercion<'_>) -> Result<Value, Mismatch> {
    Ok(value)
}
pub(super) fn plain_json(j: &serde_json::Value) -> Value {
    Value::from_tagged(j).unwrap_or(Value::None)
}
