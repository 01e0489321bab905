//! What `--explain` says of a program and of the reading of a reply.

use dspex_core::lm::Choice;
use dspex_core::{Adapter, Error, Note, ParsePolicy, Parsed, Result, Signature};

use crate::output::print;

/// The adapter, its wording, and the schema of each output.
pub(super) fn program(adapter: &dyn Adapter, signature: &Signature) -> Result<()> {
    print(&format!("adapter: {}", adapter.name()))?;
    print(&format!("wording: {}", adapter.wording().unwrap_or("its only one")))?;
    for field in signature.outputs() {
        print(&format!("output:  {}: {}", field.name, field.ty.name()))?;
        print(&format!("         {}", field.ty.json_schema()))?;
    }
    Ok(())
}

/// What was found in a reply and what the rules did with it; the error of a reply that cannot be read is the result.
pub(super) fn reply(
    adapter: &dyn Adapter,
    signature: &Signature,
    choice: &Choice,
    policy: &ParsePolicy,
) -> Result<Parsed> {
    program(adapter, signature)?;
    print(&format!("policy:  {}, coercion {}", policy.name(), policy.coercion_mode().name()))?;
    print("\n--- sections found")?;
    for (name, text) in dspex_adapters::found_sections(signature, choice, policy) {
        print(&format!("{name}: {text:?}"))?;
    }
    let parsed = adapter.parse(signature, choice, policy);
    print("\n--- rules that fired")?;
    if let Ok(parsed) = &parsed {
        for note in &parsed.notes {
            print(&step(note))?;
        }
    }
    let parsed = parsed?;
    print("\n--- values")?;
    for (name, value) in parsed.fields.iter() {
        print(&format!("{name}: {}", value.to_repr().map_err(Error::from)?))?;
    }
    Ok(parsed)
}

/// A note with what stood there and what was read instead.
fn step(note: &Note) -> String {
    match (&note.from, &note.to) {
        (Some(from), Some(to)) if to.is_empty() => format!("{note}\n    {from:?} -> left out"),
        (Some(from), Some(to)) => format!("{note}\n    {from:?} -> {to:?}"),
        _ => note.to_string(),
    }
}
