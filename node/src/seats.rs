//! Who reigns, and which peer of the network that is.
//!
//! The network names peers by their libp2p id, the engine by the id of their network key and, within a reign, by an
//! index; the index of one and the same node is another in the next reign. Everything in the shell that needs any of
//! these asks here, at the moment it needs it. The engine says who reigns; nothing here decides it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use crypto::{PublicKey, Scheme};
use engine::{Peer, Reigns};
use p2p::PeerId;
use proto::counter::Epoch;
use proto::id::ValidatorIndex;
use proto::validators::{Validator, ValidatorSet};

/// One reign, as this node sees it.
#[derive(Debug)]
pub(crate) struct Reign {
    /// By which sets what comes in is judged.
    pub(crate) reigns: Arc<Reigns>,
    /// Our position among those who reign; none for an observer.
    pub(crate) me: Option<ValidatorIndex>,
    /// The peers of all sets that are still of use.
    peers: BTreeMap<Peer, PeerId>,
    /// Their names, the other way round.
    names: BTreeMap<PeerId, Peer>,
    /// Who of them reigns.
    indices: BTreeMap<PeerId, ValidatorIndex>,
}

impl Reign {
    fn new(reigns: Arc<Reigns>, us: &PublicKey) -> Self {
        let me = reigns.reigning().position(us);
        let members = reigns.sets().flat_map(|set| set.iter().map(|(_, validator)| validator));
        let peers: BTreeMap<_, _> =
            members.map(|validator| (Peer::of(validator), peer_of(validator))).collect();
        let names = peers.iter().map(|(name, peer)| (*peer, *name)).collect();
        let indices =
            reigns.reigning().iter().map(|(index, validator)| (peer_of(validator), index)).collect();
        Self { reigns, me, peers, names, indices }
    }

    /// Who reigns.
    pub(crate) fn set(&self) -> &Arc<ValidatorSet> {
        self.reigns.reigning()
    }

    /// The present epoch.
    pub(crate) fn epoch(&self) -> Epoch {
        self.set().epoch()
    }

    /// The peer that a reigning validator is.
    pub(crate) fn validator(&self, index: ValidatorIndex) -> Option<PeerId> {
        self.peer(&Peer::of(self.set().get(index)?))
    }

    /// The peer of this name, if it is of a set that is still of use.
    pub(crate) fn peer(&self, peer: &Peer) -> Option<PeerId> {
        self.peers.get(peer).copied()
    }

    /// The engine's name of a peer. Handshakes prove Ed25519 keys alone, so every connected peer has one.
    pub(crate) fn name_of(&self, peer: &PeerId) -> Option<Peer> {
        self.names.get(peer).copied().or_else(|| {
            let key = p2p::identity::public_key(peer)?;
            Some(Peer(PublicKey::parse(Scheme::Ed25519, &key).ok()?.id()))
        })
    }

    /// The reigning validator that a peer is.
    pub(crate) fn index(&self, peer: &PeerId) -> Option<ValidatorIndex> {
        self.indices.get(peer).copied()
    }

    /// Whether we are of an earlier set that may still have a head to sign.
    pub(crate) fn is_leaving(&self, us: &PublicKey) -> bool {
        self.me.is_none() && self.reigns.sets().skip(1).any(|set| set.position(us).is_some())
    }
}

/// The present reign, and who we are in any.
#[derive(Debug)]
pub(crate) struct Seats {
    key: PublicKey,
    us: Peer,
    now: RwLock<Arc<Reign>>,
}

impl Seats {
    /// Begins with a reign; we are known by our consensus and network keys.
    pub(crate) fn new(reigns: Arc<Reigns>, consensus: PublicKey, network: &PublicKey) -> Self {
        let now = RwLock::new(Arc::new(Reign::new(reigns, &consensus)));
        Self { key: consensus, us: Peer(network.id()), now }
    }

    /// The present reign. A panic elsewhere cannot leave it half changed: it is replaced whole.
    pub(crate) fn now(&self) -> Arc<Reign> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Others reign from now on. Gives the reign before.
    pub(crate) fn begin(&self, reigns: Arc<Reigns>) -> Arc<Reign> {
        let next = Arc::new(Reign::new(reigns, &self.key));
        std::mem::replace(&mut *self.now.write().unwrap_or_else(PoisonError::into_inner), next)
    }

    /// Our consensus key.
    pub(crate) const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Our own name.
    pub(crate) const fn us(&self) -> Peer {
        self.us
    }
}

/// The network's name of a validator.
fn peer_of(validator: &Validator) -> PeerId {
    p2p::identity::peer_id(&network_key(validator)).expect("an ed25519 key, as the set has checked")
}

/// A validator's key in the network, as bytes.
pub(crate) fn network_key(validator: &Validator) -> [u8; 32] {
    validator.network.as_bytes().try_into().expect("an ed25519 key, as the set has checked")
}
