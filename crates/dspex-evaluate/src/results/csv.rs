//! Results as CSV: the columns are known before the first result, and a field without a column is not lost.

use dspex_core::{Error, ErrorKind, Example, Record, Result, Signature, ToExample, ToRecord, Value};
use serde_json::Value as Json;

use crate::outcome::ExampleResult;

/// The columns of results as CSV: `index`; `input.*`, `label.*` and `output.*`, one for each field; `outcome`, `score`,
/// `error` (its code), `message`, `calls`, `input_tokens`, `output_tokens` and `seconds`; and `other`, a JSON object of
/// the fields that have no column.
///
/// ```
/// use dspex_core::Signature;
/// use dspex_evaluate::Columns;
/// let columns = Columns::of(&Signature::parse("question -> answer")?).with_outputs(["reasoning", "answer"]);
/// assert_eq!(columns.names()[..5], ["index", "input.question", "label.answer", "output.reasoning", "output.answer"]);
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    inputs: Vec<String>,
    labels: Vec<String>,
    outputs: Vec<String>,
}

const AFTER: [&str; 9] =
    ["outcome", "score", "error", "message", "calls", "input_tokens", "output_tokens", "seconds", "other"];

impl Columns {
    /// Those of a signature: its inputs, and its outputs as labels and as what is predicted.
    pub fn of(signature: &Signature) -> Self {
        let names = |fields: &[dspex_core::Field]| fields.iter().map(|f| f.name.clone()).collect::<Vec<_>>();
        let outputs = names(signature.outputs());
        Self { inputs: names(signature.inputs()), labels: outputs.clone(), outputs }
    }

    /// With these outputs, where a program gives others than its signature has, such as its reasoning.
    #[must_use]
    pub fn with_outputs<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.outputs = names.into_iter().map(Into::into).collect();
        self
    }

    /// Those that results have, in the order in which they come.
    pub(crate) fn seen<'r, E: ToExample + 'r, O: ToRecord + 'r>(
        results: impl Iterator<Item = (&'r E, &'r ExampleResult<O>)>,
    ) -> Result<Self> {
        let mut new = Self::default();
        let add = |names: &mut Vec<String>, record: &Record| {
            for name in record.keys() {
                if !names.iter().any(|n| n == name) {
                    names.push(name.to_owned());
                }
            }
        };
        for (example, result) in results {
            let (inputs, labels, outputs) = sides(example, result)?;
            add(&mut new.inputs, &inputs);
            add(&mut new.labels, &labels);
            add(&mut new.outputs, &outputs);
        }
        Ok(new)
    }

    /// The names of all columns, in their order.
    pub fn names(&self) -> Vec<String> {
        let all =
            |side: &str, names: &[String]| names.iter().map(|n| format!("{side}.{n}")).collect::<Vec<_>>();
        let mut names = vec!["index".to_owned()];
        names.extend(all("input", &self.inputs));
        names.extend(all("label", &self.labels));
        names.extend(all("output", &self.outputs));
        names.extend(AFTER.map(str::to_owned));
        names
    }

    pub(super) fn header(&self) -> Vec<u8> {
        // Writing into memory does not fail.
        row(&self.names()).unwrap_or_default()
    }

    pub(super) fn line<E: ToExample, O: ToRecord>(
        &self,
        example: &E,
        result: &ExampleResult<O>,
    ) -> Result<Vec<u8>> {
        let (inputs, labels, outputs) = sides(example, result)?;
        let mut cells = vec![result.index.to_string()];
        let mut other = serde_json::Map::new();
        for (side, names, record) in [
            ("input", &self.inputs, inputs),
            ("label", &self.labels, labels),
            ("output", &self.outputs, outputs),
        ] {
            cells.extend(names.iter().map(|n| record.get(n).map(cell).unwrap_or_default()));
            for (name, value) in record.iter().filter(|(name, _)| !names.iter().any(|n| n == name)) {
                other.insert(format!("{side}.{name}"), value.to_tagged());
            }
        }
        let error = result.outcome.error();
        cells.push(result.outcome.name().to_owned());
        cells.push(result.outcome.score().map(|s| s.to_string()).unwrap_or_default());
        cells.push(error.map(|e| e.code().to_owned()).unwrap_or_default());
        cells.push(error.map(ToString::to_string).unwrap_or_default());
        cells.extend(
            [result.usage.calls, result.usage.input_tokens, result.usage.output_tokens]
                .map(|n| n.to_string()),
        );
        cells.push(result.elapsed.as_secs_f64().to_string());
        cells.push(if other.is_empty() { String::new() } else { Json::Object(other).to_string() });
        row(&cells)
    }
}

/// Inputs and labels of the example, and what was predicted.
fn sides<E: ToExample, O: ToRecord>(
    example: &E,
    result: &ExampleResult<O>,
) -> Result<(Record, Record, Record)> {
    let example: Example = example.to_example()?;
    let outputs = match &result.prediction {
        Some(prediction) => prediction.to_record()?,
        None => Record::new(),
    };
    Ok(match example.input_names() {
        Some(_) => (example.inputs()?, example.labels()?, outputs),
        None => (example.record().clone(), Record::new(), outputs),
    })
}

/// A cell that a data set of CSV is read from as the same value: text and scalars as they are, the rest as JSON.
fn cell(value: &Value) -> String {
    match value {
        Value::Str(text) => text.clone(),
        Value::None => String::new(),
        Value::Enum(member) => cell(&member.value),
        Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Decimal(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::DateTime(_)
        | Value::Uuid(_) => value.to_text().unwrap_or_default(),
        other => other.to_tagged().to_string(),
    }
}

fn row(cells: &[String]) -> Result<Vec<u8>> {
    let failed = |message: String| Error::new(ErrorKind::Output { place: "results".into(), message });
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells).map_err(|e| failed(e.to_string()))?;
    writer.into_inner().map_err(|e| failed(e.to_string()))
}
