//! The tokens of Dense Passage Retrieval, by which passages are searched for answers.

use std::sync::LazyLock;

use regex::Regex;
use unicode_normalization::UnicodeNormalization as _;

use super::{normalize_text, pattern};

/// A run of letters, numbers and marks, or one other character that is seen.
static TOKEN: LazyLock<Regex> = LazyLock::new(|| pattern(r"[\p{L}\p{N}\p{M}]+|[^\p{Z}\p{C}]"));

/// The words and signs of a text in lower case.
///
/// ```
/// use dspex_evaluate::text::dpr_normalize;
/// assert_eq!(dpr_normalize("It's $5.00"), ["it", "'", "s", "$", "5", ".", "00"]);
/// ```
pub fn dpr_normalize(text: &str) -> Vec<String> {
    let text: String = text.nfd().collect();
    TOKEN.find_iter(&text).map(|token| token.as_str().to_lowercase()).collect()
}

/// Whether a passage contains one of the answers: as whole tokens, after [`normalize_text`] of both.
///
/// An answer of which nothing is left is in every passage.
///
/// ```
/// use dspex_evaluate::text::passage_has_answer;
/// assert!(passage_has_answer("The U.S. army", &["us"]));
/// assert!(!passage_has_answer("Paris", &["par"]));
/// ```
pub fn passage_has_answer(passage: &str, answers: &[impl AsRef<str>]) -> bool {
    let passage = dpr_normalize(&normalize_text(passage));
    answers.iter().any(|answer| {
        let answer = dpr_normalize(&normalize_text(answer.as_ref()));
        answer.is_empty() || passage.windows(answer.len()).any(|window| window == answer)
    })
}

#[cfg(test)]
mod tests {
    use super::{dpr_normalize, passage_has_answer};

    #[test]
    fn marks_belong_to_their_word_and_signs_stand_alone() {
        let table: [(&str, &[&str]); 6] = [
            ("", &[]),
            ("U.S.A.", &["u", ".", "s", ".", "a", "."]),
            ("the_the", &["the", "_", "the"]),
            ("Café", &["cafe\u{301}"]),
            ("İstanbul", &["i\u{307}stanbul"]),
            ("a\u{200b}b\tc 😀", &["a", "b", "c", "😀"]),
        ];
        for (text, tokens) in table {
            assert_eq!(dpr_normalize(text), tokens, "{text:?}");
        }
    }

    #[test]
    fn an_answer_is_found_as_whole_tokens() {
        let table = [
            ("The Eiffel-Tower is in Paris.", "Eiffel Tower", false),
            ("I saw the Eiffel Tower!", "eiffel tower", true),
            ("anything", "", true),
            ("", "", true),
            ("", "x", false),
            ("anything", "the", true),
        ];
        for (passage, answer, found) in table {
            assert_eq!(passage_has_answer(passage, &[answer]), found, "{answer:?} in {passage:?}");
        }
        let none: [&str; 0] = [];
        assert!(!passage_has_answer("anything", &none));
    }
}
