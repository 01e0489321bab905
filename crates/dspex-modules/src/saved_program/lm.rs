//! The settings of a model in a saved program: a list of those that may be written, and nothing else.

use std::sync::Arc;

use dspex_core::BoxFuture;
use dspex_core::lm::{Capabilities, EventStream, LanguageModel, LmError, Options, Reply, Request};
use serde_json::{Map, Value as Json, json};

/// The class that DSPy makes of these settings; it refuses others.
const CLASS_KEY: &str = "_dspy_lm_class";
const CLASS: &str = "dspy.clients.lm.LM";

/// What the value of a setting must be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Whole,
    Bool,
    Texts,
    /// An object that may hold anything, so only its emptiness is kept.
    Empty,
}

/// Every setting that is kept. Keys, headers and addresses are not among them, nor is anything unknown.
const SETTINGS: &[(&str, Kind)] = &[
    // DSPy's marks: the class that it makes, and what its fine-tuning keeps.
    (CLASS_KEY, Kind::Text),
    ("model", Kind::Text),
    ("model_type", Kind::Text),
    ("cache", Kind::Bool),
    ("num_retries", Kind::Whole),
    ("temperature", Kind::Number),
    ("max_tokens", Kind::Whole),
    ("max_completion_tokens", Kind::Whole),
    ("n", Kind::Whole),
    ("top_p", Kind::Number),
    ("top_k", Kind::Whole),
    ("min_p", Kind::Number),
    ("stop", Kind::Texts),
    ("seed", Kind::Whole),
    ("presence_penalty", Kind::Number),
    ("frequency_penalty", Kind::Number),
    ("logprobs", Kind::Bool),
    ("top_logprobs", Kind::Whole),
    ("reasoning_effort", Kind::Text),
    ("verbosity", Kind::Text),
    ("rollout_id", Kind::Whole),
    ("finetuning_model", Kind::Text),
    ("launch_kwargs", Kind::Empty),
    ("train_kwargs", Kind::Empty),
];

/// Settings of the client rather than of the answer: a model made from them knows them, options do not.
const OF_CLIENT: &[&str] = &["model_type", "cache", "num_retries", "finetuning_model"];

/// Settings that are options of the answer without a place of their own in [`Options`].
const EXTRA: &[&str] =
    &["top_k", "min_p", "presence_penalty", "frequency_penalty", "reasoning_effort", "verbosity"];

/// The model of a predictor as a saved program has it: its name and those settings that may be written.
///
/// Settings are on a list: `model`, `model_type`, `cache`, `num_retries`, options of the answer such as
/// `temperature`, and DSPy's own marks. Keys, headers and addresses are not on it.
///
/// ```
/// use dspex_core::Program;
/// use dspex_modules::{Predict, SavedProgram};
/// use dspex_testkit::ScriptedLm;
/// let program = Predict::parse("q -> a")?.with_lm(ScriptedLm::always("x"));
/// let saved = SavedProgram::of(&program)?;
/// let lm = saved.predictors.values().next().and_then(|p| p.lm.as_ref()).unwrap();
/// assert_eq!(lm.model(), Some("scripted"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LmSettings(Map<String, Json>);

impl LmSettings {
    /// The settings among others, in their order, and the names of what was left out.
    /// The error says what was expected of which setting.
    pub(super) fn read(map: &Map<String, Json>) -> Result<(Self, Vec<String>), (String, String)> {
        let mut kept = Map::new();
        let mut left_out = Vec::new();
        for (name, value) in map {
            match SETTINGS.iter().find(|(n, _)| n == name) {
                None => left_out.push(name.clone()),
                Some((_, Kind::Empty)) => {
                    if value.as_object().is_none_or(|o| !o.is_empty()) && !value.is_null() {
                        left_out.push(name.clone());
                    }
                    kept.insert(name.clone(), json!({}));
                }
                Some((_, kind)) => {
                    expect(*kind, value).map_err(|expected| (name.clone(), expected.to_owned()))?;
                    kept.insert(name.clone(), value.clone());
                }
            }
        }
        if kept.get(CLASS_KEY).is_some_and(|class| class != CLASS) {
            return Err((
                CLASS_KEY.into(),
                format!("`{CLASS}`, the one class that is loaded without running code"),
            ));
        }
        if let Some(Json::String(model)) = kept.get_mut("model") {
            *model = without_credentials(model);
        }
        Ok((Self(kept), left_out))
    }

    /// The settings of a model and the options of its predictor, in DSPy's order, and what was left out.
    pub(super) fn of(lm: &dyn LanguageModel, options: &Options) -> (Self, Vec<String>) {
        let own = lm.settings();
        let mut all = Map::new();
        all.insert(CLASS_KEY.into(), json!(CLASS));
        all.insert("model".into(), json!(lm.id()));
        // Where the model does not say, these are what DSPy takes.
        for (name, usual) in
            [("model_type", json!("chat")), ("cache", json!(true)), ("num_retries", json!(3))]
        {
            all.insert(name.into(), own.get(name).cloned().unwrap_or(usual));
        }
        all.insert("temperature".into(), Json::Null);
        all.insert("max_tokens".into(), Json::Null);
        all.extend(options_to_map(options));
        all.insert("finetuning_model".into(), own.get("finetuning_model").cloned().unwrap_or_default());
        all.insert("launch_kwargs".into(), json!({}));
        all.insert("train_kwargs".into(), json!({}));
        // What a model says of itself is held to the list as well.
        let (kept, mut left_out) = allowed(&all);
        left_out.extend(own.keys().filter(|k| !all.contains_key(*k)).cloned());
        (kept, left_out)
    }

    /// The name of the model.
    pub fn model(&self) -> Option<&str> {
        self.0.get("model").and_then(Json::as_str)
    }

    /// A setting under DSPy's name.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0.get(name)
    }

    /// All settings in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v))
    }

    /// The settings that are options of a call. What has no option of its own goes to the provider as it is.
    pub fn options(&self) -> Options {
        let whole = |name: &str| self.0.get(name).and_then(Json::as_u64);
        let number = |name: &str| self.0.get(name).and_then(Json::as_f64);
        let small = |name: &str| whole(name).and_then(|n| u32::try_from(n).ok());
        let mut options = Options::new();
        options.n = small("n");
        options.temperature = number("temperature");
        options.top_p = number("top_p");
        options.max_tokens = whole("max_tokens").or_else(|| whole("max_completion_tokens"));
        options.seed = whole("seed");
        options.rollout_id = whole("rollout_id");
        options.logprobs = match self.0.get("logprobs") {
            Some(Json::Bool(true)) => Some(small("top_logprobs").unwrap_or(0)),
            _ => small("top_logprobs"),
        };
        options.stop = match self.0.get("stop") {
            Some(Json::String(one)) => Some(vec![one.clone()]),
            Some(Json::Array(all)) => Some(all.iter().filter_map(Json::as_str).map(str::to_owned).collect()),
            _ => None,
        };
        for name in EXTRA {
            if let Some(value) = self.0.get(*name).filter(|v| !v.is_null()) {
                options.extra.insert((*name).to_owned(), value.clone());
            }
        }
        options
    }

    /// Options that were saved by themselves. What is not on the list or not of its kind is left out.
    pub(super) fn options_of(map: &Map<String, Json>) -> Options {
        allowed(map).0.options()
    }

    pub(super) fn to_json(&self) -> Json {
        Json::Object(self.0.clone())
    }

    /// The model with those settings of its client that it does not tell by itself.
    pub(super) fn attach(&self, lm: Arc<dyn LanguageModel>) -> Arc<dyn LanguageModel> {
        let own = lm.settings();
        let missing: Map<String, Json> = OF_CLIENT
            .iter()
            .filter(|name| !own.contains_key(**name))
            .filter_map(|name| {
                Some(((*name).to_owned(), self.0.get(*name).filter(|v| !v.is_null())?.clone()))
            })
            .collect();
        if missing.is_empty() {
            return lm;
        }
        let mut settings = own;
        settings.extend(missing);
        Arc::new(WithSettings { lm, settings })
    }
}

/// Those of a map that are on the list and of the right kind, and the names of the others.
fn allowed(map: &Map<String, Json>) -> (LmSettings, Vec<String>) {
    let mut right = map.clone();
    let mut wrong: Vec<String> = Vec::new();
    loop {
        match LmSettings::read(&right) {
            Ok((kept, left_out)) => {
                wrong.extend(left_out);
                return (kept, wrong);
            }
            Err((name, _)) => {
                right.shift_remove(&name);
                wrong.push(name);
            }
        }
    }
}

/// Options under DSPy's names, those of the list alone, and the names of what is left out.
pub(super) fn save_options(options: &Options) -> (Map<String, Json>, Vec<String>) {
    let (kept, left_out) = allowed(&options_to_map(options));
    (kept.0, left_out)
}

fn options_to_map(options: &Options) -> Map<String, Json> {
    let mut map = Map::new();
    let mut set = |name: &str, value: Option<Json>| {
        if let Some(value) = value {
            map.insert(name.to_owned(), value);
        }
    };
    set("temperature", options.temperature.map(|v| json!(v)));
    set("max_tokens", options.max_tokens.map(|v| json!(v)));
    set("n", options.n.map(|v| json!(v)));
    set("top_p", options.top_p.map(|v| json!(v)));
    set("stop", options.stop.as_ref().map(|v| json!(v)));
    set("seed", options.seed.map(|v| json!(v)));
    set("logprobs", options.logprobs.map(|_| json!(true)));
    set("top_logprobs", options.logprobs.map(|v| json!(v)));
    set("rollout_id", options.rollout_id.map(|v| json!(v)));
    for (name, value) in &options.extra {
        set(name, Some(value.clone()));
    }
    map
}

/// What was expected where a value is not of its kind. `null` stands for a setting that is not set.
fn expect(kind: Kind, value: &Json) -> Result<(), &'static str> {
    let fits = |ok: bool, expected| if ok { Ok(()) } else { Err(expected) };
    match (kind, value) {
        (_, Json::Null) | (Kind::Empty, _) => Ok(()),
        (Kind::Text, v) => fits(v.is_string(), "text"),
        (Kind::Number, v) => fits(v.is_number(), "a number"),
        (Kind::Whole, v) => fits(v.is_u64(), "a whole number from 0"),
        (Kind::Bool, v) => fits(v.is_boolean(), "true or false"),
        (Kind::Texts, Json::Array(items)) => {
            fits(items.iter().all(Json::is_string), "text or a list of texts")
        }
        (Kind::Texts, v) => fits(v.is_string(), "text or a list of texts"),
    }
}

/// The name of a model without what a URL may carry as a credential: user, password, query.
fn without_credentials(model: &str) -> String {
    let Some((scheme, rest)) = model.split_once("://") else { return model.to_owned() };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = match rest.split_once('/') {
        Some((host, path)) => (host, Some(path)),
        None => (rest, None),
    };
    let host = host.rsplit('@').next().unwrap_or_default();
    match path {
        Some(path) => format!("{scheme}://{host}/{path}"),
        None => format!("{scheme}://{host}"),
    }
}

/// A model that also tells the settings with which a file named it, so that they are written again.
struct WithSettings {
    lm: Arc<dyn LanguageModel>,
    settings: Map<String, Json>,
}

impl LanguageModel for WithSettings {
    fn id(&self) -> &str {
        self.lm.id()
    }

    fn capabilities(&self) -> Capabilities {
        self.lm.capabilities()
    }

    fn settings(&self) -> Map<String, Json> {
        self.settings.clone()
    }

    fn call<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
        self.lm.call(request)
    }

    fn stream<'a>(&'a self, request: &'a Request) -> EventStream<'a> {
        self.lm.stream(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(json: &Json) -> Map<String, Json> {
        json.as_object().unwrap().clone()
    }

    #[test]
    fn only_settings_of_the_list_are_kept() {
        let (kept, left_out) = LmSettings::read(&map(&json!({
            "model": "openai/gpt-4o-mini", "temperature": 0.5, "max_tokens": null, "stop": ["a"],
            "api_key": "K", "api_base": "http://x", "headers": {"X-Auth": "S"}, "extra_headers": {"A": "S"},
            "aws_secret_access_key": "S", "launch_kwargs": {"token": "S"}, "train_kwargs": {},
        })))
        .unwrap();
        let text = kept.to_json().to_string();
        assert_eq!(
            text,
            r#"{"model":"openai/gpt-4o-mini","temperature":0.5,"max_tokens":null,"stop":["a"],"launch_kwargs":{},"train_kwargs":{}}"#
        );
        let names =
            ["api_key", "api_base", "headers", "extra_headers", "aws_secret_access_key", "launch_kwargs"];
        assert_eq!(left_out, names);
    }

    #[test]
    fn a_url_as_a_name_loses_its_credentials() {
        let table = [
            ("openai/gpt-4o-mini", "openai/gpt-4o-mini"),
            ("https://me:secret@host:1/v1/m?key=secret#x", "https://host:1/v1/m"),
            ("http://a@b@host", "http://host"),
        ];
        for (name, kept) in table {
            let (settings, _) = LmSettings::read(&map(&json!({"model": name}))).unwrap();
            assert_eq!(settings.model(), Some(kept));
        }
    }

    #[test]
    fn options_come_back_from_their_settings() {
        let mut options = Options::new().temperature(0.5).max_tokens(9).n(2).seed(1).rollout_id(3);
        options.stop = Some(vec!["a".into()]);
        options.top_p = Some(0.9);
        options.logprobs = Some(2);
        options.extra = map(&json!({"top_k": 4, "reasoning_effort": "low"}));
        let (saved, left_out) = save_options(&options);
        assert_eq!((LmSettings(saved).options(), left_out), (options.clone(), vec![]));
        options.extra.insert("api_key".into(), json!("K"));
        options.extra.insert("top_k".into(), json!({"password": "S"}));
        let (saved, left_out) = save_options(&options);
        assert!(!saved.contains_key("top_k") && !saved.contains_key("api_key"));
        assert_eq!(left_out, ["top_k", "api_key"]);
    }

    #[test]
    fn a_setting_of_another_kind_is_named() {
        let table = [
            (json!({"temperature": "hot"}), "temperature", "a number"),
            (json!({"stop": [1]}), "stop", "text or a list of texts"),
            (json!({"n": -1}), "n", "a whole number from 0"),
            (json!({"cache": "yes"}), "cache", "true or false"),
            (json!({"model": ["m"]}), "model", "text"),
        ];
        for (json, name, expected) in table {
            let wrong = (name.to_owned(), expected.to_owned());
            assert_eq!(LmSettings::read(&map(&json)).unwrap_err(), wrong);
        }
        let (name, _) = LmSettings::read(&map(&json!({"_dspy_lm_class": "os.system"}))).unwrap_err();
        assert_eq!(name, "_dspy_lm_class");
    }
}
