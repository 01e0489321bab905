//! Signs that tell what we wrote in a prompt from what came in with its values.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use crate::adapter::RenderCall;
use crate::error::{Error, Result};
use crate::example::Example;
use crate::random::Random;
use crate::value::Value;

/// Letters and digits that are not taken for each other and make no words.
const SIGNS: &[u8] = b"bcdfghjkmnpqrstvwxz23456789";
/// How many of them a drawn nonce has.
const LENGTH: usize = 6;

/// Letters and digits that stand in no value of a call. Behind the names of fields they make markers that no value can
/// forge: a model that repeats an input repeats no marker.
///
/// ```
/// use dspex_core::{Nonce, Random, Record, RenderCall, Signature};
/// let signature = Signature::parse("question -> answer")?;
/// let inputs = Record::new().with("question", "2+2?");
/// let nonce = Nonce::draw(&mut Random::new(7, "markers"), &RenderCall::new(&signature, &inputs));
/// let marked = nonce.mark("answer");
/// assert_eq!((marked.len(), nonce.unmark(&marked)), ("answer_".len() + 6, Some("answer")));
/// assert_eq!(nonce.unmark("answer"), None);
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Nonce(Arc<str>);

impl Nonce {
    /// A nonce of one's own: small letters of ASCII and digits.
    ///
    /// ```
    /// assert!(dspex_core::Nonce::new("k7").is_ok());
    /// assert!(dspex_core::Nonce::new("K 7").is_err());
    /// ```
    pub fn new(text: &str) -> Result<Self> {
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
            return Ok(Self(text.into()));
        }
        let message = format!("expected a nonce of small letters and digits, found {text:?}");
        Err(Error::configuration(message).with_hint("let one be drawn: `Nonce::draw`"))
    }

    /// Draws one that stands in no value of a call, whatever the inputs hold. The same source gives the same one to
    /// calls whose values do not hold it, so that what they have in common stays the same.
    pub fn draw(random: &mut Random, call: &RenderCall<'_>) -> Self {
        let texts = texts(call);
        let first = candidate(random);
        if !texts.iter().any(|text| text.contains(&first)) {
            return Self(first.into());
        }
        // An input that knows what is drawn must not make this slow.
        let held: HashSet<&[u8]> = texts.iter().flat_map(|text| text.as_bytes().windows(LENGTH)).collect();
        loop {
            let next = candidate(random);
            if !held.contains(next.as_bytes()) {
                return Self(next.into());
            }
        }
    }

    /// Whether a value of a call holds the nonce, in any case.
    pub fn is_in(&self, call: &RenderCall<'_>) -> bool {
        texts(call).iter().any(|text| text.contains(&*self.0))
    }

    /// A name with the nonce behind it.
    pub fn mark(&self, name: &str) -> String {
        [name, "_", &self.0].concat()
    }

    /// The name before the nonce; none where it is not marked. Capitals do not count, for models change them.
    pub fn unmark<'a>(&self, name: &'a str) -> Option<&'a str> {
        let at = name.len().checked_sub(self.0.len()).filter(|at| name.is_char_boundary(*at))?;
        name[at..].eq_ignore_ascii_case(&self.0).then(|| name[..at].strip_suffix('_')).flatten()
    }

    /// A text in which marked names are plain.
    pub fn unmark_all(&self, text: &str) -> String {
        text.replace(&self.mark(""), "")
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn candidate(random: &mut Random) -> String {
    (0..LENGTH).map(|_| char::from(SIGNS[random.below(SIGNS.len())])).collect()
}

/// The texts of all values of a call, in small letters.
fn texts(call: &RenderCall<'_>) -> Vec<String> {
    let mut out = Vec::new();
    let demos = call.demos.iter().map(Example::record);
    for record in demos.chain([call.inputs]) {
        record.values().for_each(|value| collect(value, &mut out));
    }
    out
}

fn collect(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Str(text) => out.push(text.to_ascii_lowercase()),
        Value::Bytes(bytes) => out.push(String::from_utf8_lossy(bytes).to_ascii_lowercase()),
        Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::FrozenSet(items) => {
            for item in items {
                collect(item, out);
            }
        }
        Value::Dict(d) => {
            for (key, value) in d.iter() {
                collect(key, out);
                collect(value, out);
            }
        }
        Value::Struct(s) => {
            for (name, value) in s.fields.iter() {
                out.push(name.to_ascii_lowercase());
                collect(value, out);
            }
        }
        Value::Enum(e) => collect(&e.value, out),
        Value::History(history) => {
            for value in history.messages.iter().flat_map(crate::Record::values) {
                collect(value, out);
            }
        }
        other => out.push(other.to_tagged().to_string().to_ascii_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Record, Signature};

    fn draw(inputs: &Record, demos: &[Example]) -> Nonce {
        let signature = Signature::parse("q -> a").unwrap();
        Nonce::draw(&mut Random::new(0, "test"), &RenderCall::new(&signature, inputs).demos(demos))
    }

    #[test]
    fn one_that_a_value_holds_is_not_drawn() {
        let first = draw(&Record::new().with("q", "hello"), &[]);
        assert_eq!(draw(&Record::new().with("q", "other"), &[]), first, "calls keep their common start");
        let upper = first.to_string().to_uppercase();
        let holders = [
            Value::from(format!("x{upper}x")),
            Value::Bytes(first.to_string().into_bytes()),
            Value::List(vec![Value::from(first.to_string())]),
            Value::Dict([(Value::from(first.to_string()), Value::None)].into_iter().collect()),
        ];
        for value in holders {
            let inputs = Record::new().with("q", value);
            assert_ne!(draw(&inputs, &[]), first);
            let demos = [Example::new(inputs.clone())];
            assert_ne!(draw(&Record::new(), &demos), first);
        }
    }

    #[test]
    fn an_input_that_knows_a_hundred_thousand_of_them_is_of_no_use_and_not_slow() {
        let mut random = Random::new(0, "test");
        let known: Vec<String> = (0..100_000).map(|_| candidate(&mut random)).collect();
        let nonce = draw(&Record::new().with("q", known.join(" ")), &[]);
        assert!(!known.contains(&nonce.to_string()));
    }

    #[test]
    fn names_lose_the_nonce_only_where_they_have_it() {
        let nonce = Nonce::new("k7").unwrap();
        assert_eq!(nonce.unmark("größe_K7"), Some("größe"));
        for plain in ["k7", "answerk7", "answer_k", "ü", ""] {
            assert_eq!(nonce.unmark(plain), None, "{plain}");
        }
        assert_eq!(nonce.unmark_all("expected `answer_k7`, `x_k7[0]`"), "expected `answer`, `x[0]`");
    }
}
