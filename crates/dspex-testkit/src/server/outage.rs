//! Outages: a while, or so many calls, for which a server only fails.

use std::time::Duration;

use tokio::time::Instant;

use super::share::duration;

/// A time in which every call fails.
///
/// ```
/// use dspex_testkit::Outage;
/// use std::time::Duration;
/// assert_eq!("3".parse(), Ok(Outage::calls(3)));
/// assert_eq!("10s".parse(), Ok(Outage::lasting(Duration::from_secs(10))));
/// let overloaded = Outage::until_ended().status(529);
/// # let _ = overloaded;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    status: u16,
    calls: Option<usize>,
    lasting: Option<Duration>,
}

impl Outage {
    /// Until the server is told that it is over.
    pub fn until_ended() -> Self {
        Self { status: 503, calls: None, lasting: None }
    }

    /// For so many calls.
    pub fn calls(count: usize) -> Self {
        Self { calls: Some(count), ..Self::until_ended() }
    }

    /// For so long.
    pub fn lasting(span: Duration) -> Self {
        Self { lasting: Some(span), ..Self::until_ended() }
    }

    /// With another status than 503.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}

impl std::str::FromStr for Outage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(calls) = text.parse() {
            return Ok(Self::calls(calls));
        }
        duration(text)
            .map(Self::lasting)
            .map_err(|_| format!("expected a number of calls or a span such as 10s, found `{text}`"))
    }
}

/// An outage that goes on.
#[derive(Debug)]
pub(super) struct Running {
    outage: Outage,
    since: Instant,
}

impl Running {
    pub(super) fn new(outage: Outage) -> Self {
        Self { outage, since: Instant::now() }
    }

    /// The status of one more call; none once it is over.
    pub(super) fn hit(&mut self) -> Option<u16> {
        if self.outage.lasting.is_some_and(|span| self.since.elapsed() >= span) {
            return None;
        }
        match &mut self.outage.calls {
            Some(0) => return None,
            Some(left) => *left -= 1,
            None => {}
        }
        Some(self.outage.status)
    }
}
