//! The probes: calls with names and values that no prompt has by itself, and how Python is asked for their messages.

mod draft;
mod types;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use dspex_core::value::History;
use dspex_core::{Error, Example, Record, Result, Signature, Value};
use serde::Deserialize;
use serde_json::Value as Json;

use self::draft::{Draft, input, output, probe, record};

/// The script that renders probes.
const SCRIPT: &str = include_str!("../probe.py");

/// The types of which DSPy may say something. A tool is a function; it is no output.
pub(super) const TYPES: &[&str] =
    &["Image", "Audio", "File", "Document", "Citations", "History", "ToolCalls", "Code", "Reasoning"];

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
