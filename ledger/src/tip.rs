//! The tip: the last applied block, the head of the log after it, and the digest of the state.

use crypto::Digest;
use proto::checkpoint::Head;
use proto::counter::{Height, TimeMs, TreeSize};
use proto::id::{BlockId, NetworkId};

use crate::change::{ChangeSet, Table};
use crate::codec::Reader;
use crate::codec::Writer;
use crate::read::{Read, ReadError};

const TIP: &[u8] = b"tip";
const NETWORK: &[u8] = b"network";

/// Where a ledger stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Height of the last applied block.
    pub height: Height,
    /// That block.
    pub block: BlockId,
    /// Its time.
    pub time: TimeMs,
    /// Head of the log after it.
    pub head: Head,
    /// Digest of the state after it.
    pub state: Digest,
}

impl Tip {
    pub(crate) fn put(&self, change: &mut ChangeSet) {
        let Self { height, block, time, head: Head { size, root }, state } = self;
        let mut to = Writer::new();
        to.u64(height.get())
            .digest(block.digest())
            .u64(time.get())
            .u64(size.get())
            .digest(root)
            .digest(state);
        change.put(Table::Meta, TIP, to.finish());
    }

    /// The tip that is stored; none in a store that was never written.
    pub(crate) fn load(base: &dyn Read) -> Result<Option<Self>, ReadError> {
        let Some(bytes) = base.get(Table::Meta, TIP)? else { return Ok(None) };
        let read = |from: &mut Reader<'_>| {
            Ok(Self {
                height: Height::new(from.u64()?),
                block: BlockId::new(from.digest()?),
                time: TimeMs::new(from.u64()?),
                head: Head { size: TreeSize::new(from.u64()?), root: from.digest()? },
                state: from.digest()?,
            })
        };
        Reader::whole(&bytes, read).map(Some).map_err(|fault| fault.stored_at(Table::Meta, TIP))
    }
}

/// Marks a store as this network's.
pub(crate) fn put_network(network: &NetworkId, change: &mut ChangeSet) {
    let mut to = Writer::new();
    to.digest(network.digest());
    change.put(Table::Meta, NETWORK, to.finish());
}

/// Whose store this is; none when it was never written.
pub(crate) fn load_network(base: &dyn Read) -> Result<Option<NetworkId>, ReadError> {
    let Some(bytes) = base.get(Table::Meta, NETWORK)? else { return Ok(None) };
    let network = Reader::whole(&bytes, Reader::digest);
    network.map(|digest| Some(NetworkId::new(digest))).map_err(|fault| fault.stored_at(Table::Meta, NETWORK))
}
