//! Why an evaluation ended before the end of its set.

use std::fmt;
use std::time::Duration;

use dspex_core::Error;
use serde_json::{Value as Json, json};

/// Why an evaluation ended before the end of its set. What was known until then is in the report all the same.
///
/// ```
/// use dspex_evaluate::Stop;
/// let stop = Stop::Errors { limit: 3 };
/// assert_eq!((stop.name(), stop.to_string().as_str()), ("max_errors", "more than 3 examples ended with an error"));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Stop {
    /// The caller cancelled it.
    Cancelled,
    /// More examples ended with an error than [`max_errors`](crate::Evaluate::max_errors) allows.
    Errors {
        /// So many are allowed.
        limit: usize,
    },
    /// More examples ended with an infrastructure error than
    /// [`max_infrastructure_errors`](crate::Evaluate::max_infrastructure_errors) allows.
    InfrastructureErrors {
        /// So many are allowed.
        limit: usize,
    },
    /// The time of [`total_deadline`](crate::Evaluate::total_deadline) was over.
    Deadline(Duration),
    /// The budget of the context was used up.
    Budget(Error),
    /// The set could not be read on.
    Data(Error),
    /// A result could not be handed over.
    Output(Error),
}

impl Stop {
    /// The reason's name, as `--json` output writes it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Errors { .. } => "max_errors",
            Self::InfrastructureErrors { .. } => "max_infrastructure_errors",
            Self::Deadline(_) => "deadline",
            Self::Budget(_) => "budget",
            Self::Data(_) => "data",
            Self::Output(_) => "output",
        }
    }

    /// The error, where the reason is one.
    pub fn error(&self) -> Option<&Error> {
        match self {
            Self::Budget(e) | Self::Data(e) | Self::Output(e) => Some(e),
            _ => None,
        }
    }

    pub(crate) fn to_json(&self) -> Json {
        json!({
            "reason": self.name(),
            "message": self.to_string(),
            "error": self.error().map(Error::to_json),
        })
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("cancelled by the caller"),
            Self::Errors { limit } => write!(f, "more than {limit} examples ended with an error"),
            Self::InfrastructureErrors { limit } => {
                write!(f, "more than {limit} examples ended with an infrastructure error")
            }
            Self::Deadline(time) => write!(f, "the {} s for the evaluation were over", time.as_secs_f64()),
            Self::Budget(e) | Self::Data(e) | Self::Output(e) => e.fmt(f),
        }
    }
}
