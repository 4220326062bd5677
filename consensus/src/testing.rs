//! Fixtures: a set of validators, certificates of it, and an ideal signature scheme.
//!
//! A signature is the digest of key and message: as good as a real one where nobody forges, and a thousand times faster.

use std::sync::{Arc, LazyLock};

use crypto::{Hasher, PublicKey, Scheme, SecretKey, Signature, SignatureError};
use proto::ballot::{Timeout, TimeoutStatement, Vote, VoteStatement};
use proto::batch::BatchRef;
use proto::block::Block;
use proto::certificate::{QuorumCert, TimeoutCert, TimeoutEntry};
use proto::counter::{Epoch, TimeMs, View};
use proto::id::{BatchId, NetworkId, ValidatorIndex};
use proto::proposal::Proposal;
use proto::validators::{Opening, Validator, ValidatorSet};
use proto::verified::SignatureChecker;

use crate::leader::leader;

/// The ideal scheme.
#[derive(Clone, Copy, Debug)]
pub struct Ideal;

impl SignatureChecker for Ideal {
    fn check(&self, key: &PublicKey, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        match sign_with(key, message) == *signature {
            true => Ok(()),
            false => key.verify(message, signature),
        }
    }
}

fn sign_with(key: &PublicKey, message: &[u8]) -> Signature {
    let mut hasher = Hasher::new();
    hasher.update(key.as_bytes()).update(message);
    let digest = *hasher.finish().as_bytes();
    Signature::parse(Scheme::Ed25519, &[digest, digest].concat()).unwrap()
}

/// When genesis was.
pub const GENESIS_TIME: TimeMs = TimeMs::new(1_000_000);

pub fn network() -> NetworkId {
    NetworkId::new(crypto::sha256(b"network"))
}

pub fn genesis() -> Block {
    Block::genesis(&network(), GENESIS_TIME)
}

/// Validators of equal power. Keys are made once for the largest set asked for.
pub fn set(count: usize) -> Arc<ValidatorSet> {
    static VALIDATORS: LazyLock<Vec<Validator>> = LazyLock::new(|| (0..7).map(validator).collect());
    let validators = VALIDATORS[..count].to_vec();
    let set = ValidatorSet::new(
        network(),
        "example.org/log".into(),
        Epoch::ZERO,
        Opening::genesis(genesis().id()),
        validators,
    );
    Arc::new(set.unwrap())
}

fn validator(index: u8) -> Validator {
    let key = |role: u8, scheme| {
        let mut seed = [index; 32];
        seed[0] = role;
        SecretKey::from_seed(scheme, &seed).unwrap().public().clone()
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

pub fn v(view: u64) -> View {
    View::new(view)
}

pub fn i(index: u16) -> ValidatorIndex {
    ValidatorIndex::new(index)
}

pub fn sign(set: &ValidatorSet, by: ValidatorIndex, message: &[u8]) -> Signature {
    sign_with(&set.get(by).unwrap().consensus, message)
}

pub fn vote(set: &ValidatorSet, voter: ValidatorIndex, statement: VoteStatement) -> Vote {
    let signature = sign(set, voter, &statement.signed_bytes(set.network()));
    Vote { statement, voter, signature }
}

pub fn timeout(
    set: &ValidatorSet,
    voter: ValidatorIndex,
    view: View,
    high_qc: QuorumCert,
    last_tc: Option<TimeoutCert>,
) -> Timeout {
    let statement = TimeoutStatement { epoch: set.epoch(), view, high_qc_view: high_qc.view };
    let signature = sign(set, voter, &statement.signed_bytes(set.network()));
    Timeout { epoch: set.epoch(), view, high_qc, last_tc, voter, signature }
}

pub fn proposal(
    set: &ValidatorSet,
    block: Block,
    justify: QuorumCert,
    timeout_cert: Option<TimeoutCert>,
) -> Proposal {
    let signature = sign(set, block.proposer, &Proposal::signed_bytes(set.network(), &block));
    Proposal { block, justify, timeout_cert, signature }
}

/// A batch reference named by a number.
pub fn batch(number: u64) -> BatchRef {
    BatchRef { id: BatchId::new(crypto::sha256(&number.to_be_bytes())), count: 1, bytes: 100 }
}

/// A block of `view` on a certified parent, by the leader of the view; its time is the view's number after genesis.
pub fn block_on(set: &ValidatorSet, justify: &QuorumCert, view: u64, batches: &[u64]) -> Block {
    Block {
        epoch: set.epoch(),
        height: justify.height.next(),
        view: v(view),
        parent: justify.block,
        parent_view: justify.view,
        proposer: leader(set, v(view)),
        time: GENESIS_TIME.plus(view),
        batches: batches.iter().map(|number| batch(*number)).collect(),
        handover: None,
    }
}

pub fn genesis_qc() -> QuorumCert {
    QuorumCert::genesis(genesis().id())
}

/// The certificate of a block, signed by the smallest quorum of lowest indices.
pub fn certify(set: &ValidatorSet, block: &Block) -> QuorumCert {
    let statement =
        VoteStatement { epoch: block.epoch, view: block.view, height: block.height, block: block.id() };
    let message = statement.signed_bytes(set.network());
    let signers = (0..set.quorum_power() as u16).map(i);
    QuorumCert {
        epoch: block.epoch,
        view: block.view,
        height: block.height,
        block: block.id(),
        signatures: signers.map(|signer| (signer, sign(set, signer, &message))).collect(),
    }
}

/// The certificate that the smallest quorum of lowest indices left `view`, all reporting `high_qc`.
pub fn leave(set: &ValidatorSet, view: u64, high_qc: &QuorumCert) -> TimeoutCert {
    let entry = |signer| {
        let timeout = timeout(set, signer, v(view), high_qc.clone(), None);
        TimeoutEntry { signer, high_qc_view: high_qc.view, signature: timeout.signature }
    };
    let entries = (0..set.quorum_power() as u16).map(i).map(entry).collect();
    TimeoutCert { epoch: set.epoch(), view: v(view), high_qc: high_qc.clone(), entries }
}

/// A chain of blocks on genesis, one for each view given, and the certificate of the last. Each orders a batch of the
/// number of its view.
pub fn chain(set: &ValidatorSet, views: &[u64]) -> (Vec<(Block, QuorumCert)>, QuorumCert) {
    let mut justify = genesis_qc();
    let mut blocks = Vec::new();
    for view in views {
        let block = block_on(set, &justify, *view, &[*view]);
        let next = certify(set, &block);
        blocks.push((block, justify));
        justify = next;
    }
    (blocks, justify)
}
