//! From the messages of a DSPy to a wording: each template is cut out between names and values that are known.

use std::collections::BTreeMap;

use dspex_adapters::{Wording, by_name_with, literal};
use dspex_core::{FieldType, RenderCall, Result, Special};
use serde_json::Value as Json;

use super::adapters::ADAPTERS;
use super::cut::{Cut, common_start, filled};
use super::probes::{Answers, Probe, TYPES};

/// What is known while a wording is derived.
pub(super) struct Derive<'a> {
    pub(super) place: &'a str,
    pub(super) answers: &'a Answers,
    pub(super) probes: &'a [Probe],
    pub(super) wording: Wording,
}

/// The wording of a DSPy.
pub(super) fn derive(place: &str, answers: &Answers, probes: &[Probe]) -> Result<Wording> {
    let mut wording = Wording::default();
    wording.id = format!("dspy-{}", answers.version);
    let mut derive = Derive { place, answers, probes, wording };
    derive.field_list()?;
    derive.hints()?;
    derive.types()?;
    derive.instructions()?;
    derive.demos()?;
    // These are alike for all adapters, and cut from what the chat adapter writes. Then each has its own.
    for adapter in ADAPTERS.iter().filter(|a| answers.adapters.contains_key(a.name)) {
        (adapter.part)(&mut derive)?;
    }
    Ok(derive.wording)
}

impl<'a> Derive<'a> {
    pub(super) fn cut<'t>(&self, template: &'t str, text: &'t str) -> Cut<'t>
    where
        'a: 't,
    {
        Cut { place: self.place, template, text }
    }

    /// A message of a probe that every DSPy renders.
    pub(super) fn message(&self, adapter: &str, probe: &str, at: usize) -> Result<&'a str> {
        let texts = self.answers.required(adapter, probe)?;
        Ok(texts.get(at).copied().unwrap_or_default())
    }

    pub(super) fn last(&self, adapter: &str, probe: &str) -> Result<&'a str> {
        Ok(self.answers.required(adapter, probe)?.last().copied().unwrap_or_default())
    }

    /// What stands for a name in a system message, as our adapter writes it with the wording so far.
    pub(super) fn part(&self, adapter: &str, probe: &str, key: &str) -> Result<String> {
        let mut wording = self.wording.clone();
        let template = format!("{{{key}}}");
        if let Some(known) = ADAPTERS.iter().find(|a| a.name == adapter) {
            *(known.system)(&mut wording) = template;
        }
        let found = self.probes.iter().find(|p| p.id == probe);
        let Some((probe, signature)) = found.and_then(|p| Some((p, p.signature.as_ref()?))) else {
            return Ok(String::new());
        };
        let request =
            by_name_with(adapter, wording)?.render(&RenderCall::new(signature, &probe.inputs).compat())?;
        Ok(request.messages.first().map(dspex_core::lm::Message::text).unwrap_or_default())
    }

    fn field_list(&mut self) -> Result<()> {
        let system = self.message("chat", "fields", 0)?;
        let entry = |template, mark, next| self.cut(template, system).entry(mark, next);
        let plain = entry("field.plain", "zqplain", "zqdescribed")?;
        let plain = plain.values(&[("number", "1"), ("name", "zqplain"), ("type", "str")])?;
        let described = entry("field.described", "zqdescribed", "zqbound")?.values(&[
            ("number", "2"),
            ("name", "zqdescribed"),
            ("type", "str"),
            ("description", "ZqDescription"),
        ])?;
        let tail = described.split_once("{description}").map_or("", |(_, tail)| tail);
        let rules =
            entry("field.constraints", "zqbound", "zqlast")?.behind("ZqBounded")?.without_start(tail)?;
        let bounded = self.probes.iter().find_map(|p| p.signature.as_ref()?.field("zqbound"));
        let text = bounded.and_then(dspex_core::Field::constraints_text).unwrap_or_default();
        // DSPy 2.6.0 takes rules and does not show them.
        let constraints = match rules.text {
            "" => String::new(),
            _ => rules.values(&[("constraints", &text)])?,
        };
        let mut of_type = String::new();
        if let Some(texts) = self.answers.texts("chat", "described_type") {
            let own = [("number", "1"), ("name", "zqplain"), ("type", "ZqType")];
            let entry = self.cut("field.special", texts[0]).entry("zqplain", "zqlast")?;
            of_type = entry
                .without_start(&filled(&plain, &own))?
                .values(&[("type", "ZqType"), ("note", "ZqTypeDescription")])?;
        }
        let field = &mut self.wording.field;
        (field.plain, field.described, field.constraints, field.special) =
            (plain, described, constraints, of_type);
        Ok(())
    }

    fn hints(&mut self) -> Result<()> {
        let system = self.message("chat", "hints", 0)?;
        let hint = |template, name: &str| self.cut(template, system).line_behind(&format!("{{{name}}}"));
        let number = hint("field.number", "zqint")?.values(&[("type", "int")])?;
        hint("field.number", "zqfloat")?.without_start(&filled(&number, &[("type", "float")]))?;
        let boolean = literal(hint("field.boolean", "zqbool")?.text);
        let member = hint("field.member", "zqmember")?;
        let by_name = member.text.contains("ZQN; ZQM");
        let member = if by_name { ("names", "ZQN; ZQM") } else { ("values", "zqv; zqw") };
        let member = hint("field.member", "zqmember")?.values(&[member])?;
        let one_of = hint("field.literal", "zqliteral")?.values(&[("values", "zqp; zqq")])?;
        let schema = FieldType::list(FieldType::Int).json_schema();
        let schema_hint = hint("field.schema", "zqints")?;
        let written = schema_hint.text.find('{').map_or("", |at| &schema_hint.text[at..]);
        if serde_json::from_str::<Json>(written).ok() != Some(schema) {
            schema_hint.behind("a JSON Schema")?;
        }
        let schema = schema_hint.values(&[("schema", written)])?;
        let mut code = String::new();
        if let Some(texts) = self.answers.texts("chat", "code") {
            let hint = self.cut("field.code_schema", texts[0]).line_behind("{zqcode}")?;
            if let Some(at) = hint.text.find('{') {
                code = hint.values(&[("schema", &hint.text[at..])])?;
            }
        }
        let note = {
            let all = [&number, &boolean, &member, &one_of, &schema, &code];
            let all: Vec<&str> = all.into_iter().map(String::as_str).filter(|t| !t.is_empty()).collect();
            common_start(&all).to_owned()
        };
        let own = |hint: String| hint.strip_prefix(note.as_str()).map(str::to_owned).unwrap_or_default();
        let field = &mut self.wording.field;
        (field.number, field.boolean, field.member) = (own(number), own(boolean), own(member));
        (field.literal, field.schema, field.code_schema) = (own(one_of), own(schema), own(code));
        field.note = note + "{hint}";
        Ok(())
    }

    fn types(&mut self) -> Result<()> {
        let mut docs = BTreeMap::new();
        let field = &mut self.wording.field;
        for note in [&mut field.document, &mut field.citations, &mut field.tool_calls] {
            note.clear();
        }
        for note in [&mut field.code, &mut field.code_given] {
            note.clear();
        }
        for ty in TYPES {
            let Some(texts) = self.answers.texts("chat", ty) else { continue };
            let template = format!("field.special ({ty})");
            let system = self.cut(&template, texts[0]);
            let name = FieldType::parse(&format!("dspy.{ty}"), None)?.name();
            let entry = system.entry("zqone", "zqmany")?;
            let note = literal(self.type_note(entry, "zqone", &name)?);
            match *ty {
                "Document" => self.wording.field.document = note,
                "Citations" => self.wording.field.citations = note,
                "ToolCalls" => self.wording.field.tool_calls = note,
                // Cut below, where the language is known.
                "Code" => {}
                _ if note.is_empty() => {}
                _ => return entry.without_end("a type of which nothing is said").map(|_| ()),
            }
            // Inside a list the type is a definition, under its own name.
            let hint = system.line_behind("{zqmany}")?.text;
            let schema: Json =
                hint.find('{').and_then(|at| serde_json::from_str(&hint[at..]).ok()).unwrap_or_default();
            for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
                if let Some(text) = definition["description"].as_str() {
                    docs.insert(name.clone(), literal(text));
                }
            }
        }
        if let Some(texts) = self.answers.texts("chat", "code") {
            let entry = self.cut("field.code", texts[0]).entry("zqcode", "zqend")?;
            let name = Special::Code(Some("ZqLanguage".into())).name();
            let note = literal(self.type_note(entry, "zqcode", &name)?);
            let note = note.replace("ZqLanguage", "{language}").replace("zqlanguage", "{fence}");
            self.wording.field.code_given.clone_from(&note);
            self.wording.field.code = note;
        }
        self.wording.field.docs = docs;
        Ok(())
    }

    /// What the entry of a field says of its type.
    fn type_note<'t>(&self, entry: Cut<'t>, field: &str, name: &str) -> Result<&'t str> {
        let w = &self.wording.field;
        let rest =
            entry.without_start(&filled(&w.plain, &[("number", "1"), ("name", field), ("type", name)]))?;
        if rest.text.is_empty() {
            return Ok("");
        }
        let around = filled(&w.special, &[("type", name)]);
        let (before, after) = around.split_once("{note}").unwrap_or((&around, ""));
        Ok(rest.without_start(before)?.without_end(after)?.text)
    }

    fn instructions(&mut self) -> Result<()> {
        let system = self.cut("instructions.next", self.message("chat", "fields", 0)?);
        let (start, rest) = system.around("ZqLineOne")?;
        let between = rest.around("ZqLineTwo")?.0;
        let next = literal(between) + "{line}";
        let first = if start.ends_with(between) { next.clone() } else { "{line}".to_owned() };
        (self.wording.instructions.first, self.wording.instructions.next) = (first, next);
        Ok(())
    }

    fn demos(&mut self) -> Result<()> {
        let incomplete = self.cut("demo.incomplete", self.message("chat", "fields", 1)?);
        let incomplete = incomplete.before("[[ ## zqplain ## ]]")?.without_end("\n\n")?;
        let lacking = self.cut("demo.missing_output", self.message("chat", "fields", 4)?);
        let lacking = lacking.behind("[[ ## zqsecond ## ]]\n")?.before("\n\n[[ ## zqint ## ]]")?;
        self.wording.demo.incomplete = literal(incomplete.text);
        self.wording.demo.missing_output = literal(lacking.text);
        if let Some(texts) = self.answers.texts("chat", "history") {
            // The second earlier turn is the model's alone.
            self.wording.demo.empty_turns = texts.get(3).is_some_and(|text| text.is_empty());
            self.wording.demo.asking_turns = texts.get(1).is_some_and(|text| !text.ends_with("ZqH"));
        }
        Ok(())
    }

    /// The template of a system message, of which these parts are known.
    pub(super) fn system(&self, adapter: &str, probe: &str, keys: &[&str]) -> Result<String> {
        let values = keys.iter().map(|key| Ok((*key, self.part(adapter, probe, key)?)));
        let values = values.collect::<Result<Vec<_>>>()?;
        let values: Vec<(&str, &str)> = values.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let template = format!("{adapter}.system");
        self.cut(&template, self.message(adapter, probe, 0)?).values(&values)
    }

    /// The reminder of an adapter, in which `spell` spells a field.
    pub(super) fn reminder(
        &self,
        adapter: &str,
        spell: &dyn Fn(&str) -> String,
    ) -> Result<dspex_adapters::ReminderWording> {
        let field = |name: &str| format!("`{}`", spell(name));
        let mut found = self.wording.chat.reminder.clone();
        let name = |part: &str| format!("{adapter}.reminder.{part}");
        let [first, next, of_type, last] = ["first", "next", "of_type", "last"].map(name);
        let text = self.cut(&first, self.last(adapter, "fields")?).behind("ZqLastValue")?.behind("\n\n")?;
        let (start, rest) = text.around(&field("zqfirst"))?;
        let (between, rest) = rest.named(&next).around(&field("zqsecond"))?;
        let rest = rest.without_start(between)?.without_start(&field("zqint"))?;
        let (typed, rest) = rest.named(&of_type).around(&field("zqend"))?;
        found.none = literal(start);
        found.first = literal(start) + "{field}{type}";
        found.next = literal(between) + "{field}{type}";
        found.of_type = rest.of(typed).without_end(between)?.value_if_there("name", "int")?;
        found.last = rest.named(&last).value_if_there("field", &field("completed"))?;
        for (probe, shown, part, template) in [
            ("Reasoning", "str", "of_reasoning", &mut found.of_reasoning),
            ("ToolCalls", "ToolCalls", "of_tool_calls", &mut found.of_tool_calls),
        ] {
            // A DSPy that lacks the type has nothing to say of it.
            *template = match self.answers.texts(adapter, probe) {
                Some(texts) => self
                    .cut(&name(part), texts.last().copied().unwrap_or_default())
                    .behind(&field("zqone"))?
                    .before(&[between, &field("zqmany")].concat())?
                    .value_if_there("name", shown)?,
                None if probe == "ToolCalls" => found.of_type.clone(),
                None => String::new(),
            };
        }
        Ok(found)
    }
}
