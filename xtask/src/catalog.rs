//! The catalog of models, made anew from LiteLLM's table, which comes with DSPy.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Map, Value as Json, json};

use crate::{Outcome, python, root, say};

/// Providers of the table and the names that they have here. The longest that fits counts.
const PROVIDERS: &[(&str, &str)] = &[
    ("anthropic", "anthropic"),
    ("azure", "azure"),
    ("bedrock", "bedrock"),
    ("bedrock_converse", "bedrock"),
    ("cohere", "cohere"),
    ("cohere_chat", "cohere"),
    ("deepseek", "deepseek"),
    ("fireworks_ai", "fireworks_ai"),
    ("gemini", "gemini"),
    ("groq", "groq"),
    ("mistral", "mistral"),
    ("openai", "openai"),
    ("openrouter", "openrouter"),
    ("perplexity", "perplexity"),
    ("together_ai", "together_ai"),
    ("vertex_ai-anthropic_models", "vertex_ai"),
    ("vertex_ai-embedding-models", "vertex_ai"),
    ("vertex_ai-language-models", "vertex_ai"),
    ("xai", "xai"),
];

/// What a model can do, by the table's word and by ours.
const ABILITIES: &[(&str, &str)] = &[
    ("supports_function_calling", "tools"),
    ("supports_response_schema", "json_schema"),
    ("supports_vision", "images"),
    ("supports_audio_input", "audio"),
    ("supports_reasoning", "reasoning"),
    ("supports_prompt_caching", "prompt_cache"),
];

/// Prices: the table's word, without what follows for a tier, and ours.
const RATES: &[(&str, &str)] = &[
    ("input_cost_per_token", "input"),
    ("output_cost_per_token", "output"),
    ("cache_read_input_token_cost", "cached_read"),
    ("cache_creation_input_token_cost", "cached_write"),
    ("output_cost_per_reasoning_token", "reasoning"),
    ("input_cost_per_audio_token", "audio"),
];

/// `catalog [TABLE]`: writes `crates/dspex-lm/data/models.jsonl`.
pub(crate) fn catalog(args: &[&str]) -> Outcome {
    let (table, version) = match args {
        [file] => (PathBuf::from(file), (*file).to_owned()),
        _ => installed()?,
    };
    let text = fs::read_to_string(&table).map_err(|e| format!("{} cannot be read: {e}", table.display()))?;
    let all: Map<String, Json> =
        serde_json::from_str(&text).map_err(|e| format!("no table of models: {e}"))?;
    let mut models = BTreeMap::new();
    for (name, entry) in &all {
        if let Some((name, line)) = line(name, entry) {
            // Where a model is there by two names, the one with its provider before it counts.
            models.entry(name).or_insert(line);
        }
    }
    let source = json!({
        "source": format!("LiteLLM {version}, model_prices_and_context_window.json"),
        "as_of": today()?,
        "license": "MIT, Copyright (c) 2023 Berri AI",
        "note": "prices in US dollars per million tokens; written by `cargo xtask catalog`",
    });
    let lines: Vec<String> =
        std::iter::once(source).chain(models.into_values()).map(|l| l.to_string()).collect();
    let file = root().join("crates/dspex-lm/data/models.jsonl");
    fs::write(&file, lines.join("\n") + "\n")
        .map_err(|e| format!("{} cannot be written: {e}", file.display()))?;
    say(&format!("{} models in {}", lines.len() - 1, file.display()));
    Ok(())
}

/// The table of the LiteLLM that came with DSPy, and its version.
fn installed() -> Result<(PathBuf, String), String> {
    python::setup(&root())?;
    let python = python::installed(&root()).ok_or("there is no DSPy in target/python")?;
    let script = "import importlib.metadata as m; d = m.distribution('litellm'); print(d.version); \
                  print(d.locate_file('litellm/model_prices_and_context_window_backup.json'))";
    let output = std::process::Command::new(python).args(["-c", script]).output();
    let output = output.map_err(|e| format!("python cannot be started: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (version, path) = text.trim().split_once('\n').ok_or("expected LiteLLM beside DSPy, found none")?;
    Ok((PathBuf::from(path), version.to_owned()))
}

fn today() -> Result<String, String> {
    let output = std::process::Command::new("date").args(["-u", "+%F"]).output();
    let output = output.map_err(|e| format!("`date` cannot be started: {e}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn line(name: &str, entry: &Json) -> Option<(String, Json)> {
    let theirs = entry["litellm_provider"].as_str()?;
    let (_, provider) = PROVIDERS.iter().find(|(p, _)| *p == theirs)?;
    let embeds = entry["mode"] == "embedding";
    if !embeds && !matches!(entry["mode"].as_str(), Some("chat" | "responses")) {
        return None;
    }
    let model = name.strip_prefix(&format!("{provider}/")).unwrap_or(name);
    let full = format!("{provider}/{model}");
    let mut line = Map::new();
    line.insert("model".into(), json!(full));
    if embeds {
        line.insert("embeds".into(), json!(true));
    }
    let base = rates(entry, "");
    if base.contains_key("input") {
        line.extend(base);
        for tier in ["batches", "flex", "priority"] {
            let rates = rates(entry, &format!("_{tier}"));
            if rates.contains_key("input") {
                line.insert(if tier == "batches" { "batch" } else { tier }.into(), Json::Object(rates));
            }
        }
        if let Some(above) = above(entry) {
            line.insert("above".into(), above);
        }
    }
    let context = entry["max_input_tokens"].as_u64();
    let output = entry["max_output_tokens"].as_u64().or(entry["max_tokens"].as_u64());
    line.extend(context.map(|n| ("context".into(), json!(n))));
    line.extend(output.filter(|_| !embeds).map(|n| ("max_output".into(), json!(n))));
    let can: Vec<&str> =
        ABILITIES.iter().filter(|(key, _)| entry[*key] == true).map(|(_, word)| *word).collect();
    if !can.is_empty() {
        line.insert("can".into(), json!(can));
    }
    line.extend(entry["deprecation_date"].as_str().map(|d| ("retired".into(), json!(d))));
    Some((full, Json::Object(line)))
}

/// The prices of a model that have something behind their names.
fn rates(entry: &Json, behind: &str) -> Map<String, Json> {
    let price = |key: &str| Some(json!(per_million(entry[format!("{key}{behind}")].as_f64()?)?));
    RATES.iter().filter_map(|(key, ours)| Some(((*ours).to_owned(), price(key)?))).collect()
}

/// Prices of requests with more than so many tokens; of several bounds the lowest.
fn above(entry: &Json) -> Option<Json> {
    let bound = |key: &str| {
        key.strip_prefix("input_cost_per_token_above_")?.strip_suffix("k_tokens")?.parse::<u64>().ok()
    };
    let least = entry.as_object()?.keys().filter_map(|key| bound(key)).min()?;
    let mut rates = rates(entry, &format!("_above_{least}k_tokens"));
    rates.insert("tokens".into(), json!(least * 1_000));
    Some(Json::Object(rates))
}

/// A price for one token as one for a million, without the noise of binary fractions.
fn per_million(price: f64) -> Option<String> {
    if !(0.0..1.0).contains(&price) {
        return None;
    }
    let text = format!("{:.6}", price * 1e6);
    Some(text.trim_end_matches('0').trim_end_matches('.').to_owned())
}
