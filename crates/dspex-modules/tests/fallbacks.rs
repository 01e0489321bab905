//! What is done about a reply that cannot be read: nothing that nobody asked for, and all of it on the result.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use dspex_adapters::{JsonAdapter, TwoStepAdapter};
use dspex_core::lm::{Choice, FinishReason, LmError, LmErrorKind, Options, Reply, Role};
use dspex_core::validation::{Validation, check};
use dspex_core::{
    Attempt, Constraint, Context, Error, ErrorKind, Fallback, Field, FieldType, Limits, Module, Overrides,
    ParsePolicy, ParseRule, Prediction, Program, Record, Signature, Stage, Usage,
};
use dspex_modules::{Predict, ProgramFile};
use dspex_testkit::{ScriptedLm, block_on};

const GOOD: &str = "[[ ## a ## ]]\nA\n\n[[ ## completed ## ]]";

/// Text without a marker is no reading here: it stands for all replies that cannot be read.
fn context(lm: ScriptedLm) -> Context {
    Context::new(lm).with_policy(ParsePolicy::default().without(ParseRule::BareReply))
}

fn q() -> Record {
    Record::new().with("q", "Q")
}

fn call_of(signature: &str, ctx: &Context) -> Result<Prediction<Record>, Error> {
    block_on(Predict::parse(signature).unwrap().call(ctx, q()))
}

fn call(ctx: &Context) -> Result<Prediction<Record>, Error> {
    call_of("q -> a", ctx)
}

/// Each reply with so many tokens.
fn priced(texts: &[&str]) -> ScriptedLm {
    let left = std::sync::Mutex::new(texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>().into_iter());
    ScriptedLm::from_fn(move |_| match left.lock().unwrap().next() {
        Some(text) => Ok(Reply::text(text).with_usage(Usage::tokens(10, 1))),
        None => Err(LmError::new(LmErrorKind::Server, "no more")),
    })
}

/// Reason, error and text of each attempt.
fn story(attempts: &[Attempt]) -> Vec<(&str, Option<&str>, Option<&str>)> {
    attempts.iter().map(|a| (a.reason.code(), a.error.as_deref(), a.text.as_deref())).collect()
}

/// Every kind of reply that cannot be read, with its code.
fn unreadable() -> Vec<(Signature, &'static str, Choice)> {
    let least = Constraint::from_keyword("ge", &5.into()).unwrap();
    let bounded = Signature::new([
        Field::input("q", FieldType::Str),
        Field::output("a", FieldType::Int).with_constraint(least),
    ]);
    let plain = [
        ("q -> a", "empty_reply", Choice::text("")),
        ("q -> a", "missing_field", Choice::text("garbage")),
        ("q -> a", "truncated", Choice::text("[[ ## a ## ]]\nAn").with_finish(FinishReason::Length)),
        ("q -> a: int", "field_type", Choice::text("[[ ## a ## ]]\nmany")),
        ("q -> a", "ambiguous", Choice::text("[[ ## a ## ]]\nx\n[[ ## a ## ]]\ny")),
    ];
    let plain = plain.map(|(signature, code, choice)| (Signature::parse(signature).unwrap(), code, choice));
    let constraint = (bounded.unwrap(), "constraint", Choice::text("[[ ## a ## ]]\n3"));
    plain.into_iter().chain([constraint]).collect()
}

const ALL: [Fallback; 3] = [Fallback::ShowError(2), Fallback::AskAsJson, Fallback::Extract];

#[test]
fn without_a_policy_there_is_one_call_whatever_comes() {
    for (signature, code, choice) in unreadable() {
        let lm = ScriptedLm::from_fn(move |_| Ok(Reply::new(vec![choice.clone()])));
        for adapter in [None, Some(JsonAdapter::new())] {
            let mut ctx = context(lm.clone());
            if let Some(json) = adapter {
                ctx = ctx.with_adapter(json);
            }
            let before = lm.calls();
            let e = block_on(Predict::from_signature(signature.clone()).call(&ctx, q())).unwrap_err();
            assert_eq!((lm.calls() - before, e.attempts().len()), (1, 1), "{code}");
        }
    }
}

#[test]
fn each_fallback_takes_every_kind_of_reply_that_cannot_be_read() {
    for fallback in [Fallback::ShowError(1), Fallback::AskAsJson, Fallback::Extract] {
        for (signature, code, choice) in unreadable() {
            let lm = ScriptedLm::from_fn(move |_| Ok(Reply::new(vec![choice.clone()])));
            let ctx = context(lm.clone()).with_fallbacks([fallback]);
            let result = block_on(Predict::from_signature(signature).call(&ctx, q()));
            let e = result.expect_err(&format!("{fallback} {code}"));
            // There is nothing to extract from no text, or from a piece of one.
            let none = fallback == Fallback::Extract && matches!(code, "empty_reply" | "truncated");
            assert_eq!(lm.calls(), if none { 1 } else { 2 }, "{fallback} {code}");
            assert_eq!(e.attempts()[0].error.as_deref(), Some(code));
            if !none {
                assert_eq!(e.attempts()[1].reason.error(), Some(code));
            }
            assert_eq!(e.is_in_extraction(), fallback == Fallback::Extract && !none, "{fallback} {code}");
        }
    }
}

#[test]
fn an_error_of_the_model_never_leads_to_a_fallback() {
    let kinds = [
        LmErrorKind::Configuration,
        LmErrorKind::Transport,
        LmErrorKind::Auth,
        LmErrorKind::RateLimit,
        LmErrorKind::ContextOverflow,
        LmErrorKind::InvalidRequest,
        LmErrorKind::Refusal,
        LmErrorKind::Timeout,
        LmErrorKind::Server,
        LmErrorKind::Protocol,
    ];
    for kind in kinds {
        let lm = ScriptedLm::always(GOOD).with_failure(0, LmError::new(kind, "no"));
        let e = call(&context(lm.clone()).with_fallbacks(ALL)).unwrap_err();
        assert_eq!((lm.calls(), e.stage()), (1, Stage::Model));
    }
    let none = ScriptedLm::from_fn(|_| Ok(Reply::new(Vec::new())));
    let e = call(&context(none.clone()).with_fallbacks(ALL)).unwrap_err();
    assert_eq!(
        (none.calls(), e.stage()),
        (1, Stage::Model),
        "a reply without completions is the provider's fault"
    );
}

#[test]
fn wrong_inputs_and_limits_lead_to_no_fallback() {
    let lm = ScriptedLm::always("garbage");
    let ctx = context(lm.clone()).with_fallbacks(ALL);
    let e = block_on(Predict::parse("q -> a").unwrap().call(&ctx, Record::new())).unwrap_err();
    assert_eq!((lm.calls(), e.code()), (0, "missing_input"));
    let e = call(&ctx.with_limits(Limits::none().calls(2))).unwrap_err();
    assert_eq!((lm.calls(), e.code(), e.attempts().len()), (2, "limit", 2));
}

#[test]
fn a_reply_that_can_be_read_leads_to_no_fallback() {
    let lm = ScriptedLm::always(GOOD);
    let out = call(&context(lm.clone()).with_fallbacks(ALL)).unwrap();
    assert_eq!((lm.calls(), story(out.attempts())), (1, vec![("asked", None, Some(GOOD))]));
}

#[test]
fn asking_as_json_is_told_and_paid_for() {
    let lm = priced(&["garbage", r#"{"a": "A"}"#]);
    let out = call(&context(lm.clone()).with_fallbacks([Fallback::AskAsJson])).unwrap();
    assert_eq!(out.get("a").unwrap().as_str(), Some("A"));
    assert_eq!(out.usage().input_tokens, 20);
    assert_eq!(
        story(out.attempts()),
        [("asked", Some("missing_field"), Some("garbage")), ("ask_as_json", None, Some(r#"{"a": "A"}"#)),]
    );
    assert_eq!(
        out.attempts()[1].reason.to_string(),
        "asked again as JSON, since the reply could not be read (missing_field)"
    );
    let (first, second) = (&lm.requests()[0], &lm.requests()[1]);
    assert_eq!(second.messages.len(), first.messages.len(), "a fresh question");
    assert!(second.messages[0].text().contains("JSON object"));
}

#[test]
fn an_adapter_that_asks_for_json_is_not_asked_again_as_json() {
    let lm = ScriptedLm::always("garbage");
    let ctx = context(lm.clone()).with_adapter(JsonAdapter::new()).with_fallbacks([Fallback::AskAsJson]);
    assert_eq!((call(&ctx).unwrap_err().code(), lm.calls()), ("missing_field", 1));
}

#[test]
fn the_error_is_shown_so_many_times() {
    let lm = ScriptedLm::replies(["[[ ## a ## ]]\nmany", "", "[[ ## a ## ]]\n7"]);
    let ctx = context(lm.clone()).with_fallbacks([Fallback::ShowError(2)]);
    let out = call_of("q -> a: int", &ctx).unwrap();
    assert_eq!(out.get("a").unwrap().as_f64(), Some(7.0));
    let requests = lm.requests();
    let roles = |i: usize| requests[i].messages.iter().map(|m| m.role).collect::<Vec<_>>();
    assert_eq!(roles(0), [Role::System, Role::User]);
    assert_eq!(roles(1), [Role::System, Role::User, Role::Assistant, Role::User]);
    assert_eq!(requests[1].messages[2].text(), "[[ ## a ## ]]\nmany");
    assert_eq!(
        requests[1].messages[3].text(),
        "That reply cannot be used: expected `a` to be int, found 'many'.\n\
         Write the whole reply again, in the form asked for."
    );
    // An empty turn of the model is left out.
    assert_eq!(roles(2), [Role::System, Role::User, Role::Assistant, Role::User, Role::User]);

    let lm = ScriptedLm::always("garbage");
    let e = call(&context(lm.clone()).with_fallbacks([Fallback::ShowError(3)])).unwrap_err();
    assert_eq!((lm.calls(), e.attempts().len()), (4, 4));
    assert!(e.attempts().iter().all(|a| a.error.as_deref() == Some("missing_field")));
}

#[test]
fn outputs_are_extracted_by_the_model_for_that() {
    let (lm, small) = (priced(&["It is A."]), priced(&[GOOD]));
    let small = small.with_id("small");
    let ctx = context(lm.clone()).with_extraction_lm(small.clone()).with_fallbacks([Fallback::Extract]);
    let out = call(&ctx).unwrap();
    assert_eq!((lm.calls(), small.calls(), out.usage().calls), (1, 1, 2));
    assert_eq!(out.attempts()[1].model, "small");
    assert_eq!(out.attempts()[1].reason.code(), "extract");
    assert!(small.requests()[0].messages[1].text().starts_with("[[ ## text ## ]]\nIt is A."));
}

#[test]
fn fallbacks_follow_each_other_and_the_last_error_stays() {
    let lm = priced(&["one", "two", "three", "four"]);
    let order = [Fallback::ShowError(1), Fallback::AskAsJson, Fallback::Extract];
    let e = call(&context(lm.clone()).with_fallbacks(order)).unwrap_err();
    let reasons: Vec<_> = e.attempts().iter().map(|a| a.reason.code()).collect();
    assert_eq!(reasons, ["asked", "show_error", "ask_as_json", "extract"]);
    let texts: Vec<_> = e.attempts().iter().map(|a| a.text.as_deref().unwrap()).collect();
    assert_eq!(texts, ["one", "two", "three", "four"]);
    assert_eq!((e.usage().calls, e.usage().input_tokens, e.raw()), (4, 40, Some("four")));
    assert!(e.is_in_extraction());
    assert_eq!(e.to_json()["attempts"][3]["because"], "missing_field");
    // What failed to be extracted does not keep the next from its turn.
    let lm = ScriptedLm::replies(["one", "two", r#"{"a": "A"}"#]);
    let ctx = context(lm.clone()).with_fallbacks([Fallback::Extract, Fallback::AskAsJson]);
    assert_eq!(call(&ctx).unwrap().get("a").unwrap().as_str(), Some("A"));
    assert_eq!(lm.calls(), 3);
}

#[test]
fn a_model_that_fails_in_a_fallback_ends_it_with_all_that_was_paid() {
    let lm = priced(&["garbage"]);
    let e = call(&context(lm.clone()).with_fallbacks(ALL)).unwrap_err();
    assert_eq!((e.stage(), e.is_infrastructure(), lm.calls()), (Stage::Model, true, 2));
    let told: Vec<_> = e.attempts().iter().map(|a| (a.reason.code(), a.error.clone().unwrap())).collect();
    assert_eq!(told[0], ("asked", "missing_field".to_owned()));
    assert_eq!(told[1].0, "show_error");
    assert_eq!(e.usage().input_tokens, 10);
}

#[test]
fn one_bad_completion_of_several_is_left_out_and_under_compat_all_are_asked_again() {
    let both = || {
        ScriptedLm::from_fn(|request| {
            let json = request.messages[0].text().contains("JSON object");
            let texts = if json { [r#"{"a": "1"}"#, r#"{"a": "2"}"#] } else { [GOOD, "garbage"] };
            Ok(Reply::new(texts.map(Choice::text).into()))
        })
    };
    let several = |ctx: &Context| {
        let predict = Predict::parse("q -> a").unwrap().with_options(Options::new().n(2));
        block_on(predict.call(ctx, q())).unwrap()
    };
    let lm = both();
    let ctx = context(lm.clone()).with_fallbacks([Fallback::AskAsJson]);
    let out = several(&ctx);
    assert_eq!((lm.calls(), out.completions().len()), (1, 1));
    assert_eq!(out.notes()[0].rule, ParseRule::UnreadCompletion);
    let lm = both();
    let out = several(&ctx.with_lm(lm.clone()).with_policy(ParsePolicy::compat()));
    assert_eq!((lm.calls(), out.completions().len()), (2, 2));
    assert_eq!(out.get("a").unwrap().as_str(), Some("1"));
}

#[test]
fn a_predictor_may_have_fallbacks_of_its_own_or_none() {
    let lm = ScriptedLm::always("garbage");
    let predict = Predict::parse("q -> a").unwrap().stamped();
    let path = predict.paths()[0].clone();
    let calls = |ctx: &Context| {
        let before = lm.calls();
        let _ = block_on(predict.call(ctx, q())).unwrap_err();
        lm.calls() - before
    };
    let ctx = context(lm.clone());
    assert_eq!(calls(&ctx.with(path.clone(), Overrides::new().fallbacks([Fallback::AskAsJson]))), 2);
    let on = ctx.with_fallbacks(ALL);
    assert_eq!(calls(&on.with(path.clone(), Overrides::new().fallbacks([]))), 1);
    let other = ScriptedLm::always(GOOD);
    let extract = Overrides::new().fallbacks([Fallback::Extract]).extraction_lm(other.clone());
    assert!(block_on(predict.call(&ctx.with(path, extract), q())).is_ok());
    assert_eq!(other.calls(), 1);
}

#[test]
fn two_steps_are_two_calls() {
    let (lm, small) = (priced(&["It is seven."]), priced(&["[[ ## a ## ]]\n7"]));
    let ctx = context(lm.clone())
        .with_adapter(TwoStepAdapter::new())
        .with_extraction_lm(small.clone())
        .with_options(Options::new().temperature(0.5));
    let (ctx, trace) = ctx.traced();
    let out = call_of("q -> a: int", &ctx).unwrap();
    assert_eq!(out.get("a").unwrap().as_f64(), Some(7.0));
    let reasons: Vec<_> = out.attempts().iter().map(|a| a.reason.code()).collect();
    assert_eq!((reasons.as_slice(), out.usage().calls), (["asked", "extraction"].as_slice(), 2));
    assert_eq!(lm.requests()[0].options.temperature, Some(0.5));
    assert_eq!(
        small.requests()[0].options,
        Options::new(),
        "the second call has the options of its own model"
    );
    let steps = trace.steps();
    assert_eq!(steps.len(), 1);
    assert_eq!(steps[0].reply.as_ref().unwrap().choices[0].content(), "It is seven.");
}

#[test]
fn the_model_of_the_first_call_makes_the_second_where_none_is_named() {
    let lm = priced(&["It is A.", GOOD]);
    let out = call(&context(lm.clone()).with_adapter(TwoStepAdapter::new())).unwrap();
    assert_eq!((lm.calls(), out.get("a").unwrap().as_str()), (2, Some("A")));
}

#[test]
fn errors_of_two_steps_say_which_call_failed_and_what_was_paid() {
    let two_step = |lm: &ScriptedLm| context(lm.clone()).with_adapter(TwoStepAdapter::new());
    let lm = priced(&["It is A.", "garbage"]);
    let e = call(&two_step(&lm)).unwrap_err();
    assert_eq!((e.code(), e.is_in_extraction(), e.usage().input_tokens), ("missing_field", true, 20));
    assert!(
        e.to_string().starts_with("in the second call, which reads the outputs: expected the fields `a`")
    );
    assert_eq!(
        story(e.attempts()),
        [("asked", None, Some("It is A.")), ("extraction", Some("missing_field"), Some("garbage"))]
    );
    let lm = priced(&["It is A."]);
    let e = call(&two_step(&lm)).unwrap_err();
    assert_eq!((e.stage(), e.is_in_extraction(), e.attempts().len()), (Stage::Model, true, 2));
    assert_eq!(e.attempts()[0].error, None);
    let lm = priced(&["", "never"]);
    let e = call(&two_step(&lm)).unwrap_err();
    assert_eq!((e.code(), e.is_in_extraction(), lm.calls()), ("empty_reply", false, 1));
    let cut = ScriptedLm::from_fn(|_| {
        Ok(Reply::new(vec![Choice::text("It is").with_finish(FinishReason::Length)]))
    });
    let e = call(&two_step(&cut)).unwrap_err();
    assert!(matches!(e.kind(), ErrorKind::Truncated { .. }));
    assert_eq!(cut.calls(), 1);
}

#[test]
fn fallbacks_of_two_steps_mend_the_call_that_failed() {
    let lm = priced(&["It is A.", "garbage", r#"{"a": "A"}"#]);
    let ctx = context(lm.clone()).with_adapter(TwoStepAdapter::new());
    let out = call(&ctx.with_fallbacks([Fallback::AskAsJson])).unwrap();
    let reasons: Vec<_> = out.attempts().iter().map(|a| a.reason.code()).collect();
    assert_eq!(reasons, ["asked", "extraction", "ask_as_json"]);
    assert!(lm.requests()[2].messages[1].text().contains("It is A."));
    let lm = ScriptedLm::always("garbage");
    let e = call(&ctx.with_lm(lm.clone()).with_fallbacks(ALL)).unwrap_err();
    let reasons: Vec<_> = e.attempts().iter().map(|a| a.reason.code()).collect();
    assert_eq!(reasons, ["asked", "extraction", "show_error", "show_error", "ask_as_json"]);
    let lm = priced(&["", "It is A.", GOOD]);
    let out = call(&ctx.with_lm(lm.clone()).with_fallbacks([Fallback::ShowError(1)])).unwrap();
    let reasons: Vec<_> = out.attempts().iter().map(|a| a.reason.code()).collect();
    assert_eq!(reasons, ["asked", "show_error", "extraction"]);
}

#[test]
fn several_completions_of_two_steps_are_read_one_by_one() {
    let lm = ScriptedLm::from_fn(|_| Ok(Reply::new(["one", "two"].map(Choice::text).into())));
    let small = ScriptedLm::rules([("one", GOOD), ("two", "garbage")]);
    let ctx = context(lm.clone()).with_adapter(TwoStepAdapter::new()).with_extraction_lm(small.clone());
    let predict = Predict::parse("q -> a").unwrap().with_options(Options::new().n(2));
    let out = block_on(predict.call(&ctx, q())).unwrap();
    assert_eq!((lm.calls(), small.calls(), out.completions().len()), (1, 2, 1));
    assert_eq!(out.attempts()[2].error.as_deref(), Some("missing_field"));
    assert_eq!(out.notes()[0].rule, ParseRule::UnreadCompletion);
    // A model that fails is no completion that cannot be read.
    let small = ScriptedLm::always(GOOD).with_failure(1, LmError::new(LmErrorKind::Server, "no"));
    let e = block_on(predict.call(&ctx.with_extraction_lm(small), q())).unwrap_err();
    assert_eq!((e.stage(), e.attempts().len()), (Stage::Model, 3));
}

#[test]
fn program_files_name_fallbacks() {
    let parse = |line: &str| ProgramFile::parse("p.toml", &format!("signature = 'q -> a'\n{line}"), None);
    let both = [Fallback::ShowError(2), Fallback::AskAsJson];
    for (line, wanted) in [
        ("", None),
        ("fallback = 'none'", Some(vec![])),
        ("fallback = []", Some(vec![])),
        ("fallback = 'extract'", Some(vec![Fallback::Extract])),
        ("fallback = 'retry:2, json'", Some(both.to_vec())),
        ("fallback = ['retry:2', 'json']", Some(both.to_vec())),
    ] {
        assert_eq!(parse(line).unwrap().fallbacks, wanted, "{line}");
    }
    assert_eq!(parse("extraction_lm = 'openai/m'").unwrap().extraction_lm.as_deref(), Some("openai/m"));
    for (line, hint) in [
        ("fallback = 'jsn'", Some("did you mean `json`?")),
        ("fallback = ['json', 'retry:0']", Some("leave out the fallback to make no further call")),
        ("fallback = 'retry:x'", Some("leave out the fallback to make no further call")),
        ("fallback = 'json:2'", Some("only `retry` takes a number")),
    ] {
        let e = parse(line).unwrap_err();
        assert!(e.to_string().starts_with("p.toml:2: expected fallbacks `json`"), "{e}");
        assert_eq!(e.hint(), hint, "{line}");
    }
    let ctx = context(ScriptedLm::always("x")).with_fallbacks(both);
    assert_eq!(
        parse("").unwrap().context(&ctx).unwrap().fallbacks(),
        both,
        "a file that says nothing changes nothing"
    );
    assert!(parse("fallback = 'none'").unwrap().context(&ctx).unwrap().fallbacks().is_empty());
}

#[test]
fn rules_of_the_program_hold_in_second_calls_and_lead_to_fallbacks() {
    let short = check("short", "one letter", |v| v.as_str().is_none_or(|s| s.len() == 1));
    let rules = Validation::new().field("a", short);
    let predict =
        Predict::from_signature(Signature::parse("q -> a").unwrap().with_validation(rules).unwrap());
    let long = "[[ ## a ## ]]\nlong";
    let lm = ScriptedLm::replies([long, GOOD]);
    let ctx = context(lm.clone()).with_fallbacks([Fallback::ShowError(1)]);
    let out = block_on(predict.call(&ctx, q())).unwrap();
    assert_eq!((lm.calls(), out.attempts()[1].reason.error()), (2, Some("validation")));
    let lm = ScriptedLm::replies(["It is long.", long]);
    let two_step = context(lm.clone()).with_adapter(TwoStepAdapter::new());
    let e = block_on(predict.call(&two_step, q())).unwrap_err();
    assert_eq!((lm.calls(), e.stage(), e.is_in_extraction()), (2, Stage::Validation, true));
}
