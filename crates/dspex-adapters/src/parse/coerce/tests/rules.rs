//! The rules of the default policy that concern values: each with what it recovers and what it refuses.

use std::sync::Arc;

use dspex_core::types::EnumType;
use dspex_core::{Error, FieldType, ParsePolicy, ParseRule, Value};

use super::{convert, read, ty};

/// Reads with all rules, and checks that without the rule the text is refused as DSPy refuses it.
fn recovers(rule: ParseRule, annotation: &str, text: &str, value: impl Into<Value>) {
    let ty = ty(annotation);
    let (found, notes) = read(text, &ty, &ParsePolicy::default());
    assert_eq!(found, Ok(value.into()), "{annotation}: {text:?}");
    assert!(notes.iter().any(|n| n.rule == rule), "{annotation}: {text:?}: {notes:?}");
    for policy in [ParsePolicy::default().without(rule), ParsePolicy::compat()] {
        let (found, notes) = read(text, &ty, &policy);
        assert!(found.is_err(), "{annotation}: {text:?}: {found:?}");
        assert_eq!(notes, []);
    }
}

fn refuses(rule: ParseRule, annotation: &str, text: &str) {
    let (found, notes) = read(text, &ty(annotation), &ParsePolicy::default());
    let error = found.expect_err(text);
    assert_eq!(error.rule, Some(rule), "{annotation}: {text:?}");
    assert_eq!(notes, []);
    assert_eq!(Error::from(error).code(), "ambiguous");
}

/// Refused for what it is, in every policy.
fn fails(annotation: &str, text: &str) {
    let ty = ty(annotation);
    for policy in [ParsePolicy::default(), ParsePolicy::compat()] {
        let (found, notes) = read(text, &ty, &policy);
        let error = found.expect_err(text);
        assert_eq!(error.rule, None, "{annotation}: {text:?}");
        assert_eq!(notes, []);
        assert_eq!(Error::from(error).code(), "field_type");
    }
}

/// The same value in every policy, and nothing noted.
fn same(annotation: &str, text: &str, value: impl Into<Value>) {
    let (ty, value) = (ty(annotation), value.into());
    for policy in [ParsePolicy::default(), ParsePolicy::compat()] {
        let (found, notes) = read(text, &ty, &policy);
        assert_eq!(found, Ok(value.clone()), "{annotation}: {text:?}");
        assert_eq!(notes, [], "{annotation}: {text:?}");
    }
}

const MOOD: &str = "Literal['positive', 'negative']";

#[test]
fn choices_in_another_spelling() {
    let rule = ParseRule::LiteralSpelling;
    for text in
        ["Positive", "positive.", "POSITIVE!", "`positive`", "**Positive**", "\"Positive.\"", "“positive”"]
    {
        recovers(rule, MOOD, text, "positive");
    }
    same(MOOD, "positive", "positive");
    same(MOOD, " 'positive' ", "positive");
    fails(MOOD, "very positive");
    fails(MOOD, "positive, negative");
    fails(MOOD, "posit");
    fails(MOOD, "");
    recovers(rule, "Optional[Literal['a', 'b']]", "A.", "a");
    recovers(rule, "list[Literal['a', 'b']]", r#"["A", "b"]"#, Value::from(vec!["a", "b"]));
    recovers(rule, "Literal[1, 2]", "**2**", 2);
    same("Literal[1, 2]", "2", 2);
    // Which of the two is meant, the text does not say.
    same("Literal['a', 'A']", "A", "A");
    refuses(rule, "Literal['Ab', 'aB']", "ab");
    same("Union[Literal['a'], str]", "A", "A");
}

#[test]
fn members_in_another_spelling() {
    let members = [("LOW", Value::from(1)), ("HIGH", Value::from(10))];
    let members = members.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let level = FieldType::Enum(Arc::new(EnumType { name: "Level".into(), members, integer: false }));
    let default = ParsePolicy::default();
    // DSPy shows the values to the model, and then does not take them.
    for text in ["10", "high", "High.", "`HIGH`"] {
        let (found, notes) = read(text, &level, &default);
        assert!(matches!(&found, Ok(Value::Enum(e)) if e.member == "HIGH"), "{text}: {found:?}");
        assert_eq!(notes.len(), 1, "{text}");
        assert!(read(text, &level, &ParsePolicy::compat()).0.is_err(), "{text}");
    }
    assert_eq!(read("HIGH", &level, &default).1, []);
    assert!(read("100", &level, &default).0.is_err());
    let (found, _) = convert(true.into(), &level, &default);
    assert_eq!(found.expect_err("not a number").rule, Some(ParseRule::BoolForNumber));
    assert!(convert(true.into(), &level, &ParsePolicy::compat()).0.is_ok());
}

#[test]
fn members_that_are_numbers_by_their_text() {
    let members = vec![("LOW".to_owned(), Value::from(1)), ("HIGH".to_owned(), Value::from(10))];
    let level = |integer| {
        let level = EnumType { name: "Level".into(), members: members.clone(), integer };
        FieldType::list(FieldType::Enum(Arc::new(level)))
    };
    for policy in [ParsePolicy::default(), ParsePolicy::compat()] {
        let (found, notes) = read(r#"["10", "1.0"]"#, &level(true), &policy);
        assert_eq!(found.expect("members").to_json_text().expect("numbers"), "[10, 1]");
        assert_eq!(notes, []);
        assert!(read(r#"["2"]"#, &level(true), &policy).0.is_err());
    }
    // Only for Python's IntEnum DSPy takes them; otherwise a rule does.
    assert!(read(r#"["10"]"#, &level(false), &ParsePolicy::compat()).0.is_err());
    assert_eq!(read(r#"["10"]"#, &level(false), &ParsePolicy::default()).1.len(), 1);
}

#[test]
fn marks_around_scalars() {
    let rule = ParseRule::ScalarDecoration;
    for text in ["**3**", "`3`", "```\n3\n```", "```text\n3\n```", "*3*", "**`3`**", "**3.**"] {
        recovers(rule, "int", text, 3);
    }
    // A point at the end is part of the number.
    same("int", "3.", 3);
    same("float", "3.", 3.0);
    recovers(rule, "float", "3.5.", 3.5);
    recovers(rule, "bool", "True.", true);
    recovers(rule, "bool", "**Yes**", true);
    recovers(rule, "Optional[int]", "`7`", 7);
    recovers(rule, "list[float]", r#"["`1.5`"]"#, Value::from(vec![1.5]));
    same("Union[int, str]", "**3**", "**3**");
    for text in ["5 apples", "5%", "$5", "3 or 4", "**3** or **4**", "about 3.", "..", "3,5", "`` ``", "3!"] {
        fails("int", text);
    }
    fails("bool", "True, because");
    fails("bool", "2.");
}

#[test]
fn commas_in_numbers() {
    let rule = ParseRule::ThousandsSeparator;
    recovers(rule, "int", "1,234", 1234);
    recovers(rule, "int", "-1,234,567", -1_234_567);
    recovers(rule, "int", "1,234.00", 1234);
    recovers(rule, "float", "1,234.5", 1234.5);
    recovers(rule, "float", "1,234,567", 1_234_567.0);
    recovers(rule, "int", "**1,234**", 1234);
    recovers(rule, "Optional[int]", "1,234", 1234);
    recovers(rule, "list[int]", r#"["1,234"]"#, Value::from(vec![1234]));
    // The comma of a fraction looks the same.
    refuses(rule, "float", "1,234");
    refuses(rule, "Union[int, float]", "1,234");
    for text in ["1,23", "1,2345", "12,34,567", ",123", "1,", "0,123", "1,234.5", "1,,234", "1, 234"] {
        fails("int", text);
    }
    fails("float", "1,5");
    same("list[int]", "1, 2, 3", Value::from(vec![1, 2, 3]));
}

#[test]
fn truth_values_are_no_numbers() {
    let rule = ParseRule::BoolForNumber;
    for annotation in ["int", "float", "Optional[int]", "Literal[1, 2]"] {
        refuses(rule, annotation, "true");
        let (found, _) = read("true", &ty(annotation), &ParsePolicy::default().without(rule));
        assert!(found.is_ok(), "{annotation}");
    }
    refuses(rule, "list[int]", "[1, true]");
    refuses(rule, "dict[str, float]", r#"{"a": false}"#);
    same("Union[int, bool]", "true", true);
    refuses(rule, "Union[int, str]", "true");
    // DSPy takes the first of these; the second is what the model wrote.
    let (found, notes) = read("true", &ty("Union[Literal[1], bool]"), &ParsePolicy::default());
    assert_eq!(found, Ok(Value::from(true)));
    assert_eq!(notes[0].rule, rule);
    assert_eq!(read("true", &ty("Union[Literal[1], bool]"), &ParsePolicy::compat()).0, Ok(Value::from(1)));
    same("bool", "1", true);
    let (found, _) = convert(true.into(), &ty("Literal[1, 2]"), &ParsePolicy::default());
    assert_eq!(found.expect_err("not a number").rule, Some(rule));
}

#[test]
fn the_words_for_nothing() {
    let optional = ty("Optional[str]");
    for text in ["null", "None"] {
        let (found, notes) = read(text, &optional, &ParsePolicy::default());
        assert_eq!(found, Ok(Value::None));
        assert_eq!(notes[0].rule, ParseRule::NullText);
        assert_eq!(read(text, &optional, &ParsePolicy::compat()).0, Ok(text.into()));
        // In JSON there is a way to write nothing, so the word is a word.
        assert_eq!(convert(text.into(), &optional, &ParsePolicy::default()).0, Ok(text.into()));
    }
    for text in ["NULL", "none", "None.", "nothing", " null"] {
        same("Optional[str]", text, text);
    }
    same("str", "null", "null");
    same("Optional[int]", "null", Value::None);
}

#[test]
fn a_literal_that_json_gave_as_another_number() {
    let literal = ty("Literal[1, 2]");
    let (found, notes) = convert(1.0.into(), &literal, &ParsePolicy::default());
    assert_eq!(found, Ok(Value::from(1)));
    assert_eq!(notes[0].rule, ParseRule::LiteralSpelling);
    // DSPy gives back what it was given, which is not one of the literals.
    assert_eq!(convert(1.0.into(), &literal, &ParsePolicy::compat()).0, Ok(Value::from(1.0)));
}

#[test]
fn errors_say_where_and_what() {
    let error = |annotation: &str, text: &str| {
        let (found, _) = read(text, &ty(annotation), &ParsePolicy::default());
        Error::from(found.expect_err(text)).to_string()
    };
    assert_eq!(error("int", "five"), "expected `y` to be int, found 'five'");
    assert_eq!(error("list[int]", r#"[1, "x"]"#), "expected `y[1]` to be int, found 'x'");
    assert_eq!(error("dict[str, list[bool]]", r#"{"a": [2]}"#), "expected `y.a[0]` to be bool, found 2");
    assert_eq!(error("float", "1,234"), "expected one reading of `y`, found more: '1,234'");
    assert_eq!(error("dspy.Image", "x"), "expected `y` to be Image, found 'x'");
}

#[test]
fn several_values_where_one_is_wanted() {
    let rule = ParseRule::SeveralValues;
    for (annotation, text) in [
        ("list[int]", "[1] [2]"),
        ("list[int]", "First [1] then [2]."),
        ("dict[str, int]", r#"{"a": 1} or {"a": 2}"#),
    ] {
        refuses(rule, annotation, text);
        assert!(read(text, &ty(annotation), &ParsePolicy::compat()).0.is_ok(), "{text}");
        assert!(read(text, &ty(annotation), &ParsePolicy::default().without(rule)).0.is_ok(), "{text}");
    }
}

#[test]
fn one_value_among_words() {
    for (annotation, text) in [
        ("list[int]", "The answer is [1, 2]."),
        ("list[int]", "```json\n[1, 2]\n```"),
        ("list[int]", "[1, 2"),
        ("list[int]", "[1, 2] and again [1, 2]"),
    ] {
        let (found, notes) = read(text, &ty(annotation), &ParsePolicy::default());
        assert_eq!(found, Ok(Value::from(vec![1, 2])), "{text}");
        let rules: Vec<_> = notes.iter().map(|n| n.rule).collect();
        assert_eq!(rules, [ParseRule::RepairedJson], "{text}");
        let quiet = ParsePolicy::default().without(ParseRule::RepairedJson);
        assert_eq!(read(text, &ty(annotation), &quiet), (Ok(Value::from(vec![1, 2])), Vec::new()), "{text}");
    }
    let (_, notes) = read("[1, 2]", &ty("list[int]"), &ParsePolicy::default());
    assert_eq!(notes, []);
}
