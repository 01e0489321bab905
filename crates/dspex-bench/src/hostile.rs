//! How long the worst replies take: a megabyte of what readers look for, through every adapter and every kind of type.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use dspex::adapters::ADAPTERS;
use dspex::lm::Choice;
use dspex::{Adapter, ParsePolicy, Signature};

use crate::Measured;
use crate::measure::Figure;

/// How long a reply is, in bytes.
const LENGTH: usize = 1 << 20;

/// The longest that one may take, in milliseconds.
const AT_MOST: f64 = 50.0;

/// What fills it, a JSON string a line; the tests of the adapters read it, too.
const UNITS: &str = include_str!("hostile.jsonl");

/// What stands before it.
const HEADS: [&str; 3] = ["", "[[ ## y ## ]]\n", "{\"y\": "];

/// The types, as signatures write them.
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

/// The three slowest of all, over every adapter, type, head and filling, by default and in compat.
pub(crate) fn hostile() -> Measured {
    let units: Vec<String> = UNITS.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let adapters: Vec<Arc<dyn Adapter>> = ADAPTERS.iter().map(|(_, make)| make(Arc::default())).collect();
    let mut found: Vec<(f64, String)> = Vec::new();
    for unit in &units {
        for head in HEADS {
            let choice = Choice::text(format!("{head}{}", unit.repeat(LENGTH / unit.len())));
            for ty in TYPES {
                let signature = Signature::parse(&format!("x -> y: {ty}"))?;
                for adapter in &adapters {
                    for policy in [ParsePolicy::default(), ParsePolicy::compat()] {
                        let taken = millis(&**adapter, &signature, &choice, &policy);
                        let what = format!("1 MB of {unit:?}: {ty}, {}, {}", adapter.name(), policy.name());
                        found.push((taken, what));
                    }
                }
            }
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let figure = |(value, name): (f64, String)| Figure { name, value, unit: "ms", at_most: AT_MOST };
    Ok(found.into_iter().take(3).map(figure).collect())
}

/// The time of one reading. What the machine made slow is quick the second or third time.
fn millis(adapter: &dyn Adapter, signature: &Signature, choice: &Choice, policy: &ParsePolicy) -> f64 {
    let once = || {
        let started = Instant::now();
        let _ = black_box(adapter.parse(signature, black_box(choice), policy));
        started.elapsed().as_secs_f64() * 1e3
    };
    let first = once();
    if first <= AT_MOST { first } else { first.min(once()).min(once()) }
}
