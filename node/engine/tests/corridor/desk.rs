//! One engine on a desk: what it says to itself comes back at once, its writes wait until the test makes them durable.

use std::collections::VecDeque;
use std::sync::Arc;

use consensus::{Gated, Say};
use crypto::{Scheme, sha256};
use engine::event::{CallerTicket, PeerTicket};
use engine::{Answer, Command, Engine, Event, JournalWrite, Past, Peer, Reigns, Setup};
use ledger::LedgerReader;
use ledger::change::ChangeSet;
use mempool::limits::{BatchesLimits, PoolLimits};
use proto::ballot::VoteStatement;
use proto::batch::{Batch, BatchRef};
use proto::block::{Block, CertifiedBlock, Handover};
use proto::certificate::QuorumCert;
use proto::checkpoint::{CertifiedCheckpoint, Cosignature, Head};
use proto::counter::{Epoch, Height, TimeMs, View};
use proto::genesis::{Admission, Genesis};
use proto::id::{Did, NetworkId, Tenant, ValidatorIndex};
use proto::message::{Message, Request, Response};
use proto::operation::Operation;
use proto::record::SafetyRecord;
use proto::submission::{Body, Submission};
use proto::validators::ValidatorSet;
use proto::verified::{Strict, Unverified, Verified};
use sim::member::Keys;
use sim::notary::{Notary, Signer};
use store::memory::Memory;
use store::port::Store as _;

pub const NOW: TimeMs = TimeMs::new(1_800_000_001_000);

pub fn index(position: u16) -> ValidatorIndex {
    ValidatorIndex::new(position)
}

pub struct Desk {
    pub set: ValidatorSet,
    pub keys: Vec<Keys>,
    pub notary: Notary,
    pub store: Arc<Memory>,
    pub engine: Engine,
    /// Who reigns, as the engine says.
    pub reigns: Arc<Reigns>,
    /// Who it is itself: by these keys it signs, if it is in the set.
    own: Option<Keys>,
    options: Options,
    genesis: Arc<Genesis>,
    pub record: Option<SafetyRecord>,
    /// The blocks of the journal.
    journaled: Vec<CertifiedBlock>,
    author: Signer,
    /// Store writes that are not durable yet, the oldest first.
    pub writes: VecDeque<Gated<ChangeSet, Command>>,
    /// What it wanted and has neither had from itself nor waits for a write, since the last look.
    pub wanted: Vec<Command>,
    /// How often it voted, proposed or timed out.
    pub spoken: usize,
}

/// How a desk differs from the usual one.
#[derive(Clone, Copy)]
pub struct Options {
    pub validators: u16,
    pub me: Option<u16>,
    pub pool: PoolLimits,
    pub batches: BatchesLimits,
    pub past: Past,
    pub replay_above: u64,
}

impl Default for Options {
    /// The only validator of its network: it orders by itself what it is given.
    fn default() -> Self {
        Self {
            validators: 1,
            me: Some(0),
            pool: PoolLimits::default(),
            batches: BatchesLimits::default(),
            past: Past::Remembered,
            replay_above: engine::REPLAY_ABOVE,
        }
    }
}

impl Desk {
    pub fn new(options: Options) -> Self {
        Self::on(Arc::new(Memory::new()), options)
    }

    /// A desk with what is in a store.
    pub fn on(store: Arc<Memory>, options: Options) -> Self {
        let Options { validators, me, .. } = options;
        let mut notary = Notary::Real;
        let keys: Vec<_> = (0..validators).map(|n| Keys::new(&[n as u8 + 1; 32], &mut notary)).collect();
        let genesis = Genesis {
            origin: "example.org/log".to_owned(),
            time: TimeMs::new(1_800_000_000_000),
            validators: keys.iter().zip(1..).map(|(keys, n)| keys.validator(format!("v{n}"))).collect(),
            admission: Admission::Open,
            registrars: Vec::new(),
        };
        let own = me.map(|me| Keys::new(&[me as u8 + 1; 32], &mut notary));
        Self::of(store, Arc::new(genesis), keys, own, options)
    }

    fn of(
        store: Arc<Memory>,
        genesis: Arc<Genesis>,
        keys: Vec<Keys>,
        own: Option<Keys>,
        options: Options,
    ) -> Self {
        let set = genesis.validator_set();
        let engine = start(&genesis, own.as_ref(), options, &store, (None, &[]));
        let author = Signer::new(Scheme::Ed25519, [99; 32]);
        let (writes, wanted) = (VecDeque::new(), Vec::new());
        let reigns = Arc::new(Reigns::of_genesis(&genesis));
        let (notary, record, journaled) = (Notary::Real, None, Vec::new());
        let mut desk = Self {
            set,
            keys,
            notary,
            store,
            engine,
            reigns,
            own,
            options,
            genesis,
            record,
            journaled,
            author,
            writes,
            wanted,
            spoken: 0,
        };
        let first = desk.engine.start(NOW);
        desk.perform(first);
        desk
    }

    /// A desk of the same network, for somebody who is no validator of genesis.
    pub fn beside(&self, own: Keys) -> Self {
        let keys = (0..self.options.validators).map(|n| Keys::new(&[n as u8 + 1; 32], &mut Notary::Real));
        let mut desk = Self::of(
            Arc::new(Memory::new()),
            Arc::clone(&self.genesis),
            keys.collect(),
            Some(own),
            self.options,
        );
        desk.write_all();
        desk.wanted.clear();
        desk
    }

    /// Forgets all but what is durable, and starts again.
    pub fn restart(&mut self) {
        self.writes.clear();
        self.wanted.clear();
        let journal = (self.record.clone(), &self.journaled[..]);
        self.engine = start(&self.genesis, self.own.as_ref(), self.options, &self.store, journal);
        let first = self.engine.start(NOW);
        self.perform(first);
    }

    fn me(&self) -> Option<ValidatorIndex> {
        self.reigns.reigning().position(self.own.as_ref()?.consensus())
    }

    /// A desk whose first writes are durable and whose start is over.
    pub fn begun(options: Options) -> Self {
        let mut desk = Self::new(options);
        desk.write_all();
        desk.wanted.clear();
        desk
    }

    pub fn step(&mut self, event: Event) {
        let commands = self.engine.step(NOW, event);
        self.perform(commands);
    }

    /// A validator of genesis, by the name that others know it by.
    pub fn peer(&self, position: u16) -> Peer {
        Peer::of(self.set.get(index(position)).expect("a validator"))
    }

    pub fn hear(&mut self, from: u16, message: Message) {
        let event = self.reigns.hear(self.peer(from), message, &Strict).expect("it is signed");
        self.step(event);
    }

    /// What the engine answers to whoever submits this.
    pub fn submit(&mut self, submission: &Submission) -> Answer {
        let network = self.set.network();
        let submission = Unverified::new(submission.clone()).verify(network, &Strict).expect("it is signed");
        let before = self.answers().len();
        self.step(Event::Submit { ticket: CallerTicket(before as u64), submission });
        self.answers().get(before).expect("each submission is answered at once").clone()
    }

    fn answers(&self) -> Vec<Answer> {
        let answer = |command: &Command| match command {
            Command::Answer { answer, .. } => Some(answer.clone()),
            _ => None,
        };
        self.wanted.iter().filter_map(answer).collect()
    }

    /// The oldest store write becomes durable.
    pub fn write(&mut self) {
        let gate = self.writes.pop_front().expect("a write waits");
        let then = gate.open(|change| self.store.commit(change)).expect("memory has room");
        self.perform(then);
    }

    pub fn write_all(&mut self) {
        while !self.writes.is_empty() {
            self.write();
        }
    }

    fn perform(&mut self, commands: Vec<Command>) {
        let mut queue = VecDeque::from(commands);
        let mut heard = Vec::new();
        while let Some(command) = queue.pop_front() {
            match command {
                Command::Journal(gate) => {
                    self.record = Some(gate.write().record.clone());
                    self.journaled.extend(gate.write().body.as_deref().cloned());
                    queue.extend(journaled(gate));
                }
                Command::Reign(reigns) => {
                    self.reigns = Arc::clone(&reigns);
                    self.wanted.push(Command::Reign(reigns));
                }
                Command::Store(gate) => self.writes.push_back(gate),
                Command::Say(say) => {
                    self.spoken += 1;
                    heard.extend(self.say(say));
                }
                Command::Cosign { head, set, signer } => {
                    let own = self.own.as_ref().expect("a validator");
                    let signed = own.cosign(head, signer, NOW.seconds(), &set, &self.notary);
                    self.wanted.push(Command::Cosign { head, set, signer });
                    heard.push(Message::Cosignature(signed));
                }
                Command::Happen(event) => queue.extend(self.engine.step(NOW, event)),
                other => self.wanted.push(other),
            }
        }
        for message in heard {
            let own = Peer(self.own.as_ref().expect("a validator").network().id());
            let event = self.reigns.hear(own, message, &Strict).expect("it is signed");
            self.step(event);
        }
    }

    fn say(&self, say: Say) -> Option<Message> {
        let me = self.me().expect("only validators speak");
        if say.epoch() != self.reigns.reigning().epoch() {
            return None;
        }
        let to_me = match &say {
            Say::Vote { to, .. } => to.contains(&me),
            Say::Timeout { .. } | Say::Proposal { .. } => true,
        };
        let own = self.own.as_ref().expect("only validators speak");
        to_me.then(|| own.say(say, me, self.reigns.reigning(), &self.notary))
    }

    pub fn cosign(&self, signer: ValidatorIndex, head: Head) -> Cosignature {
        self.keys[usize::from(signer.get())].cosign(head, signer, NOW.seconds(), &self.set, &self.notary)
    }

    /// The certificate of a head, signed by all.
    pub fn certificate(&self, head: Head) -> CertifiedCheckpoint {
        let signed = (0..self.keys.len() as u16).map(|signer| self.cosign(index(signer), head));
        let signed = signed.map(|it| Unverified::new(it).verify(&self.set, &Strict).expect("it is signed"));
        Verified::certify(&self.set, head, signed.collect()).expect("all are a quorum").into_inner()
    }

    pub fn genesis_certificate(&self) -> QuorumCert {
        self.set.opening_certificate()
    }

    /// The leader of a view proposes a block on a certified one, a height for each view.
    pub fn propose(&mut self, view: u64, justify: &QuorumCert, batches: Vec<BatchRef>) -> Block {
        self.propose_and_hand_over(view, justify, batches, None)
    }

    /// The same, with what it says of the next epoch.
    pub fn propose_and_hand_over(
        &mut self,
        view: u64,
        justify: &QuorumCert,
        batches: Vec<BatchRef>,
        handover: Option<Handover>,
    ) -> Block {
        let leader = index(view as u16 % self.keys.len() as u16);
        let block = Block {
            epoch: Epoch::ZERO,
            height: Height::new(view),
            view: View::new(view),
            parent: justify.block,
            parent_view: justify.view,
            proposer: leader,
            time: TimeMs::new(NOW.get() - 100 + view),
            batches,
            handover,
        };
        let say = Say::Proposal { block: block.clone(), justify: justify.clone(), timeout_cert: None };
        let keys = &self.keys[usize::from(leader.get())];
        let message = keys.say(say, leader, &self.set, &self.notary);
        self.hear(leader.get(), message);
        block
    }

    /// The certificate of a block, signed by all.
    pub fn quorum(&self, block: &Block) -> QuorumCert {
        let Block { epoch, view, height, .. } = *block;
        let statement = VoteStatement { epoch, view, height, block: block.id() };
        let vote = |(keys, signer): (&Keys, u16)| {
            let say = Say::Vote { statement, to: Vec::new() };
            match keys.say(say, index(signer), &self.set, &self.notary) {
                Message::Vote(vote) => (vote.voter, vote.signature),
                other => panic!("a vote became {other:?}"),
            }
        };
        let signatures = self.keys.iter().zip(0..).map(vote).collect();
        QuorumCert { epoch, view, height, block: block.id(), signatures }
    }

    pub fn submission(&self, nonce: u64) -> Submission {
        let proof = Operation::ProofSubmit {
            content: sha256(&nonce.to_be_bytes()),
            content_bytes: 8,
            media_type: String::new(),
            subject: String::new(),
        };
        self.signed(nonce, *self.set.network(), proof)
    }

    /// A batch of the most bytes a batch may have; each `number` below 100 makes another.
    pub fn large_batch(&self, author: u16, number: u64) -> Batch {
        let submission = |place: u64, predicate_bytes: usize| {
            let operation = Operation::AttestationIssue {
                subject: "something large".to_owned(),
                predicate_type: "https://example.org/large".to_owned(),
                predicate: vec![0; predicate_bytes],
                content: None,
                expires_at_ms: None,
            };
            self.signed(1_000 + 16 * number + place, *self.set.network(), operation)
        };
        let around = submission(0, 32_000).bytes().len() - 32_000;
        let predicate_bytes = Batch::BYTES_MAX / 16 - around;
        Batch {
            author: index(author),
            submissions: (0..16).map(|place| submission(place, predicate_bytes)).collect(),
        }
    }

    /// What a peer is answered.
    pub fn ask(&mut self, request: Request) -> Response {
        self.step(Event::Request { ticket: PeerTicket(0), request });
        match self.wanted.pop() {
            Some(Command::Respond { response, .. }) => response,
            other => panic!("every question is answered at once: {other:?}"),
        }
    }

    pub fn signed(&self, nonce: u64, network: NetworkId, operation: Operation) -> Submission {
        let body = Body {
            network,
            tenant: Tenant::default_tenant(),
            author: Did::of(self.author.public()),
            key: self.author.public().clone(),
            nonce,
            expires_at: None,
            operation,
        };
        let signature = self.notary.sign(&self.author, &body.signed_bytes());
        body.seal(signature)
    }
}

fn start(
    genesis: &Arc<Genesis>,
    own: Option<&Keys>,
    options: Options,
    store: &Arc<Memory>,
    (record, journaled): (Option<SafetyRecord>, &[CertifiedBlock]),
) -> Engine {
    let reader = LedgerReader::new(Arc::clone(store) as Arc<dyn ledger::read::Read>);
    let set = engine::reigns::reigning(&reader, genesis).expect("memory can be read");
    let verify = |block: &CertifiedBlock| Unverified::new(block.clone()).verify(&set, &Strict).ok();
    Engine::new(Setup {
        genesis: Arc::clone(genesis),
        key: own.map(|own| own.consensus().clone()),
        consensus: consensus::Config::default(),
        pool: options.pool,
        batches: options.batches,
        past: options.past,
        replay_above: options.replay_above,
        store: Arc::clone(store) as Arc<dyn ledger::read::Read>,
        record,
        journaled: journaled.iter().filter_map(verify).collect(),
    })
    .expect("what is durable belongs together")
}

fn journaled(gate: Gated<JournalWrite, Command>) -> Vec<Command> {
    gate.open(|_| Ok::<(), std::convert::Infallible>(())).unwrap_or_default()
}
