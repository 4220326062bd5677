//! Many scenarios, on several threads, and what they came to.
//!
//! Each thread takes every so-many-th scenario, so the sum does not depend on how fast any of them is.

use std::sync::Arc;
use std::thread;

use crate::mutate::{self, FoulSum, Fouls};
use crate::notary::set;
use crate::play::{Outcome, play};
use crate::prng::Prng;
use crate::scenario::{Shape, ShapeError, Space};
use crate::watch::Violation;

/// Violations kept whole; more are only counted.
const KEPT_MAX: usize = 20;

/// Which scenarios of a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Each of them once, names aside.
    All,
    /// So many, drawn from a seed.
    Sample {
        /// The seed.
        seed: u64,
        /// How many.
        scenarios: u64,
    },
}

/// What a campaign came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Scenarios run.
    pub scenarios: u64,
    /// Numbers passed over because a smaller number is the same scenario.
    pub same: u64,
    /// Letters delivered.
    pub letters: u64,
    /// Blocks committed.
    pub height: u64,
    /// Scenarios in which something was committed before the network healed.
    pub committed_in_script: u64,
    /// Contradictions proved.
    pub accusations: u64,
    /// For each number of views after the healing, in how many scenarios it took so many to commit.
    pub heal_views: Vec<u64>,
    /// Scenarios that broke a promise.
    pub violated: u64,
    /// The first of them.
    pub violations: Vec<(u128, Violation)>,
}

impl Sum {
    /// Adds an outcome.
    pub fn add(&mut self, number: u128, outcome: Result<Outcome, Violation>) {
        self.scenarios += 1;
        match outcome {
            Ok(outcome) => {
                self.letters += outcome.letters;
                self.height += outcome.height;
                self.committed_in_script += u64::from(outcome.scripted_height > 0);
                self.accusations += outcome.accusations;
                let views = usize::try_from(outcome.heal_views).unwrap_or(usize::MAX).min(1_000);
                if self.heal_views.len() <= views {
                    self.heal_views.resize(views + 1, 0);
                }
                self.heal_views[views] += 1;
            }
            Err(violation) => {
                self.violated += 1;
                if self.violations.len() < KEPT_MAX {
                    self.violations.push((number, violation));
                }
            }
        }
    }

    /// Adds what another thread came to.
    pub fn join(&mut self, other: Self) {
        let Self {
            scenarios,
            same,
            letters,
            height,
            committed_in_script,
            accusations,
            heal_views,
            violated,
            violations,
        } = other;
        self.scenarios += scenarios;
        self.same += same;
        self.letters += letters;
        self.height += height;
        self.committed_in_script += committed_in_script;
        self.accusations += accusations;
        self.heal_views.resize(self.heal_views.len().max(heal_views.len()), 0);
        for (views, count) in heal_views.into_iter().enumerate() {
            self.heal_views[views] += count;
        }
        self.violated += violated;
        self.violations.extend(violations);
        self.violations.sort_by_key(|(number, _)| *number);
        self.violations.truncate(KEPT_MAX);
    }
}

/// Runs scenarios of a shape on `jobs` threads.
///
/// # Errors
/// `ShapeError` for a shape that is unknown.
pub fn run(shape: Shape, choice: Choice, jobs: u64) -> Result<Sum, ShapeError> {
    let space = Arc::new(Space::new(shape)?);
    let jobs = jobs.clamp(1, 64);
    let mut sum = Sum::default();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs)
            .map(|job| {
                let space = Arc::clone(&space);
                scope.spawn(move || share(&space, choice, job, jobs))
            })
            .collect();
        for thread in threads {
            sum.join(thread.join().expect("a scenario ends with a result, not with a panic"));
        }
    });
    Ok(sum)
}

/// Runs the scenarios with an adversary of all numbers below `scenarios` on `jobs` threads.
pub fn run_fouls(views: usize, scenarios: u64, jobs: u64) -> FoulSum {
    let fouls = Fouls::new(views);
    let jobs = jobs.clamp(1, 64);
    let mut sum = FoulSum::default();
    thread::scope(|scope| {
        let fouls = &fouls;
        let part = |job| scope.spawn(move || mutate::share(fouls, scenarios, job, jobs));
        let threads: Vec<_> = (0..jobs).map(part).collect();
        for thread in threads {
            sum.join(thread.join().expect("a scenario ends with a result, not with a panic"));
        }
    });
    sum
}

/// The part of one thread.
pub fn share(space: &Space, choice: Choice, job: u64, jobs: u64) -> Sum {
    let set = set(space.shape.members);
    let mut sum = Sum::default();
    let one = |sum: &mut Sum, number: u128| sum.add(number, play(&set, &space.scenario(number)));
    match choice {
        Choice::All => {
            let mut number = u128::from(job);
            while number < space.size() {
                match space.canonical(number) == number {
                    true => one(&mut sum, number),
                    false => sum.same += 1,
                }
                number += u128::from(jobs);
            }
        }
        Choice::Sample { seed, scenarios } => {
            let mut prng = Prng::new(seed);
            for position in 0..scenarios {
                let drawn = u128::from(prng.draw()) << 64 | u128::from(prng.draw());
                if position % jobs == job {
                    one(&mut sum, space.canonical(drawn % space.size()));
                }
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto::defects::{self, Defect};

    const SMALL: Shape = Shape { members: 4, twins: 1, views: 4, groups: 2 };

    #[test]
    fn twins_do_no_harm() {
        for (shape, scenarios) in [
            (Shape { views: 7, groups: 3, ..SMALL }, 150),
            (Shape { members: 7, twins: 2, views: 8, groups: 2 }, 40),
        ] {
            let sum = run(shape, Choice::Sample { seed: 1, scenarios }, 1).expect("a known shape");
            assert_eq!(sum.violations, [], "{shape:?}");
            assert_eq!(sum.scenarios, scenarios);
            assert!(sum.accusations > 0, "twins are noticed");
            assert!(sum.committed_in_script > 0, "scripts let something happen");
        }
    }

    #[test]
    fn a_campaign_is_the_same_on_any_number_of_threads() {
        let choice = Choice::Sample { seed: 9, scenarios: 40 };
        assert_eq!(run(SMALL, choice, 1), run(SMALL, choice, 2));
    }

    /// Runs scenarios with a rule broken; how many of them notice.
    fn noticed(defect: Defect, shape: Shape, scenarios: u64) -> u64 {
        let space = Space::new(shape).expect("a known shape");
        let choice = Choice::Sample { seed: 1, scenarios };
        let sum = defects::with(defect, || share(&space, choice, 0, 1));
        sum.violated
    }

    #[test]
    fn a_quorum_of_2f_is_found() {
        assert!(noticed(Defect::QuorumOfTwoThirds, SMALL, 100) > 0, "nobody noticed");
    }

    #[test]
    fn a_vote_after_the_own_timeout_is_found() {
        assert!(noticed(Defect::VoteAfterTimeout, SMALL, 100) > 0, "nobody noticed");
    }
}
