//! What each wire makes of each thing that can be asked for, held by files: `tests/golden/WIRE/FEATURE.json`. Run with
//! `UPDATE_GOLDEN=1` to write them; read the difference.

use std::fs;
use std::path::Path;

use dspex_core::lm::{
    LmErrorKind, Message, Options, Part, Reasoning, Request, ResponseFormat, Role, ToolChoice, ToolSpec,
};
use dspex_core::value::{Citation, Citations, Document, Media, MediaKind, MediaSource, ToolCall};
use dspex_core::{Record, Value};
use serde_json::{Map, Value as Json, json};

use super::{Call, Quirks, Wire};

/// Holds a wire to its files, for a model.
pub(super) fn check(wire: &dyn Wire, model: &str, quirks: &Quirks) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(wire.name());
    #[expect(clippy::disallowed_methods, reason = "a switch of the one who runs the test")]
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    for (feature, request) in features() {
        let found = written(wire, model, quirks, &request);
        let path = folder.join(format!("{feature}.json"));
        if update {
            fs::create_dir_all(&folder).expect("a folder");
            let text = serde_json::to_string_pretty(&found).expect("JSON");
            fs::write(&path, text + "\n").expect("a file that can be written");
        }
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let expected: Json = serde_json::from_str(&text).expect("a golden file in JSON");
        assert_eq!(found, expected, "{}", path.display());
    }
}

/// The body of a request, and headers that it has; or why there is none.
fn written(wire: &dyn Wire, model: &str, quirks: &Quirks, request: &Request) -> Json {
    let call = Call::new(request, model, quirks, false);
    match wire.encode(&call) {
        Ok(body) => {
            assert!(call.warnings().is_empty(), "nothing is left out by default");
            let mut all = json!({"path": wire.path(&call), "body": body});
            let headers = wire.request_headers(&call);
            if !headers.is_empty() {
                all["headers"] =
                    headers.into_iter().map(|(n, v)| (n, Json::String(v))).collect::<Map<_, _>>().into();
            }
            all
        }
        Err(e) => {
            assert!(matches!(e.kind, LmErrorKind::Unsupported | LmErrorKind::Configuration), "{e}");
            json!({e.kind.code(): e.message})
        }
    }
}

fn ask() -> Request {
    Request::new(vec![Message::user("Who wrote Faust?")])
}

fn asking(change: impl FnOnce(&mut Request)) -> Request {
    let mut request = ask();
    change(&mut request);
    request
}

fn option(change: impl FnOnce(&mut Options)) -> Request {
    asking(|r| change(&mut r.options))
}

fn with(part: Part) -> Request {
    asking(|r| r.messages[0].parts.push(part))
}

fn media(kind: MediaKind, source: MediaSource, format: Option<&str>) -> Request {
    let name = (kind == MediaKind::File).then(|| "notes".to_owned());
    with(Part::Media(Media { kind, source, format: format.map(str::to_owned), name }))
}

fn with_tools() -> Request {
    asking(|r| {
        for name in ["weather", "time"] {
            let parameters = json!({
                "type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"],
                "additionalProperties": false,
            });
            r.tools.push(ToolSpec {
                name: name.into(),
                description: format!("The {name} of a place."),
                parameters,
            });
        }
    })
}

fn tools(change: impl FnOnce(&mut Request)) -> Request {
    let mut request = with_tools();
    change(&mut request);
    request
}

fn tool_call(id: Option<&str>, name: &str) -> Part {
    let args = Record::from([("place", Value::from("Oslo"))]);
    Part::ToolCall(ToolCall { id: id.map(str::to_owned), name: name.into(), args })
}

fn result(id: Option<&str>, name: &str, is_error: bool) -> Part {
    let content = if is_error { "no such place" } else { "7 degrees" }.to_owned();
    Part::ToolResult { call_id: id.map(str::to_owned), name: name.into(), content, is_error }
}

/// A conversation in which two tools were called, and one of them failed.
fn called(ids: [Option<&str>; 2]) -> Request {
    tools(|r| {
        let mut parts = vec![Part::Text("I look it up.".into())];
        parts.extend([tool_call(ids[0], "weather"), tool_call(ids[1], "time")]);
        r.messages.push(Message { role: Role::Assistant, parts });
        let message = |part| Message { role: Role::Tool, parts: vec![part] };
        r.messages.push(message(result(ids[0], "weather", false)));
        r.messages.push(message(result(ids[1], "time", true)));
        r.messages.push(Message::user("And?"));
    })
}

fn answered(parts: Vec<Part>) -> Request {
    asking(|r| {
        r.messages.push(Message { role: Role::Assistant, parts });
        r.messages.push(Message::user("Thanks."));
    })
}

fn schema() -> Json {
    json!({
        "type": "object", "properties": {"author": {"type": "string"}}, "required": ["author"],
        "additionalProperties": false,
    })
}

fn cited() -> Part {
    Part::Citations(Citations(vec![Citation {
        kind: "char_location".into(),
        cited_text: "Goethe".into(),
        document_index: 0,
        document_title: Some("Plays".into()),
        start_char_index: 0,
        end_char_index: 6,
        supported_text: Some("Goethe did.".into()),
    }]))
}

/// What can be asked for, a request each.
fn features() -> Vec<(&'static str, Request)> {
    let mut all = conversations();
    all.extend(media_features());
    all.extend(tool_features());
    all.extend(option_features());
    all
}

fn conversations() -> Vec<(&'static str, Request)> {
    let texts =
        |roles: &[(Role, &str)]| Request::new(roles.iter().map(|(r, t)| Message::new(*r, *t)).collect());
    let (system, user, model) = (Role::System, Role::User, Role::Assistant);
    let point = |ttl: Option<&str>| Part::CachePoint { ttl: ttl.map(str::to_owned) };
    vec![
        ("system", texts(&[(system, "Be brief."), (system, "Be kind."), (user, "Hi.")])),
        (
            "system_in_the_middle",
            texts(&[(user, "Hi."), (model, "Hello."), (system, "Be brief."), (user, "Who?")]),
        ),
        (
            "turns",
            texts(&[(user, "Hi."), (user, "There?"), (model, "Yes."), (model, "Well?"), (user, "Who?")]),
        ),
        ("reasoning_unsigned", answered(vec![Part::Reasoning("Hm.".into()), Part::Text("Goethe.".into())])),
        (
            "opaque_of_another",
            answered(vec![
                Part::Text("Goethe.".into()),
                Part::Opaque { provider: "elsewhere".into(), data: json!({"type": "secret"}) },
            ]),
        ),
        (
            "cache_points",
            asking(|r| {
                let parts = vec![Part::Text("Long.".into()), point(Some("1h"))];
                r.messages.insert(0, Message { role: Role::System, parts });
                r.messages[1].parts.push(point(None));
            }),
        ),
        (
            "cache_points_out_of_order",
            asking(|r| {
                r.messages[0].parts.extend([
                    point(Some("5m")),
                    Part::Text("More.".into()),
                    point(Some("1h")),
                ]);
            }),
        ),
        (
            "cache_points_too_many",
            asking(|r| {
                for _ in 0..5 {
                    r.messages[0].parts.extend([Part::Text("More.".into()), point(None)]);
                }
            }),
        ),
    ]
}

fn media_features() -> Vec<(&'static str, Request)> {
    let url = |url: &str| MediaSource::Url(url.to_owned());
    let (bytes, id) = (MediaSource::Base64("AAEC".into()), MediaSource::Id("file_1".into()));
    let text = "data:text/plain;base64,R29ldGhl";
    let plays = || Document::new("Goethe wrote Faust.").with_title("Plays").with_context("A list.");
    vec![
        ("image_url", media(MediaKind::Image, url("https://example.org/a.png"), None)),
        ("image_data_uri", media(MediaKind::Image, url("data:image/jpeg;base64,AAEC"), None)),
        ("image_base64", media(MediaKind::Image, bytes.clone(), Some("image/webp"))),
        ("image_id", media(MediaKind::Image, id.clone(), None)),
        ("audio", media(MediaKind::Audio, bytes.clone(), Some("mp3"))),
        ("file_url", media(MediaKind::File, url("https://example.org/a.pdf"), None)),
        ("file_pdf", media(MediaKind::File, url("data:application/pdf;base64,AAEC"), None)),
        ("file_text", media(MediaKind::File, url(text), None)),
        ("file_other", media(MediaKind::File, bytes, Some("application/zip"))),
        ("file_id", media(MediaKind::File, id, None)),
        ("document_text", with(Part::Document(plays()))),
        ("document_pdf", with(Part::Document(Document::pdf(b"%PDF-1.4")))),
        (
            "document_cited",
            asking(|r| {
                r.messages[0].parts.push(Part::Document(plays()));
                let parts = vec![Part::Text("Goethe did.".into()), cited()];
                r.messages.push(Message { role: Role::Assistant, parts });
                r.messages.push(Message::user("Thanks."));
            }),
        ),
        (
            "document_and_schema",
            asking(|r| {
                r.messages[0].parts.push(Part::Document(plays()));
                let (name, schema) = ("answer".to_owned(), schema());
                r.response_format = Some(ResponseFormat::JsonSchema { name, schema, strict: true });
            }),
        ),
    ]
}

fn tool_features() -> Vec<(&'static str, Request)> {
    let choice = |c: ToolChoice| tools(|r| r.tool_choice = Some(c));
    vec![
        ("tools", with_tools()),
        ("tools_strict", tools(|r| r.strict_tools = Some(true))),
        ("tool_calls", called([Some("call_a"), Some("call_b")])),
        ("tool_calls_without_ids", called([None, None])),
        ("tool_result_image", {
            let mut request = called([Some("call_a"), Some("call_b")]);
            let picture = Media::new(MediaKind::Image, MediaSource::Url("https://example.org/a.png".into()));
            request.messages[2].parts.push(Part::Media(picture));
            request
        }),
        ("tool_call_broken", {
            let mut request = called([Some("call_a"), Some("call_b")]);
            let (id, name, arguments) = (Some("call_a".into()), "weather".into(), "{\"place\": ".into());
            request.messages[1].parts[1] = Part::BrokenToolCall { id, name, arguments };
            request
        }),
        ("tool_choice_auto", choice(ToolChoice::Auto)),
        ("tool_choice_none", choice(ToolChoice::None)),
        ("tool_choice_required", choice(ToolChoice::Required)),
        ("tool_choice_tool", choice(ToolChoice::Tool("time".into()))),
        ("parallel_tool_calls_off", tools(|r| r.parallel_tool_calls = Some(false))),
        ("parallel_tool_calls_on", tools(|r| r.parallel_tool_calls = Some(true))),
    ]
}

fn option_features() -> Vec<(&'static str, Request)> {
    let reasoning = |r: Reasoning| option(|o| o.reasoning = Some(r));
    let format = |f: ResponseFormat| asking(|r| r.response_format = Some(f));
    let by_schema = |strict| ResponseFormat::JsonSchema { name: "answer".into(), schema: schema(), strict };
    vec![
        ("nothing_set", ask()),
        ("json_object", format(ResponseFormat::JsonObject)),
        ("json_schema", format(by_schema(true))),
        ("json_schema_loose", format(by_schema(false))),
        ("max_tokens", option(|o| o.max_tokens = Some(100))),
        ("temperature", option(|o| o.temperature = Some(0.5))),
        ("top_p", option(|o| o.top_p = Some(0.75))),
        ("top_k", option(|o| o.top_k = Some(40))),
        ("frequency_penalty", option(|o| o.frequency_penalty = Some(0.5))),
        ("presence_penalty", option(|o| o.presence_penalty = Some(0.5))),
        ("stop", option(|o| o.stop = Some(vec!["END".into()]))),
        ("n", option(|o| o.n = Some(2))),
        ("seed", option(|o| o.seed = Some(7))),
        ("logprobs", option(|o| o.logprobs = Some(3))),
        ("reasoning_off", reasoning(Reasoning::Off)),
        ("reasoning_effort", reasoning(Reasoning::Effort("low".into()))),
        ("reasoning_budget", reasoning(Reasoning::Budget(2_000))),
        ("service_tier", option(|o| o.service_tier = Some("auto".into()))),
        (
            "extra",
            option(|o| {
                o.extra.insert("metadata".into(), json!({"user_id": "u"}));
            }),
        ),
        (
            "extra_own_key",
            option(|o| {
                o.extra.insert("model".into(), json!("another"));
            }),
        ),
        ("headers", option(|o| o.headers.push(("x-trace".into(), "1".into())))),
    ]
}
