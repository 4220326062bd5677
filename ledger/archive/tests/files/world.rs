//! A ledger with four validators whose keys are at hand: submissions of every kind, refusals, a change of validators.

use std::collections::BTreeMap;
use std::sync::Arc;

use archive::growing::Growing;
use archive::{File, Publisher, Source};
use crypto::{PublicKey, Scheme, SecretKey, Signature, SignatureError};
use ledger::files::Beside;
use ledger::{Applied, Committed, Ledger, LedgerReader, batch_ref};
use merkle::TileId;
use object_store::memory::InMemory;
use proto::batch::Batch;
use proto::block::Block;
use proto::canonical::Canonical as _;
use proto::certificate::QuorumCert;
use proto::checkpoint::{Cosignature, Head, cosigned_messages};
use proto::counter::{Epoch, Height, LeafIndex, TimeMs, TreeSize};
use proto::entry::Entry;
use proto::genesis::{Admission, Genesis};
use proto::id::{Did, SubmissionId, Tenant, ValidatorIndex};
use proto::operation::{Approval, Membership, Operation, approval_bytes, membership_possession_bytes};
use proto::submission::{Body, Submission};
use proto::validators::{Validator, ValidatorSet};
use proto::verified::{SignatureChecker, Unverified, Verified};
use store::memory::Memory;
use store::port::Store as _;

use crate::flaky;

/// Nothing is checked: what the audit must check itself is let through here.
struct Lenient;

impl SignatureChecker for Lenient {
    fn check(&self, _: &PublicKey, _: &[u8], _: &Signature) -> Result<(), SignatureError> {
        Ok(())
    }
}

fn secret(scheme: Scheme, role: u8, n: u8) -> SecretKey {
    let seed = [200 + role, n].repeat(16).try_into().expect("32 bytes");
    SecretKey::from_seed(scheme, &seed).expect("a scheme that signs")
}

fn validator(n: u8) -> Validator {
    let key = |scheme, role| secret(scheme, role, n).public().clone();
    Validator {
        name: format!("v{n}"),
        power: 1,
        consensus: key(Scheme::Ed25519, 0),
        network: key(Scheme::Ed25519, 1),
        log: key(Scheme::Ed25519, 2),
        cosigner_ed25519: key(Scheme::Ed25519, 3),
        cosigner_ml_dsa_65: key(Scheme::MlDsa65, 4),
    }
}

pub fn genesis() -> Genesis {
    Genesis {
        origin: "quorate.example/archive".to_owned(),
        time: TimeMs::new(1_000_000),
        validators: (0..4).map(validator).collect(),
        admission: Admission::Open,
        registrars: Vec::new(),
    }
}

pub struct World {
    pub genesis: Genesis,
    pub store: Arc<Memory>,
    ledger: Ledger,
    nonce: u64,
}

impl World {
    pub fn new() -> Self {
        let (genesis, store) = (genesis(), Arc::new(Memory::new()));
        let (mut ledger, change) = Ledger::open(store.clone(), &genesis).expect("an empty store");
        store.commit(&change.expect("the beginning")).expect("memory");
        ledger.durable(Height::ZERO);
        Self { genesis, store, ledger, nonce: 0 }
    }

    /// A log in which everything happens that an audit has to follow, with a certified head at its end.
    pub fn lived() -> Self {
        let mut world = Self::new();
        world.proofs(3);
        world.certify();
        let refused = world.say(Operation::AttestationRevoke {
            attestation: SubmissionId::new(crypto::sha256(b"none")),
            reason: "there is none".to_owned(),
        });
        let good = world.proof();
        world.run(&[good.clone(), refused], None);
        // Decided before: skipped, and nothing is said of it.
        let other = world.proof();
        world.run(&[good, other], None);
        world.proofs(300);
        world.certify();
        let join = world.join(4);
        let late = world.proof();
        world.run(&[join, late], None);
        world.certify();
        let again = world.say(Operation::AttestationRevoke {
            attestation: SubmissionId::new(crypto::sha256(b"none")),
            reason: "there is still none".to_owned(),
        });
        world.hand_over(&[again]);
        world.certify_at_opening();
        world.proofs(230);
        world.certify();
        world.proofs(5);
        world.certify();
        world
    }

    pub fn reader(&self) -> LedgerReader {
        LedgerReader::new(self.store.clone())
    }

    pub fn source(&self) -> Source {
        Source::Ledger { reader: self.reader(), genesis: Box::new(self.genesis.clone()) }
    }

    pub fn set(&self) -> ValidatorSet {
        self.ledger.reign().set(self.genesis.network(), self.genesis.origin.clone())
    }

    pub fn size(&self) -> u64 {
        self.ledger.head().size.get()
    }

    pub fn say(&mut self, operation: Operation) -> Submission {
        self.nonce += 1;
        let secret = SecretKey::from_seed(Scheme::Ed25519, &[1; 32]).expect("a seed");
        let body = Body {
            network: self.genesis.network(),
            tenant: Tenant::default_tenant(),
            author: Did::of(secret.public()),
            key: secret.public().clone(),
            nonce: self.nonce,
            expires_at: None,
            operation,
        };
        body.sign(&secret)
    }

    pub fn proof(&mut self) -> Submission {
        let content = crypto::sha256(&self.nonce.to_be_bytes());
        self.say(Operation::ProofSubmit {
            content,
            content_bytes: 8,
            media_type: "text/plain".to_owned(),
            subject: format!("file-{}", self.nonce),
        })
    }

    fn join(&mut self, n: u8) -> Submission {
        let (epoch, it, network) = (self.set().epoch(), validator(n), self.genesis.network());
        let change = Membership::Join(Box::new(it.clone()));
        let message = approval_bytes(&network, epoch, &change);
        let approvals = (0..3).map(|by| Approval {
            approver: ValidatorIndex::new(u16::from(by)),
            signature: secret(Scheme::Ed25519, 0, by).sign(&message),
        });
        let possession =
            secret(Scheme::Ed25519, 0, n).sign(&membership_possession_bytes(&network, epoch, &it));
        let approvals = approvals.collect();
        self.say(Operation::ValidatorJoin { epoch, validator: Box::new(it), possession, approvals })
    }

    /// Blocks of up to seven proofs each.
    pub fn proofs(&mut self, count: usize) {
        let all: Vec<_> = (0..count).map(|_| self.proof()).collect();
        for part in all.chunks(7) {
            self.run(part, None);
        }
    }

    pub fn run(&mut self, submissions: &[Submission], handover: Option<proto::block::Handover>) -> Applied {
        let network = self.genesis.network();
        let tip = self.ledger.tip_block();
        let (parent, parent_view) = (tip.id(), tip.view);
        let verified = submissions
            .iter()
            .map(|it| Unverified::new(it.clone()).verify(&network, &Lenient).expect("of this network"));
        let batches: Vec<Verified<Batch>> = match submissions {
            [] => Vec::new(),
            _ => vec![Verified::pack(ValidatorIndex::new(0), verified.collect())],
        };
        let block = Block {
            epoch: self.set().epoch(),
            height: tip.height.next(),
            view: parent_view.next(),
            parent,
            parent_view,
            proposer: ValidatorIndex::new(1),
            time: tip.time.plus(1_000),
            batches: batches.iter().map(|batch| batch_ref(batch)).collect(),
            handover,
        };
        let justify = QuorumCert {
            epoch: block.epoch,
            view: parent_view,
            height: tip.height,
            block: parent,
            signatures: Vec::new(),
        };
        let applied = self.ledger.apply(Committed { block, justify, batches }).expect("the next block");
        self.store.commit(&applied.change).expect("memory");
        self.ledger.durable(applied.height);
        applied
    }

    fn hand_over(&mut self, submissions: &[Submission]) {
        let handover = self.ledger.handover(self.ledger.tip().height).expect("a change waits");
        self.run(submissions, Some(handover));
    }

    /// Three of the validators sign the present head.
    pub fn certify(&mut self) {
        let set = self.set();
        self.certify_by(&set);
    }

    /// The head that opens an epoch is signed by those before.
    fn certify_at_opening(&mut self) {
        let set = self.genesis.validator_set();
        self.certify_by(&set);
    }

    fn certify_by(&mut self, set: &ValidatorSet) {
        let head = self.ledger.head();
        let checkpoint = certified(set, head);
        let finality = self.ledger.certify(&checkpoint).expect("our head").expect("larger than before");
        self.store.commit(&finality.change).expect("memory");
    }

    /// Everything of the log that is published.
    pub async fn published(&self) -> Arc<InMemory> {
        let store = Arc::new(InMemory::new());
        let mut publisher = Publisher::new(flaky::place(&store));
        publisher.publish(&self.source(), &mut |_, _| {}).await.expect("memory");
        store
    }

    /// The entries of the log.
    pub fn entries(&self) -> Vec<Vec<u8>> {
        let size = usize::try_from(self.size()).expect("small");
        self.reader().entries(LeafIndex::new(0), size).expect("readable")
    }

    /// The log with other entries, as a quorum that lies would have it: every tile, root and head of it agrees.
    pub async fn forged(&self, entries: &[Vec<u8>]) -> Arc<InMemory> {
        let from = Arc::new(InMemory::new());
        for (path, bytes) in flaky::content(&*self.published().await).await {
            if path.starts_with("beside/") || path == "genesis" {
                flaky::write(&from, &path, bytes).await;
            }
        }
        // Heights that forged entries speak of have nothing beside them, and are not to hold up the publication.
        for entry in entries.iter().filter_map(|entry| Entry::decode(entry).ok()) {
            let height = match entry {
                Entry::Block(block) if block.rejected > 0 => block.height,
                Entry::Epoch(epoch) => epoch.height,
                Entry::Block(_) | Entry::Genesis(_) | Entry::Submission(_) | Entry::Statement(_) => continue,
            };
            if self.reader().beside(height).expect("readable").is_none() {
                let nothing = Beside::default().encode();
                flaky::write(&from, &File::Beside(height).to_string(), nothing).await;
            }
        }
        let mut log = Growing::default();
        let mut full = Vec::new();
        for (index, entry) in (1..).zip(entries) {
            log.append(merkle::leaf_hash(entry), &mut full);
            if index > 2 && matches!(Entry::decode(entry), Ok(Entry::Epoch(_))) {
                let head = Head { size: TreeSize::new(index), root: log.root() };
                let file = File::CheckpointOf(head.size);
                let set = self.genesis.validator_set();
                flaky::write(&from, &file.to_string(), note(&set, head)).await;
            }
        }
        let size = entries.len() as u64;
        for (index, bundle) in (0..).zip(entries.chunks(256)) {
            let tile = TileId::at(0, index, size).expect("within the log");
            flaky::write(&from, &File::Entries(tile).to_string(), framed(bundle)).await;
        }
        let head = Head { size: TreeSize::new(size), root: log.root() };
        flaky::write(&from, "checkpoint", note(&self.set(), head)).await;
        let to = Arc::new(InMemory::new());
        let mut publisher = Publisher::new(flaky::place(&to));
        publisher
            .publish(&Source::Place(flaky::place(&from)), &mut |_, _| {})
            .await
            .expect("it agrees with itself");
        to
    }
}

/// Entries, each behind its length.
pub fn framed(entries: &[Vec<u8>]) -> Vec<u8> {
    let frame = |entry: &Vec<u8>| {
        let length = u16::try_from(entry.len()).expect("short");
        [&length.to_be_bytes()[..], entry].concat()
    };
    entries.iter().flat_map(frame).collect()
}

fn certified(set: &ValidatorSet, head: Head) -> Verified<proto::checkpoint::CertifiedCheckpoint> {
    let cosign = |n: u16| {
        let (signer, time_s, by) = (ValidatorIndex::new(n), 2_000, n as u8);
        let messages = cosigned_messages(set, signer, head, time_s).expect("a name");
        let cosignature = Cosignature {
            epoch: set.epoch(),
            signer,
            head,
            time_s,
            log: secret(Scheme::Ed25519, 2, by).sign(&messages.log),
            ed25519: secret(Scheme::Ed25519, 3, by).sign(&messages.ed25519),
            ml_dsa_65: secret(Scheme::MlDsa65, 4, by).sign(&messages.ml_dsa_65),
        };
        Unverified::new(cosignature).verify(set, &Lenient).expect("a known signer")
    };
    let needed = if set.epoch() == Epoch::ZERO { 3 } else { 4 };
    Verified::certify(set, head, (0..needed).map(cosign).collect()).expect("a quorum")
}

/// A head as signed note.
pub fn note(set: &ValidatorSet, head: Head) -> Vec<u8> {
    certified(set, head).to_note(set).expect("a note").into_bytes()
}

/// Everything that two stores hold is the same.
pub async fn assert_same(found: &InMemory, expected: &InMemory) {
    let (found, expected) = (flaky::content(found).await, flaky::content(expected).await);
    let names = |content: &BTreeMap<String, Vec<u8>>| content.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&expected));
    for (path, bytes) in &expected {
        assert!(found[path] == *bytes, "{path} differs");
    }
}
