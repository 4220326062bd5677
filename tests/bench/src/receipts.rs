//! Receipts: written for a caller, and verified as an outsider does, under three hybrid cosignatures.

use std::rc::Rc;

use crypto::Digest;
use merkle::{LeafHashes, inclusion, leaf_hash, root_at};
use proto::canonical::Canonical as _;
use proto::checkpoint::{CertifiedCheckpoint, Head};
use proto::counter::{Height, LeafIndex, TimeMs, TreeSize};
use proto::entry::{Entry, SubmissionEntry};
use proto::id::ValidatorIndex;
use proto::policy::Policy;
use proto::receipt::{Bundle, Receipt};
use verify::{Belief, Memory, Options, verify_receipt};

use crate::body::{Body, Kind};
use crate::fixture::{Network, submissions};

const WRITTEN: u64 = 10;
const LEAVES: u64 = 4_096;
const INDEX: u64 = 1_234;
const MANY: u64 = 1_000;

/// Writing a receipt as JSON, and reading and verifying it.
pub fn bodies() -> Vec<Body> {
    let network = Network::new();
    let policy = Rc::new(Policy::of(&network.set).expect("equal powers"));
    let policy_of_many = Rc::clone(&policy);
    let bundles: Rc<[Bundle]> = many(&network).into();
    let receipt = Rc::new(receipt(&network));
    let json: Rc<str> = receipt.to_json().into();
    let write = move || {
        let receipt = Rc::clone(&receipt);
        move || {
            for _ in 0..WRITTEN {
                std::hint::black_box(receipt.to_json());
            }
        }
    };
    let verify = move || {
        let (policy, json) = (Rc::clone(&policy), Rc::clone(&json));
        move || {
            let receipt = Receipt::from_json(&json).expect("written by us");
            let report = verify_receipt(&policy, &receipt, Options::default());
            assert!(report.is_true(), "{:?}", report.failure());
            report
        }
    };
    let (policy_alone, many) = (Rc::clone(&policy_of_many), Rc::clone(&bundles));
    let alone = move || {
        let (policy, bundles) = (Rc::clone(&policy_alone), Rc::clone(&many));
        move || {
            for bundle in bundles.iter() {
                assert!(Belief::Policy(&policy).verify(bundle, Options::default()).is_true());
            }
        }
    };
    let among = move || {
        let (policy, bundles) = (Rc::clone(&policy_of_many), Rc::clone(&bundles));
        move || {
            let mut memory = Memory::new();
            for bundle in bundles.iter() {
                let report = Belief::Policy(&policy).verify_among(bundle, Options::default(), &mut memory);
                assert!(report.is_true());
            }
        }
    };
    vec![
        Body::new("receipt: write", Kind::Plain, WRITTEN, write),
        Body::new("receipt: read and verify, three hybrid cosignatures", Kind::Signatures, 1, verify),
        Body::new("receipt: verify 1,000 of one checkpoint, one by one", Kind::Signatures, MANY, alone),
        Body::new("receipt: verify 1,000 of one checkpoint, among others", Kind::Signatures, MANY, among),
    ]
}

/// A thousand receipts of one log under one checkpoint.
fn many(network: &Network) -> Vec<Bundle> {
    let entries: Vec<Vec<u8>> = submissions(network.genesis.network(), MANY)
        .into_iter()
        .map(|submission| {
            let (height, time) = (Height::new(7), TimeMs::new(1_790_000_001_000));
            Entry::Submission(Box::new(SubmissionEntry { height, time, submission })).encode()
        })
        .collect();
    let leaves: Vec<Digest> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    let nodes = LeafHashes::new(&leaves);
    let checkpoint = checkpoint(network, root_at(&nodes, MANY).expect("all leaves are here"), MANY);
    let receipt = |(entry, index): (Vec<u8>, u64)| Receipt {
        entry,
        index: LeafIndex::new(index),
        proof: inclusion::prove(&nodes, index, MANY).expect("all leaves are here"),
        checkpoint: checkpoint.clone(),
        item: None,
    };
    entries.into_iter().zip(0..).map(receipt).map(Bundle::of).collect()
}

/// A head that three of four cosigned.
fn checkpoint(network: &Network, root: Digest, size: u64) -> String {
    let head = Head { size: TreeSize::new(size), root };
    let cosign = |n: u16| network.signers[usize::from(n)].cosign(&network.set, ValidatorIndex::new(n), head);
    let checkpoint = CertifiedCheckpoint { head, cosignatures: (0..3).map(cosign).collect() };
    checkpoint.to_note(&network.set).expect("names fit")
}

fn receipt(network: &Network) -> Receipt {
    let submission = submissions(network.genesis.network(), 1).remove(0);
    let entry = SubmissionEntry { height: Height::new(7), time: TimeMs::new(1_790_000_001_000), submission };
    let entry = Entry::Submission(Box::new(entry)).encode();
    let mut leaves: Vec<Digest> = (0..LEAVES).map(|n| leaf_hash(&n.to_be_bytes())).collect();
    leaves[INDEX as usize] = leaf_hash(&entry);
    let nodes = LeafHashes::new(&leaves);
    let root = root_at(&nodes, LEAVES).expect("all leaves are here");
    Receipt {
        entry,
        index: LeafIndex::new(INDEX),
        proof: inclusion::prove(&nodes, INDEX, LEAVES).expect("all leaves are here"),
        checkpoint: checkpoint(network, root, LEAVES),
        item: None,
    }
}
