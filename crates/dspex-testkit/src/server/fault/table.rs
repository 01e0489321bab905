//! All faults in words, as `docs/testserver.md` and errors show them.

/// What a [`Fault`](crate::Fault) is, in words.
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

pub(super) const TABLE: &[FaultInfo] = &[
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
