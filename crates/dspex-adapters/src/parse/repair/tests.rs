//! Tests of the repair as a whole: observed results of `json_repair` 0.64.4, flags, refusals, and properties.

use std::fmt::Write as _;

use dspex_core::Value;
use dspex_core::value::{Dict, Int};
use proptest::prelude::*;

use super::chars::{is_alnum, is_alpha, is_digit, is_space};
use super::{RepairError, Repaired, loads};

/// Broken texts, and what Python makes of them, as strict JSON.
const OBSERVED: &[(&str, &str)] = &[
    ("{'a': 1}", r#"{"a": 1}"#),
    ("{a: 1}", r#"{"a": 1}"#),
    (r#"{"a": 1,}"#, r#"{"a": 1}"#),
    ("[1, 2", "[1, 2]"),
    (r#"{"a": [1, 2"#, r#"{"a": [1, 2]}"#),
    (r#"{"a": "b"#, r#"{"a": "b"}"#),
    (" ", r#""""#),
    ("True", r#""""#),
    ("+1", r#""""#),
    ("01", r#""""#),
    ("1,000", r#""""#),
    ("'str'", r#""""#),
    (r#""unterminated"#, r#""""#),
    ("```\n[1]\n```", "[1]"),
    (r#"text {"a": 1} more"#, r#"{"a": 1}"#),
    ("{\"a\": 1}\n{\"b\": 2}", r#"[{"a": 1}, {"b": 2}]"#),
    ("[1] [2]", "[2]"),
    (r#"{"a": "x" "b": "y"}"#, r#"{"a": "x", "b": "y"}"#),
    (r#"{"a": "he said "hi""}"#, r#"{"a": "he said \"hi\""}"#),
    (r#"{"a": "it's",}"#, r#"{"a": "it's"}"#),
    (r#"{"a": "C:\dir"}"#, r#"{"a": "C:\\dir"}"#),
    (r#"{"a": "\x41", 'b': "\ud83d\ude00"}"#, r#"{"a": "A", "b": "\ud83d\ude00"}"#),
    ("{\"a\": /* c */ 1 // d\n}", r#"{"a": 1}"#),
    (r#"{"a": True, "b": None, "c": falSE}"#, r#"{"a": true, "b": null, "c": false}"#),
    ("{“a”: “b”}", r#"{"a": "b"}"#),
    (r#"{"a": ...}"#, r#"{"a": "..."}"#),
    (r#"{"a":}"#, r#"{"a": ""}"#),
    ("()", "[]"),
    ("(1, 2)", "[1, 2]"),
    ("(1)\n", "1"),
    ("{1, 2}", "[1, 2]"),
    (r#"["a" "b"]"#, r#"["a", "b"]"#),
    (r#"{"a": 1}}"#, r#"{"a": 1}"#),
    (r#"{"a": [1, 2}"#, r#"{"a": [1, 2]}"#),
    (r#"{"a": "b\"#, r#"{"a": "b\\"}"#),
    (r#"{"a": "x, "b": 1}"#, r#"{"a": "x", "b": 1}"#),
    (
        r#"{"a": 1.2.3, "b": 2024-01-01, "c": 1_000, "d": 1/2, "e": 1,5}"#,
        r#"{"a": "1.2.3", "b": "2024-01-01", "c": 1000, "d": "1/2", "e": "1,5"}"#,
    ),
    (r#"{"a": -}"#, r#"{"a": ""}"#),
    ("I think {not json} but [maybe]", r#"["not json} but [maybe"]"#),
    (r#"{"a": b"bytes"}"#, r#"{"a": "b"}"#),
    (r#"{"a": """triple"""}"#, r#"{"a": "", "triple": ""}"#),
    (r#"{"a": 'mixed"}"#, r#"{"a": "mixed\""}"#),
    (r#"{"a": true false}"#, r#"{"a": true}"#),
    (r#"{{"a": 1}}"#, r#"{"a": 1}"#),
    (r#"[{"a": 1 "a": 2}]"#, r#"[{"a": 1}, {"a": 2}]"#),
    (r#"[{"a": 1, "a": 2},]"#, r#"[{"a": 2}]"#),
    (r#"[{"a": 1 a: 2}, 3]"#, r#"[{"a": 1}, {"a": 2}, 3]"#),
    (r#"{"k": [1], [2, 3], "m": 4}"#, r#"{"k": [1, 2, 3], "m": 4}"#),
    (r#"{"k": [[1, 2], 3, 4], [[5, 6]]}"#, r#"{"k": [[1, 2], [3, 4], [5, 6]]}"#),
    (r#"{"k": [[1, 2]], [3, "x"]}"#, r#"{"k": [[1, 2], [3, "x"]]}"#),
    (r#"{\"a\": \"b\"}"#, r#"{"a": "b"}"#),
    (r#""a": 1, "b": {"c": 2}}"#, r#"{"a": 1, "b": {"c": 2}}"#),
    (r#"{"a": 1}, "b": 2}"#, r#"{"a": 1, "b": 2}"#),
    (r#"{"a": 1}, {"a": 2}"#, r#"[{"a": 1}, {"a": 2}]"#),
    (r#"{"a": ["x", "y", "b": 1}"#, r#"{"a": ["x", "y"], "b": 1}"#),
    (r#"["x", "y": 1, "z"]"#, r#"["x", {"y": 1, "z": ""}]"#),
    (r#"[1, ..., "..."]"#, r#"[1, "..."]"#),
    (r#"{"a": ""quoted" text", "b": 1}"#, r#"{"a": "\"quoted\" text", "b": 1}"#),
    (r#"{"a": "„low” and „low", "b": 1,}"#, r#"{"a": "„low” and „low", "b": 1}"#),
    (r#"{"a": "x [a-z"'] y", "b": 1}"#, r#"{"a": "x [a-z\"'] y", "b": 1}"#),
    (r#"{"a": "if (x) { y } else", "b": "z}"#, r#"{"a": "if (x) { y } else", "b": "z"}"#),
    (r#"{"a": "one, two: three, {four}", b: c d}"#, r#"{"a": "one, two: three, {four}", "b": "c d"}"#),
    (r#"{"a": "t, k: 1, u",}"#, r#"{"a": "t, k: 1, u"}"#),
    (r#"{"a": "x } ``` y", "b": 1,}"#, r#"{"a": "x } ``` y", "b": 1}"#),
    ("```json\n{\"a\": \"b}\n```", r#"{"a": "b"}"#),
    (r#"{"a": "```json {"b": 1} ``` "}"#, r#"{"a": {"b": 1}}"#),
    (r#"{"a": 1 # c}"#, r#"{"a": 1}"#),
    ("# h\n{\"a\": 1} # t", r#"{"a": 1}"#),
    (r#"["a "quoted" word", "b"]"#, r#"["a \"quoted\" word", "b"]"#),
    ("[a, 'b, c]", r#"["a", "b, c"]"#),
    ("{a b: 1, c: 2}", r#"{"b": 1, "c": 2}"#),
    (r#"{"a" 1, "b": 2}"#, r#"{"a\" 1, \"b": 2}"#),
    (r#"{"a", "b"}"#, r#"["a", "b"]"#),
    (r#"{"": 1, : 2}"#, r#"{"": 1}"#),
    ("{\"a\": \"x\n\"  , \"b\": y\n}", r#"{"a": "x", "b": "y"}"#),
    (r#"{"a": ½, "b": ²}"#, r#"{"a": "b"}"#),
    ("\u{feff}{\"a\": 1}", r#"{"a": 1}"#),
    ("note (see above)\n(1, 2)", "[1, 2]"),
    (r#"{"日本": 語}"#, r#"{"日本": "語"}"#),
    (r#"{"a": Infinity, "b": -1e400, "c": NaN,}"#, r#"{"a": "Infinity", "b": -Infinity, "c": "NaN"}"#),
    (r#"{"a": {"b": {"c": 1}"#, r#"{"a": {"b": {"c": 1}}}"#),
    (r#"{"a": "b"]"#, r#"{"a": "b"}"#),
    (r#"[{"a": 1], 2]"#, r#"[{"a": 1}]"#),
    (r#"{"a": "\u12", "b": "\q"}"#, r#"{"a": "\\u12", "b": "\\q"}"#),
    (r#"{"a": "say \"hi\"", "b": \"x\"}"#, r#"{"a": "say \"hi\"", "b": "x\""}"#),
    (r#"var x = {"a": 1};"#, r#"{"a": 1}"#),
    (r#"{"a": "b" /* open"#, r#"{"a": "b"}"#),
];

fn read(text: &str) -> Repaired {
    loads(text).unwrap_or_else(|e| panic!("{text:?}: {e}"))
}

#[test]
fn mends_as_python_does() {
    for (text, expected) in OBSERVED {
        let expected = read(expected);
        assert!(!expected.repaired, "the expected value is not JSON: {expected:?}");
        let found = read(text);
        assert_eq!(found.value, expected.value, "{text:?}");
        assert!(found.repaired, "{text:?}");
    }
}

#[test]
fn keeps_the_order_of_members() {
    let Value::Dict(d) = read("{z: 1, 'a': 2, m: 3, z: 4}").value else { panic!("not a dict") };
    let keys: Vec<_> = d.iter().filter_map(|(k, _)| k.as_str()).collect();
    assert_eq!(keys, ["z", "a", "m"]);
    assert_eq!(d.get_str("z"), Some(&Value::from(4)));
}

#[test]
fn reads_strict_json_as_python_does() {
    let cases = [
        (" null\n", Value::None),
        ("true", Value::Bool(true)),
        ("-0", Value::from(0)),
        ("-0.0", Value::Float(0.0)),
        ("1E400", Value::Float(f64::INFINITY)),
        ("NaN", Value::Float(f64::NAN)),
        ("-Infinity", Value::Float(f64::NEG_INFINITY)),
        ("[Infinity, 1.5e-3]", Value::List(vec![Value::Float(f64::INFINITY), Value::Float(0.0015)])),
        (r#""\u00e9\ud83d\ude00\/\b\f""#, Value::from("é😀/\u{8}\u{c}")),
    ];
    for (text, value) in cases {
        assert_eq!(read(text), Repaired { value, repaired: false, dropped: false }, "{text:?}");
    }
    let big = "1".repeat(4300);
    let expected: Int = big.parse().expect("a number");
    assert_eq!(read(&big).value, Value::Int(expected));
}

#[test]
fn is_no_more_lenient_than_strict_json() {
    for text in
        ["1.", "01", "-", "[1,]", "{\"a\":1,}", "\"a\tb\"", "\"\\x\"", "\u{a0}1", "[1]x", "nul", "-Inf", ""]
    {
        assert!(read(text).repaired, "{text:?}");
    }
}

#[test]
fn tells_what_was_dropped() {
    let cases = [
        ("{'a': 1}", false),
        ("{\"a\": [1, 2", false),
        ("```json\n{\"a\": 1,}\n```", false),
        ("{\"a\": 1}{\"b\": 2}", false),
        ("Answer: {\"a\": 1}", true),
        ("{\"a\": 1} done", true),
        ("[1] [2]", true),
        ("{'a': 1 // remark\n}", true),
        ("{'a': 1, 'a': 2}", true),
        ("{'a': true false}", true),
        ("['x', ...]", true),
        ("{'a': 1, 'b'}", true),
        ("{'a', 'b'}", false),
        ("True", true),
        ("", false),
    ];
    for (text, dropped) in cases {
        assert_eq!(read(text).dropped, dropped, "{text:?}");
    }
    let repeated = read(r#"{"a": 1, "a": 2}"#);
    assert!(repeated.dropped && !repeated.repaired);
}

#[test]
fn replaces_half_a_surrogate_pair() {
    for text in [r#"["\ud83d"]"#, r"['\ud83d']", r#"["\ude00"]"#] {
        let read = read(text);
        assert_eq!(read.value, Value::from(vec!["\u{fffd}"]), "{text:?}");
        assert!(read.repaired && read.dropped, "{text:?}");
    }
    assert_eq!(read(r"['\ud83d\ude00']").value, Value::from(vec!["😀"]));
}

#[test]
fn refuses_what_python_refuses() {
    let digits = "1".repeat(4301);
    assert_eq!(loads(&format!("x {{\"a\": {digits}}} y")), Err(RepairError::TooManyDigits));
    // Where the object itself has to be mended, the number stays text.
    assert_eq!(read(&format!("[{digits},]")).value, Value::from(vec![digits]));
    assert_eq!(loads("{'```json [1] ```': 1}"), Err(RepairError::KeyNotText));
}

#[test]
fn bounds_depth_on_a_small_stack() {
    let openings = [
        "[",
        "{\"a\":",
        "{'a':",
        "(",
        "{",
        "[1,",
        "[{\"a\":",
        "['x',",
        "/a",
        "# a\nb\n",
        "{'a': [{b: (",
        "{\"```json [",
    ];
    let check = move || {
        for opening in openings {
            assert_eq!(loads(&opening.repeat(1000)), Err(RepairError::TooDeep), "{opening:?}");
            let within = opening.repeat(60);
            assert_ne!(loads(&within), Err(RepairError::TooDeep), "{opening:?}");
        }
        let deep = format!("{}{}", "[".repeat(900), "]".repeat(900));
        assert!(!read(&deep).repaired);
        for (opening, levels) in [("[", 330), ("{\"a\":", 247), ("(", 247), ("{", 166)] {
            assert!(loads(&opening.repeat(levels)).is_ok(), "{opening:?}");
            assert!(loads(&opening.repeat(levels + 2)).is_err(), "{opening:?}");
        }
    };
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(check).expect("a thread");
    thread.join().expect("no overflow and no failed assertion");
}

#[test]
fn gives_up_on_long_tangles() {
    assert_eq!(loads(&"{1},".repeat(20_000)), Err(RepairError::TooTangled));
    // Long, but not tangled: all of these need one look ahead for each of many places.
    for (start, unit) in
        [("[", "\"a\" 1 "), ("[{\"a\": 1 ", "\"a\": 2 "), ("[\"", "a\"b\" "), ("{\"a\": \"", "x, y } ")]
    {
        assert!(loads(&format!("{start}{}", unit.repeat(10_000))).is_ok(), "{start:?} {unit:?}");
    }
}

#[test]
fn classes_of_characters_are_those_of_python() {
    for c in ['é', '日', 'ª', 'ᾳ'] {
        assert!(is_alpha(c) && is_alnum(c), "{c:?}");
    }
    // A mark, a letter-like number, a circled letter: letters for Rust only.
    for c in ['ा', 'ⅷ', 'ⓐ'] {
        assert!(!is_alpha(c), "{c:?}");
    }
    assert!(is_alnum('ⅷ') && is_alnum('½') && !is_alnum('ा'));
    assert!(is_digit('٣') && is_digit('²') && is_digit('①') && !is_digit('½'));
    assert!(is_space('\u{1c}') && is_space('\u{a0}') && is_space('\u{85}') && !is_space('\u{200b}'));
}

/// Writes a value as strict JSON.
fn write(value: &Value, out: &mut String) {
    match value {
        Value::None => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Int(i) => out.push_str(&i.to_string()),
        Value::Float(f) => out.push_str(&format!("{f:?}").replace("inf", "Infinity")),
        Value::Str(s) => write_text(s, out),
        Value::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                write(item, out);
            }
            out.push(']');
        }
        Value::Dict(members) => {
            out.push_str("{\n");
            for (i, (key, item)) in members.iter().enumerate() {
                out.push_str(if i > 0 { ",\t" } else { "" });
                write(key, out);
                out.push_str(" :");
                write(item, out);
            }
            out.push_str("\r\n}");
        }
        other => panic!("not JSON: {other:?}"),
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' || (c > '\u{ffff}' && u32::from(c) % 2 == 0) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04X}").expect("writing to text");
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::None),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<i128>().prop_map(|i| Value::Int(Int::from(i))),
        any::<f64>().prop_map(Value::Float),
        any::<String>().prop_map(Value::Str),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::List),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|m| Value::Dict(m.into_iter().map(|(k, v)| (Value::Str(k), v)).collect::<Dict>())),
        ]
    })
}

/// Pieces that JSON, and what is mistaken for it, consists of.
const PIECES: &[&str] = &[
    "\"", "\"", "'", "“", "”", "„", "{", "}", "[", "]", "(", ")", ",", ":", "\\", "\\\"", "\n", " ", "`",
    "```json", "```", "#", "//", "/*", "*/", "...", "-", "1", "2.5", "1e", "a", "key", "true", "None",
    "\\u0041", "\\ud83d", "\\x4", "é", "😀", "½", "²", "\u{a0}", "\0", "\"a\": ", "'k': 'v'", ", b: ",
    "[1], ", "{1}",
];

/// Texts made of such pieces.
fn jsonish() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..60).prop_map(|p| p.concat())
}

proptest! {
    #[test]
    fn never_panics_on_text(text in any::<String>()) {
        let _ = loads(&text);
        let _ = loads(&format!("{{\"a\": {text}"));
    }

    #[test]
    fn never_panics_on_near_json(text in jsonish()) {
        let _ = loads(&text);
        let _ = loads(&format!("[{{\"a\": 1 {text}"));
    }

    #[test]
    fn reads_json_as_it_stands(value in json()) {
        let mut text = String::new();
        write(&value, &mut text);
        let read = loads(&text);
        prop_assert_eq!(read, Ok(Repaired { value, repaired: false, dropped: false }), "{}", text);
    }

    #[test]
    fn finds_json_in_prose(value in json()) {
        let mut text = "Here it is:\n```json\n".to_owned();
        write(&Value::List(vec![value.clone()]), &mut text);
        text.push_str("\n```\nThat is all.");
        let read = loads(&text);
        prop_assert_eq!(read, Ok(Repaired { value: Value::List(vec![value]), repaired: true, dropped: true }));
    }
}
