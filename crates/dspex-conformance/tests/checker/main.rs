//! The checker of prompts finds every kind of fault, and none in DSPy's own messages.

mod baml;
#[path = "../common/mod.rs"]
mod common;
mod faults;
mod json;
mod two_step;
mod xml;

use common::corpus;
use dspex_adapters::Wording;
use dspex_conformance::checker::{Expected, check};
use faults::{Good, finds, swapped_sections, without};
use serde_json::{Value as Json, json};

#[test]
fn the_checker_accepts_the_messages_of_dspy() {
    let Some(corpus) = corpus() else { return };
    for adapter in ["chat", "json", "xml", "baml", "two_step"] {
        let mut accepted = 0;
        for case in corpus.cases("render_cases").iter().filter(|c| c["adapter"] == adapter) {
            let messages = case["messages"].as_array().unwrap();
            let outcome = check(&Expected::of(&corpus, case).unwrap(), messages, None);
            assert_eq!(outcome, Ok(()), "{}", case["id"]);
            accepted += 1;
        }
        assert!(accepted > 50, "{adapter}");
    }
}

#[test]
fn swapped_turns() {
    finds(10, |good| {
        let mut messages = good.messages.clone();
        (messages.len() > 3).then(|| messages.swap(1, 2))?;
        Some(messages)
    });
}

#[test]
fn two_turns_of_one_role_swapped() {
    finds(10, |good| {
        let mut messages = good.messages.clone();
        let last = messages.len() - 1;
        (last > 2 && messages[1]["role"] == "user").then(|| messages.swap(1, last))?;
        Some(messages)
    });
}

#[test]
fn a_dropped_demonstration() {
    finds(10, |good| {
        let mut messages = good.messages.clone();
        (messages.len() > 3).then(|| messages.drain(1..3))?;
        Some(messages)
    });
}

#[test]
fn a_wrong_role() {
    finds(50, |good| {
        let mut messages = good.messages.clone();
        messages.last_mut()?["role"] = json!("system");
        Some(messages)
    });
}

#[test]
fn a_missing_description() {
    finds(2, |good| {
        let described =
            good.signature["fields"].as_array()?.iter().find(|f| f["desc_is_default"] == false)?;
        good.system(|text| without(text, described["desc"].as_str()?))
    });
}

#[test]
fn a_default_description_that_is_shown() {
    finds(40, |good| {
        let field = good.signature["fields"].as_array()?.iter().find(|f| f["desc_is_default"] == true)?;
        let head = format!("`{}` ({})", field["name"].as_str()?, field["annotation_name"].as_str()?);
        good.system(|text| Some(text.replacen(&head, &format!("{head}: {}", field["desc"].as_str()?), 1)))
    });
}

#[test]
fn a_wrong_type_spelling() {
    finds(50, |good| {
        let outputs = good.fields("output");
        let field = outputs.last()?;
        let head = format!("`{}` ({}", field["name"].as_str()?, field["annotation_name"].as_str()?);
        good.system(|text| Some(text.replacen(&head, &format!("{head}x"), 1)))
    });
}

#[test]
fn a_lost_constraint() {
    let Some(corpus) = corpus() else { return };
    let with_rules = |c: &&Json| {
        let fields = corpus.signature_json(c).map(|s| s["fields"].clone()).unwrap_or_default();
        fields.as_array().is_some_and(|f| f.iter().any(|f| f["constraints_text"].is_string()))
    };
    let least =
        corpus.cases("render_cases").iter().filter(|c| c["adapter"] == "chat").filter(with_rules).count();
    finds(least, |good| {
        let rules =
            good.signature["fields"].as_array()?.iter().find_map(|f| f["constraints_text"].as_str())?;
        good.system(|text| without(text, rules))
    });
}

#[test]
fn a_changed_schema() {
    finds(10, |good| good.system(|text| Some(text.replacen("{\"type\": \"", "{\"type\": \"x", 1))));
}

#[test]
fn a_schema_inside_another() {
    finds(10, |good| {
        good.system(|text| Some(text.replacen("{\"type\": \"", "{\"items\": {\"type\": \"", 1)))
    });
}

#[test]
fn a_lost_choice() {
    finds(4, |good| {
        let outputs = good.fields("output");
        let values = outputs.iter().find_map(|f| f["type"]["values"].as_array())?;
        let first = values.first()?.as_str()?;
        good.system(|text| without(text, &format!("{first}; ")))
    });
}

#[test]
fn a_lost_hint_of_a_number() {
    finds(2, |good| {
        let outputs = good.fields("output");
        let number =
            outputs.iter().find(|f| matches!(f["type"]["kind"].as_str(), Some("int" | "float" | "bool")))?;
        let place = format!("]]\n{{{}}}", number["name"].as_str()?);
        good.system(|text| {
            let start = text.find(&place)? + place.len();
            let end = start + text[start..].find('\n')?;
            Some(format!("{}{}", &text[..start], &text[end..]))
        })
    });
}

#[test]
fn a_hint_beside_an_input() {
    finds(50, |good| {
        let inputs = good.fields("input");
        let place = format!("]]\n{{{}}}", inputs.first()?["name"].as_str()?);
        good.system(|text| Some(text.replacen(&place, &format!("{place}  # text"), 1)))
    });
}

#[test]
fn lost_instructions() {
    finds(50, |good| good.system(|text| text.rsplit_once('\n').map(|(before, _)| before.to_owned())));
}

#[test]
fn a_lost_line_of_instructions() {
    finds(1, |good| {
        let lines: Vec<&str> = good.signature["instructions"].as_str()?.lines().collect();
        let line = lines.get(1).filter(|l| !l.trim().is_empty()).or(lines.get(2))?;
        good.system(|text| without(text, &format!("\n{line}")))
    });
}

#[test]
fn a_changed_byte_of_a_value() {
    finds(50, |good| {
        good.last_user(|text| {
            let at = text.find(" ## ]]\n")? + " ## ]]\n".len();
            let byte = text[at..].chars().next()?;
            let other = if byte == 'x' { 'y' } else { 'x' };
            Some(format!("{}{other}{}", &text[..at], &text[at + byte.len_utf8()..]))
        })
    });
}

#[test]
fn a_space_behind_a_value() {
    finds(10, |good| good.demo_turn("assistant", |text| Some(text.replacen("\n\n[[ ## ", " \n\n[[ ## ", 1))));
}

#[test]
fn reordered_sections_of_inputs() {
    finds(4, |good| good.last_user(swapped_sections));
}

#[test]
fn reordered_sections_of_outputs() {
    finds(5, |good| good.demo_turn("assistant", swapped_sections));
}

#[test]
fn reordered_sections_of_the_system_message() {
    finds(50, |good| {
        good.system(|text| {
            let start = text.find("\n[[ ## ")? + 1;
            Some(format!("{}{}", &text[..start], swapped_sections(&text[start..])?))
        })
    });
}

#[test]
fn an_extra_section_of_the_user() {
    finds(50, |good| {
        good.last_user(|text| {
            text.rsplit_once("\n\n").map(|(v, r)| format!("{v}\n\n[[ ## more ## ]]\nx\n\n{r}"))
        })
    });
}

#[test]
fn an_extra_section_of_the_system_message() {
    finds(50, |good| {
        good.system(|text| {
            Some(text.replacen(
                "[[ ## completed ## ]]",
                "[[ ## more ## ]]\n{more}\n\n[[ ## completed ## ]]",
                1,
            ))
        })
    });
}

#[test]
fn a_missing_closing_marker_in_a_demonstration() {
    finds(10, |good| good.demo_turn("assistant", |text| without(text, "[[ ## completed ## ]]\n")));
}

#[test]
fn a_missing_line_end_behind_a_demonstration() {
    finds(10, |good| good.demo_turn("assistant", |text| text.strip_suffix('\n').map(str::to_owned)));
}

#[test]
fn a_reminder_without_an_output() {
    finds(50, |good| {
        let marker = format!("`[[ ## {} ## ]]`", good.last_output());
        good.last_user(|text| {
            let at = text.rfind(&marker)?;
            Some(format!("{}{}", &text[..at], &text[at + marker.len()..]))
        })
    });
}

#[test]
fn a_lost_reminder() {
    finds(50, |good| good.last_user(|text| text.rsplit_once("\n\n").map(|(value, _)| value.to_owned())));
}

#[test]
fn a_reminder_in_a_demonstration() {
    let reminder = |good: &Good<'_>| -> Option<String> {
        good.messages.last()?["content"].as_str()?.rsplit_once("\n\n").map(|(_, last)| last.to_owned())
    };
    finds(10, |good| {
        let reminder = reminder(good)?;
        good.demo_turn("user", |text| Some(format!("{text}\n\n{reminder}")))
    });
}

#[test]
fn an_incomplete_demonstration_that_is_not_called_so() {
    finds(1, |good| {
        good.demo_turn("user", |text| {
            text.find("[[ ## ").filter(|at| *at > 0).map(|at| text[at..].to_owned())
        })
    });
}

#[test]
fn a_complete_demonstration_that_is_called_incomplete() {
    finds(10, |good| {
        good.demo_turn("user", |text| text.starts_with("[[ ## ").then(|| format!("An example.\n\n{text}")))
    });
}

#[test]
fn another_text_for_a_missing_output() {
    finds(1, |good| {
        let missing = Wording::default().demo.missing_output;
        good.demo_turn("assistant", |text| Some(text.replacen(&missing, "(missing)", 1)))
    });
}

#[test]
fn a_member_that_does_not_belong() {
    finds(50, |good| {
        let mut messages = good.messages.clone();
        messages.last_mut()?["name"] = json!("someone");
        Some(messages)
    });
}

#[test]
fn text_instead_of_parts_and_parts_instead_of_text() {
    finds(50, |good| {
        let mut messages = good.messages.clone();
        let text = messages.last()?["content"].clone();
        messages.last_mut()?["content"] =
            json!([{"type": "text", "text": text}, {"type": "text", "text": "x"}]);
        Some(messages)
    });
}

#[test]
fn parts_are_compared_one_by_one() {
    let Some(corpus) = corpus() else { return };
    let mut seen = 0;
    for case in corpus.cases("render_cases").iter().filter(|c| c["adapter"] == "chat") {
        let messages = case["messages"].as_array().unwrap();
        let Some(at) = messages.iter().position(|m| m["content"].is_array()) else { continue };
        seen += 1;
        for part in 0..messages[at]["content"].as_array().unwrap().len() {
            let mut faulty = messages.clone();
            let spoiled = &mut faulty[at]["content"][part];
            *spoiled = match spoiled["text"].as_str() {
                Some(text) => {
                    json!({"type": "text", "text": text.replacen("]]\n", "]]\n\n", 1) + "\n\nmore"})
                }
                None => json!({"type": "image_url", "image_url": {"url": "https://other.test/x.png"}}),
            };
            let outcome = check(&Expected::of(&corpus, case).unwrap(), &faulty, None);
            assert!(outcome.is_err(), "{} part {part}", case["id"]);
        }
    }
    assert!(seen > 2);
}
