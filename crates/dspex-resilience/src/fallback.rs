//! Asking one endpoint after another until one answers.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use crate::deadline::Deadline;
use crate::events::{Event, Events};
use crate::fault::{Class, Fault, Outcome};
use crate::refusal::Refusal;
use crate::router::Endpoint;

/// An answer, and who gave it.
///
/// ```
/// use dspex_resilience::{Answered, Refusal};
/// let answered = Answered { value: "hello", by: "b".to_owned(), failed: vec![("a".to_owned(), Refusal::Deadline)] };
/// assert_eq!((&*answered.by, answered.failed.len()), ("b", 1));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Answered<T, E> {
    /// The answer.
    pub value: T,
    /// The endpoint that gave it.
    pub by: String,
    /// Those that were asked before and failed, in order.
    pub failed: Vec<(String, E)>,
}

/// No endpoint answered: who was asked, and why each failed.
///
/// ```
/// use dspex_resilience::{AllFailed, Class, Fault, Refusal};
/// use std::time::Duration;
/// let slow = Refusal::TimedOut { what: "a reply", limit: Duration::from_secs(5) };
/// let e = AllFailed::new(vec![("a".into(), slow), ("b".into(), Refusal::Deadline)]);
/// assert_eq!(e.class(), Class::Timeout, "that of the cause that tells most");
/// assert!(e.to_string().starts_with("expected an answer of one of a, b, found none: a: expected a reply within 5s"));
/// let nobody = AllFailed::<Refusal>::new(Vec::new());
/// assert_eq!(nobody.to_string(), "expected an endpoint that can take the call, found none; add one, or ask for less");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AllFailed<E> {
    /// The endpoints that were asked, with their errors, in order. None, if no endpoint was suitable.
    pub causes: Vec<(String, E)>,
}

impl<E> AllFailed<E> {
    /// The error that holds these causes.
    pub fn new(causes: Vec<(String, E)>) -> Self {
        Self { causes }
    }
}

impl<E: Fault> AllFailed<E> {
    /// The cause that tells most: one that is about the request over one that is about an account, that over one that may
    /// pass, and the first of those.
    pub fn cause(&self) -> Option<&E> {
        let rank = |class: Class| match class {
            Class::Caller | Class::TooLong | Class::Content => 0,
            Class::Auth | Class::Billing => 1,
            Class::Throttled => 2,
            Class::Transient | Class::Timeout => 3,
            Class::Unavailable => 4,
            Class::Cancelled => 5,
        };
        self.causes.iter().map(|(_, e)| e).min_by_key(|e| rank(e.class()))
    }
}

impl<E: fmt::Display> fmt::Display for AllFailed<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.causes.is_empty() {
            return f.write_str(
                "expected an endpoint that can take the call, found none; add one, or ask for less",
            );
        }
        let names: Vec<&str> = self.causes.iter().map(|(name, _)| &**name).collect();
        write!(f, "expected an answer of one of {}, found none", names.join(", "))?;
        for (i, (name, cause)) in self.causes.iter().enumerate() {
            write!(f, "{} {name}: {cause}", if i == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for AllFailed<E> {}

impl<E: Fault> Fault for AllFailed<E> {
    fn class(&self) -> Class {
        self.cause().map_or(Class::Unavailable, Fault::class)
    }

    /// The shortest wait that one of them asked for.
    fn retry_after(&self) -> Option<Duration> {
        self.causes.iter().filter_map(|(_, e)| e.retry_after()).min()
    }

    fn should_retry(&self) -> Option<bool> {
        self.cause().and_then(Fault::should_retry)
    }

    fn gave_output(&self) -> bool {
        self.causes.iter().any(|(_, e)| e.gave_output())
    }
}

/// Which failures go on to another endpoint, and to which.
///
/// Unless set, those fall on that [`Class::falls_on`] says, to the next endpoint in order. For other classes another
/// way can be named: a request that is too long for one may fit another.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use dspex_resilience::{Class, Deadline, Endpoint, Failed, Fallback, Fault};
/// #[derive(Debug)]
/// struct TooLong;
/// impl Fault for TooLong {
///     fn class(&self) -> Class {
///         Class::TooLong
///     }
/// }
/// let endpoints = [Endpoint::new("small", 8), Endpoint::new("twin", 8), Endpoint::new("large", 128)];
/// let fallback = Fallback::default().on(Class::TooLong, ["large"]);
/// let call = |endpoint: &Endpoint<u32>| {
///     let context = endpoint.value;
///     async move { if context < 100 { Err(Failed::Call(TooLong)) } else { Ok(context) } }
/// };
/// let answered = fallback.run(Deadline::NONE, &endpoints, call).await.unwrap();
/// assert_eq!((&*answered.by, answered.failed.len()), ("large", 1), "the twin was not asked");
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Fallback {
    by_class: Vec<(Class, Vec<String>)>,
    events: Events,
}

impl Fallback {
    /// After a failure of that class only the endpoints with these names are asked, in this order; with no names, none.
    #[must_use]
    pub fn on<N: Into<String>>(mut self, class: Class, names: impl IntoIterator<Item = N>) -> Self {
        self.by_class.retain(|(c, _)| *c != class);
        self.by_class.push((class, names.into_iter().map(Into::into).collect()));
        self
    }

    /// Tells events, each under the name of the endpoint that failed.
    #[must_use]
    pub fn with_events(mut self, events: Events) -> Self {
        self.events = events;
        self
    }

    /// Asks endpoints in order until one answers, each at most once.
    ///
    /// Errors: [`AllFailed`], with every cause. A passed deadline is one, as is an error that does not fall on.
    pub async fn run<'a, C, T, E, F, Fut>(
        &self,
        deadline: Deadline,
        endpoints: impl IntoIterator<Item = &'a Endpoint<C>>,
        mut call: F,
    ) -> Result<Answered<T, E>, AllFailed<E>>
    where
        C: 'a,
        F: FnMut(&'a Endpoint<C>) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Fault + From<Refusal>,
    {
        let mut open: Vec<&Endpoint<C>> = endpoints.into_iter().collect();
        let mut failed = Vec::new();
        while !open.is_empty() {
            let endpoint = open.remove(0);
            let under_way = endpoint.health.begin();
            let result = if deadline.passed() { Err(Refusal::Deadline.into()) } else { call(endpoint).await };
            under_way.end(Outcome::of(&result));
            let error = match result {
                Ok(value) => return Ok(Answered { value, by: endpoint.name.clone(), failed }),
                Err(error) => error,
            };
            let class = error.class();
            let goes_on = !error.gave_output() && self.keep(class, &mut open);
            failed.push((endpoint.name.clone(), error));
            if !goes_on {
                break;
            }
            if !open.is_empty() {
                self.events.tell(&endpoint.name, &Event::FellOn { class });
            }
        }
        Err(AllFailed::new(failed))
    }

    /// Leaves those that may be asked after a failure of that class; tells whether any may.
    fn keep<C>(&self, class: Class, open: &mut Vec<&Endpoint<C>>) -> bool {
        let Some((_, names)) = self.by_class.iter().find(|(c, _)| *c == class) else {
            return class.falls_on();
        };
        *open = names.iter().filter_map(|n| open.iter().find(|e| e.name == *n).copied()).collect();
        true
    }
}
