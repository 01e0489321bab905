//! OpenAI's batches: a file of requests, one or two files of results.

use dspex_core::BoxFuture;
use dspex_core::lm::{LmError, LmErrorKind};
use serde_json::{Value as Json, json};

use super::results::{Outcome, name_of, number_of};
use super::{BatchApi, BatchState, BatchStatus, Tasks};
use crate::http::Link;
use crate::wire::body::provider_error;

/// OpenAI's batches.
#[derive(Debug)]
pub(crate) struct OpenAiBatches;

impl BatchApi for OpenAiBatches {
    fn most(&self) -> (usize, usize) {
        // The file has 200 MB at most, names and paths included.
        (50_000, 180 << 20)
    }

    fn submit<'a>(&'a self, link: &'a Link, tasks: &'a Tasks) -> BoxFuture<'a, Result<String, LmError>> {
        Box::pin(async move {
            let path = format!("/v1/{}", tasks.path);
            let mut lines = Vec::new();
            for (number, body) in tasks.bodies.iter().enumerate() {
                let line = json!({"custom_id": name_of(number), "method": "POST", "url": path, "body": body});
                lines.extend_from_slice(line.to_string().as_bytes());
                lines.push(b'\n');
            }
            let file = link.upload("files", "batch", &lines).await?;
            let file = text(&file, "id", "a file with an `id`")?;
            let order = json!({"input_file_id": file, "endpoint": path, "completion_window": "24h"});
            let batch = link.start("batches", &tasks.headers, &order).await?;
            text(&batch, "id", "a batch with an `id`")
        })
    }

    fn poll<'a>(&'a self, link: &'a Link, id: &'a str) -> BoxFuture<'a, Result<BatchStatus, LmError>> {
        Box::pin(async move { status(&link.get(&format!("batches/{id}")).await?) })
    }

    fn results<'a>(
        &'a self,
        link: &'a Link,
        _: &'a str,
        status: &'a BatchStatus,
    ) -> BoxFuture<'a, Result<Vec<(usize, Outcome)>, LmError>> {
        Box::pin(async move {
            let mut all = Vec::new();
            for file in &status.files {
                let lines = link.lines(&format!("files/{file}/content")).await?;
                let of_line = |line: &Json| Some((number_of(&line["custom_id"])?, outcome(link, line)));
                all.extend(lines.iter().filter_map(of_line));
            }
            Ok(all)
        })
    }

    fn cancel<'a>(&'a self, link: &'a Link, id: &'a str) -> BoxFuture<'a, Result<BatchStatus, LmError>> {
        Box::pin(async move { status(&link.start(&format!("batches/{id}/cancel"), &[], &json!({})).await?) })
    }
}

fn text(json: &Json, key: &str, expected: &str) -> Result<String, LmError> {
    json[key].as_str().map(str::to_owned).ok_or_else(|| {
        LmError::new(LmErrorKind::Protocol, format!("expected {expected}, found something else"))
    })
}

fn status(batch: &Json) -> Result<BatchStatus, LmError> {
    let state = match text(batch, "status", "a batch with a `status`")?.as_str() {
        "completed" => BatchState::Ended,
        "expired" => BatchState::Expired,
        "cancelling" => BatchState::Cancelling,
        "cancelled" => BatchState::Cancelled,
        "failed" => {
            let why = batch["errors"]["data"].as_array().into_iter().flatten();
            let why: Vec<&str> = why.filter_map(|e| e["message"].as_str()).take(3).collect();
            BatchState::Failed(if why.is_empty() { "no reason".into() } else { why.join("; ") })
        }
        // `validating`, `in_progress`, `finalizing`, and what may come.
        _ => BatchState::Running,
    };
    let count = |key: &str| batch["request_counts"][key].as_u64().unwrap_or(0);
    let files = ["output_file_id", "error_file_id"].iter().filter_map(|key| batch[*key].as_str());
    // They become a part of paths.
    let plain = |id: &&str| id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    Ok(BatchStatus {
        state,
        total: count("total"),
        succeeded: count("completed"),
        failed: count("failed"),
        files: files.filter(plain).map(str::to_owned).collect(),
    })
}

fn outcome(link: &Link, line: &Json) -> Outcome {
    let (response, error) = (&line["response"], &line["error"]);
    match error["code"].as_str() {
        Some("batch_expired") => return Outcome::Expired,
        Some("batch_cancelled") => return Outcome::Cancelled,
        _ => {}
    }
    match response["status_code"].as_u64().and_then(|status| u16::try_from(status).ok()) {
        Some(200..=299) => Outcome::Body(response["body"].clone()),
        Some(status) => {
            let id = response["request_id"].as_str().map(str::to_owned);
            Outcome::Failed(link.of_status(status, &response["body"]).with_request_id(id))
        }
        None => Outcome::Failed(link.clean(provider_error(error))),
    }
}
