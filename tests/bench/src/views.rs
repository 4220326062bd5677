//! Consensus: views in which all goes well, four replicas and no network between them.

use std::collections::VecDeque;
use std::sync::Arc;

use consensus::{Config, Effect, Input, Recipients, Replica, Say, Tip};
use proto::ballot::Vote;
use proto::batch::BatchRef;
use proto::counter::{TimeMs, View};
use proto::id::{BatchId, ValidatorIndex};
use proto::message::Message;
use proto::proposal::Proposal;
use proto::validators::ValidatorSet;
use proto::verified::Unverified;
use twins::notary::{GENESIS_TIME, Ideal, genesis, proposal, set, vote};

use crate::body::{Body, Kind};

const VIEWS: u64 = 10;

/// Ten views from proposal to certificate, signatures verified by a checker that costs nothing.
pub fn bodies() -> Vec<Body> {
    let run = || {
        let mut net = Net::new();
        move || {
            net.run();
            net
        }
    };
    vec![Body::new("consensus: a view of four replicas", Kind::Plain, VIEWS, run)]
}

struct Net {
    set: Arc<ValidatorSet>,
    replicas: Vec<Replica>,
    letters: VecDeque<(usize, Message)>,
    now: TimeMs,
    tokens: u64,
}

impl Net {
    fn new() -> Self {
        let set = set(4);
        let replica = |index| {
            let (me, tip) = (Some(ValidatorIndex::new(index)), Tip::genesis(genesis()));
            Replica::new(Config::default(), Arc::clone(&set), me, tip, None, Vec::new())
                .expect("genesis without a journal does not contradict itself")
        };
        let replicas = (0..4).map(replica).collect();
        Self { set, replicas, letters: VecDeque::new(), now: GENESIS_TIME.plus(1), tokens: 0 }
    }

    fn run(&mut self) {
        for at in 0..self.replicas.len() {
            let effects = self.replicas[at].start(self.now);
            self.perform(at, effects);
            self.hear(at, Input::Work { waiting: true });
        }
        while self.replicas.iter().any(|replica| replica.view() <= View::new(VIEWS)) {
            let (to, message) = self.letters.pop_front().expect("a view where all is well ends by itself");
            self.receive(to, message);
        }
        assert!(self.replicas.iter().all(|replica| replica.committed().height.get() + 3 >= VIEWS));
    }

    fn receive(&mut self, to: usize, message: Message) {
        let set = Arc::clone(&self.set);
        let input = match message {
            Message::Proposal(it) => {
                let from = it.block.proposer;
                Input::Proposal { from, proposal: door(Unverified::<Proposal>::new(it).verify(&set, &Ideal)) }
            }
            Message::Vote(it) => Input::Vote(door(Unverified::<Vote>::new(it).verify(&set, &Ideal))),
            // What tells of certificates says nothing new where nobody is behind, and nobody times out.
            Message::SyncInfo(_)
            | Message::Timeout(_)
            | Message::Batch(_)
            | Message::Cosignature(_)
            | Message::CertifiedCheckpoint(_) => return,
        };
        self.now = self.now.plus(1);
        self.hear(to, input);
    }

    fn hear(&mut self, at: usize, input: Input) {
        let effects = self.replicas[at].step(self.now, input);
        self.perform(at, effects);
    }

    fn perform(&mut self, at: usize, effects: Vec<Effect>) {
        let me = ValidatorIndex::new(u16::try_from(at).expect("four replicas"));
        let mut answers = Vec::new();
        for effect in effects {
            match effect {
                Effect::Speak(words) => {
                    let words = words.open(|_| Ok::<(), std::convert::Infallible>(()));
                    for say in words.unwrap_or_default() {
                        self.say(me, say);
                    }
                }
                Effect::Send { to: Recipients::All, message } => {
                    for to in (0..self.replicas.len()).filter(|to| *to != at) {
                        self.letters.push_back((to, message.clone()));
                    }
                }
                Effect::Send { to: Recipients::One(to), message } => {
                    self.letters.push_back((usize::from(to.get()), message));
                }
                Effect::BuildPayload { view, exclude: _ } => {
                    self.tokens += 1;
                    let id = BatchId::new(crypto::sha256(&self.tokens.to_be_bytes()));
                    let batches = vec![BatchRef { id, count: 1, bytes: 100 }];
                    answers.push(Input::Payload { view, batches, handover: None });
                }
                Effect::CheckBatches { block, from: _ } => {
                    answers.push(Input::Available { block: block.id() });
                }
                // Nothing fails here: no timer fires, nobody asks for blocks, and what is final is forgotten.
                Effect::StartTimer { .. }
                | Effect::StopTimer { .. }
                | Effect::Fetch { .. }
                | Effect::CatchUp { .. }
                | Effect::Commit(_)
                | Effect::Accuse(_)
                | Effect::Misbehaved { .. } => {}
                Effect::Halt(fork) => panic!("honest replicas forked: {fork:?}"),
            }
        }
        for answer in answers {
            self.hear(at, answer);
        }
    }

    fn say(&mut self, me: ValidatorIndex, say: Say) {
        match say {
            Say::Vote { statement, to } => {
                let vote = vote(&self.set, me, statement);
                for to in to {
                    self.letters.push_back((usize::from(to.get()), Message::Vote(vote.clone())));
                }
            }
            Say::Proposal { block, justify, timeout_cert } => {
                let proposal = proposal(&self.set, block, justify, timeout_cert);
                for to in 0..self.replicas.len() {
                    self.letters.push_back((to, Message::Proposal(proposal.clone())));
                }
            }
            Say::Timeout { view, .. } => panic!("view {view} timed out without a timer"),
        }
    }
}

fn door<T, E: std::fmt::Debug>(verified: Result<T, E>) -> T {
    verified.expect("said by an honest replica")
}
