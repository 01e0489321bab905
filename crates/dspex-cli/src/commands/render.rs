//! `dspex render`: the messages of a call, without the call.

use clap::Args;
use dspex_core::lm::Message;
use dspex_core::{Module as _, Program as _, Result};
use serde_json::{Value as Json, json};

use crate::failure::Exit;
use crate::output::{print, print_json};
use crate::program::{DemoArgs, InputArgs, PolicyArgs, ProgramArgs};

#[derive(Args, Debug)]
pub(crate) struct Render {
    #[command(flatten)]
    program: ProgramArgs,
    #[command(flatten)]
    demos: DemoArgs,
    #[command(flatten)]
    inputs: InputArgs,

    /// Print `{"messages": [...]}`
    #[arg(long)]
    pub(crate) json: bool,
}

impl Render {
    pub(crate) fn run(&self) -> Result<Exit> {
        let loaded = self.program.load()?;
        let inputs = self.inputs.read()?;
        let program = loaded.build(&self.demos)?.stamped();
        // The first request that the program sends is caught by a model that answers nothing.
        let catcher = catcher::Catcher::default();
        let policy = PolicyArgs::default();
        let ctx = loaded.context(std::sync::Arc::new(catcher.clone()), &policy, self.demos.seed)?;
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
            print_json(&json!({"messages": messages}))?;
        } else {
            for (i, message) in request.messages.iter().enumerate() {
                let line = if i > 0 { "\n" } else { "" };
                print(&format!("{line}--- {}\n{}", message.role.name(), message.text().trim_end()))?;
            }
        }
        Ok(Exit::Done)
    }
}

/// A model that keeps the first request and answers nothing.
mod catcher {
    use std::sync::{Arc, Mutex, PoisonError};

    use dspex_core::lm::{LmError, LmErrorKind, Reply, Request};
    use dspex_core::{BoxFuture, LanguageModel};

    #[derive(Clone, Debug, Default)]
    pub(super) struct Catcher(Arc<Mutex<Option<Request>>>);

    impl Catcher {
        pub(super) fn take(&self) -> Option<Request> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
        }
    }

    impl LanguageModel for Catcher {
        fn id(&self) -> &str {
            "render"
        }

        fn call<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| request.clone());
            Box::pin(async { Err(LmError::new(LmErrorKind::Refusal, "nothing is called while rendering")) })
        }
    }
}
