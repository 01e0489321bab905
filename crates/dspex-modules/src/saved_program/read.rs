//! From the text of a file to the data. Whatever stands in it, reading runs no code, opens nothing and does not panic.

use dspex_core::{
    Error, ErrorKind, Example, FieldState, Path, Record, Result, SignatureState, Value, shorten_text,
};
use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use super::facts::{FORMAT, SavedFacts};
use super::plain::to_plain;
use super::{LmSettings, SavedPredictor, SavedProgram};

/// What DSPy writes for a predictor.
const KEYS: [&str; 6] = ["traces", "train", "demos", "signature", "fields", "lm"];

/// What a pickle starts with.
const PICKLE: char = '\u{80}';

impl SavedProgram {
    /// A saved program from its text; the place stands for the file in errors.
    ///
    /// ```
    /// use dspex_modules::SavedProgram;
    /// let e = SavedProgram::parse("p.json", "[]").unwrap_err();
    /// assert_eq!(e.to_string(), "p.json: expected a saved program (an object of predictors by path), found []");
    /// ```
    pub fn parse(place: &str, text: &str) -> Result<Self> {
        let file = File { place };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.starts_with(PICKLE) {
            return Err(file.pickle());
        }
        let value = Value::from_plain_json(text).map_err(|e| {
            let place = format!("{place}:{}", e.line());
            error(place, "", "a saved program in JSON", e.to_string()).with_hint("save the program again")
        })?;
        let Json::Object(mut top) = to_plain(&value) else {
            return Err(file.wrong(
                "",
                "a saved program (an object of predictors by path)",
                &to_plain(&value),
            ));
        };
        let metadata = match top.shift_remove("metadata") {
            None => None,
            Some(Json::Object(map)) => Some(map),
            Some(other) => return Err(file.wrong("metadata", "an object", &other)),
        };
        let facts = top.shift_remove("dspex").map(|facts| file.facts(facts)).transpose()?;
        let mut saved = Self {
            predictors: IndexMap::new(),
            facts,
            metadata,
            place: place.to_owned(),
            left_out: Vec::new(),
            compat: false,
        };
        if is_predictor(&top) {
            saved.add(&file, Path::root(), &top)?;
        } else {
            for (name, value) in &top {
                let Json::Object(map) = value else {
                    return Err(file.wrong(name, "the state of a predictor", value).with_hint(NOT_SAVED));
                };
                saved.add(&file, Path::from(name.as_str()), map)?;
            }
        }
        Ok(saved)
    }

    fn add(&mut self, file: &File<'_>, path: Path, map: &Map<String, Json>) -> Result<()> {
        let name = path.to_string();
        let exact = self.facts.as_ref().and_then(|f| f.predictors.get(&name)).map(|f| &f.demo_values);
        let mut demos = Vec::new();
        for (i, demo) in file.list(&name, "demos", map)?.iter().enumerate() {
            let exact = exact.and_then(|e| e.get(&i));
            demos.push(file.demo(&format!("{name}.demos[{i}]"), demo, exact)?);
        }
        if let Some(last) = exact.and_then(|e| e.keys().next_back()).filter(|last| **last >= demos.len()) {
            let found = format!("values for number {last}");
            return Err(error(
                file.place.to_owned(),
                &name,
                "only values of demonstrations that are there",
                found,
            ));
        }
        let lm = match map.get("lm") {
            None | Some(Json::Null) => None,
            Some(Json::Object(lm)) => {
                let (settings, left_out) = LmSettings::read(lm).map_err(|(setting, expected)| {
                    let found = lm.get(&setting).cloned().unwrap_or_default();
                    file.wrong(&format!("{name}.lm.{setting}"), &expected, &found)
                })?;
                self.left_out.extend(left_out.iter().map(|setting| format!("{setting} of `{name}`")));
                Some(settings)
            }
            Some(other) => {
                return Err(file.wrong(&format!("{name}.lm"), "the settings of a model, or null", other));
            }
        };
        let predictor = SavedPredictor {
            signature: file.signature(&name, map.get("signature"))?,
            demos,
            lm,
            traces: file.list(&name, "traces", map)?.to_vec(),
            train: file.list(&name, "train", map)?.to_vec(),
            fields: match map.get("fields") {
                None => Map::new(),
                Some(Json::Object(fields)) => fields.clone(),
                Some(other) => {
                    let expected = "settings of decisions by output";
                    return Err(file.wrong(&format!("{name}.fields"), expected, other));
                }
            },
            unknown: map.keys().filter(|k| !KEYS.contains(&k.as_str())).cloned().collect(),
        };
        self.predictors.insert(path, predictor);
        Ok(())
    }
}

/// What to do with a file that is no saved program.
const NOT_SAVED: &str = "name a file that `save` wrote, here or in DSPy";

/// Whether an object is the state of a predictor rather than of several: its signature is that of a predictor.
fn is_predictor(map: &Map<String, Json>) -> bool {
    let signature = map.get("signature").and_then(Json::as_object);
    signature.is_some_and(|s| s.contains_key("fields") && !s.contains_key("signature"))
}

/// The file that is being read, for places in errors.
pub(super) struct File<'a> {
    pub(super) place: &'a str,
}

fn error(place: String, key: &str, expected: &str, found: String) -> Error {
    let field = (!key.is_empty()).then(|| key.to_owned());
    let expected = if key.is_empty() { expected.to_owned() } else { format!("{expected} at `{key}`") };
    Error::new(ErrorKind::Data { place, field, expected, found })
}

impl File<'_> {
    fn wrong(&self, key: &str, expected: &str, found: &Json) -> Error {
        error(self.place.to_owned(), key, expected, shorten_text(&found.to_string()))
    }

    /// The error of a file that would run code.
    pub(super) fn pickle(&self) -> Error {
        error(
            self.place.to_owned(),
            "",
            "a saved program in JSON",
            "a pickle, which runs code when it is loaded".into(),
        )
        .with_hint("load it in DSPy, if you trust it, and save it there under a name that ends in .json")
    }

    /// A list under a key; nothing where the key is not there.
    fn list<'a>(&self, name: &str, key: &str, map: &'a Map<String, Json>) -> Result<&'a [Json]> {
        match map.get(key) {
            None => Ok(&[]),
            Some(Json::Array(items)) => Ok(items),
            Some(other) => Err(self.wrong(&format!("{name}.{key}"), "a list", other)),
        }
    }

    fn signature(&self, name: &str, json: Option<&Json>) -> Result<SignatureState> {
        let key = format!("{name}.signature");
        let Some(json) = json else {
            let found = "none".to_owned();
            return Err(
                error(self.place.to_owned(), &key, "instructions and fields", found).with_hint(NOT_SAVED)
            );
        };
        let text = |at: &str, json: Option<&Json>| match json.and_then(Json::as_str) {
            Some(text) => Ok(text.to_owned()),
            None => Err(self.wrong(at, "text", json.unwrap_or(&Json::Null))),
        };
        let instructions = text(&format!("{key}.instructions"), json.get("instructions"))?;
        let Some(items) = json.get("fields").and_then(Json::as_array) else {
            let found = json.get("fields").unwrap_or(&Json::Null);
            return Err(self.wrong(&format!("{key}.fields"), "a list of fields", found));
        };
        let fields = items.iter().enumerate().map(|(i, field)| {
            let at = |part: &str| format!("{key}.fields[{i}].{part}");
            let prefix = text(&at("prefix"), field.get("prefix"))?;
            Ok(FieldState { prefix, description: text(&at("description"), field.get("description"))? })
        });
        Ok(SignatureState { instructions, fields: fields.collect::<Result<_>>()? })
    }

    /// A demonstration: what DSPy sees of it, or the exact value where that is known.
    fn demo(&self, key: &str, json: &Json, exact: Option<&Map<String, Json>>) -> Result<Example> {
        let Json::Object(map) = json else {
            return Err(self.wrong(key, "a demonstration (an object)", json));
        };
        let mut record: Record = map.iter().map(|(k, v)| (k.clone(), Value::from_plain(v))).collect();
        for (name, tagged) in exact.into_iter().flatten() {
            let at = format!("dspex: {key}.{name}");
            let value = Value::from_tagged(tagged).map_err(|e| {
                self.wrong(&at, "a value in its lossless form", tagged).with_hint(e.to_string())
            })?;
            let plain = map.get(name).unwrap_or(&Json::Null);
            if to_plain(&value) != *plain {
                let expected = format!("the value {}", shorten_text(&plain.to_string()));
                return Err(self.wrong(&at, &expected, tagged).with_hint(
                    "the demonstration was changed by hand: remove its values under `dspex`, or that key",
                ));
            }
            record.insert(name.clone(), value);
        }
        Ok(Example::new(record))
    }

    fn facts(&self, json: Json) -> Result<SavedFacts> {
        match json.get("format").and_then(Json::as_u64) {
            Some(1..=FORMAT) => {}
            Some(newer) if newer > FORMAT => {
                let expected = format!("a format up to {FORMAT}");
                return Err(error(self.place.to_owned(), "dspex.format", &expected, newer.to_string())
                    .with_hint(
                        "a newer DSPEx wrote this file: load it with that one, or save it there for this one",
                    ));
            }
            _ => {
                let found = json.get("format").unwrap_or(&json);
                return Err(self.wrong("dspex.format", "the number of a format, from 1", found));
            }
        }
        serde_json::from_value(json)
            .map_err(|e| error(self.place.to_owned(), "dspex", "what DSPEx writes there", e.to_string()))
    }
}

impl SavedPredictor {
    /// Keys that DSPy 3.4.1 does not write for a predictor.
    pub(super) fn unknown_keys(&self) -> &[String] {
        &self.unknown
    }
}
