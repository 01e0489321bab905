//! One exchange with models: a question, the reading of the reply, and what is done about one that cannot be read.

use std::sync::Arc;

use dspex_core::lm::{Choice, LmError, LmErrorKind, Message, Options, Reply, Request};
use dspex_core::{
    Adapter, Attempt, AttemptReason, BoxFuture, Context, Error, Example, Extraction, Fallback, LanguageModel,
    Note, ParseRule, Record, RenderCall, Result, Signature,
};

use super::decisions::Asked;
use super::{Setup, ladder};

/// What is asked: by the predictor itself, or by it of the text of a reply.
pub(super) struct Question<'a> {
    pub(super) signature: &'a Signature,
    pub(super) demos: &'a [Example],
    pub(super) inputs: &'a Record,
    pub(super) lm: &'a dyn LanguageModel,
    pub(super) options: Options,
    /// What is done about a reply that cannot be read.
    pub(super) fallbacks: &'a [Fallback],
    /// Whether it is about the text of a reply; of its own replies nothing is extracted.
    pub(super) about_a_reply: bool,
    /// What its outputs are decided by.
    pub(super) decisions: Option<&'a Asked<'a>>,
}

impl Question<'_> {
    /// The request by which an adapter asks it.
    pub(super) fn request(&self, adapter: &dyn Adapter) -> Result<Request> {
        let call = self.call();
        let mut request = adapter.render(&call)?;
        request.options = self.options.over(&request.options);
        for name in adapter.withheld(&call) {
            request.options.extra.remove(*name);
        }
        Ok(request)
    }

    /// What an adapter is told of it.
    fn call(&self) -> RenderCall<'_> {
        RenderCall::new(self.signature, self.inputs)
            .demos(self.demos)
            .capabilities(self.lm.capabilities())
            .options(&self.options)
    }
}

/// What was read.
pub(super) struct Answer {
    pub(super) completions: Vec<Record>,
    pub(super) notes: Vec<Note>,
}

/// A question as it was asked, and what came of it.
pub(super) struct Turn {
    adapter: Arc<dyn Adapter>,
    pub(super) request: Request,
    pub(super) reply: Reply,
    pub(super) read: Result<Answer>,
    /// Why its adapter could not read the reply, where a fallback may help. A second call has had the fallbacks of its
    /// own already.
    unread: Option<Error>,
}

/// The calls of one run of a predictor.
pub(super) struct Exchange<'a> {
    pub(super) ctx: &'a Context,
    pub(super) setup: &'a Setup<'a>,
    /// Those that were answered.
    pub(super) attempts: Vec<Attempt>,
}

impl Exchange<'_> {
    /// Asks, and does what the context says about a reply that cannot be read. The outer error is of the first call.
    pub(super) async fn run(
        &mut self,
        question: &Question<'_>,
        adapter: Arc<dyn Adapter>,
        reason: AttemptReason,
    ) -> Result<Turn> {
        let request = question.request(&*adapter)?;
        let mut turn = self.turn(question, adapter, request, reason).await?;
        let steps = question.fallbacks.iter().flat_map(|fallback| match fallback {
            Fallback::ShowError(times) => std::iter::repeat_n(*fallback, *times as usize),
            other => std::iter::repeat_n(*other, 1),
        });
        for step in steps {
            let Some(error) = turn.unread.clone().filter(|_| turn.read.is_err()) else { break };
            if let Err(e) = self.fall_back(question, &mut turn, step, &error).await {
                turn.read = Err(e);
                break;
            }
        }
        Ok(turn)
    }

    async fn fall_back(
        &mut self,
        question: &Question<'_>,
        turn: &mut Turn,
        step: Fallback,
        error: &Error,
    ) -> Result<()> {
        let code = error.code();
        match step {
            Fallback::ShowError(_) => {
                let adapter = Arc::clone(&turn.adapter);
                let request = with_complaint(turn, adapter.complaint(error));
                let reason = AttemptReason::ShownError { error: code };
                *turn = self.turn(question, adapter, request, reason).await?;
            }
            Fallback::AskAsJson => {
                let Some(adapter) = turn.adapter.as_json() else { return Ok(()) };
                let request = question.request(&*adapter)?;
                let reason = AttemptReason::AskedAsJson { error: code };
                *turn = self.turn(question, adapter, request, reason).await?;
            }
            Fallback::Extract => {
                let Some(adapter) = turn.adapter.extractor().filter(|_| !question.about_a_reply) else {
                    return Ok(());
                };
                let reason = AttemptReason::Extracted { error: code };
                match self.read(question, &*adapter, &turn.reply, reason).await {
                    Err(e) if !e.is_unread_reply() => return Err(e),
                    read => turn.read = read,
                }
            }
            _ => {}
        }
        Ok(())
    }

    async fn turn(
        &mut self,
        question: &Question<'_>,
        adapter: Arc<dyn Adapter>,
        mut request: Request,
        reason: AttemptReason,
    ) -> Result<Turn> {
        let reply = ladder::ask(self, question.lm, &mut request, reason).await?;
        let read = self.read(question, &*adapter, &reply, AttemptReason::Extraction).await;
        let error = read.as_ref().err().filter(|e| !e.is_in_extraction());
        if let Some(e) = error {
            self.blame(e);
        }
        let unread = error.filter(|e| e.is_unread_reply()).cloned();
        Ok(Turn { adapter, request, reply, read, unread })
    }

    /// Says of the last attempt that its reply was of no use.
    fn blame(&mut self, error: &Error) {
        self.ctx.blame_last_attempt(error.code());
        if let Some(last) = self.attempts.last_mut() {
            last.error.get_or_insert_with(|| error.code().to_owned());
        }
    }

    /// Reads every completion. One that cannot be read is noted and left out, unless none can.
    async fn read(
        &mut self,
        question: &Question<'_>,
        adapter: &dyn Adapter,
        reply: &Reply,
        reason: AttemptReason,
    ) -> Result<Answer> {
        let (mut completions, mut notes) = (Vec::with_capacity(reply.choices.len()), Vec::new());
        let mut first_error = None;
        let count = reply.choices.len();
        let leave_out = count > 1 && self.setup.policy.applies(ParseRule::UnreadCompletion);
        for (i, choice) in reply.choices.iter().enumerate() {
            let read = match adapter.extraction(question.signature, choice, self.setup.policy) {
                Ok(None) => adapter
                    .read(&question.call(), choice, self.setup.policy)
                    .map(|parsed| (parsed.fields, parsed.notes)),
                Ok(Some(_)) if question.about_a_reply => Err(Error::configuration(
                    "expected an adapter that reads the replies of second calls itself, found one that asks again",
                )),
                Ok(Some(second)) => self.extract(&second, reason).await,
                Err(e) => Err(e),
            };
            let decided = read.and_then(|(fields, more)| match question.decisions {
                Some(asked) => Ok((asked.decide(fields)?, more)),
                None => Ok((fields, more)),
            });
            match decided {
                Ok((fields, more)) => {
                    notes.extend(more);
                    completions.push(fields);
                }
                Err(e) if leave_out && e.is_unread_reply() => {
                    let message = format!("completion {} of {count} was left out: {e}", i + 1);
                    notes.push(Note::new(ParseRule::UnreadCompletion, None, message));
                    first_error.get_or_insert(e);
                }
                Err(e) => return Err(e),
            }
        }
        match first_error {
            Some(e) if completions.is_empty() => Err(e),
            None if completions.is_empty() => {
                let message = "expected at least one completion, found none";
                Err(LmError::new(LmErrorKind::Protocol, message).with_model(question.lm.id()).into())
            }
            _ => Ok(Answer { completions, notes }),
        }
    }

    /// Has the outputs read from a text by a second call. It goes by the model's own options: those of the first were
    /// given for another task.
    fn extract<'a>(
        &'a mut self,
        second: &'a Extraction,
        reason: AttemptReason,
    ) -> BoxFuture<'a, Result<(Record, Vec<Note>)>> {
        let setup = self.setup;
        let mut options = Options::new();
        options.deadline = setup.options.deadline;
        let question = Question {
            signature: &second.signature,
            demos: &[],
            inputs: &second.inputs,
            lm: setup.extraction_lm,
            options,
            // A fallback has none itself, so that there are at most as many calls as the context says.
            fallbacks: if reason.is_fallback() { &[] } else { setup.fallbacks },
            about_a_reply: true,
            decisions: None,
        };
        Box::pin(async move {
            let turn = self.run(&question, Arc::clone(&second.adapter), reason).await;
            let answer = turn.and_then(|turn| turn.read).map_err(Error::in_extraction)?;
            let fields = answer.completions.into_iter().next().unwrap_or_default();
            Ok((fields, answer.notes))
        })
    }

    /// Asks until there are as many completions as were asked for. A model that gives one at a time is asked again.
    pub(super) async fn ask_for_all(
        &mut self,
        lm: &dyn LanguageModel,
        request: &Request,
        reason: AttemptReason,
    ) -> Result<Reply> {
        let wanted = request.options.n.unwrap_or(1).max(1) as usize;
        let mut reply = self.ask(lm, request, reason).await?;
        let mut choices: Vec<Choice> = std::mem::take(&mut reply.choices);
        while choices.len() < wanted && !choices.is_empty() {
            let mut more = request.clone();
            more.options.n = u32::try_from(wanted - choices.len()).ok();
            // Without this a cache would give the same completion again.
            more.options.rollout_id = Some(request.options.rollout_id.unwrap_or(0) + choices.len() as u64);
            let next = self.ask(lm, &more, AttemptReason::MoreCompletions).await?;
            if next.choices.is_empty() {
                break;
            }
            choices.extend(next.choices);
        }
        // Who named no number takes what the model gives: an option of the provider's own may have asked for several.
        if request.options.n.is_some() {
            choices.truncate(wanted);
        }
        reply.choices = choices;
        Ok(reply)
    }

    async fn ask(
        &mut self,
        lm: &dyn LanguageModel,
        request: &Request,
        reason: AttemptReason,
    ) -> Result<Reply> {
        let (reply, attempt) = self.ctx.ask_because(&self.setup.path, lm, request, reason).await?;
        self.attempts.push(attempt);
        Ok(reply)
    }
}

/// The conversation with the reply that was of no use and a word about it. Of several completions, it is the first.
fn with_complaint(turn: &Turn, complaint: String) -> Request {
    let mut request = turn.request.clone();
    let text = turn.reply.choices.first().map(Choice::content).unwrap_or_default();
    // Providers refuse turns of the model without text.
    if !text.trim().is_empty() {
        request.messages.push(Message::assistant(text));
    }
    request.messages.push(Message::user(complaint));
    request
}
