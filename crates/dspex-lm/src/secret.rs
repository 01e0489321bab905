//! Secrets: keys that can be used but not shown.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};

/// A key or password. It cannot be printed, compared or serialized, and is wiped from memory when it is dropped.
///
/// ```
/// use dspex_lm::Secret;
/// let key = Secret::new("sk-very-secret");
/// assert_eq!(format!("{key:?}"), "Secret(..)");
/// ```
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// A secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(SecretString::from(secret.into()))
    }

    /// The secret itself, for the one place that puts it into a request.
    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "nothing sends it then"))]
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl From<String> for Secret {
    fn from(secret: String) -> Self {
        Self::new(secret)
    }
}
