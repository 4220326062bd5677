//! Validator keys and libp2p peer ids.
//!
//! Only Ed25519: a peer id of ours embeds its 32-byte key, so the handshake proves exactly the key that
//! genesis lists. Other key types are not compiled in and cannot be parsed.

use std::collections::BTreeMap;

use libp2p::PeerId;
use libp2p::identity::{Keypair, PublicKey, ed25519};

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
        /// The earlier of the two.
        first: u16,
        /// The later of the two.
        second: u16,
    },
    /// More validators than an index can count.
    #[error("{found} validators; at most 65,535 can be counted")]
    TooMany {
        /// Validators listed.
        found: usize,
    },
    /// The role names an index outside the list.
    #[error("we are to be validator {index} of {validators}")]
    NoSuchIndex {
        /// The index of our role.
        index: u16,
        /// Validators listed.
        validators: usize,
    },
    /// The seed's key is not the one listed at our index.
    #[error("our seed does not make the network key listed for validator {index}")]
    NotOurKey {
        /// The index of our role.
        index: u16,
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

/// The validators of this network: index to peer id and back.
#[derive(Clone, Debug)]
pub(crate) struct Roster {
    peers: Vec<PeerId>,
    indices: BTreeMap<PeerId, u16>,
    our_index: Option<u16>,
}

impl Roster {
    /// Makes a roster from the public keys in validator order.
    ///
    /// # Errors
    /// Any `IdentityError`.
    pub(crate) fn new(
        keys: &[[u8; 32]],
        our_index: Option<u16>,
        our_id: PeerId,
    ) -> Result<Self, IdentityError> {
        let mut peers = Vec::with_capacity(keys.len());
        let mut indices = BTreeMap::new();
        for (position, key) in keys.iter().enumerate() {
            let index = u16::try_from(position).map_err(|_| IdentityError::TooMany { found: keys.len() })?;
            let peer = peer_id(key).ok_or(IdentityError::Key { index: position })?;
            if let Some(first) = indices.insert(peer, index) {
                return Err(IdentityError::Duplicate { first, second: index });
            }
            peers.push(peer);
        }
        if let Some(index) = our_index {
            match peers.get(usize::from(index)) {
                None => return Err(IdentityError::NoSuchIndex { index, validators: keys.len() }),
                Some(listed) if *listed != our_id => return Err(IdentityError::NotOurKey { index }),
                Some(_) => {}
            }
        }
        Ok(Self { peers, indices, our_index })
    }

    pub(crate) fn len(&self) -> u16 {
        u16::try_from(self.peers.len()).expect("counted by new")
    }

    pub(crate) fn peer(&self, index: u16) -> Option<PeerId> {
        self.peers.get(usize::from(index)).copied()
    }

    pub(crate) fn index(&self, peer: &PeerId) -> Option<u16> {
        self.indices.get(peer).copied()
    }

    pub(crate) fn our_index(&self) -> Option<u16> {
        self.our_index
    }

    /// Every validator but ourselves.
    pub(crate) fn others(&self) -> impl Iterator<Item = (u16, PeerId)> + '_ {
        let ours = self.our_index;
        (0..).zip(self.peers.iter().copied()).filter(move |(index, _)| Some(*index) != ours)
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
        let duplicate = Roster::new(&keys, Some(1), us).unwrap_err();
        assert_eq!(duplicate, IdentityError::Duplicate { first: 0, second: 2 });
        let missing = Roster::new(&keys[..2], Some(2), us).unwrap_err();
        assert_eq!(missing, IdentityError::NoSuchIndex { index: 2, validators: 2 });
        let stolen = Roster::new(&keys[..2], Some(0), us).unwrap_err();
        assert_eq!(stolen, IdentityError::NotOurKey { index: 0 });
        // y = 2 is on no point of the curve.
        let mut off_curve = [0; 32];
        off_curve[0] = 2;
        let bad = Roster::new(&[public(1), off_curve], None, us).unwrap_err();
        assert_eq!(bad, IdentityError::Key { index: 1 });
    }

    #[test]
    fn a_roster_finds_both_ways_and_leaves_us_out() {
        let keys = [public(1), public(2), public(3)];
        let us = peer_id(&public(2)).unwrap();
        let roster = Roster::new(&keys, Some(1), us).unwrap();
        assert_eq!(roster.index(&us), Some(1));
        assert_eq!(roster.peer(2), peer_id(&public(3)));
        assert_eq!(roster.peer(3), None);
        assert_eq!(roster.others().map(|(index, _)| index).collect::<Vec<_>>(), [0, 2]);
    }
}
