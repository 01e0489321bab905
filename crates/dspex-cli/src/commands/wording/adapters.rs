//! How the sentences of each adapter are derived. To add one: its function and its line in [`ADAPTERS`].

use dspex_adapters::{Wording, literal};
use dspex_core::Result;

use super::derive::Derive;

/// An adapter whose sentences can be derived.
pub(super) struct Known {
    pub(super) name: &'static str,
    /// The template of its system message.
    pub(super) system: fn(&mut Wording) -> &mut String,
    /// Derives its sentences.
    pub(super) part: fn(&mut Derive<'_>) -> Result<()>,
}

/// All of them, in an order in which each finds what it needs.
pub(super) const ADAPTERS: &[Known] = &[
    Known { name: "chat", system: |w| &mut w.chat.system, part: chat },
    Known { name: "json", system: |w| &mut w.json.system, part: json },
    Known { name: "xml", system: |w| &mut w.xml.system, part: xml },
    Known { name: "baml", system: |w| &mut w.baml.system, part: baml },
    Known { name: "two_step", system: |w| &mut w.two_step.system, part: two_step },
];

fn marker(name: &str) -> String {
    format!("[[ ## {name} ## ]]")
}

fn chat(derive: &mut Derive<'_>) -> Result<()> {
    let keys = ["inputs", "outputs", "input_sections", "output_sections", "completed", "instructions"];
    let system = derive.system("chat", "fields", &keys)?;
    let whole = derive.message("chat", "fields", 6)?;
    let end = derive.cut("chat.demo_end", whole).behind("ZqD")?;
    let end = end.value_if_there("completed", &marker("completed"))?;
    let reminder = derive.reminder("chat", &marker)?;
    let chat = &mut derive.wording.chat;
    (chat.system, chat.demo_end, chat.reminder) = (system, end, reminder);
    Ok(())
}

fn json(derive: &mut Derive<'_>) -> Result<()> {
    let ascii = derive.message("json", "fields", 6)?.contains("\\u00e9");
    derive.wording.json.ascii = ascii;
    let keys = ["inputs", "outputs", "input_sections", "object", "instructions"];
    let system = derive.system("json", "fields", &keys)?;
    let reminder = derive.reminder("json", &str::to_owned)?;
    let json = &mut derive.wording.json;
    (json.system, json.reminder) = (system, reminder);
    json.form.clear();
    Ok(())
}

fn xml(derive: &mut Derive<'_>) -> Result<()> {
    // Before 3.4 the adapter wrote no tags inside tags, and in 3.0 only outputs stood between tags.
    derive.wording.xml.flat = !derive.message("xml", "hints", 0)?.contains("<zqints><item>");
    derive.wording.xml.marked_inputs = derive.last("xml", "fields")?.contains(&marker("zqplain"));
    let outputs = if derive.wording.xml.flat { "then_output_blocks" } else { "output_blocks" };
    let keys = ["inputs", "outputs", "input_blocks", outputs, "instructions"];
    let system = derive.system("xml", "fields", &keys)?;
    let reminder = derive.reminder("xml", &|name| format!("<{name}>"))?;
    let tail = derive.cut("xml.nested", derive.last("xml", "hints")?).behind("`<zqend>`")?;
    let tail = tail.without_start(&reminder.last)?;
    let end = "</zqints>";
    let nested = match (tail.text.find("<zqints>"), tail.text.rfind(end)) {
        (Some(from), Some(to)) => tail.values(&[("structures", &tail.text[from..to + end.len()])])?,
        _ => literal(tail.text),
    };
    let xml = &mut derive.wording.xml;
    (xml.system, xml.reminder, xml.nested) = (system, reminder, nested);
    Ok(())
}

fn baml(derive: &mut Derive<'_>) -> Result<()> {
    let system = derive.message("baml", "fields", 0)?;
    let output = derive.cut("baml.output", system).behind("[[ ## zqfirst ## ]]\n")?;
    let output = output.before("\n\n[[ ## zqsecond ## ]]")?;
    let text = derive.wording.baml.types.text.clone();
    derive.wording.baml.output = output.values(&[("name", "zqfirst"), ("type", &text)])?;
    if let Some(texts) = derive.answers.texts("baml", "structs") {
        let empty = derive.cut("baml.types.empty", texts[0]).behind("[[ ## zqempty ## ]]")?;
        let empty = empty.behind("{\n")?.before("}")?.without_start("  ")?;
        let types = &mut derive.wording.baml.types;
        types.empty = ["{inner}", &literal(empty.text)].concat();
        // DSPy indents the brace behind the name of a field too, so that the items of a list need no more.
        if texts[0].contains("  zqinner:   {") {
            types.open = "{indent}{\n".into();
            types.list_of_structs = "[\n{item}\n{indent}]".into();
        }
    }
    let system = derive.system("baml", "fields", &["inputs", "outputs", "sections", "instructions"])?;
    let reminder = derive.reminder("baml", &str::to_owned)?;
    let baml = &mut derive.wording.baml;
    (baml.system, baml.reminder) = (system, reminder);
    Ok(())
}

fn two_step(derive: &mut Derive<'_>) -> Result<()> {
    let system = derive.system("two_step", "fields", &["inputs", "outputs", "instructions"])?;
    let last = derive.cut("two_step.value", derive.last("two_step", "fields")?);
    let value = last.of(last.text.split("\n\n").next().unwrap_or_default());
    let value = value.values(&[("name", "zqplain"), ("value", "ZqG")])?;
    let second = derive.cut("two_step.extraction", derive.message("two_step_extraction", "fields", 0)?);
    // The second call is the chat adapter's, so what stands around the instructions is known.
    let chat = derive.wording.chat.system.split("{completed}").nth(1).unwrap_or_default();
    let (before, after) = chat.split_once("{instructions}").unwrap_or((chat, ""));
    let line = derive.wording.instructions.first.split("{line}").next().unwrap_or_default();
    let text = second.behind(&[&marker("completed"), before, line].concat())?.without_end(after)?;
    let (_, rest) = text.around("`zqfirst`")?;
    let (between, _) = rest.named("two_step.between_fields").around("`zqsecond`")?;
    let names = ["`zqfirst`", "`zqsecond`", "`zqint`", "`zqend`"].join(between);
    let extraction = text.values(&[("fields", &names)])?;
    let two_step = &mut derive.wording.two_step;
    (two_step.system, two_step.value, two_step.extraction) = (system, value, extraction);
    (two_step.field, two_step.between_fields) = ("`{name}`".into(), literal(between));
    Ok(())
}
