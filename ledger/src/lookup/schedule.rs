//! The schedule: which runs there are after so many blocks, and which work falls to each block.
//!
//! Every block that has records adds a run of level 0. Eight complete runs of a level become one of the next, while the
//! next eight arrive; so a level has at most fifteen live runs, and no block waits for a merge. All of it is a
//! function of one number, the *arrivals*: how many blocks have added a run. Source: `STATE.md`, rules Z5 and Z6.

use std::ops::Range;

/// So many runs of one level become one of the next.
pub(crate) const RUNS: u64 = 8;

/// After so many further arrivals the pages of a run that was merged begin to go. Until then readers find them that look
/// at a head which is as much older.
pub(crate) const LINGER: u64 = 128;

/// The number of runs of a level that are complete, or were before they were merged.
pub(crate) fn complete(level: u8, arrivals: u64) -> u64 {
    // The runs of one group become complete as the last run of the next group does.
    (0..level).fold(arrivals, |below, _| (below / RUNS).saturating_sub(1))
}

/// The runs of a level that are live, by their numbers.
pub(crate) fn live(level: u8, arrivals: u64) -> Range<u64> {
    complete(level + 1, arrivals) * RUNS..complete(level, arrivals)
}

/// The arrival with which a run is complete; none beyond what can be counted.
fn arrival_of(level: u8, number: u64) -> Option<u64> {
    (0..level).try_fold(number.checked_add(1)?, |count, _| count.checked_add(1)?.checked_mul(RUNS))
}

/// How far something has come that is done in equal parts, one with each arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// With this arrival this many parts are done.
    done: u64,
    /// Of so many.
    of: u64,
}

impl Part {
    /// How many of `count` things are done with this part, rounded down; all with the last.
    pub(crate) fn of(self, count: u64) -> u64 {
        let done = u128::from(count) * u128::from(self.done) / u128::from(self.of);
        u64::try_from(done).expect("no more parts are done than there are")
    }

    /// Which of `count` things this part does.
    pub(crate) fn range(self, count: u64) -> Range<u64> {
        Self { done: self.done - 1, ..self }.of(count)..self.of(count)
    }

    /// Whether it is the last one.
    pub(crate) fn is_last(self) -> bool {
        self.done == self.of
    }
}

/// The merge on a level to which an arrival adds a part: the number of the run that comes of it, which is of the next
/// level. None while there are no eight runs; then there is none on the levels above either. Rule Z5.
pub(crate) fn merging(level: u8, arrivals: u64) -> Option<(u64, Part)> {
    let before = arrivals.checked_sub(1)?;
    let number = complete(level.checked_add(1)?, before);
    let begun = arrival_of(level, number.checked_mul(RUNS)? + RUNS - 1).filter(|begun| *begun <= before)?;
    let of = RUNS.checked_pow(u32::from(level) + 1)?;
    Some((number, Part { done: arrivals - begun, of }))
}

/// The run on a level of which an arrival removes a part, as it was merged long enough ago. Rule Z6.
pub(crate) fn removing(level: u8, arrivals: u64) -> Option<(u64, Part)> {
    let before = arrivals.checked_sub(LINGER + 1)?;
    let group = complete(level.checked_add(1)?, before).checked_sub(1)?;
    let merged = arrival_of(level + 1, group)?;
    // While the next group is merged this one goes, run after run.
    let of = RUNS.checked_pow(u32::from(level))?;
    let part = before.checked_sub(merged)?;
    Some((group.checked_mul(RUNS)? + part / of, Part { done: part % of + 1, of }))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// What the sentences above say, done literally.
    #[test]
    fn the_schedule_is_what_comes_of_following_it() {
        let mut levels: BTreeMap<u8, BTreeSet<u64>> = BTreeMap::new();
        let mut merged: BTreeMap<(u8, u64), u64> = BTreeMap::new();
        let mut gone: BTreeMap<(u8, u64), u64> = BTreeMap::new();
        for arrivals in 1..=3_000_u64 {
            let mut arrived = Some(arrivals - 1);
            let mut level = 0;
            while let Some(number) = arrived.take() {
                let runs = levels.entry(level).or_default();
                runs.insert(number);
                assert!(runs.len() as u64 <= 2 * RUNS);
                if runs.len() as u64 == 2 * RUNS {
                    // The second eight are complete: the first have become one.
                    let first = *runs.first().expect("sixteen");
                    runs.retain(|run| *run >= first + RUNS);
                    arrived = Some(first / RUNS);
                    (first..first + RUNS).for_each(|run| {
                        merged.insert((level, run), arrivals);
                    });
                    let (output, part) = merging(level, arrivals).expect("a merge ends");
                    assert_eq!((output, part.is_last()), (first / RUNS, true), "{level} {arrivals}");
                } else if let Some((_, part)) = merging(level, arrivals) {
                    assert!(!part.is_last(), "{level} {arrivals}");
                }
                level += 1;
            }
            for level in 0..5 {
                let expected = levels.get(&level).cloned().unwrap_or_default();
                assert_eq!(live(level, arrivals).collect::<BTreeSet<_>>(), expected, "{level} {arrivals}");
                assert!(expected.len() < 2 * RUNS as usize, "at most fifteen");
                let Some((run, part)) = removing(level, arrivals) else { continue };
                let since = merged[&(level, run)];
                assert!(arrivals > since + LINGER, "{level} {run} {arrivals}");
                let parts = gone.entry((level, run)).or_default();
                *parts += part.range(RUNS.pow(u32::from(level))).count() as u64;
                assert_eq!(part.is_last(), *parts == RUNS.pow(u32::from(level)));
            }
        }
        // Whatever was merged long ago is gone.
        for ((level, run), arrivals) in merged {
            if arrivals + LINGER + RUNS.pow(u32::from(level) + 1) <= 3_000 {
                assert_eq!(gone.get(&(level, run)), Some(&RUNS.pow(u32::from(level))), "{level} {run}");
            }
        }
    }

    #[test]
    fn parts_are_equal_and_together_the_whole() {
        for (count, of) in [(1, 8), (7, 8), (8, 8), (100, 64), (0, 8), (u64::MAX, 8)] {
            let parts = (1..=of).map(|done| Part { done, of });
            let mut next = 0;
            for part in parts {
                let range = part.range(count);
                assert_eq!(range.start, next);
                assert!(range.end - range.start <= count / of + 1);
                next = range.end;
            }
            assert_eq!(next, count);
        }
    }

    #[test]
    fn no_number_of_arrivals_makes_it_panic() {
        for arrivals in [0, 1, 128, 129, 1 << 40, u64::MAX - 1, u64::MAX] {
            for level in 0..24 {
                let _ = (live(level, arrivals), merging(level, arrivals), removing(level, arrivals));
            }
        }
    }
}
