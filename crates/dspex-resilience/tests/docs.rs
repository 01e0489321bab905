//! The page names the tests that there are.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn every_case_of_a_test_is_on_the_page_and_the_other_way_round() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(here.join("../../docs/resilience.md")).unwrap();
    let table = page.split_once("## Cases of faults").unwrap().1;
    let named: BTreeSet<&str> =
        table.split('`').skip(1).step_by(2).filter(|n| n.contains('_') && !n.contains('.')).collect();
    let mut tests = String::new();
    for file in fs::read_dir(here.join("tests")).unwrap() {
        tests.push_str(&fs::read_to_string(file.unwrap().path()).unwrap_or_default());
    }
    let functions: BTreeSet<&str> =
        tests.lines().filter_map(|l| l.split_once("fn ")?.1.split_once('(').map(|(name, _)| name)).collect();
    for name in &named {
        assert!(functions.contains(name), "the page names `{name}`, and no test is called so");
    }
    let of_a_case =
        |name: &&&str| name.starts_with('p') && name[1..].starts_with(|c: char| c.is_ascii_digit());
    for name in functions.iter().filter(of_a_case) {
        assert!(named.contains(name), "the page does not name `{name}`");
    }
    assert!(named.len() > 20, "{named:?}");
}
