//! Paths of parameters: `gen.predict`, `ans[0]`, `table['k']`.

use std::fmt;
use std::sync::Arc;

/// Where a parameter stands in a program, spelled as DSPy spells it.
///
/// The path of a program that is itself a predictor is empty and reads `self`.
///
/// ```
/// use dspex_core::Path;
/// let p = Path::root().field("ans").index(0);
/// assert_eq!(p.as_str(), "ans[0]");
/// assert_eq!(Path::root().to_string(), "self");
/// assert_eq!(format!("{p:<8}|"), "ans[0]  |");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(Arc<str>);

impl Path {
    /// The path of the program itself.
    pub fn root() -> Self {
        Self("".into())
    }

    /// What stands for the path of a predictor that no walk has met, in traces and attempts. It is no path of a
    /// program.
    pub fn unstamped() -> Self {
        Self("(unstamped)".into())
    }

    /// The path of a field inside.
    #[must_use]
    pub fn field(&self, name: &str) -> Self {
        let mut text = self.0.to_string();
        push_field(&mut text, name);
        Self(text.into())
    }

    /// The path of an item inside.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0).into())
    }

    /// The path of an entry inside. As in DSPy, the key stands there as it is, also one with quotes in it.
    ///
    /// ```
    /// use dspex_core::Path;
    /// assert_eq!(Path::root().field("table").key("it's").as_str(), "table['it's']");
    /// ```
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        let mut text = self.0.to_string();
        push_key(&mut text, key);
        Self(text.into())
    }

    /// The path as text; empty for the program itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

pub(crate) fn push_field(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}

pub(crate) fn push_key(path: &mut String, key: &str) {
    path.push_str("['");
    path.push_str(key);
    path.push_str("']");
}

impl From<&str> for Path {
    /// A path from its text; `self` is the program itself.
    fn from(text: &str) -> Self {
        if text == "self" { Self::root() } else { Self(text.into()) }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(if self.0.is_empty() { "self" } else { &self.0 })
    }
}
