//! One request: read, recorded, held up, answered.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use dspex_core::lm::{LmError, LmErrorKind};
use dspex_core::{Clock, LanguageModel};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use serde_json::Value as Json;
use tokio::sync::mpsc;

use super::answer::Answer;
use super::content::Content;
use super::draft::{Draft, Writing, unreadable};
use super::fault::Fault;
use super::limits::Limits;
use super::log::{InFlight, Log, Received};
use super::outage::Running;
use super::raw::Plan;
use super::script::Script;
use super::share::{Latency, chance};
use super::wire::{self, Asked, Wire};

/// Largest request that is read.
const MOST_BYTES: usize = 64 << 20;

/// A closure that answers.
pub(super) type Respond = dyn Fn(&Received, usize) -> Answer + Send + Sync;

/// What answers requests.
pub(super) enum Responder {
    Lm(Arc<dyn LanguageModel>),
    Script(Script),
    Closure(Box<Respond>),
}

/// Faults that hit a share of the calls.
#[derive(Clone, Debug)]
pub(super) struct Weather {
    pub(super) faults: Vec<Fault>,
    pub(super) share: f64,
    pub(super) seed: u64,
}

pub(super) struct State {
    pub(super) responder: Responder,
    pub(super) latency: Latency,
    pub(super) drip: Duration,
    pub(super) weather: Weather,
    pub(super) limits: Option<Limits>,
    pub(super) outage: Mutex<Option<Running>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) log: Arc<Log>,
    /// How often each body came, where somebody asks.
    pub(super) attempts: Option<Mutex<HashMap<u64, usize>>>,
}

/// The connection that a request came by.
pub(super) struct Link {
    pub(super) number: usize,
    pub(super) requests: AtomicUsize,
    /// Takes what HTTP cannot say.
    pub(super) raw: mpsc::Sender<Box<Plan>>,
}

pub(super) async fn handle(
    state: Arc<State>,
    link: Arc<Link>,
    request: Request<Incoming>,
) -> Response<Content> {
    let (head, body) = request.into_parts();
    let reused = link.requests.fetch_add(1, Ordering::Relaxed) > 0;
    let path = head.uri.path_and_query().map_or_else(String::new, ToString::to_string);
    let Ok(body) = Limited::new(body, MOST_BYTES).collect().await else {
        let draft = unreadable(wire::at(&path), "expected a body of at most 64 MiB, sent to its end");
        return draft.into_response(state.in_flight(0));
    };
    let Some(wire) = wire::at(&path).filter(|_| head.method == Method::POST) else {
        let draft = state.beside(&path, head.headers, link.number);
        return draft.into_response(state.in_flight(0));
    };
    let number = state.log.calls.fetch_add(1, Ordering::SeqCst) + 1;
    let guard = state.in_flight(number);
    let body = body.to_bytes();
    let (asked, received) = state.read(wire, path, head.headers, &body, number, link.number);
    let (mut draft, faults) = match asked {
        Ok(asked) => state.answer(wire, &asked, &received).await,
        Err(message) => (unreadable(Some(wire), &message), Vec::new()),
    };
    if !draft.has("x-request-id") {
        draft.set(
            if wire.name() == "anthropic" { "request-id" } else { "x-request-id" },
            &format!("req-{number}"),
        );
    }
    match Plan::new(draft, &faults, reused, guard) {
        Err((draft, guard)) => draft.into_response(guard),
        Ok(plan) => {
            // The connection takes over; where it is gone, so is this.
            let _ = link.raw.send(plan).await;
            std::future::pending().await
        }
    }
}

impl State {
    fn in_flight(&self, call: usize) -> InFlight {
        InFlight::new(&self.log, call)
    }

    /// What is asked, as neutral request and as record, which is kept where it is wanted.
    fn read(
        &self,
        wire: &dyn Wire,
        path: String,
        headers: HeaderMap,
        body: &Bytes,
        number: usize,
        connection: usize,
    ) -> (Result<Asked, String>, Arc<Received>) {
        let json: Result<Json, String> =
            serde_json::from_slice(body).map_err(|e| format!("expected JSON, found: {e}"));
        let asked = json.as_ref().map_err(Clone::clone).and_then(|json| wire.ask(&path, json));
        let known = asked.as_ref().ok();
        let received = Arc::new(Received {
            number,
            attempt: self.attempt(body),
            at: Instant::now(),
            connection,
            path,
            wire: wire.name(),
            model: known.map(|a| a.model.clone()).unwrap_or_default(),
            stream: known.is_some_and(|a| a.stream),
            request: known.map(|a| a.request.clone()).unwrap_or_default(),
            body: json.unwrap_or_default(),
            headers,
        });
        if let Some(kept) = &self.log.requests {
            kept.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&received));
        }
        (asked, received)
    }

    fn attempt(&self, body: &Bytes) -> usize {
        let Some(attempts) = &self.attempts else { return 1 };
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        let mut attempts = attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = attempts.entry(hasher.finish()).or_default();
        *count += 1;
        *count
    }

    /// The answer to a call, with those of its faults that the connection is to play.
    async fn answer(&self, wire: &dyn Wire, asked: &Asked, received: &Received) -> (Draft, Vec<Fault>) {
        let since_epoch = self.clock.since_epoch();
        let writing = Writing { wire, asked, received, drip: self.drip, since_epoch };
        let limits = self.limits.as_ref().map(|limits| limits.take(tokens(asked, received), since_epoch));
        wait(self.latency.of(received.number)).await;
        let answer = match (self.failing(), &limits) {
            (Some(status), _) => Answer::status(status),
            (None, Some(verdict)) if !verdict.wait.is_zero() => {
                Answer::Status { status: 429, message: "Rate limit reached".into(), headers: Vec::new() }
            }
            _ => self.weathered(self.responded(asked, received).await, received.number),
        };
        let (answer, faults) = answer.apart();
        for fault in &faults {
            if let Fault::Delay(span) = fault {
                wait(*span).await;
            }
        }
        let mut draft = writing.draft(answer, &faults).unwrap_or_else(|e| {
            Draft::json(500, &wire.error(500, "server_error", &format!("the fault could not be made: {e}")))
        });
        for (name, value) in limits.into_iter().flat_map(|verdict| verdict.headers) {
            draft.set(&name, &value);
        }
        (draft, faults)
    }

    async fn responded(&self, asked: &Asked, received: &Received) -> Answer {
        match &self.responder {
            Responder::Script(script) => script.answer(received),
            Responder::Closure(respond) => respond(received, received.number),
            Responder::Lm(_) if !asked.inputs.is_empty() => Answer::text(""),
            Responder::Lm(lm) => match lm.call(&asked.request).await {
                Ok(mut reply) => {
                    reply.model = None;
                    Answer::Reply(reply)
                }
                Err(e) => of_lm_error(&e),
            },
        }
    }

    fn weathered(&self, answer: Answer, number: usize) -> Answer {
        let Weather { faults, share, seed } = &self.weather;
        if faults.is_empty() || chance(*seed, number) >= *share {
            return answer;
        }
        faults.iter().cloned().fold(answer, Answer::with_fault)
    }

    /// The status of an outage, while there is one.
    fn failing(&self) -> Option<u16> {
        let mut outage = self.outage.lock().unwrap_or_else(PoisonError::into_inner);
        let status = outage.as_mut()?.hit();
        if status.is_none() {
            *outage = None;
        }
        status
    }

    /// What is no call of a model: lists of models, and paths that nobody knows.
    fn beside(&self, path: &str, headers: HeaderMap, connection: usize) -> Draft {
        let id = match &self.responder {
            Responder::Lm(lm) => lm.id(),
            Responder::Script(_) | Responder::Closure(_) => "script",
        };
        let Some(list) = wire::models(path, headers.contains_key("anthropic-version"), id) else {
            return unreadable(None, "expected a path such as /v1/chat/completions or /v1/models");
        };
        let received = Received {
            number: 0,
            attempt: 1,
            at: Instant::now(),
            connection,
            path: path.to_owned(),
            wire: "models",
            model: String::new(),
            stream: false,
            request: dspex_core::lm::Request::default(),
            body: Json::Null,
            headers,
        };
        let openai = wire::WIRES[0];
        let answer = match (self.failing(), &self.responder) {
            (Some(status), _) => Some(Answer::status(status)),
            (None, Responder::Script(script)) => script.by_path(&received),
            _ => None,
        };
        let Some(answer) = answer else { return Draft::json(200, &list) };
        let asked = Asked::default();
        let since_epoch = self.clock.since_epoch();
        let writing =
            Writing { wire: openai, asked: &asked, received: &received, drip: Duration::ZERO, since_epoch };
        let (answer, faults) = answer.apart();
        writing.draft(answer, &faults).unwrap_or_else(|e| unreadable(None, &e.to_string()))
    }
}

/// Waits; not even a turn of the runtime where there is nothing to wait for.
async fn wait(span: Duration) {
    if !span.is_zero() {
        tokio::time::sleep(span).await;
    }
}

/// What a request costs: a token for each four bytes of its texts, and those it may have written.
fn tokens(asked: &Asked, received: &Received) -> u64 {
    let texts: usize = received.request.messages.iter().map(|m| m.text().len()).sum();
    (texts as u64).div_ceil(4).saturating_add(asked.request.options.max_tokens.unwrap_or(0))
}

/// A failure of the model that answers, as its provider would tell it.
fn of_lm_error(e: &LmError) -> Answer {
    let status = match e.kind {
        LmErrorKind::Auth => 401,
        LmErrorKind::Billing => 402,
        LmErrorKind::UnknownModel => 404,
        LmErrorKind::Timeout => 408,
        LmErrorKind::RateLimit => 429,
        LmErrorKind::InvalidRequest | LmErrorKind::ContextOverflow | LmErrorKind::Unsupported => 400,
        _ => 500,
    };
    Answer::Status { status, message: e.message.clone(), headers: Vec::new() }
}
