//! Suggestions for misspelt names.

/// The known name that a misspelt one most likely means, if one is near enough.
///
/// ```
/// use dspex_core::nearest;
/// assert_eq!(nearest("lsit", ["list", "dict"]), Some("list"));
/// assert_eq!(nearest("banana", ["list", "dict"]), None);
/// ```
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|k| (strsim::damerau_levenshtein(&name.to_lowercase(), &k.to_lowercase()), k))
        .filter(|(distance, k)| *distance <= 1 + k.len().min(name.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, k)| k)
}
