//! Small logs with every kind of entry, and receipts of their leaves under any signers.

use crypto::{Digest, Scheme, sha256};
use merkle::{CompactRange, LeafHashes, WholeTree, leaf_hash};
use proto::canonical::Canonical as _;
use proto::checkpoint::{CheckpointText, Head};
use proto::counter::{Epoch, Height, LeafIndex, TimeMs, TreeSize, View};
use proto::entry::{BlockEntry, Entry, EpochEntry, GenesisEntry, SubmissionEntry};
use proto::id::{BatchId, Did, NetworkId, SubmissionId, Tenant, ValidatorIndex};
use proto::note::{KeyName, Note, NoteSignature};
use proto::operation::{
    Approval, BATCH_TREE, Operation, Retention, RetentionClass, RevokedFrom, addition_possession_bytes,
    identity_possession_bytes, possession_bytes,
};
use proto::receipt::{BatchItem, Receipt};
use proto::session::{Act, Intent, Sample, SessionId};
use proto::submission::{Body, Submission};
use proto::validators::Validator;

use crate::issuing;
use crate::keys::{NoteSigner, Secret};

pub const ORIGIN: &str = "example.com/log";
/// The quorum's time, in seconds since 1970.
pub const TIME_S: u64 = 1_790_000_000;
pub const BLOCK_TIME: TimeMs = TimeMs::new(1_789_000_001_000);

pub fn network() -> NetworkId {
    NetworkId::new(sha256(b"the network of the vectors"))
}

pub fn content() -> Digest {
    sha256(b"the artifact")
}

pub fn author() -> Secret {
    Secret::ed25519("author")
}

fn session(act: Act) -> Operation {
    Operation::Session { session: SessionId::random([7; 16]), act }
}

fn intent(text: &str, target_p95_latency_ms: u32) -> Intent {
    let (text, flow_label) = (text.to_owned(), Intent::LABEL.to_owned());
    Intent { text, target_p95_latency_ms, target_jitter_ms: 0, duration_s: 1, flow_label }
}

fn sample(p50_us: u64, p95_us: u64) -> Sample {
    Sample { packets: 1, p50_us, p95_us, jitter_us: 0, notes: String::new() }
}

pub fn proof_submit() -> Operation {
    Operation::ProofSubmit {
        content: content(),
        content_bytes: 12,
        media_type: "text/plain".into(),
        subject: "artifact.txt".into(),
    }
}

pub fn body(secret: &Secret, operation: Operation) -> Body {
    let key = secret.public();
    Body {
        network: network(),
        tenant: Tenant::default_tenant(),
        author: Did::of(&key),
        key,
        nonce: 1,
        expires_at: None,
        operation,
    }
}

pub fn signed(secret: &Secret, body: Body) -> Submission {
    let signature = secret.sign(&body.signed_bytes());
    body.seal(signature)
}

pub fn submitted(submission: Submission) -> Vec<u8> {
    let (height, time) = (Height::new(1), BLOCK_TIME);
    Entry::Submission(Box::new(SubmissionEntry { height, time, submission })).encode()
}

/// The entry of an operation that the usual author asks for.
pub fn asked(operation: Operation) -> Vec<u8> {
    submitted(signed(&author(), body(&author(), operation)))
}

pub fn genesis() -> Vec<u8> {
    Entry::Genesis(GenesisEntry { network: network(), origin: ORIGIN.into() }).encode()
}

pub fn epoch() -> Vec<u8> {
    let (validators, policy) = (sha256(b"validators"), sha256(b"policy"));
    let (epoch, height) = (Epoch::new(1), Height::new(9));
    Entry::Epoch(EpochEntry { epoch, height, validators, policy }).encode()
}

pub fn block() -> Vec<u8> {
    Entry::Block(ending(None)).encode()
}

/// A block of a log that has an index.
pub fn indexed_block() -> Vec<u8> {
    Entry::Block(ending(Some(sha256(b"lookup")))).encode()
}

fn ending(lookup: Option<Digest>) -> BlockEntry {
    let batch =
        |name: &[u8], count, bytes| proto::batch::BatchRef { id: BatchId::new(sha256(name)), count, bytes };
    BlockEntry {
        height: Height::new(1),
        view: View::new(3),
        proposer: ValidatorIndex::new(2),
        time: BLOCK_TIME,
        batches: vec![batch(b"first", 1, 280), batch(b"second", 1_000, 512 << 10)],
        accepted: 1_000,
        rejected: 1,
        rejections: sha256(b"rejections"),
        state: sha256(b"state"),
        lookup,
    }
}

/// Items of the batch that is anchored: not a power of two, so that paths have different lengths.
pub const ITEMS: u64 = 11;

pub fn item_digest(item: u64) -> Digest {
    sha256(&item.to_be_bytes())
}

pub fn item_tree() -> WholeTree {
    WholeTree::new((0..ITEMS).map(|item| leaf_hash(item_digest(item).as_bytes())))
}

pub fn item(index: u64) -> BatchItem {
    let path = item_tree().path(index).expect("in the batch");
    BatchItem { digest: item_digest(index), index: LeafIndex::new(index), path }
}

pub fn anchor(count: u64, tree: &str) -> Operation {
    Operation::BatchAnchor { root: item_tree().root(), count, tree: tree.to_owned() }
}

/// One who is to be a validator, with a key for each role.
pub fn validator() -> Validator {
    let key = |role: &str| Secret::ed25519(&format!("joining/{role}")).public();
    Validator {
        name: "v5".into(),
        power: 1,
        consensus: key("consensus"),
        network: key("network"),
        log: key("log"),
        cosigner_ed25519: key("cosigner"),
        cosigner_ml_dsa_65: Secret::new(Scheme::MlDsa65, "joining/pq").public(),
    }
}

fn approvals() -> Vec<Approval> {
    let approval = |index: u16| Approval {
        approver: ValidatorIndex::new(index),
        signature: Secret::ed25519(&format!("approver/{index}")).sign(b"approved"),
    };
    vec![approval(0), approval(65_535)]
}

/// The rotation of the usual author's key, with the consent of the new one given by `consenting`.
pub fn rotation(new: &Secret, consenting: &Secret) -> Operation {
    let identity = Did::of(&author().public());
    let (retires, key) = (author().public().id(), new.public());
    let possession = consenting.sign(&possession_bytes(&network(), &identity, &retires, &key.id()));
    Operation::KeyRotate { identity, retires, key, possession }
}

/// A new identity; those who consent sign in this order.
pub fn creation(identity: &Did, keys: &[Secret], consenting: &[Secret]) -> Operation {
    let keys: Vec<_> = keys.iter().map(Secret::public).collect();
    let message = identity_possession_bytes(&network(), identity, &keys);
    let possessions = consenting.iter().map(|secret| secret.sign(&message)).collect();
    Operation::IdentityCreate { identity: identity.clone(), keys, possessions }
}

/// A key more, with somebody's consent.
pub fn addition(identity: &Did, new: &Secret, consenting: Option<&Secret>) -> Operation {
    let key = new.public();
    let message = addition_possession_bytes(&network(), identity, &key.id());
    let possession = consenting.map(|secret| secret.sign(&message));
    Operation::KeyAdd { identity: identity.clone(), key, possession }
}

/// A key less.
pub fn revocation(identity: &Did, key: &Secret, from: RevokedFrom) -> Operation {
    Operation::KeyRevoke { identity: identity.clone(), key: key.public().id(), reason: "lost".into(), from }
}

/// An artifact beside the log.
fn artifact(salted: bool, content_bytes: u64, retention: Retention) -> Operation {
    let (media_type, subject) = ("text/plain".into(), "artifact.txt".into());
    Operation::ArtifactCommit { address: content(), salted, content_bytes, media_type, subject, retention }
}

/// Every operation, by name; of some more than one shape.
pub fn operations() -> Vec<(&'static str, Operation)> {
    let mut all = ours();
    all.extend(issuing::operations());
    all
}

fn ours() -> Vec<(&'static str, Operation)> {
    let identity = Did::of(&author().public());
    let hybrid = Secret::new(Scheme::HybridEd25519MlDsa65, "second");
    let second = Secret::ed25519("second");
    let attestation = |content, predicate: &[u8], expires_at_ms| Operation::AttestationIssue {
        subject: "pkg:generic/quorate@0.1.0".into(),
        predicate_type: "https://example.com/predicate/v1".into(),
        predicate: predicate.to_vec(),
        content,
        expires_at_ms,
    };
    let revoked = SubmissionId::new(sha256(b"an attestation"));
    vec![
        ("proof.submit", proof_submit()),
        (
            "proof.submit with nothing but a digest",
            Operation::ProofSubmit {
                content: content(),
                content_bytes: 0,
                media_type: String::new(),
                subject: String::new(),
            },
        ),
        (
            "proof.submit with a subject of 1,024 bytes beyond ASCII",
            Operation::ProofSubmit {
                content: content(),
                content_bytes: u64::MAX,
                media_type: "text/plain; charset=utf-8".into(),
                subject: "\u{1F4DC}".repeat(256),
            },
        ),
        ("identity.create with keys of two schemes", creation(&identity, &[author(), hybrid.clone()], &[])),
        ("key.add of an ML-DSA-65 key", addition(&identity, &Secret::new(Scheme::MlDsa65, "added"), None)),
        ("key.rotate", rotation(&second, &second)),
        ("key.rotate to a hybrid key", rotation(&hybrid, &hybrid)),
        ("key.revoke", revocation(&identity, &author(), RevokedFrom::Here)),
        (
            "key.revoke from a size on",
            revocation(&identity, &author(), RevokedFrom::Size(TreeSize::new(u64::MAX))),
        ),
        ("key.revoke from a time on", revocation(&identity, &author(), RevokedFrom::Time(TimeMs::new(1)))),
        (
            "identity.create to which its other keys consent",
            creation(
                &identity,
                &[second.clone(), author(), hybrid.clone()],
                &[second.clone(), hybrid.clone()],
            ),
        ),
        (
            "identity.create with a key of another, which consents",
            creation(&identity, std::slice::from_ref(&second), std::slice::from_ref(&second)),
        ),
        ("key.add to which the key consents", addition(&identity, &second, Some(&second))),
        ("key.add to which a hybrid key consents", addition(&identity, &hybrid, Some(&hybrid))),
        ("attestation.issue about an artifact", attestation(Some(content()), b"{}", Some(1))),
        ("attestation.issue about no artifact", attestation(None, b"", None)),
        ("attestation.issue with a predicate of 32 KiB", attestation(None, &[0x5a; 32 << 10], None)),
        ("attestation.revoke", Operation::AttestationRevoke { attestation: revoked, reason: String::new() }),
        ("batch.anchor", anchor(ITEMS, BATCH_TREE)),
        ("batch.anchor of another tree", anchor(u64::MAX, "")),
        (
            "validator.join",
            Operation::ValidatorJoin {
                epoch: Epoch::ZERO,
                validator: Box::new(validator()),
                possession: Secret::ed25519("joining/consensus").sign(b"possession"),
                approvals: approvals(),
            },
        ),
        ("artifact.commit", artifact(false, 12, Retention::UntilErased)),
        ("artifact.commit, salted, for a time", artifact(true, 0, Retention::Until(TimeMs::new(u64::MAX)))),
        ("artifact.commit, written once", artifact(true, 12, Retention::WriteOnce(TimeMs::new(1)))),
        (
            "retention.tombstone",
            Operation::RetentionTombstone { artifact: revoked, reason: "asked to".into() },
        ),
        (
            "service.endorse",
            Operation::ServiceEndorse {
                validator: "v2".into(),
                endorsement: Secret::ed25519("v2/consensus").sign(b"endorsement"),
            },
        ),
        ("session.open", session(Act::Open(Box::new(intent("caf\u{e9}\n", 120))))),
        (
            "session.open of the longest text",
            session(Act::Open(Box::new(intent(&"\u{1f600}".repeat(5_000), 60_000)))),
        ),
        ("session.sample", session(Act::Sample(Box::new(sample(42_330, 60_000_000))))),
        ("session.sample of nothing", session(Act::Sample(Box::new(sample(0, 0))))),
        ("session.finalize", session(Act::Finalize)),
        ("session.delete", session(Act::Delete)),
        (
            "validator.leave",
            Operation::ValidatorLeave { epoch: Epoch::new(3), name: "v5".into(), approvals: approvals() },
        ),
        ("artifact.commit of a class", artifact(false, 12, Retention::Of(RetentionClass::Compliance))),
    ]
}

/// Signers, and a log whose heads they sign.
#[derive(Clone)]
pub struct Log {
    pub entries: Vec<Vec<u8>>,
    /// Who signs, and at which time.
    pub signers: Vec<(NoteSigner, u64)>,
}

impl Log {
    /// A log of three leaves, the middle one being this.
    pub fn around(signers: &[(NoteSigner, u64)], entry: Vec<u8>) -> Self {
        Self { entries: vec![genesis(), entry, block()], signers: signers.to_vec() }
    }

    /// A log of so many leaves.
    pub fn of_size(signers: &[(NoteSigner, u64)], size: u64) -> Self {
        let entry = |nonce| {
            let body = Body { nonce, ..body(&author(), proof_submit()) };
            submitted(signed(&author(), body))
        };
        let entries = (0..size).map(|at| if at == 0 { genesis() } else { entry(at) }).collect();
        Self { entries, signers: signers.to_vec() }
    }

    pub fn leaves(&self) -> Vec<Digest> {
        self.entries.iter().map(|entry| leaf_hash(entry)).collect()
    }

    pub fn text(&self) -> CheckpointText {
        let mut range = CompactRange::new();
        for leaf in self.leaves() {
            range.append(leaf, &mut |_, _, _| {}).expect("small");
        }
        let head = Head { size: TreeSize::new(self.entries.len() as u64), root: range.root() };
        CheckpointText { origin: KeyName::parse(ORIGIN).expect("a name"), head }
    }

    pub fn lines(&self) -> Vec<NoteSignature> {
        let text = self.text();
        self.signers.iter().map(|(signer, time_s)| signer.line(&text, *time_s)).collect()
    }

    pub fn checkpoint(&self) -> String {
        note(&self.text(), self.lines())
    }

    pub fn proof(&self, index: u64) -> Vec<Digest> {
        let leaves = self.leaves();
        let nodes = LeafHashes::new(&leaves);
        merkle::inclusion::prove(&nodes, index, leaves.len() as u64).expect("in the log")
    }

    pub fn receipt(&self, index: u64) -> Receipt {
        Receipt {
            entry: self.entries[index as usize].clone(),
            index: LeafIndex::new(index),
            proof: self.proof(index),
            checkpoint: self.checkpoint(),
            item: None,
        }
    }
}

/// A note of this text.
pub fn note(text: &CheckpointText, lines: Vec<NoteSignature>) -> String {
    Note::new(text.to_string(), lines).expect("a note").to_string()
}

/// The receipt of the second leaf of three, which is this entry, under these signers.
pub fn receipt_of(signers: &[(NoteSigner, u64)], entry: Vec<u8>) -> Receipt {
    Log::around(signers, entry).receipt(1)
}
