//! The retry quota: what keeps retries from multiplying an outage.

use std::sync::{Arc, Mutex, PoisonError};

use crate::fault::Class;

/// What retries cost, in tokens.
///
/// ```
/// use dspex_resilience::QuotaPolicy;
/// let policy = QuotaPolicy::default();
/// assert_eq!((policy.capacity, policy.retry, policy.after_timeout, policy.success), (500, 5, 10, 1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuotaPolicy {
    /// How many tokens there are at the start and at most. 500, unless set.
    pub capacity: u32,
    /// What a retry costs. 5, unless set.
    pub retry: u32,
    /// What a retry after a timeout costs: the server may still be at work on the first. 10, unless set.
    pub after_timeout: u32,
    /// What a call gives back that succeeds at once. 1, unless set.
    pub success: u32,
}

impl Default for QuotaPolicy {
    fn default() -> Self {
        Self { capacity: 500, retry: 5, after_timeout: 10, success: 1 }
    }
}

/// Tokens that retries take and successes give back, shared by all callers of one server. With the default numbers, which
/// are those of AWS's clients, an outage is met by at most 100 retries in all, however many callers there are; in the long
/// run there is at most one retry for five calls that succeed at once. Clones share one quota.
///
/// A call that succeeds after retries gives back what its last retry took.
///
/// ```
/// use dspex_resilience::{Class, QuotaPolicy, RetryQuota};
/// let quota = RetryQuota::new(QuotaPolicy::default());
/// let retries = (0..1000).filter(|_| quota.take(Class::Transient).is_some()).count();
/// assert_eq!(retries, 100);
/// ```
#[derive(Clone, Debug)]
pub struct RetryQuota {
    policy: QuotaPolicy,
    left: Arc<Mutex<u32>>,
}

impl Default for RetryQuota {
    fn default() -> Self {
        Self::new(QuotaPolicy::default())
    }
}

impl RetryQuota {
    /// A full quota.
    pub fn new(policy: QuotaPolicy) -> Self {
        Self { policy, left: Arc::new(Mutex::new(policy.capacity)) }
    }

    /// Takes what a retry after such a failure costs; `None` if there is not enough left.
    pub fn take(&self, class: Class) -> Option<u32> {
        let cost = if class == Class::Timeout { self.policy.after_timeout } else { self.policy.retry };
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        *left = left.checked_sub(cost)?;
        Some(cost)
    }

    /// Gives back after a success: what the call's last retry took, or the tokens of a success at once.
    pub fn give_back(&self, taken: Option<u32>) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        *left = left.saturating_add(taken.unwrap_or(self.policy.success)).min(self.policy.capacity);
    }

    /// How many tokens are left.
    pub fn left(&self) -> u32 {
        *self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
