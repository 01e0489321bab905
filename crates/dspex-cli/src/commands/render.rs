//! `dspex render`: the request of a call, without the call.

use clap::Args;
use dspex_core::lm::{Message, Options, Request, ResponseFormat, ToolSpec};
use dspex_core::{Module as _, Program as _, Result, shorten_text};
use serde_json::{Map, Value as Json, json};

use crate::failure::Exit;
use crate::output::{print, print_json};
use crate::program::{DemoArgs, FallbackArgs, InputArgs, PolicyArgs, ProgramArgs};

#[derive(Args, Debug)]
pub(crate) struct Render {
    #[command(flatten)]
    program: ProgramArgs,
    #[command(flatten)]
    demos: DemoArgs,
    #[command(flatten)]
    inputs: InputArgs,

    /// The model, as its abilities change what is sent; no key is needed [default: the saved program's, else the
    /// program file's, else the variable `DSPEX_LM`, else one that can do text]
    #[arg(long, value_name = "MODEL")]
    lm: Option<String>,

    /// Print `{"messages": [...], "tools": [...], "response_format": ..., "options": {...}}`
    #[arg(long)]
    pub(crate) json: bool,
}

impl Render {
    pub(crate) fn run(&self) -> Result<Exit> {
        let loaded = self.program.load()?;
        let inputs = self.inputs.read()?;
        let program = loaded.build_without_lm(&self.demos)?.stamped();
        // The first request that the program sends is caught by a model that answers nothing.
        let catcher = catcher::Catcher::of(loaded.capabilities(self.lm.as_ref())?);
        let (policy, fallback) = (PolicyArgs::default(), FallbackArgs::default());
        let ctx =
            loaded.context(std::sync::Arc::new(catcher.clone()), &policy, &fallback, self.demos.seed)?;
        let outcome = super::block_on_here(program.call(&ctx, inputs))?;
        let Some(request) = catcher.take() else {
            return Err(outcome.err().unwrap_or_else(|| {
                dspex_core::Error::configuration(
                    "expected a program that calls a model, found one that does not",
                )
            }));
        };
        if self.json {
            let messages: Vec<Json> = request.messages.iter().map(Message::to_json).collect();
            print_json(&json!({
                "messages": messages,
                "tools": tools(&request),
                "response_format": response_format(&request),
                "options": options(&request.options),
            }))?;
        } else {
            for (i, message) in request.messages.iter().enumerate() {
                let line = if i > 0 { "\n" } else { "" };
                print(&format!("{line}--- {}\n{}", message.role.name(), shown(message).trim_end()))?;
            }
            let rest = [
                ("tools", tools(&request)),
                ("response format", response_format(&request)),
                ("options", options(&request.options)),
            ];
            for (name, value) in rest {
                if !value.is_null() && value != json!({}) && value != json!([]) {
                    print(&format!("\n--- {name}\n{value}"))?;
                }
            }
        }
        Ok(Exit::Done)
    }
}

/// The text of a message, with a word in the place of each part that is not text.
fn shown(message: &Message) -> String {
    let part = |part: &Json| match part["text"].as_str() {
        Some(text) => text.to_owned(),
        None => shorten_text(&part.to_string()),
    };
    match &message.to_json()["content"] {
        Json::Array(parts) => parts.iter().map(part).collect(),
        _ => message.text(),
    }
}

/// The tools that the model may call natively.
fn tools(request: &Request) -> Json {
    let tool =
        |t: &ToolSpec| json!({"name": t.name, "description": t.description, "parameters": t.parameters});
    request.tools.iter().map(tool).collect()
}

/// The form of the answer, in the words of chat completions; null where none is asked for.
fn response_format(request: &Request) -> Json {
    match &request.response_format {
        Some(ResponseFormat::JsonObject) => json!({"type": "json_object"}),
        Some(ResponseFormat::JsonSchema { name, schema, strict }) => json!({
            "type": "json_schema",
            "json_schema": {"name": name, "schema": schema, "strict": strict},
        }),
        _ => Json::Null,
    }
}

/// The options that are set and sent.
fn options(o: &Options) -> Json {
    let known = [
        ("n", o.n.map(Json::from)),
        ("temperature", o.temperature.map(Json::from)),
        ("top_p", o.top_p.map(Json::from)),
        ("max_tokens", o.max_tokens.map(Json::from)),
        ("stop", o.stop.clone().map(Json::from)),
        ("seed", o.seed.map(Json::from)),
        ("logprobs", o.logprobs.map(Json::from)),
    ];
    let set = known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Json::Object(set.chain(o.extra.clone()).collect::<Map<_, _>>())
}

/// A model that keeps the first request and answers nothing.
mod catcher {
    use std::sync::{Arc, Mutex, PoisonError};

    use dspex_core::lm::{Capabilities, LmError, LmErrorKind, Reply, Request};
    use dspex_core::{BoxFuture, LanguageModel};

    #[derive(Clone, Debug)]
    pub(super) struct Catcher {
        caught: Arc<Mutex<Option<Request>>>,
        capabilities: Capabilities,
    }

    impl Catcher {
        /// A stand-in for a model that can do this.
        pub(super) fn of(capabilities: Capabilities) -> Self {
            Self { caught: Arc::default(), capabilities }
        }

        pub(super) fn take(&self) -> Option<Request> {
            self.caught.lock().unwrap_or_else(PoisonError::into_inner).take()
        }
    }

    impl LanguageModel for Catcher {
        fn id(&self) -> &str {
            "render"
        }

        fn capabilities(&self) -> Capabilities {
            self.capabilities.clone()
        }

        fn call<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
            self.caught.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| request.clone());
            Box::pin(async { Err(LmError::new(LmErrorKind::Refusal, "nothing is called while rendering")) })
        }
    }
}
