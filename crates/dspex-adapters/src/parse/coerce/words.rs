//! Values with words around them. Only words that change nothing may stand there: one that is not on the list, such as
//! `not`, `about` or `million`, and the text has another meaning or none.

/// Words that only announce a value.
const FILLERS: &str = "a an the my our this that it its it's is was are be would should will as i i'd say think believe \
    answer final correct overall result value number total count label category class classification classified choice option \
    here here's so thus therefore hence equals rate rated rating score prediction predicted output sentiment text \
    review sentence statement user customer";

/// Words behind a choice after which it may not be what was chosen.
const TURNS: &str = "not no but however or nor actually rather although though wait instead correction except unless unsure \
    maybe perhaps possibly either neither hmm";

/// Signs around words that are not of them.
const SIGNS: [char; 16] =
    ['.', ',', ':', ';', '!', '"', '\'', '`', '*', '_', '(', ')', '=', '\u{201c}', '\u{201d}', '>'];

/// The longest text with a value among words.
const MAX_LENGTH: usize = 400;

/// The piece of a sentence that the words around it only announce, for a field of a name. `is_value` says what a value
/// is; there must be one.
pub(super) fn announced<'t>(text: &'t str, field: &str, is_value: impl Fn(&str) -> bool) -> Option<&'t str> {
    if text.len() > MAX_LENGTH || text.contains('?') || text.contains("```") {
        return None;
    }
    let words: Vec<(usize, &str)> = words(text).collect();
    if words.len() < 2 {
        return None;
    }
    let mut found: Option<(usize, usize)> = None;
    let mut i = 0;
    while i < words.len() {
        let longest = (i..words.len().min(i + 6)).rev().find(|j| is_value(piece(text, &words, i, *j)));
        match longest {
            Some(j) if found.is_none() => {
                found = Some((i, j));
                i = j + 1;
            }
            // A second value, or a word that says something.
            Some(_) => return None,
            None if is_filler(words[i].1, field) => i += 1,
            None => return None,
        }
    }
    let (from, to) = found?;
    Some(piece(text, &words, from, to))
}

/// The words of a text without signs around them, and where they start.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive(char::is_whitespace).filter_map(move |word| {
        let start = at;
        at += word.len();
        let word = word.trim_end();
        let bare = word.trim_start_matches(SIGNS);
        let start = start + word.len() - bare.len();
        let bare = bare.trim_end_matches(SIGNS);
        (!bare.is_empty()).then_some((start, bare))
    })
}

fn piece<'t>(text: &'t str, words: &[(usize, &str)], from: usize, to: usize) -> &'t str {
    &text[words[from].0..words[to].0 + words[to].1.len()]
}

fn is_filler(word: &str, field: &str) -> bool {
    let word = word.to_lowercase();
    FILLERS.split_whitespace().any(|f| f == word) || field.split('_').any(|part| part.to_lowercase() == word)
}

/// The first part of a text, which is the value, where what follows only explains it.
pub(super) fn explained(text: &str, is_value: impl Fn(&str) -> bool) -> Option<&str> {
    let text = text.trim();
    let (head, rest) = split(text)?;
    let head = head.trim();
    if rest.trim().is_empty() || !is_value(head.trim_matches(SIGNS)) {
        return None;
    }
    let turns = |word: &str| TURNS.split_whitespace().any(|t| t == word.to_lowercase());
    let again =
        words(rest).any(|(_, w)| turns(w)) || names_another(rest, head.trim_matches(SIGNS), &is_value);
    (!again).then(|| head.trim_matches(SIGNS))
}

/// Where a sentence or line ends, or a reason starts.
fn split(text: &str) -> Option<(&str, &str)> {
    const ENDS: [&str; 11] = [
        "\n",
        ". ",
        ": ",
        "; ",
        " - ",
        " \u{2013} ",
        " \u{2014} ",
        " (",
        ", because ",
        ", since ",
        " because ",
    ];
    let head = text.char_indices().nth(80).map_or(text, |(end, _)| &text[..end]);
    let (at, end) = ENDS.iter().filter_map(|e| Some((head.find(e)?, e))).min_by_key(|(at, _)| *at)?;
    Some((&text[..at], &text[at + end.len()..]))
}

/// Whether a text names a value other than one.
fn names_another(text: &str, one: &str, is_value: impl Fn(&str) -> bool) -> bool {
    if text.len() > 10 * MAX_LENGTH {
        return true;
    }
    let words: Vec<(usize, &str)> = words(text).collect();
    (0..words.len()).any(|i| {
        (i..words.len().min(i + 6)).any(|j| {
            let piece = piece(text, &words, i, j);
            let same = if one.chars().count() == 1 {
                piece == one
            } else {
                piece.to_lowercase() == one.to_lowercase()
            };
            // A choice of one letter is a word of its own only where it is written alike.
            let counts =
                piece.chars().count() > 1 || one.chars().count() > 1 || piece.chars().all(char::is_uppercase);
            !same && counts && is_value(piece)
        })
    })
}

/// The only number in a text.
pub(super) fn only_number(text: &str) -> Option<&str> {
    let mut found = None;
    let mut from = 0;
    while let Some(start) = text[from..].find(|c: char| c.is_ascii_digit()).map(|at| from + at) {
        let in_number = |c: char| c.is_ascii_digit() || matches!(c, ',' | '.');
        let end = text[start..].find(|c| !in_number(c)).map_or(text.len(), |at| start + at);
        let glued = |c: char| c.is_alphabetic() || matches!(c, '_' | '/' | ':' | '\u{b0}');
        if found.is_some() || text[..start].ends_with(glued) || text[end..].starts_with(glued) {
            return None;
        }
        let sign = usize::from(
            text[..start].ends_with('-') && !text[..start - 1].ends_with(|c: char| c.is_alphanumeric()),
        );
        found = Some(text[start - sign..end].trim_end_matches(['.', ',']));
        from = end;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{announced, explained, only_number};

    fn mood(text: &str) -> bool {
        ["positive", "negative"].contains(&text.to_lowercase().as_str())
    }

    #[test]
    fn words_that_change_nothing() {
        let read = |text| announced(text, "user_mood", mood);
        assert_eq!(read("The sentiment is positive."), Some("positive"));
        assert_eq!(read("Mood: **Positive**"), Some("Positive"));
        for text in [
            "not positive",
            "It is not positive.",
            "positive or negative",
            "very positive",
            "positive?",
            "mostly positive",
            "positive, negative",
            "It is positive and I like it",
            "positive",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn reasons_behind_a_choice() {
        for text in [
            "Positive. The user smiles.",
            "positive - the user smiles",
            "positive\n\nThe user smiles.",
            "positive (0.9)",
        ] {
            assert!(explained(text, mood).is_some(), "{text}");
        }
        for text in [
            "positive. But then negative.",
            "Positive. Not at all!",
            "positive, mostly",
            "The user smiles. Positive.",
            "Positive: or maybe something else",
        ] {
            assert_eq!(explained(text, mood), None, "{text}");
        }
    }

    #[test]
    fn the_only_number() {
        assert_eq!(only_number("3 apples"), Some("3"));
        assert_eq!(only_number("about -1,234.5."), Some("-1,234.5"));
        for text in ["3 or 4", "none", "a3", "3rd", "3/4", "10:30", "two"] {
            assert_eq!(only_number(text), None, "{text}");
        }
    }
}
