//! Validator keys and libp2p peer ids.
//!
//! Only Ed25519: a peer id of ours embeds its 32-byte key, so the handshake proves exactly the key that
//! genesis lists. Other key types are not compiled in and cannot be parsed.

use std::collections::{BTreeMap, BTreeSet};

use libp2p::PeerId;
use libp2p::identity::{Keypair, PublicKey, ed25519};
use libp2p::multihash::Multihash;

/// Why keys make no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The 32 bytes are no Ed25519 public key.
    #[error("the network key of validator {index} is no Ed25519 public key")]
    Key {
        /// Position in the list of validators.
        index: usize,
    },
    /// Two validators have one key.
    #[error("validators {first} and {second} have the same network key")]
    Duplicate {
        /// Position of the earlier of the two.
        first: usize,
        /// Position of the later of the two.
        second: usize,
    },
}

/// The key pair of a 32-byte Ed25519 seed. The seed's bytes are zeroised.
pub fn keypair(seed: &mut [u8; 32]) -> Keypair {
    Keypair::ed25519_from_bytes(seed).expect("every 32 bytes are an Ed25519 seed")
}

/// The peer id that embeds an Ed25519 public key, if the bytes are one.
pub fn peer_id(public_key: &[u8; 32]) -> Option<PeerId> {
    let key = ed25519::PublicKey::try_from_bytes(public_key).ok()?;
    Some(PublicKey::from(key).to_peer_id())
}

/// The Ed25519 public key that a peer id embeds: the one that the handshake proved. None for an id of another make.
pub fn public_key(peer: &PeerId) -> Option<[u8; 32]> {
    let multihash: &Multihash<64> = peer.as_ref();
    let key = PublicKey::try_decode_protobuf(multihash.digest()).ok()?;
    Some(key.try_into_ed25519().ok()?.to_bytes())
}

/// The validators of this network at one time. They have no numbers here: an index means another validator in
/// the next epoch, a key never does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Roster {
    peers: BTreeSet<PeerId>,
    us: PeerId,
}

impl Roster {
    /// Makes a roster from the validators' public keys.
    ///
    /// # Errors
    /// Any `IdentityError`.
    pub(crate) fn new(keys: &[[u8; 32]], us: PeerId) -> Result<Self, IdentityError> {
        let mut positions = BTreeMap::new();
        for (position, key) in keys.iter().enumerate() {
            let peer = peer_id(key).ok_or(IdentityError::Key { index: position })?;
            if let Some(first) = positions.insert(peer, position) {
                return Err(IdentityError::Duplicate { first, second: position });
            }
        }
        Ok(Self { peers: positions.into_keys().collect(), us })
    }

    /// Whether this is a validator, ourselves included.
    pub(crate) fn contains(&self, peer: &PeerId) -> bool {
        self.peers.contains(peer)
    }

    /// Whether we are a validator.
    pub(crate) fn has_us(&self) -> bool {
        self.peers.contains(&self.us)
    }

    /// Our own peer id.
    pub(crate) fn us(&self) -> PeerId {
        self.us
    }

    /// Every validator but ourselves.
    pub(crate) fn others(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.peers.iter().copied().filter(|peer| *peer != self.us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(seed: u8) -> [u8; 32] {
        let pair = keypair(&mut [seed; 32]).try_into_ed25519().unwrap();
        pair.public().to_bytes()
    }

    #[test]
    fn a_seed_makes_the_key_of_rfc_8032_and_is_wiped() {
        // RFC 8032 §7.1, test 1.
        let mut seed = [0; 32];
        let text = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
        for (byte, pair) in seed.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        }
        let pair = keypair(&mut seed);
        assert_eq!(seed, [0; 32]);
        let public = pair.public().try_into_ed25519().unwrap().to_bytes();
        assert_eq!(public[..4], [0xd7, 0x5a, 0x98, 0x01]);
        assert_eq!(peer_id(&public), Some(pair.public().to_peer_id()));
        assert_eq!(public_key(&pair.public().to_peer_id()), Some(public));
        assert_eq!(public_key(&PeerId::random()), None);
    }

    #[test]
    fn other_key_types_are_unknown() {
        // Protobuf heads: field 1 (type) = 0 RSA, 2 secp256k1, 3 ECDSA; field 2 = 33 bytes.
        for key_type in [0u8, 2, 3] {
            let mut bytes = vec![0x08, key_type, 0x12, 33];
            bytes.extend_from_slice(&[2; 33]);
            assert!(PublicKey::try_decode_protobuf(&bytes).is_err(), "type {key_type}");
        }
    }

    #[test]
    fn a_roster_refuses_lists_that_lie() {
        let keys = [public(1), public(2), public(1)];
        let us = peer_id(&public(2)).unwrap();
        let duplicate = Roster::new(&keys, us).unwrap_err();
        assert_eq!(duplicate, IdentityError::Duplicate { first: 0, second: 2 });
        // y = 2 is on no point of the curve.
        let mut off_curve = [0; 32];
        off_curve[0] = 2;
        let bad = Roster::new(&[public(1), off_curve], us).unwrap_err();
        assert_eq!(bad, IdentityError::Key { index: 1 });
    }

    #[test]
    fn a_roster_knows_us_and_leaves_us_out() {
        let keys = [public(1), public(2), public(3)];
        let us = peer_id(&public(2)).unwrap();
        let roster = Roster::new(&keys, us).unwrap();
        assert!(roster.has_us() && roster.contains(&us));
        let others: BTreeSet<_> = roster.others().collect();
        assert_eq!(others, [1, 3].map(|seed| peer_id(&public(seed)).unwrap()).into());
        let stranger = peer_id(&public(9)).unwrap();
        let observer = Roster::new(&keys, stranger).unwrap();
        assert!(!observer.has_us() && !observer.contains(&stranger));
        assert_eq!(observer.others().count(), 3);
    }
}
