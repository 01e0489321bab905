//! The BAML adapter: the JSON adapter with types written in a short notation instead of JSON Schema.
//!
//! Structure and values are DSPy's; the sentences, and the words and signs of the notation, are the wording's. Where
//! nobody asks for DSPy's very messages, types are shown that DSPy cannot show or only names; see [`types`].

mod input;
mod special;
mod types;
mod wording;

use dspex_core::lm::{Choice, Request};
use dspex_core::{Adapter, Field, ParsePolicy, Parsed, RenderCall, Result, Signature};

use crate::common::{constructors, follows_from};
use crate::format::{field_list, marker};
use crate::json::{Form, JsonAdapter};
use crate::turns;
use crate::wording::fill;

pub use wording::{BamlTypeWording, BamlWording};

/// The marker behind the types of the outputs.
const COMPLETED: &str = "completed";

/// Asks for one JSON object, as [`JsonAdapter`](crate::JsonAdapter) does, and shows the types of its members in a
/// notation that is shorter than JSON Schema. Good for nested structs and small models.
///
/// ```
/// use dspex_adapters::BamlAdapter;
/// use dspex_core::{Adapter, Record, RenderCall, Signature};
/// let signature = Signature::parse("text -> tags: list[str], mood: Literal['good', 'bad'] | None")?;
/// let inputs = Record::new().with("text", "What a day!");
/// let request = BamlAdapter::new().render(&RenderCall::new(&signature, &inputs))?;
/// let system = request.messages[0].text();
/// assert!(system.contains("[[ ## tags ## ]]\nstring[]\n\n[[ ## mood ## ]]\n\"good\" or \"bad\" or null\n"), "{system}");
/// assert_eq!(
///     request.messages[1].text(),
///     "[[ ## text ## ]]\nWhat a day!\n\nNow write one JSON object with `tags`, `mood`."
/// );
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct BamlAdapter {
    /// All but the form of its prompts.
    json: JsonAdapter,
}

constructors!(BamlAdapter, wording => Self { json: JsonAdapter::with_wording(wording) },
    native: self, native => Self { json: self.json.with_native(native) }
);

impl BamlAdapter {
    fn system(&self, call: &RenderCall<'_>, signature: &Signature) -> Result<String> {
        let wording = self.json.sentences();
        let as_dspy = call.compat || wording.is_foreign();
        let inputs = turns::places(signature.inputs(), |_| String::new());
        let output = |f: &Field| {
            let ty = types::of_field(f, wording, as_dspy)?;
            let shown = fill(&wording.baml.output, &[("name", &f.name), ("type", &ty)]);
            Ok(turns::section(&f.name, &shown))
        };
        let outputs = signature.outputs().iter().map(output).collect::<Result<Vec<_>>>()?.join("\n\n");
        let sections = turns::sections(&[&inputs, &outputs, &marker(&call.spell(COMPLETED))]);
        Ok(fill(
            &wording.baml.system,
            &[
                ("inputs", &field_list(signature.inputs(), &wording.field)),
                ("outputs", &field_list(signature.outputs(), &wording.field)),
                ("sections", &sections),
                ("instructions", &turns::instructions(signature, wording)),
            ],
        ))
    }
}

impl Adapter for BamlAdapter {
    fn name(&self) -> &str {
        "baml"
    }

    follows_from!(over json);

    fn render(&self, call: &RenderCall<'_>) -> Result<Request> {
        let form = Form {
            system: &|signature| self.system(call, signature),
            reminder: &self.json.sentences().baml.reminder,
            section: &input::section,
        };
        self.json.ask(call, &form)
    }

    fn withheld(&self, call: &RenderCall<'_>) -> &'static [&'static str] {
        self.json.withheld(call)
    }

    fn parse(&self, signature: &Signature, completion: &Choice, policy: &ParsePolicy) -> Result<Parsed> {
        self.json.parse(signature, completion, policy)
    }

    fn read(&self, call: &RenderCall<'_>, completion: &Choice, policy: &ParsePolicy) -> Result<Parsed> {
        self.json.read(call, completion, policy)
    }
}
