//! Prompts: what an adapter renders under our wording, against what DSPy rendered.

use dspex_adapters::{Wording, by_name_with};
use dspex_core::{RenderCall, shorten_text};
use serde_json::Value as Json;

use crate::checker::{self, Expected, Form};
use crate::corpus::Corpus;
use crate::outcome::{Outcome, failed, list, text};

/// Runs a case.
pub(crate) fn run(corpus: &Corpus, case: &Json) -> Outcome {
    let rendered = render_case(corpus, case);
    if case.get("error").is_some() {
        return match rendered {
            Ok(_) => Err("expected an error, found messages".into()),
            Err(why) if why.starts_with("not supported yet") => Err(why),
            Err(_) => Ok(()),
        };
    }
    let wording = Wording::default();
    let expected = Expected::of(corpus, case)?;
    checker::check(&expected, &rendered?, Some(&wording.demo.missing_output))
}

/// Whether the messages of a case are DSPy's to the byte, with DSPy's wording.
pub(crate) fn same_bytes(corpus: &Corpus, case: &Json, wording: Option<&Wording>) -> Outcome {
    let rendered = render_with(corpus, case, wording);
    if case.get("error").is_some() {
        return run(corpus, case);
    }
    same_messages(list(case, "messages")?, &rendered?)
}

/// Compares messages to the byte; the error shows where the first two part.
pub(crate) fn same_messages(wanted: &[Json], found: &[Json]) -> Outcome {
    let Some(at) = (0..wanted.len().max(found.len())).find(|i| wanted.get(*i) != found.get(*i)) else {
        return Ok(());
    };
    let message = |all: &[Json]| all.get(at).map_or_else(String::new, ToString::to_string);
    let (want, got) = (message(wanted), message(found));
    let same = want.chars().zip(got.chars()).take_while(|(a, b)| a == b).count().saturating_sub(20);
    let shown = |text: &str| shorten_text(&text.chars().skip(same).collect::<String>());
    Err(format!("message {at}, from {same} on: expected {}, found {}", shown(&want), shown(&got)))
}

/// The messages of a case as our adapter renders them, in the form of chat completions.
pub fn render_case(corpus: &Corpus, case: &Json) -> Result<Vec<Json>, String> {
    render_with(corpus, case, None)
}

fn render_with(corpus: &Corpus, case: &Json, wording: Option<&Wording>) -> Result<Vec<Json>, String> {
    let adapter =
        by_name_with(text(case, "adapter")?, wording.cloned().unwrap_or_default()).map_err(|_| {
            format!("not supported yet: the adapter {}", text(case, "adapter").unwrap_or_default())
        })?;
    let signature = corpus.signature(case)?;
    let demos = corpus.demos(case)?;
    let inputs = corpus.record(case.get("inputs").unwrap_or(&Json::Null))?;
    let request = adapter
        .render(&RenderCall::new(&signature, &inputs).demos(&demos).compat())
        .map_err(|e| failed(&e))?;
    Ok(request.messages.iter().map(dspex_core::lm::Message::to_json).collect())
}

impl Form {
    /// The form of an adapter; only these are known to the checker.
    pub(crate) fn of(adapter: &str) -> Result<Self, String> {
        match adapter {
            "chat" => Ok(Self::Chat),
            "json" => Ok(Self::Json),
            "two_step" => Ok(Self::TwoStep),
            "xml" => Ok(Self::Xml),
            "baml" => Ok(Self::Baml),
            other => Err(format!("not supported yet: the adapter {other}")),
        }
    }
}

impl<'a> Expected<'a> {
    /// What the messages of a case must show.
    pub fn of(corpus: &'a Corpus, case: &'a Json) -> Result<Self, String> {
        Ok(Self {
            corpus,
            form: Form::of(text(case, "adapter")?)?,
            signature: corpus.signature_json(case)?,
            demos: list(case, "demos")?,
            messages: list(case, "messages")?,
            worded_instructions: false,
        })
    }
}
