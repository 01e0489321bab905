//! Lists out of what is no list, and single values out of lists of one.

use dspex_core::{FieldType, Note, ParseRule, Value};

use super::Mismatch;
use super::lists;
use super::walk::{Exactness, Walk};
use crate::parse::scan::split_lines;

/// Whether a type is a list of some kind, also where it may be missing.
fn is_list(ty: &FieldType) -> bool {
    match ty {
        FieldType::List(_) | FieldType::Set(_) | FieldType::FrozenSet(_) | FieldType::Tuple(_) => true,
        FieldType::Union(u) => u.options.iter().all(|o| is_list(o) || *o == FieldType::None),
        _ => false,
    }
}

/// Whether a text for a list is one of lines with bullets or numbers.
pub(super) fn is_listed(text: &str, ty: &FieldType) -> bool {
    is_list(ty) && lists::bulleted(text).is_some()
}

impl Walk<'_, '_> {
    /// The value in another form that the type takes, if a rule gives it one.
    pub(super) fn reshaped(&mut self, value: &Value, ty: &FieldType) -> Option<Result<Value, Mismatch>> {
        if self.cx.policy.is_compat() {
            return None;
        }
        match (is_list(ty) && !matches!(ty, FieldType::Union(_)), value) {
            (true, Value::List(_) | Value::Tuple(_) | Value::Set(_) | Value::FrozenSet(_)) => None,
            (true, Value::Str(text)) => self.text_items(text, ty),
            (true, value) if !value.is_none() => self.lone_item(value, ty),
            (false, Value::List(items)) if is_single(ty) && items.len() == 1 => {
                self.guess()?;
                self.note_item("the only item of a list", value, &items[0]);
                Some(self.validate(&items[0], ty))
            }
            _ => None,
        }
    }

    fn text_items(&mut self, text: &str, ty: &FieldType) -> Option<Result<Value, Mismatch>> {
        let all = |rule, items: Vec<&str>| (rule, items.into_iter().map(Value::from).collect::<Vec<_>>());
        let found = lists::bulleted(text)
            .map(|items| all(ParseRule::BulletedList, items))
            .filter(|(rule, _)| self.cx.applies(*rule))
            .or_else(|| {
                let items = lists::between_commas(text)?;
                Some(all(ParseRule::CommaList, items)).filter(|(rule, _)| self.cx.applies(*rule))
            })
            .or_else(|| {
                let lines: Vec<&str> = split_lines(text).map(str::trim).filter(|l| !l.is_empty()).collect();
                (lines.len() > 1 && self.cx.guesses(ParseRule::BulletedList))
                    .then(|| all(ParseRule::BulletedList, lines))
            });
        let Some((rule, items)) = found else {
            let text = text.trim();
            // The words for nothing are no items, nor is a list that was not taken as one.
            let nothing = matches!(text.to_lowercase().as_str(), "" | "null" | "none" | "n/a");
            return if nothing || text.starts_with(['[', '{']) {
                None
            } else {
                self.lone_item(&Value::from(text), ty)
            };
        };
        let items = Value::List(items);
        self.cx.note_read(rule, text, &items.to_text().unwrap_or_default());
        self.floor(Exactness::Mended);
        Some(self.validate(&items, ty))
    }

    fn lone_item(&mut self, value: &Value, ty: &FieldType) -> Option<Result<Value, Mismatch>> {
        if matches!(ty, FieldType::Tuple(_)) {
            return None;
        }
        self.guess()?;
        let list = Value::List(vec![value.clone()]);
        self.note_item("a list of one item", value, &list);
        Some(self.validate(&list, ty))
    }

    /// Goes on only where the likely reading is wanted.
    fn guess(&mut self) -> Option<()> {
        let guesses = self.cx.guesses(ParseRule::LoneItem);
        if guesses {
            self.floor(Exactness::Mended);
        }
        guesses.then_some(())
    }

    fn note_item(&mut self, what: &str, from: &Value, to: &Value) {
        let show = |v: &Value| v.to_text().unwrap_or_default();
        let note = Note::new(ParseRule::LoneItem, Some(self.cx.field), format!("took {what}"));
        self.cx.notes.push(note.change(&show(from), &show(to)));
    }
}

/// Whether a type has one value and no items.
fn is_single(ty: &FieldType) -> bool {
    matches!(
        ty,
        FieldType::Str
            | FieldType::Int
            | FieldType::Float
            | FieldType::Bool
            | FieldType::Decimal
            | FieldType::Literal(_)
            | FieldType::Enum(_)
            | FieldType::Date
            | FieldType::DateTime
            | FieldType::Uuid
    )
}
