//! A ledger, and a chain of blocks that grows on it as people speak.

use std::sync::Arc;

use crypto::{PublicKey, Signature, SignatureError};
use ledger::{Committed, Ledger, LedgerReader, Outcome, batch_ref};
use proto::block::{Block, Handover};
use proto::canonical::Canonical as _;
use proto::certificate::QuorumCert;
use proto::counter::{Height, TimeMs};
use proto::genesis::{Admission, Genesis};
use proto::id::{NetworkId, SubmissionId, Tenant, ValidatorIndex};
use proto::operation::Operation;
use proto::submission::{Body, Submission};
use proto::validators::ValidatorSet;
use proto::verified::{SignatureChecker, Strict, Unverified, Verified};
use store::memory::Memory;
use store::port::Store as _;

use crate::kinds::Count;
use crate::people::{Person, validator};
use crate::seen::Seen;

/// Block times are so far apart.
pub const STEP_MS: u64 = 1_000;
/// Validators at the beginning.
pub const VALIDATORS: usize = 4;

/// Nothing is checked: for what the engine has checked before the ledger is asked.
pub struct Lenient;

impl SignatureChecker for Lenient {
    fn check(&self, _: &PublicKey, _: &[u8], _: &Signature) -> Result<(), SignatureError> {
        Ok(())
    }
}

/// A chain, and what the node that made it says of each height.
pub struct Chain {
    pub genesis: Genesis,
    pub blocks: Vec<Committed>,
    pub seen: Vec<Seen>,
    pub count: Count,
    /// What the node that made it has stored.
    pub store: Arc<Memory>,
}

impl Chain {
    pub fn network(&self) -> NetworkId {
        self.genesis.network()
    }

    pub fn reader(&self) -> LedgerReader {
        LedgerReader::new(self.store.clone())
    }
}

/// What is to become of a submission.
enum Wish {
    Accepted,
    Refused(&'static str),
    /// It was decided in a block before.
    Passed,
}

/// The one who makes a chain.
pub struct World {
    chain: Chain,
    ledger: Ledger,
    nonce: u64,
    /// What the next block will order, in batches.
    next: Vec<Vec<(Submission, Wish)>>,
}

impl World {
    pub fn open() -> Self {
        let genesis = Genesis {
            origin: "quorate.example/replay".to_owned(),
            // A whole second, so that what counts in seconds is exact.
            time: TimeMs::new(1_700_000_000_000),
            validators: (0..VALIDATORS).map(|n| validator(&format!("v{n}"))).collect(),
            admission: Admission::Open,
            registrars: Vec::new(),
        };
        let store = Arc::new(Memory::new());
        let (mut ledger, change) = Ledger::open(store.clone(), &genesis).expect("an empty store");
        store.commit(&change.expect("the beginning")).expect("memory");
        ledger.durable(Height::ZERO);
        let (blocks, seen, count) = (Vec::new(), Vec::new(), Count::default());
        let chain = Chain { genesis, blocks, seen, count, store };
        Self { chain, ledger, nonce: 0, next: vec![Vec::new()] }
    }

    pub fn network(&self) -> NetworkId {
        self.chain.network()
    }

    /// What all blocks so far left behind.
    pub fn reader(&self) -> LedgerReader {
        self.chain.reader()
    }

    /// Number of leaves below those of the next block.
    pub fn size(&self) -> u64 {
        self.ledger.head().size.get()
    }

    /// Time of the next block.
    pub fn now(&self) -> TimeMs {
        self.ledger.tip().time.plus(STEP_MS)
    }

    /// Time of the next block, in seconds.
    pub fn now_s(&self) -> u64 {
        self.now().get() / 1_000
    }

    /// Who reigns.
    pub fn set(&self) -> ValidatorSet {
        self.ledger.reign().set(self.network(), self.chain.genesis.origin.clone())
    }

    pub fn say(&mut self, person: &Person, operation: Operation) -> Submission {
        self.say_of(&Tenant::default_tenant(), person, operation, None)
    }

    pub fn say_of(
        &mut self,
        tenant: &Tenant,
        person: &Person,
        operation: Operation,
        expires_at: Option<TimeMs>,
    ) -> Submission {
        self.nonce += 1;
        let body = Body {
            network: self.network(),
            tenant: tenant.clone(),
            author: person.did.clone(),
            key: person.key().clone(),
            nonce: self.nonce,
            expires_at,
            operation,
        };
        let signature = person.sign(&body.signed_bytes());
        body.seal(signature)
    }

    /// The next block accepts this.
    pub fn ok(&mut self, person: &Person, operation: Operation) -> SubmissionId {
        let submission = self.say(person, operation);
        self.accepts(submission)
    }

    /// The next block refuses this with the code.
    pub fn no(&mut self, person: &Person, operation: Operation, code: &'static str) {
        let submission = self.say(person, operation);
        self.refuses(submission, code);
    }

    pub fn accepts(&mut self, submission: Submission) -> SubmissionId {
        let id = submission.id();
        self.order(submission, Wish::Accepted);
        id
    }

    pub fn refuses(&mut self, submission: Submission, code: &'static str) {
        self.order(submission, Wish::Refused(code));
    }

    /// It was decided before: the next block orders it again, and nothing comes of that.
    pub fn passes(&mut self, submission: Submission) {
        self.order(submission, Wish::Passed);
    }

    fn order(&mut self, submission: Submission, wish: Wish) {
        self.next.last_mut().expect("never without a batch").push((submission, wish));
    }

    /// What is said from here on stands in another batch of the same block.
    pub fn batch(&mut self) {
        self.next.push(Vec::new());
    }

    /// The next block is made of all that was said.
    pub fn block(&mut self) {
        self.commit(None);
    }

    /// The same, and it closes the epoch.
    pub fn hand_over(&mut self) {
        let handover = self.ledger.handover(self.ledger.tip().height);
        self.commit(Some(handover.expect("a change waits")));
    }

    fn commit(&mut self, handover: Option<Handover>) {
        let said: Vec<_> = std::mem::replace(&mut self.next, vec![Vec::new()]);
        let batches = said.iter().filter(|batch| !batch.is_empty()).map(|batch| {
            let verified = batch.iter().map(|(submission, _)| verified(&self.network(), submission));
            Verified::pack(ValidatorIndex::new(0), verified.collect())
        });
        let batches: Vec<_> = batches.collect();
        let tip = self.ledger.tip_block();
        let (parent, parent_view) = (tip.id(), tip.view);
        let epoch = self.set().epoch();
        let block = Block {
            epoch,
            height: tip.height.next(),
            view: parent_view.next(),
            parent,
            parent_view,
            proposer: ValidatorIndex::new(1),
            time: self.now(),
            batches: batches.iter().map(|batch| batch_ref(batch)).collect(),
            handover,
        };
        let (view, height) = (parent_view, tip.height);
        let justify = QuorumCert { epoch, view, height, block: parent, signatures: Vec::new() };
        let committed = Committed { block, justify, batches };
        let applied = self.ledger.apply(committed.clone()).expect("the next block");
        self.chain.store.commit(&applied.change).expect("memory");
        self.ledger.durable(applied.height);
        let mut outcomes = applied.outcomes.into_iter();
        for (submission, wish) in said.into_iter().flatten() {
            let operation = &submission.body().operation;
            let code = match wish {
                Wish::Passed => continue,
                Wish::Accepted => None,
                Wish::Refused(code) => Some(code),
            };
            let (id, outcome) = outcomes.next().expect("what was not decided before is decided");
            let found = match &outcome {
                Outcome::Committed { .. } => None,
                Outcome::Expired { .. } => Some("expired"),
                Outcome::Rejected { rejection, .. } => Some(rejection.code()),
            };
            let name = operation.name();
            assert_eq!(
                (id, found),
                (submission.id(), code),
                "{name} at height {}: {outcome:?}",
                applied.height
            );
            self.chain.count.add(operation, found);
        }
        assert_eq!(outcomes.next(), None, "nobody else said anything");
        self.chain.seen.push(Seen::of(&self.ledger, &self.chain.reader()));
        self.chain.blocks.push(committed);
    }

    /// The chain as it is.
    pub fn into_chain(self) -> Chain {
        self.chain
    }
}

/// As it comes from outside: read from its bytes, and its signatures checked.
pub fn verified(network: &NetworkId, submission: &Submission) -> Verified<Submission> {
    let read = Submission::decode(&submission.encode()).expect("what people say is well formed");
    assert_eq!(read, *submission);
    Unverified::new(read).verify(network, &Strict).expect("it was signed by who says it")
}
