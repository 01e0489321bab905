//! The leaf under every predictor: signature, demonstrations, model and options, and one call from inputs to outputs.
//!
//! It works on records; types are put around it by [`Predict`](crate::Predict).

use std::sync::Arc;

use dspex_adapters::ChatAdapter;
use dspex_core::lm::{Choice, LmError, LmErrorKind, Options, Reply, Request};
use dspex_core::{
    Adapter, Attempt, Context, Error, ErrorKind, Example, LanguageModel, Leaf, LeafState, Note, ParsePolicy,
    ParseRule, Path, Prediction, Record, RenderCall, Result, Signature, TraceStep, nearest,
};

/// A predictor without types.
#[derive(Clone)]
pub(crate) struct Predictor {
    pub(crate) signature: Signature,
    pub(crate) demos: Arc<[Example]>,
    pub(crate) lm: Option<Arc<dyn LanguageModel>>,
    pub(crate) options: Options,
    path: Option<Path>,
    /// The adapter where nobody names one.
    adapter: Arc<dyn Adapter>,
}

/// What one call uses, after the overrides of its context.
struct Setup<'a> {
    lm: &'a dyn LanguageModel,
    adapter: Arc<dyn Adapter>,
    policy: &'a ParsePolicy,
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
            path: None,
            adapter: Arc::new(ChatAdapter::new()),
        }
    }

    fn setup<'a>(&'a self, ctx: &'a Context) -> Result<Setup<'a>> {
        let mut setup = Setup {
            lm: &**self.lm.as_ref().unwrap_or_else(|| ctx.lm()),
            adapter: Arc::clone(ctx.adapter().unwrap_or(&self.adapter)),
            policy: ctx.policy(),
            options: self.options.over(ctx.options()),
            path: self.path.clone().unwrap_or_else(Path::unstamped),
        };
        // The last override of a path comes first, so earlier ones only fill what it leaves open.
        let (mut lm, mut adapter, mut policy) = (None, None, None);
        let mut options = Options::default();
        for o in ctx.overrides(self.path.as_ref())? {
            lm = lm.or(o.lm.as_deref());
            adapter = adapter.or_else(|| o.adapter.clone());
            policy = policy.or(o.policy.as_ref());
            options = options.over(&o.options);
        }
        setup.lm = lm.unwrap_or(setup.lm);
        setup.adapter = adapter.unwrap_or(setup.adapter);
        setup.policy = policy.unwrap_or(setup.policy);
        setup.options = options.over(&setup.options);
        Ok(setup)
    }

    /// The request that a call with these inputs would send.
    pub(crate) fn render(&self, ctx: &Context, inputs: Record) -> Result<Request> {
        let setup = self.setup(ctx)?;
        self.check_inputs(inputs).and_then(|inputs| self.request(&setup, &inputs)).map_err(|e| self.place(e))
    }

    fn request(&self, setup: &Setup<'_>, inputs: &Record) -> Result<Request> {
        let call =
            RenderCall::new(&self.signature, inputs).demos(&self.demos).capabilities(setup.lm.capabilities());
        let mut request = setup.adapter.render(&call)?;
        request.options = setup.options.over(&request.options);
        Ok(request)
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
        let request = self.request(setup, inputs)?;
        let (reply, attempts) = ask_for_all(ctx, setup, &request).await?;
        let read = self.read(setup, &reply);
        if let Some(step) = &mut step {
            step.request = Some(Arc::new(request));
            step.reply = Some(Arc::new(reply));
        }
        match read {
            Ok(prediction) => {
                ctx.note(prediction.notes());
                Ok(prediction.with_attempts(attempts))
            }
            Err(e) => {
                ctx.blame_last_attempt(e.code());
                let attempts = fail_last(attempts, e.code());
                Err(e.with_attempts(attempts))
            }
        }
    }

    /// Reads every completion. One that cannot be read is noted and left out, unless none can.
    fn read(&self, setup: &Setup<'_>, reply: &Reply) -> Result<Prediction<Record>> {
        let mut completions = Vec::with_capacity(reply.choices.len());
        let mut notes = Vec::new();
        let mut first_error = None;
        for (i, choice) in reply.choices.iter().enumerate() {
            match setup.adapter.parse(&self.signature, choice, setup.policy) {
                Ok(parsed) => {
                    notes.extend(parsed.notes);
                    completions.push(parsed.fields);
                }
                Err(e) if reply.choices.len() == 1 || !setup.policy.applies(ParseRule::UnreadCompletion) => {
                    return Err(e);
                }
                Err(e) => {
                    let message =
                        format!("completion {} of {} was left out: {e}", i + 1, reply.choices.len());
                    notes.push(Note::new(ParseRule::UnreadCompletion, None, message));
                    first_error.get_or_insert(e);
                }
            }
        }
        let mut completions = completions.into_iter();
        match (completions.next(), first_error) {
            (Some(first), _) => {
                Ok(Prediction::new(first).with_others(completions.collect()).with_notes(notes))
            }
            (None, Some(e)) => Err(e),
            (None, None) => {
                let message = "expected at least one completion, found none";
                Err(LmError::new(LmErrorKind::Protocol, message).with_model(setup.lm.id()).into())
            }
        }
    }
}

/// Marks the last attempt as the one that failed.
fn fail_last(mut attempts: Vec<Attempt>, code: &str) -> Vec<Attempt> {
    if let Some(last) = attempts.last_mut() {
        last.error.get_or_insert_with(|| code.to_owned());
    }
    attempts
}

/// Asks until there are as many completions as were asked for. A model that gives one at a time is asked again.
async fn ask_for_all(ctx: &Context, setup: &Setup<'_>, request: &Request) -> Result<(Reply, Vec<Attempt>)> {
    let wanted = request.options.n.unwrap_or(1).max(1) as usize;
    let (mut reply, attempt) = ctx.ask(&setup.path, setup.lm, request).await?;
    let mut attempts = vec![attempt];
    let mut choices: Vec<Choice> = std::mem::take(&mut reply.choices);
    while choices.len() < wanted && !choices.is_empty() {
        let mut more = request.clone();
        more.options.n = u32::try_from(wanted - choices.len()).ok();
        // Without this a cache would give the same completion again.
        more.options.rollout_id = Some(request.options.rollout_id.unwrap_or(0) + choices.len() as u64);
        match ctx.ask(&setup.path, setup.lm, &more).await {
            Ok((next, attempt)) => {
                attempts.push(attempt);
                if next.choices.is_empty() {
                    break;
                }
                choices.extend(next.choices);
            }
            Err(e) => return Err(e.with_attempts(attempts)),
        }
    }
    // Who named no number takes what the model gives: an option of the provider's own may have asked for several.
    if request.options.n.is_some() {
        choices.truncate(wanted);
    }
    reply.choices = choices;
    Ok((reply, attempts))
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
        state
    }

    fn set_state(&mut self, state: &LeafState) -> Result<()> {
        if let Some(name) = state.values.keys().next() {
            return Err(ErrorKind::State {
                message: format!("expected no parameter `{name}` in a predictor"),
            }
            .into());
        }
        let signature = match &state.signature {
            Some(s) => self.signature.load_state(s)?,
            None => self.signature.clone(),
        };
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
