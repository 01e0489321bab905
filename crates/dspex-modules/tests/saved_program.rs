//! Saved programs: what comes back, what is refused, and what is never written.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::sync::Arc;

use dspex_core::lm::{LanguageModel, Options};
use dspex_core::{
    Context, Example, Fallback, Field, FieldType, Leaf, Parameters, ParsePolicy, ParseRule, Program, Result,
    Signature, visit,
};
use dspex_modules::{ChainOfThought, LmSettings, Predict, SaveLoad, SavedProgram};
use dspex_testkit::ScriptedLm;
use proptest::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
struct Person {
    name: String,
    born: Option<i32>,
}

/// Find the people.
#[derive(Signature)]
struct People {
    #[input]
    text: String,
    #[input]
    at: (i32, i32),
    #[output]
    people: Vec<Person>,
    /// how many
    #[output]
    count: u32,
}

#[derive(Clone, Parameters)]
struct Two {
    find: Predict<People>,
    rate: ChainOfThought,
}

fn two() -> Two {
    Two { find: Predict::new(), rate: ChainOfThought::parse("text -> stars: int").unwrap() }
}

fn taught() -> Two {
    let ann = Person { name: "Ann".into(), born: Some(1990) };
    let demo = People { text: "Ann".into(), at: (1, 2), people: vec![ann], count: 1 };
    let partial = Example::new([("text", "fine")]).with("stars", 4).with("augmented", true);
    Two {
        find: Predict::new().with_demos([demo]).unwrap().with_instructions("Look closely."),
        rate: ChainOfThought::parse("text -> stars: int").unwrap().with_demos([partial]).unwrap(),
    }
}

fn one() -> Predict {
    Predict::parse("question -> answer").unwrap()
}

fn parse(file: &Json) -> Result<SavedProgram> {
    SavedProgram::parse("p.json", &file.to_string())
}

/// A state as DSPy writes it, with fields of default labels and descriptions.
fn state(fields: &[&str]) -> Json {
    let field = |f: &&str| json!({"prefix": format!("{}:", dspex_core::infer_prefix(f)), "description": format!("${{{f}}}")});
    let fields: Vec<Json> = fields.iter().map(field).collect();
    json!({"traces": [], "train": [], "demos": [], "signature": {"instructions": "Do it.", "fields": fields}, "lm": null})
}

fn fault(file: &Json, program: &(impl Program + Clone)) -> String {
    parse(file).unwrap().apply(program).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn a_typed_and_a_dynamic_program_come_back_whole() {
    let text = SavedProgram::of(&taught()).unwrap().to_json();
    let loaded = SavedProgram::parse("p.json", &text).unwrap().apply(&two()).unwrap();
    assert_eq!(loaded.state(), taught().state());
    // DSPy sees plain values.
    let file: Json = serde_json::from_str(&text).unwrap();
    let demo = json!({"text": "Ann", "at": [1, 2], "people": [{"name": "Ann", "born": 1990}], "count": 1});
    assert_eq!(file["find"]["demos"], json!([demo]));
    assert_eq!(file["rate.predict"]["demos"], json!([{"text": "fine", "stars": 4, "augmented": true}]));
    // The same text comes of what was read.
    assert_eq!(SavedProgram::parse("p.json", &text).unwrap().to_json(), text);
}

#[test]
fn the_key_says_what_dspys_keys_do_not() {
    let json = dspex_adapters::by_name("json").unwrap();
    let policy = ParsePolicy::default().without(ParseRule::NullText);
    let fallbacks = [Fallback::ShowError(2), Fallback::Extract];
    let ctx = Context::new(ScriptedLm::always("x"))
        .with_shared_adapter(json)
        .with_policy(policy.clone())
        .with_fallbacks(fallbacks);
    let saved = SavedProgram::of(&two()).unwrap().with_context(&ctx);
    let file: Json = serde_json::from_str(&saved.to_json()).unwrap();
    let facts = &file["dspex"];
    assert_eq!(facts["format"], 1);
    assert_eq!((&facts["adapter"], &facts["wording"]), (&json!("json"), &json!("dspex-1")));
    assert_eq!(facts["policy"], json!({"compat": false, "without": ["null_text"]}));
    assert_eq!(facts["fallbacks"], json!(["retry:2", "extract"]));
    let find = &facts["predictors"]["find"];
    assert_eq!(find["inputs"][0], json!({"name": "text", "type": "str"}));
    assert_eq!(find["outputs"][0]["type"], "list[Person]");
    assert!(find["outputs"][0]["schema"].to_string().contains("born"));

    let plain = Context::new(ScriptedLm::always("x"));
    let again = parse(&file).unwrap().context(&plain).unwrap();
    assert_eq!(again.adapter().unwrap().name(), "json");
    assert_eq!(again.policy(), &policy);
    assert_eq!(again.fallbacks(), fallbacks);
    let mut odd = file.clone();
    odd["dspex"]["fallbacks"] = json!(["of_the_future"]);
    let e = parse(&odd).unwrap().context(&plain).unwrap_err();
    assert!(e.to_string().contains("found `of_the_future`"), "{e}");
    // Nothing is claimed of a run that is not known.
    let unknown = SavedProgram::of(&two()).unwrap();
    assert!(unknown.context(&plain).unwrap().adapter().is_none());
}

#[test]
fn another_wording_and_an_unknown_rule_are_refused() {
    let ctx = Context::new(ScriptedLm::always("x"));
    let mut file: Json =
        serde_json::from_str(&SavedProgram::of(&one()).unwrap().with_context(&ctx).to_json()).unwrap();
    file["dspex"]["wording"] = json!("dspy-3.4.1");
    let e = parse(&file).unwrap().context(&ctx).unwrap_err();
    assert_eq!(
        e.to_string(),
        "p.json: expected the wording `dspy-3.4.1` of the adapter `chat`, found `dspex-1`"
    );
    file["dspex"]["wording"] = json!("dspex-1");
    file["dspex"]["policy"] = json!({"compat": false, "without": ["of_the_future"]});
    let e = parse(&file).unwrap().context(&ctx).unwrap_err();
    assert!(e.to_string().contains("found `of_the_future`"), "{e}");
}

#[test]
fn a_file_of_another_program_names_each_predictor_and_field() {
    let ours = |program: &Two| -> Json {
        serde_json::from_str(&SavedProgram::of(program).unwrap().to_json()).unwrap()
    };
    let file = ours(&two());
    assert_eq!(
        fault(&file, &one()),
        "p.json: `self`: expected its state, found none; the file has `find`, `rate.predict`; \
         `find`: expected one of `self`, found this path; `rate.predict`: expected one of `self`, found this path"
    );
    let other = |signature: &str| Two { rate: ChainOfThought::parse(signature).unwrap(), ..two() };
    let table = [
        (
            "text -> stars: float",
            "`rate.predict`: expected the field `stars` of type float, found one of type int",
        ),
        (
            "review -> stars: int",
            "`rate.predict`: expected the input `review`, found none; \
             `rate.predict`: expected no input `text`, found one",
        ),
        ("text -> stars: int, why", "`rate.predict`: expected the output `why`, found none"),
    ];
    for (signature, message) in table {
        assert_eq!(fault(&file, &other(signature)), format!("p.json: {message}"));
    }
    // Another struct of the same name is another type.
    let field = |ty| Signature::new([Field::input("a", FieldType::Str), Field::output("b", ty)]).unwrap();
    let named = |members: &[(&str, i32)]| {
        let members = members.iter().map(|(n, v)| ((*n).to_owned(), (*v).into())).collect();
        field(FieldType::Enum(Arc::new(dspex_core::types::EnumType {
            name: "Level".into(),
            members,
            integer: false,
        })))
    };
    let saved = SavedProgram::of(&Predict::from_signature(named(&[("LOW", 1)]))).unwrap();
    let e = saved.apply(&Predict::from_signature(named(&[("LOW", 2)]))).unwrap_err();
    assert!(e.to_string().contains("expected the field `b` of type Level as it is in the program"), "{e}");
    assert!(saved.apply(&Predict::from_signature(named(&[("LOW", 1)]))).is_ok());
}

#[test]
fn a_file_of_dspy_tells_its_fields_by_what_nobody_changed() {
    let table = [
        (
            state(&["question"]),
            "expected the 2 fields of `question -> answer`, found 1; `self`: expected the field `answer`, found none",
        ),
        (
            state(&["question", "context", "answer"]),
            "expected the 2 fields of `question -> answer`, found 3; `self`: expected no field `context`, found one",
        ),
        (state(&["q", "answer"]), "expected the field `question`, found `q`"),
        (
            state(&["answer", "question"]),
            "expected the field `question`, found `answer`; `self`: expected the field `answer`, found `question`",
        ),
    ];
    for (file, message) in table {
        assert_eq!(fault(&file, &one()), format!("p.json: `self`: {message}"));
    }
    // Labels and descriptions that were tuned are no other fields.
    let mut file = state(&["question", "answer"]);
    file["signature"]["fields"][1] = json!({"prefix": "In one word:", "description": "short"});
    assert_eq!(parse(&file).unwrap().apply(&one()).unwrap().signature().outputs()[0].prefix, "In one word:");
    // The label of a field that demonstrations have and the program has not is another field.
    file["signature"]["fields"][1]["prefix"] = json!("Final Score:");
    assert!(parse(&file).unwrap().apply(&one()).is_ok());
    file["demos"] = json!([{"question": "Q", "final_score": 1}]);
    assert_eq!(fault(&file, &one()), "p.json: `self`: expected the field `answer`, found `Final Score:`");
    file["demos"] = json!([]);
    file["signature"]["fields"][0] = json!({"prefix": "Text:", "description": "what to rate"});
    assert!(fault(&file, &one()).contains("expected the field `question`, found `Text:`"));
}

#[test]
fn nothing_is_half_loaded() {
    let before = taught();
    let mut file: Json = serde_json::from_str(&SavedProgram::of(&two()).unwrap().to_json()).unwrap();
    file["rate.predict"]["signature"]["fields"] = json!([]);
    assert!(parse(&file).unwrap().apply(&before).is_err());
    assert_eq!(before.state(), taught().state());
}

#[test]
fn compat_is_as_lenient_as_dspy() {
    let few = state(&["question"]);
    let many = state(&["question", "answer", "more"]);
    let mut unknown = state(&["a", "b"]);
    unknown["of_the_future"] = json!(1);
    for file in [few, many, unknown] {
        assert!(parse(&file).unwrap().apply(&one()).is_err());
        let loaded = parse(&file).unwrap().compat().apply(&one()).unwrap();
        assert_eq!(loaded.signature().instructions(), "Do it.");
    }
    // A predictor that is not in the file is an error in DSPy too; one that is only there is passed over.
    assert!(parse(&json!({"find": state(&["q"])})).unwrap().compat().apply(&one()).is_err());
    let more = json!({"predict": state(&["question", "reasoning", "answer"]), "other": state(&["q"])});
    let chain = ChainOfThought::parse("question -> answer").unwrap();
    assert!(parse(&more).unwrap().apply(&chain).is_err());
    assert!(parse(&more).unwrap().compat().apply(&chain).is_ok());
}

#[test]
fn a_newer_format_is_refused() {
    let mut file: Json = serde_json::from_str(&SavedProgram::of(&one()).unwrap().to_json()).unwrap();
    file["dspex"] = json!({"format": 2, "whatever": true});
    let e = parse(&file).unwrap_err();
    assert_eq!(e.to_string(), "p.json: expected a format up to 1 at `dspex.format`, found 2");
    assert!(e.hint().unwrap().contains("newer DSPEx"));
}

#[test]
fn models_are_named_and_made_by_the_caller() {
    let with_lm = || one().with_lm(ScriptedLm::always("x")).with_options(Options::new().temperature(0.5));
    let saved = SavedProgram::of(&with_lm()).unwrap();
    // A predictor that has the model keeps it; another needs to be told.
    assert!(saved.apply(&with_lm()).is_ok());
    let e = saved.apply(&one()).unwrap_err();
    assert_eq!(e.to_string(), "the program: `self`: expected a way to make the model `scripted`, found none");
    assert!(e.hint().unwrap().contains("load_with"));
    let options = |program: &Predict| {
        let mut found = (None, None);
        visit(program, |_, leaf: &dyn Leaf| {
            found = (leaf.lm().map(|lm| lm.id().to_owned()), leaf.options().temperature);
        });
        found
    };
    let make = |_: &LmSettings| Ok(Some(Arc::new(ScriptedLm::always("x")) as Arc<dyn LanguageModel>));
    let made = saved.apply_with(&one(), make).unwrap();
    assert_eq!(options(&made), (Some("scripted".into()), Some(0.5)));
    let context = saved.apply_with(&one(), |_| Ok(None)).unwrap();
    assert_eq!(options(&context), (None, Some(0.5)));
    // Options without a model are saved too.
    let own = one().with_options(Options::new().temperature(0.25));
    assert_eq!(options(&SavedProgram::of(&own).unwrap().apply(&one()).unwrap()), (None, Some(0.25)));
}

#[test]
fn settings_of_a_model_are_written_again() {
    let mut file = state(&["question", "answer"]);
    file["lm"] = json!({
        "_dspy_lm_class": "dspy.clients.lm.LM", "model": "openai/gpt-4o-mini", "model_type": "responses",
        "cache": false, "num_retries": 7, "temperature": null, "max_tokens": 100, "top_k": 3, "api_key": "SECRET",
        "headers": {"Authorization": "SECRET"}, "finetuning_model": null, "launch_kwargs": {}, "train_kwargs": {},
    });
    let saved = parse(&file).unwrap();
    assert_eq!(saved.left_out(), ["api_key of `self`", "headers of `self`"]);
    assert!(!format!("{saved:?}").contains("SECRET"));
    let make = |_: &LmSettings| Ok(Some(Arc::new(ScriptedLm::always("x")) as Arc<dyn LanguageModel>));
    let again = SavedProgram::of(&saved.apply_with(&one(), make).unwrap()).unwrap();
    let lm = again.predictors.values().next().unwrap().lm.as_ref().unwrap();
    let kept: Vec<_> =
        ["model_type", "cache", "num_retries", "max_tokens", "top_k"].map(|k| lm.get(k).cloned()).into();
    assert_eq!(kept, [json!("responses"), json!(false), json!(7), json!(100), json!(3)].map(Some));
}

#[test]
fn no_secret_is_written() {
    let mut options = Options::new();
    for name in ["api_key", "extra_headers", "aws_secret_access_key", "api_base", "proxy"] {
        options.extra.insert(name.into(), json!("SECRET"));
    }
    options.extra.insert("top_k".into(), json!({"token": "SECRET"}));
    for program in
        [one().with_options(options.clone()), one().with_options(options).with_lm(ScriptedLm::always("x"))]
    {
        let saved = SavedProgram::of(&program).unwrap();
        assert!(!saved.to_json().contains("SECRET"), "{}", saved.to_json());
        assert_eq!(saved.left_out().len(), 6, "{:?}", saved.left_out());
    }
}

#[test]
fn a_demonstration_changed_by_hand_is_noticed() {
    let mut file: Json = serde_json::from_str(&SavedProgram::of(&taught()).unwrap().to_json()).unwrap();
    file["find"]["demos"][0]["at"] = json!([3, 4]);
    let e = parse(&file).unwrap_err();
    assert!(e.to_string().contains("expected the value [3,4] at `dspex: find.demos[0].at`"), "{e}");
    // Plain values may be changed.
    let mut file: Json = serde_json::from_str(&SavedProgram::of(&taught()).unwrap().to_json()).unwrap();
    file["find"]["demos"][0]["text"] = json!("Bob");
    assert!(parse(&file).unwrap().apply(&two()).is_ok());
}

#[test]
fn files_are_there_whole_or_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.json");
    taught().save(&path).unwrap();
    assert_eq!(two().load(&path).unwrap().state(), taught().state());
    two().save(&path).unwrap();
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["p.json"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        two().save(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        let link = folder.path().join("link.json");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        taught().save(&link).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(two().load(&path).unwrap().state(), taught().state());
    }
    let e = two().save(folder.path().join("p.toml")).unwrap_err();
    assert_eq!((e.code(), e.to_string().contains("ends in .json")), ("file", true));
    assert_eq!(two().save(folder.path().join("no/p.json")).unwrap_err().code(), "file");
}

#[test]
fn what_is_no_saved_program_says_what_was_expected() {
    let folder = tempfile::tempdir().unwrap();
    let pickle = folder.path().join("p.pkl");
    let disguised = folder.path().join("p.json");
    fs::write(&pickle, b"\x80\x05\x95").unwrap();
    fs::write(&disguised, b"\x80\x05\x95").unwrap();
    for path in [&pickle, &disguised] {
        let e = SavedProgram::read(path).unwrap_err();
        assert!(
            e.to_string().ends_with(
                "expected a saved program in JSON, found a pickle, which runs code when it is loaded"
            ),
            "{e}"
        );
    }
    let e = SavedProgram::read(folder.path()).unwrap_err();
    assert!(e.hint().unwrap().contains("save the state alone"), "{e}");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let table = [
        ("", "p.json:1: expected a saved program in JSON"),
        ("[1]", "p.json: expected a saved program (an object of predictors by path), found [1]"),
        ("\"x\"", "p.json: expected a saved program (an object of predictors by path), found \"x\""),
        (
            r#"{"dependency_versions": {"dspy": "3.4.1"}}"#,
            "p.json: expected instructions and fields at `dependency_versions.signature`, found none",
        ),
        (
            r#"{"lm": null, "track_usage": false}"#,
            "p.json: expected the state of a predictor at `lm`, found null",
        ),
        (
            r#"{"self": {}, "self": {}}"#,
            "p.json:1: expected a saved program in JSON, found the key `self` comes twice",
        ),
        (r#"{"metadata": 1}"#, "p.json: expected an object at `metadata`, found 1"),
        (r#"{"dspex": {}}"#, "p.json: expected the number of a format, from 1 at `dspex.format`, found {}"),
        (
            r#"{"dspex": {"format": 1, "predictors": {}, "x": 1}}"#,
            "p.json: expected what DSPEx writes there at `dspex`, found unknown field `x`",
        ),
        (&deep, "p.json:1: expected a saved program in JSON"),
    ];
    for (text, message) in table {
        let e = SavedProgram::parse("p.json", text).unwrap_err();
        assert!(e.to_string().starts_with(message), "{}: {e}", &text[..text.len().min(60)]);
        assert_eq!(e.code(), "data");
    }
}

/// Every place in a JSON value, as a pointer.
fn places(json: &Json, at: &str, out: &mut Vec<String>) {
    out.push(at.to_owned());
    match json {
        Json::Object(map) => map.iter().for_each(|(k, v)| {
            places(v, &format!("{at}/{}", k.replace('~', "~0").replace('/', "~1")), out);
        }),
        Json::Array(items) => {
            items.iter().enumerate().for_each(|(i, v)| places(v, &format!("{at}/{i}"), out));
        }
        _ => {}
    }
}

#[test]
fn a_value_of_any_kind_at_any_place_is_an_error_or_fits_and_never_panics() {
    let ctx = Context::new(ScriptedLm::always("x"));
    let with_lm = Two { find: Predict::new().with_lm(ScriptedLm::always("x")), ..taught() };
    let file: Json =
        serde_json::from_str(&SavedProgram::of(&with_lm).unwrap().with_context(&ctx).to_json()).unwrap();
    let mut all = Vec::new();
    places(&file, "", &mut all);
    assert!(all.len() > 80);
    let (mut refused, mut taken) = (0, 0);
    for place in &all {
        for value in
            [json!(null), json!(-1), json!("x"), json!([[]]), json!({"$int": {}}), json!(true), json!(1e300)]
        {
            let mut hostile = file.clone();
            *hostile.pointer_mut(place).unwrap() = value;
            let loaded = parse(&hostile)
                .and_then(|s| s.context(&ctx).and_then(|_| s.apply_with(&two(), |_| Ok(None))));
            if loaded.is_ok() { taken += 1 } else { refused += 1 }
        }
    }
    assert!(refused > taken && taken > 0, "{refused} refused, {taken} taken");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = SavedProgram::parse("p.json", &text);
    }

    #[test]
    fn a_file_that_ends_early_is_refused(cut in 0.0..1.0_f64) {
        let text = SavedProgram::of(&taught()).unwrap().to_json();
        let text = text.trim_end();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a short text")]
        let mut end = (cut * text.len() as f64) as usize;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        prop_assert!(SavedProgram::parse("p.json", &text[..end]).is_err());
    }

    #[test]
    fn any_text_in_a_demonstration_comes_back(text in "\\PC{0,40}", key in "[a-z$]{1,8}") {
        let demo = Example::new([("question", text.as_str())]).with(key, text.as_str()).with("augmented", true);
        let taught = one().with_demos([demo]).unwrap().with_instructions(format!("{text}."));
        let file = SavedProgram::of(&taught).unwrap().to_json();
        let loaded = SavedProgram::parse("p.json", &file).unwrap().apply(&one()).unwrap();
        prop_assert_eq!(loaded.state(), taught.state());
    }
}

#[cfg(unix)]
#[test]
fn only_files_are_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let program = Predict::parse("text -> mood").unwrap();
    for (name, to, message) in [
        ("lost.json", "nowhere/x.json", "a link that leads nowhere"),
        ("null.json", "/dev/null", "it is no file"),
    ] {
        let link = folder.path().join(name);
        std::os::unix::fs::symlink(to, &link).unwrap();
        let e = program.save(&link).unwrap_err();
        assert!(e.to_string().contains(message), "{e}");
        assert!(link.symlink_metadata().unwrap().is_symlink());
    }
}
