//! What annotates an answer: the pages that it rests on, and the vendor's own form of the reasoning.
//!
//! Sources: the references of `OpenRouter`, "Reasoning Tokens" and "Web Search", OpenAI's on web search, Perplexity's on sonar.

use dspex_core::value::{Citation, Citations};
use serde_json::{Map, Value as Json};

/// The keys under which annotations are kept, each as the vendor gave it.
const KEYS: [&str; 4] = ["reasoning_details", "annotations", "citations", "search_results"];

/// Whether the data of an opaque part annotates an answer, rather than being a part of one.
pub(super) fn annotates(data: &Json) -> bool {
    data.get("type").is_none() && KEYS.iter().any(|key| data.get(key).is_some())
}

/// Adds a bit of the vendor's form of the reasoning: bits with one index are one item, whose texts grow.
pub(super) fn merge(all: &mut Vec<Json>, bit: Json) {
    let Json::Object(bit) = bit else { return };
    let same = |item: &&mut Json| {
        let index = bit.get("index").filter(|i| !i.is_null());
        index.is_some() && item.get("index") == index && item.get("type") == bit.get("type")
    };
    let Some(Json::Object(item)) = all.iter_mut().find(same) else {
        all.push(Json::Object(bit));
        return;
    };
    for (key, value) in bit {
        match (item.get_mut(&key), value) {
            (_, Json::Null) => {}
            (Some(Json::String(text)), Json::String(more)) if matches!(key.as_str(), "text" | "summary") => {
                text.push_str(&more);
            }
            (Some(Json::String(kept)), Json::String(more)) if more.is_empty() && !kept.is_empty() => {}
            (_, value) => {
                item.insert(key, value);
            }
        }
    }
}

/// What the whole reply rests on, where the vendor says it beside the answer.
#[derive(Debug, Default)]
pub(super) struct Sources {
    urls: Vec<Json>,
    results: Vec<Json>,
}

impl Sources {
    /// Takes the lists of a reply or an event; each event of a stream has them anew.
    pub(super) fn note(&mut self, urls: Option<Json>, results: Option<Json>) {
        for (kept, new) in [(&mut self.urls, urls), (&mut self.results, results)] {
            if let Some(Json::Array(new)) = new {
                *kept = new;
            }
        }
    }

    /// What an answer cites, as far as citations of documents can say it.
    pub(super) fn citations(&self, annotations: &[Json], text: &str) -> Citations {
        let mut pages: Vec<&str> = Vec::new();
        let noted = annotations.iter().filter_map(|annotation| annotation.get("url_citation")).map(|noted| {
            let url = noted["url"].as_str().unwrap_or_default();
            let at = pages.iter().position(|page| *page == url).unwrap_or_else(|| {
                pages.push(url);
                pages.len() - 1
            });
            let title = noted["title"].as_str().unwrap_or(url);
            let supported = slice(text, &noted["start_index"], &noted["end_index"]);
            citation("url_citation", at, title, noted["content"].as_str().unwrap_or_default(), supported)
        });
        let mut all: Vec<Citation> = noted.collect();
        if all.is_empty() && !self.results.is_empty() {
            let found = self.results.iter().enumerate().map(|(at, result)| {
                let title = result["title"].as_str().or(result["url"].as_str()).unwrap_or_default();
                citation("search_result", at, title, result["snippet"].as_str().unwrap_or_default(), None)
            });
            all.extend(found);
        } else if all.is_empty() {
            let urls = self.urls.iter().filter_map(Json::as_str).enumerate();
            all.extend(urls.map(|(at, url)| citation("search_result", at, url, "", None)));
        }
        Citations(all)
    }

    /// The same as the vendor gave it, with what citations of documents cannot say.
    pub(super) fn data(&self, annotations: &[Json]) -> Option<Json> {
        let lists =
            [("annotations", annotations), ("citations", &self.urls), ("search_results", &self.results)];
        let there = lists.into_iter().filter(|(_, list)| !list.is_empty());
        let data: Map<String, Json> = there.map(|(key, list)| (key.to_owned(), list.into())).collect();
        (!data.is_empty()).then_some(Json::Object(data))
    }
}

fn citation(kind: &str, at: usize, title: &str, cited: &str, supported: Option<String>) -> Citation {
    Citation {
        kind: kind.to_owned(),
        cited_text: cited.to_owned(),
        document_index: i64::try_from(at).unwrap_or(i64::MAX),
        document_title: Some(title.to_owned()).filter(|t| !t.is_empty()),
        start_char_index: 0,
        end_char_index: i64::try_from(cited.chars().count()).unwrap_or(i64::MAX),
        supported_text: supported,
    }
}

/// The characters of a text from one place to another, where there are such.
fn slice(text: &str, start: &Json, end: &Json) -> Option<String> {
    let at = |place: &Json| usize::try_from(place.as_u64()?).ok();
    let (start, end) = (at(start)?, at(end)?);
    let slice: String = text.chars().skip(start).take(end.checked_sub(start)?).collect();
    (!slice.is_empty()).then_some(slice)
}
