//! Values of every type against the schemas that are sent for it.

use std::sync::Arc;

use dspex_core::schema::SCHEMA_DIALECTS;
use dspex_core::types::{StructField, StructType};
use dspex_core::{FieldType, Special};
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use crate::{cases, drawn};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_value_of_a_type_fits_its_schemas(ty in drawn::types(), seed in any::<u64>()) {
        fits(&ty, [seed])?;
    }
}

#[test]
fn values_of_every_case_fit_its_schemas() {
    let mut drawn = 0;
    for (name, ty) in cases::all() {
        drawn += fits(&ty, 0..20).map_err(|e| format!("{name}: {e}")).unwrap();
    }
    assert!(drawn > 1_000, "{drawn}");
}

/// What is drawn is turned away once it is of another type: the test could fail.
#[test]
fn a_value_of_another_type_does_not_fit() {
    let ty = FieldType::parse("tuple[int, str, int]", None).unwrap();
    for dialect in SCHEMA_DIALECTS {
        let schema = cases::sent(&ty, *dialect).unwrap();
        let schema = jsonschema::draft202012::new(&schema).unwrap();
        assert!(schema.is_valid(&json!({"value": [1, "a", 2]})));
        assert!(!schema.is_valid(&json!({"value": [1, null, 2]})), "{}", dialect.name);
    }
}

/// How many values could be drawn; each fits the plain schema, and each dialect's after what is written of that dialect:
/// where every property is required, one that is left out is `null`.
fn fits(ty: &FieldType, seeds: impl IntoIterator<Item = u64>) -> Result<usize, TestCaseError> {
    let plain = jsonschema::draft202012::new(&ty.json_schema()).unwrap();
    let sent: Vec<_> = SCHEMA_DIALECTS
        .iter()
        .filter_map(|dialect| Some((dialect.name, cases::sent(ty, *dialect).ok()?)))
        .map(|(name, schema)| (name, jsonschema::draft202012::new(&schema).unwrap(), schema))
        .collect();
    let mut count = 0;
    for seed in seeds {
        let drawn = |null_for_absent| Draw { seed, null_for_absent, open: Vec::new() }.value(ty);
        let (Some(value), Some(closed)) = (drawn(false), drawn(true)) else { continue };
        count += 1;
        prop_assert!(plain.is_valid(&value), "{} is none of {}", value, ty.json_schema());
        for (name, validator, schema) in &sent {
            let value = if *name == "openai" { &closed } else { &value };
            let valid = validator.is_valid(&json!({"value": value}));
            prop_assert!(valid, "{}: {} is none of {:#}", name, value, schema);
        }
    }
    Ok(count)
}

/// Draws a value, always the same for a seed.
struct Draw {
    seed: u64,
    null_for_absent: bool,
    open: Vec<Arc<StructType>>,
}

impl Draw {
    /// A number below another (`SplitMix64`).
    fn below(&mut self, n: u64) -> u64 {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    fn one_of<T: Clone>(&mut self, options: &[T]) -> T {
        let i = self.below(options.len() as u64);
        options[usize::try_from(i).unwrap()].clone()
    }

    fn word(&mut self) -> String {
        let letters: Vec<char> = ('a'..='z').collect();
        (0..3).map(|_| self.one_of(&letters)).collect()
    }

    fn items(&mut self, item: Option<&FieldType>) -> Option<Vec<Json>> {
        (0..self.below(4)).map(|_| self.value(item.unwrap_or(&FieldType::Any))).collect()
    }

    fn value(&mut self, ty: &FieldType) -> Option<Json> {
        Some(match ty {
            FieldType::Str | FieldType::Bytes => json!(self.word()),
            FieldType::Int => json!(self.below(100)),
            FieldType::Float => json!(self.below(100) as f64 / 4.0),
            FieldType::Bool => json!(self.below(2) == 0),
            FieldType::None => Json::Null,
            FieldType::Any => {
                self.one_of(&[json!(1), json!("x"), json!(null), json!([1]), json!({"a": [true]})])
            }
            FieldType::Complex => json!("1+2j"),
            FieldType::Date => json!("2024-05-06"),
            FieldType::DateTime => json!("2024-05-06T07:08:09Z"),
            FieldType::Time => json!("07:08:09Z"),
            FieldType::TimeDelta => json!("P1DT2H"),
            FieldType::Decimal => self.one_of(&[json!("1.50"), json!(1.5)]),
            FieldType::Uuid => json!("6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
            FieldType::List(item) => Json::Array(self.items(item.as_deref())?),
            FieldType::Set(item) | FieldType::FrozenSet(item) => {
                let mut kept: Vec<Json> = Vec::new();
                for item in self.items(item.as_deref())? {
                    // JSON Schema knows no difference between `1` and `1.0`.
                    let same = |k: &Json| *k == item || (k.is_number() && k.as_f64() == item.as_f64());
                    if !kept.iter().any(same) && !item.is_object() && !item.is_array() {
                        kept.push(item);
                    }
                }
                Json::Array(kept)
            }
            FieldType::Tuple(Some(t)) if !t.variadic => {
                t.items.iter().map(|i| self.value(i)).collect::<Option<Vec<_>>>()?.into()
            }
            FieldType::Tuple(t) => Json::Array(self.items(t.as_ref().and_then(|t| t.items.first()))?),
            FieldType::Dict(kv) => {
                let value = kv.as_ref().map_or(&FieldType::Any, |kv| &kv.1);
                let members = (0..self.below(3)).map(|i| Some((format!("{i}"), self.value(value)?)));
                Json::Object(members.collect::<Option<_>>()?)
            }
            FieldType::Literal(values) => self.one_of(values).to_tagged(),
            FieldType::Enum(e) => self.one_of(&e.members).1.to_tagged(),
            FieldType::Union(u) => {
                let option = self.one_of(&u.options);
                self.value(&option)?
            }
            FieldType::Struct(s) => self.structure(s)?,
            FieldType::Ref(name) => {
                let s = self.open.iter().find(|s| *s.name == **name)?.clone();
                self.structure(&s)?
            }
            FieldType::Special(special) => special_value(special)?,
            FieldType::Schema(s) => {
                let samples = shape(&s.name)?;
                self.one_of(&samples)
            }
            _ => return None,
        })
    }

    fn structure(&mut self, s: &Arc<StructType>) -> Option<Json> {
        // What is unrolled is unrolled three times.
        let deep = self.open.iter().filter(|o| o.name == s.name).count() == 2;
        self.open.push(s.clone());
        let mut out = Map::new();
        for field in &s.fields {
            let name = field.alias.clone().unwrap_or_else(|| field.name.clone());
            if !field.required && self.below(3) == 0 {
                if self.null_for_absent {
                    out.insert(name, Json::Null);
                }
                continue;
            }
            out.insert(name, self.field(field, deep)?);
        }
        self.open.pop();
        Some(Json::Object(out))
    }

    fn field(&mut self, field: &StructField, deep: bool) -> Option<Json> {
        Some(match &field.ty {
            FieldType::List(Some(item)) if deep && matches!(**item, FieldType::Ref(_)) => json!([]),
            FieldType::Str if field.name == "zip" => json!("50667"),
            ty if deep && ty.without_none() != *ty => Json::Null,
            ty => self.value(ty)?,
        })
    }
}

fn special_value(special: &Special) -> Option<Json> {
    Some(match special {
        Special::Image => json!({"url": "https://x.example/a.png"}),
        Special::Audio => json!({"data": "AAAA", "audio_format": "wav"}),
        Special::ToolCalls => json!({"tool_calls": [{"name": "look", "args": {"at": 1}}]}),
        Special::Decision(d) if d.kind() == "Noul" => json!({"noul": 0.25}),
        Special::Decision(d) => {
            let labels = d.labels();
            let each = labels.iter().map(|label| (label.clone(), json!(0.5)));
            json!({"probabilities": each.collect::<serde_json::Map<_, _>>(), "confidence": 0.5})
        }
        _ => return None,
    })
}

/// Values that serde writes for the Rust enums of the cases.
fn shape(name: &str) -> Option<Vec<Json>> {
    Some(match name {
        "External" => vec![
            json!("Unit"),
            json!({"Newtype": -3}),
            json!({"Tuple": [7, "x"]}),
            json!({"Struct": {"at": [1.5, 2.0], "note": null}}),
        ],
        "Internal" => vec![
            json!({"kind": "circle", "radius": 1.5}),
            json!({"kind": "square", "side": 2.0, "filled": true}),
            json!({"kind": "nothing"}),
        ],
        "Adjacent" => vec![json!({"t": "Text", "c": "x"}), json!({"t": "Point", "c": {"x": -1}})],
        "Expr" => vec![
            json!({"Number": 1.0}),
            json!({"Sum": [{"Number": 2.5}, {"Negated": {"of": {"Number": 1.0}}}]}),
        ],
        "Tagged" => vec![json!({"id": 1}), json!({"id": 1, "a": "b"})],
        "Flat" => vec![json!({"id": 1, "kind": "circle", "radius": 0.5})],
        _ => return None,
    })
}
