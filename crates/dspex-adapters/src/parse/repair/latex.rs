//! Raw backslashes of LaTeX in JSON: `"\frac"` is sound JSON, and means a form feed and `rac`, which nobody writes.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Commands whose first letter JSON takes for a line break or a tab, and whose rest is no word.
const COMMANDS: &str = "nabla natural neq nexists ngeq nleq nless ngtr nmid notin nparallel nsubseteq nsupseteq nrightarrow \
    nleftarrow nonumber normalsize newcommand newline tau tbinom tanh text textbf textit textrm textsf texttt textstyle textup \
    tfrac thetasym theta thicksim therefore thinspace tilde times tiny triangle triangledown triangleleft triangleright \
    triangleq twoheadrightarrow";

/// Starts of commands whose first letter JSON takes for a backspace, a form feed or the start of a line.
const STARTS: &str = "backslash bar because beg beta beth between bf big binom blacksquare bmod bmatrix bold bot bowtie box \
    breve bullet bumpeq fbox fill flat flushleft footnote forall frac frown fs rangle rbrace rbrack rceil ref renewcommand \
    restriction rfloor rgroup rho right rm rtimes rvert rVert rule";

/// Commands whose rest may be a word: they count only where formulas are written around them.
const IN_FORMULAS: &str = "ne neg nu ni not tan to top tag";

/// [`STARTS`], each in a string of its own: a text of nothing but commands asks for them at each.
static START_WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| STARTS.split_whitespace().collect());

/// [`COMMANDS`] in the same way.
static COMMAND_WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| COMMANDS.split_whitespace().collect());

/// A text whose raw backslashes are escaped.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Escaped {
    /// The text.
    pub(crate) text: String,
    /// The first command, as the model wrote it.
    pub(crate) first: String,
}

/// Escapes the backslashes that JSON would read as control characters and the model cannot have meant so; none where
/// there is no such backslash.
///
/// These are the starts of commands of LaTeX. Any other text can come back from JSON as it was written.
pub(crate) fn escape_raw_backslashes(text: &str) -> Option<Escaped> {
    let bytes = text.as_bytes();
    let mut out: Option<Escaped> = None;
    let (mut kept, mut at, mut in_dollars) = (0, 0, false);
    while let Some(found) = bytes[at..].iter().position(|b| *b == b'\\').map(|i| at + i) {
        for b in &bytes[at..found] {
            // A dollar opens or closes a formula; the end of a text ends it.
            in_dollars = match b {
                b'$' => !in_dollars,
                b'"' => false,
                _ => in_dollars,
            };
        }
        let run = bytes[found..].iter().take_while(|b| **b == b'\\').count();
        at = found + run;
        if run % 2 == 0 {
            continue;
        }
        // Longer words are no commands.
        let letters = bytes[at..].iter().take(32).take_while(|b| b.is_ascii_alphabetic()).count();
        let word = &text[at..at + letters];
        if !is_raw(text, at, word, in_dollars) {
            continue;
        }
        let escaped = out.get_or_insert_with(|| Escaped { text: String::new(), first: format!("\\{word}") });
        escaped.text.push_str(&text[kept..at]);
        escaped.text.push('\\');
        kept = at;
    }
    if let Some(escaped) = &mut out {
        escaped.text.push_str(&text[kept..]);
    }
    out
}

/// Whether the letters behind a backslash, which start at a place, are a command.
fn is_raw(text: &str, at: usize, word: &str, in_dollars: bool) -> bool {
    let may_be_word = || IN_FORMULAS.split_whitespace().any(|c| c == word);
    match word.as_bytes() {
        [b'b' | b'f' | b'r', _, ..] => START_WORDS.iter().any(|c| word.starts_with(c)),
        [b'n' | b't', _, ..] => {
            COMMAND_WORDS.contains(word) || (may_be_word() && in_formula(text, at, word.len(), in_dollars))
        }
        _ => false,
    }
}

/// Whether a command stands between dollars, or beside the signs of a formula.
fn in_formula(text: &str, at: usize, len: usize, in_dollars: bool) -> bool {
    let sign = |c: char| matches!(c, '$' | '_' | '^' | '{' | '=' | '+' | '|');
    let before = text[..at - 1].chars().next_back();
    let after = text[at + len..].chars().next();
    after.is_some_and(sign) || (after == Some(' ') && (in_dollars || before.is_some_and(sign)))
}

#[cfg(test)]
mod tests {
    use super::escape_raw_backslashes;

    fn escaped(text: &str) -> String {
        escape_raw_backslashes(text).map_or_else(|| text.to_owned(), |e| e.text)
    }

    #[test]
    fn commands_keep_their_backslash() {
        for (raw, whole) in [
            (r"\frac{1}{2}", r"\\frac{1}{2}"),
            (r"\beta + \rho", r"\\beta + \\rho"),
            (r"\nabla \times \theta_1", r"\\nabla \\times \\theta_1"),
            (r"$a \ne b$, $\nu_1$", r"$a \\ne b$, $\\nu_1$"),
            (r"x=\tan{y}", r"x=\\tan{y}"),
        ] {
            assert_eq!(escaped(raw), whole);
        }
    }

    #[test]
    fn escapes_of_json_stay() {
        for text in [
            r"line\nnext",
            r"a\tb",
            r"\\frac",
            r"end\r\n",
            r"\u00e9",
            r#"\"q\""#,
            r"\\\\beta",
            r"C:\temp",
            r"a\nto b",
            r"\alpha \sum",
            "\\",
            r"\n",
            r"a\ne.g. b",
            r"x\n\nTimes",
        ] {
            assert_eq!(escape_raw_backslashes(text), None, "{text}");
        }
    }
}
