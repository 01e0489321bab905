//! `builtin/nearest`: answers with the reply of the most similar demonstration. It is no language model.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::LazyLock;

use dspex_core::lm::{Choice, LmError, Message, Reply, Request, Role};
use dspex_core::{BoxFuture, FieldType, LanguageModel, Signature, Usage, Value};
use regex::Regex;

/// A stand-in for a language model that learns from demonstrations only, so that programs, evaluation and optimizers
/// can be tried, taught and tested offline, for nothing, with the same result each time. **It is no language model**:
/// it knows nothing, follows no instructions and never writes anything new.
///
/// It reads the text of the messages, as a model far away would, whatever the adapter or wording:
///
/// - Each user turn with an assistant turn after it is a demonstration. It answers the last user turn with the
///   assistant turn of the most similar demonstration, as it stands.
/// - Similarity is the cosine of word weights over the turns' input sections. The weight of a word that occurs `tf`
///   times is `(1 + ln tf) * ln(1 + (n + 1) / (df + 1))`, where `n` is the number of demonstrations and `df` the
///   number of those that have the word. Words are runs of letters and digits in lower case. Of equals, the first
///   demonstration wins.
/// - Without demonstrations it writes, for each output that the system message lists, the first value that its type
///   allows: the first literal, `False`, `0`, `[]`, or nothing for text.
///
/// Tokens are counted as words and marks, roughly: a run of letters and digits or any other character that is not
/// white space.
///
/// ```
/// use dspex_core::{LanguageModel, lm::{Message, Request}};
/// use dspex_lm::NearestLm;
///
/// let request = Request::new(vec![
///     Message::user("[[ ## word ## ]]\nroaring lion"),
///     Message::assistant("[[ ## kind ## ]]\nanimal\n\n[[ ## completed ## ]]\n"),
///     Message::user("[[ ## word ## ]]\nred rose"),
///     Message::assistant("[[ ## kind ## ]]\nplant\n\n[[ ## completed ## ]]\n"),
///     Message::user("[[ ## word ## ]]\na rose bush"),
/// ]);
/// let reply = dspex_testkit::block_on(NearestLm::new().call(&request))?;
/// assert!(reply.choices[0].content().contains("plant"));
/// # Ok::<(), dspex_core::lm::LmError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct NearestLm(());

impl NearestLm {
    /// The model.
    pub fn new() -> Self {
        Self::default()
    }
}

impl LanguageModel for NearestLm {
    fn id(&self) -> &str {
        "builtin/nearest"
    }

    fn call<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
        Box::pin(async move {
            let text = answer(&request.messages);
            let input: u64 = request.messages.iter().map(|m| tokens(&m.text())).sum();
            let n = request.options.n.unwrap_or(1).max(1);
            let output = tokens(&text) * u64::from(n);
            let choices = (0..n).map(|_| Choice::text(text.as_str())).collect();
            Ok(Reply::new(choices).with_model(self.id()).with_usage(Usage::tokens(input, output)))
        })
    }
}

/// What the conversation is answered with.
fn answer(messages: &[Message]) -> String {
    let system: String =
        messages.iter().filter(|m| m.role == Role::System).map(Message::text).collect::<Vec<_>>().join("\n");
    let prompt = Prompt::read(&system);
    let Some(last) = messages.iter().rposition(|m| m.role == Role::User) else {
        return prompt.first_values("");
    };
    let demos: Vec<(String, String)> = messages[..last]
        .windows(2)
        .filter(|pair| pair[0].role == Role::User && pair[1].role == Role::Assistant)
        .map(|pair| (prompt.input_text(&pair[0].text()), pair[1].text()))
        .collect();
    let query = prompt.input_text(&messages[last].text());
    match most_similar(&query, demos.iter().map(|(input, _)| input.as_str())) {
        Some(best) => demos[best].1.clone(),
        None => prompt.first_values(&messages[last].text()),
    }
}

/// The place of the text that is most similar to the query; none where there are no texts.
fn most_similar<'a>(query: &str, texts: impl Iterator<Item = &'a str>) -> Option<usize> {
    let counts: Vec<HashMap<String, u32>> = texts.map(count_words).collect();
    let n = counts.len() as f64;
    let mut df: HashMap<&str, u32> = HashMap::new();
    for words in &counts {
        for word in words.keys() {
            *df.entry(word.as_str()).or_default() += 1;
        }
    }
    let weight = |word: &str, tf: u32| {
        let df = f64::from(df.get(word).copied().unwrap_or(0));
        (1.0 + f64::from(tf).ln()) * (1.0 + (n + 1.0) / (df + 1.0)).ln()
    };
    let query = count_words(query);
    let norm = |words: &HashMap<String, u32>| {
        // Summed in one order, so that the last bit does not depend on the order of a hash map.
        let mut squares: Vec<f64> = words.iter().map(|(w, tf)| weight(w, *tf).powi(2)).collect();
        squares.sort_by(f64::total_cmp);
        squares.iter().sum::<f64>().sqrt()
    };
    let query_norm = norm(&query);
    let cosine = |words: &HashMap<String, u32>| {
        let mut products: Vec<f64> = query
            .iter()
            .filter_map(|(w, tf)| words.get(w).map(|other| weight(w, *tf) * weight(w, *other)))
            .collect();
        products.sort_by(f64::total_cmp);
        let length = query_norm * norm(words);
        if length > 0.0 { products.iter().sum::<f64>() / length } else { 0.0 }
    };
    let mut best: Option<(usize, f64)> = None;
    for (i, words) in counts.iter().enumerate() {
        let similarity = cosine(words);
        if best.is_none_or(|(_, top)| similarity > top) {
            best = Some((i, similarity));
        }
    }
    best.map(|(i, _)| i)
}

fn count_words(text: &str) -> HashMap<String, u32> {
    let mut counts = HashMap::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()) {
        *counts.entry(word.to_lowercase()).or_default() += 1;
    }
    counts
}

fn tokens(text: &str) -> u64 {
    let mut count = 0;
    let mut in_word = false;
    for c in text.chars() {
        let is_word = c.is_alphanumeric();
        if (is_word && !in_word) || (!is_word && !c.is_whitespace()) {
            count += 1;
        }
        in_word = is_word;
    }
    count
}

/// A line of a field list: number, name, and the type up to the bracket that closes it.
static FIELD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?m)^(\d+)\. `(\w+)` \(").ok());

/// A marker of a section.
static MARKER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?m)^\[\[ ## (\w+) ## \]\]").ok());

/// What a system message says about the fields.
#[derive(Debug, Default, PartialEq)]
struct Prompt {
    inputs: Vec<String>,
    outputs: Vec<Output>,
    sections: HashSet<String>,
}

/// An output field as the system message describes it.
#[derive(Debug, PartialEq)]
struct Output {
    name: String,
    ty: String,
    hint: String,
}

impl Prompt {
    fn read(system: &str) -> Self {
        let mut prompt = Self::default();
        let (Some(field), Some(marker)) = (FIELD.as_ref(), MARKER.as_ref()) else { return prompt };
        let mut lists = 0;
        for captures in field.captures_iter(system) {
            let (Some(whole), Some(name)) = (captures.get(0), captures.get(2)) else { continue };
            // Each list counts from 1: inputs, then outputs. A signature without inputs has one list only.
            if captures.get(1).is_some_and(|n| n.as_str() == "1") {
                lists += 1;
            }
            let name = name.as_str().to_owned();
            let output = Output {
                hint: hint(system, &name),
                ty: up_to_closing_bracket(&system[whole.end()..]).to_owned(),
                name,
            };
            match lists {
                1 => prompt.outputs.push(output),
                2 => {
                    if prompt.inputs.is_empty() {
                        prompt.inputs = prompt.outputs.drain(..).map(|o| o.name).collect();
                    }
                    prompt.outputs.push(output);
                }
                _ => {}
            }
        }
        prompt.sections =
            marker.captures_iter(system).filter_map(|c| c.get(1)).map(|m| m.as_str().to_owned()).collect();
        prompt
    }

    /// Whether a text asks for the outputs, each in the spelling of some form.
    fn is_asked_in(&self, text: &str) -> bool {
        let forms: [fn(&str) -> String; 3] =
            [|name| format!("[[ ## {name} ## ]]"), |name| format!("`{name}`"), |name| format!("`<{name}>`")];
        let asked = |o: &Output| forms.iter().any(|form| text.contains(&form(&o.name)));
        !self.outputs.is_empty() && self.outputs.iter().all(asked)
    }

    /// The text of the input sections of a user turn, without the reminder at its end.
    fn input_text(&self, turn: &str) -> String {
        let body = match turn.rsplit_once("\n\n") {
            Some((body, last)) if self.is_asked_in(last) => body,
            None if self.is_asked_in(turn) => "",
            _ => turn,
        };
        let Some(marker) = MARKER.as_ref() else { return body.to_owned() };
        let first = marker.find(body).map_or(0, |m| m.start());
        marker.replace_all(&body[first..], "").into_owned()
    }

    /// Each output with the first value that its type allows, in the form that the system message shows and the last
    /// turn asks for.
    fn first_values(&self, turn: &str) -> String {
        let first = |o: &Output| first_value(&o.ty, &o.hint);
        if let [one] = self.outputs.as_slice()
            && !turn.is_empty()
            && !self.is_asked_in(turn)
        {
            return first(one).to_text().unwrap_or_default();
        }
        let in_sections = |o: &Output| {
            self.sections.contains(&o.name)
                && (turn.is_empty() || turn.contains(&format!("[[ ## {} ## ]]", o.name)))
        };
        if self.outputs.iter().all(in_sections) {
            let mut out = String::new();
            for o in &self.outputs {
                let value = first(o);
                let text = match &value {
                    Value::List(_) | Value::Dict(_) | Value::Tuple(_) | Value::Set(_) => value.to_json_text(),
                    other => other.to_text(),
                };
                let _ = write!(out, "[[ ## {} ## ]]\n{}\n\n", o.name, text.unwrap_or_default());
            }
            out.push_str("[[ ## completed ## ]]\n");
            return out;
        }
        let fields: dspex_core::Dict =
            self.outputs.iter().map(|o| (Value::from(o.name.as_str()), first(o))).collect();
        Value::Dict(fields).to_json_text().unwrap_or_default()
    }
}

/// The text up to the bracket that closes an opened one; brackets inside are passed over.
fn up_to_closing_bracket(text: &str) -> &str {
    let mut depth = 1;
    let mut quote = None;
    for (i, c) in text.char_indices() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => {
                depth -= 1;
                if depth == 0 {
                    return &text[..i];
                }
            }
            (None, '\n') => return &text[..i],
            _ => {}
        }
    }
    text
}

/// What stands beside the place of a value: `{name}  # hint`, alone on a line or as text under a JSON key.
fn hint(system: &str, name: &str) -> String {
    let place = format!("{{{name}}}");
    let key = format!("{}: ", Value::from(name).to_json_text().unwrap_or_default());
    let on_line = |line: &str| {
        let line = line.trim();
        if let Some(hint) = line.strip_prefix(&place) {
            return Some(hint.to_owned());
        }
        let member = line.strip_prefix(&key)?;
        let text: String = serde_json::from_str(member.strip_suffix(',').unwrap_or(member)).ok()?;
        text.strip_prefix(&place).map(str::to_owned)
    };
    system.lines().find_map(on_line).unwrap_or_default()
}

/// The first value of a type in Python's spelling; types that only a hint describes are read from it.
fn first_value(ty: &str, hint: &str) -> Value {
    let spelled = ty.replace("Ellipsis", "...");
    if let Ok(signature) = Signature::parse(&format!("x -> y: {spelled}"))
        && let Some(value) = signature.outputs().first().and_then(|f| f.ty.first_value())
    {
        return value;
    }
    if let Some(start) = hint.find('{')
        && let Ok(schema) = serde_json::from_str(&hint[start..])
        && let Some(value) = FieldType::from_json_schema(&schema).first_value()
    {
        return value;
    }
    match hint.rsplit_once(": ") {
        Some((_, values)) => Value::from(values.split(';').next().unwrap_or_default().trim()),
        None => Value::from(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dspex_adapters::{ADAPTERS, by_name};
    use dspex_core::{Record, RenderCall};

    /// The answer, which is the same under every adapter.
    fn ask(signature: &str, demos: &[(&str, &str)], input: &str) -> Record {
        // A reply of the two-step adapter is for another call to read.
        let names = ADAPTERS.iter().map(|(name, _)| *name).filter(|name| *name != "two_step");
        let mut answers = names.map(|name| ask_with(name, signature, demos, input));
        let first = answers.next().unwrap();
        assert!(answers.all(|answer| answer == first));
        first
    }

    fn ask_with(adapter: &str, signature: &str, demos: &[(&str, &str)], input: &str) -> Record {
        let signature = Signature::parse(signature).unwrap();
        let demos: Vec<_> = demos
            .iter()
            .map(|(text, label)| dspex_core::Example::new([("text", *text), ("label", *label)]))
            .collect();
        let inputs = Record::new().with("text", input);
        let adapter = by_name(adapter).unwrap();
        let request = adapter.render(&RenderCall::new(&signature, &inputs).demos(&demos)).unwrap();
        let reply = answer(&request.messages);
        adapter.parse(&signature, &Choice::text(reply), &dspex_core::ParsePolicy::default()).unwrap().fields
    }

    #[test]
    fn the_form_is_the_one_that_is_asked_for() {
        let system = "1. `q` (str)\n1. `a` (int)\n\n[[ ## q ## ]]\n{q}\n\n[[ ## a ## ]]\n";
        let of = |turn: &str| Prompt::read(system).first_values(turn);
        assert!(of("Q\n\nNow write `[[ ## a ## ]]`.").starts_with("[[ ## a ## ]]\n0\n"));
        assert_eq!(of("Q\n\nNow write one JSON object with `a`."), r#"{"a": 0}"#);
        assert_eq!(of("Q"), "0");
    }

    #[test]
    fn the_most_similar_demonstration_answers() {
        let demos =
            [("a small furry animal", "cat"), ("a tool for cutting wood", "saw"), ("a large animal", "cow")];
        for (text, label) in [("cutting tool", "saw"), ("small animal", "cat"), ("LARGE thing", "cow")] {
            assert_eq!(
                ask("text -> label", &demos, text).get("label").unwrap().as_str(),
                Some(label),
                "{text}"
            );
        }
    }

    #[test]
    fn a_type_that_only_a_hint_describes() {
        let system = "1. `x` (str)\n1. `y` (Mood)\n\n{\n  \"y\": \"{y}  # exactly one of: \\\"a\\\"; b\"\n}";
        assert_eq!(Prompt::read(system).first_values(""), r#"{"y": "\"a\""}"#);
    }

    #[test]
    fn the_first_of_equals_wins() {
        let demos = [("one two", "first"), ("one two", "second")];
        assert_eq!(ask("text -> label", &demos, "one").get("label").unwrap().as_str(), Some("first"));
        assert_eq!(
            ask("text -> label", &demos, "nothing shared").get("label").unwrap().as_str(),
            Some("first")
        );
    }

    #[test]
    fn rare_words_weigh_more_than_common_ones() {
        // By the formula: `the` is in all three (df 3), `zebra` in one.
        let demos = [("the the the", "a"), ("the zebra", "b"), ("the cat", "c")];
        assert_eq!(ask("text -> label", &demos, "the zebra the").get("label").unwrap().as_str(), Some("b"));
    }

    #[test]
    fn without_demonstrations_the_first_value_of_each_type() {
        let out = ask(
            "text -> label: Literal['yes', 'no'], n: int, f: float, b: bool, l: list[str], o: Optional[int], s",
            &[],
            "anything",
        );
        let expected = Record::new()
            .with("label", "yes")
            .with("n", 0)
            .with("f", 0.0)
            .with("b", false)
            .with("l", Value::List(vec![]))
            .with("o", 0)
            .with("s", "");
        assert_eq!(out, expected);
    }
}
