//! Faults as text: what scripts and the command line are given.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::table::TABLE;
use super::{Fault, arguments};
use crate::server::share::{duration, size};

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
pub(super) fn spelled(span: Duration) -> String {
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
