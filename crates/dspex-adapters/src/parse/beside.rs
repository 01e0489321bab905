//! Reading what a model gives beside its text: calls of tools and reasoning.

use dspex_core::lm::{Choice, FinishReason, Part};
use dspex_core::value::{Citations, Dict, ToolCall, ToolCalls};
use dspex_core::{
    Error, ErrorKind, Field, FieldType, Note, ParsePolicy, ParseRule, Parsed, Record, Result, Signature,
    Special, Stage, Value,
};

use super::coerce::{self, Coercion};
use super::{empty_reply, fallback, missing};
use crate::native::{Plan, calls_field};

/// Reads a completion of a call whose plan leaves fields to the model; `parse` reads the others from its text.
pub(crate) fn beside(
    signature: &Signature,
    plan: &Plan<'_>,
    completion: &Choice,
    policy: &ParsePolicy,
    parse: impl Fn(&Signature) -> Result<Parsed>,
) -> Result<Parsed> {
    let reader = Reader { signature, plan, completion, policy };
    let calls = calls_field(signature).filter(|_| reader.has_calls());
    let thought = reader.thought();
    let apart = |f: &Field| plan.leaves(&f.name) || (is_reasoning(f) && thought.is_some());
    let plain = !signature.outputs().iter().any(apart);
    if plain && calls.is_none() {
        return parse(signature);
    }
    reader.read(calls, thought.as_deref(), parse)
}

struct Reader<'a> {
    signature: &'a Signature,
    plan: &'a Plan<'a>,
    completion: &'a Choice,
    policy: &'a ParsePolicy,
}

impl Reader<'_> {
    fn has_calls(&self) -> bool {
        self.completion.parts.iter().any(|p| matches!(p, Part::ToolCall(_) | Part::BrokenToolCall { .. }))
    }

    /// What the model thought apart from its answer.
    fn thought(&self) -> Option<String> {
        let texts = self.completion.parts.iter().filter_map(|p| match p {
            Part::Reasoning(text) => Some(text.as_str()),
            _ => None,
        });
        let all: Vec<&str> = texts.collect();
        (!all.is_empty()).then(|| all.concat())
    }

    /// What the model cites apart from its answer.
    fn cited(&self) -> Option<Citations> {
        let parts = self.completion.parts.iter().filter_map(|p| match p {
            Part::Citations(cited) => Some(cited.0.as_slice()),
            _ => None,
        });
        let all: Vec<_> = parts.flatten().cloned().collect();
        (!all.is_empty()).then_some(Citations(all))
    }

    fn read(
        &self,
        calls: Option<&Field>,
        thought: Option<&str>,
        parse: impl Fn(&Signature) -> Result<Parsed>,
    ) -> Result<Parsed> {
        let Parsed { mut fields, mut notes, .. } = self.text(calls, parse)?;
        if let Some(field) = calls {
            fields.insert(field.name.clone(), self.calls(field, &mut notes)?);
        }
        if let Some(thought) = thought {
            self.reason(thought, &mut fields);
        }
        if let Some(cited) = self.cited() {
            let apart =
                self.signature.outputs().iter().filter(|f| is_citations(f) && self.plan.leaves(&f.name));
            fields.extend(apart.map(|f| (f.name.clone(), cited.clone().into())));
        }
        let mut all = Record::with_capacity(self.signature.outputs().len());
        let mut lacking = Vec::new();
        for field in self.signature.outputs() {
            match fields.remove(&field.name).or_else(|| self.without(field, calls.is_some(), &mut notes)) {
                Some(value) => {
                    all.insert(field.name.clone(), value);
                }
                None => lacking.push(field.name.clone()),
            }
        }
        if lacking.is_empty() {
            return Ok(Parsed::new(all, notes));
        }
        Err(missing(self.signature, lacking).with_hint(
            "the model gave it neither in its text nor apart from it; set `reasoning_effort` to null to have it asked for",
        ))
    }

    /// The fields of the text. Beside calls there may be none, or what is no answer yet.
    fn text(&self, calls: Option<&Field>, parse: impl Fn(&Signature) -> Result<Parsed>) -> Result<Parsed> {
        let asked = self.plan.signature.as_ref();
        let silent = self.completion.content().trim().is_empty();
        let Some(calls) = calls else {
            // With nothing asked for in text, words are no answer and no fault.
            return match silent {
                true => Err(empty_reply(self.signature)),
                false if asked.outputs().is_empty() && !self.policy.is_compat() => Ok(Parsed::default()),
                false => parse(asked),
            };
        };
        if self.completion.finish == FinishReason::Length && self.policy.applies(ParseRule::Truncated) {
            let field = calls.name.clone();
            return Err(Error::new(ErrorKind::Truncated { field }).with_hint("raise `max_tokens`"));
        }
        if silent || asked.outputs().is_empty() {
            return Ok(Parsed::default());
        }
        match parse(asked) {
            Err(e) if matches!(e.stage(), Stage::Parse | Stage::Validation) => {
                let how = format!("the text beside the tool calls was left out: {e}");
                Ok(Parsed::new(Record::new(), vec![Note::new(ParseRule::ToolCallsFirst, None, how)]))
            }
            parsed => parsed,
        }
    }

    /// The calls as the value of their field.
    fn calls(&self, field: &Field, notes: &mut Vec<Note>) -> Result<Value> {
        let mut all = Vec::new();
        for part in &self.completion.parts {
            match part {
                Part::ToolCall(call) => all.push(call.clone()),
                Part::BrokenToolCall { id, name, arguments } => {
                    let entries = [("id", Value::from(id.clone())), ("name", name.as_str().into())];
                    let entries = entries.into_iter().chain([("args", arguments.as_str().into())]);
                    let dict: Dict = entries.map(|(key, value)| (key.into(), value)).collect();
                    all.extend(self.broken(field, dict, notes)?);
                }
                _ => {}
            }
        }
        Ok(ToolCalls::new(all).into())
    }

    /// A call whose arguments must be repaired.
    fn broken(&self, field: &Field, call: Dict, notes: &mut Vec<Note>) -> Result<Vec<ToolCall>> {
        let mut coercion = Coercion::new(self.policy, &field.name);
        let read = coerce::coerce_value(Value::Dict(call), &field.ty, &mut coercion);
        let read = read.map_err(|m| m.into_error(&field.name))?;
        notes.extend(coercion.into_notes());
        Ok(if let Value::ToolCalls(calls) = read { calls.tool_calls } else { Vec::new() })
    }

    /// Puts what the model thought under the fields for it.
    fn reason(&self, thought: &str, fields: &mut Record) {
        for field in self.signature.outputs().iter().filter(|f| is_reasoning(f)) {
            let written = fields.contains_key(&field.name) && !self.plan.leaves(&field.name);
            if !(written && self.policy.applies(ParseRule::ReasoningAsWritten)) {
                fields.insert(field.name.clone(), thought);
            }
        }
    }

    /// What stands for an output that came in no way; none where nothing can.
    fn without(&self, field: &Field, called: bool, notes: &mut Vec<Note>) -> Option<Value> {
        let is_calls = calls_field(self.signature).is_some_and(|f| f.name == field.name);
        if is_calls && field.default.is_none() && self.policy.applies(ParseRule::NoToolCalls) {
            notes.push(Note::new(ParseRule::NoToolCalls, Some(&field.name), "the model called no tool"));
            return Some(ToolCalls::default().into());
        }
        if let Some(value) = fallback(field) {
            return Some(value);
        }
        if is_citations(field) && self.policy.applies(ParseRule::NativeMissing) {
            return Some(Citations::default().into());
        }
        if called {
            let how = "the reply calls tools and does not have it";
            notes.push(Note::new(ParseRule::ToolCallsFirst, Some(&field.name), how));
            return Some(Value::None);
        }
        (!self.policy.applies(ParseRule::NativeMissing)).then_some(Value::None)
    }
}

fn is_citations(field: &Field) -> bool {
    field.ty == FieldType::Special(Special::Citations)
}

fn is_reasoning(field: &Field) -> bool {
    field.ty == FieldType::Special(Special::Reasoning)
}
