//! A network of replicas in one thread: letters with delays, timers, journals that survive crashes, and a watcher that
//! stops the test when two members disagree or one contradicts itself.

mod deeds;

use std::collections::{BTreeMap, BTreeSet};

use std::sync::Arc;

use proto::batch::BatchRef;
use proto::block::{Block, CertifiedBlock};
use proto::certificate::QuorumCert;
use proto::counter::{Height, TimeMs, View};
use proto::id::{BlockId, ValidatorIndex};
use proto::message::Message;
use proto::record::SafetyRecord;
use proto::validators::ValidatorSet;
use proto::verified::Unverified;

use crate::testing::{GENESIS_TIME, Ideal, genesis, i, set};
use crate::{CommittedBlock, Config, Evidence, Input, Misbehaviour, Replica, Timer, Tip};

/// Where a member crashes when it next speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashPoint {
    BeforeWrite,
    AfterWrite,
    AfterSending,
}

pub struct Member {
    pub replica: Option<Replica>,
    pub record: Option<SafetyRecord>,
    journal: BTreeMap<BlockId, (Block, QuorumCert)>,
    pub tip: Tip,
    pub log: Vec<CommittedBlock>,
    pool: Vec<BatchRef>,
    said: BTreeMap<(&'static str, View), Vec<u8>>,
    pub crash_at: Option<CrashPoint>,
    /// Batches of blocks are not here until released.
    pub withhold: bool,
    withheld: Vec<BlockId>,
}

enum Letter {
    Message { from: ValidatorIndex, message: Box<Message> },
    Answer { from: ValidatorIndex, wanted: Option<BlockId>, blocks: Vec<CertifiedBlock> },
}

/// A sequence of numbers that looks random.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

pub struct Net {
    pub set: Arc<ValidatorSet>,
    pub config: Config,
    pub members: Vec<Member>,
    pub now: TimeMs,
    letters: BTreeMap<(TimeMs, u64), (usize, Letter)>,
    sequence: u64,
    timers: BTreeMap<(usize, Timer), TimeMs>,
    chain: BTreeMap<Height, BlockId>,
    /// Letters from the first to the second are lost.
    pub cut: BTreeSet<(usize, usize)>,
    /// Of a hundred letters, how many are lost.
    pub loss: u64,
    /// Largest delay of a letter, in ms.
    pub delay_max: u64,
    pub dice: Dice,
    /// Letters handed over, by kind.
    pub sent: BTreeMap<&'static str, usize>,
    pub evidence: Vec<Evidence>,
    pub misbehaved: Vec<(ValidatorIndex, Misbehaviour)>,
}

pub const CONFIG: Config = Config {
    view_timeout_ms: 100,
    view_timeout_max_ms: 1_000,
    resend_ms: 200,
    clock_bound_ms: 2_000,
    heartbeat_ms: None,
};

impl Net {
    pub fn new(count: usize) -> Self {
        Self::with(count, CONFIG)
    }

    pub fn with(count: usize, config: Config) -> Self {
        let member = |_| Member {
            replica: None,
            record: None,
            journal: BTreeMap::new(),
            tip: Tip::genesis(genesis()),
            log: Vec::new(),
            pool: Vec::new(),
            said: BTreeMap::new(),
            crash_at: None,
            withhold: false,
            withheld: Vec::new(),
        };
        let mut net = Self {
            set: set(count),
            config,
            members: (0..count).map(member).collect(),
            now: GENESIS_TIME.plus(1_000),
            letters: BTreeMap::new(),
            sequence: 0,
            timers: BTreeMap::new(),
            chain: BTreeMap::new(),
            cut: BTreeSet::new(),
            loss: 0,
            delay_max: 1,
            dice: Dice(0),
            sent: BTreeMap::new(),
            evidence: Vec::new(),
            misbehaved: Vec::new(),
        };
        for member in 0..count {
            net.start(member);
        }
        net.quiet(1_000);
        net.sent.clear();
        net
    }

    /// Starts a member from its tip and journal.
    pub fn start(&mut self, at: usize) {
        let member = &mut self.members[at];
        let journal = member.journal.values().cloned().collect();
        let (tip, record) = (member.tip.clone(), member.record.clone());
        let mut replica =
            Replica::new(self.config, self.set.clone(), Some(i(at as u16)), tip, record, journal).unwrap();
        let effects = replica.start(self.now);
        member.replica = Some(replica);
        self.perform(at, effects);
        let waiting = !self.members[at].pool.is_empty();
        self.hear(at, Input::Work { waiting });
    }

    /// Forgets all but the disk, and what was on its way to the member.
    pub fn crash(&mut self, at: usize) {
        self.members[at].replica = None;
        self.members[at].withheld.clear();
        self.timers.retain(|(owner, _), _| *owner != at);
        self.letters.retain(|_, (to, _)| *to != at);
    }

    pub fn replica(&self, at: usize) -> &Replica {
        self.members[at].replica.as_ref().unwrap()
    }

    /// Gives a batch to every member, whether it runs or not.
    pub fn submit(&mut self, batch: BatchRef) {
        for at in 0..self.members.len() {
            self.members[at].pool.push(batch.clone());
            self.hear(at, Input::Work { waiting: true });
        }
    }

    /// Cuts every link between two groups.
    pub fn part(&mut self, left: &[usize], right: &[usize]) {
        for (a, b) in left.iter().flat_map(|a| right.iter().map(move |b| (*a, *b))) {
            self.cut.extend([(a, b), (b, a)]);
        }
    }

    /// Mends all links; connections come up again.
    pub fn heal(&mut self) {
        for (a, b) in std::mem::take(&mut self.cut) {
            self.hear(a, Input::Connected { peer: i(b as u16) });
        }
    }

    /// All batches are here again.
    pub fn release(&mut self, at: usize) {
        self.members[at].withhold = false;
        for block in std::mem::take(&mut self.members[at].withheld) {
            self.hear(at, Input::Available { block });
        }
    }

    pub fn hear(&mut self, at: usize, input: Input) {
        let now = self.now;
        if let Some(replica) = &mut self.members[at].replica {
            let effects = replica.step(now, input);
            self.perform(at, effects);
        }
    }

    /// Delivers what comes next, a letter or a timer; false if nothing will ever come.
    pub fn advance(&mut self) -> bool {
        let letter = self.letters.keys().next().copied();
        let timer = self.timers.iter().map(|(key, due)| (*due, *key)).min();
        match (letter, timer) {
            (None, None) => return false,
            (letter, Some((due, (at, timer)))) if letter.is_none_or(|(time, _)| due < time) => {
                self.now = self.now.max(due);
                self.timers.remove(&(at, timer));
                self.hear(at, Input::TimerFired { timer });
            }
            (Some(key), _) => {
                self.now = self.now.max(key.0);
                let (at, letter) = self.letters.remove(&key).unwrap();
                self.deliver(at, letter);
            }
            (None, Some(_)) => unreachable!(),
        }
        true
    }

    /// Runs until a condition holds or time is up; returns whether it holds.
    pub fn until(&mut self, ms: u64, condition: impl Fn(&Self) -> bool) -> bool {
        let end = self.now.plus(ms);
        while !condition(self) {
            if self.now > end || !self.advance() {
                return condition(self);
            }
        }
        true
    }

    /// Runs until nothing will ever happen again; false if that takes longer than `ms`.
    pub fn quiet(&mut self, ms: u64) -> bool {
        self.until(ms, |net| net.letters.is_empty() && net.timers.is_empty())
    }

    /// Whether all members that run have committed this many batches.
    pub fn all_committed(&self, batches: usize) -> bool {
        self.members
            .iter()
            .filter(|member| member.replica.is_some())
            .all(|member| member.batches() >= batches)
    }

    /// Whether a member ever said that it leaves a view.
    pub fn has_left(&self, at: usize, view: View) -> bool {
        self.members[at].said.contains_key(&("timeout", view))
    }

    pub fn messages(&self) -> usize {
        self.sent.values().sum()
    }

    fn deliver(&mut self, at: usize, letter: Letter) {
        let set = self.set.clone();
        let input = match letter {
            Letter::Message { from, message } => match *message {
                Message::Proposal(it) => {
                    Input::Proposal { from, proposal: Unverified::new(it).verify(&set, &Ideal).unwrap() }
                }
                Message::Vote(it) => Input::Vote(Unverified::new(it).verify(&set, &Ideal).unwrap()),
                Message::Timeout(it) => {
                    Input::Timeout { from, timeout: Unverified::new(it).verify(&set, &Ideal).unwrap() }
                }
                Message::SyncInfo(it) => {
                    Input::SyncInfo { from, info: Unverified::new(it).verify(&set, &Ideal).unwrap() }
                }
                Message::Batch(_) | Message::Cosignature(_) | Message::CertifiedCheckpoint(_) => {
                    unreachable!("no business of consensus")
                }
            },
            Letter::Answer { from, wanted, blocks } => {
                let verify = |block: CertifiedBlock| Unverified::new(block).verify(&set, &Ideal).unwrap();
                Input::Blocks { from, wanted, blocks: blocks.into_iter().map(verify).collect() }
            }
        };
        self.hear(at, input);
    }

    fn broadcast(&mut self, from: usize, message: &Message) {
        for to in (0..self.members.len()).filter(|to| *to != from) {
            self.post(from, to, message.clone());
        }
    }

    pub fn post(&mut self, from: usize, to: usize, message: Message) {
        let kind = match message {
            Message::Proposal(_) => "proposal",
            Message::Vote(_) => "vote",
            Message::Timeout(_) => "timeout",
            Message::SyncInfo(_) => "sync",
            Message::Batch(_) | Message::Cosignature(_) | Message::CertifiedCheckpoint(_) => "other",
        };
        let letter = Letter::Message { from: i(from as u16), message: Box::new(message) };
        // What one says to oneself takes no time, is not lost and no letter.
        if from == to {
            return self.enqueue(to, 0, letter);
        }
        *self.sent.entry(kind).or_default() += 1;
        if self.cut.contains(&(from, to)) || self.dice.roll(100) < self.loss {
            return;
        }
        let delay = 1 + self.dice.roll(self.delay_max);
        self.enqueue(to, delay, letter);
    }

    fn enqueue(&mut self, to: usize, delay: u64, letter: Letter) {
        self.sequence += 1;
        if self.members[to].replica.is_some() {
            self.letters.insert((self.now.plus(delay), self.sequence), (to, letter));
        }
    }
}

impl Member {
    /// Number of batches committed, repetitions included.
    pub fn batches(&self) -> usize {
        self.log.iter().map(|committed| committed.block.batches.len()).sum()
    }
}
