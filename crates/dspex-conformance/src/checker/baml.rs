//! What the BAML form has of its own: sections of the system message that show the types of the outputs.

use serde_json::Value as Json;

use crate::outcome::{Outcome, member};

/// The start of the section of an output.
pub(super) fn place(name: &str) -> String {
    format!("[[ ## {name} ## ]]\n")
}

/// Checks the section of an output: behind a sentence of any wording, or none, the type as DSPy writes it.
pub(super) fn output(field: &Json, want: &str, got: &str) -> Outcome {
    let (_, want) = want.split_once(": ").ok_or("the corpus' message shows no type")?;
    let own = member(field, "type")?["kind"] == "dspy";
    let bare = if own { without_docs(want) } else { want };
    let documented = bare != want;
    let (want, got) = (plain(bare), plain(got));
    match got.strip_suffix(&want) {
        Some("") => Ok(()),
        // A line of documentation right before the type would belong to it.
        Some(before) if before.ends_with(' ') && !before.contains('#') => Ok(()),
        Some(before) if before.ends_with('\n') && documented => Ok(()),
        _ => Err(format!("expected the type {want:?}, found {got:?}")),
    }
}

/// A type without what DSPy's documentation says of its own classes: those are sentences, and ours to write or not.
fn without_docs(shown: &str) -> &str {
    shown.find("{\n").filter(|_| shown.starts_with('#')).map_or(shown, |at| &shown[at..])
}

/// A type whose structs open where they stand, as DSPy's do not always, and say the same where they are empty.
fn plain(shown: &str) -> String {
    let lines: Vec<&str> = shown.split('\n').collect();
    let mut out: Vec<String> = Vec::with_capacity(lines.len());
    for (i, line) in lines.iter().enumerate() {
        let is_alone =
            |before: &str, after: &str| before.ends_with('{') && after.trim_start().starts_with('}');
        let neighbours = i.checked_sub(1).and_then(|b| lines.get(b)).zip(lines.get(i + 1));
        if line.trim_start().starts_with('#') && neighbours.is_some_and(|(b, a)| is_alone(b, a)) {
            out.push(format!("{}#", &line[..line.len() - line.trim_start().len()]));
            continue;
        }
        match line.strip_suffix('{') {
            Some(before) if !before.trim().is_empty() && before.ends_with(' ') => {
                out.push(format!("{} {{", before.trim_end()));
            }
            _ => out.push((*line).to_owned()),
        }
    }
    out.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_type_behind_any_sentence_or_none() {
        let field = json!({"type": {"kind": "model"}});
        let want = "A sentence: # Doc.\n{\n  a:   {\n    # nothing\n  },\n}";
        for got in ["# Doc.\n{\n  a: {\n    # none\n  },\n}", "Of type # Doc.\n{\n  a:   {\n    # -\n  },\n}"]
        {
            assert_eq!(output(&field, want, got), Ok(()), "{got}");
        }
        for got in [
            "{\n  a: {\n    # none\n  },\n}",
            "# Doc.\n{\n  a: {\n  # none\n  },\n}",
            "# More.\n# Doc.\n{\n  a: {}\n}",
        ] {
            assert!(output(&field, want, got).is_err(), "{got}");
        }
        assert!(output(&field, "x: int", "print").is_err());
    }
}
