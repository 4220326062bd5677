//! Leaders: who proposes in a view, and who collects its votes.
//!
//! Round robin over the indices of the set, whatever their power: with equal power it is fair, and everyone computes it
//! from the view alone, so that no leader can be disputed. Source: `SPEC.md`, rules P1 and V8.

use proto::counter::View;
use proto::id::ValidatorIndex;
use proto::validators::ValidatorSet;

/// Who leads `view`.
// rule P1
pub fn leader(set: &ValidatorSet, view: View) -> ValidatorIndex {
    // A set has at least one validator, by its constructor; `max` keeps that knowledge out of the arithmetic.
    let position = view.get() % (set.count().max(1) as u64);
    ValidatorIndex::new(u16::try_from(position).expect("below 100, by ValidatorSet::COUNT_MAX"))
}

/// Who collects the votes of `view`: its leader and the next one, so that neither alone can lose a certificate.
// rule V8
pub fn collectors(set: &ValidatorSet, view: View) -> Vec<ValidatorIndex> {
    let (this, next) = (leader(set, view), leader(set, view.next()));
    match this == next {
        true => vec![this],
        false => vec![next, this],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{i, set, v};

    #[test]
    fn leaders_take_turns_and_two_of_them_collect() {
        let set = set(4);
        let leaders: Vec<_> = (1..=5).map(|view| leader(&set, v(view)).get()).collect();
        assert_eq!(leaders, [1, 2, 3, 0, 1]);
        assert_eq!(collectors(&set, v(3)), [i(0), i(3)]);
        assert_eq!(collectors(&crate::testing::set(1), v(3)), [i(0)]);
        leader(&set, v(u64::MAX));
    }
}
