//! Bodies: a stored block without what the log holds anyway.
//!
//! What a block accepted stands in its leaves, envelope by envelope, in the order of its batches; so the block is kept as
//! its header, the certificate of its parent, and for each submission either the word that the next leaf has it, or its
//! envelope. Whoever asks for the block gets it whole. Source: `STATE.md`, the table of values.

use proto::batch::Batch;
use proto::block::{Block, CertifiedBlock};
use proto::canonical::Canonical as _;
use proto::certificate::QuorumCert;
use proto::counter::{Height, LeafIndex};
use proto::entry::{Entry, SubmissionEntry};
use proto::id::ValidatorIndex;
use proto::submission::Submission;

use crate::change::{ChangeSet, Table};
use crate::codec::{CodecError, Reader, Writer};
use crate::log::{Leaf, frames};
use crate::read::ReadError;

/// How a canonical `CertifiedBlock` begins, which stood here before the format 3 of stores: the tag of its first field.
const WHOLE: u8 = 0x0a;

/// Reads a table, durable or not.
pub(crate) trait Get: Fn(Table, &[u8]) -> Result<Option<Vec<u8>>, ReadError> {}

impl<F: Fn(Table, &[u8]) -> Result<Option<Vec<u8>>, ReadError>> Get for F {}

/// Where the submissions of a block went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    /// The first leaf of the block.
    pub first: LeafIndex,
    /// Of each submission, in the order of the batches, whether it became a leaf.
    pub became_leaf: Vec<bool>,
}

/// Adds a block, under its height and its id. A block without batches has no places.
pub(crate) fn put(certified: &CertifiedBlock, places: Option<&Places>, change: &mut ChangeSet) {
    let CertifiedBlock { block, justify, batches } = certified;
    let height = block.height.get().to_be_bytes();
    let mut to = Writer::new();
    to.bytes(&block.encode()).bytes(&justify.encode());
    to.option(places.map(|places| places.first.get())).count(batches.len());
    let mut became_leaf = places.map_or(&[][..], |places| &places.became_leaf).iter();
    for Batch { author, submissions } in batches {
        to.u32(author.get().into()).count(submissions.len());
        for submission in submissions {
            match became_leaf.next() {
                Some(true) => to.u8(1),
                Some(false) | None => to.u8(0).bytes(submission.bytes()),
            };
        }
    }
    change.put(Table::Blocks, &height, to.finish());
    change.put(Table::BlockHeights, block.id().as_bytes(), height.to_vec());
}

/// The block of a height, whole.
pub(crate) fn stored(get: impl Get, height: Height) -> Result<Option<CertifiedBlock>, ReadError> {
    let key = height.get().to_be_bytes();
    let Some(bytes) = get(Table::Blocks, &key)? else { return Ok(None) };
    if bytes.first() == Some(&WHOLE) {
        let whole = CertifiedBlock::decode(&bytes);
        return whole.map(Some).map_err(|fault| ReadError::damaged(Table::Blocks, &key, fault));
    }
    let damaged = |fault: CodecError| fault.stored_at(Table::Blocks, &key);
    let head = Reader::new(&bytes).and_then(|mut from| Head::read(&mut from)).map_err(damaged)?;
    let framed = match head.first {
        None => None,
        Some(first) => {
            let found = get(Table::Leaves, &first.to_be_bytes())?;
            Some(found.ok_or_else(|| damaged(CodecError::field("first", "its leaves are missing")))?)
        }
    };
    let leaves = framed.as_deref().map_or(Ok(Vec::new()), frames);
    let leaves = leaves.map_err(|fault| damaged(CodecError::field("leaves", fault)))?;
    let read = |from: &mut Reader<'_>| {
        let Head { block, justify, first: _ } = Head::read(from)?;
        let mut leaves = leaves.iter();
        let batches = from.each(|from| batch(from, &mut leaves))?;
        Ok(CertifiedBlock { block, justify, batches })
    };
    Reader::whole(&bytes, read).map(Some).map_err(damaged)
}

/// The header of the block of a height, and the certificate of its parent.
pub(crate) fn stored_header(get: impl Get, height: Height) -> Result<Option<(Block, QuorumCert)>, ReadError> {
    let key = height.get().to_be_bytes();
    let Some(bytes) = get(Table::Blocks, &key)? else { return Ok(None) };
    if bytes.first() == Some(&WHOLE) {
        return Ok(stored(get, height)?.map(|it| (it.block, it.justify)));
    }
    let head = Reader::new(&bytes).and_then(|mut from| Head::read(&mut from));
    head.map(|head| Some((head.block, head.justify))).map_err(|fault| fault.stored_at(Table::Blocks, &key))
}

/// What stands before the batches.
struct Head {
    block: Block,
    justify: QuorumCert,
    first: Option<u64>,
}

impl Head {
    fn read(from: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self {
            block: Block::decode(from.bytes()?).map_err(|fault| CodecError::field("block", fault))?,
            justify: QuorumCert::decode(from.bytes()?)
                .map_err(|fault| CodecError::field("certificate", fault))?,
            first: from.option()?,
        })
    }
}

fn batch<'a>(
    from: &mut Reader<'_>,
    leaves: &mut impl Iterator<Item = &'a Leaf>,
) -> Result<Batch, CodecError> {
    let author = from.u32()?;
    let author = u16::try_from(author)
        .map_err(|_| CodecError::Meaning { field: "batch.author", found: u64::from(author) })?;
    let submissions = from.each(|from| match from.u8()? {
        0 => Submission::decode(from.bytes()?).map_err(|fault| CodecError::field("submission", fault)),
        1 => {
            let leaf = leaves.next().ok_or_else(|| CodecError::field("leaves", "there is none left"))?;
            match Entry::decode(leaf.bytes()).map_err(|fault| CodecError::field("leaf", fault))? {
                Entry::Submission(entry) => {
                    let SubmissionEntry { submission, .. } = *entry;
                    Ok(submission)
                }
                Entry::Statement(entry) => Ok(entry.submission().clone()),
                Entry::Genesis(_) | Entry::Epoch(_) | Entry::Block(_) => {
                    Err(CodecError::field("leaf", "holds no submission"))
                }
            }
        }
        found => Err(CodecError::Meaning { field: "submission", found: u64::from(found) }),
    })?;
    Ok(Batch { author: ValidatorIndex::new(author), submissions })
}
