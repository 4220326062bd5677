//! What must hold in every world, whatever happens in it.
//!
//! The checkers see what a perfect observer would: every statement an honest member signs, every write that becomes
//! durable, every checkpoint. They count and compute for themselves and share no rule with what they watch. A violation
//! ends the run.
//!
//! - `speech`: nobody contradicts itself, and certificates are what their signers said;
//! - `chain`: one chain of blocks, the same state after each, durable on a quorum;
//! - `log`: one log that only grows, each submission in it once, and a receipt for each.

mod chain;
mod log;
mod speech;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crypto::Digest;
use ledger::read::ReadError;
use proto::checkpoint::CertifiedCheckpoint;
use proto::counter::{Epoch, Height, LeafIndex, TreeSize, View};
use proto::id::{BlockId, SubmissionId};
use proto::validators::ValidatorSet;

use speech::Spoken;

/// A rule that was broken, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Violation(pub String);

/// What a checker found wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// A rule is broken.
    #[error(transparent)]
    Broken(#[from] Violation),
    /// A stored value cannot be read; no fault where the world damaged it.
    #[error("a stored value cannot be read: {0}")]
    Unreadable(#[from] ReadError),
}

fn broken<T>(text: String) -> Result<T, Finding> {
    Err(Finding::Broken(Violation(text)))
}

/// All that the world has seen so far.
#[derive(Debug)]
pub struct Checkers {
    byzantine: BTreeSet<u16>,
    /// Who lost a disk, once.
    wiped: BTreeSet<u16>,
    /// Whose store may lack blocks that it knows the outcome of.
    replayed: BTreeSet<u16>,
    /// The validators of each epoch, in their order, by their numbers.
    reigning: BTreeMap<Epoch, Vec<u16>>,
    /// The same as sets, by the place of their epoch; each signs heads above this size.
    terms: Vec<(TreeSize, Rc<ValidatorSet>)>,
    spoken: BTreeMap<(u16, Epoch, View), Spoken>,
    /// Each height's block, and the state after it once a member showed it.
    blocks: BTreeMap<Height, (BlockId, Option<Digest>)>,
    reached: BTreeMap<u16, Height>,
    heads: BTreeMap<u64, Digest>,
    /// The roots that each member signed, by size.
    cosigned: BTreeMap<(u16, u64), Digest>,
    certified: BTreeMap<u64, CertifiedCheckpoint>,
    places: BTreeMap<SubmissionId, LeafIndex>,
    indexes: BTreeMap<LeafIndex, SubmissionId>,
    /// Submissions that some member called final.
    finals: BTreeSet<SubmissionId>,
    /// Receipts checked.
    pub receipts: u64,
    /// Certificates whose signers were asked.
    pub certificates: u64,
    /// Proofs that a log extends an earlier one.
    pub extensions: u64,
}

impl Checkers {
    /// Those of a world in which these members are Byzantine.
    pub fn new(members: u16, byzantine: BTreeSet<u16>) -> Self {
        Self {
            byzantine,
            wiped: BTreeSet::new(),
            replayed: BTreeSet::new(),
            reigning: BTreeMap::from([(Epoch::ZERO, (0..members).collect())]),
            terms: Vec::new(),
            spoken: BTreeMap::new(),
            blocks: BTreeMap::new(),
            reached: BTreeMap::new(),
            heads: BTreeMap::new(),
            cosigned: BTreeMap::new(),
            certified: BTreeMap::new(),
            places: BTreeMap::new(),
            indexes: BTreeMap::new(),
            finals: BTreeSet::new(),
            receipts: 0,
            certificates: 0,
            extensions: 0,
        }
    }

    /// A member says who the validators of an epoch are.
    ///
    /// # Errors
    /// `Broken` when somebody said otherwise.
    pub fn reigns(&mut self, member: u16, epoch: Epoch, validators: Vec<u16>) -> Result<(), Finding> {
        let known = self.reigning.entry(epoch).or_insert_with(|| validators.clone());
        match *known == validators {
            true => Ok(()),
            false => broken(format!(
                "v{member} has {validators:?} as the validators of epoch {epoch}, not {known:?}"
            )),
        }
    }

    /// The validators of an epoch, and the fewest of them that are more than two thirds, computed from the definition.
    fn quorum(&self, epoch: Epoch) -> Result<(&[u16], usize), Finding> {
        match self.reigning.get(&epoch) {
            Some(validators) => {
                let count = validators.len();
                let quorum = (0..=count).find(|some| 3 * some > 2 * count).unwrap_or(count);
                Ok((validators, quorum))
            }
            None => broken(format!("nobody said who the validators of epoch {epoch} are")),
        }
    }

    /// Submissions that some member called final.
    pub fn finals(&self) -> impl Iterator<Item = &SubmissionId> {
        self.finals.iter()
    }

    /// The highest block that is durable anywhere.
    pub fn height(&self) -> Height {
        self.blocks.last_key_value().map_or(Height::ZERO, |(height, _)| *height)
    }
}
