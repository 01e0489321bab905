//! From an answer and its faults to what is sent: status, headers, body.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use dspex_core::lm::Reply;
use http::{HeaderName, HeaderValue, Response, StatusCode};

use super::answer::Answer;
use super::content::Content;
use super::fault::{Fault, Style};
use super::log::{InFlight, Received};
use super::wire::{Asked, Said, Wire};

/// An answer on its way to the socket.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, Bytes)>,
    pub(super) body: Content,
}

impl Draft {
    pub(super) fn json(status: u16, json: &serde_json::Value) -> Self {
        Self::new(status, "application/json", Content::whole(json.to_string()))
    }

    fn new(status: u16, content_type: &str, body: Content) -> Self {
        let mut draft = Self { status, headers: Vec::with_capacity(8), body };
        draft.set("content-type", content_type);
        draft
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.headers.push((name.to_owned(), Bytes::copy_from_slice(value.as_bytes())));
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name))
    }

    pub(super) fn take_body(&mut self) -> Bytes {
        self.body.take().into()
    }

    /// Changes the body, which comes in one piece after this.
    pub(super) fn map_body(&mut self, change: impl FnOnce(Bytes) -> Bytes) {
        let (stream, delay) = (self.body.stream, self.body.delay);
        let body = change(self.take_body());
        self.body = Content::whole(body);
        (self.body.stream, self.body.delay) = (stream, delay);
    }

    /// As HTTP; what cannot be said in it is left out.
    pub(super) fn into_response(self, guard: InFlight) -> Response<Content> {
        let mut response = Response::new(self.body.watched(guard));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers {
            let value = HeaderValue::from_maybe_shared(value);
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

/// What an answer is written with.
#[derive(Clone, Copy)]
pub(super) struct Writing<'a> {
    pub(super) wire: &'a dyn Wire,
    pub(super) asked: &'a Asked,
    pub(super) received: &'a Received,
    /// Wait between the events of a stream.
    pub(super) drip: Duration,
    /// The time of day.
    pub(super) since_epoch: Duration,
}

impl Writing<'_> {
    /// The answer with all faults that are not of the connection.
    pub(super) fn draft(self, answer: Answer, faults: &[Fault]) -> io::Result<Draft> {
        let mut headers = Vec::new();
        let mut answer = answer;
        for fault in faults {
            answer = self.replaced(answer, fault, &mut headers);
        }
        let mut draft = self.written(answer, faults);
        for (name, value) in headers {
            draft.set(&name, &value);
        }
        for fault in faults {
            fault.on_bytes(&mut draft)?;
        }
        if faults.iter().any(|f| matches!(f, Fault::HugeLine(_))) {
            draft.headers.retain(|(name, _)| name != "content-type");
            draft.set("content-type", "text/event-stream");
        }
        Ok(draft)
    }

    /// What stands for the answer under a fault that is an answer of its own.
    fn replaced(self, answer: Answer, fault: &Fault, headers: &mut Vec<(String, String)>) -> Answer {
        let error = |status: u16, message: String| Answer::Status { status, message, headers: Vec::new() };
        match fault {
            Fault::Status(status) => Answer::status(*status),
            Fault::RetryAfter(form) => {
                headers.push(form.header(self.since_epoch));
                let is_reply = matches!(answer, Answer::Reply(_) | Answer::Refusal(_));
                if is_reply { Answer::status(429) } else { answer }
            }
            Fault::QuotaSpent => {
                let message = "You exceeded your current quota, please check your plan and billing details.";
                let body = self.wire.error(429, "insufficient_quota", message);
                Answer::Http { status: 429, headers: vec![json_type()], body: body.to_string() }
            }
            Fault::ShouldRetry(should) => {
                headers.push(("x-should-retry".into(), should.to_string()));
                answer
            }
            Fault::ContextOverflow => error(400, self.wire.overflow().to_owned()),
            Fault::TimeoutWords => {
                error(400, "expected `timeout` to be a number: the connection option is not known".into())
            }
            Fault::EchoKey => error(401, format!("Incorrect API key provided: {}", self.key())),
            Fault::Html => Answer::body("text/html", "<html><body>Sign in to go on</body></html>"),
            Fault::ErrorInside => {
                let body = self.wire.error(503, "server_error", "Overloaded");
                Answer::Http { status: 200, headers: vec![json_type()], body: body.to_string() }
            }
            Fault::Redirect(url) => Answer::status(307).with_header("location", url),
            Fault::Header(name, value) => {
                headers.push((name.clone(), value.clone()));
                answer
            }
            _ => answer,
        }
    }

    /// The key as each provider's clients send it.
    fn key(self) -> String {
        let of = |name: &str| self.received.header(name).map(str::to_owned);
        let bearer = of("authorization").map(|key| key.trim_start_matches("Bearer ").to_owned());
        let key =
            bearer.or_else(|| of("x-api-key")).or_else(|| of("x-goog-api-key")).or_else(|| of("api-key"));
        key.unwrap_or_default()
    }

    fn written(self, answer: Answer, faults: &[Fault]) -> Draft {
        match answer {
            Answer::Reply(reply) => self.said(reply, None, faults),
            Answer::Refusal(text) => self.said(Reply::text(""), Some(text), faults),
            Answer::Status { status, message, headers } => {
                let mut draft = Draft::json(status, &self.wire.error(status, kind_of(status), &message));
                for (name, value) in &headers {
                    draft.set(name, value);
                }
                draft
            }
            Answer::Http { status, headers, body } => {
                let mut draft = Draft { status, headers: Vec::new(), body: Content::whole(body) };
                for (name, value) in &headers {
                    draft.set(name, value);
                }
                draft
            }
            // What they stand for has been taken apart before.
            Answer::Faulty(_, inner) | Answer::CutAfter(_, inner) => self.written(*inner, faults),
            Answer::Hang => self.said(Reply::text(""), None, faults),
        }
    }

    fn said(self, reply: Reply, refusal: Option<String>, faults: &[Fault]) -> Draft {
        let mut said = Said {
            choices: reply.choices,
            refusal,
            usage: reply.usage,
            model: reply.model.unwrap_or_else(|| self.asked.model.clone()),
            call: self.received.number,
        };
        for fault in faults {
            fault.on_said(&mut said, self.asked);
        }
        let keys = self.wire.usage_keys();
        if !self.asked.stream {
            let mut json = self.wire.whole(self.asked, &said);
            for fault in faults {
                fault.on_json(&mut json, keys);
            }
            return Draft::json(200, &json);
        }
        let mut frames = self.wire.frames(self.asked, &said);
        for fault in faults {
            if fault.reads_json() {
                for frame in &mut frames {
                    if let Ok(mut json) = serde_json::from_str(&frame.data) {
                        fault.on_json(&mut json, keys);
                        frame.data = json.to_string();
                    }
                }
            }
            fault.on_frames(&mut frames, self.wire);
        }
        let style = Style::new(self.asked.form, faults);
        let mut body = Content::pieces(style.write(&frames).into_iter().map(Bytes::from));
        (body.stream, body.delay) = (true, self.drip);
        Draft::new(200, style.content_type(), body)
    }
}

fn json_type() -> (String, String) {
    ("content-type".into(), "application/json".into())
}

/// The type of an error in the words of chat completions.
fn kind_of(status: u16) -> &'static str {
    match status {
        429 => "rate_limit_exceeded",
        s if s >= 500 => "server_error",
        _ => "invalid_request_error",
    }
}

/// An answer to a request that no wire can read.
pub(super) fn unreadable(wire: Option<&dyn Wire>, message: &str) -> Draft {
    match wire {
        Some(wire) => Draft::json(400, &wire.error(400, "invalid_request_error", message)),
        None => Draft::new(404, "text/plain", Content::whole(format!("{message}\n"))),
    }
}
