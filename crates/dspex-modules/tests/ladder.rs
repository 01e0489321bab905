//! The ladder of forms of an answer: what is asked after an endpoint refused a form, and what is remembered.

use dspex_adapters::JsonAdapter;
use dspex_core::lm::{Capabilities, LmError, LmErrorKind, Reply, Request, ResponseFormat};
use dspex_core::value::History;
use dspex_core::{Context, Module as _, Record, Signature, TypedSignature as _};
use dspex_modules::Predict;
use dspex_testkit::{ScriptedLm, block_on};

fn refused(words: &str) -> LmError {
    LmError::new(LmErrorKind::InvalidRequest, words)
}

/// A model that declares schemas and refuses some forms.
fn model(refuses: &'static [&'static str], words: &'static str) -> ScriptedLm {
    let mut can = Capabilities::default();
    can.json_schema = true;
    ScriptedLm::from_fn(move |request: &Request| {
        match request.response_format.as_ref().map(ResponseFormat::name) {
            Some(form) if refuses.contains(&form) => Err(refused(words)),
            _ => Ok(Reply::text(r#"{"answer": "Goethe"}"#)),
        }
    })
    .with_capabilities(can)
}

fn forms(lm: &ScriptedLm) -> Vec<Option<&'static str>> {
    lm.requests().iter().map(|r| r.response_format.as_ref().map(ResponseFormat::name)).collect()
}

fn context(lm: &ScriptedLm) -> Context {
    Context::new(lm.clone()).with_adapter(JsonAdapter::new())
}

fn question() -> Record {
    Record::new().with("question", "Who wrote Faust?")
}

#[test]
fn each_step_down_is_an_attempt_and_is_remembered() {
    let lm = model(&["json_schema", "json_object"], "response_format is not supported");
    let ctx = context(&lm);
    let predict = Predict::parse("question -> answer").unwrap();
    let first = block_on(predict.call(&ctx, question())).unwrap();
    let steps: Vec<_> = first.attempts().iter().map(|a| (a.response_format, a.error.as_deref())).collect();
    let expected = [
        (Some("json_schema"), Some("invalid_request")),
        (Some("json_object"), Some("invalid_request")),
        (None, None),
    ];
    assert_eq!(steps, expected);
    let second = block_on(predict.call(&ctx, question())).unwrap();
    assert_eq!(second.attempts().len(), 1);
    // Another context with the same model knows it, too; another model does not.
    block_on(predict.call(&context(&lm), question())).unwrap();
    assert_eq!(forms(&lm), [Some("json_schema"), Some("json_object"), None, None, None]);
}

#[test]
fn a_schema_that_is_refused_does_not_cost_the_others_theirs() {
    let words = "Invalid schema for response_format 'outputs': too deep";
    let lm = model(&["json_schema"], words);
    let predict = Predict::parse("question -> answer").unwrap();
    for _ in 0..2 {
        block_on(predict.call(&context(&lm), question())).unwrap();
    }
    let twice = [Some("json_schema"), Some("json_object")];
    assert_eq!(forms(&lm), [twice, twice].concat());
}

#[test]
fn another_error_ends_the_call() {
    let lm = model(&["json_schema"], "temperature must be at most 2");
    let predict = Predict::parse("question -> answer").unwrap();
    let e = block_on(predict.call(&context(&lm), question())).unwrap_err();
    assert_eq!((e.code(), e.attempts().len(), lm.calls()), ("invalid_request", 1, 1));
}

#[test]
fn the_bottom_of_the_ladder_is_text() {
    let lm = ScriptedLm::from_fn(|_| Err(refused("response_format: no")));
    let predict = Predict::parse("question -> answer").unwrap();
    let e = block_on(predict.call(&context(&lm), question())).unwrap_err();
    assert_eq!((e.code(), lm.calls()), ("invalid_request", 1), "text cannot be refused as a form");
}

#[derive(Clone, Debug, Signature)]
struct Chat {
    #[input]
    history: History,
    #[input]
    question: String,
    #[output]
    answer: String,
}

#[test]
fn a_typed_signature_has_a_history() {
    let signature = Chat::signature();
    assert_eq!(signature.to_string(), "history, question -> answer");
    let lm = ScriptedLm::always("[[ ## answer ## ]]\n1808");
    let predict = Predict::<Chat>::new();
    let history = History::new([Record::new().with("question", "Who?").with("answer", "Goethe")]);
    let input = ChatInput { history, question: "When?".into() };
    let out = block_on(predict.call(&Context::new(lm.clone()), input)).unwrap();
    assert_eq!(out.answer, "1808");
    let roles: Vec<_> = lm.requests()[0].messages.iter().map(|m| m.role.name()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "user"]);
}
