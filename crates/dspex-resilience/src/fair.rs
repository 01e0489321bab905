//! Whose turn it is: first come first served within a tenant, by weight between tenants.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use tokio::sync::Notify;

/// Virtual time that a unit of work takes at weight 1.
const UNIT: u64 = 1 << 20;

/// One that waits.
#[derive(Debug)]
pub(crate) struct Waiter {
    pub(crate) id: u64,
    pub(crate) wake: Arc<Notify>,
    /// Virtual time that its turn takes.
    length: u64,
}

#[derive(Debug, Default)]
struct Tenant {
    /// The virtual time at which its next turn begins.
    start: u64,
    waiting: VecDeque<Waiter>,
}

/// Start-time fair queueing: a tenant's next turn begins when its last one ends in virtual time, which passes slower for
/// heavier weights; the earliest goes first. A tenant that comes back from a pause begins now: it neither saves up turns
/// nor pays for old ones.
#[derive(Debug, Default)]
pub(crate) struct FairQueue {
    tenants: HashMap<Arc<str>, Tenant>,
    /// Tenants with waiters, by the start of their next turn and then by who came first.
    order: BTreeSet<(u64, u64, Arc<str>)>,
    now: u64,
    next_id: u64,
}

impl FairQueue {
    pub(crate) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.tenants.values().map(|t| t.waiting.len()).sum()
    }

    /// Who is next.
    pub(crate) fn head(&self) -> Option<&Waiter> {
        let (_, _, tenant) = self.order.first()?;
        self.tenants.get(tenant)?.waiting.front()
    }

    /// Queues one more; gives its number.
    pub(crate) fn join(&mut self, tenant: &Arc<str>, weight: u32, work: u64, wake: Arc<Notify>) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        let length = (work.max(1).saturating_mul(UNIT) / u64::from(weight.max(1))).max(1);
        let entry = self.tenants.entry(Arc::clone(tenant)).or_default();
        if entry.waiting.is_empty() {
            entry.start = entry.start.max(self.now);
            self.order.insert((entry.start, id, Arc::clone(tenant)));
        }
        entry.waiting.push_back(Waiter { id, wake, length });
        id
    }

    /// Takes one out: because it had its turn, or because it left.
    pub(crate) fn leave(&mut self, tenant: &Arc<str>, id: u64, had_turn: bool) {
        let Some(entry) = self.tenants.get_mut(tenant) else { return };
        let Some(place) = entry.waiting.iter().position(|w| w.id == id) else { return };
        let was_first = place == 0;
        if was_first {
            self.order.remove(&(entry.start, id, Arc::clone(tenant)));
        }
        let waiter = entry.waiting.remove(place);
        if had_turn {
            self.now = self.now.max(entry.start);
            entry.start = entry.start.saturating_add(waiter.map_or(0, |w| w.length));
        }
        if let (true, Some(next)) = (was_first, entry.waiting.front()) {
            self.order.insert((entry.start, next.id, Arc::clone(tenant)));
        }
        if self.order.is_empty() {
            // Nobody waits: there is nothing to be fair about.
            self.tenants.clear();
        } else if entry.waiting.is_empty() && entry.start <= self.now {
            self.tenants.remove(tenant);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(queue: &mut FairQueue, tenant: &str, weight: u32, count: usize) {
        for _ in 0..count {
            queue.join(&tenant.into(), weight, 1, Arc::default());
        }
    }

    fn turns(queue: &mut FairQueue, count: usize) -> Vec<Arc<str>> {
        let turn = |queue: &mut FairQueue| {
            let (_, id, tenant) = queue.order.first().cloned()?;
            queue.leave(&tenant, id, true);
            Some(tenant)
        };
        (0..count).filter_map(|_| turn(queue)).collect()
    }

    #[test]
    fn weights_share_the_turns() {
        let mut queue = FairQueue::default();
        join(&mut queue, "heavy", 3, 100);
        join(&mut queue, "light", 1, 100);
        let heavy = turns(&mut queue, 40).iter().filter(|t| &***t == "heavy").count();
        assert!((29..=31).contains(&heavy), "{heavy} of 40 at weight 3 to 1");
    }

    #[test]
    fn one_that_comes_late_is_next_but_saves_nothing_up() {
        let mut queue = FairQueue::default();
        join(&mut queue, "old", 1, 100);
        turns(&mut queue, 50);
        join(&mut queue, "new", 1, 100);
        let new = turns(&mut queue, 20).iter().filter(|t| &***t == "new").count();
        assert!((9..=11).contains(&new), "{new} of 20");
    }

    #[test]
    fn within_a_tenant_the_first_goes_first_also_when_some_leave() {
        let mut queue = FairQueue::default();
        let tenant: Arc<str> = "a".into();
        join(&mut queue, "a", 1, 5);
        queue.leave(&tenant, 0, false);
        queue.leave(&tenant, 2, false);
        queue.leave(&tenant, 2, false);
        let mut ids = Vec::new();
        while let Some(id) = queue.head().map(|w| w.id) {
            ids.push(id);
            queue.leave(&tenant, id, true);
        }
        assert_eq!(ids, [1, 3, 4]);
        assert!(queue.is_empty() && queue.tenants.is_empty(), "nothing is kept of who is gone");
    }
}
