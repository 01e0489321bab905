//! Parts that are not text: images, sounds, files, and calls of tools.

use super::Record;

/// What a [`Media`] value is. A field of one kind does not take another.
///
/// ```
/// use dspex_core::value::{Media, MediaKind, MediaSource};
/// use dspex_core::{FieldType, Special, Value};
/// let source = MediaSource::Url("https://example.org/purr.mp3".into());
/// let sound = Value::Media(Media { kind: MediaKind::Audio, source, format: None, name: None });
/// let e = FieldType::Special(Special::Image).check(&sound).unwrap_err();
/// assert_eq!(e.to_string(), "expected Image, found a value of kind audio");
/// ```
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
///
/// ```
/// use dspex_core::lm::{Message, Part, Role};
/// use dspex_core::value::{Media, MediaKind, MediaSource};
/// let source = MediaSource::Base64("iVBORw0KGgo=".into());
/// let image = Media { kind: MediaKind::Image, source, format: Some("image/png".into()), name: None };
/// let message = Message { role: Role::User, parts: vec![Part::Media(image)] };
/// let url = &message.to_json()["content"][0]["image_url"]["url"];
/// assert_eq!(url, "data:image/png;base64,iVBORw0KGgo=");
/// ```
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

/// An image, a sound or a file: a [`Value`](super::Value) that prompts carry as a part of its own.
///
/// ```
/// use dspex_core::Value;
/// use dspex_core::value::{Media, MediaKind, MediaSource};
/// let source = MediaSource::Url("https://example.org/cat.png".into());
/// let image = Value::Media(Media { kind: MediaKind::Image, source, format: None, name: None });
/// assert_eq!(image.kind(), "image");
/// assert!(image.to_text().is_err(), "it has no spelling in text");
/// ```
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

/// One call of a tool that the model wants made.
///
/// ```
/// use dspex_core::{Record, value::ToolCall};
/// let call = ToolCall {
///     id: Some("call_1".into()),
///     name: "weather".into(),
///     args: Record::new().with("place", "Oslo"),
/// };
/// assert_eq!(call.args.get("place").unwrap().as_str(), Some("Oslo"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ToolCall {
    /// The provider's id of the call, which its result must name.
    pub id: Option<String>,
    /// Name of the tool.
    pub name: String,
    /// Arguments by name.
    pub args: Record,
}

/// Calls of tools that the model wants made, in order: the value of a field of type `dspy.ToolCalls`.
///
/// ```
/// use dspex_core::{FieldType, Record, Special, Value, value::{ToolCall, ToolCalls}};
/// let call = ToolCall { id: None, name: "weather".into(), args: Record::new().with("place", "Oslo") };
/// let calls = Value::ToolCalls(ToolCalls(vec![call]));
/// assert_eq!(calls.kind(), "tool_calls");
/// assert!(FieldType::Special(Special::ToolCalls).check(&calls).is_ok());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ToolCalls(pub Vec<ToolCall>);
