//! Keys: what makes two requests the same.

use std::fmt;

use dspex_core::lm::Request;

/// What makes two requests the same: 256 bits over the request, the endpoint and the tenant. No key or password goes
/// into it, so that a new key finds what an old one paid for.
///
/// ```
/// use dspex_core::lm::{Message, Options, Request};
/// use dspex_lm::CacheKey;
/// let request = Request::new(vec![Message::user("hi")]);
/// let key = CacheKey::of("https://api.example.org/v1 m-1", "", &request);
/// assert_eq!(key, CacheKey::of("https://api.example.org/v1 m-1", "", &request));
/// assert_ne!(key, CacheKey::of("https://api.example.org/v1 m-2", "", &request), "another model");
/// let mut again = request.clone();
/// again.options = Options::new().rollout_id(1);
/// assert_ne!(key, CacheKey::of("https://api.example.org/v1 m-1", "", &again), "another rollout");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CacheKey([u8; 32]);

/// What keys are made of; a new number makes all keys new.
const FORM: &str = "dspex cache key 1";

impl CacheKey {
    /// The key of a request to an endpoint in the scope of a tenant.
    pub fn of(endpoint: &str, tenant: &str, request: &Request) -> Self {
        let mut hash = blake3::Hasher::new();
        let mut part = |bytes: &[u8]| {
            // With their lengths, so that no two lists of parts are the same bytes.
            hash.update(&(bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        for text in [FORM, endpoint, tenant] {
            part(text.as_bytes());
        }
        part(&request.to_stored_bytes());
        for (name, value) in &request.options.headers {
            part(name.to_ascii_lowercase().as_bytes());
            part(value.as_bytes());
        }
        Self(*hash.finalize().as_bytes())
    }

    /// The key's bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key of these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key that hexadecimal digits stand for.
    pub fn from_hex(hex: &str) -> Option<Self> {
        blake3::Hash::from_hex(hex).ok().map(|hash| Self(*hash.as_bytes()))
    }
}

impl fmt::Display for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CacheKey({self})")
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use dspex_core::lm::{
        Message, OnUnsupported, Options, Reasoning, Request, ResponseFormat, ToolChoice, ToolSpec,
    };
    use serde_json::json;

    use super::CacheKey;

    fn base() -> Request {
        let mut request = Request::new(vec![Message::system("s"), Message::user("u")]);
        for name in ["f", "g"] {
            let parameters = json!({"type": "object"});
            request.tools.push(ToolSpec { name: name.into(), description: String::new(), parameters });
        }
        request
    }

    /// One change of a request.
    type Change = (&'static str, fn(&mut Request));

    const TELLS_APART: &[Change] = &[
        ("messages", |r| r.messages[1] = Message::user("v")),
        ("a role", |r| r.messages[1] = Message::assistant("u")),
        ("where messages end", |r| {
            r.messages = vec![Message::system("su"), Message::user("")];
        }),
        ("order of tools", |r| r.tools.reverse()),
        ("description of a tool", |r| r.tools[0].description.push('x')),
        ("tool choice", |r| r.tool_choice = Some(ToolChoice::Required)),
        ("parallel calls", |r| r.parallel_tool_calls = Some(true)),
        ("strict tools", |r| r.strict_tools = Some(true)),
        ("response format", |r| r.response_format = Some(ResponseFormat::JsonObject)),
        ("n", |r| r.options.n = Some(1)),
        ("temperature", |r| r.options.temperature = Some(0.0)),
        ("top_p", |r| r.options.top_p = Some(1.0)),
        ("top_k", |r| r.options.top_k = Some(1)),
        ("max_tokens", |r| r.options.max_tokens = Some(1)),
        ("penalties", |r| r.options.presence_penalty = Some(0.5)),
        ("other penalties", |r| r.options.frequency_penalty = Some(0.5)),
        ("stop", |r| r.options.stop = Some(vec!["x".into()])),
        ("seed", |r| r.options.seed = Some(1)),
        ("logprobs", |r| r.options.logprobs = Some(1)),
        ("reasoning", |r| r.options.reasoning = Some(Reasoning::Off)),
        ("effort", |r| r.options.reasoning = Some(Reasoning::Effort("low".into()))),
        ("service tier", |r| r.options.service_tier = Some("flex".into())),
        ("rollout", |r| r.options.rollout_id = Some(1)),
        ("headers", |r| r.options.headers.push(("x-version".into(), "1".into()))),
        ("values of headers", |r| r.options.headers.push(("x-version".into(), "2".into()))),
        ("extra", |r| {
            r.options.extra.insert("a".into(), json!(1));
        }),
    ];

    #[test]
    fn what_may_change_the_answer_changes_the_key() {
        let mut keys = vec![("nothing", CacheKey::of("e", "", &base()))];
        keys.extend([
            ("endpoint", CacheKey::of("f", "", &base())),
            ("tenant", CacheKey::of("e", "t", &base())),
        ]);
        keys.push(("where endpoint and tenant meet", CacheKey::of("", "e", &base())));
        for (what, change) in TELLS_APART {
            let mut request = base();
            change(&mut request);
            let key = CacheKey::of("e", "", &request);
            let same = keys.iter().find(|(_, other)| *other == key);
            assert!(same.is_none(), "{what} is not told from {same:?}");
            keys.push((what, key));
        }
    }

    #[test]
    fn what_changes_nothing_leaves_the_key() {
        let key = CacheKey::of("e", "", &base());
        let mut request = base();
        request.options = Options::new().deadline(Instant::now() + Duration::from_secs(1));
        request.options.on_unsupported = Some(OnUnsupported::Warn);
        assert_eq!(CacheKey::of("e", "", &request), key);
        let mut orders = [base(), base()];
        for name in ["a", "b"] {
            orders[0].options.extra.insert(name.into(), json!(1));
        }
        for name in ["b", "a"] {
            orders[1].options.extra.insert(name.into(), json!(1));
        }
        assert_eq!(CacheKey::of("e", "", &orders[0]), CacheKey::of("e", "", &orders[1]));
        assert_eq!(CacheKey::from_hex(&key.to_string()), Some(key));
    }
}
