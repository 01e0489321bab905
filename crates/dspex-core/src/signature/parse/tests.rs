//! What string signatures are read as, and how errors point at the fault.

use super::{GrammarRule, SignatureParser};
use crate::{FieldType, Signature};

fn types(text: &str) -> Vec<String> {
    Signature::parse(text).unwrap().fields().map(|f| f.ty.annotation()).collect()
}

#[test]
fn types_are_read_in_every_spelling() {
    let table: [(&str, &[&str]); 12] = [
        ("a: List[str] -> b: Dict[str,int]", &["list[str]", "dict[str, int]"]),
        ("a: int|str|None -> b", &["Union[int, str, None]", "str"]),
        ("a: tuple[int,...] -> b: tuple", &["tuple[int, ...]", "tuple"]),
        (
            "a: typing.Optional[int] -> b: Union[str, Union[int,None]]",
            &["Optional[int]", "Union[str, int, None]"],
        ),
        ("a: Annotated[int, 5, (1, 2)] -> b", &["int", "str"]),
        ("a: (int) -> b: tuple[()]", &["int", "tuple[()]"]),
        ("a: Literal['a' 'b', 1, True, None] -> b", &["Literal['ab', 1, True, None]", "str"]),
        ("a: Literal[Literal['x'],'y','x'] -> b", &["Literal['x', 'y']", "str"]),
        ("a: str # words\n -> b", &["str", "str"]),
        ("a: datetime.datetime -> b: uuid.UUID", &["datetime.datetime", "uuid.UUID"]),
        ("a: dspy.Image -> b: dspy.Code['java']", &["dspy.Image", "dspy.Code['java']"]),
        ("a: Literal[-1, 0x10] -> b: Literal['->']", &["Literal[-1, 16]", "Literal['->']"]),
    ];
    for (text, expected) in table {
        assert_eq!(types(text), expected, "{text}");
    }
}

#[test]
fn an_annotation_reads_back_as_the_same_type() {
    for text in
        ["list[dict[str, Any]]", "Optional[Literal['a', \"it's\"]]", "tuple[int, ...]", "Union[int, str]"]
    {
        let s = Signature::parse(&format!("a -> b: {text}")).unwrap();
        assert_eq!(s.outputs()[0].ty.annotation(), text);
    }
}

#[test]
fn errors_point_at_the_fault() {
    let table = [
        ("a -> b -> c", 7, "one `->` between inputs and outputs"),
        ("question", 8, "one `->` between inputs and outputs"),
        ("a b -> c", 2, "`,` or the end of the fields"),
        ("a: -> b", 3, "a type"),
        ("a -> ,", 5, "a field name"),
        ("a: list[ -> b", 9, "a type"),
        ("1a -> b", 0, "a name, a type or punctuation"),
        ("a -> a", 5, "a name that no input has"),
        ("a: int() -> b", 6, "a type; `int(...)` would be a call"),
        ("a: dict[str] -> b", 3, "2 types in the brackets of `dict`"),
        ("a: 'int' -> b", 3, "a type"),
        ("a: List -> b", 3, "a type"),
        ("a: Literal['x -> b", 11, "a text with its closing quote"),
        ("a -> b; import os", 6, "a name, a type or punctuation"),
        ("a: int = 'x' -> b", 9, "a default of type int for `a`"),
    ];
    for (text, offset, expected) in table {
        let e = Signature::parse(text).unwrap_err();
        assert_eq!((e.offset, e.expected.as_str()), (offset, expected), "{text}: {e}");
    }
}

#[test]
fn what_dspy_loses_is_refused_by_name_and_read_under_compat() {
    let table = [
        ("*a, b -> c", GrammarRule::StarredArguments, " -> c"),
        ("a, /, b -> c", GrammarRule::PositionalOnly, "b -> c"),
        ("a, b, a -> c", GrammarRule::DuplicateName, "a, b -> c"),
        ("a ->", GrammarRule::NoOutputs, "a -> "),
    ];
    for (text, rule, under_compat) in table {
        assert_eq!(Signature::parse(text).unwrap_err().rule, Some(rule), "{text}");
        assert_eq!(SignatureParser::new().compat().parse(text).unwrap().to_string(), under_compat, "{text}");
    }
}

#[test]
fn what_dspy_cannot_have_is_refused_under_compat_only() {
    let table = [
        ("signature -> instructions", GrammarRule::ReservedName),
        ("_a -> b", GrammarRule::ReservedName),
        ("class -> b", GrammarRule::KeywordName),
        ("a: Literal[-1] -> b", GrammarRule::NegativeLiteral),
    ];
    for (text, rule) in table {
        assert!(Signature::parse(text).is_ok(), "{text}");
        assert_eq!(SignatureParser::new().compat().parse(text).unwrap_err().rule, Some(rule), "{text}");
    }
}

#[test]
fn a_default_is_kept_here_and_dropped_under_compat() {
    let text = "a: int = 5 -> b";
    assert_eq!(Signature::parse(text).unwrap().inputs()[0].default, Some(5.into()));
    assert_eq!(SignatureParser::new().compat().parse(text).unwrap().inputs()[0].default, None);
    let compat = |text: &str| SignatureParser::new().compat().parse(text);
    assert_eq!(compat("a, b: int = Field(gt=(1, 2)), c='x' -> d").unwrap().to_string(), "a, b, c -> d");
    assert_eq!(compat("a: int = 1, b -> c").unwrap_err().class, "SyntaxError");
    assert!(!compat("a: NoneType -> b").unwrap().inputs()[0].type_undefined);
    let none = SignatureParser::new().compat().parse("a -> b: None").unwrap();
    assert_eq!(none.outputs()[0].ty, FieldType::Str);
}

#[test]
fn an_escaped_quote_does_not_end_a_text() {
    let s = Signature::parse(r"a: Literal['it\'s', 'x -> y'] -> b").unwrap();
    assert_eq!(s.inputs()[0].ty, FieldType::literal(["it's", "x -> y"]));
}
