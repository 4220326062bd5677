//! A network's long past, made without living through it: real keys, real certificates, real checkpoints, in minutes.
//!
//! Ledger and store are driven directly, as an engine would drive them; what lies on the disk afterwards is what four
//! nodes would have left there that were all stopped after the same block.

use std::path::Path;
use std::sync::Arc;

use consensus::leader::leader;
use crypto::sha256;
use engine::TIP_CERTIFICATE;
use ledger::change::{ChangeSet, Table};
use ledger::{Applied, Committed, Ledger, batch_ref};
use node::genesis_file;
use node::keys::NodeKeys;
use node::keystore::{Keystore, Protection};
use node::passphrase::Passphrase;
use node::wiring::STORE_DIR;
use proto::ballot::VoteStatement;
use proto::block::Block;
use proto::canonical::Canonical as _;
use proto::certificate::QuorumCert;
use proto::checkpoint::{Cosignature, Head, cosigned_messages};
use proto::counter::{Epoch, View};
use proto::id::{Did, Tenant, ValidatorIndex};
use proto::operation::Operation;
use proto::submission::{Body, Submission};
use proto::validators::ValidatorSet;
use proto::verified::{Strict, Unverified, Verified};
use store::disk::Disk;
use store::port::Store as _;
use testnet::topology::{Member, Topology};

use crate::author::author;

/// Heights in one durable write.
const WRITTEN_TOGETHER: u64 = 256;
/// Heights between two certified checkpoints.
const CERTIFIED_EVERY: u64 = 500;

/// Gives every node of a network that never ran a past of so many blocks, each with one submission.
pub fn make(topology: &Topology, blocks: u64) {
    let genesis =
        genesis_file::read(&topology.nodes[0].dir().join(genesis_file::FILE_NAME)).expect("a genesis");
    let set = genesis.validator_set();
    let keys: Vec<NodeKeys> = topology.nodes.iter().map(unlock).collect();
    let first = topology.nodes[0].dir().join(STORE_DIR);
    {
        let disk = Arc::new(Disk::open(&first, store::disk::Engine::Sled).expect("an empty directory"));
        let (mut ledger, change) = Ledger::open(disk.clone(), &genesis).expect("an empty store");
        let mut waiting = change.expect("an empty store is written");
        let mut justify = QuorumCert::genesis(genesis.block().id());
        for number in 1..=blocks {
            let (block, batch) = next(&ledger, &set, &justify, number);
            let committed = Committed { block: block.clone(), justify, batches: vec![batch] };
            let Applied { height, change, head, .. } = ledger.apply(committed).expect("the next block");
            justify = certify(&set, &keys, &block);
            waiting.extend(change);
            waiting.put(Table::Meta, TIP_CERTIFICATE, justify.encode());
            let last = number == blocks;
            if last || number.is_multiple_of(CERTIFIED_EVERY) {
                waiting.extend(checkpoint(&mut ledger, &set, &keys, head.expect("it ordered something")));
            }
            if last || number.is_multiple_of(WRITTEN_TOGETHER) {
                disk.commit(&std::mem::take(&mut waiting)).expect("there is room");
                ledger.durable(height);
            }
        }
        drop(ledger);
        Arc::into_inner(disk).expect("nobody else reads").close().expect("it closes");
    }
    for node in &topology.nodes[1..] {
        copy(&first, &node.dir().join(STORE_DIR));
    }
}

fn unlock(node: &Member) -> NodeKeys {
    let passphrase = Passphrase::from_file(&node.passphrase()).expect("a passphrase");
    let keystore = Keystore::read(&node.keystore()).expect("a keystore");
    keystore.unlock_validator(Protection::Passphrase(&passphrase)).expect("its passphrase")
}

fn next(
    ledger: &Ledger,
    set: &ValidatorSet,
    justify: &QuorumCert,
    number: u64,
) -> (Block, Verified<proto::batch::Batch>) {
    let (parent, view) = (ledger.tip_block(), View::new(number));
    let submission = Unverified::new(submission(set, number)).verify(set.network(), &Strict);
    let proposer = leader(set, view);
    let batch = Verified::pack(proposer, vec![submission.expect("it is signed")]);
    let block = Block {
        epoch: Epoch::ZERO,
        height: parent.height.next(),
        view,
        parent: justify.block,
        parent_view: justify.view,
        proposer,
        time: parent.time.plus(1),
        batches: vec![batch_ref(&batch)],
        handover: None,
    };
    (block, batch)
}

fn submission(set: &ValidatorSet, number: u64) -> Submission {
    let secret = author();
    let operation = Operation::ProofSubmit {
        content: sha256(&number.to_be_bytes()),
        content_bytes: 8,
        media_type: String::new(),
        subject: format!("history {number}"),
    };
    Body {
        network: *set.network(),
        tenant: Tenant::default_tenant(),
        author: Did::of(secret.public()),
        key: secret.public().clone(),
        // Apart from what the tests themselves submit.
        nonce: (1 << 32) + number,
        expires_at: None,
        operation,
    }
    .sign(&secret)
}

/// The votes of the smallest quorum.
fn certify(set: &ValidatorSet, keys: &[NodeKeys], block: &Block) -> QuorumCert {
    let Block { epoch, view, height, .. } = *block;
    let statement = VoteStatement { epoch, view, height, block: block.id() };
    let message = statement.signed_bytes(set.network());
    let quorum = set.quorum_power() as usize;
    let signatures = (0..).zip(&keys[..quorum]);
    let signatures = signatures.map(|(index, it)| (ValidatorIndex::new(index), it.consensus.sign(&message)));
    QuorumCert { epoch, view, height, block: statement.block, signatures: signatures.collect() }
}

fn checkpoint(ledger: &mut Ledger, set: &ValidatorSet, keys: &[NodeKeys], head: Head) -> ChangeSet {
    let time_s = ledger.tip().time.seconds();
    let quorum = set.quorum_power() as usize;
    let cosignatures = (0..).map(ValidatorIndex::new).zip(&keys[..quorum]).map(|(signer, it)| {
        let messages = cosigned_messages(set, signer, head, time_s).expect("names make keys");
        let cosignature = Cosignature {
            epoch: set.epoch(),
            signer,
            head,
            time_s,
            log: it.log.sign(&messages.log),
            ed25519: it.cosigner_ed25519.sign(&messages.ed25519),
            ml_dsa_65: it.cosigner_ml_dsa_65.sign(&messages.ml_dsa_65),
        };
        Unverified::new(cosignature).verify(set, &Strict).expect("it is signed")
    });
    let checkpoint = Verified::certify(set, head, cosignatures.collect()).expect("a quorum");
    ledger.certify(&checkpoint).expect("our own head").expect("larger than the last").change
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("the store").map(|entry| entry.expect("an entry")) {
        let target = to.join(entry.file_name());
        match entry.file_type().expect("a kind").is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).expect("there is room")),
        }
    }
}
