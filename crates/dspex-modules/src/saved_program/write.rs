//! From the data to the text of the file: DSPy's keys in its order, two spaces a level, a line feed at the end.

use serde_json::{Map, Value as Json, json};

use super::plain::record_to_plain;
use super::{SavedPredictor, SavedProgram};

impl SavedProgram {
    /// The text of the file, as DSPy lays it out.
    ///
    /// ```
    /// use dspex_modules::{Predict, SavedProgram};
    /// let text = SavedProgram::of(&Predict::parse("q -> a")?)?.to_json();
    /// assert!(text.starts_with("{\n  \"traces\": [],\n  \"train\": [],\n  \"demos\": [],\n  \"signature\": {\n"));
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    pub fn to_json(&self) -> String {
        // Text, numbers, lists and objects with text keys can always be written.
        let mut text = serde_json::to_string_pretty(&self.to_value()).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The file as a JSON value.
    pub(super) fn to_value(&self) -> Json {
        let mut file = Map::new();
        for (path, predictor) in &self.predictors {
            if self.is_flat() {
                file = predictor.to_map();
            } else {
                file.insert(path.to_string(), Json::Object(predictor.to_map()));
            }
        }
        if let Some(metadata) = &self.metadata {
            file.insert("metadata".into(), Json::Object(metadata.clone()));
        }
        if let Some(facts) = &self.facts {
            file.insert("dspex".into(), json!(facts));
        }
        Json::Object(file)
    }
}

impl SavedPredictor {
    fn to_map(&self) -> Map<String, Json> {
        let demos = self.demos.iter().map(|d| Json::Object(record_to_plain(d.record()))).collect();
        let fields = (!self.fields.is_empty()).then(|| Json::Object(self.fields.clone()));
        let entries = [
            ("traces", Some(Json::Array(self.traces.clone()))),
            ("train", Some(Json::Array(self.train.clone()))),
            ("demos", Some(Json::Array(demos))),
            ("signature", Some(json!(self.signature))),
            // DSPy writes these where there are any.
            ("fields", fields),
            ("lm", Some(self.lm.as_ref().map_or(Json::Null, super::LmSettings::to_json))),
        ];
        entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    }
}
