//! What DSPy does to signatures where we do better: for reading its files and for the conformance corpus.

use super::{Direction, EditError, Field, Signature, SignatureState, edit};

/// Loads a state as DSPy does: fields and states are paired by position until one side ends, without a word about
/// the rest.
#[must_use]
pub fn load_state(signature: &Signature, state: &SignatureState) -> Signature {
    let mut states = state.fields.iter();
    signature.map_fields(&state.instructions, |field| match states.next() {
        Some(s) => field.with_prefix(s.prefix.clone()).with_description(s.description.clone()),
        None => field,
    })
}

/// Inserts a field as DSPy does: a name that is there already moves to the place where it stands first and keeps
/// the definition that stands last, even across inputs and outputs.
pub fn insert(signature: &Signature, index: isize, field: Field) -> Result<Signature, EditError> {
    let mut inputs = signature.inputs().to_vec();
    let mut outputs = signature.outputs().to_vec();
    let group = if field.direction == Direction::Input { &mut inputs } else { &mut outputs };
    let at = edit::place(index, group.len(), field.direction)?;
    group.insert(at, field);

    let mut merged: Vec<Field> = Vec::new();
    for field in inputs.into_iter().chain(outputs) {
        match merged.iter_mut().find(|f| f.name == field.name) {
            Some(slot) => *slot = field,
            None => merged.push(field),
        }
    }
    let (inputs, outputs) = merged.into_iter().partition(|f| f.direction == Direction::Input);
    Signature::from_parts(
        signature.name().to_owned(),
        Some(signature.instructions().to_owned()),
        inputs,
        outputs,
    )
}
