//! Answers: what a server gives for one request.

use dspex_core::lm::Reply;

use super::fault::Fault;

/// One answer of a [`Script`](crate::Script), written as the wire writes it that a client speaks.
///
/// ```
/// use dspex_testkit::{Answer, Fault};
/// let busy = Answer::status(429).with_header("retry-after", "2");
/// let Answer::Status { status, headers, .. } = &busy else { panic!("expected an error") };
/// assert_eq!(*status, 429);
/// assert!(headers.contains(&("retry-after".into(), "2".into())));
/// assert!(matches!(Answer::text("Paris").cut_after(10), Answer::CutAfter(10, _)));
/// let slow = Answer::text("Paris").with_fault(Fault::DuplicatedEvents).with_fault(Fault::NoTerminal);
/// assert!(matches!(slow, Answer::Faulty(faults, _) if faults.len() == 2));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Answer {
    /// A reply of a model.
    Reply(Reply),
    /// The model declines, in these words.
    Refusal(String),
    /// An error, as the wire writes errors.
    Status {
        /// Its status.
        status: u16,
        /// What it says.
        message: String,
        /// Headers beside those that every answer has.
        headers: Vec<(String, String)>,
    },
    /// An HTTP answer as it stands.
    Http {
        /// Its status.
        status: u16,
        /// Its headers.
        headers: Vec<(String, String)>,
        /// Its body.
        body: String,
    },
    /// The answer, with faults upon it.
    Faulty(Vec<Fault>, Box<Answer>),
    /// The reply, of whose body only so many bytes are sent before the connection breaks.
    CutAfter(usize, Box<Answer>),
    /// Nothing, for ever: the connection stays open.
    Hang,
}

impl Answer {
    /// A reply of one text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Reply(Reply::text(text))
    }

    /// A failure with a status, as the wire writes them.
    pub fn status(status: u16) -> Self {
        Self::Status { status, message: format!("scripted failure {status}"), headers: Vec::new() }
    }

    /// An answer of this content type and body, with the status of success.
    pub fn body(content_type: &str, body: impl Into<String>) -> Self {
        Self::Http {
            status: 200,
            headers: vec![("content-type".into(), content_type.into())],
            body: body.into(),
        }
    }

    /// The answer, broken off after so many bytes of its body.
    #[must_use]
    pub fn cut_after(self, bytes: usize) -> Self {
        Self::CutAfter(bytes, Box::new(self))
    }

    /// The answer with a fault upon it, after those that it has.
    #[must_use]
    pub fn with_fault(self, fault: Fault) -> Self {
        match self {
            Self::Faulty(mut faults, inner) => {
                faults.push(fault);
                Self::Faulty(faults, inner)
            }
            other => Self::Faulty(vec![fault], Box::new(other)),
        }
    }

    /// The answer with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        match &mut self {
            Self::Http { headers, .. } | Self::Status { headers, .. } => {
                headers.push((name.into(), value.into()));
                self
            }
            _ => self.with_fault(Fault::Header(name.into(), value.into())),
        }
    }

    /// The answer without its faults, and the faults in the order in which they were put upon it.
    pub(super) fn apart(self) -> (Self, Vec<Fault>) {
        match self {
            Self::Faulty(faults, inner) => {
                let (answer, mut all) = inner.apart();
                all.extend(faults);
                (answer, all)
            }
            Self::CutAfter(bytes, inner) => {
                let (answer, mut all) = inner.apart();
                all.push(Fault::CloseAfter(bytes));
                (answer, all)
            }
            Self::Hang => (Self::Hang, vec![Fault::Hang]),
            other => (other, Vec::new()),
        }
    }
}
