//! Probes that are being put together, and how the script is told of them.

use dspex_core::{Constraint, Example, Field, FieldType, Record, Result, Signature, Value};
use serde_json::{Map, Value as Json, json};

use super::types::field_type;
use super::{Probe, TYPES};

/// A field of a probe, and its type in the words of the script.
#[derive(Clone)]
pub(super) struct ProbeField {
    field: Field,
    ty: String,
    bounds: Option<(i64, i64)>,
}

/// A probe that is being put together.
pub(super) struct Draft {
    id: String,
    instructions: &'static str,
    fields: Vec<ProbeField>,
    demos: Vec<Record>,
    pub(super) inputs: Record,
}

pub(super) fn probe(id: &str, fields: Vec<ProbeField>) -> Draft {
    Draft { id: id.to_owned(), instructions: "ZqTask", fields, demos: Vec::new(), inputs: Record::new() }
}

pub(super) fn input(name: &str, ty: &str) -> ProbeField {
    let of = field_type(ty).unwrap_or(FieldType::Any);
    ProbeField { field: Field::input(name, of), ty: ty.to_owned(), bounds: None }
}

pub(super) fn output(name: &str, ty: &str) -> ProbeField {
    let of = field_type(ty).unwrap_or(FieldType::Any);
    ProbeField { field: Field::output(name, of), ty: ty.to_owned(), bounds: None }
}

impl ProbeField {
    pub(super) fn described(mut self, description: &str) -> Self {
        self.field = self.field.with_description(description);
        self
    }

    pub(super) fn bounds(mut self, low: i64, high: i64) -> Self {
        self.field = self.field.with_constraint(Constraint::ge(low)).with_constraint(Constraint::le(high));
        self.bounds = Some((low, high));
        self
    }

    fn spec(&self) -> Json {
        json!({
            "name": self.field.name,
            "input": self.field.direction == dspex_core::Direction::Input,
            "type": self.ty,
            "desc": self.field.description,
            "ge": self.bounds.map(|b| b.0),
            "le": self.bounds.map(|b| b.1),
        })
    }
}

impl Draft {
    pub(super) fn instructions(mut self, text: &'static str) -> Self {
        self.instructions = text;
        self
    }

    pub(super) fn demo(mut self, fields: &[(&str, &str)]) -> Self {
        self.demos.push(record(fields));
        self
    }

    pub(super) fn inputs(mut self, fields: &[(&str, &str)]) -> Self {
        self.inputs = record(fields);
        self
    }

    pub(super) fn finish(self) -> Result<Probe> {
        let second = !TYPES.contains(&self.id.as_str());
        let spec = json!({
            "id": self.id,
            "second": second,
            "instructions": self.instructions,
            "fields": self.fields.iter().map(ProbeField::spec).collect::<Vec<_>>(),
            "demos": self.demos.iter().map(Record::to_tagged).collect::<Vec<_>>(),
            "inputs": self.inputs.iter().map(|(name, v)| (name.to_owned(), input_spec(v))).collect::<Map<_, _>>(),
        });
        let known = self.fields.iter().all(|f| field_type(&f.ty).is_some());
        let signature = Signature::new(self.fields.into_iter().map(|f| f.field))?;
        let signature = known.then(|| signature.with_instructions(self.instructions));
        let demos = self.demos.into_iter().map(Example::new).collect();
        Ok(Probe { id: self.id, signature, demos, inputs: self.inputs, spec })
    }
}

/// An input in the words of the script.
fn input_spec(value: &Value) -> Json {
    match value {
        Value::History(h) => {
            json!({"$history": h.messages.iter().map(Record::to_tagged).collect::<Vec<_>>()})
        }
        other => other.to_tagged(),
    }
}

pub(super) fn record(fields: &[(&str, &str)]) -> Record {
    fields.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect()
}
