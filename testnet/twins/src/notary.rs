//! Keys of a small network, and signatures that cost nothing.
//!
//! A signature is a mix of the public key and the message: whoever is honest signs only as itself, and the adversaries of
//! this room hold one key each, so nobody forges and a check costs nanoseconds. The door is the node's own:
//! `Unverified::verify` asks this checker instead of the curve.

use std::sync::{Arc, OnceLock};

use crypto::{PublicKey, Scheme, SecretKey, Signature, SignatureError};
use proto::ballot::{Timeout, TimeoutStatement, Vote, VoteStatement};
use proto::block::Block;
use proto::certificate::{QuorumCert, TimeoutCert};
use proto::counter::{Epoch, TimeMs, View};
use proto::id::{NetworkId, ValidatorIndex};
use proto::proposal::Proposal;
use proto::validators::{Opening, Validator, ValidatorSet};
use proto::verified::SignatureChecker;

/// Most validators of a network in this room.
pub const MEMBERS_MAX: usize = 7;

/// When the networks of this room began.
pub const GENESIS_TIME: TimeMs = TimeMs::new(1_000_000);

/// The checker of this room.
#[derive(Clone, Copy, Debug)]
pub struct Ideal;

impl SignatureChecker for Ideal {
    fn check(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        match mixed(key, message)[..] == signature.as_bytes()[..8] {
            true => Ok(()),
            false => Err(SignatureError::Invalid { scheme: key.scheme() }),
        }
    }
}

/// Eight bytes that depend on every bit of key and message: multiply, rotate, add, eight bytes at a time.
fn mixed(key: &PublicKey, message: &[u8]) -> [u8; 8] {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for chunk in key.as_bytes().chunks(8).chain(message.chunks(8)) {
        let word = chunk.iter().fold(chunk.len() as u64, |word, byte| word << 8 | u64::from(*byte));
        state = (state ^ word).wrapping_mul(0xbf58_476d_1ce4_e5b9).rotate_left(29).wrapping_add(0x94d0_49bb);
    }
    (state ^ (state >> 31)).to_be_bytes()
}

/// Signs as a member of the set.
pub fn sign(set: &ValidatorSet, by: ValidatorIndex, message: &[u8]) -> Signature {
    let key = &set.get(by).expect("only members of the set sign in this room").consensus;
    let mut bytes = [0; 64];
    bytes[..8].copy_from_slice(&mixed(key, message));
    Signature::parse(Scheme::Ed25519, &bytes).expect("an Ed25519 signature has 64 bytes")
}

/// The network of this room.
pub fn network() -> NetworkId {
    NetworkId::new(crypto::sha256(b"twins"))
}

/// Its first block.
pub fn genesis() -> Block {
    Block::genesis(&network(), GENESIS_TIME)
}

/// The certificate of the first block.
pub fn genesis_qc() -> QuorumCert {
    QuorumCert::genesis(genesis().id())
}

/// A set of `count` validators of equal power, at most `MEMBERS_MAX`. The keys are made once.
pub fn set(count: usize) -> Arc<ValidatorSet> {
    static VALIDATORS: OnceLock<Vec<Validator>> = OnceLock::new();
    let all = VALIDATORS.get_or_init(|| (0..MEMBERS_MAX as u8).map(validator).collect());
    let validators = all.iter().take(count).cloned().collect();
    let set = ValidatorSet::new(
        network(),
        "example.org/twins".into(),
        Epoch::ZERO,
        Opening::genesis(genesis().id()),
        validators,
    );
    Arc::new(set.expect("made of distinct names and keys, each of the scheme of its role"))
}

fn validator(index: u8) -> Validator {
    let key = |role: u8, scheme| {
        let mut seed = [index; 32];
        seed[0] = role;
        let secret = SecretKey::from_seed(scheme, &seed).expect("both schemes sign");
        secret.public().clone()
    };
    Validator {
        name: format!("v{index}"),
        power: 1,
        consensus: key(1, Scheme::Ed25519),
        network: key(2, Scheme::Ed25519),
        log: key(3, Scheme::Ed25519),
        cosigner_ed25519: key(4, Scheme::Ed25519),
        cosigner_ml_dsa_65: key(5, Scheme::MlDsa65),
    }
}

/// A signed vote.
pub fn vote(set: &ValidatorSet, voter: ValidatorIndex, statement: VoteStatement) -> Vote {
    let signature = sign(set, voter, &statement.signed_bytes(set.network()));
    Vote { statement, voter, signature }
}

/// What a vote for this block says.
pub fn statement(block: &Block) -> VoteStatement {
    VoteStatement { epoch: block.epoch, view: block.view, height: block.height, block: block.id() }
}

/// A signed timeout.
pub fn timeout(
    set: &ValidatorSet,
    voter: ValidatorIndex,
    view: View,
    high_qc: QuorumCert,
    last_tc: Option<TimeoutCert>,
) -> Timeout {
    let epoch = set.epoch();
    let statement = TimeoutStatement { epoch, view, high_qc_view: high_qc.view };
    let signature = sign(set, voter, &statement.signed_bytes(set.network()));
    Timeout { epoch, view, high_qc, last_tc, voter, signature }
}

/// A proposal signed by its block's proposer.
pub fn proposal(
    set: &ValidatorSet,
    block: Block,
    justify: QuorumCert,
    timeout_cert: Option<TimeoutCert>,
) -> Proposal {
    let signature = sign(set, block.proposer, &Proposal::signed_bytes(set.network(), &block));
    Proposal { block, justify, timeout_cert, signature }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_of_one_member_and_one_message() {
        let set = set(4);
        let key = |index| &set.get(ValidatorIndex::new(index)).expect("a member").consensus;
        let signature = sign(&set, ValidatorIndex::new(1), b"words");
        assert!(Ideal.check(key(1), b"words", &signature).is_ok());
        assert!(Ideal.check(key(2), b"words", &signature).is_err());
        assert!(Ideal.check(key(1), b"wordt", &signature).is_err());
        assert!(Ideal.check(key(1), b"words\0", &signature).is_err());
    }
}
