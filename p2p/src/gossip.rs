//! Announcements to everyone: certified checkpoints, over gossipsub.
//!
//! Never on the vote path. A message is signed by its author and passed on only when the author is a
//! validator, so an observer can spread what validators say and nothing of its own. Equal bytes are one
//! message, whoever announces them. There is one topic, and subscriptions to others are not kept.

use std::collections::HashSet;

use crypto::Digest;
use libp2p::PeerId;
use libp2p::gossipsub::{
    self, IdentTopic, IdentityTransform, MessageAuthenticity, MessageId, ValidationMode,
    WhitelistSubscriptionFilter,
};
use libp2p::identity::Keypair;
use proto::message::Kind;

use crate::identity::Roster;
use crate::protocol;

/// The gossipsub behaviour of this room.
pub(crate) type Behaviour = gossipsub::Behaviour<IdentityTransform, WhitelistSubscriptionFilter>;

/// Room for the envelope around an announcement, in bytes: author, signature, topic, number.
const ENVELOPE_BYTES_MAX: usize = 1 << 10;

/// Why gossipsub could not be set up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("gossipsub: {reason}")]
pub struct GossipError {
    /// What gossipsub said.
    pub reason: String,
}

impl GossipError {
    fn new(reason: impl ToString) -> Self {
        Self { reason: reason.to_string() }
    }
}

/// The topic of certified checkpoints.
pub(crate) fn topic(network: &Digest) -> IdentTopic {
    IdentTopic::new(protocol::checkpoint_topic(network))
}

/// Whether a peer of these listens to announcements.
pub(crate) fn is_heard(behaviour: &Behaviour, whose: impl Fn(&PeerId) -> bool) -> bool {
    behaviour.all_peers().any(|(peer, topics)| !topics.is_empty() && whose(peer))
}

/// Makes the behaviour, which takes part in nothing yet.
///
/// # Errors
/// What gossipsub refuses of the configuration.
pub(crate) fn behaviour(network: &Digest, keypair: &Keypair) -> Result<Behaviour, GossipError> {
    let topic = topic(network);
    let config = gossipsub::ConfigBuilder::default()
        .protocol_id_prefix(protocol::gossip_prefix(network))
        .validation_mode(ValidationMode::Strict)
        .validate_messages()
        .max_transmit_size(Kind::CertifiedCheckpoint.bytes_max() + ENVELOPE_BYTES_MAX)
        .message_id_fn(|message| MessageId::new(crypto::sha256(&message.data).as_bytes()))
        .build()
        .map_err(GossipError::new)?;
    gossipsub::Behaviour::new_with_subscription_filter(
        MessageAuthenticity::Signed(keypair.clone()),
        config,
        WhitelistSubscriptionFilter(HashSet::from([topic.hash()])),
    )
    .map_err(GossipError::new)
}

/// The author of a message that may be passed on and delivered: a validator signed it and it is within bounds.
pub(crate) fn judge(message: &gossipsub::Message, roster: &Roster) -> Option<PeerId> {
    let lawful = message.data.len() <= Kind::CertifiedCheckpoint.bytes_max();
    message.source.filter(|author| lawful && roster.contains(author))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{keypair, peer_id};

    #[test]
    fn only_validators_are_passed_on() {
        let validator = keypair(&mut [1; 32]).public();
        let key = validator.clone().try_into_ed25519().unwrap().to_bytes();
        let stranger = keypair(&mut [2; 32]).public().to_peer_id();
        let roster = Roster::new(&[key], stranger).unwrap();
        let message = |source, bytes| gossipsub::Message {
            source,
            data: vec![0; bytes],
            sequence_number: None,
            topic: topic(&Digest::ZERO).hash(),
        };
        let max = Kind::CertifiedCheckpoint.bytes_max();
        let lawful = judge(&message(peer_id(&key), max), &roster);
        assert_eq!(lawful, peer_id(&key));
        for refused in [message(peer_id(&key), max + 1), message(Some(stranger), 1), message(None, 1)] {
            assert_eq!(judge(&refused, &roster), None, "{:?}", refused.source);
        }
    }
}
