//! Images, sounds, files, documents, citations and code, in prompts and out of replies.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use dspex_adapters::{ADAPTERS, ChatAdapter, JsonAdapter};
use dspex_core::lm::{Choice, Message, Part, Role};
use dspex_core::value::{
    Audio, Citation, Citations, Code, Document, File, History, Image, Media, MediaKind, StructValue,
    language::Java,
};
use dspex_core::{
    Adapter, Example, Field, FieldType, ParsePolicy, ParseRule, Record, RenderCall, Signature, Value,
};
use proptest::prelude::*;

fn image(name: &str) -> Value {
    Value::from(Image::from_url(format!("https://x.test/{name}.png")).unwrap())
}

fn record<const N: usize>(fields: [(&str, Value); N]) -> Record {
    fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
}

fn messages(adapter: &dyn Adapter, call: &RenderCall<'_>) -> Vec<Message> {
    adapter.render(call).unwrap().messages
}

fn json(messages: &[Message]) -> Vec<serde_json::Value> {
    messages.iter().map(Message::to_json).collect()
}

/// Inputs with parts in every place where one can stand.
fn inputs() -> Vec<Field> {
    let image = || FieldType::parse("dspy.Image", None).unwrap();
    vec![
        Field::input("one", image()),
        Field::input("many", FieldType::list(image())),
        Field::input("named", FieldType::dict(FieldType::Str, image())),
        Field::input("maybe", FieldType::optional(image())),
        Field::input("model", FieldType::Any),
        Field::input("text", FieldType::Str),
        Field::input("docs", FieldType::parse("list[dspy.Document]", None).unwrap()),
        Field::input("clip", FieldType::parse("dspy.Audio", None).unwrap()),
        Field::input("file", FieldType::parse("dspy.File", None).unwrap()),
        Field::output("answer", FieldType::Str),
    ]
}

fn values(n: &str, text: &str) -> Record {
    let fields = record([("name", "Ann".into()), ("photo", image(&format!("{n}-photo")))]);
    record([
        ("one", image(&format!("{n}-one"))),
        ("many", Value::List(vec![image(&format!("{n}-a")), image(&format!("{n}-b"))])),
        ("named", Record::new().with("k\"é", image(&format!("{n}-k"))).into()),
        ("maybe", Value::None),
        ("model", Value::Struct(StructValue { type_name: "Person".into(), fields })),
        ("text", text.into()),
        ("docs", Value::List(vec![Document::new("a \"text\"\nof é").with_title("T").into()])),
        ("clip", Audio::from_data_uri("data:audio/wav;base64,UklGRg==").unwrap().into()),
        ("file", File::from_bytes(b"%PDF-", None, Some("a.pdf")).into()),
    ])
}

/// The token that holds a part's place, and DSPy's marks, come to the same messages where no text has marks in it.
#[test]
fn parts_are_those_of_dspy() {
    let signature = Signature::new(inputs()).unwrap();
    let now = values("now", "plain \\ \"text\" part-0-0; part-1-");
    let demos = [values("whole", "t").with("maybe", image("maybe")), values("partial", "t")];
    let demos = demos.map(|d| Example::new(d.with("answer", "yes")));
    // DSPy's two-step adapter has no parts.
    for (name, make) in ADAPTERS.iter().filter(|(name, _)| *name != "two_step") {
        let adapter = make(Arc::default());
        let call = RenderCall::new(&signature, &now).demos(&demos);
        let [ours, dspys] = [call.clone(), call.compat()].map(|c| json(&messages(&*adapter, &c)));
        assert_eq!(ours, dspys, "{name}");
    }
    let call = RenderCall::new(&signature, &now).demos(&demos);
    let last = messages(&ChatAdapter::new(), &call).pop().unwrap();
    let found = last.parts.iter().filter(|p| !matches!(p, Part::Text(_))).count();
    assert_eq!(found, 8, "{:#?}", last.parts);
    let Part::Text(between) = &last.parts[2] else { panic!("{:?}", last.parts[2]) };
    assert_eq!(between, "\n\n[[ ## many ## ]]\n[\"", "the lines around a part stay");
}

proptest! {
    /// What an input says never becomes a part, whatever it looks like.
    #[test]
    fn text_is_no_part(text in "(part-|[0-9]|-|;|<<CUSTOM-TYPE-START-IDENTIFIER>>|<<CUSTOM-TYPE-END-IDENTIFIER>>|\\[\\{\"type\": \"text\", \"text\": \"x\"\\}\\]|\"){0,12}") {
        let signature = Signature::parse("image: dspy.Image, text -> answer").unwrap();
        let inputs = record([("image", image("a")), ("text", text.as_str().into())]);
        for (_, make) in ADAPTERS {
            let last = messages(&*make(Arc::default()), &RenderCall::new(&signature, &inputs)).pop().unwrap();
            let parts: Vec<_> = last.parts.iter().filter(|p| !matches!(p, Part::Text(_))).collect();
            prop_assert_eq!(parts.len(), 1);
            prop_assert!(matches!(parts[0], Part::Media(m) if m.kind == MediaKind::Image));
            prop_assert!(last.text().contains(text.trim()), "{}", last.text());
        }
    }

    /// What a demonstration shows reads back as the same value.
    #[test]
    fn outputs_read_back(code in "(```|~~~|`|python|x = 1|\n|    |\"|'|\\{\"code\": \"y\"\\}|null|é|\u{2028}|\r){0,12}", title in "(.|\\PC|[\u{1}-\u{1f}]|\t(o|heta|imes)|\u{c}rac|\u{8}eta|\r(ho|m)|\n(abla|eq)|\\\\){0,6}") {
        let citation = Citation {
            kind: "char_location".into(), cited_text: title.clone(), document_index: 0, document_title: None,
            start_char_index: 0, end_char_index: 5, supported_text: Some(title.clone()),
        };
        let signature = Signature::parse(
            "q -> a: dspy.Code['python'], b: Optional[dspy.Code], c: list[dspy.Code], d: dspy.Image, e: dspy.Audio, \
             f: dspy.File, g: dspy.Document, h: dspy.Citations, i: list[dspy.Image], j: dspy.Reasoning",
        ).unwrap();
        let outputs = record([
            ("a", code.as_str().into()),
            ("b", code.as_str().into()),
            ("c", Value::from(vec![code.as_str(), "y"])),
            ("d", image("d")),
            ("e", Audio::from_bytes(b"RIFF", Some("wav")).unwrap().into()),
            ("f", File::from_bytes(b"%PDF-", None, Some("a.pdf")).into()),
            ("g", Document::new(code.as_str()).with_title(title).into()),
            ("h", Citations(vec![citation]).into()),
            ("i", Value::List(vec![image("i"), Value::Media(Media::from_id(MediaKind::Image, "file-7"))])),
            ("j", "because".into()),
        ]);
        let demos = [Example::new(outputs.clone().with("q", "Q"))];
        let inputs = Record::new().with("q", "Q");
        for adapter in [&ChatAdapter::new() as &dyn Adapter, &JsonAdapter::new()] {
            let written = messages(adapter, &RenderCall::new(&signature, &inputs).demos(&demos))[2].text();
            let read = adapter.parse(&signature, &Choice::text(&written), &ParsePolicy::default());
            prop_assert_eq!(&read.unwrap().fields, &outputs, "{}: {}", adapter.name(), written);
        }
    }
}

fn read(ty: &str, text: &str, policy: &ParsePolicy) -> dspex_core::Result<(Value, Vec<ParseRule>)> {
    let signature = Signature::parse(&format!("q -> a: {ty}")).unwrap();
    let reply = Choice::text(format!("[[ ## a ## ]]\n{text}\n\n[[ ## completed ## ]]"));
    let parsed = ChatAdapter::new().parse(&signature, &reply, policy)?;
    let rules = parsed.notes.iter().map(|n| n.rule).collect();
    Ok((parsed.fields.get("a").unwrap().clone(), rules))
}

#[test]
fn where_dspy_is_wrong_or_gives_up_a_rule_says_what_is_done() {
    let code = |text: &str| Some(Value::from(text));
    let table = [
        // What the model wrote, what it means, what DSPy makes of it, and the rule.
        ("dspy.Code", "\"a\"", code("\"a\""), code("a"), ParseRule::VerbatimText),
        (
            "dspy.Code",
            "x = {\"code\": \"y\"}",
            code("x = {\"code\": \"y\"}"),
            code("y"),
            ParseRule::VerbatimText,
        ),
        ("dspy.Code", "```\n  a\n```", code("  a"), code("a"), ParseRule::FencedCode),
        ("dspy.Code", "~~~\na\n~~~", code("a"), code("~~~\na\n~~~"), ParseRule::FencedCode),
        ("dspy.Code", "```\na\n```\nor\n```\nb\n```", None, code("a"), ParseRule::SeveralFences),
        ("dspy.Image", "https://x.test/a.png", Some(image("a")), None, ParseRule::MediaReference),
        (
            "dspy.Document",
            "see {\"data\": \"x\"}",
            Some(Document::new("see {\"data\": \"x\"}").into()),
            Some(Document::new("x").into()),
            ParseRule::VerbatimText,
        ),
    ];
    for (ty, text, ours, dspys, rule) in table {
        let found = |policy: &ParsePolicy| read(ty, text, policy).ok().map(|(value, _)| value);
        assert_eq!(found(&ParsePolicy::default()), ours, "{text:?}");
        assert_eq!(found(&ParsePolicy::compat()), dspys, "{text:?}");
        assert_ne!(found(&ParsePolicy::default().without(rule)), ours, "{text:?} is read by {}", rule.id());
    }
    let e = read("dspy.Code", "```\na\n```\nor\n```\nb\n```", &ParsePolicy::default()).unwrap_err();
    assert_eq!(e.code(), "ambiguous");
    let (_, rules) = read("dspy.Code", "Here:\n```\na\n```", &ParsePolicy::default()).unwrap();
    assert_eq!(rules, [ParseRule::FencedCode], "what is left out is said");
    assert!(read("dspy.Image", "a cat", &ParsePolicy::default()).is_err());
    assert!(read("dspy.Image", "{\"url\": \"/etc/passwd\"}", &ParsePolicy::default()).is_err());
    assert_eq!(read("Optional[dspy.Code]", "None", &ParsePolicy::default()).unwrap().0, Value::None);
}

/// Providers take images in turns of the user only, so what the model said of one stays text, as in demonstrations.
#[test]
fn a_turn_of_the_model_is_text_and_one_of_the_user_has_its_parts() {
    let signature =
        Signature::parse("photo: dspy.Image, history: dspy.History -> drawn: dspy.Image, answer").unwrap();
    let turn = record([("photo", image("before")), ("drawn", image("drawn")), ("answer", "Fine.".into())]);
    let demos = [Example::new(turn.clone())];
    // Data files have mappings where programs have histories.
    let mapping: Value = Record::new().with("messages", Value::List(vec![turn.clone().into()])).into();
    for history in [Value::History(History::new([turn.clone()])), mapping] {
        let inputs = record([("photo", image("now")), ("history", history)]);
        for (name, make) in ADAPTERS {
            let sent = messages(&*make(Arc::default()), &RenderCall::new(&signature, &inputs).demos(&demos));
            let urls = |m: &Message| {
                let media =
                    m.parts.iter().filter_map(|p| if let Part::Media(m) = p { Some(m) } else { None });
                media.map(|m| Value::Media(m.clone()).to_tagged().to_string()).collect::<Vec<_>>().join(" ")
            };
            let of = |role: Role| sent.iter().filter(|m| m.role == role).collect::<Vec<_>>();
            assert!(of(Role::Assistant).iter().all(|m| matches!(m.parts[..], [Part::Text(_)])), "{name}");
            let shown: Vec<String> = of(Role::User).into_iter().map(urls).collect();
            if *name == "two_step" {
                // Its conversations are an input like others, all of which is the user's.
                assert!(shown.len() == 2 && shown[1].contains("drawn"), "{shown:?}");
            } else {
                assert_eq!(shown.len(), 3, "{name}");
                for (urls, name) in shown.iter().zip(["before", "before", "now"]) {
                    assert!(urls.contains(&format!("/{name}.png")) && !urls.contains("drawn"), "{urls}");
                }
            }
            for turn in of(Role::Assistant) {
                assert!(turn.text().contains("drawn.png"), "{name}: {}", turn.text());
            }
        }
    }
}

#[test]
fn prompts_say_how_code_is_written() {
    let signature = Signature::parse("given: dspy.Code['sql'] -> code: dspy.Code['Java']").unwrap();
    let inputs = Record::new().with("given", "SELECT 1");
    let demos = [Example::new([("given", "SELECT 2"), ("code", "int x;")])];
    let call = RenderCall::new(&signature, &inputs).demos(&demos);
    let written = messages(&ChatAdapter::new(), &call);
    assert!(
        written[0].text().contains("1. `code` (Code_Java); in a fence of ```java\n"),
        "{}",
        written[0].text()
    );
    assert!(written[0].text().contains("1. `given` (Code_sql); sql\n"), "{}", written[0].text());
    assert!(written[2].text().contains("[[ ## code ## ]]\n```java\nint x;\n```\n"), "{}", written[2].text());
    assert!(written[3].text().contains("[[ ## given ## ]]\nSELECT 1\n"), "{}", written[3].text());
    let dspys = messages(&ChatAdapter::new(), &call.compat());
    assert!(dspys[2].text().contains("[[ ## code ## ]]\nint x;\n"), "{}", dspys[2].text());
}

#[test]
fn rust_types_come_through() {
    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct All {
        image: Image,
        clips: Vec<Audio>,
        file: Option<File>,
        document: Document,
        citations: Citations,
        code: Code<Java>,
    }
    let all = All {
        image: Image::from_id("file-7"),
        clips: vec![Audio::from_bytes(b"x", Some("mp3")).unwrap()],
        file: None,
        document: Document::new("a").with_context("c"),
        citations: Citations::default(),
        code: Code::new("int x;"),
    };
    let value = dspex_core::value::to_value(&all).unwrap();
    let Value::Struct(fields) = &value else { panic!("{value:?}") };
    let kinds: Vec<_> = fields.fields.values().map(Value::kind).collect();
    assert_eq!(kinds, ["image", "list", "none", "document", "citations", "str"]);
    assert_eq!(Value::from_tagged(&value.to_tagged()).unwrap(), value);
    assert_eq!(dspex_core::value::from_value::<All>(value).unwrap(), all);
    let text = serde_json::to_string(&all).unwrap();
    assert_eq!(serde_json::from_str::<All>(&text).unwrap(), all, "{text}");
}
