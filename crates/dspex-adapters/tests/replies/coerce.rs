//! What stands under a marker, as a value of each type.

use std::fmt::Write as _;

use dspex_core::{CoercionMode, Constraint, Field, FieldType, ParsePolicy, Signature};

use crate::{Expected, check};

/// Type, text, and its value in each mode: none, safe, aggressive. A dash is an error.
#[rustfmt::skip]
const TABLE: &[(&str, &str, &str, &str, &str)] = &[
    // Whole numbers.
    ("int", "3", "3", "3", "3"),
    ("int", "\"3\"", "-", "3", "3"),
    ("int", "3.0", "-", "3", "3"),
    ("int", "3.5", "-", "-", "-"),
    ("int", "+5", "5", "5", "5"),
    ("int", "1,234", "-", "1234", "1234"),
    ("int", "1,23", "-", "-", "-"),
    ("int", "**3**", "-", "3", "3"),
    ("int", "`3`", "-", "3", "3"),
    ("int", "3.", "-", "3", "3"),
    ("int", "−3", "-", "-3", "-3"),
    ("int", "The answer is 3.", "-", "3", "3"),
    ("int", "8\n\nThe essay is good.", "-", "8", "8"),
    ("int", "3 apples", "-", "-", "3"),
    ("int", "about 3", "-", "-", "3"),
    ("int", "$3", "-", "-", "3"),
    ("int", "5%", "-", "-", "5"),
    ("int", "3 or 4", "-", "-", "-"),
    ("int", "3/4", "-", "-", "-"),
    ("int", "3 million", "-", "-", "3"),
    ("int", "three", "-", "-", "-"),
    ("int", "[3]", "-", "-", "3"),
    ("int", "true", "-", "-", "-"),
    ("int", "null", "-", "-", "-"),
    ("int", "N/A", "-", "-", "-"),
    // Other numbers.
    ("float", "0.5", "0.5", "0.5", "0.5"),
    ("float", "3", "3.0", "3.0", "3.0"),
    ("float", "1e-3", "0.001", "0.001", "0.001"),
    ("float", "1,234.5", "-", "1234.5", "1234.5"),
    ("float", "1,234", "-", "-", "-"),
    ("float", "1,5", "-", "-", "-"),
    ("float", "85%", "-", "-", "0.85"),
    ("float", "The score is 0.5.", "-", "0.5", "0.5"),
    ("float", "0.5 points", "-", "-", "0.5"),
    ("float", "null", "-", "-", "-"),
    // Truth values.
    ("bool", "true", "true", "true", "true"),
    ("bool", "False", "false", "false", "false"),
    ("bool", "yes", "-", "true", "true"),
    ("bool", "Off", "-", "false", "false"),
    ("bool", "1", "-", "true", "true"),
    ("bool", "True.", "-", "true", "true"),
    ("bool", "**No**", "-", "false", "false"),
    ("bool", "Yes, because it is.", "-", "true", "true"),
    ("bool", "No. That is wrong.", "-", "false", "false"),
    ("bool", "The answer is yes", "-", "true", "true"),
    ("bool", "not true", "-", "-", "-"),
    ("bool", "Yes, but no", "-", "-", "-"),
    ("bool", "yes or no", "-", "-", "-"),
    ("bool", "maybe", "-", "-", "-"),
    ("bool", "2", "-", "-", "-"),
    ("bool", "null", "-", "-", "-"),
    // Choices.
    (MOOD, "positive", "\"positive\"", "\"positive\"", "\"positive\""),
    (MOOD, "\"positive\"", "\"positive\"", "\"positive\"", "\"positive\""),
    (MOOD, "Positive", "-", "\"positive\"", "\"positive\""),
    (MOOD, "positive.", "-", "\"positive\"", "\"positive\""),
    (MOOD, "**Positive**", "-", "\"positive\"", "\"positive\""),
    (MOOD, "The sentiment is positive.", "-", "\"positive\"", "\"positive\""),
    (MOOD, "y: positive", "-", "\"positive\"", "\"positive\""),
    (MOOD, "Positive. The user smiles.", "-", "\"positive\"", "\"positive\""),
    (MOOD, "positive - the user smiles", "-", "\"positive\"", "\"positive\""),
    (MOOD, "not positive", "-", "-", "-"),
    (MOOD, "It is not \"positive\"", "-", "-", "-"),
    (MOOD, "positive or negative", "-", "-", "-"),
    (MOOD, "positive, negative", "-", "-", "-"),
    (MOOD, "Positive. But mostly negative.", "-", "-", "-"),
    (MOOD, "very positive", "-", "-", "-"),
    (MOOD, "nonpositive", "-", "-", "-"),
    (MOOD, "positively", "-", "-", "-"),
    (MOOD, "neutral", "-", "-", "-"),
    (MOOD, "[\"positive\"]", "-", "-", "\"positive\""),
    (MOOD, "[\"positive\", \"negative\"]", "-", "-", "-"),
    (MOOD, "{\"y\": \"positive\"}", "\"positive\"", "\"positive\"", "\"positive\""),
    ("Literal[1, 2, 3]", "2", "2", "2", "2"),
    ("Literal[1, 2, 3]", "\"2\"", "2", "2", "2"),
    ("Literal[1, 2, 3]", "The rating is 2.", "-", "2", "2"),
    ("Literal[1, 2, 3]", "2 or 3", "-", "-", "-"),
    ("Literal[1, 2, 3]", "12", "-", "-", "-"),
    ("Literal['A', 'B', 'C']", "B) Paris", "-", "-", "-"),
    ("Literal['A', 'B', 'C']", "B.", "-", "\"B\"", "\"B\""),
    ("Literal['A', 'B', 'C']", "(B)", "-", "\"B\"", "\"B\""),
    ("Literal['A', 'B', 'C']", "B. Paris", "-", "\"B\"", "\"B\""),
    ("Literal['A', 'B', 'C']", "Option B", "-", "\"B\"", "\"B\""),
    ("Literal['A', 'B', 'C']", "A or B", "-", "-", "-"),
    ("Literal['A', 'B', 'C']", "Both A and B", "-", "-", "-"),
    ("Literal['yes', 'no']", "No, yes", "-", "-", "-"),
    ("Optional[Literal['a', 'b']]", "null", "null", "null", "null"),
    // Text stays as it is.
    ("str", "  3.0 ", "\"3.0\"", "\"3.0\"", "\"3.0\""),
    ("str", "\"q\"", "\"\\\"q\\\"\"", "\"\\\"q\\\"\"", "\"\\\"q\\\"\""),
    ("str", "- a\n- b", "\"- a\\n- b\"", "\"- a\\n- b\"", "\"- a\\n- b\""),
    ("Optional[str]", "null", "null", "null", "null"),
    ("Optional[int]", "null", "null", "null", "null"),
    ("Optional[int]", "`7`", "-", "7", "7"),
    ("Union[int, str]", "3 apples", "\"3 apples\"", "\"3 apples\"", "\"3 apples\""),
    // Lists.
    ("list[str]", "[\"a\", \"b\"]", "[\"a\",\"b\"]", "[\"a\",\"b\"]", "[\"a\",\"b\"]"),
    ("list[str]", "['a', 'b']", "[\"a\",\"b\"]", "[\"a\",\"b\"]", "[\"a\",\"b\"]"),
    ("list[str]", "- a\n- b", "-", "[\"a\",\"b\"]", "[\"a\",\"b\"]"),
    ("list[str]", "* a\n* b", "-", "[\"a\",\"b\"]", "[\"a\",\"b\"]"),
    ("list[str]", "1. a\n2. b", "-", "[\"a\",\"b\"]", "[\"a\",\"b\"]"),
    ("list[str]", "1) a\n2) b", "-", "[\"a\",\"b\"]", "[\"a\",\"b\"]"),
    ("list[str]", "Here they are:\n- a, or\n- b", "-", "[\"a, or\",\"b\"]", "[\"a, or\",\"b\"]"),
    ("list[str]", "red, green, blue", "-", "[\"red\",\"green\",\"blue\"]", "[\"red\",\"green\",\"blue\"]"),
    ("list[str]", "red; green", "-", "[\"red\",\"green\"]", "[\"red\",\"green\"]"),
    ("list[str]", "red, green and blue", "-", "-", "[\"red, green and blue\"]"),
    ("list[str]", "I think, so I am.", "-", "-", "[\"I think, so I am.\"]"),
    ("list[str]", "red\ngreen", "-", "-", "[\"red\",\"green\"]"),
    ("list[str]", "red", "-", "-", "[\"red\"]"),
    ("list[str]", "null", "-", "-", "-"),
    ("list[str]", "[\"a\", null]", "-", "-", "-"),
    ("list[int]", "1. 5\n2. 7", "-", "[5,7]", "[5,7]"),
    ("list[int]", "1, 2, 3", "[1,2,3]", "[1,2,3]", "[1,2,3]"),
    ("list[int]", "- 5\n- x", "-", "-", "-"),
    ("list[int]", "5", "-", "-", "[5]"),
    ("list[int]", "[1, \"2\"]", "-", "[1,2]", "[1,2]"),
    ("list[int]", "[1] or [2]", "-", "-", "-"),
    ("list[Literal['a', 'b']]", "A, b", "-", "[\"a\",\"b\"]", "[\"a\",\"b\"]"),
    ("set[str]", "- a\n- a", "-", "{\"$set\":[\"a\"]}", "{\"$set\":[\"a\"]}"),
    ("tuple[int, str]", "(1, 'a')", "{\"$tuple\":[1,\"a\"]}", "{\"$tuple\":[1,\"a\"]}", "{\"$tuple\":[1,\"a\"]}"),
    // Mappings and other types.
    ("dict[str, int]", "{\"a\": 1}", "{\"a\":1}", "{\"a\":1}", "{\"a\":1}"),
    ("dict[str, int]", "{\"a\": \"1\"}", "-", "{\"a\":1}", "{\"a\":1}"),
    ("dict[str, int]", "null", "-", "-", "-"),
    ("datetime.date", "2024-05-06", "{\"$date\":\"2024-05-06\"}", "{\"$date\":\"2024-05-06\"}", "{\"$date\":\"2024-05-06\"}"),
    ("datetime.date", "05/06/2024", "-", "-", "-"),
    ("datetime.datetime", "2024-05-06T07:08:09Z", "{\"$datetime\":\"2024-05-06T07:08:09Z\"}", "{\"$datetime\":\"2024-05-06T07:08:09Z\"}", "{\"$datetime\":\"2024-05-06T07:08:09Z\"}"),
    ("datetime.timedelta", "P1DT2H", "{\"$timedelta_seconds\":93600.0}", "{\"$timedelta_seconds\":93600.0}", "{\"$timedelta_seconds\":93600.0}"),
    ("decimal.Decimal", "1.5", "{\"$decimal\":\"1.5\"}", "{\"$decimal\":\"1.5\"}", "{\"$decimal\":\"1.5\"}"),
    ("decimal.Decimal", "2 EUR", "-", "-", "{\"$decimal\":\"2\"}"),
    ("uuid.UUID", "12345678-1234-5678-1234-567812345678", "{\"$uuid\":\"12345678-1234-5678-1234-567812345678\"}", "{\"$uuid\":\"12345678-1234-5678-1234-567812345678\"}", "{\"$uuid\":\"12345678-1234-5678-1234-567812345678\"}"),
    ("bytes", "abc", "{\"$bytes\":\"YWJj\"}", "{\"$bytes\":\"YWJj\"}", "{\"$bytes\":\"YWJj\"}"),
    ("complex", "1+2j", "{\"$complex\":[1.0,2.0]}", "{\"$complex\":[1.0,2.0]}", "{\"$complex\":[1.0,2.0]}"),
    ("None", "null", "null", "null", "null"),
    ("None", "x", "-", "-", "-"),
];

const MOOD: &str = "Literal['positive', 'negative']";

#[test]
fn every_text_in_every_mode() {
    let mut wrong = String::new();
    for (ty, text, none, safe, aggressive) in TABLE {
        let expected = [none, safe, aggressive];
        for (mode, expected) in CoercionMode::ALL.iter().zip(expected) {
            let signature = Signature::parse(&format!("x -> y: {ty}")).unwrap();
            let reply =
                dspex_core::lm::Choice::text(format!("[[ ## y ## ]]\n{text}\n\n[[ ## completed ## ]]"));
            let policy = ParsePolicy::default().coercion(*mode);
            let chat = dspex_adapters::by_name("chat").unwrap();
            let found = chat.parse(&signature, &reply, &policy);
            let shown = match &found {
                Ok(parsed) => parsed.fields.to_tagged()["y"].to_string(),
                Err(_) => "-".to_owned(),
            };
            if shown != **expected {
                let _ = writeln!(
                    wrong,
                    "{ty} {text:?} {}: expected {expected}, found {shown} {found:?}",
                    mode.name()
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The table as the page shows it.
fn page_rows() -> Vec<String> {
    let code = |text: &str| {
        let text = text.replace('\n', "\\n");
        match text.as_str() {
            "-" => "error".to_owned(),
            text if text.contains('`') => format!("`` {text} ``"),
            text => format!("`{text}`"),
        }
    };
    let row = |(ty, text, none, safe, aggressive): &(&str, &str, &str, &str, &str)| {
        format!("| {ty} | {} | {} | {} | {} |", code(text), code(none), code(safe), code(aggressive))
    };
    TABLE.iter().map(row).collect()
}

#[test]
fn the_page_shows_this_table() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/parsing.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (_, table) =
        page.split_once("| type | text | none | safe | aggressive |\n|---|---|---|---|---|\n").unwrap();
    let shown: Vec<&str> = table.lines().take_while(|l| l.starts_with('|')).collect();
    assert!(shown == page_rows(), "expected in docs/parsing.md:\n{}", page_rows().join("\n"));
}

#[test]
fn a_percentage_is_what_the_bound_says() {
    let chat = dspex_adapters::by_name("chat").unwrap();
    for (ty, bound, text, expected) in [
        (FieldType::Float, Some(1.0), "85%", Some("0.85")),
        (FieldType::Float, Some(1.0), "**85 %**", Some("0.85")),
        (FieldType::Float, Some(100.0), "85%", Some("85.0")),
        (FieldType::Int, Some(100.0), "85%", Some("85")),
        (FieldType::Float, None, "85%", None),
        (FieldType::Float, Some(1.0), "-5%", Some("-0.05")),
    ] {
        let mut field = Field::output("p", ty);
        if let Some(bound) = bound {
            field = field.with_constraint(Constraint::le(bound));
        }
        let signature = Signature::new([Field::input("q", FieldType::Str), field]).unwrap();
        let reply = dspex_core::lm::Choice::text(format!("[[ ## p ## ]]\n{text}"));
        let found = chat.parse(&signature, &reply, &ParsePolicy::default());
        let shown = found.ok().map(|p| p.fields.to_tagged()["p"].to_string());
        assert_eq!(shown.as_deref(), expected, "{text} {bound:?}");
    }
}

#[test]
fn notes_say_what_became_of_what() {
    let signature = Signature::parse("x -> y: int").unwrap();
    let reply = dspex_core::lm::Choice::text("[[ ## y ## ]]\n**1,234**");
    let parsed =
        dspex_adapters::by_name("chat").unwrap().parse(&signature, &reply, &ParsePolicy::default()).unwrap();
    let note = &parsed.notes[0];
    assert_eq!((note.from.as_deref(), note.to.as_deref()), (Some("**1,234**"), Some("1234")));
    let table: &[(&str, &str, Expected)] =
        &[("x -> y: int", "[[ ## y ## ]]\n**1,234**", Ok(r#"{"y": 1234}"#))];
    check("chat", table, &ParsePolicy::default());
}
