//! A wide signature: the prompt of ten fields with eight demonstrations, and its reply of two kilobytes.

use std::hint::black_box;

use dspex::adapters::ChatAdapter;
use dspex::lm::{Choice, Role};
use dspex::{Adapter, Example, ParsePolicy, Record, RenderCall, Signature};

use crate::Measured;
use crate::measure::{Figure, median_micros};

const SIGNATURE: &str = "title, text, author, language: Literal['en', 'de', 'fr'], year: int -> summary, \
     topics: list[str], rating: float, is_review: bool, kind: Literal['report', 'essay', 'letter']";

/// How many demonstrations a prompt has.
const DEMOS: usize = 8;

/// How long the summary of the reply is, so that all of it is about two kilobytes.
const SENTENCES: usize = 26;

pub(crate) fn wide() -> Measured {
    let signature = Signature::parse(SIGNATURE)?;
    let sentence = "The harbour was rebuilt after the great storm, and the town with it. ";
    let inputs = Record::new()
        .with("title", "The harbour")
        .with("text", sentence.repeat(4))
        .with("author", "A. Writer")
        .with("language", "en")
        .with("year", 1911);
    let example = |sentences: usize| {
        Example::new(inputs.clone())
            .with("summary", sentence.repeat(sentences).trim_end())
            .with("topics", vec!["harbours", "storms", "towns"])
            .with("rating", 4.5)
            .with("is_review", false)
            .with("kind", "report")
            .with_inputs(["title", "text", "author", "language", "year"])
    };
    let demos = vec![example(2); DEMOS];
    let adapter = ChatAdapter::new();
    let call = RenderCall::new(&signature, &inputs).demos(&demos);
    let rendered = median_micros(500, || {
        let _ = black_box(adapter.render(black_box(&call)));
    });

    // The reply is written as the adapter shows it in a demonstration.
    let shown = [example(SENTENCES)];
    let messages = adapter.render(&RenderCall::new(&signature, &inputs).demos(&shown))?.messages;
    let turn = messages.iter().find(|m| m.role == Role::Assistant).ok_or("no turn of the model")?;
    let reply = Choice::text(turn.text());
    let policy = ParsePolicy::default();
    let read = adapter.parse(&signature, &reply, &policy)?;
    if read.fields.len() != signature.outputs().len() || !(1900..2200).contains(&turn.text().len()) {
        return Err(format!("a reply of {} bytes gave {:?}", turn.text().len(), read.fields).into());
    }
    let parsed = median_micros(500, || {
        let _ = black_box(adapter.parse(&signature, black_box(&reply), &policy));
    });
    let figure = |name: &str, value, at_most| Figure { name: name.into(), value, unit: "us", at_most };
    Ok(vec![
        figure("render: ten fields, eight demonstrations", rendered, 60.0),
        figure("parse: its reply of two kilobytes", parsed, 30.0),
    ])
}
