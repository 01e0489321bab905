//! Signatures from strings: `"context: list[str], question -> answer: Literal['yes', 'no'], confidence: float"`.
//!
//! The grammar is DSPy's, which is that of Python's function parameters with annotations. Nothing is imported and
//! nothing is evaluated: a type name is a builtin, a `typing` form, one of a few well-known types of Python's library
//! and of DSPy, or one that the caller registered.

mod decision;
mod lexer;
mod types;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use lexer::{Lexer, Token};

use super::{Direction, Field, Signature};
use crate::types::FieldType;
use crate::value::Value;

/// Types that string signatures may name beside the known ones.
///
/// ```
/// use dspex_core::{FieldType, Signature, SignatureParser, TypeRegistry};
/// let types = TypeRegistry::new().with("Mood", FieldType::literal(["good", "bad"]));
/// let s = SignatureParser::new().types(&types).parse("text -> mood: Mood")?;
/// assert_eq!(s.outputs()[0].ty.annotation(), "Literal['good', 'bad']");
/// # Ok::<(), dspex_core::SignatureError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TypeRegistry(BTreeMap<String, FieldType>);

impl TypeRegistry {
    /// A registry without types.
    pub fn new() -> Self {
        Self::default()
    }

    /// The registry with one more type; a dotted name is one name.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, ty: FieldType) -> Self {
        self.0.insert(name.into(), ty);
        self
    }

    /// The registry without a type.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    /// The type of that name.
    pub fn get(&self, name: &str) -> Option<&FieldType> {
        self.0.get(name)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// A way in which DSPy reads signature strings that loses what was written. By default it is an error, or what was written
/// is honoured, as each rule says; under [`SignatureParser::compat`] it is done as DSPy does it.
///
/// ```
/// use dspex_core::{Signature, SignatureParser, signature::parse::GrammarRule};
/// let text = "question, question -> answer";
/// let e = Signature::parse(text).unwrap_err();
/// assert_eq!(e.rule, Some(GrammarRule::DuplicateName));
/// let as_dspy = SignatureParser::new().compat().parse(text)?;
/// assert_eq!(as_dspy.to_string(), "question -> answer");
/// # Ok::<(), dspex_core::SignatureError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum GrammarRule {
    /// `*a, b -> c`: DSPy drops everything from the star on, and `**k`. Here: an error.
    StarredArguments,
    /// `a, / , b -> c`: DSPy drops the names before the slash. Here: an error.
    PositionalOnly,
    /// `a: int = 5`: DSPy drops the default. Here: it is the field's default.
    IgnoredDefault,
    /// `a, a -> b`: DSPy keeps one of them. Here: an error.
    DuplicateName,
    /// `a: None`: DSPy reads it as text. Here: only `None` fits.
    NoneIsText,
    /// `Literal['->']`: DSPy counts the arrow inside the quotes. Here: only arrows outside quotes count.
    ArrowInText,
    /// `Literal[-1]`: DSPy does not read the sign. Here: it is a negative number.
    NegativeLiteral,
    /// `instructions`, `signature`, `_x`, ...: DSPy cannot have fields of these names. Here: any name is a field.
    ReservedName,
    /// `class -> b`: DSPy cannot have a Python keyword as a name. Here: any name is a field.
    KeywordName,
    /// `Choice['x', 'y']`: DSPy takes it for one option `x` that `y` describes, as Python does. Here: two options.
    BareOptions,
    /// `a ->`: DSPy takes a signature without outputs. Here: an error, as nothing could be asked of a model.
    NoOutputs,
}

impl GrammarRule {
    /// The rule's name as reports print it.
    pub fn id(self) -> &'static str {
        match self {
            Self::StarredArguments => "starred_arguments",
            Self::PositionalOnly => "positional_only",
            Self::IgnoredDefault => "ignored_default",
            Self::DuplicateName => "duplicate_name",
            Self::NoneIsText => "none_is_text",
            Self::ArrowInText => "arrow_in_text",
            Self::NegativeLiteral => "negative_literal",
            Self::ReservedName => "reserved_name",
            Self::KeywordName => "keyword_name",
            Self::BareOptions => "bare_options",
            Self::NoOutputs => "no_outputs",
        }
    }
}

/// A signature string that cannot be read: where, what was expected, what was found.
///
/// ```
/// use dspex_core::Signature;
/// let e = Signature::parse("question -> answer: strr").unwrap_err();
/// assert_eq!((e.offset, e.found.as_str()), (20, "`strr`"));
/// assert_eq!(e.hint.as_deref(), Some("did you mean `str`?"));
/// assert_eq!(e.class, "ValueError", "as DSPy calls it");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignatureError {
    /// Place in the string, in bytes.
    pub offset: usize,
    /// What would have been right there.
    pub expected: String,
    /// What stands there.
    pub found: String,
    /// What to write instead, where that is known.
    pub hint: Option<String>,
    /// The class of DSPy's error for the same string: `SyntaxError`, `ValueError`, ...
    pub class: &'static str,
    /// The rule by which the default refuses what DSPy takes.
    pub rule: Option<GrammarRule>,
    source_text: String,
}

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {} at offset {}, found {}", self.expected, self.offset, self.found)
    }
}

impl std::error::Error for SignatureError {}

impl SignatureError {
    /// The string with a mark under the place, on two lines.
    ///
    /// ```
    /// use dspex_core::Signature;
    /// let e = Signature::parse("question -> answer: lst[str]").unwrap_err();
    /// assert_eq!(e.offset, 20);
    /// assert_eq!(e.pointer(), "question -> answer: lst[str]\n                    ^");
    /// assert_eq!(e.hint.as_deref(), Some("did you mean `list`?"));
    /// ```
    pub fn pointer(&self) -> String {
        let line: String = self.source_text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let before = self.source_text.get(..self.offset).map_or(0, |s| s.chars().count());
        format!("{line}\n{}^", " ".repeat(before))
    }
}

/// Reads signature strings with settings: types of the caller's, instructions, DSPy's losses. [`Signature::parse`] is the
/// short way where none are needed.
///
/// ```
/// use dspex_core::SignatureParser;
/// let parser = SignatureParser::new().instructions("Answer in one word.");
/// let signature = parser.parse("question -> answer")?;
/// assert_eq!(signature.instructions(), "Answer in one word.");
/// # Ok::<(), dspex_core::SignatureError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct SignatureParser<'a> {
    types: Option<&'a TypeRegistry>,
    instructions: Option<String>,
    compat: bool,
}

impl<'a> SignatureParser<'a> {
    /// A parser with the known types and our rules.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes types of the caller's beside the known ones.
    #[must_use]
    pub fn types(mut self, types: &'a TypeRegistry) -> Self {
        self.types = Some(types);
        self
    }

    /// Gives the signature these instructions instead of the default text.
    #[must_use]
    pub fn instructions(mut self, text: impl Into<String>) -> Self {
        self.instructions = Some(text.into());
        self
    }

    /// Reads as DSPy 3.4.1 does, its losses included; see [`GrammarRule`].
    #[must_use]
    pub fn compat(mut self) -> Self {
        self.compat = true;
        self
    }

    /// Reads a signature.
    pub fn parse(&self, text: &str) -> Result<Signature, SignatureError> {
        let reader = Reader::new(text, self.types, self.compat);
        let (arrow, side) = reader.split()?;
        let inputs = reader.side(0, &text[..arrow], Direction::Input)?;
        let outputs = reader.side(side, &text[side..], Direction::Output)?;
        reader.check_names(&inputs, &outputs)?;
        let (inputs, outputs): (Vec<_>, Vec<_>) =
            (inputs.into_iter().map(|p| p.field).collect(), outputs.into_iter().map(|p| p.field).collect());
        Signature::from_parts(super::STRING_SIGNATURE.to_owned(), self.instructions.clone(), inputs, outputs)
            .map_err(|e| reader.error(0, "distinct names", &e.to_string(), "ValueError"))
    }
}

impl Signature {
    /// Reads a signature from a string with the known types. For types of your own, or to read as DSPy does, use
    /// [`SignatureParser`].
    ///
    /// ```
    /// use dspex_core::Signature;
    /// let s = Signature::parse("context: list[str], question -> answer: Literal['yes', 'no'], confidence: float")?;
    /// assert_eq!(s.outputs()[0].ty.name(), "Literal['yes', 'no']");
    /// # Ok::<(), dspex_core::SignatureError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, SignatureError> {
        SignatureParser::new().parse(text)
    }
}

impl FieldType {
    /// Reads a type from a Python annotation, with types of the caller's beside the known ones.
    ///
    /// ```
    /// use dspex_core::FieldType;
    /// let t = FieldType::parse("list[Literal['a', 'b']]", None)?;
    /// assert_eq!(t, FieldType::list(FieldType::literal(["a", "b"])));
    /// # Ok::<(), dspex_core::SignatureError>(())
    /// ```
    pub fn parse(annotation: &str, types: Option<&TypeRegistry>) -> Result<Self, SignatureError> {
        let reader = Reader::new(annotation, types, false);
        let mut lexer = Lexer::new(annotation, 0, annotation.len());
        let ty = reader.annotation(&mut lexer)?;
        match reader.next(&mut lexer)? {
            (_, Token::End) => Ok(ty),
            (offset, other) => Err(reader.syntax(offset, "the end of the type", &other)),
        }
    }
}

/// A field and where its name stands.
struct Placed {
    field: Field,
    offset: usize,
}

/// Names that DSPy's signature class keeps for itself and needs while it is made.
const RESERVED: [&str; 9] = [
    "instructions",
    "signature",
    "fields",
    "input_fields",
    "output_fields",
    "model_config",
    "__doc__",
    "__annotations__",
    "__qualname__",
];

struct Reader<'a> {
    text: &'a str,
    types: Option<&'a TypeRegistry>,
    compat: bool,
    /// How deep the type that is being read is nested.
    depth: Cell<u32>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, types: Option<&'a TypeRegistry>, compat: bool) -> Self {
        Self { text, types, compat, depth: Cell::new(0) }
    }

    /// Where the arrow starts and where the outputs start.
    fn split(&self) -> Result<(usize, usize), SignatureError> {
        let mut arrows = Vec::new();
        let mut quote: Option<(usize, char)> = None;
        let mut escaped = false;
        for (i, c) in self.text.char_indices() {
            if std::mem::take(&mut escaped) {
                continue;
            }
            match (quote, c) {
                (Some(_), '\\') => escaped = true,
                (Some((_, q)), c) if c == q => quote = None,
                (None, '\'' | '"') => quote = Some((i, c)),
                (q, '-') if self.text[i..].starts_with("->") && (q.is_none() || self.compat) => {
                    arrows.push(i);
                }
                _ => {}
            }
        }
        match arrows.as_slice() {
            [one] => Ok((*one, one + 2)),
            [] if quote.is_some() => {
                let start = quote.map_or(0, |(start, _)| start);
                Err(self.error(start, "a text with its closing quote", "none", "ValueError"))
            }
            [] => {
                let mut e =
                    self.error(self.text.len(), "one `->` between inputs and outputs", "none", "ValueError");
                e.hint = Some("write it as `question -> answer`".into());
                Err(e)
            }
            [_, second, ..] => Err(self.error(
                *second,
                "one `->` between inputs and outputs",
                &format!("{} of them", arrows.len()),
                "ValueError",
            )),
        }
    }

    fn side(&self, base: usize, text: &str, direction: Direction) -> Result<Vec<Placed>, SignatureError> {
        let mut lexer = Lexer::new(self.text, base, base + text.len());
        let mut fields: Vec<Placed> = Vec::new();
        let mut after_default = false;
        // Python allows a trailing comma, but not a lone one.
        loop {
            let (offset, token) = self.next(&mut lexer)?;
            match token {
                Token::End => break,
                Token::Name(name) => {
                    let (field, has_default) = self.parameter(&mut lexer, name, offset, direction)?;
                    if self.compat && after_default && !has_default {
                        let mut e = self.error(offset, "a default as before", "none", "SyntaxError");
                        e.rule = Some(GrammarRule::IgnoredDefault);
                        return Err(e);
                    }
                    after_default |= has_default;
                    if let Some(earlier) = fields.iter_mut().find(|p| p.field.name == name) {
                        let found = format!("`{name}` again");
                        self.rule(GrammarRule::DuplicateName, offset, "a name that is not taken", &found)?;
                        // DSPy keeps the place of the first and the type of the last.
                        earlier.field = field;
                    } else {
                        fields.push(Placed { field, offset });
                    }
                }
                Token::Punct("*" | "**") => {
                    self.rule(GrammarRule::StarredArguments, offset, "a field name", "`*`")?;
                    // DSPy reads the plain parameters only, and the first star ends them.
                    self.skip_rest(&mut lexer)?;
                    break;
                }
                Token::Punct("/") if !fields.is_empty() => {
                    self.rule(GrammarRule::PositionalOnly, offset, "a field name", "`/`")?;
                    fields.clear();
                }
                other => return Err(self.syntax(offset, "a field name", &other)),
            }
            let (offset, token) = self.next(&mut lexer)?;
            match token {
                Token::End => break,
                Token::Punct(",") => {}
                other => return Err(self.syntax(offset, "`,` or the end of the fields", &other)),
            }
        }
        if fields.is_empty() && direction == Direction::Output {
            self.rule(GrammarRule::NoOutputs, base + text.len(), "at least one output field", "none")?;
        }
        Ok(fields)
    }

    /// A field, and whether a default was written.
    fn parameter(
        &self,
        lexer: &mut Lexer<'_>,
        name: &str,
        offset: usize,
        direction: Direction,
    ) -> Result<(Field, bool), SignatureError> {
        if matches!(name, "None" | "True" | "False") {
            return Err(self.error(offset, "a field name", &format!("the constant `{name}`"), "SyntaxError"));
        }
        if lexer::is_keyword(name) {
            self.compat_rule(GrammarRule::KeywordName, offset, name, "SyntaxError")?;
        }
        let mut field = Field::new(name.to_owned(), direction, FieldType::Str);
        field.type_undefined = direction == Direction::Input;
        if lexer.take(":") {
            let start = lexer.offset();
            let ty = self.annotation(lexer)?;
            let written = self.text[start..lexer.offset()].trim_matches([' ', '\t', '\n', '\r', '(', ')']);
            let ty = if ty == FieldType::None && self.compat && written == "None" {
                FieldType::Str
            } else {
                field.type_undefined = false;
                ty
            };
            field.ty = ty;
        }
        let has_default = lexer.take("=");
        if has_default && self.compat {
            self.skip_default(lexer)?;
        } else if has_default {
            let start = lexer.peek().map_or(lexer.offset(), |(at, _)| at);
            let default = self.constant(lexer)?;
            if !field.type_undefined && !default.is_none() {
                field.ty.check(&default).map_err(|e| {
                    let expected = format!("a default of type {} for `{name}`", e.expected);
                    self.error(start, &expected, &e.found, "ValueError")
                })?;
            }
            field.default = Some(default);
        }
        Ok((field, has_default))
    }

    /// Passes over a default of any form, which DSPy does not look at.
    fn skip_default(&self, lexer: &mut Lexer<'_>) -> Result<(), SignatureError> {
        let mut depth = 0_usize;
        let (offset, first) = self.next(lexer)?;
        let mut token = first;
        if matches!(token, Token::End | Token::Punct("," | "=" | ":" | "]" | ")")) {
            return Err(self.syntax(offset, "a default", &token));
        }
        loop {
            match token {
                Token::Punct("(" | "[") => depth += 1,
                Token::Punct(")" | "]") => depth = depth.saturating_sub(1),
                _ => {}
            }
            let next = lexer.peek();
            if matches!(next, Ok((_, Token::End)))
                || (depth == 0 && matches!(next, Ok((_, Token::Punct(",")))))
            {
                return Ok(());
            }
            token = self.next(lexer)?.1;
        }
    }

    fn check_names(&self, inputs: &[Placed], outputs: &[Placed]) -> Result<(), SignatureError> {
        let all = || inputs.iter().chain(outputs);
        for placed in all() {
            let name = placed.field.name.as_str();
            let class = match name {
                _ if RESERVED.contains(&name) => "TypeError",
                _ if name.starts_with('_') => "PydanticUserError",
                _ if name.starts_with("model_dump") || name.starts_with("model_validate") => "ValueError",
                _ => continue,
            };
            self.compat_rule(GrammarRule::ReservedName, placed.offset, name, class)?;
        }
        if let Some(p) = outputs.iter().find(|o| inputs.iter().any(|i| i.field.name == o.field.name)) {
            let mut e = self.error(
                p.offset,
                "a name that no input has",
                &format!("`{}` among the inputs too", p.field.name),
                "ValueError",
            );
            e.hint = Some("rename one of the two".into());
            return Err(e);
        }
        Ok(())
    }

    fn skip_rest(&self, lexer: &mut Lexer<'_>) -> Result<(), SignatureError> {
        while !matches!(self.next(lexer)?.1, Token::End) {}
        Ok(())
    }

    fn next<'t>(&self, lexer: &mut Lexer<'t>) -> Result<(usize, Token<'t>), SignatureError> {
        lexer.next().map_err(|(offset, found)| {
            self.error(offset, "a name, a type or punctuation", &found, "SyntaxError")
        })
    }

    /// Refuses by a rule, unless the caller wants DSPy's reading.
    fn rule(
        &self,
        rule: GrammarRule,
        offset: usize,
        expected: &str,
        found: &str,
    ) -> Result<(), SignatureError> {
        if self.compat {
            return Ok(());
        }
        let mut e = self.error(offset, expected, found, "ValueError");
        e.rule = Some(rule);
        Err(e)
    }

    /// Refuses by a rule only where the caller wants DSPy's reading.
    fn compat_rule(
        &self,
        rule: GrammarRule,
        offset: usize,
        name: &str,
        class: &'static str,
    ) -> Result<(), SignatureError> {
        if !self.compat {
            return Ok(());
        }
        let mut e = self.error(offset, "a name that DSPy can have", &format!("`{name}`"), class);
        e.rule = Some(rule);
        Err(e)
    }

    fn syntax(&self, offset: usize, expected: &str, found: &Token<'_>) -> SignatureError {
        self.error(offset, expected, &found.to_string(), "SyntaxError")
    }

    fn error(&self, offset: usize, expected: &str, found: &str, class: &'static str) -> SignatureError {
        SignatureError {
            offset,
            expected: expected.to_owned(),
            found: found.to_owned(),
            hint: None,
            class,
            rule: None,
            source_text: self.text.to_owned(),
        }
    }

    /// A constant: text, a number, a truth value or `None`.
    fn constant(&self, lexer: &mut Lexer<'_>) -> Result<Value, SignatureError> {
        let (offset, token) = self.next(lexer)?;
        let value = match token {
            Token::Text(mut text) => {
                // Neighbouring texts are one text.
                while let Some(more) = lexer.take_text() {
                    text.push_str(&more);
                }
                Value::Str(text)
            }
            Token::Bytes(bytes) => Value::Bytes(bytes),
            Token::Number(value) => value,
            Token::Name("True") => Value::Bool(true),
            Token::Name("False") => Value::Bool(false),
            Token::Name("None") => Value::None,
            Token::Punct("-") => match self.next(lexer)?.1 {
                Token::Number(number) => {
                    if self.compat {
                        let mut e = self.error(offset, "a constant that DSPy reads", "`-`", "ValueError");
                        e.rule = Some(GrammarRule::NegativeLiteral);
                        return Err(e);
                    }
                    negate(&number)
                }
                _ => return Err(self.error(offset, "a constant", "`-`", "ValueError")),
            },
            other => {
                return Err(self.error(
                    offset,
                    "a constant such as 'yes' or 3",
                    &other.to_string(),
                    "ValueError",
                ));
            }
        };
        Ok(value)
    }
}

fn negate(number: &Value) -> Value {
    match number {
        Value::Float(f) => Value::Float(-f),
        other => match format!("-{}", other.to_text().unwrap_or_default()).parse() {
            Ok(i) => Value::Int(i),
            Err(_) => Value::from(0),
        },
    }
}

#[cfg(test)]
mod tests;
