//! What the families of models take, as far as they differ.
//!
//! Source: Anthropic, "Models overview", "Extended thinking", "Effort" and "Structured outputs".

use Thinking::{Adaptive, Budget, Either, Never};

/// A family of models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Family {
    /// A part of the names of its models.
    name: &'static str,
    /// The most tokens that its models write. The API wants a bound in each request; this one stands in for none.
    pub(super) most: u64,
    pub(super) thinking: Thinking,
    /// Whether it takes `temperature`, `top_p` and `top_k`.
    pub(super) sampling: bool,
    /// Whether answers can be held to a schema.
    pub(super) schema: bool,
    /// Whether the program may speak in the middle of a conversation, too.
    pub(super) system_turns: bool,
}

/// How a family is told to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thinking {
    /// It cannot.
    Never,
    /// By a bound on tokens.
    Budget,
    /// By a word for the effort; how long it thinks is its own affair.
    Adaptive,
    Either,
}

const NEW: Family = Family {
    name: "claude",
    most: 64_000,
    thinking: Either,
    sampling: true,
    schema: true,
    system_turns: false,
};
const OLD: Family = Family { thinking: Budget, schema: false, ..NEW };

/// The first whose name is in the model's counts. Names also come with a prefix, as on other clouds.
const FAMILIES: [Family; 15] = [
    Family {
        name: "opus-4-8",
        most: 128_000,
        thinking: Adaptive,
        sampling: false,
        system_turns: true,
        ..NEW
    },
    Family { name: "opus-4-7", most: 128_000, thinking: Adaptive, sampling: false, ..NEW },
    Family { name: "opus-4-6", most: 128_000, ..NEW },
    Family { name: "sonnet-4-6", ..NEW },
    Family { name: "opus-4-5", thinking: Budget, ..NEW },
    Family { name: "sonnet-4-5", thinking: Budget, ..NEW },
    Family { name: "haiku-4-5", thinking: Budget, ..NEW },
    Family { name: "opus-4", most: 32_000, ..OLD },
    Family { name: "sonnet-4", ..OLD },
    Family { name: "claude-3-7", ..OLD },
    Family { name: "claude-3-5", most: 8_192, thinking: Never, ..OLD },
    Family { name: "claude-3", most: 4_096, thinking: Never, ..OLD },
    Family { name: "claude-2", most: 4_096, thinking: Never, ..OLD },
    Family { name: "claude-instant", most: 4_096, thinking: Never, ..OLD },
    // Newer than this table.
    NEW,
];

/// What a model of another vendor takes, which speaks the same wire.
const OTHER: Family = Family { name: "", most: 8_192, ..NEW };

impl Family {
    /// The family of a model.
    pub(super) fn of(model: &str) -> Self {
        FAMILIES.into_iter().find(|f| model.contains(f.name)).unwrap_or(OTHER)
    }
}

impl Thinking {
    /// The bound on tokens that stands for a word, where a family is not told in words; LiteLLM has the same.
    pub(super) fn budget_of(effort: &str) -> Option<u64> {
        let words = [("minimal", 1_024), ("low", 1_024), ("medium", 2_048), ("high", 4_096)];
        words.into_iter().find(|(word, _)| *word == effort).map(|(_, budget)| budget)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_of_the_family_that_its_name_says() {
        for (model, name) in [
            ("claude-opus-4-8", "opus-4-8"),
            ("claude-opus-4-5-20251101", "opus-4-5"),
            ("claude-opus-4-1-20250805", "opus-4"),
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "sonnet-4-5"),
            ("claude-sonnet-4-20250514", "sonnet-4"),
            ("claude-3-5-haiku-latest", "claude-3-5"),
            ("claude-3-haiku-20240307", "claude-3"),
            ("claude-opus-9", "claude"),
            ("MiniMax-M2", ""),
        ] {
            assert_eq!(Family::of(model).name, name, "{model}");
        }
        assert_eq!(Family::of("claude-3-haiku-20240307").most, 4_096);
    }
}
