//! What need not be checked twice when many receipts are checked under one belief.
//!
//! A checkpoint's verdict follows from its note alone, and a node that was once proven under a root is proven. So equal
//! notes are judged once, and a path is climbed only as far as the first node that is known; what lies above it is
//! compared instead of hashed. A path that differs anywhere is climbed to its end, so every verdict, each fault with both
//! roots, is the one that a verifier without memory reaches.

use std::collections::BTreeMap;
use std::sync::Arc;

use crypto::Digest;
use merkle::inclusion::{self, InclusionError};
use merkle::node_hash;
use proto::checkpoint::{CheckpointText, Head};
use proto::policy::{Policy, Quorum};

use crate::checkpoint::{self, CheckpointFacts, CheckpointFault};
use crate::report::Outcome;

/// Bytes of notes that are remembered; beyond them everything is forgotten and learned again.
const NOTES_BYTES_MAX: usize = 64 << 20;
/// Nodes of trees that are remembered, some 100 bytes each; as above.
const NODES_MAX: usize = 1 << 20;

/// What the first three checks make of a note.
#[derive(Clone, Debug)]
pub(crate) struct JudgedHead {
    pub policy: Outcome,
    pub signatures: Outcome,
    pub quorum: Outcome,
    /// What the note says, once its signatures hold.
    pub text: Option<CheckpointText>,
    /// What it shows, once all three checks have passed.
    pub facts: Option<CheckpointFacts>,
}

const NOT_MADE: Outcome = Outcome::Skipped("an earlier check failed");

impl JudgedHead {
    /// Makes the first three checks.
    pub(crate) fn of(policy: &Policy, note: &str) -> Self {
        let mut judged =
            Self { policy: Outcome::Passed, signatures: NOT_MADE, quorum: NOT_MADE, text: None, facts: None };
        let failed = |fault: CheckpointFault| Outcome::Failed(fault.into());
        if policy.logs().is_empty() {
            judged.policy = failed(CheckpointFault::NoLogs);
            return judged;
        }
        let (note, text) = match checkpoint::read(note) {
            Ok(read) => read,
            Err(fault) => {
                judged.signatures = failed(fault);
                return judged;
            }
        };
        if let Err(fault) = checkpoint::check_origin(policy, &text) {
            judged.policy = failed(fault);
            return judged;
        }
        let cosigners = match checkpoint::check_signatures(policy, &note, &text) {
            Ok(cosigners) => cosigners,
            Err(fault) => {
                judged.signatures = failed(fault);
                return judged;
            }
        };
        judged.signatures = Outcome::Passed;
        judged.text = Some(text.clone());
        judged.quorum = match policy.quorum() {
            Quorum::Of(_) => match checkpoint::check_quorum(policy, &cosigners) {
                Ok(()) => Outcome::Passed,
                Err(fault) => {
                    judged.quorum = failed(fault);
                    return judged;
                }
            },
            Quorum::None => Outcome::Skipped("the policy asks for no cosigners"),
        };
        judged.facts = Some(checkpoint::facts(policy, text, cosigners));
        judged
    }
}

/// Notes that were judged and nodes that were proven, under one belief: with another it must not be used.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    heads: BTreeMap<String, Arc<JudgedHead>>,
    notes_bytes: usize,
    trees: BTreeMap<Head, BTreeMap<(u32, u64), Digest>>,
    nodes: usize,
}

impl Memory {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn head(&mut self, policy: &Policy, note: &str) -> Arc<JudgedHead> {
        if let Some(judged) = self.heads.get(note) {
            return Arc::clone(judged);
        }
        let judged = Arc::new(JudgedHead::of(policy, note));
        if self.notes_bytes.saturating_add(note.len()) > NOTES_BYTES_MAX {
            self.heads.clear();
            self.notes_bytes = 0;
        }
        self.notes_bytes += note.len();
        self.heads.insert(note.to_owned(), Arc::clone(&judged));
        judged
    }

    /// As `merkle::inclusion::verify`, with the same verdict.
    pub(crate) fn inclusion(
        &mut self,
        leaf: &Digest,
        index: u64,
        head: &Head,
        proof: &[Digest],
    ) -> Result<(), InclusionError> {
        let known = self.trees.entry(*head).or_default();
        match climb(leaf, index, head, proof, known) {
            Climbed::Known => Ok(()),
            Climbed::New(nodes) => {
                let before = known.len();
                known.extend(nodes);
                self.nodes += known.len() - before;
                if self.nodes > NODES_MAX {
                    self.trees.clear();
                    self.nodes = 0;
                }
                Ok(())
            }
            // The fault shows both roots, so the whole way is climbed.
            Climbed::Other => inclusion::verify(leaf, index, head.size.get(), proof, &head.root),
        }
    }
}

enum Climbed {
    /// The way meets a node that is known, and all above it is as known.
    Known,
    /// The way leads to the root; the nodes beside and on it.
    New(Vec<((u32, u64), Digest)>),
    /// Something differs.
    Other,
}

/// Climbs from a leaf. Nodes are named by their level and their place on it; a node on the right edge that has no sibling
/// is its own parent, so it has the name of the highest level where it stands. Where a node is known, so is all above it:
/// what is learned is always a whole way to the root.
fn climb(
    leaf: &Digest,
    index: u64,
    head: &Head,
    proof: &[Digest],
    known: &BTreeMap<(u32, u64), Digest>,
) -> Climbed {
    let size = head.size.get();
    if inclusion::proof_len(index, size) != Some(proof.len()) {
        return Climbed::Other;
    }
    let (mut level, mut at, mut edge) = (0, index, size - 1);
    let mut hash = *leaf;
    let mut nodes = Vec::with_capacity(2 * proof.len() + 1);
    let mut is_known = false;
    for sibling in proof {
        while at % 2 == 0 && at == edge && at != 0 {
            (level, at, edge) = (level + 1, at / 2, edge / 2);
        }
        if !is_known {
            match known.get(&(level, at)) {
                Some(node) if *node == hash => is_known = true,
                Some(_) => return Climbed::Other,
                None => nodes.push(((level, at), hash)),
            }
        }
        let beside = (level, at ^ 1);
        match known.get(&beside) {
            Some(node) if node == sibling => {}
            Some(_) => return Climbed::Other,
            // Beside and above a known node everything is known; not so, and something else is wrong.
            None if is_known => return Climbed::Other,
            None => nodes.push((beside, *sibling)),
        }
        if !is_known {
            hash = match at % 2 {
                1 => node_hash(sibling, &hash),
                _ => node_hash(&hash, sibling),
            };
        }
        (level, at, edge) = (level + 1, at / 2, edge / 2);
    }
    match (is_known, hash == head.root) {
        (true, _) => Climbed::Known,
        (false, true) => Climbed::New(nodes),
        (false, false) => Climbed::Other,
    }
}

#[cfg(test)]
mod tests;
