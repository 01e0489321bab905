//! Prompts: what an adapter renders under our wording, against what DSPy rendered.

use dspex_adapters::{Wording, by_name};
use dspex_core::RenderCall;
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

/// The messages of a case as our adapter renders them, in the form of chat completions.
pub fn render_case(corpus: &Corpus, case: &Json) -> Result<Vec<Json>, String> {
    let adapter = by_name(text(case, "adapter")?).map_err(|_| {
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
