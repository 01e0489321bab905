//! What the keys of a program file mean, and where in the file something is wrong.

use std::ops::Range;

use dspex_core::{
    Constraint, Direction, Error, ErrorKind, Example, Fallback, Field, FieldType, Record, Result, Signature,
    SignatureParser, TypeRegistry, Value, nearest,
};
use toml::Spanned;

use super::DemoSource;
use super::raw::{Raw, RawDemos, RawFallback, RawField};

/// The file that is being read, for places in errors.
pub(super) struct File<'a> {
    pub(super) place: &'a str,
    pub(super) text: &'a str,
    pub(super) types: Option<&'a TypeRegistry>,
}

impl File<'_> {
    fn at(&self, span: Option<Range<usize>>) -> String {
        match span {
            Some(span) => {
                let before = self.text.get(..span.start).unwrap_or_default();
                format!("{}:{}", self.place, 1 + before.bytes().filter(|b| *b == b'\n').count())
            }
            None => self.place.to_owned(),
        }
    }

    pub(super) fn error(
        &self,
        span: Range<usize>,
        field: Option<&str>,
        expected: &str,
        found: &str,
    ) -> Error {
        Error::new(ErrorKind::Data {
            place: self.at(Some(span)),
            field: field.map(str::to_owned),
            expected: expected.to_owned(),
            found: format!("{found:?}"),
        })
    }

    pub(super) fn syntax(&self, e: &toml::de::Error) -> Error {
        let message = e.message().trim();
        let error = Error::new(ErrorKind::Data {
            place: self.at(e.span()),
            field: None,
            expected: "a program file".into(),
            found: message.to_owned(),
        });
        // The reader quotes the unknown key first and then lists the known ones.
        let mut quoted = message.split('`').skip(1).step_by(2);
        match quoted.next().and_then(|unknown| nearest(unknown, quoted)) {
            Some(near) if message.starts_with("unknown field") => {
                error.with_hint(format!("did you mean `{near}`?"))
            }
            _ => error,
        }
    }

    pub(super) fn signature(&self, raw: &Raw) -> Result<Signature> {
        match &raw.signature {
            Some(s) if raw.inputs.is_empty() && raw.outputs.is_empty() => {
                let mut parser = SignatureParser::new();
                if let Some(types) = self.types {
                    parser = parser.types(types);
                }
                parser.parse(s.as_ref()).map_err(|e| {
                    let hint = e.hint.clone();
                    let error = Error::new(ErrorKind::Data {
                        place: self.at(Some(s.span())),
                        field: Some("signature".into()),
                        expected: format!("{} at offset {}", e.expected, e.offset),
                        found: e.found,
                    });
                    hint.into_iter().fold(error, Error::with_hint)
                })
            }
            Some(s) => Err(self
                .error(s.span(), Some("signature"), "a signature or fields, not both", s.as_ref())
                .with_hint("leave out `signature`, or the tables `[[inputs]]` and `[[outputs]]`")),
            None if raw.outputs.is_empty() => {
                let hint =
                    "write `signature = \"question -> answer\"`, or tables `[[inputs]]` and `[[outputs]]`";
                Err(self.error(0..0, Some("signature"), "a signature", "none").with_hint(hint))
            }
            None => {
                let side = |fields: &[Spanned<RawField>], direction| -> Result<Vec<Field>> {
                    fields.iter().map(|f| self.field(f, direction)).collect()
                };
                let mut fields = side(&raw.inputs, Direction::Input)?;
                fields.extend(side(&raw.outputs, Direction::Output)?);
                Signature::new(fields).map_err(|e| Error::from(e).with_hint(format!("in {}", self.place)))
            }
        }
    }

    fn field(&self, raw: &Spanned<RawField>, direction: Direction) -> Result<Field> {
        let (span, raw) = (raw.span(), raw.as_ref());
        let ty = match &raw.ty {
            None => FieldType::Str,
            Some(text) => FieldType::parse(text, self.types).map_err(|e| {
                let expected = format!("{} in the type of `{}`", e.expected, raw.name);
                let error = self.error(span.clone(), Some(&raw.name), &expected, text);
                e.hint.into_iter().fold(error, Error::with_hint)
            })?,
        };
        let mut field = match direction {
            Direction::Input => Field::input(raw.name.as_str(), ty),
            Direction::Output => Field::output(raw.name.as_str(), ty),
        };
        if let Some(description) = &raw.description {
            field = field.with_description(description.as_str());
        }
        if let Some(prefix) = &raw.prefix {
            field = field.with_prefix(prefix.as_str());
        }
        if let Some(default) = &raw.default {
            let value = value(default);
            field.ty.check(&value).map_err(|e| {
                let expected = format!("a default of type {} for `{}`", e.expected, raw.name);
                self.error(span.clone(), Some(&raw.name), &expected, &default.to_string())
            })?;
            field = field.with_default(value);
        }
        for (keyword, argument) in &raw.constraints {
            let constraint = Constraint::from_keyword(keyword, &value(argument));
            match constraint {
                Some(c) if c.fits(&field.ty) => field = field.with_constraint(c),
                Some(_) => {
                    let expected = format!("a constraint that fits {} for `{}`", field.ty.name(), raw.name);
                    return Err(self.error(span, Some(&raw.name), &expected, keyword));
                }
                None => {
                    const KEYS: [&str; 13] = [
                        "name",
                        "type",
                        "description",
                        "prefix",
                        "default",
                        "gt",
                        "ge",
                        "lt",
                        "le",
                        "multiple_of",
                        "min_length",
                        "max_length",
                        "pattern",
                    ];
                    let found = format!("{keyword} = {argument}");
                    let argument = match keyword.as_str() {
                        "gt" | "ge" | "lt" | "le" | "multiple_of" => Some("a number"),
                        "min_length" | "max_length" => Some("a whole number from 0"),
                        "pattern" => Some("a regular expression"),
                        "allow_inf_nan" => Some("true or false"),
                        _ => None,
                    };
                    if let Some(argument) = argument {
                        let expected = format!("{argument} as `{keyword}` of `{}`", raw.name);
                        return Err(self.error(span, Some(&raw.name), &expected, &found));
                    }
                    let error = self.error(span, Some(&raw.name), "a key of a field", &found);
                    return Err(match nearest(keyword, KEYS) {
                        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                        None => error.with_hint(format!("the keys are {}", KEYS.join(", "))),
                    });
                }
            }
        }
        if let Some(default) = &field.default {
            field.check(default).map_err(|e| {
                let expected = format!("a default {} for `{}`", e.rule, raw.name);
                self.error(span, Some(&raw.name), &expected, &e.found)
            })?;
        }
        Ok(field)
    }

    pub(super) fn fallbacks(&self, raw: &Spanned<RawFallback>) -> Result<Vec<Fallback>> {
        let all = match raw.as_ref() {
            RawFallback::One(text) => text.clone(),
            RawFallback::Several(texts) if texts.is_empty() => "none".into(),
            RawFallback::Several(texts) => texts.join(","),
        };
        Fallback::list(&all).map_err(|e| {
            let expected = "fallbacks `json`, `retry`, `retry:2`, `extract`, or `none`";
            let error = self.error(raw.span(), Some("fallback"), expected, &all);
            match e.hint() {
                Some(hint) => error.with_hint(hint),
                None => error,
            }
        })
    }

    pub(super) fn module(&self, module: &Spanned<String>) -> Result<String> {
        let name = module.as_ref();
        let names = || crate::MODULES.iter().map(|(n, _)| *n);
        if names().any(|n| n == name) {
            return Ok(name.clone());
        }
        let known = names().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
        let error = self.error(module.span(), Some("module"), &format!("one of the modules {known}"), name);
        Err(match nearest(name, names()) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None => error,
        })
    }

    pub(super) fn demos(&self, raw: Option<Spanned<RawDemos>>, signature: &Signature) -> Result<DemoSource> {
        let Some(raw) = raw else { return Ok(DemoSource::Inline(Vec::new())) };
        let span = raw.span();
        match raw.into_inner() {
            RawDemos::File(path) if path.is_empty() => Err(self.error(span, Some("demos"), "a path", "")),
            RawDemos::File(path) => Ok(DemoSource::File(path)),
            RawDemos::Inline(tables) => Ok(DemoSource::Inline(
                tables
                    .into_iter()
                    .map(|t| t.into_iter().map(|(k, v)| (k, value(&v))).collect::<Record>())
                    .map(|demo| self.check_demo(&span, &demo, signature).map(|()| Example::new(demo)))
                    .collect::<Result<_>>()?,
            )),
        }
    }

    /// Refuses a demonstration whose fields are not those of the signature. The reasoning is that of a chain of thought.
    fn check_demo(&self, span: &Range<usize>, demo: &Record, signature: &Signature) -> Result<()> {
        for (name, value) in demo.iter() {
            let Some(field) = signature.field(name) else {
                if name == "reasoning" {
                    continue;
                }
                let names = || signature.fields().map(|f| f.name.as_str());
                let known: Vec<_> = names().map(|n| format!("`{n}`")).collect();
                let expected = format!("demonstrations of the fields {}", known.join(", "));
                let error = self.error(span.clone(), Some(name), &expected, name);
                return Err(match nearest(name, names()) {
                    Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                    None => error,
                });
            };
            if !field.type_undefined {
                field.ty.check(value).map_err(|e| {
                    let expected = format!("`{name}{}` of a demonstration to be {}", e.place, e.expected);
                    self.error(span.clone(), Some(name), &expected, &e.found)
                })?;
            }
        }
        Ok(())
    }
}

/// A TOML value as a value of a field.
fn value(v: &toml::Value) -> Value {
    match v {
        toml::Value::String(s) => Value::from(s.as_str()),
        toml::Value::Integer(i) => Value::from(*i),
        toml::Value::Float(f) => Value::from(*f),
        toml::Value::Boolean(b) => Value::from(*b),
        toml::Value::Datetime(d) => {
            let text = d.to_string();
            let date_time = || text.parse().ok().map(Value::DateTime);
            let date = || text.parse().ok().map(Value::Date);
            let time = || text.parse().ok().map(Value::Time);
            match (d.date, d.time) {
                (Some(_), Some(_)) => date_time(),
                (Some(_), None) => date(),
                _ => time(),
            }
            .unwrap_or(Value::Str(text))
        }
        toml::Value::Array(items) => Value::List(items.iter().map(value).collect()),
        toml::Value::Table(t) => {
            Value::Dict(t.iter().map(|(k, v)| (Value::from(k.as_str()), value(v))).collect())
        }
    }
}
