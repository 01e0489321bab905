//! The wire of OpenAI's chat completions, which many servers speak.
//!
//! Source: OpenAI's API reference, "Chat" and "Streaming"; and what vendors that say they are compatible send.

use std::collections::BTreeMap;

use dspex_core::Usage;
use dspex_core::lm::{
    self, Event, FinishReason, LmError, LmErrorKind, Message, ResponseFormat, Role, ToolChoice, ToolSpec,
};
use serde_json::{Value as Json, json};

use super::call::{Body, Call};
use super::maybe::{Maybe, Object};
use super::openai_reply::{Found, Part, Words};
use super::{Decode, Frame, Quirks, Wire};

/// Chat completions.
#[derive(Debug)]
pub(crate) struct OpenAiChat;

/// What a request says by itself, and what no extra option may change.
const OWN_KEYS: [&str; 4] = ["model", "messages", "stream", "stream_options"];

impl Wire for OpenAiChat {
    fn name(&self) -> &'static str {
        "openai_chat"
    }

    fn path(&self, _: &Call<'_>) -> String {
        "chat/completions".to_owned()
    }

    fn encode(&self, call: &Call<'_>) -> Result<Json, LmError> {
        let (request, o) = (call.request, call.options());
        // The reference: a message of the assistant has parts of text, or a refusal.
        let media = |m: &Message| m.role == Role::Assistant && m.parts.iter().any(is_media);
        call.cannot_if(
            request.messages.iter().any(media),
            "an image or another part beside text in a turn of the model",
        )?;
        let mut body = Body::default();
        body.set("model", Some(call.model));
        body.set("messages", Some(request.messages.iter().map(Message::to_json).collect::<Json>()));
        body.set("n", o.n);
        body.set("temperature", o.temperature);
        body.set("top_p", o.top_p);
        let completion = (call.quirks.max_completion_tokens)(call.model);
        body.set(if completion { "max_completion_tokens" } else { "max_tokens" }, o.max_tokens);
        body.set("stop", o.stop.clone());
        body.set("seed", o.seed);
        body.set("logprobs", o.logprobs.map(|_| true));
        body.set("top_logprobs", o.logprobs.filter(|k| *k > 0));
        body.set(
            "tools",
            (!request.tools.is_empty()).then(|| request.tools.iter().map(tool).collect::<Json>()),
        );
        body.set("tool_choice", request.tool_choice.as_ref().map(tool_choice).transpose()?);
        body.set("parallel_tool_calls", request.parallel_tool_calls);
        body.set("response_format", request.response_format.as_ref().map(response_format).transpose()?);
        body.set("stream", call.stream.then_some(true));
        let usage = call.stream && call.quirks.stream_usage;
        body.set("stream_options", usage.then(|| json!({"include_usage": true})));
        call.with_extra(body.0, &OWN_KEYS)
    }

    fn decoder(&self, _: &Quirks) -> Box<dyn Decode> {
        Box::new(Decoder::default())
    }
}

fn is_media(part: &lm::Part) -> bool {
    matches!(part, lm::Part::Media(_) | lm::Part::Document(_))
}

fn tool(t: &ToolSpec) -> Json {
    json!({
        "type": "function",
        "function": {"name": t.name, "description": t.description, "parameters": t.parameters},
    })
}

fn tool_choice(choice: &ToolChoice) -> Result<Json, LmError> {
    Ok(match choice {
        ToolChoice::Auto => json!("auto"),
        ToolChoice::None => json!("none"),
        ToolChoice::Required => json!("required"),
        ToolChoice::Tool(name) => json!({"type": "function", "function": {"name": name}}),
        other => return Err(unsupported(&format!("the tool choice {other:?}"))),
    })
}

fn response_format(format: &ResponseFormat) -> Result<Json, LmError> {
    Ok(match format {
        ResponseFormat::JsonObject => json!({"type": "json_object"}),
        ResponseFormat::JsonSchema { name, schema, strict } => json!({
            "type": "json_schema",
            "json_schema": {"name": name, "schema": schema, "strict": strict},
        }),
        other => return Err(unsupported(&format!("the response format {other:?}"))),
    })
}

fn unsupported(what: &str) -> LmError {
    LmError::new(
        LmErrorKind::Unsupported,
        format!("expected what chat completions can ask for, found {what}"),
    )
}

/// Reads replies. A whole one is read as a stream of a single event.
#[derive(Debug, Default)]
struct Decoder {
    /// What was refused, by completion; and whether anything else was said.
    choices: BTreeMap<usize, Spoken>,
    model: Option<String>,
    id: Option<String>,
    usage: Usage,
}

#[derive(Debug, Default)]
struct Spoken {
    refusal: String,
    filtered: bool,
    something: bool,
}

impl Decode for Decoder {
    fn whole(&mut self, body: &[u8]) -> Result<Vec<Event>, LmError> {
        let mut events = self.read(body, Form::Whole)?;
        // A completion that says nothing, not even why it ended, is one all the same.
        let ended = |at| events.iter().any(|e| matches!(e, Event::Finish { choice, .. } if *choice == at));
        let silent: Vec<usize> = self.choices.keys().copied().filter(|at| !ended(*at)).collect();
        let reason = || FinishReason::Other("unknown".into());
        events.extend(silent.into_iter().map(|choice| Event::Finish { choice, reason: reason() }));
        events.push(self.done()?);
        Ok(events)
    }

    fn frame(&mut self, frame: &Frame) -> Result<Vec<Event>, LmError> {
        if frame.data.trim() == "[DONE]" {
            return Ok(vec![self.done()?]);
        }
        self.read(frame.data.as_bytes(), Form::Chunk)
    }
}

impl Decoder {
    fn read(&mut self, body: &[u8], form: Form) -> Result<Vec<Event>, LmError> {
        let (found, choices) = Found::read(body)?;
        self.model = found.model.0.or(self.model.take());
        self.id = found.id.0.or(self.id.take());
        let mut events = Vec::with_capacity(4);
        for (at, choice) in choices.into_iter().enumerate() {
            let Some(Object(mut choice)) = choice.0 else {
                let message = "expected completions as objects, found something else in `choices`";
                return Err(LmError::new(LmErrorKind::Protocol, message).with_usage(self.usage));
            };
            let at = form.index(&choice.index, at)?;
            let (logprobs, finish) = (choice.logprobs.take(), choice.finish_reason.0.take());
            let part = match form {
                Form::Whole => choice.message,
                Form::Chunk => choice.delta,
            };
            let part = part.0.map(|p| p.0).unwrap_or_default();
            self.choice(at, part, form, &mut events)?;
            self.ending(at, logprobs, finish, &mut events);
        }
        if let Some(Object(usage)) = found.usage.0 {
            self.usage = usage.read();
            events.push(Event::Usage(self.usage));
        }
        Ok(events)
    }

    fn choice(&mut self, at: usize, part: Part, form: Form, events: &mut Vec<Event>) -> Result<(), LmError> {
        let said = self.choices.entry(at).or_default();
        // Vendors name the reasoning in two ways; some send both with the same text.
        if let Some(text) = part.reasoning_content.0.or(part.reasoning.0) {
            events.push(Event::Reasoning { choice: at, text });
        }
        if let Some(Words(text)) = part.content.0 {
            said.something = true;
            events.push(Event::Text { choice: at, text });
        }
        if let Some(text) = part.refusal.0 {
            said.refusal.push_str(&text);
        }
        for (i, call) in part.tool_calls.0.into_iter().flatten().enumerate() {
            said.something = true;
            let call = call.0.map(|c| c.0).unwrap_or_default();
            let function = call.function.0.map(|f| f.0).unwrap_or_default();
            let arguments = match function.arguments {
                Some(Json::String(s)) => s,
                None => String::new(),
                // Some servers send the arguments as an object.
                Some(other) => other.to_string(),
            };
            events.push(Event::ToolCall {
                choice: at,
                index: form.index(&call.index, i)?,
                id: call.id.0,
                name: function.name.0,
                arguments,
            });
        }
        Ok(())
    }

    fn ending(&mut self, at: usize, logprobs: Option<Json>, finish: Option<String>, events: &mut Vec<Event>) {
        if let Some(logprobs) = logprobs {
            events.push(Event::Logprobs { choice: at, logprobs });
        }
        if let Some(word) = finish {
            let reason = match word.as_str() {
                "stop" => FinishReason::Stop,
                "length" => FinishReason::Length,
                "tool_calls" | "function_call" => FinishReason::ToolCalls,
                "content_filter" => FinishReason::ContentFilter,
                _ => FinishReason::Other(word),
            };
            self.choices.entry(at).or_default().filtered |= reason == FinishReason::ContentFilter;
            events.push(Event::Finish { choice: at, reason });
        }
    }

    /// The end of the reply. Where every completion was refused and nothing else said, that is the error.
    fn done(&mut self) -> Result<Event, LmError> {
        let refused = |s: &Spoken| !s.something && (s.filtered || !s.refusal.is_empty());
        if !self.choices.is_empty() && self.choices.values().all(refused) {
            let words = self.choices.values().map(|s| s.refusal.as_str()).find(|r| !r.is_empty());
            let message = match words {
                Some(words) => format!("the model refused: {}", dspex_core::shorten_text(words)),
                None => "the provider's filter stopped the answer".to_owned(),
            };
            return Err(LmError::new(LmErrorKind::Refusal, message)
                .with_usage(self.usage)
                .with_request_id(self.id.take()));
        }
        Ok(Event::Done { model: self.model.take(), request_id: self.id.take(), cached: false })
    }
}

/// How a reply comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// At once.
    Whole,
    /// Bit by bit.
    Chunk,
}

/// More completions or calls than anyone asks for; a higher index is the provider's mistake.
const MOST: u64 = 1024;

impl Form {
    /// Which completion or call an item is. Of a whole reply that is where it stands, whatever it says; of a stream,
    /// what it says.
    fn index(self, said: &Maybe<u64>, at: usize) -> Result<usize, LmError> {
        match said.0 {
            Some(index) if self == Self::Chunk => {
                let fits = usize::try_from(index).ok().filter(|_| index < MOST);
                fits.ok_or_else(|| {
                    let message = format!("expected an `index` under {MOST}, found {index}");
                    LmError::new(LmErrorKind::Protocol, message)
                })
            }
            _ => Ok(at),
        }
    }
}
