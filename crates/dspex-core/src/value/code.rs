//! Text with a meaning of its own to prompts: source code and reasoning. Their values are text.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Value;
use crate::types::Special;

/// A programming language, for [`Code`]. Implement it for a type of your own for one that is not here.
///
/// ```
/// use dspex_core::types::field_type_of;
/// use dspex_core::value::{Code, Language};
///
/// #[derive(Clone, Debug)]
/// struct Lean;
/// impl Language for Lean {
///     const NAME: Option<&'static str> = Some("lean");
/// }
/// assert_eq!(field_type_of::<Code<Lean>>().annotation(), "dspy.Code['lean']");
/// ```
pub trait Language: Send + Sync + 'static {
    /// The name, as prompts write it; none says nothing of the language, which DSPy takes for Python.
    const NAME: Option<&'static str>;
}

macro_rules! languages {
    ($($(#[doc = $doc:literal])* $name:ident $text:expr;)*) => {$(
        $(#[doc = $doc])*
        ///
        /// ```
        #[doc = concat!("use dspex_core::value::{Code, Language, language::", stringify!($name), "};")]
        #[doc = concat!("let code = Code::<", stringify!($name), ">::new(\"x\");")]
        #[doc = concat!("assert_eq!((code.as_str(), ", stringify!($name), "::NAME), (\"x\", ", stringify!($text), "));")]
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {}

        impl Language for $name {
            const NAME: Option<&'static str> = $text;
        }
    )*};
}

/// Languages of [`Code`].
pub mod language {
    use super::Language;

    languages! {
        /// No language is named, as in DSPy's plain `Code`.
        Unnamed None;
        /// C.
        C Some("c");
        /// C++.
        Cpp Some("cpp");
        /// Go.
        Go Some("go");
        /// Java.
        Java Some("java");
        /// JavaScript.
        JavaScript Some("javascript");
        /// Python.
        Python Some("python");
        /// Rust.
        Rust Some("rust");
        /// SQL.
        Sql Some("sql");
        /// TypeScript.
        TypeScript Some("typescript");
    }
}

/// Source code: the type of a field whose text is taken out of its code fence, as DSPy's `Code`.
///
/// ```
/// use dspex_core::types::field_type_of;
/// use dspex_core::value::{Code, language::Java};
/// assert_eq!(field_type_of::<Code>().name(), "Code");
/// assert_eq!(field_type_of::<Option<Code<Java>>>().annotation(), "Optional[dspy.Code['java']]");
/// assert_eq!(Code::<Java>::new("int x;").as_str(), "int x;");
/// ```
pub struct Code<L = language::Unnamed> {
    code: String,
    language: PhantomData<fn() -> L>,
}

impl<L: Language> Code<L> {
    /// Code as it stands, without a fence.
    pub fn new(code: impl Into<String>) -> Self {
        Self { code: code.into(), language: PhantomData }
    }
}

impl<L> Code<L> {
    /// The code.
    pub fn as_str(&self) -> &str {
        &self.code
    }

    /// The code as text of its own.
    pub fn into_string(self) -> String {
        self.code
    }
}

impl<L> Clone for Code<L> {
    fn clone(&self) -> Self {
        Self { code: self.code.clone(), language: PhantomData }
    }
}

impl<L> PartialEq for Code<L> {
    fn eq(&self, other: &Self) -> bool {
        self.code == other.code
    }
}

impl<L> Eq for Code<L> {}

impl<L> fmt::Debug for Code<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Code").field(&self.code).finish()
    }
}

impl<L> fmt::Display for Code<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code)
    }
}

impl<L: Language> From<&str> for Code<L> {
    fn from(code: &str) -> Self {
        Self::new(code)
    }
}

impl<L> From<Code<L>> for Value {
    fn from(code: Code<L>) -> Self {
        Self::Str(code.code)
    }
}

impl<L> Serialize for Code<L> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.code)
    }
}

impl<'de, L: Language> Deserialize<'de> for Code<L> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl<L: Language> super::special::Described for Code<L> {
    fn special() -> Special {
        Special::Code(L::NAME.map(str::to_owned))
    }
}

/// The model's reasoning: the type of a field whose text a model that reasons by itself may give beside its answer.
///
/// ```
/// use dspex_core::types::field_type_of;
/// use dspex_core::value::Reasoning;
/// assert_eq!(field_type_of::<Reasoning>().annotation(), "dspy.Reasoning");
/// assert_eq!(Reasoning::from("one and one").split(' ').count(), 3, "it is text");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reasoning(pub String);

impl Deref for Reasoning {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Reasoning {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<Reasoning> for Value {
    fn from(reasoning: Reasoning) -> Self {
        Self::Str(reasoning.0)
    }
}

impl super::special::Described for Reasoning {
    fn special() -> Special {
        Special::Reasoning
    }
}
