//! Models that answer whole or bit by bit: each way gives the other.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::unnecessary_wraps, reason = "these stand among events that may be errors")]

use dspex_core::lm::{
    Choice, Event, EventStream, FinishReason, LanguageModel, LmError, LmErrorKind, Message, Part, Reply,
    Request,
};
use dspex_core::value::ToolCall;
use dspex_core::{BoxFuture, Record, Usage};
use futures_util::{FutureExt as _, StreamExt as _, stream};

/// A model that only streams, what it is made of.
struct Streams(Vec<Result<Event, LmError>>);

impl LanguageModel for Streams {
    fn id(&self) -> &str {
        "streams"
    }

    fn stream<'a>(&'a self, _: &'a Request) -> EventStream<'a> {
        Box::pin(stream::iter(self.0.clone()))
    }
}

/// A model that only answers whole.
struct Answers(Reply);

impl LanguageModel for Answers {
    fn id(&self) -> &str {
        "answers"
    }

    fn call<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}

fn text(choice: usize, text: &str) -> Result<Event, LmError> {
    Ok(Event::Text { choice, text: text.into() })
}

fn done() -> Result<Event, LmError> {
    Ok(Event::Done { model: Some("m".into()), request_id: Some("r".into()), cached: false })
}

fn finish(choice: usize) -> Result<Event, LmError> {
    Ok(Event::Finish { choice, reason: FinishReason::Stop })
}

fn call(lm: &dyn LanguageModel) -> Result<Reply, LmError> {
    lm.call(&Request::default()).now_or_never().unwrap()
}

#[test]
fn a_stream_folds_into_a_reply() {
    let lm = Streams(vec![
        text(0, "Gru"),
        text(1, "other"),
        text(0, "ß Gott"),
        Ok(Event::Reasoning { choice: 0, text: "because".into() }),
        Ok(Event::ToolCall {
            choice: 0,
            index: 0,
            id: Some("c1".into()),
            name: Some("f".into()),
            arguments: "{\"a\"".into(),
        }),
        Ok(Event::ToolCall { choice: 0, index: 0, id: None, name: None, arguments: ": [1]}".into() }),
        finish(0),
        finish(1),
        Ok(Event::Usage(Usage::tokens(3, 4))),
        done(),
    ]);
    let reply = call(&lm).unwrap();
    let tool_call =
        ToolCall { id: Some("c1".into()), name: "f".into(), args: Record::new().with("a", vec![1]) };
    assert_eq!(reply.choices[0].content(), "Gruß Gott");
    assert_eq!(reply.choices[0].parts[1..], [Part::Reasoning("because".into()), Part::ToolCall(tool_call)]);
    assert_eq!(reply.choices[1].content(), "other");
    assert_eq!((reply.usage, reply.model.as_deref()), (Usage::tokens(3, 4), Some("m")));
}

#[test]
fn a_stream_that_ends_early_is_an_error_with_what_came() {
    for events in [vec![text(0, "half"), finish(0)], vec![text(0, "half")], vec![]] {
        let came = events.len();
        let e = call(&Streams(events)).unwrap_err();
        assert_eq!(e.kind, LmErrorKind::Transport);
        assert_eq!(e.partial.as_deref(), (came > 0).then_some("half"));
    }
}

#[test]
fn an_error_in_a_stream_keeps_what_came() {
    let lm = Streams(vec![text(0, "half"), Err(LmError::new(LmErrorKind::Server, "overloaded"))]);
    let e = call(&lm).unwrap_err();
    assert_eq!((e.kind, e.partial.as_deref()), (LmErrorKind::Server, Some("half")));
}

#[test]
fn broken_arguments_of_a_tool_call_are_kept_as_written() {
    let arguments = |text: &str| Event::ToolCall {
        choice: 0,
        index: 0,
        id: None,
        name: Some("f".into()),
        arguments: text.into(),
    };
    for bad in ["{", "[1]", "3", "{\"a\": 1, \"a\": 2}"] {
        let reply = call(&Streams(vec![Ok(arguments(bad)), finish(0), done()])).unwrap();
        let broken = Part::BrokenToolCall { id: None, name: "f".into(), arguments: bad.into() };
        assert_eq!(reply.choices[0].parts, [broken]);
    }
}

#[test]
fn a_whole_reply_streams_and_folds_back() {
    let mut reply = Reply::new(vec![
        Choice::text("one"),
        Choice::text("two").with_finish(FinishReason::Other("weird".into())),
    ])
    .with_usage(Usage::tokens(1, 2))
    .with_model("m");
    reply.choices[0].parts.push(Part::Reasoning("r".into()));
    let lm = Answers(reply.clone());
    let events: Vec<_> = lm.stream(&Request::default()).collect().now_or_never().unwrap();
    assert_eq!(call(&Streams(events)).unwrap(), reply);
}

#[test]
fn messages_are_written_as_chat_completions() {
    let mut message = Message::user("look");
    message.parts.push(Part::Media(dspex_core::value::Media {
        kind: dspex_core::value::MediaKind::Image,
        source: dspex_core::value::MediaSource::Url("https://x.test/a.png".into()),
        format: None,
        name: None,
    }));
    assert_eq!(
        message.to_json().to_string(),
        r#"{"role":"user","content":[{"type":"text","text":"look"},{"type":"image_url","image_url":{"url":"https://x.test/a.png"}}]}"#
    );
}

#[test]
fn a_reply_is_stored_without_loss() {
    use dspex_core::lm::{Part, Reply, StoredError};
    use dspex_core::value::{Citation, Citations, Document, Media, MediaKind, MediaSource, ToolCall};
    use dspex_core::{Record, Usage};
    let source = MediaSource::Base64("aGk=".into());
    let media = Media { kind: MediaKind::Image, source, format: Some("image/png".into()), name: None };
    let call = ToolCall {
        id: Some("c".into()),
        name: "f".into(),
        args: Record::new().with("a", vec![1, 2]).with("b", 0.5).with("$type", "x"),
    };
    let mut choice = Choice::text("Grüße \u{0} \u{2028}");
    choice.parts.extend([
        Part::Reasoning("because".into()),
        Part::Media(media),
        Part::Document(Document::new("a text")),
        Part::Citations(Citations(Vec::<Citation>::new())),
        Part::ToolCall(call),
        Part::BrokenToolCall { id: None, name: "g".into(), arguments: "{".into() },
        Part::ToolResult { call_id: None, name: "f".into(), content: "3".into(), is_error: true },
        Part::CachePoint { ttl: Some("1h".into()) },
        Part::Opaque { provider: "anthropic".into(), data: serde_json::json!({"signature": "s"}) },
    ]);
    choice.logprobs = Some(serde_json::json!([1.5]));
    let mut usage = Usage::tokens(3, 4);
    usage.cost = "0.0000012".parse().unwrap();
    let mut reply = Reply::new(vec![choice, Choice::text("").with_finish(FinishReason::Other("x".into()))]);
    (reply.usage, reply.request_id) = (usage, Some("r".into()));
    reply.warnings.push("odd".into());
    let text = reply.to_stored().to_string();
    assert_eq!(Reply::from_stored(&serde_json::from_str(&text).unwrap()).unwrap(), reply);
    // Any part of it that is something else is an error, not a reply.
    for broken in
        ["{}", "[]", "null", r#"{"choices":[{}]}"#, r#"{"choices":[{"parts":[{"text":1}],"finish":"stop"}]}"#]
    {
        let read: Result<Reply, StoredError> = Reply::from_stored(&serde_json::from_str(broken).unwrap());
        assert!(read.is_err(), "{broken}");
    }
}
