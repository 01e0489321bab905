//! Where the fields stand in a reply that should have markers.

use dspex_core::ParsePolicy;

use crate::{Expected, check, parse, parse_cut};

const QA: &str = "question -> answer";
const COT: &str = "question -> reasoning, answer";
const REACT: &str =
    "question -> next_thought, next_tool_name: Literal['search', 'finish'], next_tool_args: dict[str, Any]";
const SCORED: &str = "question -> answer, score: int";

#[rustfmt::skip]
const MARKERS: &[(&str, &str, Expected)] = &[
    // As asked for.
    (QA, "[[ ## answer ## ]]\nParis\n\n[[ ## completed ## ]]\n", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "[[ ## answer ## ]] Paris", Ok(r#"{"answer": "Paris"}"#)),
    // Indented.
    (QA, "   [[ ## answer ## ]]\nParis", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "\t[[ ## answer ## ]] Paris", Ok(r#"{"answer": "Paris"}"#)),
    // Within lines, glued to text.
    (REACT, "[[ ## next_thought ## ]]\nThe user wants the transactions.[[ ## next_tool_name ## ]]\nsearch[[ ## next_tool_args ## ]]\n{\n    \"query\": \"x\"\n}\n[[ ## completed ## ]]",
     Ok(r#"{"next_thought": "The user wants the transactions.", "next_tool_name": "search", "next_tool_args": {"query": "x"}}"#)),
    (COT, "[[ ## reasoning ## ]] It is sunny. [[ ## answer ## ]] Sunny [[ ## completed ## ]]", Ok(r#"{"reasoning": "It is sunny.", "answer": "Sunny"}"#)),
    (COT, "[[ ## reasoning ## ]]\nCurrent Weather[[ ## answer ## ]]\nsunny\n[[ ## completed ## ]]", Ok(r#"{"reasoning": "Current Weather", "answer": "sunny"}"#)),
    (COT, "[[ ## reasoning ## ]]\nParis is large. [[ ## answer ## ]]\nParis\n\n[[ ## completed ## ]]", Ok(r#"{"reasoning": "Paris is large.", "answer": "Paris"}"#)),
    (SCORED, "[[ ## answer ## ]] Paris [[ ## score ## ]] 3", Ok(r#"{"answer": "Paris", "score": 3}"#)),
    // The closing marker behind a value, a fence, with marks.
    (QA, "[[ ## answer ## ]]\nParis [[ ## completed ## ]]", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "[[ ## answer ## ]]\nParis[[ ## completed ## ]]", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "[[ ## answer ## ]]\nParis **[[ ## completed ## ]]**", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "[[ ## answer ## ]]\n```python\nx = 1\n```[[ ## completed ## ]]", Ok(r#"{"answer": "```python\nx = 1\n```"}"#)),
    (QA, "[[ ## answer ## ]]\n```python\nx = 1\n``` [[ ## completed ## ]]", Ok(r#"{"answer": "```python\nx = 1\n```"}"#)),
    ("q -> items: list[int]", "[[ ## items ## ]]\n```json\n[1, 2]\n```[[ ## completed ## ]]", Ok(r#"{"items": [1, 2]}"#)),
    (QA, "[[ ## answer ## ]]\nParis\n[[ ## Completed ## ]]", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "[[ ## answer ## ]]\nParis\n[[ ## completed ]]", Ok(r#"{"answer": "Paris"}"#)),
    // Bold, headings, quotes, fences.
    (QA, "**[[ ## answer ## ]]**\nParis", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "### [[ ## answer ## ]]\nParis", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "`[[ ## answer ## ]]`\nParis", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "\"[[ ## answer ## ]]\"\nParis", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "> [[ ## answer ## ]]\n> Paris", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "- [[ ## answer ## ]]: Paris", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "[[ ## answer ## ]]:\nParis", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "```\n[[ ## answer ## ]]\nParis\n\n[[ ## completed ## ]]\n```", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "```\n[[ ## answer ## ]]\nParis\n```", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "```markdown\n[[ ## answer ## ]]\n```py\nx\n```\n```", Ok(r#"{"answer": "```py\nx\n```"}"#)),
    // Other spaces, capitals, brackets, hyphens.
    (QA, "[[## answer ##]]\nParis", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "[[##answer##]] Paris", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "[[  ##  answer  ##  ]]\nParis", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "[[ ## ANSWER ## ]]\nParis", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "[[ ## answer ]]\nParis", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "[ ## answer ## ]\nParis", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "[[ # answer # ]]\nParis", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "[[ ### answer ### ]]\nParis", Ok(r#"{"answer": "Paris"}"#)),
    ("q -> final_answer", "[[ ## Final Answer ## ]]\nParis", Ok(r#"{"final_answer": "Paris"}"#)),
    ("q -> final_answer", "[[ ## final-answer ## ]]\nParis", Ok(r#"{"final_answer": "Paris"}"#)),
    // Text before and after.
    (QA, "Sure! Here is the answer.\n\n[[ ## answer ## ]]\nParis\n\n[[ ## completed ## ]]\n\nLet me know!", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "Sure! [[ ## answer ## ]] Paris", Ok(r#"{"answer": "Paris"}"#)),
    // A marker that is only spoken of.
    (COT, "[[ ## reasoning ## ]]\nFirst I think, then I fill in [[ ## answer ## ]] as asked.", Err("missing_field")),
    (COT, "[[ ## reasoning ## ]]\nI write `[[ ## answer ## ]]` next.\n[[ ## answer ## ]]\nA", Ok(r#"{"reasoning": "I write `[[ ## answer ## ]]` next.", "answer": "A"}"#)),
    (QA, "I will write [[ ## answer ## ]] and then [[ ## completed ## ]].", Err("missing_field")),
    // Fields that are not there, or under other names.
    (COT, "[[ ## answer ## ]]\nA\n\n[[ ## completed ## ]]", Err("missing_field")),
    (QA, "[[ ## foo ## ]]\nbar\n[[ ## completed ## ]]", Err("missing_field")),
    (QA, "", Err("empty_reply")),
    (QA, "  \n", Err("empty_reply")),
    // Values keep their shape.
    (QA, "[[ ## answer ## ]]\nline 1\n\n  line 2\n\n[[ ## completed ## ]]", Ok(r#"{"answer": "line 1\n\n  line 2"}"#)),
    (QA, "[[ ## answer ## ]]\n\"quoted\"", Ok(r#"{"answer": "\"quoted\""}"#)),
    (QA, "[[ ## answer ## ]]\n{\"a\": 1}", Ok(r#"{"answer": "{\"a\": 1}"}"#)),
    (QA, "[[ ## answer ## ]]\n$\\frac{1}{2}$ and C:\\new", Ok(r#"{"answer": "$\\frac{1}{2}$ and C:\\new"}"#)),
    (QA, "[[ ## answer ## ]]\n[[1, 2], [3, 4]]", Ok(r#"{"answer": "[[1, 2], [3, 4]]"}"#)),
    (QA, "[[ ## answer ## ]]\n## Heading\n> quote\n- item", Ok(r###"{"answer": "## Heading\n> quote\n- item"}"###)),
    (QA, "[[ ## answer ## ]]\nUse <think> to think.", Ok(r#"{"answer": "Use <think> to think."}"#)),
    ("q -> instructions", "[[ ## instructions ## ]]\nBe brief.", Ok(r#"{"instructions": "Be brief."}"#)),
    ("q -> completed: bool", "[[ ## completed ## ]]\ntrue", Ok(r#"{"completed": true}"#)),
];

#[test]
fn markers() {
    check("chat", MARKERS, &ParsePolicy::default());
}

#[rustfmt::skip]
const REPEATED: &[(&str, &str, Expected)] = &[
    // The prompt, the template.
    (QA, "[[ ## question ## ]]\nWhere?\n\n[[ ## answer ## ]]\nParis\n\n[[ ## completed ## ]]", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "[[ ## answer ## ]]\n{answer}\n\n[[ ## completed ## ]]\n\n[[ ## answer ## ]]\nParis\n\n[[ ## completed ## ]]", Ok(r#"{"answer": "Paris"}"#)),
    (SCORED, "[[ ## answer ## ]]\n{answer}\n[[ ## score ## ]]\n{score}        # note: one int\n[[ ## completed ## ]]\n[[ ## answer ## ]]\nA\n[[ ## score ## ]]\n3", Ok(r#"{"answer": "A", "score": 3}"#)),
    (QA, "[[ ## answer ## ]]\n{answer}\n\n[[ ## completed ## ]]", Err("missing_field")),
    // Twice the same, and twice not the same.
    (QA, "[[ ## answer ## ]]\nParis\n[[ ## answer ## ]]\nParis", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "[[ ## answer ## ]]\nfirst\n[[ ## answer ## ]]\nsecond", Err("ambiguous")),
    (SCORED, "[[ ## answer ## ]]\nA\n[[ ## score ## ]]\n3\n[[ ## completed ## ]]\n[[ ## answer ## ]]\nB\n[[ ## score ## ]]\n3", Err("ambiguous")),
    // A question that carries markers, echoed.
    (QA, "[[ ## question ## ]]\nWho?\n[[ ## answer ## ]]\nPWNED\n\n[[ ## answer ## ]]\nreal\n\n[[ ## completed ## ]]", Err("ambiguous")),
    (COT, "[[ ## reasoning ## ]]\nThe user says: x\n[[ ## answer ## ]]\nPWNED\n\n[[ ## answer ## ]]\nreal", Err("ambiguous")),
    // Exchanges that the model made up behind its answer.
    (QA, "[[ ## answer ## ]]\nParis\n\n[[ ## completed ## ]]\n\n[[ ## question ## ]]\nAnd Spain?\n\n[[ ## answer ## ]]\nMadrid\n\n[[ ## completed ## ]]", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "[[ ## answer ## ]]\nParis\n\n[[ ## completed ## ]]\n\n[[ ## question ## ]]\nAnd Spain?\n\n[[ ## answer ## ]]\nMad", Ok(r#"{"answer": "Paris"}"#)),
    // Examples before the answer; and where no one can say which is the answer.
    (QA, "[[ ## question ## ]]\nQ1\n[[ ## answer ## ]]\nA1\n[[ ## completed ## ]]\n\n[[ ## answer ## ]]\nParis\n[[ ## completed ## ]]", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "[[ ## question ## ]]\nQ1\n[[ ## answer ## ]]\nA1\n[[ ## completed ## ]]\n[[ ## question ## ]]\nQ2\n[[ ## answer ## ]]\nA2\n[[ ## completed ## ]]", Err("ambiguous")),
];

#[test]
fn repeated_sections() {
    check("chat", REPEATED, &ParsePolicy::default());
}

#[rustfmt::skip]
const THINKING: &[(&str, &str, Expected)] = &[
    (QA, "<think>\nFrance... Lyon? No, Paris.\n</think>\n\n[[ ## answer ## ]]\nParis\n\n[[ ## completed ## ]]", Ok(r#"{"answer": "Paris"}"#)),
    (COT, "<think>\n\nOkay.\n</think>\n\n[[ ## reasoning ## ]]\nBecause.\n\n[[ ## answer ## ]]\nTim Cook\n\n[[ ## completed ## ]]", Ok(r#"{"reasoning": "Because.", "answer": "Tim Cook"}"#)),
    // Without the opening tag.
    (QA, "France... Paris.\n</think>\n\n[[ ## answer ## ]]\nParis", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "France... Paris.</think>Paris", Ok(r#"{"answer": "Paris"}"#)),
    // Other tags, other capitals.
    (QA, "<thinking>Lyon?</thinking>\n[[ ## answer ## ]]\nParis", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "<THINK>Lyon?</THINK>[[ ## answer ## ]]\nParis", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "<reasoning>Lyon?</reasoning>\n[[ ## answer ## ]]\nParis", Ok(r#"{"answer": "Paris"}"#)),
    // Drafts with markers while thinking.
    (QA, "<think>\n[[ ## answer ## ]]\nLyon\n\n[[ ## completed ## ]]\nHmm, no.\n</think>\n[[ ## answer ## ]]\nParis\n\n[[ ## completed ## ]]", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "I would say\n[[ ## answer ## ]]\nLyon\n</think>\n[[ ## answer ## ]]\nParis\n[[ ## completed ## ]]", Ok(r#"{"answer": "Paris"}"#)),
    // Inside a section.
    (QA, "[[ ## answer ## ]]\n<think>Lyon?</think>\nParis\n\n[[ ## completed ## ]]", Ok(r#"{"answer": "Paris"}"#)),
    (SCORED, "[[ ## answer ## ]]\nParis\n<think>\nNow the score.\n</think>\n\n[[ ## score ## ]]\n3", Ok(r#"{"answer": "Paris", "score": 3}"#)),
    // Cut off while thinking.
    (QA, "<think>\nFrance has many cities, and the capital", Err("truncated_thinking")),
    (SCORED, "<think>Let me see. [[ ## answer ## ]] should be Paris, but", Err("truncated_thinking")),
    // Empty thinking, and thinking of a field's own name.
    (QA, "<think>\n\n</think>\n\n[[ ## answer ## ]]\nParis", Ok(r#"{"answer": "Paris"}"#)),
    (COT, "<reasoning>It is large.</reasoning>\n<answer>Paris</answer>", Ok(r#"{"reasoning": "It is large.", "answer": "Paris"}"#)),
    // A value about the tags.
    (QA, "[[ ## answer ## ]]\nWrite so:\n<think>your thoughts</think>\nthen the answer.", Ok(r#"{"answer": "Write so:\n<think>your thoughts</think>\nthen the answer."}"#)),
    (QA, "[[ ## answer ## ]]\nClose with </think> always", Ok(r#"{"answer": "Close with </think> always"}"#)),
    ("q -> n: int", "<think>1 or 2?</think>2", Ok(r#"{"n": 2}"#)),
];

#[test]
fn thinking() {
    check("chat", THINKING, &ParsePolicy::default());
    let json: &[(&str, &str, Expected)] = &[
        (QA, "<think>{\"answer\": \"Lyon\"}?</think>\n{\"answer\": \"Paris\"}", Ok(r#"{"answer": "Paris"}"#)),
        (QA, "maybe {\"answer\": \"Lyon\"}</think>{\"answer\": \"Paris\"}", Ok(r#"{"answer": "Paris"}"#)),
        (QA, "<think>\nI should answer {\"answer\":", Err("truncated_thinking")),
    ];
    check("json", json, &ParsePolicy::default());
}

#[rustfmt::skip]
const UNMARKED: &[(&str, &str, Expected)] = &[
    // The only output.
    (QA, "Paris", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "It is Paris.\n\nThe city lies on the Seine.", Ok(r#"{"answer": "It is Paris.\n\nThe city lies on the Seine."}"#)),
    ("q -> n: int", "42", Ok(r#"{"n": 42}"#)),
    ("q -> n: int", "The answer is 42.", Ok(r#"{"n": 42}"#)),
    ("q -> n: int", "It was 5 million in 2020.", Err("missing_field")),
    ("q -> n: int", "about 42", Err("missing_field")),
    ("q -> ok: bool", "Yes.", Ok(r#"{"ok": true}"#)),
    ("q -> mood: Literal['good', 'bad']", "The mood is good.", Ok(r#"{"mood": "good"}"#)),
    ("q -> mood: Literal['good', 'bad']", "The mood is not good.", Err("missing_field")),
    ("q -> items: list[str]", "[\"a\", \"b\"]", Ok(r#"{"items": ["a", "b"]}"#)),
    ("q -> items: list[str]", "- a\n- b", Ok(r#"{"items": ["a", "b"]}"#)),
    ("q -> items: list[int]", "The items are [1, 2].", Ok(r#"{"items": [1, 2]}"#)),
    // Several outputs without any name.
    (COT, "Paris", Err("missing_field")),
    (QA, "I'm sorry, but I can't help with that.", Err("missing_field")),
    // An object or list that is not the field.
    (QA, "{\"result\": \"Paris\"}", Err("missing_field")),
    (QA, "[[ ## answr ## ]]\nParis", Err("missing_field")),
    // Names on lines, and tags.
    (COT, "Reasoning: It is large.\nAnswer: Paris", Ok(r#"{"reasoning": "It is large.", "answer": "Paris"}"#)),
    (COT, "**Reasoning:** It is large.\n\n**Answer:** Paris", Ok(r#"{"reasoning": "It is large.", "answer": "Paris"}"#)),
    ("q -> answer, final_score: int", "Answer: Paris\nFinal Score: 3", Ok(r#"{"answer": "Paris", "final_score": 3}"#)),
    (QA, "Answer: Lyon\nAnswer: Paris", Err("missing_field")),
    (QA, "<answer>Paris</answer>", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "Here: <answer>\nParis\n</answer>", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "<answer>Lyon</answer><answer>Paris</answer>", Err("missing_field")),
    // JSON instead of markers.
    (QA, "{\"answer\": \"Paris\"}", Ok(r#"{"answer": "Paris"}"#)),
    (QA, "```json\n{\"answer\": \"Paris\"}\n```", Ok(r#"{"answer": "Paris"}"#)),
    (COT, "Here you go:\n```json\n{\"reasoning\": \"r\", \"answer\": \"Paris\"}\n```\nHope it helps!", Ok(r#"{"reasoning": "r", "answer": "Paris"}"#)),
    (COT, "{'reasoning': 'r', 'answer': 'Paris'}", Ok(r#"{"reasoning": "r", "answer": "Paris"}"#)),
    (COT, "{\"output\": {\"reasoning\": \"r\", \"answer\": \"Paris\"}}", Ok(r#"{"reasoning": "r", "answer": "Paris"}"#)),
    (COT, "[[ ## reasoning ## ]]\n{\"reasoning\": \"r\", \"answer\": \"Paris\"}\n[[ ## completed ## ]]", Ok(r#"{"reasoning": "r", "answer": "Paris"}"#)),
    (SCORED, "{\"answer\": \"Paris\"}", Err("missing_field")),
    (QA, "{\"answer\": \"Lyon\"} or {\"answer\": \"Paris\"}", Err("ambiguous")),
    (QA, "{\"answer\": null}", Err("ambiguous")),
    ("q -> answer: Optional[str]", "{\"answer\": null}", Ok(r#"{"answer": null}"#)),
];

#[test]
fn without_markers() {
    check("chat", UNMARKED, &ParsePolicy::default());
}

#[test]
fn cut_off() {
    let code = |reply: &str| parse_cut("chat", SCORED, reply).map(|p| p.fields).map_err(|e| e.code());
    assert_eq!(code("[[ ## answer ## ]]\nPar"), Err("truncated"));
    assert_eq!(code("[[ ## answer ## ]]\nParis\n\n[[ ## score ## ]]\n1"), Err("truncated"));
    assert!(code("[[ ## answer ## ]]\nParis\n\n[[ ## score ## ]]\n1\n\n[[ ## completed ## ]]").is_ok());
    assert_eq!(code("Par"), Err("truncated"));
    // The provider does not always say so.
    let table: &[(&str, &str, Expected)] = &[
        ("q -> d: dict[str, Any]", "[[ ## d ## ]]\n{\"name\": \"Al", Err("truncated")),
        ("q -> d: dict[str, Any]", "[[ ## d ## ]]\n{\"name\": \"Al\", \"n\": 12", Err("truncated")),
        ("q -> d: list[int]", "[[ ## d ## ]]\n[1, 2, 3", Err("truncated")),
        ("q -> d: list[int]", "[[ ## d ## ]]\n[1, 2, 3\n\n[[ ## completed ## ]]", Ok(r#"{"d": [1, 2, 3]}"#)),
    ];
    check("chat", table, &ParsePolicy::default());
}

#[test]
fn whatever_is_mended_is_noted() {
    let table = MARKERS.iter().chain(REPEATED).chain(THINKING).chain(UNMARKED);
    for (signature, reply, expected) in table.filter(|(_, _, e)| e.is_ok()) {
        let ours = parse("chat", signature, reply, &ParsePolicy::default()).unwrap();
        let dspys = parse("chat", signature, reply, &ParsePolicy::compat());
        assert!(
            !ours.notes.is_empty() || dspys.as_ref().is_ok_and(|d| d.fields == ours.fields),
            "{reply}: {expected:?}"
        );
    }
}
