//! A small network to test in: a store in memory, a ledger on it, people with keys, blocks made on demand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crypto::{Digest, PublicKey, Scheme, SecretKey, Signature, SignatureError};
use ledger::change::{ChangeSet, Table};
use ledger::read::{Pair, Read, ReadError};
use ledger::{Applied, Committed, Ledger, LedgerReader, Outcome, batch_ref};
use proto::batch::Batch;
use proto::block::Block;
use proto::certificate::QuorumCert;
use proto::checkpoint::{Cosignature, Head};
use proto::counter::{Epoch, Height, TimeMs};
use proto::genesis::{Admission, Genesis};
use proto::id::{Did, NetworkId, SubmissionId, Tenant, ValidatorIndex};
use proto::operation::{
    Operation, RevokedFrom, addition_possession_bytes, identity_possession_bytes, possession_bytes,
};
use proto::submission::{Body, Submission};
use proto::validators::Validator;
use proto::verified::{SignatureChecker, Strict, Unverified, Verified};

pub const START: TimeMs = TimeMs::new(1_000_000);
/// Block times are so far apart.
pub const STEP_MS: u64 = 1_000;

/// What a store holds.
pub type Content = BTreeMap<(Table, Vec<u8>), Vec<u8>>;

/// Values by key, in memory.
#[derive(Default)]
pub struct Memory(Mutex<Content>);

impl Memory {
    pub fn commit(&self, change: &ChangeSet) {
        let mut values = self.0.lock().expect("no test panics while it holds this");
        for (table, key, value) in change.iter() {
            match value {
                Some(value) => values.insert((table, key.to_vec()), value.to_vec()),
                None => values.remove(&(table, key.to_vec())),
            };
        }
    }

    pub fn content(&self) -> Content {
        self.0.lock().expect("no test panics while it holds this").clone()
    }

    pub fn of(content: Content) -> Arc<Self> {
        Arc::new(Self(Mutex::new(content)))
    }
}

impl Read for Memory {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        let content = self.0.lock().expect("no test panics while it holds this");
        Ok(content.get(&(table, key.to_vec())).cloned())
    }

    fn at_or_below(&self, table: Table, key: &[u8]) -> Result<Option<Pair>, ReadError> {
        let content = self.0.lock().expect("no test panics while it holds this");
        let found = content.range((table, Vec::new())..=(table, key.to_vec())).next_back();
        Ok(found.map(|((_, key), value)| (key.clone(), value.clone())))
    }

    fn at_or_above(&self, table: Table, key: &[u8]) -> Result<Option<Pair>, ReadError> {
        let content = self.0.lock().expect("no test panics while it holds this");
        let found = content.range((table, key.to_vec())..).next().filter(|((found, _), _)| *found == table);
        Ok(found.map(|((_, key), value)| (key.clone(), value.clone())))
    }
}

/// Somebody with a key.
#[derive(Clone)]
pub struct Person {
    pub secret: Arc<SecretKey>,
    pub did: Did,
}

impl Person {
    pub fn new(seed: u8) -> Self {
        Self::with(Scheme::Ed25519, seed)
    }

    pub fn with(scheme: Scheme, seed: u8) -> Self {
        let secret = Arc::new(SecretKey::from_seed(scheme, &[seed; 32]).expect("a scheme that signs"));
        let did = Did::of(secret.public());
        Self { secret, did }
    }

    pub fn key(&self) -> &PublicKey {
        self.secret.public()
    }

    /// Speaks in the name of another one, with the own key.
    pub fn speaking_as(&self, did: &Did) -> Self {
        Self { secret: Arc::clone(&self.secret), did: did.clone() }
    }
}

/// Nothing is checked: for cosignatures, whose arithmetic is tested where it is done.
pub struct Lenient;

impl SignatureChecker for Lenient {
    fn check(&self, _: &PublicKey, _: &[u8], _: &Signature) -> Result<(), SignatureError> {
        Ok(())
    }
}

/// The secret key of a validator in one of its roles.
pub fn validator_secret(scheme: Scheme, role: u8, n: u8) -> SecretKey {
    let seed = [200 + role, n].repeat(16).try_into().expect("32 bytes");
    SecretKey::from_seed(scheme, &seed).expect("a scheme that signs")
}

/// Validator `v0`, `v1` and so on.
pub fn validator(n: u8) -> Validator {
    let key = |scheme, role| validator_secret(scheme, role, n).public().clone();
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

pub fn genesis(admission: Admission, registrars: &[&Person]) -> Genesis {
    Genesis {
        origin: "quorate.example/test".to_owned(),
        time: START,
        validators: (0..4).map(validator).collect(),
        admission,
        registrars: registrars.iter().map(|person| person.key().clone()).collect(),
    }
}

pub fn proof(n: u64) -> Operation {
    Operation::ProofSubmit {
        content: crypto::sha256(&n.to_be_bytes()),
        content_bytes: 8,
        media_type: "text/plain".to_owned(),
        subject: format!("file-{n}"),
    }
}

/// A ledger, its store, and the changes that are not durable yet.
pub struct World {
    pub genesis: Genesis,
    pub store: Arc<Memory>,
    pub ledger: Ledger,
    pub waiting: Vec<(Height, ChangeSet)>,
    nonce: u64,
}

impl World {
    pub fn open() -> Self {
        Self::begin(genesis(Admission::Open, &[]))
    }

    pub fn registered(registrars: &[&Person]) -> Self {
        Self::begin(genesis(Admission::Registered, registrars))
    }

    pub fn begin(genesis: Genesis) -> Self {
        let store = Arc::new(Memory::default());
        let (ledger, change) = Ledger::open(store.clone(), &genesis).expect("an empty store");
        store.commit(&change.expect("an empty store is written"));
        let mut world = Self { genesis, store, ledger, waiting: Vec::new(), nonce: 0 };
        world.ledger.durable(Height::ZERO);
        world
    }

    pub fn network(&self) -> NetworkId {
        self.genesis.network()
    }

    pub fn reader(&self) -> LedgerReader {
        LedgerReader::new(self.store.clone())
    }

    /// A signed operation with a nonce of its own, which does not expire.
    pub fn say(&mut self, person: &Person, operation: Operation) -> Submission {
        self.say_until(person, operation, None)
    }

    pub fn say_until(
        &mut self,
        person: &Person,
        operation: Operation,
        expires_at: Option<TimeMs>,
    ) -> Submission {
        self.nonce += 1;
        let body = Body {
            network: self.network(),
            tenant: Tenant::default_tenant(),
            author: person.did.clone(),
            key: person.key().clone(),
            nonce: self.nonce,
            expires_at,
            operation,
        };
        body.sign(&person.secret)
    }

    /// A new identity, with the consents of all whose keys it lists.
    pub fn create(&mut self, signer: &Person, identity: &Did, people: &[&Person]) -> Submission {
        let keys: Vec<_> = people.iter().map(|person| person.key().clone()).collect();
        let message = identity_possession_bytes(&self.network(), identity, &keys);
        let others = people.iter().filter(|person| person.key() != signer.key());
        let possessions = others.map(|person| person.secret.sign(&message)).collect();
        self.say(signer, Operation::IdentityCreate { identity: identity.clone(), keys, possessions })
    }

    pub fn add(&mut self, signer: &Person, new: &Person) -> Submission {
        let identity = signer.did.clone();
        let message = addition_possession_bytes(&self.network(), &identity, &new.key().id());
        let possession = Some(new.secret.sign(&message));
        self.say(signer, Operation::KeyAdd { identity, key: new.key().clone(), possession })
    }

    pub fn rotate(&mut self, signer: &Person, retires: &PublicKey, to: &Person) -> Submission {
        let (identity, retires) = (signer.did.clone(), retires.id());
        let message = possession_bytes(&self.network(), &identity, &retires, &to.key().id());
        let possession = to.secret.sign(&message);
        self.say(signer, Operation::KeyRotate { identity, retires, key: to.key().clone(), possession })
    }

    pub fn revoke(&mut self, signer: &Person, key: &PublicKey) -> Submission {
        self.revoke_from(signer, key, RevokedFrom::Here)
    }

    pub fn revoke_from(&mut self, signer: &Person, key: &PublicKey, from: RevokedFrom) -> Submission {
        let (identity, key, reason) = (signer.did.clone(), key.id(), "lost".to_owned());
        self.say(signer, Operation::KeyRevoke { identity, key, reason, from })
    }

    pub fn verified(&self, submission: &Submission) -> Verified<Submission> {
        Unverified::new(submission.clone()).verify(&self.network(), &Strict).expect("signed by say")
    }

    pub fn pack(&self, submissions: &[Submission]) -> Verified<Batch> {
        let submissions = submissions.iter().map(|submission| self.verified(submission)).collect();
        Verified::pack(ValidatorIndex::new(0), submissions)
    }

    /// The block that comes next, with these batches.
    pub fn next_block(&self, batches: Vec<Verified<Batch>>) -> Committed {
        let tip = self.ledger.tip_block();
        let (parent, parent_view) = (tip.id(), tip.view);
        let block = Block {
            epoch: Epoch::ZERO,
            height: tip.height.next(),
            view: parent_view.next(),
            parent,
            parent_view,
            proposer: ValidatorIndex::new(1),
            time: tip.time.plus(STEP_MS),
            batches: batches.iter().map(|batch| batch_ref(batch)).collect(),
            handover: None,
        };
        // Whether it holds is consensus' matter; here it only has to name the parent.
        let justify = QuorumCert {
            epoch: Epoch::ZERO,
            view: parent_view,
            height: tip.height,
            block: parent,
            signatures: Vec::new(),
        };
        Committed { block, justify, batches }
    }

    /// Applies batches of submissions, and leaves the change waiting.
    pub fn apply(&mut self, batches: &[&[Submission]]) -> Applied {
        let batches = batches.iter().map(|submissions| self.pack(submissions)).collect();
        let committed = self.next_block(batches);
        let applied = self.ledger.apply(committed).expect("the next block");
        self.waiting.push((applied.height, applied.change.clone()));
        applied
    }

    /// Lets so much time pass.
    pub fn skip(&mut self, ms: u64) {
        let mut committed = self.next_block(Vec::new());
        committed.block.time = self.ledger.tip().time.plus(ms);
        let applied = self.ledger.apply(committed).expect("the next block");
        self.waiting.push((applied.height, applied.change));
        self.settle();
    }

    /// Makes all that waits durable.
    pub fn settle(&mut self) {
        for (height, change) in self.waiting.drain(..) {
            self.store.commit(&change);
            self.ledger.durable(height);
        }
    }

    /// Applies one batch and makes it durable.
    pub fn run(&mut self, submissions: &[Submission]) -> Applied {
        let applied = self.apply(&[submissions]);
        self.settle();
        applied
    }

    /// Applies one submission alone: what became of it.
    pub fn outcome(&mut self, submission: &Submission) -> Outcome {
        let outcomes = self.run(std::slice::from_ref(submission)).outcomes;
        assert_eq!(outcomes.len(), 1, "decided for the first time");
        outcomes.into_iter().next().expect("checked").1
    }

    /// The code by which a submission is refused, at the door and in a block alike; `ok` when it is accepted.
    pub fn code(&mut self, submission: &Submission) -> &'static str {
        let now = self.ledger.tip().time.plus(STEP_MS);
        let at_the_door = self.ledger.check(&self.verified(submission), now);
        let in_a_block = self.outcome(submission);
        match (at_the_door, in_a_block) {
            (Ok(()), Outcome::Committed { .. }) => "ok",
            (Err(ledger::CheckError::Rejected(door)), Outcome::Rejected { rejection, .. }) => {
                assert_eq!(door, rejection);
                rejection.code()
            }
            (Err(ledger::CheckError::Rejected(door)), Outcome::Expired { .. }) => door.code(),
            (door, block) => panic!("the door says {door:?}, the block {block:?}"),
        }
    }

    /// A validator's signatures under a head; they are never checked.
    pub fn cosign(&self, signer: u16, head: Head, time_s: u64) -> Verified<Cosignature> {
        let ed25519 = Signature::parse(Scheme::Ed25519, &[7; 64]).expect("64 bytes");
        let ml_dsa_65 = Signature::parse(Scheme::MlDsa65, &[7; 3309]).expect("3309 bytes");
        let signer = ValidatorIndex::new(signer);
        let (epoch, log) = (Epoch::ZERO, ed25519.clone());
        let cosignature = Cosignature { epoch, signer, head, time_s, log, ed25519, ml_dsa_65 };
        Unverified::new(cosignature)
            .verify(&self.genesis.validator_set(), &Lenient)
            .expect("a known signer, nothing else is checked")
    }

    /// Certifies a head by the first three validators and makes that durable.
    pub fn finalize(&mut self, head: Head) -> ledger::checkpoint::Finality {
        let parts = (0..3).map(|signer| self.cosign(signer, head, 1_700)).collect();
        let checkpoint = Verified::certify(&self.genesis.validator_set(), head, parts).expect("a quorum");
        let finality = self.ledger.certify(&checkpoint).expect("our head").expect("larger than before");
        self.store.commit(&finality.change);
        finality
    }
}

/// The indexes of the submissions that were accepted.
pub fn indexes(applied: &Applied) -> Vec<u64> {
    let index = |outcome: &Outcome| match outcome {
        Outcome::Committed { index, .. } => Some(index.get()),
        Outcome::Rejected { .. } | Outcome::Expired { .. } => None,
    };
    applied.outcomes.iter().filter_map(|(_, outcome)| index(outcome)).collect()
}

pub fn ids(submissions: &[Submission]) -> Vec<SubmissionId> {
    submissions.iter().map(Submission::id).collect()
}

pub fn digest(n: u8) -> Digest {
    crypto::sha256(&[n])
}
