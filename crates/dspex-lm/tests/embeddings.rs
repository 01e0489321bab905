//! Embeddings over real sockets: where requests go and with what, batches, prices, retries, and replies that are none.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Said, Sent, against, json};
use dspex_core::lm::{EmbedRequest, Embedder as _, Embeddings, InputType, LmError, LmErrorKind};
use dspex_lm::{EmbeddingModel, Resilience, Secret};
use dspex_testkit::block_on;
use serde_json::{Value as Json, json as j};

const KEY: &str = "sk-canary-5f7e1c";

/// Asks a model of a name behind a server; what was sent stands beside the result.
fn ask(
    name: &str,
    path: &str,
    request: &EmbedRequest,
    answer: impl Fn(usize, &Sent) -> Said,
) -> (Result<Embeddings, LmError>, Vec<Sent>) {
    let (sent, count) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
    let serve = |one: &Sent| {
        sent.lock().unwrap().push(one.clone());
        answer(count.fetch_add(1, Ordering::Relaxed), one)
    };
    let result = block_on(against(serve, async |address| {
        let mut resilience = Resilience::default();
        resilience.policy.retry.base = std::time::Duration::from_millis(1);
        let builder =
            EmbeddingModel::builder(name).api_key(Secret::new(KEY)).api_base(format!("{address}{path}"));
        builder.resilience(resilience).build().unwrap().embed(request).await
    }));
    (result, sent.into_inner().unwrap())
}

/// The texts' numbers, as OpenAI writes embeddings, the last first.
fn by_number(sent: &Sent) -> Said {
    let body = sent.json();
    let texts = body["input"].as_array().unwrap();
    let one = |(at, text): (usize, &Json)| j!({"index": at, "embedding": [text.as_str().unwrap().parse::<f32>().unwrap(), 1.0]});
    let data: Vec<Json> = texts.iter().enumerate().map(one).rev().collect();
    json(200, &j!({"data": data, "model": "m-1", "usage": {"prompt_tokens": texts.len()}}))
}

#[test]
fn vectors_come_in_the_order_of_texts_out_of_many_requests() {
    let request = EmbedRequest::new((0..5_000).map(|n| n.to_string()));
    let (made, sent) = ask("openai/text-embedding-3-small", "/v1", &request, |_, sent| by_number(sent));
    let made = made.unwrap();
    let firsts = made.vectors.iter().map(|v| v[0]);
    assert!(firsts.eq((0..5_000_u16).map(f32::from)));
    let mut sizes: Vec<usize> = sent.iter().map(|s| s.json()["input"].as_array().unwrap().len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [904, 2_048, 2_048]);
    assert_eq!((made.usage.calls, made.usage.input_tokens, made.usage.unpriced_calls), (3, 5_000, 0));
    assert_eq!(made.usage.cost.to_string(), "$0.0001", "by the catalog, two cents a million");
    assert_eq!(made.model.as_deref(), Some("m-1"));
}

#[test]
fn nothing_is_sent_for_no_texts() {
    let none = EmbedRequest::new(Vec::<String>::new());
    let (made, sent) = ask("openai/text-embedding-3-small", "/v1", &none, |_, sent| by_number(sent));
    assert_eq!((made.unwrap(), sent.len()), (Embeddings::default(), 0));
}

#[test]
fn each_vendor_is_asked_in_its_way() {
    let asked = EmbedRequest::new(["a"]).dimensions(2).input_type(InputType::Query);
    let plain = EmbedRequest::new(["a"]).dimensions(2);
    let bearer = ("authorization", format!("Bearer {KEY}"));
    for (name, request, path, key, body, reply) in [
        (
            "gemini/gemini-embedding-001",
            &asked,
            "/v1beta/models/gemini-embedding-001:batchEmbedContents",
            ("x-goog-api-key", KEY.to_owned()),
            j!({"requests": [{
                "model": "models/gemini-embedding-001", "content": {"parts": [{"text": "a"}]},
                "taskType": "RETRIEVAL_QUERY", "outputDimensionality": 2,
            }]}),
            j!({"embeddings": [{"values": [1, 2]}]}),
        ),
        (
            "cohere/embed-v4.0",
            &asked,
            "/v2/embed",
            bearer.clone(),
            j!({
                "model": "embed-v4.0", "texts": ["a"], "embedding_types": ["float"],
                "input_type": "search_query", "output_dimension": 2,
            }),
            j!({"embeddings": {"float": [[1, 2]]}, "meta": {"billed_units": {"input_tokens": 1}}}),
        ),
        (
            "ollama_chat/nomic-embed-text",
            &plain,
            "/api/embed",
            bearer.clone(),
            j!({"model": "nomic-embed-text", "input": ["a"], "dimensions": 2}),
            j!({"embeddings": [[1, 2]], "prompt_eval_count": 1}),
        ),
        (
            "mistral/codestral-embed",
            &plain,
            "/embeddings",
            bearer.clone(),
            j!({"model": "codestral-embed", "input": ["a"], "output_dimension": 2}),
            // The bytes of two numbers.
            j!({"data": [{"index": 0, "embedding": "AACAPwAAAEA="}], "usage": {"prompt_tokens": 1}}),
        ),
    ] {
        let (made, sent) = ask(name, "", request, |_, _| json(200, &reply));
        assert_eq!(made.unwrap().vectors, [[1.0, 2.0]], "{name}");
        assert_eq!((sent[0].method.as_str(), sent[0].path.as_str()), ("POST", path), "{name}");
        assert_eq!((sent[0].header(key.0), sent[0].json()), (Some(key.1.as_str()), body), "{name}");
    }
}

#[test]
fn what_fails_is_tried_again_and_what_was_paid_is_known() {
    let request = EmbedRequest::new((0..5_000).map(|n| n.to_string()));
    let limited = || json(429, &j!({"error": {"message": format!("slow down, {KEY}"), "code": "429"}}));
    let model = "openai/text-embedding-3-small";
    let (made, sent) =
        ask(model, "/v1", &request, |n, sent| if n == 0 { limited() } else { by_number(sent) });
    let made = made.unwrap();
    assert_eq!((made.vectors.len(), sent.len(), made.failed.len()), (5_000, 4, 1));
    assert_eq!(made.failed[0].kind, LmErrorKind::RateLimit);

    // The last texts cannot be read; those before them were paid for.
    let refused = |sent: &Sent| {
        let last = sent.json()["input"].as_array().unwrap().len() == 904;
        let error = j!({"error": {"message": format!("no, {KEY}"), "type": "invalid_request_error"}});
        if last { json(400, &error) } else { by_number(sent) }
    };
    let (made, _) = ask(model, "/v1", &request, |_, sent| refused(sent));
    let e = made.unwrap_err();
    assert_eq!((e.kind, e.status, e.usage.input_tokens), (LmErrorKind::InvalidRequest, Some(400), 4_096));
    assert!(!e.usage.cost.is_zero() && e.to_string().starts_with(model), "{e}");
    assert!(!format!("{e:?}").contains(KEY), "{e:?}");
    assert_eq!(e.request_id.as_deref(), Some("r"));
}

#[test]
fn replies_that_are_no_embeddings_are_errors() {
    let request = EmbedRequest::new(["1", "2"]).dimensions(2);
    let data = |vectors: Json| {
        let one = |v: &Json| j!({"embedding": v});
        let data: Vec<Json> = vectors.as_array().unwrap().iter().map(one).collect();
        json(200, &j!({"data": data, "usage": {"prompt_tokens": 7}}))
    };
    for (said, kind, words) in [
        (data(j!([[1, 2]])), LmErrorKind::Protocol, "expected 2 embeddings"),
        (data(j!([[1, 2], [3]])), LmErrorKind::Protocol, "found 1 in that of text 1"),
        (data(j!([[1, 2, 3], [1, 2, 3]])), LmErrorKind::Protocol, "of 2 numbers each, found 3"),
        (data(j!([[1, 2], [1e300, 2]])), LmErrorKind::Protocol, "finite numbers"),
        ((200, "text/html", "<p>".into()), LmErrorKind::Protocol, "expected JSON, found text/html"),
        (
            json(200, &j!({"error": {"message": "no", "code": "model_not_found"}})),
            LmErrorKind::UnknownModel,
            "no",
        ),
    ] {
        let (made, sent) = ask("openai/text-embedding-3-small", "/v1", &request, |_, _| said.clone());
        let e = made.unwrap_err();
        assert!(e.kind == kind && e.message.contains(words) && sent.len() == 1, "{words}: {e:?}");
        assert_eq!(e.usage.input_tokens, if said.2.contains("\"data\"") { 7 } else { 0 }, "{words}");
    }
}
