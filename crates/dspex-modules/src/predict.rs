//! `Predict`: one call of a model, from the inputs of a signature to its outputs.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use dspex_core::lm::{Options, Request};
use dspex_core::types::DecisionConfig;
use dspex_core::{
    Context, EditError, Example, FromRecord, LanguageModel, Module, Parameters, Prediction, Record, Result,
    Signature, SignatureError, ToExample, ToRecord, TypedSignature, Walk, WalkMut,
};

use crate::predictor::{Predictor, decisions};

/// The signature of a [`Predict`] that is known only when the program runs: records in, records out.
///
/// ```
/// use dspex_core::{Record, Signature};
/// use dspex_modules::{Dynamic, Predict};
///
/// /// A function that takes predictors of any signature, as long as records go in and out.
/// fn inputs(predict: &Predict<Dynamic>) -> Vec<String> {
///     predict.signature().inputs().iter().map(|f| f.name.clone()).collect()
/// }
/// assert_eq!(inputs(&Predict::parse("context, question -> answer")?), ["context", "question"]);
/// # Ok::<(), dspex_core::SignatureError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Dynamic;

/// Asks a model once and reads its answer.
///
/// `Predict<S>` takes and gives the structs of a signature `S`; `Predict` alone takes and gives records, for a
/// signature that comes from a string.
///
/// ```
/// use dspex_core::{Context, Module, Record};
/// use dspex_modules::Predict;
/// use dspex_testkit::ScriptedLm;
///
/// # dspex_testkit::block_on(async {
/// let ctx = Context::new(ScriptedLm::replies(["[[ ## answer ## ]]\nGoethe"]));
/// let predict = Predict::parse("question -> answer")?;
/// let out = predict.call(&ctx, Record::new().with("question", "Who wrote Faust?")).await?;
/// assert_eq!(out.get("answer").unwrap().as_str(), Some("Goethe"));
/// # Ok::<(), dspex_core::Error>(())
/// # }).unwrap();
/// ```
pub struct Predict<S = Dynamic> {
    leaf: Predictor,
    signature: PhantomData<fn() -> S>,
}

impl Predict<Dynamic> {
    /// A predictor for a signature.
    pub fn from_signature(signature: Signature) -> Self {
        Self::of(signature)
    }

    /// A predictor for a signature in a string.
    pub fn parse(signature: &str) -> Result<Self, SignatureError> {
        Signature::parse(signature).map(Self::of)
    }
}

impl<S: TypedSignature> Predict<S> {
    /// A predictor for a signature.
    pub fn new() -> Self {
        Self::of(S::signature())
    }
}

impl<S: TypedSignature> Default for Predict<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Predict<S> {
    pub(crate) fn of(signature: Signature) -> Self {
        Self { leaf: Predictor::new(signature), signature: PhantomData }
    }

    /// The predictor with these demonstrations: examples, or structs of a signature.
    pub fn with_demos<E: ToExample>(mut self, demos: impl IntoIterator<Item = E>) -> Result<Self> {
        self.leaf.demos = demos.into_iter().map(|d| d.to_example()).collect::<Result<Arc<[Example]>>>()?;
        Ok(self)
    }

    /// The predictor with a model of its own.
    #[must_use]
    pub fn with_lm(mut self, lm: impl LanguageModel + 'static) -> Self {
        self.leaf.lm = Some(Arc::new(lm));
        self
    }

    /// The predictor with options of its own, which count over those of the context.
    #[must_use]
    pub fn with_options(mut self, options: Options) -> Self {
        self.leaf.options = options;
        self
    }

    /// The predictor with settings of an output that is a decision: a threshold, weights or cuts, other instructions or
    /// criteria. With them, a `bool` and a `Literal` are asked for as decisions too.
    ///
    /// ```
    /// use dspex_core::{Context, Module as _, Record, types::DecisionConfig};
    /// use dspex_modules::Predict;
    /// use dspex_testkit::ScriptedLm;
    ///
    /// # dspex_testkit::block_on(async {
    /// let sure = DecisionConfig::new().threshold(0.9);
    /// let predict = Predict::parse("mail -> spam: bool")?.with_decision("spam", sure)?;
    /// let ctx = Context::new(ScriptedLm::replies([r#"[[ ## spam ## ]] {"noul": 0.8}"#]));
    /// let out = predict.call(&ctx, Record::new().with("mail", "You won!")).await?;
    /// assert_eq!(out.get("spam").unwrap().as_bool(), Some(false));
    /// # Ok::<(), dspex_core::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn with_decision(mut self, output: impl Into<String>, config: DecisionConfig) -> Result<Self> {
        self.leaf.fields.insert(output.into(), config);
        decisions::check(&self.leaf.signature, &self.leaf.fields)?;
        Ok(self)
    }

    /// The predictor with other instructions.
    #[must_use]
    pub fn with_instructions(mut self, instructions: impl Into<String>) -> Self {
        self.leaf.signature = self.leaf.signature.with_instructions(instructions);
        self
    }

    /// The predictor asking for `n` completions.
    #[must_use]
    pub fn with_n(mut self, n: u32) -> Self {
        self.leaf.options = std::mem::take(&mut self.leaf.options).n(n);
        self
    }

    /// The signature as it is now.
    pub fn signature(&self) -> &Signature {
        &self.leaf.signature
    }

    /// The demonstrations.
    pub fn demos(&self) -> &[Example] {
        &self.leaf.demos
    }

    /// The request that a call would send. Nothing is called.
    pub fn render(&self, ctx: &Context, inputs: &impl ToRecord) -> Result<Request> {
        self.leaf.render(ctx, inputs.to_record()?)
    }

    pub(crate) fn edit(
        mut self,
        edit: impl FnOnce(&Signature) -> Result<Signature, EditError>,
    ) -> Result<Self, EditError> {
        self.leaf.signature = edit(&self.leaf.signature)?;
        Ok(self)
    }

    /// One call, with the outputs as a type of the caller's choice.
    pub(crate) async fn run<O: FromRecord>(
        &self,
        ctx: &Context,
        inputs: Result<Record>,
    ) -> Result<Prediction<O>> {
        self.leaf.run(ctx, inputs?).await?.try_map(O::from_record).map_err(|e| self.leaf.place(e))
    }
}

// Written by hand: deriving it would demand `S: Clone`, and signatures need not be.
impl<S> Clone for Predict<S> {
    fn clone(&self) -> Self {
        Self { leaf: self.leaf.clone(), signature: PhantomData }
    }
}

impl<S> fmt::Debug for Predict<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Predict")
            .field("signature", &self.leaf.signature.to_string())
            .field("demos", &self.leaf.demos.len())
            .field("lm", &self.leaf.lm.as_deref().map(LanguageModel::id))
            .finish_non_exhaustive()
    }
}

impl<S> Parameters for Predict<S> {
    fn visit(&self, walk: &mut Walk<'_>) {
        walk.leaf(&self.leaf);
    }

    fn visit_mut(&mut self, walk: &mut WalkMut<'_>) {
        walk.leaf(&mut self.leaf);
    }
}

impl<S: TypedSignature> Module for Predict<S> {
    type Input = S::Input;
    type Output = S::Output;

    async fn forward(&self, ctx: &Context, input: S::Input) -> Result<Prediction<S::Output>> {
        self.run(ctx, input.to_record()).await
    }
}

impl Module for Predict<Dynamic> {
    type Input = Record;
    type Output = Record;

    async fn forward(&self, ctx: &Context, input: Record) -> Result<Prediction<Record>> {
        self.run(ctx, Ok(input)).await
    }
}
