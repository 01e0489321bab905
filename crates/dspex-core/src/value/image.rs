//! Images, sounds and files as types of fields in Rust: each holds a [`Media`] of its kind.

use super::special::Described;
use super::{Media, MediaError, MediaKind, Value};
use crate::types::Special;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $name:ident;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name(Media);

        impl $name {
            /// What a provider already has, by the id that it gave out.
            pub fn from_id(id: impl Into<String>) -> Self {
                Self(Media::from_id(MediaKind::$name, id))
            }

            /// What it is and where its bytes are.
            pub fn media(&self) -> &Media {
                &self.0
            }
        }

        impl TryFrom<Media> for $name {
            type Error = MediaError;

            fn try_from(media: Media) -> Result<Self, MediaError> {
                match media.kind {
                    MediaKind::$name => Ok(Self(media)),
                    other => Err(MediaError::new(MediaKind::$name.name(), other.name())),
                }
            }
        }

        impl From<$name> for Media {
            fn from(this: $name) -> Self {
                this.0
            }
        }

        impl From<$name> for Value {
            fn from(this: $name) -> Self {
                Self::Media(this.0)
            }
        }

        impl Described for $name {
            fn special() -> Special {
                Special::$name
            }
        }
    )*};
}

kinds! {
    /// An image: the type of a field as DSPy's `Image`. Nothing is opened or fetched when one is made.
    ///
    /// ```
    /// use dspex_core::types::field_type_of;
    /// use dspex_core::value::Image;
    /// let image = Image::from_url("https://example.org/cat.png")?;
    /// assert_eq!(serde_json::to_string(&image).unwrap(), r#"{"url":"https://example.org/cat.png"}"#);
    /// assert_eq!(field_type_of::<Vec<Image>>().annotation(), "list[dspy.Image]");
    /// # Ok::<(), dspex_core::value::MediaError>(())
    /// ```
    Image;
    /// A sound: the type of a field as DSPy's `Audio`.
    ///
    /// ```
    /// use dspex_core::value::Audio;
    /// let audio = Audio::from_data_uri("data:audio/wav;base64,UklGRg==")?;
    /// assert_eq!(serde_json::to_string(&audio).unwrap(), r#"{"data":"UklGRg==","audio_format":"wav"}"#);
    /// # Ok::<(), dspex_core::value::MediaError>(())
    /// ```
    Audio;
    /// A file of any type: the type of a field as DSPy's `File`.
    ///
    /// ```
    /// use dspex_core::value::File;
    /// let file = File::from_bytes(b"a,b", Some("text/csv"), Some("a.csv"));
    /// assert_eq!(file.media().name.as_deref(), Some("a.csv"));
    /// assert!(serde_json::from_str::<File>(r#"{"file_id": "file-7"}"#).is_ok());
    /// ```
    File;
}

impl Image {
    /// An image at a URL, which only the provider opens, or in a data URI.
    pub fn from_url(url: impl Into<String>) -> Result<Self, MediaError> {
        Media::image_url(url).map(Self)
    }

    /// An image of these bytes; without a MIME type the bytes tell it.
    pub fn from_bytes(bytes: &[u8], mime: Option<&str>) -> Result<Self, MediaError> {
        Media::image_bytes(bytes, mime).map(Self)
    }
}

impl Audio {
    /// A sound of these bytes; without a format (`wav`, `mp3`) the bytes tell it.
    pub fn from_bytes(bytes: &[u8], format: Option<&str>) -> Result<Self, MediaError> {
        Media::audio_bytes(bytes, format).map(Self)
    }

    /// A sound in a data URI.
    pub fn from_data_uri(uri: &str) -> Result<Self, MediaError> {
        Media::audio_data_uri(uri).map(Self)
    }
}

impl File {
    /// A file of these bytes; without a MIME type the bytes tell it where they can.
    pub fn from_bytes(bytes: &[u8], mime: Option<&str>, name: Option<&str>) -> Self {
        Self(Media::file_bytes(bytes, mime, name))
    }

    /// A file in a data URI.
    pub fn from_data_uri(uri: &str, name: Option<&str>) -> Result<Self, MediaError> {
        Media::file_data_uri(uri, name).map(Self)
    }

    /// A file that the provider fetches from a URL, where it can.
    pub fn from_url(url: &str) -> Result<Self, MediaError> {
        Media::at_url(MediaKind::File, url).map(Self)
    }
}
