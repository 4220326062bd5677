//! Names of our protocols on the wire.
//!
//! Each holds the network id, so that nodes of two networks find no protocol in common, whatever addresses
//! they were given.

use crypto::Digest;
use libp2p::StreamProtocol;
use proto::message::Lane;

/// The stream protocol of a lane.
pub fn lane(network: &Digest, lane: Lane) -> StreamProtocol {
    match lane {
        Lane::Consensus => named(network, "consensus/1"),
        Lane::Bulk => named(network, "bulk/1"),
        Lane::Request => named(network, "request/1"),
    }
}

/// The Kademlia protocol.
pub(crate) fn kad(network: &Digest) -> StreamProtocol {
    named(network, "kad/1")
}

/// The prefix of the gossipsub protocols; gossipsub adds its version.
pub(crate) fn gossip_prefix(network: &Digest) -> String {
    format!("/quorate/{network}/gossip")
}

/// The topic of certified checkpoints.
pub(crate) fn checkpoint_topic(network: &Digest) -> String {
    format!("/quorate/{network}/checkpoints/1")
}

/// What identify says we speak.
pub(crate) fn family(network: &Digest) -> String {
    format!("/quorate/{network}/1")
}

fn named(network: &Digest, rest: &str) -> StreamProtocol {
    StreamProtocol::try_from_owned(format!("/quorate/{network}/{rest}"))
        .expect("a protocol name begins with a slash, as this format does")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_networks_share_no_name() {
        let (a, b) = (Digest::new([1; 32]), Digest::new([2; 32]));
        for one in [Lane::Consensus, Lane::Bulk, Lane::Request] {
            assert_ne!(lane(&a, one), lane(&b, one));
        }
        assert_ne!(kad(&a), kad(&b));
        assert_ne!(checkpoint_topic(&a), checkpoint_topic(&b));
        let expected = format!("/quorate/{}/consensus/1", "01".repeat(32));
        assert_eq!(lane(&a, Lane::Consensus).as_ref(), expected);
    }
}
