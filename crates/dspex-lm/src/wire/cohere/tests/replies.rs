//! Replies: recorded ones, read by the decoder and, apart from it, from the raw bodies; and what no recording has.

use dspex_core::Usage;
use dspex_core::lm::{FinishReason, LmError, LmErrorKind, Part, Reply};
use proptest::prelude::{any, proptest};
use serde_json::{Value as Json, json};

use super::super::Cohere;
use super::recorded;
use crate::wire::cassettes::Interaction;
use crate::wire::check::{self, Said, Spoken};
use crate::wire::failure::Said as Failure;

/// Straight from the raw body.
fn expected(_: &Interaction, text: &str) -> Said {
    let data: Vec<&str> =
        text.lines().filter_map(|l| l.strip_prefix("data: ")).filter(|d| *d != "[DONE]").collect();
    let mut spoken = Spoken::default();
    let mut said = Said::default();
    let mut ending = Json::Null;
    if data.is_empty() {
        let reply: Json = serde_json::from_str(text).unwrap();
        let message = &reply["message"];
        for block in message["content"].as_array().into_iter().flatten() {
            spoken.text += block["text"].as_str().unwrap();
        }
        if let Some(plan) = message["tool_plan"].as_str() {
            spoken.reasoning += plan;
            spoken.kept.push(json!({"type": "tool_plan"}));
        }
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            let (id, function) = (call["id"].as_str().map(str::to_owned), &call["function"]);
            let arguments = serde_json::from_str(function["arguments"].as_str().unwrap()).unwrap();
            spoken.calls.push((id, function["name"].as_str().unwrap().into(), arguments));
        }
        if message["citations"].is_array() {
            spoken.kept.push(json!({"citations": message["citations"]}));
        }
        said.id = reply["id"].as_str().map(str::to_owned);
        ending = reply;
    }
    for event in data.into_iter().map(|d| serde_json::from_str::<Json>(d).unwrap()) {
        match event["type"].as_str().unwrap() {
            "message-start" => said.id = event["id"].as_str().map(str::to_owned),
            "content-start" | "content-delta" => {
                spoken.text += event["delta"]["message"]["content"]["text"].as_str().unwrap();
            }
            "message-end" => ending = event["delta"].clone(),
            "content-end" => {}
            other => panic!("{other}"),
        }
    }
    spoken.finish = match ending["finish_reason"].as_str().unwrap() {
        "COMPLETE" => "stop".into(),
        "MAX_TOKENS" => "length".into(),
        "TOOL_CALL" => "tool_calls".into(),
        other => panic!("{other}"),
    };
    let (tokens, cached) = (&ending["usage"]["tokens"], &ending["usage"]["cached_tokens"]);
    let count = |json: &Json| json.as_u64().unwrap();
    said.usage = [count(&tokens["input_tokens"]), count(&tokens["output_tokens"]), count(cached), 0, 0];
    said.choices.push(spoken);
    said
}

#[test]
fn recorded_traffic_is_read_right() {
    let all = recorded();
    let (wholes, streams, _) = check::recordings(&Cohere, &all, expected);
    assert!(all.is_empty() || (wholes > 10 && streams > 2), "{wholes} {streams}");
}

#[test]
fn a_stream_that_is_cut_is_no_answer() {
    let all = recorded();
    let streams = all.iter().filter(|i| check::is_stream(&Cohere, i));
    let ended = |lines: &str| lines.lines().any(|l| l.starts_with("data:") && l.contains("message-end"));
    let answers = check::cuts(&Cohere, streams, expected, ended);
    assert!(all.is_empty() || answers > 0, "{answers}");
}

fn read(body: &Json) -> Result<Reply, LmError> {
    check::whole(&Cohere, body.to_string().as_bytes())
}

fn answer(message: &Json, reason: &str) -> Json {
    let usage = json!({
        "billed_units": {"input_tokens": 1, "output_tokens": 1},
        "tokens": {"input_tokens": 10, "output_tokens": 5}, "cached_tokens": 4,
    });
    json!({"id": "r", "message": message, "finish_reason": reason, "usage": usage})
}

fn stream(events: &[Json]) -> String {
    let framed =
        |e: &Json| ["event: ", e["type"].as_str().unwrap(), "\ndata: ", &e.to_string(), "\n\n"].concat();
    events.iter().map(framed).collect()
}

#[test]
fn each_reason_to_end_is_told() {
    let text = || json!({"content": [{"type": "text", "text": "a"}]});
    for (word, reason) in [
        ("COMPLETE", FinishReason::Stop),
        ("STOP_SEQUENCE", FinishReason::Stop),
        ("MAX_TOKENS", FinishReason::Length),
        ("TOOL_CALL", FinishReason::ToolCalls),
        ("NEW", FinishReason::Other("new".into())),
    ] {
        assert_eq!(read(&answer(&text(), word)).unwrap().choices[0].finish, reason, "{word}");
    }
    for (word, kind) in [("ERROR", LmErrorKind::Server), ("TIMEOUT", LmErrorKind::Timeout)] {
        let e = read(&answer(&text(), word)).unwrap_err();
        assert_eq!((e.kind, e.partial.as_deref(), e.usage.input_tokens), (kind, Some("a"), 10), "{word}");
    }
}

#[test]
fn a_stream_with_every_event_says_the_same_as_the_whole_reply() {
    let citation = |id: &str| {
        json!({
            "start": 0, "end": 6, "text": "Goethe", "type": "TEXT_CONTENT",
            "sources": [{"type": "document", "id": id, "document": {"id": id, "title": "Plays", "text": "Goethe wrote Faust."}}],
        })
    };
    let call = |arguments: &str| json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}});
    let message = json!({
        "tool_plan": "I look.",
        "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Goethe."}, {"type": "new", "x": 1}],
        "tool_calls": [call("{\"x\": 1}")],
        "citations": [citation("document-3"), citation("elsewhere")],
    });
    let mut whole = answer(&message, "TOOL_CALL");
    whole["logprobs"] = json!([{"text": "a"}]);
    let content = |kind: &str, index: u64, content: Json| json!({"type": kind, "index": index, "delta": {"message": {"content": content}}});
    let mut last = content("content-delta", 1, json!({"text": "ethe."}));
    last["logprobs"] = json!({"text": "a"});
    let with = |kind: &str, key: &str, value: Json| json!({"type": kind, "index": 0, "delta": {"message": {key: value}}});
    let arguments = |part: &str| json!({"function": {"arguments": part}});
    let events = [
        json!({"type": "message-start", "id": "r", "delta": {"message": {"role": "assistant"}}}),
        with("tool-plan-delta", "tool_plan", json!("I ")),
        with("tool-plan-delta", "tool_plan", json!("look.")),
        content("content-start", 0, json!({"type": "thinking", "thinking": ""})),
        content("content-delta", 0, json!({"thinking": "Hm."})),
        json!({"type": "content-end", "index": 0}),
        content("content-start", 1, json!({"type": "text", "text": "Go"})),
        last,
        json!({"type": "content-end", "index": 1}),
        content("content-start", 2, json!({"type": "new", "x": 1})),
        json!({"type": "content-end", "index": 2}),
        with("tool-call-start", "tool_calls", call("")),
        with("tool-call-delta", "tool_calls", arguments("{\"x\"")),
        with("tool-call-delta", "tool_calls", arguments(": 1}")),
        json!({"type": "tool-call-end", "index": 0}),
        with("citation-start", "citations", citation("document-3")),
        json!({"type": "citation-end", "index": 0}),
        with("citation-start", "citations", citation("elsewhere")),
        json!({"type": "debug", "prompt": "p"}),
        json!({"type": "message-end", "delta": {"finish_reason": "TOOL_CALL", "usage": whole["usage"]}}),
    ];
    let body = stream(&events) + "data: [DONE]\n\n";
    let reply = check::streamed(&Cohere, [body.as_bytes()]).unwrap();
    assert_eq!(Ok(&reply), read(&whole).as_ref());
    let parts = &reply.choices[0].parts;
    let opaque = |data: Json| Part::Opaque { provider: "cohere".into(), data };
    assert_eq!(
        parts[..6],
        [
            Part::Reasoning("I look.".into()),
            opaque(json!({"type": "tool_plan"})),
            Part::Reasoning("Hm.".into()),
            opaque(json!({"type": "thinking"})),
            Part::Text("Goethe.".into()),
            opaque(json!({"type": "new", "x": 1})),
        ]
    );
    assert!(matches!(&parts[6], Part::ToolCall(c) if c.id.as_deref() == Some("c") && c.args.len() == 1));
    let Part::Citations(cited) = &parts[7] else { panic!("{parts:?}") };
    assert_eq!(cited.0.len(), 1, "only those of our own documents have a number");
    let c = &cited.0[0];
    assert_eq!((c.document_index, c.cited_text.as_str(), c.end_char_index), (3, "Goethe wrote Faust.", 19));
    assert_eq!((c.document_title.as_deref(), c.supported_text.as_deref()), (Some("Plays"), Some("Goethe")));
    assert_eq!(parts[8], opaque(json!({"citations": whole["message"]["citations"]})));
    assert_eq!(reply.choices[0].logprobs, Some(json!([{"text": "a"}])));
    for at in 0..body.len() - "data: [DONE]\n\n".len() - 2 {
        let e = check::streamed(&Cohere, [&body.as_bytes()[..at]]).unwrap_err();
        assert_eq!(e.kind, LmErrorKind::Transport, "cut at {at}: {e}");
    }
}

#[test]
fn failures_are_told() {
    let long = json!({"id": "r", "message": "too many tokens: total number of tokens in the prompt cannot exceed 4081"});
    assert_eq!(read(&long).unwrap_err().kind, LmErrorKind::ContextOverflow);
    let unknown =
        Failure::in_body(json!({"id": "r", "message": "model 'x' not found"}).to_string().as_bytes())
            .unwrap();
    assert!(unknown.is_of_protocol(), "so that status 404 is about the model");
    let start = json!({"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": "a"}}}});
    for end in [
        json!({"type": "message-end", "delta": {"finish_reason": "ERROR", "error": "oops"}}),
        json!({"type": "error", "message": "oops"}),
    ] {
        let e = check::streamed(&Cohere, [stream(&[start.clone(), end]).as_bytes()]).unwrap_err();
        assert_eq!((e.kind, e.partial.as_deref()), (LmErrorKind::Server, Some("a")));
        assert!(e.message.contains("oops"), "{e}");
    }
    assert_eq!(read(&json!({"text": "a"})).unwrap_err().kind, LmErrorKind::Protocol);
    let far =
        json!({"type": "content-start", "index": 5_000, "delta": {"message": {"content": {"type": "text"}}}});
    assert_eq!(
        check::streamed(&Cohere, [stream(&[far]).as_bytes()]).unwrap_err().kind,
        LmErrorKind::Protocol
    );
}

#[test]
fn usage_is_that_of_all_tokens_or_not_counted() {
    let of = |usage: Json| {
        let mut body = answer(&json!({"content": []}), "COMPLETE");
        body["usage"] = usage;
        read(&body).unwrap().usage
    };
    let tokens = |input: Json, output: Json| json!({"input_tokens": input, "output_tokens": output});
    assert_eq!(of(json!({"billed_units": tokens(json!(1), json!(2))})), Usage::tokens(1, 2));
    for none in [
        json!(null),
        json!({}),
        json!({"tokens": tokens(json!(-1), json!(2))}),
        json!({"tokens": tokens(json!(1), json!(1e30))}),
        json!({"tokens": tokens(json!(1), json!(2)), "cached_tokens": -4}),
    ] {
        assert_eq!(of(none.clone()), Usage::uncounted(), "{none}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(body in any::<Vec<u8>>()) {
        let _ = check::whole(&Cohere, &body);
        let _ = check::streamed(&Cohere, [body.as_slice()]);
    }

    #[test]
    fn any_events_are_read_without_a_panic(picks in proptest::collection::vec((0..40_usize, 0..10_usize), 1..24)) {
        let part = |kind: &str| json!({"type": kind, "index": 0, "id": "r", "delta": {
            "finish_reason": "COMPLETE", "usage": {"tokens": {"input_tokens": 1, "output_tokens": 2}, "cached_tokens": 1},
            "message": {"content": {"type": "thinking", "thinking": "a", "text": "b"}, "tool_plan": "p",
                "tool_calls": {"id": "c", "function": {"name": "f", "arguments": "{}"}},
                "citations": {"text": "t", "sources": [{"id": "document-1", "document": {"text": "t"}}]}},
        }});
        let kinds = ["content-start", "content-delta", "tool-plan-delta", "tool-call-start", "tool-call-delta",
            "citation-start", "content-end", "message-end"];
        let mut all: Vec<Json> = kinds.iter().map(|k| part(k)).collect();
        let mut message = part("x")["delta"]["message"].clone();
        message["content"] = json!([message["content"]]);
        all.push(answer(&message, "COMPLETE"));
        check::survives(&Cohere, &all, &picks);
    }
}
