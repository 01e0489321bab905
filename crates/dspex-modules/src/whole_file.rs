//! Files that are there whole or as they were before.

use std::fs;
use std::io::{Error as IoError, Result as IoResult, Write as _};
use std::path::Path;

use dspex_core::{Error, ErrorKind, Result};

/// Writes a file that is there whole or, where that fails, as it was before: what cannot be taken again is not lost to a
/// full disk. A link keeps pointing to the file, and who may read it stays as it was.
///
/// Results that are worth having in part, such as those of an evaluation, are written line by line instead.
///
/// ```
/// use dspex_modules::write_whole;
/// # let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("notes.toml");
/// write_whole(&path, "a = 1\n")?;
/// write_whole(&path, "a = 2\n")?;
/// assert_eq!(std::fs::read_to_string(&path).unwrap(), "a = 2\n");
/// assert_eq!(write_whole(folder.path(), "a = 3\n").unwrap_err().code(), "file");
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub fn write_whole(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> Result<()> {
    let path = path.as_ref();
    replace(path, bytes.as_ref()).map_err(|e| {
        let (place, message) = (path.display().to_string(), format!("cannot be written: {e}"));
        Error::new(ErrorKind::File { place, message })
    })
}

fn replace(path: &Path, bytes: &[u8]) -> IoResult<()> {
    // A link keeps pointing to the file, which is what is replaced.
    let path = match (fs::canonicalize(path), fs::symlink_metadata(path)) {
        (Ok(file), _) => file,
        (Err(_), Ok(_)) => return Err(IoError::other("it is a link that leads nowhere")),
        (Err(_), Err(_)) => path.to_path_buf(),
    };
    if fs::metadata(&path).is_ok_and(|there| !there.is_file()) {
        return Err(IoError::other("it is no file"));
    }
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut options = tempfile::Builder::new();
    // Who may read it: as before, or whoever may read new files.
    if let Ok(there) = fs::metadata(&path) {
        options.permissions(there.permissions());
    } else {
        #[cfg(unix)]
        options.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    }
    let mut file = options.prefix(".dspex-").suffix(".tmp").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|e| e.error)?;
    Ok(())
}
