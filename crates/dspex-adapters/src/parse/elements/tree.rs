//! A text as a tree of XML elements. quick-xml finds the tags; what it leaves open is checked here, so that a text is
//! taken where expat, which DSPy reads with, takes it. There is no document type, so nothing is ever expanded.

use std::borrow::Cow;
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::Arc;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion, escape::resolve_predefined_entity};

use crate::parse::limit::MAX_VALUES;

/// What is wrong with a text.
pub(super) type Fault = String;

/// Elements in the order of their start tags. The first stands for the whole text.
#[derive(Debug)]
pub(super) struct Tree<'t> {
    source: &'t str,
    nodes: Vec<Node<'t>>,
}

/// An element.
#[derive(Debug, Default)]
pub(super) struct Node<'t> {
    /// Its name, without a prefix.
    pub(super) tag: &'t str,
    /// The namespace of its name.
    pub(super) space: Option<Arc<str>>,
    pub(super) attributes: Vec<Attribute>,
    /// The text before its first child.
    pub(super) text: Cow<'t, str>,
    /// The text behind it.
    pub(super) tail: Cow<'t, str>,
    first: Option<NonZeroU32>,
    last: Option<NonZeroU32>,
    next: Option<NonZeroU32>,
    /// What stands between its tags.
    inner: Range<u32>,
}

#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) space: Option<Arc<str>>,
    pub(super) name: String,
    pub(super) value: String,
}

/// Longer names of namespaces are refused: written into every name below, they would make a long text of a short one.
const LONGEST_SPACE: usize = 256;

/// Deeper trees are refused, so that whatever walks one ends.
const DEEPEST: usize = 255;

/// The namespace of the prefix `xml`, which needs no declaration.
pub(super) const XML: &str = "http://www.w3.org/XML/1998/namespace";

impl<'t> Tree<'t> {
    /// Reads a text as the inside of an element. `loose` takes `&` that starts no entity, entities that XML does not
    /// know and characters that it does not allow as what they are.
    pub(super) fn read(text: &'t str, loose: bool) -> Result<Self, Fault> {
        let source = text.strip_prefix('\u{feff}').unwrap_or(text);
        let length = u32::try_from(source.len()).map_err(|_| "the text is too long")?;
        let root = Node { inner: 0..length, ..Node::default() };
        let mut builder = Builder {
            tree: Self { source, nodes: vec![root] },
            open: vec![0],
            loose,
            spaces: HashMap::new(),
            declared: Vec::new(),
        };
        builder.run()?;
        Ok(builder.tree)
    }

    pub(super) fn node(&self, at: usize) -> &Node<'t> {
        &self.nodes[at]
    }

    /// The children of an element, in order.
    pub(super) fn children(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.nodes[at].first.map(index), |at| self.nodes[*at].next.map(index))
    }

    pub(super) fn has_children(&self, at: usize) -> bool {
        self.nodes[at].first.is_some()
    }

    /// What stands between the tags of an element, byte for byte.
    pub(super) fn inner(&self, at: usize) -> &'t str {
        let inner = &self.nodes[at].inner;
        &self.source[inner.start as usize..inner.end as usize]
    }

    /// The value of an attribute that has no prefix.
    pub(super) fn attribute(&self, at: usize, name: &str) -> Option<&str> {
        let attributes = &self.nodes[at].attributes;
        attributes.iter().find(|a| a.space.is_none() && a.name == name).map(|a| a.value.as_str())
    }

    /// Whether there is text beside the children of an element.
    pub(super) fn is_mixed(&self, at: usize) -> bool {
        let is_text = |text: &str| !text.trim().is_empty();
        is_text(&self.nodes[at].text) || self.children(at).any(|c| is_text(&self.nodes[c].tail))
    }
}

struct Builder<'t> {
    tree: Tree<'t>,
    /// The elements around the place.
    open: Vec<usize>,
    loose: bool,
    /// What prefixes stand for, the innermost last.
    spaces: HashMap<String, Vec<Arc<str>>>,
    /// The prefixes that each open element declares.
    declared: Vec<Vec<String>>,
}

impl<'t> Builder<'t> {
    fn run(&mut self) -> Result<(), Fault> {
        let source = self.tree.source;
        let mut reader = Reader::from_str(source);
        let config = reader.config_mut();
        config.allow_dangling_amp = self.loose;
        config.check_comments = true;
        let position = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        loop {
            let start = position(reader.buffer_position());
            let event = reader.read_event().map_err(|e| e.to_string())?;
            let end = position(reader.buffer_position());
            match event {
                Event::Start(tag) => self.start(&tag, start, end, false)?,
                Event::Empty(tag) => self.start(&tag, start, end, true)?,
                Event::End(_) => self.end(start),
                Event::Text(text) => {
                    self.check_text(&text)?;
                    self.push(text.xml10_content());
                }
                Event::CData(text) => {
                    self.check_chars(&text)?;
                    self.push(text.xml10_content());
                }
                Event::GeneralRef(name) => match reference(&name) {
                    Some(text) => self.push(text),
                    None if self.loose => self.push(Cow::Borrowed(&source[start..end])),
                    None => return Err(format!("there is no entity &{};", &*name)),
                },
                Event::Comment(text) => self.check_chars(&text)?,
                Event::PI(pi) => {
                    self.check_chars(&pi)?;
                    if !is_name(pi.target()) || pi.target().eq_ignore_ascii_case("xml") {
                        return Err("a processing instruction is not allowed here".into());
                    }
                }
                Event::Decl(_) => {
                    return Err("an XML declaration stands at the start of a document only".into());
                }
                Event::DocType(_) => return Err("a document type is not allowed here".into()),
                Event::Eof => break,
            }
        }
        if self.open.len() > 1 {
            return Err("an element is not closed".into());
        }
        Ok(())
    }

    fn start(&mut self, tag: &BytesStart<'_>, start: usize, end: usize, empty: bool) -> Result<(), Fault> {
        let source = self.tree.source;
        let name = source.get(start + 1..start + 1 + tag.name().as_ref().len()).unwrap_or_default();
        let inner = place(end);
        let mut node = Node { inner: inner..inner, ..Node::default() };
        let declared = self.attributes(tag, &mut node)?;
        let (prefix, local) = split(name)?;
        node.tag = local;
        node.space = self.space(prefix, true)?;
        for attribute in &mut node.attributes {
            let (prefix, local) = split(&attribute.name)?;
            attribute.space = self.space(prefix, false)?;
            attribute.name = local.to_owned();
        }
        if self.open.len() > DEEPEST {
            return Err("elements are nested too deep".into());
        }
        let nodes = &mut self.tree.nodes;
        if nodes.len() > MAX_VALUES {
            return Err("there are too many elements".into());
        }
        let (at, parent) = (nodes.len(), self.open.last().copied().unwrap_or(0));
        let link = NonZeroU32::new(place(at));
        match nodes[parent].last {
            Some(last) => nodes[index(last)].next = link,
            None => nodes[parent].first = link,
        }
        nodes[parent].last = link;
        nodes.push(node);
        self.declared.push(declared);
        self.open.push(at);
        if empty {
            self.end(end);
        }
        Ok(())
    }

    /// Reads the attributes of a tag; those that declare prefixes are taken off, and the prefixes given.
    fn attributes(&mut self, tag: &BytesStart<'_>, node: &mut Node<'t>) -> Result<Vec<String>, Fault> {
        let raw = tag.attributes_raw();
        if raw.trim().is_empty() {
            return Ok(Vec::new());
        }
        if !are_apart(raw) {
            return Err("attributes must be apart".into());
        }
        let mut declared = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|e| e.to_string())?;
            if attribute.value.contains('<') {
                return Err("an attribute holds `<`".into());
            }
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|e| e.to_string())?;
            self.check_chars(&value)?;
            let (name, value) = (attribute.key.as_ref().to_owned(), value.into_owned());
            match name.strip_prefix("xmlns") {
                Some("") => self.declare("", &value, &mut declared)?,
                Some(rest) if rest.starts_with(':') => {
                    if value.is_empty() {
                        return Err("a prefix cannot be taken back".into());
                    }
                    self.declare(&rest[1..], &value, &mut declared)?;
                }
                _ => node.attributes.push(Attribute { space: None, name, value }),
            }
        }
        Ok(declared)
    }

    fn declare(&mut self, prefix: &str, uri: &str, declared: &mut Vec<String>) -> Result<(), Fault> {
        if uri.len() > LONGEST_SPACE {
            return Err("the name of a namespace is too long".into());
        }
        if prefix == "xml" || prefix == "xmlns" {
            return Err(format!("the prefix {prefix} is not to be declared"));
        }
        self.spaces.entry(prefix.to_owned()).or_default().push(uri.into());
        declared.push(prefix.to_owned());
        Ok(())
    }

    /// The namespace of a prefix. Names of attributes without a prefix are in none.
    fn space(&self, prefix: &str, element: bool) -> Result<Option<Arc<str>>, Fault> {
        if prefix.is_empty() && !element {
            return Ok(None);
        }
        match self.spaces.get(prefix).and_then(|all| all.last()) {
            Some(uri) if uri.is_empty() => Ok(None),
            Some(uri) => Ok(Some(Arc::clone(uri))),
            None if prefix == "xml" => Ok(Some(XML.into())),
            None if prefix.is_empty() => Ok(None),
            None => Err(format!("the prefix {prefix} is not declared")),
        }
    }

    fn end(&mut self, inner_end: usize) {
        let Some(at) = self.open.pop() else { return };
        self.tree.nodes[at].inner.end = place(inner_end);
        for prefix in self.declared.pop().into_iter().flatten() {
            if let Some(all) = self.spaces.get_mut(&prefix) {
                all.pop();
            }
        }
    }

    fn push(&mut self, text: Cow<'t, str>) {
        let parent = self.open.last().copied().unwrap_or(0);
        let nodes = &mut self.tree.nodes;
        let place = match nodes[parent].last {
            Some(last) => &mut nodes[index(last)].tail,
            None => &mut nodes[parent].text,
        };
        if place.is_empty() { *place = text } else { place.to_mut().push_str(&text) }
    }

    fn check_text(&self, text: &str) -> Result<(), Fault> {
        if !self.loose && text.contains("]]>") {
            return Err("text holds `]]>`".into());
        }
        self.check_chars(text)
    }

    fn check_chars(&self, text: &str) -> Result<(), Fault> {
        match text.chars().find(|c| !self.loose && !is_char(*c)) {
            Some(c) => Err(format!("the character {c:?} is not allowed")),
            None => Ok(()),
        }
    }
}

/// A place in the text, or of an element, of which there are fewer than the text has bytes.
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// An element by its place; the root is no child, so no place is zero.
fn index(link: NonZeroU32) -> usize {
    link.get() as usize
}

/// What a reference stands for, where XML says so.
fn reference<'t>(name: &quick_xml::events::BytesRef<'t>) -> Option<Cow<'t, str>> {
    if name.is_char_ref() {
        let c = name.resolve_char_ref().ok()??;
        return is_char(c).then(|| Cow::Owned(c.to_string()));
    }
    resolve_predefined_entity(name).map(Cow::Borrowed)
}

/// Prefix and local part of a name.
fn split(name: &str) -> Result<(&str, &str), Fault> {
    let (prefix, local) = name.split_once(':').unwrap_or(("", name));
    let sound = is_name(local) && (is_name(prefix) || prefix.is_empty() && !name.starts_with(':'));
    if sound { Ok((prefix, local)) } else { Err(format!("`{name}` is not a name")) }
}

/// Whether white space stands before each attribute.
fn are_apart(raw: &str) -> bool {
    let (mut quote, mut behind) = (None, false);
    for c in raw.chars() {
        match quote {
            Some(q) => {
                if c == q {
                    (quote, behind) = (None, true);
                }
            }
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if behind && !c.is_ascii_whitespace() => return false,
            None => behind = false,
        }
    }
    true
}

/// Whether XML 1.0 allows a character.
fn is_char(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// Whether a text is a name without colons, of characters that expat takes.
pub(super) fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(is_name_start) && chars.all(is_name_char)
}

pub(super) fn is_name_start(c: char) -> bool {
    matches!(c, 'A'..='Z' | 'a'..='z' | '_' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}' | '\u{200d}' | '\u{2070}'..='\u{218f}'
        | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}')
}

pub(super) fn is_name_char(c: char) -> bool {
    is_name_start(c)
        || matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}' | '\u{2040}')
}
