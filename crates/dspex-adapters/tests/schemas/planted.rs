//! The rules find what is planted: each fault is put into a schema that is without one.

use serde_json::{Value as Json, json};

use crate::rules::faults;

/// An object with one property.
fn with(property: &Json) -> Json {
    json!({"type": "object", "properties": {"x": property}, "required": ["x"], "additionalProperties": false})
}

fn nested(levels: usize) -> Json {
    (0..levels).fold(json!({"type": "string"}), |inner, _| with(&inner))
}

fn many(n: usize, optional: bool) -> Json {
    let names: Vec<String> = (0..n).map(|i| format!("p{i}")).collect();
    let properties: serde_json::Map<_, _> =
        names.iter().map(|name| (name.clone(), json!({"type": "string"}))).collect();
    let required = if optional { json!([]) } else { json!(names) };
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn enumeration(n: usize, length: usize) -> Json {
    let values: Vec<String> = (0..n).map(|i| format!("{i:0length$}")).collect();
    with(&json!({"type": "string", "enum": values}))
}

fn cycle(required: bool) -> Json {
    let required = if required { json!(["x"]) } else { json!([]) };
    let node = json!({"type": "object", "properties": {"x": {"$ref": "#/$defs/N"}}, "required": required,
        "additionalProperties": false});
    let mut root = with(&json!({"$ref": "#/$defs/N"}));
    root["$defs"] = json!({"N": node});
    root
}

#[test]
fn a_planted_fault_is_found() {
    let text = |key: &str, value: Json| with(&json!({"type": "string", key: value}));
    let list =
        |key: &str, value: Json| with(&json!({"type": "array", "items": {"type": "string"}, key: value}));
    let open = json!({"type": "object", "properties": {}, "required": []});
    let free = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let beside = {
        let mut s = cycle(false);
        s["$defs"]["N"]["required"] = json!(["x"]);
        s["$defs"]["N"]["properties"]["x"] = json!({"type": "string"});
        s["properties"]["x"]["description"] = json!("words");
        s
    };
    let unions = |n: usize| {
        let mut s = many(n, false);
        let properties = s["properties"].as_object_mut().unwrap();
        properties.values_mut().for_each(|p| *p = json!({"anyOf": [{"type": "string"}, {"type": "null"}]}));
        s
    };
    let o = &["openai"][..];
    let all = &["openai", "anthropic", "gemini", "gbnf"][..];
    let table: Vec<(&[&str], &str, Json)> = vec![
        (&["openai"], "the root is no object", json!({"type": "string"})),
        (o, "the root is no object", json!({"anyOf": [with(&json!({"type": "null"}))]})),
        (&["openai", "anthropic"], "the object is open", with(&open)),
        (&["openai", "anthropic"], "the object is open", with(&free)),
        (o, "not required", many(1, true)),
        (o, "`oneOf` is no keyword", with(&json!({"oneOf": [{"type": "string"}], "type": "string"}))),
        (o, "`prefixItems` is no keyword", list("prefixItems", json!([{"type": "string"}]))),
        (&["openai", "anthropic", "gemini"], "`minLength` is no keyword", text("minLength", json!(1))),
        (all, "`uniqueItems` is no keyword", list("uniqueItems", json!(true))),
        (all, "`not` is no keyword", text("not", json!({"const": "x"}))),
        (all, "the format", text("format", json!("binary"))),
        (&["gemini"], "the format", text("format", json!("uuid"))),
        (&["openai", "gemini", "gbnf"], "beside `$ref`", beside),
        (all, "no type", with(&json!({}))),
        (all, "points nowhere", with(&json!({"$ref": "#/$defs/Nobody"}))),
        (o, "more than ten levels", nested(11)),
        (o, "properties", many(5_001, false)),
        (o, "choices", enumeration(1_001, 4)),
        (o, "a long enum", enumeration(251, 60)),
        (o, "characters", enumeration(240, 600)),
        (o, "without the type of its items", with(&json!({"type": "array"}))),
        (&["openai", "anthropic"], "no scalar", with(&json!({"enum": [{"a": 1}]}))),
        (&["anthropic"], "a recursive schema", cycle(false)),
        (&["anthropic"], "`minimum` is no keyword", with(&json!({"type": "integer", "minimum": 1}))),
        (&["anthropic"], "`minItems` above 1", list("minItems", json!(2))),
        (&["anthropic"], "`maxItems` is no keyword", list("maxItems", json!(2))),
        (&["anthropic"], "lookaround", text("pattern", json!("(?=a)"))),
        (&["anthropic"], "may be left out", many(25, true)),
        (&["anthropic"], "unions", unions(17)),
        (&["gemini"], "`const` is no keyword", with(&json!({"const": "a"}))),
        (&["gemini"], "neither text nor a number", with(&json!({"enum": ["a", null]}))),
        (&["gemini"], "cycle of required properties", cycle(true)),
        (&["gbnf"], "`prefixItems` is no keyword", list("prefixItems", json!([{"type": "string"}]))),
        (&["gbnf"], "no whole number", with(&json!({"type": "number", "minimum": 1}))),
        (&["gbnf"], "not anchored", text("pattern", json!("a+"))),
        (&["json_schema"], "a keyword of ours", text("x-dspex-type", json!("bytes"))),
    ];
    for (dialects, fault, schema) in &table {
        for dialect in *dialects {
            let found = faults(dialect, schema);
            assert!(found.iter().any(|f| f.contains(fault)), "{dialect}: {fault}: {found:?}");
        }
    }
    for dialect in all {
        assert_eq!(faults(dialect, &with(&json!({"type": "string"}))), Vec::<String>::new(), "{dialect}");
    }
    assert_eq!(faults("gemini", &cycle(false)), Vec::<String>::new());
    assert_eq!(
        faults("openai", &[nested(10), many(5_000, false), enumeration(250, 60)][0]),
        Vec::<String>::new()
    );
}
