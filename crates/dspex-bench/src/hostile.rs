//! How long the worst replies take: a megabyte of what readers look for, through every adapter and every kind of type.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use dspex::adapters::ADAPTERS;
use dspex::lm::Choice;
use dspex::{Adapter, ParsePolicy, Signature};

use crate::Measured;
use crate::measure::{Figure, busy};
use crate::texts::fillings;

/// How long a reply is, in bytes.
const LENGTH: usize = 1 << 20;

/// The longest that one may take of the time of the processor, in milliseconds.
const AT_MOST: f64 = 50.0;

/// A text so many times shorter is read first. One that would still be far from the bound is not read in full.
const SHORTER: usize = 32;

/// What stands before it.
const HEADS: [&str; 5] = ["", "[[ ## y ## ]]\n", "{\"y\": ", "{\"y\": [", "<y>"];

/// The types, as signatures write them: one for each way of reading.
const TYPES: &[&str] = &[
    "str",
    "int",
    "bool",
    "Any",
    "datetime.datetime",
    "Literal['positive', 'negative']",
    "Optional[str]",
    "Union[list[int], dict[str, Any]]",
    "list[str]",
    "set[int]",
    "dict[str, Any]",
    "list[list[int]]",
];

/// The slowest of each adapter, over every type, head and filling, by default and in compat.
pub(crate) fn hostile() -> Measured {
    let adapters: Vec<Arc<dyn Adapter>> = ADAPTERS.iter().map(|(_, make)| make(Arc::default())).collect();
    let signatures = TYPES.iter().map(|ty| Signature::parse(&format!("x -> y: {ty}")));
    let signatures = signatures.collect::<Result<Vec<_>, _>>()?;
    let mut slowest: BTreeMap<&str, (f64, String)> = BTreeMap::new();
    for filling in fillings()? {
        for head in HEADS {
            let reply = |length: usize| Choice::text(format!("{head}{}", filling.text(length)));
            let (whole, part) = (reply(LENGTH), reply(LENGTH / SHORTER));
            for (signature, ty) in signatures.iter().zip(TYPES) {
                for adapter in &adapters {
                    for policy in [ParsePolicy::default(), ParsePolicy::compat()] {
                        let taken = |choice| millis(&**adapter, signature, choice, &policy);
                        let expected = taken(&part) * SHORTER as f64;
                        let found = if expected > AT_MOST / 2.0 { taken(&whole) } else { expected };
                        let worst = slowest.entry(adapter.name()).or_default();
                        if found > worst.0 {
                            let name = format!(
                                "{}: 1 MB of {filling} behind {head:?}, {ty}, {}",
                                adapter.name(),
                                policy.name()
                            );
                            *worst = (found, name);
                        }
                    }
                }
            }
        }
    }
    let figure = |(value, name): (f64, String)| Figure { name, value, unit: "ms", at_most: AT_MOST };
    Ok(slowest.into_values().map(figure).collect())
}

/// The time of one reading. What the machine made slow is quick the second or third time.
fn millis(adapter: &dyn Adapter, signature: &Signature, choice: &Choice, policy: &ParsePolicy) -> f64 {
    let once = || {
        let started = busy();
        let _ = black_box(adapter.parse(signature, black_box(choice), policy));
        busy().saturating_sub(started).as_secs_f64() * 1e3
    };
    let first = once();
    if first <= AT_MOST / 2.0 { first } else { first.min(once()).min(once()) }
}
