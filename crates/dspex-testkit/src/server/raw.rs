//! Answers that no HTTP library writes: cut off, dripping, reset, framed wrongly.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};

use super::content::Content;
use super::draft::Draft;
use super::fault::Fault;
use super::log::InFlight;

/// How long what was sent has to be on its way before the connection breaks, or the client sees nothing of it.
const ON_ITS_WAY: Duration = Duration::from_millis(20);

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Close,
    Reset,
    Hang,
}

/// What is written to a connection that HTTP has given up.
#[derive(Debug)]
pub(super) struct Plan {
    head: Vec<u8>,
    body: Content,
    chunked: bool,
    bad_chunk: bool,
    /// Bytes of the body that are sent.
    most: u64,
    end: End,
    /// Wait after each slice.
    pace: Option<Duration>,
    slice: usize,
    guard: InFlight,
}

impl Plan {
    /// The plan, where any of the faults is one of the connection; else what can be sent as HTTP.
    pub(super) fn new(
        draft: Draft,
        faults: &[Fault],
        reused: bool,
        guard: InFlight,
    ) -> Result<Box<Self>, (Draft, InFlight)> {
        let is_raw = |f: &Fault| match f {
            Fault::CloseReused => reused,
            _ => matches!(
                f,
                Fault::Hang
                    | Fault::HangAfterHead
                    | Fault::HangAfter(_)
                    | Fault::Drip(_)
                    | Fault::Slices(_)
                    | Fault::CloseAfter(_)
                    | Fault::ResetAfter(_)
                    | Fault::BadChunk
                    | Fault::LengthTooLong(_)
                    | Fault::LengthTooShort(_)
                    | Fault::Garbage
            ),
        };
        if !faults.iter().any(is_raw) {
            return Err((draft, guard));
        }
        let mut plan = Self {
            head: Vec::new(),
            chunked: draft.body.stream,
            body: Content::default(),
            bad_chunk: false,
            most: u64::MAX,
            end: End::Close,
            pace: None,
            slice: usize::MAX,
            guard,
        };
        let mut length = draft.body.len();
        let mut silent = None;
        for fault in faults {
            match fault {
                Fault::Hang => silent = Some((b"".as_slice(), End::Hang)),
                Fault::CloseReused if reused => silent = Some((b"".as_slice(), End::Close)),
                Fault::Garbage => {
                    silent = Some((b"\x15\x03\x01\x00\x02 this is no HTTP\r\n\r\n", End::Close));
                }
                Fault::HangAfterHead => plan.cut(0, End::Hang),
                Fault::HangAfter(n) => plan.cut(*n, End::Hang),
                Fault::CloseAfter(n) => plan.cut(*n, End::Close),
                Fault::ResetAfter(n) => plan.cut(*n, End::Reset),
                Fault::Drip(span) => (plan.pace, plan.slice) = (Some(*span), 1),
                Fault::Slices(n) => plan.slice = (*n).max(1),
                Fault::BadChunk => (plan.chunked, plan.bad_chunk) = (true, true),
                Fault::LengthTooLong(n) => {
                    plan.chunked = false;
                    length = length.saturating_add(*n as u64);
                }
                Fault::LengthTooShort(n) => {
                    plan.chunked = false;
                    length = length.saturating_sub(*n as u64);
                }
                _ => {}
            }
        }
        if let Some((bytes, end)) = silent {
            (plan.head, plan.chunked, plan.bad_chunk) = (bytes.to_vec(), false, false);
            (plan.most, plan.end) = (0, end);
            return Ok(Box::new(plan));
        }
        plan.head = head(&draft, if plan.chunked { None } else { Some(length) });
        plan.body = draft.body;
        Ok(Box::new(plan))
    }

    fn cut(&mut self, bytes: usize, end: End) {
        (self.most, self.end) = (bytes as u64, end);
    }

    /// Writes it, unless the client goes away before.
    pub(super) async fn run(mut self: Box<Self>, mut stream: TcpStream) {
        let (mut from, mut to) = stream.split();
        let client_left = tokio::select! {
            written = self.write(&mut to) => written.is_err(),
            () = gone(&mut from) => true,
        };
        if !client_left {
            self.guard.done();
        }
        if self.end == End::Reset {
            // Where it cannot be set, the connection is closed, which is a break as well.
            let _ = stream.set_zero_linger();
        }
    }

    async fn write(&mut self, to: &mut WriteHalf<'_>) -> io::Result<()> {
        to.write_all(&self.head).await?;
        self.write_body(to).await?;
        if self.end == End::Hang {
            return std::future::pending().await;
        }
        tokio::time::sleep(ON_ITS_WAY).await;
        if self.end == End::Close { to.shutdown().await } else { Ok(()) }
    }

    async fn write_body(&mut self, to: &mut WriteHalf<'_>) -> io::Result<()> {
        let whole = self.body.len();
        // A chunk that is wrong comes after good ones.
        let mut left = if self.bad_chunk { self.most.min(whole / 2) } else { self.most };
        let cut = left < whole;
        while left > 0
            && let Some(mut piece) = self.body.piece()
        {
            piece.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            left -= piece.len() as u64;
            while !piece.is_empty() {
                let part = piece.split_to(self.slice.min(piece.len()));
                self.write_part(to, part).await?;
                tokio::time::sleep(self.pace.unwrap_or_default()).await;
            }
            if !self.body.delay.is_zero() {
                tokio::time::sleep(self.body.delay).await;
            }
        }
        if self.bad_chunk {
            to.write_all(b"zz\r\nno such size\r\n").await?;
        } else if self.chunked && !cut {
            to.write_all(b"0\r\n\r\n").await?;
        }
        Ok(())
    }

    async fn write_part(&self, to: &mut WriteHalf<'_>, part: Bytes) -> io::Result<()> {
        if !self.chunked {
            return to.write_all(&part).await;
        }
        let mut chunk = format!("{:x}\r\n", part.len()).into_bytes();
        chunk.extend_from_slice(&part);
        chunk.extend_from_slice(b"\r\n");
        to.write_all(&chunk).await
    }
}

/// Waits until the client has closed the connection.
async fn gone(from: &mut ReadHalf<'_>) {
    let mut unread = [0; 1024];
    while !matches!(from.read(&mut unread).await, Ok(0) | Err(_)) {}
}

fn head(draft: &Draft, length: Option<u64>) -> Vec<u8> {
    let reason = http::StatusCode::from_u16(draft.status).ok().and_then(|s| s.canonical_reason());
    let mut head = format!("HTTP/1.1 {} {}\r\n", draft.status, reason.unwrap_or("Odd")).into_bytes();
    for (name, value) in &draft.headers {
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    }
    let framing = match length {
        Some(length) => format!("content-length: {length}\r\n"),
        None => "transfer-encoding: chunked\r\n".to_owned(),
    };
    head.extend_from_slice(framing.as_bytes());
    head.extend_from_slice(b"connection: close\r\n\r\n");
    head
}
