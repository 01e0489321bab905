//! The breaker's states beside a model that is written another way: it keeps the whole history and no counts.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Enter,
    /// The end of one of the calls that are under way.
    End(usize, Outcome),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let outcome = prop_oneof![
        3 => Just(Outcome::Failure(Class::Transient)),
        2 => Just(Outcome::Success),
        1 => Just(Outcome::Ignore),
        1 => Just(Outcome::Fatal(Class::Auth)),
    ];
    prop_oneof![
        4 => Just(Step::Enter),
        4 => (any::<usize>(), outcome).prop_map(|(i, o)| Step::End(i, o)),
        2 => prop_oneof![0_u64..500, 500_u64..40_000].prop_map(Step::Pass),
    ]
}

fn policy() -> BreakerPolicy {
    BreakerPolicy {
        in_a_row: Some(3),
        share: 0.5,
        least_calls: 6,
        over: Duration::from_secs(10),
        fatal: true,
        open_for: Duration::from_secs(1),
        open_at_most: Duration::from_secs(8),
    }
}

/// What a breaker should do, from the list of what happened since it last changed.
struct Model {
    /// `(when, failed)` of calls that began and ended since it closed.
    ended: Vec<(Instant, bool)>,
    open: Option<(Instant, u32)>,
    /// The probe that is under way, by its number.
    probe: Option<usize>,
    /// Calls with a lower number began before the last change.
    since: usize,
    began: Option<Instant>,
}

impl Model {
    fn lets_through(&self, now: Instant) -> bool {
        self.open.is_none_or(|(until, _)| until <= now) && self.probe.is_none()
    }

    fn fails(&mut self, now: Instant, next: usize) {
        let times = self.open.map_or(0, |(_, times)| times);
        let wait = Duration::from_secs(8.min(1 << times.min(10)));
        self.open = Some((now + wait, times + 1));
        (self.ended, self.began, self.probe, self.since) = (Vec::new(), None, None, next);
    }

    fn ends(&mut self, call: usize, outcome: Outcome, now: Instant, next: usize) {
        if call < self.since {
            return;
        }
        let is_probe = self.probe == Some(call);
        match outcome {
            Outcome::Ignore if is_probe => self.probe = None,
            Outcome::Ignore => {}
            Outcome::Success if is_probe => {
                (self.open, self.probe, self.since) = (None, None, next);
            }
            Outcome::Fatal(_) => self.fails(now, next),
            Outcome::Failure(_) if is_probe => self.fails(now, next),
            Outcome::Success | Outcome::Failure(_) => {
                let failed = outcome != Outcome::Success;
                self.began.get_or_insert(now);
                self.ended.push((now, failed));
                if failed && self.is_too_much(now) {
                    self.fails(now, next);
                }
            }
        }
    }

    fn is_too_much(&self, now: Instant) -> bool {
        let in_a_row = self.ended.iter().rev().take_while(|(_, failed)| *failed).count();
        // The newest ten parts of a second each.
        let part = |at: Instant| self.began.map_or(0, |b| at.duration_since(b).as_secs());
        let recent: Vec<bool> =
            self.ended.iter().filter(|(at, _)| part(*at) + 10 > part(now)).map(|(_, f)| *f).collect();
        let failed = recent.iter().filter(|f| **f).count();
        in_a_row >= 3 || (recent.len() >= 6 && failed * 2 >= recent.len())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn does_what_the_model_does(steps in proptest::collection::vec(step(), 1..120)) {
        let mut now = Instant::now();
        let mut machine = Machine::new(policy());
        let mut model = Model { ended: Vec::new(), open: None, probe: None, since: 0, began: None };
        let mut under_way: Vec<(usize, Entry)> = Vec::new();
        let mut next = 0;
        for step in steps {
            match step {
                Step::Pass(ms) => now += Duration::from_millis(ms),
                Step::Enter => {
                    let entered = machine.enter(now);
                    prop_assert_eq!(entered.is_ok(), model.lets_through(now));
                    if let Ok(entry) = entered {
                        if model.open.is_some() {
                            prop_assert!(entry.probe);
                            (model.probe, model.since) = (Some(next), next);
                        }
                        under_way.push((next, entry));
                        next += 1;
                    }
                }
                Step::End(_, _) if under_way.is_empty() => {}
                Step::End(i, outcome) => {
                    let (call, entry) = under_way.swap_remove(i % under_way.len());
                    machine.record(entry, outcome, now);
                    model.ends(call, outcome, now, next);
                }
            }
            let expected = match (model.open, model.probe) {
                (None, _) => BreakerState::Closed,
                (Some(_), Some(_)) => BreakerState::HalfOpen { probing: true },
                (Some((until, _)), None) if until > now => BreakerState::Open { until },
                (Some(_), None) => BreakerState::HalfOpen { probing: false },
            };
            prop_assert_eq!(machine.state(now), expected);
        }
    }
}
