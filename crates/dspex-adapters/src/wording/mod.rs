//! The sentences of prompts, as data. Which of them is used where is the adapters' business.

mod field;
mod file;
mod template;
mod turns;

use serde::{Deserialize, Serialize};

use dspex_core::Error;

use crate::{BamlWording, ChatWording, JsonWording, LeanWording, TwoStepWording, XmlWording};

pub use field::FieldWording;
pub use template::literal;
pub(crate) use template::{Templates, fill};
pub use turns::{DemoWording, InstructionsWording, NativeWording, ReminderWording};

/// The sentences around the parts that every wording has in common.
///
/// Templates name what they take in braces; anything else is written as it stands, and a name in two pairs of braces
/// is written in one. The default is ours: short and plain. Another one comes from a [file](Wording::from_file), such as
/// `dspex wording extract` makes: with it, every message equals that of the DSPy that it was taken from.
///
/// ```
/// use dspex_adapters::Wording;
/// assert_eq!(Wording::default().id, "dspex-1");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Wording {
    /// Which wording it is, for saved programs.
    pub id: String,
    /// How fields are described.
    pub field: FieldWording,
    /// How the lines of the instructions are set.
    pub instructions: InstructionsWording,
    /// What is said of demonstrations.
    pub demo: DemoWording,
    /// What is said where the model answers by its own features alone.
    #[serde(default)]
    pub native: NativeWording,
    /// The sentences of the chat adapter.
    #[serde(default)]
    pub chat: ChatWording,
    /// The sentences of the JSON adapter.
    #[serde(default)]
    pub json: JsonWording,
    /// The sentences of the XML adapter.
    #[serde(default)]
    pub xml: XmlWording,
    /// The sentences of the two-step adapter.
    #[serde(default)]
    pub two_step: TwoStepWording,
    /// What tells the model that its reply was of no use: `{error}`. DSPy says no such thing.
    #[serde(default = "complaint")]
    pub complaint: String,
    /// The sentences of the BAML adapter.
    #[serde(default)]
    pub baml: BamlWording,
    /// The sentences of the lean adapter.
    #[serde(default)]
    pub lean: LeanWording,
}

impl Wording {
    /// Whether the sentences are somebody else's, such as those of an installed DSPy: then prompts keep to DSPy's form
    /// in everything. Wordings of ours have ids that start with `dspex`.
    ///
    /// ```
    /// use dspex_adapters::Wording;
    /// let mut wording = Wording::default();
    /// assert!(!wording.is_foreign());
    /// wording.id = "dspy-3.4.1".into();
    /// assert!(wording.is_foreign());
    /// ```
    pub fn is_foreign(&self) -> bool {
        is_foreign(&self.id)
    }
}

/// Whether the id of a wording says that it is somebody else's.
pub(crate) fn is_foreign(id: &str) -> bool {
    !id.starts_with("dspex")
}

impl Default for Wording {
    fn default() -> Self {
        Self {
            id: "dspex-1".into(),
            field: FieldWording::default(),
            instructions: InstructionsWording::default(),
            demo: DemoWording::default(),
            native: NativeWording::default(),
            chat: ChatWording::default(),
            json: JsonWording::default(),
            xml: XmlWording::default(),
            two_step: TwoStepWording::default(),
            complaint: complaint(),
            baml: BamlWording::default(),
            lean: LeanWording::default(),
        }
    }
}

fn complaint() -> String {
    "That reply cannot be used: {error}.\nWrite the whole reply again, in the form asked for.".into()
}

impl Wording {
    /// What tells the model that its reply was of no use.
    pub(crate) fn complaint(&self, error: &Error) -> String {
        fill(&self.complaint, &[("error", &error.kind().to_string())])
    }
}

impl Templates for Wording {
    fn each(&self, visit: &mut dyn FnMut(&str, &str, &[&str])) {
        let mut inside = |name: &str, templates: &dyn Templates| {
            templates.each(&mut |inner, text, keys| visit(&format!("{name}.{inner}"), text, keys));
        };
        inside("field", &self.field);
        inside("instructions", &self.instructions);
        inside("demo", &self.demo);
        inside("native", &self.native);
        inside("chat", &self.chat);
        inside("json", &self.json);
        inside("xml", &self.xml);
        inside("baml", &self.baml);
        inside("two_step", &self.two_step);
        inside("lean", &self.lean);
        visit("complaint", &self.complaint, &["error"]);
    }
}
