//! Saved programs in files: whole or not at all.

use std::fs;
use std::io::Read as _;
use std::path::Path as FilePath;
use std::sync::Arc;

use dspex_core::{Context, Error, ErrorKind, LanguageModel, Program, Result};

use super::read::File;
use super::{LmSettings, SavedProgram};
use crate::whole_file::write_whole;

/// The most bytes that a file may have: far more than any prompt can show.
const MOST: u64 = 256 << 20;

/// Saving programs to files and loading them, for every program.
///
/// The files are DSPy's: DSPy 3.4.1 loads what is written here, and what it writes is loaded here.
///
/// ```
/// use dspex_core::{Example, Program};
/// use dspex_modules::{Predict, SaveLoad};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("qa.json");
/// let demo = Example::new([("question", "1+1"), ("answer", "2")]);
/// let taught = Predict::parse("question -> answer")?.with_demos([demo])?;
/// taught.save(&path)?;
/// let loaded = Predict::parse("question -> answer")?.load(&path)?;
/// assert_eq!(loaded.demos(), taught.demos());
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub trait SaveLoad: Program {
    /// Writes what the program has learned. The name must end in `.json`, as DSPy wants it.
    ///
    /// Which adapter it ran with is not known here and not written; see [`save_with`](Self::save_with).
    fn save(&self, path: impl AsRef<FilePath>) -> Result<()> {
        SavedProgram::of(self)?.write(path)
    }

    /// The same with the adapter, its wording and the way to read replies of a context.
    ///
    /// ```
    /// use dspex_core::Context;
    /// use dspex_modules::{Predict, SaveLoad, SavedProgram};
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("qa.json");
    /// # let ctx = Context::new(dspex_testkit::ScriptedLm::always("x"));
    /// Predict::parse("q -> a")?.save_with(&ctx, &path)?;
    /// let ctx = SavedProgram::read(&path)?.context(&ctx)?;
    /// assert_eq!(ctx.adapter().unwrap().name(), "chat");
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    fn save_with(&self, ctx: &Context, path: impl AsRef<FilePath>) -> Result<()> {
        SavedProgram::of(self)?.with_context(ctx).write(path)
    }

    /// The program with what a file says. A file of another program is an error that names every predictor and field
    /// that does not fit. A model that the file names and the predictor does not have is an error as well; see
    /// [`load_with`](Self::load_with).
    fn load(&self, path: impl AsRef<FilePath>) -> Result<Self>
    where
        Self: Clone,
    {
        SavedProgram::read(path)?.apply(self)
    }

    /// The same with a function that makes the models that the file names; see [`SavedProgram::apply_with`].
    fn load_with(
        &self,
        path: impl AsRef<FilePath>,
        make: impl FnMut(&LmSettings) -> Result<Option<Arc<dyn LanguageModel>>>,
    ) -> Result<Self>
    where
        Self: Clone,
    {
        SavedProgram::read(path)?.apply_with(self, make)
    }

    /// The program with what a file says, as DSPy loads it: states and fields are paired by position until one side
    /// ends, and predictors that the program does not have are passed over.
    fn load_compat(&self, path: impl AsRef<FilePath>) -> Result<Self>
    where
        Self: Clone,
    {
        SavedProgram::read(path)?.compat().apply(self)
    }
}

impl<P: Program> SaveLoad for P {}

impl SavedProgram {
    /// Reads a file.
    pub fn read(path: impl AsRef<FilePath>) -> Result<Self> {
        let path = path.as_ref();
        let place = path.display().to_string();
        let file = File { place: &place };
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("pkl")) {
            return Err(file.pickle());
        }
        let failed = |message: String| Error::new(ErrorKind::File { place: place.clone(), message });
        if path.is_dir() {
            return Err(failed("cannot be read: it is a folder, as DSPy writes for whole programs".into())
                .with_hint(
                    "such a folder runs code when it is loaded; save the state alone, to a file .json",
                ));
        }
        let mut bytes = Vec::new();
        fs::File::open(path)
            .and_then(|f| f.take(MOST + 1).read_to_end(&mut bytes))
            .map_err(|e| failed(format!("cannot be read: {e}")))?;
        if bytes.len() as u64 > MOST {
            return Err(failed(format!("cannot be read: it has more than {MOST} bytes")));
        }
        if bytes.first() == Some(&0x80) {
            return Err(file.pickle());
        }
        let text = String::from_utf8(bytes).map_err(|e| failed(format!("cannot be read: {e}")))?;
        Self::parse(&place, &text)
    }

    /// Writes a file, which is there whole or as it was before. The name must end in `.json`, as DSPy wants it.
    pub fn write(&self, path: impl AsRef<FilePath>) -> Result<()> {
        let path = path.as_ref();
        let place = path.display().to_string();
        if path.extension().is_none_or(|e| e != "json") {
            let message =
                "expected a name that ends in .json, without which DSPy does not load it".to_owned();
            return Err(Error::new(ErrorKind::File { place, message }).with_hint("name it so"));
        }
        write_whole(path, self.to_json())
    }
}
