//! Modules: the parts that programs are made of.
//!
//! One file each. To add one: a file of its own and a line in [`MODULES`].

mod chain_of_thought;
mod predict;
mod predictor;
mod program_file;
mod saved_program;
mod whole_file;

use dspex_core::{DynModule, Result, Signature, unknown_name};

pub use chain_of_thought::ChainOfThought;
pub use predict::{Dynamic, Predict};
pub use program_file::{DemoSource, ProgramFile};
pub use saved_program::{
    FORMAT, FieldFacts, LmSettings, PredictorFacts, SaveLoad, SavedFacts, SavedPolicy, SavedPredictor,
    SavedProgram,
};
pub use whole_file::write_whole;

/// Makes a module of a signature.
type Make = fn(Signature) -> Result<Box<dyn DynModule>>;

/// Every module that a signature alone makes, by its name in program files.
pub const MODULES: &[(&str, Make)] = &[
    ("predict", |s| Ok(Box::new(Predict::from_signature(s)))),
    ("chain_of_thought", |s| Ok(Box::new(ChainOfThought::from_signature(s)?))),
];

/// The module of a name, for a signature.
///
/// ```
/// use dspex_core::{Program, Signature};
/// let program = dspex_modules::by_name("chain_of_thought", Signature::parse("question -> answer")?)?;
/// assert_eq!(program.paths()[0].as_str(), "predict");
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub fn by_name(name: &str, signature: Signature) -> Result<Box<dyn DynModule>> {
    match MODULES.iter().find(|(n, _)| *n == name) {
        Some((_, make)) => make(signature),
        None => Err(unknown_name("modules", name, MODULES.iter().map(|(n, _)| *n))),
    }
}
