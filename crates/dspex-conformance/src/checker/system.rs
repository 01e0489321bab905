//! The system message: the lists of fields, the sections with their hints, and the instructions.

use dspex_core::Direction;
use serde_json::Value as Json;

use super::text::cut;
use super::{Expected, Form, baml, json, two_step, xml};
use crate::corpus::{Corpus, fields_json};
use crate::outcome::{Outcome, member, text};
use crate::types::annotated;

/// The name of the section that ends an answer.
const COMPLETED: &str = "completed";

pub(super) fn check<'a>(expected: &Expected<'a>, want: &str, got: &str) -> Outcome {
    if expected.form == Form::TwoStep {
        return two_step::system_message(expected, want, got);
    }
    let inputs = fields_json(expected.signature, Direction::Input)?;
    let outputs = fields_json(expected.signature, Direction::Output)?;
    let names = |fields: &[&'a Json]| -> Result<Vec<&'a str>, String> {
        fields.iter().map(|f| text(f, "name")).collect()
    };
    let (ins, outs) = (names(&inputs)?, names(&outputs)?);
    let wanted =
        Skeleton::find(expected.form, want, &ins, &outs).ok_or("the corpus' message shows no values")?;
    let found = Skeleton::find(expected.form, got, &ins, &outs).ok_or_else(|| {
        format!("expected the places of {}, {} in this order", ins.join(", "), outs.join(", "))
    })?;
    if cut(want).sections.len() != cut(got).sections.len() {
        return Err("expected no sections beside those of the fields, found more".into());
    }
    lists(&inputs, &outputs, wanted.before, found.before)?;
    for ((field, want), got) in inputs.iter().chain(&outputs).zip(&wanted.hints).zip(&found.hints) {
        let name = text(field, "name")?;
        let outcome = match crate::corpus::direction(field)? {
            Direction::Input => no_hint(got),
            Direction::Output if expected.form == Form::Baml => baml::output(field, want, got),
            // Tags inside tags are structure, which is DSPy's.
            Direction::Output if want.starts_with('<') && want == got => Ok(()),
            Direction::Output if want.starts_with('<') || got.starts_with('<') => {
                Err(format!("expected the structure {want:?}, found {got:?}"))
            }
            Direction::Output => hint(expected.corpus, member(field, "type")?, want, got),
        };
        outcome.map_err(|why| format!("section `{name}`: {why}"))?;
    }
    if expected.worded_instructions {
        return same_names(wanted.after, found.after);
    }
    instructions(wanted.after, found.after)
}

/// The same names in backticks in the same order.
fn same_names(want: &str, got: &str) -> Outcome {
    let (want, got) = (json::names(want), json::names(got));
    if want == got {
        return Ok(());
    }
    Err(format!("expected instructions of {}, found {}", want.join(", "), got.join(", ")))
}

/// The part of a system message that shows where values go.
struct Skeleton<'a> {
    /// What stands before it.
    before: &'a str,
    /// What stands behind the place of each value.
    hints: Vec<String>,
    /// What stands behind it.
    after: &'a str,
}

impl<'a> Skeleton<'a> {
    /// Finds all places in order.
    fn find(form: Form, text: &'a str, inputs: &[&str], outputs: &[&str]) -> Option<Self> {
        let names = inputs;
        let inputs: Vec<String> = inputs.iter().map(|name| place(Some(name))).collect();
        let sections = match form {
            Form::Chat => [inputs, outputs.iter().map(|name| place(Some(name))).collect()].concat(),
            Form::Baml => [inputs, outputs.iter().map(|name| baml::place(name)).collect()].concat(),
            Form::Json => inputs,
            Form::TwoStep => return None,
            Form::Xml => {
                let (start, end, hints) = xml::find_blocks(text, names, outputs)?;
                return Some(Self { before: &text[..start], hints, after: &text[end..] });
            }
        };
        if form == Form::Json && sections.is_empty() {
            let (start, end, hints) = json::find_object(text, 0, outputs)?;
            return Some(Self { before: &text[..start], hints, after: &text[end..] });
        }
        let first = sections.first().cloned().unwrap_or_else(|| place(None));
        // Descriptions may look like sections, so every start is tried.
        let starts = text.match_indices(&first).filter(|(at, _)| *at == 0 || text[..*at].ends_with('\n'));
        starts.map(|(at, _)| at).find_map(|at| match form {
            Form::Chat | Form::Baml => Self::sections(text, at, &sections),
            Form::Json | Form::Xml => Self::json(text, at, &sections, outputs),
            Form::TwoStep => None,
        })
    }

    /// Sections one right behind the other, and the one that ends an answer.
    fn sections(text: &'a str, start: usize, places: &[String]) -> Option<Self> {
        let closing = place(None);
        let mut hints = Vec::with_capacity(places.len());
        let mut at = start + places.first().unwrap_or(&closing).len();
        for i in 0..places.len() {
            let next = format!("\n\n{}", places.get(i + 1).unwrap_or(&closing));
            let end = at + text[at..].find(&next)?;
            hints.push(text[at..end].to_owned());
            at = end + next.len();
        }
        Some(Self { before: &text[..start], hints, after: &text[at..] })
    }

    /// Sections of the inputs one right behind the other, and somewhere behind them the object of the outputs.
    fn json(text: &'a str, start: usize, inputs: &[String], outputs: &[&str]) -> Option<Self> {
        let mut hints = Vec::with_capacity(inputs.len() + outputs.len());
        let mut at = start + inputs.first()?.len();
        for i in 0..inputs.len() {
            let next = inputs.get(i + 1).map_or_else(|| "\n\n".to_owned(), |n| format!("\n\n{n}"));
            let end = at + text[at..].find(&next)?;
            hints.push(text[at..end].to_owned());
            at = end + if i + 1 < inputs.len() { next.len() } else { 0 };
        }
        let (_, end, places) = json::find_object(text, at, outputs)?;
        hints.extend(places);
        Some(Self { before: &text[..start], hints, after: &text[end..] })
    }
}

/// A section as the system message shows it; the one that ends an answer has no place for a value.
fn place(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("[[ ## {name} ## ]]\n{{{name}}}"),
        None => format!("[[ ## {COMPLETED} ## ]]"),
    }
}

/// The numbered lists of inputs and outputs: name, type, description and rules of each field.
pub(super) fn lists(inputs: &[&Json], outputs: &[&Json], want: &str, got: &str) -> Outcome {
    let mut heads = Vec::new();
    for group in [inputs, outputs] {
        for (i, field) in group.iter().enumerate() {
            let (name, ty) = (text(field, "name")?, text(field, "annotation_name")?);
            heads.push((*field, format!("{}. `{name}` ({ty})", i + 1)));
        }
    }
    let count = |text: &str| text.lines().filter(|l| is_head(l)).count();
    if count(want) != count(got) {
        return Err(format!("expected {} described fields, found {}", count(want), count(got)));
    }
    // Where each field's entry starts and where its own text starts.
    let mut starts = Vec::new();
    let mut at = 0;
    for (_, head) in &heads {
        let line = if at == 0 && got.starts_with(head.as_str()) {
            0
        } else {
            at + got[at..].find(&format!("\n{head}")).ok_or_else(|| format!("expected the field {head}"))? + 1
        };
        at = line + head.len();
        starts.push((line, at));
    }
    for (i, (field, head)) in heads.iter().enumerate() {
        let entry = &got[starts[i].1..starts.get(i + 1).map_or(got.len(), |(next, _)| *next)];
        described(field, entry).map_err(|why| format!("field {head}: {why}"))?;
    }
    Ok(())
}

/// Whether a line opens the entry of a field.
fn is_head(line: &str) -> bool {
    line.split_once(". `").is_some_and(|(n, _)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

fn described(field: &Json, entry: &str) -> Outcome {
    let desc = field.get("desc").and_then(Json::as_str).unwrap_or_default();
    if field.get("desc_is_default").and_then(Json::as_bool).unwrap_or(false) {
        if entry.contains(desc) {
            return Err(format!("expected no description, found {desc:?}"));
        }
    } else if !entry.contains(desc.trim()) {
        return Err(format!("expected the description {desc:?}, found {entry:?}"));
    }
    for note in notes(member(field, "type")?) {
        if !entry.to_lowercase().contains(&note) {
            return Err(format!("expected a word about {note:?}, found {entry:?}"));
        }
    }
    let rules = field.get("constraints_text").and_then(Json::as_str).unwrap_or_default();
    if !entry.contains(rules) {
        return Err(format!("expected the rules {rules:?}, found {entry:?}"));
    }
    Ok(())
}

/// What the entry of a field must speak of where a type inside its own has words of its own: the language of code, and
/// that citations are of documents.
fn notes(ast: &Json) -> Vec<String> {
    match (ast["kind"].as_str(), ast["name"].as_str()) {
        (Some("dspy"), Some("Code")) => ast["language"].as_str().map(str::to_lowercase).into_iter().collect(),
        // DSPy writes of quotes and their source.
        (Some("dspy"), Some("Citations")) => vec!["quote".into()],
        // The fields of a struct are told by its schema.
        (Some("model" | "typeddict"), _) => Vec::new(),
        _ => match ast {
            Json::Object(map) => map.values().flat_map(notes).collect(),
            Json::Array(items) => items.iter().flat_map(notes).collect(),
            _ => Vec::new(),
        },
    }
}

fn no_hint(hint: &str) -> Outcome {
    if hint.trim().is_empty() {
        return Ok(());
    }
    Err(format!("expected no hint, found {hint:?}"))
}

/// Checks the hint beside the place of an output: what stands behind `{name}`.
pub(crate) fn hint(corpus: &Corpus, ast: &Json, want: &str, got: &str) -> Outcome {
    let needs = |parts: &[&str]| {
        for part in parts {
            if !has_words(got, part) {
                return Err(format!("expected a hint of {part:?}, found {got:?}"));
            }
        }
        Ok(())
    };
    match text(ast, "kind")? {
        "annotated" => hint(corpus, annotated(ast)?, want, got),
        "str" => no_hint(got),
        "dspy" if matches!(text(ast, "name")?, "Reasoning" | "Code") => no_hint(got),
        "bool" => needs(&["True", "False"]),
        kind @ ("int" | "float") => needs(&[kind]),
        "literal" => {
            let values =
                member(ast, "values")?.as_array().ok_or("malformed row: expected a list of values")?;
            let values = values.iter().map(|v| corpus.value(v)).collect::<Result<Vec<_>, _>>()?;
            needs(&[&choices(values.iter())?])
        }
        "enum" => {
            let members = corpus.members(text(ast, "ref")?)?;
            needs(&[&choices(members.iter().map(|(_, v)| v))?])
        }
        _ => {
            let schema = |hint: &str| hint.find('{').map(|at| hint[at..].trim_end().to_owned());
            let want = schema(want).ok_or("the corpus' message has no schema")?;
            match schema(got) {
                Some(got) if got == want || same_but_for_docs(&want, &got) => Ok(()),
                got => {
                    Err(format!("expected the schema {want}, found {}", got.unwrap_or_else(|| "none".into())))
                }
            }
        }
    }
}

/// Whether a schema is the wanted one without the documentation of DSPy's own classes.
fn same_but_for_docs(want: &str, got: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<Json>(text).ok();
    let (Some(want), Some(got)) = (read(want), read(got)) else { return false };
    let bare = without_dspy_docs(&want);
    // As text, so that the order of keys counts.
    let (bare_text, got_text) = (bare.to_string(), got.to_string());
    bare != want && bare_text == got_text
}

/// DSPy's classes that schemas may name.
const DSPY_CLASSES: [&str; 10] = [
    "Audio",
    "Citation",
    "Citations",
    "Code",
    "Document",
    "File",
    "History",
    "Image",
    "Reasoning",
    "ToolCalls",
];

/// A schema without what DSPy's documentation says of its own classes: those are sentences, and ours to write or not.
pub(crate) fn without_dspy_docs(schema: &Json) -> Json {
    match schema {
        Json::Array(items) => items.iter().map(without_dspy_docs).collect(),
        Json::Object(map) => {
            let title = map.get("title").and_then(Json::as_str).unwrap_or_default();
            let own = DSPY_CLASSES.contains(&title) || title.starts_with("Code_");
            let class = own && map.contains_key("properties");
            map.iter()
                .filter(|(key, _)| !(class && *key == "description"))
                .map(|(key, value)| (key.clone(), without_dspy_docs(value)))
                .collect()
        }
        other => other.clone(),
    }
}

/// The values of a choice as prompts list them.
fn choices<'a>(values: impl Iterator<Item = &'a dspex_core::Value>) -> Result<String, String> {
    let texts = values.map(|v| v.to_text().map_err(|e| e.to_string())).collect::<Result<Vec<_>, _>>()?;
    Ok(texts.join("; "))
}

/// Whether a text holds some words whole: no letter or digit goes on before or behind them.
fn has_words(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, _)| {
        !text[..at].ends_with(char::is_alphanumeric)
            && !text[at + words.len()..].starts_with(char::is_alphanumeric)
    })
}

/// The instructions, line by line at the end of the message, in whatever indentation.
fn instructions(want: &str, got: &str) -> Outcome {
    // The first line is the wording's own; DSPy indents each line of the instructions by one margin.
    let mut wanted: Vec<&str> = want.trim_start_matches('\n').split('\n').skip(1).collect();
    let margin = wanted.iter().filter(|l| !l.trim().is_empty()).map(|l| indent(l)).min().unwrap_or(0);
    for line in &mut wanted {
        *line = line.get(margin..).unwrap_or_default();
    }
    let found: Vec<&str> = got.split('\n').collect();
    let tail = found.len().checked_sub(wanted.len()).map(|at| &found[at..]).unwrap_or_default();
    let margin = tail.iter().filter(|l| !l.trim().is_empty()).map(|l| indent(l)).min().unwrap_or(0);
    for (i, want) in wanted.iter().enumerate() {
        let got = tail.get(i).map(|l| l.get(margin..).unwrap_or_default());
        if got != Some(*want) {
            return Err(format!(
                "expected the line of instructions {want:?}, found {:?}",
                got.unwrap_or("none")
            ));
        }
    }
    Ok(())
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}
