//! Sets that come one by one.

mod common;

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{echo, example, program};
use dspex_core::lm::{LanguageModel, LmError, Reply, Request};
use dspex_core::{BoxFuture, Context, Error, Example, Result, Signature};
use dspex_evaluate::{Dataset, Evaluate, Format, Rows, Stop, exact_match};
use dspex_testkit::block_on;

#[test]
fn a_bad_row_in_the_middle_keeps_what_was_before() {
    let mut text = String::new();
    for i in 0..1_000 {
        let _ = writeln!(text, "{{\"q\": \"q{i}\", \"a\": \"a{i}\"}}");
        if i == 699 {
            text.push_str("{\"q\": \"q700\", \"a\": 7}\n");
        }
    }
    let signature = Signature::parse("q -> a: str").unwrap();
    let rows = Rows::read("dev.jsonl", text.as_bytes(), Format::JsonLines).unwrap();
    let examples = rows.map(|row| row?.example(&signature));
    let mut seen = Vec::new();
    let evaluate = Evaluate::over(examples).metric(exact_match("a")).total(1_000);
    let summary = block_on(evaluate.run_each(&Context::new(echo(|_| None)), &program(), |e: &Example, r| {
        seen.push((r.index, e.get::<String>("q")?));
        Ok(())
    }))
    .unwrap();
    assert_eq!((summary.outcomes().scored, summary.outcomes().not_run), (700, 300));
    assert_eq!(summary.score(), Some(1.0));
    let stop = summary.stopped.unwrap();
    assert_eq!(stop.to_string(), "dev.jsonl:701: expected `a` to be str, found 7");
    assert!(matches!(&stop, Stop::Data(e) if e.code() == "data"));
    seen.sort();
    assert_eq!(seen.len(), 700);
    assert!(seen.iter().all(|(i, q)| *q == format!("q{i}")), "each result comes with its example");
}

#[test]
fn an_error_first_of_all_is_a_run_of_nothing() {
    let rows = [Err::<Example, _>(Error::configuration("no"))];
    let report = block_on(
        Evaluate::over(rows).metric(exact_match("a")).run(&Context::new(echo(|_| None)), &program()),
    )
    .unwrap();
    assert_eq!((report.outcomes().total(), report.score()), (0, None));
    assert!(matches!(report.stopped, Some(Stop::Data(_))));
}

#[test]
fn an_empty_stream_is_an_error() {
    let none = std::iter::empty::<Result<Example>>();
    let e = block_on(
        Evaluate::over(none).metric(exact_match("a")).run(&Context::new(echo(|_| None)), &program()),
    )
    .unwrap_err();
    assert_eq!(e.to_string(), "expected at least one example, found an empty set");
}

#[test]
fn no_more_is_read_than_runs() {
    let (read, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counter = Arc::clone(&read);
    let rows = (0..500).map(move |i| {
        counter.fetch_add(1, Ordering::SeqCst);
        Ok(example(i))
    });
    let evaluate = Evaluate::over(rows).metric(exact_match("a")).concurrency(3);
    let summary = block_on(evaluate.run_each(&Context::new(echo(|_| None)), &program(), |_, _| {
        let done = done.fetch_add(1, Ordering::SeqCst) + 1;
        assert!(read.load(Ordering::SeqCst) <= done + 3);
        Ok(())
    }))
    .unwrap();
    assert_eq!(summary.outcomes().scored, 500);
}

#[test]
fn a_stream_and_a_slice_give_the_same_figures() {
    let dev = common::dev(300);
    let lm = || echo(|i| (i % 7 == 0).then_some(dspex_core::lm::LmErrorKind::Server));
    let share = || {
        dspex_evaluate::metric(|e: &Example, _: &dspex_core::Prediction<dspex_core::Record>| {
            e.get::<String>("q").unwrap()[1..].parse::<f64>().unwrap() / 300.0
        })
    };
    let slice = block_on(Evaluate::new(&dev).metric(share()).run(&Context::new(lm()), &program())).unwrap();
    let rows = dev.iter().cloned().map(Ok);
    let stream =
        block_on(Evaluate::over(rows).metric(share()).concurrency(1).run(&Context::new(lm()), &program()))
            .unwrap();
    let figures = |r: &dspex_evaluate::Summary| (r.score().unwrap().to_bits(), r.interval(), r.outcomes());
    assert_eq!(figures(&slice), figures(&stream));
    assert_eq!(stream.results.len(), 300);
}

/// Answers at once and remembers nothing.
struct Fixed;

impl LanguageModel for Fixed {
    fn id(&self) -> &str {
        "fixed"
    }

    fn call<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
        Box::pin(async { Ok(Reply::text("[[ ## a ## ]]\na7")) })
    }
}

/// Memory of this process in use, in kilobytes.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

#[test]
fn memory_does_not_grow_with_the_set() {
    const EXAMPLES: usize = 20_000;
    if resident().is_none() {
        println!("SKIPPED: there is no /proc/self/status");
        return;
    }
    let mut early = 0;
    let rows = (0..EXAMPLES).map(|i| Ok(example(i)));
    let evaluate = Evaluate::over(rows).metric(exact_match("a"));
    let summary = block_on(evaluate.run_each(&Context::new(Fixed), &program(), |_, r| {
        if r.index == EXAMPLES / 10 {
            early = resident().unwrap();
        }
        Ok(())
    }))
    .unwrap();
    assert_eq!(summary.outcomes().scored, EXAMPLES);
    let grown = resident().unwrap().saturating_sub(early);
    // Held results would take more than a kilobyte each: 18 MB.
    assert!(grown < 4_000, "{grown} KB for {EXAMPLES} examples");
}

#[test]
fn files_are_read_row_by_row_as_they_are_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let table = [
        ("a.jsonl", "\u{feff}{\"q\": \"x\"}\r\n\n{\"q\": \"y\"}", ["a.jsonl:1", "a.jsonl:3"]),
        ("b.csv", "\u{feff}q\n\"x\ny\"\nz\n", ["b.csv:2", "b.csv:4"]),
        ("c.json", "\u{feff}[{\"q\": 1},\n {\"q\": 2}]", ["c.json[0]", "c.json[1]"]),
    ];
    for (name, text, places) in table {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let rows: Vec<_> = Dataset::stream(&path).unwrap().collect::<Result<_>>().unwrap();
        assert_eq!(rows, Dataset::load(&path).unwrap().rows);
        for (row, place) in rows.iter().zip(places) {
            assert!(row.place.ends_with(place) && row.record.contains_key("q"), "{row:?}");
        }
        assert_eq!(rows.len(), 2, "{name}");
    }
}

#[test]
fn after_a_bad_row_the_next_one_follows() {
    let table = [
        (Format::JsonLines, b"{\"q\": 1}\n[]\n\xff\n{\"q\": 2}\n".as_slice(), ["d:2", "d:3"]),
        (Format::Csv, b"q,r\n1,2\n1\n\xff,1\n3,4\n".as_slice(), ["d:3", "d:4"]),
    ];
    for (format, bytes, places) in table {
        let rows: Vec<_> = Rows::read("d", bytes, format).unwrap().collect();
        let errors: Vec<_> = rows.iter().filter_map(|r| r.as_ref().err()).map(ToString::to_string).collect();
        assert_eq!(rows.len(), 4, "{rows:?}");
        assert!(errors.len() == 2 && errors.iter().zip(places).all(|(e, p)| e.starts_with(p)), "{errors:?}");
    }
}
