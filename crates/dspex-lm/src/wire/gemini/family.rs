//! Families of models, by what can be said of their thinking.

/// What can be said of a model's thinking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thinking {
    /// It does not think.
    Never,
    /// A bound on tokens, from Gemini 2.5 on.
    Budget {
        /// Whether the bound may be 0.
        off: bool,
    },
    /// A word, from Gemini 3 on; it cannot be turned off.
    Level,
}

impl Thinking {
    pub(super) fn of(model: &str) -> Self {
        let name = model.rsplit('/').next().unwrap_or(model);
        if name.starts_with("gemma") {
            return Self::Never;
        }
        let version = name.strip_prefix("gemini-").unwrap_or_default();
        let digits = version.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        match (digits.parse::<u32>(), version) {
            (Ok(1), _) => Self::Never,
            (Ok(2), v) if !v.starts_with("2.5") => Self::Never,
            (Ok(2), v) => Self::Budget { off: !v.starts_with("2.5-pro") },
            (Ok(_), _) => Self::Level,
            // An alias, or a model of one's own.
            (Err(_), _) => Self::Budget { off: true },
        }
    }

    /// The bound that a word stands for, as Google has it for requests in OpenAI's form.
    pub(super) fn budget_of(effort: &str) -> Option<u64> {
        Some(match effort {
            "minimal" | "low" => 1_024,
            "medium" => 8_192,
            "high" => 24_576,
            _ => return None,
        })
    }
}
