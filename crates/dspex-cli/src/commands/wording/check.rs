//! Whether a wording that was derived is right: with it, every probe is what DSPy wrote, byte for byte.

use std::collections::BTreeSet;

use dspex_adapters::{Wording, by_name_with};
use dspex_core::lm::{Choice, Message};
use dspex_core::{Error, ErrorKind, ParsePolicy, RenderCall, Result, shorten_text};
use serde_json::Value as Json;

use super::adapters::ADAPTERS;
use super::probes::{Answers, Probe, TYPES};

/// What was compared.
#[derive(Default)]
pub(super) struct Checked {
    /// Messages that are equal.
    pub(super) messages: usize,
    /// Types that cannot be rendered here, or that have other fields in this DSPy; they are not the same.
    pub(super) open: BTreeSet<String>,
}

/// Renders the probes with the wording. The first message that differs is an error that names the template.
pub(super) fn check(place: &str, answers: &Answers, probes: &[Probe], wording: &Wording) -> Result<Checked> {
    let mut checked = Checked::default();
    for known in ADAPTERS {
        let adapter = by_name_with(known.name, wording.clone())?;
        for probe in probes {
            let Some(signature) = &probe.signature else { continue };
            let call = RenderCall::new(signature, &probe.inputs).demos(&probe.demos).compat();
            let first = adapter.render(&call);
            // A second call, where the adapter has one, is answered to under a name of its own.
            let second = adapter.extraction(signature, &Choice::text("ZqAnswer"), &ParsePolicy::compat())?;
            let second = second.map(|s| {
                let rendered = s.adapter.render(&RenderCall::new(&s.signature, &s.inputs).compat());
                (format!("{}_extraction", known.name), rendered)
            });
            for (name, ours) in [Some((known.name.to_owned(), first)), second].into_iter().flatten() {
                let theirs = answers.adapters.get(&name).and_then(|all| all.get(&probe.id)?.as_ref());
                let Some(theirs) = theirs else { continue };
                match ours {
                    Ok(request) => {
                        checked.messages += theirs.len();
                        let ours: Vec<Json> = request.messages.iter().map(Message::to_json).collect();
                        let differs =
                            (0..theirs.len().max(ours.len())).find(|i| theirs.get(*i) != ours.get(*i));
                        // The BAML adapter shows the fields of DSPy's own classes, which are not the same in every
                        // version; that is no sentence.
                        if differs.is_some() && known.name == "baml" && TYPES.contains(&probe.id.as_str()) {
                            checked.open.insert(format!("{} as BAML shows it", probe.id));
                            continue;
                        }
                        if let Some(at) = differs {
                            let sides = (theirs.get(at), ours.get(at));
                            return Err(wrong(place, &name, &probe.id, (at, theirs.len()), sides));
                        }
                    }
                    Err(e) if matches!(e.kind(), ErrorKind::Unsupported { .. }) => {
                        checked.open.insert(probe.id.clone());
                    }
                    Err(e) => return Err(e),
                }
            }
        }
    }
    Ok(checked)
}

/// The error for a message, with what stands where the two part.
fn wrong(
    place: &str,
    adapter: &str,
    probe: &str,
    (at, of): (usize, usize),
    (theirs, ours): (Option<&Json>, Option<&Json>),
) -> Error {
    let template = match at {
        0 => format!("{adapter}.system"),
        _ if at + 1 == of => format!("{adapter}.reminder"),
        _ => format!("demo (of the adapter {adapter})"),
    };
    let text = |m: Option<&Json>| m.and_then(|m| m["content"].as_str()).unwrap_or_default().to_owned();
    let (theirs, ours) = (text(theirs), text(ours));
    let same = theirs.chars().zip(ours.chars()).take_while(|(a, b)| a == b).count();
    let from = same.saturating_sub(20);
    let shown = |text: &str| format!("{:?}", shorten_text(&text.chars().skip(from).collect::<String>()));
    Error::new(ErrorKind::Data {
        place: place.to_owned(),
        field: Some(template.clone()),
        expected: format!(
            "that `{template}` gives {} at character {from} of the probe `{probe}`",
            shown(&theirs)
        ),
        found: shown(&ours),
    })
    .with_hint("this DSPy writes it in a way that is not known here; leave that adapter out with `--adapters`, and say so in an issue")
}
