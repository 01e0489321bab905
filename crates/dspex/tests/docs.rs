//! The lists in the pages are those of the code.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use dspex::adapters::by_name;
use dspex::lm::{Capabilities, Choice, PROVIDERS, Provider};
use dspex::{CoercionMode, ParsePolicy, ParseRule, RuleEffect, Signature};

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

/// The words in backticks at the start of the rows of the page's tables.
fn first_column(page: &str) -> BTreeSet<String> {
    read(page)
        .lines()
        .filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned()))
        .collect()
}

/// The words that a function named `code` gives, read from its source.
fn codes(file: &str) -> BTreeSet<String> {
    let source = read(file);
    let (_, body) = source.split_once("fn code(").unwrap();
    let body = body.split_once("\n    }\n").unwrap().0;
    body.lines().filter_map(|l| Some(l.split_once("=> \"")?.1.split_once('"')?.0.to_owned())).collect()
}

#[test]
fn every_error_code_has_its_row() {
    let mut codes = codes("crates/dspex-core/src/lm/error.rs");
    codes.extend(self::codes("crates/dspex-core/src/error.rs"));
    assert!(codes.len() > 25, "{codes:?}");
    assert_eq!(first_column("docs/errors.md"), codes);
}

#[test]
fn every_parse_rule_has_its_row() {
    let rules: BTreeSet<String> = ParseRule::ALL.iter().map(|r| r.id().to_owned()).collect();
    assert_eq!(first_column("docs/parsing.md"), rules);
}

/// What stands in the code span of a cell, with its line breaks.
fn span(cell: &str) -> Option<String> {
    let cell = cell.trim();
    let inner = cell
        .strip_prefix("`` ")
        .and_then(|c| c.strip_suffix(" ``"))
        .or_else(|| cell.strip_prefix('`').and_then(|c| c.strip_suffix('`')))?;
    Some(inner.replace("\\\\", "\u{1}").replace("\\n", "\n").replace('\u{1}', "\\"))
}

/// Rules whose replies the table cannot show in full: they need a bound, a struct, several completions.
const NOT_SHOWN: [&str; 13] = [
    "attribute_value",
    "constraint",
    "line_ends",
    "media_reference",
    "native_missing",
    "nested_union",
    "no_tool_calls",
    "reasoning_as_written",
    "tool_arguments",
    "tool_calls_first",
    "unnamed_field",
    "unread_completion",
    "verbatim_text",
];

#[test]
fn every_parse_rule_does_what_its_row_says() {
    let page = read("docs/parsing.md");
    let mut not_shown = Vec::new();
    for rule in ParseRule::ALL {
        let row = page.lines().find(|l| l.starts_with(&format!("| `{}` |", rule.id()))).unwrap();
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let [_, _, _, fields, reply, value] = cells.as_slice() else { panic!("{row}") };
        let (Some(fields), Some(reply)) = (span(fields), span(reply)) else {
            not_shown.push(rule.id());
            continue;
        };
        if NOT_SHOWN.contains(&rule.id()) {
            not_shown.push(rule.id());
            continue;
        }
        let (how, fields) = fields
            .split_once(": q")
            .map_or(("", fields.as_str()), |(how, _)| (how, &fields[how.len() + 2..]));
        let adapter = by_name(if how == "json" || how == "xml" { how } else { "chat" }).unwrap();
        let mode = if how == "aggressive" { CoercionMode::Aggressive } else { CoercionMode::Safe };
        let policy = ParsePolicy::default().coercion(mode);
        let signature = Signature::parse(fields).unwrap();
        let read = |policy: &ParsePolicy| adapter.parse(&signature, &Choice::text(reply.as_str()), policy);
        let (with, without) = (read(&policy), read(&policy.clone().without(*rule)));
        match span(value) {
            None => {
                assert_eq!(rule.effect(), RuleEffect::Refuses, "{row}");
                assert!(with.is_err(), "{row}: {with:?}");
                assert!(without.is_ok(), "{row}: {without:?}");
            }
            Some(value) => {
                let with = with.unwrap_or_else(|e| panic!("{row}: {e}"));
                let values: Vec<String> =
                    with.fields.to_tagged().as_object().unwrap().values().map(ToString::to_string).collect();
                assert_eq!(values.join(", "), value.replace('\\', "\\\\"), "{row}");
                assert!(with.notes.iter().any(|n| n.rule == *rule), "{row}: {:?}", with.notes);
                assert!(rule.effect() != RuleEffect::Refuses, "{row}");
                let noted =
                    without.is_ok_and(|w| w.fields == with.fields && w.notes.iter().any(|n| n.rule == *rule));
                assert!(!noted, "{row}: the same without the rule");
            }
        }
    }
    not_shown.sort_unstable();
    assert_eq!(not_shown, NOT_SHOWN);
}

#[test]
fn a_program_file_says_every_key_of_its_page() {
    let source = read("crates/dspex-modules/src/program_file/raw.rs");
    let raw = source.split_once("struct Raw {").unwrap().1.split_once("\n}").unwrap().0;
    let keys: BTreeSet<String> = raw
        .lines()
        .filter_map(|l| l.trim().strip_prefix("pub(super) ")?.split_once(": ").map(|(key, _)| key.to_owned()))
        .filter(|key| !matches!(key.as_str(), "inputs" | "outputs" | "options"))
        .collect();
    let page = first_column("docs/program-files.md")
        .into_iter()
        .filter(|k| !k.starts_with('['))
        .collect::<BTreeSet<_>>();
    assert_eq!(page, keys);
}

#[test]
fn every_setting_of_a_model_that_is_saved_is_on_its_page() {
    let source = read("crates/dspex-modules/src/saved_program/lm.rs");
    let list = source.split_once("const SETTINGS").unwrap().1.split_once("];").unwrap().0;
    let saved: BTreeSet<String> = list
        .lines()
        .filter_map(|l| Some(l.trim().strip_prefix("(\"")?.split_once('"')?.0.to_owned()))
        .filter(|name| !name.ends_with("_kwargs"))
        .collect();
    let page = read("docs/saved-programs.md");
    let (_, part) = page.split_once("only settings on a list are written and read:").unwrap();
    let part = part.split_once(", and DSPy's own marks").unwrap().0;
    let told: BTreeSet<String> = part.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    assert_eq!(told, saved);
}

/// What a model can, in words.
fn abilities(can: &Capabilities) -> String {
    let all = [
        (can.tools, "tools"),
        (can.json_schema, "JSON by a schema"),
        (can.json_object, "JSON"),
        (can.reasoning, "reasoning"),
        (can.citations, "citations"),
        (can.images, "images"),
        (can.audio, "sound"),
        (can.logprobs, "log-probabilities"),
        (can.several, "several completions"),
    ];
    all.into_iter().filter(|(can, _)| *can).map(|(_, name)| name).collect::<Vec<_>>().join(", ")
}

/// The row of a provider in the page, with a model for example.
fn provider_row(provider: &Provider, example: &str) -> String {
    let spans = |all: Vec<&str>| all.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ");
    let model = example.split_once('/').unwrap().1;
    let variables = provider.base_variables().iter().copied().chain(provider.settings()).collect();
    let cells = [
        format!("`{}`", provider.name),
        format!("`{example}`"),
        spans(provider.wires()),
        spans(provider.key_variables().to_vec()),
        spans(variables),
        abilities(&provider.capabilities(model)),
    ];
    format!("| {} |", cells.join(" | "))
}

/// `UPDATE_DOCS=1` writes the rows anew; which model is the example stays as it is.
#[test]
fn every_provider_has_its_row() {
    let page = read("docs/providers.md");
    let mut lines: Vec<String> = page.lines().map(str::to_owned).collect();
    let mut known = BTreeSet::new();
    for line in lines.iter_mut().filter(|line| line.starts_with("| `")) {
        let example = line.split('`').nth(3).unwrap();
        let name = example.split('/').next().unwrap();
        let provider =
            PROVIDERS.iter().find(|p| p.name == name).unwrap_or_else(|| panic!("no provider {name}"));
        known.insert(provider.name);
        *line = provider_row(provider, example);
    }
    let all: BTreeSet<&str> = PROVIDERS.iter().map(|p| p.name).collect();
    assert_eq!(known, all);
    let expected = lines.join("\n") + "\n";
    #[expect(clippy::disallowed_methods, reason = "a switch of the one who runs the test")]
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    if update {
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/providers.md"), &expected).unwrap();
    }
    assert_eq!(read("docs/providers.md"), expected);
}

#[test]
fn every_provider_of_embeddings_is_named() {
    let page = read("docs/providers.md");
    let named = page.split("These providers make embeddings: ").nth(1).unwrap().split('.').next().unwrap();
    let named: BTreeSet<&str> = named.split('`').skip(1).step_by(2).collect();
    let makers = PROVIDERS.iter().filter(|p| p.embeddings().is_some()).map(|p| p.name);
    assert_eq!(named, makers.collect());
}
