//! Who is in a world, and what they will submit. It depends on the numbers of members and on nothing else, so it is made
//! once for all worlds of a thread: to make it takes as long as to run a world.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use crypto::{Scheme, sha256};
use ledger::identity::Identity;
use proto::canon::proofnest::Role;
use proto::genesis::{Admission, Genesis};
use proto::id::{Did, SubmissionId, Tenant};
use proto::operation::Operation;
use proto::statement::cose;
use proto::submission::{Body, Submission};
use proto::validators::ValidatorSet;
use proto::verified::{Unverified, Verified};

use crate::clock::BEGIN;
use crate::member::Keys;
use crate::notary::{Notary, Signer};
use crate::speaking::{VOICES_MAX, Voice};

/// A submission, by its id.
pub type Wanted = Rc<(SubmissionId, Verified<Submission>)>;

/// The network before it begins.
pub struct Cast {
    /// Who is in it.
    pub genesis: Arc<Genesis>,
    /// Its validators.
    pub set: ValidatorSet,
    /// Who signs and checks.
    pub notary: Notary,
    /// Each member's keys, the spares' after those of the first validators.
    pub keys: Vec<Rc<Keys>>,
    author: Signer,
    /// The keys of an identity that changes them, one after the other.
    rotating: Vec<Signer>,
    /// The keys of two validators' services.
    services: [Signer; 2],
    voices: Vec<Voice>,
    wanted: RefCell<Vec<Wanted>>,
}

thread_local! {
    static MADE: RefCell<BTreeMap<(u16, u16, bool), Rc<Cast>>> = const { RefCell::new(BTreeMap::new()) };
}

impl Cast {
    /// The network of so many members and spares, with real signatures or the notary's.
    pub fn of(members: u16, spares: u16, real_signatures: bool) -> Rc<Self> {
        MADE.with_borrow_mut(|made| {
            let cast = made.entry((members, spares, real_signatures));
            Rc::clone(cast.or_insert_with(|| Rc::new(Self::new(members, spares, real_signatures))))
        })
    }

    fn new(members: u16, spares: u16, real_signatures: bool) -> Self {
        let mut notary = if real_signatures { Notary::Real } else { Notary::Ideal(BTreeMap::new()) };
        let keys: Vec<_> = (0..members + spares).map(|position| Keys::of(position, &mut notary)).collect();
        let genesis = Genesis {
            origin: "sim.example/log".to_owned(),
            time: BEGIN,
            validators: keys
                .iter()
                .zip(1..=members)
                .map(|(keys, n)| keys.validator(format!("v{n}")))
                .collect(),
            admission: Admission::Open,
            registrars: Vec::new(),
        };
        genesis.check().expect("members have distinct names and keys");
        let set = genesis.validator_set();
        let author = Signer::new(Scheme::Ed25519, *sha256(b"author").as_bytes());
        notary.register(&author);
        let genesis = Arc::new(genesis);
        let rotating: Vec<_> = (0..Identity::KEYS_MAX)
            .map(|number| {
                Signer::new(Scheme::Ed25519, *sha256(format!("rotating {number}").as_bytes()).as_bytes())
            })
            .collect();
        rotating.iter().for_each(|key| notary.register(key));
        let services = [0_u8, 1].map(|n| Signer::new(Scheme::Ed25519, *sha256(&[b's', n]).as_bytes()));
        services.iter().for_each(|key| notary.register(key));
        let voices = (0..VOICES_MAX).map(|number| Voice::new(number, &mut notary)).collect();
        let wanted = RefCell::new(Vec::new());
        Self { genesis, set, notary, keys, author, rotating, services, voices, wanted }
    }

    /// The first `count` submissions.
    pub fn wanted(&self, count: usize) -> Vec<Wanted> {
        let mut wanted = self.wanted.borrow_mut();
        while wanted.len() < count {
            let submission = self.submission(wanted.len() as u64);
            wanted.push(Rc::new((submission.id(), submission)));
        }
        wanted[..count].to_vec()
    }

    /// A proof of digest and number; each fourth is a statement that was signed elsewhere, which is its own leaf.
    fn submission(&self, nonce: u64) -> Verified<Submission> {
        if nonce % 4 == 3 {
            return self.statement(nonce);
        }
        let operation = Operation::ProofSubmit {
            content: sha256(&nonce.to_be_bytes()),
            content_bytes: 8,
            media_type: String::new(),
            subject: format!("submission {nonce}"),
        };
        self.signed(nonce, operation)
    }

    /// The identity that changes its keys.
    pub fn rotating(&self) -> Did {
        Did::of_proofnest(Role::Agent, self.rotating[0].public()).expect("Ed25519 is a scheme of ProofNest")
    }

    /// One of its keys.
    pub fn rotating_key(&self, number: usize) -> &Signer {
        &self.rotating[number]
    }

    /// How many keys it has.
    pub fn rotating_keys(&self) -> usize {
        self.rotating.len()
    }

    /// An operation in its name, signed by one of its keys.
    pub fn rotated(&self, key: usize, nonce: u64, operation: Operation) -> Verified<Submission> {
        self.signed_by(&self.rotating[key], self.rotating(), nonce, operation)
    }

    /// The key of the service of one of the first two validators.
    pub fn service(&self, number: usize) -> &Signer {
        &self.services[number]
    }

    /// An operation that such a service signs.
    pub fn served(&self, service: usize, nonce: u64, operation: Operation) -> Verified<Submission> {
        let key = self.service(service);
        self.signed_by(key, Did::of(key.public()), nonce, operation)
    }

    /// The voice of a number below `VOICES_MAX`.
    pub fn voice(&self, number: u64) -> &Voice {
        &self.voices[number as usize]
    }

    /// An operation that a voice says.
    pub fn voiced(&self, voice: u64, nonce: u64, operation: Operation) -> Verified<Submission> {
        let voice = self.voice(voice);
        self.signed_by(voice.key(), voice.did(), nonce, operation)
    }

    fn statement(&self, nonce: u64) -> Verified<Submission> {
        let (key, payload) = (self.author.public(), nonce.to_be_bytes().to_vec());
        let issuer = Did::of(key).to_string();
        let draft = cose::Draft::new(key, &issuer, &format!("statement {nonce}"), "", payload)
            .expect("the author's key is of ed25519");
        let signature = self.notary.sign(&self.author, &draft.message());
        let bytes = draft.seal(&signature).expect("the notary signs by the key's scheme");
        let submission = Unverified::new(cose::submission(&bytes).expect("a draft makes what is taken"));
        submission.verify(self.set.network(), &self.notary).expect("it was signed just now")
    }

    /// A signed operation.
    pub fn signed(&self, nonce: u64, operation: Operation) -> Verified<Submission> {
        self.signed_by(&self.author, Did::of(self.author.public()), nonce, operation)
    }

    fn signed_by(&self, key: &Signer, author: Did, nonce: u64, operation: Operation) -> Verified<Submission> {
        let body = Body {
            network: *self.set.network(),
            tenant: Tenant::default_tenant(),
            author,
            key: key.public().clone(),
            nonce,
            expires_at: None,
            operation,
        };
        let signature = self.notary.sign(key, &body.signed_bytes());
        let submission = Unverified::new(body.seal(signature));
        submission.verify(self.set.network(), &self.notary).expect("it was signed just now")
    }
}
