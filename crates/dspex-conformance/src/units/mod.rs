//! Tables of single functions: a runner for each, one file each.

mod annotation_names;
mod answer_exact_match;
mod answer_passage_match;
mod code_filter;
mod decisions;
mod dpr_normalize;
mod example;
mod format_field_value;
mod infer_prefix;
mod json_repair;
mod majority;
mod normalize_text;
mod op_text;
mod parse_value;
mod saved_state;
mod signature_ops;
mod string_metrics;
mod string_signatures;
mod tools;

use serde_json::Value as Json;

use crate::corpus::Corpus;
use crate::outcome::{Outcome, guard, unsupported};
use crate::report::{Section, id_of};

/// Runs one row of a table.
type Run = fn(&Corpus, &Json) -> Outcome;

/// Runs one entry of a table by its key.
type RunNamed = fn(&Corpus, &str, &Json) -> Outcome;

/// The tables that have a runner, by their names in the corpus.
pub const UNITS: &[(&str, Run)] = &[
    ("infer_prefix", infer_prefix::run),
    ("string_signatures", string_signatures::run),
    ("signature_ops", signature_ops::run),
    ("annotation_names", annotation_names::run),
    ("parse_value", parse_value::run_text),
    ("parse_value_nonstring", parse_value::run_value),
    ("format_field_value", format_field_value::run),
    ("json_repair_loads", json_repair::run),
    ("json_repair_version", json_repair::version),
    ("code_filter", code_filter::run),
    ("decisions", decisions::run),
    ("normalize_text", normalize_text::run),
    ("dpr_normalize", dpr_normalize::run),
    ("answer_exact_match", answer_exact_match::run),
    ("answer_passage_match", answer_passage_match::run),
    ("string_metrics", string_metrics::run),
    ("majority", majority::run),
    ("tools", tools::run),
    ("tool_calls_invocation", tools::run_call),
];

/// The tables whose entries are told apart by their keys alone.
pub const NAMED: &[(&str, RunNamed)] = &[("example", example::run), ("saved_state", saved_state::run)];

/// Runs every table of the corpus; one that has no runner fails whole.
pub(crate) fn run(corpus: &Corpus) -> Vec<Section> {
    corpus
        .table("units")
        .map(|(name, table)| {
            let run = UNITS.iter().find(|(n, _)| n == name).map_or(unsupported as Run, |(_, run)| *run);
            let mut section = Section::new(name, None);
            let mut push = |id: String, row: &Json| section.push(id, guard(|| run(corpus, row)));
            match table {
                Json::Array(rows) => rows.iter().enumerate().for_each(|(i, row)| push(id_of(row, i), row)),
                Json::Object(entries) => match NAMED.iter().find(|(n, _)| n == name) {
                    Some((_, run)) => entries
                        .iter()
                        .for_each(|(key, row)| section.push(key.clone(), guard(|| run(corpus, key, row)))),
                    None => entries.iter().for_each(|(key, row)| push(key.clone(), row)),
                },
                // A single fact is a table of one row.
                one => push(name.clone(), one),
            }
            section
        })
        .collect()
}

/// The rows of a table that is a list.
pub(crate) fn rows<'a>(corpus: &'a Corpus, name: &str) -> &'a [Json] {
    corpus.entry("units", name).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}
