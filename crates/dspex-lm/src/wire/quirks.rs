//! What differs between vendors that speak the same wire: const data, a row for each vendor.

/// What differs between vendors that speak the same wire. A vendor's row says what differs from [`Quirks::NONE`].
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "a row of a table, read by its names")]
pub(crate) struct Quirks {
    /// Whether a model wants the bound on tokens under the name `max_completion_tokens`.
    pub(crate) max_completion_tokens: fn(&str) -> bool,
    /// Whether a stream is asked to tell its usage (`stream_options`); some vendors tell it without, or refuse the word.
    pub(crate) stream_usage: bool,
    /// Whether a stream ends with `[DONE]`. Where it does not, the reason for the end is the end.
    pub(crate) done_marker: bool,
    /// Whether the responses API is told what the program says first as `instructions`; not all that speak it know them.
    pub(crate) instructions: bool,
    /// What a model cannot be asked for.
    pub(crate) refuses: fn(&str) -> &'static [Ask],
    /// The name of the seed.
    pub(crate) seed: &'static str,
    /// The word for a call of some tool.
    pub(crate) any_tool: &'static str,
    /// How a model is told how much to think.
    pub(crate) thinking: fn(&str) -> Thinking,
    /// How the vendor wants back what its model thought.
    pub(crate) thoughts: Thoughts,
    /// How files and sounds are written.
    pub(crate) files: Files,
    /// Whether results of tools may have images.
    pub(crate) tool_images: bool,
    /// Whether parts may be marked for the cache of prompts.
    pub(crate) cache_marks: bool,
}

/// What a request may ask for, and some vendors or models refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    Temperature,
    TopP,
    TopK,
    FrequencyPenalty,
    PresencePenalty,
    Stop,
    Seed,
    Logprobs,
    ServiceTier,
    Tools,
    /// A call that must be made, or must not.
    ToolChoice,
    ParallelToolCalls,
    JsonObject,
    JsonSchema,
    Images,
    Audio,
    Files,
}

/// How a model is told how much to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thinking {
    /// It does not think, and needs not be told so.
    Never,
    /// It thinks as it likes, and cannot be told.
    Always,
    /// `reasoning_effort`, with `none` for not at all.
    Effort,
    /// The same, and a budget of tokens is a number in the same place.
    EffortOrTokens,
    /// The same, with its thoughts apart from the answer (`reasoning_format`).
    EffortParsed,
    /// `thinking`, on or off, and an effort beside it.
    Switch,
    /// `reasoning`, an object with an effort or a budget.
    Object,
    /// `reasoning_effort`, and `reasoning.enabled` for not at all.
    Enabled,
    /// `prompt_mode`, which knows no degrees.
    PromptMode,
    /// `reasoning_effort`, and the switch of the model's template for not at all.
    Template,
    /// Both are variables of the model's template.
    TemplateAlone,
    /// `enable_thinking`, and an effort beside it.
    Flag,
}

/// How a vendor wants back what its model thought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thoughts {
    /// Not at all.
    Unwanted,
    /// As `reasoning_content`.
    ReasoningContent,
    /// As `reasoning_details` where it gave such, otherwise as `reasoning`.
    Details,
    /// As chunks of the content.
    Chunks,
}

/// How files and sounds are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Files {
    /// As OpenAI does: bytes, or an id.
    OpenAi,
    /// The same, and files may stand at a URL.
    OpenAiOrUrl,
    /// As Mistral does: documents and sounds at a URL, which may be one of data.
    Mistral,
}

impl Quirks {
    /// Nothing differs.
    pub(crate) const NONE: Self = Self {
        max_completion_tokens: |_| false,
        stream_usage: true,
        done_marker: true,
        instructions: false,
        refuses: |_| &[],
        seed: "seed",
        any_tool: "required",
        thinking: |_| Thinking::Effort,
        thoughts: Thoughts::Unwanted,
        files: Files::OpenAi,
        tool_images: false,
        cache_marks: false,
    };
}
