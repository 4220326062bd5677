//! The tally of timeouts: from timeouts to a timeout certificate.
//!
//! Of each validator the timeout of its highest view is kept, so the tally never exceeds the set. Source: `SPEC.md`,
//! rules T1, T6, E2, L1.

use std::collections::BTreeMap;

use proto::ballot::Timeout;
use proto::certificate::{TimeoutCert, TimeoutEntry};
use proto::counter::View;
use proto::id::ValidatorIndex;
use proto::validators::ValidatorSet;

use crate::evidence::Evidence;

/// What a timeout led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tallied {
    /// It is not newer than what is here.
    Repeated,
    /// It counts; too few left the view to conclude anything.
    Few,
    /// At least one honest validator left the view.
    Blocking,
    /// A quorum left the view.
    Quorum(TimeoutCert),
    /// Its signer said something else before.
    Contradicts(Evidence),
}

/// The latest timeout of each validator.
#[derive(Clone, Debug, Default)]
pub struct TimeoutTally {
    latest: BTreeMap<ValidatorIndex, Timeout>,
}

impl TimeoutTally {
    /// Counts a timeout.
    pub fn add(&mut self, set: &ValidatorSet, timeout: Timeout) -> Tallied {
        let view = timeout.view;
        if let Some(latest) = self.latest.get(&timeout.voter) {
            // rule E2
            if latest.view == view && latest.statement() != timeout.statement() {
                return Tallied::Contradicts(Evidence::Timeouts(Box::new([latest.clone(), timeout])));
            }
            if latest.view >= view {
                return Tallied::Repeated;
            }
        }
        self.latest.insert(timeout.voter, timeout);
        let power: u64 = self.of(view).map(|timeout| set.power(timeout.voter)).sum();
        match (power >= set.quorum_power(), power >= set.blocking_power()) {
            (true, _) => self.certificate(view).map_or(Tallied::Few, Tallied::Quorum),
            (false, true) => Tallied::Blocking,
            (false, false) => Tallied::Few,
        }
    }

    fn of(&self, view: View) -> impl Iterator<Item = &Timeout> {
        self.latest.values().filter(move |timeout| timeout.view == view)
    }

    /// The certificate of all timeouts of a view. It carries the highest certificate any of them reports: whoever holds
    /// it can lead the next view.
    // rule T6
    fn certificate(&self, view: View) -> Option<TimeoutCert> {
        let highest = self.of(view).max_by_key(|timeout| timeout.high_qc.view)?;
        let entries = self
            .of(view)
            .map(|timeout| TimeoutEntry {
                signer: timeout.voter,
                high_qc_view: timeout.high_qc.view,
                signature: timeout.signature.clone(),
            })
            .collect();
        Some(TimeoutCert { epoch: highest.epoch, view, high_qc: highest.high_qc.clone(), entries })
    }
}
