//! Replies: recorded ones, read by the decoder and, apart from it, from the raw bodies; and what no recording has.

use dspex_core::Usage;
use dspex_core::lm::{FinishReason, LmError, LmErrorKind, Part, Reply, ReplyBuilder};
use proptest::prelude::{any, prop_assert, proptest};
use serde_json::{Value as Json, json};

use super::recorded;
use crate::http::fold_pieces;
use crate::wire::cassettes::Interaction;
use crate::wire::failure::Said as Failure;
use crate::wire::{Frame, OpenAiResponses, Quirks, Wire as _};

/// What a reply says, by either way.
#[derive(Debug, Default, PartialEq)]
struct Said {
    text: String,
    reasoning: String,
    calls: Vec<(String, String, String)>,
    encrypted: usize,
    finish: String,
    usage: [u64; 5],
    model: String,
}

/// Straight from the raw body: of a stream, words from its pieces and all else from its last event.
fn expected(one: &Interaction) -> (Said, String) {
    let (mut said, mut refusal) = (Said::default(), String::new());
    let word = |json: &Json, key: &str| json[key].as_str().unwrap_or_default().to_owned();
    let response = if one.is_stream() {
        let data =
            one.text().lines().filter_map(|line| line.strip_prefix("data: ")).filter(|d| *d != "[DONE]");
        let mut last = Json::Null;
        for event in data.map(|d| serde_json::from_str::<Json>(d).unwrap()) {
            match event["type"].as_str().unwrap() {
                "response.output_text.delta" => said.text += &word(&event, "delta"),
                "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                    said.reasoning += &word(&event, "delta");
                }
                "response.refusal.delta" => refusal += &word(&event, "delta"),
                "response.completed" | "response.incomplete" => last = event["response"].clone(),
                _ => {}
            }
        }
        last
    } else {
        let whole: Json = serde_json::from_str(one.text()).unwrap();
        said.reasoning = word(&whole, "reasoning");
        for item in whole["output"].as_array().unwrap() {
            for part in item["content"].as_array().into_iter().flatten() {
                said.text += &word(part, "text");
                refusal += &word(part, "refusal");
            }
            for part in item["summary"].as_array().into_iter().flatten() {
                said.reasoning += &word(part, "text");
            }
        }
        whole
    };
    for item in response["output"].as_array().unwrap() {
        if item["type"] == "function_call" {
            said.calls.push((word(item, "call_id"), word(item, "name"), word(item, "arguments")));
        }
        said.encrypted += usize::from(item["encrypted_content"].is_string());
    }
    said.finish = match (response["incomplete_details"]["reason"].as_str(), said.calls.is_empty()) {
        (Some("max_output_tokens"), _) => "length".into(),
        (Some(other), _) => other.into(),
        (None, true) => "stop".into(),
        (None, false) => "tool_calls".into(),
    };
    let usage = &response["usage"];
    let count = |json: &Json, key: &str| json[key].as_u64().unwrap_or(0);
    said.usage = [
        count(usage, "input_tokens"),
        count(usage, "output_tokens"),
        count(&usage["input_tokens_details"], "cached_tokens"),
        count(&usage["input_tokens_details"], "cache_write_tokens"),
        count(&usage["output_tokens_details"], "reasoning_tokens"),
    ];
    said.model = word(&response, "model");
    (said, refusal)
}

fn decoded(reply: &Reply) -> Said {
    let choice = &reply.choices[0];
    let mut said = Said { text: choice.content(), model: reply.model.clone().unwrap(), ..Said::default() };
    for part in &choice.parts {
        match part {
            Part::Reasoning(text) => said.reasoning += text,
            Part::ToolCall(call) => {
                let arguments = call.args.to_tagged().to_string();
                said.calls.push((call.id.clone().unwrap(), call.name.clone(), arguments));
            }
            Part::BrokenToolCall { id, name, arguments } => {
                said.calls.push((id.clone().unwrap(), name.clone(), arguments.clone()));
            }
            Part::Opaque { data, .. } => said.encrypted += usize::from(data["encrypted_content"].is_string()),
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
    OpenAiResponses.decoder(&Quirks::NONE).whole(body)?.into_iter().for_each(|event| reply.push(event));
    reply.finish()
}

fn streamed<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Reply, LmError> {
    fold_pieces(&OpenAiResponses, &Quirks::NONE, pieces)
}

/// Holds what was read to what was expected; arguments count as what they say.
fn same(one: &Interaction, found: &Result<Reply, LmError>) {
    let (mut expected, refusal) = expected(one);
    match found {
        Ok(reply) => {
            let mut found = decoded(reply);
            for (_, _, arguments) in found.calls.iter_mut().chain(&mut expected.calls) {
                if let Ok(read) = serde_json::from_str::<Json>(arguments) {
                    *arguments = read.to_string();
                }
            }
            assert_eq!(found, expected, "{}", one.place());
        }
        Err(e) => {
            assert_eq!(e.kind, LmErrorKind::Refusal, "{}: {e}", one.place());
            assert!(expected.text.is_empty() && e.message.ends_with(&refusal) && !refusal.is_empty());
            assert_eq!(e.usage.output_tokens, expected.usage[1]);
        }
    }
}

#[test]
fn recorded_traffic_is_read_right() {
    let all = recorded();
    let (mut wholes, mut streams, mut errors) = (0, 0, 0);
    for one in &all {
        let place = one.place();
        if one.status != 200 {
            let failure = Failure::in_body(&one.body).unwrap_or_else(|| panic!("{place}"));
            let expected = match one.text() {
                t if t.contains("invalid_api_key") => Some(LmErrorKind::Auth),
                t if t.contains("model_not_found") => Some(LmErrorKind::UnknownModel),
                // A code that is said elsewhere; the status decides.
                _ => None,
            };
            assert!(failure.kind() == expected && !failure.message().is_empty(), "{place}");
            errors += 1;
        } else if one.is_stream() {
            let found = streamed([one.body.as_slice()]);
            same(one, &found);
            assert_eq!(streamed(one.body.chunks(1)), found, "{place}, byte by byte");
            streams += 1;
        } else {
            same(one, &whole(&one.body));
            wholes += 1;
        }
    }
    eprintln!("read {wholes} whole replies, {streams} streams and {errors} errors");
    assert!(all.is_empty() || (wholes > 70 && streams > 30 && errors > 1), "{wholes} {streams} {errors}");
}

#[test]
fn recorded_streams_are_no_answer_wherever_they_are_cut() {
    let short = |i: &&Interaction| i.status == 200 && i.is_stream() && i.body.len() < 6_000;
    let mut cut = 0;
    for one in recorded().iter().filter(short).step_by(3).take(2) {
        let text = one.text();
        let end = text.rfind("response.completed").or(text.rfind("response.incomplete")).unwrap();
        // Of the last event, too, nothing may be missing but what comes behind its line.
        let line = text[end..].find('\n').map_or(text.len(), |n| end + n);
        for at in 0..line {
            let e = streamed([&one.body[..at]]).expect_err("a part of it");
            assert_eq!(e.kind, LmErrorKind::Transport, "{} cut at {at}: {e}", one.place());
        }
        cut += 1;
    }
    eprintln!("cut {cut} streams at each offset");
}

fn response(output: &Json, more: &Json) -> Vec<u8> {
    let mut all = json!({
        "model": "m", "id": "r", "status": "completed", "output": output,
        "usage": {"input_tokens": 1, "output_tokens": 2},
    });
    for (key, value) in more.as_object().unwrap() {
        all[key] = value.clone();
    }
    all.to_string().into()
}

fn text() -> Json {
    json!([{"type": "message", "content": [{"type": "output_text", "text": "a"}]}])
}

#[test]
fn each_status_is_told() {
    let incomplete = |reason: &str| json!({"status": "incomplete", "incomplete_details": {"reason": reason}});
    for (more, reason) in [
        (json!({}), FinishReason::Stop),
        (incomplete("max_output_tokens"), FinishReason::Length),
        (incomplete("content_filter"), FinishReason::ContentFilter),
        (incomplete("new"), FinishReason::Other("new".into())),
        (json!({"status": "in_progress"}), FinishReason::Other("in_progress".into())),
    ] {
        assert_eq!(whole(&response(&text(), &more)).unwrap().choices[0].finish, reason);
    }
    let e = whole(&response(&json!([]), &incomplete("content_filter"))).unwrap_err();
    assert_eq!((e.kind, e.usage.output_tokens), (LmErrorKind::Refusal, 2));
    for (code, kind) in [
        ("server_error", LmErrorKind::Server),
        ("rate_limit_exceeded", LmErrorKind::RateLimit),
        ("context_length_exceeded", LmErrorKind::ContextOverflow),
        ("invalid_prompt", LmErrorKind::InvalidRequest),
        ("insufficient_quota", LmErrorKind::Billing),
    ] {
        let error = json!({"code": code, "message": "what went wrong"});
        let failed = json!({"status": "failed", "error": error});
        assert_eq!(whole(&response(&json!([]), &failed)).unwrap_err().kind, kind, "{code}");
        for event in [
            json!({"type": "response.failed", "response": failed}),
            json!({"type": "error", "code": code, "message": "what went wrong"}),
            json!({"type": "error", "error": error}),
        ] {
            let stream = format!("data: {event}\n\n");
            assert_eq!(streamed([stream.as_bytes()]).unwrap_err().kind, kind, "{event}");
        }
    }
}

#[test]
fn what_only_the_provider_understands_is_kept() {
    let reasoning = json!({
        "type": "reasoning", "id": "rs", "encrypted_content": "x", "summary": [{"type": "summary_text", "text": "h"}],
    });
    let search = json!({"type": "web_search_call", "id": "ws", "status": "completed"});
    let cited = json!([{"type": "url_citation", "url": "u", "start_index": 0, "end_index": 1}]);
    let output = json!([
        reasoning,
        {"type": "reasoning", "id": "kept there", "content": [{"type": "reasoning_text", "text": "k"}]},
        search,
        {"type": "message", "phase": "final_answer", "content": [
            {"type": "output_text", "text": "a", "annotations": cited, "logprobs": [{"token": "a", "logprob": -0.5}]},
        ]},
    ]);
    let choice = whole(&response(&output, &json!({}))).unwrap().choices.remove(0);
    let opaque = |data: Json| Part::Opaque { provider: "openai_responses".into(), data };
    assert_eq!(
        choice.parts,
        [
            Part::Reasoning("h".into()),
            opaque(reasoning),
            Part::Reasoning("k".into()),
            opaque(search),
            Part::Text("a".into()),
            opaque(json!({"annotations": cited, "phase": "final_answer"})),
        ]
    );
    assert_eq!(choice.logprobs, Some(json!({"content": [{"token": "a", "logprob": -0.5}]})));
}

#[test]
fn a_stream_without_pieces_is_read_from_what_is_done() {
    let output = json!([
        {"type": "message", "content": [{"type": "output_text", "text": "a"}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{\"x\": 1}"},
    ]);
    let completed = |output: &Json| {
        let response: Json = serde_json::from_slice(&response(output, &json!({}))).unwrap();
        format!("data: {}\n\n", json!({"type": "response.completed", "response": response}))
    };
    let done = |at: usize| {
        let event = json!({"type": "response.output_item.done", "output_index": at, "item": output[at]});
        format!("data: {event}\n\n")
    };
    let by_items = format!("{}{}{}", done(0), done(1), completed(&json!([])));
    let all = whole(&response(&output, &json!({})));
    assert!(all.is_ok());
    assert_eq!(streamed([completed(&output).as_bytes()]), all);
    assert_eq!(streamed([by_items.as_bytes()]), all);
    assert_eq!(
        streamed([format!("{}{}", done(1), completed(&output)).as_bytes()]).unwrap().usage,
        Usage::tokens(1, 2)
    );
}

#[test]
fn usage_that_is_none_is_not_counted() {
    for usage in [
        json!(null),
        json!({}),
        json!({"input_tokens": -1, "output_tokens": 1}),
        json!({"input_tokens": 1, "output_tokens": u64::MAX}),
        json!({"input_tokens": 1, "output_tokens": 1, "input_tokens_details": {"cached_tokens": "2"}}),
    ] {
        let body = response(&text(), &json!({"usage": usage}));
        assert_eq!(whole(&body).unwrap().usage, Usage::uncounted(), "{usage}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(body in any::<Vec<u8>>(), text in any::<String>()) {
        let _ = whole(&body);
        let frame = Frame { event: Some("response.output_item.done".into()), data: text };
        let _ = OpenAiResponses.decoder(&Quirks::NONE).frame(&frame);
    }

    /// Events with something else in places, in any order.
    #[test]
    fn any_events_are_read_without_a_panic(picks in proptest::collection::vec((0..28_usize, 0..12_usize), 0..24)) {
        let others = [json!(null), json!(-1), json!(1e300), json!("text"), json!([]), json!({}), json!(1025)];
        let kinds = ["created", "output_item.added", "output_item.done", "output_text.delta", "refusal.delta",
            "function_call_arguments.delta", "reasoning_summary_text.delta", "reasoning_text.delta", "completed",
            "incomplete", "failed", "new"];
        let item = json!({"type": "function_call", "name": "f", "arguments": "{}", "content": [{"text": "a"}], "output": [{}]});
        let mut decoder = OpenAiResponses.decoder(&Quirks::NONE);
        let mut reply = ReplyBuilder::new();
        for (pick, other) in picks {
            let other = others.get(other).unwrap_or(&item).clone();
            let data = json!({
                "type": format!("response.{}", kinds[pick % kinds.len()]), "item": other, "delta": other,
                "output_index": if pick < 14 { json!(pick % 3) } else { other.clone() }, "response": other,
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
