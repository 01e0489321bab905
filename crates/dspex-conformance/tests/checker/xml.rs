//! The checker of prompts finds the faults that only the XML form can have.

use super::faults::{finds_in, without};

const XML: &str = "xml";

/// The name of an output whose value is tags inside tags, as the system message shows it.
fn nested(text: &str, name: &str) -> Option<String> {
    let start = text.find(&format!("\n<{name}><"))? + 1;
    text[start..].split('\n').next().map(str::to_owned)
}

#[test]
fn a_changed_byte_of_an_input() {
    finds_in(XML, 50, |good| {
        good.last_user(|text| {
            let at = text.find(">\n")? + 2;
            let c = text[at..].chars().next()?;
            Some(format!("{}{}{}", &text[..at], if c == 'x' { 'y' } else { 'x' }, &text[at + c.len_utf8()..]))
        })
    });
}

#[test]
fn an_escaped_input() {
    finds_in(XML, 1, |good| good.last_user(|text| Some(text.replacen("& < >", "&amp; &lt; &gt;", 1))));
}

#[test]
fn a_lost_end_tag_of_an_input() {
    finds_in(XML, 50, |good| {
        let name = good.fields("input").first()?["name"].as_str()?.to_owned();
        good.last_user(|text| without(text, &format!("\n</{name}>")))
    });
}

#[test]
fn inputs_in_another_order() {
    finds_in(XML, 5, |good| {
        good.last_user(|text| {
            let mut blocks: Vec<&str> = text.split("\n\n").collect();
            (blocks.len() > 2).then(|| blocks.swap(0, 1))?;
            Some(blocks.join("\n\n"))
        })
    });
}

#[test]
fn an_input_more() {
    finds_in(XML, 50, |good| {
        good.last_user(|text| {
            text.rsplit_once("\n\n").map(|(values, last)| format!("{values}\n\n<more>\nx\n</more>\n\n{last}"))
        })
    });
}

#[test]
fn a_changed_byte_of_a_demonstration() {
    finds_in(XML, 20, |good| {
        good.demo_turn("assistant", |text| {
            let at = text.rfind("</")?;
            Some(format!("{}x{}", &text[..at], &text[at..]))
        })
    });
}

#[test]
fn a_demonstration_that_is_not_escaped() {
    finds_in(XML, 1, |good| good.demo_turn("assistant", |text| Some(text.replace("&lt;", "<"))));
}

#[test]
fn a_nested_demonstration_on_lines() {
    finds_in(XML, 8, |good| good.demo_turn("assistant", |text| Some(text.replace("><", ">\n<"))));
}

#[test]
fn a_demonstration_without_an_output() {
    finds_in(XML, 20, |good| {
        let name = good.last_output().to_owned();
        good.demo_turn("assistant", |text| text.find(&format!("<{name}>")).map(|at| text[..at].to_owned()))
    });
}

#[test]
fn another_text_for_a_missing_output() {
    finds_in(XML, 1, |good| {
        good.demo_turn("assistant", |text| Some(text.replacen("(left out of this example)", "(missing)", 1)))
    });
}

#[test]
fn an_incomplete_demonstration_that_is_not_called_so() {
    finds_in(XML, 1, |good| {
        good.demo_turn("user", |text| {
            text.find("\n\n<").filter(|_| !text.starts_with('<')).map(|at| text[at + 2..].to_owned())
        })
    });
}

#[test]
fn a_complete_demonstration_that_is_called_incomplete() {
    finds_in(XML, 10, |good| {
        good.demo_turn("user", |text| text.starts_with('<').then(|| format!("An example.\n\n{text}")))
    });
}

#[test]
fn a_lost_place() {
    finds_in(XML, 30, |good| {
        let name = good.last_output().to_owned();
        good.system(|text| without(text, &format!("\n{{{name}}}")))
    });
}

#[test]
fn blocks_of_the_system_message_in_another_order() {
    finds_in(XML, 50, |good| {
        let names: Vec<String> = ["input", "output"]
            .iter()
            .flat_map(|d| good.fields(d))
            .filter_map(|f| f["name"].as_str().map(str::to_owned))
            .collect();
        let [one, other, ..] = names.as_slice() else { return None };
        good.system(|text| {
            let block = |name: &str| {
                let start = text.find(&format!("\n<{name}>"))? + 1;
                let length = text[start..].find(&format!("</{name}>"))? + name.len() + 3;
                Some(text[start..start + length].to_owned())
            };
            let (one, other) = (block(one)?, block(other)?);
            Some(text.replacen(&format!("{one}\n\n{other}"), &format!("{other}\n\n{one}"), 1))
        })
    });
}

#[test]
fn a_lost_blank_line_between_blocks() {
    finds_in(XML, 50, |good| good.system(|text| Some(text.replacen(">\n\n<", ">\n<", 1))));
}

#[test]
fn a_lost_tag_inside_tags() {
    finds_in(XML, 10, |good| {
        let outputs = good.fields("output");
        let name = outputs
            .iter()
            .filter_map(|f| f["name"].as_str())
            .find(|name| good.system(|t| nested(t, name)).is_some())?
            .to_owned();
        good.system(|text| {
            let line = nested(text, &name)?;
            let at = name.len() + 2;
            let inner = line[at..].split('>').next()?;
            Some(text.replacen(&line, &line.replacen(&format!("{inner}>"), "", 1), 1))
        })
    });
}

#[test]
fn a_block_where_tags_inside_tags_are_wanted() {
    finds_in(XML, 10, |good| {
        let name = good.last_output().to_owned();
        good.system(|text| {
            Some(text.replacen(&nested(text, &name)?, &format!("<{name}>\n{{{name}}}\n</{name}>"), 1))
        })
    });
}

#[test]
fn a_lost_structure_in_the_reminder() {
    finds_in(XML, 10, |good| {
        good.last_user(|text| {
            let start = text.rfind('`')? + 1;
            let tags = &text[start..];
            let (from, to) = (tags.find('<')?, tags.rfind('>')?);
            Some(format!("{}{}{}", &text[..start], &tags[..from], &tags[to + 1..]))
        })
    });
}

#[test]
fn a_lost_hint() {
    finds_in(XML, 8, |good| {
        good.system(|text| {
            let start = text.find("}  # ")? + 1;
            let end = start + text[start..].find("\n</")?;
            Some(format!("{}{}", &text[..start], &text[end..]))
        })
    });
}

#[test]
fn a_hint_beside_text() {
    finds_in(XML, 20, |good| {
        let name =
            good.fields("output").into_iter().find(|f| f["type"]["kind"] == "str")?["name"].as_str()?;
        let place = format!("\n{{{name}}}\n");
        good.system(|text| Some(text.replacen(&place, &format!("\n{{{name}}}  # text\n"), 1)))
    });
}

#[test]
fn a_reminder_without_an_output() {
    finds_in(XML, 50, |good| {
        let name = format!("`<{}>`", good.last_output());
        good.last_user(|text| {
            let at = text.rfind(&name)?;
            Some(format!("{}{}", &text[..at], &text[at + name.len()..]))
        })
    });
}

#[test]
fn a_lost_reminder() {
    finds_in(XML, 50, |good| {
        good.last_user(|text| text.rsplit_once("\n\n").map(|(value, _)| value.to_owned()))
    });
}
