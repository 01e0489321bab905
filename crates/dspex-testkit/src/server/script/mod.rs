//! Scripts: what a server answers, in order or by what is asked, faults included.

mod line;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::answer::Answer;
use super::log::Received;

use line::Line;

/// Which requests a rule of a [`Script`] is for: those that fit all that is set.
///
/// ```
/// use dspex_testkit::{Answer, Script, When};
/// let first_try = When::any().last("Faust").model("gpt-4o").attempt(1);
/// let script = Script::rules([(first_try, Answer::status(503)), (When::any(), Answer::text("Goethe"))]);
/// # let _ = script;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct When {
    last: Option<String>,
    path: Option<String>,
    model: Option<String>,
    headers: Vec<(String, String)>,
    attempt: Option<usize>,
}

impl When {
    /// Every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// Those whose last message has this text.
    #[must_use]
    pub fn last(mut self, text: impl Into<String>) -> Self {
        self.last = Some(text.into());
        self
    }

    /// Those whose path, with its query, has this text. A list of models is answered by such a rule alone.
    #[must_use]
    pub fn path(mut self, text: impl Into<String>) -> Self {
        self.path = Some(text.into());
        self
    }

    /// Those for this model.
    #[must_use]
    pub fn model(mut self, name: impl Into<String>) -> Self {
        self.model = Some(name.into());
        self
    }

    /// Those with a header of this name that has this text.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.headers.push((name.into(), text.into()));
        self
    }

    /// Those whose body comes for the so manieth time, counted from 1.
    #[must_use]
    pub fn attempt(mut self, attempt: usize) -> Self {
        self.attempt = Some(attempt);
        self
    }

    fn fits(&self, received: &Received) -> bool {
        let header =
            |(name, text): &(String, String)| received.header(name).is_some_and(|v| v.contains(text));
        self.attempt.is_none_or(|n| n == received.attempt)
            && self.model.as_ref().is_none_or(|model| *model == received.model)
            && self.path.as_ref().is_none_or(|path| received.path.contains(path))
            && self.last.as_ref().is_none_or(|last| received.last().contains(last))
            && self.headers.iter().all(header)
    }
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
    /// Answers by what is asked.
    rules: Vec<Rule>,
    /// Answers in order; the last one stays where `repeat` is set.
    queue: VecDeque<Answer>,
    repeat: bool,
}

#[derive(Debug)]
struct Rule {
    when: When,
    answer: Answer,
    /// How often it may still answer, where that is bounded.
    times: Option<usize>,
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

    /// The answer of the first rule that fits; where none does, errors that say so.
    pub fn rules(rules: impl IntoIterator<Item = (When, Answer)>) -> Self {
        let rule = |(when, answer)| Rule { when, answer, times: None };
        Self::new(Lines { rules: rules.into_iter().map(rule).collect(), ..Lines::default() })
    }

    fn new(lines: Lines) -> Self {
        Self(Arc::new(Mutex::new(lines)))
    }

    /// A script from lines of JSON, one answer each.
    ///
    /// A line is one of
    ///
    /// - `{"text": "..."}`, a reply; also with or by `"reasoning"`, `"tool_calls": [{"id", "name", "arguments"}]`,
    ///   `"choices"` (a list of such replies), `"finish"`, `"usage": {"input", "output", "cached", "reasoning"}`, `"model"`;
    /// - `{"refusal": "..."}`;
    /// - `{"status": 429, "body": "...", "headers": {...}}`;
    /// - `{"hang": true}`.
    ///
    /// Beside any, `"faults": ["drip:1s", ...]` puts [faults](crate::Fault) upon it, and `"cut_after": N` breaks the
    /// connection after so many bytes of the body; `"fault": "html"` alone stands for the fault of a reply without text.
    /// With `"when": "..."`, it answers every request whose last message has that text; `when` may also be an object of
    /// `last`, `path`, `model`, `header` and `attempt`, and `"times": N` bounds how often. The other lines answer in order;
    /// the last one may have `"repeat": true`.
    ///
    /// ```
    /// use dspex_testkit::Script;
    /// let script = Script::parse("{\"when\": \"France\", \"text\": \"Paris\"}\n{\"text\": \"x\", \"faults\": [\"drip:1s\"]}\n")?;
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
            let (when, times, repeat) = line.place().map_err(place)?;
            if lines.repeat && when.is_none() {
                return Err(place("expected no line after one that repeats, found another".into()));
            }
            let answer = line.answer().map_err(place)?;
            match when {
                Some(when) => lines.rules.push(Rule { when, answer, times }),
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

    /// Whether a rule asks how often a body came.
    pub(super) fn counts_attempts(&self) -> bool {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.rules.iter().any(|rule| rule.when.attempt.is_some())
    }

    /// The answer of a rule that names the path; for what is no call of a model.
    pub(super) fn by_path(&self, received: &Received) -> Option<Answer> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.rule(|when| when.path.is_some() && when.fits(received))
    }

    /// The answer to a request.
    pub(super) fn answer(&self, received: &Received) -> Answer {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = lines.rule(|when| when.fits(received)) {
            return answer;
        }
        let next = if lines.repeat && lines.queue.len() == 1 {
            lines.queue.front().cloned()
        } else {
            lines.queue.pop_front()
        };
        next.unwrap_or_else(|| Answer::Status {
            status: 500,
            message: "the script has no more answers".into(),
            headers: Vec::new(),
        })
    }
}

impl Lines {
    fn rule(&mut self, fits: impl Fn(&When) -> bool) -> Option<Answer> {
        let rule = self.rules.iter_mut().find(|rule| rule.times != Some(0) && fits(&rule.when))?;
        rule.times = rule.times.map(|left| left - 1);
        Some(rule.answer.clone())
    }
}
