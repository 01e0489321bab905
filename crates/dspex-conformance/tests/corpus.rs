//! What must agree with DSPy, of the shared corpus.

mod common;

use common::corpus;
use dspex_conformance::{Corpus, Report, run};
use serde_json::Value as Json;

/// Rows of a section that failed although they must pass.
fn failing(
    report: &Report,
    section: &str,
    adapter: Option<&str>,
    required: &dyn Fn(&str) -> bool,
) -> Vec<String> {
    let sections = report.named(section).filter(|s| s.adapter.as_deref() == adapter);
    sections
        .flat_map(|s| &s.failures)
        .filter(|f| required(&f.id))
        .map(|f| format!("{section} {}: {}", f.id, f.why))
        .collect()
}

#[test]
fn required_tables_pass_whole() {
    let Some(corpus) = corpus() else { return };
    let report = run(&corpus);
    for section in ["infer_prefix", "string_signatures", "signature_ops"] {
        assert!(report.named(section).all(|s| s.total() > 0), "{section} is not in the corpus");
        assert_eq!(failing(&report, section, None, &|_| true), Vec::<String>::new());
    }
}

#[test]
fn tables_of_metrics_examples_writing_tools_and_saved_programs_pass_whole() {
    let Some(corpus) = corpus() else { return };
    let report = run(&corpus);
    let sections = [
        "normalize_text",
        "dpr_normalize",
        "answer_exact_match",
        "answer_passage_match",
        "string_metrics",
        "majority",
        "tools",
        "tool_calls_invocation",
        "example",
        "annotation_names",
        "format_field_value",
        "code_filter",
        "saved_state",
    ];
    for section in sections {
        assert!(report.named(section).any(|s| s.total() > 0), "{section} is not in the corpus");
        assert_eq!(failing(&report, section, None, &|_| true), Vec::<String>::new());
    }
}

#[test]
fn tables_of_reading_fail_only_where_a_type_is_not_supported() {
    let Some(corpus) = corpus() else { return };
    let report = run(&corpus);
    for section in ["parse_value", "parse_value_nonstring", "json_repair_loads"] {
        let mut failing = failing(&report, section, None, &|_| true);
        failing.retain(|f| !f.contains(": not supported yet: "));
        assert_eq!(failing, Vec::<String>::new());
    }
}

#[test]
fn cases_of_plain_types_pass() {
    let Some(corpus) = corpus() else { return };
    let report = run(&corpus);
    let adapters = ["chat", "json", "xml", "baml"];
    for (section, adapter) in adapters.into_iter().flat_map(|a| [("render_cases", a), ("parse_cases", a)]) {
        let plain: Vec<&str> = corpus
            .cases(section)
            .iter()
            .filter(|c| c["adapter"] == adapter && is_plain_case(&corpus, c))
            .filter_map(|c| c["id"].as_str())
            .collect();
        assert!(plain.len() > 20, "only {} {adapter} cases of {section} are plain", plain.len());
        let failing = failing(&report, section, Some(adapter), &|id| plain.contains(&id));
        assert!(failing.is_empty(), "{} of {} fail:\n{}", failing.len(), plain.len(), failing.join("\n"));
    }
}

#[test]
fn cases_fail_only_where_a_type_is_not_supported() {
    let Some(corpus) = corpus() else { return };
    let report = run(&corpus);
    for section in ["render_cases", "parse_cases"] {
        for adapter in ["json", "chat", "xml", "baml", "two_step"] {
            let mut failing = failing(&report, section, Some(adapter), &|_| true);
            failing.retain(|f| !f.contains(": not supported yet: "));
            assert_eq!(failing, Vec::<String>::new());
        }
    }
}

/// The types of DSPy's own that are no tools and no history are read and written like any other.
#[test]
fn no_row_fails_for_media_documents_or_code() {
    let Some(corpus) = corpus() else { return };
    let report = run(&corpus);
    let own = ["Image", "Audio", "File", "Document", "Citations", "Code", "Reasoning"];
    let about =
        |why: &str| own.iter().any(|name| why.split(|c: char| !c.is_alphanumeric()).any(|w| w == *name));
    for section in
        ["parse_value", "parse_value_nonstring", "format_field_value", "render_cases", "parse_cases"]
    {
        let failures = report.named(section).flat_map(|s| &s.failures);
        let failing: Vec<_> = failures.filter(|f| about(&f.why)).map(|f| (&f.id, &f.why)).collect();
        assert!(failing.is_empty(), "{section}: {failing:#?}");
    }
}

#[test]
fn all_calls_pass() {
    let Some(corpus) = corpus() else { return };
    let report = run(&corpus);
    let sections: Vec<_> = report.named("call_cases").collect();
    assert_eq!(sections.iter().map(|s| s.total()).sum::<usize>(), corpus.cases("call_cases").len());
    let failures: Vec<_> = sections.iter().flat_map(|s| &s.failures).collect();
    assert!(failures.is_empty(), "{failures:#?}");
    // What the default does otherwise is in the list of differences.
    let named = |rule: &str, id: &str| {
        report.differences.iter().any(|d| d.rule == rule && d.ids.iter().any(|i| i == id))
    };
    assert!(named("options_as_given", "chat_strips_tools_kwargs"));
}

#[test]
fn the_default_asks_once_where_dspy_asks_again() {
    let Some(corpus) = corpus() else { return };
    let report = run(&corpus);
    let named = |rule: &str| -> Vec<String> {
        report.differences.iter().filter(|d| d.rule == rule).flat_map(|d| d.ids.clone()).collect()
    };
    // Text that is the only output is read at once; anything else is an error.
    let once: Vec<String> = ["json_fallback", "bare_reply"].into_iter().flat_map(named).collect();
    let ids =
        ["chat_fallback_json_plain", "chat_fallback_json_schema", "chat_fallback_fails", "chat_empty_output"];
    for id in ids {
        assert!(once.iter().any(|i| i == id), "{id} is not among {once:?}");
    }
    // One of two has markers; the other is text alone.
    assert!(named("bare_reply").iter().any(|i| i == "chat_fallback_second_of_n2_bad"));
}

/// Whether all fields of a case's signature are of plain types.
fn is_plain_case(corpus: &Corpus, case: &Json) -> bool {
    let fields = corpus.signature_json(case).map(|s| s["fields"].clone()).unwrap_or_default();
    fields.as_array().is_some_and(|fields| fields.iter().all(|f| is_plain(&f["type"])))
}

fn is_plain(ty: &Json) -> bool {
    let inside = |key: &str| ty.get(key).is_none_or(is_plain);
    match ty["kind"].as_str() {
        Some("str" | "int" | "float" | "bool" | "literal") => true,
        Some("list") => inside("item"),
        Some("dict") => inside("key") && inside("value"),
        Some("union") => match ty["options"].as_array().map(Vec::as_slice) {
            Some([one, other]) => other["kind"] == "none" && is_plain(one),
            _ => false,
        },
        _ => false,
    }
}

#[test]
fn every_row_counts() {
    let Some(corpus) = corpus() else { return };
    let report = run(&corpus);
    let cases = ["render_cases", "parse_cases", "call_cases"];
    for name in cases {
        assert_eq!(
            report.named(name).map(dspex_conformance::report::Section::total).sum::<usize>(),
            corpus.cases(name).len()
        );
    }
    let (_, of) = report.total();
    assert!(report.to_string().ends_with(&format!(" of {of}\n")));
    assert_eq!(report.to_json()["total"]["of"], of);
}

#[test]
fn every_difference_of_the_default_has_a_rule() {
    let Some(corpus) = corpus() else { return };
    let unexplained: Vec<_> = run(&corpus)
        .differences
        .into_iter()
        .filter(|d| d.rule == "unexplained")
        .flat_map(|d| d.ids)
        .collect();
    assert_eq!(unexplained, Vec::<String>::new());
}

#[test]
fn rows_that_are_malformed_or_unknown_fail_and_nothing_panics() {
    let text = r#"{
        "signatures": {"bad": {"name": "Bad"}, "worse": 3,
            "odd": {"name": "Odd", "instructions": "x", "fields": [
                {"name": "a", "direction": "sideways", "type": {"kind": "str"}}]}},
        "models": {"Loop": {"fields": [{"name": "x", "type": {"kind": "model", "ref": "Loop"}}]}},
        "units": {"infer_prefix": [["a"], 3, null, ["a", "A"]], "string_signatures": [{}, {"input": "a -> b"}],
            "signature_ops": [{"op": "insert("}, {"op": "insert(x, y, z)"}, {"op": "base", "ok": 1}, {}, 4],
            "annotation_names": {"x": {}, "y": 1, "z": {"name": "Loop", "type": {"kind": "model", "ref": "Loop"}}},
            "parse_value": [{}, {"type": "nope", "value": "x", "ok": 1}], "parse_value_nonstring": [{}, []],
            "format_field_value": [{}, {"value": {"$nope": 1}}], "json_repair_loads": [{}, 1],
            "normalize_text": [{}], "dpr_normalize": [["a"]], "answer_exact_match": [{"gold": 1, "pred": "x"}],
            "answer_passage_match": [3], "string_metrics": [{}], "majority": [{"completions": []}],
            "example": {"len": {}, "more": 1},
            "of_the_future": [1, 2, 3], "also": {"a": 1, "b": 2}, "fact": "x"},
        "render_cases": [{}, 1, {"adapter": "chat", "signature": "bad"}, {"adapter": "chat", "signature": "odd"},
            {"adapter": "chat", "signature": "worse", "demos": 1, "inputs": [], "messages": [1]}],
        "parse_cases": [{"adapter": "chat"}, {"adapter": "nope", "signature": "bad"}, []],
        "call_cases": [{}],
        "stream_cases": [{"adapter": "chat"}, {}]
    }"#;
    let report = run(&Corpus::from_json(text).unwrap());
    let (passed, of) = report.total();
    assert_eq!((passed, of), (1, 4 + 2 + 5 + 3 + 2 + 2 + 2 + 2 + 3 + 2 + 1 + 5 + 3 + 1 + 2 + 8));
    assert_eq!(run(&Corpus::from_json("{}").unwrap()).total(), (0, 0));
    assert_eq!(run(&Corpus::from_json(r#"{"units": 3, "signatures": []}"#).unwrap()).total(), (0, 0));
}
