//! Batches by name: the RFC 6962 root over the ids of their submissions.
//!
//! Who holds a batch can so prove that a submission is in it, and a block that names the batch anchors it.

use merkle::{CompactRange, leaf_hash};
use proto::batch::{Batch, BatchRef};
use proto::block::Block;
use proto::id::BatchId;

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

/// Checks that `batches` are the ones `block` names, in its order, with the counts and sizes it states.
///
/// # Errors
/// `BatchesError`, the first difference.
pub fn check_batches(block: &Block, batches: &[Batch]) -> Result<(), BatchesError> {
    if block.batches.len() != batches.len() {
        return Err(BatchesError::Count { named: block.batches.len(), found: batches.len() });
    }
    for (position, (named, batch)) in block.batches.iter().zip(batches).enumerate() {
        let found = batch_ref(batch);
        if *named != found {
            let (named, found) = (Box::new(named.clone()), Box::new(found));
            return Err(BatchesError::Other { position, named, found });
        }
    }
    Ok(())
}
