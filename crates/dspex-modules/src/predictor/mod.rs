//! The leaf under every predictor: signature, demonstrations, model and options, and one call from inputs to outputs.
//!
//! It works on records; types are put around it by [`Predict`](crate::Predict).

pub(crate) mod decisions;
mod exchange;
mod ladder;

use std::sync::Arc;

use dspex_adapters::ChatAdapter;
use dspex_core::lm::{Options, Request};
use dspex_core::types::DecisionFields;
use dspex_core::{
    Adapter, AttemptReason, Context, Error, ErrorKind, Example, Fallback, LanguageModel, Leaf, LeafState,
    ParsePolicy, Path, Prediction, Record, RenderCall, Result, Signature, TraceStep, nearest,
};

use decisions::Asked;
use exchange::{Exchange, Question};

/// A predictor without types.
#[derive(Clone)]
pub(crate) struct Predictor {
    pub(crate) signature: Signature,
    pub(crate) demos: Arc<[Example]>,
    pub(crate) lm: Option<Arc<dyn LanguageModel>>,
    pub(crate) options: Options,
    /// Settings of outputs that are decisions.
    pub(crate) fields: DecisionFields,
    path: Option<Path>,
    /// The adapter where nobody names one.
    adapter: Arc<dyn Adapter>,
}

/// What one call uses, after the overrides of its context.
struct Setup<'a> {
    lm: &'a dyn LanguageModel,
    adapter: Arc<dyn Adapter>,
    policy: &'a ParsePolicy,
    fallbacks: &'a [Fallback],
    /// What reads the text of a reply in a second call.
    extraction_lm: &'a dyn LanguageModel,
    options: Options,
    path: Path,
}

impl Predictor {
    pub(crate) fn new(signature: Signature) -> Self {
        Self {
            signature,
            demos: Arc::default(),
            lm: None,
            options: Options::default(),
            fields: DecisionFields::default(),
            path: None,
            adapter: Arc::new(ChatAdapter::new()),
        }
    }

    fn setup<'a>(&'a self, ctx: &'a Context) -> Result<Setup<'a>> {
        let lm = &**self.lm.as_ref().unwrap_or_else(|| ctx.lm());
        let mut setup = Setup {
            lm,
            fallbacks: ctx.fallbacks(),
            extraction_lm: lm,
            adapter: Arc::clone(ctx.adapter().unwrap_or(&self.adapter)),
            policy: ctx.policy(),
            options: self.options.over(ctx.options()),
            path: self.path.clone().unwrap_or_else(Path::unstamped),
        };
        // The last override of a path comes first, so earlier ones only fill what it leaves open.
        let (mut lm, mut adapter, mut policy) = (None, None, None);
        let (mut fallbacks, mut extraction_lm) = (None, None);
        let mut options = Options::default();
        for o in ctx.overrides(self.path.as_ref())? {
            lm = lm.or(o.lm.as_deref());
            adapter = adapter.or_else(|| o.adapter.clone());
            policy = policy.or(o.policy.as_ref());
            fallbacks = fallbacks.or(o.fallbacks.as_deref());
            extraction_lm = extraction_lm.or(o.extraction_lm.as_deref());
            options = options.over(&o.options);
        }
        setup.lm = lm.unwrap_or(setup.lm);
        setup.adapter = adapter.unwrap_or(setup.adapter);
        setup.policy = policy.unwrap_or(setup.policy);
        setup.fallbacks = fallbacks.unwrap_or(setup.fallbacks);
        setup.extraction_lm = extraction_lm.or(ctx.extraction_lm().map(|lm| &**lm)).unwrap_or(setup.lm);
        setup.options = options.over(&setup.options);
        Ok(setup)
    }

    /// The request that a call with these inputs would send.
    pub(crate) fn render(&self, ctx: &Context, inputs: Record) -> Result<Request> {
        let setup = self.setup(ctx)?;
        let request = |inputs: Record| {
            let setup = self.for_call(ctx, setup, &inputs);
            let asked = self.asked()?;
            question(&asked, &setup, &inputs).request(&*setup.adapter)
        };
        self.check_inputs(inputs).and_then(request).map_err(|e| self.place(e))
    }

    /// The setup with the adapter of this call alone, where the adapter has one for each call.
    fn for_call<'a>(&self, ctx: &Context, mut setup: Setup<'a>, inputs: &Record) -> Setup<'a> {
        let call = RenderCall::new(&self.signature, inputs).demos(&self.demos);
        let mut random = ctx.random(&format!("adapter of a call: {}", setup.path));
        if let Some(own) = setup.adapter.for_call(&call, &mut random) {
            setup.adapter = own;
        }
        setup
    }

    fn asked(&self) -> Result<Asked<'_>> {
        Asked::new(&self.signature, &self.demos, &self.fields)
    }

    /// An error of this predictor, with its path where it knows it.
    pub(crate) fn place(&self, e: Error) -> Error {
        match &self.path {
            Some(path) => e.at(path),
            None => e,
        }
    }

    /// Inputs in the order of the signature, with defaults; missing, unknown and ill-typed ones are errors.
    fn check_inputs(&self, mut inputs: Record) -> Result<Record> {
        let fields = self.signature.inputs();
        let names = || fields.iter().map(|f| f.name.clone()).collect::<Vec<_>>();
        let unknown: Vec<String> =
            inputs.keys().filter(|k| !fields.iter().any(|f| f.name == *k)).map(str::to_owned).collect();
        if let Some(first) = unknown.first() {
            let near = nearest(first, fields.iter().map(|f| f.name.as_str())).map(str::to_owned);
            let e = Error::new(ErrorKind::UnknownInputs { unknown, expected: names() });
            return Err(match near {
                Some(near) => e.with_hint(format!("did you mean `{near}`?")),
                None => e.with_hint("leave it out, or add it to the signature"),
            });
        }
        let mut checked = Record::with_capacity(fields.len());
        let mut missing = Vec::new();
        for field in fields {
            match inputs.remove(&field.name) {
                Some(value) => {
                    // A type that was left out stands for text only by default; any value may be shown as text.
                    if !field.type_undefined {
                        field.ty.check(&value).map_err(|e| ErrorKind::InputType {
                            field: format!("{}{}", field.name, e.place),
                            expected: e.expected,
                            found: e.found,
                        })?;
                    }
                    field.check(&value).map_err(|e| ErrorKind::InputType {
                        field: field.name.clone(),
                        expected: format!("a value {}", e.rule),
                        found: e.found,
                    })?;
                    checked.insert(field.name.clone(), value);
                }
                None => match &field.default {
                    Some(default) => {
                        checked.insert(field.name.clone(), default.clone());
                    }
                    None if field.ty.allows_none() => {}
                    None => missing.push(field.name.clone()),
                },
            }
        }
        if missing.is_empty() {
            return Ok(checked);
        }
        Err(Error::new(ErrorKind::MissingInputs { missing, expected: names() })
            .with_hint("give a value for it, or a default in the signature"))
    }

    /// One call: from inputs to the fields of every completion.
    pub(crate) async fn run(&self, ctx: &Context, inputs: Record) -> Result<Prediction<Record>> {
        let setup = self.setup(ctx)?;
        let inputs = self.check_inputs(inputs).map_err(|e| self.place(e))?;
        let setup = self.for_call(ctx, setup, &inputs);
        let started = ctx.clock().now();
        let mut step = ctx
            .is_traced()
            .then(|| TraceStep::new(setup.path.clone(), self.signature.clone(), inputs.clone()));
        let result = self.steps(ctx, &setup, &inputs, step.as_mut()).await.map_err(|e| self.place(e));
        if let Some(mut step) = step {
            step.elapsed = ctx.clock().now().saturating_duration_since(started);
            match &result {
                Ok(prediction) => {
                    step.outputs = Some((**prediction).clone());
                    step.usage = prediction.usage();
                    step.notes = prediction.notes().to_vec();
                }
                Err(e) => {
                    step.usage = e.usage();
                    step.error = Some(e.code());
                }
            }
            ctx.record(step);
        }
        result
    }

    async fn steps(
        &self,
        ctx: &Context,
        setup: &Setup<'_>,
        inputs: &Record,
        mut step: Option<&mut TraceStep>,
    ) -> Result<Prediction<Record>> {
        let mut exchange = Exchange { ctx, setup, attempts: Vec::new() };
        let asked = self.asked()?;
        let question = question(&asked, setup, inputs);
        let turn = exchange.run(&question, Arc::clone(&setup.adapter), AttemptReason::Asked).await;
        let attempts = exchange.attempts;
        let read = turn.and_then(|turn| {
            if let Some(step) = &mut step {
                step.request = Some(Arc::new(turn.request));
                step.reply = Some(Arc::new(turn.reply));
            }
            turn.read
        });
        match read {
            Ok(answer) => {
                ctx.note(&answer.notes);
                let mut completions = answer.completions.into_iter();
                let first = completions.next().unwrap_or_default();
                let prediction = Prediction::new(first).with_others(completions.collect());
                Ok(prediction.with_notes(answer.notes).with_attempts(attempts))
            }
            Err(e) => Err(e.with_attempts(attempts)),
        }
    }
}

fn question<'a>(asked: &'a Asked<'_>, setup: &Setup<'a>, inputs: &'a Record) -> Question<'a> {
    Question {
        signature: &asked.signature,
        demos: &asked.demos,
        inputs,
        lm: setup.lm,
        options: setup.options.clone(),
        fallbacks: setup.fallbacks,
        about_a_reply: false,
        decisions: Some(asked),
    }
}

impl Leaf for Predictor {
    fn path(&self) -> Option<&Path> {
        self.path.as_ref()
    }

    fn stamp(&mut self, path: Path) {
        self.path = Some(path);
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn state(&self) -> LeafState {
        let mut state = LeafState::default();
        state.signature = Some(self.signature.dump_state());
        state.demos = Some(self.demos.to_vec());
        if !self.fields.is_empty() {
            state.values.insert(decisions::FIELDS, decisions::to_state(&self.fields));
        }
        state
    }

    fn set_state(&mut self, state: &LeafState) -> Result<()> {
        if let Some(name) = state.values.keys().find(|k| *k != decisions::FIELDS) {
            return Err(ErrorKind::State {
                message: format!("expected no parameter `{name}` in a predictor"),
            }
            .into());
        }
        let signature = match &state.signature {
            Some(s) => self.signature.load_state(s)?,
            None => self.signature.clone(),
        };
        if let Some(fields) = state.values.get(decisions::FIELDS) {
            let fields = decisions::from_state(fields)?;
            decisions::check(&signature, &fields)?;
            self.fields = fields;
        }
        self.signature = signature;
        if let Some(demos) = &state.demos {
            self.demos = demos.as_slice().into();
        }
        Ok(())
    }

    fn lm(&self) -> Option<&Arc<dyn LanguageModel>> {
        self.lm.as_ref()
    }

    fn set_lm(&mut self, lm: Option<Arc<dyn LanguageModel>>) {
        self.lm = lm;
    }

    fn options(&self) -> &Options {
        &self.options
    }

    fn set_options(&mut self, options: Options) {
        self.options = options;
    }
}
