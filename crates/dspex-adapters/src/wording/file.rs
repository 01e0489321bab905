//! Wordings in files: TOML, in which every key is known and every template takes only what it is given.

use std::fs;
use std::path::Path;

use dspex_core::{Error, ErrorKind, Result, Special, nearest};

use super::template::{Piece, Templates as _, pieces};
use super::{FieldWording, Wording};

impl Wording {
    /// The wording in a file, such as `dspex wording extract` writes.
    ///
    /// The sections of adapters, such as `[json]`, may be left out; then those adapters have our sentences.
    ///
    /// ```
    /// use dspex_adapters::{ChatAdapter, Wording};
    /// # let folder = std::env::temp_dir().join(format!("wording-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder).unwrap();
    /// let path = folder.join("wording.toml");
    /// std::fs::write(&path, Wording::default().to_toml()).unwrap();
    /// let wording = Wording::from_file(&path)?;
    /// assert_eq!(wording, Wording::default());
    /// let adapter = ChatAdapter::with_wording(wording);
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let place = path.as_ref().display().to_string();
        let text = fs::read_to_string(path).map_err(|e| {
            Error::new(ErrorKind::File { place: place.clone(), message: format!("cannot be read: {e}") })
        })?;
        Self::parse(&place, &text)
    }

    /// The wording in a text; the place stands for it in errors.
    ///
    /// ```
    /// use dspex_adapters::Wording;
    /// let text = Wording::default().to_toml().replace("{type}): {description}", "{kind}): {description}");
    /// let e = Wording::parse("mine.toml", &text).unwrap_err();
    /// assert_eq!(
    ///     e.to_string(),
    ///     "mine.toml: expected one of {number}, {name}, {type}, {description} in `field.described`, found {kind}"
    /// );
    /// ```
    pub fn parse(place: &str, text: &str) -> Result<Self> {
        let wording: Self = toml::from_str(text).map_err(|e| syntax(place, text, &e))?;
        known_types(place, &wording.field)?;
        let mut wrong = None;
        wording.each(&mut |name, template, keys| {
            let unknown = pieces(template).into_iter().find_map(|piece| match piece {
                Piece::Key(key) if !keys.contains(&key) => Some(key.to_owned()),
                _ => None,
            });
            if let (None, Some(key)) = (&wrong, unknown) {
                wrong = Some(unknown_key(place, name, &key, keys));
            }
        });
        wrong.map_or(Ok(wording), Err)
    }

    /// The wording as the text of a file.
    pub fn to_toml(&self) -> String {
        // Text, truth values and tables of them are all that a wording has, and TOML has them too.
        toml::to_string_pretty(self).unwrap_or_default()
    }
}

fn error(place: String, field: &str, expected: String, found: String) -> Error {
    Error::new(ErrorKind::Data { place, field: Some(field.to_owned()), expected, found })
}

fn unknown_key(place: &str, name: &str, key: &str, keys: &[&str]) -> Error {
    let list: Vec<String> = keys.iter().map(|k| format!("{{{k}}}")).collect();
    let expected = match list.as_slice() {
        [] => format!("no names in braces in `{name}`"),
        [one] => format!("{one} in `{name}`"),
        more => format!("one of {} in `{name}`", more.join(", ")),
    };
    error(place.to_owned(), name, expected, format!("{{{key}}}"))
        .with_hint(format!("write {{{{{key}}}}} where the name in braces itself is meant"))
}

/// Types of which a wording says something are those that DSPy has.
fn known_types(place: &str, field: &FieldWording) -> Result<()> {
    let known = || Special::CLASSES.iter().copied();
    match field.docs.keys().find(|name| !known().any(|k| k == *name)) {
        None => Ok(()),
        Some(name) => {
            let list = known().collect::<Vec<_>>().join(", ");
            let error = error(
                place.to_owned(),
                "field.docs",
                format!("one of the types {list}"),
                format!("`{name}`"),
            );
            Err(match nearest(name, known()) {
                Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                None => error,
            })
        }
    }
}

/// A text that is not TOML, or that has keys which wordings do not have.
fn syntax(place: &str, text: &str, e: &toml::de::Error) -> Error {
    let line = e.span().map(|span| 1 + text.bytes().take(span.start).filter(|b| *b == b'\n').count());
    let place = line.map_or_else(|| place.to_owned(), |line| format!("{place}:{line}"));
    let message = e.message().trim();
    let error = Error::new(ErrorKind::Data {
        place,
        field: None,
        expected: "a wording".into(),
        found: message.to_owned(),
    });
    // The reader quotes the unknown key first and then lists the known ones.
    let mut quoted = message.split('`').skip(1).step_by(2);
    match quoted.next().and_then(|unknown| nearest(unknown, quoted)) {
        Some(near) if message.starts_with("unknown field") => {
            error.with_hint(format!("did you mean `{near}`?"))
        }
        _ => error.with_hint("write it anew with `dspex wording extract`"),
    }
}
