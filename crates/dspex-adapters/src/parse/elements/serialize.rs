//! Elements as Python's `ElementTree.tostring` writes them, which is what DSPy makes of tags inside a text.

use std::collections::HashMap;
use std::sync::Arc;

use super::tree::{Tree, XML};

/// Prefixes that Python knows.
const KNOWN: [(&str, &str); 6] = [
    ("http://www.w3.org/1999/xhtml", "html"),
    ("http://www.w3.org/1999/02/22-rdf-syntax-ns#", "rdf"),
    ("http://schemas.xmlsoap.org/wsdl/", "wsdl"),
    ("http://www.w3.org/2001/XMLSchema", "xs"),
    ("http://www.w3.org/2001/XMLSchema-instance", "xsi"),
    ("http://purl.org/dc/elements/1.1/", "dc"),
];

/// The prefixes of the namespaces of an element and of those below it.
#[derive(Default)]
struct Prefixes(HashMap<Arc<str>, String>);

/// An element and the text behind it.
pub(super) fn to_string(tree: &Tree<'_>, at: usize) -> String {
    let mut prefixes = Prefixes::default();
    prefixes.collect(tree, at);
    let mut declared: Vec<_> = prefixes.0.iter().collect();
    declared.sort_by_key(|(_, prefix)| prefix.as_str());
    let mut attributes = String::new();
    for (space, prefix) in declared {
        attributes.extend([" xmlns:", prefix, "=\"", &escaped_attribute(space), "\""]);
    }
    let mut out = String::new();
    write(&mut out, tree, at, &prefixes, &attributes);
    out
}

impl Prefixes {
    fn collect(&mut self, tree: &Tree<'_>, at: usize) {
        let node = tree.node(at);
        self.add(node.space.as_ref());
        node.attributes.iter().for_each(|a| self.add(a.space.as_ref()));
        tree.children(at).for_each(|child| self.collect(tree, child));
    }

    fn add(&mut self, space: Option<&Arc<str>>) {
        let Some(space) = space else { return };
        if self.of(Some(space)).is_none() {
            let known =
                KNOWN.iter().find(|(uri, _)| **uri == **space).map(|(_, prefix)| (*prefix).to_owned());
            let prefix = known.unwrap_or_else(|| format!("ns{}", self.0.len()));
            self.0.insert(Arc::clone(space), prefix);
        }
    }

    fn of(&self, space: Option<&Arc<str>>) -> Option<&str> {
        let space = space?;
        // This one needs no declaration.
        if **space == *XML { Some("xml") } else { self.0.get(space).map(String::as_str) }
    }

    fn name(&self, space: Option<&Arc<str>>, local: &str) -> String {
        match self.of(space) {
            Some(prefix) => [prefix, ":", local].concat(),
            None => local.to_owned(),
        }
    }
}

fn write(out: &mut String, tree: &Tree<'_>, at: usize, prefixes: &Prefixes, declared: &str) {
    let node = tree.node(at);
    let name = prefixes.name(node.space.as_ref(), node.tag);
    out.extend(["<", &name]);
    // What declares prefixes stands before the rest.
    out.push_str(declared);
    for a in &node.attributes {
        out.extend([
            " ",
            &prefixes.name(a.space.as_ref(), &a.name),
            "=\"",
            &escaped_attribute(&a.value),
            "\"",
        ]);
    }
    if node.text.is_empty() && !tree.has_children(at) {
        out.push_str(" />");
    } else {
        out.push('>');
        out.push_str(&escaped(&node.text));
        tree.children(at).for_each(|child| write(out, tree, child, prefixes, ""));
        out.extend(["</", &name, ">"]);
    }
    out.push_str(&escaped(&node.tail));
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn escaped_attribute(text: &str) -> String {
    let marks = escaped(text).replace('"', "&quot;");
    marks.replace('\r', "&#13;").replace('\n', "&#10;").replace('\t', "&#09;")
}
