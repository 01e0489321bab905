//! `ChainOfThought`: a predictor that lets the model reason before it answers.

use dspex_core::lm::{Options, Request};
use dspex_core::{
    Context, EditError, Error, Field, FieldType, LanguageModel, Module, Parameters, Prediction, Record,
    Result, Signature, ToExample, ToRecord, TypedSignature, Walk, WalkMut, WithReasoning,
};

use crate::predict::{Dynamic, Predict};

/// The output that is added.
const REASONING: &str = "reasoning";

/// Asks a model to reason before it answers: the signature with an output `reasoning` before the others.
///
/// A signature that has a field `reasoning` already cannot be used, which the compiler tells for typed ones:
///
/// ```compile_fail
/// use dspex_core::Signature;
/// #[derive(Signature)]
/// struct Thoughtful {
///     #[input]
///     question: String,
///     #[output]
///     reasoning: String,
/// }
/// let chain = dspex_modules::ChainOfThought::<Thoughtful>::new();
/// ```
///
/// ```
/// use dspex_core::{Context, Module, Record};
/// use dspex_modules::ChainOfThought;
/// use dspex_testkit::ScriptedLm;
///
/// # dspex_testkit::block_on(async {
/// let ctx = Context::new(ScriptedLm::replies(["[[ ## reasoning ## ]]\n1+1\n[[ ## answer ## ]]\n2"]));
/// let chain = ChainOfThought::parse("question -> answer: int")?;
/// let out = chain.call(&ctx, Record::new().with("question", "1+1?")).await?;
/// assert_eq!(out.get("answer").unwrap().as_i64(), Some(2));
/// # Ok::<(), dspex_core::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct ChainOfThought<S = Dynamic> {
    predict: Predict<S>,
}

impl ChainOfThought<Dynamic> {
    /// A chain of thought for a signature. One that has a field `reasoning` is an error.
    pub fn from_signature(signature: Signature) -> Result<Self> {
        Self::of(Predict::from_signature(signature))
    }

    /// A chain of thought for a signature in a string.
    pub fn parse(signature: &str) -> Result<Self> {
        Self::from_signature(Signature::parse(signature)?)
    }
}

impl<S: TypedSignature> ChainOfThought<S> {
    /// A chain of thought for a signature.
    pub fn new() -> Self {
        const {
            assert!(
                !names(S::FIELDS, REASONING),
                "ChainOfThought adds an output `reasoning`, and this signature has a field of that name: \
                 rename it, or use Predict"
            );
        }
        // The names were compared when this was compiled, so the field can be added.
        Self::of(Predict::new()).unwrap_or_else(|_| Self { predict: Predict::new() })
    }
}

impl<S: TypedSignature> Default for ChainOfThought<S> {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a name is among others, as far as the compiler can tell.
const fn names(all: &[&str], name: &str) -> bool {
    let mut i = 0;
    while i < all.len() {
        if same(all[i].as_bytes(), name.as_bytes()) {
            return true;
        }
        i += 1;
    }
    false
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

impl<S> ChainOfThought<S> {
    fn of(predict: Predict<S>) -> Result<Self> {
        let reasoning = Field::output(REASONING, FieldType::Str);
        let predict = predict.edit(|s| s.prepend(reasoning)).map_err(|e| match e {
            EditError::Duplicate { .. } => Error::from(e).with_hint(
                "a chain of thought adds an output `reasoning`: rename yours, or use `Predict` with it",
            ),
            e => e.into(),
        })?;
        Ok(Self { predict })
    }

    /// The chain with these demonstrations: examples, or structs of a signature.
    pub fn with_demos<E: ToExample>(self, demos: impl IntoIterator<Item = E>) -> Result<Self> {
        Ok(Self { predict: self.predict.with_demos(demos)? })
    }

    /// The chain with a model of its own.
    #[must_use]
    pub fn with_lm(self, lm: impl LanguageModel + 'static) -> Self {
        Self { predict: self.predict.with_lm(lm) }
    }

    /// The chain with options of its own, which count over those of the context.
    #[must_use]
    pub fn with_options(self, options: Options) -> Self {
        Self { predict: self.predict.with_options(options) }
    }

    /// The chain with other instructions.
    ///
    /// ```
    /// use dspex_modules::ChainOfThought;
    /// let terse = ChainOfThought::parse("question -> answer")?.with_instructions("Answer in one word.").with_n(3);
    /// assert_eq!(terse.signature().instructions(), "Answer in one word.");
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_instructions(self, instructions: impl Into<String>) -> Self {
        Self { predict: self.predict.with_instructions(instructions) }
    }

    /// The chain asking for `n` completions.
    #[must_use]
    pub fn with_n(self, n: u32) -> Self {
        Self { predict: self.predict.with_n(n) }
    }

    /// The signature as it is now, the reasoning included.
    pub fn signature(&self) -> &Signature {
        self.predict.signature()
    }

    /// The request that a call would send. Nothing is called.
    pub fn render(&self, ctx: &Context, inputs: &impl ToRecord) -> Result<Request> {
        self.predict.render(ctx, inputs)
    }
}

impl<S> Clone for ChainOfThought<S> {
    fn clone(&self) -> Self {
        Self { predict: self.predict.clone() }
    }
}

impl<S> Parameters for ChainOfThought<S> {
    fn visit(&self, walk: &mut Walk<'_>) {
        walk.field("predict", |walk| self.predict.visit(walk));
    }

    fn visit_mut(&mut self, walk: &mut WalkMut<'_>) {
        walk.field("predict", |walk| self.predict.visit_mut(walk));
    }
}

impl<S: TypedSignature> Module for ChainOfThought<S> {
    type Input = S::Input;
    type Output = WithReasoning<S::Output>;

    async fn forward(&self, ctx: &Context, input: S::Input) -> Result<Prediction<Self::Output>> {
        self.predict.run(ctx, input.to_record()).await
    }
}

impl Module for ChainOfThought<Dynamic> {
    type Input = Record;
    type Output = Record;

    async fn forward(&self, ctx: &Context, input: Record) -> Result<Prediction<Record>> {
        self.predict.run(ctx, Ok(input)).await
    }
}
