//! A network with keys from fixed seeds, and a log with every kind of entry.

use crypto::{Digest, Scheme, SecretKey, derive_seed, sha256};
use merkle::{CompactRange, LeafHashes, leaf_hash};
use proto::canonical::Canonical as _;
use proto::checkpoint::{CertifiedCheckpoint, Cosignature, Head, cosigned_messages};
use proto::counter::{Epoch, Height, LeafIndex, TimeMs, TreeSize, View};
use proto::entry::{BlockEntry, Entry, EpochEntry, GenesisEntry, SubmissionEntry};
use proto::genesis::{Admission, Genesis};
use proto::id::{Did, Tenant, ValidatorIndex};
use proto::note::Note;
use proto::operation::Operation;
use proto::policy::Policy;
use proto::receipt::Receipt;
use proto::submission::{Body, Submission};
use proto::validators::{Validator, ValidatorSet};

/// The quorum's time in these tests, in seconds since 1970.
pub const TIME_S: u64 = 1_790_000_000;
/// Index of the entry that most tests are about: a `proof.submit`.
pub const SUBMITTED: u64 = 2;

pub struct Member {
    pub log: SecretKey,
    pub ed25519: SecretKey,
    pub ml_dsa_65: SecretKey,
}

pub struct Network {
    pub members: Vec<Member>,
    pub set: ValidatorSet,
    pub policy: Policy,
    pub entries: Vec<Vec<u8>>,
}

pub fn secret(scheme: Scheme, name: &str) -> SecretKey {
    SecretKey::from_seed(scheme, &derive_seed(&[42; 32], name)).expect("the scheme signs")
}

pub fn genesis(origin: &str) -> Genesis {
    let validators = (1..=4).map(|number| {
        let ed25519 =
            |role: &str| secret(Scheme::Ed25519, &format!("{origin}/v{number}/{role}")).public().clone();
        Validator {
            name: format!("v{number}"),
            power: 1,
            consensus: ed25519("consensus"),
            network: ed25519("network"),
            log: ed25519("log"),
            cosigner_ed25519: ed25519("cosigner"),
            cosigner_ml_dsa_65: secret(Scheme::MlDsa65, &format!("{origin}/v{number}/pq")).public().clone(),
        }
    });
    Genesis {
        origin: origin.to_owned(),
        time: TimeMs::new(1_789_000_000_000),
        validators: validators.collect(),
        admission: Admission::Open,
        registrars: Vec::new(),
    }
}

pub fn content() -> Digest {
    sha256(b"the artifact")
}

pub fn submission(genesis: &Genesis, nonce: u64, author: &SecretKey, did: Did) -> Submission {
    let operation = Operation::ProofSubmit {
        content: content(),
        content_bytes: 12,
        media_type: "text/plain".into(),
        subject: "artifact.txt".into(),
    };
    let body = Body {
        network: genesis.network(),
        tenant: Tenant::default_tenant(),
        author: did,
        key: author.public().clone(),
        nonce,
        expires_at: None,
        operation,
    };
    body.sign(author)
}

impl Network {
    pub fn new(origin: &str) -> Self {
        let genesis = genesis(origin);
        let set = genesis.validator_set();
        let member = |number| Member {
            log: secret(Scheme::Ed25519, &format!("{origin}/v{number}/log")),
            ed25519: secret(Scheme::Ed25519, &format!("{origin}/v{number}/cosigner")),
            ml_dsa_65: secret(Scheme::MlDsa65, &format!("{origin}/v{number}/pq")),
        };
        let policy = Policy::of(&set).expect("equal powers");
        let author = secret(Scheme::Ed25519, "author");
        let other = secret(Scheme::Ed25519, "registered");
        let own = Did::of(author.public());
        let submissions = [
            submission(&genesis, 1, &author, own.clone()),
            submission(&genesis, 2, &author, own.clone()),
            // A key that the DID does not show: registered earlier, as far as the log is believed.
            submission(&genesis, 3, &other, own),
        ];
        let (network, origin) = (genesis.network(), genesis.origin.clone());
        let mut entries = vec![
            Entry::Genesis(GenesisEntry { network, origin }),
            Entry::Epoch(EpochEntry {
                epoch: Epoch::ZERO,
                height: Height::ZERO,
                validators: set.digest(),
                policy: sha256(policy.to_string().as_bytes()),
            }),
        ];
        for submission in submissions {
            let (height, time) = (Height::new(1), TimeMs::new(1_789_000_001_000));
            entries.push(Entry::Submission(Box::new(SubmissionEntry { height, time, submission })));
        }
        entries.push(Entry::Block(BlockEntry {
            height: Height::new(1),
            view: View::new(1),
            proposer: ValidatorIndex::new(0),
            time: TimeMs::new(1_789_000_001_000),
            batches: Vec::new(),
            accepted: 3,
            rejected: 0,
            rejections: Digest::ZERO,
            state: sha256(b"state"),
            lookup: None,
        }));
        let entries = entries.iter().map(Entry::encode).collect();
        Self { members: (1..=4).map(member).collect(), set, policy, entries }
    }

    pub fn leaves(&self) -> Vec<Digest> {
        self.entries.iter().map(|entry| leaf_hash(entry)).collect()
    }

    pub fn head(&self, size: usize) -> Head {
        let mut range = CompactRange::new();
        for leaf in &self.leaves()[..size] {
            range.append(*leaf, &mut |_, _, _| {}).expect("small");
        }
        Head { size: TreeSize::new(size as u64), root: range.root() }
    }

    pub fn cosign(&self, signer: u16, head: Head, time_s: u64) -> Cosignature {
        let index = ValidatorIndex::new(signer);
        let messages = cosigned_messages(&self.set, index, head, time_s).expect("a validator");
        let member = &self.members[usize::from(signer)];
        Cosignature {
            epoch: self.set.epoch(),
            signer: index,
            head,
            time_s,
            log: member.log.sign(&messages.log),
            ed25519: member.ed25519.sign(&messages.ed25519),
            ml_dsa_65: member.ml_dsa_65.sign(&messages.ml_dsa_65),
        }
    }

    /// A checkpoint cosigned by these validators at these times.
    pub fn checkpoint(&self, head: Head, signers: &[(u16, u64)]) -> String {
        let cosignatures = signers.iter().map(|(signer, time_s)| self.cosign(*signer, head, *time_s));
        let checkpoint = CertifiedCheckpoint { head, cosignatures: cosignatures.collect() };
        checkpoint.to_note(&self.set).expect("a note")
    }

    /// A log in which this operation stands in the place of the one at `SUBMITTED`.
    pub fn with_operation(operation: Operation) -> Self {
        let mut network = Self::new("example.com/log");
        let at = SUBMITTED as usize;
        let Ok(Entry::Submission(entry)) = Entry::decode(&network.entries[at]) else {
            panic!("a submission stands there");
        };
        let SubmissionEntry { height, time, submission } = *entry;
        let body = Body { operation, ..submission.body().clone() };
        let submission = body.sign(&secret(Scheme::Ed25519, "author"));
        network.entries[at] =
            Entry::Submission(Box::new(SubmissionEntry { height, time, submission })).encode();
        network
    }

    /// A receipt whose checkpoint validators 0, 1 and 2 cosigned: a quorum, and nobody to spare.
    pub fn receipt(&self, index: u64) -> Receipt {
        let size = self.entries.len();
        let leaves = self.leaves();
        Receipt {
            entry: self.entries[index as usize].clone(),
            index: LeafIndex::new(index),
            proof: merkle::inclusion::prove(&LeafHashes::new(&leaves), index, size as u64)
                .expect("in the log"),
            checkpoint: self.checkpoint(self.head(size), &[(0, TIME_S), (1, TIME_S + 1), (2, TIME_S + 2)]),
            item: None,
        }
    }
}

/// The note without the signature lines for which `strip` says so, counted from 0.
pub fn without(note: &str, strip: impl Fn(usize) -> bool) -> String {
    let note = Note::parse(note).expect("well formed");
    let kept =
        note.signatures().iter().enumerate().filter(|(at, _)| !strip(*at)).map(|(_, line)| line.clone());
    Note::new(note.text().to_owned(), kept.collect()).expect("lines are left").to_string()
}
