//! A reply that is being changed: its parts, and chance.

use std::cell::RefCell;

use dspex_core::Random;

/// What a mutation has to work with.
pub(super) struct Reply<'a> {
    pub(super) text: &'a str,
    pub(super) names: &'a [String],
    /// Behind a cell, so that a change can take a number while it builds a text.
    pub(super) random: RefCell<&'a mut Random>,
}

impl Reply<'_> {
    pub(super) fn below(&self, n: usize) -> usize {
        self.random.borrow_mut().below(n)
    }

    pub(super) fn one_of(&self, words: &[&'static str]) -> &'static str {
        words.get(self.below(words.len())).copied().unwrap_or_default()
    }

    /// The name of a field.
    pub(super) fn name(&self) -> Option<&str> {
        self.names.get(self.below(self.names.len())).map(String::as_str)
    }

    pub(super) fn each_marker(&self, spell: impl Fn(&str) -> String) -> String {
        let names = self.names.iter().map(String::as_str).chain(["completed"]);
        names.fold(self.text.to_owned(), |text, name| {
            text.replace(&format!("[[ ## {name} ## ]]"), &spell(name))
        })
    }

    pub(super) fn each_key(&self, spell: impl Fn(&str) -> String) -> String {
        let key = |name: &str| format!("\n  \"{name}\":");
        self.names
            .iter()
            .fold(self.text.to_owned(), |text, name| text.replace(&key(name), &key(&spell(name))))
    }

    /// Changes the value of every section.
    pub(super) fn each_value(&self, change: impl Fn(&str) -> String) -> Option<String> {
        let mut out = String::new();
        let mut parts = self.text.split("[[ ## ");
        out.push_str(parts.next()?);
        for part in parts {
            let (name, value) = part.split_once(" ## ]]\n")?;
            let value =
                if name == "completed" { value.to_owned() } else { change(value.trim_end()) + "\n\n" };
            out += &["[[ ## ", name, " ## ]]\n", &value].concat();
        }
        Some(out)
    }
}

pub(super) fn capital(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// JSON as Python would spell it, nearly.
pub(super) fn python(json: &str) -> String {
    let words = [("null", "None"), ("true", "True"), ("false", "False"), ("\"", "'")];
    words.iter().fold(json.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// A comma before each bracket that ends a line, and before the last one.
pub(super) fn trailing_comma(json: &str) -> String {
    let lines = json.replace("\n}", ",\n}");
    if lines != json {
        return lines;
    }
    match json.trim_end().strip_suffix(['}', ']']) {
        Some(body) if body.len() > 1 => format!("{body},{}", &json.trim_end()[body.len()..]),
        _ => json.to_owned(),
    }
}
