//! Silence: how long a validator that lost its journal says nothing.
//!
//! It may have acted in views it no longer knows of, and must not act in them again. Nobody can tell it which they were,
//! but whoever led it there was there too, and remembers. Source: `SPEC.md`, rules R6 and R7.

use std::collections::BTreeMap;

use proto::counter::View;
use proto::id::ValidatorIndex;
use proto::validators::ValidatorSet;

/// What the others have shown so far, and what follows from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Silence {
    /// The highest current view that each has shown.
    shown: BTreeMap<ValidatorIndex, View>,
    /// The last view to be silent in, once enough have shown theirs.
    until: Option<View>,
}

impl Silence {
    /// A validator showed certificates that lead to `view`, asked by us in this life. What comes after enough did only
    /// shows that the network goes on.
    // rules R6, R7
    pub fn hear(&mut self, set: &ValidatorSet, me: ValidatorIndex, from: ValidatorIndex, view: View) {
        if self.until.is_some() || from == me || set.get(from).is_none() {
            return;
        }
        let shown = self.shown.entry(from).or_insert(view);
        *shown = view.max(*shown);
        let power: u64 = self.shown.keys().map(|index| set.power(*index)).sum();
        if power >= needed(set) {
            let highest = self.shown.values().copied().max().unwrap_or(View::ZERO);
            // One above: a certificate that led us into a view was made of words of the view before, and perhaps nobody but
            // us ever saw it.
            self.until = Some(highest.next());
        }
    }

    /// The last view to be silent in; none while too few have shown theirs.
    pub const fn until(&self) -> Option<View> {
        self.until
    }

    /// Whether this validator has answered, or need not any longer.
    pub fn has_heard(&self, from: ValidatorIndex) -> bool {
        self.until.is_some() || self.shown.contains_key(&from)
    }
}

/// The voting power, without ours, of which some is honest and in any quorum that may have led us: what no quorum needs
/// twice, and one more. With n = 3f + 1 equal validators, 2f + 1.
// rule R7
pub fn needed(set: &ValidatorSet) -> u64 {
    if crypto::broken!(SilentTooShortly) {
        return set.blocking_power();
    }
    2 * (set.blocking_power() - 1) + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{i, set, v};

    #[test]
    fn all_but_one_honest_answer_may_be_missing_and_no_more() {
        for (count, expected) in [(4, 3), (5, 3), (6, 3), (7, 5)] {
            let set = set(count);
            assert_eq!(needed(&set), expected, "{count} validators");
            let mut silence = Silence::default();
            for from in 1..count as u16 {
                let enough = u64::from(from) >= expected;
                silence.hear(&set, i(0), i(from), v(u64::from(from)));
                // Counted once, and the highest of what it showed.
                silence.hear(&set, i(0), i(from), v(1));
                assert_eq!(silence.until().is_some(), enough, "{count} validators, {from} answers");
            }
            assert_eq!(silence.until(), Some(v(expected + 1)));
        }
    }

    #[test]
    fn every_quorum_that_may_have_led_us_has_an_honest_answer() {
        // By counting, for each number of validators: the answers and a quorum, both with the least power they may have and
        // the fewest members in common, share more than may lie.
        for count in 4..8_u64 {
            let set = set(count as usize);
            let (quorum, answers) = (set.quorum_power(), needed(&set));
            let others = count - 1;
            let shared = (quorum - 1 + answers).saturating_sub(others);
            assert!(shared >= set.blocking_power(), "{count}: {shared} shared");
        }
    }

    #[test]
    fn we_and_strangers_do_not_count_and_what_comes_later_changes_nothing() {
        let set = set(4);
        let mut silence = Silence::default();
        for from in [0, 0, 1, 2, 9] {
            silence.hear(&set, i(0), i(from), v(7));
        }
        assert_eq!(silence.until(), None);
        assert!(silence.has_heard(i(1)) && !silence.has_heard(i(3)));
        silence.hear(&set, i(0), i(3), v(3));
        assert_eq!(silence.until(), Some(v(8)));
        silence.hear(&set, i(0), i(3), v(30));
        assert_eq!(silence.until(), Some(v(8)));
        assert!(silence.has_heard(i(3)));
    }

    #[test]
    fn the_only_validator_of_a_network_never_speaks_again() {
        let set = set(1);
        let mut silence = Silence::default();
        silence.hear(&set, i(0), i(0), v(7));
        assert_eq!((needed(&set), silence.until()), (1, None));
    }
}
