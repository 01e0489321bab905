//! How vendors are told how much to think. Sources: the vendors' references for chat completions.

use dspex_core::lm::{LmError, Reasoning};
use serde_json::{Value as Json, json};

use crate::wire::call::{Body, Call};
use crate::wire::quirks::Thinking;

/// Asks for reasoning in the vendor's words.
pub(super) fn ask(call: &Call<'_>, reasoning: &Reasoning, body: &mut Body) -> Result<(), LmError> {
    let words = match reasoning {
        Reasoning::Off => off((call.quirks.thinking)(call.model)),
        Reasoning::Effort(word) => effort((call.quirks.thinking)(call.model), word),
        Reasoning::Budget(tokens) => budget((call.quirks.thinking)(call.model), *tokens),
        _ => None,
    };
    match words {
        Some(words) => {
            for (key, value) in words {
                body.set(key, Some(value));
            }
            Ok(())
        }
        None => call.cannot(match reasoning {
            Reasoning::Off => "no reasoning",
            Reasoning::Effort(_) => "an effort of reasoning",
            _ => "a budget for reasoning",
        }),
    }
}

type Words = Option<Vec<(&'static str, Json)>>;

fn effort(how: Thinking, word: &str) -> Words {
    let plain = ("reasoning_effort", json!(word));
    Some(match how {
        Thinking::Never | Thinking::Always => return None,
        Thinking::Effort | Thinking::EffortOrTokens | Thinking::Enabled | Thinking::Template => vec![plain],
        Thinking::EffortParsed => vec![plain, ("reasoning_format", json!("parsed"))],
        Thinking::Switch => vec![("thinking", json!({"type": "enabled"})), plain],
        Thinking::Object => vec![("reasoning", json!({"effort": word}))],
        Thinking::PromptMode => vec![("prompt_mode", json!("reasoning"))],
        Thinking::TemplateAlone => {
            vec![("chat_template_kwargs", json!({"enable_thinking": true, "reasoning_effort": word}))]
        }
        Thinking::Flag => vec![("enable_thinking", json!(true)), plain],
    })
}

fn off(how: Thinking) -> Words {
    Some(vec![match how {
        Thinking::Never => return Some(Vec::new()),
        Thinking::Always => return None,
        Thinking::Effort | Thinking::EffortOrTokens | Thinking::EffortParsed => {
            ("reasoning_effort", json!("none"))
        }
        Thinking::Switch => ("thinking", json!({"type": "disabled"})),
        Thinking::Object => ("reasoning", json!({"effort": "none"})),
        Thinking::Enabled => ("reasoning", json!({"enabled": false})),
        Thinking::PromptMode => ("prompt_mode", Json::Null),
        Thinking::Template | Thinking::TemplateAlone => {
            ("chat_template_kwargs", json!({"enable_thinking": false}))
        }
        Thinking::Flag => ("enable_thinking", json!(false)),
    }])
}

fn budget(how: Thinking, tokens: u64) -> Words {
    match how {
        Thinking::EffortOrTokens => Some(vec![("reasoning_effort", json!(tokens))]),
        Thinking::Object => Some(vec![("reasoning", json!({"max_tokens": tokens}))]),
        _ => None,
    }
}
