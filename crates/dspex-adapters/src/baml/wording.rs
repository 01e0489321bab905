//! The sentences of the BAML adapter, and the words and signs of its types.

use serde::{Deserialize, Serialize};

use crate::JsonWording;
use crate::wording::{ReminderWording, Templates};

/// The sentences of the [BAML adapter](crate::BamlAdapter).
///
/// ```
/// use dspex_adapters::{BamlAdapter, Wording};
/// use dspex_core::{Adapter, Record, RenderCall, Signature};
/// let mut wording = Wording::default();
/// wording.baml.output = "`{name}` is {type}".into();
/// wording.baml.types.list = "list of {item}".into();
/// let (signature, inputs) = (Signature::parse("q -> a: list[int]")?, Record::new().with("q", "1, 2"));
/// let adapter = BamlAdapter::with_wording(wording);
/// let system = adapter.render(&RenderCall::new(&signature, &inputs))?.messages[0].text();
/// assert!(system.contains("[[ ## a ## ]]\n`a` is list of int\n"), "{system}");
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BamlWording {
    /// The system message: `{inputs}`, `{outputs}`, `{sections}`, `{instructions}`.
    pub system: String,
    /// What stands under the marker of an output: `{name}`, `{type}`.
    pub output: String,
    /// What the last turn asks for; a field is its name.
    pub reminder: ReminderWording,
    /// How types are written.
    pub types: BamlTypeWording,
}

/// How the [BAML adapter](crate::BamlAdapter) writes types.
///
/// Of structs, `{indent}` is the indentation of the struct's own lines, and `{inner}` one step more.
///
/// ```
/// use dspex_adapters::{BamlAdapter, Wording};
/// use dspex_core::{Adapter, Record, RenderCall, Signature};
/// let mut wording = Wording::default();
/// wording.baml.types.nullable = "{type}?".into();
/// let (signature, inputs) = (Signature::parse("q -> a: Optional[int]")?, Record::new().with("q", "1+1?"));
/// let adapter = BamlAdapter::with_wording(wording);
/// let system = adapter.render(&RenderCall::new(&signature, &inputs))?.messages[0].text();
/// assert!(system.contains("[[ ## a ## ]]\nint?\n"), "{system}");
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BamlTypeWording {
    /// Text.
    pub text: String,
    /// A whole number.
    pub int: String,
    /// A number.
    pub float: String,
    /// A truth value.
    pub boolean: String,
    /// A type or nothing: `{type}`.
    pub nullable: String,
    /// What stands between the options of a union and of a choice.
    pub or: String,
    /// A list: `{item}`.
    pub list: String,
    /// A list of structs: `{item}`, `{indent}`, `{inner}`.
    pub list_of_structs: String,
    /// A mapping: `{key}`, `{value}`.
    pub mapping: String,
    /// Text to choose: `{value}`.
    pub text_choice: String,
    /// Anything else to choose: `{value}`.
    pub other_choice: String,
    /// True and false to choose.
    pub truths: [String; 2],
    /// Nothing, to choose.
    pub null: String,
    /// One step of indentation.
    pub indent: String,
    /// How a struct starts: `{indent}`.
    pub open: String,
    /// How a struct starts that is named again further down: `{indent}`, `{name}`. DSPy has none.
    pub open_named: String,
    /// A field, with what stands before and behind it: `{inner}`, `{name}`, `{type}`.
    pub member: String,
    /// How a struct ends: `{indent}`.
    pub close: String,
    /// A line of a struct's documentation, where it stands before the struct: `{indent}`, `{text}`.
    pub doc: String,
    /// A line of documentation before a field, of the field or of the struct that it holds: `{inner}`, `{text}`.
    pub comment: String,
    /// The line before a field that has no documentation and another name in JSON: `{inner}`, `{alias}`.
    pub alias: String,
    /// What stands in a struct without fields: `{inner}`.
    pub empty: String,
}

impl Templates for BamlWording {
    fn each(&self, visit: &mut dyn FnMut(&str, &str, &[&str])) {
        visit("system", &self.system, &["inputs", "outputs", "sections", "instructions"]);
        visit("output", &self.output, &["name", "type"]);
        self.reminder.each(&mut |name, text, keys| visit(&format!("reminder.{name}"), text, keys));
        self.types.each(&mut |name, text, keys| visit(&format!("types.{name}"), text, keys));
    }
}

impl Templates for BamlTypeWording {
    fn each(&self, visit: &mut dyn FnMut(&str, &str, &[&str])) {
        visit("nullable", &self.nullable, &["type"]);
        visit("list", &self.list, &["item"]);
        visit("list_of_structs", &self.list_of_structs, &["item", "indent", "inner"]);
        visit("mapping", &self.mapping, &["key", "value"]);
        visit("text_choice", &self.text_choice, &["value"]);
        visit("other_choice", &self.other_choice, &["value"]);
        visit("open", &self.open, &["indent"]);
        visit("open_named", &self.open_named, &["indent", "name"]);
        visit("member", &self.member, &["inner", "name", "type"]);
        visit("close", &self.close, &["indent"]);
        visit("doc", &self.doc, &["indent", "text"]);
        visit("comment", &self.comment, &["inner", "text"]);
        visit("alias", &self.alias, &["inner", "alias"]);
        visit("empty", &self.empty, &["inner"]);
    }
}

impl Default for BamlWording {
    fn default() -> Self {
        Self {
            system: "You are given:\n{inputs}\nYou write:\n{outputs}\n\
                     Values you are given stand under their markers; you write one JSON object of these types:\n\n\
                     {sections}\n\nYour task:\n{instructions}"
                .into(),
            output: "{type}".into(),
            reminder: JsonWording::default().reminder,
            types: BamlTypeWording::default(),
        }
    }
}

impl Default for BamlTypeWording {
    fn default() -> Self {
        Self {
            text: "string".into(),
            int: "int".into(),
            float: "float".into(),
            boolean: "boolean".into(),
            nullable: "{type} or null".into(),
            or: " or ".into(),
            list: "{item}[]".into(),
            list_of_structs: "[\n{inner}{item}\n{indent}]".into(),
            mapping: "dict[{key}, {value}]".into(),
            text_choice: "\"{value}\"".into(),
            other_choice: "{value}".into(),
            truths: ["true".into(), "false".into()],
            null: "null".into(),
            indent: "  ".into(),
            open: "{\n".into(),
            open_named: "{name} {\n".into(),
            member: "{inner}{name}: {type},\n".into(),
            close: "{indent}}".into(),
            doc: "{indent}# {text}\n".into(),
            comment: "{inner}# {text}\n".into(),
            alias: "{inner}# alias: {alias}\n".into(),
            empty: "{inner}# no fields\n".into(),
        }
    }
}
