//! Replaying: a part of the certified log in, and out comes the state it left behind.
//!
//! For a ledger so far behind that it does not fetch every block. Nothing is believed that is not proven: the leaves lead
//! to the root a quorum signed, what was refused has the digest its block's leaf states, and the state we compute has the
//! digest that leaf states. Who accepted a submission checked its signatures, and a quorum signed for it; so they are not
//! checked again. A part that does not hold changes nothing. Source: `STATE.md`, rules L1 to L5, Z4, Z7.

use std::collections::BTreeSet;

use merkle::consistency::{self, ConsistencyError};
use proto::batch::BatchRef;
use proto::block::Block;
use proto::canonical::{Canonical as _, DecodeError};
use proto::checkpoint::{CertifiedCheckpoint, Head};
use proto::counter::{Height, LeafIndex, TimeMs, TreeSize};
use proto::entry::{BlockEntry, Entry, SubmissionEntry};
use proto::history::{LogPart, LoggedBlock};
use proto::id::SubmissionId;
use proto::lookup::Record;
use proto::submission::Submission;
use proto::verified::Verified;

use crate::anchor::Anchor;
use crate::apply::{execute, rejections_digest};
use crate::audit::Postings;
use crate::change::ChangeSet;
use crate::error::LedgerError;
use crate::key::Position;
use crate::ledger::Ledger;
use crate::log::{Leaf, frames};
use crate::lookup::{Addition, Index};
use crate::notice::{Event, Notice};
use crate::outcome::Outcome;
use crate::read::ReadError;
use crate::refusals;
use crate::reign::Succession;
use crate::state::{State, next_digest};
use crate::tip::Tip;

/// What follows from a part of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// Height of its last block, where the ledger stands now.
    pub height: Height,
    /// To be made durable, after those of the heights before; nothing below is told before that.
    pub change: ChangeSet,
    /// The head after it.
    pub head: Head,
    /// The batches its blocks ordered.
    pub batches: Vec<BatchRef>,
    /// Submissions it decided.
    pub decided: Vec<SubmissionId>,
    /// For subscribers.
    pub notices: Vec<Notice>,
}

/// Why a part of the log is not taken. The ledger is then as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// It holds no block.
    #[error("a part of the log without a block")]
    Empty,
    /// The leaves of a block are cut off, or too many.
    #[error("block {position} of the part: {fault}")]
    Frame {
        /// The block's position in the part, from 0.
        position: usize,
        /// What is wrong.
        fault: &'static str,
    },
    /// The leaves are not those of the certified log.
    #[error("the log would have {size} leaves and is not the beginning of the certified one: {fault}")]
    History {
        /// Leaves it would have.
        size: TreeSize,
        /// What the proof shows.
        fault: ConsistencyError,
    },
    /// A certified leaf cannot be read here: it was written by a later release.
    #[error("leaf {index} is certified and cannot be read: {fault}")]
    Leaf {
        /// Where it stands.
        index: LeafIndex,
        /// What is wrong.
        fault: DecodeError,
    },
    /// A certified leaf is of a kind that does not stand there.
    #[error("leaf {index} is certified and is not what stands there: {expected}")]
    Order {
        /// Where it stands.
        index: LeafIndex,
        /// What should stand there.
        expected: &'static str,
    },
    /// It goes on behind the end of an epoch, which is shown block by block.
    #[error("leaf {index} opens an epoch, and a part of the log ends before")]
    OtherEpoch {
        /// Where it stands.
        index: LeafIndex,
    },
    /// What was refused is not what the block's leaf says.
    #[error("the refusals of the block of height {height} are not those that its leaf states")]
    Refusals {
        /// The block's height.
        height: Height,
    },
    /// The state computed is not the one that the block's leaf states.
    #[error("the state after the block of height {height} is not the one that its leaf states")]
    State {
        /// The block's height.
        height: Height,
    },
    /// The index computed is not the one that the block's leaf states, or it states none any more.
    #[error("the index before the block of height {height} is not the one that its leaf states")]
    Index {
        /// The block's height.
        height: Height,
    },
    /// The header is not that of the last block.
    #[error("a header of height {found} at the end of a log that ends with height {expected}")]
    Header {
        /// Height of the header.
        found: Height,
        /// Height of the last block.
        expected: Height,
    },
    /// The ledger itself cannot go on.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<ReadError> for ReplayError {
    fn from(fault: ReadError) -> Self {
        Self::Ledger(fault.into())
    }
}

impl ReplayError {
    /// Whether who sent the part is to blame; if not, this node is, and would refuse it from anybody.
    pub const fn blames_sender(&self) -> bool {
        match self {
            Self::Empty
            | Self::Frame { .. }
            | Self::History { .. }
            | Self::OtherEpoch { .. }
            | Self::Refusals { .. }
            // Another state than the quorum's follows from another text of a refusal as well as from a rule of ours.
            | Self::State { .. }
            | Self::Index { .. }
            | Self::Header { .. } => true,
            Self::Leaf { .. } | Self::Order { .. } | Self::Ledger(_) => false,
        }
    }
}

impl Ledger {
    /// Replays a part of the log that begins where ours ends, proven by a checkpoint that a quorum signed.
    ///
    /// # Errors
    /// `ReplayError`, the first fault. The ledger is then as it was.
    pub fn replay(
        &mut self,
        part: &Verified<LogPart>,
        proven_by: &Verified<CertifiedCheckpoint>,
    ) -> Result<Replayed, ReplayError> {
        let LogPart { blocks, last, certificate, proof } = &**part;
        if blocks.is_empty() {
            return Err(ReplayError::Empty);
        }
        let mut log = self.log.clone();
        let mut all = Replay::begin(self);
        // Rule L1: first the proof. What follows is then what a quorum signed.
        let mut framed = Vec::new();
        for (position, block) in blocks.iter().enumerate() {
            let first = log.next_index();
            let leaves = frames(&block.leaves).map_err(|fault| ReplayError::Frame { position, fault })?;
            log.append(&leaves, &mut all.change)?;
            framed.push((first, leaves));
        }
        let head = log.head();
        let Head { size, root } = proven_by.head;
        consistency::verify(head.size.get(), &head.root, size.get(), &root, proof)
            .map_err(|fault| ReplayError::History { size: head.size, fault })?;

        let mut end = None;
        for ((first, leaves), LoggedBlock { refused, .. }) in framed.iter().zip(blocks) {
            end = Some(all.block(self, *first, leaves, refused)?);
        }
        let end = end.ok_or(ReplayError::Empty)?;
        // Rule L5: a quorum certified one block in that view, and its height is final; so this header is the block's.
        if !is_header_of(last, &end) {
            return Err(ReplayError::Header { found: last.height, expected: end.height });
        }
        let tip = Tip { height: end.height, block: last.id(), time: end.time, head, state: end.state };
        tip.put(&mut all.change);
        let anchor = Anchor { block: last.clone(), certificate: certificate.clone() };
        anchor.put(&mut all.change);

        let Replay { change, sequence, index, batches, decided, notices, succession, .. } = all;
        self.overlay.push(tip.height, change.clone());
        if let Some(succession) = succession {
            self.succession = succession;
        }
        (self.log, self.sequence, self.tip, self.block) = (log, sequence, tip, last.clone());
        self.index = index;
        Ok(Replayed { height: tip.height, change, head, batches, decided, notices })
    }
}

/// What has been replayed so far.
struct Replay {
    change: ChangeSet,
    height: Height,
    time: TimeMs,
    state: crypto::Digest,
    sequence: crate::notice::Sequence,
    index: Index,
    /// Who reigns, and what waits, where any of that changed.
    succession: Option<Succession>,
    batches: Vec<BatchRef>,
    decided: Vec<SubmissionId>,
    notices: Vec<Notice>,
}

impl Replay {
    fn begin(ledger: &Ledger) -> Self {
        let Tip { height, time, state, .. } = ledger.tip;
        Self {
            change: ChangeSet::new(),
            height,
            time,
            state,
            sequence: ledger.sequence,
            index: ledger.index.clone(),
            succession: None,
            batches: Vec::new(),
            decided: Vec::new(),
            notices: Vec::new(),
        }
    }

    /// Does what one block did, and compares it with what its last leaf states.
    fn block(
        &mut self,
        ledger: &Ledger,
        first: LeafIndex,
        leaves: &[Leaf],
        refused: &[u8],
    ) -> Result<BlockEntry, ReplayError> {
        let (entries, block) = read(first, leaves)?;
        let height = block.height;
        let at_block = |expected| ReplayError::Order { index: place(first, entries.len()), expected };
        // Rule L2: heights and times go forward, and every leaf before a block's own is one that it accepted.
        if height <= self.height || block.time <= self.time {
            return Err(at_block("a block later than the one before"));
        }
        if entries.len() != block.accepted as usize {
            return Err(at_block("a block that accepted the leaves before it"));
        }
        let mut state = State::after(&ledger.overlay, &self.change);
        let (mut outcomes, mut records) = (Vec::new(), Vec::new());
        let own = place(first, entries.len());
        let mut postings = Postings::new(first);
        for (position, entry) in entries.into_iter().enumerate() {
            let index = place(first, position);
            let Executed { at, submission } = entry;
            // A statement that is a leaf by itself says nothing of its place: it stands before its block's leaf. Rule T4.
            if at.is_some_and(|at| at != (height, block.time)) {
                return Err(ReplayError::Order { index, expected: "a submission of its block" });
            }
            let time = block.time;
            execute(&mut state, &submission, Position { index, height }, time)?;
            let (id, outcome) = (submission.id(), Outcome::Committed { height, index, time });
            state.put_outcome(&id, &outcome);
            outcomes.push((id, outcome));
            records.extend(Record::of(&submission, index));
            postings.note(&submission, index);
        }
        // Rule L3.
        let refused = refusals::decode(height, refused).ok_or(ReplayError::Refusals { height })?;
        let codes: Vec<_> = refused.iter().map(|(id, outcome)| (*id, refusals::code(outcome))).collect();
        if refused.len() != block.rejected as usize || rejections_digest(&codes) != block.rejections {
            return Err(ReplayError::Refusals { height });
        }
        for (id, outcome) in &refused {
            state.put_outcome(id, outcome);
        }
        outcomes.extend(refused.iter().cloned());
        if state.changed_validators() {
            self.succession = Some(Succession { reign: state.reign()?, queue: state.queue()? });
        }
        // Rule L4.
        let change = state.into_change();
        self.state = next_digest(&self.state, &change);
        if self.state != block.state {
            return Err(ReplayError::State { height });
        }
        self.change.extend(change);
        // Rule Z7.
        let addition = Addition { first, own, records: &records };
        let found = match block.lookup {
            Some(_) => Some(self.index.add(&addition, &ledger.overlay, &mut self.change)?),
            None if self.index.not_stated(&mut self.change) => None,
            None => return Err(ReplayError::Index { height }),
        };
        if found != block.lookup && !crypto::broken!(IndexNotCompared) {
            return Err(ReplayError::Index { height });
        }
        refusals::put(height, &refused, &mut self.change);
        postings.put(block.time, own.next(), &mut self.change);
        (self.height, self.time) = (height, block.time);
        self.batches.extend(block.batches.iter().cloned());
        self.decided.extend(outcomes.iter().map(|(id, _)| *id));
        let event = Event::Committed { height, first_index: first, outcomes };
        self.notices.push(self.sequence.tell(event, &mut self.change));
        Ok(block)
    }
}

/// A submission's leaf, and the place it states, if it states one.
struct Executed {
    at: Option<(Height, TimeMs)>,
    submission: Submission,
}

/// Reads the leaves of one block: submissions, and the block's own at the end.
fn read(first: LeafIndex, leaves: &[Leaf]) -> Result<(Vec<Executed>, BlockEntry), ReplayError> {
    let mut entries = Vec::new();
    let mut ids = BTreeSet::new();
    for (position, leaf) in leaves.iter().enumerate() {
        let index = place(first, position);
        let entry = Entry::decode(leaf.bytes()).map_err(|fault| ReplayError::Leaf { index, fault })?;
        let is_last = position + 1 == leaves.len();
        match entry {
            Entry::Submission(entry) if !is_last && ids.insert(entry.submission.id()) => {
                let SubmissionEntry { height, time, submission } = *entry;
                entries.push(Executed { at: Some((height, time)), submission });
            }
            Entry::Statement(entry) if !is_last && ids.insert(entry.submission().id()) => {
                entries.push(Executed { at: None, submission: entry.submission().clone() });
            }
            Entry::Block(block) if is_last => return Ok((entries, block)),
            Entry::Epoch(_) => return Err(ReplayError::OtherEpoch { index }),
            // A block's leaf with another behind it closes an epoch; anything else does not stand there.
            Entry::Block(_) if leaves.len() == position + 2 => {
                return Err(ReplayError::OtherEpoch { index: place(first, position + 1) });
            }
            Entry::Submission(_) | Entry::Statement(_) | Entry::Block(_) | Entry::Genesis(_) => {
                let expected = "the submissions of a block, each once, and then the block";
                return Err(ReplayError::Order { index, expected });
            }
        }
    }
    Err(ReplayError::Order { index: first, expected: "a block" })
}

fn place(first: LeafIndex, position: usize) -> LeafIndex {
    LeafIndex::new(first.get().saturating_add(position as u64))
}

pub(crate) fn is_header_of(header: &Block, entry: &BlockEntry) -> bool {
    header.height == entry.height
        && header.view == entry.view
        && header.proposer == entry.proposer
        && header.time == entry.time
        && header.batches == entry.batches
}
