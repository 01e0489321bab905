//! Anthropic's batches of messages: requests in one body, results in lines.

use dspex_core::BoxFuture;
use dspex_core::lm::{LmError, LmErrorKind};
use serde_json::{Value as Json, json};

use super::results::{Outcome, name_of, number_of};
use super::{BatchApi, BatchState, BatchStatus, Tasks};
use crate::http::Link;
use crate::wire::body::provider_error;

/// Anthropic's batches.
#[derive(Debug)]
pub(crate) struct AnthropicBatches;

impl BatchApi for AnthropicBatches {
    fn most(&self) -> (usize, usize) {
        // The body has 256 MB at most.
        (100_000, 220 << 20)
    }

    fn submit<'a>(&'a self, link: &'a Link, tasks: &'a Tasks) -> BoxFuture<'a, Result<String, LmError>> {
        Box::pin(async move {
            let one = |(number, body): (usize, &Json)| json!({"custom_id": name_of(number), "params": body});
            let requests: Vec<Json> = tasks.bodies.iter().enumerate().map(one).collect();
            let path = format!("{}/batches", tasks.path);
            let batch = link.start(&path, &tasks.headers, &json!({"requests": requests})).await?;
            let id = batch["id"].as_str().map(str::to_owned);
            id.ok_or_else(|| LmError::new(LmErrorKind::Protocol, "expected a batch with an `id`, found none"))
        })
    }

    fn poll<'a>(&'a self, link: &'a Link, id: &'a str) -> BoxFuture<'a, Result<BatchStatus, LmError>> {
        Box::pin(async move { status(&link.get(&format!("messages/batches/{id}")).await?) })
    }

    fn results<'a>(
        &'a self,
        link: &'a Link,
        id: &'a str,
        _: &'a BatchStatus,
    ) -> BoxFuture<'a, Result<Vec<(usize, Outcome)>, LmError>> {
        Box::pin(async move {
            // A URL that comes with a reply is not followed: the key goes nowhere else.
            let lines = link.lines(&format!("messages/batches/{id}/results")).await?;
            let of_line =
                |line: &Json| Some((number_of(&line["custom_id"])?, outcome(link, &line["result"])));
            Ok(lines.iter().filter_map(of_line).collect())
        })
    }

    fn cancel<'a>(&'a self, link: &'a Link, id: &'a str) -> BoxFuture<'a, Result<BatchStatus, LmError>> {
        Box::pin(async move {
            status(&link.start(&format!("messages/batches/{id}/cancel"), &[], &json!({})).await?)
        })
    }
}

fn status(batch: &Json) -> Result<BatchStatus, LmError> {
    let count = |key: &str| batch["request_counts"][key].as_u64().unwrap_or(0);
    let [running, succeeded, errored, canceled, expired] =
        ["processing", "succeeded", "errored", "canceled", "expired"].map(count);
    let state = match batch["processing_status"].as_str() {
        Some("ended") if expired > 0 => BatchState::Expired,
        Some("ended") if canceled > 0 => BatchState::Cancelled,
        Some("ended") => BatchState::Ended,
        Some("canceling") => BatchState::Cancelling,
        Some(_) => BatchState::Running,
        None => {
            let message = "expected a batch with a `processing_status`, found none";
            return Err(LmError::new(LmErrorKind::Protocol, message));
        }
    };
    let failed = errored.saturating_add(canceled).saturating_add(expired);
    let total = running.saturating_add(succeeded).saturating_add(failed);
    Ok(BatchStatus { state, total, succeeded, failed, files: Vec::new() })
}

fn outcome(link: &Link, result: &Json) -> Outcome {
    match result["type"].as_str() {
        Some("succeeded") => Outcome::Body(result["message"].clone()),
        Some("expired") => Outcome::Expired,
        Some("canceled") => Outcome::Cancelled,
        // The error stands in an object that is one, too.
        Some("errored") => {
            let error = &result["error"];
            let inner = error.get("error").unwrap_or(error);
            let id = error["request_id"].as_str().map(str::to_owned);
            Outcome::Failed(link.clean(provider_error(inner)).with_request_id(id))
        }
        _ => Outcome::Failed(LmError::new(
            LmErrorKind::Protocol,
            "expected a result of a known type, found another",
        )),
    }
}
