//! The bytes of media that stand in a request, rather than at a URL or under an id.

use dspex_core::value::{Media, MediaSource};

/// What a part is, and its bytes in base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Inline<'a> {
    /// The MIME type, or the name of a format, where one is known.
    pub(super) format: Option<&'a str>,
    pub(super) base64: &'a str,
}

/// The bytes of a part that has them: in base64, or as a `data:` URI of base64.
pub(super) fn inline(media: &Media) -> Option<Inline<'_>> {
    match &media.source {
        MediaSource::Base64(data) => Some(Inline { format: media.format.as_deref(), base64: data }),
        MediaSource::Url(url) => {
            let (head, base64) = url.strip_prefix("data:")?.split_once(',')?;
            let mime = head.strip_suffix(";base64")?.split(';').next().filter(|m| !m.is_empty());
            Some(Inline { format: mime.or(media.format.as_deref()), base64 })
        }
        _ => None,
    }
}

/// The URL of a part that is somewhere else, as providers fetch it: by http or https.
pub(super) fn remote(media: &Media) -> Option<&str> {
    let MediaSource::Url(url) = &media.source else { return None };
    let scheme = url.split("://").next().unwrap_or_default();
    ["http", "https"].iter().any(|s| scheme.eq_ignore_ascii_case(s)).then_some(url.as_str())
}

#[cfg(test)]
mod tests {
    use dspex_core::value::MediaKind;

    use super::*;

    #[test]
    fn bytes_stand_in_base64_or_in_a_data_uri() {
        let of = |source| Media::new(MediaKind::Image, source);
        let read = |m: &Media| inline(m).map(|i| (i.format.map(str::to_owned), i.base64.to_owned()));
        let uri = of(MediaSource::Url("data:image/png;charset=x;base64,AA==".into()));
        assert_eq!(read(&uri), Some((Some("image/png".into()), "AA==".into())));
        let bare = of(MediaSource::Base64("AA==".into()));
        assert_eq!(read(&bare), Some((None, "AA==".into())));
        for none in ["https://example.org/a.png", "data:text/plain,hello"] {
            assert_eq!(read(&of(MediaSource::Url(none.into()))), None, "{none}");
        }
        let url = |u: &str| remote(&of(MediaSource::Url(u.into()))).is_some();
        assert!(url("HTTPS://example.org/a") && !url("gs://b/a") && !url("data:,a"));
    }
}
