//! Files on disk as images, sounds and files of prompts. A path is opened here and nowhere else, when somebody asks for it.

use std::path::Path;

use dspex_core::value::{Audio, Document, File, Image};
use dspex_core::{Error, ErrorKind, Result};

/// Values that a file holds. The whole file is read at once, and sent with each request that carries the value.
///
/// What is at a URL is left to the provider, which gets the URL: nothing here fetches one.
///
/// ```
/// use dspex_core::value::{File, Image};
/// use dspex_lm::FromPath;
/// let path = std::env::temp_dir().join("dspex-from-path.txt");
/// std::fs::write(&path, "a note").unwrap();
/// assert_eq!(File::from_path(&path)?.media().name.as_deref(), Some("dspex-from-path.txt"));
/// let e = Image::from_path(&path).unwrap_err();
/// assert_eq!(e.code(), "file");
/// assert!(e.to_string().contains("expected an image"), "{e}");
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub trait FromPath: Sized {
    /// Reads a file.
    fn from_path(path: impl AsRef<Path>) -> Result<Self>;
}

impl FromPath for Image {
    fn from_path(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = read(path)?;
        // The bytes do not tell a drawing in XML.
        let mime = by_extension(path).filter(|mime| mime.starts_with("image/"));
        Self::from_bytes(&bytes, mime).map_err(|e| file_error(path, &e))
    }
}

impl FromPath for Audio {
    fn from_path(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::from_bytes(&read(path)?, None).map_err(|e| file_error(path, &e))
    }
}

impl FromPath for File {
    fn from_path(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let name = path.file_name().map(|n| n.to_string_lossy());
        Ok(Self::from_bytes(&read(path)?, by_extension(path), name.as_deref()))
    }
}

impl FromPath for Document {
    /// Reads a text in UTF-8 or a PDF; its title is the name of the file.
    fn from_path(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = read(path)?;
        let document = if bytes.starts_with(b"%PDF-") {
            Self::pdf(&bytes)
        } else {
            let text = String::from_utf8(bytes);
            Self::new(text.map_err(|_| file_error(path, &"expected a PDF or text in UTF-8, found neither"))?)
        };
        Ok(match path.file_name() {
            Some(name) => document.with_title(name.to_string_lossy()),
            None => document,
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|e| file_error(path, &e))
}

fn file_error(path: &Path, message: &impl ToString) -> Error {
    ErrorKind::File { place: path.display().to_string(), message: message.to_string() }.into()
}

/// The MIME types of formats that their first bytes do not tell.
fn by_extension(path: &Path) -> Option<&'static str> {
    const TYPES: [(&str, &str); 12] = [
        ("css", "text/css"),
        ("csv", "text/csv"),
        ("htm", "text/html"),
        ("html", "text/html"),
        ("js", "text/javascript"),
        ("json", "application/json"),
        ("md", "text/markdown"),
        ("svg", "image/svg+xml"),
        ("toml", "application/toml"),
        ("txt", "text/plain"),
        ("xml", "application/xml"),
        ("yaml", "application/yaml"),
    ];
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    TYPES.iter().find(|(e, _)| *e == extension).map(|(_, mime)| *mime)
}
