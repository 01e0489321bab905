//! A reply that comes as a stream: bytes to frames, frames to events.

use std::collections::VecDeque;

use bytes::Bytes;
use dspex_core::lm::{Event, LmError, LmErrorKind};
use futures_util::stream::{self, BoxStream, StreamExt as _};

use super::failure::Redaction;
use super::frames::Frames;
use super::transport::Body;
use crate::wire::{Decode, Frame, Framing};

/// The id of a request in a header counts over that in the body.
pub(super) fn name_request(event: &mut Event, id: Option<&String>) {
    if let (Event::Done { request_id, .. }, Some(id)) = (event, id) {
        *request_id = Some(id.clone());
    }
}

pub(super) fn named(mut e: LmError, request_id: Option<String>) -> LmError {
    e.request_id = request_id.or(e.request_id);
    e
}

/// A reply that comes as a stream of events.
pub(crate) struct Streamed {
    frames: Frames,
    decoder: Box<dyn Decode>,
    ready: VecDeque<Event>,
    request_id: Option<String>,
    redaction: Redaction,
    over: bool,
    twice: Twice,
}

/// Whether a provider sends each event twice, as some do behind a proxy that repeats what it sent. The first event of a
/// reply says something that is said once, so two of them tell.
#[derive(Debug, Default)]
enum Twice {
    /// No event came yet.
    #[default]
    Unknown,
    /// The first event.
    First(Frame),
    No,
    /// Yes; and the event whose second copy is due.
    Due(Option<Frame>),
}

impl Twice {
    /// Whether an event is the second copy of the one before; an error if one is due and does not come.
    fn is_copy(&mut self, frame: &Frame) -> Result<bool, LmError> {
        match self {
            Self::No => Ok(false),
            Self::Unknown => {
                *self = Self::First(frame.clone());
                Ok(false)
            }
            Self::First(first) => {
                let same = first == frame;
                *self = if same { Self::Due(None) } else { Self::No };
                Ok(same)
            }
            Self::Due(due) => match due.take() {
                None => {
                    *due = Some(frame.clone());
                    Ok(false)
                }
                Some(first) if first == *frame => Ok(true),
                Some(_) => {
                    let message = "expected each event once, found the first one twice, and not the others";
                    Err(LmError::new(LmErrorKind::Protocol, message))
                }
            },
        }
    }
}

impl Streamed {
    pub(super) fn start(
        body: Body,
        framing: Framing,
        decoder: Box<dyn Decode>,
        redaction: Redaction,
    ) -> BoxStream<'static, Result<Event, LmError>> {
        let request_id = body.request_id.clone();
        let bytes =
            stream::unfold(body, |mut body| async move { Some((body.next().await.transpose()?, body)) });
        Self::of(bytes.boxed(), framing, decoder, request_id, redaction)
    }

    /// The events of such a reply, from its bytes.
    pub(crate) fn of(
        bytes: BoxStream<'static, Result<Bytes, LmError>>,
        framing: Framing,
        decoder: Box<dyn Decode>,
        request_id: Option<String>,
        redaction: Redaction,
    ) -> BoxStream<'static, Result<Event, LmError>> {
        let frames = Frames::new(bytes, framing);
        let streamed = Self {
            frames,
            decoder,
            ready: VecDeque::new(),
            request_id,
            redaction,
            over: false,
            twice: Twice::default(),
        };
        stream::unfold(streamed, |mut s| async move { s.next().await.map(|event| (event, s)) }).boxed()
    }

    async fn next(&mut self) -> Option<Result<Event, LmError>> {
        loop {
            if let Some(mut event) = self.ready.pop_front() {
                name_request(&mut event, self.request_id.as_ref());
                self.over |= matches!(event, Event::Done { .. });
                return Some(Ok(event));
            }
            if self.over {
                return None;
            }
            let read = match self.frames.next().await {
                Some(Ok(frame)) => self.frame(&frame).map_err(|e| self.redaction.clean(e)),
                Some(Err(e)) => Err(e),
                None => match self.decoder.end() {
                    Ok(events) if events.iter().any(|e| matches!(e, Event::Done { .. })) => Ok(events),
                    Ok(_) => {
                        let message = "expected the end of the stream, found it cut off";
                        Err(LmError::new(LmErrorKind::Transport, message))
                    }
                    Err(e) => Err(self.redaction.clean(e)),
                },
            };
            match read {
                Ok(events) => self.ready.extend(events),
                Err(e) => {
                    self.over = true;
                    return Some(Err(named(e, self.request_id.take())));
                }
            }
        }
    }
}

impl Streamed {
    fn frame(&mut self, frame: &Frame) -> Result<Vec<Event>, LmError> {
        if self.twice.is_copy(frame)? { Ok(Vec::new()) } else { self.decoder.frame(frame) }
    }
}

/// A stream that comes in such pieces, read and folded as any other.
#[cfg(test)]
pub(crate) fn fold_pieces<'a>(
    wire: &dyn crate::wire::Wire,
    quirks: &crate::wire::Quirks,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<dspex_core::lm::Reply, LmError> {
    let pieces: Vec<_> = pieces.into_iter().map(|p| Ok(Bytes::copy_from_slice(p))).collect();
    let (bytes, decoder) = (stream::iter(pieces).boxed(), wire.decoder(quirks));
    let events = Streamed::of(bytes, wire.framing(), decoder, None, Redaction::default());
    let mut reply = dspex_core::lm::ReplyBuilder::new();
    for event in dspex_testkit::block_on(events.collect::<Vec<_>>()) {
        match event {
            Ok(event) => reply.push(event),
            Err(e) => return Err(e.with_partial(reply.partial())),
        }
    }
    reply.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{OpenAiChat, Quirks};
    use dspex_core::lm::{LmErrorKind, Reply};

    fn fold(pieces: Vec<&[u8]>) -> Result<Reply, LmError> {
        fold_pieces(&OpenAiChat, &Quirks::NONE, pieces)
    }

    /// A stream with every form that the rules for event streams allow, and that vendors send.
    fn recorded(line_end: &str) -> String {
        [
            "\u{feff}: a comment",
            "event: message",
            r#"data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#,
            "",
            r#"data:{"choices":[{"index":0,"delta":{"reasoning_content":"Höre…"}}]}"#,
            "",
            r#"data: {"choices":[{"index":0,"#,
            r#"data: "delta":{"content":"Grüße 🙂 "}}]}"#,
            "",
            r#"data: {"choices":[{"index":0,"delta":{"content":"世界"}}]}"#,
            "id: 7",
            "retry: 10",
            "",
            r#"data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":"{\"a\""}}]}}]}"#,
            "",
            r#"data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":": 1}"}}]}}]}"#,
            "",
            r#"data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
            "",
            r#"data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#,
            "",
            "data: [DONE]",
            "",
            "",
        ]
        .join(line_end)
    }

    #[test]
    fn a_stream_reads_the_same_wherever_it_is_cut() {
        for line_end in ["\n", "\r\n", "\r"] {
            let text = recorded(line_end);
            let bytes = text.as_bytes();
            let whole = fold(vec![bytes]).expect("the whole stream");
            assert_eq!(whole.choices[0].content(), "Grüße 🙂 世界");
            assert_eq!((whole.usage.input_tokens, whole.usage.output_tokens), (3, 4));
            assert_eq!(whole.choices[0].parts.len(), 3, "{whole:?}");
            for at in 0..bytes.len() {
                let (head, tail) = bytes.split_at(at);
                assert_eq!(fold(vec![head, tail]).as_ref(), Ok(&whole), "cut at {at}");
            }
            assert_eq!(fold(bytes.chunks(1).collect()).as_ref(), Ok(&whole));
        }
    }

    #[test]
    fn a_stream_that_ends_too_early_is_an_error_wherever_it_ends() {
        let text = recorded("\n");
        // The empty line behind the last event may be missing; nothing else may.
        let last = text.trim_end().len();
        assert!(fold(vec![&text.as_bytes()[..=last]]).is_ok());
        for at in 0..last {
            let e = fold(vec![&text.as_bytes()[..at]]).expect_err("a part of it");
            assert_eq!(e.kind, LmErrorKind::Transport, "cut at {at}: {e}");
        }
    }

    #[test]
    fn events_that_are_none_are_errors() {
        for (text, kind) in [
            (
                "data: {\"error\": {\"message\": \"overloaded\", \"type\": \"overloaded_error\"}}\n\n",
                LmErrorKind::Server,
            ),
            ("data: {\"choices\": 3}\n\n", LmErrorKind::Protocol),
            ("data: what\n\n", LmErrorKind::Protocol),
        ] {
            assert_eq!(fold(vec![text.as_bytes()]).expect_err(text).kind, kind, "{text}");
        }
        let bad = b"data: {\"choices\": [{\"delta\": {\"content\": \"\xff\"}}]}\n\n";
        assert_eq!(fold(vec![bad]).expect_err("bytes that are no text").kind, LmErrorKind::Protocol);
    }
}
