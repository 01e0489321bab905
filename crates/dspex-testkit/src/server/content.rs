//! Bodies: made as they are sent, so that a large one is never held.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use super::log::InFlight;

/// Bytes of a block of a long body.
const BLOCK: u64 = 64 << 10;

/// A body: pieces, then a block many times, then pieces.
#[derive(Debug, Default)]
pub(super) struct Content {
    front: VecDeque<Bytes>,
    block: Bytes,
    times: u64,
    back: VecDeque<Bytes>,
    /// Whether it comes in pieces whose number HTTP does not tell in advance.
    pub(super) stream: bool,
    /// Wait before each piece but the first.
    pub(super) delay: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
    guard: Option<InFlight>,
}

impl Content {
    pub(super) fn whole(body: impl Into<Bytes>) -> Self {
        Self::pieces([body.into()])
    }

    pub(super) fn pieces(pieces: impl IntoIterator<Item = Bytes>) -> Self {
        let front = pieces.into_iter().filter(|piece| !piece.is_empty()).collect();
        Self { front, ..Self::default() }
    }

    /// One byte so many times, between two texts.
    pub(super) fn repeated(before: &'static [u8], byte: u8, size: u64, after: &'static [u8]) -> Self {
        let block = |len: u64| Bytes::from(vec![byte; usize::try_from(len).unwrap_or_default()]);
        let mut content = Self::blocks(before, block(BLOCK), size / BLOCK, after);
        content.back.push_front(block(size % BLOCK));
        content
    }

    pub(super) fn blocks(before: &[u8], block: Bytes, times: u64, after: &[u8]) -> Self {
        let piece = |bytes: &[u8]| VecDeque::from([Bytes::copy_from_slice(bytes)]);
        Self { front: piece(before), block, times, back: piece(after), ..Self::default() }
    }

    /// Tells when it was sent to its end, or dropped before.
    pub(super) fn watched(mut self, guard: InFlight) -> Self {
        if self.is_over() {
            guard.done();
        }
        self.guard = Some(guard);
        self
    }

    pub(super) fn len(&self) -> u64 {
        let sum = |pieces: &VecDeque<Bytes>| pieces.iter().map(|p| p.len() as u64).sum::<u64>();
        sum(&self.front) + sum(&self.back) + self.block.len() as u64 * self.times
    }

    fn is_over(&self) -> bool {
        self.front.is_empty() && self.times == 0 && self.back.is_empty()
    }

    /// All of it, where it is short enough to be held.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some(piece) = self.piece() {
            all.extend_from_slice(&piece);
        }
        all
    }

    /// The next piece; none at the end.
    pub(super) fn piece(&mut self) -> Option<Bytes> {
        if let Some(piece) = self.front.pop_front() {
            return Some(piece);
        }
        if self.times > 0 {
            self.times -= 1;
            return Some(self.block.clone());
        }
        self.back.pop_front()
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(sleep) = &mut self.sleep {
            std::task::ready!(sleep.as_mut().poll(cx));
            self.sleep = None;
        }
        let piece = self.piece();
        if self.is_over() {
            if let Some(guard) = &self.guard {
                guard.done();
            }
        } else if !self.delay.is_zero() {
            self.sleep = Some(Box::pin(tokio::time::sleep(self.delay)));
        }
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_over()
    }

    fn size_hint(&self) -> SizeHint {
        if self.stream { SizeHint::default() } else { SizeHint::with_exact(self.len()) }
    }
}
