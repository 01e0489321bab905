//! The prompts and replies that are measured beside DSPy's: `--rows FILE` prints one line of JSON, as its program does.

use std::fs;
use std::hint::black_box;

use dspex::adapters::by_name;
use dspex::lm::Choice;
use dspex::{Example, ParsePolicy, Record, RenderCall, Signature};
use serde_json::{Map, Value as Json, json};

use crate::measure::median_micros;

/// How often a row is taken in one batch; the median of the batches counts.
const ROUNDS: usize = 200;

/// The microseconds of the processor for rendering and for reading each row.
pub(crate) fn rows(path: &str) -> Result<Json, Box<dyn std::error::Error>> {
    let mut figures = Map::new();
    for line in fs::read_to_string(path)?.lines() {
        let row: Json = serde_json::from_str(line)?;
        let text = |key: &str| row[key].as_str().ok_or_else(|| format!("expected `{key}` in {row}"));
        let signature = Signature::parse(text("signature")?)?;
        let inputs = record(&row["inputs"])?;
        let names: Vec<&str> = signature.inputs().iter().map(|f| &*f.name).collect();
        let demo = |demo: &Json| record(demo).map(|r| Example::new(r).with_inputs(names.iter().copied()));
        let demos: Vec<Example> =
            row["demos"].as_array().into_iter().flatten().map(demo).collect::<Result<_, _>>()?;
        let adapter = by_name(text("adapter")?)?;
        let call = RenderCall::new(&signature, &inputs).demos(&demos);
        adapter.render(&call)?;
        let render = median_micros(ROUNDS, || {
            let _ = black_box(adapter.render(black_box(&call)));
        });
        let (reply, policy) = (Choice::text(text("completion")?), ParsePolicy::default());
        let read = adapter.parse(&signature, &reply, &policy)?;
        if read.fields != record(&row["outputs"])? {
            return Err(
                format!("{}: expected {}, found {:?}", text("id")?, row["outputs"], read.fields).into()
            );
        }
        let parse = median_micros(ROUNDS, || {
            let _ = black_box(adapter.parse(&signature, black_box(&reply), &policy));
        });
        figures.insert(text("id")?.to_owned(), json!({"render": render, "parse": parse}));
    }
    Ok(Json::Object(figures))
}

/// The values of an object of JSON.
fn record(json: &Json) -> Result<Record, String> {
    let members = json.as_object().ok_or_else(|| format!("expected an object, found {json}"))?;
    members.iter().map(|(k, v)| Ok((k.clone(), dspex::Value::from_plain(v)))).collect()
}
