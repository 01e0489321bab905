//! Texts made comparable, and how alike two of them are: the rules are those of DSPy 3.4.1.

mod dpr;
mod overlap;

use std::sync::LazyLock;

use regex::Regex;
use unicode_normalization::UnicodeNormalization as _;

pub use dpr::{dpr_normalize, passage_has_answer};
pub use overlap::{em_score, f1_score, hotpot_f1_score, precision_score};

/// Text without what does not count in a comparison: case, ASCII punctuation, English articles, white space.
///
/// Characters are decomposed (NFD) first. So an accent stands apart from its letter, and an accented `à` alone loses
/// its `a` as an article, as in DSPy.
///
/// ```
/// use dspex_evaluate::text::normalize_text;
/// assert_eq!(normalize_text("The,  Eiffel  Tower!"), "eiffel tower");
/// assert_eq!(normalize_text("the"), "");
/// ```
pub fn normalize_text(text: &str) -> String {
    // Lower-casing looks at neighbours (a sigma at the end of a word), so punctuation goes only after it.
    let lower = text.nfd().collect::<String>().to_lowercase();
    let plain: String = lower.chars().filter(|c| !c.is_ascii_punctuation()).collect();
    let without_articles = WORD.replace_all(&plain, |word: &regex::Captures<'_>| match &word[0] {
        "a" | "an" | "the" => " ".to_owned(),
        other => other.to_owned(),
    });
    let words: Vec<&str> = without_articles.split(is_space).filter(|w| !w.is_empty()).collect();
    words.join(" ")
}

/// What Python's `re` takes for a word: letters and numbers, but not the marks that stand on them.
static WORD: LazyLock<Regex> = LazyLock::new(|| pattern(r"[\p{L}\p{N}_]+"));

/// A pattern that is part of this code.
fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns here are well-formed")
}

/// White space as Python has it: Unicode's, and the four ASCII separators.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::normalize_text;

    #[test]
    fn what_does_not_count_is_gone() {
        let table = [
            ("", ""),
            ("don't", "dont"),
            ("the_the", "thethe"),
            ("An apple a day", "apple day"),
            ("theatre another", "theatre another"),
            ("\u{1c}x\u{85}y\u{3000}", "x y"),
            ("“quoted”", "“quoted”"),
            ("à la", "\u{300} la"),
            ("ΟΔΟΣ", "οδος"),
            ("a٣", "a٣"),
        ];
        for (text, expected) in table {
            assert_eq!(normalize_text(text), expected, "{text:?}");
        }
    }
}
