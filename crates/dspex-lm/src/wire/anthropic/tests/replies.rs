//! Replies: recorded ones, read by the decoder and, apart from it, from the raw bodies; and what no recording has.

use dspex_core::Usage;
use dspex_core::lm::{FinishReason, LmError, LmErrorKind, Part, Reply, ReplyBuilder};
use proptest::prelude::{any, prop_assert, proptest};
use serde_json::{Value as Json, json};

use crate::http::fold_pieces;
use crate::wire::anthropic::Anthropic;
use crate::wire::cassettes::{Interaction, interactions};
use crate::wire::failure::Said as Failure;
use crate::wire::{Frame, Quirks, Wire as _};

/// What a reply says, by either way.
#[derive(Debug, Default, PartialEq)]
struct Said {
    text: String,
    reasoning: String,
    signatures: Vec<String>,
    calls: Vec<(String, String, Json)>,
    /// Blocks that only the provider understands.
    blocks: Vec<Json>,
    cited: Vec<String>,
    finish: String,
    usage: [u64; 5],
    model: String,
}

/// Straight from the raw body.
fn expected(one: &Interaction) -> Said {
    let whole = if one.is_stream() { joined(one.text()) } else { serde_json::from_str(one.text()).unwrap() };
    let mut said = Said { model: whole["model"].as_str().unwrap().into(), ..Said::default() };
    for block in whole["content"].as_array().unwrap() {
        let word = |key: &str| block[key].as_str().unwrap_or_default().to_owned();
        match word("type").as_str() {
            "text" => {
                said.text += &word("text");
                for c in block["citations"].as_array().into_iter().flatten() {
                    said.cited.push(c["cited_text"].as_str().unwrap().to_owned());
                }
            }
            "thinking" => {
                said.reasoning += &word("thinking");
                said.signatures.push(word("signature"));
            }
            "tool_use" => said.calls.push((word("id"), word("name"), block["input"].clone())),
            _ => said.blocks.push(block.clone()),
        }
    }
    said.finish = match whole["stop_reason"].as_str().unwrap() {
        "end_turn" | "stop_sequence" => "stop".into(),
        "max_tokens" => "length".into(),
        "tool_use" => "tool_calls".into(),
        other => other.into(),
    };
    let usage = &whole["usage"];
    let count = |key: &str| usage[key].as_u64().unwrap_or(0);
    let (read, written) = (count("cache_read_input_tokens"), count("cache_creation_input_tokens"));
    let thought = usage["output_tokens_details"]["thinking_tokens"].as_u64().unwrap_or(0);
    said.usage = [count("input_tokens") + read + written, count("output_tokens"), read, written, thought];
    said
}

/// The message that the events of a stream make up.
fn joined(body: &str) -> Json {
    let mut message = Json::Null;
    let mut inputs: Vec<String> = Vec::new();
    for data in body.lines().filter_map(|line| line.strip_prefix("data: ")) {
        let event: Json = serde_json::from_str(data).unwrap();
        let at = usize::try_from(event["index"].as_u64().unwrap_or(0)).unwrap();
        match event["type"].as_str().unwrap() {
            "message_start" => message = event["message"].clone(),
            "content_block_start" => {
                message["content"].as_array_mut().unwrap().push(event["content_block"].clone());
                inputs.push(String::new());
            }
            "content_block_delta" => {
                let (delta, block) = (&event["delta"], &mut message["content"][at]);
                for key in ["text", "thinking", "signature"] {
                    if let Some(more) = delta[key].as_str() {
                        block[key] = json!(block[key].as_str().unwrap_or_default().to_owned() + more);
                    }
                }
                if delta["citation"].is_object() {
                    let mut all = block["citations"].as_array().cloned().unwrap_or_default();
                    all.push(delta["citation"].clone());
                    block["citations"] = json!(all);
                }
                inputs[at] += delta["partial_json"].as_str().unwrap_or_default();
            }
            "message_delta" => {
                message["stop_reason"] = event["delta"]["stop_reason"].clone();
                for (key, value) in event["usage"].as_object().unwrap() {
                    message["usage"][key] = value.clone();
                }
            }
            _ => {}
        }
    }
    for (at, input) in inputs.iter().enumerate().filter(|(_, input)| !input.is_empty()) {
        message["content"][at]["input"] = serde_json::from_str(input).unwrap();
    }
    message
}

fn decoded(reply: &Reply) -> Said {
    let choice = &reply.choices[0];
    let mut said = Said { text: choice.content(), model: reply.model.clone().unwrap(), ..Said::default() };
    for part in &choice.parts {
        match part {
            Part::Reasoning(text) => said.reasoning += text,
            Part::ToolCall(call) => {
                said.calls.push((call.id.clone().unwrap(), call.name.clone(), call.args.to_tagged()));
            }
            Part::Citations(cited) => said.cited.extend(cited.0.iter().map(|c| c.cited_text.clone())),
            Part::Opaque { data, .. } if data["citations"].is_array() => {
                let words = data["citations"].as_array().unwrap().iter();
                said.cited.extend(words.map(|c| c["cited_text"].as_str().unwrap().to_owned()));
            }
            Part::Opaque { data, .. } => match data["signature"].as_str() {
                Some(signature) => said.signatures.push(signature.into()),
                None => said.blocks.push(data.clone()),
            },
            _ => {}
        }
    }
    said.finish = choice.finish.as_str().to_owned();
    let u = reply.usage;
    said.usage =
        [u.input_tokens, u.output_tokens, u.cached_read_tokens, u.cached_write_tokens, u.reasoning_tokens];
    said
}

fn whole(body: &[u8]) -> Result<Reply, LmError> {
    let mut reply = ReplyBuilder::new();
    Anthropic.decoder(&Quirks::NONE).whole(body)?.into_iter().for_each(|event| reply.push(event));
    reply.finish()
}

fn streamed<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Reply, LmError> {
    fold_pieces(&Anthropic, &Quirks::NONE, pieces)
}

fn recorded() -> Vec<Interaction> {
    let mut all = interactions(Some("anthropic"));
    all.retain(|i| i.path.ends_with("/messages"));
    all
}

#[test]
fn recorded_traffic_is_read_right() {
    let all = recorded();
    let (mut wholes, mut streams, mut errors) = (0, 0, 0);
    for one in &all {
        let place = one.place();
        if one.status != 200 {
            let kind = Failure::in_body(&one.body).and_then(|f| f.kind());
            let expected =
                if one.status == 404 { LmErrorKind::UnknownModel } else { LmErrorKind::InvalidRequest };
            assert_eq!(kind, Some(expected), "{place}");
            errors += 1;
        } else if one.is_stream() {
            let reply = streamed([one.body.as_slice()]).unwrap_or_else(|e| panic!("{place}: {e}"));
            assert_eq!(decoded(&reply), expected(one), "{place}");
            assert_eq!(streamed(one.body.chunks(1)).as_ref(), Ok(&reply), "{place}, byte by byte");
            streams += 1;
        } else {
            let reply = whole(&one.body).unwrap_or_else(|e| panic!("{place}: {e}"));
            assert_eq!(decoded(&reply), expected(one), "{place}");
            wholes += 1;
        }
    }
    eprintln!("read {wholes} whole replies, {streams} streams and {errors} errors");
    assert!(all.is_empty() || (wholes > 100 && streams > 60 && errors > 5), "{wholes} {streams} {errors}");
}

#[test]
fn recorded_streams_are_no_answer_wherever_they_are_cut() {
    let mut cut = 0;
    let short = |i: &&Interaction| i.status == 200 && i.is_stream() && i.body.len() < 3_000;
    for one in recorded().iter().filter(short).step_by(12).take(4) {
        let text = one.text();
        // The empty line behind the last event may be missing; nothing else may.
        for at in 0..text.trim_end().len() {
            let e = streamed([&one.body[..at]]).expect_err("a part of it");
            assert_eq!(e.kind, LmErrorKind::Transport, "{} cut at {at}: {e}", one.place());
            assert!(expected(one).text.starts_with(&e.partial.unwrap_or_default()));
        }
        cut += 1;
    }
    eprintln!("cut {cut} streams at each offset");
}

/// A message of these blocks.
fn message(content: &Json, stop_reason: &str) -> Vec<u8> {
    let usage = json!({"input_tokens": 1, "output_tokens": 2});
    json!({"model": "m", "content": content, "stop_reason": stop_reason, "usage": usage}).to_string().into()
}

#[test]
fn each_reason_to_stop_is_told() {
    let text = json!([{"type": "text", "text": "a"}]);
    for (word, reason) in [
        ("end_turn", FinishReason::Stop),
        ("stop_sequence", FinishReason::Stop),
        ("max_tokens", FinishReason::Length),
        ("model_context_window_exceeded", FinishReason::Length),
        ("tool_use", FinishReason::ToolCalls),
        ("refusal", FinishReason::ContentFilter),
        ("pause_turn", FinishReason::Other("pause_turn".into())),
        ("new", FinishReason::Other("new".into())),
    ] {
        assert_eq!(whole(&message(&text, word)).unwrap().choices[0].finish, reason, "{word}");
    }
    let e = whole(&message(&json!([]), "refusal")).unwrap_err();
    assert_eq!((e.kind, e.usage.output_tokens), (LmErrorKind::Refusal, 2));
    let silent = whole(&message(&json!([]), "end_turn")).unwrap();
    assert_eq!((silent.choices[0].content().as_str(), silent.choices[0].parts.len()), ("", 0));
}

#[test]
fn what_belongs_to_a_block_stands_behind_it() {
    let content = json!([
        {"type": "thinking", "thinking": "a", "signature": "s"},
        {"type": "thinking", "thinking": "", "signature": "t"},
        {"type": "redacted_thinking", "data": "x"},
        {"type": "tool_use", "id": "1", "name": "f", "input": {}, "caller": {"type": "code", "tool_id": "2"}},
    ]);
    let opaque = |data: Json| Part::Opaque { provider: "anthropic".into(), data };
    let parts = whole(&message(&content, "tool_use")).unwrap().choices.remove(0).parts;
    assert_eq!(
        parts[..4],
        [
            Part::Reasoning("a".into()),
            opaque(json!({"signature": "s"})),
            opaque(json!({"signature": "t"})),
            opaque(json!({"type": "redacted_thinking", "data": "x"})),
        ]
    );
    assert!(matches!(&parts[4], Part::ToolCall(call) if call.args.is_empty()));
    assert_eq!(parts[5..], [opaque(json!({"caller": {"type": "code", "tool_id": "2"}}))]);
}

#[test]
fn failures_are_told_by_their_code() {
    for (kind, error) in [
        (LmErrorKind::Server, json!({"type": "overloaded_error", "message": "Overloaded"})),
        (LmErrorKind::Server, json!({"type": "api_error", "message": "Internal"})),
        (LmErrorKind::RateLimit, json!({"type": "rate_limit_error", "message": "Slow down"})),
        (LmErrorKind::Billing, json!({"type": "billing_error", "message": "Pay"})),
        (
            LmErrorKind::Billing,
            json!({
                "type": "invalid_request_error", "message": "A limit was reached.",
                "details": {"error_code": "enforced_spend_limit_reached"},
            }),
        ),
        (
            LmErrorKind::Billing,
            json!({
                "type": "invalid_request_error", "message": "Your credit balance is too low to access the API.",
            }),
        ),
        (LmErrorKind::Auth, json!({"type": "authentication_error", "message": "invalid x-api-key"})),
        (LmErrorKind::UnknownModel, json!({"type": "not_found_error", "message": "model: x"})),
        (LmErrorKind::ContextOverflow, json!({"type": "request_too_large", "message": "too large"})),
        (
            LmErrorKind::ContextOverflow,
            json!({
                "type": "invalid_request_error", "message": "prompt is too long: 208310 tokens > 200000 maximum",
            }),
        ),
        (LmErrorKind::InvalidRequest, json!({"type": "invalid_request_error", "message": "temperature"})),
        (LmErrorKind::Timeout, json!({"type": "timeout_error", "message": "late"})),
    ] {
        let body = json!({"type": "error", "error": error}).to_string();
        assert_eq!(Failure::in_body(body.as_bytes()).unwrap().kind(), Some(kind), "{body}");
        assert_eq!(whole(body.as_bytes()).unwrap_err().kind, kind, "{body}");
        let start =
            json!({"type": "message_start", "message": {"usage": {"input_tokens": 3, "output_tokens": 1}}});
        let stream = format!(
            "data: {start}\n\nevent: ping\ndata: {{\"type\": \"ping\"}}\n\nevent: error\ndata: {body}\n\n"
        );
        let e = streamed([stream.as_bytes()]).unwrap_err();
        assert_eq!((e.kind, e.usage), (kind, Usage::tokens(3, 1)), "{body}");
    }
}

#[test]
fn usage_that_is_none_is_not_counted() {
    for usage in [
        json!(null),
        json!({}),
        json!({"input_tokens": -1, "output_tokens": 1}),
        json!({"input_tokens": 1}),
        json!({"input_tokens": 1, "output_tokens": 1e30}),
        json!({"input_tokens": 1, "output_tokens": u64::MAX}),
    ] {
        let body = json!({"content": [{"type": "text", "text": "a"}], "usage": usage}).to_string();
        assert_eq!(whole(body.as_bytes()).unwrap().usage, Usage::uncounted(), "{body}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(body in any::<Vec<u8>>(), text in any::<String>()) {
        let _ = whole(&body);
        let frame = Frame { event: Some("content_block_start".into()), data: text };
        let _ = Anthropic.decoder(&Quirks::NONE).frame(&frame);
    }

    /// Recorded events with something else in places, and in another order.
    #[test]
    fn any_events_are_read_without_a_panic(picks in proptest::collection::vec((0..24_usize, 0..12_usize), 0..24)) {
        let others = [json!(null), json!(-1), json!(1e300), json!("text"), json!([]), json!({}), json!(1025)];
        let kinds = ["message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta",
            "message_stop", "error", "new"];
        let mut decoder = Anthropic.decoder(&Quirks::NONE);
        let mut reply = ReplyBuilder::new();
        for (pick, other) in picks {
            let other = others.get(other).cloned().unwrap_or(json!({"type": "text_delta", "text": "a", "usage": {}}));
            let data = json!({
                "type": kinds[pick % kinds.len()], "index": if pick < 12 { json!(pick % 3) } else { other.clone() },
                "content_block": other, "delta": other, "message": other, "usage": other, "error": other,
            });
            if let Ok(events) = decoder.frame(&Frame { event: None, data: data.to_string() }) {
                for event in events {
                    reply.push(event);
                }
            }
        }
        prop_assert!(reply.finish().map_or(true, |r| r.choices.len() == 1));
    }
}
