use super::*;

use crypto::{Scheme, SecretKey};
use engine::{Command, Reigns, VerifiedMessage};
use proptest::prelude::*;
use proto::ballot::{Vote, VoteStatement};
use proto::counter::{Epoch, Height, TimeMs, View};
use proto::genesis::{Admission, Genesis};
use proto::id::{BlockId, Did, NetworkId, Tenant, ValidatorIndex};
use proto::message::SyncInfo;
use proto::operation::Operation;
use proto::submission::Body;
use tokio::sync::Semaphore;

use crate::keys::{MasterSeed, NodeKeys};

fn keys(number: u8) -> NodeKeys {
    NodeKeys::derive(&MasterSeed::new([number; 32]))
}

/// Who reigns in a network that has just begun, as an engine says it.
fn reigns(genesis: &Genesis) -> Arc<Reigns> {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine::Engine::new(engine::Setup {
        genesis: Arc::new(genesis.clone()),
        key: None,
        consensus: consensus::Config::default(),
        pool: mempool::limits::PoolLimits::default(),
        batches: mempool::limits::BatchesLimits::default(),
        store: Arc::new(store::disk::Disk::open(dir.path(), store::disk::Engine::Sled).unwrap()),
        past: engine::Past::Remembered,
        replay_above: engine::REPLAY_ABOVE,
        record: None,
        journaled: Vec::new(),
    });
    let mut commands = engine.unwrap().start(TimeMs::new(2)).into_iter();
    commands
        .find_map(|command| if let Command::Reign(reigns) = command { Some(reigns) } else { None })
        .unwrap()
}

/// A verifier of the first of two validators, without threads.
pub(crate) struct Bench {
    pub(crate) verifier: Verifier,
    door: Arc<Semaphore>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let genesis = Genesis {
            origin: "ledger.test/verifier".to_owned(),
            time: TimeMs::new(1),
            validators: (0..2).map(|number| keys(number).validator(&format!("v{number}"), 1)).collect(),
            admission: Admission::Open,
            registrars: Vec::new(),
        };
        let verifier = Verifier {
            jobs: Queue::default(),
            checker: Remembering::new(Strict),
            seats: Arc::new(Seats::new(
                reigns(&genesis),
                keys(0).consensus.public().clone(),
                &keys(0).network_seed.public(),
            )),
            inbox: Arc::default(),
            callers: Arc::default(),
            counters: Arc::default(),
        };
        Self { verifier, door: Arc::new(Semaphore::new(1_000)) }
    }

    fn room(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.door).try_acquire_owned().unwrap()
    }

    fn peer(&self, index: u16) -> PeerId {
        self.verifier.seats.now().validator(ValidatorIndex::new(index)).unwrap()
    }

    fn frame(&self, kind: Kind, bytes: Vec<u8>) -> Job {
        Job::Frame { from: self.peer(1), kind, bytes, room: self.room() }
    }

    /// Checks jobs and gives what came of them.
    fn run(&self, jobs: Vec<Job>) -> Vec<Event> {
        jobs.into_iter().for_each(|job| self.verifier.submit(job));
        self.verifier.jobs.close();
        self.verifier.work();
        (0..self.verifier.inbox.len()).filter_map(|_| self.verifier.inbox.next()).collect()
    }

    fn vote(&self, signed_by: u8) -> Vote {
        let statement = VoteStatement {
            epoch: Epoch::ZERO,
            view: View::new(3),
            height: Height::new(2),
            block: BlockId::default(),
        };
        let signature = keys(signed_by)
            .consensus
            .sign(&statement.signed_bytes(self.verifier.seats.now().set().network()));
        Vote { statement, voter: ValidatorIndex::new(1), signature }
    }

    pub(crate) fn submission(&self, network: NetworkId, break_signature: bool) -> Vec<u8> {
        let secret = SecretKey::from_seed(Scheme::Ed25519, &[9; 32]).unwrap();
        let body = Body {
            network,
            tenant: Tenant::default_tenant(),
            author: Did::of(secret.public()),
            key: secret.public().clone(),
            nonce: 1,
            expires_at: None,
            operation: Operation::ProofSubmit {
                content: crypto::sha256(b""),
                content_bytes: 0,
                media_type: String::new(),
                subject: String::new(),
            },
        };
        match break_signature {
            true => body.seal(secret.sign(b"something else")).encode(),
            false => body.sign(&secret).encode(),
        }
    }
}

#[test]
fn a_message_that_holds_arrives_and_one_that_does_not_is_dropped() {
    let bench = Bench::new();
    let (good, forged) = (bench.vote(1), bench.vote(0));
    let events =
        bench.run(vec![bench.frame(Kind::Vote, forged.encode()), bench.frame(Kind::Vote, good.encode())]);
    let [Event::Message { from, message: VerifiedMessage::Vote(vote) }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((*from, &**vote), (bench.verifier.seats.now().name_of(&bench.peer(1)).unwrap(), &good));
    assert_eq!(bench.verifier.counters.dropped_count(Dropped::Unverified), 1);
    assert_eq!(bench.door.available_permits(), 1_000, "the door has its room back");
}

#[test]
fn our_own_words_come_in_by_the_same_door() {
    let bench = Bench::new();
    let genesis = bench.verifier.seats.now().set().opening_certificate();
    let info = Message::SyncInfo(SyncInfo { high_qc: genesis, high_tc: None });
    bench.verifier.own(Message::Vote(bench.vote(0)));
    bench.verifier.own(info);
    let events = bench.run(Vec::new());
    assert!(
        matches!(&events[..], [Event::Message { from, .. }] if *from == bench.verifier.seats.us()),
        "{events:?}"
    );
}

#[test]
fn what_is_urgent_goes_first() {
    let bench = Bench::new();
    let (vote, other) = (bench.vote(1).encode(), Response::Blocks(Vec::new()).encode());
    let response =
        |bytes| Job::Response { question: QuestionId(7), from: bench.peer(1), bytes, room: bench.room() };
    let events = bench.run(vec![response(other), bench.frame(Kind::Vote, vote)]);
    assert!(matches!(events[..], [Event::Message { .. }, Event::Response { .. }]), "{events:?}");
}

#[test]
fn an_answer_that_does_not_hold_is_no_answer() {
    let bench = Bench::new();
    let job = Job::Response {
        question: QuestionId(7),
        from: bench.peer(1),
        bytes: vec![1, 2, 3],
        room: bench.room(),
    };
    let events = bench.run(vec![job]);
    assert!(matches!(events[..], [Event::NoResponse { question: QuestionId(7) }]), "{events:?}");
}

#[test]
fn callers_hear_at_once_what_needs_no_judging() {
    let bench = Bench::new();
    let network = *bench.verifier.seats.now().set().network();
    let cases = [
        (bench.submission(network, true), Some("bad_signature")),
        (bench.submission(NetworkId::default(), false), Some("wrong_network")),
        (vec![0xff; 40], None),
    ];
    let (mut jobs, mut replies) = (Vec::new(), Vec::new());
    for (envelope, expected) in cases {
        let (reply, hears) = oneshot::channel();
        jobs.push(Job::Submission { envelope, reply, room: bench.room() });
        replies.push((hears, expected));
    }
    let (reply, _hears) = oneshot::channel();
    jobs.push(Job::Submission { envelope: bench.submission(network, false), reply, room: bench.room() });
    let events = bench.run(jobs);
    assert!(matches!(events[..], [Event::Submit { .. }]), "{events:?}");
    for (mut hears, expected) in replies {
        match (hears.try_recv(), expected) {
            (Ok(SubmitReply::Refused { code, .. }), Some(expected)) => assert_eq!(code, expected),
            (Ok(SubmitReply::Malformed(_)), None) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Kinds with bytes that are theirs by chance only.
fn noise() -> impl Strategy<Value = Vec<(Kind, Vec<u8>)>> {
    let frame = (0..Kind::ALL.len(), proptest::collection::vec(any::<u8>(), 0..200));
    proptest::collection::vec(frame.prop_map(|(kind, bytes)| (Kind::ALL[kind], bytes)), 1..20)
}

proptest! {
    /// Whatever comes as whatever: nothing panics, nothing arrives, and every message is counted.
    #[test]
    fn noise_is_dropped(frames in noise()) {
        let bench = Bench::new();
        let is_message = |kind: Kind| kind.lane() != Lane::Request;
        let messages = frames.iter().filter(|(kind, _)| is_message(*kind)).count();
        let jobs = frames.into_iter().map(|(kind, bytes)| bench.frame(kind, bytes)).collect();
        prop_assert!(bench.run(jobs).is_empty());
        let counters = &bench.verifier.counters;
        let dropped = counters.dropped_count(Dropped::Malformed) + counters.dropped_count(Dropped::Unverified);
        prop_assert_eq!(dropped, messages as u64);
        prop_assert_eq!(bench.door.available_permits(), 1_000);
    }
}
