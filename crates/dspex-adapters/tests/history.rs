//! Earlier turns of a conversation as messages.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use dspex_adapters::{ChatAdapter, JsonAdapter};
use dspex_core::lm::{Capabilities, Message, Part, Role};
use dspex_core::value::{History, Tool, ToolCall, ToolCallResult, ToolCalls};
use dspex_core::{Adapter, Example, Record, RenderCall, Signature, Value};

fn turn(question: &str, answer: &str) -> Record {
    Record::new().with("question", question).with("answer", answer)
}

fn messages(
    adapter: &dyn Adapter,
    signature: &Signature,
    inputs: &Record,
    can: Capabilities,
) -> Vec<Message> {
    adapter.render(&RenderCall::new(signature, inputs).capabilities(can)).unwrap().messages
}

#[test]
fn a_message_is_a_turn_of_each_and_the_last_turn_asks() {
    let s = Signature::parse("question, history: dspy.History -> answer").unwrap();
    let history = History::new([turn("Who?", "Goethe"), Record::new().with("answer", "Or Marlowe.")]);
    let inputs = Record::new().with("question", "When?").with("history", history.clone());
    let all = messages(&ChatAdapter::new(), &s, &inputs, Capabilities::default());
    let roles: Vec<&str> = all.iter().map(|m| m.role.name()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "assistant", "user"]);
    let ask = "Now write `[[ ## answer ## ]]`, and last `[[ ## completed ## ]]`.";
    assert_eq!(all[1].text(), format!("[[ ## question ## ]]\nWho?\n\n{ask}"));
    assert_eq!(all[4].text(), format!("[[ ## question ## ]]\nWhen?\n\n{ask}"));
    assert!(all[0].text().contains("`history` (History)"));

    // The same from a mapping, as data files have it.
    let mapping = inputs.clone().with("history", history.to_value());
    assert_eq!(messages(&ChatAdapter::new(), &s, &mapping, Capabilities::default()), all);

    // A demonstration shows its history as a value.
    let demo =
        Example::new([("question", "Q".into()), ("answer", "A".into()), ("history", Value::from(history))]);
    let call_inputs = inputs.clone();
    let demos = [demo];
    let request = JsonAdapter::new().render(&RenderCall::new(&s, &call_inputs).demos(&demos)).unwrap();
    assert!(
        request.messages[1].text().contains("[[ ## history ## ]]\n{\"messages\": [{\"question\": \"Who?\"")
    );
    assert_eq!(request.messages.len(), 1 + 2 + 3 + 1);
}

#[test]
fn calls_and_results_are_text_or_messages_of_their_own() {
    let s = Signature::parse(
        "question: str | None, history: dspy.History, tools: list[dspy.Tool] -> thought, calls: dspy.ToolCalls",
    )
    .unwrap();
    let call =
        ToolCall { id: Some("c1".into()), name: "clock".into(), args: Record::new().with("zone", "CET") };
    let calls = ToolCalls::new([call.clone()]).with_results([ToolCallResult::of(&call, vec![12, 30])]);
    let event = Record::new().with("question", "Time?").with("thought", "T").with("calls", calls);
    let inputs = Record::new()
        .with("history", History::new([event]))
        .with("tools", vec![Value::from(Tool::new("clock", "Tells the time."))]);

    let text = messages(&ChatAdapter::new(), &s, &inputs, Capabilities::default());
    let roles: Vec<&str> = text.iter().map(|m| m.role.name()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "user", "user"]);
    assert!(
        text[2].text().contains("{\"tool_calls\": [{\"name\": \"clock\", \"args\": {\"zone\": \"CET\"}}]}")
    );
    assert!(
        text[3]
            .text()
            .starts_with("[[ ## tool_call_results ## ]]\n{\"tool_call_results\": [{\"call_id\": \"c1\"")
    );

    let mut can = Capabilities::default();
    can.tools = true;
    let native = messages(&ChatAdapter::new(), &s, &inputs, can);
    assert_eq!(native[2].parts[1..], [Part::ToolCall(call)]);
    assert_eq!(native[3].role, Role::Tool);
    let json = native[3].to_json();
    assert_eq!((&json["tool_call_id"], &json["content"]), (&"c1".into(), &"[12, 30]".into()));
    assert!(!native[2].text().contains("calls"), "{}", native[2].text());
}

#[test]
fn a_history_that_is_none_is_an_error() {
    let s = Signature::parse("question, history: dspy.History -> answer").unwrap();
    let inputs = Record::new().with("question", "?").with("history", "Goethe");
    let e = ChatAdapter::new().render(&RenderCall::new(&s, &inputs)).unwrap_err();
    assert_eq!(e.code(), "input_type");
}
