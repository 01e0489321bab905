//! Code in the fences of Markdown: the standard's rule, and DSPy's two.

use std::sync::LazyLock;

use dspex_core::{ParsePolicy, ParseRule};
use regex::Regex;

use super::scan::{split_lines, strip};

/// A fenced block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block<'t> {
    /// What stands behind the opening fence on its line.
    pub(super) info: &'t str,
    /// The code, byte for byte, without the line end before the closing fence.
    pub(super) code: String,
    /// Whether it has a closing fence; otherwise it ends with the text.
    pub(super) closed: bool,
    /// Where it stands in the text, fences included.
    at: (usize, usize),
    /// How the line of its opening fence ends.
    end: &'static str,
}

impl Block<'_> {
    /// Whether the text is this block and nothing else.
    pub(super) fn is_whole(&self, text: &str) -> bool {
        self.at == (0, text.len())
    }
}

/// A line that may open or close a block.
struct Fence<'t> {
    indent: usize,
    mark: char,
    len: usize,
    rest: &'t str,
}

fn fence(line: &str) -> Option<Fence<'_>> {
    let bare = line.trim_start_matches(' ');
    let indent = line.len() - bare.len();
    let mark = bare.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let rest = bare.trim_start_matches(mark);
    let len = bare.len() - rest.len();
    (indent <= 3 && len >= 3).then_some(Fence { indent, mark, len, rest: rest.trim() })
}

/// The fenced blocks of a text by the rules of `CommonMark`: three marks or more, closed by as many of the same or more; what is
/// indented by four spaces is no fence; the indentation of the opening fence is taken off each line.
pub(super) fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut out = Vec::new();
    let mut open: Option<(Fence<'_>, Block<'_>)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let found = fence(line);
        match (&mut open, found) {
            (None, Some(f)) if f.mark == '~' || !f.rest.contains('`') => {
                let end = if line.ends_with("\r\n") { "\r\n" } else { "\n" };
                let at = (start, text.len());
                let block = Block { info: f.rest, code: String::new(), closed: false, at, end };
                open = Some((f, block));
            }
            (None, _) => {}
            (Some((opening, _)), Some(f))
                if f.mark == opening.mark && f.len >= opening.len && f.rest.is_empty() =>
            {
                if let Some((_, block)) = open.take() {
                    out.push(Block { closed: true, at: (block.at.0, at), ..block });
                }
            }
            (Some((opening, block)), _) => {
                let spaces = line.len() - line.trim_start_matches(' ').len();
                block.code.push_str(&line[spaces.min(opening.indent)..]);
            }
        }
    }
    out.extend(open.map(|(_, block)| block));
    for block in &mut out {
        let len = block.code.strip_suffix(block.end).map_or(block.code.len(), str::len);
        block.code.truncate(len);
    }
    out
}

/// Code taken from a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) code: String,
    /// The language that its fence names.
    pub(super) info: String,
    /// What was done to get it, where something was left out.
    pub(super) note: Option<&'static str>,
}

impl Taken {
    fn whole(code: &str) -> Self {
        Self { code: code.to_owned(), info: String::new(), note: None }
    }
}

/// The code in a text: its only fenced block, the only one in the language, or the text itself. None where several
/// blocks hold different code.
pub(super) fn code(text: &str, language: Option<&str>, policy: &ParsePolicy) -> Option<Taken> {
    if !policy.applies(ParseRule::FencedCode) {
        return Some(Taken::whole(dspy_filter(text)));
    }
    let blocks = blocks(text);
    let Some(first) = blocks.first() else { return Some(Taken::whole(code_span(text).unwrap_or(text))) };
    let fits: Vec<_> = blocks.iter().filter(|b| language.is_some_and(|l| is_language(b.info, l))).collect();
    let one = |among: &[&Block<'_>]| among.windows(2).all(|pair| pair[0].code == pair[1].code);
    let all: Vec<_> = blocks.iter().collect();
    let block = match fits.first() {
        Some(block) if one(&fits) => block,
        _ if one(&all) || !policy.applies(ParseRule::SeveralFences) => first,
        _ => return None,
    };
    let around = [&text[..block.at.0], &text[block.at.1..]];
    let note = match (block.closed, around.iter().all(|t| t.trim().is_empty())) {
        (_, false) => Some("the text around its code fence was left out"),
        (false, true) => Some("its code fence is not closed"),
        (true, true) => None,
    };
    Some(Taken { code: block.code.clone(), info: block.info.to_owned(), note })
}

/// Code that is the whole text between three backticks on one line.
fn code_span(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("```")?.strip_suffix("```")?;
    (!inner.contains('\n') && !inner.contains('`') && !inner.trim().is_empty()).then_some(inner.trim())
}

/// Whether the info string of a fence names a language, or one of the names by which it goes.
fn is_language(info: &str, language: &str) -> bool {
    const SHORT: [(&str, &str); 8] = [
        ("py", "python"),
        ("python3", "python"),
        ("js", "javascript"),
        ("ts", "typescript"),
        ("rs", "rust"),
        ("c++", "cpp"),
        ("golang", "go"),
        ("sh", "bash"),
    ];
    let long = |name: &str| {
        let name = name.to_ascii_lowercase();
        SHORT.iter().find(|(short, _)| *short == name).map_or(name, |(_, long)| (*long).to_owned())
    };
    info.split_whitespace().next().is_some_and(|name| long(name) == long(language))
}

static FENCED: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?s)```[^\n]*\n(.*?)```").ok());
static MARKED: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?s)```(.*?)```").ok());

/// What DSPy's `Code` makes of a text: what stands between the first marks, without white space around it.
pub(super) fn dspy_filter(text: &str) -> &str {
    let found = [&FENCED, &MARKED].into_iter().find_map(|r| r.as_ref()?.captures(text)?.get(1));
    found.map_or(text, |code| strip(code.as_str()))
}

/// What DSPy's RLM makes of an answer that should be a Python program: fences without a language around the whole are
/// taken off, then the first fenced block is the program, closed or not. The error is the language of another one.
pub(crate) fn python_program(text: &str) -> Result<String, String> {
    let text = strip(text);
    if !text.contains("```") {
        return Ok(text.to_owned());
    }
    let mut lines: Vec<&str> = split_lines(text).collect();
    while let [first, .., last] = lines.as_slice()
        && strip(first) == "```"
        && strip(last) == "```"
    {
        lines.pop();
        lines.remove(0);
    }
    let code = strip(&lines.join("\n")).to_owned();
    let Some((_, opened)) = code.split_once("```") else { return Ok(code) };
    let Some((info, program)) = opened.split_once('\n') else { return Ok(code) };
    let language = info.split_whitespace().next().unwrap_or_default().to_lowercase();
    if !matches!(language.as_str(), "" | "py" | "python" | "python3" | "py3") {
        return Err(language);
    }
    Ok(strip(program.split("```").next().unwrap_or(program)).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Option<(String, Option<&'static str>)> {
        code(text, Some("python"), &ParsePolicy::default()).map(|t| (t.code, t.note))
    }

    #[test]
    fn fences_are_those_of_commonmark() {
        let table = [
            ("```python\nprint(1)\n```", "print(1)"),
            // White space of the code is the code's.
            ("```\n    return x\n\n```", "    return x\n"),
            // A longer fence holds a shorter one, tildes hold backticks, and a line of text closes nothing.
            ("````md\n```\na\n```\n````", "```\na\n```"),
            ("~~~\n```\n~~~", "```"),
            ("```\na\n``` b\n```", "a\n``` b"),
            ("   ```\n   a\n     b\n   ```", "a\n  b"),
            ("```py\r\na\r\nb\r\n```", "a\r\nb"),
            ("x = '''\n    ```\n    a\n    ```\n'''", "x = '''\n    ```\n    a\n    ```\n'''"),
            ("```x = 1```", "x = 1"),
            ("`x`", "`x`"),
            ("```\n```", ""),
        ];
        for (text, code) in table {
            assert_eq!(one(text), Some((code.to_owned(), None)), "{text:?}");
        }
    }

    #[test]
    fn what_is_left_out_is_said_and_what_is_ambiguous_refused() {
        let around = Some("the text around its code fence was left out");
        assert_eq!(one("Here:\n```py\na\n```\nDone."), Some(("a".into(), around)));
        assert_eq!(one("```python\na\n"), Some(("a".into(), Some("its code fence is not closed"))));
        assert_eq!(one("```sh\npip\n```\n```python\na\n```"), Some(("a".into(), around)));
        assert_eq!(one("```\na\n```\nagain\n```\na\n```"), Some(("a".into(), around)));
        assert_eq!(one("```python\na\n```\n```python\nb\n```"), None);
        let first = ParsePolicy::default().without(ParseRule::SeveralFences);
        assert_eq!(code("```\na\n```\n```\nb\n```", None, &first).map(|t| t.code), Some("a".into()));
    }

    #[test]
    fn a_program_of_another_language_is_refused() {
        assert_eq!(python_program("```\n```python\na\n```\n```"), Ok("a".into()));
        assert_eq!(python_program("so:\n```bash\nls\n```"), Err("bash".into()));
    }
}
