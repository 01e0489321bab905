//! Faults: what a server can do wrong, each with its name for scripts and the command line.

mod arguments;
mod body;
mod events;
mod said;
mod table;
mod text;

use std::time::Duration;

pub use arguments::{LineEnds, RetryAfter, UsageFault};
pub(super) use events::Style;
pub use table::FaultInfo;

use table::TABLE;
use text::spelled;

/// Something that a provider does wrong. Faults are put upon an [`Answer`](super::Answer), several at a time if need be.
///
/// ```
/// use dspex_testkit::{Answer, Fault};
/// use std::time::Duration;
/// let slow: Fault = "drip:1s".parse()?;
/// assert_eq!(slow, Fault::Drip(Duration::from_secs(1)));
/// assert_eq!(slow.to_string(), "drip:1s");
/// let answer = Answer::text("Paris").with_fault(slow).with_fault(Fault::NoTerminal);
/// assert!("dripp".parse::<Fault>().unwrap_err().contains("`drip`"));
/// # let _ = answer;
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// An error with this status, as the wire writes errors.
    Status(u16),
    /// Tells when to come again; an answer that is a reply becomes a 429. `2`, `ms:1500`, `reset:2s`, `imf:5`, `rfc850:5`, `asctime:5` (a date so many seconds from now, negative for the past), or any text.
    RetryAfter(RetryAfter),
    /// A 429 that no waiting cures: the account has nothing left.
    QuotaSpent,
    /// The header `x-should-retry`.
    ShouldRetry(bool),
    /// A 400 in the wire's words for a request that is too long.
    ContextOverflow,
    /// A 400 whose text talks of a timeout and a connection, and is neither.
    TimeoutWords,
    /// A 401 that repeats the key that was sent.
    EchoKey,
    /// A page of HTML with status 200, as captive portals send it.
    Html,
    /// An error object with status 200.
    ErrorInside,
    /// A 307 to another address.
    Redirect(String),
    /// One more header.
    Header(String, String),
    /// Waits before the answer.
    Delay(Duration),
    /// Another model's name in the reply.
    WrongModel,
    /// At most so many completions.
    FewerChoices(usize),
    /// No completion: `choices: []`.
    NoChoices,
    /// A completion without content: `null` where the wire has it.
    NoContent,
    /// A completion of the empty text.
    EmptyText,
    /// The reply says that it was cut off by the bound on tokens.
    LengthFinish,
    /// The reply says that a filter stopped it.
    ContentFilter,
    /// The model declines, in the wire's field where it has one.
    Refusal,
    /// A tool call whose arguments are no JSON.
    BrokenArguments,
    /// Arguments of tool calls as an object where the wire wants text.
    ObjectArguments,
    /// A call of a tool that nobody offered.
    UnknownTool,
    /// A tool call without an id.
    NoCallId,
    /// Counts of tokens that are `missing`, `null`, `negative` or `huge` (2^63).
    Usage(UsageFault),
    /// The stream ends without its last event.
    NoTerminal,
    /// Each event comes twice.
    DuplicatedEvents,
    /// An event of text after the last one.
    LateDelta,
    /// An event that is no JSON between good ones.
    MalformedEvent,
    /// Comments, pings and events of unknown types between the others.
    UnknownEvents,
    /// After so many events an error, and the end.
    ErrorEvent(usize),
    /// Lines of events end in `crlf` or `cr`.
    LineEnds(LineEnds),
    /// The stream starts with a byte order mark.
    ByteOrderMark,
    /// The data of each event over several lines.
    DataLines,
    /// The body ends after so many bytes, and HTTP says that this is all.
    Truncated(usize),
    /// Bytes that are no UTF-8 in the middle of the body.
    InvalidUtf8,
    /// A header whose value is no UTF-8.
    InvalidUtf8Header,
    /// A body of so many lists in each other.
    DeepJson(u64),
    /// A number in the JSON that no machine holds: 1e400.
    HugeNumber,
    /// A key twice in one object.
    DuplicateKeys,
    /// Half of a surrogate pair in the JSON.
    LoneSurrogate,
    /// A JSON text of this size, which is never held.
    HugeBody(u64),
    /// A stream whose first line has this size.
    HugeLine(u64),
    /// A `retry-after` of this size.
    HugeHeader(u64),
    /// A body in gzip, which nobody asked for.
    Gzip,
    /// A small body in gzip that unpacks to this size.
    GzipBomb(u64),
    /// Accepts, and says nothing for ever.
    Hang,
    /// Sends the head, and then nothing for ever.
    HangAfterHead,
    /// Sends so many bytes of the body, and then nothing for ever.
    HangAfter(usize),
    /// The body comes a byte each span.
    Drip(Duration),
    /// The body comes in writes of so many bytes.
    Slices(usize),
    /// Closes the connection (FIN) after so many bytes of the body.
    CloseAfter(usize),
    /// Resets the connection (RST) after so many bytes of the body.
    ResetAfter(usize),
    /// Closes the connection where it is used for a second request.
    CloseReused,
    /// A chunk in the middle of the body whose size is no number.
    BadChunk,
    /// `Content-Length` promises so many bytes more than come.
    LengthTooLong(usize),
    /// `Content-Length` promises so many bytes fewer than come.
    LengthTooShort(usize),
    /// An answer that is no HTTP.
    Garbage,
}

impl Fault {
    /// All faults, in words.
    pub fn table() -> &'static [FaultInfo] {
        TABLE
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Status(..) => "status",
            Self::RetryAfter(..) => "retry-after",
            Self::QuotaSpent => "quota-spent",
            Self::ShouldRetry(..) => "should-retry",
            Self::ContextOverflow => "context-overflow",
            Self::TimeoutWords => "timeout-words",
            Self::EchoKey => "echo-key",
            Self::Html => "html",
            Self::ErrorInside => "error-inside",
            Self::Redirect(..) => "redirect",
            Self::Header(..) => "header",
            Self::Delay(..) => "delay",
            Self::WrongModel => "wrong-model",
            Self::FewerChoices(..) => "fewer-choices",
            Self::NoChoices => "no-choices",
            Self::NoContent => "no-content",
            Self::EmptyText => "empty-text",
            Self::LengthFinish => "length",
            Self::ContentFilter => "content-filter",
            Self::Refusal => "refusal",
            Self::BrokenArguments => "broken-arguments",
            Self::ObjectArguments => "object-arguments",
            Self::UnknownTool => "unknown-tool",
            Self::NoCallId => "no-call-id",
            Self::Usage(..) => "usage",
            Self::NoTerminal => "no-terminal",
            Self::DuplicatedEvents => "duplicated-events",
            Self::LateDelta => "late-delta",
            Self::MalformedEvent => "malformed-event",
            Self::UnknownEvents => "unknown-events",
            Self::ErrorEvent(..) => "error-event",
            Self::LineEnds(..) => "line-ends",
            Self::ByteOrderMark => "bom",
            Self::DataLines => "data-lines",
            Self::Truncated(..) => "truncated",
            Self::InvalidUtf8 => "invalid-utf8",
            Self::InvalidUtf8Header => "invalid-utf8-header",
            Self::DeepJson(..) => "deep-json",
            Self::HugeNumber => "huge-number",
            Self::DuplicateKeys => "duplicate-keys",
            Self::LoneSurrogate => "lone-surrogate",
            Self::HugeBody(..) => "huge-body",
            Self::HugeLine(..) => "huge-line",
            Self::HugeHeader(..) => "huge-header",
            Self::Gzip => "gzip",
            Self::GzipBomb(..) => "gzip-bomb",
            Self::Hang => "hang",
            Self::HangAfterHead => "hang-after-head",
            Self::HangAfter(..) => "hang-after",
            Self::Drip(..) => "drip",
            Self::Slices(..) => "slices",
            Self::CloseAfter(..) => "close-after",
            Self::ResetAfter(..) => "reset-after",
            Self::CloseReused => "close-reused",
            Self::BadChunk => "bad-chunk",
            Self::LengthTooLong(..) => "length-too-long",
            Self::LengthTooShort(..) => "length-too-short",
            Self::Garbage => "garbage",
        }
    }

    /// What stands behind its name.
    fn argument(&self) -> Option<String> {
        Some(match self {
            Self::Status(x) => x.to_string(),
            Self::RetryAfter(x) => x.to_string(),
            Self::ShouldRetry(x) => x.to_string(),
            Self::Redirect(x) => x.clone(),
            Self::FewerChoices(x)
            | Self::ErrorEvent(x)
            | Self::Truncated(x)
            | Self::HangAfter(x)
            | Self::Slices(x)
            | Self::CloseAfter(x)
            | Self::ResetAfter(x)
            | Self::LengthTooLong(x)
            | Self::LengthTooShort(x) => x.to_string(),
            Self::Usage(x) => x.to_string(),
            Self::LineEnds(x) => x.to_string(),
            Self::DeepJson(x)
            | Self::HugeBody(x)
            | Self::HugeLine(x)
            | Self::HugeHeader(x)
            | Self::GzipBomb(x) => x.to_string(),
            Self::Delay(x) | Self::Drip(x) => spelled(*x),
            Self::Header(name, value) => format!("{name}={value}"),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Fault;

    #[test]
    fn each_row_of_the_table_is_a_fault_that_is_written_as_it_is_read() {
        for info in Fault::table() {
            let fault: Fault = info.example.parse().unwrap();
            assert_eq!(fault.name(), info.name);
            assert_eq!(fault.to_string().parse::<Fault>().unwrap(), fault, "{}", info.example);
            let without = info.name.parse::<Fault>();
            assert_eq!(without.is_ok(), info.argument.is_empty(), "{}", info.name);
        }
    }

    #[test]
    fn what_is_no_fault_says_what_would_be() {
        let table = [
            ("drip", "expected `drip:SPAN`, as in `drip:1s`"),
            ("html:5", "expected `html` alone"),
            ("status:99", "from 200 to 599"),
            ("usage:odd", "`missing`"),
            ("header:a b=c", "a header"),
            ("close-after:x", "a size"),
        ];
        for (text, words) in table {
            let e = text.parse::<Fault>().unwrap_err();
            assert!(e.contains(words), "{text}: {e}");
        }
    }
}
