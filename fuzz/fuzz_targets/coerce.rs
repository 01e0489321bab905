//! Any text as a value of any type, in every way to read it.

#![no_main]

use std::sync::LazyLock;

use dspex_adapters::conformance::coerce_text;
use dspex_core::{CoercionMode, FieldType, ParsePolicy, Signature};
use libfuzzer_sys::fuzz_target;

static TYPES: LazyLock<Vec<FieldType>> = LazyLock::new(|| {
    [
        "int", "float", "bool", "str", "bytes", "complex", "Any", "None", "datetime.datetime", "datetime.date",
        "datetime.time", "datetime.timedelta", "decimal.Decimal", "uuid.UUID", "Literal['a', 'B b', 3]", "Optional[str]",
        "Optional[int]", "Union[int, str, list[int]]", "list[str]", "set[int]", "tuple[int, str]", "dict[int, str]",
        "list[dict[str, Any]]", "frozenset[str]",
    ]
    .iter()
    .map(|ty| Signature::parse(&format!("x -> y: {ty}")).expect("a type").outputs()[0].ty.clone())
    .collect()
});

fuzz_target!(|input: (u8, &str)| {
    let (pick, text) = input;
    let ty = &TYPES[usize::from(pick) % TYPES.len()];
    let read = |policy: &ParsePolicy| coerce_text(text, ty, policy);
    let _ = read(&ParsePolicy::compat());
    let strict = read(&ParsePolicy::default().coercion(CoercionMode::None));
    let safe = read(&ParsePolicy::default());
    let _ = read(&ParsePolicy::default().coercion(CoercionMode::Aggressive));
    // What needs no coercion is not changed by it, but for lines with bullets: in them, JSON may be found, too.
    let may_be_bullets = text.contains(['-', '*', '+', '.', ')', '\u{2022}', '\u{2013}', '\u{25e6}']);
    if let (Ok(value), false) = (strict, may_be_bullets) {
        assert_eq!(safe.ok(), Some(value), "{text:?} as {}", ty.name());
    }
});
