//! A smaller plan that still fails: what is left is what matters.
//!
//! Nothing clever: take something away, run, keep the loss if the seed still breaks a rule. Halves of the troubles first,
//! then single ones, roles, members of a trouble, durations, submissions; again until nothing can go, or the runs are spent.
//! Any violation counts, not only the first one's words: those hold ids that change with the plan.

use crate::checkers::Violation;
use crate::plan::{Plan, Trouble};
use crate::world::World;

/// What shrinking came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shrunk {
    /// The plan.
    pub plan: Plan,
    /// What it breaks.
    pub violation: Violation,
    /// Runs it took.
    pub runs: u64,
}

/// Shrinks a plan with which `seed` breaks a rule, in at most `runs_max` runs. None: it breaks none.
pub fn shrink(seed: u64, plan: Plan, runs_max: u64) -> Option<Shrunk> {
    shrink_by(plan, runs_max, |plan| World::new(seed, plan.clone()).run().err())
}

/// As `shrink`, by any judge.
pub fn shrink_by(plan: Plan, runs_max: u64, fails: impl Fn(&Plan) -> Option<Violation>) -> Option<Shrunk> {
    let violation = fails(&plan)?;
    let mut best = Shrunk { plan, violation, runs: 1 };
    while let Some(smaller) = next(&best, runs_max, &fails) {
        best = smaller;
    }
    Some(best)
}

/// The first smaller plan that still fails; none when there is none, or the runs are spent.
fn next(best: &Shrunk, runs_max: u64, fails: &impl Fn(&Plan) -> Option<Violation>) -> Option<Shrunk> {
    let left = runs_max.saturating_sub(best.runs) as usize;
    smaller(&best.plan)
        .into_iter()
        .filter(|plan| plan.check().is_ok())
        .take(left)
        .zip(best.runs + 1..)
        .find_map(|(plan, runs)| fails(&plan).map(|violation| Shrunk { plan, violation, runs }))
}

/// Plans with a little less, those with much less first.
fn smaller(plan: &Plan) -> Vec<Plan> {
    let mut found = Vec::new();
    let count = plan.troubles.len();
    let mut size = count;
    while size > 0 {
        for begin in (0..count).step_by(size) {
            let mut troubles = plan.troubles.clone();
            troubles.drain(begin..(begin + size).min(count));
            found.push(Plan { troubles, ..plan.clone() });
        }
        size /= 2;
    }
    for place in 0..plan.byzantine.len() {
        let mut byzantine = plan.byzantine.clone();
        byzantine.remove(place);
        found.push(Plan { byzantine, ..plan.clone() });
    }
    if plan.leader_crash {
        found.push(Plan { leader_crash: false, ..plan.clone() });
    }
    if plan.changes > 0 {
        found.push(Plan { changes: 0, ..plan.clone() });
        found.push(Plan { changes: plan.changes - 1, ..plan.clone() });
    }
    if plan.rotations > 0 {
        found.push(Plan { rotations: 0, ..plan.clone() });
        found.push(Plan { rotations: plan.rotations - 1, ..plan.clone() });
    }
    if plan.sessions > 0 {
        found.push(Plan { sessions: 0, ..plan.clone() });
        found.push(Plan { sessions: plan.sessions - 1, ..plan.clone() });
    }
    if plan.voices > 0 {
        found.push(Plan { voices: 0, ..plan.clone() });
        found.push(Plan { voices: plan.voices - 1, ..plan.clone() });
    }
    if plan.wipes > 0 {
        found.push(Plan { wipes: plan.wipes - 1, ..plan.clone() });
    }
    for place in 0..plan.turnover.len() {
        let mut turnover = plan.turnover.clone();
        turnover.remove(place);
        found.push(Plan { turnover, ..plan.clone() });
    }
    if plan.skew_ms > 0 {
        found.push(Plan { skew_ms: 0, ..plan.clone() });
    }
    let last_ms = plan.troubles.iter().map(Trouble::end_ms).max().unwrap_or(0);
    for trouble_ms in [last_ms.max(1_000), plan.trouble_ms / 2] {
        if trouble_ms < plan.trouble_ms && trouble_ms > 0 {
            found.push(Plan { trouble_ms, ..plan.clone() });
        }
    }
    for submissions in [0, plan.submissions / 2, plan.submissions.saturating_sub(1)] {
        if submissions < plan.submissions {
            found.push(Plan { submissions, ..plan.clone() });
        }
    }
    for place in 0..count {
        found.extend(lesser(&plan.troubles[place]).into_iter().map(|trouble| {
            let mut troubles = plan.troubles.clone();
            troubles[place] = trouble;
            Plan { troubles, ..plan.clone() }
        }));
    }
    found
}

/// A trouble that is shorter, or befalls fewer.
fn lesser(trouble: &Trouble) -> Vec<Trouble> {
    let mut found = Vec::new();
    if trouble.for_ms > 1 {
        found.push(Trouble { for_ms: trouble.for_ms / 2, ..trouble.clone() });
    }
    if trouble.members.len() > 1 {
        for place in 0..trouble.members.len() {
            let mut members = trouble.members.clone();
            members.remove(place);
            found.push(Trouble { members, ..trouble.clone() });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Fault;

    /// Fails where member 2 crashes while member 1 is paused, whatever else happens.
    fn needs_two(plan: &Plan) -> Option<Violation> {
        let has =
            |fault, member| plan.troubles.iter().any(|it| it.fault == fault && it.members.contains(&member));
        let fails = has(Fault::Crash, 2) && has(Fault::Pause, 1) && plan.submissions >= 3;
        fails.then(|| Violation("it fails".to_owned()))
    }

    #[test]
    fn what_does_not_matter_goes() {
        let trouble = |fault, members: &[u16]| Trouble {
            fault,
            at_ms: 1_500,
            for_ms: 700,
            members: members.to_vec(),
            amount: 3,
        };
        let mut plan = Plan { submissions: 40, ..Plan::draw(3) };
        plan.troubles = vec![
            trouble(Fault::Loss, &[]),
            trouble(Fault::Crash, &[0, 2, 3]),
            trouble(Fault::Delay, &[1]),
            trouble(Fault::Pause, &[1, 2]),
            trouble(Fault::Partition, &[0]),
        ];
        let shrunk = shrink_by(plan.clone(), 1_000, needs_two).expect("it fails");
        assert_eq!(shrunk.plan.submissions, 3);
        let left: Vec<_> = shrunk.plan.troubles.iter().map(|it| (it.fault, it.members.clone())).collect();
        assert_eq!(left, [(Fault::Crash, vec![2]), (Fault::Pause, vec![1])]);
        assert!(shrunk.plan.byzantine.is_empty() && !shrunk.plan.leader_crash);
        assert!(needs_two(&shrunk.plan).is_some());
        // The runs are bounded, and what does not fail is not shrunk.
        assert!(shrink_by(plan, 5, needs_two).expect("it fails").runs <= 5);
        assert_eq!(shrink_by(Plan::calm(4, 1_000, 1), 10, needs_two), None);
    }
}
