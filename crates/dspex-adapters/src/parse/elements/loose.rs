//! A piece of text between the tags of a field that may not be well-formed XML.

use quick_xml::escape::resolve_predefined_entity;

use super::tree::{Tree, is_name_start};

/// Nested values with more `<` that start no tag are none.
const MOST_ANGLES: usize = 1000;

/// What stands between two tags.
pub(super) struct Body<'t> {
    text: &'t str,
    /// The text with each `<` that starts no tag as an entity.
    mended: String,
    /// Whether a `&` or `<` stands for itself.
    raw: bool,
    /// Whether an entity stands for something else.
    entities: bool,
}

/// What became of it.
pub(super) enum Read<'b> {
    /// Elements, and text in which entities stand for what they name.
    Tree(Tree<'b>),
    /// Text as it stands.
    Text(&'b str),
    /// Text in which some marks stand for themselves and others are written as entities.
    Ambiguous,
}

impl<'t> Body<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let mut mended = String::with_capacity(text.len());
        let (mut raw, mut entities, mut angles) = (false, false, 0);
        for (at, c) in text.char_indices() {
            let rest = &text[at + c.len_utf8()..];
            match c {
                '&' if is_entity(rest) => entities = true,
                '&' => raw = true,
                '<' if !rest.starts_with(|c| is_name_start(c) || matches!(c, '/' | '!' | '?')) => {
                    raw = true;
                    angles += 1;
                    mended.push_str(if angles > MOST_ANGLES { "<" } else { "&lt;" });
                    continue;
                }
                _ => {}
            }
            mended.push(c);
        }
        Self { text, mended, raw, entities }
    }

    /// Reads it, as text or as what may be elements.
    pub(super) fn read(&self, is_text: bool) -> Read<'_> {
        let trimmed = self.text.trim();
        if is_text && !self.entities && !trimmed.is_empty() && !trimmed.contains('<') {
            return Read::Text(trimmed);
        }
        // In text a `<` that starts no tag is text; elsewhere it may stand in the text of an element.
        let plain = if is_text { self.text } else { &self.mended };
        let tree = Tree::read(plain, true);
        match tree {
            Ok(tree) if !(is_text && tree.has_children(0)) => {
                if self.raw && self.entities {
                    Read::Ambiguous
                } else {
                    Read::Tree(tree)
                }
            }
            // With tags in it, text is what was written.
            _ if is_text || !self.entities => Read::Text(trimmed),
            _ => Read::Ambiguous,
        }
    }
}

/// Whether what follows a `&` makes it an entity that XML knows. The longest has eight digits.
fn is_entity(rest: &str) -> bool {
    let Some(end) = rest.bytes().take(12).position(|b| b == b';') else { return false };
    let Some(name) = rest.get(..end) else { return false };
    match name.strip_prefix('#') {
        Some(number) => match number.strip_prefix('x') {
            Some(hex) => u32::from_str_radix(hex, 16).is_ok(),
            None => number.parse::<u32>().is_ok(),
        },
        None => resolve_predefined_entity(name).is_some(),
    }
}
