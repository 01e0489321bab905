//! The table of results for people: the first examples of the set, a line each.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use comfy_table::{Table, presets};
use dspex_core::{Example, Record, Signature, Value};
use dspex_evaluate::ExampleResult;

/// Most characters of all inputs of an example together, and of a value that is scored.
const INPUTS: usize = 60;
const VALUE: usize = 30;

/// The results with the lowest places, as they come.
pub(super) struct Results {
    most: usize,
    field: String,
    inputs: Vec<String>,
    lines: BTreeMap<usize, Vec<String>>,
}

impl Results {
    pub(super) fn new(most: usize, signature: &Signature, field: &str) -> Self {
        let inputs = signature.inputs().iter().map(|f| f.name.clone()).collect();
        Self { most, field: field.to_owned(), inputs, lines: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, example: &Example, result: &ExampleResult<Record>) {
        if self.lines.len() >= self.most && self.lines.last_key_value().is_none_or(|(i, _)| *i < result.index)
        {
            return;
        }
        let each = INPUTS / self.inputs.len().max(1);
        let mut cells = vec![result.index.to_string()];
        cells.extend(self.inputs.iter().map(|name| shown(example.record().get(name), each)));
        cells.push(shown(result.prediction.as_ref().and_then(|p| p.get(&self.field)), VALUE));
        cells.push(shown(example.record().get(&self.field), VALUE));
        cells.push(match (result.outcome.score(), result.outcome.error()) {
            (Some(score), _) => format!("{score:.3}"),
            (None, Some(e)) => format!("{}: {}", result.outcome.name(), e.code()),
            (None, None) => result.outcome.name().to_owned(),
        });
        self.lines.insert(result.index, cells);
        while self.lines.len() > self.most {
            self.lines.pop_last();
        }
    }

    /// The table, with a last line about those that it leaves out.
    pub(super) fn render(&self, total: usize) -> String {
        let mut table = Table::new();
        table.load_preset(presets::ASCII_MARKDOWN);
        let mut header = vec!["#".to_owned()];
        header.extend(self.inputs.iter().cloned());
        header.extend([format!("{} predicted", self.field), format!("{} label", self.field), "score".into()]);
        table.set_header(header);
        table.add_rows(self.lines.values());
        let mut text = table.to_string();
        if total > self.lines.len() {
            let _ = write!(text, "\n({} of {total} examples; --table N shows more)", self.lines.len());
        }
        text
    }
}

/// A value on one line, shortened.
fn shown(value: Option<&Value>, most: usize) -> String {
    let Some(value) = value else { return String::new() };
    let text = match value {
        Value::Str(text) => text.clone(),
        other => other.to_repr().unwrap_or_else(|_| format!("<{}>", other.kind())),
    };
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    // What moves the cursor or changes colours is data here.
    let line: String = line.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if line.chars().count() <= most {
        return line;
    }
    line.chars().take(most.saturating_sub(3)).chain("...".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_shortened_and_stay_on_one_line() {
        assert_eq!(shown(Some(&"a\n b".into()), 10), "a b");
        assert_eq!(shown(Some(&"äöüäöüäöüäöü".into()), 10), "äöüäöüä...");
        assert_eq!(shown(Some(&Value::None), 10), "None");
        assert_eq!(shown(None, 10), "");
        assert_eq!(shown(Some(&"a\u{1b}[31mb".into()), 10), "a\u{fffd}[31mb");
    }
}
