//! The probes: calls with names and values that no prompt has by itself, and how Python is asked for their messages.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use dspex_core::types::{EnumType, StructField, StructType, UnionSyntax};
use dspex_core::value::History;
use dspex_core::{Constraint, Error, Example, Field, FieldType, Record, Result, Signature, Special, Value};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

/// The script that renders probes.
const SCRIPT: &str = include_str!("probe.py");

/// The types of which DSPy may say something. A tool is a function; it is no output.
pub(super) const TYPES: &[&str] =
    &["Image", "Audio", "File", "Document", "Citations", "History", "ToolCalls", "Code", "Reasoning"];

/// A field of a probe, and its type in the words of the script.
#[derive(Clone)]
struct ProbeField {
    field: Field,
    ty: String,
    bounds: Option<(i64, i64)>,
}

/// A call whose messages are known to DSPy.
pub(super) struct Probe {
    pub(super) id: String,
    /// None where a field is of a type that only the script has.
    pub(super) signature: Option<Signature>,
    pub(super) demos: Vec<Example>,
    pub(super) inputs: Record,
    spec: Json,
}

/// What the script printed: messages by adapter and probe.
#[derive(Debug, Deserialize)]
pub(super) struct Answers {
    pub(super) version: String,
    pub(super) adapters: BTreeMap<String, BTreeMap<String, Option<Vec<Json>>>>,
    faults: BTreeMap<String, String>,
}

impl Answers {
    /// The texts of the messages of a probe; none where this DSPy cannot render it.
    pub(super) fn texts(&self, adapter: &str, probe: &str) -> Option<Vec<&str>> {
        let messages = self.adapters.get(adapter)?.get(probe)?.as_ref()?;
        messages.iter().map(|m| m["content"].as_str()).collect()
    }

    /// The same where no wording can do without.
    pub(super) fn required(&self, adapter: &str, probe: &str) -> Result<Vec<&str>> {
        self.texts(adapter, probe).ok_or_else(|| {
            let fault = self.faults.get(&format!("{adapter} {probe}")).map_or("no messages", String::as_str);
            Error::configuration(format!(
                "expected that DSPy {} renders the probe `{probe}` with its adapter `{adapter}`, found {fault}",
                self.version
            ))
            .with_hint("versions 2.6 to 3.4 are known")
        })
    }
}

/// Asks the DSPy of a Python for the messages of probes.
pub(super) fn ask(python: &Path, probes: &[Probe]) -> Result<Answers> {
    let specs: Json = probes.iter().map(|p| p.spec.clone()).collect();
    let output = Command::new(python)
        .args(["-c", SCRIPT, &specs.to_string()])
        // Importing DSPy would ask the network for prices of models.
        .env("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        .env("PYTHONIOENCODING", "utf-8")
        .output()
        .map_err(|e| {
            Error::configuration(format!("expected a Python at {}, found: {e}", python.display()))
                .with_hint("give the path of a Python in whose environment DSPy is installed")
        })?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    // Whatever is imported may print; the answer is the last line.
    let answers = out.lines().last().and_then(|line| serde_json::from_str(line).ok());
    answers.filter(|_| output.status.success()).ok_or_else(|| {
        let last = err.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("no output");
        Error::configuration(format!("expected messages of DSPy from {}, found: {last}", python.display()))
            .with_hint("install DSPy there: `PYTHON -m pip install dspy`")
    })
}

/// All probes.
pub(super) fn all() -> Result<Vec<Probe>> {
    let choice = || output("zqmember", "enum ZqEnum ZQN=zqv ZQM=zqw");
    let values = || vec![output("zqfloat", "float"), output("zqbool", "bool"), choice()];
    let mut probes = vec![
        probe(
            "fields",
            vec![
                input("zqplain", "str"),
                input("zqdescribed", "str").described("ZqDescription"),
                input("zqbound", "int").described("ZqBounded").bounds(3, 7),
                input("zqlast", "str"),
                output("zqfirst", "str"),
                output("zqsecond", "str"),
                output("zqint", "int"),
                output("zqend", "str"),
            ],
        )
        .instructions("ZqLineOne\nZqLineTwo\nZqLineThree")
        .demo(&[
            ("zqplain", "ZqA"),
            ("zqfirst", "ZqB"),
            ("zqsecond", "ZqC"),
            ("zqint", "4"),
            ("zqend", "ZqD"),
        ])
        .demo(&[("zqplain", "ZqA"), ("zqfirst", "ZqB")])
        .demo(&[
            ("zqplain", "ZqA"),
            ("zqdescribed", "ZqE"),
            ("zqbound", "5"),
            ("zqlast", "ZqF"),
            ("zqfirst", "ZqB\u{e9}"),
            ("zqsecond", "ZqC"),
            ("zqint", "4"),
            ("zqend", "ZqD"),
        ])
        .inputs(&[
            ("zqplain", "ZqG"),
            ("zqdescribed", "ZqH"),
            ("zqbound", "6"),
            ("zqlast", "ZqLastValue"),
        ]),
        probe(
            "hints",
            [
                vec![input("zqplain", "str"), output("zqtext", "str"), output("zqint", "int")],
                values(),
                vec![
                    output("zqliteral", "literal zqp zqq"),
                    output("zqints", "ints"),
                    output("zqend", "str"),
                ],
            ]
            .concat(),
        )
        .inputs(&[("zqplain", "ZqG")]),
        probe("no_inputs", vec![output("zqfirst", "str"), output("zqint", "int")]),
        probe("no_outputs", vec![input("zqplain", "str"), input("zqlast", "int")])
            .inputs(&[("zqplain", "ZqG")]),
        probe(
            "described_type",
            vec![
                input("zqplain", "described ZqType ZqTypeDescription"),
                input("zqlast", "str"),
                output("zqend", "str"),
            ],
        ),
        probe(
            "code",
            vec![input("zqplain", "str"), output("zqcode", "code ZqLanguage"), output("zqend", "str")],
        )
        .inputs(&[("zqplain", "ZqG")]),
    ];
    probes.push(
        probe(
            "structs",
            vec![
                input("zqplain", "str"),
                output("zqempty", "ZqEmpty"),
                output("zqstruct", "ZqStruct"),
                output("zqmany", "list ZqInner"),
                output("zqend", "str"),
            ],
        )
        .inputs(&[("zqplain", "ZqG")]),
    );
    let mut earlier = probe(
        "history",
        vec![
            input("zqplain", "str"),
            input("zqhistory", "History"),
            output("zqfirst", "str"),
            output("zqend", "str"),
        ],
    )
    .inputs(&[("zqplain", "ZqG")]);
    let turns =
        [record(&[("zqplain", "ZqH"), ("zqfirst", "ZqI")]), record(&[("zqfirst", "ZqJ"), ("zqend", "ZqK")])];
    earlier.inputs.insert("zqhistory".to_owned(), Value::from(History::new(turns)));
    probes.push(earlier);
    for ty in TYPES {
        let fields = vec![
            input("zqplain", "str"),
            output("zqone", ty),
            output("zqmany", &format!("list {ty}")),
            output("zqend", "str"),
        ];
        probes.push(probe(ty, fields).inputs(&[("zqplain", "ZqG")]));
    }
    probes.into_iter().map(Draft::finish).collect()
}

/// A probe that is being put together.
struct Draft {
    id: String,
    instructions: &'static str,
    fields: Vec<ProbeField>,
    demos: Vec<Record>,
    inputs: Record,
}

fn probe(id: &str, fields: Vec<ProbeField>) -> Draft {
    Draft { id: id.to_owned(), instructions: "ZqTask", fields, demos: Vec::new(), inputs: Record::new() }
}

fn input(name: &str, ty: &str) -> ProbeField {
    let of = field_type(ty).unwrap_or(FieldType::Any);
    ProbeField { field: Field::input(name, of), ty: ty.to_owned(), bounds: None }
}

fn output(name: &str, ty: &str) -> ProbeField {
    let of = field_type(ty).unwrap_or(FieldType::Any);
    ProbeField { field: Field::output(name, of), ty: ty.to_owned(), bounds: None }
}

impl ProbeField {
    fn described(mut self, description: &str) -> Self {
        self.field = self.field.with_description(description);
        self
    }

    fn bounds(mut self, low: i64, high: i64) -> Self {
        self.field = self.field.with_constraint(Constraint::ge(low)).with_constraint(Constraint::le(high));
        self.bounds = Some((low, high));
        self
    }

    fn spec(&self) -> Json {
        json!({
            "name": self.field.name,
            "input": self.field.direction == dspex_core::Direction::Input,
            "type": self.ty,
            "desc": self.field.description,
            "ge": self.bounds.map(|b| b.0),
            "le": self.bounds.map(|b| b.1),
        })
    }
}

impl Draft {
    fn instructions(mut self, text: &'static str) -> Self {
        self.instructions = text;
        self
    }

    fn demo(mut self, fields: &[(&str, &str)]) -> Self {
        self.demos.push(record(fields));
        self
    }

    fn inputs(mut self, fields: &[(&str, &str)]) -> Self {
        self.inputs = record(fields);
        self
    }

    fn finish(self) -> Result<Probe> {
        let second = !TYPES.contains(&self.id.as_str());
        let spec = json!({
            "id": self.id,
            "second": second,
            "instructions": self.instructions,
            "fields": self.fields.iter().map(ProbeField::spec).collect::<Vec<_>>(),
            "demos": self.demos.iter().map(Record::to_tagged).collect::<Vec<_>>(),
            "inputs": self.inputs.iter().map(|(name, v)| (name.to_owned(), input_spec(v))).collect::<Map<_, _>>(),
        });
        let known = self.fields.iter().all(|f| field_type(&f.ty).is_some());
        let signature = Signature::new(self.fields.into_iter().map(|f| f.field))?;
        let signature = known.then(|| signature.with_instructions(self.instructions));
        let demos = self.demos.into_iter().map(Example::new).collect();
        Ok(Probe { id: self.id, signature, demos, inputs: self.inputs, spec })
    }
}

/// An input in the words of the script.
fn input_spec(value: &Value) -> Json {
    match value {
        Value::History(h) => {
            json!({"$history": h.messages.iter().map(Record::to_tagged).collect::<Vec<_>>()})
        }
        other => other.to_tagged(),
    }
}

fn record(fields: &[(&str, &str)]) -> Record {
    fields.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect()
}

/// The type of a spec; none for one that only the script has.
fn field_type(spec: &str) -> Option<FieldType> {
    let (kind, rest) = spec.split_once(' ').unwrap_or((spec, ""));
    Some(match kind {
        "described" => return None,
        "ints" => FieldType::list(FieldType::Int),
        "list" => FieldType::list(field_type(rest)?),
        "literal" => FieldType::literal(rest.split(' ')),
        "code" => FieldType::Special(Special::Code(Some(rest.to_owned()))),
        "enum" => {
            let (name, members) = rest.split_once(' ')?;
            let pair = |m: &str| m.split_once('=').map(|(n, v)| (n.to_owned(), v.into()));
            let members = members.split(' ').filter_map(pair).collect();
            FieldType::Enum(Arc::new(EnumType { name: name.to_owned(), members, integer: false }))
        }
        "ZqEmpty" | "ZqInner" | "ZqStruct" => structure(kind),
        name if TYPES.contains(&name) => FieldType::parse(&format!("dspy.{name}"), None).ok()?,
        name => FieldType::parse(name, None).ok()?,
    })
}

/// The structs of the script.
fn structure(name: &str) -> FieldType {
    let field = |name: &str, ty: FieldType| StructField {
        name: name.to_owned(),
        alias: None,
        ty,
        description: None,
        required: true,
        default: None,
        hidden_default: false,
        constraints: Vec::new(),
    };
    let (doc, fields) = match name {
        "ZqInner" => (Some("ZqInnerDoc"), vec![field("zqname", FieldType::Str)]),
        "ZqLeaf" => (None, vec![field("zqweight", FieldType::Float)]),
        "ZqStruct" => {
            let mut text = field("zqtext", FieldType::Str);
            text.description = Some("ZqFieldDescription".into());
            let mut alias = field("zqalias", FieldType::Int);
            alias.alias = Some("zqOther".into());
            let number = FieldType::union(vec![FieldType::Float, FieldType::None], UnionSyntax::Pep604);
            let fields = vec![
                text,
                field("zqnumber", number),
                alias,
                field("zqchoice", FieldType::literal(["zqp", "zqq"])),
                field("zqinner", structure("ZqInner")),
                field("zqtable", FieldType::dict(FieldType::Str, FieldType::Int)),
                field("zqflags", FieldType::list(FieldType::Bool)),
                field("zqleaves", FieldType::list(structure("ZqLeaf"))),
            ];
            (Some("ZqStructDoc"), fields)
        }
        _ => (None, Vec::new()),
    };
    let of = StructType {
        name: name.to_owned(),
        description: doc.map(str::to_owned),
        fields,
        ..StructType::default()
    };
    FieldType::Struct(Arc::new(of))
}
