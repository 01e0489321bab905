//! What a marker is: `[[ ## name ## ]]`, and the ways in which models write it otherwise.

use dspex_core::{Field, Note, ParsePolicy, ParseRule, Signature};
use unicode_ident::is_xid_continue;

use super::MAX_NOTES;
use super::lines::{is_space, strip};

/// The name in the marker that ends an answer.
pub(super) const COMPLETED: &str = "completed";

/// Names longer than this are none.
const MAX_NAME: usize = 200;

/// How a marker is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `[[ ## name ## ]]`.
    Exact,
    /// With other spaces.
    Spaced,
    /// With a bracket or a number sign more or less.
    Odd,
}

/// A marker that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark<'t> {
    pub(super) name: &'t str,
    /// How long it is.
    pub(super) len: usize,
    pub(super) shape: Shape,
}

/// The marker at the start of a text.
pub(super) fn mark(text: &str) -> Option<Mark<'_>> {
    let mut rest = text;
    let mut take = |c: char, most: usize| {
        let count = rest.bytes().take(most).take_while(|b| char::from(*b) == c).count();
        rest = rest[count..].trim_start_matches(is_space);
        count
    };
    let brackets = take('[', 3);
    let signs = if brackets > 0 { take('#', 4) } else { 0 };
    if signs == 0 {
        return None;
    }
    let in_name = |c: char| is_xid_continue(c) || matches!(c, ' ' | '-' | '\t');
    let end = rest.char_indices().take(MAX_NAME + 1).find(|(_, c)| !in_name(*c))?.0;
    let name = strip(&rest[..end]);
    rest = &rest[end..];
    let mut take = |c: char, most: usize| {
        let count = rest.bytes().take(most).take_while(|b| char::from(*b) == c).count();
        rest = &rest[count..];
        if c == '#' {
            rest = rest.trim_start_matches(is_space);
        }
        count
    };
    let (end_signs, end_brackets) = (take('#', 4), take(']', 3));
    if name.is_empty() || end_brackets == 0 {
        return None;
    }
    let len = text.len() - rest.len();
    let shape = if (brackets, signs, end_signs, end_brackets) != (2, 2, 2, 2) || name.contains(in_odd_name) {
        Shape::Odd
    } else if len == name.len() + "[[ ##  ## ]]".len()
        && text.starts_with("[[ ## ")
        && text[..len].ends_with(" ## ]]")
    {
        Shape::Exact
    } else {
        Shape::Spaced
    };
    Some(Mark { name, len, shape })
}

fn in_odd_name(c: char) -> bool {
    matches!(c, ' ' | '-' | '\t')
}

/// The name in a marker as DSPy writes it at the start of a text, and what stands after it.
pub(super) fn exact<'a>(text: &'a str, policy: &ParsePolicy) -> Option<(&'a str, &'a str)> {
    let inside = text.strip_prefix("[[ ## ")?;
    // DSPy knows letters and digits only, and so misses names of scripts that write with marks.
    let in_name = |c: char| c.is_alphanumeric() || c == '_' || (!policy.is_compat() && is_xid_continue(c));
    let len = inside.find(|c: char| !in_name(c)).unwrap_or(inside.len());
    let after = inside[len..].strip_prefix(" ## ]]")?;
    (len > 0).then_some((&inside[..len], after))
}

/// A name without what models change in it: capitals, and spaces or hyphens for underscores.
pub(in crate::parse) fn plain_name(name: &str) -> String {
    name.trim().chars().flat_map(char::to_lowercase).map(|c| if in_odd_name(c) { '_' } else { c }).collect()
}

/// The field that a marker means: the name itself, or the one output that differs in capitals and hyphens only.
pub(super) fn known_name(
    name: &str,
    signature: &Signature,
    policy: &ParsePolicy,
    notes: &mut Vec<Note>,
) -> String {
    if signature.fields().any(|f| f.name == name) || !policy.applies(ParseRule::HeaderCase) {
        return name.to_owned();
    }
    match output_alike(name, signature) {
        Some(field) => {
            if notes.len() < MAX_NOTES {
                let note = Note::new(
                    ParseRule::HeaderCase,
                    Some(&field.name),
                    format!("its marker was written `{name}`"),
                );
                notes.push(note.change(name, &field.name));
            }
            field.name.clone()
        }
        None if is_closing(name, policy) => COMPLETED.to_owned(),
        None => name.to_owned(),
    }
}

/// The one output of a name in other capitals.
pub(super) fn output_alike<'s>(name: &str, signature: &'s Signature) -> Option<&'s Field> {
    let plain = plain_name(name);
    let mut alike = signature.outputs().iter().filter(|f| plain_name(&f.name) == plain);
    alike.next().filter(|_| alike.next().is_none())
}

/// The name of the field of the signature, or of the closing marker, that a marker anywhere in a text means.
pub(super) fn resolve<'s>(
    mark: &Mark<'_>,
    signature: &'s Signature,
    policy: &ParsePolicy,
) -> Option<&'s str> {
    let odd = mark.shape == Shape::Odd && !policy.applies(ParseRule::HeaderBrackets);
    if odd || !policy.may_mark(mark.name) {
        return None;
    }
    if let Some(field) = signature.fields().find(|f| f.name == mark.name) {
        return Some(&field.name);
    }
    if policy.applies(ParseRule::HeaderCase)
        && let Some(field) = output_alike(mark.name, signature)
    {
        return Some(&field.name);
    }
    is_closing(mark.name, policy).then_some(COMPLETED)
}

/// Whether a marker's name is that of the closing one, as the request spelled it.
pub(super) fn is_closing(name: &str, policy: &ParsePolicy) -> bool {
    plain_name(name) == plain_name(&policy.spell(COMPLETED))
}

#[cfg(test)]
mod tests {
    use super::{Shape, mark};

    #[test]
    fn ways_to_write_a_marker() {
        for (text, name, shape) in [
            ("[[ ## a ## ]] x", "a", Shape::Exact),
            ("[[## a ##]]", "a", Shape::Spaced),
            ("[[  ##  a  ##  ]]", "a", Shape::Spaced),
            ("[[ ## a ]]", "a", Shape::Odd),
            ("[ ## a ## ]", "a", Shape::Odd),
            ("[[ # a # ]]", "a", Shape::Odd),
            ("[[ ## Next Tool ## ]]", "Next Tool", Shape::Odd),
        ] {
            let found = mark(text).expect(text);
            assert_eq!((found.name, found.shape), (name, shape), "{text}");
        }
        for text in ["[[ a ]]", "[[ ## a", "[[ ## ## ]]", "## a ##", "[[", ""] {
            assert_eq!(mark(text), None, "{text}");
        }
    }
}
