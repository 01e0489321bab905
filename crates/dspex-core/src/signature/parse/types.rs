//! Annotations: from words to a field type.

use super::lexer::{Lexer, Token};
use super::{Reader, SignatureError};
use crate::suggest::nearest;
use crate::types::{FieldType, Special, TupleType, UnionSyntax, builtin};
use crate::value::{Value, text::str_repr};

/// Names that stand for a type without arguments.
const PLAIN: [(&str, FieldType); 26] = [
    ("str", FieldType::Str),
    ("int", FieldType::Int),
    ("float", FieldType::Float),
    ("bool", FieldType::Bool),
    ("bytes", FieldType::Bytes),
    ("complex", FieldType::Complex),
    ("Any", FieldType::Any),
    ("Text", FieldType::Str),
    ("None", FieldType::None),
    ("NoneType", FieldType::None),
    ("datetime.datetime", FieldType::DateTime),
    ("datetime.date", FieldType::Date),
    ("datetime.time", FieldType::Time),
    ("datetime.timedelta", FieldType::TimeDelta),
    ("decimal.Decimal", FieldType::Decimal),
    ("uuid.UUID", FieldType::Uuid),
    ("dspy.Image", FieldType::Special(Special::Image)),
    ("dspy.Audio", FieldType::Special(Special::Audio)),
    ("dspy.File", FieldType::Special(Special::File)),
    ("dspy.Document", FieldType::Special(Special::Document)),
    ("dspy.Citations", FieldType::Special(Special::Citations)),
    ("dspy.History", FieldType::Special(Special::History)),
    ("dspy.Tool", FieldType::Special(Special::Tool)),
    ("dspy.ToolCalls", FieldType::Special(Special::ToolCalls)),
    ("dspy.Code", FieldType::Special(Special::Code(None))),
    ("dspy.Reasoning", FieldType::Special(Special::Reasoning)),
];

/// Names that take arguments in brackets. The lower-case ones also stand alone.
const GENERIC: [&str; 14] = [
    "list",
    "List",
    "set",
    "Set",
    "frozenset",
    "FrozenSet",
    "tuple",
    "Tuple",
    "dict",
    "Dict",
    "Optional",
    "Union",
    "Literal",
    "Annotated",
];

/// Pydantic's error for something that is no type.
const NO_SCHEMA: &str = "PydanticSchemaGenerationError";

/// What an annotation can be on the way to a type.
enum Expr {
    Type(FieldType),
    /// A generic name that has not met its brackets.
    Generic(&'static str, usize),
    /// Only inside brackets: `...`.
    Ellipsis(usize),
    /// Only inside brackets: `()`.
    Empty(usize),
}

impl Reader<'_> {
    /// An annotation, up to the `,`, `=` or end after it.
    pub(super) fn annotation(&self, lexer: &mut Lexer<'_>) -> Result<FieldType, SignatureError> {
        let expr = self.expression(lexer)?;
        self.as_type(expr)
    }

    /// An expression, unless it is nested deeper than anyone writes by hand: the depth is that of our own calls.
    fn expression(&self, lexer: &mut Lexer<'_>) -> Result<Expr, SignatureError> {
        const MOST: u32 = 100;
        if self.depth.get() == MOST {
            let expected = format!("a type nested at most {MOST} levels deep");
            return Err(self.error(lexer.offset(), &expected, "more", "ValueError"));
        }
        self.depth.set(self.depth.get() + 1);
        let expr = self.union(lexer);
        self.depth.set(self.depth.get() - 1);
        expr
    }

    fn as_type(&self, expr: Expr) -> Result<FieldType, SignatureError> {
        match expr {
            Expr::Type(ty) => Ok(ty),
            Expr::Generic(name, offset) => match name {
                "list" => Ok(FieldType::List(None)),
                "set" => Ok(FieldType::Set(None)),
                "frozenset" => Ok(FieldType::FrozenSet(None)),
                "tuple" => Ok(FieldType::Tuple(None)),
                "dict" => Ok(FieldType::Dict(None)),
                _ => {
                    let found = format!("`{name}` without its brackets");
                    let class = match name {
                        "Optional" | "Union" | "Literal" => NO_SCHEMA,
                        _ => "ValueError",
                    };
                    let mut e = self.error(offset, "a type", &found, class);
                    e.hint = Some(format!("write it as `{name}[...]`"));
                    Err(e)
                }
            },
            Expr::Ellipsis(offset) => Err(self.error(offset, "a type", "`...`", "ValueError")),
            Expr::Empty(offset) => Err(self.error(offset, "a type", "`()`", "ValueError")),
        }
    }

    fn union(&self, lexer: &mut Lexer<'_>) -> Result<Expr, SignatureError> {
        let first = self.operand(lexer)?;
        if !lexer.take("|") {
            return Ok(first);
        }
        let mut options = vec![self.as_type(first)?];
        loop {
            let next = self.operand(lexer)?;
            options.push(self.as_type(next)?);
            if !lexer.take("|") {
                // DSPy turns `X | Y` into `typing`'s union.
                return Ok(Expr::Type(FieldType::union(options, UnionSyntax::Typing)));
            }
        }
    }

    fn operand(&self, lexer: &mut Lexer<'_>) -> Result<Expr, SignatureError> {
        let (offset, token) = self.next(lexer)?;
        match token {
            Token::Name(name) => {
                let mut full = name.to_owned();
                while lexer.take(".") {
                    match self.next(lexer)? {
                        (_, Token::Name(part)) => {
                            full.push('.');
                            full.push_str(part);
                        }
                        (at, other) => return Err(self.syntax(at, "a name after `.`", &other)),
                    }
                }
                self.named(lexer, &full, offset)
            }
            Token::Punct("(") => {
                if lexer.take(")") {
                    return Ok(Expr::Empty(offset));
                }
                let inner = self.expression(lexer)?;
                self.close(lexer, ")")?;
                Ok(inner)
            }
            Token::Punct("...") => Ok(Expr::Ellipsis(offset)),
            Token::End | Token::Punct("," | "=" | ":" | "]" | ")" | "|") => {
                Err(self.syntax(offset, "a type", &token))
            }
            other => Err(self.error(offset, "a type", &other.to_string(), "ValueError")),
        }
    }

    pub(super) fn close(&self, lexer: &mut Lexer<'_>, bracket: &'static str) -> Result<(), SignatureError> {
        if lexer.take(bracket) {
            return Ok(());
        }
        let (offset, token) = self.next(lexer)?;
        Err(self.syntax(offset, &format!("`{bracket}`"), &token))
    }

    fn named(&self, lexer: &mut Lexer<'_>, full: &str, offset: usize) -> Result<Expr, SignatureError> {
        let name = full.strip_prefix("typing.").unwrap_or(full);
        let registered = self.types.and_then(|t| t.get(full)).cloned();
        if registered.is_none()
            && let Some(generic) = GENERIC.iter().find(|g| **g == name)
        {
            if !lexer.take("[") {
                return Ok(Expr::Generic(generic, offset));
            }
            return self.generic(lexer, generic, offset).map(Expr::Type);
        }
        if full == "dspy.Code" && lexer.take("[") {
            let language = self.constant(lexer)?;
            self.close(lexer, "]")?;
            return match language {
                Value::Str(language) => Ok(Expr::Type(FieldType::Special(Special::Code(Some(language))))),
                other => Err(self.error(offset, "a language in quotes", other.kind(), "ValueError")),
            };
        }
        if registered.is_none()
            && let Some(decision) = self.decision(lexer, full, offset)?
        {
            return Ok(Expr::Type(decision));
        }
        let plain = || PLAIN.iter().find(|(n, _)| *n == name).map(|(_, t)| t.clone());
        let builtin = || (!self.compat).then(|| builtin::find(name)).flatten();
        let Some(ty) = registered.or_else(plain).or_else(builtin) else {
            return Err(self.unknown(full, offset));
        };
        match lexer.peek() {
            Ok((at, Token::Punct("["))) => {
                Err(self.error(at, &format!("no brackets after `{full}`"), "`[`", "TypeError"))
            }
            Ok((at, Token::Punct("("))) => {
                Err(self.error(at, &format!("a type; `{full}(...)` would be a call"), "`(`", "ValueError"))
            }
            _ => Ok(Expr::Type(ty)),
        }
    }

    fn unknown(&self, name: &str, offset: usize) -> SignatureError {
        // A builtin that pydantic does not know, unlike any other name here.
        let class = if name == "bytearray" { NO_SCHEMA } else { "ValueError" };
        let mut e = self.error(offset, "the name of a type", &format!("`{name}`"), class);
        let known =
            PLAIN.iter().map(|(n, _)| *n).chain(GENERIC).chain(self.types.iter().flat_map(|t| t.names()));
        let dspy = format!("dspy.{name}");
        e.hint = Some(match PLAIN.iter().find(|(n, _)| *n == dspy) {
            Some(_) => format!("did you mean `{dspy}`?"),
            None => match nearest(name, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("register {} with `TypeRegistry::with`", str_repr(name)),
            },
        });
        e
    }

    fn generic(&self, lexer: &mut Lexer<'_>, name: &str, offset: usize) -> Result<FieldType, SignatureError> {
        if name == "Literal" {
            return self.literal(lexer).map(FieldType::Literal);
        }
        if name == "Annotated" {
            let ty = self.annotation(lexer)?;
            self.skip_brackets(lexer)?;
            return Ok(ty);
        }
        let mut args = Vec::new();
        loop {
            args.push(self.expression(lexer)?);
            if !lexer.take(",") {
                break;
            }
            if matches!(lexer.peek(), Ok((_, Token::Punct("]")))) {
                break;
            }
        }
        self.close(lexer, "]")?;
        let count = |n: usize| {
            let s = if n == 1 { "" } else { "s" };
            let class = if name == "Optional" { "ValueError" } else { "TypeError" };
            let expected = format!("{n} type{s} in the brackets of `{name}`");
            self.error(offset, &expected, &args.len().to_string(), class)
        };
        match name {
            "list" | "List" | "set" | "Set" | "frozenset" | "FrozenSet" | "Optional" if args.len() != 1 => {
                return Err(count(1));
            }
            "dict" | "Dict" if args.len() != 2 => return Err(count(2)),
            _ => {}
        }
        if matches!(name, "tuple" | "Tuple") {
            return self.tuple(args);
        }
        let mut types = args.into_iter().map(|a| self.as_type(a)).collect::<Result<Vec<_>, _>>()?;
        Ok(match name {
            "Union" => FieldType::union(types, UnionSyntax::Typing),
            "dict" | "Dict" => {
                let value = types.pop().unwrap_or(FieldType::Any);
                FieldType::dict(types.pop().unwrap_or(FieldType::Any), value)
            }
            _ => {
                let one = types.pop().unwrap_or(FieldType::Any);
                match name {
                    "list" | "List" => FieldType::list(one),
                    "set" | "Set" => FieldType::Set(Some(Box::new(one))),
                    "frozenset" | "FrozenSet" => FieldType::FrozenSet(Some(Box::new(one))),
                    _ => FieldType::optional(one),
                }
            }
        })
    }

    fn tuple(&self, args: Vec<Expr>) -> Result<FieldType, SignatureError> {
        if let [Expr::Empty(_)] = args.as_slice() {
            return Ok(FieldType::Tuple(Some(TupleType { items: Vec::new(), variadic: false })));
        }
        let variadic = args.len() == 2 && matches!(args[1], Expr::Ellipsis(_));
        let count = if variadic { 1 } else { args.len() };
        let items = args.into_iter().take(count).map(|a| self.as_type(a)).collect::<Result<_, _>>()?;
        Ok(FieldType::Tuple(Some(TupleType { items, variadic })))
    }

    /// The values of a `Literal`, each once; a `Literal` inside stands for its values.
    fn literal(&self, lexer: &mut Lexer<'_>) -> Result<Vec<Value>, SignatureError> {
        let mut values: Vec<Value> = Vec::new();
        loop {
            let nested = matches!(lexer.peek(), Ok((_, Token::Name("Literal"))));
            let more = if nested {
                match self.annotation(lexer)? {
                    FieldType::Literal(inner) => inner,
                    _ => Vec::new(),
                }
            } else {
                vec![self.constant(lexer)?]
            };
            for value in more {
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            if !lexer.take(",") {
                break;
            }
            if matches!(lexer.peek(), Ok((_, Token::Punct("]")))) {
                break;
            }
        }
        self.close(lexer, "]")?;
        Ok(values)
    }

    fn skip_brackets(&self, lexer: &mut Lexer<'_>) -> Result<(), SignatureError> {
        let mut depth = 1;
        while depth > 0 {
            match self.next(lexer)? {
                (_, Token::Punct("[" | "(")) => depth += 1,
                (_, Token::Punct("]" | ")")) => depth -= 1,
                (at, Token::End) => return Err(self.syntax(at, "`]`", &Token::End)),
                _ => {}
            }
        }
        Ok(())
    }
}
