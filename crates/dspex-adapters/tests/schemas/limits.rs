//! Sizes at and beyond the limits, and what else is refused.

use dspex_core::schema::{ANTHROPIC, GBNF, GEMINI, OPENAI, resolve_refs};
use dspex_core::types::field_type_of;
use dspex_core::{FieldType, SchemaDialect, UnsupportedSchema, Value};
use serde_json::{Value as Json, json};

use crate::cases::{self, field, structure};
use crate::rules::faults;

/// The outcome of a transformer, by the rules too: what it gives is without fault.
fn transformed(dialect: SchemaDialect, schema: &Json) -> Result<Json, UnsupportedSchema> {
    let out = dialect.transform(schema)?;
    assert_eq!(faults(dialect.name, &out), Vec::<String>::new(), "{}", dialect.name);
    Ok(out)
}

fn with(property: &Json) -> Json {
    json!({"type": "object", "properties": {"x": property}, "required": ["x"]})
}

#[test]
fn sizes_are_taken_up_to_the_limit_and_refused_beyond() {
    let nested = |n: usize| (0..n).fold(json!({"type": "string"}), |inner, _| with(&inner));
    let many = |n: usize, required: bool| {
        let names: Vec<String> = (0..n).map(|i| format!("p{i}")).collect();
        let of = names.iter().map(|name| (name.clone(), json!({"type": "string"})));
        let properties = Json::Object(of.collect());
        json!({"type": "object", "properties": properties, "required": if required { names } else { vec![] }})
    };
    let choice = |n: usize, length: usize| {
        with(&json!({"enum": (0..n).map(|i| format!("{i:0length$}")).collect::<Vec<_>>()}))
    };
    let unions = |n: usize| {
        let of = (0..n).map(|i| (format!("p{i}"), json!({"type": ["string", "null"]})));
        let names: Vec<String> = (0..n).map(|i| format!("p{i}")).collect();
        json!({"type": "object", "properties": Json::Object(of.collect()), "required": names})
    };
    let table = [
        (OPENAI, nested(10), nested(11), "", "11 levels of objects inside objects (at most 10)"),
        (OPENAI, many(5_000, true), many(5_001, true), "", "5001 properties (at most 5000)"),
        (OPENAI, choice(1_000, 4), choice(1_001, 4), "", "1001 choices (at most 1000)"),
        (
            OPENAI,
            choice(240, 499),
            choice(240, 500),
            "",
            "120001 characters of names and choices (at most 120000)",
        ),
        (
            OPENAI,
            choice(250, 61),
            choice(251, 60),
            "/properties/x",
            "a choice of more than 250 texts with 15060 characters (at most 15000)",
        ),
        (ANTHROPIC, many(24, false), many(25, false), "", "25 properties that may be left out (at most 24)"),
        (ANTHROPIC, unions(16), unions(17), "", "17 unions of types (at most 16)"),
    ];
    for (dialect, within, beyond, pointer, what) in table {
        transformed(dialect, &within).unwrap();
        let e = transformed(dialect, &beyond).unwrap_err();
        assert_eq!((e.dialect, e.pointer.as_str(), e.what.as_str()), (dialect.name, pointer, what));
        transformed(GEMINI, &beyond).unwrap();
        transformed(GBNF, &beyond).unwrap();
    }
}

#[test]
fn what_no_keyword_says_is_an_error_that_names_the_place() {
    let two = json!({"allOf": [{"type": "string"}, {"type": "integer"}]});
    let table = [
        (OPENAI, json!({"type": "array", "items": {"type": "string"}}), "", "what is no object"),
        (
            OPENAI,
            json!({"anyOf": [with(&json!({"type": "null"})), with(&json!({"type": "string"}))]}),
            "",
            "a choice of types",
        ),
        (OPENAI, with(&json!({"type": "array", "items": {}})), "/properties/x/items", "a value of any type"),
        (ANTHROPIC, with(&json!({"type": "object"})), "/properties/x", "a mapping with free keys"),
        (GEMINI, with(&json!({})), "/properties/x", "a value of any type"),
        (GEMINI, with(&json!({"enum": [[1]]})), "/properties/x", "a choice that is a JSON array"),
        (GBNF, with(&two), "/properties/x", "parts of a type that cannot be made one"),
        (GBNF, with(&json!(false)), "/properties/x", "a place where nothing fits"),
        (GBNF, with(&json!({"$ref": "https://x.example/a"})), "", "a reference to `https://x.example/a`"),
        (
            OPENAI,
            json!({"type": "object", "properties": {"a/b": {}}}),
            "/properties/a~1b",
            "a value of any type",
        ),
    ];
    for (dialect, schema, pointer, what) in table {
        let e = dialect.transform(&schema).unwrap_err();
        assert_eq!((e.pointer.as_str(), e.what.as_str()), (pointer, what), "{}", dialect.name);
        assert!(!e.help.is_empty());
    }
}

#[test]
fn a_type_without_an_end_is_refused_where_it_must_be_written_out() {
    let endless = structure("E", vec![field("e", FieldType::Ref("E".into()))]);
    for dialect in [ANTHROPIC, GEMINI] {
        let e = cases::sent(&endless, dialect).unwrap_err();
        assert!(e.to_string().contains("contains itself without an end"), "{e}");
    }
    assert!(cases::sent(&endless, OPENAI).is_ok());
    // In ten places at each level it would be ten thousand times as large.
    let many = (0..30).map(|i| field(&format!("f{i}"), FieldType::list(FieldType::Ref("M".into()))));
    let e = cases::sent(&structure("M", many.collect()), ANTHROPIC).unwrap_err();
    assert!(e.to_string().contains("too many places"), "{e}");
}

#[test]
fn no_reference_is_left_where_that_is_asked_for() {
    for (name, ty) in cases::all() {
        let flat = resolve_refs(&ty.json_schema_lossless(), 2);
        let Ok(flat) = flat else { panic!("{name}: {flat:?}") };
        assert!(!flat.to_string().contains("\"$ref\"") && flat.get("$defs").is_none(), "{name}: {flat}");
    }
}

#[test]
fn null_in_a_choice_is_a_type_of_its_own() {
    let schema = with(&json!({"enum": ["a", "b", null]}));
    for dialect in [OPENAI, ANTHROPIC, GEMINI, GBNF] {
        let x = &transformed(dialect, &schema).unwrap()["properties"]["x"];
        assert_eq!(*x, json!({"anyOf": [{"type": "string", "enum": ["a", "b"]}, {"type": "null"}]}));
    }
}

#[test]
fn options_beside_properties_and_parts_of_a_whole_become_plain_objects() {
    let schema = json!({
        "type": "object",
        "properties": {"id": {"type": "integer"}},
        "required": ["id"],
        "oneOf": [
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
            {"allOf": [{"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"]}]},
        ],
    });
    let x = &transformed(OPENAI, &with(&schema)).unwrap()["properties"]["x"]["anyOf"];
    assert_eq!(x[0]["required"], json!(["id", "a"]));
    assert_eq!(x[1]["required"], json!(["id", "b"]));
}

#[test]
fn a_field_that_is_left_out_by_null_takes_its_default() {
    use dspex_adapters::JsonAdapter;
    use dspex_core::lm::Choice;
    use dspex_core::{Adapter, Field, ParsePolicy, ParseRule, Signature};
    let mut tags = field("tags", FieldType::list(FieldType::Str));
    (tags.required, tags.default) = (false, Some(Value::List(vec!["none".into()])));
    let ty = structure("Post", vec![field("text", FieldType::Str), tags]);
    let schema = cases::sent(&ty, OPENAI).unwrap();
    let reply = json!({"value": {"text": "hi", "tags": null}});
    assert!(jsonschema::draft202012::new(&schema).unwrap().is_valid(&reply));
    let mut level = Field::output("level", FieldType::Int);
    level.default = Some(Value::from(1));
    let outputs = [Field::input("q", FieldType::Str), Field::output("value", ty), level];
    let signature = Signature::new(outputs).unwrap();
    let reply = Choice::text(r#"{"value": {"text": "hi", "tags": null}, "level": null}"#);
    let parse = |policy: &ParsePolicy| JsonAdapter::new().parse(&signature, &reply, policy);
    let parsed = parse(&ParsePolicy::default()).unwrap();
    let Some(Value::Struct(post)) = parsed.fields.get("value") else { panic!() };
    assert_eq!(post.fields.get("tags"), Some(&Value::List(vec!["none".into()])));
    assert_eq!(parsed.fields.get("level"), Some(&Value::from(1)));
    assert_eq!(parsed.notes.iter().filter(|n| n.rule == ParseRule::NullForDefault).count(), 2);
    assert!(parse(&ParsePolicy::compat()).is_err());
    assert!(parse(&ParsePolicy::default().without(ParseRule::NullForDefault)).is_err());
}

/// What a dialect is sent for a Rust type that only serde checks has no `null` that serde would not take.
#[test]
fn what_only_serde_checks_is_not_made_nullable() {
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "only its schema is of use")]
    enum Outer {
        Plain {
            #[serde(default)]
            n: u8,
            note: Option<String>,
        },
        Nested(Vec<Outer>),
    }
    let schema = cases::sent(&field_type_of::<Outer>(), OPENAI).unwrap();
    let text = schema.to_string();
    assert!(text.contains(r#""n":{"type":"integer""#), "{text}");
    assert!(text.contains(r#""note":{"anyOf":[{"type":"string"},{"type":"null"}]}"#), "{text}");
}
