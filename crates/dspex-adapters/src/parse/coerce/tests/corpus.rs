//! Every row of the conformance corpus that calls DSPy's `parse_value`, under the compat policy.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use dspex_core::types::{EnumType, StructField, StructType, TupleType, UnionSyntax};
use dspex_core::{
    FieldType, Note, ParsePolicy, ParseRule, RuleEffect, SignatureParser, Special, TypeRegistry, Value,
};
use serde_json::Value as Json;

use crate::parse::coerce::Mismatch;

/// The corpus stands beside the workspace; another one of the same form can be named when the test is built.
fn corpus() -> Option<Json> {
    let path = option_env!("DSPEX_CONFORMANCE").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/dspy-3.4.1.json"),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(path).ok()?;
    Some(serde_json::from_str(&text).expect("the corpus is JSON"))
}

/// The types that rows name.
struct Types<'a> {
    corpus: &'a Json,
    open: Vec<String>,
}

impl Types<'_> {
    fn read(&mut self, ast: &Json) -> FieldType {
        let name = || ast["ref"].as_str().expect("a reference");
        let mut of = |key: &str| Box::new(self.read(&ast[key]));
        match ast["kind"].as_str().expect("a kind") {
            "str" => FieldType::Str,
            "int" => FieldType::Int,
            "float" => FieldType::Float,
            "bool" => FieldType::Bool,
            "none" => FieldType::None,
            "any" => FieldType::Any,
            "bytes" => FieldType::Bytes,
            "date" => FieldType::Date,
            "datetime" => FieldType::DateTime,
            "list" => FieldType::List(Some(of("item"))),
            "dict" => FieldType::dict(*of("key"), *of("value")),
            "literal" => {
                FieldType::Literal(ast["values"].as_array().expect("values").iter().map(tagged).collect())
            }
            "tuple" => {
                let items = ast["items"].as_array().expect("items").iter().map(|i| self.read(i)).collect();
                let variadic = ast["variadic"] == Json::Bool(true);
                FieldType::Tuple(Some(TupleType { items, variadic }))
            }
            "union" => {
                let options = ast["options"].as_array().expect("options");
                FieldType::union(options.iter().map(|o| self.read(o)).collect(), UnionSyntax::Typing)
            }
            "enum" => self.enumeration(name()),
            "model" => self.model(name()),
            other => panic!("a model of the corpus with a field of kind {other}"),
        }
    }

    fn enumeration(&self, name: &str) -> FieldType {
        let members = self.corpus["enums"][name]["members"].as_array().expect("members");
        let member = |m: &Json| (m[0].as_str().expect("a name").to_owned(), tagged(&m[1]));
        FieldType::Enum(Arc::new(EnumType {
            name: name.to_owned(),
            members: members.iter().map(member).collect(),
            integer: false,
        }))
    }

    fn model(&mut self, name: &str) -> FieldType {
        if self.open.iter().any(|n| n == name) {
            return FieldType::Ref(name.into());
        }
        self.open.push(name.to_owned());
        let model = &self.corpus["models"][name];
        let fields = model["fields"].as_array().expect("fields").iter();
        let fields = fields
            .map(|f| StructField {
                name: f["name"].as_str().expect("a name").to_owned(),
                alias: f["alias"].as_str().map(str::to_owned),
                ty: self.read(&f["type"]),
                description: None,
                required: f["required"] == Json::Bool(true),
                default: f.get("default").map(tagged),
                hidden_default: false,
                constraints: Vec::new(),
            })
            .collect();
        self.open.pop();
        let closed = model["config"]["extra"] == "forbid";
        let by_name = model["config"]["populate_by_name"] == true;
        FieldType::Struct(Arc::new(StructType {
            name: name.to_owned(),
            description: None,
            fields,
            closed,
            by_name,
            typed_dict: false,
        }))
    }

    fn registry(&mut self) -> TypeRegistry {
        let mut types = TypeRegistry::new();
        for (name, ty) in [
            ("date", FieldType::Date),
            ("datetime", FieldType::DateTime),
            ("time", FieldType::Time),
            ("timedelta", FieldType::TimeDelta),
            ("Decimal", FieldType::Decimal),
            ("UUID", FieldType::Uuid),
            ("Reasoning", FieldType::Special(Special::Reasoning)),
        ] {
            types = types.with(name, ty);
        }
        for name in self.corpus["enums"].as_object().expect("enums").keys() {
            types = types.with(name, self.enumeration(name));
        }
        for name in self.corpus["models"].as_object().expect("models").keys() {
            types = types.with(name, self.model(name));
        }
        types
    }
}

fn tagged(json: &Json) -> Value {
    Value::from_tagged(json).expect("a value in its lossless form")
}

/// The value of a row, where it is of a kind that is read here.
fn expected(json: &Json) -> Option<Value> {
    if json["$dspy"] == "Reasoning" {
        return Some(tagged(&json["fields"]["content"]));
    }
    Value::from_tagged(json).ok()
}

/// Types of DSPy's own, which rows name without their module. `Code` has rules of its own beside those of types.
const OWN: [&str; 5] = ["Image", "Audio", "File", "History", "ToolCalls"];

fn read(value: &Json, ty: &FieldType, policy: &ParsePolicy) -> (Result<Value, Mismatch>, Vec<Note>) {
    match value {
        Json::String(text) => super::read(text, ty, policy),
        value => super::convert(tagged(value), ty, policy),
    }
}

/// The default policy gives DSPy's value or error, or names the rule by which it does not.
fn differs_only_by_a_rule(row: &Json, ty: &FieldType, dspy: &Result<Value, Mismatch>) {
    let (ours, notes) = read(&row["value"], ty, &ParsePolicy::default());
    let noted = |effect| notes.iter().any(|n| n.rule.effect() == effect);
    let explained = match (dspy, &ours) {
        (Ok(a), Ok(b)) if a == b => !noted(RuleEffect::Recovers),
        (Ok(_), Ok(_)) => notes.iter().any(|n| n.rule != ParseRule::RepairedJson),
        (Ok(_), Err(refused)) => refused.rule.is_some_and(|rule| rule.effect() != RuleEffect::Notes),
        (Err(_), Ok(_)) => noted(RuleEffect::Recovers),
        (Err(_), Err(_)) => notes.is_empty(),
    };
    assert!(explained, "{row}: DSPy {dspy:?}, here {ours:?} with {notes:?}");
}

#[derive(Default)]
struct Count {
    right: usize,
    wrong: Vec<String>,
}

fn run(units: &str) {
    let Some(corpus) = corpus() else {
        report(&format!("SKIPPED: {units}, since the conformance corpus is not beside the workspace"));
        return;
    };
    let types = Types { corpus: &corpus, open: Vec::new() }.registry();
    let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
    let mut parsed: BTreeMap<&str, FieldType> = BTreeMap::new();
    let policy = ParsePolicy::compat();
    for row in corpus["units"][units].as_array().expect("rows") {
        let name = row["type"].as_str().expect("a type");
        if name == "Code" {
            continue;
        }
        let ty = parsed.entry(name).or_insert_with(|| {
            let module = if OWN.contains(&name) { "dspy." } else { "" };
            let signature = SignatureParser::new().types(&types).parse(&format!("x -> y: {module}{name}"));
            signature.expect("a type that can be parsed").outputs()[0].ty.clone()
        });
        let (found, notes) = read(&row["value"], ty, &policy);
        assert_eq!(notes, [], "compat mends nothing");
        differs_only_by_a_rule(row, ty, &found);
        let right = match (&found, row.get("ok")) {
            (Ok(value), Some(ok)) => expected(ok).as_ref() == Some(value),
            (Err(_), None) => true,
            _ => false,
        };
        let count = counts.entry(name).or_default();
        if right {
            count.right += 1;
        } else {
            count.wrong.push(format!("{row} gave {found:?}"));
        }
    }
    let right: usize = counts.values().map(|c| c.right).sum();
    let wrong: Vec<&String> = counts.values().flat_map(|c| &c.wrong).collect();
    for (name, count) in &counts {
        report(&format!("{name}: {} right, {} wrong", count.right, count.wrong.len()));
    }
    report(&format!("{units}: {right} right, {} wrong", wrong.len()));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn report(line: &str) {
    println!("{line}");
}

#[test]
fn text_is_read_as_dspy_reads_it() {
    run("parse_value");
}

#[test]
fn values_are_read_as_dspy_reads_them() {
    run("parse_value_nonstring");
}
