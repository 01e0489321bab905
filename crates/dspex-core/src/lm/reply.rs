//! Replies: whole, and as a stream of events. Both are folded by the same code.

use std::time::Duration;

use serde_json::Value as Json;

use super::message::{Part, text_of};
use super::{LmError, LmErrorKind};
use crate::usage::Usage;
use crate::value::{Record, ToolCall, Value};

/// Why the model stopped. The list is open: a provider may have reasons of its own.
///
/// ```
/// use dspex_core::lm::{Choice, FinishReason};
/// let cut = Choice::text("It was the best of ti").with_finish(FinishReason::Length);
/// assert_eq!(cut.finish.as_str(), "length");
/// assert_eq!(FinishReason::Other("recitation".into()).as_str(), "recitation");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FinishReason {
    /// It was done.
    Stop,
    /// It ran into the bound on tokens; the text is cut off.
    Length,
    /// It wants tools called.
    ToolCalls,
    /// A filter stopped it.
    ContentFilter,
    /// A reason in the provider's word.
    Other(String),
}

impl FinishReason {
    /// The reason that a word of chat completions stands for.
    ///
    /// ```
    /// use dspex_core::lm::FinishReason;
    /// assert_eq!(FinishReason::from_word("length"), FinishReason::Length);
    /// ```
    pub fn from_word(word: &str) -> Self {
        match word {
            "stop" => Self::Stop,
            "length" => Self::Length,
            "tool_calls" | "function_call" => Self::ToolCalls,
            "content_filter" => Self::ContentFilter,
            _ => Self::Other(word.to_owned()),
        }
    }

    /// The word of chat completions for the reason.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
            Self::Other(word) => word,
        }
    }
}

/// One completion of a [`Reply`].
///
/// ```
/// use dspex_core::lm::{Choice, FinishReason, Part};
/// let mut choice = Choice::text("Goethe");
/// choice.parts.insert(0, Part::Reasoning("Faust is a play by ...".into()));
/// assert_eq!(choice.content(), "Goethe", "without the reasoning");
/// assert_eq!(choice.finish, FinishReason::Stop);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Choice {
    /// What the model said, in order.
    pub parts: Vec<Part>,
    /// Why it stopped.
    pub finish: FinishReason,
    /// Log-probabilities as the provider gave them, where they were asked for.
    pub logprobs: Option<Json>,
}

impl Choice {
    /// A completion of text that ended by itself.
    pub fn text(text: impl Into<String>) -> Self {
        Self { parts: vec![Part::Text(text.into())], finish: FinishReason::Stop, logprobs: None }
    }

    /// The completion with another reason for its end.
    #[must_use]
    pub fn with_finish(mut self, finish: FinishReason) -> Self {
        self.finish = finish;
        self
    }

    /// All text of the completion, without reasoning.
    pub fn content(&self) -> String {
        text_of(&self.parts)
    }
}

/// What a model answered: its completions, and what they cost.
///
/// ```
/// use dspex_core::{Usage, lm::{Choice, Reply}};
/// let reply = Reply::new(vec![Choice::text("Goethe"), Choice::text("Marlowe")]).with_usage(Usage::tokens(40, 6));
/// let texts: Vec<String> = reply.choices.iter().map(Choice::content).collect();
/// assert_eq!(texts, ["Goethe", "Marlowe"]);
/// assert_eq!(reply.usage.total_tokens(), 46);
/// assert!(!reply.cached);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Reply {
    /// Completions, one for each that was asked for.
    pub choices: Vec<Choice>,
    /// What it cost.
    pub usage: Usage,
    /// The model that answered, in the provider's word.
    pub model: Option<String>,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// Whether it came from a cache and cost nothing.
    pub cached: bool,
    /// What was left out of the request, where that was [allowed](super::OnUnsupported::Warn), and what is odd about the
    /// reply.
    pub warnings: Vec<String>,
    /// What was tried before this reply came, in order.
    pub failed: Vec<FailedTry>,
}

impl Reply {
    /// A reply of one text, whose tokens nobody counted.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(vec![Choice::text(text)])
    }

    /// A reply of these completions.
    pub fn new(choices: Vec<Choice>) -> Self {
        Self { choices, usage: Usage::tokens(0, 0), ..Self::default() }
    }

    /// The reply with what it cost.
    #[must_use]
    pub fn with_usage(mut self, usage: Usage) -> Self {
        self.usage = usage;
        self
    }

    /// The reply with the name of the model that gave it.
    #[must_use]
    pub fn with_model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// What it cost, with what was used by tries that failed.
    pub fn all_usage(&self) -> Usage {
        self.usage + self.failed.iter().map(|f| f.usage).sum()
    }

    /// The reply as events, as if it had come as a stream.
    pub fn into_events(self) -> Vec<Event> {
        let mut events: Vec<Event> = self.failed.into_iter().map(Event::Failed).collect();
        events.extend(self.warnings.into_iter().map(Event::Warning));
        for (choice, c) in self.choices.into_iter().enumerate() {
            for part in c.parts {
                events.push(match part {
                    Part::Text(text) => Event::Text { choice, text },
                    Part::Reasoning(text) => Event::Reasoning { choice, text },
                    part => Event::Part { choice, part },
                });
            }
            if let Some(logprobs) = c.logprobs {
                events.push(Event::Logprobs { choice, logprobs });
            }
            events.push(Event::Finish { choice, reason: c.finish });
        }
        events.push(Event::Usage(self.usage));
        events.push(Event::Done { model: self.model, request_id: self.request_id, cached: self.cached });
        events
    }
}

/// A try of a request that failed, while a later one may have succeeded.
///
/// ```
/// use dspex_core::lm::{FailedTry, LmError, LmErrorKind};
/// use std::time::Duration;
/// let busy = LmError::new(LmErrorKind::RateLimit, "slow down").with_model("openai/gpt-4o-mini");
/// let failed = FailedTry::new(&busy, Duration::from_secs(2));
/// assert_eq!((failed.model.as_deref(), failed.kind), (Some("openai/gpt-4o-mini"), LmErrorKind::RateLimit));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedTry {
    /// The model that was asked.
    pub model: Option<String>,
    /// What went wrong.
    pub kind: LmErrorKind,
    /// In words, without secrets.
    pub message: String,
    /// What was used all the same.
    pub usage: Usage,
    /// How long was waited after it before the next try.
    pub waited: Duration,
}

impl FailedTry {
    /// The try that ended with an error, and the wait after it.
    pub fn new(error: &LmError, waited: Duration) -> Self {
        Self {
            model: error.model.clone(),
            kind: error.kind,
            message: error.message.clone(),
            usage: error.usage,
            waited,
        }
    }
}

/// A bit of a reply. A stream of them ends with [`Done`](Event::Done).
///
/// ```
/// use dspex_core::lm::{Event, FinishReason, Reply};
/// let events = Reply::text("Goethe").into_events();
/// assert_eq!(events[0], Event::Text { choice: 0, text: "Goethe".into() });
/// assert_eq!(events[1], Event::Finish { choice: 0, reason: FinishReason::Stop });
/// assert!(matches!(events.last(), Some(Event::Done { .. })));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// More text of a completion.
    Text {
        /// Which completion.
        choice: usize,
        /// The text.
        text: String,
    },
    /// More reasoning of a completion.
    Reasoning {
        /// Which completion.
        choice: usize,
        /// The text.
        text: String,
    },
    /// A bit of a tool call.
    ToolCall {
        /// Which completion.
        choice: usize,
        /// Which call of the completion.
        index: usize,
        /// The call's id, once it is known.
        id: Option<String>,
        /// The tool's name, once it is known.
        name: Option<String>,
        /// More of the arguments' JSON.
        arguments: String,
    },
    /// A part that comes whole.
    Part {
        /// Which completion.
        choice: usize,
        /// The part.
        part: Part,
    },
    /// Log-probabilities of a completion.
    Logprobs {
        /// Which completion.
        choice: usize,
        /// As the provider gave them.
        logprobs: Json,
    },
    /// A completion is over.
    Finish {
        /// Which completion.
        choice: usize,
        /// Why.
        reason: FinishReason,
    },
    /// A try that failed before anything of this reply came.
    Failed(FailedTry),
    /// Something that was left out of the request, or is odd about the reply.
    Warning(String),
    /// What was used so far; the last one counts.
    Usage(Usage),
    /// The reply is complete. Without this event it is not.
    Done {
        /// The model that answered.
        model: Option<String>,
        /// The provider's id of the request.
        request_id: Option<String>,
        /// Whether it came from a cache.
        cached: bool,
    },
}

/// Folds the events of a stream into a reply.
///
/// ```
/// use dspex_core::lm::{Event, ReplyBuilder};
/// let mut reply = ReplyBuilder::new();
/// reply.push(Event::Text { choice: 0, text: "Goe".into() });
/// reply.push(Event::Text { choice: 0, text: "the".into() });
/// assert_eq!(reply.partial(), "Goethe");
/// let e = reply.finish().unwrap_err();
/// assert_eq!(e.to_string(), "expected the end of the stream, found it cut off");
/// assert_eq!(e.partial.as_deref(), Some("Goethe"));
/// ```
#[derive(Debug, Default)]
pub struct ReplyBuilder {
    choices: Vec<Building>,
    usage: Usage,
    done: Option<(Option<String>, Option<String>, bool)>,
    warnings: Vec<String>,
    failed: Vec<FailedTry>,
}

#[derive(Debug, Default)]
struct Building {
    parts: Vec<Bit>,
    calls: Vec<Call>,
    finish: Option<FinishReason>,
    logprobs: Option<Json>,
}

/// A part of a completion that is being built.
#[derive(Debug)]
enum Bit {
    Part(Part),
    /// A tool call, by its index: it stands where its first bit came.
    Call(usize),
}

/// A tool call that is being built.
#[derive(Debug, Default)]
struct Call {
    begun: bool,
    id: Option<String>,
    name: String,
    arguments: String,
}

/// More completions than anyone asks for; an event for a later one is the provider's mistake.
const MOST_CHOICES: usize = 1024;

impl ReplyBuilder {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn choice(&mut self, at: usize) -> &mut Building {
        let at = at.min(MOST_CHOICES);
        if self.choices.len() <= at {
            self.choices.resize_with(at + 1, Building::default);
        }
        &mut self.choices[at]
    }

    /// Takes one event.
    pub fn push(&mut self, event: Event) {
        match event {
            Event::Text { choice, text } => {
                let parts = &mut self.choice(choice).parts;
                match parts.last_mut() {
                    Some(Bit::Part(Part::Text(so_far))) => so_far.push_str(&text),
                    _ => parts.push(Bit::Part(Part::Text(text))),
                }
            }
            Event::Reasoning { choice, text } => {
                let parts = &mut self.choice(choice).parts;
                match parts.last_mut() {
                    Some(Bit::Part(Part::Reasoning(so_far))) => so_far.push_str(&text),
                    _ => parts.push(Bit::Part(Part::Reasoning(text))),
                }
            }
            Event::ToolCall { choice, index, id, name, arguments } => {
                let Building { parts, calls, .. } = self.choice(choice);
                let index = index.min(MOST_CHOICES);
                if calls.len() <= index {
                    calls.resize_with(index + 1, Default::default);
                }
                let call = &mut calls[index];
                if !std::mem::replace(&mut call.begun, true) {
                    parts.push(Bit::Call(index));
                }
                call.id = id.or(call.id.take());
                if let Some(name) = name {
                    call.name = name;
                }
                call.arguments.push_str(&arguments);
            }
            Event::Part { choice, part } => self.choice(choice).parts.push(Bit::Part(part)),
            Event::Failed(failed) => self.failed.push(failed),
            Event::Warning(warning) => self.warnings.push(warning),
            Event::Logprobs { choice, logprobs } => self.choice(choice).logprobs = Some(logprobs),
            Event::Finish { choice, reason } => self.choice(choice).finish = Some(reason),
            Event::Usage(usage) => self.usage = usage,
            Event::Done { model, request_id, cached } => self.done = Some((model, request_id, cached)),
        }
    }

    /// The text of the first completion so far.
    pub fn partial(&self) -> String {
        let text = |bit: &Bit| match bit {
            Bit::Part(Part::Text(text)) => Some(text.clone()),
            _ => None,
        };
        self.choices.first().map(|c| c.parts.iter().filter_map(text).collect()).unwrap_or_default()
    }

    /// The reply, if its last event came.
    pub fn finish(self) -> Result<Reply, LmError> {
        let Some((model, request_id, cached)) = self.done else {
            let partial = self.partial();
            return Err(LmError::new(
                LmErrorKind::Transport,
                "expected the end of the stream, found it cut off",
            )
            .with_partial(partial)
            .with_usage(self.usage));
        };
        let choices: Vec<Choice> = self.choices.into_iter().map(Building::finish).collect();
        let (warnings, failed) = (self.warnings, self.failed);
        if choices.is_empty() {
            let e = LmError::new(LmErrorKind::Empty, "expected at least one completion, found none");
            return Err(e.with_usage(self.usage).with_request_id(request_id));
        }
        Ok(Reply { choices, usage: self.usage, model, request_id, cached, warnings, failed })
    }
}

impl Building {
    fn finish(self) -> Choice {
        let mut calls: Vec<Option<Call>> = self.calls.into_iter().map(Some).collect();
        let parts = self.parts.into_iter().filter_map(|bit| match bit {
            Bit::Part(part) => Some(part),
            Bit::Call(index) => calls.get_mut(index).and_then(Option::take).map(Call::finish),
        });
        let parts = parts.collect();
        let finish = self.finish.unwrap_or_else(|| FinishReason::Other("unknown".into()));
        Choice { parts, finish, logprobs: self.logprobs }
    }
}

impl Call {
    fn finish(self) -> Part {
        let Self { id, name, arguments, .. } = self;
        // Tools without arguments are called with nothing, or with `null` by some models.
        let args = if matches!(arguments.trim(), "" | "null") {
            Some(Record::new())
        } else {
            // What a model writes is plain JSON: a key that looks like a tag of ours is a key.
            Value::from_plain_json(&arguments)
                .ok()
                .and_then(|v| if let Value::Dict(d) = v { Record::try_from(d).ok() } else { None })
        };
        // How broken JSON is read is not the wire's to say.
        match args {
            Some(args) => Part::ToolCall(ToolCall { id, name, args }),
            None => Part::BrokenToolCall { id, name, arguments },
        }
    }
}
