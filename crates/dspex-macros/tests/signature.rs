//! Holds what `#[derive(Signature)]` makes of a struct: the signature as data, and the structs beside it. What it
//! refuses is held by `ui.rs`.

use std::collections::HashMap;

use dspex_core::{
    Constraint, Example, Field, FieldType, FromRecord, Record, Signature, ToExample, ToRecord,
    TypedSignature, Value, types::field_type_of, value::to_value,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

fn field<S: TypedSignature>(name: &str) -> Field {
    S::signature().field(name).cloned().unwrap_or_else(|| panic!("no field `{name}`"))
}

/// Answer the question from the context.
///
///   - Quote the passage.
///   - Stay short.
#[derive(Signature)]
#[signature(derive(PartialEq))]
struct GroundedAnswer {
    /// passages that may hold the answer
    #[input]
    context: Vec<String>,
    #[input]
    question: String,
    /// often between
    /// one and five words
    #[output]
    answer: String,
    #[output(ge = 0.0, le = 1.0)]
    confidence: f64,
}

fn grounded() -> GroundedAnswer {
    GroundedAnswer {
        context: vec!["Goethe wrote Faust.".into()],
        question: "Who wrote Faust?".into(),
        answer: "Goethe".into(),
        confidence: 0.9,
    }
}

#[test]
fn the_struct_is_the_signature() {
    let s = GroundedAnswer::signature();
    assert_eq!(s.name(), "GroundedAnswer");
    assert_eq!(
        s.instructions(),
        "Answer the question from the context.\n\n  - Quote the passage.\n  - Stay short."
    );
    assert_eq!(s.to_string(), "context, question -> answer, confidence");
    assert_eq!(
        s.inputs(),
        [
            Field::input("context", FieldType::list(FieldType::Str))
                .with_description("passages that may hold the answer"),
            Field::input("question", FieldType::Str),
        ]
    );
    assert_eq!(
        s.outputs(),
        [
            Field::output("answer", FieldType::Str).with_description("often between\none and five words"),
            Field::output("confidence", FieldType::Float)
                .with_constraint(Constraint::ge(0.0))
                .with_constraint(Constraint::le(1.0)),
        ]
    );
}

#[test]
fn split_and_join_are_inverse() {
    let (input, output) = grounded().split();
    assert_eq!((&input, &output), (&grounded().input(), &grounded().output()));
    assert_eq!(input.question, "Who wrote Faust?");
    let joined = GroundedAnswer::join(input, output);
    assert_eq!(joined.answer, "Goethe");
    assert_eq!(joined.context, ["Goethe wrote Faust."]);
}

#[test]
fn the_struct_is_a_labelled_example() {
    let example = grounded().to_example().unwrap();
    assert_eq!(example.inputs().unwrap().keys().collect::<Vec<_>>(), ["context", "question"]);
    assert_eq!(example.record().get("confidence"), Some(&Value::Float(0.9)));
    let of_a_file = Example::from_json(&serde_json::json!({"answer": "Goethe", "confidence": 1})).unwrap();
    let output = GroundedAnswerOutput::from_record(of_a_file.record().clone()).unwrap();
    assert_eq!(output, GroundedAnswerOutput { answer: "Goethe".into(), confidence: 1.0 });
}

#[derive(Signature)]
struct NoDoc {
    #[input]
    a: String,
    #[output]
    b: String,
}

const TEXT: &str = "a constant";

/// Not this.
#[derive(Signature)]
#[signature(name = "Other", instructions = "\n    Do it.\n      Well.\n    ")]
struct Overridden {
    /// not this
    #[input(desc = "this", prefix = "Q:")]
    a: String,
    #[output(desc = TEXT)]
    b: String,
}

#[derive(Signature)]
#[doc = " Before."]
#[doc = include_str!("instructions.md")]
#[doc = " After."]
struct FromFile {
    #[output]
    a: String,
}

/**
 * In a comment
 * with stars.
 */
#[derive(Signature)]
struct Block {
    /** one line */
    #[output]
    a: String,
}

#[test]
fn instructions_and_names_come_from_where_they_are_given() {
    assert_eq!(NoDoc::signature().instructions(), "Given the fields `a`, produce the fields `b`.");
    assert_eq!(field::<NoDoc>("a").stored_description(), "${a}");

    assert_eq!(Overridden::signature().instructions(), "Do it.\n  Well.");
    assert_eq!(Overridden::signature().name(), "Other");
    assert_eq!(field::<Overridden>("a").description.as_deref(), Some("this"));
    assert_eq!(field::<Overridden>("a").prefix, "Q:");
    assert_eq!(field::<Overridden>("b").description.as_deref(), Some("a constant"));
    assert_eq!(field::<Overridden>("b").prefix, "B:");

    assert_eq!(FromFile::signature().instructions(), "Before.\nText from a file,\nin two lines.\n\nAfter.");
    assert_eq!(Block::signature().instructions(), "In a comment\nwith stars.");
    assert_eq!(field::<Block>("a").description.as_deref(), Some("one line"));
}

const LEAST: usize = 2;

type Score = f32;

#[derive(Signature)]
struct Rules {
    #[output(gt = 0, lt = 10_000_000_000, multiple_of = 5)]
    count: i64,
    #[output(ge = -1.5, le = 1, allow_inf_nan = false)]
    score: Option<Score>,
    #[output(min_length = LEAST, max_length = 8, pattern = "^[a-z]+$")]
    word: Option<String>,
    #[output(max_length = 3)]
    list: Vec<u8>,
    #[output(le = 18_446_744_073_709_551_615)]
    big: u64,
    #[output(ge = i16::MIN)]
    given: i16,
}

#[test]
fn rules_keep_their_order_and_their_numbers() {
    let rules = |name| field::<Rules>(name).constraints;
    assert_eq!(
        rules("count"),
        [Constraint::gt(0), Constraint::lt(10_000_000_000_i64), Constraint::MultipleOf(Value::from(5))]
    );
    assert_eq!(rules("score"), [Constraint::ge(-1.5), Constraint::le(1), Constraint::AllowInfNan(false)]);
    assert_eq!(
        rules("word"),
        [Constraint::MinLength(2), Constraint::MaxLength(8), Constraint::pattern("^[a-z]+$").unwrap()]
    );
    assert_eq!(rules("list"), [Constraint::MaxLength(3)]);
    assert_eq!(rules("big"), [Constraint::le(u64::MAX)]);
    assert_eq!(rules("given"), [Constraint::ge(i16::MIN)]);
    assert_eq!(field::<Rules>("score").ty, FieldType::optional(FieldType::Float));
}

#[derive(Signature)]
#[signature(derive(PartialEq, Default))]
struct Defaults {
    #[input(default = "en")]
    language: String,
    #[input(default = vec![1, 2])]
    sizes: Vec<u8>,
    #[input(default)]
    strict: bool,
    #[input]
    hint: Option<String>,
    #[output(default = { let base = 2; base * 3 })]
    rank: i32,
    #[output]
    text: String,
}

#[test]
fn defaults_fill_what_is_absent() {
    assert_eq!(field::<Defaults>("language").default, Some(Value::from("en")));
    assert_eq!(field::<Defaults>("sizes").default, Some(Value::from(vec![1, 2])));
    assert_eq!(field::<Defaults>("strict").default, Some(Value::Bool(false)));
    assert_eq!(field::<Defaults>("rank").default, Some(Value::from(6)));
    assert_eq!(field::<Defaults>("hint").default, None);

    let input = DefaultsInput::from_record(Record::new()).unwrap();
    assert_eq!(input, DefaultsInput { language: "en".into(), sizes: vec![1, 2], strict: false, hint: None });
    let given = Record::new().with("language", "de").with("hint", "H");
    let input = DefaultsInput::from_record(given.clone()).unwrap();
    assert_eq!((input.language.as_str(), input.hint.as_deref()), ("de", Some("H")));
    let unknown = DefaultsInput::from_record(given.with("unknown", 1)).unwrap_err();
    assert!(unknown.to_string().contains("unknown field `unknown`"), "{unknown}");
    assert_eq!(DefaultsOutput::default().rank, 0, "a derive of the user's is the user's");

    let missing = DefaultsOutput::from_record(Record::new()).unwrap_err();
    assert!(missing.to_string().contains("missing field `text`"), "{missing}");
    let wrong = DefaultsOutput::from_record(Record::new().with("text", 1)).unwrap_err();
    assert!(wrong.to_string().contains("`text`"), "{wrong}");
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Person {
    name: String,
    age: Option<u8>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
enum Mood {
    Glad,
    Sad,
}

#[derive(Signature)]
#[signature(derive(PartialEq))]
struct Nested {
    #[input]
    people: Vec<Person>,
    #[input]
    grid: Vec<Vec<f64>>,
    #[output]
    mood: Mood,
    #[output]
    known: HashMap<String, Person>,
    #[output]
    nobody: Option<Person>,
}

#[test]
fn nested_types_go_through_records() {
    let person = Person { name: "Ada".into(), age: Some(36) };
    let example = Nested {
        people: vec![person.clone()],
        grid: vec![vec![1.0, 2.5], vec![]],
        mood: Mood::Glad,
        known: HashMap::from([("a".to_owned(), person)]),
        nobody: None,
    };
    let (input, output) = example.split();
    assert_eq!(NestedInput::from_record(input.to_record().unwrap()).unwrap(), input);
    assert_eq!(NestedOutput::from_record(output.to_record().unwrap()).unwrap(), output);
    assert_eq!(field::<Nested>("people").ty, field_type_of::<Vec<Person>>());
    assert_eq!(field::<Nested>("mood").ty, field_type_of::<Mood>());

    let sad = Record::new().with("mood", "Sad").with("known", Record::new());
    assert_eq!(NestedOutput::from_record(sad).unwrap().mood, Mood::Sad);
}

#[derive(Signature)]
#[signature(derive(JsonSchema, PartialEq))]
struct Renamed {
    #[input(rename = "user_question")]
    question: String,
    #[input]
    r#type: String,
    #[output(rename = "class")]
    label: String,
}

#[test]
fn the_model_sees_the_other_name() {
    assert_eq!(Renamed::signature().to_string(), "user_question, type -> class");
    assert_eq!(Renamed::FIELDS, ["user_question", "type", "class"]);
    assert_eq!(field::<Renamed>("user_question").prefix, "User Question:");
    let input = RenamedInput { question: "Q".into(), r#type: "T".into() };
    let record = input.to_record().unwrap();
    assert_eq!(record.keys().collect::<Vec<_>>(), ["user_question", "type"]);
    assert_eq!(RenamedInput::from_record(record).unwrap(), input);
    let schema = field_type_of::<RenamedOutput>().json_schema();
    assert_eq!(schema["properties"]["class"]["type"], "string");
    assert_eq!(format!("{input:?}"), r#"RenamedInput { user_question: "Q", type: "T" }"#);
}

/// Names that the generated code, DSPy or Rust could stumble over.
mod awkward {
    use dspex_core::Signature;

    // What stands around the derive must not matter either.
    #[expect(
        dead_code,
        non_upper_case_globals,
        reason = "a name that a pattern would take for this constant"
    )]
    const value: u8 = 0;
    #[expect(dead_code, reason = "names that are only there to be met")]
    mod shadows {
        pub(super) struct Option;
        pub(super) struct Result;
    }
    #[expect(dead_code, non_camel_case_types, reason = "names that are only there to be met")]
    struct usage;
    #[expect(unused_imports, reason = "names that are only there to be met")]
    use shadows::{Option, Result};

    #[derive(Signature)]
    pub(super) struct Awkward {
        #[input]
        pub(super) instructions: u8,
        #[input]
        pub(super) signature: u8,
        #[input]
        pub(super) r#type: u8,
        #[input]
        pub(super) demos: u8,
        #[input]
        pub(super) input: u8,
        #[output]
        pub(super) usage: u8,
        #[output]
        pub(super) reasoning: u8,
        #[output]
        pub(super) completions: u8,
        #[output]
        pub(super) value: u8,
        #[output]
        pub(super) self_: u8,
        #[output]
        pub(super) output: u8,
    }
}

#[test]
fn any_name_is_the_name_of_a_field() {
    use awkward::{Awkward, AwkwardInput, AwkwardOutput};
    assert_eq!(
        Awkward::signature().to_string(),
        "instructions, signature, type, demos, input -> usage, reasoning, completions, value, self_, output"
    );
    let input = AwkwardInput { instructions: 1, signature: 2, r#type: 3, demos: 4, input: 5 };
    let output = AwkwardOutput { usage: 6, reasoning: 7, completions: 8, value: 9, self_: 10, output: 11 };
    let (input, output) = Awkward::join(input, output).split();
    let numbers: Vec<_> = input
        .to_record()
        .unwrap()
        .values()
        .chain(output.to_record().unwrap().values())
        .map(|v| v.as_i64().unwrap())
        .collect();
    assert_eq!(numbers, (1..=11).collect::<Vec<_>>());
    assert_eq!(AwkwardInput::from_record(input.to_record().unwrap()).unwrap().r#type, 3);
}

mod visibility {
    pub(crate) mod inner {
        use dspex_core::Signature;

        #[derive(Signature)]
        #[expect(unreachable_pub, reason = "the widest visibility is what is tested")]
        pub struct Open {
            #[input]
            a: String,
            #[output]
            pub(crate) b: String,
        }
    }
}

#[test]
fn generated_fields_are_as_visible_as_the_struct() {
    use visibility::inner::{Open, OpenInput, OpenOutput};
    let open = Open::join(OpenInput { a: "a".into() }, OpenOutput { b: "b".into() });
    assert_eq!(open.b, "b");
    assert_eq!(open.input().a, "a");
}

#[test]
fn a_derive_works_inside_a_function() {
    #[derive(Signature)]
    struct Local {
        #[output]
        a: String,
    }
    assert_eq!(Local::signature().inputs().len(), 0);
    assert_eq!(Local { a: "x".into() }.output().a, "x");
}

#[test]
fn a_struct_reads_itself_from_any_format() {
    let read: DefaultsInput = serde_json::from_str(r#"{"strict": true}"#).unwrap();
    assert!(read.strict);
    let extra = serde_json::from_str::<DefaultsInput>(r#"{"strict": true, "extra": [1]}"#).unwrap_err();
    assert!(extra.to_string().contains("unknown field `extra`"), "{extra}");
    let in_order: DefaultsOutput = serde_json::from_str(r#"[4, "T"]"#).unwrap();
    assert_eq!(in_order, DefaultsOutput { rank: 4, text: "T".into() });
    let twice = serde_json::from_str::<DefaultsInput>(r#"{"strict": true, "strict": true}"#).unwrap_err();
    assert!(twice.to_string().contains("duplicate field `strict`"), "{twice}");
    let text = serde_json::to_string(&in_order).unwrap();
    assert_eq!(text, r#"{"rank":4,"text":"T"}"#);
    match to_value(&in_order).unwrap() {
        Value::Struct(s) => assert_eq!(s.type_name, "DefaultsOutput"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_signature_is_made_once() {
    assert_eq!(NoDoc::signature(), NoDoc::signature());
    let renamed = NoDoc::signature().with_name("Changed");
    assert_eq!((renamed.name(), NoDoc::signature().name()), ("Changed", "NoDoc"));
}
