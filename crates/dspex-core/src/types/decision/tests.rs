//! Decisions: spellings, settings, rules and forms.

use serde_json::{Value as Json, json};

use super::{DecisionConfig, DecisionType};
use crate::types::{FieldType, Special};
use crate::value::Value;
use crate::{SignatureParser, TypeRegistry};

fn ty(annotation: &str) -> FieldType {
    FieldType::parse(annotation, None).unwrap()
}

fn decision(annotation: &str) -> DecisionType {
    DecisionType::of(&ty(annotation)).unwrap()
}

#[expect(clippy::needless_pass_by_value, reason = "rows write both in place")]
fn decided(annotation: &str, evidence: Json, config: Json) -> Result<Json, String> {
    let config: DecisionConfig = serde_json::from_value(config).unwrap();
    let value = decision(annotation).decide(&Value::from_tagged(&evidence).unwrap(), &config);
    value.map(|v| v.to_tagged()["fields"].clone()).map_err(|e| e.to_string())
}

const TYPES: [&str; 7] = [
    "Noul",
    "dspy.Noul[(True, 'blocked'), (False, 'usable')]",
    "dspy.Choice['x', 'y']",
    "Choice[('a/b~c', 'its'), ('%', None), (1, 'one'), (True, ''), (None, 'nothing')]",
    "Choice[('x', 'y')]",
    "dspy.experimental.Score['poor', 'fair', 'great']",
    "list[Optional[Score['no', 'yes']]]",
];

#[test]
fn spellings_and_schemas_come_back() {
    for text in TYPES {
        let ty = ty(text);
        assert_eq!(FieldType::parse(&ty.annotation(), None).unwrap(), ty, "{text}");
        assert_eq!(FieldType::from_json_schema(&ty.json_schema_lossless()), ty, "{text}");
    }
    let nested = FieldType::Special(Special::Decision(
        DecisionType::choice([("x", json!({"a": [1, null]})), ("y", json!(["b"]))]).unwrap(),
    ));
    assert_eq!(FieldType::from_json_schema(&nested.json_schema_lossless()), nested);
    assert_eq!(nested.name(), "Choice[('x', {'a': [1, None]}), ('y', ['b'])]");
}

#[test]
fn compat_reads_what_dspy_reads() {
    let read = |text: &str| {
        let types = TypeRegistry::new();
        let parsed = SignatureParser::new().types(&types).compat().parse(&format!("q -> a: {text}"));
        parsed.map(|s| s.outputs()[0].ty.name()).map_err(|e| e.class)
    };
    assert_eq!(read("dspy.Noul"), Err("ValueError"));
    assert_eq!(read("Noul"), Err("ValueError"));
    assert_eq!(read("dspy.experimental.Noul"), Ok("Noul".into()));
    assert_eq!(read("dspy.experimental.Choice['x','y']"), Ok("Choice[('x', 'y')]".into()));
    assert_eq!(
        read("dspy.experimental.Choice[('x','y'),('z','w')]"),
        Ok("Choice[('x', 'y'), ('z', 'w')]".into())
    );
    assert_eq!(read("dspy.experimental.Choice['x','y','z']"), Err("ValueError"));
    assert_eq!(ty("Choice['x', 'y']").name(), "Choice[('x', ''), ('y', '')]");
    for wrong in ["Score['one']", "Choice[1.5]", "Choice", "Choice['1', 1]", "Noul['x']", "Score[None, 'a']"]
    {
        assert!(FieldType::parse(wrong, None).is_err(), "{wrong}");
    }
}

#[test]
fn a_threshold_counts_itself_as_yes() {
    let noul = |p: f64, config: Json| decided("Noul", json!({"noul": p}), config).unwrap();
    assert_eq!(noul(0.5, json!({})), json!({"confidence": 0.0, "value": true, "probability": 0.5}));
    assert_eq!(noul(0.75, json!({"threshold": 0.75}))["value"], true);
    assert_eq!(noul(0.0, json!({"threshold": 0.75}))["confidence"], 1.0);
    assert_eq!(noul(0.0, json!({"threshold": 0}))["value"], true);
}

#[test]
fn ties_go_to_the_raw_winner_and_then_to_the_first() {
    let choice = |p: [f64; 3], weights: Json| {
        let evidence = json!({"probabilities": {"a": p[0], "b": p[1], "c": p[2]}, "confidence": 0.5});
        decided("Choice['a', 'b', 'c']", evidence, json!({"weights": weights}))
            .map(|f| f["value"].as_str().unwrap().to_owned())
    };
    assert_eq!(choice([0.25, 0.5, 0.25], json!({"a": 2.0})).unwrap(), "b", "the raw winner");
    assert_eq!(choice([0.25, 0.5, 0.25], json!({"a": 4, "c": 4})).unwrap(), "a", "the first");
    assert_eq!(choice([0.5, 0.5, 0.0], json!({})).unwrap(), "a");
    assert_eq!(choice([0.9, 0.05, 0.05], json!({"a": 0})).unwrap(), "b");
    assert!(choice([1.0, 0.0, 0.0], json!({"a": 0})).unwrap_err().contains("leave nothing"));
}

#[test]
fn a_mean_on_a_cut_is_above_it() {
    let score = |p: [f64; 3], config: Json| {
        let evidence =
            json!({"probabilities": {"$dict": [[0, p[0]], [1, p[1]], [2, p[2]]]}, "confidence": 1});
        let fields = decided("Score['a', 'b', 'c']", evidence, config).unwrap();
        (fields["value"].as_f64().unwrap(), fields["level"].as_i64().unwrap())
    };
    assert_eq!(score([0.5, 0.5, 0.0], json!({})), (0.5, 1));
    assert_eq!(score([0.5, 0.5, 1.0], json!({})), (1.25, 1), "the sum need not be 1");
    assert_eq!(score([0.0, 0.0, 1.0], json!({"cuts": [0.1, 1.9]})), (2.0, 2));
    assert_eq!(score([1.0, 0.0, 0.0], json!({"cuts": [0.1, 1.9]})), (0.0, 0));
}

#[test]
fn evidence_that_is_none_is_refused() {
    let two = |probabilities: Json| json!({"probabilities": probabilities, "confidence": 0.5});
    let table = [
        ("Noul", json!({"noul": 1.5}), "expected `noul` from 0 to 1, found 1.5"),
        ("Noul", json!({"noul": {"$float": "nan"}}), "expected `noul` from 0 to 1, found nan"),
        ("Noul", json!({"value": true, "confidence": 1}), "expected `noul` from 0 to 1, found none"),
        ("Choice['x', 'y']", two(json!({"x": 1})), "expected a probability of each of x, y, found {'x': 1}"),
        (
            "Choice['x', 'y']",
            two(json!({"x": 1, "z": 0})),
            "expected a probability of each of x, y, found `z`",
        ),
        (
            "Choice['x', 'y']",
            two(json!({"x": 0, "y": 0})),
            "expected a probability above 0, found {'x': 0, 'y': 0}",
        ),
        ("Score['x', 'y']", two(json!({"0": -1, "1": 0})), "expected each probability from 0 to 1, found -1"),
        (
            "Score['x', 'y']",
            json!({"probabilities": {"0": 1, "1": 0}}),
            "expected `confidence` from 0 to 1, found none",
        ),
    ];
    for (ty, evidence, message) in table {
        assert_eq!(decided(ty, evidence.clone(), json!({})).unwrap_err(), message, "{evidence}");
    }
}

#[test]
fn settings_that_do_not_fit_are_refused() {
    let many = format!("Score[{}]", (0..11).map(|i| format!("'{i}'")).collect::<Vec<_>>().join(", "));
    let table = [
        ("Noul", json!({"weights": {}})),
        ("Noul", json!({"threshold": "0.5"})),
        ("Noul", json!({"criteria": {"maybe": "x"}})),
        ("Noul", json!({"instructions": 1})),
        ("Choice['x', 'y']", json!({"weights": {"z": 1}})),
        ("Choice['x', 'y']", json!({"weights": {"x": 0, "y": 0}})),
        ("Choice['x', 'y']", json!({"weights": {"x": -1}})),
        ("Choice['x', 'y']", json!({"criteria": {"x": "a"}})),
        ("Score['x', 'y']", json!({"cuts": []})),
        ("Score['x', 'y']", json!({"cuts": [1.0]})),
        ("Score['x', 'y', 'z']", json!({"cuts": [1.5, 0.5]})),
        ("Score['x', 'y']", json!({"criteria": ["a"]})),
        (many.as_str(), json!({})),
    ];
    for (ty, config) in table {
        let config: DecisionConfig = serde_json::from_value(config).unwrap();
        assert!(decision(ty).check_config(&config).is_err(), "{ty} {config:?}");
    }
}

#[test]
fn values_keep_their_kind() {
    for text in TYPES {
        let ty = ty(text);
        let value = ty.first_value().unwrap();
        assert!(ty.check(&value).is_ok(), "{text}");
        assert_eq!(Value::from_tagged(&value.to_tagged()).unwrap(), value, "{text}");
    }
    let noul = ty("Noul").first_value().unwrap();
    assert_eq!(noul.to_tagged()["$dspy"], "Noul");
    assert!(ty("Score['no', 'yes']").check(&noul).is_err());
    assert!(ty("Noul").check(&Value::from(true)).is_err());
}
