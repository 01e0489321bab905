//! What differs between a request and the nearest of those that were recorded.

use serde_json::Value as Json;
use similar::{ChangeTag, TextDiff};

/// Most recorded requests that are looked at closely, and lines that are shown.
const CLOSELY: usize = 64;
const SHOWN: usize = 40;

/// The difference from the nearest recorded request to this one, line by line; none where there is no other.
pub(super) fn nearest<'a>(request: &Json, recorded: impl Iterator<Item = &'a Json>) -> Option<String> {
    let wanted = text(request);
    // What has about the same length is looked at first; to look at all of many would take long.
    let mut others: Vec<String> = recorded.map(text).collect();
    others.sort_by_key(|other| other.len().abs_diff(wanted.len()));
    others.truncate(CLOSELY);
    let ratio = |other: &String| TextDiff::from_lines(other.as_str(), wanted.as_str()).ratio();
    let nearest = others.iter().map(|o| (ratio(o), o)).max_by(|a, b| a.0.total_cmp(&b.0))?.1;
    let diff = TextDiff::from_lines(nearest.as_str(), wanted.as_str());
    let changes = diff.iter_all_changes().filter(|c| c.tag() != ChangeTag::Equal);
    let mut lines: Vec<String> = changes
        .map(|c| format!("{}{}", if c.tag() == ChangeTag::Delete { '-' } else { '+' }, c.value().trim_end()))
        .collect();
    if lines.len() > SHOWN {
        let more = lines.len() - SHOWN;
        lines.truncate(SHOWN);
        lines.push(format!("... and {more} lines more"));
    }
    Some(lines.join("\n"))
}

/// A request as lines: those of its texts, with what else it says before and after.
fn text(request: &Json) -> String {
    let mut lines = Vec::new();
    for message in request["messages"].as_array().into_iter().flatten() {
        lines.push(format!("{}:", message["role"].as_str().unwrap_or_default()));
        for part in message["parts"].as_array().into_iter().flatten() {
            match part["text"].as_str() {
                Some(text) => lines.push(text.to_owned()),
                None => lines.push(part.to_string()),
            }
        }
    }
    for (key, value) in request.as_object().into_iter().flatten().filter(|(key, _)| *key != "messages") {
        lines.push(format!("{key}: {value}"));
    }
    lines.join("\n") + "\n"
}
