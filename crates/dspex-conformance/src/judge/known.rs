//! Differences from DSPy that are known and stay, each with its reason.

use dspex_core::value::StructValue;
use dspex_core::{ParsePolicy, ParseRule, Record, Value};

use super::Case;
use super::verdict::Fault;

/// A difference that does not fail the judge; it is counted by its name.
#[derive(Clone, Copy, Debug)]
pub struct KnownDifference {
    /// Its name in reports.
    pub name: &'static str,
    /// Why it is there.
    pub reason: &'static str,
    is: fn(&Sides<'_>) -> bool,
}

/// What both sides made of a case.
pub(super) struct Sides<'a> {
    pub(super) case: &'a Case,
    pub(super) fault: Fault,
    pub(super) dspy: &'a Result<Record, String>,
}

/// All of them. The first that fits counts.
pub const KNOWN: &[KnownDifference] = &[
    KnownDifference {
        name: "line ends stay",
        reason: "rule line_ends: the reply has other line ends than were written, and they stay as the reply has them",
        is: |s| by_rule(s, ParseRule::LineEnds),
    },
    KnownDifference {
        name: "a closing marker in a value",
        reason: "rules completed_inline and header_decoration: text that ends in the closing marker cannot be told from a value before it",
        is: |s| by_rule(s, ParseRule::CompletedInline) || by_rule(s, ParseRule::HeaderDecoration),
    },
    KnownDifference {
        name: "a thinking tag in a value",
        reason: "rule think_block: a closing tag is taken for the end of thoughts, also within a string of JSON that is not sound",
        is: |s| by_rule(s, ParseRule::ThinkBlock),
    },
    KnownDifference {
        name: "a fence that CommonMark does not see",
        reason: "rule fenced_code: words before or behind the backticks on their line make no fence, and the text is all code",
        is: |s| by_rule(s, ParseRule::FencedCode),
    },
    KnownDifference {
        name: "a document in broken JSON",
        reason: "rule verbatim_text: only JSON without faults is read as a document or as code; other text stays text",
        is: |s| by_rule(s, ParseRule::VerbatimText),
    },
    KnownDifference {
        name: "the word null for optional text",
        reason: "rule null_text: `null` and `None` are nothing where nothing is allowed",
        is: |s| by_rule(s, ParseRule::NullText),
    },
    KnownDifference {
        name: "an object in sections",
        reason: "rule section_reply: sections with all fields are the reply; DSPy takes an object in one of them for it, and a default for the field",
        is: |s| s.fault == Fault::Lost && left_out_by_dspy(s),
    },
    KnownDifference {
        name: "several of these rules",
        reason: "a reply in which more than one of the rules above applies",
        is: |s| by_rules(s, RULES),
    },
    KnownDifference {
        name: "kinds and edges in elements",
        reason: "elements hold text: without a type, no number, no list and no other kind can be told from it, nor can blanks around it",
        is: |s| s.fault == Fault::SilentlyWrong && s.case.adapter == "xml" && same_in_elements(s.case),
    },
];

/// Whether the default gives what was written but for what an element cannot say.
fn same_in_elements(case: &Case) -> bool {
    let plain = |fields: &Record| fields.iter().map(|(_, v)| in_elements(v)).collect::<Vec<_>>();
    let read = case.read(&ParsePolicy::default());
    read.is_ok_and(|p| p.fields.len() == case.truth.len() && plain(&p.fields) == plain(&case.truth))
}

/// A value as elements have it: items, members and text without a kind.
fn in_elements(value: &Value) -> Value {
    let items = |items: &[Value]| items.iter().map(in_elements).collect();
    match value {
        // Nothing is in all of these, and items without a type are members of one name.
        Value::List(v) | Value::Tuple(v) | Value::Set(v) | Value::FrozenSet(v) if v.is_empty() => {
            Value::from("")
        }
        Value::Tuple(v) => Value::Tuple(items(v)),
        Value::Set(v) => Value::Set(items(v)),
        Value::FrozenSet(v) => Value::FrozenSet(items(v)),
        Value::List(v) => Value::List(items(v)),
        Value::Dict(members) if members.is_empty() => Value::from(""),
        Value::Dict(members) if members.len() == 1 && members.get_str("item").is_some() => {
            match members.get_str("item") {
                Some(Value::List(v)) => Value::List(items(v)),
                item => Value::List(item.map(in_elements).into_iter().collect()),
            }
        }
        Value::Dict(members) => {
            Value::Dict(members.iter().map(|(k, v)| (in_elements(k), in_elements(v))).collect())
        }
        Value::Struct(s) => {
            let fields = s.fields.iter().map(|(k, v)| (k, in_elements(v))).collect();
            Value::Struct(StructValue { type_name: s.type_name.clone(), fields })
        }
        Value::None => Value::from(""),
        Value::Str(text) => text.trim().into(),
        Value::Bytes(bytes) => Value::Bytes(bytes.trim_ascii().to_vec()),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
            value.to_text().map_or_else(|_| value.clone(), Value::from)
        }
        other => other.clone(),
    }
}

/// The name of the first difference that this is.
pub(super) fn explain(sides: &Sides<'_>) -> Option<&'static str> {
    KNOWN.iter().find(|k| (k.is)(sides)).map(|k| k.name)
}

/// Whether sections were read where DSPy has nothing for the fields in them.
fn left_out_by_dspy(sides: &Sides<'_>) -> bool {
    let (Ok(ours), Ok(dspy)) = (sides.case.read(&ParsePolicy::default()), sides.dspy) else { return false };
    let nothing = |(name, value): (&str, &Value)| {
        dspy.get(name) == Some(value) || dspy.get(name).is_some_and(Value::is_none)
    };
    ours.notes.iter().any(|n| n.rule == ParseRule::SectionReply) && ours.fields.iter().all(nothing)
}

/// The rules that are reasons by themselves.
const RULES: &[ParseRule] = &[
    ParseRule::LineEnds,
    ParseRule::CompletedInline,
    ParseRule::HeaderDecoration,
    ParseRule::ThinkBlock,
    ParseRule::FencedCode,
    ParseRule::VerbatimText,
    ParseRule::NullText,
];

/// Whether the default gives another value than DSPy, and gives DSPy's without this rule.
fn by_rule(sides: &Sides<'_>, rule: ParseRule) -> bool {
    by_rules(sides, &[rule])
}

/// The same of several rules together.
fn by_rules(sides: &Sides<'_>, rules: &[ParseRule]) -> bool {
    let policy = || rules.iter().fold(ParsePolicy::default(), |policy, rule| policy.without(*rule));
    let without = || sides.case.read(&policy()).ok();
    sides.fault == Fault::Lost && without().is_some_and(|p| sides.dspy.as_ref() == Ok(&p.fields))
}
