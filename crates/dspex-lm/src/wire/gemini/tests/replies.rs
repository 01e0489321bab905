//! Replies: recorded ones, read by the decoder and, apart from it, from the raw bodies; and what no recording has.

use std::time::Duration;

use dspex_core::Usage;
use dspex_core::lm::{FinishReason, LmErrorKind, Part, Reply};
use proptest::prelude::{any, proptest};
use serde_json::{Value as Json, json};

use super::super::Gemini;
use super::recorded;
use crate::wire::cassettes::Interaction;
use crate::wire::check::{self, Said, Spoken};
use crate::wire::failure::Said as Failure;

fn chunks(text: &str) -> Vec<Json> {
    let data: Vec<&str> = text.lines().filter_map(|l| l.strip_prefix("data: ")).collect();
    let data = if data.is_empty() { vec![text] } else { data };
    data.into_iter().map(|d| serde_json::from_str(d).unwrap()).collect()
}

/// Straight from the raw body.
fn expected(_: &Interaction, text: &str) -> Said {
    let mut said = Said::default();
    let mut words = Vec::new();
    for chunk in chunks(text) {
        said.model = chunk["modelVersion"].as_str().map(str::to_owned);
        said.id = chunk["responseId"].as_str().map(str::to_owned);
        for candidate in chunk["candidates"].as_array().unwrap() {
            let at = usize::try_from(candidate["index"].as_u64().unwrap_or(0)).unwrap();
            said.choices.resize(said.choices.len().max(at + 1), Spoken::default());
            words.resize(said.choices.len(), String::new());
            let spoken = &mut said.choices[at];
            for part in candidate["content"]["parts"].as_array().into_iter().flatten() {
                let (text, signature) = (part["text"].as_str(), part["thoughtSignature"].as_str());
                let own = match text {
                    Some("") => false,
                    Some(text) if part["thought"] == true => {
                        spoken.reasoning += text;
                        true
                    }
                    Some(text) => {
                        spoken.text += text;
                        true
                    }
                    None if part["functionCall"].is_object() => {
                        let (call, id) = (&part["functionCall"], part["functionCall"]["id"].as_str());
                        let name = call["name"].as_str().unwrap().to_owned();
                        spoken.calls.push((id.map(str::to_owned), name, call["args"].clone()));
                        true
                    }
                    None => false,
                };
                match signature {
                    Some(signature) if own => spoken.kept.push(json!({"thoughtSignature": signature})),
                    None if own || text.is_some() => {}
                    _ => spoken.kept.push(part.clone()),
                }
            }
            if let Some(word) = candidate["finishReason"].as_str() {
                words[at] = word.to_owned();
            }
        }
        let usage = &chunk["usageMetadata"];
        let count = |key: &str| usage[key].as_u64().unwrap_or(0);
        let audio = usage["promptTokensDetails"].as_array().into_iter().flatten();
        let audio =
            audio.filter(|d| d["modality"] == "AUDIO").map(|d| d["tokenCount"].as_u64().unwrap()).sum();
        let input = count("promptTokenCount") + count("toolUsePromptTokenCount");
        let (output, thoughts) = (count("totalTokenCount") - input, count("thoughtsTokenCount"));
        said.usage = [input, output, count("cachedContentTokenCount"), thoughts, audio];
    }
    for (spoken, word) in said.choices.iter_mut().zip(words) {
        spoken.finish = match word.as_str() {
            "STOP" if !spoken.calls.is_empty() => "tool_calls".into(),
            "STOP" => "stop".into(),
            "MAX_TOKENS" => "length".into(),
            other => panic!("{other}"),
        };
    }
    said
}

#[test]
fn recorded_traffic_is_read_right() {
    let all = recorded();
    let (wholes, streams, errors) = check::recordings(&Gemini, &all, expected);
    assert!(all.is_empty() || (wholes > 90 && streams > 50 && errors > 0), "{wholes} {streams} {errors}");
}

#[test]
fn a_stream_that_is_cut_is_an_answer_only_where_its_candidate_has_ended() {
    let all = recorded();
    let short = |i: &&Interaction| check::is_stream(&Gemini, i) && i.body.len() < 6_000;
    let cut = all.iter().filter(short).take(12).chain(all.iter().filter(|i| {
        // Text may follow the first reason to end.
        i.path.contains("stream")
            && i.file.ends_with("two_terminal_stream_keeps_the_text_after_the_first_finish.yaml")
    }));
    let answers = check::cuts(&Gemini, cut, expected, |lines| lines.contains("\"finishReason\""));
    assert!(all.is_empty() || answers > 20, "{answers}");
}

fn read(body: &Json) -> Result<Reply, dspex_core::lm::LmError> {
    check::whole(&Gemini, body.to_string().as_bytes())
}

fn content(parts: &Json, finish: &str) -> Json {
    let usage = json!({"promptTokenCount": 1, "candidatesTokenCount": 2, "totalTokenCount": 3});
    json!({
        "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": finish}],
        "usageMetadata": usage, "modelVersion": "m", "responseId": "r",
    })
}

#[test]
fn each_reason_to_end_is_told() {
    let text = || json!([{"text": "a"}]);
    let other = |word: &str| FinishReason::Other(word.into());
    for (word, reason) in [
        ("STOP", FinishReason::Stop),
        ("MAX_TOKENS", FinishReason::Length),
        ("SAFETY", FinishReason::ContentFilter),
        ("BLOCKLIST", FinishReason::ContentFilter),
        ("PROHIBITED_CONTENT", FinishReason::ContentFilter),
        ("SPII", FinishReason::ContentFilter),
        ("IMAGE_SAFETY", FinishReason::ContentFilter),
        ("RECITATION", other("recitation")),
        ("LANGUAGE", other("language")),
        ("MALFORMED_FUNCTION_CALL", other("malformed_function_call")),
        ("UNEXPECTED_TOOL_CALL", other("unexpected_tool_call")),
        ("NEW_ONE", other("new_one")),
    ] {
        assert_eq!(read(&content(&text(), word)).unwrap().choices[0].finish, reason, "{word}");
    }
    let call = json!([{"functionCall": {"name": "f", "args": {}}}]);
    assert_eq!(read(&content(&call, "STOP")).unwrap().choices[0].finish, FinishReason::ToolCalls);
    let mut broken = content(&json!([]), "MALFORMED_FUNCTION_CALL");
    broken["candidates"][0]["finishMessage"] = json!("Malformed function call: f(");
    let reply = read(&broken).unwrap();
    assert_eq!(reply.warnings, ["the answer ended as malformed_function_call: Malformed function call: f("]);
}

#[test]
fn what_was_refused_as_a_whole_is_an_error() {
    for word in ["SAFETY", "RECITATION", "PROHIBITED_CONTENT"] {
        let e = read(&content(&json!([]), word)).unwrap_err();
        assert_eq!((e.kind, e.usage.input_tokens), (LmErrorKind::Refusal, 1), "{word}: {e}");
    }
    let blocked = json!({
        "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
        "usageMetadata": {"promptTokenCount": 7, "totalTokenCount": 7}, "responseId": "r",
    });
    let e = read(&blocked).unwrap_err();
    assert_eq!(
        (e.kind, e.usage, e.request_id.as_deref()),
        (LmErrorKind::Refusal, Usage::tokens(7, 0), Some("r"))
    );
    assert!(e.message.contains("PROHIBITED_CONTENT"), "{e}");
    let stream = format!("data: {blocked}\r\n\r\n");
    assert_eq!(check::streamed(&Gemini, [stream.as_bytes()]).unwrap_err().kind, LmErrorKind::Refusal);
    // One of two candidates is still an answer.
    let mut half = content(&json!([{"text": "a"}]), "STOP");
    half["candidates"].as_array_mut().unwrap().push(json!({"index": 1, "finishReason": "SAFETY"}));
    assert_eq!(read(&half).unwrap().choices[1].finish, FinishReason::ContentFilter);
}

#[test]
fn what_belongs_to_a_part_stands_behind_it() {
    let parts = json!([
        {"text": "Hm.", "thought": true},
        {"text": "Look.", "thoughtSignature": "a"},
        {"functionCall": {"id": "1", "name": "f", "args": {"x": 1.0}}, "thoughtSignature": "b"},
        {"executableCode": {"language": "PYTHON", "code": "1"}, "thoughtSignature": "c"},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}},
        {"inlineData": {"mimeType": "image/png", "data": "AAEC"}},
        {"text": "", "thoughtSignature": "d"},
        {"text": ""},
    ]);
    let mut body = content(&parts, "STOP");
    body["candidates"][0]["groundingMetadata"] = json!({"webSearchQueries": ["q"]});
    body["candidates"][0]["logprobsResult"] = json!({"chosenCandidates": [{"token": "a"}]});
    let choice = read(&body).unwrap().choices.remove(0);
    let kept: Vec<&Json> = choice
        .parts
        .iter()
        .filter_map(|p| match p {
            Part::Opaque { provider, data } => Some(data).filter(|_| provider == "gemini"),
            _ => None,
        })
        .collect();
    assert_eq!(
        kept,
        [
            &json!({"thoughtSignature": "a"}),
            &json!({"thoughtSignature": "b"}),
            &parts[3],
            &parts[4],
            &parts[6],
            &json!({"groundingMetadata": {"webSearchQueries": ["q"]}}),
        ]
    );
    assert!(matches!(&choice.parts[0], Part::Reasoning(t) if t == "Hm."));
    assert!(matches!(&choice.parts[3], Part::ToolCall(c) if c.id.as_deref() == Some("1")));
    assert!(matches!(&choice.parts[7], Part::Media(m) if m.format.as_deref() == Some("image/png")));
    assert_eq!(choice.logprobs, Some(json!({"chosenCandidates": [{"token": "a"}]})));
}

#[test]
fn failures_are_told_by_their_reasons() {
    let error = |status: &str, message: &str, details: Json| json!({"error": {"code": 400, "status": status, "message": message, "details": details}});
    let info =
        |reason: &str| json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}]);
    let none = || json!([]);
    let long = "The input token count (2000000) exceeds the maximum number of tokens allowed (1048576).";
    for (kind, body) in [
        (LmErrorKind::Auth, error("INVALID_ARGUMENT", "API key not valid.", info("API_KEY_INVALID"))),
        (LmErrorKind::Auth, error("UNAUTHENTICATED", "no", none())),
        (LmErrorKind::Auth, error("PERMISSION_DENIED", "no", none())),
        (LmErrorKind::Billing, error("PERMISSION_DENIED", "no", info("BILLING_DISABLED"))),
        (LmErrorKind::Billing, error("FAILED_PRECONDITION", "enable billing", none())),
        (LmErrorKind::RateLimit, error("RESOURCE_EXHAUSTED", "slow down", none())),
        (LmErrorKind::UnknownModel, error("NOT_FOUND", "models/x is not found", none())),
        (LmErrorKind::InvalidRequest, error("INVALID_ARGUMENT", "bad", none())),
        (LmErrorKind::ContextOverflow, error("INVALID_ARGUMENT", long, none())),
        (LmErrorKind::Server, error("UNAVAILABLE", "overloaded", none())),
        (LmErrorKind::Server, error("INTERNAL", "oops", none())),
        (LmErrorKind::Timeout, error("DEADLINE_EXCEEDED", "late", none())),
    ] {
        assert_eq!(Failure::in_body(body.to_string().as_bytes()).unwrap().kind(), Some(kind), "{body}");
        assert_eq!(read(&body).unwrap_err().kind, kind, "{body}");
        let stream = format!("data: {}\n\ndata: {body}\n\n", content(&json!([{"text": "a"}]), "STOP"));
        let e = check::streamed(&Gemini, [stream.as_bytes()]).unwrap_err();
        assert_eq!((e.kind, e.usage, e.partial.as_deref()), (kind, Usage::tokens(1, 2), Some("a")), "{body}");
    }
    let retry = json!([{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}]);
    let e = read(&error("RESOURCE_EXHAUSTED", "slow down", retry)).unwrap_err();
    assert_eq!(e.retry_after, Some(Duration::from_millis(34_500)));
}

#[test]
fn usage_is_complete_or_not_counted() {
    let of = |usage: Json| {
        let mut body = content(&json!([{"text": "a"}]), "STOP");
        body["usageMetadata"] = usage;
        read(&body).unwrap().usage
    };
    for none in [
        json!(null),
        json!({}),
        json!(3),
        json!({"promptTokenCount": -1}),
        json!({"totalTokenCount": 1e30}),
        json!({"promptTokenCount": 1, "candidatesTokenCount": u64::MAX}),
        json!({"promptTokenCount": 1, "thoughtsTokenCount": "2"}),
    ] {
        assert_eq!(of(none.clone()), Usage::uncounted(), "{none}");
    }
    let all = of(json!({
        "promptTokenCount": 10, "toolUsePromptTokenCount": 5, "candidatesTokenCount": 7, "thoughtsTokenCount": 3,
        "cachedContentTokenCount": 4, "totalTokenCount": 25,
        "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 6}, {"modality": "TEXT", "tokenCount": 4}],
        "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 2}],
    }));
    assert_eq!((all.input_tokens, all.output_tokens, all.audio_tokens), (15, 10, 8));
    assert_eq!((all.cached_read_tokens, all.reasoning_tokens), (4, 3));
    // Thoughts that are counted as a part of the answer are not counted twice.
    let inside = of(
        json!({"promptTokenCount": 10, "candidatesTokenCount": 7, "thoughtsTokenCount": 3, "totalTokenCount": 17}),
    );
    assert_eq!((inside.output_tokens, inside.reasoning_tokens), (7, 3));
}

#[test]
fn a_stream_that_comes_as_a_list_is_read_as_one() {
    let list = json!([content(&json!([{"text": "a"}]), ""), content(&json!([{"text": "b"}]), "STOP")]);
    assert_eq!(read(&list).unwrap().choices[0].content(), "ab");
    assert_eq!(read(&json!({"message": "hi"})).unwrap_err().kind, LmErrorKind::Protocol);
    assert_eq!(check::whole(&Gemini, b"{\"candidates\": [").unwrap_err().kind, LmErrorKind::Transport);
    assert_eq!(check::whole(&Gemini, b"<html>").unwrap_err().kind, LmErrorKind::Protocol);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(body in any::<Vec<u8>>()) {
        let _ = check::whole(&Gemini, &body);
        let _ = check::streamed(&Gemini, [body.as_slice()]);
    }

    #[test]
    fn any_chunks_are_read_without_a_panic(picks in proptest::collection::vec((0..60_usize, 0..10_usize), 1..24)) {
        let parts = json!([
            {"text": "a", "thought": true, "thoughtSignature": "s"}, {"text": "b"},
            {"functionCall": {"id": "1", "name": "f", "args": {"x": 1}}}, {"inlineData": {"mimeType": "a/b", "data": "AA=="}},
        ]);
        let mut full = content(&parts, "STOP");
        full["promptFeedback"] = json!({"blockReason": "OTHER"});
        full["candidates"][0]["logprobsResult"] = json!({"topCandidates": []});
        check::survives(&Gemini, &[full, content(&json!([{"text": "c"}]), "")], &picks);
    }
}
