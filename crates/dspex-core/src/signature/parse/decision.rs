//! Decisions in annotations: `Noul`, `Choice['x', 'y']`, `Score['poor', 'great']`, and pairs of an option and what it
//! means, as in `Choice[('x', 'what x is'), ('y', '')]`.

use serde_json::Value as Json;

use super::lexer::{Lexer, Token};
use super::{GrammarRule, Reader, SignatureError};
use crate::types::{DecisionType, FieldType, Special};
use crate::value::Value;

/// What stands in the brackets.
enum Entry {
    Bare(Value),
    Pair(Value, Value),
}

impl Reader<'_> {
    /// The decision of a name, with its brackets; none where the name is another. DSPy has them in
    /// `dspy.experimental` alone.
    pub(super) fn decision(
        &self,
        lexer: &mut Lexer<'_>,
        full: &str,
        offset: usize,
    ) -> Result<Option<FieldType>, SignatureError> {
        let short = || full.strip_prefix("dspy.").unwrap_or(full);
        let name = match full.strip_prefix("dspy.experimental.") {
            Some(name) => name,
            None if self.compat => return Ok(None),
            None => short(),
        };
        if !matches!(name, "Noul" | "Choice" | "Score") {
            return Ok(None);
        }
        let options = if lexer.take("[") { self.options(lexer)? } else { Vec::new() };
        let decision = match name {
            "Noul" if options.is_empty() => Ok(DecisionType::noul()),
            "Noul" => DecisionType::noul_with(self.verdicts(options, offset)?),
            "Score" => DecisionType::score(self.levels(options, offset)?),
            _ => DecisionType::choice(self.pairs(options, offset)?),
        };
        let decision = decision.map_err(|e| self.error(offset, &e.expected, &e.found, "ValueError"))?;
        Ok(Some(FieldType::Special(Special::Decision(decision))))
    }

    /// What stands in the brackets, up to their end.
    fn options(&self, lexer: &mut Lexer<'_>) -> Result<Vec<Entry>, SignatureError> {
        let mut options = Vec::new();
        loop {
            if lexer.take("(") {
                let value = self.constant(lexer)?;
                self.expect(lexer, ",")?;
                let description = self.constant(lexer)?;
                lexer.take(",");
                self.close(lexer, ")")?;
                options.push(Entry::Pair(value, description));
            } else {
                options.push(Entry::Bare(self.constant(lexer)?));
            }
            if !lexer.take(",") || matches!(lexer.peek(), Ok((_, Token::Punct("]")))) {
                break;
            }
        }
        self.close(lexer, "]")?;
        Ok(options)
    }

    fn expect(&self, lexer: &mut Lexer<'_>, what: &'static str) -> Result<(), SignatureError> {
        if lexer.take(what) {
            return Ok(());
        }
        let (offset, token) = self.next(lexer)?;
        Err(self.syntax(offset, &format!("`{what}`"), &token))
    }

    /// Options with what they mean. Two bare ones are one pair to Python, of which DSPy sees no more than the pair.
    fn pairs(&self, options: Vec<Entry>, offset: usize) -> Result<Vec<(Value, Json)>, SignatureError> {
        let wrong = |found: &str| {
            let expected = "pairs of an option and what it means";
            let mut e = self.error(offset, expected, found, "ValueError");
            e.rule = Some(GrammarRule::BareOptions);
            e
        };
        if self.compat && options.iter().any(|o| matches!(o, Entry::Bare(_))) {
            let [Entry::Bare(value), Entry::Bare(means)] = options.as_slice() else {
                return Err(wrong("bare options"));
            };
            return Ok(vec![(value.clone(), self.description(means, offset)?)]);
        }
        let pair = |option| match option {
            Entry::Bare(value) => Ok((value, Json::from(""))),
            Entry::Pair(value, means) => Ok((value, self.description(&means, offset)?)),
        };
        options.into_iter().map(pair).collect()
    }

    fn verdicts(&self, options: Vec<Entry>, offset: usize) -> Result<Vec<(bool, Json)>, SignatureError> {
        let wrong = |found: &str| {
            let expected = "pairs of True or False and what it means";
            self.error(offset, expected, found, "ValueError")
        };
        let verdict = |value: &Value, means: &Value| match value {
            Value::Bool(b) => Ok((*b, self.description(means, offset)?)),
            other => Err(wrong(&crate::error::shorten(other))),
        };
        // One pair needs no brackets of its own in Python.
        if let [Entry::Bare(value), Entry::Bare(means)] = options.as_slice() {
            return Ok(vec![verdict(value, means)?]);
        }
        let each = |option| match option {
            Entry::Pair(value, means) => verdict(&value, &means),
            Entry::Bare(value) => Err(wrong(&crate::error::shorten(&value))),
        };
        options.into_iter().map(each).collect()
    }

    fn levels(&self, options: Vec<Entry>, offset: usize) -> Result<Vec<Json>, SignatureError> {
        let level = |option| match option {
            Entry::Bare(means) => self.description(&means, offset),
            Entry::Pair(..) => {
                Err(self.error(offset, "what each level means, as text", "a pair", "ValueError"))
            }
        };
        options.into_iter().map(level).collect()
    }

    fn description(&self, value: &Value, offset: usize) -> Result<Json, SignatureError> {
        match value {
            Value::Str(text) => Ok(Json::from(text.as_str())),
            Value::None => Ok(Json::Null),
            other => {
                let found = crate::error::shorten(other);
                Err(self.error(offset, "a description that is text or None", &found, "ValueError"))
            }
        }
    }
}
