//! Checks messages against DSPy's by structure and values, not by sentences.
//!
//! The checker shares no code with the renderer: what a prompt must show is cut out of the corpus' own messages or
//! taken from its description of the signature. The sentences between those parts may be of any wording.

mod baml;
mod json;
mod system;
mod text;
mod two_step;
mod xml;

use dspex_core::Direction;
use serde_json::Value as Json;

use crate::corpus::{Corpus, fields_json};
use crate::outcome::{Outcome, text as member_text};

pub(crate) use system::{hint, without_dspy_docs};
use text::{Sections, cut, last_paragraph, markers};

/// The form of an adapter's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Every value in a section under a marker.
    Chat,
    /// Inputs in sections, outputs as a JSON object.
    Json,
    /// The first of two steps: values beside their names, and no form for the answer.
    TwoStep,
    /// Every value between tags.
    Xml,
    /// The same, with the types of the outputs in sections.
    Baml,
}

/// What messages must show.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// For the enumerations that the signature refers to.
    pub corpus: &'a Corpus,
    /// The form.
    pub form: Form,
    /// The signature as the corpus describes it.
    pub signature: &'a Json,
    /// The demonstrations of the case.
    pub demos: &'a [Json],
    /// DSPy's messages.
    pub messages: &'a [Json],
    /// Whether the instructions are a sentence of the wording's, which only has to name the same outputs.
    pub worded_instructions: bool,
}

/// Checks messages. `missing_output` is what our wording puts where a demonstration lacks an output; without it, the
/// text must be DSPy's.
pub fn check(expected: &Expected<'_>, found: &[Json], missing_output: Option<&str>) -> Outcome {
    let roles = |messages: &[Json]| -> Vec<String> {
        messages.iter().map(|m| m["role"].as_str().unwrap_or("no role").to_owned()).collect()
    };
    let (wanted, got) = (roles(expected.messages), roles(found));
    if wanted != got {
        return Err(format!("expected turns of {}, found {}", wanted.join(", "), got.join(", ")));
    }
    let reminders = Reminders::of(expected.form, expected.messages, found)?;
    let lacking = lacking_outputs(expected)?;
    let mut assistants = 0;
    for (i, (want, got)) in expected.messages.iter().zip(found).enumerate() {
        let place = |why: String| format!("message {i} ({}): {why}", wanted[i]);
        other_members(want, got).map_err(place)?;
        match wanted[i].as_str() {
            "system" => system::check(expected, &whole_text(want)?, &whole_text(got)?).map_err(place)?,
            "user" if expected.form == Form::TwoStep => {
                two_step::user(expected, want, got).map_err(place)?;
            }
            "user" => user(expected, &reminders, want, got).map_err(place)?,
            "assistant" => {
                // The first turns of the model are those of the demonstrations.
                let lacking: &[String] = lacking.get(assistants).map_or(&[], Vec::as_slice);
                assistants += 1;
                match expected.form {
                    Form::Chat => assistant(want, got, lacking, missing_output),
                    Form::Json | Form::Baml => json::assistant(want, got, lacking, missing_output),
                    Form::TwoStep => same_bytes("content", &want["content"], &got["content"]),
                    Form::Xml => xml::assistant(expected, want, got, lacking, missing_output),
                }
                .map_err(place)?;
            }
            _ => same_bytes("content", &want["content"], &got["content"]).map_err(place)?,
        }
    }
    Ok(())
}

/// Members beside role and content, such as tool calls.
fn other_members(want: &Json, got: &Json) -> Outcome {
    let others = |message: &Json| -> Json {
        let all = message.as_object().into_iter().flatten();
        all.filter(|(k, _)| !matches!(k.as_str(), "role" | "content"))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect()
    };
    same_bytes("members beside the content", &others(want), &others(got))
}

fn same_bytes(what: &str, want: &Json, got: &Json) -> Outcome {
    if want == got {
        return Ok(());
    }
    Err(format!("expected {what} {want}, found {got}"))
}

fn whole_text(message: &Json) -> Result<String, String> {
    message["content"].as_str().map(str::to_owned).ok_or_else(|| "expected text, found parts".to_owned())
}

/// The paragraphs that end users' turns and ask for the outputs: DSPy's and ours.
struct Reminders {
    wanted: String,
    found: String,
}

impl Reminders {
    /// Cuts them from the last turns and checks that ours asks for the same outputs.
    fn of(form: Form, wanted: &[Json], found: &[Json]) -> Result<Self, String> {
        let last = |messages: &[Json]| -> String {
            messages.last().map(|m| last_paragraph(&last_text(m)).to_owned()).unwrap_or_default()
        };
        let reminders = Self { wanted: last(wanted), found: last(found) };
        let names = match form {
            Form::Chat => markers,
            Form::Json | Form::Baml => json::names,
            Form::TwoStep => return Ok(Self { wanted: String::new(), found: String::new() }),
            Form::Xml => xml::names,
        };
        let (want, got) = (names(&reminders.wanted), names(&reminders.found));
        if want != got {
            return Err(format!(
                "expected a reminder of the outputs {}, found {}",
                want.join(", "),
                got.join(", ")
            ));
        }
        Ok(reminders)
    }
}

/// The last text of a message, where its reminder stands if it has one.
fn last_text(message: &Json) -> String {
    match &message["content"] {
        Json::String(text) => text.clone(),
        Json::Array(parts) => {
            parts.last().and_then(|p| p["text"].as_str()).map(str::to_owned).unwrap_or_default()
        }
        _ => String::new(),
    }
}

/// The parts of a message; text alone is one part.
fn parts(message: &Json) -> Vec<Json> {
    match &message["content"] {
        Json::Array(parts) => parts.clone(),
        Json::String(text) => vec![serde_json::json!({"type": "text", "text": text})],
        _ => Vec::new(),
    }
}

fn user(expected: &Expected<'_>, reminders: &Reminders, want: &Json, got: &Json) -> Outcome {
    let inputs = match expected.form {
        Form::Xml => names(expected, Direction::Input)?,
        Form::Chat | Form::Json | Form::Baml | Form::TwoStep => Vec::new(),
    };
    let cut = |text| if expected.form == Form::Xml { xml::cut(text, &inputs) } else { cut(text) };
    let (wanted, found) = (parts(want), parts(got));
    if wanted.len() != found.len() {
        return Err(format!("expected {} parts, found {}", wanted.len(), found.len()));
    }
    let last = wanted.len().saturating_sub(1);
    for (i, (want, got)) in wanted.iter().zip(&found).enumerate() {
        let (Some(want_text), Some(got_text)) = (want["text"].as_str(), got["text"].as_str()) else {
            same_bytes("part", want, got)?;
            continue;
        };
        let (mut want_text, mut got_text) = (want_text, got_text);
        if i == last {
            let reminded = (
                text::before_paragraph(want_text, &reminders.wanted),
                text::before_paragraph(got_text, &reminders.found),
            );
            match reminded {
                (Some(want), Some(got)) => (want_text, got_text) = (want, got),
                (None, None) => {}
                (Some(_), None) => {
                    return Err("expected a reminder of the outputs at the end, found none".into());
                }
                (None, Some(_)) => return Err("expected no reminder of the outputs, found one".into()),
            }
        }
        let (want, got) = (cut(want_text), cut(got_text));
        // Before the first section of a turn stands at most a sentence of the wording's.
        let preamble = i == 0 && !want.sections.is_empty();
        match (want.before.is_empty(), got.before.is_empty()) {
            (true, false) if preamble => {
                return Err("expected no text before the sections, found some".into());
            }
            (false, true) if preamble => return Err("expected a text before the sections, found none".into()),
            _ if preamble => {}
            _ if want.before != got.before => {
                return Err(format!("expected the text {:?}, found {:?}", want.before, got.before));
            }
            _ => {}
        }
        same_sections(&want, &got, |_, want, got| want == got)?;
    }
    Ok(())
}

fn assistant(want: &Json, got: &Json, lacking: &[String], missing_output: Option<&str>) -> Outcome {
    let (Some(want_text), Some(got_text)) = (want["content"].as_str(), got["content"].as_str()) else {
        return same_bytes("content", &want["content"], &got["content"]);
    };
    let (want, got) = (cut(want_text), cut(got_text));
    if want.before != got.before {
        return Err(format!("expected the text {:?} first, found {:?}", want.before, got.before));
    }
    same_sections(&want, &got, |name, want, got| match missing_output {
        Some(missing) if lacking.iter().any(|l| l == name) => {
            got.strip_prefix('\n') == Some(&format!("{missing}\n\n"))
        }
        _ => want == got,
    })
}

/// The same sections in the same order with the same bodies.
fn same_sections(
    want: &Sections<'_>,
    got: &Sections<'_>,
    same: impl Fn(&str, &str, &str) -> bool,
) -> Outcome {
    let names = |s: &Sections<'_>| s.sections.iter().map(|(n, _)| (*n).to_owned()).collect::<Vec<_>>();
    let (wanted, found) = (names(want), names(got));
    if wanted != found {
        return Err(format!("expected the sections {}, found {}", wanted.join(", "), found.join(", ")));
    }
    for ((name, want), (_, got)) in want.sections.iter().zip(&got.sections) {
        if !same(name, want, got) {
            return Err(format!("section `{name}`: expected {want:?}, found {got:?}"));
        }
    }
    Ok(())
}

/// The names of the fields of one direction.
fn names<'a>(expected: &Expected<'a>, direction: Direction) -> Result<Vec<&'a str>, String> {
    fields_json(expected.signature, direction)?.into_iter().map(|f| member_text(f, "name")).collect()
}

/// For each demonstration in the order of its turns, the outputs that it lacks. Those that lack fields come first,
/// and of them only those that have some input and some output.
fn lacking_outputs(expected: &Expected<'_>) -> Result<Vec<Vec<String>>, String> {
    let (inputs, outputs) = (names(expected, Direction::Input)?, names(expected, Direction::Output)?);
    let has = |demo: &Json, name: &str| demo.get(name).is_some();
    let complete = |demo: &Json| {
        inputs.iter().chain(&outputs).all(|name| demo.get(name).is_some_and(|value| !value.is_null()))
    };
    let usable =
        |demo: &Json| inputs.iter().any(|name| has(demo, name)) && outputs.iter().any(|name| has(demo, name));
    let lacking = |demo: &Json| -> Vec<String> {
        outputs.iter().filter(|name| !has(demo, name)).map(|name| (*name).to_owned()).collect()
    };
    let (whole, partial): (Vec<&Json>, Vec<&Json>) = expected.demos.iter().partition(|d| complete(d));
    Ok(partial.into_iter().filter(|d| usable(d)).chain(whole).map(lacking).collect())
}
