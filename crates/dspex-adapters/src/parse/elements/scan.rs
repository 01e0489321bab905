//! The pieces of a text that stand between the tags of fields, where the text as a whole is not well-formed XML.

use dspex_core::Signature;

use super::tree::{is_name_char, is_name_start};

/// A piece of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece<'t> {
    /// The field's place among the outputs.
    pub(super) field: usize,
    /// What stands between its tags.
    pub(super) body: &'t str,
    /// What ended it.
    pub(super) end: End,
    /// The tag as it was written.
    pub(super) tag: &'t str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Its end tag.
    Tag,
    /// The start tag of another field.
    Next,
    /// The end of the text.
    Text,
}

/// Names of tags around a model's thinking.
pub(super) const THINKING: [&str; 2] = ["think", "thinking"];

struct Tag<'t> {
    /// The place of its owner among [`owners`]; outputs are the first.
    owner: usize,
    name: &'t str,
    start: usize,
    end: usize,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Start,
    End,
    Empty,
}

/// Finds the pieces of outputs outside inputs and thinking.
pub(super) fn pieces<'t>(text: &'t str, signature: &Signature, any_case: bool) -> Vec<Piece<'t>> {
    let owners = owners(signature);
    let tags = tags(text, &owners, any_case);
    let is_output = |tag: &Tag<'_>| tag.owner < signature.outputs().len();
    let is_thinking = |tag: &Tag<'_>| tag.owner + THINKING.len() >= owners.len();
    let (ends, next_of_others) = (matches(&tags, owners.len()), next_of_others(&tags));
    let mut out: Vec<Piece<'t>> = Vec::new();
    let mut at = 0;
    while let Some(tag) = tags.get(at) {
        let piece = |from: usize, to: usize, end| {
            is_output(tag).then(|| Piece { field: tag.owner, body: &text[from..to], end, tag: tag.name })
        };
        at += 1;
        match (tag.kind, ends[at - 1]) {
            (Kind::Empty, _) => out.extend(piece(tag.end, tag.end, End::Tag)),
            (Kind::Start, Some(end)) => {
                out.extend(piece(tag.end, tags[end].start, End::Tag));
                at = end + 1;
            }
            // It ends where another field starts, or never.
            (Kind::Start, None) if is_output(tag) => {
                let next = next_of_others[at - 1];
                let (to, end) = next.map_or((text.len(), End::Text), |next| (tags[next].start, End::Next));
                out.extend(piece(tag.end, to, end));
                at = next.unwrap_or(tags.len());
            }
            // Thinking whose start tag is not in the reply: all before was thought.
            (Kind::End, None) if is_thinking(tag) => out.clear(),
            _ => {}
        }
    }
    out
}

/// Whether something stands in a text that starts like a tag of a name.
pub(super) fn is_spoken_of(text: &str, name: &str) -> bool {
    let small = text.to_lowercase();
    small.match_indices(&name.to_lowercase()).any(|(at, found)| {
        let before = small[..at].trim_end_matches('/').trim_end();
        before.ends_with('<') && !small[at + found.len()..].starts_with(is_name_char)
    })
}

/// The names of tags: outputs, inputs, and those around thinking. What stands in the latter two is no answer.
fn owners(signature: &Signature) -> Vec<&str> {
    let fields = signature.outputs().iter().chain(signature.inputs());
    fields.map(|f| f.name.as_str()).chain(THINKING).collect()
}

/// Whose tag a name makes: one of that name, or else one that differs in capitals only.
fn owner(owners: &[&str], name: &str, any_case: bool) -> Option<usize> {
    let alike = |own: &str| {
        if name.is_ascii() {
            own.eq_ignore_ascii_case(name)
        } else {
            own.to_lowercase() == name.to_lowercase()
        }
    };
    let exact = owners.iter().position(|own| *own == name);
    exact.or_else(|| owners.iter().position(|own| any_case && alike(own)))
}

/// All tags of known names, but those that are only spoken of: in backticks.
fn tags<'t>(text: &'t str, owners: &[&str], any_case: bool) -> Vec<Tag<'t>> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    for (start, _) in text.match_indices('<') {
        let rest = &text[start + 1..];
        let (end_tag, rest) = rest.strip_prefix('/').map_or((false, rest), |rest| (true, rest));
        if !rest.starts_with(is_name_start) {
            continue;
        }
        let length = rest.find(|c| !is_name_char(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(length);
        let owner = owner(owners, name, any_case);
        let (Some(owner), Some(close)) = (owner, close(after)) else { continue };
        let end = text.len() - after.len() + close + 1;
        if start > 0 && bytes[start - 1] == b'`' && bytes.get(end) == Some(&b'`') {
            continue;
        }
        let kind = match (end_tag, after[..close].ends_with('/')) {
            (true, _) => Kind::End,
            (false, true) => Kind::Empty,
            (false, false) => Kind::Start,
        };
        out.push(Tag { owner, name, start, end, kind });
    }
    out
}

/// Where a tag is closed, whose attributes hold no `<`; none where it is none.
fn close(after: &str) -> Option<usize> {
    if !after.starts_with(|c: char| c.is_whitespace() || matches!(c, '>' | '/')) {
        return None;
    }
    let mut quote = None;
    for (i, b) in after.bytes().enumerate() {
        match (quote, b) {
            (_, b'<') => return None,
            (Some(q), b) if b == q => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(b),
            (None, b'>') => return Some(i),
            (None, _) => {}
        }
    }
    None
}

/// The end tag of each start tag that has one.
fn matches(tags: &[Tag<'_>], owners: usize) -> Vec<Option<usize>> {
    let mut ends = vec![None; tags.len()];
    let mut open: Vec<Vec<usize>> = vec![Vec::new(); owners];
    for (i, tag) in tags.iter().enumerate() {
        match tag.kind {
            Kind::Start => open[tag.owner].push(i),
            Kind::End => {
                if let Some(start) = open[tag.owner].pop() {
                    ends[start] = Some(i);
                }
            }
            Kind::Empty => {}
        }
    }
    ends
}

/// For each tag the next one that starts another field.
fn next_of_others(tags: &[Tag<'_>]) -> Vec<Option<usize>> {
    let mut out = vec![None; tags.len()];
    // The next start tag, and the next whose owner is another than that one's.
    let (mut first, mut second): (Option<usize>, Option<usize>) = (None, None);
    for (i, tag) in tags.iter().enumerate().rev() {
        let same = first.is_some_and(|f| tags[f].owner == tag.owner);
        out[i] = if same { second } else { first };
        if tag.kind != Kind::End {
            if !same {
                second = first;
            }
            first = Some(i);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{End, Piece, pieces};
    use dspex_core::Signature;

    type Found = &'static [(usize, &'static str, End)];

    fn found(text: &str) -> Vec<(usize, &str, End)> {
        let signature = Signature::parse("question -> why, answer").unwrap();
        pieces(text, &signature, true)
            .into_iter()
            .map(|Piece { field, body, end, .. }| (field, body, end))
            .collect()
    }

    #[test]
    fn pieces_stand_between_tags_of_outputs() {
        let table: [(&str, Found); 9] = [
            ("<why>a & b</why><answer x='>'>c</answer>", &[(0, "a & b", End::Tag), (1, "c", End::Tag)]),
            ("<why>a < b <answer>c</answer>", &[(0, "a < b ", End::Next), (1, "c", End::Tag)]),
            ("<answer>c & ", &[(1, "c & ", End::Text)]),
            ("<question><answer>x</answer></question><answer/>", &[(1, "", End::Tag)]),
            ("<think><answer>x</answer></think><ANSWER>y</Answer>", &[(1, "y", End::Tag)]),
            ("<answer>x</answer></think><answer>y</answer>", &[(1, "y", End::Tag)]),
            ("In `<answer>`: <answer>y</answer>", &[(1, "y", End::Tag)]),
            (
                "<why>in <answer> next</why><answer>y</answer>",
                &[(0, "in <answer> next", End::Tag), (1, "y", End::Tag)],
            ),
            ("< answer>x</ answer> <answering>", &[]),
        ];
        for (text, pieces) in table {
            assert_eq!(found(text), pieces, "{text}");
        }
    }
}
