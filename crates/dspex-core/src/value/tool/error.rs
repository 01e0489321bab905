//! Why a tool was not called, or what went wrong in it.

/// Why a tool was not called, or what went wrong in it.
///
/// ```
/// use dspex_core::{Record, value::{Tool, ToolError}};
/// let tool = Tool::new("clock", "Tells the time.");
/// let e = tool.call(Record::new().with("zone", "CET")).unwrap_err();
/// assert_eq!(e.to_string(), "clock: there is no argument `zone`; it takes none");
/// assert_eq!(tool.call(Record::new()).unwrap_err(), ToolError::NoFunction { tool: "clock".into() });
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ToolError {
    /// An argument that the tool does not have.
    #[error("{tool}: there is no argument `{argument}`; it takes {}", .known.as_deref().unwrap_or("none"))]
    UnknownArgument {
        /// The tool.
        tool: String,
        /// The argument.
        argument: String,
        /// Those that it has, as words; none where it has none.
        known: Option<String>,
    },
    /// An argument that is not there and has no default.
    #[error("{tool}: expected the argument `{argument}`, found none")]
    MissingArgument {
        /// The tool.
        tool: String,
        /// The argument.
        argument: String,
    },
    /// An argument that breaks its schema.
    #[error("{tool}: the argument `{argument}` is invalid: {message}")]
    InvalidArgument {
        /// The tool.
        tool: String,
        /// The argument.
        argument: String,
        /// What is wrong with it.
        message: String,
    },
    /// An argument whose schema has a word that is checked only with the feature `jsonschema`.
    #[error(
        "{tool}: expected a schema of the argument `{argument}` that is checked without further crates, found `{keyword}` \
         in it; turn on the feature `jsonschema` of `dspex`"
    )]
    UncheckedArgument {
        /// The tool.
        tool: String,
        /// The argument.
        argument: String,
        /// The word in its schema.
        keyword: String,
    },
    /// The tool is only described; nothing can be run.
    #[error("{tool}: expected a function behind the tool, found its description only")]
    NoFunction {
        /// The tool.
        tool: String,
    },
    /// The function failed.
    #[error("{tool}: {message}")]
    Failed {
        /// The tool.
        tool: String,
        /// What it said.
        message: String,
    },
}
