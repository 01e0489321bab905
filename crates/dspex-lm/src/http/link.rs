//! What is asked of an endpoint beside replies: JSON at paths, files, lines.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use dspex_core::lm::{LmError, LmErrorKind};
use dspex_resilience::{Ask, Stack};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value as Json;

use super::endpoint::Endpoint;
use super::streamed::named;
use super::transport::{Body, Clocked, Transport};
use crate::Resilience;
use crate::stack::Failure;

/// Most bytes of a file that is read.
const MOST_BYTES: usize = 1 << 30;

/// An endpoint behind retry, breaker, limits and timeout.
#[derive(Debug)]
pub(crate) struct Link {
    transport: Transport,
    stack: Arc<Stack>,
    tenant: Arc<str>,
}

impl Link {
    pub(crate) fn new(
        endpoint: Endpoint,
        of_wire: &[(&'static str, &'static str)],
        resilience: &Resilience,
    ) -> Result<Self, LmError> {
        let transport = Transport::to(endpoint, of_wire)?;
        let stack = resilience.governors.stack(&format!("{} batches", transport.place()), resilience);
        Ok(Self { transport, stack, tenant: Arc::clone(&resilience.tenant) })
    }

    fn clocked(&self) -> Clocked {
        Clocked::start(self.transport.timeouts, None)
    }

    async fn tried<T, F: Future<Output = Result<T, LmError>>>(
        &self,
        once: impl Fn() -> F,
    ) -> Result<T, LmError> {
        let ask = Ask::default().tenant(Arc::clone(&self.tenant));
        let tried = self.stack.run(&ask, |_| {
            // Small in the layers' futures, whatever it holds.
            let once = Box::pin(once());
            async { once.await.map_err(Failure) }
        });
        Box::pin(tried).await.map_err(|Failure(e)| e)
    }

    async fn json_of(&self, mut body: Body) -> Result<Json, LmError> {
        let read = body.json(&self.transport.redaction).await.and_then(|bytes| {
            serde_json::from_slice(&bytes)
                .map_err(|e| LmError::new(LmErrorKind::Protocol, format!("expected JSON, found: {e}")))
        });
        read.map_err(|e| named(e, body.request_id.take()))
    }

    /// The JSON at a path.
    pub(crate) async fn get(&self, path: &str) -> Result<Json, LmError> {
        self.tried(|| async {
            let body = self.transport.get(self.transport.url(path)?, self.clocked()).await?;
            self.json_of(body).await
        })
        .await
    }

    /// Sends JSON. What starts something is not sent again when nobody knows whether it was started.
    pub(crate) async fn start(
        &self,
        path: &str,
        headers: &[(String, String)],
        body: &Json,
    ) -> Result<Json, LmError> {
        self.tried(|| async {
            let send = async {
                let url = self.transport.url(path)?;
                let body = self.transport.send(url, headers, body, self.clocked()).await?;
                self.json_of(body).await
            };
            send.await.map_err(|mut e: LmError| {
                // These say that nothing came of it; a gateway that fails or waits too long does not.
                if !matches!(e.status, Some(429 | 503 | 529)) {
                    e.should_retry = Some(false);
                }
                e
            })
        })
        .await
    }

    /// Sends a file of lines in a form, with a field that says what for.
    pub(crate) async fn upload(&self, path: &str, purpose: &str, lines: &[u8]) -> Result<Json, LmError> {
        // No line of JSON has a line break within, so that none looks like this.
        const EDGE: &str = "dspex-edge-of-a-part";
        let mut form = BytesMut::with_capacity(lines.len() + 512);
        let purpose = format!(
            "--{EDGE}\r\ncontent-disposition: form-data; name=\"purpose\"\r\n\r\n{purpose}\r\n--{EDGE}\r\n\
             content-disposition: form-data; name=\"file\"; filename=\"batch.jsonl\"\r\n\
             content-type: application/jsonl\r\n\r\n"
        );
        form.extend_from_slice(purpose.as_bytes());
        form.extend_from_slice(lines);
        form.extend_from_slice(format!("\r\n--{EDGE}--\r\n").as_bytes());
        let (kind, form) = (format!("multipart/form-data; boundary={EDGE}"), form.freeze());
        self.tried(|| async {
            let url = self.transport.url(path)?;
            let body = self.transport.post(url, &[], (&kind, Bytes::clone(&form)), self.clocked()).await?;
            self.json_of(body).await
        })
        .await
    }

    /// The JSON in each line of a file, read as it comes.
    pub(crate) async fn lines(&self, path: &str) -> Result<Vec<Json>, LmError> {
        self.tried(|| async {
            let mut body = self.transport.get(self.transport.url(path)?, self.clocked()).await?;
            body.most = MOST_BYTES;
            let (mut lines, mut rest) = (Vec::new(), BytesMut::new());
            while let Some(bytes) = body.next().await? {
                rest.extend_from_slice(&bytes);
                while let Some(end) = memchr::memchr(b'\n', &rest) {
                    lines.extend(line(&rest.split_to(end + 1))?);
                }
            }
            lines.extend(line(&rest)?);
            Ok(lines)
        })
        .await
    }

    /// The headers of a request, of which those that are lists go out once.
    pub(crate) fn joined(
        &self,
        headers: Vec<(String, String)>,
        lists: &[&'static str],
    ) -> Vec<(String, String)> {
        self.transport.joined(headers, lists)
    }

    /// The error of a status within a file.
    pub(crate) fn of_status(&self, status: u16, body: &Json) -> LmError {
        let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self.transport.redaction.of_status(code, &HeaderMap::new(), body.to_string().as_bytes())
    }

    /// The error with what a provider said made safe to show.
    pub(crate) fn clean(&self, e: LmError) -> LmError {
        self.transport.redaction.clean(e)
    }
}

/// The JSON of a line; none of an empty one.
fn line(bytes: &[u8]) -> Result<Option<Json>, LmError> {
    let bytes = bytes.trim_ascii();
    if bytes.is_empty() {
        return Ok(None);
    }
    serde_json::from_slice(bytes).map(Some).map_err(|e| {
        let message = format!("expected a line of JSON in a file of results, found: {e}");
        LmError::new(LmErrorKind::Protocol, message)
    })
}
