//! How long the worst replies take: a megabyte of what readers look for, through every adapter and every kind of type.

use std::hint::black_box;
use std::time::Instant;

use dspex::adapters::ADAPTERS;
use dspex::lm::Choice;
use dspex::{ParsePolicy, Signature};

use crate::Measured;
use crate::measure::Figure;

/// How long a reply is, in bytes.
const LENGTH: usize = 1 << 20;

/// What fills it.
const UNITS: &[&str] = &[
    "[[ ## y ## ]]\n",
    "[[ ## completed ## ]] ",
    "[[ ## x ## ]]\n[[ ## y ## ]]\n",
    "text [[ ## y ## ]] ",
    "[[",
    "]]",
    "##",
    "{",
    "}",
    "{}",
    "{\"y\":",
    "{\"y\":1}",
    "{\"y\": 1, ",
    "{'y': ",
    "[",
    "]",
    "[]",
    "[1],",
    "[[1],",
    "(",
    ")",
    "\"",
    "'",
    "\"a\",",
    "\"\"",
    "\"a\":",
    "\\",
    "\\\"",
    "\\u12",
    "\\frac ",
    "```",
    "```\n",
    "```json\n",
    "`",
    ",",
    ", ",
    "1,",
    "1,234,",
    "1",
    "-",
    "- a\n",
    "1. ",
    "1 ",
    ".",
    ":",
    "a: b\n",
    "y: ",
    "<",
    "<think>",
    "</think>",
    "<think>\n</think>\n",
    "<y>",
    "</y>",
    "<y>a</y>",
    "a",
    "a ",
    "\n",
    " ",
    "#",
    "// ",
    "/*",
    "/* */",
    "*",
    "**a** ",
    "“",
    "„a”",
    "null",
    "true ",
    "\u{2028}",
    "é",
    "positive ",
    "positive, ",
    "answer ",
    "1e9",
    "0x",
    "{\"a\": \"b",
    "{\"a\" \"b\"",
    "[\"a\" ",
    "b'\\x00' ",
    "(1, ",
    "+",
    "1+",
    "...",
    "\"\"\"",
    "'''",
    "{1: ",
    "{1,",
    "%",
    "2024-",
    "T",
    "P1",
    "and, ",
];

/// The types, by what signatures call them.
const TYPES: &[&str] = &[
    "str",
    "int",
    "float",
    "bool",
    "None",
    "Any",
    "bytes",
    "complex",
    "datetime.datetime",
    "datetime.timedelta",
    "decimal.Decimal",
    "uuid.UUID",
    "Literal['positive', 'negative']",
    "Optional[str]",
    "Optional[int]",
    "Union[int, str]",
    "Union[list[int], dict[str, Any]]",
    "list[str]",
    "set[int]",
    "tuple[int, ...]",
    "dict[str, Any]",
    "list[list[int]]",
];

pub(crate) fn hostile() -> Measured {
    let mut worst: Vec<(f64, String)> = Vec::new();
    for (adapter, make) in ADAPTERS {
        let adapter = (adapter, make(std::sync::Arc::default()));
        for ty in TYPES {
            let signature = Signature::parse(&format!("x -> y: {ty}"))?;
            for unit in UNITS {
                for head in ["", "[[ ## y ## ]]\n", "{\"y\": "] {
                    for policy in [ParsePolicy::default(), ParsePolicy::compat()] {
                        let text = format!("{head}{}", unit.repeat(LENGTH / unit.len()));
                        let choice = Choice::text(text);
                        let millis = || {
                            let started = Instant::now();
                            let _ = black_box(adapter.1.parse(&signature, black_box(&choice), &policy));
                            started.elapsed().as_secs_f64() * 1e3
                        };
                        let mut taken = millis();
                        // A busy machine is slow once; what is slow is slow again.
                        for _ in 0..3 {
                            if taken > 40.0 && taken < 200.0 {
                                taken = taken.min(millis());
                            }
                        }
                        let what = format!("{} {ty} {head:?} {unit:?} {}", adapter.0, policy.name());
                        worst.push((taken, what));
                    }
                }
            }
        }
    }
    worst.sort_by(|a, b| b.0.total_cmp(&a.0));
    if std::env::var("HOSTILE_ALL").is_ok() {
        for w in worst.iter().take(150) {
            eprintln!("{:8.1} {}", w.0, w.1);
        }
    }
    let figure = |(value, what): &(f64, String)| Figure {
        name: what.clone(),
        value: *value,
        unit: "ms",
        at_most: 50.0,
    };
    Ok(worst.iter().take(3).map(figure).collect())
}
