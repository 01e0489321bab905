//! Rust types end to end: a value is rendered in a demonstration and read back from it, through each adapter, and fits
//! the schema of each dialect; with the optional crates too.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Debug;
use std::rc::Rc;
use std::sync::Arc;

use dspex::lm::Choice;
use dspex::schema::SCHEMA_DIALECTS;
use dspex::types::field_type_of;
use dspex::value::{from_value, to_value};
use dspex::{Example, Field, FieldType, FieldValue, ParsePolicy, Record, RenderCall, Signature};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Renders a value in a demonstration, reads the demonstration as a reply, and compares.
fn there_and_back<T: FieldValue + PartialEq>(spelled: &str, value: &T) {
    let ty = field_type_of::<T>();
    assert_eq!(ty.annotation(), spelled);
    let data = to_value(value).unwrap();
    assert_eq!(ty.check(&data), Ok(()), "{spelled}: {data:?}");
    assert_eq!(FieldType::from_json_schema(&ty.json_schema_lossless()), ty, "{spelled}");
    let signature = Signature::new([Field::input("q", FieldType::Str), Field::output("value", ty)]).unwrap();
    let inputs = Record::new().with("q", "Q");
    let demo = Example::from(Record::new().with("q", "Q").with("value", data));
    let demos = [demo];
    for name in ["chat", "json"] {
        let adapter = dspex::adapters::by_name(name).unwrap();
        let request = adapter.render(&RenderCall::new(&signature, &inputs).demos(&demos)).unwrap();
        let shown = request.messages[2].text();
        let parsed = adapter
            .parse(&signature, &Choice::text(shown.clone()), &ParsePolicy::default())
            .unwrap_or_else(|e| panic!("{spelled} through {name}: {e}\n{shown}"));
        let back: T = from_value(parsed.fields.get("value").unwrap().clone())
            .unwrap_or_else(|e| panic!("{spelled} through {name}: {e}\n{shown}"));
        assert_eq!(back, *value, "{spelled} through {name}:\n{shown}");
        if name == "json" {
            fits(spelled, &signature, &serde_json::from_str(&shown).unwrap());
        }
    }
}

/// What a demonstration shows is what the schemas ask for.
fn fits(spelled: &str, signature: &Signature, shown: &serde_json::Value) {
    let mut said = 0;
    for dialect in SCHEMA_DIALECTS {
        let Ok(schema) = dspex::adapters::output_schema(signature, *dialect) else { continue };
        let schema = jsonschema::draft202012::new(&schema).unwrap();
        let faults: Vec<String> = schema.iter_errors(shown).map(|e| e.to_string()).collect();
        assert!(faults.is_empty(), "{spelled} in {}: {faults:?}", dialect.name);
        said += 1;
    }
    assert!(said >= 2, "{spelled}: {said}");
}

macro_rules! types {
    ($($name:ident: $ty:ty, $spelled:literal = $value:expr;)*) => {$(
        #[test]
        fn $name() {
            let value: $ty = $value;
            there_and_back(&$spelled, &value);
        }
    )*};
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Newtype(u16);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct TupleStruct(u16, String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Plain {
    full_name: String,
    #[serde(rename = "zipCode")]
    zip: Option<u32>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Defaults {
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default = "seven")]
    n: u8,
    #[serde(skip)]
    secret: u8,
    #[serde(alias = "older_name")]
    name: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    note: Option<String>,
}

fn seven() -> u8 {
    7
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Flattened {
    id: u8,
    #[serde(flatten)]
    inner: Inner,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Inner {
    x: f64,
    y: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct FlattenedMap {
    id: u8,
    #[serde(flatten)]
    rest: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Unit {
    DeepRed,
    #[serde(rename = "GREEN")]
    Green,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
enum External {
    Unit,
    Newtype(i32),
    Tuple(u8, String),
    Struct { at: (f64, f64), note: Option<String> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Internal {
    Circle { radius: f64 },
    RoundedSquare { side: f64 },
    Nothing,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    Text(String),
    Point { x: i8 },
    Nothing,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Untagged {
    Number(i64),
    Pair(i64, bool),
    Named { name: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Tree {
    name: String,
    leaves: Vec<Tree>,
    twin: Option<Box<Tree>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
enum Expr {
    Number(f64),
    Sum(Vec<Expr>),
    Negated { of: Box<Expr> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Everything {
    shapes: Vec<Internal>,
    by_light: Option<Unit>,
    expr: Expr,
    pair: (Newtype, Plain),
    shared: Arc<Inner>,
}

fn leaf(name: &str) -> Tree {
    Tree { name: name.into(), leaves: vec![], twin: None }
}

types! {
    text: String, "str" = "two\nlines".into();
    whole: i64, "int" = -7;
    float: f64, "float" = 0.1;
    truth: bool, "bool" = true;
    option_some: Option<i32>, "Optional[int]" = Some(3);
    option_none: Option<i32>, "Optional[int]" = None;
    vector: Vec<Vec<u8>>, "list[list[int]]" = vec![vec![1, 2], vec![]];
    array: [f64; 3], "list[float]" = [1.0, 2.5, -3.0];
    tuple: (i32, String, Option<bool>), "tuple[int, str, Optional[bool]]" = (1, "one".into(), None);
    set: BTreeSet<u8>, "set[int]" = [1, 2].into();
    map: HashMap<String, f64>, "dict[str, float]" = [("a".to_owned(), 0.5)].into();
    number_keys: BTreeMap<i16, Vec<bool>>, "dict[int, list[bool]]" = [(-7, vec![true])].into();
    newtype: Newtype, "int" = Newtype(7);
    tuple_struct: TupleStruct, "tuple[int, str]" = TupleStruct(7, "x".into());
    renamed: Plain, "Plain" = Plain { full_name: "Ada L.".into(), zip: Some(50_667) };
    defaults: Defaults, "Defaults" = Defaults { tags: vec!["a".into()], n: 9, name: "x".into(), note: Some("y".into()), ..Defaults::default() };
    flattened: Flattened, "Flattened" = Flattened { id: 1, inner: Inner { x: 1.0, y: -2.5 } };
    flattened_map: FlattenedMap, "FlattenedMap" = FlattenedMap { id: 1, rest: [("k".to_owned(), "v".to_owned())].into() };
    unit_enum: Vec<Unit>, "list[Unit]" = vec![Unit::DeepRed, Unit::Green];
    optional_enum: Option<Unit>, "Optional[Unit]" = Some(Unit::Green);
    external_unit: External, "External" = External::Unit;
    external: Vec<External>, "list[External]" = vec![
        External::Unit,
        External::Newtype(-1),
        External::Tuple(2, "x".into()),
        External::Struct { at: (1.0, 2.0), note: None },
    ];
    internal: Vec<Internal>, "list[Internal]" =
        vec![Internal::Circle { radius: 1.5 }, Internal::RoundedSquare { side: 2.0 }, Internal::Nothing];
    adjacent: Vec<Adjacent>, "list[Adjacent]" =
        vec![Adjacent::Text("x".into()), Adjacent::Point { x: -1 }, Adjacent::Nothing];
    untagged: Vec<Untagged>, "list[Union[int, tuple[int, bool], object]]" =
        vec![Untagged::Number(4), Untagged::Pair(1, true), Untagged::Named { name: "x".into() }];
    boxed: Box<Inner>, "Inner" = Box::new(Inner { x: 0.5, y: 1.0 });
    recursive: Tree, "Tree" =
        Tree { name: "a".into(), leaves: vec![leaf("b"), leaf("c")], twin: Some(Box::new(leaf("d"))) };
    recursive_enum: Expr, "Expr" =
        Expr::Sum(vec![Expr::Number(1.5), Expr::Negated { of: Box::new(Expr::Number(2.0)) }]);
    everything: Everything, "Everything" = Everything {
        shapes: vec![Internal::Nothing],
        by_light: Some(Unit::DeepRed),
        expr: Expr::Sum(vec![Expr::Number(1.0)]),
        pair: (Newtype(3), Plain { full_name: "B".into(), zip: None }),
        shared: Arc::new(Inner { x: 1.0, y: 2.0 }),
    };
}

#[cfg(feature = "chrono")]
types! {
    chrono_moment: chrono::DateTime<chrono::Utc>, "datetime.datetime" = "2024-05-06T07:08:09.5Z".parse().unwrap();
    chrono_date: chrono::NaiveDate, "datetime.date" = "2024-02-29".parse().unwrap();
    chrono_time: chrono::NaiveTime, "datetime.time" = "07:08:09".parse().unwrap();
    chrono_local: chrono::NaiveDateTime, "datetime.datetime" = "2024-05-06T07:08:09".parse().unwrap();
    chrono_list: Vec<Option<chrono::NaiveDate>>, "list[Optional[datetime.date]]" =
        vec![Some("2024-02-29".parse().unwrap()), None];
}

#[cfg(feature = "jiff")]
types! {
    jiff_moment: jiff::Timestamp, "datetime.datetime" = "2024-05-06T07:08:09Z".parse().unwrap();
    jiff_date: jiff::civil::Date, "datetime.date" = "2024-02-29".parse().unwrap();
    jiff_time: jiff::civil::Time, "datetime.time" = "07:08:09".parse().unwrap();
    jiff_local: jiff::civil::DateTime, "datetime.datetime" = "2024-05-06T07:08:09".parse().unwrap();
    jiff_span: jiff::SignedDuration, "str" = jiff::SignedDuration::from_secs(5_400);
}

#[cfg(feature = "rust_decimal")]
types! {
    decimal: rust_decimal::Decimal, "decimal.Decimal" = "1234567890.10".parse().unwrap();
    decimals: BTreeMap<String, rust_decimal::Decimal>, "dict[str, decimal.Decimal]" =
        [("x".to_owned(), "-0.50".parse().unwrap())].into();
}

#[cfg(feature = "uuid")]
types! {
    uuid_one: uuid::Uuid, "uuid.UUID" = "6ba7b810-9dad-11d1-80b4-00c04fd430c8".parse().unwrap();
    uuids: (uuid::Uuid, Vec<uuid::Uuid>), "tuple[uuid.UUID, list[uuid.UUID]]" = (uuid::Uuid::nil(), vec![]);
}

/// The tests run with everything that is optional.
#[test]
fn what_is_optional_is_tested() {
    let on = [
        cfg!(feature = "chrono"),
        cfg!(feature = "jiff"),
        cfg!(feature = "rust_decimal"),
        cfg!(feature = "uuid"),
    ];
    assert_eq!(on, [true; 4]);
}

/// A field that is shared is read as what it holds; an alias is another name for the same field.
#[test]
fn other_names_and_pointers() {
    assert_eq!(field_type_of::<Rc<Inner>>(), field_type_of::<Inner>());
    let read: Defaults = serde_json::from_str(r#"{"older_name": "x"}"#).unwrap();
    assert_eq!(read, Defaults { n: 7, name: "x".into(), ..Defaults::default() });
}
