//! What to do about a reply that cannot be read: nothing, unless the context says so.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::suggest::unknown_name;

/// A further call where a reply could not be read or breaks a rule of its fields.
///
/// [`Context::with_fallbacks`](crate::Context::with_fallbacks) names them, in order; without them there is no further
/// call. An error of the model itself (no answer, a limit, a refusal) never leads to one. Of several completions, only
/// those lead to one of which none can be read; under
/// [`ParsePolicy::compat`](crate::ParsePolicy::compat), those of which any cannot. Each call is an
/// [`Attempt`](crate::Attempt) with its reason, cost and text.
///
/// As text they are `json`, `retry` (once), `retry:3`, `extract`:
///
/// ```
/// use dspex_core::Fallback;
/// assert_eq!("retry:3".parse::<Fallback>()?, Fallback::ShowError(3));
/// assert_eq!(Fallback::AskAsJson.to_string(), "json");
/// assert_eq!("jsn".parse::<Fallback>().unwrap_err().hint(), Some("did you mean `json`?"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fallback {
    /// The same is asked again, with an adapter that asks for JSON. Adapters that do so already are not asked again.
    /// DSPy's chat and XML adapters have this switched on.
    AskAsJson,
    /// The model sees its reply and what was wrong with it, and writes anew; at most so many times.
    ShowError(u32),
    /// A second call gets the outputs out of the reply's text, by the model for such calls
    /// ([`Context::with_extraction_lm`](crate::Context::with_extraction_lm)) or the same.
    Extract,
}

impl Fallback {
    /// Several, in order, with commas between: `retry:2,json`; `none` is an empty list.
    ///
    /// ```
    /// use dspex_core::Fallback;
    /// assert_eq!(Fallback::list("retry:2, json")?, [Fallback::ShowError(2), Fallback::AskAsJson]);
    /// assert!(Fallback::list("none")?.is_empty());
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    pub fn list(text: &str) -> Result<Vec<Self>> {
        if text.trim() == NONE { Ok(Vec::new()) } else { text.split(',').map(str::parse).collect() }
    }
}

/// No fallback, as text.
const NONE: &str = "none";

/// The names of fallbacks as text.
const NAMES: [&str; 3] = ["json", "retry", "extract"];

impl FromStr for Fallback {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, times) = match text.trim().split_once(':') {
            Some((name, times)) => (name, Some(times)),
            None => (text.trim(), None),
        };
        let times_of = |times: &str| {
            times.parse().ok().filter(|n| *n > 0).ok_or_else(|| {
                Error::configuration(format!(
                    "expected a whole number from 1 as in `retry:2`, found `{times}`"
                ))
                .with_hint("leave out the fallback to make no further call")
            })
        };
        match (name, times) {
            ("json", None) => Ok(Self::AskAsJson),
            ("extract", None) => Ok(Self::Extract),
            ("retry", None) => Ok(Self::ShowError(1)),
            ("retry", Some(times)) => times_of(times).map(Self::ShowError),
            ("json" | "extract", Some(_)) => {
                Err(Error::configuration(format!("expected `{name}` alone, found `{text}`"))
                    .with_hint("only `retry` takes a number"))
            }
            _ => Err(unknown_name("fallbacks", name, NAMES.into_iter().chain([NONE]))),
        }
    }
}

impl fmt::Display for Fallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AskAsJson => f.write_str("json"),
            Self::ShowError(1) => f.write_str("retry"),
            Self::ShowError(times) => write!(f, "retry:{times}"),
            Self::Extract => f.write_str("extract"),
        }
    }
}
