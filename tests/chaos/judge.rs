//! What must hold after any storm. Every rule is written from the promise it keeps, knows nothing of the code under
//! test but its types and its hashes, and has a test in which it is broken.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crypto::Digest;
use merkle::hash::leaf_hash;
use merkle::range::CompactRange;
use proto::canonical::Canonical as _;
use proto::entry::Entry;
use proto::id::SubmissionId;

use crate::journal::Vote;
use crate::plan::Name;

/// A node's word that a submission is final, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    pub id: SubmissionId,
    pub index: u64,
    pub node: usize,
}

/// A signed head that a node served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sight {
    pub node: usize,
    pub size: u64,
    pub root: Digest,
}

/// All that was collected.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    pub promises: Vec<Promise>,
    /// Every leaf of each node's log, in order.
    pub logs: Vec<Vec<Vec<u8>>>,
    pub heads: Vec<Sight>,
    pub votes: Vec<(usize, Vote)>,
}

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Breach {
    /// A node's log has another leaf than the first node's.
    OtherLeaf { node: usize, index: u64 },
    /// A leaf that is no entry.
    NoEntry { index: u64, fault: String },
    /// A submission was executed twice.
    Twice { id: SubmissionId, first: u64, second: u64 },
    /// What was final is not where it was promised to be, in this node's log.
    Broken { promise: Promise, node: usize, found: Option<u64> },
    /// A signed head whose root is not that of the log.
    OtherRoot { sight: Sight, computed: Digest },
    /// A signed head beyond what the logs hold.
    Ahead { sight: Sight, leaves: usize },
    /// Two votes in one view.
    TwoVotes { node: usize, one: Vote, other: Vote },
    /// A receipt that does not verify, or says otherwise.
    Receipt { id: SubmissionId, node: usize, fault: String },
    /// A checkpoint that is not shown to extend the one before.
    History { from: u64, to: u64, fault: String },
    /// A submission that nobody would take, or that did not become final.
    Denied { id: SubmissionId, fault: String },
    /// A node accuses a validator of contradicting itself.
    Accused { node: usize, count: u64 },
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherLeaf { node, index } => write!(f, "{} has another leaf {index}", Name(*node)),
            Self::NoEntry { index, fault } => write!(f, "leaf {index} is no entry: {fault}"),
            Self::Twice { id, first, second } => write!(f, "{id} is executed at {first} and at {second}"),
            Self::Broken { promise: Promise { id, index, node: by }, node, found } => {
                write!(f, "{} promised {id} at {index}; {} has it at {found:?}", Name(*by), Name(*node))
            }
            Self::OtherRoot { sight: Sight { node, size, root }, computed } => {
                write!(f, "{} served head {size} with root {root}, the log's is {computed}", Name(*node))
            }
            Self::Ahead { sight: Sight { node, size, .. }, leaves } => {
                write!(f, "{} served head {size}, and the log ends at {leaves}", Name(*node))
            }
            Self::TwoVotes { node, one, other } => {
                write!(f, "{} voted twice: {one:?}, {other:?}", Name(*node))
            }
            Self::Receipt { id, node, fault } => write!(f, "receipt of {id} by {}: {fault}", Name(*node)),
            Self::History { from, to, fault } => write!(f, "checkpoints {from} to {to}: {fault}"),
            Self::Denied { id, fault } => write!(f, "{id} did not become final: {fault}"),
            Self::Accused { node, count } => write!(f, "{} saw {count} contradictions", Name(*node)),
        }
    }
}

/// Every promise that was not kept.
pub fn judge(evidence: &Evidence) -> Vec<Breach> {
    let mut breaches = same_leaves(&evidence.logs);
    let places = evidence.logs.iter().map(|log| places(log, &mut breaches)).collect::<Vec<_>>();
    for promise in &evidence.promises {
        for (node, places) in places.iter().enumerate() {
            let found = places.get(&promise.id).copied();
            if found != Some(promise.index) {
                breaches.push(Breach::Broken { promise: *promise, node, found });
            }
        }
    }
    breaches.extend(heads(evidence));
    breaches.extend(votes(&evidence.votes));
    breaches
}

/// As far as two logs reach, they are the same, leaf by leaf.
fn same_leaves(logs: &[Vec<Vec<u8>>]) -> Vec<Breach> {
    let Some((first, others)) = logs.split_first() else { return Vec::new() };
    let differs = |(node, log): (usize, &Vec<Vec<u8>>)| {
        let index = first.iter().zip(log).position(|(a, b)| a != b)?;
        Some(Breach::OtherLeaf { node: node + 1, index: index as u64 })
    };
    others.iter().enumerate().filter_map(differs).collect()
}

/// Where each submission is, which must be one place.
fn places(log: &[Vec<u8>], breaches: &mut Vec<Breach>) -> BTreeMap<SubmissionId, u64> {
    let mut places = BTreeMap::new();
    for (index, leaf) in (0..).zip(log) {
        match Entry::decode(leaf) {
            Ok(Entry::Submission(entry)) => {
                let id = entry.submission.id();
                if let Some(first) = places.insert(id, index) {
                    breaches.push(Breach::Twice { id, first, second: index });
                }
            }
            Ok(_) => {}
            Err(fault) => breaches.push(Breach::NoEntry { index, fault: fault.to_string() }),
        }
    }
    places
}

/// Every head that was signed is one of the log: so no two of one size differ, and each extends the one before.
fn heads(evidence: &Evidence) -> Vec<Breach> {
    let longest = evidence.logs.iter().max_by_key(|log| log.len());
    let leaves = longest.map_or(&[][..], Vec::as_slice);
    let mut range = CompactRange::new();
    let mut roots = BTreeMap::from([(0, range.root())]);
    for leaf in leaves {
        range.append(leaf_hash(leaf), &mut |_, _, _| {}).expect("a log in memory is not full");
        roots.insert(range.size(), range.root());
    }
    let wrong = |sight: &Sight| match roots.get(&sight.size) {
        Some(root) if *root == sight.root => None,
        Some(root) => Some(Breach::OtherRoot { sight: *sight, computed: *root }),
        None => Some(Breach::Ahead { sight: *sight, leaves: leaves.len() }),
    };
    evidence.heads.iter().filter_map(wrong).collect()
}

/// One vote of a validator in a view of an epoch, over all its lives.
fn votes(votes: &[(usize, Vote)]) -> Vec<Breach> {
    let mut first = BTreeMap::new();
    let mut breaches = BTreeSet::new();
    for (node, vote) in votes {
        let one: Vote = *first.entry((*node, vote.at)).or_insert(*vote);
        if one != *vote {
            breaches.insert((*node, one, *vote));
        }
    }
    breaches.into_iter().map(|(node, one, other)| Breach::TwoVotes { node, one, other }).collect()
}

#[cfg(test)]
mod tests {
    use proto::counter::{Epoch, Height, TimeMs, View};
    use proto::entry::SubmissionEntry;
    use proto::id::BlockId;

    use super::*;
    use crate::author::{author, proof, signed};

    fn leaf(number: u64) -> (SubmissionId, Vec<u8>) {
        let submission = signed(&"11".repeat(32), &author(), number, proof(number));
        let (id, height) = (submission.id(), Height::new(number));
        let entry = SubmissionEntry { height, time: TimeMs::new(1), submission };
        (id, Entry::Submission(Box::new(entry)).encode())
    }

    fn vote(view: u64, block: u8) -> Vote {
        Vote { at: (Epoch::new(0), View::new(view)), block: BlockId::new(Digest::new([block; 32])) }
    }

    /// Three submissions, in the logs of two nodes, all promised, with the heads of both.
    fn sound() -> Evidence {
        let leaves: Vec<_> = (0..3).map(leaf).collect();
        let log: Vec<Vec<u8>> = leaves.iter().map(|(_, bytes)| bytes.clone()).collect();
        let promise = |(index, (id, _)): (u64, &(SubmissionId, _))| Promise { id: *id, index, node: 0 };
        let mut range = CompactRange::new();
        let head = |(node, leaf): (usize, &Vec<u8>)| {
            range.append(leaf_hash(leaf), &mut |_, _, _| {}).expect("not full");
            Sight { node: node % 2, size: range.size(), root: range.root() }
        };
        Evidence {
            promises: (0..).zip(&leaves).map(promise).collect(),
            heads: log.iter().enumerate().map(head).collect(),
            logs: vec![log.clone(), log],
            votes: vec![(0, vote(1, 1)), (0, vote(2, 2)), (1, vote(1, 1)), (0, vote(2, 2))],
        }
    }

    #[test]
    fn what_holds_is_not_accused() {
        assert_eq!(judge(&sound()), []);
    }

    #[test]
    fn every_rule_can_be_broken() {
        let lone = |change: fn(&mut Evidence)| {
            let mut evidence = sound();
            change(&mut evidence);
            judge(&evidence)
        };
        let breaches = lone(|it| it.logs[1].swap(1, 2));
        assert!(breaches.contains(&Breach::OtherLeaf { node: 1, index: 1 }));
        assert!(matches!(breaches[1], Breach::Broken { node: 1, found: Some(2), .. }), "{breaches:?}");

        let breaches = lone(|it| it.logs[1][2] = b"no entry".to_vec());
        assert!(breaches.iter().any(|it| matches!(it, Breach::NoEntry { index: 2, .. })));

        let breaches = lone(|it| it.logs.iter_mut().for_each(|log| log.push(log[0].clone())));
        assert!(breaches.iter().any(|it| matches!(it, Breach::Twice { first: 0, second: 3, .. })));

        let breaches = lone(|it| it.promises[0].index = 1);
        assert!(matches!(breaches[..], [Breach::Broken { node: 0, .. }, Breach::Broken { node: 1, .. }]));

        let breaches = lone(|it| it.logs[1].truncate(2));
        assert!(matches!(breaches[..], [Breach::Broken { node: 1, found: None, .. }]), "{breaches:?}");

        let breaches = lone(|it| it.heads.push(Sight { root: it.heads[1].root, ..it.heads[0] }));
        assert!(matches!(breaches[..], [Breach::OtherRoot { sight: Sight { size: 1, .. }, .. }]));

        let breaches = lone(|it| it.heads[2].size = 4);
        assert!(matches!(breaches[..], [Breach::Ahead { leaves: 3, .. }]));

        let breaches = lone(|it| it.votes.push((0, vote(1, 9))));
        assert_eq!(breaches, [Breach::TwoVotes { node: 0, one: vote(1, 1), other: vote(1, 9) }]);
    }
}
