//! What the ledger asks of its storage: values by key. Writing is not here: it happens behind a gate.

use crate::change::Table;

/// Why a stored value cannot be had. Permanent: a node that meets one stops using that store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The value's checksum does not match, or it does not decode.
    #[error("the stored value {key} of {table:?} is damaged: {fault}")]
    Damaged {
        /// The table.
        table: Table,
        /// The key, in hex.
        key: String,
        /// What was found.
        fault: String,
    },
    /// The storage engine failed.
    #[error("the store failed: {fault}")]
    Engine {
        /// What it said.
        fault: String,
    },
}

impl ReadError {
    /// The value of a key is damaged.
    pub fn damaged(table: Table, key: &[u8], fault: impl ToString) -> Self {
        let key = key.iter().map(|byte| format!("{byte:02x}")).collect();
        Self::Damaged { table, key, fault: fault.to_string() }
    }
}

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// A read-only view of what is durable. Every value returned has passed its checksum.
pub trait Read: Send + Sync {
    /// The value of a key.
    ///
    /// # Errors
    /// `ReadError`.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError>;

    /// The greatest key of `table` that is at most `key`, with its value.
    ///
    /// # Errors
    /// `ReadError`.
    fn at_or_below(&self, table: Table, key: &[u8]) -> Result<Option<Pair>, ReadError>;

    /// The least key of `table` that is at least `key`, with its value.
    ///
    /// # Errors
    /// `ReadError`.
    fn at_or_above(&self, table: Table, key: &[u8]) -> Result<Option<Pair>, ReadError>;
}
