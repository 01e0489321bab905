//! Where a model is, and who asks: URLs and headers.

use dspex_core::lm::{LmError, LmErrorKind};
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use crate::Timeouts;
use crate::secret::Secret;
use crate::wire::Auth;

/// Where a model is, and who asks.
pub(crate) struct Endpoint {
    /// The base URL, which the path of the wire is added to.
    pub(crate) base: String,
    /// The key.
    pub(crate) key: Option<Secret>,
    /// How it is sent.
    pub(crate) auth: Auth,
    /// More headers; their values may be secret.
    pub(crate) headers: Vec<(String, Secret)>,
    pub(crate) timeouts: Timeouts,
}

impl Endpoint {
    /// The headers of every request; those of the wire first, so that a caller's count over them.
    pub(crate) fn header_map(&self, of_wire: &[(&'static str, &'static str)]) -> Result<HeaderMap, LmError> {
        let mut headers = HeaderMap::new();
        for (name, value) in of_wire {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let key = self.key.as_ref().map(|key| match self.auth {
            Auth::Bearer => (AUTHORIZATION.as_str(), Secret::new(format!("Bearer {}", key.expose()))),
            Auth::Header(name) => (name, key.clone()),
        });
        let own = self.headers.iter().map(|(name, value)| (name.as_str(), value));
        for (name, value) in own.chain(key.as_ref().map(|(name, value)| (*name, value))) {
            let (name, value) = header(name, value)?;
            headers.insert(name, value);
        }
        Ok(headers)
    }
}

fn configuration(message: String) -> LmError {
    LmError::new(LmErrorKind::Configuration, message)
}

/// The URL of a path under a base. A password in it would be shown wherever a URL is.
pub(crate) fn url(base: &str, path: &str) -> Result<Url, LmError> {
    let mut url: Url = base.parse().map_err(|e| {
        configuration(format!("expected a base URL as in `http://localhost:8000/v1`, found: {e}"))
    })?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(configuration(format!("expected a base URL of http or https, found {}:", url.scheme())));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(configuration("expected a base URL without a name and password, found one with".into())
            .with_hint("give the key by itself, or a header"));
    }
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let joined = format!("{}/{path}", url.path().trim_end_matches('/'));
    url.set_path(&joined);
    if let Some(query) = query {
        // What the base URL asks for, as a version of the API, stays.
        let all = url.query().map_or(query.to_owned(), |own| format!("{own}&{query}"));
        url.set_query(Some(&all));
    }
    Ok(url)
}

pub(super) fn header(name: &str, value: &Secret) -> Result<(HeaderName, HeaderValue), LmError> {
    let parsed: HeaderName =
        name.parse().map_err(|_| configuration(format!("expected the name of a header, found `{name}`")))?;
    let mut value = HeaderValue::from_str(value.expose()).map_err(|_| {
        configuration(format!(
            "expected a key or header that can be sent as `{name}`, found other characters"
        ))
        .with_hint("look for a line break or a space that was copied along")
    })?;
    value.set_sensitive(true);
    Ok((parsed, value))
}
