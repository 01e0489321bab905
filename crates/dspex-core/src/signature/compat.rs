//! What DSPy does to signatures where we do better: for reading its files and for the conformance corpus.

use super::{Direction, EditError, Field, Signature, SignatureState, edit};

/// Loads a state as DSPy does: fields and states are paired by position until one side ends, without a word about
/// the rest.
#[must_use]
pub fn load_state(signature: &Signature, state: &SignatureState) -> Signature {
    let mut states = state.fields.iter();
    signature.map_fields(&state.instructions, |field| match states.next() {
        Some(s) => field.with_prefix(s.prefix.clone()).with_description(s.description.clone()),
        None => field,
    })
}

/// Inserts a field as DSPy does: a name that is there already moves to the place where it stands first and keeps
/// the definition that stands last, even across inputs and outputs.
pub fn insert(signature: &Signature, index: isize, field: Field) -> Result<Signature, EditError> {
    let mut inputs = signature.inputs().to_vec();
    let mut outputs = signature.outputs().to_vec();
    let group = if field.direction == Direction::Input { &mut inputs } else { &mut outputs };
    let at = edit::place(index, group.len(), field.direction)?;
    group.insert(at, field);

    let mut merged: Vec<Field> = Vec::new();
    for field in inputs.into_iter().chain(outputs) {
        match merged.iter_mut().find(|f| f.name == field.name) {
            Some(slot) => *slot = field,
            None => merged.push(field),
        }
    }
    let (inputs, outputs) = merged.into_iter().partition(|f| f.direction == Direction::Input);
    Signature::from_parts(
        signature.name().to_owned(),
        Some(signature.instructions().to_owned()),
        inputs,
        outputs,
    )
}

/// Instructions as DSPy gives them back: without the indentation of their source, as Python's `inspect.cleandoc`
/// does it. The first line loses all space before it, the others what they have in common, and empty lines at both
/// ends go.
#[must_use]
pub fn clean(text: &str) -> String {
    let mut lines: Vec<String> = text.split('\n').map(expand_tabs).collect();
    let indent = |line: &String| line.chars().count() - line.trim_start().chars().count();
    let margin = lines.iter().skip(1).filter(|l| !l.trim().is_empty()).map(indent).min().unwrap_or(0);
    for (i, line) in lines.iter_mut().enumerate() {
        *line = if i == 0 { line.trim_start().to_owned() } else { line.chars().skip(margin).collect() };
    }
    let end = lines.iter().rposition(|l| !l.is_empty()).map_or(0, |last| last + 1);
    let start = lines.iter().take(end).position(|l| !l.is_empty()).unwrap_or(0);
    lines[start..end].join("\n")
}

/// Tabs as spaces up to the next eighth column.
fn expand_tabs(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut column = 0;
    for c in line.chars() {
        let width = if c == '\t' { 8 - column % 8 } else { 1 };
        out.extend(std::iter::repeat_n(if c == '\t' { ' ' } else { c }, width));
        column += width;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn instructions_lose_the_indentation_of_their_source() {
        let table = [
            ("  padded  ", "padded  "),
            ("Do it.\n\n", "Do it."),
            ("  a\n    b\n  c", "a\n  b\nc"),
            ("\n    a\n\n      b\n    ", "a\n\n  b"),
            ("a\n\tb", "a\nb"),
            ("", ""),
            ("\n\n", ""),
        ];
        for (text, cleaned) in table {
            assert_eq!(clean(text), cleaned, "{text:?}");
        }
    }
}
