//! Types in the notation of the BAML adapter.
//!
//! DSPy names enumerations, typed dictionaries, tuples and sets without saying what is in them, names members of
//! structs as its classes do although JSON has other names, and raises where a struct comes twice. Where nobody asks
//! for DSPy's messages all of that is shown: choices and items, names as JSON has them, and a struct that comes again
//! by its name.

use std::sync::Arc;

use dspex_core::types::{StructField, StructType};
use dspex_core::{Error, ErrorKind, Field, FieldType, Result, Special, Value};

use super::special;
use super::wording::BamlTypeWording;
use crate::wording::{Wording, fill};

/// The type of an output.
pub(super) fn of_field(field: &Field, wording: &Wording, as_dspy: bool) -> Result<String> {
    let mut again = Vec::new();
    if !as_dspy {
        names_that_come_again(&field.ty, &mut Vec::new(), &mut again);
    }
    let mut printer = Printer {
        wording,
        w: &wording.baml.types,
        field: &field.name,
        as_dspy,
        again,
        seen: Vec::new(),
        depth: 0,
    };
    printer.write(&field.ty, 0)
}

struct Printer<'a> {
    wording: &'a Wording,
    w: &'a BamlTypeWording,
    field: &'a str,
    as_dspy: bool,
    /// Names of structs that come more than once.
    again: Vec<String>,
    /// Structs that were shown.
    seen: Vec<Arc<StructType>>,
    /// How many structs the place is inside of.
    depth: usize,
}

impl Printer<'_> {
    /// What the wording says of a type of DSPy's own: shown as the documentation of a struct is.
    fn doc(&self, special: &Special) -> Option<String> {
        self.wording.field.docs.get(&special.name()).map(|doc| fill(doc, &[]))
    }

    fn write(&mut self, ty: &FieldType, indent: usize) -> Result<String> {
        Ok(match ty {
            FieldType::Str => self.w.text.clone(),
            FieldType::Int => self.w.int.clone(),
            FieldType::Float => self.w.float.clone(),
            FieldType::Bool => self.w.boolean.clone(),
            FieldType::None if !self.as_dspy => self.w.null.clone(),
            FieldType::Special(Special::Reasoning | Special::Code(_)) if !self.as_dspy => self.w.text.clone(),
            FieldType::Union(u) => {
                let rest: Vec<_> = u.options.iter().filter(|o| **o != FieldType::None).collect();
                let texts = rest.iter().map(|o| self.write(o, indent)).collect::<Result<Vec<_>>>()?;
                let text = texts.join(&self.w.or);
                if rest.len() < u.options.len() { fill(&self.w.nullable, &[("type", &text)]) } else { text }
            }
            FieldType::Literal(values) => self.choice(values.iter()),
            FieldType::Enum(e) if !self.as_dspy => self.choice(e.members.iter().map(|(_, value)| value)),
            FieldType::List(Some(item)) => self.list(item, indent)?,
            FieldType::Set(Some(item)) | FieldType::FrozenSet(Some(item)) if !self.as_dspy => {
                self.list(item, indent)?
            }
            FieldType::Tuple(Some(t)) if !self.as_dspy && t.variadic => match t.items.first() {
                Some(item) => self.list(item, indent)?,
                None => name(ty),
            },
            FieldType::Tuple(Some(t)) if !self.as_dspy => {
                let items = t.items.iter().map(|i| self.write(i, indent)).collect::<Result<Vec<_>>>()?;
                format!("[{}]", items.join(", "))
            }
            FieldType::Dict(Some(kv)) => {
                let (key, value) = (self.write(&kv.0, indent)?, self.write(&kv.1, indent)?);
                fill(&self.w.mapping, &[("key", &key), ("value", &value)])
            }
            FieldType::Schema(s) if !self.as_dspy => s.schema.to_string(),
            FieldType::Ref(name) if self.as_dspy => return Err(self.comes_twice(name)),
            other => match self.structure(other) {
                Some(s) => self.object(&s, indent)?,
                None => name(other),
            },
        })
    }

    /// The type as a struct, where it is shown as one.
    fn structure(&self, ty: &FieldType) -> Option<Arc<StructType>> {
        match ty {
            FieldType::Struct(s) => (!(self.as_dspy && s.typed_dict)).then(|| Arc::clone(s)),
            FieldType::Special(Special::Reasoning | Special::Code(_)) if !self.as_dspy => None,
            FieldType::Special(s) => special::of(s, self.doc(s)).map(Arc::new),
            _ => None,
        }
    }

    fn list(&mut self, item: &FieldType, indent: usize) -> Result<String> {
        if let Some(s) = self.structure(item) {
            if self.is_known(&s) {
                return Ok(fill(&self.w.list, &[("item", &s.name)]));
            }
            let text = self.object(&s, indent + 1)?;
            let (own, inner) = (self.indent(indent), self.indent(indent + 1));
            return Ok(fill(
                &self.w.list_of_structs,
                &[("item", &text), ("indent", &own), ("inner", &inner)],
            ));
        }
        let text = self.write(item, indent)?;
        // The sign of a list would belong to the last option only.
        let options = matches!(item, FieldType::Union(_) | FieldType::Literal(_) | FieldType::Enum(_));
        let text = if options && !self.as_dspy { format!("({text})") } else { text };
        Ok(fill(&self.w.list, &[("item", &text)]))
    }

    /// Values to choose from as JSON has them.
    fn choice<'v>(&self, values: impl Iterator<Item = &'v Value>) -> String {
        let one = |value: &Value| match value {
            Value::Str(text) => fill(&self.w.text_choice, &[("value", text)]),
            Value::Bool(true) => self.w.truths[0].clone(),
            Value::Bool(false) => self.w.truths[1].clone(),
            Value::None => self.w.null.clone(),
            other => fill(&self.w.other_choice, &[("value", &other.to_text().unwrap_or_default())]),
        };
        values.map(one).collect::<Vec<_>>().join(&self.w.or)
    }

    fn is_known(&self, s: &Arc<StructType>) -> bool {
        !self.as_dspy && self.seen.contains(s)
    }

    fn object(&mut self, s: &Arc<StructType>, indent: usize) -> Result<String> {
        if self.is_known(s) {
            return Ok(s.name.clone());
        }
        if self.as_dspy {
            // DSPy remembers what it has shown inside one struct; those beside each other do not count.
            if self.depth == 0 {
                self.seen.clear();
            }
            if self.seen.iter().any(|seen| seen.name == s.name) {
                return Err(self.comes_twice(&s.name));
            }
        }
        self.seen.push(Arc::clone(s));
        let (own, inner) = (self.indent(indent), self.indent(indent + 1));
        let mut out = String::new();
        // Inside another struct, the documentation stands before the field.
        if indent == 0 {
            for text in doc_lines(s.description.as_deref()) {
                out.push_str(&fill(&self.w.doc, &[("indent", &own), ("text", text)]));
            }
        }
        let open = if self.again.contains(&s.name) { &self.w.open_named } else { &self.w.open };
        out.push_str(&fill(open, &[("indent", &own), ("name", &s.name)]));
        if s.fields.is_empty() {
            out.push_str(&fill(&self.w.empty, &[("inner", &inner)]));
        }
        self.depth += 1;
        for field in &s.fields {
            out.push_str(&self.member(field, &inner, indent + 1)?);
        }
        self.depth -= 1;
        out.push_str(&fill(&self.w.close, &[("indent", &own)]));
        Ok(out)
    }

    /// A field of a struct with its documentation.
    fn member(&mut self, field: &StructField, inner: &str, indent: usize) -> Result<String> {
        let mut out = String::new();
        let comment = |text: &str| fill(&self.w.comment, &[("inner", inner), ("text", text)]);
        let alias = field.alias.as_ref().filter(|alias| **alias != field.name);
        match (&field.description, alias) {
            (Some(text), _) if !text.is_empty() => {
                // DSPy marks the first line only, so that the others look like fields.
                let lines = if self.as_dspy { vec![text.as_str()] } else { text.lines().collect() };
                out.extend(lines.into_iter().map(comment));
            }
            (_, Some(alias)) if self.as_dspy => {
                out.push_str(&fill(&self.w.alias, &[("inner", inner), ("alias", alias)]));
            }
            _ => {}
        }
        if let Some(s) = self.structure(&field.ty.without_none())
            && !self.is_known(&s)
        {
            out.extend(doc_lines(s.description.as_deref()).map(comment));
        }
        let name = alias.filter(|_| !self.as_dspy).unwrap_or(&field.name);
        let ty = self.write(&field.ty, indent)?;
        out.push_str(&fill(&self.w.member, &[("inner", inner), ("name", name), ("type", &ty)]));
        Ok(out)
    }

    fn indent(&self, steps: usize) -> String {
        self.w.indent.repeat(steps)
    }

    fn comes_twice(&self, name: &str) -> Error {
        let message = format!(
            "expected `{}` to have each struct once, as DSPy's BAML adapter needs it, found `{name}` twice",
            self.field
        );
        Error::new(ErrorKind::Configuration { message })
            .with_hint("use another adapter, or the BAML adapter with our wording")
    }
}

/// The name of a type as Python's classes have it, without what is inside.
fn name(ty: &FieldType) -> String {
    match ty {
        FieldType::None => "NoneType".into(),
        FieldType::Schema(s) => s.name.clone(),
        other => other.name().split('[').next().unwrap_or_default().to_owned(),
    }
}

/// The lines of a documentation, without those that are empty.
fn doc_lines(doc: Option<&str>) -> impl Iterator<Item = &str> {
    doc.unwrap_or_default().split('\n').map(str::trim).filter(|line| !line.is_empty())
}

/// Collects the names of structs that come again, inside themselves or beside.
fn names_that_come_again(ty: &FieldType, seen: &mut Vec<Arc<StructType>>, again: &mut Vec<String>) {
    match ty {
        FieldType::Struct(s) if seen.contains(s) => again.push(s.name.clone()),
        FieldType::Struct(s) => {
            seen.push(Arc::clone(s));
            s.fields.iter().for_each(|f| names_that_come_again(&f.ty, seen, again));
        }
        FieldType::Ref(name) => again.push((**name).to_owned()),
        FieldType::List(Some(item)) | FieldType::Set(Some(item)) | FieldType::FrozenSet(Some(item)) => {
            names_that_come_again(item, seen, again);
        }
        FieldType::Dict(Some(kv)) => {
            names_that_come_again(&kv.0, seen, again);
            names_that_come_again(&kv.1, seen, again);
        }
        FieldType::Tuple(Some(t)) => t.items.iter().for_each(|i| names_that_come_again(i, seen, again)),
        FieldType::Union(u) => u.options.iter().for_each(|o| names_that_come_again(o, seen, again)),
        _ => {}
    }
}
