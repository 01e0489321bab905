//! Reads recorded replies by the code that reads live ones.

use bytes::Bytes;
use dspex_core::lm::{LmError, LmErrorKind, Reply, ReplyBuilder};
use futures_util::future::FutureExt as _;
use futures_util::stream::{self, StreamExt as _};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::route::{self, To};
use super::{Content, Decoded, RecordedReply};
use crate::http::failure::Redaction;
use crate::http::{Streamed, content_type, may_be_json};
use crate::provider::quirks_of;
use crate::wire::{Framing, WIRES, Wire, models};

pub(super) fn decode(reply: &RecordedReply<'_>, piece: usize) -> Decoded {
    let skipped =
        |wire, why: &str| Decoded { wire, streaming: false, content: Ok(Content::Skipped(why.to_owned())) };
    if let Some(name) = reply.wire {
        return match WIRES.iter().find(|wire| wire.name() == name) {
            Some(wire) => by_wire(reply, *wire, piece),
            None => {
                let known = WIRES.iter().map(|w| w.name());
                let e = dspex_core::unknown_name("wires", name, known);
                let e = LmError::new(LmErrorKind::Configuration, e.to_string());
                Decoded { wire: None, streaming: false, content: Err(e) }
            }
        };
    }
    let Some(route) = route::find(reply.vendor, reply.method, reply.path) else {
        return skipped(None, "no wire has such a path");
    };
    match route.to {
        To::Nothing(why) => skipped(None, why),
        To::Wire(name, otherwise) => match WIRES.iter().find(|wire| wire.name() == name) {
            Some(wire) => by_wire(reply, *wire, piece),
            None => skipped(Some(name), otherwise),
        },
        To::Embeddings(form) => whole(reply, form.name(), |body| form.read(body).map(Content::Embeddings)),
        To::Models => whole(reply, "models", |body| models::ids(body).map(Content::Models)),
    }
}

fn whole(
    reply: &RecordedReply<'_>,
    wire: &'static str,
    read: impl FnOnce(&[u8]) -> Result<Content, LmError>,
) -> Decoded {
    let content = success(reply, &headers(reply)).and_then(|()| read(reply.body));
    Decoded { wire: Some(wire), streaming: false, content }
}

fn by_wire(reply: &RecordedReply<'_>, wire: &'static dyn Wire, piece: usize) -> Decoded {
    let headers = headers(reply);
    let kind = content_type(&headers);
    let framing = wire.framing();
    let streaming = framing.is_of(&kind) || (kind.is_empty() && looks_streamed(framing, reply.body));
    let content = success(reply, &headers).and_then(|()| {
        let read =
            if streaming { streamed(reply, wire, &headers, piece) } else { at_once(reply, wire, &headers) };
        read.map(|reply| Content::Reply(Box::new(reply)))
    });
    Decoded { wire: Some(wire.name()), streaming, content }
}

fn at_once(
    reply: &RecordedReply<'_>,
    wire: &'static dyn Wire,
    headers: &HeaderMap,
) -> Result<Reply, LmError> {
    let body = reply.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(reply.body);
    let (kind, redaction) = (content_type(headers), Redaction::default());
    if !may_be_json(&kind) {
        return Err(redaction.of_content("JSON", &kind, body));
    }
    let events = wire.decoder(&quirks_of(reply.vendor)).whole(body).map_err(|e| redaction.clean(e))?;
    let mut folded = ReplyBuilder::new();
    for event in events {
        folded.push(event);
    }
    folded.finish()
}

fn streamed(
    reply: &RecordedReply<'_>,
    wire: &'static dyn Wire,
    headers: &HeaderMap,
    piece: usize,
) -> Result<Reply, LmError> {
    let pieces: Vec<_> = reply.body.chunks(piece).map(|p| Ok(Bytes::copy_from_slice(p))).collect();
    let (decoder, redaction) = (wire.decoder(&quirks_of(reply.vendor)), Redaction::default());
    let id = redaction.request_id(headers);
    let events = Streamed::of(stream::iter(pieces).boxed(), wire.framing(), decoder, id, redaction);
    // All bytes are there, so that nothing is waited for.
    let events = events.collect::<Vec<_>>().now_or_never().unwrap_or_default();
    let mut folded = ReplyBuilder::new();
    for event in events {
        match event {
            Ok(event) => folded.push(event),
            Err(e) => return Err(e.with_partial(folded.partial())),
        }
    }
    folded.finish()
}

fn success(reply: &RecordedReply<'_>, headers: &HeaderMap) -> Result<(), LmError> {
    let status = StatusCode::from_u16(reply.status).map_err(|_| {
        let message = format!("expected a status of HTTP, found {}", reply.status);
        LmError::new(LmErrorKind::Protocol, message)
    })?;
    if status.is_success() {
        return Ok(());
    }
    Err(Redaction::default().of_status(status, headers, reply.body))
}

fn headers(reply: &RecordedReply<'_>) -> HeaderMap {
    let parsed = reply.headers.iter().filter_map(|(name, value)| {
        Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?))
    });
    parsed.collect()
}

/// Whether a body that does not say its type is a stream.
fn looks_streamed(framing: Framing, body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    match framing {
        Framing::Events => {
            [b"data:".as_slice(), b"event:", b"id:", b"retry:", b":"].iter().any(|f| body.starts_with(f))
        }
        Framing::Lines => {
            let mut values = serde_json::Deserializer::from_slice(body).into_iter::<serde_json::Value>();
            values.next().is_some_and(|first| first.is_ok()) && values.next().is_some()
        }
    }
}
