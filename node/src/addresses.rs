//! Where validators can be dialled, by their names in the configuration.
//!
//! The configuration may name more than reign: those who have left, and those who are still to come.

use std::collections::BTreeMap;

use engine::Reigns;
use p2p::Multiaddr;
use proto::validators::ValidatorSet;

use crate::seats::network_key;

/// The addresses, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Addresses(BTreeMap<String, Vec<Multiaddr>>);

impl Addresses {
    pub(crate) const fn new(by_name: BTreeMap<String, Vec<Multiaddr>>) -> Self {
        Self(by_name)
    }

    /// Everybody whom the network should treat as a validator: those who reign, and those before them who may still have
    /// a head to sign.
    pub(crate) fn peers(&self, reigns: &Reigns) -> Vec<p2p::Peer> {
        let members = reigns.sets().flat_map(|set| set.iter().map(|(_, validator)| validator));
        let by_key: BTreeMap<_, _> =
            members.map(|validator| (network_key(validator), validator.name.clone())).collect();
        let peer = |(public_key, name)| p2p::Peer {
            public_key,
            addresses: self.0.get(&name).cloned().unwrap_or_default(),
        };
        by_key.into_iter().map(peer).collect()
    }

    /// Warns of addresses for nobody: a slip of the pen, or somebody who has left or is still to come.
    pub(crate) fn warn_of_unknown(&self, set: &ValidatorSet) {
        let known = |peer: &str| set.iter().any(|(_, validator)| validator.name == peer);
        for name in self.0.keys().filter(|peer| !known(peer)) {
            tracing::warn!(
                code = "unknown_peer",
                name,
                "the configuration has an address for one who is no validator"
            );
        }
    }
}
