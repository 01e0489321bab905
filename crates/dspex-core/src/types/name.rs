//! Python's spellings of a type: the annotation as a user would write it, and the name that prompts show.

use std::fmt::Write as _;

use super::{FieldType, Special, UnionSyntax};
use crate::value::Value;
use crate::value::text::{float_repr, str_repr};

impl FieldType {
    /// The type as a Python annotation: `Optional[int]`, `tuple[int, ...]`, `Literal['a', 'b']`.
    ///
    /// [`Signature::parse`](crate::Signature::parse) reads this spelling back.
    pub fn annotation(&self) -> String {
        match self {
            Self::Union(u) => {
                let non_none: Vec<_> = u.options.iter().filter(|o| !matches!(o, Self::None)).collect();
                match (u.syntax, non_none.as_slice()) {
                    (UnionSyntax::Pep604, _) => join(&u.options, " | ", Self::annotation),
                    (UnionSyntax::Typing, [one]) if u.options.len() == 2 => {
                        format!("Optional[{}]", one.annotation())
                    }
                    (UnionSyntax::Typing, _) => {
                        format!("Union[{}]", join(&u.options, ", ", Self::annotation))
                    }
                }
            }
            Self::Literal(values) => format!("Literal[{}]", join(values, ", ", literal_annotation)),
            Self::None => "None".into(),
            Self::Tuple(Some(t)) if t.variadic => {
                format!("tuple[{}, ...]", join(&t.items, ", ", Self::annotation))
            }
            Self::Tuple(Some(t)) if t.items.is_empty() => "tuple[()]".into(),
            Self::Special(Special::Code(Some(language))) => format!("dspy.Code[{}]", str_repr(language)),
            Self::Special(Special::Decision(decision)) => format!("dspy.experimental.{}", decision.name()),
            Self::Special(s) => format!("dspy.{}", s.name()),
            Self::DateTime => "datetime.datetime".into(),
            Self::Date => "datetime.date".into(),
            Self::Time => "datetime.time".into(),
            Self::TimeDelta => "datetime.timedelta".into(),
            Self::Decimal => "decimal.Decimal".into(),
            Self::Uuid => "uuid.UUID".into(),
            other => other.spell(Self::annotation),
        }
    }

    /// The name of the type as prompts show it, which is DSPy's: `Union[int, NoneType]`, `tuple[int, Ellipsis]`.
    pub fn name(&self) -> String {
        match self {
            Self::Union(u) => format!("Union[{}]", join(&u.options, ", ", Self::name)),
            Self::Literal(values) => format!("Literal[{}]", join(values, ", ", literal_name)),
            Self::None => "NoneType".into(),
            Self::Tuple(Some(t)) if t.variadic => {
                format!("tuple[{}, Ellipsis]", join(&t.items, ", ", Self::name))
            }
            Self::Special(Special::Reasoning) => "str".into(),
            Self::Special(s) => s.name(),
            other => other.spell(Self::name),
        }
    }

    /// What both spellings share; `inner` spells the types inside.
    fn spell(&self, inner: impl Fn(&Self) -> String) -> String {
        let of = |name: &str, item: &Option<Box<Self>>| match item {
            Some(item) => format!("{name}[{}]", inner(item)),
            None => name.to_owned(),
        };
        match self {
            Self::Str => "str".into(),
            Self::Int => "int".into(),
            Self::Float => "float".into(),
            Self::Bool => "bool".into(),
            Self::Any => "Any".into(),
            Self::Bytes => "bytes".into(),
            Self::Complex => "complex".into(),
            Self::Date => "date".into(),
            Self::DateTime => "datetime".into(),
            Self::Time => "time".into(),
            Self::TimeDelta => "timedelta".into(),
            Self::Decimal => "Decimal".into(),
            Self::Uuid => "UUID".into(),
            Self::List(item) => of("list", item),
            Self::Set(item) => of("set", item),
            Self::FrozenSet(item) => of("frozenset", item),
            Self::Tuple(None) => "tuple".into(),
            Self::Tuple(Some(t)) => format!("tuple[{}]", join(&t.items, ", ", &inner)),
            Self::Dict(None) => "dict".into(),
            Self::Dict(Some(kv)) => format!("dict[{}, {}]", inner(&kv.0), inner(&kv.1)),
            Self::Enum(e) => e.name.clone(),
            Self::Struct(s) => s.name.clone(),
            Self::Ref(name) => name.to_string(),
            Self::Schema(s) => s.name.clone(),
            Self::Named(n) => n.name().to_owned(),
            Self::None | Self::Union(_) | Self::Literal(_) | Self::Special(_) => String::new(),
        }
    }
}

fn join<T>(items: &[T], between: &str, spell: impl Fn(&T) -> String) -> String {
    let mut out = String::new();
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push_str(between);
        }
        let _ = write!(out, "{}", spell(item));
    }
    out
}

/// A literal in an annotation that can be read back.
fn literal_annotation(value: &Value) -> String {
    match value {
        Value::Str(s) => str_repr(s),
        Value::Float(f) => float_repr(*f),
        other => other.to_repr().unwrap_or_default(),
    }
}

/// A literal in a type's name: text in quotes, of which only those that would end it are escaped.
fn literal_name(value: &Value) -> String {
    match value {
        Value::Str(s) => match (s.contains('\''), s.contains('"')) {
            (true, false) => format!("\"{s}\""),
            (true, true) => format!("'{}'", s.replace('\'', "\\'")),
            _ => format!("'{s}'"),
        },
        other => literal_annotation(other),
    }
}
