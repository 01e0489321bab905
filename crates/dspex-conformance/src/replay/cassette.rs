//! Recordings: streams of YAML, a document for each interaction.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// A request and its reply, as far as replies need it.
#[derive(Clone, Debug)]
pub struct Interaction {
    /// The folder that the recording is in names who answered.
    pub vendor: String,
    /// Method of the request.
    pub method: String,
    /// Path of the request.
    pub path: String,
    /// Body of the request, where it was text.
    pub request: Option<String>,
    /// Status of the reply.
    pub status: u16,
    /// Headers of the reply.
    pub headers: Vec<(String, String)>,
    /// Body of the reply.
    pub body: Vec<u8>,
}

#[derive(Deserialize)]
struct Document {
    when: When,
    then: Then,
}

#[derive(Deserialize)]
struct When {
    path: String,
    method: Option<String>,
    body: Option<String>,
}

#[derive(Deserialize)]
struct Then {
    status: u16,
    #[serde(default)]
    header: Vec<Header>,
    body: Option<String>,
    body_encoding: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    value: String,
}

/// Every recording under a folder, by name; or the one that is named itself.
///
/// # Errors
///
/// A folder that cannot be read.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    if folder.is_file() {
        return Ok(vec![folder.to_owned()]);
    }
    let (mut open, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = open.pop() {
        let wrong = |e| format!("expected a folder of recordings at {}, found: {e}", folder.display());
        for entry in fs::read_dir(&folder).map_err(wrong)? {
            let path = entry.map_err(wrong)?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The interactions of a recording under a folder.
///
/// # Errors
///
/// A file that cannot be read, or is no recording.
pub fn interactions(root: &Path, file: &Path) -> Result<Vec<Interaction>, String> {
    let wrong = |e: &dyn std::fmt::Display| format!("expected a recording in {}, found: {e}", file.display());
    let text = fs::read_to_string(file).map_err(|e| wrong(&e))?;
    let vendor = vendor(root, file);
    let documents = serde_yaml_ng::Deserializer::from_str(&text);
    let read = |document| {
        let Document { when, then } = Document::deserialize(document).map_err(|e| wrong(&e))?;
        let text = then.body.unwrap_or_default();
        let body = match then.body_encoding.as_deref() {
            Some("base64") => {
                STANDARD.decode(text.split_whitespace().collect::<String>()).map_err(|e| wrong(&e))?
            }
            Some(other) => return Err(wrong(&format!("a body encoded as `{other}`"))),
            None => text.into_bytes(),
        };
        Ok(Interaction {
            vendor: vendor.clone(),
            method: when.method.unwrap_or_else(|| "POST".to_owned()),
            path: when.path,
            request: when.body,
            status: then.status,
            headers: then.header.into_iter().map(|h| (h.name, h.value)).collect(),
            body,
        })
    };
    documents.map(read).collect()
}

/// The first folder under the root; where the file lies in the root itself, the root is the vendor's folder, or lies
/// somewhere in it, below a folder of recordings.
fn vendor(root: &Path, file: &Path) -> String {
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let folders: Vec<String> = absolute
        .parent()
        .into_iter()
        .flat_map(Path::components)
        .map(|c| c.as_os_str().to_string_lossy().into_owned())
        .collect();
    if let Some(at) = folders.iter().rposition(|name| name == "cassettes")
        && let Some(name) = folders.get(at + 1)
    {
        return name.clone();
    }
    let under = file.strip_prefix(root).ok().and_then(Path::parent).and_then(|p| p.components().next());
    let first = under.map(|c| c.as_os_str().to_string_lossy().into_owned());
    let known = |name: &&String| dspex_lm::PROVIDERS.iter().any(|p| p.name == name.as_str());
    let nearest = folders.iter().rev().find(known).cloned();
    nearest.or(first).or_else(|| folders.last().cloned()).unwrap_or_default()
}
