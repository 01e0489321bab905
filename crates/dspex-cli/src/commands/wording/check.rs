//! Whether a wording that was derived is right: with it, every probe is what DSPy wrote, byte for byte.

use dspex_adapters::{Wording, by_name_with};
use dspex_core::lm::Message;
use dspex_core::{Error, ErrorKind, RenderCall, Result, shorten_text};
use serde_json::Value as Json;

use super::derive::ADAPTERS;
use super::probes::{Answers, Probe};

/// What was compared.
#[derive(Default)]
pub(super) struct Checked {
    /// Messages that are equal.
    pub(super) messages: usize,
    /// Types that cannot be rendered here yet; what DSPy says of them could not be compared.
    pub(super) open: Vec<String>,
}

/// Renders the probes with the wording. The first message that differs is an error that names the template.
pub(super) fn check(place: &str, answers: &Answers, probes: &[Probe], wording: &Wording) -> Result<Checked> {
    let mut checked = Checked::default();
    for (name, _) in ADAPTERS {
        let adapter = by_name_with(name, wording.clone())?;
        for probe in probes {
            let theirs = answers.adapters.get(*name).and_then(|all| all.get(&probe.id)?.as_ref());
            let (Some(theirs), Some(signature)) = (theirs, &probe.signature) else { continue };
            let call = RenderCall::new(signature, &probe.inputs).demos(&probe.demos).compat();
            let ours: Vec<Json> = match adapter.render(&call) {
                Ok(request) => request.messages.iter().map(Message::to_json).collect(),
                Err(e) if matches!(e.kind(), ErrorKind::Unsupported { .. }) => {
                    if !checked.open.contains(&probe.id) {
                        checked.open.push(probe.id.clone());
                    }
                    continue;
                }
                Err(e) => return Err(e),
            };
            let differs = (0..theirs.len().max(ours.len())).find(|i| theirs.get(*i) != ours.get(*i));
            if let Some(at) = differs {
                return Err(wrong(place, name, &probe.id, (at, theirs.len()), theirs.get(at), ours.get(at)));
            }
            checked.messages += ours.len();
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
    theirs: Option<&Json>,
    ours: Option<&Json>,
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
    .with_hint("this DSPy writes it in another way than those that are known; say so in an issue")
}
