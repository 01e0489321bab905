//! Replies that were recorded, or that a test made up: read as replies from a network are, without one.

mod read;
mod route;

use dspex_core::lm::{Embeddings, LmError, Reply};

pub use route::{ROUTES, Route};

/// A reply as it was recorded: who gave it, on what path, and its bytes.
///
/// ```
/// use dspex_lm::{Content, RecordedReply};
/// let body = br#"{"choices": [{"message": {"content": "Goethe"}, "finish_reason": "stop"}]}"#;
/// let decoded = RecordedReply::new("openai", "/v1/chat/completions", body).decode();
/// assert_eq!(decoded.wire, Some("openai_chat"));
/// let Ok(Content::Reply(reply)) = decoded.content else { panic!("{decoded:?}") };
/// assert_eq!(reply.choices[0].content(), "Goethe");
///
/// let refused = RecordedReply::new("openai", "/v1/chat/completions", b"").with_status(429).decode();
/// assert_eq!(refused.content.unwrap_err().kind.code(), "rate_limit");
/// ```
#[derive(Clone, Debug)]
#[must_use = "a reply says nothing until it is decoded"]
pub struct RecordedReply<'a> {
    vendor: &'a str,
    path: &'a str,
    body: &'a [u8],
    method: &'a str,
    status: u16,
    headers: Vec<(String, String)>,
    wire: Option<&'a str>,
}

impl<'a> RecordedReply<'a> {
    /// The body of a reply of a vendor, named as [providers](crate::PROVIDERS) are, to a POST on a path, with status 200.
    pub fn new(vendor: &'a str, path: &'a str, body: &'a [u8]) -> Self {
        Self { vendor, path, body, method: "POST", status: 200, headers: Vec::new(), wire: None }
    }

    /// The reply to another method.
    pub fn with_method(mut self, method: &'a str) -> Self {
        self.method = method;
        self
    }

    /// The reply with another status.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The reply with a header. `content-type` says whether it is a stream; without one the body tells it.
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The reply by a wire that is named, whatever its path.
    ///
    /// ```
    /// use dspex_lm::{Content, RecordedReply};
    /// let body = b"data: {\"choices\": [{\"delta\": {\"content\": \"hi\"}, \"finish_reason\": \"stop\"}]}\n\ndata: [DONE]\n\n";
    /// let decoded = RecordedReply::new("openai", "/my/proxy", body).with_wire("openai_chat").decode();
    /// assert!(decoded.streaming && matches!(decoded.content, Ok(Content::Reply(_))));
    /// ```
    pub fn with_wire(mut self, wire: &'a str) -> Self {
        self.wire = Some(wire);
        self
    }

    /// Reads it.
    pub fn decode(&self) -> Decoded {
        self.decode_in_pieces(usize::MAX)
    }

    /// Reads it as if it came in pieces of so many bytes, which must make no difference.
    ///
    /// ```
    /// use dspex_lm::RecordedReply;
    /// let body = "data: {\"choices\": [{\"delta\": {\"content\": \"é\"}, \"finish_reason\": \"stop\"}]}\n\ndata: [DONE]\n\n";
    /// let reply = RecordedReply::new("openai", "/v1/chat/completions", body.as_bytes());
    /// assert_eq!(reply.decode_in_pieces(1), reply.decode());
    /// ```
    pub fn decode_in_pieces(&self, bytes: usize) -> Decoded {
        read::decode(self, bytes.max(1))
    }
}

/// What a recorded reply says, and how it was read.
///
/// ```
/// use dspex_lm::{Decoded, RecordedReply};
/// let body = br#"{"error": {"message": "no such model", "code": "model_not_found"}}"#;
/// let decoded: Decoded = RecordedReply::new("groq", "/openai/v1/chat/completions", body).with_status(404).decode();
/// assert_eq!((decoded.wire, decoded.streaming), (Some("openai_chat"), false));
/// assert_eq!(decoded.content.unwrap_err().kind.code(), "unknown_model");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Decoded {
    /// The wire that it is of; none where nothing here reads such replies.
    pub wire: Option<&'static str>,
    /// Whether it came as a stream.
    pub streaming: bool,
    /// What it says; an error where the vendor said one, or where it is not what it should be.
    pub content: Result<Content, LmError>,
}

/// What a recorded reply holds.
///
/// ```
/// use dspex_lm::{Content, RecordedReply};
/// let list = RecordedReply::new("openai", "/v1/models", br#"{"data": [{"id": "gpt-4o"}]}"#).with_method("GET");
/// assert_eq!(list.decode().content, Ok(Content::Models(vec!["gpt-4o".into()])));
/// let spoken = RecordedReply::new("openai", "/v1/audio/speech", b"...");
/// assert_eq!(spoken.decode().content, Ok(Content::Skipped("audio is not read".into())));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Content {
    /// The reply of a model.
    Reply(Box<Reply>),
    /// Embeddings.
    Embeddings(Embeddings),
    /// The names of models.
    Models(Vec<String>),
    /// Nothing that is read here, for this reason.
    Skipped(String),
}
