//! Metrics of a field, on typed and dynamic programs, with what they say of values that they cannot score.

use dspex_core::{Context, Example, Metric, Prediction, Record, Result, Score, Signature, Value};
use dspex_evaluate::{Evaluate, answer_exact_match, answer_passage_match, by_name, f1};
use dspex_modules::{ChainOfThought, Predict};
use dspex_testkit::{ScriptedLm, block_on};

fn score(metric: &dyn Metric<Example, Record>, label: Value, predicted: Record) -> Result<Score> {
    let ctx = Context::new(ScriptedLm::always(""));
    block_on(metric.score(&ctx, &Example::new([("a", label)]), &Prediction::new(predicted)))
}

fn texts(items: &[&str]) -> Value {
    Value::List(items.iter().map(|t| Value::from(*t)).collect())
}

#[test]
fn a_metric_by_name_scores_a_field() {
    let table = [
        ("exact_match", "Paris".into(), "paris".into(), 0.0),
        ("answer_exact_match", "Paris".into(), "The paris!".into(), 1.0),
        ("answer_exact_match", texts(&["Rome", "Paris"]), "paris".into(), 1.0),
        ("answer_exact_match", texts(&["Rome"]), "paris".into(), 0.0),
        ("f1", "Eiffel Tower".into(), "tower".into(), 2.0 / 3.0),
        ("f1", texts(&["x", "tower"]), "tower".into(), 1.0),
        ("hotpot_f1", "no".into(), "no doubt".into(), 0.0),
        ("numeric", 3.into(), "3.0".into(), 1.0),
        ("numeric", "1,000".into(), 1000.into(), 1.0),
        ("numeric", 3.into(), "three".into(), 0.0),
        ("numeric", 0.1.into(), 0.2.into(), 0.0),
    ];
    for (name, label, predicted, expected) in table {
        let shown = format!("{name}: {label:?} {predicted:?}");
        let predicted: Value = predicted;
        let found = score(&*by_name(name, "a").unwrap(), label, Record::new().with("a", predicted)).unwrap();
        assert!((found.value() - expected).abs() < 1e-12, "{shown}: {found}");
    }
    let passages = |field: &str, found: Value| Record::new().with(field, found);
    let found = texts(&["x", "in Paris, France"]);
    let by_default = answer_passage_match("a");
    assert_eq!(score(&by_default, "paris".into(), passages("context", found.clone())).unwrap(), 1.0);
    assert_eq!(score(&by_default, texts(&["par", "z"]), passages("context", found.clone())).unwrap(), 0.0);
    assert_eq!(score(&by_default, "paris".into(), passages("context", "Paris".into())).unwrap(), 1.0);
    assert_eq!(
        score(&by_default.passages_in("found"), "paris".into(), passages("found", found)).unwrap(),
        1.0
    );
}

#[test]
fn a_part_of_the_words_can_be_enough() {
    let tower = || Record::new().with("a", "the tower");
    for (frac, expected) in [(1.0, 0.0), (0.7, 0.0), (0.6, 1.0), (0.0, 1.0)] {
        let found = score(&answer_exact_match("a").frac(frac), "Eiffel Tower".into(), tower()).unwrap();
        assert_eq!(found, expected, "{frac}");
    }
}

#[test]
fn what_cannot_be_scored_is_an_error_that_says_why() {
    let a = |value: Value| Record::new().with("a", value);
    let text = || Value::from("x");
    let (closure, mend) = ("score other kinds with `exact_match` or a closure", "mend the data, or ");
    let number = "give the field a numeric type, or say in a closure what such an answer is worth";
    let table: [(&str, Value, Record, &str, String); 9] = [
        (
            "f1",
            text(),
            a(Value::None),
            "metric f1: expected the prediction's `a` to be text, found None",
            closure.into(),
        ),
        (
            "answer_exact_match",
            3.into(),
            a(text()),
            "metric answer_exact_match: expected the example's `a` to be text or a list of texts, found 3",
            format!("{mend}{closure}"),
        ),
        (
            "hotpot_f1",
            texts(&[]),
            a(text()),
            "metric hotpot_f1: expected the example's `a` to be text or a list of texts, found []",
            format!("{mend}{closure}"),
        ),
        (
            "answer_passage_match",
            text(),
            Record::new().with("contexts", text()),
            "metric answer_passage_match: expected `context` among the prediction's fields `contexts`",
            "did you mean `contexts`?".into(),
        ),
        (
            "numeric",
            1.into(),
            a(Value::None),
            "metric numeric: expected the prediction's `a` to be a finite number, found None",
            number.into(),
        ),
        (
            "numeric",
            1.into(),
            a(f64::NAN.into()),
            "metric numeric: expected the prediction's `a` to be a finite number, found nan",
            number.into(),
        ),
        (
            "numeric",
            1.into(),
            a(true.into()),
            "metric numeric: expected the prediction's `a` to be a finite number, found True",
            number.into(),
        ),
        (
            "numeric",
            "many".into(),
            a(1.into()),
            "metric numeric: expected the example's `a` to be a finite number, found 'many'",
            format!("{mend}{closure}"),
        ),
        (
            "exact_match",
            text(),
            Record::new().with("b", text()),
            "metric exact_match: expected `a` among the prediction's fields `b`",
            "did you mean `b`?".into(),
        ),
    ];
    for (name, label, predicted, message, hint) in table {
        let e = score(&*by_name(name, "a").unwrap(), label, predicted).unwrap_err();
        assert_eq!((e.to_string().as_str(), e.hint()), (message, Some(hint.as_str())));
        assert_eq!(e.code(), "metric");
    }
}

/// Answer briefly.
#[derive(Signature)]
struct Brief {
    #[input]
    question: String,
    #[output]
    answer: String,
}

#[test]
fn typed_and_dynamic_programs_are_scored_alike() {
    let dev = [
        Example::new([("question", "2+2"), ("answer", "four")]).with_inputs(["question"]),
        Example::new([("question", "who?"), ("answer", "the big cat")]).with_inputs(["question"]),
    ];
    let ctx =
        Context::new(ScriptedLm::always("[[ ## reasoning ## ]]\nr\n\n[[ ## answer ## ]]\nA cat, four!"));
    let dynamic = Predict::parse("question -> answer").unwrap();
    let report = block_on(Evaluate::new(&dev).metric(f1("answer")).run(&ctx, &dynamic)).unwrap();
    assert_eq!(report.metric, "f1");
    assert!((report.score().unwrap() - f64::midpoint(2.0 / 3.0, 0.5)).abs() < 1e-12);
    let chain = ChainOfThought::parse("question -> answer").unwrap();
    let metric = by_name("answer_exact_match", "answer").unwrap();
    assert_eq!(block_on(Evaluate::new(&dev).metric(metric).run(&ctx, &chain)).unwrap().score(), Some(0.0));
    let typed = [Brief { question: "2+2".into(), answer: "CAT four".into() }];
    let evaluate = Evaluate::new(&typed).metric(answer_exact_match("answer"));
    assert_eq!(block_on(evaluate.run(&ctx, &Predict::<Brief>::new())).unwrap().score(), Some(1.0));
}
