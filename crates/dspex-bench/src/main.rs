//! Measures what users wait for, and says of each figure whether it keeps its bound. Run with `cargo xtask bench`.
//!
//! Bounds are those of the release build on two cores. To add a bench: a function and a line in `BENCHES`.

mod cache;
mod evaluate;
mod hostile;
mod http;
mod in_flight;
mod json;
mod measure;
mod model;
mod per_call;
mod rows;
mod start;
mod texts;
mod wide;

use std::process::ExitCode;

use measure::Figure;

/// What a bench gives: its figures, or why it could not run.
type Measured = Result<Vec<Figure>, Box<dyn std::error::Error>>;

/// A bench by its name.
type Bench = (&'static str, fn() -> Measured);

/// Every bench.
const BENCHES: &[Bench] = &[
    ("signature", per_call::signature),
    ("predict", per_call::predict),
    ("wide", wide::wide),
    ("in_flight", in_flight::in_flight),
    ("evaluate", evaluate::evaluate),
    ("render", start::render),
    ("json", json::json),
    ("cache", cache::cache),
    ("http", http::http),
    ("streams", http::streams),
    ("sockets", http::wide),
    ("hostile", hostile::hostile),
];

#[expect(clippy::print_stdout, reason = "who starts a server reads where it is")]
fn print(line: &str) {
    println!("{line}");
}

#[expect(clippy::print_stdout, reason = "the figures are the output")]
fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if let [option, path] = wanted.as_slice()
        && option == "--rows"
    {
        return match rows::rows(path) {
            Ok(figures) => {
                println!("{figures}");
                ExitCode::SUCCESS
            }
            Err(e) => {
                println!("rows: {e}");
                ExitCode::FAILURE
            }
        };
    }
    if let [option, mode] = wanted.as_slice()
        && option == "--serve"
    {
        return match http::serve(mode) {
            Ok(()) => ExitCode::SUCCESS,
            Err(e) => {
                println!("serve: {e}");
                ExitCode::FAILURE
            }
        };
    }
    let known = BENCHES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    if let Some(unknown) = wanted.iter().find(|w| !BENCHES.iter().any(|(name, _)| name == w)) {
        println!("expected one of the benches {known}, found {unknown}");
        return ExitCode::from(2);
    }
    let mut kept = true;
    for (name, bench) in BENCHES {
        if !wanted.is_empty() && !wanted.iter().any(|w| w == name) {
            continue;
        }
        match bench() {
            Ok(figures) => {
                for figure in figures {
                    println!("{figure}");
                    kept &= figure.keeps();
                }
            }
            Err(e) => {
                println!("{name}: {e}");
                kept = false;
            }
        }
    }
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
