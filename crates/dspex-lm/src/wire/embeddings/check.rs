//! Whether vectors are what was asked for.

use dspex_core::lm::{Embeddings, LmError, LmErrorKind};

fn protocol(message: String) -> LmError {
    LmError::new(LmErrorKind::Protocol, message)
}

/// Checks the vectors of one reply: one for each text, of one length, finite numbers.
pub(crate) fn check(made: &Embeddings, texts: usize, dimensions: Option<u32>) -> Result<(), LmError> {
    let found = made.vectors.len();
    if found != texts {
        return Err(protocol(format!("expected {texts} embeddings, one for each text, found {found}")));
    }
    let first = made.vectors.first().map_or(0, Vec::len);
    let length = dimensions.map_or(first, |d| usize::try_from(d).unwrap_or(usize::MAX));
    for (at, vector) in made.vectors.iter().enumerate() {
        if vector.is_empty() || vector.len() != length {
            let found = vector.len();
            let message =
                format!("expected embeddings of {length} numbers each, found {found} in that of text {at}");
            return Err(protocol(message));
        }
        if vector.iter().any(|n| !n.is_finite()) {
            return Err(protocol(format!(
                "expected finite numbers, found others in the embedding of text {at}"
            )));
        }
    }
    Ok(())
}

/// Adds what a further request gave.
pub(crate) fn join(all: &mut Embeddings, more: Embeddings) -> Result<(), LmError> {
    all.usage += more.usage;
    all.failed.extend(more.failed);
    if all.warnings.is_empty() {
        all.warnings = more.warnings;
    }
    let length = |vectors: &[Vec<f32>]| vectors.first().map(Vec::len);
    if let (Some(a), Some(b)) = (length(&all.vectors), length(&more.vectors))
        && a != b
    {
        return Err(protocol(format!("expected embeddings of {a} numbers each, found {b} in a later reply")));
    }
    all.vectors.extend(more.vectors);
    all.model = more.model.or(all.model.take());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_that_were_not_asked_for_are_errors() {
        let made = |vectors: &[&[f32]]| Embeddings::new(vectors.iter().map(|v| v.to_vec()).collect());
        let good = made(&[&[1.0, 2.0], &[3.0, 4.0]]);
        assert!(check(&good, 2, None).is_ok() && check(&good, 2, Some(2)).is_ok());
        for (made, texts, dimensions, said) in [
            (&good, 3, None, "expected 3 embeddings, one for each text, found 2"),
            (&good, 2, Some(3), "of 3 numbers each, found 2 in that of text 0"),
            (&made(&[&[1.0], &[1.0, 2.0]]), 2, None, "of 1 numbers each, found 2 in that of text 1"),
            (&made(&[&[]]), 1, None, "found 0 in that of text 0"),
            (&made(&[&[f32::NAN]]), 1, None, "found others in the embedding of text 0"),
            (&made(&[&[f32::INFINITY]]), 1, None, "expected finite numbers"),
        ] {
            let e = check(made, texts, dimensions).expect_err(said);
            assert!(e.kind == LmErrorKind::Protocol && e.message.contains(said), "{e}");
        }
        let mut all = made(&[&[1.0]]);
        assert!(join(&mut all, made(&[&[2.0]])).is_ok());
        assert_eq!((all.vectors.len(), all.usage.calls), (2, 2));
        assert!(join(&mut all, good).is_err(), "of another length");
        assert_eq!(all.usage.calls, 3, "paid for all the same");
    }
}
