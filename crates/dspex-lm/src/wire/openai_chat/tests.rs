//! Replies in forms that recordings may lack, and bytes of any form.

#![expect(clippy::needless_pass_by_value, reason = "what `json!` makes is given as it is")]

use dspex_core::lm::{Event, FinishReason, LmError, LmErrorKind, Part, Reply, ReplyBuilder};
use dspex_core::{Usage, Value};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::OpenAiChat;
use crate::wire::{Decode, Frame, Quirks, Wire as _};

fn decoder(quirks: Quirks) -> Box<dyn Decode> {
    OpenAiChat.decoder(&quirks)
}

fn fold(events: Vec<Event>) -> Result<Reply, LmError> {
    let mut reply = ReplyBuilder::new();
    for event in events {
        reply.push(event);
    }
    reply.finish()
}

fn whole(body: &Json) -> Result<Reply, LmError> {
    fold(decoder(Quirks::NONE).whole(body.to_string().as_bytes())?)
}

fn frame(data: &Json) -> Frame {
    Frame { event: None, data: data.as_str().map_or_else(|| data.to_string(), str::to_owned) }
}

fn streamed_by(quirks: Quirks, chunks: &[Json]) -> Result<Reply, LmError> {
    let mut decoder = decoder(quirks);
    let mut events = Vec::new();
    for chunk in chunks {
        events.extend(decoder.frame(&frame(chunk))?);
    }
    events.extend(decoder.end()?);
    fold(events)
}

fn streamed(chunks: &[Json]) -> Result<Reply, LmError> {
    streamed_by(Quirks::NONE, &[chunks, &[json!("[DONE]")]].concat())
}

fn delta(delta: Json) -> Json {
    json!({"choices": [{"index": 0, "delta": delta}]})
}

fn end(reason: &str) -> Json {
    json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

fn message(message: Json) -> Json {
    json!({"choices": [{"message": message, "finish_reason": "stop"}]})
}

fn usage_of(usage: Json) -> Usage {
    let mut body = message(json!({"content": "a"}));
    body["usage"] = usage;
    whole(&body).expect("a reply").usage
}

#[test]
fn tokens_are_counted_by_every_vendors_words() {
    let cached = |read: u64| {
        let mut usage = Usage::tokens(10, 4);
        usage.cached_read_tokens = read;
        usage
    };
    let table = [
        (json!({"prompt_cache_hit_tokens": 8, "prompt_cache_miss_tokens": 2}), cached(8)),
        (json!({"prompt_tokens_details": {"cached_tokens": 7}}), cached(7)),
        (json!({"cached_tokens": 6}), cached(6)),
        (json!({"prompt_tokens_details": null}), cached(0)),
        (json!({"prompt_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 3}}), {
            let mut usage = cached(1);
            usage.cached_write_tokens = 3;
            usage
        }),
    ];
    for (more, expected) in table {
        let mut usage = json!({"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14});
        usage.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        assert_eq!(usage_of(usage.clone()), expected, "{usage}");
    }
    // Reasoning within the answer's count, and beside it as the sum shows.
    let details = json!({"reasoning_tokens": 3});
    let within = json!({"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14, "completion_tokens_details": details});
    let beside = json!({"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 14, "completion_tokens_details": details});
    for usage in [within, beside] {
        let read = usage_of(usage.clone());
        assert_eq!((read.output_tokens, read.reasoning_tokens), (4, 3), "{usage}");
    }
    let groq = json!({"choices": [], "x_groq": {"usage": {"prompt_tokens": 1, "completion_tokens": 2}}});
    let reply = streamed(&[delta(json!({"content": "a"})), end("stop"), groq]).expect("a reply");
    assert_eq!(reply.usage, Usage::tokens(1, 2));
}

#[test]
fn what_nobody_counted_is_flagged() {
    for usage in [json!(null), json!([]), json!({}), json!({"prompt_tokens": -1, "completion_tokens": null})]
    {
        assert_eq!(usage_of(usage.clone()), Usage::uncounted(), "{usage}");
    }
    let absurd = usage_of(json!({"prompt_tokens": 9_223_372_036_854_775_808_u64, "completion_tokens": 3}));
    assert_eq!((absurd.input_tokens, absurd.output_tokens, absurd.uncounted_calls), (0, 3, 1));
    let reply = streamed(&[delta(json!({"content": "a"})), end("stop")]).expect("a reply");
    assert_eq!(reply.usage, Usage::uncounted());
}

#[test]
fn thoughts_come_in_every_form() {
    let thought = json!({"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}, {"type": "text", "text": "."}]});
    let said = [Part::Reasoning("Hm.".into()), Part::Text("Yes".into())];
    for form in [
        json!({"reasoning_content": "Hm.", "content": "Yes"}),
        json!({"reasoning": "Hm.", "content": "Yes"}),
        json!({"reasoning": "Hm.", "reasoning_content": "Hm.", "content": "Yes"}),
        json!({"content": [thought, {"type": "text", "text": "Yes"}, {"type": "reference", "reference_ids": [1]}]}),
    ] {
        assert_eq!(whole(&message(form.clone())).expect("a reply").choices[0].parts, said, "{form}");
        let reply = streamed(&[delta(form.clone()), end("stop")]).expect("a reply");
        assert_eq!(reply.choices[0].parts, said, "{form}");
    }
}

#[test]
fn the_vendors_form_of_thoughts_is_kept_whole() {
    let item = |text: &str, signature: Json| json!({"type": "reasoning.text", "index": 0, "text": text, "signature": signature, "format": "f"});
    let bits = [item("Let ", json!(null)), item("me", json!("")), item("", json!("sig"))];
    let chunks: Vec<Json> = bits.iter().map(|b| delta(json!({"reasoning_details": [b]}))).collect();
    let encrypted = json!({"type": "reasoning.encrypted", "index": 1, "data": "x", "id": "rs_1"});
    let more = [delta(json!({"reasoning_details": [encrypted], "content": "Yes"})), end("stop")];
    let by_stream = streamed(&[chunks, more.to_vec()].concat()).expect("a reply");
    let details = json!([item("Let me", json!("sig")), encrypted]);
    let at_once = whole(&message(json!({"content": "Yes", "reasoning_details": details}))).expect("a reply");
    let kept = Part::Opaque { provider: "openai_chat".into(), data: json!({"reasoning_details": details}) };
    assert_eq!(at_once.choices[0].parts, [Part::Text("Yes".into()), kept]);
    assert_eq!(by_stream.choices[0].parts, at_once.choices[0].parts);
}

#[test]
fn sources_are_citations_and_kept_as_they_came() {
    let url = "https://example.org/a";
    let noted = json!({"type": "url_citation", "url_citation": {"url": url, "title": "A", "content": "It is.", "start_index": 0, "end_index": 3}});
    let reply = whole(&message(json!({"content": "Yes.", "annotations": [noted]}))).expect("a reply");
    let Part::Citations(cited) = &reply.choices[0].parts[1] else { panic!("{reply:?}") };
    let one = &cited.0[0];
    assert_eq!((one.cited_text.as_str(), one.supported_text.as_deref()), ("It is.", Some("Yes")));
    assert_eq!((one.document_title.as_deref(), one.document_index), (Some("A"), 0));
    assert_eq!(reply.choices[0].parts.len(), 3, "and the annotation as it came");
    // Perplexity says it beside the answer, in each event anew, and its streams end without a marker.
    let chunk = |text: &str, reason: Json| {
        json!({
            "choices": [{"index": 0, "delta": {"content": text}, "message": {"content": "Yes"}, "finish_reason": reason}],
            "citations": [url], "search_results": [{"title": "A", "url": url, "snippet": "It is."}],
        })
    };
    let quirks = Quirks { done_marker: false, ..Quirks::NONE };
    let chunks = [chunk("Ye", json!(null)), chunk("s", json!(null)), chunk("", json!("stop"))];
    let reply = streamed_by(quirks, &chunks).expect("a reply");
    let Part::Citations(cited) = &reply.choices[0].parts[1] else { panic!("{reply:?}") };
    assert_eq!((reply.choices[0].content().as_str(), cited.0.len()), ("Yes", 1));
    let cut = streamed_by(quirks, &chunks[..2]).expect_err("a part of it");
    assert_eq!((cut.kind, cut.partial.as_deref()), (LmErrorKind::Transport, Some("Yes")));
    assert!(streamed_by(Quirks::NONE, &chunks).is_err(), "where a marker is due");
}

fn calls(reply: &Reply) -> Vec<(Option<String>, String, Value)> {
    let call = |part: &Part| match part {
        Part::ToolCall(call) => Some((call.id.clone(), call.name.clone(), Value::from(call.args.clone()))),
        _ => None,
    };
    reply.choices[0].parts.iter().filter_map(call).collect()
}

#[test]
fn calls_are_told_apart_by_their_ids() {
    let call = |index: Json, id: Json, name: Json, arguments: &str| {
        let mut call = json!({"function": {"name": name, "arguments": arguments}});
        (call["index"], call["id"]) = (index, id);
        delta(json!({"tool_calls": [call]}))
    };
    let two = [
        call(json!(0), json!("a"), json!("f"), "{\"x\""),
        call(json!(0), json!(null), json!(null), ": 1}"),
        call(json!(0), json!("b"), json!("g"), "{}"),
        end("tool_calls"),
    ];
    let found = calls(&streamed(&two).expect("a reply"));
    let names: Vec<_> = found.iter().map(|(id, name, _)| (id.as_deref(), name.as_str())).collect();
    assert_eq!(names, [(Some("a"), "f"), (Some("b"), "g")], "one index, two calls");
    // A vendor that repeats the id and the name in each bit means one call.
    let repeated = [
        call(json!(0), json!("a"), json!("f"), "{\"x\""),
        call(json!(0), json!("a"), json!("f"), ": 1}"),
        end("tool_calls"),
    ];
    assert_eq!(calls(&streamed(&repeated).expect("a reply")).len(), 1);
    let far = call(json!(5_000), json!("a"), json!("f"), "{}");
    assert_eq!(streamed(&[far]).expect_err("an absurd index").kind, LmErrorKind::Protocol);
    let old = whole(&message(json!({"content": null, "function_call": {"name": "f", "arguments": "{}"}})));
    assert_eq!(calls(&old.expect("a reply")).len(), 1);
}

#[test]
fn nothing_comes_after_the_end_and_nothing_twice() {
    let last = json!({"choices": [{"index": 0, "delta": {"content": "b"}, "finish_reason": "stop"}]});
    let reply = streamed(&[delta(json!({"content": "a"})), last.clone(), last.clone()]).expect("a reply");
    assert_eq!(reply.choices[0].content(), "ab", "the last event came twice");
    let after = streamed(&[last, delta(json!({"content": "c"}))]).expect_err("more after the end");
    assert_eq!(after.kind, LmErrorKind::Protocol);
    let empty = delta(json!({"role": "assistant", "content": ""}));
    assert!(
        streamed(&[delta(json!({"content": "a"})), end("stop"), empty]).is_ok(),
        "nothing is no more of it"
    );
}

#[test]
fn log_probabilities_of_a_stream_are_all_there() {
    let chunk = |token: &str| json!({"choices": [{"index": 0, "delta": {"content": token}, "logprobs": {"content": [{"token": token}], "refusal": null}}]});
    let reply = streamed(&[chunk("a"), chunk("b"), end("length")]).expect("a reply");
    let all = reply.choices[0].logprobs.clone().expect("log-probabilities");
    assert_eq!(all["content"], json!([{"token": "a"}, {"token": "b"}]));
    assert_eq!(reply.choices[0].finish, FinishReason::Length);
}

#[test]
fn errors_are_told_wherever_they_stand() {
    let limit = json!({"message": "slow", "code": 429});
    for body in [
        json!({"error": limit}),
        json!({"object": "error", "message": "slow", "code": "429", "type": "x"}),
        json!({"choices": [{"index": 0, "error": limit, "delta": {}, "finish_reason": "error"}]}),
    ] {
        assert_eq!(whole(&body).expect_err("an error").kind, LmErrorKind::RateLimit, "{body}");
        assert_eq!(
            streamed(std::slice::from_ref(&body)).expect_err("an error").kind,
            LmErrorKind::RateLimit,
            "{body}"
        );
    }
    let named =
        Frame { event: Some("error".into()), data: json!({"message": "slow", "code": 429}).to_string() };
    let e = decoder(Quirks::NONE).frame(&named).expect_err("an error");
    assert_eq!(e.kind, LmErrorKind::RateLimit);
    assert_eq!(streamed(&[end("error")]).expect_err("an error").kind, LmErrorKind::Server);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in ".{0,80}") {
        let _ = decoder(Quirks::NONE).whole(&bytes);
        let mut decoder = decoder(Quirks::NONE);
        for data in [String::from_utf8_lossy(&bytes).into_owned(), text] {
            let _ = decoder.frame(&Frame { event: None, data });
        }
        let _ = decoder.end();
    }

    #[test]
    fn any_value_in_any_field_is_read_without_a_panic(at in 0_usize..200, value in 0_usize..9) {
        let odd = [
            json!(null), json!(true), json!(-1), json!(1e300), json!(u64::MAX), json!("x"), json!([[], {}, 3]),
            json!({"index": "0", "text": 3}), json!([{"index": 1_023, "type": "thinking", "thinking": {}}]),
        ];
        let mut body = json!({
            "id": "i", "object": "o", "model": "m", "citations": ["u"], "search_results": [{"url": "u"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 2, "completion_tokens_details": {"reasoning_tokens": 1}},
            "choices": [{"index": 0, "finish_reason": "stop", "logprobs": {"content": []}, "delta": {
                "content": "a", "reasoning": "r", "reasoning_details": [{"index": 0, "text": "t"}],
                "annotations": [{"url_citation": {"url": "u", "start_index": 0, "end_index": 1}}],
                "tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}],
            }}],
        });
        let paths = pointers(&body, "");
        if let Some(place) = paths.get(at % paths.len()).and_then(|p| body.pointer_mut(p)) {
            *place = odd[value].clone();
        }
        let mut decoder = decoder(Quirks::NONE);
        let _ = decoder.frame(&frame(&body)).and_then(|_| decoder.frame(&frame(&json!("[DONE]"))));
        if let Some(choice) = body.pointer_mut("/choices/0").and_then(Json::as_object_mut) {
            let delta = choice.remove("delta").unwrap_or_default();
            choice.insert("message".into(), delta);
        }
        let _ = whole(&body);
    }
}

/// Where something stands in a value.
fn pointers(json: &Json, at: &str) -> Vec<String> {
    let mut all = vec![at.to_owned()];
    match json {
        Json::Object(map) => map.iter().for_each(|(key, v)| all.extend(pointers(v, &format!("{at}/{key}")))),
        Json::Array(items) => {
            items.iter().enumerate().for_each(|(i, v)| all.extend(pointers(v, &format!("{at}/{i}"))));
        }
        _ => {}
    }
    all
}
