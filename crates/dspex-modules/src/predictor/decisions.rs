//! Outputs that are decisions: the model is asked for evidence, and a rule makes the value of it, as in DSPy's
//! `DecisionAdapter`, whatever the adapter.

use std::borrow::Cow;

use dspex_core::types::{DecisionConfig, DecisionError, DecisionFields, DecisionType};
use dspex_core::{
    Error, ErrorKind, Example, Field, FieldType, Record, Result, Signature, Special, Value, nearest,
};
use serde_json::Value as Json;

/// The name under which settings of decisions stand in the state of a predictor, which is DSPy's.
pub(crate) const FIELDS: &str = "fields";

/// The signature by which outputs that are decisions are asked for, and what is known of them.
pub(super) struct Asked<'a> {
    pub(super) signature: Cow<'a, Signature>,
    pub(super) demos: Cow<'a, [Example]>,
    outputs: Vec<Output<'a>>,
}

/// An output with settings of its own.
struct Output<'a> {
    name: &'a str,
    decision: DecisionType,
    config: &'a DecisionConfig,
    /// Whether the field holds the bare value.
    native: bool,
}

impl<'a> Asked<'a> {
    pub(super) fn new(
        signature: &'a Signature,
        demos: &'a [Example],
        fields: &'a DecisionFields,
    ) -> Result<Self> {
        let mut asked =
            Self { signature: Cow::Borrowed(signature), demos: Cow::Borrowed(demos), outputs: vec![] };
        let is_decision = |f: &Field| matches!(f.ty, FieldType::Special(Special::Decision(_)));
        if fields.is_empty() && !signature.outputs().iter().any(is_decision) {
            return Ok(asked);
        }
        for (name, config) in fields {
            let (field, decision) = configurable(signature, name)?;
            let shown = decision.configured(config).map_err(|e| misfit(name, &e))?;
            let native = !is_decision(field);
            let changed = asked.signature.with_updated_field(name, |mut f| {
                f.ty = FieldType::Special(Special::Decision(shown));
                match config.get("instructions") {
                    Some(Json::String(text)) => f.description = Some(text.clone()),
                    Some(Json::Null) => f.description = None,
                    Some(other) => f.description = Some(other.to_string()),
                    None => {}
                }
                f
            });
            asked.signature = Cow::Owned(changed?);
            asked.outputs.push(Output { name, decision, config, native });
        }
        if !demos.is_empty() {
            asked.tell_examples(demos)?;
        }
        Ok(asked)
    }

    /// Tells demonstrations in the instructions: they have values, and the model is to give evidence.
    fn tell_examples(&mut self, demos: &[Example]) -> Result<()> {
        let known = |demo: &Example| -> Value {
            let record = demo.record().iter().filter(|(name, _)| self.signature.field(name).is_some());
            record.map(|(name, value)| (name.to_owned(), value.clone())).collect::<Record>().into()
        };
        let told = Value::List(demos.iter().map(known).collect()).to_json_text().map_err(|e| {
            Error::configuration(format!("expected demonstrations that JSON can hold beside a decision: {e}"))
        })?;
        let instructions = self.signature.instructions();
        let text = format!("{instructions}\n\nExamples with their outcomes:\n{told}");
        self.signature = Cow::Owned(self.signature.with_instructions(text));
        self.demos = Cow::Borrowed(&[]);
        Ok(())
    }

    /// The outputs as the signature has them, decided by their settings.
    pub(super) fn decide(&self, mut fields: Record) -> Result<Record> {
        for output in &self.outputs {
            let Some(evidence) = fields.get(output.name) else { continue };
            let decided = output.decision.decide(evidence, output.config).map_err(|e| {
                ErrorKind::FieldType { field: output.name.to_owned(), expected: e.expected, found: e.found }
            })?;
            let value = match decided {
                Value::Struct(s) if output.native => s.fields.get("value").cloned().unwrap_or(Value::None),
                other => other,
            };
            fields.insert(output.name, value);
        }
        Ok(fields)
    }
}

/// Settings that fit the outputs of a signature.
pub(crate) fn check(signature: &Signature, fields: &DecisionFields) -> Result<()> {
    fields.iter().try_for_each(|(name, config)| {
        configurable(signature, name)?.1.check_config(config).map_err(|e| misfit(name, &e))
    })
}

/// Settings from the state of a predictor.
pub(super) fn from_state(value: &Value) -> Result<DecisionFields> {
    let wrong = || ErrorKind::State {
        message: format!("expected settings of decisions by the names of outputs as `{FIELDS}`"),
    };
    let text = value.to_json_text().map_err(|_| wrong())?;
    Ok(serde_json::from_str(&text).map_err(|_| wrong())?)
}

/// Settings as a part of the state of a predictor.
pub(super) fn to_state(fields: &DecisionFields) -> Value {
    Value::from_plain(&serde_json::json!(fields))
}

fn configurable<'s>(signature: &'s Signature, name: &str) -> Result<(&'s Field, DecisionType)> {
    let outputs = signature.outputs();
    let Some(field) = outputs.iter().find(|f| f.name == name) else {
        let e = Error::configuration(format!("expected settings of an output, found those of `{name}`"));
        return Err(match nearest(name, outputs.iter().map(|f| f.name.as_str())) {
            Some(near) => e.with_hint(format!("did you mean `{near}`?")),
            None => e.with_hint("name an output of the signature"),
        });
    };
    let decision = DecisionType::of(&field.ty).ok_or_else(|| {
        let found = format!("`{name}` of type {}", field.ty.name());
        Error::configuration(format!(
            "expected settings of a Noul, Choice, Score, bool or Literal, found {found}"
        ))
        .with_hint("give the output one of these types")
    })?;
    Ok((field, decision))
}

fn misfit(name: &str, e: &DecisionError) -> Error {
    Error::configuration(format!("`{name}`: expected {}, found {}", e.expected, e.found))
        .with_hint("mend the settings of this decision")
}
