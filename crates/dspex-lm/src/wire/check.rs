//! What the tests of wires do alike: what a reply says, apart from how it came.

use dspex_core::lm::{LmError, LmErrorKind, Part, Reply, ReplyBuilder};
use dspex_core::value::MediaSource;
use serde_json::{Value as Json, json};

use super::cassettes::Interaction;
use super::failure::Said as Failure;
use super::{Frame, Quirks, Wire};
use crate::http::fold_pieces;

/// What a reply says, by either way.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Said {
    pub(super) choices: Vec<Spoken>,
    /// Input, output, and of these: read from the cache, reasoning, sound.
    pub(super) usage: [u64; 5],
    pub(super) model: Option<String>,
    pub(super) id: Option<String>,
}

/// One completion.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Spoken {
    pub(super) text: String,
    pub(super) reasoning: String,
    pub(super) calls: Vec<(Option<String>, String, Json)>,
    /// What only the provider understands.
    pub(super) kept: Vec<Json>,
    pub(super) finish: String,
}

/// A reply after the decoder and the fold that every reply goes through.
pub(super) fn decoded(reply: &Reply) -> Said {
    let u = reply.usage;
    let spoken = |choice: &dspex_core::lm::Choice| {
        let (text, finish) = (choice.content(), choice.finish.as_str().to_owned());
        let mut said = Spoken { text, finish, ..Spoken::default() };
        for part in &choice.parts {
            match part {
                Part::Reasoning(text) => said.reasoning += text,
                Part::ToolCall(c) => said.calls.push((c.id.clone(), c.name.clone(), c.args.to_tagged())),
                Part::Opaque { data, .. } => said.kept.push(data.clone()),
                Part::Media(m) => {
                    let MediaSource::Base64(data) = &m.source else { panic!("{m:?}") };
                    said.kept.push(json!(data));
                }
                _ => {}
            }
        }
        said
    };
    Said {
        choices: reply.choices.iter().map(spoken).collect(),
        usage: [u.input_tokens, u.output_tokens, u.cached_read_tokens, u.reasoning_tokens, u.audio_tokens],
        model: reply.model.clone(),
        id: reply.request_id.clone(),
    }
}

pub(super) fn whole(wire: &dyn Wire, body: &[u8]) -> Result<Reply, LmError> {
    let mut reply = ReplyBuilder::new();
    wire.decoder(&Quirks::NONE).whole(body)?.into_iter().for_each(|event| reply.push(event));
    reply.finish()
}

pub(super) fn streamed<'a>(
    wire: &dyn Wire,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Reply, LmError> {
    fold_pieces(wire, &Quirks::NONE, pieces)
}

/// Whether the reply came as a stream of this wire.
pub(super) fn is_stream(wire: &dyn Wire, one: &Interaction) -> bool {
    wire.framing().is_of(one.content_type().split(';').next().unwrap_or_default())
}

/// Reads every recorded reply, streams also one byte at a time, and compares it with what a reader that was written
/// apart takes from the raw body. Gives how many were whole, streams and errors.
pub(super) fn recordings(
    wire: &dyn Wire,
    all: &[Interaction],
    expected: fn(&Interaction, &str) -> Said,
) -> (usize, usize, usize) {
    let (mut wholes, mut streams, mut errors) = (0, 0, 0);
    for one in all {
        let place = one.place();
        if one.status != 200 {
            assert!(Failure::in_body(&one.body).and_then(|f| f.kind()).is_some(), "{place}");
            errors += 1;
        } else if is_stream(wire, one) {
            let reply = streamed(wire, [one.body.as_slice()]).unwrap_or_else(|e| panic!("{place}: {e}"));
            assert_eq!(decoded(&reply), expected(one, one.text()), "{place}");
            assert_eq!(streamed(wire, one.body.chunks(1)).as_ref(), Ok(&reply), "{place}, byte by byte");
            streams += 1;
        } else {
            let reply = whole(wire, &one.body).unwrap_or_else(|e| panic!("{place}: {e}"));
            assert_eq!(decoded(&reply), expected(one, one.text()), "{place}");
            wholes += 1;
        }
    }
    eprintln!("read {wholes} whole replies, {streams} streams and {errors} errors");
    (wholes, streams, errors)
}

/// Cuts streams at each offset. What is left is an answer only where `ended` says so of its whole lines; else it is a
/// connection that broke, with the text that had come. Gives the number of cuts that left an answer.
pub(super) fn cuts<'a>(
    wire: &dyn Wire,
    all: impl IntoIterator<Item = &'a Interaction>,
    expected: fn(&Interaction, &str) -> Said,
    ended: fn(&str) -> bool,
) -> usize {
    let (mut cut, mut answers) = (0, 0);
    for one in all {
        let (text, place) = (one.text(), one.place());
        let full = expected(one, text);
        for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
            let lines = &text[..text[..at].rfind(['\r', '\n']).map_or(0, |end| end + 1)];
            // A last line needs no end where each line is a value.
            let lines = if wire.framing() == super::Framing::Lines
                && serde_json::from_str::<Json>(text[lines.len()..at].trim()).is_ok()
            {
                &text[..at]
            } else {
                lines
            };
            match streamed(wire, [&one.body[..at]]) {
                Ok(reply) => {
                    assert!(ended(lines), "{place} cut at {at} is no answer");
                    assert_eq!(decoded(&reply), expected(one, lines), "{place} cut at {at}");
                    answers += 1;
                }
                Err(e) => {
                    assert!(!ended(lines), "{place} cut at {at}: {e}");
                    assert!(matches!(e.kind, LmErrorKind::Transport), "{place} cut at {at}: {e}");
                    assert!(full.choices[0].text.starts_with(&e.partial.unwrap_or_default()));
                }
            }
        }
        cut += 1;
    }
    eprintln!("cut {cut} streams at each offset");
    answers
}

/// What stands where something else should.
pub(super) fn others() -> [Json; 10] {
    let long = json!(u64::MAX);
    let deep = json!([{"text": [{"type": {}}]}]);
    [
        json!(null),
        json!(-1),
        json!(1e300),
        json!("text"),
        json!([]),
        json!({}),
        json!(true),
        json!(1025),
        long,
        deep,
    ]
}

/// The JSON with another value in one place; the places are counted as they stand.
pub(super) fn changed(json: &Json, place: usize, other: &Json) -> Json {
    fn walk(json: &mut Json, left: &mut usize, other: &Json) -> bool {
        if *left == 0 {
            *json = other.clone();
            return true;
        }
        *left -= 1;
        match json {
            Json::Array(items) => items.iter_mut().any(|item| walk(item, left, other)),
            Json::Object(map) => map.values_mut().any(|value| walk(value, left, other)),
            _ => false,
        }
    }
    let (mut json, mut left) = (json.clone(), place);
    walk(&mut json, &mut left, other);
    json
}

/// Feeds a decoder documents that each have something else in a place; it may refuse them, and never panics.
pub(super) fn survives(wire: &dyn Wire, documents: &[Json], picks: &[(usize, usize)]) {
    let mut decoder = wire.decoder(&Quirks::NONE);
    let mut reply = ReplyBuilder::new();
    let mut took = |events: Result<Vec<dspex_core::lm::Event>, LmError>| {
        events.into_iter().flatten().for_each(|e| reply.push(e));
    };
    for (pick, (place, other)) in picks.iter().enumerate() {
        let document = &documents[(pick + place) % documents.len()];
        let data = changed(document, *place, &others()[*other % others().len()]).to_string();
        took(wire.decoder(&Quirks::NONE).whole(data.as_bytes()));
        took(decoder.frame(&Frame { event: None, data }));
    }
    took(decoder.end());
    let _ = reply.finish();
}
