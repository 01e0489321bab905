//! Modules: programs and the parts they are made of.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::parameters::Parameters;
use crate::prediction::Prediction;
use crate::signature::{FromRecord, ToRecord};
use crate::value::Record;

/// A boxed future that can move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Something that takes an input and gives a prediction by calling models.
///
/// Write [`forward`](Self::forward), as `async fn`; callers use [`call`](Self::call).
///
/// ```
/// use dspex_core::lm::{Message, Request};
/// use dspex_core::{Context, Module, Path, Prediction, Result};
///
/// struct Ask;
///
/// impl Module for Ask {
///     type Input = String;
///     type Output = String;
///
///     async fn forward(&self, ctx: &Context, question: String) -> Result<Prediction<String>> {
///         let request = Request::new(vec![Message::user(question)]);
///         let (reply, _) = ctx.ask(&Path::root(), ctx.lm(), &request).await?;
///         Ok(Prediction::new(reply.choices[0].content()))
///     }
/// }
/// # use futures_util::FutureExt as _;
/// # use dspex_core::lm;
/// # struct Fixed;
/// # impl dspex_core::LanguageModel for Fixed {
/// #     fn id(&self) -> &str { "fixed" }
/// #     fn call<'a>(&'a self, _: &'a lm::Request) -> dspex_core::BoxFuture<'a, Result<lm::Reply, lm::LmError>> {
/// #         Box::pin(async { Ok(lm::Reply::text("hi")) })
/// #     }
/// # }
///
/// # let ctx = Context::new(Fixed); // a model that says `hi`
/// # let out = (async {
/// let out = Ask.call(&ctx, "Are you there?".into()).await?;
/// # Ok::<_, dspex_core::Error>(out) }).now_or_never().unwrap()?;
/// assert_eq!(*out, "hi");
/// assert_eq!(out.usage().calls, 1, "though `forward` says nothing of it");
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a module",
    note = "implement `Module` for it: the types `Input` and `Output` and `async fn forward`"
)]
pub trait Module: Send + Sync {
    /// What it takes.
    type Input: Send;
    /// What it gives.
    type Output: Send;

    /// Does the work. For implementors.
    fn forward(
        &self,
        ctx: &Context,
        input: Self::Input,
    ) -> impl Future<Output = Result<Prediction<Self::Output>>> + Send;

    /// Does the work, unless the context is cancelled. For callers.
    ///
    /// The prediction, or the error, knows every call of a model that was made inside, by whatever part.
    fn call(
        &self,
        ctx: &Context,
        input: Self::Input,
    ) -> impl Future<Output = Result<Prediction<Self::Output>>> + Send {
        async move {
            ctx.check_cancelled()?;
            let (ctx, meter) = ctx.metered();
            match self.forward(&ctx, input).await {
                Ok(prediction) => Ok(prediction.with_story(meter.attempts(), meter.notes())),
                Err(e) => Err(e.with_story(meter.attempts())),
            }
        }
    }
}

/// A module behind a pointer: records in, records out. Every module is one that can be cloned, holds parameters, and takes
/// and gives records, or structs that serde reads and writes.
///
/// `Box<dyn DynModule>` is a module itself, so that programs of different types can stand in one list.
///
/// ```
/// use dspex_core::{Context, DynModule, Module, Parameters, Prediction, Record, Result};
/// # use futures_util::FutureExt as _;
/// # use dspex_core::lm;
/// # struct Fixed;
/// # impl dspex_core::LanguageModel for Fixed {
/// #     fn id(&self) -> &str { "fixed" }
/// #     fn call<'a>(&'a self, _: &'a lm::Request) -> dspex_core::BoxFuture<'a, Result<lm::Reply, lm::LmError>> {
/// #         Box::pin(async { Ok(lm::Reply::text("hi")) })
/// #     }
/// # }
///
/// #[derive(Clone, Parameters)]
/// struct Double;
///
/// #[derive(serde::Deserialize)]
/// struct Number {
///     n: i64,
/// }
///
/// impl Module for Double {
///     type Input = Number;
///     type Output = Record;
///
///     async fn forward(&self, _: &Context, input: Number) -> Result<Prediction<Record>> {
///         Ok(Prediction::new(Record::new().with("n", 2 * input.n)))
///     }
/// }
///
/// let module: Box<dyn DynModule> = Box::new(Double);
/// # let ctx = Context::new(Fixed);
/// let out = module.call_dyn(&ctx, Record::new().with("n", 21)).now_or_never().unwrap()?;
/// assert_eq!(out.get("n").unwrap().as_i64(), Some(42));
/// let e = module.call_dyn(&ctx, Record::new().with("n", "x")).now_or_never().unwrap().unwrap_err();
/// assert_eq!((e.code(), e.kind().field()), ("input_type", Some("n")));
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub trait DynModule: Parameters + Send + Sync {
    /// Does the work on records.
    fn call_dyn<'a>(&'a self, ctx: &'a Context, input: Record) -> BoxFuture<'a, Result<Prediction<Record>>>;

    /// A copy behind a pointer.
    fn clone_box(&self) -> Box<dyn DynModule>;
}

impl<M> DynModule for M
where
    M: Module + Parameters + Clone + 'static,
    M::Input: FromRecord,
    M::Output: ToRecord,
{
    fn call_dyn<'a>(&'a self, ctx: &'a Context, input: Record) -> BoxFuture<'a, Result<Prediction<Record>>> {
        Box::pin(async move {
            let input = M::Input::from_record(input).map_err(Error::of_input)?;
            self.call(ctx, input).await?.try_map(|o| o.to_record())
        })
    }

    fn clone_box(&self) -> Box<dyn DynModule> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn DynModule> {
    fn clone(&self) -> Self {
        (**self).clone_box()
    }
}

impl Module for Box<dyn DynModule> {
    type Input = Record;
    type Output = Record;

    async fn forward(&self, ctx: &Context, input: Record) -> Result<Prediction<Record>> {
        (**self).call_dyn(ctx, input).await
    }
}

impl Module for Arc<dyn DynModule> {
    type Input = Record;
    type Output = Record;

    async fn forward(&self, ctx: &Context, input: Record) -> Result<Prediction<Record>> {
        (**self).call_dyn(ctx, input).await
    }
}

impl<M: Module> Module for Arc<M> {
    type Input = M::Input;
    type Output = M::Output;

    async fn forward(&self, ctx: &Context, input: M::Input) -> Result<Prediction<M::Output>> {
        (**self).forward(ctx, input).await
    }
}
