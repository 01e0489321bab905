//! Base URLs with places to fill: `https://{VERTEXAI_LOCATION:us-central1}-aiplatform.googleapis.com`.

use dspex_core::Error;

/// A variable that is not set.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Missing(String);

impl Missing {
    /// The error for the model of a name.
    pub(super) fn of(self, model: &str) -> Error {
        let Self(variable) = self;
        Error::configuration(format!("expected {variable} for `{model}`, found it is not set"))
            .with_hint(format!("set {variable}, or give it in code as a setting of that name"))
    }
}

/// The URL with its places filled; `{NAME:otherwise}` says what counts where nothing is set.
pub(super) fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, Missing> {
    let (mut url, mut rest) = (String::new(), template);
    while let Some((before, (place, after))) =
        rest.split_once('{').and_then(|(before, behind)| Some((before, behind.split_once('}')?)))
    {
        url.push_str(before);
        let (name, otherwise) =
            place.split_once(':').map_or((place, None), |(name, other)| (name, Some(other)));
        let value = value(name).or_else(|| otherwise.map(str::to_owned));
        url.push_str(&value.ok_or_else(|| Missing(name.to_owned()))?);
        rest = after;
    }
    url.push_str(rest);
    // Vertex has no place before the host for what is everywhere.
    Ok(url.replace("://global-aiplatform.", "://aiplatform."))
}

/// The variables that a template has places for.
pub(super) fn variables(template: &'static str) -> Vec<&'static str> {
    let places = template.split('{').skip(1).filter_map(|behind| behind.split_once('}'));
    let mut names = Vec::new();
    for name in places.map(|(place, _)| place.split(':').next().unwrap_or(place)) {
        if name != "model" && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_or_named() {
        let of = |name: &str| (name == "A").then(|| "a".to_owned());
        assert_eq!(fill("https://{A}.x/{B:b}/{A}", of), Ok("https://a.x/b/a".to_owned()));
        assert_eq!(fill("https://{A}/{C}", of), Err(Missing("C".to_owned())));
        assert_eq!(fill("no {place", of), Ok("no {place".to_owned()));
        let vertex = "https://{L}-aiplatform.googleapis.com/v1/projects/{P}";
        let global = fill(vertex, |name| Some(if name == "L" { "global" } else { "p" }.to_owned()));
        assert_eq!(global, Ok("https://aiplatform.googleapis.com/v1/projects/p".to_owned()));
        assert_eq!(variables("{A}/{model}/{B:b}/{A:a}"), ["A", "B"]);
        let e = Missing("VERTEXAI_PROJECT".to_owned()).of("vertex_ai/gemini-2.5-flash");
        assert!(
            e.to_string().contains("VERTEXAI_PROJECT")
                && e.hint().is_some_and(|h| h.contains("set VERTEXAI_PROJECT"))
        );
    }
}
