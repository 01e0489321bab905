//! What is left to a model's own features, and what is read from them, where nobody asks for DSPy's way.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use dspex_adapters::{ChatAdapter, JsonAdapter, Native};
use dspex_core::lm::{Capabilities, Choice, FinishReason, Options, Part, Request, ToolChoice};
use dspex_core::value::{Tool, ToolCall, ToolCalls};
use dspex_core::{
    Adapter, ParsePolicy, ParseRule, Parsed, Record, RenderCall, Result, RuleEffect, Signature, Value,
};
use serde_json::json;

fn can() -> Capabilities {
    let mut can = Capabilities::default();
    (can.tools, can.reasoning, can.json_schema) = (true, true, true);
    can
}

fn signature(text: &str) -> Signature {
    Signature::parse(text).unwrap()
}

fn inputs() -> Record {
    let tool = Tool::new("clock", "Tells the time.").with_arg("zone", json!({"type": "string"}));
    Record::new().with("q", "How late is it?").with("tools", vec![Value::from(tool)])
}

fn render(adapter: &dyn Adapter, signature: &Signature, options: &Options) -> Request {
    adapter.render(&RenderCall::new(signature, &inputs()).capabilities(can()).options(options)).unwrap()
}

fn read(signature: &Signature, choice: &Choice, policy: &ParsePolicy) -> Result<Parsed> {
    let inputs = inputs();
    ChatAdapter::new().read(&RenderCall::new(signature, &inputs).capabilities(can()), choice, policy)
}

fn call(name: &str) -> ToolCall {
    ToolCall { id: Some("c1".into()), name: name.into(), args: Record::new().with("zone", "CET") }
}

fn calling(text: &str) -> Choice {
    let mut choice = Choice::text(text);
    choice.parts.push(Part::ToolCall(call("clock")));
    choice
}

fn rules(parsed: &Parsed) -> Vec<ParseRule> {
    parsed.notes.iter().map(|n| n.rule).collect()
}

#[test]
fn a_prompt_whose_outputs_are_all_native_says_what_to_do() {
    let s = signature("q, tools: list[dspy.Tool] -> calls: dspy.ToolCalls");
    for adapter in [&ChatAdapter::new() as &dyn Adapter, &JsonAdapter::new()] {
        let request = render(adapter, &s, &Options::new());
        let last = request.messages.last().unwrap().text();
        assert_eq!(last, "[[ ## q ## ]]\nHow late is it?\n\nNow call the tools that the task needs.");
        let system = request.messages[0].text();
        assert!(system.contains("You answer by calling tools.") && !system.contains("completed"), "{system}");
        assert_eq!(request.tools[0].parameters["required"], json!(["zone"]));
        assert_eq!((&request.response_format, &request.tool_choice), (&None, &None));
    }
}

#[test]
fn the_options_of_the_adapter_and_of_the_call_decide() {
    let s = signature("q, tools: list[dspy.Tool] -> thought: dspy.Reasoning, answer, calls: dspy.ToolCalls");
    let native = render(&ChatAdapter::new(), &s, &Options::new());
    assert_eq!(native.tools.len(), 1);
    assert!(!native.messages[0].text().contains("[[ ## thought"), "only the task names it");
    assert!(native.options.extra.is_empty(), "how much it thinks is the model's own");

    let prompted = render(&ChatAdapter::new().with_native(Native::none()), &s, &Options::new());
    assert!(prompted.tools.is_empty());
    assert!(
        prompted.messages[0].text().contains("[[ ## thought ## ]]")
            && prompted.messages[1].text().contains("clock")
    );

    let mut off = Options::new();
    off.extra.insert("reasoning_effort".into(), json!(null));
    assert!(render(&ChatAdapter::new(), &s, &off).messages[0].text().contains("[[ ## thought ## ]]"));

    let mut one_by_one = Native::default();
    one_by_one.parallel_tool_calls = Some(false);
    let adapter = ChatAdapter::new().with_native(one_by_one);
    let request = render(&adapter, &s, &Options::new());
    assert_eq!((request.parallel_tool_calls, request.tool_choice), (Some(false), Some(ToolChoice::Auto)));
    let mut given = Options::new();
    given.extra.insert("parallel_tool_calls".into(), json!(true));
    assert_eq!(render(&adapter, &s, &given).parallel_tool_calls, None, "what the call says counts");
}

#[test]
fn a_model_is_always_asked_for_something() {
    let s = signature("q -> thought: dspy.Reasoning");
    assert!(
        render(&ChatAdapter::new(), &s, &Options::new()).messages[0].text().contains("[[ ## thought ## ]]")
    );
}

#[test]
fn calls_come_beside_the_text_or_without_it() {
    let s = signature("q, tools: list[dspy.Tool] -> answer, calls: dspy.ToolCalls");
    let calls = Value::from(ToolCalls::new([call("clock")]));
    let both = read(&s, &calling("[[ ## answer ## ]]\nwait"), &ParsePolicy::default()).unwrap();
    assert_eq!(both.fields, Record::new().with("answer", "wait").with("calls", calls.clone()));
    assert_eq!(rules(&both), []);
    for text in ["", "let me see"] {
        let first = read(&s, &calling(text), &ParsePolicy::default()).unwrap();
        assert_eq!(first.fields, Record::new().with("answer", Value::None).with("calls", calls.clone()));
        assert!(rules(&first).contains(&ParseRule::ToolCallsFirst), "{text}");
    }
    let cut = calling("").with_finish(FinishReason::Length);
    assert_eq!(read(&s, &cut, &ParsePolicy::default()).unwrap_err().code(), "truncated");
    assert!(read(&s, &cut, &ParsePolicy::compat()).is_ok());
}

#[test]
fn no_call_is_an_empty_list_and_an_empty_reply_an_error() {
    let s = signature("q, tools: list[dspy.Tool] -> answer, calls: dspy.ToolCalls");
    let answered = Choice::text("[[ ## answer ## ]]\nnoon");
    let ours = read(&s, &answered, &ParsePolicy::default()).unwrap();
    assert_eq!(ours.fields.get("calls"), Some(&ToolCalls::default().into()));
    assert_eq!(rules(&ours), [ParseRule::NoToolCalls]);
    assert_eq!(ParseRule::NoToolCalls.effect(), RuleEffect::Corrects);
    let dspy = read(&s, &answered, &ParsePolicy::compat()).unwrap();
    assert_eq!(dspy.fields.get("calls"), Some(&Value::None));
    for policy in [ParsePolicy::default(), ParsePolicy::compat()] {
        assert_eq!(read(&s, &Choice::text(""), &policy).unwrap_err().code(), "empty_reply");
    }
}

#[test]
fn broken_arguments_are_repaired_and_said_to_be() {
    let s = signature("q, tools: list[dspy.Tool] -> calls: dspy.ToolCalls");
    let broken = |arguments: &str| {
        let mut choice = Choice::text("");
        let arguments = arguments.to_owned();
        choice.parts = vec![Part::BrokenToolCall { id: None, name: "clock".into(), arguments }];
        choice
    };
    let parsed = read(&s, &broken("{'zone': 'CET',}"), &ParsePolicy::default()).unwrap();
    let Some(Value::ToolCalls(calls)) = parsed.fields.get("calls") else { panic!("{parsed:?}") };
    assert_eq!(calls.tool_calls[0].args, Record::new().with("zone", "CET"));
    assert_eq!(rules(&parsed), [ParseRule::RepairedJson]);
    assert_eq!(read(&s, &broken("[1]"), &ParsePolicy::default()).unwrap_err().code(), "field_type");
}

#[test]
fn arguments_that_are_no_object_are_not_dropped() {
    let s = signature("q -> calls: dspy.ToolCalls");
    let reply = Choice::text("[[ ## calls ## ]]\n{\"name\": \"clock\", \"args\": [\"CET\"]}");
    let e = ChatAdapter::new().parse(&s, &reply, &ParsePolicy::default()).unwrap_err();
    assert_eq!(e.code(), "ambiguous");
    let dspy = ChatAdapter::new().parse(&s, &reply, &ParsePolicy::compat()).unwrap();
    let Some(Value::ToolCalls(calls)) = dspy.fields.get("calls") else { panic!("{dspy:?}") };
    assert!(calls.tool_calls[0].args.is_empty());
}

#[test]
fn reasoning_is_what_the_model_thought_apart() {
    let s = signature("q -> thought: dspy.Reasoning, answer");
    let mut thinking = Choice::text("[[ ## answer ## ]]\nnoon");
    thinking.parts.insert(0, Part::Reasoning("the sun is high".into()));
    let parsed = read(&s, &thinking, &ParsePolicy::default()).unwrap();
    assert_eq!(parsed.fields, Record::new().with("thought", "the sun is high").with("answer", "noon"));

    let silent = Choice::text("[[ ## answer ## ]]\nnoon");
    let e = read(&s, &silent, &ParsePolicy::default()).unwrap_err();
    assert_eq!(e.code(), "missing_field");
    assert!(e.hint().unwrap().contains("reasoning_effort"), "{e:?}");
    let dspy = read(&s, &silent, &ParsePolicy::compat()).unwrap();
    assert_eq!(dspy.fields.get("thought"), Some(&Value::None));
}

#[test]
fn reasoning_that_was_asked_for_in_the_text_is_not_replaced() {
    let s = signature("q -> thought: dspy.Reasoning, answer");
    let mut choice = Choice::text("[[ ## thought ## ]]\nwritten\n\n[[ ## answer ## ]]\nnoon");
    choice.parts.insert(0, Part::Reasoning("apart".into()));
    let inputs = Record::new().with("q", "?");
    let prompted = RenderCall::new(&s, &inputs);
    let thought = |policy: &ParsePolicy| {
        ChatAdapter::new().read(&prompted, &choice, policy).unwrap().fields.get("thought").cloned()
    };
    assert_eq!(thought(&ParsePolicy::default()), Some("written".into()));
    assert_eq!(thought(&ParsePolicy::compat()), Some("apart".into()));
}
