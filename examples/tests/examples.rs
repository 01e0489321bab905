//! The demo keeps its promise, and the README shows what it prints.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::Path;
use std::process::Command;

fn output() -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_wordnet")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The numbers of a line of scores: the score and the ends of its interval.
fn numbers(line: &str) -> [f64; 3] {
    let (score, interval) = line.split_once('%').unwrap();
    let score = score.split_whitespace().last().unwrap().parse().unwrap();
    let (low, high) = interval.split_once("%: ").unwrap().1.trim_end_matches(')').split_once(" to ").unwrap();
    [score, low.trim().parse().unwrap(), high.trim().parse().unwrap()]
}

#[test]
fn on_each_draw_the_lower_bound_with_demonstrations_is_above_the_score_without() {
    let text = output();
    let lines: Vec<[f64; 3]> = text.lines().skip(1).map(numbers).collect();
    let [without, with @ ..] = lines.as_slice() else { panic!("{text}") };
    assert_eq!(with.len(), 3, "{text}");
    for [_, low, _] in with {
        assert!(*low > without[0], "{text}");
    }
}

#[test]
fn the_readme_shows_what_the_demo_prints() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let text = fs::read_to_string(&readme).unwrap();
    let (_, after) = text.split_once("```text demo\n").unwrap();
    let (shown, rest) = after.split_once("```\n").unwrap();
    let printed = output();
    #[expect(clippy::disallowed_methods, reason = "a switch for developers")]
    if std::env::var("UPDATE_TRANSCRIPTS").is_ok() {
        let before = &text[..text.len() - after.len()];
        fs::write(&readme, format!("{before}{printed}```\n{rest}")).unwrap();
    } else {
        assert_eq!(shown, printed, "run with UPDATE_TRANSCRIPTS=1 to write it anew");
    }
}
