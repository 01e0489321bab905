//! Recorded traffic of vendors, for tests: what was sent, and what came back.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use serde::Deserialize;
use serde_json::Value as Json;

/// One request and its reply.
#[derive(Debug)]
pub(super) struct Interaction {
    pub(super) file: PathBuf,
    /// Which of the file's interactions it is, from 0.
    pub(super) index: usize,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    /// The body of the request; empty where there is none.
    pub(super) request: String,
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

#[derive(Deserialize)]
struct Recorded {
    when: When,
    then: Then,
}

#[derive(Deserialize)]
struct When {
    #[serde(default)]
    method: String,
    path: String,
    #[serde(default)]
    query_param: Vec<Pair>,
    #[serde(default)]
    body: Option<String>,
}

#[derive(Deserialize)]
struct Then {
    status: u16,
    #[serde(default)]
    header: Vec<Pair>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    body_encoding: Option<String>,
}

#[derive(Deserialize)]
struct Pair {
    name: String,
    value: Json,
}

impl Pair {
    fn of(all: Vec<Self>) -> Vec<(String, String)> {
        let text = |value: Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        all.into_iter().map(|p| (p.name, text(p.value))).collect()
    }
}

impl Interaction {
    /// The body as text.
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text in UTF-8")
    }

    /// What the reply says it is.
    pub(super) fn content_type(&self) -> &str {
        let named = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("content-type");
        self.headers.iter().find(named).map_or("", |(_, value)| value)
    }

    /// Whether the reply is a stream of events.
    pub(super) fn is_stream(&self) -> bool {
        self.content_type().starts_with("text/event-stream")
    }

    /// Where it stands, for messages of tests.
    pub(super) fn place(&self) -> String {
        format!("{} #{}", self.file.display(), self.index)
    }
}

/// Every recorded interaction, or those of a vendor. Without recordings a line says so and there are none.
pub(super) fn interactions(vendor_folder: Option<&str>) -> Vec<Interaction> {
    let mut folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cassettes");
    folder.extend(vendor_folder);
    if !folder.exists() {
        eprintln!("SKIPPED: no recorded traffic at {}", folder.display());
        return Vec::new();
    }
    let mut all = Vec::new();
    files(&folder, &mut all);
    all.sort();
    all.into_iter().flat_map(|file| of_file(&file)).collect()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder of recordings").map(|e| e.expect("an entry").path())
    {
        if entry.is_dir() {
            files(&entry, found);
        } else if entry.extension().is_some_and(|e| e == "yaml") {
            found.push(entry);
        }
    }
}

fn of_file(file: &Path) -> Vec<Interaction> {
    let text = fs::read_to_string(file).expect("a recording");
    let documents = serde_yaml_ng::Deserializer::from_str(&text);
    let read = |(index, document): (usize, _)| {
        let Recorded { when, then } = Recorded::deserialize(document).expect("a recording in YAML");
        let body = then.body.unwrap_or_default();
        let body = match then.body_encoding.as_deref() {
            Some("base64") => base64::engine::general_purpose::STANDARD.decode(body).expect("base64"),
            _ => body.into_bytes(),
        };
        Interaction {
            file: file.to_owned(),
            index,
            method: when.method,
            path: when.path,
            query: Pair::of(when.query_param),
            request: when.body.unwrap_or_default(),
            status: then.status,
            headers: Pair::of(then.header),
            body,
        }
    };
    documents.enumerate().map(read).collect()
}
