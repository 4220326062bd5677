//! Our own encodings, written down: names to hex or text, in `tests/golden/vectors.json`.
//!
//! All of it follows from the seed of `fixture::secret`. A difference is a change of format, which old nodes and old
//! receipts do not survive; `UPDATE=1` writes the file anew. ML-DSA-65 signatures are hedged and so are not here: a
//! receipt in `ledger/verify` holds some that must verify for ever.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crypto::{Digest, Scheme, sha256};
use proto::ballot::{Timeout, TimeoutStatement, Vote};
use proto::batch::{Batch, BatchRef};
use proto::block::{Block, Handover};
use proto::canonical::Canonical as _;
use proto::checkpoint::{CheckpointText, cosigned_messages, note_keys};
use proto::counter::{Epoch, Height, TimeMs, TreeSize, View};
use proto::domain::Domain;
use proto::entry::{BlockEntry, Entry, EpochEntry, GenesisEntry, SubmissionEntry};
use proto::id::{BatchId, Did, SubmissionId, Tenant};
use proto::message::Request;
use proto::note::{KeyName, SignatureType};
use proto::operation::{
    Approval, Membership, Operation, Retention, RevokedFrom, addition_possession_bytes, approval_bytes,
    endorsement_bytes, identity_possession_bytes, membership_possession_bytes, possession_bytes,
};
use proto::policy::Policy;
use proto::proposal::Proposal;
use proto::session::{Act, Intent, Sample, SessionId};
use proto::submission::{Body, Submission};
use proto::verified::Strict;

use crate::fixture::{Network, head, index, secret};
use crate::issuers;
use crate::jobs;

type Vectors = BTreeMap<String, String>;

fn operations(network: &Network) -> Vec<Operation> {
    let identity = Did::of(secret(Scheme::Ed25519, "author").public());
    let (old, new) = (secret(Scheme::Ed25519, "author"), secret(Scheme::Ed25519, "author/new"));
    let consent = possession_bytes(network.set.network(), &identity, &old.public().id(), &new.public().id());
    let post_quantum = secret(Scheme::MlDsa65, "author/pq").public().clone();
    let id = network.set.network();
    let other = Network::named(&[("v5", 1)]);
    let joining = Box::new(other.genesis.validators[0].clone());
    let joining_secret = &other.members[0].consensus;
    let approve = |change: Membership| {
        let message = approval_bytes(id, Epoch::ZERO, &change);
        let approval = |signer: usize| Approval {
            approver: index(signer),
            signature: network.members[signer].consensus.sign(&message),
        };
        vec![approval(0), approval(1), approval(3)]
    };
    vec![
        Operation::IdentityCreate {
            identity: identity.clone(),
            keys: vec![old.public().clone(), post_quantum],
            possessions: Vec::new(),
        },
        Operation::KeyAdd { identity: identity.clone(), key: new.public().clone(), possession: None },
        Operation::KeyRotate {
            identity: identity.clone(),
            retires: old.public().id(),
            key: new.public().clone(),
            possession: new.sign(&consent),
        },
        Operation::KeyRevoke {
            identity,
            key: old.public().id(),
            reason: "lost".into(),
            from: RevokedFrom::Here,
        },
        Operation::ProofSubmit {
            content: sha256(b"content"),
            content_bytes: 7,
            media_type: "text/plain".into(),
            subject: "content.txt".into(),
        },
        Operation::AttestationIssue {
            subject: "pkg:cargo/quorate".into(),
            predicate_type: "https://slsa.dev/provenance/v1".into(),
            predicate: b"{}".to_vec(),
            content: Some(sha256(b"content")),
            expires_at_ms: Some(1_800_000_000_000),
        },
        Operation::AttestationRevoke {
            attestation: SubmissionId::new(sha256(b"issued")),
            reason: "wrong".into(),
        },
        Operation::BatchAnchor { root: sha256(b"root"), count: 1_000, tree: "rfc6962-sha256".into() },
        Operation::ArtifactCommit {
            address: sha256(b"salt and content"),
            salted: true,
            content_bytes: 0,
            media_type: String::new(),
            subject: "letter".into(),
            retention: Retention::WriteOnce(TimeMs::new(1_900_000_000_000)),
        },
        Operation::ProofPrimitive(Box::new(crate::proofnest::primitive(secret(Scheme::Ed25519, "author")))),
        Operation::RetentionTombstone {
            artifact: SubmissionId::new(sha256(b"committed")),
            reason: "asked for".into(),
        },
        Operation::ValidatorJoin {
            epoch: Epoch::ZERO,
            possession: joining_secret.sign(&membership_possession_bytes(id, Epoch::ZERO, &joining)),
            approvals: approve(Membership::Join(joining.clone())),
            validator: joining,
        },
        Operation::ValidatorLeave {
            epoch: Epoch::ZERO,
            name: "v2".into(),
            approvals: approve(Membership::Leave("v2".into())),
        },
        Operation::ServiceEndorse {
            validator: "v2".into(),
            endorsement: secret(Scheme::Ed25519, "v2/consensus").sign(&endorsement_bytes(
                id,
                "v2",
                &secret(Scheme::Ed25519, "author").public().id(),
            )),
        },
        session(Act::Open(Box::new(Intent {
            text: "café".into(),
            target_p95_latency_ms: 120,
            target_jitter_ms: 25,
            duration_s: 15,
            flow_label: Intent::LABEL.into(),
        }))),
        session(Act::Sample(Box::new(Sample {
            packets: 20,
            p50_us: 42_330,
            p95_us: 100_000,
            jitter_us: 11_000,
            notes: "wifi".into(),
        }))),
        session(Act::Finalize),
        session(Act::Delete),
    ]
}

fn session(act: Act) -> Operation {
    Operation::Session { session: SessionId::random([1; 16]), act }
}

/// Operations on keys with what may come with them.
fn key_operations(network: &Network) -> Vec<(&'static str, Operation)> {
    let (id, key) = (network.set.network(), secret(Scheme::Ed25519, "author"));
    let (identity, new) = (Did::of(key.public()), secret(Scheme::Ed25519, "author/new"));
    let revoke = |from| Operation::KeyRevoke {
        identity: identity.clone(),
        key: key.public().id(),
        reason: "stolen".into(),
        from,
    };
    let keys = vec![key.public().clone(), new.public().clone()];
    let consents = vec![new.sign(&identity_possession_bytes(id, &identity, &keys))];
    let consent = new.sign(&addition_possession_bytes(id, &identity, &new.public().id()));
    vec![
        ("consented", Operation::IdentityCreate { identity: identity.clone(), keys, possessions: consents }),
        (
            "consented",
            Operation::KeyAdd {
                identity: identity.clone(),
                key: new.public().clone(),
                possession: Some(consent),
            },
        ),
        ("from_size", revoke(RevokedFrom::Size(TreeSize::new(300)))),
        ("from_time", revoke(RevokedFrom::Time(TimeMs::new(1_789_000_000_500)))),
    ]
}

fn submission(network: &Network, operation: Operation) -> Submission {
    let author = secret(Scheme::Ed25519, "author");
    let body = Body {
        network: *network.set.network(),
        tenant: Tenant::default_tenant(),
        author: Did::of(author.public()),
        key: author.public().clone(),
        nonce: 1,
        expires_at: Some(TimeMs::new(1_800_000_000_000)),
        operation,
    };
    body.sign(&author)
}

fn keys(put: &mut impl FnMut(&str, String)) {
    for scheme in [Scheme::Ed25519, Scheme::MlDsa65, Scheme::HybridEd25519MlDsa65] {
        let key = secret(scheme, "author").public().clone();
        put(&format!("key/{scheme}/public"), hex::encode(key.as_bytes()));
        put(&format!("key/{scheme}/id"), key.id().to_string());
        put(&format!("key/{scheme}/did"), Did::of(&key).to_string());
    }
    let message = Domain::Submission.signed_bytes(&proto::id::NetworkId::default(), b"message");
    put("domain/submission/signed_bytes", hex::encode(message));
}

fn submissions(network: &Network, put: &mut impl FnMut(&str, String)) {
    for operation in operations(network) {
        let submission = submission(network, operation);
        let name = format!("submission/{}", submission.body().operation.name());
        put(&format!("{name}/bytes"), hex::encode(submission.bytes()));
        put(&format!("{name}/signed_bytes/sha256"), sha256(&submission.body().signed_bytes()).to_string());
        put(&format!("{name}/id"), submission.id().to_string());
    }
    for operation in issuers::operations(network) {
        let submission = submission(network, operation);
        submission.verify_signatures(network.set.network(), &Strict).expect("the key consented");
        let name = format!("submission/{}", submission.body().operation.name());
        put(&format!("{name}/bytes"), hex::encode(submission.bytes()));
        put(&format!("{name}/id"), submission.id().to_string());
    }
    for (variant, operation) in
        key_operations(network).into_iter().chain(jobs::one_of_each(network.set.network()))
    {
        let submission = submission(network, operation);
        submission.verify_signatures(network.set.network(), &Strict).expect("all keys consented");
        let name = format!("submission/{}/{variant}", submission.body().operation.name());
        put(&format!("{name}/bytes"), hex::encode(submission.bytes()));
        put(&format!("{name}/id"), submission.id().to_string());
    }
}

fn consensus(network: &Network, put: &mut impl FnMut(&str, String)) {
    let id = network.set.network();
    let parent = network.qc(3, 2, sha256(b"parent"), &[0, 1, 2]);
    let tc = network.tc(4, parent.clone(), &[(0, 3), (1, 3), (3, 0)]);
    let mut block = network.block(5, &parent);
    block.batches.push(BatchRef { id: BatchId::new(sha256(b"batch")), count: 2, bytes: 300 });
    let qc = network.qc(5, 3, *block.id().digest(), &[0, 1, 3]);
    put("block/bytes", hex::encode(block.encode()));
    put("block/id", block.id().to_string());
    let handover = Handover { as_of: Height::new(2), validators: network.set.digest() };
    let closing = Block { handover: Some(handover), ..block.clone() };
    put("closing_block/bytes", hex::encode(closing.encode()));
    put("closing_block/id", closing.id().to_string());
    put("validators/digest", network.set.digest().to_string());
    put("vote/signed_bytes", hex::encode(qc.statement().signed_bytes(id)));
    let (voter, signature) = qc.signatures[0].clone();
    put("vote/bytes", hex::encode(Vote { statement: qc.statement(), voter, signature }.encode()));
    put("quorum_certificate/bytes", hex::encode(qc.encode()));
    put("timeout_certificate/bytes", hex::encode(tc.encode()));
    let statement = TimeoutStatement { epoch: Epoch::ZERO, view: View::new(5), high_qc_view: View::new(3) };
    let signed = statement.signed_bytes(id);
    let timeout = Timeout {
        epoch: statement.epoch,
        view: statement.view,
        high_qc: parent.clone(),
        last_tc: Some(tc.clone()),
        voter: index(2),
        signature: network.members[2].consensus.sign(&signed),
    };
    put("timeout/signed_bytes", hex::encode(signed));
    put("timeout/bytes", hex::encode(timeout.encode()));
    let signed = Proposal::signed_bytes(id, &block);
    let signature = network.members[1].consensus.sign(&signed);
    let proposal = Proposal { block, justify: parent, timeout_cert: Some(tc), signature };
    put("proposal/signed_bytes", hex::encode(signed));
    put("proposal/bytes", hex::encode(proposal.encode()));
    let batch = Batch {
        author: index(1),
        submissions: vec![submission(network, operations(network).swap_remove(4))],
    };
    put("batch/bytes", hex::encode(batch.encode()));
    put(
        "request/blocks_by_height/bytes",
        hex::encode(Request::BlocksByHeight { from: Height::new(9) }.encode()),
    );
}

fn log(network: &Network, put: &mut impl FnMut(&str, String)) {
    let (height, time) = (Height::new(1), TimeMs::new(1_789_000_001_000));
    let submission = submission(network, operations(network).swap_remove(4));
    let entries = [
        (
            "genesis",
            Entry::Genesis(GenesisEntry {
                network: *network.set.network(),
                origin: network.set.origin().to_owned(),
            }),
        ),
        (
            "epoch",
            Entry::Epoch(EpochEntry {
                epoch: Epoch::ZERO,
                height: Height::ZERO,
                validators: network.set.digest(),
                policy: sha256(b"quorum none\n"),
            }),
        ),
        ("submission", Entry::Submission(Box::new(SubmissionEntry { height, time, submission }))),
        (
            "block",
            Entry::Block(BlockEntry {
                height,
                view: View::new(1),
                proposer: index(1),
                time,
                batches: vec![BatchRef { id: BatchId::new(sha256(b"batch")), count: 2, bytes: 300 }],
                accepted: 1,
                rejected: 1,
                rejections: Domain::Rejections.digest(&[b"none"]),
                state: Domain::State.digest(&[Digest::ZERO.as_bytes(), b"change"]),
                lookup: None,
            }),
        ),
    ];
    for (name, entry) in entries {
        put(&format!("entry/{name}/bytes"), hex::encode(entry.encode()));
    }
    let head = head(7);
    let messages = cosigned_messages(&network.set, index(0), head, 1_790_000_000).expect("a validator");
    let origin = KeyName::parse(network.set.origin()).expect("a name");
    put("checkpoint/text", CheckpointText { origin, head }.to_string());
    put("checkpoint/cosignature_v1_message", hex::encode(&messages.ed25519));
    put("checkpoint/subtree_v1_message", hex::encode(&messages.ml_dsa_65));
    let cosignature = network.cosign(0, head, 1_790_000_000);
    put("checkpoint/log_signature", hex::encode(cosignature.log.as_bytes()));
    put("checkpoint/ed25519_signature", hex::encode(cosignature.ed25519.as_bytes()));
    let keys = note_keys(&network.set, network.set.get(index(0)).expect("the first")).expect("names");
    for (role, key) in ["log", "cosigner_ed25519", "cosigner_ml_dsa_65"].into_iter().zip(keys) {
        put(&format!("vkey/{role}"), key.to_string());
    }
    let policy = Policy::of(&network.set).expect("equal powers").to_string();
    put("policy/sha256", sha256(policy.as_bytes()).to_string());
}

fn vectors() -> Vectors {
    let network = Network::new(&[1; 4]);
    let mut vectors = Vectors::new();
    let mut put = |name: &str, value| {
        assert_eq!(vectors.insert(name.to_owned(), value), None, "{name} twice");
    };
    keys(&mut put);
    put("genesis/bytes", hex::encode(network.genesis.encode()));
    put("genesis/network", network.genesis.network().to_string());
    put("genesis/block/id", network.genesis.block().id().to_string());
    submissions(&network, &mut put);
    consensus(&network, &mut put);
    log(&network, &mut put);
    vectors
}

#[test]
fn encodings_are_what_they_were() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/vectors.json");
    let found = vectors();
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        let json = serde_json::to_string_pretty(&found).expect("strings");
        fs::write(&file, json + "\n").expect("written");
    }
    let text = fs::read_to_string(&file).expect("committed");
    let expected: Vectors = serde_json::from_str(&text).expect("an object of strings");
    for (name, expected) in &expected {
        assert_eq!(found.get(name), Some(expected), "{name}");
    }
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
}

#[test]
fn the_document_names_every_tag_and_type() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("ENCODING.md");
    let document = fs::read_to_string(file).expect("committed");
    for domain in Domain::ALL {
        assert!(document.contains(&format!("| `{}` |", domain.tag())), "{}", domain.tag());
    }
    for kind in SignatureType::ALL {
        let (byte, id) = kind.prefix().split_first().expect("a byte at least");
        let id = String::from_utf8(id.to_vec()).expect("ascii");
        let cell =
            if id.is_empty() { format!("| `{byte:02x}` ") } else { format!("| `{byte:02x}` `{id}` |") };
        assert!(document.contains(&cell), "{cell}");
    }
}
