//! A line of a script's file.

use std::collections::BTreeMap;

use dspex_core::lm::{Choice, FinishReason, Part, Reply};
use dspex_core::value::ToolCall;
use dspex_core::{Record, Usage, Value};
use http::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value as Json;

use super::When;
use crate::server::answer::Answer;
use crate::server::fault::Fault;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    text: Option<String>,
    reasoning: Option<String>,
    #[serde(default)]
    tool_calls: Vec<Called>,
    finish: Option<String>,
    choices: Option<Vec<Chosen>>,
    usage: Option<Counts>,
    model: Option<String>,
    refusal: Option<String>,
    status: Option<u16>,
    #[serde(default)]
    hang: bool,
    body: Option<Json>,
    headers: Option<BTreeMap<String, Json>>,
    fault: Option<String>,
    #[serde(default)]
    faults: Vec<String>,
    cut_after: Option<usize>,
    when: Option<Asked>,
    times: Option<usize>,
    #[serde(default)]
    repeat: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Chosen {
    text: Option<String>,
    reasoning: Option<String>,
    #[serde(default)]
    tool_calls: Vec<Called>,
    finish: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Called {
    id: Option<String>,
    name: String,
    arguments: Json,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Counts {
    input: u64,
    output: u64,
    cached: u64,
    reasoning: u64,
}

#[derive(Debug)]
struct Asked(When);

impl<'de> Deserialize<'de> for Asked {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Parts {
            last: Option<String>,
            path: Option<String>,
            model: Option<String>,
            #[serde(default)]
            header: BTreeMap<String, String>,
            attempt: Option<usize>,
        }
        let wrong = serde::de::Error::custom::<String>;
        let json = match Json::deserialize(deserializer)? {
            Json::String(text) => return Ok(Self(When::any().last(text))),
            json @ Json::Object(_) => json,
            other => return Err(wrong(format!("expected `when` as a string or an object, found {other}"))),
        };
        let Parts { last, path, model, header, attempt } =
            serde_json::from_value(json).map_err(|e| wrong(e.to_string()))?;
        Ok(Self(When { last, path, model, headers: header.into_iter().collect(), attempt }))
    }
}

impl Line {
    /// Which requests it is for: those that fit, so many of them; or the next, for good.
    pub(super) fn place(&self) -> Result<(Option<When>, Option<usize>, bool), String> {
        if self.repeat && self.when.is_some() {
            return Err("expected `repeat` or `when`, found both: an answer by `when` repeats anyway".into());
        }
        if self.times.is_some() && self.when.is_none() {
            return Err("expected `times` beside a `when`, found none".into());
        }
        Ok((self.when.as_ref().map(|asked| asked.0.clone()), self.times, self.repeat))
    }

    pub(super) fn answer(self) -> Result<Answer, String> {
        let mut faults = Vec::new();
        for name in self.fault.iter().chain(&self.faults) {
            faults.push(name.parse::<Fault>()?);
        }
        let (cut_after, only_fault) = (self.cut_after, self.fault.is_some());
        let mut answer = self.plain(only_fault)?;
        for fault in faults {
            answer = answer.with_fault(fault);
        }
        Ok(match cut_after {
            Some(bytes) => answer.cut_after(bytes),
            None => answer,
        })
    }

    fn plain(self, only_fault: bool) -> Result<Answer, String> {
        if self.status.is_none() && (self.body.is_some() || self.headers.is_some()) {
            return Err("expected `body` and `headers` beside a `status`, found none".into());
        }
        let said = self.text.is_some() || self.reasoning.is_some() || !self.tool_calls.is_empty();
        let is_reply = said || self.choices.is_some();
        let kinds = [is_reply, self.refusal.is_some(), self.status.is_some(), self.hang];
        if kinds.iter().filter(|kind| **kind).count() > 1 || (said && self.choices.is_some()) {
            return Err("expected one of `text`, `status` and `hang`, found more".into());
        }
        let beside = self.finish.is_some() || self.usage.is_some() || self.model.is_some();
        if beside && !is_reply {
            return Err("expected `finish`, `usage` and `model` beside a reply, found none".into());
        }
        if let Some(status) = self.status {
            return http(status, self.body, self.headers.unwrap_or_default());
        }
        if let Some(refusal) = self.refusal {
            return Ok(Answer::Refusal(refusal));
        }
        if self.hang {
            return Ok(Answer::Hang);
        }
        if !is_reply {
            return if only_fault {
                Ok(Answer::text(""))
            } else {
                Err("expected `text`, `status`, `fault` or `hang`, found none of them".into())
            };
        }
        let one = Chosen {
            text: self.text,
            reasoning: self.reasoning,
            tool_calls: self.tool_calls,
            finish: self.finish,
        };
        let choices = self.choices.unwrap_or_else(|| vec![one]);
        let mut reply = Reply::new(choices.into_iter().map(Chosen::choice).collect());
        if let Some(counts) = self.usage {
            let mut usage = Usage::tokens(counts.input, counts.output);
            (usage.cached_read_tokens, usage.reasoning_tokens) = (counts.cached, counts.reasoning);
            reply.usage = usage;
        }
        reply.model = self.model;
        Ok(Answer::Reply(reply))
    }
}

impl Chosen {
    fn choice(self) -> Choice {
        let mut choice = Choice::text("");
        choice.parts = self.reasoning.map(Part::Reasoning).into_iter().collect();
        choice.parts.extend(self.text.map(Part::Text));
        let natural = if self.tool_calls.is_empty() { FinishReason::Stop } else { FinishReason::ToolCalls };
        choice.parts.extend(self.tool_calls.into_iter().map(Called::part));
        choice.with_finish(self.finish.map_or(natural, |word| FinishReason::from_word(&word)))
    }
}

impl Called {
    /// Arguments that are text are as the model wrote them, broken or not.
    fn part(self) -> Part {
        let Self { id, name, arguments } = self;
        let arguments = arguments.as_str().map_or_else(|| arguments.to_string(), str::to_owned);
        let args = Value::from_plain_json(&arguments).ok();
        match args.and_then(|v| if let Value::Dict(d) = v { Record::try_from(d).ok() } else { None }) {
            Some(args) => Part::ToolCall(ToolCall { id, name, args }),
            None => Part::BrokenToolCall { id, name, arguments },
        }
    }
}

/// An HTTP answer as it stands.
fn http(status: u16, body: Option<Json>, headers: BTreeMap<String, Json>) -> Result<Answer, String> {
    let text = |json: &Json| json.as_str().map_or_else(|| json.to_string(), str::to_owned);
    if !(200..600).contains(&status) {
        return Err(format!("expected `status` from 200 to 599, found {status}"));
    }
    let mut answer = match body {
        Some(body) => {
            let typed = headers.keys().any(|name| name.eq_ignore_ascii_case("content-type"));
            let json = ("content-type".into(), "application/json".into());
            let headers = if typed { Vec::new() } else { vec![json] };
            Answer::Http { status, headers, body: text(&body) }
        }
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
    use crate::Script;

    #[test]
    fn lines_that_mean_nothing_are_refused() {
        let table = [
            (r#"{"text": "a", "status": 500}"#, "one of `text`, `status` and `hang`"),
            (r#"{"text": "a", "choices": []}"#, "one of `text`"),
            (r#"{"text": "a", "body": "b"}"#, "beside a `status`"),
            (r#"{"status": 500, "finish": "stop"}"#, "beside a reply"),
            (r#"{"status": 200, "headers": [1]}"#, "expected a map"),
            (r#"{"status": 200, "headers": {"bad name": "x"}}"#, "`bad name`"),
            (r#"{"status": 200, "headers": {"content-length": "5"}}"#, "`content-length`"),
            (r#"{"status": 99}"#, "from 200 to 599"),
            (r#"{"text": "a", "repeat": "yes"}"#, "expected a boolean"),
            (r#"{"text": "a", "when": 5}"#, "expected `when` as a string"),
            (r#"{"text": "a", "when": {"lst": "b"}}"#, "unknown field `lst`"),
            (r#"{"text": "a", "when": "b", "repeat": true}"#, "found both"),
            (r#"{"text": "a", "times": 2}"#, "beside a `when`"),
            (r#"{"text": "a", "text": "b"}"#, "duplicate field"),
            (r#"{"text": "a", "faults": ["drop"]}"#, "found `drop`"),
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
