//! From elements to plain values: the shape of the type, as JSON Schema says it, decides what a tag is.
//!
//! Where DSPy drops something or writes it anew there is a rule of the policy.

use std::borrow::Cow;
use std::collections::HashMap;

use dspex_core::value::Dict;
use dspex_core::{Error, ErrorKind, Note, ParsePolicy, ParseRule, Result, Value, shorten_text};
use serde_json::{Map, Value as Json};

use super::serialize;
use super::tree::Tree;
use crate::parse::repair;

/// Reads the elements of one field.
pub(super) struct Reader<'r, 't> {
    pub(super) tree: &'r Tree<'t>,
    pub(super) policy: &'r ParsePolicy,
    pub(super) field: &'r str,
    /// The definitions to which the schema refers.
    pub(super) defs: &'r Json,
    pub(super) notes: Vec<Note>,
    /// The tags around the place, inside the field.
    pub(super) path: Vec<String>,
}

/// Elements of one name, in order.
type Group<'t> = (Cow<'t, str>, Vec<usize>);

impl<'r, 't> Reader<'r, 't> {
    /// The value of elements that have one name.
    pub(super) fn value(&mut self, elements: &[usize], schema: &'r Json) -> Result<Value> {
        let first = elements[0];
        // Most elements are these.
        if let (1, Some("string" | "integer" | "number" | "boolean")) =
            (elements.len(), schema["type"].as_str())
            && !self.tree.has_children(first)
        {
            return Ok(self.tree.node(first).text.trim().into());
        }
        let mut schema = self.resolved(schema);
        if let Some(options) = options(schema) {
            if options.iter().any(is_null) && self.is_empty(first) {
                return Ok(Value::None);
            }
            // The word that is written for nothing is no item of a list.
            if options.iter().any(is_null) && self.is_none_word(first) && self.applies(ParseRule::NullText) {
                return Ok("None".into());
            }
            schema = self.option(options, first);
        }
        if schema["type"] == "array" {
            return self.array(elements, schema);
        }
        if let Some(same) = self.same(elements, schema)? {
            return Ok(same);
        }
        if self.tree.has_children(first) && schema["type"] == "string" {
            return Ok(self.markup(first).into());
        }
        if !self.tree.has_children(first) {
            return Ok(self.leaves(elements, schema));
        }
        if let Some(json) = self.json(first) {
            return Ok(json);
        }
        self.refuse_mixed(first)?;
        self.members(first, schema)
    }

    fn applies(&self, rule: ParseRule) -> bool {
        self.policy.applies(rule)
    }

    fn note(&mut self, rule: ParseRule, message: impl Into<String>) {
        self.notes.push(Note::new(rule, Some(self.field), message));
    }

    fn resolved(&self, schema: &'r Json) -> &'r Json {
        let name = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()).unwrap_or_default();
        self.defs.get(name).unwrap_or(schema)
    }

    /// The option of a union by which an element is read: the first, or for tags the first that is not text.
    fn option(&mut self, options: &'r [Json], element: usize) -> &'r Json {
        let mut all = options.iter().filter(|o| !is_null(o));
        let first = all.clone().next().unwrap_or(&Json::Null);
        let tags = self.tree.has_children(element);
        let option = all.find(|o| tags && o["type"] != "string").unwrap_or(first);
        // DSPy does not look up what an option refers to.
        if self.applies(ParseRule::NestedUnion) { self.resolved(option) } else { option }
    }

    fn array(&mut self, elements: &[usize], schema: &'r Json) -> Result<Value> {
        let (first, alone) = (elements[0], elements.len() == 1);
        let item = schema.get("items").unwrap_or(&Json::Null);
        let mut elements = Cow::Borrowed(elements);
        if alone && !self.tree.has_children(first) {
            let text = self.tree.node(first).text.trim();
            if text.is_empty() {
                return Ok(Value::List(Vec::new()));
            }
            if text.starts_with('[') {
                return Ok(text.into());
            }
        } else if alone {
            if let Some(json) = self.json(first) {
                return Ok(json);
            }
            let groups = self.groups(first);
            if let Some(at) = groups.iter().position(|(name, _)| name == "item") {
                self.refuse_mixed(first)?;
                if groups.len() > 1 && self.applies(ParseRule::MixedContent) {
                    let (other, _) = &groups[usize::from(at == 0)];
                    return Err(self.ambiguous(ParseRule::MixedContent, &format!("`{other}` beside `item`")));
                }
                elements = Cow::Owned(groups.into_iter().nth(at).map(|(_, items)| items).unwrap_or_default());
            } else if let Some(items) = self.renamed_items(first, &groups, item)? {
                self.refuse_mixed(first)?;
                elements = Cow::Owned(items);
            }
        } else if self.applies(ParseRule::DuplicateField) && self.resolved(item)["type"] != "array" {
            let is_list = |e: &usize| self.tree.children(*e).any(|c| self.tree.node(c).tag == "item");
            if self.resolved(item)["properties"].get("item").is_none() && elements.iter().any(is_list) {
                return Err(self.ambiguous(ParseRule::DuplicateField, "more than one list"));
            }
        }
        let items = elements.iter().map(|e| self.value(&[*e], item)).collect::<Result<_>>()?;
        Ok(Value::List(items))
    }

    /// The items of a list that have another tag than `item`, where they can be nothing else.
    fn renamed_items(
        &mut self,
        list: usize,
        groups: &[Group<'t>],
        item: &Json,
    ) -> Result<Option<Vec<usize>>> {
        let [(tag, items)] = groups else { return Ok(None) };
        if !self.applies(ParseRule::ItemTag) {
            return Ok(None);
        }
        let name = item["$ref"].as_str().and_then(|r| r.rsplit('/').next()).unwrap_or_default();
        let item = self.defs.get(name).unwrap_or(item);
        let is_item = match item["type"].as_str() {
            Some("object") => {
                item["properties"].as_object().is_some_and(|p| !p.keys().any(|k| same_name(k, tag)))
            }
            // With text around it, a tag is a part of the text.
            Some("string") => !self.tree.is_mixed(list),
            Some(_) => true,
            None => false,
        };
        if !is_item {
            return Ok(None);
        }
        if item["type"] == "string" && items.len() == 1 {
            return Err(
                self.ambiguous(ParseRule::ItemTag, &format!("a list of one `{tag}`, or text with a tag"))
            );
        }
        self.note(ParseRule::ItemTag, format!("the items have the tag `{tag}`"));
        Ok(Some(items.clone()))
    }

    /// Text of elements without children.
    fn leaves(&mut self, elements: &[usize], schema: &'r Json) -> Value {
        let first = elements[0];
        if schema["type"] == "object" && self.is_empty(first) {
            let members = self.in_attributes(first, schema, &Dict::new());
            return Value::Dict(members.into_iter().collect());
        }
        let mut values = elements.iter().map(|e| Value::from(self.tree.node(*e).text.trim()));
        match (values.next(), values.len()) {
            (Some(value), 0) => value,
            (first, _) => Value::List(first.into_iter().chain(values).collect()),
        }
    }

    /// The children of an element by their names.
    fn members(&mut self, element: usize, schema: &'r Json) -> Result<Value> {
        let properties = schema["properties"].as_object();
        let other = schema.get("additionalProperties").filter(|s| s.is_object()).unwrap_or(&Json::Null);
        let groups = self.groups(element);
        let mut out = Dict::new();
        for (name, elements) in &groups {
            let name =
                properties.and_then(|p| self.meant(p, name, &groups)).unwrap_or_else(|| name.to_string());
            let schema = properties.and_then(|p| p.get(&name)).unwrap_or(other);
            self.path.push(name.clone());
            let value = self.value(elements, schema)?;
            self.path.pop();
            out.insert(name.into(), value);
        }
        let more = self.in_attributes(element, schema, &out);
        for (name, value) in more {
            out.insert(name, value);
        }
        Ok(Value::Dict(out))
    }

    /// The one field of a struct that a tag in other capitals means.
    fn meant(&mut self, properties: &Map<String, Json>, tag: &str, groups: &[Group<'t>]) -> Option<String> {
        if properties.contains_key(tag) || !self.applies(ParseRule::HeaderCase) {
            return None;
        }
        let mut alike = properties.keys().filter(|k| same_name(k, tag));
        let (name, None) = (alike.next()?, alike.next()) else { return None };
        if groups.iter().filter(|(other, _)| same_name(other, tag)).count() > 1 {
            return None;
        }
        self.note(ParseRule::HeaderCase, format!("the tag of `{name}` was written `{tag}`"));
        Some(name.clone())
    }

    /// Fields of a struct that stand in the attributes of its tag.
    fn in_attributes(&mut self, element: usize, schema: &Json, have: &Dict) -> Vec<(Value, Value)> {
        let Some(properties) = schema["properties"].as_object() else { return Vec::new() };
        if !self.applies(ParseRule::AttributeValue) {
            return Vec::new();
        }
        let tree = self.tree;
        let attributes = tree.node(element).attributes.iter().filter(|a| {
            a.space.is_none() && properties.contains_key(&a.name) && have.get_str(&a.name).is_none()
        });
        let mut out = Vec::new();
        for a in attributes {
            self.note(ParseRule::AttributeValue, format!("`{}` stood in an attribute", a.name));
            out.push((a.name.as_str().into(), a.value.as_str().into()));
        }
        out
    }

    /// Text with tags in it. DSPy reads the tags and writes them anew.
    fn markup(&mut self, element: usize) -> String {
        let children = self.tree.children(element).map(|c| serialize::to_string(self.tree, c));
        let anew: String =
            std::iter::once(self.tree.node(element).text.to_string()).chain(children).collect();
        let written = self.tree.inner(element);
        if !self.applies(ParseRule::MarkupInText) || anew == written {
            return anew;
        }
        self.note(ParseRule::MarkupInText, "the tags in the text were kept as they were written");
        written.to_owned()
    }

    /// JSON whose text holds tags.
    fn json(&mut self, element: usize) -> Option<Value> {
        let text = self.tree.inner(element).trim();
        let found = text.starts_with(['[', '{'])
            && self.applies(ParseRule::MarkupInText)
            && repair::strict_json(text).is_some();
        if !found {
            return None;
        }
        self.note(ParseRule::MarkupInText, "the value is JSON with tags in its text");
        Some(text.into())
    }

    /// The value of several elements where one is wanted, if all of them have it; none where DSPy takes all.
    fn same(&mut self, elements: &[usize], schema: &'r Json) -> Result<Option<Value>> {
        let [first, rest @ ..] = elements else { return Ok(None) };
        let one_wanted = is_typed(schema) || elements.iter().any(|e| self.tree.has_children(*e));
        if rest.is_empty() || !one_wanted || !self.applies(ParseRule::DuplicateField) {
            return Ok(None);
        }
        let one = self.value(&[*first], schema)?;
        // What is written alike is alike.
        let bare = |tree: &Tree<'_>, e: usize| tree.node(e).attributes.is_empty();
        let (tree, written) = (self.tree, self.tree.inner(*first));
        let differs = |e: usize| tree.inner(e) != written || !bare(tree, e) || !bare(tree, *first);
        for other in rest.iter().filter(|e| differs(**e)) {
            let other = self.value(&[*other], schema)?;
            if other != one {
                return Err(self.ambiguous(ParseRule::DuplicateField, &both(&one, &other)));
            }
        }
        self.note(ParseRule::DuplicateField, "it came more than once, each time with the same value");
        Ok(Some(one))
    }

    /// Text beside the tags of a value, which DSPy drops.
    fn refuse_mixed(&self, element: usize) -> Result<()> {
        if self.tree.is_mixed(element) && self.applies(ParseRule::MixedContent) {
            let text = shorten_text(self.tree.inner(element).trim());
            return Err(self.ambiguous(ParseRule::MixedContent, &format!("{text:?}")));
        }
        Ok(())
    }

    fn ambiguous(&self, rule: ParseRule, found: &str) -> Error {
        let field = std::iter::once(self.field).chain(self.path.iter().map(String::as_str));
        let field = field.collect::<Vec<_>>().join(".");
        ErrorKind::Ambiguous { field, found: found.to_owned(), rule }.into()
    }

    fn is_none_word(&self, element: usize) -> bool {
        !self.tree.has_children(element) && self.tree.node(element).text.trim() == "None"
    }

    fn is_empty(&self, element: usize) -> bool {
        !self.tree.has_children(element) && self.tree.node(element).text.trim().is_empty()
    }

    fn groups(&self, element: usize) -> Vec<Group<'t>> {
        groups(self.tree, element)
    }
}

/// The children of an element by name, in the order in which the names come. An `entry` has the name of its key.
pub(super) fn groups<'t>(tree: &Tree<'t>, element: usize) -> Vec<Group<'t>> {
    let mut places: HashMap<Cow<'t, str>, usize> = HashMap::new();
    let mut out: Vec<Group<'t>> = Vec::new();
    for child in tree.children(element) {
        let name = name(tree, child);
        let at = *places.entry(name).or_insert_with_key(|name| {
            out.push((name.clone(), Vec::new()));
            out.len() - 1
        });
        out[at].1.push(child);
    }
    out
}

fn name<'t>(tree: &Tree<'t>, child: usize) -> Cow<'t, str> {
    let node = tree.node(child);
    match (&node.space, node.tag) {
        (Some(space), tag) => Cow::Owned(["{", space, "}", tag].concat()),
        (None, "entry") => {
            tree.attribute(child, "key").map_or(Cow::Borrowed("entry"), |key| Cow::Owned(key.to_owned()))
        }
        (None, tag) => Cow::Borrowed(tag),
    }
}

/// Two values side by side.
pub(super) fn both(one: &Value, other: &Value) -> String {
    let show = |v: &Value| shorten_text(&v.to_repr().unwrap_or_else(|_| v.kind().into()));
    format!("{} and {}", show(one), show(other))
}

fn options(schema: &Json) -> Option<&[Json]> {
    schema["anyOf"].as_array().map(Vec::as_slice).filter(|all| !all.is_empty())
}

fn is_null(schema: &Json) -> bool {
    schema["type"] == "null" && schema.as_object().is_some_and(|s| s.len() == 1)
}

/// Whether a schema says what a value is.
fn is_typed(schema: &Json) -> bool {
    ["type", "enum", "const", "anyOf", "$ref"].iter().any(|key| schema.get(key).is_some())
}

/// Whether two names differ in capitals only.
pub(super) fn same_name(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}
