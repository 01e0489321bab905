//! Replies that should be one JSON object.

use dspex_core::{ParsePolicy, ParseRule};

use crate::{Expected, check, parse, parse_cut};

const QA: &str = "question -> answer";
const ISSUE: &str = "text -> reasoning, actors: list[str], details";

#[rustfmt::skip]
const OBJECTS: &[(&str, &str, Expected)] = &[
    (QA, r#"{"answer": "Paris"}"#, Ok(r#"{"answer": "Paris"}"#)),
    (QA, "```json\n{\"answer\": \"Paris\"}\n```", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "```\n{\"answer\": \"Paris\"}\n```", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "Here is the JSON:\n{\"answer\": \"Paris\"}\nAnything else?", Ok(r#"{"answer": "Paris"}"#)),
    // Wrapped.
    (ISSUE, r#"{"json_input": {"reasoning": "r", "actors": ["A"], "details": "d"}}"#, Ok(r#"{"reasoning": "r", "actors": ["A"], "details": "d"}"#)),
    (ISSUE, r#"{"json": "{\"reasoning\": \"r\", \"actors\": [\"A\", \"B\"], \"details\": \"d\"}"}"#, Ok(r#"{"reasoning": "r", "actors": ["A", "B"], "details": "d"}"#)),
    (QA, r#"{"response": {"data": {"answer": "Paris"}}}"#, Ok(r#"{"answer": "Paris"}"#)),
    (QA, r#"[{"answer": "Paris"}]"#, Ok(r#"{"answer": "Paris"}"#)),
    (QA, r#"{"type": "object", "properties": {"answer": "Paris"}}"#, Ok(r#"{"answer": "Paris"}"#)),
    (QA, r#"{"name": "json_tool_call", "arguments": {"answer": "Paris"}}"#, Ok(r#"{"answer": "Paris"}"#)),
    (QA, r#"{"type": "object", "properties": {"answer": {"type": "string"}}}"#, Err("ambiguous")),
    (QA, r#"{"old": {"answer": "Lyon"}, "new": {"answer": "Paris"}}"#, Err("missing_field")),
    // Keys.
    (QA, r#"{"Answer": "Paris"}"#, Ok(r#"{"answer": "Paris"}"#)),
    ("q -> final_answer", r#"{"final-answer": "Paris"}"#, Ok(r#"{"final_answer": "Paris"}"#)),
    ("q -> final_answer", r#"{"Final Answer": "Paris"}"#, Ok(r#"{"final_answer": "Paris"}"#)),
    (QA, r#"{"[[ ## answer ## ]]": "Paris"}"#, Ok(r#"{"answer": "Paris"}"#)),
    // Several.
    (QA, r#"{"answer": "Paris"} {"answer": "Paris"}"#, Ok(r#"{"answer": "Paris"}"#)),
    (QA, r#"{"answer": "Lyon"} {"answer": "Paris"}"#, Err("ambiguous")),
    (QA, r#"{"answer": "Lyon", "answer": "Paris"}"#, Err("ambiguous")),
    ("q -> reasoning, answer", "{\"reasoning\": \"r\"}\n{\"answer\": \"Paris\"}", Ok(r#"{"reasoning": "r", "answer": "Paris"}"#)),
    ("q -> reasoning, answer", "{\"reasoning\": \"r\"}\n{\"reasoning\": \"s\"}\n{\"answer\": \"Paris\"}", Err("missing_field")),
    (QA, "I use {x} here. {\"answer\": \"Paris\"}", Ok(r#"{"answer": "Paris"}"#)),
    // Null, and what is no text.
    (QA, r#"{"answer": null}"#, Err("ambiguous")),
    (QA, r#"{"answer": true}"#, Err("ambiguous")),
    (QA, r#"{"answer": ["Paris"]}"#, Err("ambiguous")),
    (QA, r#"{"answer": {"answer": "Paris"}}"#, Err("ambiguous")),
    (QA, r#"{"answer": 42}"#, Ok(r#"{"answer": "42"}"#)),
    ("q -> n: int", r#"{"n": null}"#, Err("field_type")),
    ("q -> n: Optional[int]", r#"{"n": null}"#, Ok(r#"{"n": null}"#)),
    ("q -> items: list[str]", r#"{"items": null}"#, Err("field_type")),
    // Instead of an object.
    (QA, "[[ ## answer ## ]]\nParis\n\n[[ ## completed ## ]]", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "answer: Paris", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "Paris", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "<answer>Paris</answer>", Ok(r#"{"answer": "Paris"}"#)),
    ("q -> n: int", "42", Ok(r#"{"n": 42}"#)),
    ("q -> items: list[str]", r#"["a", "b"]"#, Ok(r#"{"items": ["a", "b"]}"#)),
    (QA, r#"{"x": 1}"#, Err("missing_field")),
    (QA, "{}", Err("missing_field")),
    (QA, "", Err("empty_reply")),
    ("q -> reasoning, answer", "Paris", Err("missing_field")),
];

#[test]
fn objects() {
    check("json", OBJECTS, &ParsePolicy::default());
}

#[rustfmt::skip]
const BROKEN: &[(&str, &str, Expected)] = &[
    (QA, r#"{"answer": "Paris",}"#, Ok(r#"{"answer": "Paris"}"#)),
    (QA, r#"{"answer": "Paris" "x": 1}"#, Ok(r#"{"answer": "Paris"}"#)),
    (QA, "{answer: 'Paris'}", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "{'answer': 'Paris'}", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "{“answer”: “Paris”}", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "{\"answer\": \"Paris\" /* sure */ } // done", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "{\n  // the capital\n  \"answer\": \"Paris\"\n}", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "{\"answer\": \"a\nb\"}", Ok(r#"{"answer": "a\nb"}"#)),
    (QA, r#"{"answer": "he said "hi" ok"}"#, Ok(r#"{"answer": "he said \"hi\" ok"}"#)),
    ("q -> a: bool, b: Optional[int], c: float", "{'a': True, 'b': None, 'c': NaN}", Ok(r#"{"a": true, "b": null, "c": {"$float": "nan"}}"#)),
    ("q -> n: int", r#"{"n": 1_000}"#, Ok(r#"{"n": 1000}"#)),
    ("q -> n: int", r#"{"n": "1,234"}"#, Ok(r#"{"n": 1234}"#)),
    ("q -> n: int", r#"{"n": 1,234}"#, Ok(r#"{"n": 1234}"#)),
    // LaTeX.
    (QA, r#"{"answer": "$\frac{1}{2}$"}"#, Ok(r#"{"answer": "$\\frac{1}{2}$"}"#)),
    (QA, r#"{"answer": "\beta and \rho"}"#, Ok(r#"{"answer": "\\beta and \\rho"}"#)),
    (QA, r#"{"answer": "\nabla \times F"}"#, Ok(r#"{"answer": "\\nabla \\times F"}"#)),
    (QA, r#"{"answer": "\theta \text{if} \tau"}"#, Ok(r#"{"answer": "\\theta \\text{if} \\tau"}"#)),
    (QA, r#"{"answer": "\alpha + \frac12"}"#, Ok(r#"{"answer": "\\alpha + \\frac12"}"#)),
    (QA, r#"{"answer": "\\frac{1}{2}"}"#, Ok(r#"{"answer": "\\frac{1}{2}"}"#)),
    (QA, r#"{"answer": "one\ntwo\tthree"}"#, Ok(r#"{"answer": "one\ntwo\tthree"}"#)),
    (QA, r#"{"answer": "C:\path\file"}"#, Ok(r#"{"answer": "C:\\path\\file"}"#)),
    (QA, r#"{"answer": "caf\u00e9 \ud83d\ude00"}"#, Ok(r#"{"answer": "café 😀"}"#)),
    (QA, r#"{"answer": "\underline{x}"}"#, Ok(r#"{"answer": "\\underline{x}"}"#)),
    // Cut off: nothing is made up.
    (QA, r#"{"answer": "Par"#, Err("truncated")),
    ("q -> n: int", r#"{"n": 12"#, Err("truncated")),
    ("q -> items: list[str]", r#"{"items": ["a", "b"#, Err("truncated")),
    ("q -> answer, n: int", r#"{"answer": "Paris", "n":"#, Err("truncated")),
    (QA, r#"{"answer": "Paris""#, Ok(r#"{"answer": "Paris"}"#)),
];

#[test]
fn broken_json() {
    check("json", BROKEN, &ParsePolicy::default());
}

#[test]
fn every_rule_can_be_switched_off() {
    for (rule, signature, reply) in [
        (ParseRule::RawBackslash, QA, r#"{"answer": "\frac"}"#),
        (ParseRule::SplitObjects, "q -> a, b", r#"{"a": "x"} {"b": "y"}"#),
        (ParseRule::BareReply, QA, "Paris"),
        (ParseRule::LabelledReply, "q -> a, b", "a: x\nb: y"),
        (ParseRule::TaggedReply, "q -> a, b", "<a>x</a><b>y</b>"),
        (ParseRule::ThinkBlock, QA, "<think>{\"answer\": \"Lyon\"}</think>{\"answer\": \"Paris\"}"),
    ] {
        let with = parse("json", signature, reply, &ParsePolicy::default()).unwrap();
        assert!(with.notes.iter().any(|n| n.rule == rule), "{reply}");
        let without = parse("json", signature, reply, &ParsePolicy::default().without(rule));
        assert!(without.is_err() || without.is_ok_and(|w| w.fields != with.fields), "{reply}");
    }
}

#[test]
fn what_the_provider_cut_off() {
    let code = |reply: &str| parse_cut("json", QA, reply).map(|p| p.fields).map_err(|e| e.code());
    assert_eq!(code("Par"), Err("truncated"));
    assert_eq!(code(r#"{"answer": "Par"#), Err("truncated"));
    assert!(code(r#"{"answer": "Paris"}"#).is_ok());
}
