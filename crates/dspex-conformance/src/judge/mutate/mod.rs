//! What models and networks do to replies.

mod reply;

use std::cell::RefCell;

use dspex_core::Random;

use self::reply::{Reply, capital, python, trailing_comma};

/// The share of replies that stay as they were written.
pub(super) const UNTOUCHED: f64 = 0.4;

/// The form of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Any,
    Sections,
    Json,
    Xml,
}

/// A change of a reply.
#[derive(Debug)]
pub struct Mutation {
    /// Its name in reports.
    pub name: &'static str,
    /// Whether the reply says the same as before to everybody who can read it.
    pub keeps: bool,
    form: Form,
    apply: fn(&Reply<'_>) -> Option<String>,
}

/// A change that keeps what the reply says.
const fn same(name: &'static str, form: Form, apply: fn(&Reply<'_>) -> Option<String>) -> Mutation {
    Mutation { name, keeps: true, form, apply }
}

/// A change after which the reply may say something else, or nothing.
const fn other(name: &'static str, form: Form, apply: fn(&Reply<'_>) -> Option<String>) -> Mutation {
    Mutation { name, keeps: false, form, apply }
}

/// All changes.
pub const MUTATIONS: &[Mutation] = &[
    same("prose before", Form::Any, |r| Some(format!("{}\n\n{}", r.one_of(PROSE), r.text))),
    same("blank lines around", Form::Any, |r| Some(format!("\n\n  \n{}\n\n", r.text))),
    same("fence around all", Form::Any, |r| {
        let info = r.one_of(&["", "json", "text", "xml"]);
        Some(format!("```{info}\n{}\n```", r.text.trim_end()))
    }),
    same("marker spacing", Form::Sections, |r| {
        let spelled =
            r.one_of(&["[[##{}##]]", "[[ ##{}## ]]", "[[## {} ##]]", "[[  ##  {}  ##  ]]", "[[ ## {} ##]]"]);
        Some(r.each_marker(|name| spelled.replace("{}", name)))
    }),
    same("marker decoration", Form::Sections, |r| {
        let spelled =
            r.one_of(&["**[[ ## {} ## ]]**", "### [[ ## {} ## ]]", "> [[ ## {} ## ]]", "`[[ ## {} ## ]]`"]);
        Some(r.each_marker(|name| spelled.replace("{}", name)))
    }),
    same("marker case", Form::Sections, |r| {
        let upper = r.below(2) == 0;
        let spell = |name: &str| if upper { name.to_uppercase() } else { capital(name) };
        Some(r.each_marker(|name| format!("[[ ## {} ## ]]", spell(name))))
    }),
    same("marker indented", Form::Sections, |r| Some(r.each_marker(|name| format!("   [[ ## {name} ## ]]")))),
    same("value beside marker", Form::Sections, |r| Some(r.text.replace(" ## ]]\n", " ## ]] "))),
    same("no completed marker", Form::Sections, |r| Some(r.text.replace("[[ ## completed ## ]]", ""))),
    same("prose behind", Form::Sections, |r| Some(format!("{}\n{}", r.text, r.one_of(PROSE)))),
    same("first field repeated", Form::Sections, |r| {
        let end = r.text[2..].find("[[ ## ").map(|i| i + 2)?;
        Some(format!("{}{}", &r.text[..end], r.text))
    }),
    other("marker missing", Form::Sections, |r| {
        let name = r.name()?;
        Some(r.text.replacen(&format!("[[ ## {name} ## ]]\n"), "", 1))
    }),
    other("field twice", Form::Sections, |r| {
        Some(format!("[[ ## {} ## ]]\n{}\n\n{}", r.name()?, r.one_of(WORDS), r.text))
    }),
    other("all on one line", Form::Sections, |r| Some(r.text.replace('\n', " "))),
    other("value in fence", Form::Sections, |r| {
        let info = r.one_of(&["", "json", "python"]);
        r.each_value(|value| format!("```{info}\n{value}\n```"))
    }),
    other("value in quotes", Form::Sections, |r| {
        let quote = r.one_of(&["\"", "'", "`", "**"]);
        r.each_value(|value| format!("{quote}{value}{quote}"))
    }),
    other("value with words", Form::Sections, |r| {
        let spelled =
            r.one_of(&["{}.", "The answer is {}", "{} (I think)", "Answer: {}", "{}\n\nI hope this helps!"]);
        r.each_value(|value| spelled.replace("{}", value))
    }),
    other("another value", Form::Sections, |r| {
        let word = r.one_of(WORDS);
        r.each_value(|_| word.to_owned())
    }),
    other("value in other case", Form::Sections, |r| {
        let upper = r.below(2) == 0;
        r.each_value(|value| if upper { value.to_uppercase() } else { value.to_lowercase() })
    }),
    other("value as Python", Form::Sections, |r| r.each_value(python)),
    other("value cut", Form::Sections, |r| {
        r.each_value(|value| value.chars().take(value.chars().count() / 2).collect())
    }),
    other("trailing comma in value", Form::Sections, |r| r.each_value(trailing_comma)),
    same("key case", Form::Json, |r| {
        let upper = r.below(2) == 0;
        Some(r.each_key(|name| if upper { name.to_uppercase() } else { capital(name) }))
    }),
    same("trailing comma", Form::Json, |r| Some(trailing_comma(r.text))),
    same("comment", Form::Json, |r| {
        let comment = r.one_of(&["// the answer", "# the answer", "/* the answer */"]);
        Some(r.text.replacen("{\n", &format!("{{ {comment}\n"), 1))
    }),
    same("compact", Form::Json, |r| Some(r.text.replace("\n  \"", "\"").replace("\n}", "}"))),
    same("wrapped fields", Form::Json, |r| {
        Some(format!("{{\"{}\": {}}}", r.one_of(&["result", "output", "response", "fields"]), r.text))
    }),
    same("unquoted keys", Form::Json, |r| {
        let mut out = r.text.to_owned();
        r.names
            .iter()
            .for_each(|name| out = out.replace(&format!("\n  \"{name}\":"), &format!("\n  {name}:")));
        Some(out)
    }),
    same("line ends in text", Form::Json, |r| Some(r.text.replace("\\n", "\n"))),
    same("further key", Form::Json, |r| Some(r.text.replacen("{\n", "{\n  \"confidence\": 0.9,\n", 1))),
    same("in a list", Form::Json, |r| Some(format!("[{}]", r.text))),
    other("prose behind JSON", Form::Json, |r| Some(format!("{}\n\n{}", r.text, r.one_of(PROSE)))),
    other("single quotes", Form::Json, |r| Some(r.text.replace('"', "'"))),
    other("smart quotes", Form::Json, |r| {
        let mut open = false;
        let quote = |c| {
            if c != '"' {
                return c;
            }
            open = !open;
            if open { '“' } else { '”' }
        };
        Some(r.text.chars().map(quote).collect())
    }),
    other("as Python", Form::Json, |r| Some(python(r.text))),
    other("commas missing", Form::Json, |r| Some(r.text.replace(",\n", "\n"))),
    other("bracket missing", Form::Json, |r| Some(r.text.trim_end().trim_end_matches('}').to_owned())),
    other("two objects", Form::Json, |r| {
        Some(format!("{{\"{}\": {}}}\n{}", r.name()?, r.one_of(&["1", "\"Lyon\"", "null", "[]"]), r.text))
    }),
    other("key twice", Form::Json, |r| {
        let first = format!("{{\n  \"{}\": {},\n", r.name()?, r.one_of(&["1", "\"Lyon\"", "null", "{}"]));
        Some(r.text.replacen("{\n", &first, 1))
    }),
    other("another value in JSON", Form::Json, |r| {
        let word = r.one_of(&[
            "null", "true", "\"\"", "\"None\"", "1,234", "[]", "{}", "NaN", "0.5", "\"7\"", "\"Yes.\"",
        ]);
        let name = r.name()?;
        let (head, tail) = r.text.split_once(&format!("\n  \"{name}\": "))?;
        let end = tail.find(",\n  \"").or_else(|| tail.rfind("\n}"))?;
        Some(format!("{head}\n  \"{name}\": {word}{}", &tail[end..]))
    }),
    other("sections for JSON", Form::Json, |r| {
        let name = r.name()?;
        Some(format!("[[ ## {name} ## ]]\n{}\n\n[[ ## completed ## ]]", r.one_of(WORDS)))
    }),
    other("backslashes", Form::Json, |r| Some(r.text.replace("\\\\", "\\"))),
    same("prose behind XML", Form::Xml, |r| Some(format!("{}\n\n{}", r.text, r.one_of(PROSE)))),
    same("element around all", Form::Xml, |r| Some(format!("<response>\n{}\n</response>", r.text))),
    other("entities written out", Form::Xml, |r| Some(r.text.replace("&lt;", "<").replace("&amp;", "&"))),
    other("tag case", Form::Xml, |r| {
        let name = r.name()?.to_owned();
        Some(r.text.replace(&format!("{name}>"), &format!("{}>", name.to_uppercase())))
    }),
    other("end tag missing", Form::Xml, |r| {
        let end = format!("</{}>", r.name()?);
        Some(r.text.replacen(&end, "", 1))
    }),
    other("element twice", Form::Xml, |r| {
        let name = r.name()?;
        Some(format!("<{name}>{}</{name}>\n{}", r.one_of(WORDS), r.text))
    }),
    other("element empty", Form::Xml, |r| {
        let name = r.name()?;
        let (head, tail) = r.text.split_once(&format!("<{name}>"))?;
        let (_, tail) = tail.split_once(&format!("</{name}>"))?;
        Some(format!("{head}<{name}>{}</{name}>{tail}", r.one_of(&["", "null", "None", " "])))
    }),
    other("cut", Form::Any, |r| {
        let at = r.below(r.text.chars().count());
        Some(r.text.chars().take(at).collect())
    }),
    other("null words", Form::Any, |r| {
        let word = r.one_of(&["None", "null", "N/A", ""]);
        r.each_value(|_| word.to_owned()).or_else(|| Some(word.to_owned()))
    }),
    other("thoughts before", Form::Any, |r| {
        let name = r.name()?;
        let thought = match r.below(3) {
            0 => "<think>\nI must be careful.\n</think>".to_owned(),
            1 => "I must be careful.\n</think>".to_owned(),
            _ => format!("<think>\nFirst [[ ## {name} ## ]] then {{\"{name}\": 1}}.\n</think>"),
        };
        Some(format!("{thought}\n\n{}", r.text))
    }),
    other("carriage returns", Form::Any, |r| Some(r.text.replace('\n', "\r\n"))),
    other("a character lost", Form::Any, |r| {
        let at = r.below(r.text.chars().count());
        Some(r.text.chars().enumerate().filter(|(i, _)| *i != at).map(|(_, c)| c).collect())
    }),
];

const PROSE: &[&str] = &[
    "Sure! Here is the answer:",
    "Let me think about {this} [carefully].",
    "I hope that helps.",
    "Note: see \"above\" for it's meaning.",
];

const WORDS: &[&str] = &[
    "null",
    "None",
    "",
    "Lyon",
    "42",
    "3.0",
    "1,234",
    "3 apples",
    "true",
    "Yes.",
    "no",
    "[1, 2]",
    "a, b",
    "- a\n- b",
    "{}",
    "{'a': 1}",
    "\"Paris\"",
    "(1, 2)",
    "NaN",
    "2024-01-31",
    "red",
    "RED",
    "Literal[red]",
    "{\"a\": 1} or {\"a\": 2}",
    "$5",
    "1e3",
    "0x1f",
    "1_000",
    "\\frac{1}{2}",
    "100000000000000000000000",
];

/// Makes one change of those for an adapter; none where nothing that was tried changes the reply.
pub(super) fn mutate(
    adapter: &str,
    names: &[String],
    text: &str,
    random: &mut Random,
) -> Option<(&'static Mutation, String)> {
    let form = match adapter {
        "json" | "baml" => Form::Json,
        "xml" => Form::Xml,
        _ => Form::Sections,
    };
    let fitting: Vec<&Mutation> =
        MUTATIONS.iter().filter(|m| m.form == form || m.form == Form::Any).collect();
    for _ in 0..8 {
        let mutation = *fitting.get(random.below(fitting.len()))?;
        let reply = Reply { text, names, random: RefCell::new(&mut *random) };
        if let Some(changed) = (mutation.apply)(&reply).filter(|changed| changed != text) {
            return Some((mutation, changed));
        }
    }
    None
}

/// Whether a value has something in it that a change of the form around it may hit too.
pub(super) fn is_risky(text: &str, names: &[String]) -> bool {
    let mut rest = text.to_owned();
    for name in names.iter().map(String::as_str).chain(["completed"]) {
        for form in [format!("[[ ## {name} ## ]]"), format!("</{name}>"), format!("<{name}>")] {
            rest = rest.replace(&form, "");
        }
    }
    ["##", "[[", "]]", "```", "~~~", "<", "\\", "//", "#", "/*", "{\n"]
        .iter()
        .any(|p| rest[1.min(rest.len())..].contains(p))
}
