//! The connection: a client with a pool, under the bounds of a call.

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use dspex_core::lm::{LmError, LmErrorKind};
use dspex_core::{Clock as _, SystemClock};
use dspex_resilience::RateLimits;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use reqwest::{Client, RequestBuilder, Response, Url, redirect};
use rustls_platform_verifier::BuilderVerifierExt as _;
use serde_json::Value as Json;

use super::endpoint::{Endpoint, header, url};
use super::failure::{Redaction, of_connection, timeout};
use crate::{Secret, Timeouts};

/// Most bytes of a reply; a longer one is cut off with an error before it fills the memory.
const MOST_BYTES: usize = 16 << 20;

/// Most bytes that are read of a body that goes into an error.
pub(super) const MOST_ERROR_BYTES: usize = 64 << 10;

/// Sends requests to one host.
#[derive(Clone)]
pub(super) struct Transport {
    client: Client,
    /// The base URL, which paths are added to.
    pub(super) base: String,
    pub(super) host: Url,
    pub(super) timeouts: Timeouts,
    pub(super) redaction: Redaction,
    /// The headers of every request.
    headers: HeaderMap,
}

/// When the steps of one call must be over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clocked {
    started: Instant,
    first_byte: Duration,
    idle: Duration,
    total: Duration,
}

impl Clocked {
    pub(super) fn start(timeouts: Timeouts, deadline: Option<Instant>) -> Self {
        let started = now();
        let left = deadline.map(|d| d.saturating_duration_since(started));
        let total = left.map_or(timeouts.total, |left| left.min(timeouts.total));
        Self { started, first_byte: timeouts.first_byte.min(total), idle: timeouts.idle, total }
    }

    async fn until<T>(
        self,
        limit: Duration,
        what: &str,
        work: impl Future<Output = T>,
    ) -> Result<T, LmError> {
        let end = tokio::time::Instant::from_std(self.started + limit);
        tokio::time::timeout_at(end, work).await.map_err(|_| timeout(what, limit))
    }
}

impl Clocked {
    /// Waits for the next bytes: not longer than a stream may be silent, nor past the end of the call.
    async fn next<T>(self, work: impl Future<Output = T>) -> Result<T, LmError> {
        let total = tokio::time::Instant::from_std(self.started + self.total);
        let idle = tokio::time::Instant::now() + self.idle;
        let waited = tokio::time::timeout_at(idle.min(total), work).await;
        waited.map_err(|_| {
            if total <= idle {
                timeout("the end of the reply", self.total)
            } else {
                timeout("more of the reply", self.idle)
            }
        })
    }
}

/// The time by the runtime's clock, which a test can pause.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The body of a reply as it comes.
#[derive(Debug)]
pub(super) struct Body {
    response: Response,
    first: Option<Bytes>,
    clocked: Clocked,
    url: Url,
    connect: Duration,
    bytes: usize,
    /// Most bytes that are read of it.
    pub(super) most: usize,
    /// The provider's id of the request.
    pub(super) request_id: Option<String>,
    /// What the body says it is.
    pub(super) content_type: String,
    /// What the provider says of its limits.
    pub(super) limits: RateLimits,
}

impl Body {
    /// The next bytes; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, LmError> {
        let chunk = match self.first.take() {
            Some(chunk) => Some(chunk),
            None => {
                let chunk = self.clocked.next(self.response.chunk()).await?;
                chunk.map_err(|e| of_connection(&e, &self.url, self.connect))?
            }
        };
        self.bytes += chunk.as_ref().map_or(0, Bytes::len);
        if self.bytes > self.most {
            let most = self.most >> 20;
            let message = format!("expected a reply of at most {most} MiB, found a longer one");
            return Err(LmError::new(LmErrorKind::Protocol, message));
        }
        Ok(chunk)
    }

    /// The whole body, where it may be JSON.
    pub(super) async fn json(&mut self, redaction: &Redaction) -> Result<Bytes, LmError> {
        let bytes = self.whole(usize::MAX).await?;
        if bytes.is_empty() {
            let message = format!("expected a reply, found an empty body (status {})", self.status());
            return Err(LmError::new(LmErrorKind::Transport, message));
        }
        let bytes = if bytes.starts_with(b"\xef\xbb\xbf") { bytes.slice(3..) } else { bytes };
        if self.may_be_json() {
            Ok(bytes)
        } else {
            Err(redaction.of_content("JSON", &self.content_type, &bytes))
        }
    }

    /// Whether what the body says of itself leaves room for JSON; some servers say nothing, or that it is text.
    pub(super) fn may_be_json(&self) -> bool {
        may_be_json(&self.content_type)
    }

    /// The status of the reply.
    pub(super) fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// The whole body, or its first so many bytes.
    pub(super) async fn whole(&mut self, most: usize) -> Result<Bytes, LmError> {
        let mut all = BytesMut::new();
        while let Some(chunk) = self.next().await? {
            if all.is_empty() && chunk.len() >= most {
                return Ok(chunk.slice(..most.min(chunk.len())));
            }
            all.extend_from_slice(&chunk);
            if all.len() >= most {
                break;
            }
        }
        all.truncate(most);
        Ok(all.freeze())
    }
}

/// Without the query of the base URL, which may be secret.
impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("place", &self.place())
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}

impl Transport {
    /// The connection to an endpoint; every request has the headers of the wire and of the endpoint.
    pub(super) fn to(endpoint: Endpoint, of_wire: &[(&'static str, &'static str)]) -> Result<Self, LmError> {
        let (host, headers) = (url(&endpoint.base, "")?, endpoint.header_map(of_wire)?);
        let Endpoint { base, key, headers: own, timeouts, .. } = endpoint;
        let redaction = Redaction::new(own.into_iter().map(|(_, value)| value).chain(key), &host);
        let client = Client::builder()
            .default_headers(headers.clone())
            .user_agent(concat!("dspex/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(timeouts.connect)
            // A key must not follow a redirect to somewhere else, nor go through a proxy that the environment names.
            .redirect(redirect::Policy::none())
            .no_proxy()
            .tcp_nodelay(true)
            .tls_backend_preconfigured(tls(&host)?)
            .build()
            .map_err(|e| LmError::new(LmErrorKind::Configuration, format!("no client: {e}")))?;
        Ok(Self { client, base, host, timeouts, redaction, headers })
    }

    /// Where it leads. The path is a part of it: behind one host there may be several deployments. What is asked for in a
    /// query may be secret, and is not.
    pub(super) fn place(&self) -> &str {
        self.base.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/')
    }

    /// The URL of a path.
    pub(super) fn url(&self, path: &str) -> Result<Url, LmError> {
        url(&self.base, path)
    }

    /// The headers of a request, of which those that are lists go out once, with what every request lists first.
    pub(super) fn joined(
        &self,
        headers: Vec<(String, String)>,
        lists: &[&'static str],
    ) -> Vec<(String, String)> {
        let list_of = |name: &str| lists.iter().find(|list| list.eq_ignore_ascii_case(name));
        let (listed, mut all): (Vec<_>, Vec<_>) =
            headers.into_iter().partition(|(n, _)| list_of(n).is_some());
        for list in lists {
            let mine = listed.iter().filter(|(name, _)| list.eq_ignore_ascii_case(name));
            let of_all = self.headers.get(*list).and_then(|v| v.to_str().ok());
            let mut words: Vec<&str> = Vec::new();
            for word in of_all.into_iter().chain(mine.map(|(_, v)| v.as_str())).flat_map(|v| v.split(',')) {
                if !word.trim().is_empty() && !words.contains(&word.trim()) {
                    words.push(word.trim());
                }
            }
            if !words.is_empty() {
                all.push(((*list).to_owned(), words.join(",")));
            }
        }
        all
    }

    /// Sends JSON and waits for the first byte of a reply that is a success.
    pub(super) async fn send(
        &self,
        url: Url,
        headers: &[(String, String)],
        body: &Json,
        clocked: Clocked,
    ) -> Result<Body, LmError> {
        // Writing JSON to memory fails for no value there is.
        let body = serde_json::to_vec(body)
            .map_err(|e| LmError::new(LmErrorKind::InvalidRequest, format!("no JSON of the request: {e}")))?;
        self.post(url, headers, ("application/json", body.into()), clocked).await
    }

    /// Sends a body of some type.
    pub(super) async fn post(
        &self,
        url: Url,
        headers: &[(String, String)],
        (kind, body): (&str, Bytes),
        clocked: Clocked,
    ) -> Result<Body, LmError> {
        #[cfg(feature = "loopback-only")]
        super::guard::loopback_only(&url)?;
        self.exchange(self.client.post(url).header(CONTENT_TYPE, kind).body(body), headers, clocked).await
    }

    /// Asks for what is at a URL.
    pub(super) async fn get(&self, url: Url, clocked: Clocked) -> Result<Body, LmError> {
        #[cfg(feature = "loopback-only")]
        super::guard::loopback_only(&url)?;
        self.exchange(self.client.get(url), &[], clocked).await
    }

    async fn exchange(
        &self,
        mut request: RequestBuilder,
        headers: &[(String, String)],
        clocked: Clocked,
    ) -> Result<Body, LmError> {
        for (name, value) in headers {
            let (name, value) = header(name, &Secret::new(value.clone()))?;
            request = request.header(name, value);
        }
        let connection = |e: reqwest::Error| of_connection(&e, &self.host, self.timeouts.connect);
        let limit = clocked.first_byte;
        let first_byte = async {
            let mut response = request.send().await.map_err(connection)?;
            let first = response.chunk().await.map_err(connection)?;
            Ok::<_, LmError>((response, first))
        };
        let (response, first) = clocked.until(limit, "the first byte of a reply", first_byte).await??;
        let status = response.status();
        let mut body = Body {
            request_id: self.redaction.request_id(response.headers()),
            content_type: content_type(response.headers()),
            limits: limits(response.headers()),
            response,
            // A body without bytes has no first ones.
            first,
            clocked,
            url: self.host.clone(),
            connect: self.timeouts.connect,
            bytes: 0,
            most: MOST_BYTES,
        };
        if status.is_success() {
            return match body.response.headers().get(CONTENT_ENCODING) {
                Some(encoding) if encoding != "identity" => {
                    let encoding = self.redaction.preview(&String::from_utf8_lossy(encoding.as_bytes()));
                    let message = format!(
                        "expected a body that is not encoded, since none was asked for, found {encoding}"
                    );
                    Err(LmError::new(LmErrorKind::Protocol, message).with_request_id(body.request_id))
                }
                _ => Ok(body),
            };
        }
        // A failure counts by its status also where its body cannot be read to the end.
        let text = body.whole(MOST_ERROR_BYTES).await.unwrap_or_default();
        Err(self.redaction.of_status(status, body.response.headers(), &text))
    }
}

fn limits(headers: &HeaderMap) -> RateLimits {
    RateLimits::read(|name| headers.get(name)?.to_str().ok(), time_of_day())
}

/// The time of day, for dates in headers.
pub(super) fn time_of_day() -> SystemTime {
    UNIX_EPOCH + SystemClock.since_epoch()
}

/// Whether a body of this type may be JSON.
pub(crate) fn may_be_json(content_type: &str) -> bool {
    matches!(content_type, "" | "application/json" | "text/plain") || content_type.ends_with("+json")
}

/// What a body says it is.
pub(crate) fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    // What is no type at all is not shown as one.
    let is_type = kind.len() < 80 && kind.matches('/').count() == 1;
    if is_type { kind } else { String::new() }
}

/// TLS on `ring` with the machine's own certificates. Where no TLS is spoken, none are looked for.
fn tls(url: &Url) -> Result<rustls::ClientConfig, LmError> {
    let failed = |e: rustls::Error| {
        LmError::new(LmErrorKind::Configuration, format!("expected certificates of this machine, found: {e}"))
            .with_hint("install the system's certificates (`ca-certificates`)")
    };
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?;
    Ok(if url.scheme() == "https" {
        builder.with_platform_verifier().map_err(failed)?.with_no_client_auth()
    } else {
        builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth()
    })
}
