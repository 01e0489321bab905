//! Python literals, as `ast.literal_eval` of Python 3.11 was seen to read them.

use dspex_core::Value;

use crate::parse::literal_eval::{LiteralError, literal_eval};

fn gives(text: &str, repr: &str) {
    let value = literal_eval(text).unwrap_or_else(|e| panic!("{text:?}: {e:?}"));
    assert_eq!(value.to_repr().expect("a plain value"), repr, "{text:?}");
}

#[test]
fn literals_are_read() {
    for (text, repr) in [
        ("1", "1"),
        (" \t1", "1"),
        ("\n1\n  \n", "1"),
        ("1 # c", "1"),
        ("0x_ff", "255"),
        ("0b1_0", "2"),
        ("0O17", "15"),
        ("000", "0"),
        ("0777.5", "777.5"),
        ("1_0.0_1e1_0", "100100000000.0"),
        ("- 5", "-5"),
        ("+.5", "0.5"),
        ("1e400", "inf"),
        ("2J", "2j"),
        ("(-1)-2j", "(-1-2j)"),
        ("None", "None"),
        ("1,", "(1,)"),
        ("1, True", "(1, True)"),
        ("(1)", "1"),
        ("()", "()"),
        ("[1,\n 2,]", "[1, 2]"),
        ("{1, 1.0, True, 2}", "{1, 2}"),
        ("set()", "set()"),
        ("{1: 'a', True: 'b'}", "{1: 'b'}"),
        ("{}", "{}"),
        (r#"'a' "b" u'c'"#, "'abc'"),
        (
            r"'\x41\101\u00e9\n\q\'\
'",
            r#""AAé\n\\q'""#,
        ),
        (r"r'\x41\''", r#""\\x41\\'""#),
        ("'''a\r\nb'''", r"'a\nb'"),
        (r"b'a\xff\777'", r"b'a\xff\xff'"),
        ("(1,\\\n2)", "(1, 2)"),
    ] {
        gives(text, repr);
    }
}

#[test]
fn what_is_no_literal() {
    for text in [
        "",
        " ",
        "abc",
        "007",
        "1_",
        "1__0",
        "0x",
        "1e",
        "1 2",
        "1\n2",
        "\n 1",
        "1\n ",
        "--1",
        "-True",
        "-(-1)",
        "1+1",
        "1+2j+3j",
        "2j+1",
        "[1 2]",
        "[,]",
        "{1: }",
        "{1, 2: 3}",
        "'a",
        "'a\nb'",
        "'a' b'c'",
        r"'\x4'",
        r"'\u12'",
        "b'é'",
        "f'x'",
        "x()",
        "set(1)",
        "[x for x in y]",
        "1 if True else 2",
        "(1",
        "1)",
        "1;",
        "\0",
        "True1",
        "1.real",
        "\u{a0}1",
        "１",
        "'\\",
    ] {
        assert_eq!(literal_eval(text), Err(LiteralError::NotLiteral), "{text:?}");
    }
}

#[test]
fn what_python_reads_and_nobody_can_keep() {
    for text in ["...", "[1, ...]", "{[1]}", "{{}: 1}", r"'\ud800'"] {
        assert_eq!(literal_eval(text), Err(LiteralError::NoValue), "{text:?}");
    }
}

#[test]
fn depth_and_length_are_bounded_as_in_python() {
    let nested = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
    assert!(literal_eval(&nested(200)).is_ok());
    assert_eq!(literal_eval(&nested(201)), Err(LiteralError::NotLiteral));
    assert_eq!(literal_eval(&"(".repeat(1_000_000)), Err(LiteralError::NotLiteral));
    assert!(matches!(literal_eval(&"1".repeat(4300)), Ok(Value::Int(_))));
    assert_eq!(literal_eval(&"1".repeat(4301)), Err(LiteralError::NotLiteral));
}
