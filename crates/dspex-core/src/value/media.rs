//! Parts that are not text: images, sounds and files. Nothing is opened or fetched here.

use super::mime;

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

/// What cannot become an image, a sound or a file.
///
/// ```
/// use dspex_core::value::Media;
/// let e = Media::image_url("cat.png").unwrap_err();
/// assert_eq!(e.to_string(), "expected an http, https or gs URL or a data URI, found \"cat.png\"");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct MediaError {
    expected: &'static str,
    found: String,
}

impl MediaError {
    pub(super) fn new(expected: &'static str, found: &str) -> Self {
        Self { expected, found: crate::error::shorten_text(&format!("{found:?}")) }
    }

    pub(super) fn of_bytes(expected: &'static str, found: Option<&str>) -> Self {
        let found = found.map_or_else(|| "bytes of no known format".to_owned(), |f| format!("bytes of {f}"));
        Self { expected, found }
    }
}

impl Media {
    /// Of a kind, from somewhere.
    pub fn new(kind: MediaKind, source: MediaSource) -> Self {
        Self { kind, source, format: None, name: None }
    }

    /// An image at a URL, which only the provider opens, or in a data URI.
    ///
    /// ```
    /// use dspex_core::value::Media;
    /// assert!(Media::image_url("https://example.org/cat.png").is_ok());
    /// assert!(Media::image_url("/home/ann/cat.png").is_err(), "nothing is opened here");
    /// ```
    pub fn image_url(url: impl Into<String>) -> Result<Self, MediaError> {
        Self::at_url(MediaKind::Image, &url.into())
    }

    pub(super) fn at_url(kind: MediaKind, url: &str) -> Result<Self, MediaError> {
        if url.starts_with("data:") || mime::is_url(url) {
            return Ok(Self::new(kind, MediaSource::Url(url.trim().to_owned())));
        }
        Err(MediaError::new("an http, https or gs URL or a data URI", url))
    }

    /// An image of these bytes. Without a MIME type the bytes tell it.
    ///
    /// ```
    /// use dspex_core::value::{Media, MediaSource};
    /// let image = Media::image_bytes(b"\x89PNG\r\n\x1a\n", None)?;
    /// assert_eq!(image.source, MediaSource::Url("data:image/png;base64,iVBORw0KGgo=".into()));
    /// assert!(Media::image_bytes(b"%PDF-1.7", None).is_err());
    /// # Ok::<(), dspex_core::value::MediaError>(())
    /// ```
    pub fn image_bytes(bytes: &[u8], mime: Option<&str>) -> Result<Self, MediaError> {
        match mime.or_else(|| mime::of_bytes(bytes)) {
            Some(mime) if mime.starts_with("image/") => {
                Self::image_url(mime::data_uri(mime, &mime::base64(bytes)))
            }
            other => Err(MediaError::of_bytes("an image", other)),
        }
    }

    /// A sound of these bytes. `format` is the name that providers know it by, `wav` or `mp3`; without one the bytes
    /// tell it.
    ///
    /// ```
    /// use dspex_core::value::Media;
    /// let sound = Media::audio_bytes(b"RIFF\x24\0\0\0WAVE", None)?;
    /// assert_eq!(sound.format.as_deref(), Some("wav"));
    /// assert!(Media::audio_bytes(b"", None).is_err());
    /// # Ok::<(), dspex_core::value::MediaError>(())
    /// ```
    pub fn audio_bytes(bytes: &[u8], format: Option<&str>) -> Result<Self, MediaError> {
        let found = mime::of_bytes(bytes);
        let format = format
            .or_else(|| found.and_then(mime::audio_format))
            .ok_or_else(|| MediaError::of_bytes("a sound, or its format", found))?;
        let source = MediaSource::Base64(mime::base64(bytes));
        Ok(Self { format: Some(format.to_owned()), ..Self::new(MediaKind::Audio, source) })
    }

    /// A file of these bytes. Without a MIME type the bytes tell it where they can.
    ///
    /// ```
    /// use dspex_core::value::{Media, MediaSource};
    /// let file = Media::file_bytes(b"%PDF-", None, Some("a.pdf"));
    /// assert_eq!(file.source, MediaSource::Url("data:application/pdf;base64,JVBERi0=".into()));
    /// ```
    pub fn file_bytes(bytes: &[u8], mime: Option<&str>, name: Option<&str>) -> Self {
        let mime = mime.or_else(|| mime::of_bytes(bytes)).unwrap_or("application/octet-stream");
        let source = MediaSource::Url(mime::data_uri(mime, &mime::base64(bytes)));
        Self { name: name.map(str::to_owned), ..Self::new(MediaKind::File, source) }
    }

    /// What a data URI holds: an image, a sound, or a file of any other type.
    ///
    /// ```
    /// use dspex_core::value::{Media, MediaKind};
    /// assert_eq!(Media::from_data_uri("data:image/png;base64,iVBORw0KGgo=")?.kind, MediaKind::Image);
    /// assert_eq!(Media::from_data_uri("data:audio/x-wav;base64,UklGRg==")?.format.as_deref(), Some("wav"));
    /// assert_eq!(Media::from_data_uri("data:text/csv;base64,YQ==")?.kind, MediaKind::File);
    /// # Ok::<(), dspex_core::value::MediaError>(())
    /// ```
    pub fn from_data_uri(uri: &str) -> Result<Self, MediaError> {
        let (mime, _) = mime::split_data_uri(uri).ok_or_else(|| MediaError::new("a data URI", uri))?;
        match mime.split('/').next() {
            Some("image") => Self::image_url(uri),
            Some("audio") => Self::audio_data_uri(uri),
            _ => Self::file_data_uri(uri, None),
        }
    }

    /// A sound in a data URI.
    pub(super) fn audio_data_uri(uri: &str) -> Result<Self, MediaError> {
        let audio = mime::split_data_uri(uri).and_then(|(mime, data)| {
            let format = mime.strip_prefix("audio/").filter(|f| !f.is_empty())?;
            Some((format.strip_prefix("x-").unwrap_or(format), data))
        });
        let (format, data) = audio.ok_or_else(|| MediaError::new("a data URI of a sound", uri))?;
        let source = MediaSource::Base64(data.to_owned());
        Ok(Self { format: Some(format.to_owned()), ..Self::new(MediaKind::Audio, source) })
    }

    /// A file in a data URI.
    pub(super) fn file_data_uri(uri: &str, name: Option<&str>) -> Result<Self, MediaError> {
        if !uri.starts_with("data:") {
            return Err(MediaError::new("a data URI", uri));
        }
        let source = MediaSource::Url(uri.to_owned());
        Ok(Self { name: name.map(str::to_owned), ..Self::new(MediaKind::File, source) })
    }

    /// What a provider already has, by the id that it gave out.
    ///
    /// ```
    /// use dspex_core::lm::{Message, Part, Role};
    /// use dspex_core::value::{Media, MediaKind};
    /// let file = Media::from_id(MediaKind::File, "file-7");
    /// let message = Message { role: Role::User, parts: vec![Part::Media(file)] };
    /// assert_eq!(message.to_json()["content"][0]["file"], serde_json::json!({"file_id": "file-7"}));
    /// ```
    pub fn from_id(kind: MediaKind, id: impl Into<String>) -> Self {
        Self::new(kind, MediaSource::Id(id.into()))
    }

    /// The media with a file name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }
}
