//! Scripts: what a server answers, in order or by what is asked, faults included.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderName, HeaderValue};
use dspex_core::lm::{Reply, Request};
use serde::Deserialize;
use serde_json::Value as Json;

/// One answer of a [`Script`].
///
/// ```
/// use dspex_testkit::Answer;
/// let busy = Answer::status(429).with_header("retry-after", "2");
/// let Answer::Http { status, headers, .. } = &busy else { panic!("expected an HTTP answer") };
/// assert_eq!(*status, 429);
/// assert!(headers.contains(&("retry-after".into(), "2".into())));
/// assert!(matches!(Answer::text("Paris").cut_after(10), Answer::CutAfter(10, _)));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Answer {
    /// A reply of a model.
    Reply(Reply),
    /// An HTTP answer as it stands.
    Http {
        /// Its status.
        status: u16,
        /// Its headers.
        headers: Vec<(String, String)>,
        /// Its body.
        body: String,
    },
    /// The reply, of whose body only so many bytes are sent before the connection breaks.
    CutAfter(usize, Box<Answer>),
    /// Nothing, for ever: the connection stays open.
    Hang,
}

impl Answer {
    /// A reply of one text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Reply(Reply::text(text))
    }

    /// A failure with a status, as OpenAI writes them.
    pub fn status(status: u16) -> Self {
        let body =
            serde_json::json!({"error": {"message": format!("scripted failure {status}"), "type": null}});
        Self::Http { status, headers: vec![json()], body: body.to_string() }
    }

    /// An answer of this content type and body, with the status of success.
    pub fn body(content_type: &str, body: impl Into<String>) -> Self {
        Self::Http {
            status: 200,
            headers: vec![("content-type".into(), content_type.into())],
            body: body.into(),
        }
    }

    /// The answer, broken off after so many bytes of its body.
    #[must_use]
    pub fn cut_after(self, bytes: usize) -> Self {
        Self::CutAfter(bytes, Box::new(self))
    }

    /// The answer with one more header, where it is an HTTP answer as it stands.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        if let Self::Http { headers, .. } = &mut self {
            headers.push((name.into(), value.into()));
        }
        self
    }
}

fn json() -> (String, String) {
    ("content-type".into(), "application/json".into())
}

/// What a [`TestServer`](crate::TestServer) answers, in order or by what is asked. Copies share it.
///
/// ```
/// use dspex_testkit::{Answer, Script, TestServer};
///
/// # async fn ask(server: &TestServer, question: &str) -> std::io::Result<String> {
/// #     use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
/// #     let body = format!(r#"{{"model": "m", "messages": [{{"role": "user", "content": "{question}"}}]}}"#);
/// #     let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";
/// #     let head = format!("{head}content-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
/// #     let url = server.base_url();
/// #     let mut stream = tokio::net::TcpStream::connect(&url["http://".len()..url.len() - "/v1".len()]).await?;
/// #     stream.write_all((head + &body).as_bytes()).await?;
/// #     let mut answer = String::new();
/// #     stream.read_to_string(&mut answer).await?;
/// #     Ok(answer)
/// # }
/// # dspex_testkit::block_on(async {
/// let script = Script::answers([Answer::status(503), Answer::text("Paris")]);
/// let server = TestServer::script(script).start().await?;
/// // `ask` posts a question to `server.base_url()`, as any client would, and gives the answer with its status line.
/// assert!(ask(&server, "The capital of France?").await?.starts_with("HTTP/1.1 503"));
/// assert!(ask(&server, "The capital of France?").await?.contains("Paris"));
/// assert!(ask(&server, "The capital of Italy?").await?.contains("the script has no more answers"));
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Script(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    /// Answers by a text that the last message has.
    rules: Vec<(String, Answer)>,
    /// Answers in order; the last one stays where `repeat` is set.
    queue: VecDeque<Answer>,
    repeat: bool,
}

impl Script {
    /// These answers in order; after the last one, errors that say so.
    pub fn answers(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::new(Lines { queue: answers.into_iter().collect(), ..Lines::default() })
    }

    /// This answer to everything.
    pub fn always(answer: Answer) -> Self {
        Self::new(Lines { queue: VecDeque::from([answer]), repeat: true, ..Lines::default() })
    }

    fn new(lines: Lines) -> Self {
        Self(Arc::new(Mutex::new(lines)))
    }

    /// A script from lines of JSON, one answer each.
    ///
    /// A line is `{"text": "..."}`, `{"status": 429, "body": "...", "headers": {...}}` or `{"hang": true}`. With
    /// `"cut_after": N` beside it, the connection breaks after so many bytes of the body; with `"when": "..."`, it answers
    /// every request whose last message has that text. The other lines answer in order; the last one may have
    /// `"repeat": true`.
    ///
    /// ```
    /// use dspex_testkit::Script;
    /// let script = Script::parse("{\"when\": \"France\", \"text\": \"Paris\"}\n{\"status\": 503}\n")?;
    /// let e = Script::parse("{\"txt\": \"Paris\"}").unwrap_err();
    /// assert!(e.starts_with("line 1: expected the object of an answer, found: unknown field `txt`"));
    /// # let _ = script;
    /// # Ok::<(), String>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut lines = Lines::default();
        for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let place = |e: String| format!("line {}: {e}", i + 1);
            let line: Line = serde_json::from_str(line)
                .map_err(|e| place(format!("expected the object of an answer, found: {e}")))?;
            if lines.repeat && line.when.is_none() {
                return Err(place("expected no line after one that repeats, found another".into()));
            }
            let (when, repeat) = (line.when.clone(), line.repeat);
            let answer = line.answer().map_err(place)?;
            match when {
                Some(when) => lines.rules.push((when, answer)),
                None => {
                    lines.queue.push_back(answer);
                    lines.repeat = repeat;
                }
            }
        }
        if lines.rules.is_empty() && lines.queue.is_empty() {
            return Err("expected at least one line, found none".into());
        }
        Ok(Self::new(lines))
    }

    /// The answer to a request.
    pub(super) fn answer(&self, request: &Request) -> Answer {
        let last = request.messages.last().map(dspex_core::lm::Message::text).unwrap_or_default();
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, answer)) = lines.rules.iter().find(|(when, _)| last.contains(when)) {
            return answer.clone();
        }
        let next = if lines.repeat && lines.queue.len() == 1 {
            lines.queue.front().cloned()
        } else {
            lines.queue.pop_front()
        };
        next.unwrap_or_else(|| {
            let body = serde_json::json!({"error": {"message": "the script has no more answers", "type": "script_end"}});
            Answer::Http { status: 500, headers: vec![json()], body: body.to_string() }
        })
    }
}

/// A line of a script.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    text: Option<String>,
    status: Option<u16>,
    #[serde(default)]
    hang: bool,
    body: Option<Json>,
    headers: Option<BTreeMap<String, Json>>,
    cut_after: Option<usize>,
    when: Option<String>,
    #[serde(default)]
    repeat: bool,
}

impl Line {
    fn answer(self) -> Result<Answer, String> {
        if self.repeat && self.when.is_some() {
            return Err("expected `repeat` or `when`, found both: an answer by `when` repeats anyway".into());
        }
        if self.status.is_none() && (self.body.is_some() || self.headers.is_some()) {
            return Err("expected `body` and `headers` beside a `status`, found none".into());
        }
        let answer = match (self.text, self.status, self.hang) {
            (Some(text), None, false) => Answer::text(text),
            (None, Some(status), false) => http(status, self.body, self.headers.unwrap_or_default())?,
            (None, None, true) => Answer::Hang,
            (None, None, false) => {
                return Err("expected `text`, `status` or `hang`, found none of them".into());
            }
            _ => return Err("expected one of `text`, `status` and `hang`, found more".into()),
        };
        Ok(match self.cut_after {
            Some(bytes) => answer.cut_after(bytes),
            None => answer,
        })
    }
}

/// An HTTP answer as it stands.
fn http(status: u16, body: Option<Json>, headers: BTreeMap<String, Json>) -> Result<Answer, String> {
    let text = |json: &Json| json.as_str().map_or_else(|| json.to_string(), str::to_owned);
    if !(200..600).contains(&status) {
        return Err(format!("expected `status` from 200 to 599, found {status}"));
    }
    let mut answer = match body {
        Some(body) => Answer::Http { status, headers: vec![json()], body: text(&body) },
        None => Answer::status(status),
    };
    for (name, value) in headers {
        let value = text(&value);
        let fits = name.parse::<HeaderName>().is_ok() && HeaderValue::from_str(&value).is_ok();
        // The length is the server's to say; `cut_after` makes it a wrong one.
        if !fits || name.eq_ignore_ascii_case("content-length") {
            return Err(format!("expected headers that can be sent beside a body, found `{name}`"));
        }
        answer = answer.with_header(&name, &value);
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::Script;

    #[test]
    fn lines_that_mean_nothing_are_refused() {
        let table = [
            (r#"{"text": "a", "status": 500}"#, "one of `text`, `status` and `hang`"),
            (r#"{"text": "a", "body": "b"}"#, "beside a `status`"),
            (r#"{"status": 200, "headers": [1]}"#, "expected a map"),
            (r#"{"status": 200, "headers": {"bad name": "x"}}"#, "`bad name`"),
            (r#"{"status": 200, "headers": {"content-length": "5"}}"#, "`content-length`"),
            (r#"{"status": 99}"#, "from 200 to 599"),
            (r#"{"text": "a", "repeat": "yes"}"#, "expected a boolean"),
            (r#"{"text": "a", "when": 5}"#, "expected a string"),
            (r#"{"text": "a", "when": "b", "repeat": true}"#, "found both"),
            (r#"{"text": "a", "text": "b"}"#, "duplicate field"),
            (r#"{"hang": false}"#, "none of them"),
            ("[1]", "expected"),
            ("", "at least one line"),
            ("{\"text\": \"a\", \"repeat\": true}\n{\"text\": \"b\"}", "after one that repeats"),
        ];
        for (line, words) in table {
            let e = Script::parse(line).expect_err(line);
            assert!(e.contains(words), "{line}: {e}");
        }
    }
}
