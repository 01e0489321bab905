//! Faults: what a server can do wrong, each with its name for scripts and the command line.

mod arguments;
mod body;
mod events;
mod said;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

pub use arguments::{LineEnds, RetryAfter, UsageFault};
pub(super) use events::Style;

use super::share::{duration, size};

/// What a [`Fault`] is, in words.
///
/// ```
/// use dspex_testkit::Fault;
/// let drip = Fault::table().iter().find(|info| info.name == "drip").unwrap();
/// assert_eq!((drip.argument, drip.example), ("SPAN", "drip:1s"));
/// assert_eq!(drip.meaning, "The body comes a byte each span.");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FaultInfo {
    /// Its name.
    pub name: &'static str,
    /// What stands behind the name after a colon; empty where nothing does.
    pub argument: &'static str,
    /// A fault of the kind, as it is written.
    pub example: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

const fn row(
    name: &'static str,
    argument: &'static str,
    example: &'static str,
    meaning: &'static str,
) -> FaultInfo {
    FaultInfo { name, argument, example, meaning }
}

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

const TABLE: &[FaultInfo] = &[
    row("status", "N", "status:503", "An error with this status, as the wire writes errors."),
    row(
        "retry-after",
        "FORM",
        "retry-after:2",
        "Tells when to come again; an answer that is a reply becomes a 429. `2`, `ms:1500`, `reset:2s`, `imf:5`, `rfc850:5`, `asctime:5` (a date so many seconds from now, negative for the past), or any text.",
    ),
    row("quota-spent", "", "quota-spent", "A 429 that no waiting cures: the account has nothing left."),
    row("should-retry", "BOOL", "should-retry:false", "The header `x-should-retry`."),
    row(
        "context-overflow",
        "",
        "context-overflow",
        "A 400 in the wire's words for a request that is too long.",
    ),
    row(
        "timeout-words",
        "",
        "timeout-words",
        "A 400 whose text talks of a timeout and a connection, and is neither.",
    ),
    row("echo-key", "", "echo-key", "A 401 that repeats the key that was sent."),
    row("html", "", "html", "A page of HTML with status 200, as captive portals send it."),
    row("error-inside", "", "error-inside", "An error object with status 200."),
    row("redirect", "URL", "redirect:http://127.0.0.1:9/", "A 307 to another address."),
    row("header", "NAME=VALUE", "header:retry-after=soon", "One more header."),
    row("delay", "SPAN", "delay:200ms", "Waits before the answer."),
    row("wrong-model", "", "wrong-model", "Another model's name in the reply."),
    row("fewer-choices", "N", "fewer-choices:1", "At most so many completions."),
    row("no-choices", "", "no-choices", "No completion: `choices: []`."),
    row("no-content", "", "no-content", "A completion without content: `null` where the wire has it."),
    row("empty-text", "", "empty-text", "A completion of the empty text."),
    row("length", "", "length", "The reply says that it was cut off by the bound on tokens."),
    row("content-filter", "", "content-filter", "The reply says that a filter stopped it."),
    row("refusal", "", "refusal", "The model declines, in the wire's field where it has one."),
    row("broken-arguments", "", "broken-arguments", "A tool call whose arguments are no JSON."),
    row(
        "object-arguments",
        "",
        "object-arguments",
        "Arguments of tool calls as an object where the wire wants text.",
    ),
    row("unknown-tool", "", "unknown-tool", "A call of a tool that nobody offered."),
    row("no-call-id", "", "no-call-id", "A tool call without an id."),
    row(
        "usage",
        "KIND",
        "usage:negative",
        "Counts of tokens that are `missing`, `null`, `negative` or `huge` (2^63).",
    ),
    row("no-terminal", "", "no-terminal", "The stream ends without its last event."),
    row("duplicated-events", "", "duplicated-events", "Each event comes twice."),
    row("late-delta", "", "late-delta", "An event of text after the last one."),
    row("malformed-event", "", "malformed-event", "An event that is no JSON between good ones."),
    row(
        "unknown-events",
        "",
        "unknown-events",
        "Comments, pings and events of unknown types between the others.",
    ),
    row("error-event", "N", "error-event:2", "After so many events an error, and the end."),
    row("line-ends", "KIND", "line-ends:crlf", "Lines of events end in `crlf` or `cr`."),
    row("bom", "", "bom", "The stream starts with a byte order mark."),
    row("data-lines", "", "data-lines", "The data of each event over several lines."),
    row(
        "truncated",
        "N",
        "truncated:20",
        "The body ends after so many bytes, and HTTP says that this is all.",
    ),
    row("invalid-utf8", "", "invalid-utf8", "Bytes that are no UTF-8 in the middle of the body."),
    row("invalid-utf8-header", "", "invalid-utf8-header", "A header whose value is no UTF-8."),
    row("deep-json", "N", "deep-json:100000", "A body of so many lists in each other."),
    row("huge-number", "", "huge-number", "A number in the JSON that no machine holds: 1e400."),
    row("duplicate-keys", "", "duplicate-keys", "A key twice in one object."),
    row("lone-surrogate", "", "lone-surrogate", "Half of a surrogate pair in the JSON."),
    row("huge-body", "SIZE", "huge-body:2GB", "A JSON text of this size, which is never held."),
    row("huge-line", "SIZE", "huge-line:100MB", "A stream whose first line has this size."),
    row("huge-header", "SIZE", "huge-header:10MB", "A `retry-after` of this size."),
    row("gzip", "", "gzip", "A body in gzip, which nobody asked for."),
    row("gzip-bomb", "SIZE", "gzip-bomb:1GB", "A small body in gzip that unpacks to this size."),
    row("hang", "", "hang", "Accepts, and says nothing for ever."),
    row("hang-after-head", "", "hang-after-head", "Sends the head, and then nothing for ever."),
    row("hang-after", "N", "hang-after:10", "Sends so many bytes of the body, and then nothing for ever."),
    row("drip", "SPAN", "drip:1s", "The body comes a byte each span."),
    row("slices", "N", "slices:1", "The body comes in writes of so many bytes."),
    row("close-after", "N", "close-after:10", "Closes the connection (FIN) after so many bytes of the body."),
    row("reset-after", "N", "reset-after:10", "Resets the connection (RST) after so many bytes of the body."),
    row("close-reused", "", "close-reused", "Closes the connection where it is used for a second request."),
    row("bad-chunk", "", "bad-chunk", "A chunk in the middle of the body whose size is no number."),
    row(
        "length-too-long",
        "N",
        "length-too-long:10",
        "`Content-Length` promises so many bytes more than come.",
    ),
    row(
        "length-too-short",
        "N",
        "length-too-short:10",
        "`Content-Length` promises so many bytes fewer than come.",
    ),
    row("garbage", "", "garbage", "An answer that is no HTTP."),
];

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

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, argument) = text.split_once(':').map_or((text, None), |(n, a)| (n, Some(a)));
        let Some(info) = TABLE.iter().find(|info| info.name == name) else {
            return Err(unknown(name));
        };
        let wrong = |e: String| format!("{name}: {e}");
        let x = match (argument, info.argument) {
            (None, "") => "",
            (Some(x), what) if !what.is_empty() => x,
            (None, what) => {
                return Err(format!("expected `{name}:{what}`, as in `{}`, found `{text}`", info.example));
            }
            (Some(_), _) => return Err(format!("expected `{name}` alone, found `{text}`")),
        };
        let count = |x: &str| usize::try_from(size(x)?).map_err(|e| e.to_string());
        Ok(match name {
            "status" => Self::Status(arguments::status(x).map_err(wrong)?),
            "retry-after" => Self::RetryAfter(x.parse().map_err(wrong)?),
            "quota-spent" => Self::QuotaSpent,
            "should-retry" => Self::ShouldRetry(arguments::boolean(x).map_err(wrong)?),
            "context-overflow" => Self::ContextOverflow,
            "timeout-words" => Self::TimeoutWords,
            "echo-key" => Self::EchoKey,
            "html" => Self::Html,
            "error-inside" => Self::ErrorInside,
            "redirect" => Self::Redirect(arguments::url(x).map_err(wrong)?),
            "header" => arguments::header(x).map(|(name, value)| Self::Header(name, value)).map_err(wrong)?,
            "delay" => Self::Delay(duration(x).map_err(wrong)?),
            "wrong-model" => Self::WrongModel,
            "fewer-choices" => Self::FewerChoices(count(x).map_err(wrong)?),
            "no-choices" => Self::NoChoices,
            "no-content" => Self::NoContent,
            "empty-text" => Self::EmptyText,
            "length" => Self::LengthFinish,
            "content-filter" => Self::ContentFilter,
            "refusal" => Self::Refusal,
            "broken-arguments" => Self::BrokenArguments,
            "object-arguments" => Self::ObjectArguments,
            "unknown-tool" => Self::UnknownTool,
            "no-call-id" => Self::NoCallId,
            "usage" => Self::Usage(x.parse().map_err(wrong)?),
            "no-terminal" => Self::NoTerminal,
            "duplicated-events" => Self::DuplicatedEvents,
            "late-delta" => Self::LateDelta,
            "malformed-event" => Self::MalformedEvent,
            "unknown-events" => Self::UnknownEvents,
            "error-event" => Self::ErrorEvent(count(x).map_err(wrong)?),
            "line-ends" => Self::LineEnds(x.parse().map_err(wrong)?),
            "bom" => Self::ByteOrderMark,
            "data-lines" => Self::DataLines,
            "truncated" => Self::Truncated(count(x).map_err(wrong)?),
            "invalid-utf8" => Self::InvalidUtf8,
            "invalid-utf8-header" => Self::InvalidUtf8Header,
            "deep-json" => Self::DeepJson(size(x).map_err(wrong)?),
            "huge-number" => Self::HugeNumber,
            "duplicate-keys" => Self::DuplicateKeys,
            "lone-surrogate" => Self::LoneSurrogate,
            "huge-body" => Self::HugeBody(size(x).map_err(wrong)?),
            "huge-line" => Self::HugeLine(size(x).map_err(wrong)?),
            "huge-header" => Self::HugeHeader(size(x).map_err(wrong)?),
            "gzip" => Self::Gzip,
            "gzip-bomb" => Self::GzipBomb(size(x).map_err(wrong)?),
            "hang" => Self::Hang,
            "hang-after-head" => Self::HangAfterHead,
            "hang-after" => Self::HangAfter(count(x).map_err(wrong)?),
            "drip" => Self::Drip(duration(x).map_err(wrong)?),
            "slices" => Self::Slices(count(x).map_err(wrong)?),
            "close-after" => Self::CloseAfter(count(x).map_err(wrong)?),
            "reset-after" => Self::ResetAfter(count(x).map_err(wrong)?),
            "close-reused" => Self::CloseReused,
            "bad-chunk" => Self::BadChunk,
            "length-too-long" => Self::LengthTooLong(count(x).map_err(wrong)?),
            "length-too-short" => Self::LengthTooShort(count(x).map_err(wrong)?),
            "garbage" => Self::Garbage,
            _ => return Err(unknown(name)),
        })
    }
}

fn unknown(name: &str) -> String {
    let names: Vec<String> = TABLE.iter().map(|info| format!("`{}`", info.name)).collect();
    format!("expected one of {}, found `{name}`", names.join(", "))
}

/// A span as users write it.
fn spelled(span: Duration) -> String {
    if span.subsec_nanos() == 0 {
        format!("{}s", span.as_secs())
    } else if span.subsec_nanos().is_multiple_of(1_000_000) {
        format!("{}ms", span.as_millis())
    } else {
        format!("{}us", span.as_micros())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        self.argument().map_or(Ok(()), |argument| write!(f, ":{argument}"))
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
