//! How often a tenant may ask one endpoint: so many requests a minute, all at once if it likes, then evenly.
//!
//! Who has not asked for a minute is forgotten, and of others only so many are remembered: when there is no room for one
//! more even so, it waits. Callers who show no credential are not counted here; the number of requests that are answered at
//! once bounds them (`guard`). Source: GCRA, as ATM Forum TM 4.0 §4.4 has it.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use governor::clock::{Clock as _, MonotonicClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use model::error::AccessError;

use super::principal::Principal;

/// Most pairs of tenant and endpoint that are remembered, of each rate.
const PAIRS_MAX: usize = 16_384;
/// When to come again when there is no room to remember one more, in milliseconds.
const FULL_RETRY_MS: u64 = 5_000;

/// A tenant at an endpoint.
type Pair = (String, &'static str);
type Limiter = RateLimiter<Pair, HashMapStateStore<Pair>, MonotonicClock>;

/// The rates of a node.
pub(crate) struct Rates {
    usual: u32,
    /// One for each rate that a key can have: the operator's file bounds their number.
    limiters: BTreeMap<u32, Limiter>,
}

impl Rates {
    /// This rate for everybody whose credential says nothing else, and these for others, in requests a minute. Zero: no
    /// limit.
    pub(crate) fn new(usual: u32, others: impl Iterator<Item = u32>) -> Self {
        let limiter = |rate: u32| {
            let quota = Quota::per_minute(NonZeroU32::new(rate)?);
            Some((rate, RateLimiter::new(quota, HashMapStateStore::default(), MonotonicClock)))
        };
        Self { usual, limiters: others.chain([usual]).filter_map(limiter).collect() }
    }

    /// Takes one request of this caller at this endpoint.
    ///
    /// # Errors
    /// `Rate`, with when to come again.
    pub(crate) fn take(&self, caller: &Principal, name: &'static str) -> Result<(), AccessError> {
        let per_minute = caller.per_minute.unwrap_or(self.usual);
        // A rate of zero has no limiter.
        let Some(limiter) = self.limiters.get(&per_minute) else { return Ok(()) };
        let tenant = || caller.tenant.to_string();
        let refused =
            |retry_after_ms| AccessError::Rate { tenant: tenant(), name, per_minute, retry_after_ms };
        if limiter.len() >= PAIRS_MAX {
            limiter.retain_recent();
            if limiter.len() >= PAIRS_MAX {
                return Err(refused(FULL_RETRY_MS));
            }
        }
        limiter.check_key(&(tenant(), name)).map_err(|early| {
            let wait = early.wait_time_from(MonotonicClock.now()).as_millis();
            refused(u64::try_from(wait).unwrap_or(u64::MAX).max(1))
        })
    }
}

#[cfg(test)]
mod tests {
    use proto::id::Tenant;

    use super::*;

    fn caller(tenant: &str, per_minute: Option<u32>) -> Principal {
        Principal { tenant: Tenant::parse(tenant).expect("a name"), per_minute, ..Principal::anonymous() }
    }

    #[test]
    fn each_tenant_has_a_rate_of_its_own_at_each_endpoint() {
        let rates = Rates::new(3, [2].into_iter());
        let taken =
            |caller: &Principal, name| (0..5).take_while(|_| rates.take(caller, name).is_ok()).count();
        let (acme, globex, slow) = (caller("acme", None), caller("globex", None), caller("slow", Some(2)));
        assert_eq!(
            [taken(&acme, "a"), taken(&acme, "b"), taken(&globex, "a"), taken(&slow, "a")],
            [3, 3, 3, 2]
        );
        let Err(AccessError::Rate { per_minute: 3, retry_after_ms, .. }) = rates.take(&acme, "a") else {
            panic!("it has asked often enough");
        };
        assert!((1..=20_000).contains(&retry_after_ms), "{retry_after_ms}");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let rates = Rates::new(1, std::iter::empty());
        for n in 0..PAIRS_MAX {
            assert!(rates.take(&caller(&format!("t{n}"), None), "a").is_ok());
        }
        let full = rates.take(&caller("one-more", None), "a");
        assert!(matches!(full, Err(AccessError::Rate { retry_after_ms: FULL_RETRY_MS, .. })), "{full:?}");
        // No limit remembers nobody.
        assert!(Rates::new(0, std::iter::empty()).take(&caller("one-more", None), "a").is_ok());
    }
}
