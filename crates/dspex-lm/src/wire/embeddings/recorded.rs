//! Recorded embeddings: what was sent is what is sent, and what came back is read.

use dspex_core::lm::{EmbedRequest, Embeddings};
use serde_json::{Value as Json, json};

use super::{Asked, EmbeddingForm, Embeds, check};
use crate::provider::{PROVIDERS, embeds_of};
use crate::wire::cassettes::{Interaction, interactions};

/// Recordings of what makes embeddings of texts, with how their vendor does.
fn recorded() -> Vec<(Interaction, Embeds)> {
    let of_texts =
        |i: &Interaction| i.path.to_lowercase().contains("embed") && !i.request.contains("\"images\"");
    let with_row = |i: Interaction| {
        let vendor = i.file.components().rev().nth(2)?.as_os_str().to_str()?.to_owned();
        embeds_of(&vendor).map(|embeds| (i, embeds))
    };
    interactions(None).into_iter().filter(of_texts).filter_map(with_row).collect()
}

/// The neutral request of a body, by a reader of its own.
fn asked_in(body: &Json) -> (String, EmbedRequest) {
    let all = body["requests"].as_array();
    let one = all.and_then(|all| all.first()).unwrap_or(body);
    let texts: Vec<String> = match all {
        Some(all) => {
            all.iter().map(|r| r["content"]["parts"][0]["text"].as_str().expect("text").into()).collect()
        }
        None => {
            let texts = body["input"].as_array().or(body["texts"].as_array()).expect("texts");
            texts.iter().map(|t| t.as_str().expect("text").into()).collect()
        }
    };
    let mut request = EmbedRequest::new(texts);
    let sizes = ["dimensions", "output_dimension", "output_dimensionality"];
    let size = sizes.iter().find_map(|name| one[*name].as_u64());
    request.dimensions = size.map(|n| u32::try_from(n).expect("a size"));
    if let Some(other @ "classification") = body["input_type"].as_str() {
        request.extra.insert("input_type".into(), other.into());
    }
    let model = one["model"].as_str().expect("a model").trim_start_matches("models/");
    (model.to_owned(), request)
}

/// A body without what is only written in another way: numbers as floats are what Cohere gives without being asked, too,
/// and Google takes names in both of its ways.
fn plain(mut body: Json) -> Json {
    if let Json::Object(map) = &mut body {
        map.remove("embedding_types");
    }
    for one in body["requests"].as_array_mut().into_iter().flatten().filter_map(Json::as_object_mut) {
        if let Some(size) = one.remove("output_dimensionality") {
            one.insert("outputDimensionality".into(), size);
        }
    }
    body
}

#[test]
fn requests_are_those_that_were_recorded() {
    let mut compared = 0;
    for (interaction, embeds) in recorded() {
        let sent: Json = serde_json::from_str(&interaction.request).expect("JSON");
        let (model, request) = asked_in(&sent);
        let asked = Asked { request: &request, model: &model, embeds: &embeds };
        let place = interaction.place();
        assert_eq!(asked.parts().len(), 1, "{place}");
        let (body, warnings) = asked.encode(0..request.texts.len()).expect(&place);
        assert_eq!((plain(body), warnings.len()), (plain(sent), 0), "{place}");
        // Cohere's first version and its second differ in nothing that is said here.
        let path = interaction.path.replace("/v1/embed", "/v2/embed");
        let path = if embeds.form == EmbeddingForm::Cohere { &path } else { &interaction.path };
        assert!(path.ends_with(&format!("/{}", embeds.form.path(&model))), "{place}: {path}");
        compared += 1;
    }
    assert!(compared == 0 || compared >= 28, "{compared} requests were compared");
}

/// The vectors of a body, by a reader of its own.
fn vectors_in(body: &Json) -> Vec<Vec<Json>> {
    let list = |json: &Json| json.as_array().expect("numbers").clone();
    if let Some(data) = body["data"].as_array() {
        let mut all = vec![Vec::new(); data.len()];
        for item in data {
            let at = usize::try_from(item["index"].as_u64().expect("an index")).expect("a place");
            all[at] = list(&item["embedding"]);
        }
        return all;
    }
    let all = body["embeddings"].as_array().or(body["embeddings"]["float"].as_array()).expect("vectors");
    all.iter().map(|one| one.get("values").map_or_else(|| list(one), list)).collect()
}

#[test]
fn replies_read_as_they_were_recorded() {
    let (mut read, mut refused) = (0, 0);
    for (interaction, embeds) in recorded() {
        let place = interaction.place();
        if interaction.status != 200 {
            assert!(embeds.form.read(&interaction.body).is_err(), "{place}");
            refused += 1;
            continue;
        }
        let made: Embeddings = embeds.form.read(&interaction.body).expect(&place);
        let body: Json = serde_json::from_slice(&interaction.body).expect("JSON");
        let (_, request) = asked_in(&serde_json::from_str(&interaction.request).expect("JSON"));
        check(&made, request.texts.len(), request.dimensions).expect(&place);
        #[expect(clippy::cast_possible_truncation, reason = "models give 32 bits at most")]
        let number = |n: &Json| n.as_f64().expect("a number") as f32;
        let numbers: Vec<Vec<f32>> =
            vectors_in(&body).iter().map(|v| v.iter().map(number).collect()).collect();
        assert_eq!(made.vectors, numbers, "{place}");
        let counts = [&body["usage"]["prompt_tokens"], &body["meta"]["billed_units"]["input_tokens"]];
        let tokens = counts.iter().find_map(|n| n.as_u64());
        assert_eq!(made.usage.input_tokens, tokens.unwrap_or(0), "{place}");
        assert_eq!(made.usage.uncounted_calls, u64::from(tokens.is_none()), "{place}");
        assert_eq!(json!(made.model), body["model"], "{place}");
        read += 1;
    }
    assert!(read + refused == 0 || (read >= 25 && refused == 3), "{read} read, {refused} refused");
}

#[test]
fn rows_have_bounds() {
    for provider in PROVIDERS {
        let Some(embeds) = embeds_of(provider.name) else { continue };
        assert!((1..=2_048).contains(&embeds.most) && embeds.most_bytes >= 32_000, "{}", provider.name);
    }
}
