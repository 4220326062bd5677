//! Batches by name: the RFC 6962 root over the ids of their submissions.
//!
//! Who holds a batch can so prove that a submission is in it, and a block that names the batch anchors it.

use std::collections::BTreeSet;

use merkle::{CompactRange, leaf_hash};
use proto::batch::{Batch, BatchRef};
use proto::block::Block;
use proto::id::{BatchId, SubmissionId};
use proto::submission::Submission;

/// Why bodies are not the batches a block names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchesError {
    /// More or fewer bodies than references.
    #[error("the block names {named} batches, {found} came with it")]
    Count {
        /// Batches the block names.
        named: usize,
        /// Bodies found.
        found: usize,
    },
    /// A body is not what its reference says: another batch, or another count or size.
    #[error("batch {position} is {found:?}, the block names {named:?}")]
    Other {
        /// Its position in the block, from 0.
        position: usize,
        /// What the block names.
        named: Box<BatchRef>,
        /// What the body is.
        found: Box<BatchRef>,
    },
    /// More batches than a block may name.
    #[error("the block names {found} batches, at most {max} are allowed")]
    TooMany {
        /// Batches the block names.
        found: usize,
        /// Batches it may name.
        max: usize,
    },
    /// More bytes than the batches of a block may have.
    #[error("the block names {found} bytes of batches, at most {max} are allowed")]
    TooLarge {
        /// Bytes the block names.
        found: usize,
        /// Bytes it may name.
        max: usize,
    },
    /// A batch is empty, or larger than a batch may be.
    #[error(
        "batch {position} holds {count} submissions in {bytes} bytes, 1 to {} in at most {} are allowed",
        Batch::COUNT_MAX,
        Batch::BYTES_MAX
    )]
    Size {
        /// Its position in the block, from 0.
        position: usize,
        /// Number of its submissions.
        count: usize,
        /// Sum of its envelopes, in bytes.
        bytes: usize,
    },
    /// A batch holds a submission twice.
    #[error("batch {position} holds submission {id} twice")]
    Repeated {
        /// Its position in the block, from 0.
        position: usize,
        /// The submission.
        id: SubmissionId,
    },
    /// The block names a batch twice.
    #[error("batch {position} stands in the block before")]
    Twice {
        /// The second position, from 0.
        position: usize,
    },
}

/// The root over the submissions' ids, each id a leaf of 32 bytes.
pub fn batch_id(batch: &Batch) -> BatchId {
    let mut range = CompactRange::new();
    for submission in &batch.submissions {
        let leaf = leaf_hash(submission.id().as_bytes());
        range.append(leaf, &mut |_, _, _| {}).expect("a batch in memory has far fewer than 2^64 submissions");
    }
    BatchId::new(range.root())
}

/// How a block names this batch.
pub fn batch_ref(batch: &Batch) -> BatchRef {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    BatchRef {
        id: batch_id(batch),
        count: number(batch.submissions.len()),
        bytes: number(batch.content_bytes()),
    }
}

/// Checks that `batches` are the ones `block` names, in its order, with the counts and sizes it states; and that they
/// are batches at all. What comes from the wire is, but a block that was made here came by no wire, and once applied it
/// must be readable for ever.
///
/// # Errors
/// `BatchesError`, the first fault.
pub fn check_batches(block: &Block, batches: &[Batch]) -> Result<(), BatchesError> {
    let (named, found) = (block.batches.len(), batches.len());
    if named > Block::BATCHES_MAX {
        return Err(BatchesError::TooMany { found: named, max: Block::BATCHES_MAX });
    }
    if block.body_bytes() > Block::BODY_BYTES_MAX {
        return Err(BatchesError::TooLarge { found: block.body_bytes(), max: Block::BODY_BYTES_MAX });
    }
    if named != found {
        return Err(BatchesError::Count { named, found });
    }
    let mut seen = BTreeSet::new();
    for (position, (named, batch)) in block.batches.iter().zip(batches).enumerate() {
        check_content(position, batch)?;
        let found = batch_ref(batch);
        if *named != found {
            let (named, found) = (Box::new(named.clone()), Box::new(found));
            return Err(BatchesError::Other { position, named, found });
        }
        if !seen.insert(named.id) {
            return Err(BatchesError::Twice { position });
        }
    }
    Ok(())
}

fn check_content(position: usize, batch: &Batch) -> Result<(), BatchesError> {
    let (count, bytes) = (batch.submissions.len(), batch.content_bytes());
    if count == 0 || count > Batch::COUNT_MAX || bytes > Batch::BYTES_MAX {
        return Err(BatchesError::Size { position, count, bytes });
    }
    let mut seen = BTreeSet::new();
    match batch.submissions.iter().map(Submission::id).find(|id| !seen.insert(*id)) {
        None => Ok(()),
        Some(id) => Err(BatchesError::Repeated { position, id }),
    }
}
