//! The derives of DSPEx. This file only parses and delegates; each derive has a folder.

mod crate_path;
mod errors;
mod keys;
mod parameters;
mod signature;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct a signature: what a model is given, and what is asked of it.
///
/// ```
/// use dspex_core::{Signature, TypedSignature};
///
/// /// Answer the question from the context.
/// #[derive(Signature)]
/// struct GroundedAnswer {
///     /// passages that may hold the answer
///     #[input]
///     context: Vec<String>,
///     #[input]
///     question: String,
///     #[output]
///     answer: String,
///     #[output(ge = 0.0, le = 1.0)]
///     confidence: f64,
/// }
///
/// let signature = GroundedAnswer::signature();
/// assert_eq!(signature.to_string(), "context, question -> answer, confidence");
/// assert_eq!(signature.instructions(), "Answer the question from the context.");
/// ```
///
/// # What is generated
///
/// - `GroundedAnswerInput` and `GroundedAnswerOutput`, each with the fields of its direction. They are `Clone`,
///   `Debug`, `Serialize` and `Deserialize`. They are as visible as the struct, and so are their fields, unless the
///   field itself is more visible: whoever can name the struct can build them.
/// - `TypedSignature` for the struct: `signature`, made once, and `split`, `join`, `input` and `output` between the
///   struct and the two others. So the struct is a labelled example, too.
///
/// ```
/// # use dspex_core::{Signature, TypedSignature};
/// # #[derive(Signature)]
/// # struct Answer { #[input] question: String, #[output] answer: String }
/// let example = Answer { question: "Who wrote Faust?".into(), answer: "Goethe".into() };
/// let (input, output) = example.split();
/// assert_eq!(input.question, "Who wrote Faust?");
/// let changed = Answer::join(input, AnswerOutput { answer: "Marlowe".into(), ..output });
/// assert_eq!(changed.answer, "Marlowe");
/// ```
///
/// # The struct
///
/// The doc comment is the instructions, without its common indentation. Without one they are DSPy's: "Given the
/// fields ..., produce the fields ...".
///
/// | `#[signature(...)]` | |
/// |---|---|
/// | `instructions = "..."` | Instructions in place of the doc comment; `include_str!` and constants do as well. |
/// | `name = "..."` | Name in place of that of the struct. |
/// | `derive(PartialEq, ...)` | More derives for the two generated structs. |
/// | `crate = path` | Where `dspex` is, should it be reached through another crate. |
///
/// # The fields
///
/// Each field is marked `#[input]` or `#[output]`; at least one is an output. Any identifier is a name, `r#type` is
/// the field `type`. The doc comment is the description. The type is any that owns its data and implements
/// `Clone`, `Debug`, `Serialize`, `Deserialize` and schemars' `JsonSchema`: those of the standard library, and yours
/// with these derives.
///
/// | `#[input(...)]`, `#[output(...)]` | for | |
/// |---|---|---|
/// | `desc = "..."` | | Description in place of the doc comment. |
/// | `rename = "..."` | | Name that the model sees and that records and JSON have. |
/// | `prefix = "..."` | | Label that saved programs carry. |
/// | `default`, `default = value` | | Value where none is given; `default` alone is that of `Default`. |
/// | `ge`, `gt`, `le`, `lt` | numbers | Bounds. |
/// | `multiple_of` | numbers | What a number is a multiple of. |
/// | `allow_inf_nan` | floats | Whether infinities and NaN are allowed. |
/// | `min_length`, `max_length` | text, collections | Number of characters or items. |
/// | `pattern = "..."` | text | A regular expression that is found in the text. |
///
/// ```
/// # use dspex_core::{FromRecord, Record, Signature, TypedSignature};
/// #[derive(Signature)]
/// #[signature(name = "Search", instructions = "Find pages.", derive(PartialEq))]
/// struct Find {
///     #[input(desc = "what to look for", max_length = 80)]
///     query: String,
///     #[input(default = 10, gt = 0, multiple_of = 5)]
///     count: u32,
///     #[output(rename = "pages", prefix = "Found:")]
///     found: Vec<String>,
///     #[output(pattern = "^[a-z]{2}$", default = "en")]
///     language: String,
/// }
///
/// assert_eq!(Find::signature().to_string(), "query, count -> pages, language");
/// let input = FindInput::from_record(Record::new().with("query", "Faust"))?;
/// assert_eq!(input, FindInput { query: "Faust".into(), count: 10 });
/// # Ok::<(), dspex_core::Error>(())
/// ```
///
/// # What does not compile
///
/// A rule that cannot apply to the type of its field, bounds that no value meets, a pattern that is none, a key that
/// is not known, a field without direction, a type that borrows. All of it is reported at once.
///
/// ```compile_fail
/// # use dspex_core::Signature;
/// #[derive(Signature)]
/// struct Answer {
///     #[input]
///     question: String,
///     #[output(min_length = 1)] // a rule for text and collections
///     confidence: f64,
/// }
/// ```
#[proc_macro_derive(Signature, attributes(signature, input, output))]
pub fn derive_signature(item: TokenStream) -> TokenStream {
    signature::derive(&parse_macro_input!(item as DeriveInput)).into()
}

/// Makes the predictors in a struct known: what can be learned of a program, and under which paths.
///
/// Every field is walked, under its name; one without a name, under its place. A field that holds nothing to learn
/// says so with `#[parameters(skip)]`. To forget that does not compile, so no predictor is lost in silence.
///
/// ```
/// use dspex_core::{DynModule, Parameters, Program};
///
/// #[derive(Parameters)]
/// struct Rag {
///     #[parameters(skip)]
///     passages: Vec<String>,
///     answers: Vec<Box<dyn DynModule>>,
///     #[parameters(rename = "judge")]
///     chosen_by: Option<Box<dyn DynModule>>,
/// }
///
/// let rag = Rag { passages: vec![], answers: vec![], chosen_by: None };
/// assert!(rag.paths().is_empty()); // one predictor in `answers` would be `answers[0]`
/// # assert!(rag.passages.is_empty());
/// ```
///
/// # What is generated
///
/// `Parameters` for the struct, which may be one with named fields, a tuple struct or a unit struct, and may be
/// generic: where the type of a field depends on a parameter, the impl demands `Parameters` of that type.
///
/// | `#[parameters(...)]` | on | |
/// |---|---|---|
/// | `skip` | field | Nothing in it can be learned. |
/// | `rename = "..."` | field | Name in paths, to keep those of programs that were saved under another. |
/// | `crate = path` | struct | Where `dspex` is, should it be reached through another crate. |
///
/// # What does not compile
///
/// A field that is not skipped and whose type is no holder of parameters, an enum, a name twice.
///
/// ```compile_fail
/// # use dspex_core::{DynModule, Parameters};
/// #[derive(Parameters)]
/// struct Rag {
///     passages: Vec<String>, // holds no parameters: write `#[parameters(skip)]`
///     answer: Box<dyn DynModule>,
/// }
/// ```
#[proc_macro_derive(Parameters, attributes(parameters))]
pub fn derive_parameters(item: TokenStream) -> TokenStream {
    parameters::derive(&parse_macro_input!(item as DeriveInput)).into()
}
