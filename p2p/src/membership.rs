//! Who the validators are at one time, and where.
//!
//! The list changes while the network runs: whoever stays keeps connections, queues and record, whoever joins gets
//! lanes, whoever leaves goes on as an observer. The loop is told of the newest list and makes its state fit.

use std::collections::BTreeMap;

use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

use crate::handle::Peer;
use crate::identity::{IdentityError, Roster, peer_id};

/// The validators and the addresses that were configured for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Membership {
    pub(crate) roster: Roster,
    addresses: BTreeMap<PeerId, Vec<Multiaddr>>,
}

impl Membership {
    /// From a list of validators.
    ///
    /// # Errors
    /// Any `IdentityError`.
    pub(crate) fn new(validators: &[Peer], us: PeerId) -> Result<Self, IdentityError> {
        let keys: Vec<_> = validators.iter().map(|peer| peer.public_key).collect();
        let roster = Roster::new(&keys, us)?;
        let addresses = validators
            .iter()
            .filter_map(|peer| Some((peer_id(&peer.public_key)?, tcp_first(peer.addresses.clone()))))
            .collect();
        Ok(Self { roster, addresses })
    }

    /// Where a validator can be dialled, TCP before QUIC.
    pub(crate) fn addresses(&self, peer: &PeerId) -> &[Multiaddr] {
        self.addresses.get(peer).map_or(&[], Vec::as_slice)
    }
}

/// The addresses with those over TCP in front, else in the order given.
pub(crate) fn tcp_first(addresses: Vec<Multiaddr>) -> Vec<Multiaddr> {
    let is_tcp = |address: &Multiaddr| address.iter().any(|part| matches!(part, Protocol::Tcp(_)));
    let (mut first, rest): (Vec<_>, Vec<_>) = addresses.into_iter().partition(is_tcp);
    first.extend(rest);
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tcp_is_dialled_before_quic() {
        let quic: Multiaddr = "/ip4/127.0.0.1/udp/1/quic-v1".parse().unwrap();
        let tcp: Multiaddr = "/ip4/127.0.0.1/tcp/2".parse().unwrap();
        let other: Multiaddr = "/ip4/127.0.0.1/tcp/3".parse().unwrap();
        let sorted = tcp_first(vec![quic.clone(), tcp.clone(), other.clone()]);
        assert_eq!(sorted, [tcp, other, quic]);
    }
}
