//! What layers tell while they work.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::fault::Class;

/// Something that happened in a layer.
///
/// ```
/// use dspex_resilience::{Breaker, BreakerPolicy, Class, Event, Events, Outcome};
/// use std::sync::{Arc, Mutex};
/// let seen = Arc::new(Mutex::new(Vec::new()));
/// let sink = Arc::clone(&seen);
/// let events = Events::to(move |key: &str, event: &Event| sink.lock().unwrap().push(format!("{key}: {event}")));
/// let breaker = Breaker::new("a", BreakerPolicy::default()).with_events(events);
/// breaker.enter().unwrap().record(Outcome::Fatal(Class::Billing));
/// assert_eq!(*seen.lock().unwrap(), ["a: breaker opened for 2s (billing)"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A breaker opened.
    Opened {
        /// How long nothing is let through.
        wait: Duration,
        /// The class of the failure that opened it.
        cause: Class,
    },
    /// A breaker lets one call through, to see whether it may close.
    HalfOpened,
    /// A breaker closed.
    Closed,
    /// The server throttled; calls with this key wait.
    Throttled {
        /// How long.
        wait: Duration,
    },
    /// An attempt failed and is made again.
    Retried {
        /// The attempt that failed, from 1.
        attempt: u32,
        /// The wait before the next.
        wait: Duration,
        /// Its class.
        class: Class,
    },
    /// A second attempt was started beside the first.
    Hedged,
    /// Another endpoint is asked.
    FellOn {
        /// The class of the failure.
        class: Class,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened { wait, cause } => write!(f, "breaker opened for {wait:?} ({})", cause.name()),
            Self::HalfOpened => f.write_str("breaker half-open"),
            Self::Closed => f.write_str("breaker closed"),
            Self::Throttled { wait } => write!(f, "throttled for {wait:?}"),
            Self::Retried { attempt, wait, class } => {
                write!(f, "attempt {attempt} failed ({}), the next in {wait:?}", class.name())
            }
            Self::Hedged => f.write_str("hedged"),
            Self::FellOn { class } => write!(f, "fell on ({})", class.name()),
        }
    }
}

type Sink = dyn Fn(&str, &Event) + Send + Sync;

/// Where events go: nowhere, unless a sink is given. A sink is called in the task that made the event and must not
/// block; no lock of a layer is held meanwhile, so it may ask layers for their state. See [`Event`] for an example.
///
/// ```
/// use dspex_resilience::{Event, Events};
/// Events::default().tell("a", &Event::Closed);
/// ```
#[derive(Clone, Default)]
pub struct Events(Option<Arc<Sink>>);

impl Events {
    /// Events go to a function, which takes the key of the layer and the event.
    pub fn to(sink: impl Fn(&str, &Event) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(sink)))
    }

    /// Tells of an event.
    pub fn tell(&self, key: &str, event: &Event) {
        if let Some(sink) = &self.0 {
            sink(key, event);
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Events(sink)" } else { "Events(none)" })
    }
}
