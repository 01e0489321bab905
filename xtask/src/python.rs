//! DSPy itself, in a virtual environment of its own under `target/python`, for the tests that exchange files with it.

use std::fs;
use std::path::Path;

use crate::setup::{apt_get_install, works};
use crate::{Outcome, run, say, warn};

/// What is installed: the version whose files are read and written, and those of what it reads replies with. DSPy takes
/// any newer ones of these, and they read otherwise; the corpus of its behaviour was made with these.
const PACKAGES: &[&str] = &["dspy==3.4.1", "json_repair==0.64.4", "pydantic==2.14.3"];

/// Exits with 0 where exactly these versions are there. It does not load DSPy, which takes seconds.
const CHECK: &str = "import sys, importlib.metadata as m\n\
    sys.exit(any(m.version(p.split('==')[0]) != p.split('==')[1] for p in sys.argv[1:]))";

/// The Python of the environment, where DSPy is in it.
pub(crate) fn installed(root: &Path) -> Option<String> {
    let python = root.join("target/python/bin/python").display().to_string();
    works(&[&[&*python, "-c", CHECK], PACKAGES].concat()).then_some(python)
}

/// Makes the environment, unless it is there.
pub(crate) fn setup(root: &Path) -> Outcome {
    if installed(root).is_some() {
        return Ok(());
    }
    let folder = root.join("target/python");
    let python = folder.join("bin/python").display().to_string();
    if !works(&["python3", "--version"]) {
        warn("SKIPPED: there is no python3, so no test exchanges files with DSPy itself");
        return Ok(());
    }
    say(&format!("setup: {} are missing; installing them into target/python", PACKAGES.join(" ")));
    environment(&folder)?;
    let by_hand = |e| format!("{e}; install it there by hand, or use --no-setup to go without");
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    run(&python, &[&pip, PACKAGES].concat()).map_err(by_hand)
}

/// An empty environment. Debian has the module for it in a package of its own.
fn environment(folder: &Path) -> Outcome {
    fs::create_dir_all(folder).map_err(|e| format!("{} cannot be made: {e}", folder.display()))?;
    let target = folder.display().to_string();
    let make = || run("python3", &["-m", "venv", "--clear", &target]);
    if make().is_ok() {
        return Ok(());
    }
    apt_get_install("python3-venv")?;
    make()
}
