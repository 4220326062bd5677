//! Before a node starts: its store has the index of the audit log, and nobody changed the newest part of the log.
//!
//! What is older is looked at by `quorate audit-log check`, on a store that no node uses.

use std::sync::Arc;

use ledger::read::ReadError;
use ledger::{LedgerReader, audit};
use proto::counter::LeafIndex;
use store::port::{Store, StoreError};

/// Leaves that a node looks at when it starts: less than a second.
const LOOKED_AT: u64 = 10_000;

/// Why a store is not ready.
#[derive(Debug, thiserror::Error)]
pub enum AuditingError {
    /// It cannot be read, or was changed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes the index of a store that an older program wrote, and looks at the newest leaves.
///
/// # Errors
/// `Read` when the store cannot be read or was changed, `Store` when it cannot be written.
pub fn prepare<S: Store + 'static>(store: &Arc<S>) -> Result<(), AuditingError> {
    let mut done = None;
    while let Some((change, leaf)) = audit::rebuild(&**store)? {
        if done.is_none() {
            tracing::info!(code = "audit_index", "the index of the audit log is being made, once");
        }
        store.commit(&change)?;
        done = Some(leaf);
    }
    if let Some(leaf) = done {
        tracing::info!(code = "audit_index", leaves = leaf.get(), "the index of the audit log is made");
    }
    let Some(tip) = LedgerReader::new(store.clone()).tip()? else { return Ok(()) };
    let from = tip.head.size.get().saturating_sub(LOOKED_AT);
    audit::check(&**store, LeafIndex::new(from), &mut |_, _| {})?;
    Ok(())
}
