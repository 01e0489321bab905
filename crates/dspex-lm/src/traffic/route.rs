//! Which wire reads what came from where: one table of paths and vendors.

use crate::wire::embeddings::EmbeddingForm;

/// Where replies come from, and what reads them. The first route of [`ROUTES`] that fits counts.
///
/// ```
/// use dspex_lm::ROUTES;
/// let wires: Vec<&str> = ROUTES.iter().filter_map(|route| route.wire()).collect();
/// assert!(wires.contains(&"openai_chat") && wires.contains(&"anthropic"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Route {
    method: Option<&'static str>,
    path: Path,
    /// The vendors that it is for; none is any.
    vendors: &'static [&'static str],
    pub(super) to: To,
}

#[derive(Clone, Copy, Debug)]
enum Path {
    /// It ends so.
    Ends(&'static str),
    /// It has this in it.
    Has(&'static str),
}

/// What reads a reply.
#[derive(Clone, Copy, Debug)]
pub(super) enum To {
    /// A wire by its name, and why it may not be there.
    Wire(&'static str, &'static str),
    Embeddings(EmbeddingForm),
    Models,
    /// Nothing, for a reason.
    Nothing(&'static str),
}

impl Route {
    /// The name of the wire, where one is needed.
    pub fn wire(&self) -> Option<&'static str> {
        if let To::Wire(name, _) = self.to { Some(name) } else { None }
    }

    const fn ends(end: &'static str, to: To) -> Self {
        Self { method: None, path: Path::Ends(end), vendors: &[], to }
    }

    const fn has(part: &'static str, why_not: &'static str) -> Self {
        Self { method: None, path: Path::Has(part), vendors: &[], to: To::Nothing(why_not) }
    }

    const fn only(self, method: &'static str) -> Self {
        Self { method: Some(method), ..self }
    }

    const fn of(self, vendors: &'static [&'static str]) -> Self {
        Self { vendors, ..self }
    }

    fn fits(&self, vendor: &str, method: &str, path: &str) -> bool {
        let by_path = match self.path {
            Path::Ends(end) => path.ends_with(end),
            Path::Has(part) => path.contains(part),
        };
        by_path
            && self.method.is_none_or(|m| m.eq_ignore_ascii_case(method))
            && (self.vendors.is_empty() || self.vendors.contains(&vendor))
    }
}

/// The route of a reply.
pub(super) fn find(vendor: &str, method: &str, path: &str) -> Option<&'static Route> {
    let path = path.split('?').next().unwrap_or_default().trim_end_matches('/');
    ROUTES.iter().find(|route| route.fits(vendor, method, path))
}

const NOT_BUILT: &str = "wire not built";
const BEDROCK: &str = "Bedrock is an optional feature that is not on";

/// Every route, the special ones first.
pub const ROUTES: &[Route] = &[
    // What looks like something else.
    Route::has("/threads", "OpenAI's assistants are not read"),
    Route::has("/batches", "offline batches are read by what submits them"),
    Route::has("/audio/", "audio is not read"),
    Route::has("/images/", "images are not made here"),
    Route::has("/videos", "videos are not made here"),
    Route::has("/realtime", "live connections are not read"),
    Route::has("/cachedContents", "managing cached contents is not read"),
    Route::has("/interactions", "Gemini's interactions are not read"),
    Route::has("/fine_tuning", "fine tuning is not read"),
    Route::has("/files", "managing files is not read"),
    Route::has("/responses/", "stored responses are not read"),
    // Models that answer.
    Route::ends("/chat/completions", To::Wire("openai_chat", NOT_BUILT)),
    Route::ends("/completions", To::Nothing("completions of plain text are not read")),
    Route::ends("/responses", To::Nothing("live connections are not read")).only("GET"),
    Route::ends("/responses", To::Wire("openai_responses", NOT_BUILT)),
    Route::ends("/messages", To::Wire("anthropic", NOT_BUILT)),
    Route::ends(":rawPredict", To::Wire("anthropic", NOT_BUILT)),
    Route::ends(":streamRawPredict", To::Wire("anthropic", NOT_BUILT)),
    Route::ends(":generateContent", To::Wire("gemini", NOT_BUILT)),
    Route::ends(":streamGenerateContent", To::Wire("gemini", NOT_BUILT)),
    Route::ends("/api/chat", To::Wire("ollama", NOT_BUILT)),
    Route::ends("/v2/chat", To::Wire("cohere", NOT_BUILT)),
    Route::ends("/converse", To::Wire("bedrock", BEDROCK)),
    Route::ends("/converse-stream", To::Wire("bedrock", BEDROCK)),
    Route::ends("/invoke", To::Nothing("models of Bedrock are read by its conversations only")),
    Route::ends(
        "/invoke-with-response-stream",
        To::Nothing("models of Bedrock are read by its conversations only"),
    ),
    Route::ends("/v1/chat", To::Nothing("Cohere's first chat is not read, its second is")).of(&["cohere"]),
    // Embeddings.
    Route::ends(":embedContent", To::Embeddings(EmbeddingForm::Gemini)),
    Route::ends(":batchEmbedContents", To::Embeddings(EmbeddingForm::Gemini)),
    Route::ends("/api/embed", To::Embeddings(EmbeddingForm::Ollama)),
    Route::ends("/api/embeddings", To::Embeddings(EmbeddingForm::Ollama)),
    Route::ends("/embed", To::Embeddings(EmbeddingForm::Cohere)),
    Route::ends("/embeddings", To::Embeddings(EmbeddingForm::OpenAi)),
    // What models there are.
    Route::ends("/models", To::Models).only("GET"),
    Route::ends("/api/tags", To::Models).only("GET"),
    // What else is there.
    Route::ends("/rerank", To::Nothing("reranking is not read")),
    Route::ends("/moderations", To::Nothing("moderation is not read")),
    Route::ends("/count_tokens", To::Nothing("counting tokens is not read")),
    Route::ends(":countTokens", To::Nothing("counting tokens is not read")),
    Route::ends(":predict", To::Nothing("predictions of Vertex are not read")),
    Route::ends("/api/generate", To::Nothing("completions of plain text are not read")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_many_vendors_lead_to_their_wires() {
        let wire = |vendor, path| find(vendor, "POST", path).and_then(Route::wire);
        for (vendor, path, expected) in [
            ("azure", "/openai/deployments/d/chat/completions?api-version=1", Some("openai_chat")),
            ("fireworks_ai", "/inference/v1/chat/completions", Some("openai_chat")),
            ("perplexity", "/chat/completions/", Some("openai_chat")),
            ("openai", "/v1/completions", None),
            ("openai", "/v1/responses", Some("openai_responses")),
            ("openai", "/v1/responses/resp_1/cancel", None),
            ("openai", "/v1/threads/t/messages", None),
            ("anthropic", "/v1/messages", Some("anthropic")),
            ("anthropic", "/v1/messages/count_tokens", None),
            ("anthropic", "/v1/messages/batches", None),
            (
                "vertex_ai",
                "/v1/projects/p/locations/l/publishers/google/models/m:streamGenerateContent",
                Some("gemini"),
            ),
            ("ollama", "/api/chat", Some("ollama")),
            ("cohere", "/v2/chat", Some("cohere")),
            ("cohere", "/v1/chat", None),
        ] {
            assert_eq!(wire(vendor, path), expected, "{vendor} {path}");
        }
        assert!(matches!(find("mistral", "GET", "/v1/models").map(|r| r.to), Some(To::Models)));
        assert!(find("nobody", "POST", "/what").is_none());
    }
}
