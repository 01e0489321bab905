//! Every kind of type, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use dspex_adapters::output_schema;
use dspex_core::types::builtin::BUILTIN_TYPES;
use dspex_core::types::{
    EnumType, StructField, StructType, TupleType, UnionSyntax, UnionType, field_type_of,
};
use dspex_core::{Constraint, Field, FieldType, SchemaDialect, Signature, Special, UnsupportedSchema, Value};
use schemars::JsonSchema;
use serde_json::Value as Json;

/// The schema that a model with this dialect is sent for an output `value` of a type.
pub(crate) fn sent(ty: &FieldType, dialect: SchemaDialect) -> Result<Json, UnsupportedSchema> {
    output_schema(&signature(ty), dialect)
}

pub(crate) fn signature(ty: &FieldType) -> Signature {
    Signature::new([Field::input("q", FieldType::Str), Field::output("value", ty.clone())]).unwrap()
}

pub(crate) fn field(name: &str, ty: FieldType) -> StructField {
    StructField::new(name, ty)
}

pub(crate) fn structure(name: &str, fields: Vec<StructField>) -> FieldType {
    FieldType::Struct(Arc::new(StructType { name: name.into(), fields, ..StructType::default() }))
}

fn enumeration(name: &str, members: &[(&str, Value)]) -> FieldType {
    let members = members.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect();
    FieldType::Enum(Arc::new(EnumType { name: name.into(), members, integer: false }))
}

fn tree() -> FieldType {
    let leaves = FieldType::list(FieldType::Ref("Tree".into()));
    structure("Tree", vec![field("name", FieldType::Str), field("leaves", leaves)])
}

fn chain(required: bool) -> FieldType {
    let mut next = field("next", FieldType::optional(FieldType::Ref("Link".into())));
    (next.required, next.default) = (required, (!required).then_some(Value::None));
    structure("Link", vec![field("n", FieldType::Int), next])
}

fn address() -> FieldType {
    let FieldType::Struct(s) =
        structure("Address", vec![field("city", FieldType::Str), field("zip", FieldType::Str)])
    else {
        unreachable!()
    };
    let mut s = StructType::clone(&s);
    s.description = Some("Where somebody lives".into());
    s.fields[1].constraints = vec![Constraint::pattern(r"^\d{5}$").unwrap()];
    FieldType::Struct(Arc::new(s))
}

fn person() -> FieldType {
    let mut age = field("age", FieldType::Int);
    (age.description, age.constraints) =
        (Some("in whole years".into()), vec![Constraint::ge(0), Constraint::lt(150)]);
    let mut tags = field("tags", FieldType::list(FieldType::Str));
    (tags.required, tags.default) = (false, Some(Value::List(Vec::new())));
    tags.constraints = vec![Constraint::MaxLength(5)];
    let mut nick = field("nick_name", FieldType::optional(FieldType::Str));
    (nick.alias, nick.required, nick.default) = (Some("nickName".into()), false, Some(Value::None));
    let mut home = field("home", address());
    home.description = Some("The first home".into());
    let homes = field("homes", FieldType::list(address()));
    structure("Person", vec![field("name", FieldType::Str), age, tags, nick, home, homes])
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is of use")]
enum External {
    Unit,
    Newtype(i32),
    Tuple(u8, String),
    Struct { at: (f64, f64), note: Option<String> },
}

#[derive(JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is of use")]
enum Internal {
    Circle {
        radius: f64,
    },
    Square {
        side: f64,
        #[serde(default)]
        filled: bool,
    },
    Nothing,
}

#[derive(JsonSchema)]
#[serde(tag = "t", content = "c")]
#[expect(dead_code, reason = "only its schema is of use")]
enum Adjacent {
    Text(String),
    Point { x: i8 },
}

#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is of use")]
enum Untagged {
    Text(String),
    Pair(i64, bool),
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is of use")]
enum Expr {
    Number(f64),
    Sum(Vec<Expr>),
    Negated { of: Box<Expr> },
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is of use")]
enum Light {
    Red,
    Green,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is of use")]
struct Tagged {
    id: u32,
    #[serde(flatten)]
    rest: BTreeMap<String, String>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is of use")]
struct Flat {
    id: u32,
    #[serde(flatten)]
    shape: Internal,
}

/// Every type, by the name under which it stands in the golden files.
pub(crate) fn all() -> Vec<(&'static str, FieldType)> {
    let read = |annotation: &str| FieldType::parse(annotation, None).unwrap();
    let union = |options, syntax| FieldType::Union(UnionType { options, syntax });
    let color = enumeration("Color", &[("RED", "red".into()), ("BLUE", "blue".into())]);
    let level = enumeration("Level", &[("LOW", 1.into()), ("HIGH", 2.into())]);
    let mut out: Vec<(&str, FieldType)> = [
        "str",
        "int",
        "float",
        "bool",
        "None",
        "Any",
        "bytes",
        "complex",
        "datetime.date",
        "datetime.datetime",
        "datetime.time",
        "datetime.timedelta",
        "decimal.Decimal",
        "uuid.UUID",
        "list",
        "list[int]",
        "list[list[str]]",
        "set",
        "set[str]",
        "frozenset[int]",
        "tuple",
        "tuple[int, str, int]",
        "tuple[float, float]",
        "tuple[int, ...]",
        "tuple[()]",
        "dict",
        "dict[str, int]",
        "dict[str, Any]",
        "dict[int, list[str]]",
        "Literal['one']",
        "Literal['a', 'b']",
        "Literal[1, 2]",
        "Literal[True]",
        "Literal[True, False]",
        "Literal['a', 1, True, None]",
        "Optional[Literal['a', 'b']]",
        "Optional[str]",
        "Union[int, str, None]",
        "dspy.Image",
        "dspy.Audio",
        "dspy.File",
        "dspy.Document",
        "dspy.Citations",
        "dspy.History",
        "dspy.Tool",
        "dspy.ToolCalls",
        "dspy.Code",
        "dspy.Code['python']",
        "dspy.Reasoning",
    ]
    .into_iter()
    .map(|annotation| (annotation, read(annotation)))
    .collect();
    out.extend([
        ("int | str", union(vec![FieldType::Int, FieldType::Str], UnionSyntax::Pep604)),
        ("enum of text", color.clone()),
        ("enum of numbers", level),
        ("optional enum", FieldType::optional(color.clone())),
        ("struct, nested", person()),
        ("struct, optional", FieldType::optional(address())),
        ("struct, recursive in a list", tree()),
        ("struct, recursive and required", chain(true)),
        ("struct, recursive and with a default", chain(false)),
        (
            "tuple with a struct",
            FieldType::Tuple(Some(TupleType { items: vec![address(), color], variadic: false })),
        ),
        ("special in a list", FieldType::list(FieldType::Special(Special::Reasoning))),
        ("Rust: u8", field_type_of::<u8>()),
        ("Rust: [f64; 3]", field_type_of::<[f64; 3]>()),
        ("Rust: map with number keys", field_type_of::<BTreeMap<u32, String>>()),
        ("Rust: unit enum", field_type_of::<Light>()),
        ("Rust: external enum", field_type_of::<External>()),
        ("Rust: internal enum", field_type_of::<Internal>()),
        ("Rust: adjacent enum", field_type_of::<Adjacent>()),
        ("Rust: untagged enum", field_type_of::<Untagged>()),
        ("Rust: recursive enum", field_type_of::<Expr>()),
        ("Rust: flattened map", field_type_of::<Tagged>()),
        ("Rust: flattened enum", field_type_of::<Flat>()),
    ]);
    out.extend(BUILTIN_TYPES.iter().map(|(name, _)| (*name, read(name))));
    out
}
