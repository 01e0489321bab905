//! The checker of prompts finds the faults that only the JSON form can have.

use super::faults::{finds_in, without};

const JSON: &str = "json";

#[test]
fn a_changed_byte_of_a_demonstrations_value() {
    finds_in(JSON, 10, |good| {
        good.demo_turn("assistant", |text| {
            let at = text.find("\": ")? + 3;
            let end = at + text[at..].find(['\n', ','])? - 1;
            Some(format!("{}x{}", &text[..end], &text[end..]))
        })
    });
}

#[test]
fn a_demonstration_on_one_line() {
    finds_in(JSON, 10, |good| good.demo_turn("assistant", |text| Some(text.replace("\n  ", " "))));
}

#[test]
fn a_demonstration_without_a_member() {
    finds_in(JSON, 4, |good| {
        good.demo_turn("assistant", |text| {
            let end = text.find(",\n  \"")?;
            Some(format!("{{\n{}", &text[end + 2..]))
        })
    });
}

#[test]
fn a_demonstration_in_a_fence() {
    finds_in(JSON, 10, |good| good.demo_turn("assistant", |text| Some(format!("```json\n{text}\n```"))));
}

#[test]
fn a_character_written_as_an_escape() {
    finds_in(JSON, 10, |good| {
        good.demo_turn("assistant", |text| {
            let at = text.find(": \"")? + 3;
            let c = text[at..].chars().next()?;
            Some(format!("{}\\u{:04x}{}", &text[..at], u32::from(c), &text[at + c.len_utf8()..]))
        })
    });
}

#[test]
fn a_lost_output_in_the_object() {
    finds_in(JSON, 50, |good| {
        let name = good.last_output();
        good.system(|text| {
            let start = text.find(&format!("\n  \"{name}\": \""))?;
            let end = start + 1 + text[start + 1..].find('\n')?;
            Some(format!("{}{}", &text[..start], &text[end..]))
        })
    });
}

#[test]
fn outputs_of_the_object_in_another_order() {
    finds_in(JSON, 10, |good| {
        good.system(|text| {
            let start = text.find("\n\n{\n  \"")? + "\n\n{\n".len();
            let end = start + text[start..].find("\n}")?;
            let mut lines: Vec<&str> = text[start..end].split(",\n").collect();
            lines.reverse();
            Some(format!("{}{}{}", &text[..start], lines.join(",\n"), &text[end..]))
        })
    });
}

#[test]
fn an_object_on_one_line() {
    finds_in(JSON, 50, |good| good.system(|text| Some(text.replacen("\n\n{\n  ", "\n\n{", 1))));
}

#[test]
fn a_lost_place() {
    finds_in(JSON, 50, |good| {
        let name = good.last_output();
        good.system(|text| without(text, &format!("{{{name}}}")))
    });
}

#[test]
fn a_lost_hint() {
    finds_in(JSON, 10, |good| {
        good.system(|text| {
            let start = text.find("}  # ")? + 1;
            let line = start + text[start..].find('\n')?;
            let end = start + text[start..line].rfind('"')?;
            Some(format!("{}{}", &text[..start], &text[end..]))
        })
    });
}

#[test]
fn a_hint_beside_text() {
    finds_in(JSON, 20, |good| {
        let name =
            good.fields("output").into_iter().find(|f| f["type"]["kind"] == "str")?["name"].as_str()?;
        let place = format!("\"{{{name}}}");
        good.system(|text| Some(text.replacen(&place, &format!("{place}  # text"), 1)))
    });
}

#[test]
fn a_changed_schema_in_the_object() {
    finds_in(JSON, 10, |good| {
        good.system(|text| Some(text.replacen("{\\\"type\\\": \\\"", "{\\\"type\\\": \\\"x", 1)))
    });
}

#[test]
fn a_closing_marker() {
    finds_in(JSON, 50, |good| {
        good.system(|text| Some(text.replacen("\n\n{\n", "\n\n[[ ## completed ## ]]\n\n{\n", 1)))
    });
}

#[test]
fn a_reminder_without_an_output() {
    finds_in(JSON, 50, |good| {
        let name = format!("`{}`", good.last_output());
        good.last_user(|text| {
            let at = text.rfind(&name)?;
            Some(format!("{}{}", &text[..at], &text[at + name.len()..]))
        })
    });
}

#[test]
fn a_lost_reminder() {
    finds_in(JSON, 50, |good| {
        good.last_user(|text| text.rsplit_once("\n\n").map(|(value, _)| value.to_owned()))
    });
}

#[test]
fn another_text_for_a_missing_output() {
    finds_in(JSON, 1, |good| {
        good.demo_turn("assistant", |text| Some(text.replacen("(left out of this example)", "(missing)", 1)))
    });
}
