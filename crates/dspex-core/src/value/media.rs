//! Parts that are not text: images, sounds, files, and calls of tools.

use super::Record;

/// What a [`Media`] value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A sound.
    Audio,
    /// A file of any type.
    File,
}

impl MediaKind {
    /// The name, as errors and notes write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::File => "file",
        }
    }
}

/// Where the bytes of a [`Media`] value are. Nothing is opened or fetched when a value is made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MediaSource {
    /// A URL, which the provider fetches, or a `data:` URI.
    Url(String),
    /// Base64 text.
    Base64(String),
    /// An id that the provider gave out.
    Id(String),
}

/// An image, a sound or a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Media {
    /// What it is.
    pub kind: MediaKind,
    /// Where its bytes are.
    pub source: MediaSource,
    /// MIME type or format (`image/png`, `wav`), where known.
    pub format: Option<String>,
    /// File name, where known.
    pub name: Option<String>,
}

/// One call that the model wants made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ToolCall {
    /// The provider's id of the call, which its result must name.
    pub id: Option<String>,
    /// Name of the tool.
    pub name: String,
    /// Arguments by name.
    pub args: Record,
}

/// Calls that the model wants made, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ToolCalls(pub Vec<ToolCall>);
