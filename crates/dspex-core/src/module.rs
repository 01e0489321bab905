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
    fn call(
        &self,
        ctx: &Context,
        input: Self::Input,
    ) -> impl Future<Output = Result<Prediction<Self::Output>>> + Send {
        async move {
            ctx.check_cancelled()?;
            self.forward(ctx, input).await
        }
    }
}

/// A module behind a pointer: records in, records out. Every module that is cloneable and holds parameters is one.
///
/// `Box<dyn DynModule>` is a module itself.
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
