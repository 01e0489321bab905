//! Raw backslashes of LaTeX in JSON: `"\frac"` is sound JSON, and means a form feed and `rac`, which nobody writes. A
//! line break before `u` or a tab before `o` is another matter, so what stands around says which of the two is meant.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Commands whose first letter JSON takes for a line break or a tab, and whose rest is no word and no name.
const COMMANDS: &str = "nabla natural nonumber normalsize newcommand newline notin tanh theta thetasym thicksim therefore \
    thinspace tilde times tiny triangle triangledown triangleleft triangleright triangleq twoheadrightarrow";

/// Commands whose rest may be a name: without a sign of raw LaTeX, they count only where formulas are written around them.
const NAMES: &str = "neq ngeq nleq ngtr nsubseteq nsupseteq nrightarrow nleftarrow tau tbinom text textbf textit textrm \
    textsf texttt textstyle textup tfrac";

/// Commands whose rest may be a word: they count only where formulas are written around them.
const WORDS: &str = "ne neg nexists ni nless nmid not nparallel nu tag tan to top";

/// Starts of commands whose first letter JSON takes for a backspace, a form feed or the start of a line.
const STARTS: &str = "backslash bar because beg beta beth between bf big binom blacksquare bmod bmatrix bold bot bowtie box \
    breve bullet bumpeq fbox fill flat flushleft footnote forall frac frown fs rangle rbrace rbrack rceil ref renewcommand \
    restriction rfloor rgroup rho right rm rtimes rvert rVert rule";

/// Commands that no line that ends in a carriage return starts with.
const RETURNS: &str = "rangle rbrace rbrack rceil renewcommand restriction rfloor rgroup rho right rightarrow rightharpoonup \
    rightleftarrows rvert rVert";

/// [`STARTS`], each in a string of its own: a text of nothing but commands asks for them at each.
static START_WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| STARTS.split_whitespace().collect());

/// The other lists in the same way.
static COMMAND_WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| COMMANDS.split_whitespace().collect());
static NAME_WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| NAMES.split_whitespace().collect());
static FORMULA_WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| WORDS.split_whitespace().collect());
static RETURN_WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| RETURNS.split_whitespace().collect());

/// A text whose raw backslashes are escaped.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Escaped {
    /// The text.
    pub(crate) text: String,
    /// The first command, as the model wrote it.
    pub(crate) first: String,
}

/// What the other backslashes of a text say about who wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Author {
    /// One who does not escape backslashes: some make no escape of JSON, as in `\alpha`.
    Raw,
    /// One who does, or a program: there are backslashes before words, or characters as numbers.
    Escaping,
    /// They do not say.
    Unknown,
}

impl Author {
    fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let (mut raw, mut escaping) = (false, false);
        let mut at = 0;
        while let Some(found) = bytes[at..].iter().position(|b| *b == b'\\').map(|i| at + i) {
            let run = bytes[found..].iter().take_while(|b| **b == b'\\').count();
            at = found + run;
            let letters = bytes[at..].iter().take(2).take_while(|b| b.is_ascii_alphabetic()).count();
            let number = bytes[at..].first() == Some(&b'u')
                && bytes[at..].iter().skip(1).take(4).filter(|b| b.is_ascii_hexdigit()).count() == 4;
            if run % 2 == 0 {
                escaping |= letters == 2;
            } else {
                escaping |= number;
                raw |= match bytes.get(at) {
                    Some(b'b' | b'f' | b'n' | b'r' | b't') => false,
                    Some(b'(' | b')' | b'[' | b']' | b'{' | b'}') => true,
                    _ => letters > 0 && !number,
                };
            }
        }
        match (raw, escaping) {
            (true, false) => Self::Raw,
            (false, true) => Self::Escaping,
            _ => Self::Unknown,
        }
    }
}

/// Escapes the backslashes that JSON would read as control characters and the model cannot have meant so; none where
/// there is no such backslash.
///
/// These are the starts of commands of LaTeX. Any other text can come back from JSON as it was written.
pub(crate) fn escape_raw_backslashes(text: &str) -> Option<Escaped> {
    let author = Author::of(text);
    let mut first = None;
    let text = rewrite(text, author, |out, word| {
        first.get_or_insert_with(|| format!("\\{word}"));
        out.push('\\');
        0
    })?;
    Some(Escaped { text, first: first.unwrap_or_default() })
}

/// JSON whose control characters cannot be taken for commands of LaTeX: those that could are written as numbers.
pub(crate) fn spell_controls(json: String) -> String {
    let spelled = rewrite(&json, Author::Raw, |out, word| {
        out.push_str(match word.as_bytes().first() {
            Some(b'b') => "u0008",
            Some(b'f') => "u000c",
            Some(b'n') => "u000a",
            Some(b'r') => "u000d",
            _ => "u0009",
        });
        1
    });
    spelled.unwrap_or(json)
}

/// The text with something put behind the backslashes that may be raw, in the place of so many bytes as `put` says; none
/// where there is no such backslash.
fn rewrite(text: &str, author: Author, mut put: impl FnMut(&mut String, &str) -> usize) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out: Option<String> = None;
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
        let command = Command { text, at, word: &text[at..at + letters], in_dollars };
        if !command.is_raw(author) {
            continue;
        }
        let out = out.get_or_insert_with(String::new);
        out.push_str(&text[kept..at]);
        kept = at + put(out, command.word);
    }
    let mut out = out?;
    out.push_str(&text[kept..]);
    Some(out)
}

/// Letters behind a backslash, which may be a command.
struct Command<'t> {
    text: &'t str,
    /// Where the letters start.
    at: usize,
    word: &'t str,
    in_dollars: bool,
}

impl Command<'_> {
    /// Whether this is a command rather than a control character and a word.
    fn is_raw(&self, author: Author) -> bool {
        let listed = |list: &HashSet<&str>| list.contains(self.word);
        let starts = || START_WORDS.iter().any(|c| self.word.starts_with(c));
        match (self.word.as_bytes(), author) {
            ([b'b' | b'f', _, ..], _) | ([b'r', _, ..], Author::Raw) => starts(),
            ([b'r' | b'n' | b't', _, ..], Author::Escaping) => false,
            ([b'r', _, ..], Author::Unknown) => listed(&RETURN_WORDS) || (starts() && self.is_in_formula()),
            ([b'n' | b't', _, ..], Author::Raw) => {
                listed(&COMMAND_WORDS)
                    || listed(&NAME_WORDS)
                    || (listed(&FORMULA_WORDS) && (self.is_beside_signs() || self.is_in_formula()))
            }
            ([b'n' | b't', _, ..], Author::Unknown) => {
                listed(&COMMAND_WORDS)
                    || ((listed(&NAME_WORDS) || listed(&FORMULA_WORDS)) && self.is_in_formula())
            }
            _ => false,
        }
    }

    fn before(&self) -> Option<char> {
        self.text[..self.at - 1].chars().next_back()
    }

    fn rest(&self) -> &str {
        &self.text[self.at + self.word.len()..]
    }

    /// Whether it stands between dollars, or beside the signs of a formula.
    fn is_beside_signs(&self) -> bool {
        let sign = |c: char| matches!(c, '$' | '_' | '^' | '{' | '=' | '+' | '|');
        let after = self.rest().chars().next();
        after.is_some_and(sign)
            || (after == Some(' ') && (self.in_dollars || self.before().is_some_and(sign)))
    }

    /// Whether it stands between dollars, takes an argument in braces, or stands between blanks where its rest is no word.
    fn is_in_formula(&self) -> bool {
        let after = self.rest().chars().next();
        if self.in_dollars {
            // Money has no second dollar near it; the bound keeps many of these cheap.
            let near = self.rest().bytes().take(200).find(|b| matches!(b, b'$' | b'"'));
            return near == Some(b'$') && after.is_some_and(|c| !c.is_alphanumeric());
        }
        match self.word {
            "ne" | "to" | "tan" | "top" | "tau" | "neq" | "ngeq" | "nleq" | "ngtr" | "nsubseteq"
            | "nsupseteq" => self.before() == Some(' ') && matches!(after, Some(' ' | '"')),
            word => !word.starts_with('n') && after == Some('{'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{escape_raw_backslashes, spell_controls};

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
            (r"\alpha x=\tan{y}", r"\alpha x=\\tan{y}"),
            (r"\sum \neq \rm{a}", r"\sum \\neq \\rm{a}"),
            (r"\text{if} x \to 0", r"\\text{if} x \\to 0"),
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
            // Code and lines of words.
            r"x = 1\neq = 3",
            r"lo = 0\nmid = lo",
            r"t\nu_1 = 2",
            r"if x:\n\text = y",
            r"one\rtimes two",
            r"a\rmore",
            r"\to",
            r"\rm",
            r"$5\ton $6",
            // Who escapes some backslashes escapes all.
            r"\\alpha \times",
            r"\u00e9 \theta",
        ] {
            assert_eq!(escape_raw_backslashes(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_no_command() {
        for (written, spelled) in [
            (r#""\frac \theta""#, r#""\u000crac \u0009heta""#),
            (r#""\nabla \beta \rho""#, r#""\u000aabla \u0008eta \u000dho""#),
            (r#""\\frac a\tb""#, r#""\\frac a\tb""#),
        ] {
            let spelled_now = spell_controls(written.to_owned());
            assert_eq!(spelled_now, spelled);
            assert_eq!(escape_raw_backslashes(&spelled_now), None);
        }
    }
}
