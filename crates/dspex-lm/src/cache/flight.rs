//! One flight for many: of several callers with the same miss, one asks and the others wait for what it gets.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use dspex_core::lm::LmError;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use super::CacheKey;

/// The misses that somebody asks about now.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<HashMap<CacheKey, Weak<AsyncMutex<State>>>>);

/// What became of a miss so far.
#[derive(Debug, Default)]
pub(super) struct State {
    failures: u32,
    last: Option<LmError>,
}

/// After so many failures those who wait are told of the last one instead of asking again, one after the other.
const TRIES: u32 = 2;

/// The right to ask. Dropped with nothing said, as by a caller who gave up, it passes to the next one who waits.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    flights: &'a Flights,
    key: CacheKey,
    state: Option<OwnedMutexGuard<State>>,
}

impl Flights {
    /// Waits for the turn to ask about a key.
    pub(super) async fn turn(&self, key: CacheKey) -> Result<Turn<'_>, LmError> {
        let flight = {
            let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match flights.get(&key).and_then(Weak::upgrade) {
                Some(flight) => flight,
                None => {
                    // Of flights that nobody is left in, as when all who waited gave up, only the keys are here.
                    if flights.len() == flights.capacity() {
                        flights.retain(|_, flight| flight.strong_count() > 0);
                    }
                    let flight = Arc::new(AsyncMutex::new(State::default()));
                    flights.insert(key, Arc::downgrade(&flight));
                    flight
                }
            }
        };
        let state = flight.lock_owned().await;
        let turn = Turn { flights: self, key, state: Some(state) };
        match turn.state.as_ref().and_then(|s| s.last.clone().filter(|_| s.failures >= TRIES)) {
            Some(e) => Err(e),
            None => Ok(turn),
        }
    }
}

impl Turn<'_> {
    /// Tells those who wait that it failed.
    pub(super) fn failed(&mut self, error: &LmError) {
        if let Some(state) = &mut self.state {
            state.failures += 1;
            state.last = Some(error.clone());
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut flights = self.flights.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = self.state.take();
        drop(state);
        // Whoever waits holds the flight; without them nobody needs it.
        if flights.get(&self.key).is_some_and(|flight| flight.strong_count() == 0) {
            flights.remove(&self.key);
        }
    }
}
