//! The BAML adapter from outside: types in our wording, what DSPy cannot show, and inputs.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(dead_code, reason = "only the shape of these structs is looked at")]

use dspex_adapters::{BamlAdapter, Wording};
use dspex_core::lm::{Capabilities, Choice, ResponseFormat};
use dspex_core::types::field_type_of;
use dspex_core::value::StructValue;
use dspex_core::{Adapter, Error, Field, FieldType, ParsePolicy, Record, RenderCall, Signature, Value};
use schemars::JsonSchema;

fn of(ty: FieldType) -> Signature {
    Signature::new([Field::input("q", FieldType::Str), Field::output("out", ty)]).unwrap()
}

/// What the system message shows of a type.
fn shown(ty: FieldType, compat: bool) -> Result<String, Error> {
    let (signature, inputs) = (of(ty), Record::new().with("q", "Q"));
    let call = RenderCall::new(&signature, &inputs);
    let request = BamlAdapter::new().render(&if compat { call.compat() } else { call })?;
    let text = request.messages[0].text();
    let (_, after) = text.split_once("[[ ## out ## ]]\n").unwrap();
    Ok(after.split_once("\n\n[[ ## completed ## ]]").unwrap().0.to_owned())
}

fn annotated(annotation: &str) -> FieldType {
    FieldType::parse(annotation, None).unwrap()
}

/// A part of a house.
///
/// With other parts in it.
#[derive(JsonSchema)]
struct Part {
    /// what it is called
    name: String,
    parts: Vec<Part>,
    #[serde(rename = "floorArea")]
    area: Option<f64>,
    place: (f64, f64),
}

#[derive(JsonSchema)]
struct Trip {
    from: Town,
    to: Town,
    via: Vec<Town>,
}

#[derive(JsonSchema)]
struct Town {
    name: String,
}

#[derive(JsonSchema)]
enum Color {
    Red,
    Blue,
}

#[derive(JsonSchema)]
struct Car {
    color: Option<Color>,
    others: Vec<Color>,
    tags: std::collections::BTreeSet<String>,
}

#[test]
fn types_by_their_annotations() {
    let table = [
        ("str", "string", "string"),
        ("list[list[int]]", "int[][]", "int[][]"),
        ("dict[str, bool]", "dict[string, boolean]", "dict[string, boolean]"),
        ("list[Optional[int]]", "(int or null)[]", "int or null[]"),
        ("Literal['a', 1, True, None]", "\"a\" or 1 or true or null", "\"a\" or 1 or true or null"),
        ("tuple[int, str]", "[int, string]", "tuple"),
        ("tuple[int, ...]", "int[]", "tuple"),
        ("set[float]", "float[]", "set"),
        ("list", "list", "list"),
        ("Any", "Any", "Any"),
        ("None", "null", "NoneType"),
        ("bytes", "bytes", "bytes"),
    ];
    for (annotation, ours, dspys) in table {
        assert_eq!(shown(annotated(annotation), false).unwrap(), ours, "{annotation}");
        assert_eq!(shown(annotated(annotation), true).unwrap(), dspys, "{annotation}");
    }
}

#[test]
fn a_struct_that_holds_itself_is_named_and_printed_once() {
    let text = shown(field_type_of::<Part>(), false).unwrap();
    let wanted = "# A part of a house.\n# With other parts in it.\nPart {\n  # what it is called\n  name: string,\n  \
                  parts: Part[],\n  floorArea: float or null,\n  place: [float, float],\n}";
    assert_eq!(text, wanted);
    let e = shown(field_type_of::<Part>(), true).unwrap_err();
    assert_eq!(e.code(), "configuration");
    assert!(e.to_string().contains("found `Part` twice"), "{e}");
}

#[test]
fn a_struct_that_comes_again_is_printed_once_too() {
    let text = shown(field_type_of::<Trip>(), false).unwrap();
    assert_eq!(text, "{\n  from: Town {\n    name: string,\n  },\n  to: Town,\n  via: Town[],\n}");
    assert_eq!(shown(field_type_of::<Trip>(), true).unwrap_err().code(), "configuration");
}

#[test]
fn enumerations_show_what_can_be_chosen() {
    let text = shown(field_type_of::<Car>(), false).unwrap();
    let wanted =
        "{\n  color: \"Red\" or \"Blue\" or null,\n  others: (\"Red\" or \"Blue\")[],\n  tags: string[],\n}";
    assert_eq!(text, wanted);
}

#[test]
fn a_foreign_wording_keeps_to_the_form_of_dspy() {
    let mut wording = Wording::default();
    wording.id = "dspy-0".into();
    let signature = of(field_type_of::<Trip>());
    let inputs = Record::new().with("q", "Q");
    let e = BamlAdapter::with_wording(wording).render(&RenderCall::new(&signature, &inputs)).unwrap_err();
    assert_eq!(e.hint(), Some("use another adapter, or the BAML adapter with our wording"));
}

#[test]
fn structs_among_the_inputs_have_their_names_in_json() {
    let part = Value::Struct(StructValue {
        type_name: "Part".into(),
        fields: Record::new().with("name", "door").with("area", 2.5),
    });
    let whole = Value::Struct(StructValue {
        type_name: "Part".into(),
        fields: Record::new().with("name", "house").with("parts", Value::List(vec![part])),
    });
    let FieldType::Struct(shape) = field_type_of::<Part>() else { panic!("expected a struct") };
    let mut shape = (*shape).clone();
    let area = shape.fields.iter_mut().find(|f| f.name == "floorArea").unwrap();
    (area.name, area.alias) = ("area".into(), Some("floorArea".into()));
    let fields = [Field::input("part", FieldType::Struct(shape.into())), Field::output("a", FieldType::Str)];
    let (signature, inputs) = (Signature::new(fields).unwrap(), Record::new().with("part", whole));
    let request = BamlAdapter::new().render(&RenderCall::new(&signature, &inputs)).unwrap();
    let wanted = "[[ ## part ## ]]\n{\n  \"name\": \"house\",\n  \"parts\": [\n    {\n      \"name\": \"door\",\n      \
                  \"floorArea\": 2.5\n    }\n  ]\n}\n\nNow write one JSON object with `a`.";
    assert_eq!(request.messages[1].text(), wanted);
}

#[test]
fn answers_are_read_and_held_to_a_schema_as_the_json_adapters() {
    let (signature, inputs) = (Signature::parse("q -> n: int").unwrap(), Record::new().with("q", "Q"));
    let mut can = Capabilities::default();
    (can.json_object, can.json_schema) = (true, true);
    let request = BamlAdapter::new().render(&RenderCall::new(&signature, &inputs).capabilities(can)).unwrap();
    assert!(matches!(request.response_format, Some(ResponseFormat::JsonSchema { .. })));
    let reply = Choice::text("```json\n{\"n\": 3}\n```");
    let parsed = BamlAdapter::new().parse(&signature, &reply, &ParsePolicy::default()).unwrap();
    assert_eq!(parsed.fields, Record::new().with("n", 3));
}
