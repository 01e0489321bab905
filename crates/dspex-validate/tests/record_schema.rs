//! Schemas built at run time, rules across fields, and a registry that changes while it is read.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use dspex_core::validation::{Validation, Violation, check, validator};
use dspex_core::{Constraint, Field, FieldType, Value};
use dspex_validate::{RecordSchema, SharedTypes};

fn booking() -> RecordSchema {
    let fields = [
        Field::output("guest", FieldType::Str).with_constraint(Constraint::MinLength(1)),
        Field::output("nights", FieldType::Int).with_constraint(Constraint::ge(1)),
        Field::output("rate", FieldType::Float).with_default(80.0),
    ];
    RecordSchema::new("Booking", fields).unwrap()
}

#[test]
fn rules_run_fields_first_then_across_then_computed() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let log = |name: &'static str| {
        let order = Arc::clone(&order);
        move || order.lock().unwrap().push(name)
    };
    let (a, b, c, d) = (log("field"), log("across 1"), log("across 2"), log("computed"));
    let rules = Validation::new()
        .computed("total", FieldType::Float, move |r| {
            d();
            let number = |n: &str| r.get(n).and_then(Value::as_f64).unwrap_or(0.0);
            Ok((number("nights") * number("rate")).into())
        })
        .across("double", move |mut r| {
            b();
            let rate = r.get("rate").and_then(Value::as_f64).unwrap_or(0.0);
            r.insert("rate", rate * 2.0);
            Ok::<_, Violation>(r)
        })
        .across("seen", move |r| {
            c();
            Ok::<_, Violation>(r)
        })
        .field(
            "guest",
            validator("trim", move |v| {
                a();
                Ok(v.as_str().map(|s| s.trim().into()).unwrap_or(v))
            }),
        );
    let schema = booking().with_validation(rules).unwrap();
    let record = schema.validate_text(r#"{"guest": " Ada ", "nights": "2", "total": 1}"#).unwrap();
    assert_eq!(*order.lock().unwrap(), ["field", "across 1", "across 2", "computed"]);
    assert_eq!(record.get("guest"), Some(&Value::from("Ada")));
    assert_eq!(record.get("total"), Some(&Value::from(320.0)), "never taken from outside");
}

#[test]
fn faults_of_fields_come_together_and_keep_the_rules_across_from_running() {
    let ran = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&ran);
    let rules = Validation::new()
        .field("guest", check("known", "a known guest", |v| v.as_str() == Some("Ada")))
        .field("guest", check("never", "nothing", |_| false))
        .field("nights", check("week", "at most 7 nights", |v| v.as_i64().is_some_and(|n| n <= 7)))
        .across("count", move |r| {
            count.fetch_add(1, Ordering::Relaxed);
            Ok::<_, Violation>(r)
        });
    let schema = booking().with_validation(rules).unwrap();
    let e = schema.validate_text(r#"{"guest": "Bob", "nights": 9}"#).unwrap_err();
    let faults: Vec<_> = e.iter().map(|f| (f.path.as_str(), f.code.as_str())).collect();
    assert_eq!(faults, [("guest", "known"), ("nights", "week")], "each field's first fault");
    assert_eq!(ran.load(Ordering::Relaxed), 0);
}

#[test]
fn a_rule_across_fields_has_the_record_as_its_place() {
    let rules = Validation::new().across("cheap", |_| Err(Violation::new("cheap", "expected a cheaper one")));
    let e = booking()
        .with_validation(rules)
        .unwrap()
        .validate_text(r#"{"guest": "A", "nights": 1}"#)
        .unwrap_err();
    assert_eq!((e.first().path.as_str(), e.first().code.as_str()), ("", "cheap"));
}

#[test]
fn computed_fields_stand_in_the_schema_of_what_goes_out_only() {
    let rules = Validation::new().computed("total", FieldType::Float, |_| Ok(0.0.into()));
    let schema = booking().with_validation(rules).unwrap();
    assert_eq!(schema.json_schema()["properties"]["total"]["readOnly"], true);
    assert!(schema.input_schema()["properties"].get("total").is_none());
    assert!(schema.json_schema()["required"].as_array().unwrap().iter().all(|n| n != "total"));
}

#[test]
fn strict_and_closed_schemas_refuse_more() {
    let text = r#"{"guest": "A", "nights": "1", "pet": true}"#;
    assert!(booking().validate_text(text).is_ok());
    assert!(booking().strict().validate_text(text).is_err(), "text for a number");
    assert!(booking().closed().validate_text(text).is_err(), "a field that is not named");
}

#[test]
fn a_schema_inside_a_type_keeps_its_rules() {
    let rules =
        Validation::new().field("nights", check("week", "at most 7 nights", |v| v.as_i64() <= Some(7)));
    let types = SharedTypes::default();
    types.register("Booking", booking().with_validation(rules).unwrap().field_type());
    let signature = types.parse("mail -> bookings: list[Booking]").unwrap();
    let adapter = dspex_validate::DynTypeAdapter::new(signature.outputs()[0].ty.clone());
    let e =
        adapter.validate_text(r#"[{"guest": "A", "nights": 2}, {"guest": "B", "nights": 9}]"#).unwrap_err();
    assert_eq!((e.first().path.as_str(), e.first().code.as_str()), ("[1].nights", "week"));
}

#[test]
fn a_registry_is_read_while_it_changes() {
    let types = SharedTypes::default();
    types.register("Stable", FieldType::Int);
    std::thread::scope(|scope| {
        for t in 0..4 {
            let types = types.clone();
            scope.spawn(move || {
                for i in 0..200 {
                    if t == 0 {
                        types.register("Moving", FieldType::literal([i]));
                        types.unregister("Moving");
                    } else {
                        // There or not there, but never half of it.
                        let read = types.parse("a -> b: Moving, c: Stable");
                        assert!(read.is_ok() || read.unwrap_err().to_string().contains("Moving"));
                    }
                    types.parse("a -> c: Stable").unwrap();
                }
            });
        }
    });
    assert!(types.snapshot().get("Moving").is_none());
}

#[test]
fn a_thousand_schemas_are_built_and_used() {
    for i in 0..1000 {
        let field = Field::output(format!("f{i}"), FieldType::Int);
        let schema = RecordSchema::new(format!("S{i}"), [field]).unwrap();
        assert!(schema.validate_text(&format!(r#"{{"f{i}": {i}}}"#)).is_ok());
    }
}
