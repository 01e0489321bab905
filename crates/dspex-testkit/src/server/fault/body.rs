//! Faults in the bytes of a body.

use std::io::{self, Write as _};

use bytes::Bytes;
use flate2::write::GzEncoder;
use flate2::{Compress, Compression, Crc, FlushCompress};

use super::Fault;
use crate::server::content::Content;
use crate::server::draft::Draft;

/// Bytes that a long body is made of.
const BLOCK: usize = 64 << 10;

impl Fault {
    /// Changes the bytes and what is said of them.
    pub(in crate::server) fn on_bytes(&self, draft: &mut Draft) -> io::Result<()> {
        match self {
            Self::Truncated(n) => draft.map_body(|body| body.slice(..(*n).min(body.len()))),
            Self::InvalidUtf8 => draft.map_body(|body| {
                let mut bytes = body.to_vec();
                let at = last_text(&bytes);
                bytes.splice(at..at, [0xff, 0xc3, 0x28]);
                bytes.into()
            }),
            Self::InvalidUtf8Header => {
                draft.headers.push(("x-odd".into(), Bytes::from_static(b"caf\xe9 \xff\xc3(")));
            }
            Self::DeepJson(depth) => {
                let half = |one: &[u8]| Bytes::from(one.repeat(usize::try_from(*depth).unwrap_or(BLOCK)));
                draft.body = Content::pieces([half(b"["), half(b"]")]);
            }
            Self::HugeNumber => insert(draft, r#""dspex_number":1e400,"#),
            Self::DuplicateKeys => {
                insert(draft, r#""model":"first","id":"first","#);
            }
            Self::LoneSurrogate => insert(draft, r#""dspex_text":"\ud800","#),
            Self::HugeBody(size) => {
                draft.body = Content::repeated(b"{\"filler\": \"", b'x', *size, b"\"}");
            }
            Self::HugeLine(size) => draft.body = Content::repeated(b"data: ", b'x', *size, b"\n\n"),
            Self::HugeHeader(size) => {
                let value = vec![b'9'; usize::try_from(*size).unwrap_or(BLOCK)];
                draft.headers.push(("retry-after".into(), value.into()));
            }
            Self::Gzip => {
                let body = draft.take_body();
                let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
                gzip.write_all(&body)?;
                draft.body = Content::whole(gzip.finish()?);
                draft.set("content-encoding", "gzip");
            }
            Self::GzipBomb(size) => {
                draft.body = bomb(*size)?;
                draft.set("content-encoding", "gzip");
            }
            _ => {}
        }
        Ok(())
    }
}

/// Where the last letter of the body stands: inside of a text, where there is one.
fn last_text(bytes: &[u8]) -> usize {
    let middle = bytes.len() / 2;
    bytes[middle..].iter().position(u8::is_ascii_alphabetic).map_or(middle, |at| middle + at)
}

/// Writes more keys into the first object of the body.
fn insert(draft: &mut Draft, keys: &str) {
    draft.map_body(|body| {
        let mut bytes = body.to_vec();
        let at = bytes.iter().position(|b| *b == b'{').map_or(0, |at| at + 1);
        bytes.splice(at..at, keys.bytes());
        bytes.into()
    });
}

/// Spaces in gzip. One block is packed so that it can stand any number of times.
fn bomb(size: u64) -> io::Result<Content> {
    let plain = vec![b' '; 1 << 20];
    let times = size.div_ceil(plain.len() as u64);
    let mut packed = Vec::with_capacity(plain.len() / 64);
    Compress::new(Compression::best(), false)
        .compress_vec(&plain, &mut packed, FlushCompress::Full)
        .map_err(io::Error::other)?;
    let (mut block, mut sum) = (Crc::new(), Crc::new());
    block.update(&plain);
    for _ in 0..times {
        sum.combine(&block);
    }
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    // An empty last block, the sum, and the length in 32 bits, as gzip wants them.
    let mut tail = vec![0x03, 0x00];
    tail.extend(sum.sum().to_le_bytes());
    tail.extend(sum.amount().to_le_bytes());
    Ok(Content::blocks(&head, packed.into(), times, &tail))
}
