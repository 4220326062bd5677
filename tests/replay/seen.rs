//! What is known of a height, and in what two nodes differ there.

use std::fmt;

use crypto::Digest;
use ledger::{Ledger, LedgerReader};
use proto::checkpoint::Head;
use proto::counter::{Height, LeafIndex, TimeMs};
use proto::entry::Entry;
use proto::id::BlockId;

/// What a node says of a height.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub height: Height,
    pub time: TimeMs,
    pub block: BlockId,
    /// Size and root of the log.
    pub head: Head,
    /// Digest of the state.
    pub state: Digest,
    /// Digest of the index that the last block which ordered something states.
    pub lookup: Option<Digest>,
}

/// Where two nodes differ, and in what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub height: Height,
    pub what: Vec<&'static str>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at height {} it is another {}", self.height, self.what.join(", another "))
    }
}

impl Seen {
    /// What a ledger says whose change is in the store that the reader reads.
    pub fn of(ledger: &Ledger, reader: &LedgerReader) -> Self {
        let tip = *ledger.tip();
        let lookup = [1, 2].into_iter().find_map(|back| {
            let index = LeafIndex::new(tip.head.size.get().checked_sub(back)?);
            match reader.entry(index).expect("readable").expect("below the head").1 {
                Entry::Block(entry) => entry.lookup,
                Entry::Genesis(_) | Entry::Epoch(_) | Entry::Submission(_) | Entry::Statement(_) => None,
            }
        });
        let state = ledger.state_digest();
        Self { height: tip.height, time: tip.time, block: tip.block, head: tip.head, state, lookup }
    }

    /// Compares what another one says with this.
    pub fn expect(&self, found: &Self) -> Result<(), Difference> {
        let differ = [
            ("height", self.height != found.height),
            ("time", self.time != found.time),
            ("block", self.block != found.block),
            ("state", self.state != found.state),
            ("index", self.lookup != found.lookup),
            ("size of the log", self.head.size != found.head.size),
            ("root of the log", self.head.root != found.head.root),
        ];
        let what: Vec<_> = differ.into_iter().filter(|it| it.1).map(|it| it.0).collect();
        match what.is_empty() {
            true => Ok(()),
            false => Err(Difference { height: self.height, what }),
        }
    }
}
