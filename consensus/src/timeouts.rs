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
use crate::replica::Essence;

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

    /// What decides our further words: who left which view, and what they report.
    pub fn essence(&self, out: &mut Essence) {
        out.number(self.latest.len() as u64);
        for (voter, timeout) in &self.latest {
            out.validator(*voter).view(timeout.view).qc(&timeout.high_qc);
        }
    }

    fn of(&self, view: View) -> impl Iterator<Item = &Timeout> {
        self.latest
            .values()
            .filter(move |timeout| timeout.view == view || crypto::broken!(TimeoutsOfAllViews))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Ideal, chain, genesis_qc, i, leave, set, timeout, v};

    #[test]
    fn the_certificate_carries_the_highest_report() {
        let set = set(4);
        let (blocks, qc2) = chain(&set, &[1, 2]);
        let qc1 = blocks[1].1.clone();
        let tc2 = leave(&set, 2, &qc1);
        let mut tally = TimeoutTally::default();
        assert_eq!(tally.add(&set, timeout(&set, i(2), v(3), qc1.clone(), Some(tc2.clone()))), Tallied::Few);
        assert_eq!(tally.add(&set, timeout(&set, i(0), v(3), qc2.clone(), None)), Tallied::Blocking);
        let last = timeout(&set, i(3), v(3), qc1, Some(tc2));
        let Tallied::Quorum(tc) = tally.add(&set, last.clone()) else { panic!("no quorum") };
        assert_eq!(tc.verify(&set, &Ideal), Ok(()));
        assert_eq!(tc.high_qc, qc2);
        assert_eq!(tally.add(&set, last), Tallied::Repeated);
    }

    #[test]
    fn a_newer_timeout_replaces_the_older_and_not_the_other_way() {
        let set = set(4);
        let mut tally = TimeoutTally::default();
        let at = |voter, view| timeout(&set, i(voter), v(view), genesis_qc(), None);
        tally.add(&set, at(0, 5));
        assert_eq!(tally.add(&set, at(0, 4)), Tallied::Repeated);
        tally.add(&set, at(1, 4));
        assert_eq!(tally.add(&set, at(2, 5)), Tallied::Blocking);
        assert_eq!(tally.add(&set, at(1, 5)), Tallied::Quorum(tally.certificate(v(5)).unwrap()));
        assert_eq!(tally.latest.len(), 3);
    }

    #[test]
    fn two_reports_of_one_view_are_evidence() {
        let set = set(4);
        let (_, qc) = chain(&set, &[1, 2]);
        let mut tally = TimeoutTally::default();
        tally.add(&set, timeout(&set, i(0), v(3), qc.clone(), None));
        let other = timeout(&set, i(0), v(3), genesis_qc(), Some(leave(&set, 2, &genesis_qc())));
        let Tallied::Contradicts(evidence) = tally.add(&set, other) else { panic!("not noticed") };
        assert_eq!(evidence.verify(&set, &Ideal), Ok(()));
    }
}
