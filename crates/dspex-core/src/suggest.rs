//! Suggestions for misspelt names.

use crate::error::Error;

/// The known name that a misspelt one most likely means, if one is near enough.
///
/// ```
/// use dspex_core::nearest;
/// assert_eq!(nearest("lsit", ["list", "dict"]), Some("list"));
/// assert_eq!(nearest("banana", ["list", "dict"]), None);
/// assert_eq!(nearest(&"a".repeat(100_000), [&*"a".repeat(100_001)]), None, "at once");
/// ```
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Comparing takes the product of both lengths, and nobody misspells a name that long.
    const LONGEST: usize = 200;
    if name.len() > LONGEST {
        return None;
    }
    known
        .into_iter()
        .filter(|k| k.len() <= LONGEST)
        .map(|k| (strsim::damerau_levenshtein(&name.to_lowercase(), &k.to_lowercase()), k))
        .filter(|(distance, k)| *distance <= 1 + k.len().min(name.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, k)| k)
}

/// The error for a name that is not among those of a registry: it lists them and suggests the nearest.
///
/// ```
/// use dspex_core::unknown_name;
/// let e = unknown_name("adapters", "chta", ["chat", "json"]);
/// assert_eq!(e.to_string(), "expected one of the adapters `chat`, `json`, found `chta`");
/// assert_eq!(e.hint(), Some("did you mean `chat`?"));
/// ```
pub fn unknown_name<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Error {
    let known: Vec<&str> = known.into_iter().collect();
    let listed: Vec<String> = known.iter().map(|k| format!("`{k}`")).collect();
    let e = Error::configuration(format!("expected one of the {what} {}, found `{name}`", listed.join(", ")));
    match nearest(name, known) {
        Some(near) => e.with_hint(format!("did you mean `{near}`?")),
        None => e,
    }
}
