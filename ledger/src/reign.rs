//! Reigns: which validators hold which epoch, and the changes that wait for the next one.
//!
//! A change that was accepted does not act at once: consensus has to agree on the block after which it does. So it waits
//! in a queue with the height that accepted it, and a closing block names the height up to which the queue is taken over.
//! Source: `STATE.md`, rules V1 to V6.

use crypto::{Digest, sha256};
use proto::block::Handover;
use proto::canonical::Canonical as _;
use proto::counter::{Epoch, Height, TreeSize};
use proto::entry::{Entry, EpochEntry};
use proto::id::{BlockId, NetworkId};
use proto::operation::Membership;
use proto::policy::{Policy, PolicyError};
use proto::validators::{Opening, Validator, ValidatorList, ValidatorSet, ValidatorSetError};

use crate::change::{ChangeSet, Table};
use crate::codec::{CodecError, Reader, Writer};
use crate::read::{Read, ReadError};

/// Where the reigning validators stand in their table.
pub(crate) const REIGN: &[u8] = b"reign";
/// Where the changes that wait stand in the same table.
pub(crate) const QUEUE: &[u8] = b"queue";
/// Most changes that wait for a hand-over: the list is rewritten with each.
pub const QUEUE_MAX: usize = 32;

/// The validators of one epoch, and where it began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reign {
    /// The epoch.
    pub epoch: Epoch,
    /// The block after which they reign.
    pub opening: Opening,
    /// Size of the log after that block. The last leaf of it tells of this epoch; heads up to this size are signed by
    /// the validators before, later ones by these.
    pub size: TreeSize,
    /// They, in the order of their indices.
    pub validators: ValidatorList,
}

impl Reign {
    /// The validators as a set of this network.
    pub fn set(&self, network: NetworkId, origin: String) -> ValidatorSet {
        ValidatorSet::new(network, origin, self.epoch, self.opening, self.validators.get().to_vec())
            .expect("a list is checked when it is made, and a set asks no more of it")
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let Self { epoch, opening: Opening { block, height }, size, validators } = self;
        let mut to = Writer::new();
        to.u64(epoch.get()).digest(block.digest()).u64(height.get()).u64(size.get());
        to.bytes(&validators.encode());
        to.finish()
    }

    pub(crate) fn decode(table: Table, key: &[u8], bytes: &[u8]) -> Result<Self, ReadError> {
        let read = |from: &mut Reader<'_>| {
            let (epoch, opening, size) = Self::read_opening(from)?;
            Ok(Self {
                epoch,
                opening,
                size,
                validators: ValidatorList::decode(from.bytes()?)
                    .map_err(|fault| CodecError::field("validators", fault))?,
            })
        };
        Reader::whole(bytes, read).map_err(|fault| fault.stored_at(table, key))
    }

    /// The size alone, without a look at the keys behind it.
    pub(crate) fn decode_size(table: Table, key: &[u8], bytes: &[u8]) -> Result<TreeSize, ReadError> {
        let read = |from: &mut Reader<'_>| {
            let (_, _, size) = Self::read_opening(from)?;
            from.bytes().map(|_validators| size)
        };
        Reader::whole(bytes, read).map_err(|fault| fault.stored_at(table, key))
    }

    fn read_opening(from: &mut Reader<'_>) -> Result<(Epoch, Opening, TreeSize), CodecError> {
        let epoch = Epoch::new(from.u64()?);
        let opening = Opening { block: BlockId::new(from.digest()?), height: Height::new(from.u64()?) };
        Ok((epoch, opening, TreeSize::new(from.u64()?)))
    }

    /// Keeps it among all epochs there were.
    pub(crate) fn put(&self, change: &mut ChangeSet) {
        change.put(Table::Epochs, &self.epoch.get().to_be_bytes(), self.encode());
    }

    /// The leaf that tells of it.
    pub(crate) fn entry(&self, policy: Digest) -> Entry {
        let validators = ValidatorSet::digest_of(self.epoch, &self.validators);
        Entry::Epoch(EpochEntry { epoch: self.epoch, height: self.opening.height, validators, policy })
    }
}

/// The digest of the policy text of a list of validators.
///
/// # Errors
/// `PolicyError` when no policy says what a quorum of them is.
pub(crate) fn policy_digest(
    network: NetworkId,
    origin: &str,
    epoch: Epoch,
    validators: &ValidatorList,
) -> Result<Digest, PolicyError> {
    let reign = Reign {
        epoch,
        opening: Opening::genesis(BlockId::default()),
        size: TreeSize::ZERO,
        validators: validators.clone(),
    };
    Ok(sha256(Policy::of(&reign.set(network, origin.to_owned()))?.to_string().as_bytes()))
}

/// A change that was accepted and waits for a hand-over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// The height that accepted it.
    pub height: Height,
    /// What changes.
    pub change: Membership,
}

pub(crate) fn encode_queue(queue: &[Queued]) -> Vec<u8> {
    let mut to = Writer::new();
    to.count(queue.len());
    for Queued { height, change } in queue {
        to.u64(height.get());
        match change {
            Membership::Join(validator) => to.u8(1).bytes(&validator.encode()),
            Membership::Leave(name) => to.u8(2).bytes(name.as_bytes()),
        };
    }
    to.finish()
}

pub(crate) fn decode_queue(bytes: &[u8]) -> Result<Vec<Queued>, ReadError> {
    let read = |from: &mut Reader<'_>| {
        from.each(|from| {
            let height = Height::new(from.u64()?);
            let change = match from.u8()? {
                1 => {
                    let validator = Validator::decode(from.bytes()?);
                    Membership::Join(Box::new(
                        validator.map_err(|fault| CodecError::field("validator", fault))?,
                    ))
                }
                2 => {
                    let name = String::from_utf8(from.bytes()?.to_vec());
                    Membership::Leave(name.map_err(|fault| CodecError::field("name", fault))?)
                }
                found => return Err(CodecError::Meaning { field: "membership", found: u64::from(found) }),
            };
            Ok(Queued { height, change })
        })
    };
    Reader::whole(bytes, read).map_err(|fault| fault.stored_at(Table::Validators, QUEUE))
}

/// Why a change cannot be applied to a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MembershipError {
    /// The one that leaves is not there.
    Unknown { name: String },
    /// What would come out is no list of validators.
    Set(ValidatorSetError),
}

/// The list after some changes. Rule V3: who joins stands behind all others, who leaves closes the gap.
pub(crate) fn after<'a>(
    validators: &ValidatorList,
    changes: impl IntoIterator<Item = &'a Membership>,
) -> Result<ValidatorList, MembershipError> {
    let mut list = validators.get().to_vec();
    for change in changes {
        match change {
            Membership::Join(validator) => list.push(Validator::clone(validator)),
            Membership::Leave(name) => match list.iter().position(|it| it.name == *name) {
                Some(position) => drop(list.remove(position)),
                None => return Err(MembershipError::Unknown { name: name.clone() }),
            },
        }
    }
    ValidatorList::new(list).map_err(MembershipError::Set)
}

/// The reigning validators and the changes that wait: what the ledger must know at every height.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Succession {
    pub(crate) reign: Reign,
    pub(crate) queue: Vec<Queued>,
}

impl Succession {
    pub(crate) fn load(base: &dyn Read) -> Result<Self, ReadError> {
        let missing = |key: &[u8]| ReadError::damaged(Table::Validators, key, "missing");
        let reign = base.get(Table::Validators, REIGN)?.ok_or_else(|| missing(REIGN))?;
        let queue = base.get(Table::Validators, QUEUE)?.ok_or_else(|| missing(QUEUE))?;
        Ok(Self { reign: Reign::decode(Table::Validators, REIGN, &reign)?, queue: decode_queue(&queue)? })
    }

    /// The validators after the changes accepted up to a height; none when there is no change among them, or what they
    /// lead to is no list. Rule V4.
    pub(crate) fn next(&self, as_of: Height) -> Option<ValidatorList> {
        let changes: Vec<_> =
            self.queue.iter().filter(|it| it.height <= as_of).map(|it| &it.change).collect();
        if changes.is_empty() {
            return None;
        }
        after(&self.reign.validators, changes).ok()
    }

    /// The hand-over that says so.
    pub(crate) fn handover(&self, as_of: Height) -> Option<Handover> {
        let validators = ValidatorSet::digest_of(self.reign.epoch.next(), &self.next(as_of)?);
        Some(Handover { as_of, validators })
    }
}
