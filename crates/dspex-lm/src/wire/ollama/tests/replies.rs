//! Replies: recorded ones, read by the decoder and, apart from it, from the raw bodies; and what no recording has.

use dspex_core::Usage;
use dspex_core::lm::{FinishReason, LmError, LmErrorKind, Part, Reply};
use proptest::prelude::{any, proptest};
use serde_json::{Value as Json, json};

use super::super::Ollama;
use super::recorded;
use crate::wire::cassettes::Interaction;
use crate::wire::check::{self, Said, Spoken};
use crate::wire::failure::Said as Failure;

/// Straight from the raw body.
fn expected(_: &Interaction, text: &str) -> Said {
    let mut said = Said { choices: vec![Spoken::default()], ..Said::default() };
    let spoken = &mut said.choices[0];
    for line in text.lines() {
        let line: Json = serde_json::from_str(line).unwrap();
        let message = &line["message"];
        spoken.text += message["content"].as_str().unwrap();
        spoken.reasoning += message["thinking"].as_str().unwrap_or_default();
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            let function = &call["function"];
            let (id, name) =
                (call["id"].as_str().map(str::to_owned), function["name"].as_str().unwrap().to_owned());
            spoken.calls.push((id, name, function["arguments"].clone()));
        }
        if line["done"] == true {
            let count = |key: &str| line[key].as_u64().unwrap();
            said.usage = [count("prompt_eval_count"), count("eval_count"), 0, 0, 0];
            spoken.finish = match line["done_reason"].as_str().unwrap() {
                "stop" if !spoken.calls.is_empty() => "tool_calls".into(),
                other => other.into(),
            };
        }
        said.model = line["model"].as_str().map(str::to_owned);
    }
    said
}

#[test]
fn recorded_traffic_is_read_right() {
    let all = recorded();
    let (wholes, streams, _) = check::recordings(&Ollama, &all, expected);
    assert!(all.is_empty() || (wholes > 10 && streams > 5), "{wholes} {streams}");
}

#[test]
fn a_stream_that_is_cut_is_no_answer() {
    let all = recorded();
    let short = |i: &&Interaction| check::is_stream(&Ollama, i) && i.body.len() < 20_000;
    let answers =
        check::cuts(&Ollama, all.iter().filter(short).take(3), expected, |l| l.contains("\"done\":true"));
    // The last line needs no end.
    assert!(all.is_empty() || answers > 0, "{answers}");
}

fn read(body: &Json) -> Result<Reply, LmError> {
    check::whole(&Ollama, body.to_string().as_bytes())
}

fn answer(message: &Json, reason: &Json) -> Json {
    json!({
        "model": "m", "message": message, "done": true, "done_reason": reason,
        "prompt_eval_count": 3, "eval_count": 4,
    })
}

#[test]
fn each_reason_to_end_is_told() {
    let other = |word: &str| FinishReason::Other(word.into());
    for (word, reason) in [
        (json!("stop"), FinishReason::Stop),
        (json!(null), FinishReason::Stop),
        (json!("length"), FinishReason::Length),
        (json!("load"), other("load")),
        (json!("unload"), other("unload")),
    ] {
        let reply = read(&answer(&json!({"content": "a"}), &word)).unwrap();
        assert_eq!((&reply.choices[0].finish, reply.usage), (&reason, Usage::tokens(3, 4)));
    }
}

#[test]
fn older_servers_give_calls_no_ids_and_count_no_prompt_that_they_had_read() {
    let calls = json!([
        {"function": {"name": "f", "arguments": {"x": 1}}},
        {"function": {"name": "g", "arguments": "{\"y\": 2}"}},
    ]);
    let mut body = answer(&json!({"content": "", "tool_calls": calls}), &json!("stop"));
    body.as_object_mut().unwrap().remove("prompt_eval_count");
    let reply = read(&body).unwrap();
    assert_eq!(reply.choices[0].finish, FinishReason::ToolCalls);
    assert_eq!((reply.usage.uncounted_calls, reply.usage.output_tokens), (1, 4));
    let of = |p: &Part| match p {
        Part::ToolCall(c) => (c.id.clone(), c.name.clone(), c.args.to_tagged()),
        other => panic!("{other:?}"),
    };
    let calls: Vec<_> = reply.choices[0].parts.iter().map(of).collect();
    assert_eq!(calls, [(None, "f".into(), json!({"x": 1})), (None, "g".into(), json!({"y": 2}))]);
    // Calls may come in several lines, each as the first of its line.
    let line = |name: &str, done: bool| {
        let call = json!({"function": {"index": 0, "name": name, "arguments": {}}});
        json!({"message": {"content": "", "tool_calls": [call]}, "done": done}).to_string() + "\n"
    };
    let stream = line("f", false) + &line("g", true);
    let reply = check::streamed(&Ollama, [stream.as_bytes()]).unwrap();
    assert_eq!(reply.choices[0].parts.len(), 2);
    // Lines under the type of a whole reply are read, too.
    assert_eq!(check::whole(&Ollama, stream.as_bytes()).unwrap().choices, reply.choices);
}

#[test]
fn log_probabilities_are_gathered() {
    let line = |token: &str, done: bool| {
        let logprobs = json!([{"token": token, "logprob": -0.5}]);
        json!({"message": {"content": token}, "logprobs": logprobs, "done": done}).to_string() + "\n"
    };
    let stream = line("a", false) + &line("b", true);
    let reply = check::streamed(&Ollama, [stream.as_bytes()]).unwrap();
    let tokens = reply.choices[0].logprobs.clone().unwrap();
    assert_eq!((tokens[0]["token"].as_str(), tokens[1]["token"].as_str()), (Some("a"), Some("b")));
}

#[test]
fn failures_are_told_also_in_the_middle() {
    let stream =
        "{\"message\": {\"content\": \"a\"}, \"done\": false}\n{\"error\": \"the runner stopped\"}\n";
    let e = check::streamed(&Ollama, [stream.as_bytes()]).unwrap_err();
    assert_eq!((e.kind, e.partial.as_deref()), (LmErrorKind::Server, Some("a")));
    assert!(e.message.contains("the runner stopped"), "{e}");
    let long = json!({"error": "the input length exceeds the context length"});
    assert_eq!(read(&long).unwrap_err().kind, LmErrorKind::ContextOverflow);
    let unknown = Failure::in_body(b"{\"error\": \"model 'x' not found\"}").unwrap();
    assert!(unknown.is_of_protocol(), "so that status 404 is about the model");
    assert_eq!(read(&json!({"text": "a"})).unwrap_err().kind, LmErrorKind::Protocol);
    assert_eq!(check::whole(&Ollama, b"{\"message\": ").unwrap_err().kind, LmErrorKind::Transport);
}

#[test]
fn usage_that_is_none_is_not_counted() {
    for (input, output) in
        [(json!(-1), json!(null)), (json!(null), json!(1e30)), (json!("3"), json!(u64::MAX))]
    {
        let mut body = answer(&json!({"content": "a"}), &json!("stop"));
        (body["prompt_eval_count"], body["eval_count"]) = (input, output);
        assert_eq!(read(&body).unwrap().usage, Usage::uncounted(), "{body}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(body in any::<Vec<u8>>()) {
        let _ = check::whole(&Ollama, &body);
        let _ = check::streamed(&Ollama, [body.as_slice()]);
    }

    #[test]
    fn any_lines_are_read_without_a_panic(picks in proptest::collection::vec((0..30_usize, 0..10_usize), 1..24)) {
        let call = json!({"id": "1", "function": {"index": 0, "name": "f", "arguments": {"x": 1}}});
        let message = json!({"role": "assistant", "content": "a", "thinking": "b", "tool_calls": [call]});
        let mut more = answer(&message, &json!("stop"));
        more["done"] = json!(false);
        more["logprobs"] = json!([{"token": "a"}]);
        check::survives(&Ollama, &[more, answer(&message, &json!("stop"))], &picks);
    }
}
