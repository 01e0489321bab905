//! `dspex save`: a program as a file that DSPy loads too.

use std::path::PathBuf;

use clap::Args;
use dspex_core::{DynModule, Path, Result, visit_mut};
use dspex_modules::SavedProgram;
use serde_json::json;

use crate::failure::Exit;
use crate::output::{complain, print, print_json};
use crate::program::{DemoArgs, FallbackArgs, Loaded, PolicyArgs, ProgramArgs};

#[derive(Args, Debug)]
pub(crate) struct Save {
    #[command(flatten)]
    program: ProgramArgs,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    fallback: FallbackArgs,
    #[command(flatten)]
    demos: DemoArgs,

    /// The file to write; its name ends in .json
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,

    /// Print one JSON object: the file, its predictors, and settings that were left out
    #[arg(long)]
    pub(crate) json: bool,
}

impl Save {
    pub(crate) fn run(&self) -> Result<Exit> {
        let loaded = self.program.load()?;
        let saved = self.saved(&loaded, loaded.build_without_lm(&self.demos)?)?;
        saved.write(&self.output)?;
        let file = self.output.display().to_string();
        if self.json {
            let of = |path: &Path| json!({"path": path.to_string(), "demos": saved.predictors.get(path).map(|p| p.demos.len())});
            let predictors: Vec<_> = saved.predictors.keys().map(of).collect();
            print_json(&json!({"file": file, "predictors": predictors, "left_out": saved.left_out()}))?;
        } else {
            let demos: usize = saved.predictors.values().map(|p| p.demos.len()).sum();
            let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
            let (predictors, demos) =
                (count(saved.predictors.len(), "predictor"), count(demos, "demonstration"));
            print(&format!("{file}: {predictors}, {demos}"))?;
        }
        for setting in saved.left_out() {
            complain(&format!(
                "note: {setting} was not written: it is not among the settings that are saved"
            ));
        }
        Ok(Exit::Done)
    }

    fn saved(&self, loaded: &Loaded, mut program: Box<dyn DynModule>) -> Result<SavedProgram> {
        // The options of a program file are the context's when it runs; the file has them by predictor.
        visit_mut(&mut program, |_, leaf| leaf.set_options(leaf.options().over(&loaded.file.options)));
        let (adapter, policy) = (loaded.adapter()?, loaded.policy(&self.policy)?);
        let mut saved = SavedProgram::of(&program)?
            .with_adapter(&*adapter, &policy)
            .with_fallbacks(&loaded.fallbacks(&self.fallback)?);
        // No model was made, so those of the file that was loaded are still named only there.
        for (path, predictor) in &mut saved.predictors {
            predictor.lm = loaded.saved.as_ref().and_then(|s| s.predictors.get(path)?.lm.clone());
        }
        Ok(saved)
    }
}
