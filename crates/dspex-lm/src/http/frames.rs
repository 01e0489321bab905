//! Frames of a stream of bytes: server-sent events, or lines.

use bytes::{Buf as _, Bytes, BytesMut};
use dspex_core::lm::{LmError, LmErrorKind};
use futures_util::stream::{self, BoxStream, StreamExt as _};
use sse_stream::SseByteStream;

use crate::wire::{Frame, Framing};

type ByteStream = BoxStream<'static, Result<Bytes, LmError>>;

/// Frames as they come. They are found in bytes, so that a character may be cut anywhere.
pub(super) enum Frames {
    Events(SseByteStream<ByteStream>),
    Lines(Lines),
}

impl Frames {
    pub(super) fn new(bytes: ByteStream, framing: Framing) -> Self {
        match framing {
            Framing::Events => Self::Events(SseByteStream::new(closed(bytes))),
            Framing::Lines => Self::Lines(Lines { bytes, kept: BytesMut::new(), searched: 0, over: false }),
        }
    }

    /// The next frame; none at the end.
    pub(super) async fn next(&mut self) -> Option<Result<Frame, LmError>> {
        match self {
            Self::Lines(lines) => lines.next().await,
            Self::Events(events) => loop {
                match events.next().await? {
                    Ok(event) => {
                        let Some(data) = event.data else { continue };
                        return Some(Ok(Frame { event: event.event, data }));
                    }
                    Err(e) => return Some(Err(broken(e))),
                }
            },
        }
    }
}

/// The bytes, and behind a last line that is whole the empty one that ends its event: some servers leave it out, and an
/// end in order is no break. What follows the last end of a line is no event.
fn closed(bytes: ByteStream) -> ByteStream {
    let step = |(mut bytes, whole): (ByteStream, bool)| async move {
        let (next, whole) = match bytes.next().await {
            Some(Ok(chunk)) => {
                let whole = chunk.last().map_or(whole, |last| matches!(last, b'\n' | b'\r'));
                (Ok(chunk), whole)
            }
            Some(Err(e)) => (Err(e), false),
            None if whole => (Ok(Bytes::from_static(b"\n\n")), false),
            None => return None,
        };
        Some((next, (bytes, whole)))
    };
    stream::unfold((bytes.fuse().boxed(), false), step).boxed()
}

/// Lines that are not empty. The last one may lack its end.
pub(super) struct Lines {
    bytes: ByteStream,
    kept: BytesMut,
    /// So many of the bytes kept have no end of a line.
    searched: usize,
    over: bool,
}

impl Lines {
    async fn next(&mut self) -> Option<Result<Frame, LmError>> {
        loop {
            let end = memchr::memchr(b'\n', &self.kept[self.searched..]).map(|at| self.searched + at);
            let line = match end {
                Some(end) => {
                    let line = self.kept.split_to(end);
                    self.kept.advance(1);
                    self.searched = 0;
                    line
                }
                None if self.over && self.kept.is_empty() => return None,
                None if self.over => self.kept.split(),
                None => {
                    self.searched = self.kept.len();
                    match self.bytes.next().await {
                        Some(Ok(more)) => self.kept.extend_from_slice(&more),
                        Some(Err(e)) => return Some(Err(e)),
                        None => {
                            self.over = true;
                            self.searched = 0;
                        }
                    }
                    continue;
                }
            };
            let line = line.trim_ascii();
            if !line.is_empty() {
                return Some(match std::str::from_utf8(line) {
                    Ok(data) => Ok(Frame { event: None, data: data.to_owned() }),
                    Err(e) => Err(protocol(&format!("no UTF-8 at byte {} of a line", e.valid_up_to()))),
                });
            }
        }
    }
}

/// What broke a stream: the connection, or events that are none.
fn broken(e: sse_stream::Error) -> LmError {
    match e {
        sse_stream::Error::Body(inner) => match inner.downcast::<LmError>() {
            Ok(e) => *e,
            Err(e) => LmError::new(LmErrorKind::Transport, e.to_string()),
        },
        other => protocol(&other.to_string()),
    }
}

fn protocol(found: &str) -> LmError {
    LmError::new(LmErrorKind::Protocol, format!("expected a stream of events, found: {found}"))
}
