//! The JSON adapter from outside: what is written reads back, no reply is too odd, and each rule does what it says.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod values;

use dspex_adapters::JsonAdapter;
use dspex_core::lm::{Capabilities, Choice, FinishReason, ResponseFormat};
use dspex_core::{
    Adapter, Constraint, Error, Example, Field, FieldType, ParsePolicy, ParseRule, Record, RenderCall,
    Signature, Value,
};
use proptest::prelude::*;
use serde_json::json;
use values::typed_values;

/// The model's turn of a demonstration with these outputs.
fn written(signature: &Signature, outputs: &Record) -> String {
    let mut demo = Record::new().with("q", "Q");
    demo.extend(outputs.clone());
    let inputs = Record::new().with("q", "Q");
    let demos = [Example::new(demo)];
    let request = JsonAdapter::new().render(&RenderCall::new(signature, &inputs).demos(&demos)).unwrap();
    request.messages[2].text()
}

fn read(signature: &str, reply: &str, policy: &ParsePolicy) -> Result<(Record, Vec<String>), Error> {
    let signature = Signature::parse(signature).unwrap();
    let parsed = JsonAdapter::new().parse(&signature, &Choice::text(reply), policy)?;
    Ok((parsed.fields, parsed.notes.iter().map(|n| n.rule.id().to_owned()).collect()))
}

proptest! {
    #[test]
    fn what_is_written_reads_back(fields in proptest::collection::vec(typed_values(), 1..4)) {
        let outputs: Vec<String> = fields.iter().enumerate().map(|(i, (ty, _))| format!("f{i}: {ty}")).collect();
        let signature = Signature::parse(&format!("q -> {}", outputs.join(", "))).unwrap();
        let record: Record = fields.into_iter().enumerate().map(|(i, (_, v))| (format!("f{i}"), v)).collect();
        let reply = Choice::text(written(&signature, &record));
        for policy in [ParsePolicy::default(), ParsePolicy::compat()] {
            let parsed = JsonAdapter::new().parse(&signature, &reply, &policy).unwrap();
            prop_assert_eq!(&parsed.fields, &record);
            prop_assert_eq!(parsed.notes, []);
        }
    }

    #[test]
    fn any_reply_is_values_or_a_typed_error(text in "(\\{|\\}|\\[|\\]|\"|\"a\":|\"b\":|A|:|,|'|`|\n| |1|true|null|\\[\\[ ## a ## \\]\\]|\\\\|é|\u{2028}){0,30}") {
        let signature = Signature::parse("q -> a: list[int], b: Optional[str]").unwrap();
        for policy in [ParsePolicy::default(), ParsePolicy::compat()] {
            if let Err(e) = JsonAdapter::new().parse(&signature, &Choice::text(text.as_str()), &policy) {
                prop_assert!(!e.to_string().is_empty());
            }
        }
    }

    /// The default takes more than DSPy and differs only by rules that it names in a note or an error.
    #[test]
    fn where_both_give_a_value_without_a_note_it_is_the_same(text in "(\\{|\\}|\"a\": |\"b\": |1|\"2\"|\"x\"|true|null|, |text|```){0,16}") {
        let ours = read("q -> a: int, b", &text, &ParsePolicy::default());
        let dspys = read("q -> a: int, b", &text, &ParsePolicy::compat());
        if let (Ok((ours, notes)), Ok((dspys, _))) = (ours, dspys)
            && notes.is_empty()
        {
            prop_assert_eq!(ours, dspys);
        }
    }
}

/// The answer by default and by DSPy, with the rules of the notes; an error is its code.
#[test]
fn replies_and_what_is_read() {
    let table = [
        (r#"{"answer": "A"}"#, "A", "A", ""),
        ("```json\n{\"answer\": \"A\"}\n```", "A", "A", ""),
        (r#"So: {"answer": "A"}"#, "A", "A", ""),
        (r#"{"answer": "A",}"#, "A", "A", "repaired_json"),
        (r#"{"answer": "A""#, "A", "A", "repaired_json"),
        (r#"{"answer": "A"#, "truncated", "A", ""),
        (r#"{"answer": "A"} {"answer": "A"}"#, "A", "A", ""),
        (r#"{"answer": "A"} {"answer": "B"}"#, "ambiguous", "B", ""),
        (r#"[{"answer": "A"}, {"answer": "B"}]"#, "ambiguous", "A", ""),
        ("{'answer': 'A'} or {'answer': 'B'}", "ambiguous", "B", ""),
        (r#"{"answer": "A", "answer": "B"}"#, "ambiguous", "B", ""),
        (r#"{"answer": "A", "answer": "A"}"#, "A", "A", ""),
        (r#"Fill {curly} so: {"answer": "A"}"#, "A", "missing_field", "object_in_text"),
        (r#"{"thought": 1} {"answer": "A"} {"x": 2}"#, "A", "missing_field", "object_in_text"),
        (r#"{"Answer": "A"}"#, "A", "missing_field", "key_case"),
        (r#"{"Answer": "A", "ANSWER": "A"}"#, "missing_field", "missing_field", ""),
        (r#"{"result": {"answer": "A"}}"#, "A", "missing_field", "wrapped_fields"),
        (r#"{"type": "object", "properties": {"answer": "A"}}"#, "A", "missing_field", "wrapped_fields"),
        ("[[ ## answer ## ]]\nA\n\n[[ ## completed ## ]]", "A", "missing_field", "section_reply"),
        (r#"{"answer": null}"#, "ambiguous", "None", ""),
        (r#"{"answer": true}"#, "ambiguous", "True", ""),
        (r#"{"answer": {"k": "v"}}"#, "ambiguous", "{'k': 'v'}", ""),
        (r#"{"answer": 3.5}"#, "3.5", "3.5", "number_for_text"),
        (r#"{"answer": 1.10}"#, "ambiguous", "1.1", ""),
        ("A", "A", "missing_field", "bare_reply"),
        ("  ", "empty_reply", "empty_reply", ""),
    ];
    let shown = |policy: &ParsePolicy, reply: &str| match read("q -> answer", reply, policy) {
        Ok((fields, notes)) => (fields.get("answer").unwrap().to_text().unwrap(), notes.join(" ")),
        Err(e) => (e.code().to_owned(), String::new()),
    };
    for (reply, ours, dspys, notes) in table {
        assert_eq!(shown(&ParsePolicy::default(), reply), (ours.to_owned(), notes.to_owned()), "{reply}");
        assert_eq!(shown(&ParsePolicy::compat(), reply), (dspys.to_owned(), String::new()), "{reply}");
    }
}

/// Without its rule, a difference gives DSPy's value.
#[test]
fn each_rule_can_be_switched_off() {
    let table = [
        (ParseRule::Truncated, r#"{"answer": "A"#),
        (ParseRule::SeveralObjects, r#"{"answer": "A"} {"answer": "B"}"#),
        (ParseRule::DuplicateField, r#"{"answer": "A", "answer": "B"}"#),
        (ParseRule::ObjectInText, r#"Fill {curly} so: {"answer": "A"}"#),
        (ParseRule::KeyCase, r#"{"Answer": "A"}"#),
        (ParseRule::WrappedFields, r#"{"result": {"answer": "A"}}"#),
        (ParseRule::SectionReply, "[[ ## answer ## ]]\nA"),
        (ParseRule::ValueForText, r#"{"answer": null}"#),
    ];
    for (rule, reply) in table {
        let fields = |policy: &ParsePolicy| read("q -> answer", reply, policy).ok().map(|(fields, _)| fields);
        let (ours, dspys) = (fields(&ParsePolicy::default()), fields(&ParsePolicy::compat()));
        assert_ne!(ours, dspys, "{reply}");
        assert_eq!(fields(&ParsePolicy::default().without(rule)), dspys, "{reply}");
    }
}

#[test]
fn a_reply_that_ran_out_of_tokens_is_refused_unless_its_json_has_ended() {
    let signature = Signature::parse("q -> a, b: Optional[str]").unwrap();
    let parse = |text: &str, policy: &ParsePolicy| {
        let reply = Choice::text(text).with_finish(FinishReason::Length);
        JsonAdapter::new().parse(&signature, &reply, policy)
    };
    let error = parse(r#"{"a": "x", "b": "y"#, &ParsePolicy::default()).unwrap_err();
    assert_eq!(error.code(), "truncated");
    assert!(error.to_string().contains("`b`"), "{error}");
    assert!(parse(r#"{"a": "x", "b": "y"#, &ParsePolicy::compat()).is_ok());
    assert!(parse("{\"a\": \"x\"}\n\n\n\n", &ParsePolicy::default()).is_ok());
}

#[test]
fn fields_that_may_be_missing_need_an_object_that_says_so() {
    let reads = |reply: &str| read("q -> a: Optional[str]", reply, &ParsePolicy::default()).is_ok();
    assert!(reads("{}"));
    assert!(!reads(r#"{"x": 1}"#));
    assert!(read("q -> a: Optional[str]", r#"{"x": 1}"#, &ParsePolicy::compat()).is_ok());
}

#[test]
fn constraints_hold() {
    let score = Field::output("score", FieldType::Int).with_constraint(Constraint::le(10));
    let signature = Signature::new([Field::input("q", FieldType::Str), score]).unwrap();
    let reply = Choice::text(r#"{"score": 50}"#);
    let parse = |policy: &ParsePolicy| JsonAdapter::new().parse(&signature, &reply, policy);
    assert_eq!(parse(&ParsePolicy::default()).unwrap_err().code(), "constraint");
    assert_eq!(parse(&ParsePolicy::compat()).unwrap().fields.get("score"), Some(&Value::from(50)));
}

fn format(outputs: &str, can: &[&str]) -> Option<ResponseFormat> {
    let signature = Signature::parse(&format!("q -> {outputs}")).unwrap();
    let inputs = Record::new().with("q", "Q");
    let mut capabilities = Capabilities::default();
    capabilities.json_schema = can.contains(&"schema");
    capabilities.json_object = can.contains(&"object");
    let call = RenderCall::new(&signature, &inputs).capabilities(capabilities);
    JsonAdapter::new().render(&call).unwrap().response_format
}

#[test]
fn the_form_of_the_answer_by_what_the_model_can_do() {
    for outputs in ["a", "a: int, b: list[str]", "a: dict[str, int]"] {
        assert_eq!(format(outputs, &[]), None);
        assert_eq!(format(outputs, &["object"]), Some(ResponseFormat::JsonObject));
    }
    // What a strict schema cannot say is asked for as any object.
    for open in ["a: dict[str, int]", "a: dict", "a: list[dict[str, int]]", "a: Any", "a, b: list"] {
        assert_eq!(format(open, &["schema"]), Some(ResponseFormat::JsonObject), "{open}");
    }
    let schema = |outputs| match format(outputs, &["schema", "object"]) {
        Some(ResponseFormat::JsonSchema { schema, strict: true, .. }) => schema,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        schema("mood: Literal['good', 'bad'], confidence: float"),
        json!({
            "type": "object",
            "properties": {
                "mood": {"type": "string", "enum": ["good", "bad"]},
                "confidence": {"type": "number"},
            },
            "required": ["mood", "confidence"],
            "additionalProperties": false,
        })
    );
    assert_eq!(
        schema("tags: list[str], n: Optional[int]")["properties"],
        json!({
            "tags": {"type": "array", "items": {"type": "string"}},
            "n": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        })
    );
}

#[test]
fn every_object_of_the_schema_is_closed() {
    let person = FieldType::from_json_schema(&json!({
        "type": "object", "title": "Person", "required": ["name"],
        "properties": {
            "name": {"type": "string"},
            "home": {"anyOf": [{"$ref": "#/$defs/Home"}, {"type": "null"}], "default": null},
        },
        "$defs": {"Home": {"type": "object", "title": "Home", "properties": {"city": {"type": "string"}}}},
    }));
    let signature =
        Signature::new([Field::input("q", FieldType::Str), Field::output("who", person)]).unwrap();
    let mut capabilities = Capabilities::default();
    capabilities.json_schema = true;
    let inputs = Record::new().with("q", "Q");
    let call = RenderCall::new(&signature, &inputs).capabilities(capabilities);
    let request = JsonAdapter::new().render(&call).unwrap();
    let Some(ResponseFormat::JsonSchema { schema, .. }) = request.response_format else { panic!() };
    assert_eq!(schema["properties"]["who"], json!({"$ref": "#/$defs/Person"}));
    for place in ["", "/$defs/Person", "/$defs/Home"] {
        let object = schema.pointer(place).unwrap();
        let names: Vec<&String> = object["properties"].as_object().unwrap().keys().collect();
        assert_eq!(object["required"], json!(names), "{place}");
        assert_eq!(object["additionalProperties"], json!(false), "{place}");
    }
    assert!(!schema.to_string().contains("default"), "{schema}");
    assert!(!schema.to_string().contains("title"), "{schema}");
    assert!(schema.pointer("/$defs/Person/$defs").is_none());
}

/// The request for an output of a type, for a model that follows schemas.
fn strict_request(ty: FieldType, compat: bool) -> Option<ResponseFormat> {
    let signature = Signature::new([Field::input("q", FieldType::Str), Field::output("out", ty)]).unwrap();
    let inputs = Record::new().with("q", "Q");
    let mut capabilities = Capabilities::default();
    capabilities.json_schema = true;
    let call = RenderCall::new(&signature, &inputs).capabilities(capabilities);
    JsonAdapter::new().render(&if compat { call.compat() } else { call }).unwrap().response_format
}

#[test]
fn fields_stay_in_the_order_in_which_a_model_is_to_write_them() {
    let verdict = FieldType::from_json_schema(&json!({
        "type": "object", "title": "Verdict",
        "properties": {"why": {"type": "string"}, "guilty": {"type": "boolean"}},
    }));
    let Some(ResponseFormat::JsonSchema { schema, .. }) = strict_request(verdict, false) else { panic!() };
    assert_eq!(schema["$defs"]["Verdict"]["required"], json!(["why", "guilty"]));
}

#[test]
fn the_rules_of_nested_fields_are_told_and_checked() {
    let graded = FieldType::from_json_schema(&json!({
        "type": "object", "title": "Graded", "required": ["score"],
        "properties": {"score": {"type": "integer", "minimum": 1, "maximum": 5}},
    }));
    assert_eq!(graded.json_schema()["properties"]["score"]["maximum"], 5);
    let signature =
        Signature::new([Field::input("q", FieldType::Str), Field::output("out", graded)]).unwrap();
    for policy in [ParsePolicy::default(), ParsePolicy::compat()] {
        let read = |text: &str| JsonAdapter::new().parse(&signature, &Choice::text(text), &policy);
        assert!(read(r#"{"out": {"score": 5}}"#).is_ok());
        let e = read(r#"{"out": {"score": 6}}"#).unwrap_err();
        assert_eq!(e.code(), "constraint");
        assert_eq!(e.to_string(), "expected `out.score` less than or equal to: 5, found 6");
    }
}

#[test]
fn only_who_asks_for_dspys_schema_gets_mappings_without_keys() {
    let tagged = FieldType::from_json_schema(&json!({
        "type": "object", "title": "Tagged",
        "properties": {"tags": {"type": "object", "additionalProperties": {"type": "string"}}},
    }));
    assert_eq!(strict_request(tagged.clone(), false), Some(ResponseFormat::JsonObject));
    let Some(ResponseFormat::JsonSchema { name, schema, .. }) = strict_request(tagged, true) else {
        panic!()
    };
    assert_eq!((name.as_str(), &schema["title"]), ("DSPyProgramOutputs", &json!("DSPyProgramOutputs")));
    let tags = &schema["$defs"]["Tagged"]["properties"]["tags"];
    assert_eq!((&tags["properties"], &tags["additionalProperties"]), (&json!({}), &json!(false)));
}

#[test]
fn long_replies_are_read_in_time() {
    let many = (0..200_000).map(|i| i.to_string()).collect::<Vec<_>>().join(", ");
    let (fields, _) =
        read("q -> a: list[int]", &format!("{{\"a\": [{many}]}}"), &ParsePolicy::default()).unwrap();
    assert_eq!(fields.get("a").unwrap().as_list().unwrap().len(), 200_000);
}
