//! How much one caller, and one address, may use.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};

use crate::caller::CallerId;
use crate::config;
use crate::error::ProxyError;

/// All bounds on use. They are kept in memory: a restart forgets them.
pub(crate) struct Limits {
    pub(crate) addresses: Arc<Gate<IpAddr>>,
    pub(crate) callers: Arc<Gate<CallerId>>,
    pub(crate) budget: Option<Arc<Budget>>,
}

impl Limits {
    pub(crate) fn new(limits: &config::Limits) -> Self {
        Limits {
            addresses: Arc::new(Gate::new(limits.address_rate, limits.address_streams)),
            callers: Arc::new(Gate::new(limits.rate, limits.streams)),
            budget: limits.tokens_per_day.map(|max| Arc::new(Budget::new(max))),
        }
    }
}

/// Requests in a minute and answers at once, for each key.
pub(crate) struct Gate<K: Hash + Eq + Clone> {
    rate: Option<DefaultKeyedRateLimiter<K>>,
    clock: DefaultClock,
    asked: AtomicU32,
    open_max: Option<u32>,
    open: Mutex<HashMap<K, u32>>,
}

impl<K: Hash + Eq + Clone> Gate<K> {
    fn new(rate: Option<u32>, open_max: Option<u32>) -> Self {
        let quota = rate.and_then(NonZeroU32::new).map(Quota::per_minute);
        Gate {
            rate: quota.map(DefaultKeyedRateLimiter::keyed),
            clock: DefaultClock::default(),
            asked: AtomicU32::new(0),
            open_max,
            open: Mutex::default(),
        }
    }

    /// Lets one request in; its answer is under way until the permit is dropped.
    pub(crate) fn enter(self: &Arc<Self>, key: &K) -> Result<Permit<K>, ProxyError> {
        if let Some(rate) = &self.rate {
            if self.asked.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
                rate.retain_recent();
                rate.shrink_to_fit();
            }
            rate.check_key(key).map_err(|refused| {
                let wait = refused.wait_time_from(self.clock.now());
                ProxyError::RateLimited { retry_after_s: wait.as_secs() + 1 }
            })?;
        }
        if let Some(max) = self.open_max {
            let mut open = lock(&self.open);
            match open.get_mut(key) {
                Some(count) if *count >= max => return Err(ProxyError::TooManyStreams),
                Some(count) => *count += 1,
                None => drop(open.insert(key.clone(), 1)),
            }
        }
        Ok(Permit { gate: Arc::clone(self), key: key.clone() })
    }
}

/// An answer under way.
pub(crate) struct Permit<K: Hash + Eq + Clone> {
    gate: Arc<Gate<K>>,
    key: K,
}

impl<K: Hash + Eq + Clone> Drop for Permit<K> {
    fn drop(&mut self) {
        if self.gate.open_max.is_some() {
            let mut open = lock(&self.gate.open);
            match open.get_mut(&self.key) {
                Some(count) if *count > 1 => *count -= 1,
                _ => drop(open.remove(&self.key)),
            }
        }
    }
}

/// The tokens that each caller used on one day of UTC.
pub(crate) struct Budget {
    max: u64,
    spent: Mutex<Spent>,
}

#[derive(Default)]
struct Spent {
    day: u64,
    tokens: HashMap<CallerId, u64>,
}

impl Budget {
    fn new(max: u64) -> Self {
        Budget { max, spent: Mutex::default() }
    }

    /// Whether a caller may still ask. What answers under way will take is not known yet, so the
    /// last ones of a day may go beyond its budget.
    pub(crate) fn check(&self, caller: &str) -> Result<(), ProxyError> {
        self.check_at(caller, now_s())
    }

    pub(crate) fn charge(&self, caller: &CallerId, tokens: u64) {
        self.charge_at(caller, tokens, now_s());
    }

    fn check_at(&self, caller: &str, now_s: u64) -> Result<(), ProxyError> {
        let spent = self.today(now_s).tokens.get(caller).copied().unwrap_or_default();
        if spent < self.max {
            return Ok(());
        }
        Err(ProxyError::BudgetSpent { retry_after_s: DAY_S - now_s % DAY_S })
    }

    fn charge_at(&self, caller: &CallerId, tokens: u64, now_s: u64) {
        let mut today = self.today(now_s);
        let spent = today.tokens.entry(caller.clone()).or_default();
        *spent = spent.saturating_add(tokens);
    }

    fn today(&self, now_s: u64) -> MutexGuard<'_, Spent> {
        let mut spent = lock(&self.spent);
        let day = now_s / DAY_S;
        if spent.day != day {
            *spent = Spent { day, tokens: HashMap::new() };
        }
        spent
    }
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Counts are right after any panic: each change is one step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const DAY_S: u64 = 24 * 60 * 60;

/// After so many requests, what is known of callers that have been quiet is forgotten.
const SWEEP_EVERY: u32 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budget_is_of_one_day_and_one_caller() {
        let budget = Budget::new(100);
        let (alice, noon) = (CallerId::from("alice"), 20_000 * DAY_S + DAY_S / 2);
        budget.charge_at(&alice, 99, noon);
        assert_eq!(budget.check_at("alice", noon), Ok(()));
        budget.charge_at(&alice, 1, noon);
        let spent = ProxyError::BudgetSpent { retry_after_s: DAY_S / 2 };
        assert_eq!(budget.check_at("alice", noon), Err(spent));
        assert_eq!(budget.check_at("bob", noon), Ok(()));
        assert_eq!(budget.check_at("alice", noon + DAY_S / 2), Ok(()));
    }
}
