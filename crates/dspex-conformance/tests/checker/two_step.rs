//! The checker of prompts finds the faults that the first of two steps can have.

use dspex_conformance::checker::{Expected, check};
use serde_json::json;

use super::common::corpus;
use super::faults::{finds_in, without};

const TWO_STEP: &str = "two_step";

#[test]
fn a_changed_byte_of_a_value() {
    finds_in(TWO_STEP, 30, |good| {
        good.last_user(|text| {
            let at = text.find(": ")? + 2;
            let c = text[at..].chars().next()?;
            let other = if c == 'x' { 'y' } else { 'x' };
            Some(format!("{}{other}{}", &text[..at], &text[at + c.len_utf8()..]))
        })
    });
}

#[test]
fn a_changed_byte_of_a_demonstrations_value() {
    finds_in(TWO_STEP, 10, |good| good.demo_turn("assistant", |text| Some(format!("{text}x"))));
}

#[test]
fn a_value_under_a_marker() {
    finds_in(TWO_STEP, 30, |good| {
        good.last_user(|text| text.split_once(": ").map(|(name, v)| format!("[[ ## {name} ## ]]\n{v}")))
    });
}

#[test]
fn values_in_another_order() {
    finds_in(TWO_STEP, 4, |good| {
        good.last_user(|text| text.split_once("\n\n").map(|(first, rest)| format!("{rest}\n\n{first}")))
    });
}

#[test]
fn values_on_lines_without_a_blank_one() {
    finds_in(TWO_STEP, 4, |good| good.last_user(|text| Some(text.replacen("\n\n", "\n", 1))));
}

#[test]
fn a_reminder() {
    finds_in(TWO_STEP, 40, |good| good.last_user(|text| Some(format!("{text}\n\nNow write the answer."))));
}

#[test]
fn an_output_that_a_demonstration_lacks() {
    finds_in(TWO_STEP, 1, |good| {
        let name = good.last_output();
        good.demo_turn("assistant", |text| {
            (!text.contains(&format!("{name}: "))).then(|| format!("{text}\n\n{name}: (missing)"))
        })
    });
}

#[test]
fn an_incomplete_demonstration_that_is_not_called_so() {
    finds_in(TWO_STEP, 4, |good| {
        good.demo_turn("user", |text| {
            text.starts_with("An example").then(|| text.split_once("\n\n").map(|(_, v)| v.to_owned()))?
        })
    });
}

#[test]
fn a_complete_demonstration_that_is_called_incomplete() {
    finds_in(TWO_STEP, 10, |good| {
        good.demo_turn("user", |text| {
            (!text.starts_with("An example")).then(|| format!("An example.\n\n{text}"))
        })
    });
}

#[test]
fn demonstrations_in_another_order() {
    finds_in(TWO_STEP, 2, |good| {
        let mut messages = good.messages.clone();
        (messages.len() > 5 && messages[1] != messages[3]).then(|| messages.swap(1, 3))?;
        Some(messages)
    });
}

#[test]
fn a_dropped_demonstration() {
    finds_in(TWO_STEP, 10, |good| {
        let mut messages = good.messages.clone();
        (messages.len() > 3).then(|| messages.drain(1..3))?;
        Some(messages)
    });
}

#[test]
fn a_wrong_role() {
    finds_in(TWO_STEP, 40, |good| {
        let mut messages = good.messages.clone();
        messages.last_mut()?["role"] = json!("assistant");
        Some(messages)
    });
}

#[test]
fn a_section_in_the_system_message() {
    finds_in(TWO_STEP, 40, |good| {
        let name = good.last_output();
        good.system(|text| Some(format!("Write [[ ## {name} ## ]].\n{text}")))
    });
}

#[test]
fn a_lost_field() {
    finds_in(TWO_STEP, 40, |good| {
        let head = format!("`{}` (", good.last_output());
        good.system(|text| without(text, &head))
    });
}

#[test]
fn a_wrong_type_spelling() {
    finds_in(TWO_STEP, 40, |good| {
        let outputs = good.fields("output");
        let field = outputs.last()?;
        let head = format!("`{}` ({}", field["name"].as_str()?, field["annotation_name"].as_str()?);
        good.system(|text| Some(text.replacen(&head, &format!("{head}x"), 1)))
    });
}

#[test]
fn a_lost_description_or_constraint() {
    for key in ["desc", "constraints_text"] {
        finds_in(TWO_STEP, 1, |good| {
            let own = |f: &&serde_json::Value| key != "desc" || f["desc_is_default"] == false;
            let fields = good.signature["fields"].as_array()?;
            let words = fields.iter().filter(own).find_map(|f| f[key].as_str())?;
            good.system(|text| without(text, words))
        });
    }
}

#[test]
fn lost_and_changed_instructions() {
    finds_in(TWO_STEP, 40, |good| {
        good.system(|text| text.trim_end().rsplit_once(' ').map(|(before, _)| before.to_owned()))
    });
    finds_in(TWO_STEP, 40, |good| good.system(|text| Some(format!("{text} Be brief."))));
    finds_in(TWO_STEP, 1, |good| {
        let lines: Vec<&str> = good.signature["instructions"].as_str()?.lines().collect();
        let line = lines.get(1).filter(|l| !l.trim().is_empty())?;
        good.system(|text| without(text, &format!("\n{line}")))
    });
}

#[test]
fn a_member_that_does_not_belong() {
    finds_in(TWO_STEP, 40, |good| {
        let mut messages = good.messages.clone();
        messages.last_mut()?["name"] = json!("someone");
        Some(messages)
    });
}

#[test]
fn instructions_of_a_second_call_name_the_outputs() {
    let Some(corpus) = corpus() else { return };
    let case = corpus.cases("render_cases").iter().find(|c| c["id"] == "chat/two_out/key_order").unwrap();
    let mut expected = Expected::of(&corpus, case).unwrap();
    expected.worded_instructions = true;
    let messages = case["messages"].as_array().unwrap();
    let with = |instructions: &str| {
        let mut messages = messages.clone();
        let text = messages[0]["content"].as_str().unwrap();
        let (before, _) = text.rsplit_once("Given the fields").unwrap();
        messages[0]["content"] = json!(format!("{before}{instructions}"));
        check(&expected, &messages, None)
    };
    assert_eq!(with("From `question`, `context` take `reasoning`, `answer`."), Ok(()));
    assert!(with("From `question`, `context` take `reasoning`.").is_err());
    assert!(with("From `question`, `context` take `answer`, `reasoning`.").is_err());
}
