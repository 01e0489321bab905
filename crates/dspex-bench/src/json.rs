//! Reading JSON that is sound: ours, which can mend it, beside `serde_json` into the same values.

use std::fmt;
use std::hint::black_box;

use dspex::value::Int;
use dspex::{Dict, Value};
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::Measured;
use crate::measure::{Figure, median_micros};

/// What ours may take of the time of `serde_json`: at 0.8 of its speed.
const AT_MOST: f64 = 1.25;

pub(crate) fn json() -> Measured {
    let row = |i: u32| {
        format!(
            r#"{{"id": {i}, "name": "Entity number {i}", "score": {i}.25, "tags": ["red", "caf\\u00e9", "long words\\nin lines"], "ok": true, "note": null, "text": "{}"}}"#,
            "It was the best of times, it was the worst of times. ".repeat(4)
        )
    };
    let small = row(7);
    let large = format!("[{}]", (0..400).map(row).collect::<Vec<_>>().join(",\n "));
    let numbers = format!("[{}]", (0..4000).map(|i| (i * 37).to_string()).collect::<Vec<_>>().join(", "));
    let mut figures = Vec::new();
    for (name, text, rounds) in [
        ("an object of 400 bytes", small, 2000),
        ("a list of 400 objects", large, 8),
        ("4000 numbers", numbers, 30),
    ] {
        let ours = dspex_adapters::conformance::loads(&text);
        let theirs: Same = serde_json::from_str(&text)?;
        if ours != Some(theirs.0) {
            return Err(format!("{name}: the two read other values").into());
        }
        // Turn by turn, so that what else the machine does hits both alike.
        let mut ratios: Vec<f64> = (0..5)
            .map(|_| {
                let ours = median_micros(rounds, || {
                    black_box(dspex_adapters::conformance::loads(black_box(&text)));
                });
                let theirs = median_micros(rounds, || {
                    let _ = black_box(serde_json::from_str::<Same>(black_box(&text)));
                });
                ours / theirs
            })
            .collect();
        ratios.sort_by(f64::total_cmp);
        let name = format!("sound JSON, {name}: time over that of serde_json");
        figures.push(Figure { name, value: ratios[2], unit: "x", at_most: AT_MOST });
    }
    Ok(figures)
}

/// Our value, read by `serde_json`.
struct Same(Value);

impl<'de> de::Deserialize<'de> for Same {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Values).map(Self)
    }
}

struct Values;

impl<'de> Visitor<'de> for Values {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::None)
    }

    fn visit_bool<E>(self, b: bool) -> Result<Value, E> {
        Ok(Value::Bool(b))
    }

    fn visit_i64<E>(self, i: i64) -> Result<Value, E> {
        Ok(Value::Int(Int::from(i)))
    }

    fn visit_u64<E: de::Error>(self, i: u64) -> Result<Value, E> {
        match i64::try_from(i) {
            Ok(i) => Ok(Value::Int(Int::from(i))),
            Err(_) => i.to_string().parse().map(Value::Int).map_err(|_| E::custom("a number that is none")),
        }
    }

    fn visit_f64<E>(self, f: f64) -> Result<Value, E> {
        Ok(Value::Float(f))
    }

    fn visit_str<E>(self, s: &str) -> Result<Value, E> {
        Ok(Value::Str(s.to_owned()))
    }

    fn visit_string<E>(self, s: String) -> Result<Value, E> {
        Ok(Value::Str(s))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Same(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Dict::new();
        while let Some((key, Same(value))) = map.next_entry::<String, Same>()? {
            members.insert(Value::Str(key), value);
        }
        Ok(Value::Dict(members))
    }
}
