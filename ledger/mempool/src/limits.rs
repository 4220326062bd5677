//! Limits: how much may wait, in all and of any one.
//!
//! Every node chooses its own; none of them is part of the protocol. The sizes of one batch and of one block's list
//! are the protocol's: `Batch::COUNT_MAX`, `Batch::BYTES_MAX`, `Block::BATCHES_MAX`.

use proto::batch::Batch;
use proto::block::Block;

/// How many and how much, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many.
    pub count_max: usize,
    /// How much, in bytes of envelopes.
    pub bytes_max: usize,
}

impl Limit {
    /// Whether one more of `bytes` fits beside `count` that take `held_bytes`.
    pub(crate) const fn has_room(&self, count: usize, held_bytes: usize, bytes: usize) -> bool {
        count < self.count_max && held_bytes.saturating_add(bytes) <= self.bytes_max
    }
}

/// The limits of the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    /// All that waits.
    pub total: Limit,
    /// What waits of one tenant. Less than `total`, or one tenant can keep the others out.
    pub tenant: Limit,
}

impl Default for PoolLimits {
    /// 10,000 submissions and 64 MiB in all, half of it for one tenant.
    fn default() -> Self {
        Self {
            total: Limit { count_max: 10_000, bytes_max: 64 << 20 },
            tenant: Limit { count_max: 5_000, bytes_max: 32 << 20 },
        }
    }
}

/// The limits of the batches that are known and not committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchesLimits {
    /// What one validator may push on us.
    pub pushed: Limit,
    /// What is held because one validator's blocks name it. Has to hold the blocks it may have under way.
    pub named: Limit,
    /// Most bytes of batches in a block of ours; others refuse one of more than `Block::BODY_BYTES_MAX`.
    pub block_bytes_max: usize,
}

impl Default for BatchesLimits {
    /// Per validator 64 batches and 16 MiB pushed, 256 and 32 MiB named; in a block what the protocol allows.
    fn default() -> Self {
        Self {
            pushed: Limit { count_max: 64, bytes_max: 32 * Batch::BYTES_MAX },
            named: Limit { count_max: 256, bytes_max: 64 * Batch::BYTES_MAX },
            block_bytes_max: Block::BODY_BYTES_MAX,
        }
    }
}
