//! Who reigns, and which peer of the network that is.
//!
//! The network names peers by their keys, the engine names validators by their index, and the index of one and the
//! same node is another in the next reign. Everything in the shell that needs either asks here, at the moment it
//! needs it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use crypto::PublicKey;
use p2p::PeerId;
use proto::id::ValidatorIndex;
use proto::validators::{Validator, ValidatorSet};

/// One reign, as this node sees it.
#[derive(Debug)]
pub(crate) struct Reign {
    /// Who reigns.
    pub(crate) set: Arc<ValidatorSet>,
    /// Our position among them; none for an observer.
    pub(crate) me: Option<ValidatorIndex>,
    peers: Vec<PeerId>,
    indices: BTreeMap<PeerId, ValidatorIndex>,
}

impl Reign {
    fn new(set: Arc<ValidatorSet>, us: &PublicKey) -> Self {
        let me = set.iter().find(|(_, validator)| validator.consensus == *us).map(|(index, _)| index);
        let peers: Vec<_> = set.iter().map(|(_, validator)| peer_of(validator)).collect();
        let indices = peers.iter().copied().zip(set.iter().map(|(index, _)| index)).collect();
        Self { set, me, peers, indices }
    }

    /// The peer that a validator is.
    pub(crate) fn peer(&self, index: ValidatorIndex) -> Option<PeerId> {
        self.peers.get(usize::from(index.get())).copied()
    }

    /// The validator that a peer is.
    pub(crate) fn index(&self, peer: &PeerId) -> Option<ValidatorIndex> {
        self.indices.get(peer).copied()
    }
}

/// The present reign.
#[derive(Debug)]
pub(crate) struct Seats {
    us: PublicKey,
    now: RwLock<Arc<Reign>>,
}

impl Seats {
    /// Begins with a reign; `us` is our consensus key.
    pub(crate) fn new(set: Arc<ValidatorSet>, us: PublicKey) -> Self {
        let now = RwLock::new(Arc::new(Reign::new(set, &us)));
        Self { us, now }
    }

    /// The present reign. A panic elsewhere cannot leave it half changed: it is replaced whole.
    pub(crate) fn now(&self) -> Arc<Reign> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The network's name of a validator.
pub(crate) fn peer_of(validator: &Validator) -> PeerId {
    p2p::identity::peer_id(&network_key(validator)).expect("an ed25519 key, as the set has checked")
}

/// A validator's key in the network, as bytes.
pub(crate) fn network_key(validator: &Validator) -> [u8; 32] {
    validator.network.as_bytes().try_into().expect("an ed25519 key, as the set has checked")
}
