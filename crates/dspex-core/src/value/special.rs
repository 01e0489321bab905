//! The way of DSPy's own types through serde and schemars.
//!
//! In JSON they are objects of the fields that DSPy's classes have. Through [`to_value`](super::to_value) and
//! [`from_value`](super::from_value) they stay what they are: the name under which they are written tells them.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{DeserializeOwned, Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value as Json, json};

use super::serde_de::ValueError;
use super::{
    Audio, Citation, Citations, Code, Document, DocumentType, File, Image, Media, MediaError, MediaKind,
    MediaSource, Reasoning, Value, from_value, mime,
};
use crate::types::{FieldType, Special};

/// A Rust type that is one of DSPy's own.
pub(crate) trait Described {
    /// Which one.
    fn special() -> Special;
}

/// A type whose values are no text: its object of fields.
pub(crate) trait Fields: Sized + Into<Value> {
    /// The name under which serde knows it; no type of a program has one like it.
    const NAME: &'static str;
    /// The fields.
    type Object: Serialize + DeserializeOwned;
    fn object(&self) -> Self::Object;
    fn from_object(object: Self::Object) -> Result<Self, MediaError>;
}

/// The fields of DSPy's `Image`, `Audio` and `File`, and what ours know beyond.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MediaObject {
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_format: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<String>,
}

impl MediaObject {
    pub(crate) fn of(media: &Media) -> Self {
        let mut out = Self { filename: media.name.clone(), format: media.format.clone(), ..Self::default() };
        let uri = |data: &str, or: &str| mime::data_uri(media.format.as_deref().unwrap_or(or), data);
        match (media.kind, &media.source) {
            (_, MediaSource::Id(id)) => out.file_id = Some(id.clone()),
            (MediaKind::Image | MediaKind::Audio, MediaSource::Url(url)) => out.url = Some(url.clone()),
            (MediaKind::Image, MediaSource::Base64(data)) => {
                out.url = Some(uri(data, "image/png"));
                out.format = None;
            }
            (MediaKind::Audio, MediaSource::Base64(data)) => {
                out.data = Some(data.clone());
                out.audio_format = out.format.take();
            }
            (MediaKind::File, MediaSource::Url(url)) => out.file_data = Some(url.clone()),
            (MediaKind::File, MediaSource::Base64(data)) => {
                out.file_data = Some(uri(data, "application/octet-stream"));
                out.format = None;
            }
        }
        out
    }

    pub(crate) fn into_media(self, kind: MediaKind) -> Result<Media, MediaError> {
        let mut media = match (kind, self.url, self.data, self.file_data, self.file_id) {
            (MediaKind::Image, Some(url), None, None, None) => Media::image_url(url)?,
            (MediaKind::Audio, Some(uri), None, None, None) if uri.starts_with("data:") => {
                Media::audio_data_uri(&uri)?
            }
            (MediaKind::Audio, Some(url), None, None, None) => Media::at_url(kind, &url)?,
            (MediaKind::Audio, None, Some(data), None, None) => Media {
                format: Some(self.audio_format.ok_or_else(|| MediaError::new("an audio_format", "none"))?),
                ..Media::new(kind, MediaSource::Base64(data))
            },
            (MediaKind::File, None, None, Some(data), None) => Media::new(kind, MediaSource::Url(data)),
            (_, None, None, None, Some(id)) => Media::from_id(kind, id),
            (MediaKind::Image, ..) => return Err(MediaError::new("one url", "another set of fields")),
            (MediaKind::Audio, ..) => return Err(MediaError::new("data", "another set of fields")),
            (MediaKind::File, ..) => {
                return Err(MediaError::new("file_data or file_id, one of them", "another set of fields"));
            }
        };
        media.name = self.filename;
        media.format = media.format.or(self.format);
        Ok(media)
    }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct DocumentObject {
    data: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(default)]
    media_type: DocumentType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    context: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct CitationsObject {
    citations: Vec<Citation>,
}

macro_rules! media_fields {
    ($($name:ident)*) => {$(
        impl Fields for $name {
            const NAME: &'static str = concat!("$dspex::", stringify!($name));
            type Object = MediaObject;

            fn object(&self) -> MediaObject {
                MediaObject::of(self.media())
            }

            fn from_object(object: MediaObject) -> Result<Self, MediaError> {
                object.into_media(MediaKind::$name)?.try_into()
            }
        }
    )*};
}
media_fields!(Image Audio File);

impl Fields for Document {
    const NAME: &'static str = "$dspex::Document";
    type Object = DocumentObject;

    fn object(&self) -> DocumentObject {
        let Self { data, title, media_type, context } = self.clone();
        DocumentObject { data, title, media_type, context }
    }

    fn from_object(object: DocumentObject) -> Result<Self, MediaError> {
        let DocumentObject { data, title, media_type, context } = object;
        Ok(Self { data, title, media_type, context })
    }
}

impl Fields for Citations {
    const NAME: &'static str = "$dspex::Citations";
    type Object = CitationsObject;

    fn object(&self) -> CitationsObject {
        CitationsObject { citations: self.0.clone() }
    }

    fn from_object(object: CitationsObject) -> Result<Self, MediaError> {
        Ok(Self(object.citations))
    }
}

impl From<Document> for Value {
    fn from(document: Document) -> Self {
        Self::Document(document)
    }
}

impl From<Citations> for Value {
    fn from(citations: Citations) -> Self {
        Self::Citations(citations)
    }
}

impl Described for Document {
    fn special() -> Special {
        Special::Document
    }
}

impl Described for Citations {
    fn special() -> Special {
        Special::Citations
    }
}

impl Value {
    /// The object of the fields of an image, a sound, a file, a document or citations, as JSON shows them.
    pub(crate) fn fields(&self) -> Option<Json> {
        match self {
            Self::Media(m) => serde_json::to_value(MediaObject::of(m)).ok(),
            Self::Document(d) => serde_json::to_value(d.object()).ok(),
            Self::Citations(c) => serde_json::to_value(c.object()).ok(),
            _ => None,
        }
    }

    /// The same object as a value; nothing of it is a tag.
    pub(super) fn fields_value(&self) -> Self {
        let json = self.fields().map(|json| json.to_string()).unwrap_or_default();
        Self::from_plain_json(&json).unwrap_or(Self::None)
    }

    /// The value of one of DSPy's own types from an object of its fields: an image, a sound, a file, a document or
    /// citations. None where the type is another, or the object is none of its.
    ///
    /// ```
    /// use dspex_core::{Record, Special, Value};
    /// let fields = Record::new().with("url", "https://example.org/cat.png");
    /// assert_eq!(Value::from_fields(&Special::Image, fields.into()).unwrap().kind(), "image");
    /// let path = Record::new().with("url", "cat.png");
    /// assert_eq!(Value::from_fields(&Special::Image, path.into()), None);
    /// ```
    pub fn from_fields(special: &Special, object: Self) -> Option<Self> {
        let name = match special {
            Special::Image => Image::NAME,
            Special::Audio => Audio::NAME,
            Special::File => File::NAME,
            Special::Document => Document::NAME,
            Special::Citations => Citations::NAME,
            _ => return None,
        };
        restored(name, object)?.ok()
    }
}

/// The value of the type that serde knows under a name, from the object of its fields; none for other names.
pub(super) fn restored(name: &str, object: Value) -> Option<Result<Value, ValueError>> {
    Some(match name {
        Image::NAME => restore::<Image>(object),
        Audio::NAME => restore::<Audio>(object),
        File::NAME => restore::<File>(object),
        Document::NAME => restore::<Document>(object),
        Citations::NAME => restore::<Citations>(object),
        _ => return None,
    })
}

fn restore<T: Fields>(object: Value) -> Result<Value, ValueError> {
    let object = from_value::<T::Object>(object)?;
    T::from_object(object).map(Into::into).map_err(|e| ValueError::message(e.to_string()))
}

fn serialize<T: Fields, S: Serializer>(this: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_newtype_struct(T::NAME, &this.object())
}

fn deserialize<'de, T: Fields, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Object<T>(PhantomData<T>);

    impl<'de, T: Fields> Visitor<'de> for Object<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "the fields of {}", T::NAME.trim_start_matches("$dspex::"))
        }

        fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
            T::from_object(T::Object::deserialize(deserializer)?).map_err(D::Error::custom)
        }
    }
    deserializer.deserialize_newtype_struct(T::NAME, Object(PhantomData))
}

macro_rules! through_serde {
    ($($name:ident)*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serialize(self, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserialize(deserializer)
            }
        }
    )*};
}
through_serde!(Image Audio File Document Citations);

macro_rules! through_schemars {
    ($($name:ident $(<$language:ident>)?)*) => {$(
        impl $(<$language: super::Language>)? JsonSchema for $name $(<$language>)? {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                <Self as Described>::special().name().into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                described(<Self as Described>::special())
            }
        }
    )*};
}
through_schemars!(Image Audio File Document Citations Reasoning Code<L>);

/// The schema of a type, with the type's name as a comment, by which it is known again.
fn described(special: Special) -> Schema {
    let text = matches!(special, Special::Code(_) | Special::Reasoning);
    let ty = FieldType::Special(special);
    let mut schema = if text { json!({"type": "string"}) } else { without_references(ty.json_schema()) };
    schema["$comment"] = json!(ty.annotation());
    Schema::try_from(schema).unwrap_or_default()
}

/// A schema with its definitions where they are referred to.
fn without_references(mut schema: Json) -> Json {
    let defs = schema.as_object_mut().and_then(|s| s.shift_remove("$defs")).unwrap_or_default();
    inline(&mut schema, &defs);
    schema
}

fn inline(schema: &mut Json, defs: &Json) {
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.strip_prefix("#/$defs/")) {
        *schema = defs[name].clone();
    }
    match schema {
        Json::Object(map) => map.values_mut().for_each(|s| inline(s, defs)),
        Json::Array(items) => items.iter_mut().for_each(|s| inline(s, defs)),
        _ => {}
    }
}
