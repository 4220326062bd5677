//! Retracing: the whole log judged again from its first leaf, submission by submission.
//!
//! Replaying (`replay`) believes what a quorum signed; this believes nothing. Every submission is judged by the rule
//! that admitted it, in the state of that moment, and every block's counts, refusals and state digest are computed
//! anew. So a log that a whole quorum agreed to falsify is found out too. What no leaf holds comes beside the log: the
//! outcomes of what a block refused, and the header of one that closed its epoch; both are bound by digests in leaves.
//! Source: `STATE.md`, rules S1 to S5, V3 to V5, D1, D2, L2, Z4, Z7.

use std::collections::BTreeSet;
use std::sync::Arc;

use crypto::Digest;
use proto::block::Block;
use proto::checkpoint::Head;
use proto::counter::{Epoch, Height, LeafIndex, TimeMs, TreeSize};
use proto::entry::{BlockEntry, Entry, EpochEntry, GenesisEntry};
use proto::genesis::Genesis;
use proto::id::SubmissionId;
use proto::lookup::Record;
use proto::submission::Submission;
use proto::validators::{Opening, ValidatorList, ValidatorSet};
use proto::verified::Verified;

use crate::apply::{execute, rejections_digest};
use crate::change::{ChangeSet, Table};
use crate::check::{Moment, Rules};
use crate::codec::{Reader, Writer};
use crate::error::{CheckError, LedgerError};
use crate::files::Beside;
use crate::key::Position;
use crate::lookup::{Addition, Index};
use crate::outcome::Outcome;
use crate::overlay::Overlay;
use crate::read::{Read, ReadError};
use crate::refusals;
use crate::reign::{QUEUE, REIGN, Reign, Succession, encode_queue, policy_digest};
use crate::rejection::Rejection;
use crate::replay::is_header_of;
use crate::state::{State, first_digest, next_digest};
use crate::tip::{load_network, put_network};

/// Where a retracing stands in its store; a ledger keeps its tip under another name, so neither is taken for the other.
const STAND: &[u8] = b"retraced";

/// One block as the log tells of it.
#[derive(Clone, Debug)]
pub struct TracedBlock {
    /// The leaf of its first submission, or its own if it accepted none.
    pub first: LeafIndex,
    /// What it accepted, in order, with the height and time that each leaf says.
    pub submissions: Vec<(Height, TimeMs, Verified<Submission>)>,
    /// Its own leaf.
    pub entry: BlockEntry,
    /// The leaf behind it, if it closed its epoch.
    pub epoch: Option<EpochEntry>,
    /// What stands beside the log.
    pub beside: Beside,
}

/// Where a retracing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stand {
    /// Height of the last block.
    pub height: Height,
    /// Its time.
    pub time: TimeMs,
    /// Number of leaves up to and with its last one.
    pub size: TreeSize,
    /// Digest of the state after it.
    pub state: Digest,
}

/// Why a block is not what the rules make of the log before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RetraceError {
    /// The log does not begin as this genesis says.
    #[error("leaf {index} is not what the genesis of network {} makes it", .network)]
    Genesis {
        /// The leaf.
        index: LeafIndex,
        /// The network of the genesis.
        network: proto::id::NetworkId,
    },
    /// Heights and times go forward. Rule L2.
    #[error("leaf {index}: height {found} at {time} ms, behind height {height} at {before} ms (rule L2)")]
    NotLater {
        /// The block's own leaf.
        index: LeafIndex,
        /// Its height.
        found: Height,
        /// Its time.
        time: TimeMs,
        /// The height before.
        height: Height,
        /// The time before.
        before: TimeMs,
    },
    /// Another number of submissions stands before the block than it says to have accepted. Rule L2.
    #[error("height {height}: {found} submissions stand before the block, it says {expected} (rule L2)")]
    Accepted {
        /// Its height.
        height: Height,
        /// Submissions found.
        found: usize,
        /// Submissions stated.
        expected: u32,
    },
    /// A submission says another block than the one it stands in. Rule L2.
    #[error("leaf {index}, height {height}: says height {found}, {time} ms (rule L2)")]
    OtherBlock {
        /// The leaf.
        index: LeafIndex,
        /// Height of the block it stands in.
        height: Height,
        /// Height it says.
        found: Height,
        /// Time it says.
        time: TimeMs,
    },
    /// A submission was decided before. Rule S4.
    #[error("leaf {index}, height {height}: submission {id} was decided before (rule S4)")]
    Twice {
        /// The leaf, or the block's own if it stands among the refused.
        index: LeafIndex,
        /// Height of the block.
        height: Height,
        /// The submission.
        id: SubmissionId,
    },
    /// A submission that stands in the log should have been refused.
    #[error("leaf {index}, height {height}: submission {id} breaks {}: {rejection}", .rejection.code())]
    Forbidden {
        /// The leaf.
        index: LeafIndex,
        /// Height of the block.
        height: Height,
        /// The submission.
        id: SubmissionId,
        /// The rule it breaks.
        rejection: Box<Rejection>,
    },
    /// What was refused has not the digest or the number that the block's leaf states. Rule L3.
    #[error("leaf {index}, height {height}: what was refused is not what the leaf states (rules D2, L3)")]
    Refusals {
        /// The block's own leaf.
        index: LeafIndex,
        /// Its height.
        height: Height,
    },
    /// The state is not the one that the block's leaf states. Rule L4.
    #[error("leaf {index}, height {height}: the state is {found}, the leaf states {expected} (rules D1, L4)")]
    State {
        /// The block's own leaf.
        index: LeafIndex,
        /// Its height.
        height: Height,
        /// Digest computed.
        found: Digest,
        /// Digest stated.
        expected: Digest,
    },
    /// The index is not the one that the block's leaf states, or it states none any more. Rule Z7.
    #[error(
        "leaf {index}, height {height}: the index is {}, the leaf states {} (rules Z4, Z7)",
        said(.found),
        said(.expected)
    )]
    Index {
        /// The block's own leaf.
        index: LeafIndex,
        /// Its height.
        height: Height,
        /// Digest computed; none when it was not asked for.
        found: Option<Digest>,
        /// Digest stated.
        expected: Option<Digest>,
    },
    /// The header of a closing block is missing, is another block's, or hands over what does not follow. Rule V4.
    #[error("height {height}: the epoch ends here, and {fault} (rule V4)")]
    Handover {
        /// Height of the block.
        height: Height,
        /// What is wrong with its header.
        fault: &'static str,
    },
    /// The leaf that tells of an epoch says another one than follows. Rule V5.
    #[error("leaf {index}, height {height}: the epoch it tells of is not the one that begins (rule V5)")]
    Epoch {
        /// The leaf.
        index: LeafIndex,
        /// Height of the block before it.
        height: Height,
    },
    /// The store cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl From<ReadError> for RetraceError {
    fn from(fault: ReadError) -> Self {
        Self::Ledger(fault.into())
    }
}

/// A log that is judged again, as far as it has come.
pub struct Retrace {
    genesis: Genesis,
    rules: Rules,
    below: Overlay,
    /// What was done and is not in the store yet.
    pending: ChangeSet,
    stand: Stand,
    succession: Succession,
    index: Index,
}

impl std::fmt::Debug for Retrace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Retrace").field("stand", &self.stand).finish_non_exhaustive()
    }
}

impl Retrace {
    /// Begins before the first leaf, or goes on where the store stands, which says the head of that place.
    ///
    /// # Errors
    /// `OtherNetwork` for a store of another genesis, `Read` when it cannot be read, `Genesis` or `Policy` when no
    /// log can begin so.
    pub fn open(base: Arc<dyn Read>, genesis: &Genesis) -> Result<(Self, Option<Head>), LedgerError> {
        genesis.check().map_err(LedgerError::Genesis)?;
        let (rules, expected) = (Rules::of(genesis), genesis.network());
        match load_network(&*base)? {
            Some(found) if found != expected => return Err(LedgerError::OtherNetwork { found, expected }),
            Some(_) | None => {}
        }
        let resumed = match base.get(Table::Meta, STAND)? {
            Some(bytes) => Some((read_stand(&bytes)?, Succession::load(&*base)?)),
            None => None,
        };
        let index = Index::load(&*base)?;
        let below = Overlay::new(base);
        let (genesis, pending) = (genesis.clone(), ChangeSet::new());
        if let Some(((stand, root), succession)) = resumed {
            let head = Head { size: stand.size, root };
            return Ok((Self { genesis, rules, below, pending, stand, succession, index }, Some(head)));
        }
        let block = genesis.block();
        let reign = Reign {
            epoch: Epoch::ZERO,
            opening: Opening::genesis(block.id()),
            size: TreeSize::new(2),
            validators: ValidatorList::new(genesis.validators.clone()).map_err(|fault| {
                LedgerError::Genesis(proto::canonical::DecodeError::field("genesis.validators", fault))
            })?,
        };
        let stand = Stand {
            height: block.height,
            time: block.time,
            size: TreeSize::ZERO,
            state: first_digest(&expected),
        };
        let succession = Succession { reign, queue: Vec::new() };
        Ok((Self { genesis, rules, below, pending, stand, succession, index }, None))
    }

    /// Where it stands.
    pub const fn stand(&self) -> Stand {
        self.stand
    }

    /// The validators of the epoch that reigns here, and the size of the head that began it: they sign larger ones.
    pub fn reigning(&self) -> (ValidatorSet, TreeSize) {
        let Rules { network, origin, .. } = &self.rules;
        (self.succession.reign.set(*network, origin.clone()), self.succession.reign.size)
    }

    /// Judges the two leaves a log begins with.
    ///
    /// # Errors
    /// `Genesis` naming the leaf that another network's log begins with.
    pub fn begin(&mut self, leaves: [&Entry; 2]) -> Result<(), RetraceError> {
        let network = self.genesis.network();
        let reign = &self.succession.reign;
        let policy = policy_digest(network, &self.genesis.origin, reign.epoch, &reign.validators)
            .map_err(LedgerError::Policy)?;
        let genesis = Entry::Genesis(GenesisEntry { network, origin: self.genesis.origin.clone() });
        for ((found, expected), index) in leaves.into_iter().zip([genesis, reign.entry(policy)]).zip(0..) {
            if *found != expected {
                return Err(RetraceError::Genesis { index: LeafIndex::new(index), network });
            }
        }
        reign.put(&mut self.pending);
        put_network(&network, &mut self.pending);
        self.pending.put(Table::Validators, REIGN, reign.encode());
        self.pending.put(Table::Validators, QUEUE, encode_queue(&self.succession.queue));
        self.stand.size = TreeSize::new(2);
        Ok(())
    }

    /// Judges the next block.
    ///
    /// # Errors
    /// `RetraceError`, the first rule that does not hold; this is then of no more use.
    pub fn block(&mut self, traced: &TracedBlock) -> Result<(), RetraceError> {
        let TracedBlock { first, submissions, entry, epoch, beside } = traced;
        let (height, own) = (entry.height, place(*first, submissions.len()));
        let Stand { height: before, time, .. } = self.stand;
        if height <= before || entry.time <= time {
            let (found, time, before) = (height, entry.time, time);
            return Err(RetraceError::NotLater {
                index: own,
                found,
                time,
                height: self.stand.height,
                before,
            });
        }
        if submissions.len() != entry.accepted as usize {
            let (found, expected) = (submissions.len(), entry.accepted);
            return Err(RetraceError::Accepted { height, found, expected });
        }
        let mut state = State::after(&self.below, &self.pending);
        let mut records = Vec::new();
        for (position, (of, time, submission)) in submissions.iter().enumerate() {
            let (index, id) = (place(*first, position), submission.id());
            if (*of, *time) != (height, entry.time) {
                return Err(RetraceError::OtherBlock { index, height, found: *of, time: *time });
            }
            if state.outcome(&id)?.is_some() {
                return Err(RetraceError::Twice { index, height, id });
            }
            match self.rules.check(&state, submission, Moment { now: entry.time, index }) {
                Ok(()) => {}
                Err(CheckError::Rejected(rejection)) => {
                    let rejection = Box::new(rejection);
                    return Err(RetraceError::Forbidden { index, height, id, rejection });
                }
                Err(CheckError::Read(fault)) => return Err(fault.into()),
            }
            execute(&mut state, submission, Position { index, height }, entry.time)?;
            state.put_outcome(&id, &Outcome::Committed { height, index, time: entry.time });
            records.extend(Record::of(submission, index));
        }
        refused(&mut state, entry, own, &beside.refused)?;
        let opened = match epoch {
            Some(_) => Some(self.hand_over(&mut state, entry, own, beside.header.as_ref())?),
            None => None,
        };
        if state.changed_validators() {
            self.succession = Succession { reign: state.reign()?, queue: state.queue()? };
        }
        let change = state.into_change();
        let found = next_digest(&self.stand.state, &change);
        if found != entry.state {
            return Err(RetraceError::State { index: own, height, found, expected: entry.state });
        }
        // Rule V5
        if let (Some(found), Some(policy)) = (epoch, opened) {
            let reign = &self.succession.reign;
            if reign.entry(policy) != Entry::Epoch(*found) {
                return Err(RetraceError::Epoch { index: own.next(), height });
            }
            reign.put(&mut self.pending);
        }
        self.pending.extend(change);
        self.look_up(&Addition { first: *first, own, records: &records }, entry)?;
        let size = own.get().saturating_add(1 + u64::from(epoch.is_some()));
        self.stand = Stand { height, time: entry.time, size: TreeSize::new(size), state: found };
        Ok(())
    }

    /// Rules Z4 and Z7: the index is the one that the block states.
    fn look_up(&mut self, addition: &Addition<'_>, entry: &BlockEntry) -> Result<(), RetraceError> {
        let found = match entry.lookup {
            Some(_) => Some(self.index.add(addition, &self.below, &mut self.pending)?),
            None => None,
        };
        let is_due = found.is_some() || self.index.not_stated(&mut self.pending);
        match is_due && found == entry.lookup {
            true => Ok(()),
            false => {
                let (index, height, expected) = (addition.own, entry.height, entry.lookup);
                Err(RetraceError::Index { index, height, found, expected })
            }
        }
    }

    /// Rules V4 and V5: the epoch that the header says to begin is the one that follows. Gives its policy's digest.
    fn hand_over(
        &self,
        state: &mut State<'_>,
        entry: &BlockEntry,
        own: LeafIndex,
        header: Option<&Block>,
    ) -> Result<Digest, RetraceError> {
        let height = entry.height;
        let refuse = |fault| RetraceError::Handover { height, fault };
        let header = header.ok_or(refuse("the header that says so is missing"))?;
        if !is_header_of(header, entry) {
            return Err(refuse("the header is of another block"));
        }
        let found = header.handover.ok_or(refuse("its header hands over nothing"))?;
        let follows = found.as_of < height && self.succession.handover(found.as_of) == Some(found);
        let next = self.succession.next(found.as_of).filter(|_| follows);
        let validators = next.ok_or(refuse("its header hands over to others than follow"))?;
        let mut queue = state.queue()?;
        queue.retain(|it| it.height > found.as_of);
        let reign = Reign {
            epoch: self.succession.reign.epoch.next(),
            opening: Opening { block: header.id(), height },
            size: TreeSize::new(own.get().saturating_add(2)),
            validators,
        };
        let Rules { network, origin, .. } = &self.rules;
        let policy =
            policy_digest(*network, origin, reign.epoch, &reign.validators).map_err(LedgerError::Policy)?;
        state.put_reign(&reign);
        state.put_queue(&queue);
        Ok(policy)
    }

    /// Takes what is to be committed to the store before anything else is judged: all that was done since the last
    /// time, and that it leads to this root.
    pub fn take(&mut self, root: &Digest) -> ChangeSet {
        let Stand { height, time, size, state } = &self.stand;
        let mut to = Writer::new();
        to.u64(height.get()).u64(time.get()).u64(size.get()).digest(state).digest(root);
        self.pending.put(Table::Meta, STAND, to.finish());
        std::mem::take(&mut self.pending)
    }
}

fn said(digest: &Option<Digest>) -> String {
    digest.map_or_else(|| "none".to_owned(), |digest| digest.to_string())
}

fn read_stand(bytes: &[u8]) -> Result<(Stand, Digest), ReadError> {
    let read = |from: &mut Reader<'_>| {
        let stand = Stand {
            height: Height::new(from.u64()?),
            time: TimeMs::new(from.u64()?),
            size: TreeSize::new(from.u64()?),
            state: from.digest()?,
        };
        Ok((stand, from.digest()?))
    };
    Reader::whole(bytes, read).map_err(|fault| fault.stored_at(Table::Meta, STAND))
}

/// Rules D2 and L3: what was refused is what the leaf states, each for the first time.
fn refused(
    state: &mut State<'_>,
    entry: &BlockEntry,
    own: LeafIndex,
    list: &[u8],
) -> Result<(), RetraceError> {
    let height = entry.height;
    let other = || RetraceError::Refusals { index: own, height };
    let list = refusals::decode(height, list).ok_or_else(other)?;
    let codes: Vec<_> = list.iter().map(|(id, outcome)| (*id, refusals::code(outcome))).collect();
    if list.len() != entry.rejected as usize || rejections_digest(&codes) != entry.rejections {
        return Err(other());
    }
    let mut ids = BTreeSet::new();
    for (id, outcome) in &list {
        if !ids.insert(*id) || state.outcome(id)?.is_some() {
            return Err(RetraceError::Twice { index: own, height, id: *id });
        }
        state.put_outcome(id, outcome);
    }
    Ok(())
}

fn place(first: LeafIndex, position: usize) -> LeafIndex {
    LeafIndex::new(first.get().saturating_add(position as u64))
}
