//! Adapters: from a signature and values to a request, and from a reply back to values.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Result, shorten_text};
use crate::example::Example;
use crate::lm::{Capabilities, Choice, Options, Request};
use crate::nonce::Nonce;
use crate::random::Random;
use crate::signature::Signature;
use crate::value::Record;

/// Turns calls into requests and completions into records. It knows nothing of providers.
///
/// ```
/// use dspex_core::adapter::{Adapter, ParsePolicy, Parsed, RenderCall};
/// use dspex_core::lm::{Choice, Message, Request};
/// use dspex_core::{Record, Result, Signature};
///
/// /// For signatures of one output: the inputs are the question, the completion is the answer.
/// struct Plain;
///
/// impl Adapter for Plain {
///     fn name(&self) -> &str {
///         "plain"
///     }
///     fn render(&self, call: &RenderCall<'_>) -> Result<Request> {
///         let inputs: Vec<&str> = call.inputs.values().filter_map(|v| v.as_str()).collect();
///         Ok(Request::new(vec![Message::user(inputs.join("\n"))]))
///     }
///     fn parse(&self, signature: &Signature, completion: &Choice, _: &ParsePolicy) -> Result<Parsed> {
///         let name = signature.outputs()[0].name.as_str();
///         Ok(Parsed::new(Record::new().with(name, completion.content()), Vec::new()))
///     }
/// }
///
/// let signature = Signature::parse("question -> answer")?;
/// let request = Plain.render(&RenderCall::new(&signature, &Record::new().with("question", "1+1?")))?;
/// assert_eq!(request.messages[0].text(), "1+1?");
/// let parsed = Plain.parse(&signature, &Choice::text("2"), &ParsePolicy::default())?;
/// assert_eq!(parsed.fields.get("answer").unwrap().as_str(), Some("2"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub trait Adapter: Send + Sync {
    /// The adapter's name: `chat`, `json`, ...
    fn name(&self) -> &str;

    /// Which sentences it writes around the values, for saved programs; none where it has but one way.
    fn wording(&self) -> Option<&str> {
        None
    }

    /// The request for a call. The inputs have been checked against the signature.
    fn render(&self, call: &RenderCall<'_>) -> Result<Request>;

    /// The names of the call's [options](RenderCall::options) that are not to be sent: none, unless DSPy's call is
    /// asked for ([`RenderCall::compat`]). DSPy drops options about tools where its adapter does not call tools.
    fn withheld(&self, call: &RenderCall<'_>) -> &'static [&'static str] {
        let _ = call;
        &[]
    }

    /// Reads one completion.
    fn parse(&self, signature: &Signature, completion: &Choice, policy: &ParsePolicy) -> Result<Parsed>;

    /// Reads one completion of a call that was [rendered](Self::render): also what the model gave apart from its text,
    /// such as calls of tools, where the call left fields to that. Without such features it is [`parse`](Self::parse).
    fn read(&self, call: &RenderCall<'_>, completion: &Choice, policy: &ParsePolicy) -> Result<Parsed> {
        self.parse(call.signature, completion, policy)
    }

    /// The adapter for one call alone, where each call has one of its own; none for most. A predictor renders and
    /// reads with what it gets. `random` is its source for this.
    fn for_call(&self, call: &RenderCall<'_>, random: &mut Random) -> Option<Arc<dyn Adapter>> {
        let _ = (call, random);
        None
    }

    /// The second call that reads a completion, where this adapter reads none itself: none for most.
    ///
    /// The predictor makes that call, so that an adapter needs no model, and each call of one is counted and bounded
    /// like any other.
    fn extraction(
        &self,
        signature: &Signature,
        completion: &Choice,
        policy: &ParsePolicy,
    ) -> Result<Option<Extraction>> {
        let _ = (signature, completion, policy);
        Ok(None)
    }

    /// The adapter that asks the same as JSON, with the same sentences; none where this one asks so already. For
    /// [`Fallback::AskAsJson`](crate::Fallback::AskAsJson).
    fn as_json(&self) -> Option<Arc<dyn Adapter>> {
        None
    }

    /// The adapter whose [`extraction`](Self::extraction) gets the outputs out of any text, with the same sentences.
    /// For [`Fallback::Extract`](crate::Fallback::Extract).
    fn extractor(&self) -> Option<Arc<dyn Adapter>> {
        None
    }

    /// What tells the model that its reply was of no use. For [`Fallback::ShowError`](crate::Fallback::ShowError).
    fn complaint(&self, error: &Error) -> String {
        format!("That reply cannot be used: {}. Write the whole reply again.", error.kind())
    }
}

/// A call that reads the text of another one: the outputs of its signature are what the text says.
///
/// [`Adapter::extraction`] asks for it, and a predictor makes it.
///
/// ```
/// use std::sync::Arc;
/// use dspex_core::{Extraction, Record, Signature};
/// # use dspex_core::{Adapter, ParsePolicy, Parsed, RenderCall, Result, lm::{Choice, Request}};
/// # struct Plain;
/// # impl Adapter for Plain {
/// #     fn name(&self) -> &str { "plain" }
/// #     fn render(&self, _: &RenderCall<'_>) -> Result<Request> { Ok(Request::default()) }
/// #     fn parse(&self, _: &Signature, _: &Choice, _: &ParsePolicy) -> Result<Parsed> { Ok(Parsed::default()) }
/// # }
/// let text = Record::new().with("text", "It was Goethe, I think.");
/// let second = Extraction::new(Signature::parse("text -> answer")?, text, Arc::new(Plain));
/// assert_eq!(second.adapter.name(), "plain");
/// assert!(Plain.extraction(&second.signature, &Choice::text("Goethe"), &ParsePolicy::default())?.is_none());
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Extraction {
    /// What is asked: from the text to the outputs.
    pub signature: Signature,
    /// The text, under its name.
    pub inputs: Record,
    /// How it is asked and read.
    pub adapter: Arc<dyn Adapter>,
}

impl Extraction {
    /// A call of this signature with these inputs, asked and read by an adapter.
    pub fn new(signature: Signature, inputs: Record, adapter: Arc<dyn Adapter>) -> Self {
        Self { signature, inputs, adapter }
    }
}

impl fmt::Debug for Extraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extraction")
            .field("signature", &self.signature)
            .field("inputs", &self.inputs)
            .field("adapter", &self.adapter.name())
            .finish()
    }
}

/// What a request is made of: what an [`Adapter`] is given to render.
///
/// ```
/// use dspex_core::{Example, Record, RenderCall, Signature};
/// let signature = Signature::parse("question -> answer")?;
/// let inputs = Record::new().with("question", "2+2?");
/// let demos = [Example::new([("question", "1+1?"), ("answer", "2")])];
/// let call = RenderCall::new(&signature, &inputs).demos(&demos);
/// assert_eq!(call.demos.len(), 1);
/// assert!(!call.compat && !call.capabilities.tools, "unless somebody says so");
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RenderCall<'a> {
    /// What is asked.
    pub signature: &'a Signature,
    /// Demonstrations.
    pub demos: &'a [Example],
    /// The inputs.
    pub inputs: &'a Record,
    /// What the model can do.
    pub capabilities: Capabilities,
    /// How the model is to answer, where that is known.
    pub options: Option<&'a Options>,
    /// Whether DSPy's messages are wanted where ours are safer; see [`RenderCall::compat`].
    pub compat: bool,
    /// What stands behind the names of fields, for markers that are no field's to carry it too.
    pub nonce: Option<Nonce>,
}

impl<'a> RenderCall<'a> {
    /// A call without demonstrations, of a model that can do text.
    pub fn new(signature: &'a Signature, inputs: &'a Record) -> Self {
        Self {
            signature,
            demos: &[],
            inputs,
            capabilities: Capabilities::default(),
            options: None,
            compat: false,
            nonce: None,
        }
    }

    /// The call with demonstrations.
    #[must_use]
    pub fn demos(mut self, demos: &'a [Example]) -> Self {
        self.demos = demos;
        self
    }

    /// The call as DSPy 3.4.1 makes it: text that carries its markers of custom types becomes parts of the message,
    /// so that an input can slip in an image. Only for comparing with DSPy; no predictor asks for it.
    #[must_use]
    pub fn compat(mut self) -> Self {
        self.compat = true;
        self
    }

    /// The call with the options that it will be made with; an adapter may leave to the model what they switch on.
    #[must_use]
    pub fn options(mut self, options: &'a Options) -> Self {
        self.options = Some(options);
        self
    }

    /// A marker's name as this call spells it.
    pub fn spell<'n>(&self, name: &'n str) -> Cow<'n, str> {
        spell(self.nonce.as_ref(), name)
    }

    /// The call for a model that can do this.
    #[must_use]
    pub fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }
}

/// What an [`Adapter`] read from a completion: the output fields, and a note of each thing that it had to mend.
///
/// ```
/// use dspex_core::{Note, ParseRule, Parsed, Record};
/// let note = Note::new(ParseRule::NumberForText, Some("year"), "1808 was taken as text");
/// let parsed = Parsed::new(Record::new().with("year", "1808"), vec![note]);
/// assert_eq!(parsed.fields.get("year").unwrap().as_str(), Some("1808"));
/// assert_eq!(parsed.notes[0].field.as_deref(), Some("year"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Parsed {
    /// The output fields, in the order of the signature.
    pub fields: Record,
    /// What was mended on the way.
    pub notes: Vec<Note>,
}

impl Parsed {
    /// Fields and notes.
    pub fn new(fields: Record, notes: Vec<Note>) -> Self {
        Self { fields, notes }
    }
}

/// A step of reading that mended something or lost something, for the caller to see.
/// [`Prediction::notes`](crate::Prediction::notes) has those of a call.
///
/// ```
/// use dspex_core::{Note, ParseRule};
/// let note = Note::new(ParseRule::RepairedJson, Some("tags"), "a bracket was missing").change("[1", "[1]");
/// assert_eq!(note.to_string(), "repaired_json: `tags`: a bracket was missing");
/// assert_eq!((note.from.as_deref(), note.to.as_deref()), (Some("[1"), Some("[1]")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Note {
    /// The rule by which it was done.
    pub rule: ParseRule,
    /// The field, where it is about one.
    pub field: Option<String>,
    /// In words.
    pub message: String,
    /// What stood there, shortened, where the step replaced something.
    pub from: Option<String>,
    /// What was read instead, shortened; empty where it was left out.
    pub to: Option<String>,
}

impl Note {
    /// A note.
    pub fn new(rule: ParseRule, field: Option<&str>, message: impl Into<String>) -> Self {
        Self { rule, field: field.map(str::to_owned), message: message.into(), from: None, to: None }
    }

    /// The note with what stood there and what was read instead; both are shortened.
    #[must_use]
    pub fn change(mut self, from: &str, to: &str) -> Self {
        self.from = Some(shorten_text(from));
        self.to = Some(shorten_text(to));
        self
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "{}: `{field}`: {}", self.rule.id(), self.message),
            None => write!(f, "{}: {}", self.rule.id(), self.message),
        }
    }
}

/// What a [`ParseRule`] does that DSPy does not.
///
/// ```
/// use dspex_core::{ParseRule, RuleEffect};
/// assert_eq!(ParseRule::HeaderCase.effect(), RuleEffect::Recovers);
/// let refusals = ParseRule::ALL.iter().filter(|rule| rule.effect() == RuleEffect::Refuses);
/// assert!(refusals.clone().any(|rule| *rule == ParseRule::Truncated));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuleEffect {
    /// DSPy fails; there is one reading, and it is taken.
    Recovers,
    /// DSPy's value is not what the model wrote; ours is.
    Corrects,
    /// DSPy takes one of several readings, or a value that breaks a rule; here it is an error.
    Refuses,
    /// Both give the same value; the step is noted.
    Notes,
}

macro_rules! rules {
    ($($(#[doc = $doc:literal])* $name:ident $id:literal $effect:ident;)*) => {
        /// A named difference between the default reading of completions and DSPy's.
        ///
        /// ```
        /// use dspex_core::{ParsePolicy, ParseRule, RuleEffect};
        /// let rule = ParseRule::ThousandsSeparator;
        /// assert_eq!((rule.id(), rule.effect()), ("thousands_separator", RuleEffect::Recovers));
        /// assert!(!ParsePolicy::default().without(rule).applies(rule));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum ParseRule {
            $($(#[doc = $doc])* $name,)*
        }

        impl ParseRule {
            /// All rules.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The rule's name as reports and notes print it.
            pub fn id(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)*
                }
            }

            /// What the rule does.
            pub fn effect(self) -> RuleEffect {
                match self {
                    $(Self::$name => RuleEffect::$effect,)*
                }
            }
        }
    };
}

rules! {
    /// A field marker with other spaces: `[[## answer ##]]`.
    HeaderSpacing "header_spacing" Recovers;
    /// A field marker in bold, as a heading or in a quote: `**[[ ## answer ## ]]**`.
    HeaderDecoration "header_decoration" Recovers;
    /// A field marker or tag in other capitals that means one field only: `[[ ## Answer ## ]]`, `<Answer>`.
    HeaderCase "header_case" Recovers;
    /// Field markers within lines, each once, where not every field has one at the start of a line.
    InlineHeader "inline_header" Recovers;
    /// An indented field marker with text after it, of which DSPy keeps a piece of the marker.
    IndentedHeader "indented_header" Corrects;
    /// The closing marker behind the last value on its line, which DSPy keeps as text.
    CompletedInline "completed_inline" Corrects;
    /// Line ends within a value, which stay as they are; DSPy makes a line feed of each that Python knows.
    LineEnds "line_ends" Corrects;
    /// A field marker with a bracket or a number sign more or less: `[[ ## answer ]]`.
    HeaderBrackets "header_brackets" Recovers;
    /// What the model thought, between tags, `<think>...</think>`, which DSPy keeps in the value.
    ThinkBlock "think_block" Corrects;
    /// A section that only repeats the place in the prompt, `{answer}`, which DSPy takes as the value.
    TemplateEcho "template_echo" Corrects;
    /// The prompt's examples before the answer, each from inputs to closing marker; DSPy takes the first example's.
    EchoedExample "echoed_example" Corrects;
    /// The end of a code fence around the whole reply, which DSPy keeps in the last value.
    FencedReply "fenced_reply" Corrects;
    /// A field that comes twice with different values, of which DSPy takes the first, or in JSON the last.
    DuplicateField "duplicate_field" Refuses;
    /// The fields as one JSON object instead of sections.
    JsonReply "json_reply" Recovers;
    /// The fields as sections under markers where JSON, XML or text alone was asked for.
    SectionReply "section_reply" Recovers;
    /// The fields as lines that start with their names: `Answer: Paris`.
    LabelledReply "labelled_reply" Recovers;
    /// The fields between tags of their names: `<answer>Paris</answer>`.
    TaggedReply "tagged_reply" Recovers;
    /// The whole reply as the only output, where nothing marks it.
    BareReply "bare_reply" Recovers;
    /// One JSON object with the fields, beside other brackets in the text.
    ObjectInText "object_in_text" Recovers;
    /// A key of a JSON object in other capitals that means one field only.
    KeyCase "key_case" Recovers;
    /// The fields as an object that stands alone under another key, `{"result": {"answer": ...}}`, or in another tag.
    WrappedFields "wrapped_fields" Recovers;
    /// The members of the only output, which is a struct, without its name: `{"name": ...}` for `person`.
    UnnamedField "unnamed_field" Recovers;
    /// Fields in several JSON objects, each field in one.
    SplitObjects "split_objects" Recovers;
    /// Several JSON objects with different values of the fields, of which DSPy takes one.
    SeveralObjects "several_objects" Refuses;
    /// `null`, a truth value, a list or an object where text is wanted, which DSPy spells as Python does.
    ValueForText "value_for_text" Refuses;
    /// Fields between tags in a reply that is not well-formed XML: `<answer>R&D</answer>`.
    RawMarkup "raw_markup" Recovers;
    /// A tag of a field that is not closed before the next field starts.
    UnclosedTag "unclosed_tag" Recovers;
    /// The place of a value as the prompt shows it, `<answer>{answer}</answer>`, repeated beside the value.
    EchoedPlace "echoed_place" Corrects;
    /// Tags inside text, which DSPy reads and writes anew: `<br/>` becomes `<br />`.
    MarkupInText "markup_in_text" Corrects;
    /// Items of a list that have another tag than `item`, of which DSPy makes one item.
    ItemTag "item_tag" Corrects;
    /// Fields of a struct in the attributes of its tag, which DSPy passes over.
    AttributeValue "attribute_value" Recovers;
    /// A struct that is one option of a union, inside another value, whose shape DSPy does not look up.
    NestedUnion "nested_union" Recovers;
    /// Text or other tags beside the tags of a value, which DSPy drops.
    MixedContent "mixed_content" Refuses;
    /// A reply without any section or key, where every field could take its default, which DSPy does.
    NoSections "no_sections" Refuses;
    /// A reply that the model did not finish, of which DSPy takes what is there.
    Truncated "truncated" Refuses;
    /// A choice in other capitals, or with a full stop or marks around it, that means one choice only.
    LiteralSpelling "literal_spelling" Recovers;
    /// A number or truth value in a code fence or in bold, or with a full stop after it.
    ScalarDecoration "scalar_decoration" Recovers;
    /// A number with commas between groups of three digits: `1,234`.
    ThousandsSeparator "thousands_separator" Recovers;
    /// A value with words around it that change nothing: `The answer is 3.`, `positive, because ...`.
    SurroundingWords "surrounding_words" Recovers;
    /// A list as lines with bullets or numbers.
    BulletedList "bulleted_list" Recovers;
    /// A list as items between commas or semicolons: `red, green, blue`.
    CommaList "comma_list" Recovers;
    /// A percentage as a fraction: `85%`; by the bound of the field, or under aggressive coercion.
    Percent "percent" Recovers;
    /// The only number in a text, under aggressive coercion: `3 apples`.
    NumberInWords "number_in_words" Recovers;
    /// One item where a list is wanted, under aggressive coercion.
    LoneItem "lone_item" Recovers;
    /// `true` or `false` where a number is wanted, which DSPy takes as 1 or 0.
    BoolForNumber "bool_for_number" Refuses;
    /// `null` or `None` for optional text, which DSPy takes as the word.
    NullText "null_text" Corrects;
    /// Code in a fence by the rules of Markdown, byte for byte; DSPy takes what stands before the next three backticks,
    /// and strips it.
    FencedCode "fenced_code" Corrects;
    /// Several fenced blocks of different code where one is wanted, of which DSPy takes the first.
    SeveralFences "several_fences" Refuses;
    /// Code or a document that could be read as JSON, or has some in it, which DSPy reads; it stays text.
    VerbatimText "verbatim_text" Corrects;
    /// Bytes that are no text, as Python spells them and prompts show them: `b'\\xff'`. Within other values DSPy takes
    /// the spelling for the bytes.
    BytesLiteral "bytes_literal" Corrects;
    /// An image by its URL alone, or an image, a sound or a file by a provider's id.
    MediaReference "media_reference" Recovers;
    /// `null` for a field that may be left out and takes no `null`: how strict schemas let a model leave one out.
    NullForDefault "null_for_default" Recovers;
    /// Several JSON values where one is wanted, of which DSPy takes the last.
    SeveralValues "several_values" Refuses;
    /// A value that breaks a constraint of its field, which DSPy does not check.
    Constraint "constraint" Refuses;
    /// One of several completions that cannot be read, for which DSPy drops all of them.
    UnreadCompletion "unread_completion" Recovers;
    /// Arguments of a tool call that are no object, for which DSPy takes none.
    ToolArguments "tool_arguments" Refuses;
    /// A reply without tool calls where the model could make some, for which DSPy has `None`; here it is no call.
    NoToolCalls "no_tool_calls" Corrects;
    /// Reasoning that the reply holds as a field, which DSPy replaces by what the model thought apart.
    ReasoningAsWritten "reasoning_as_written" Corrects;
    /// A field that a model gives apart from its text and did not give, for which DSPy has `None`.
    NativeMissing "native_missing" Refuses;
    /// Outputs beside tool calls that the reply does not have yet; they are `None`.
    ToolCallsFirst "tool_calls_first" Notes;
    /// A raw backslash of LaTeX in JSON, `"\\frac"`, which DSPy turns into a control character.
    RawBackslash "raw_backslash" Corrects;
    /// JSON that had to be repaired.
    RepairedJson "repaired_json" Notes;
    /// A number where text is wanted, taken as it is written.
    NumberForText "number_for_text" Notes;
    /// A field that was not in the reply and took its default.
    DefaultValue "default_value" Notes;
    /// Further exchanges that the model made up behind its answer were left out.
    RunOn "run_on" Notes;
}

/// How completions are read where DSPy and prudence differ.
///
/// ```
/// use dspex_core::{ParsePolicy, ParseRule};
/// let policy = ParsePolicy::default().without(ParseRule::LiteralSpelling);
/// assert!(!policy.applies(ParseRule::LiteralSpelling));
/// assert!(policy.applies(ParseRule::NullText));
/// assert!(!ParsePolicy::compat().applies(ParseRule::NullText));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParsePolicy {
    compat: bool,
    off: Vec<ParseRule>,
    coercion: CoercionMode,
    nonce: Option<Nonce>,
}

/// How far a reading may go from what the model wrote to the type of the field. The table of what each mode takes is
/// in `docs/parsing.md`.
///
/// ```
/// use dspex_core::{CoercionMode, ParsePolicy};
/// assert_eq!(CoercionMode::by_name("aggressive"), Some(CoercionMode::Aggressive));
/// assert_eq!(ParsePolicy::default().coercion_mode(), CoercionMode::Safe);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum CoercionMode {
    /// Only the JSON or Python form of the type itself: no `"3"` for a number, no `yes` for a truth value.
    None,
    /// Whatever has one reading.
    #[default]
    Safe,
    /// The likely reading, too: the only number in a text, one item for a list of one.
    Aggressive,
}

impl CoercionMode {
    /// All modes.
    pub const ALL: &[Self] = &[Self::None, Self::Safe, Self::Aggressive];

    /// The mode's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Safe => "safe",
            Self::Aggressive => "aggressive",
        }
    }

    /// The mode of a name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|m| m.name() == name)
    }
}

/// A marker's name, with the nonce if there is one.
fn spell<'n>(nonce: Option<&Nonce>, name: &'n str) -> Cow<'n, str> {
    nonce.map_or(Cow::Borrowed(name), |nonce| Cow::Owned(nonce.mark(name)))
}

impl ParsePolicy {
    /// DSPy 3.4.1's value, or an error.
    pub fn compat() -> Self {
        Self { compat: true, ..Self::default() }
    }

    /// The policy without one rule: there, DSPy's value or error.
    #[must_use]
    pub fn without(mut self, rule: ParseRule) -> Self {
        if !self.off.contains(&rule) {
            self.off.push(rule);
        }
        self
    }

    /// The policy with another way from text to types. DSPy's reading, `compat`, has its own and stays as it is.
    ///
    /// ```
    /// use dspex_core::{CoercionMode, ParsePolicy};
    /// let policy = ParsePolicy::default().coercion(CoercionMode::None);
    /// assert_eq!(policy.coercion_mode(), CoercionMode::None);
    /// ```
    #[must_use]
    pub fn coercion(mut self, mode: CoercionMode) -> Self {
        self.coercion = mode;
        self
    }

    /// How far a reading may go from what the model wrote.
    pub fn coercion_mode(&self) -> CoercionMode {
        self.coercion
    }

    /// The policy for replies to a request whose markers all have this nonce: what looks like a marker and has it not
    /// is text.
    ///
    /// ```
    /// use dspex_core::{Nonce, ParsePolicy};
    /// let policy = ParsePolicy::default().with_nonce(Nonce::new("k7")?);
    /// assert!(policy.may_mark("answer_k7") && !policy.may_mark("answer"));
    /// assert_eq!(policy.spell("completed"), "completed_k7");
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_nonce(mut self, nonce: Nonce) -> Self {
        self.nonce = Some(nonce);
        self
    }

    /// Whether a marker of this name may be one of ours.
    pub fn may_mark(&self, name: &str) -> bool {
        self.nonce.as_ref().is_none_or(|nonce| nonce.unmark(name).is_some())
    }

    /// A marker's name as the request spelled it.
    pub fn spell<'n>(&self, name: &'n str) -> Cow<'n, str> {
        spell(self.nonce.as_ref(), name)
    }

    /// Whether a rule is in force.
    pub fn applies(&self, rule: ParseRule) -> bool {
        !self.compat && !self.off.contains(&rule)
    }

    /// Whether this is DSPy's reading.
    pub fn is_compat(&self) -> bool {
        self.compat
    }

    /// The policy's name: `compat` or `default`.
    pub fn name(&self) -> &'static str {
        if self.compat { "compat" } else { "default" }
    }
}
