//! The checker of prompts finds the faults that only the BAML form can have.

use super::faults::{Good, finds_in, without};
use serde_json::Value as Json;

const BAML: &str = "baml";

/// The messages with the section of the last output changed.
fn last_type(good: &Good<'_>, change: impl FnOnce(&str) -> Option<String>) -> Option<Vec<Json>> {
    let marker = format!("[[ ## {} ## ]]\n", good.last_output());
    good.system(|text| {
        let start = text.rfind(&marker)? + marker.len();
        let end = start + text[start..].find("\n\n[[ ## completed ## ]]")?;
        Some(format!("{}{}{}", &text[..start], change(&text[start..end])?, &text[end..]))
    })
}

#[test]
fn a_lost_type() {
    finds_in(BAML, 50, |good| last_type(good, |_| Some(String::new())));
}

#[test]
fn another_type() {
    finds_in(BAML, 50, |good| last_type(good, |ty| Some(format!("{ty}x"))));
    finds_in(BAML, 30, |good| last_type(good, |ty| Some(ty.replacen("string", "str", 1))));
}

#[test]
fn a_type_that_is_a_part_of_a_word() {
    finds_in(BAML, 50, |good| last_type(good, |ty| Some(format!("x{ty}"))));
}

#[test]
fn a_type_that_is_not_last() {
    finds_in(BAML, 50, |good| last_type(good, |ty| Some(format!("{ty} it is"))));
}

#[test]
fn a_lost_null() {
    finds_in(BAML, 4, |good| last_type(good, |ty| without(ty, " or null")));
}

#[test]
fn a_lost_choice() {
    finds_in(BAML, 3, |good| last_type(good, |ty| ty.split_once("\" or ").map(|(_, rest)| rest.to_owned())));
}

#[test]
fn a_lost_list() {
    finds_in(BAML, 4, |good| last_type(good, |ty| without(ty, "[]")));
}

#[test]
fn a_lost_field_of_a_struct() {
    finds_in(BAML, 5, |good| {
        last_type(good, |ty| {
            let start = ty.find(",\n")?;
            let next = ty[start + 2..].find(",\n")?;
            Some(format!("{}{}", &ty[..start], &ty[start + 2 + next..]))
        })
    });
}

#[test]
fn fields_of_a_struct_in_another_order() {
    finds_in(BAML, 5, |good| {
        last_type(good, |ty| {
            let lines: Vec<&str> = ty.split('\n').collect();
            let at = lines.windows(2).position(|w| w.iter().all(|l| l.ends_with(',')))?;
            let mut swapped = lines.clone();
            swapped.swap(at, at + 1);
            Some(swapped.join("\n"))
        })
    });
}

#[test]
fn lost_documentation() {
    finds_in(BAML, 2, |good| {
        last_type(good, |ty| {
            let at = ty.find("  # ").filter(|at| !ty[*at..].starts_with("  # no"))?;
            let end = at + ty[at..].find('\n')? + 1;
            Some(format!("{}{}", &ty[..at], &ty[end..]))
        })
    });
}

#[test]
fn documentation_that_is_not_there() {
    finds_in(BAML, 5, |good| last_type(good, |ty| ty.starts_with('{').then(|| format!("# More.\n{ty}"))));
    finds_in(BAML, 5, |good| last_type(good, |ty| Some(ty.replacen("{\n", "{\n  # More.\n", 1))));
}

#[test]
fn a_struct_that_is_not_indented() {
    finds_in(BAML, 5, |good| last_type(good, |ty| Some(ty.replace("\n  ", "\n"))));
}

#[test]
fn inputs_on_one_line() {
    finds_in(BAML, 2, |good| {
        good.last_user(|text| text.contains("\n{\n").then(|| text.replace("\n  ", " ").replace("\n}", "}")))
    });
}
