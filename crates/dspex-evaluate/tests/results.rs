//! Results as JSONL, JSON and CSV, read back.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::io::Cursor;

use common::{echo, program};
use dspex_core::lm::LmErrorKind;
use dspex_core::{Context, Example, Prediction, Record, Result, Signature, Value};
use dspex_evaluate::{
    Columns, Dataset, Evaluate, ExampleResult, Format, Report, ResultWriter, exact_match, metric,
};
use dspex_testkit::block_on;
use serde_json::Value as Json;

/// Scored, and an error of each kind; text that CSV and JSON must quote.
fn mixed() -> (Vec<Example>, Report<Record>) {
    let mut dev = common::dev(5);
    dev[0] = dev[0].clone().with("a", "a \"0\",\nwith | everything");
    dev[4] = dev[4].clone().with("note", Value::List(vec![1.into(), "x".into()]));
    let lm = echo(|i| match i {
        1 => Some(LmErrorKind::Server),
        2 => Some(LmErrorKind::Refusal),
        _ => None,
    });
    let odd = metric(
        |e: &Example, _: &Prediction<Record>| {
            if e.get::<String>("q").unwrap() == "q3" { f64::NAN } else { 0.25 }
        },
    );
    let report = block_on(Evaluate::new(&dev).metric(odd).run(&Context::new(lm), &program())).unwrap();
    (dev, report)
}

fn written(report: &Report<Record>, dev: &[Example], format: Format) -> String {
    let mut bytes = Vec::new();
    report.write_results(dev, format, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn json_and_lines_say_the_same() {
    let (dev, report) = mixed();
    let list: Vec<Json> = serde_json::from_str(&written(&report, &dev, Format::Json)).unwrap();
    let lines: Vec<Json> = written(&report, &dev, Format::JsonLines)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(list, lines);
    let outcomes: Vec<&str> = list.iter().map(|r| r["outcome"].as_str().unwrap()).collect();
    let expected = ["scored", "infrastructure_error", "program_error", "metric_error", "scored"];
    assert_eq!(outcomes, expected);
    assert_eq!((&list[0]["score"], &list[3]["score"]), (&Json::from(0.25), &Json::Null));
    assert_eq!(list[1]["error"]["kind"], "server");
    assert_eq!(list[3]["fields"]["a"], "a3", "what the program gave is there where the metric failed");
    assert_eq!(list[0]["example"]["a"], "a \"0\",\nwith | everything");
    assert_eq!(report.score(), Some(0.25), "the mean is that of those that were scored");
}

#[test]
fn csv_is_a_table_whatever_the_rows_have() {
    let (dev, report) = mixed();
    let text = written(&report, &dev, Format::Csv);
    let rows = Dataset::parse("results.csv", &text, Format::Csv).unwrap().rows;
    assert_eq!(rows.len(), 5);
    let cell = |i: usize, name: &str| rows[i].record.get(name).unwrap().as_str().unwrap().to_owned();
    assert_eq!(cell(0, "label.a"), "a \"0\",\nwith | everything");
    assert_eq!(
        (cell(0, "score"), cell(1, "score"), cell(3, "score")),
        ("0.25".into(), String::new(), String::new())
    );
    assert_eq!((cell(1, "error"), cell(2, "error")), ("server".into(), "refusal".into()));
    assert_eq!((cell(1, "output.a"), cell(3, "output.a")), (String::new(), "a3".into()));
    assert_eq!((cell(3, "label.note"), cell(4, "label.note")), (String::new(), "[1,\"x\"]".into()));
    assert!((0..5).all(|i| cell(i, "index") == i.to_string() && cell(i, "other").is_empty()));
}

#[test]
fn fields_without_a_column_are_kept() {
    let (dev, report) = mixed();
    let columns = Columns::of(&Signature::parse("q -> b").unwrap());
    let mut writer = ResultWriter::new("r", Cursor::new(Vec::new()), Format::Csv, columns).unwrap();
    writer.write(&dev[4], &report.results[4]).unwrap();
    let text = String::from_utf8(writer.into_inner().into_inner()).unwrap();
    let rows = Dataset::parse("r", &text, Format::Csv).unwrap().rows;
    let other: Json = serde_json::from_str(rows[0].record.get("other").unwrap().as_str().unwrap()).unwrap();
    let expected = serde_json::json!({"label.a": "a4", "label.note": [1, "x"], "output.a": "a4"});
    assert_eq!(other, expected);
}

#[test]
fn each_form_is_whole_after_each_result() {
    let (dev, report) = mixed();
    for format in [Format::JsonLines, Format::Json, Format::Csv] {
        let columns = Columns::of(&Signature::parse("q -> a").unwrap());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.x");
        let file = std::fs::File::create(&path).unwrap();
        let mut writer = ResultWriter::new("r", file, format, columns).unwrap();
        let rows = || {
            let text = std::fs::read_to_string(&path).unwrap();
            Dataset::parse("r", &text, format).map(|d| d.rows.len())
        };
        assert_eq!(rows().unwrap(), 0, "{format:?}");
        for (n, result) in report.results.iter().enumerate() {
            writer.write(&dev[result.index], result).unwrap();
            assert_eq!(rows().unwrap(), n + 1, "{format:?}");
        }
    }
}

#[test]
fn a_typed_program_writes_its_results_too() {
    use dspex_core::{Module as _, Signature};

    /// Answer.
    #[derive(Clone, Signature)]
    struct Ask {
        #[input]
        q: String,
        #[output]
        a: String,
    }
    let dev = [Ask { q: "q1".into(), a: "a1".into() }];
    let program = dspex_modules::Predict::<Ask>::new();
    let evaluate = Evaluate::new(&dev).metric(exact_match("a"));
    let ctx = Context::new(echo(|_| None));
    let (mut table, mut results) = (Vec::new(), Vec::<ExampleResult<AskOutput>>::new());
    let report = block_on(evaluate.run(&ctx, &program)).unwrap();
    report.write_results(&dev, Format::Csv, &mut table).unwrap();
    block_on(evaluate.run_each(&ctx, &program, |_, result| -> Result<()> {
        results.push(result);
        Ok(())
    }))
    .unwrap();
    assert_eq!(results[0].to_json(&dev[0]).unwrap()["fields"]["a"], "a1");
    assert!(String::from_utf8(table).unwrap().contains("\n0,q1,a1,a1,scored,1,"));
    assert!(block_on(program.call(&ctx, AskInput { q: "q5".into() })).is_ok());
}
