//! Three honest engines of four, with the network and the disks between them in the hands of whoever calls.
//!
//! Every call ends in a panic when an honest member contradicts itself, accuses or shuts out an honest one, forks, or
//! cannot go on: the checkers are those of the simulator.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use consensus::{Recipients, Say};
use engine::event::{CallerTicket, PeerTicket, QuestionId};
use engine::{Alarm, Command, Engine, Event, Past, Peer, Reigns, Setup, Timer};
use ledger::collector::Divergence;
use ledger::{LedgerReader, Outcome};
use proto::counter::TimeMs;
use proto::id::ValidatorIndex;
use proto::message::{Message, Request, Response};
use proto::submission::Submission;
use proto::verified::{Unverified, Verified};
use sim::checkers::Checkers;
use sim::disk::Disk;
use sim::notary::Notary;

use super::fixture::{BEGIN, NETWORK, VALIDATORS};
use super::lore::Lore;

/// Number of honest members; the last validator is the liar.
pub const HONEST: u16 = 3;
/// The liar.
pub const LIAR: ValidatorIndex = ValidatorIndex::new(HONEST);
/// Most messages on their way; the oldest is lost when there are more.
const FLIGHT_MAX: usize = 256;
/// Most messages one call of `settle` delivers.
const SETTLE_MAX: usize = 400;

/// One honest member.
#[derive(Default)]
struct Member {
    engine: Option<Engine>,
    /// Who reigns, as its engine says.
    reigns: Option<Arc<Reigns>>,
    disk: Disk,
    timers: BTreeSet<Timer>,
}

/// A message on its way.
#[derive(Clone, Debug)]
pub struct Letter {
    /// To an honest member.
    pub to: u16,
    /// From whom.
    pub from: ValidatorIndex,
    /// What.
    pub message: Message,
}

/// A question on its way.
#[derive(Clone, Debug)]
pub struct Question {
    /// Who asks.
    pub from: u16,
    /// Who is asked.
    pub to: ValidatorIndex,
    /// Names the answer.
    pub id: QuestionId,
    /// What.
    pub request: Request,
}

/// The arena.
pub struct Arena {
    /// Messages on their way.
    pub flight: VecDeque<Letter>,
    /// Questions that have no answer yet.
    pub questions: VecDeque<Question>,
    /// What the liar has seen.
    pub lore: Lore,
    members: Vec<Member>,
    notary: &'static Notary,
    now: TimeMs,
    checkers: Checkers,
    /// The last answer an engine gave to a question.
    response: Option<Response>,
}

impl Arena {
    /// An arena whose members have begun.
    pub fn new(notary: &'static Notary) -> Self {
        let mut arena = Self {
            flight: VecDeque::new(),
            questions: VecDeque::new(),
            lore: Lore::new(),
            members: (0..HONEST).map(|_| Member::default()).collect(),
            notary,
            now: BEGIN.plus(1_000),
            checkers: Checkers::new(VALIDATORS, (HONEST..VALIDATORS).collect()),
            response: None,
        };
        for member in 0..HONEST {
            arena.start(member);
        }
        arena
    }

    /// Who signs and checks here.
    pub const fn notary(&self) -> &'static Notary {
        self.notary
    }

    /// What all clocks show.
    pub const fn now(&self) -> TimeMs {
        self.now
    }

    /// Time passes.
    pub fn wait(&mut self, ms: u64) {
        self.now = self.now.plus(ms);
    }

    /// Starts a member from its disk, if it is down.
    pub fn start(&mut self, member: u16) {
        let it = &mut self.members[usize::from(member)];
        if it.engine.is_some() {
            return;
        }
        let journaled = it.disk.blocks.iter().map(|(_, block)| {
            let block = Unverified::new(block.clone());
            block.verify(&NETWORK.set, self.notary).expect("a journal keeps what was verified")
        });
        let engine = Engine::new(Setup {
            genesis: Arc::clone(&NETWORK.genesis),
            key: Some(NETWORK.set.get(ValidatorIndex::new(member)).expect("it votes").consensus.clone()),
            consensus: consensus::Config::default(),
            pool: mempool::limits::PoolLimits::default(),
            batches: mempool::limits::BatchesLimits::default(),
            store: Arc::clone(&it.disk.store) as Arc<dyn ledger::read::Read>,
            past: Past::Remembered,
            replay_above: engine::REPLAY_ABOVE,
            record: it.disk.record.clone(),
            journaled: journaled.collect(),
        });
        let engine = it.engine.insert(engine.expect("what a crash leaves is enough to start"));
        let commands = engine.start(self.now);
        self.perform(member, commands);
        for other in (0..HONEST).filter(|other| *other != member) {
            self.step(other, Event::PeerUp { peer: peer(ValidatorIndex::new(member)) });
            self.step(member, Event::PeerUp { peer: peer(ValidatorIndex::new(other)) });
        }
    }

    /// A member loses power, after this many of its journal and store writes have reached the disk unheard.
    pub fn crash(&mut self, member: u16, journal: usize, store: usize) {
        let it = &mut self.members[usize::from(member)];
        (0..journal).for_each(|_| drop(it.disk.write_journal()));
        (0..store).for_each(|_| drop(it.disk.write_store()));
        it.disk.journal.clear();
        it.disk.changes.clear();
        (it.engine, it.timers) = (None, BTreeSet::new());
        self.questions.retain(|question| question.from != member);
    }

    /// A member's oldest journal write is durable.
    pub fn write_journal(&mut self, member: u16) {
        let then =
            self.members[usize::from(member)].disk.write_journal().expect("this disk takes every write");
        self.perform(member, then);
    }

    /// A member's oldest store write is durable.
    pub fn write_store(&mut self, member: u16) {
        let then = self.members[usize::from(member)].disk.write_store().expect("this disk takes every write");
        self.checkers.stored(member, &self.reader(member), |_| None).expect("stores agree and only grow");
        self.perform(member, then);
    }

    /// The timers that run at a member.
    pub fn timers(&self, member: u16) -> Vec<Timer> {
        self.members[usize::from(member)].timers.iter().copied().collect()
    }

    /// A timer runs out.
    pub fn fire(&mut self, member: u16, timer: Timer) {
        if self.members[usize::from(member)].timers.remove(&timer) {
            self.step(member, Event::TimerFired(timer));
        }
    }

    /// Somebody submits.
    pub fn submit(&mut self, member: u16, submission: Submission) {
        let submission = Unverified::new(submission).verify(NETWORK.set.network(), self.notary);
        let submission: Verified<Submission> = submission.expect("the author signed it");
        self.step(member, Event::Submit { ticket: CallerTicket(0), submission });
    }

    /// Sends to an honest member.
    pub fn send(&mut self, to: u16, from: ValidatorIndex, message: Message) {
        if self.flight.len() == FLIGHT_MAX {
            self.flight.pop_front();
        }
        self.flight.push_back(Letter { to, from, message });
    }

    /// A message arrives.
    pub fn deliver(&mut self, letter: Letter) {
        let Letter { to, from, message } = letter;
        let Some(reigns) = &self.members[usize::from(to)].reigns else { return };
        match reigns.hear(peer(from), message, self.notary) {
            Ok(event) => self.step(to, event),
            Err(fault) => assert_eq!(from, LIAR, "v{to} refuses what the honest {from} sent: {fault}"),
        }
    }

    /// What a member answers to a question; none while it is down.
    pub fn ask(&mut self, member: u16, request: Request) -> Option<Response> {
        self.step(member, Event::Request { ticket: PeerTicket(0), request });
        self.response.take()
    }

    /// A question is answered, or nobody does.
    pub fn answer(&mut self, question: &Question, response: Option<Response>) {
        let (id, honest) = (question.id, question.to != LIAR);
        let Some(reigns) = &self.members[usize::from(question.from)].reigns else { return };
        let event = match response.map(|it| reigns.answer(it, self.notary)) {
            Some(Ok(response)) => Event::Response { question: id, response },
            Some(Err(fault)) => {
                assert!(!honest, "{} refuses what {} answered: {fault}", question.from, question.to);
                Event::NoResponse { question: id }
            }
            None => Event::NoResponse { question: id },
        };
        self.step(question.from, event);
    }

    /// All that is on its way arrives, and all writes are durable, until there is nothing more, or for a while.
    pub fn settle(&mut self) {
        for _ in 0..SETTLE_MAX {
            for member in 0..HONEST {
                while !self.members[usize::from(member)].disk.journal.is_empty() {
                    self.write_journal(member);
                }
                while !self.members[usize::from(member)].disk.changes.is_empty() {
                    self.write_store(member);
                }
            }
            if let Some(question) = self.questions.pop_front() {
                let asked = question.to;
                let response = match asked == LIAR {
                    true => None,
                    false => self.ask(asked.get(), question.request.clone()),
                };
                self.answer(&question, response);
            } else if let Some(letter) = self.flight.pop_front() {
                self.deliver(letter);
            } else {
                return;
            }
        }
    }

    /// A member's disk.
    pub fn disk(&self, member: u16) -> &Disk {
        &self.members[usize::from(member)].disk
    }

    /// What a member has made durable.
    pub fn reader(&self, member: u16) -> LedgerReader {
        let store = Arc::clone(&self.members[usize::from(member)].disk.store);
        LedgerReader::new(store as Arc<dyn ledger::read::Read>)
    }

    /// Whether all honest members have committed a submission.
    pub fn committed(&self, submission: &Submission) -> bool {
        (0..HONEST).all(|member| {
            let found = self.reader(member).by_id(&submission.id()).expect("memory reads");
            matches!(found, Some(Outcome::Committed { .. }))
        })
    }

    fn step(&mut self, member: u16, event: Event) {
        let Some(engine) = &mut self.members[usize::from(member)].engine else { return };
        let commands = engine.step(self.now, event);
        self.perform(member, commands);
    }

    fn perform(&mut self, member: u16, commands: Vec<Command>) {
        let me = ValidatorIndex::new(member);
        let mut queue = VecDeque::from(commands);
        while let Some(command) = queue.pop_front() {
            let it = &mut self.members[usize::from(member)];
            match command {
                Command::Journal(gate) => it.disk.journal.push_back(gate),
                Command::Store(gate) => it.disk.changes.push_back(gate),
                Command::Say(say) => self.say(member, say),
                Command::Cosign { head, set, signer } => {
                    let durable = self.checkers.cosigned(member, head, &self.reader(member));
                    durable.expect("durable before cosigned");
                    let keys = &NETWORK.keys[usize::from(member)];
                    let signed = keys.cosign(head, signer, self.now.seconds(), &set, self.notary);
                    let message = Message::Cosignature(signed);
                    self.lore.learn(&message);
                    self.deliver(Letter { to: member, from: me, message });
                }
                Command::Reign(reigns) => it.reigns = Some(reigns),
                Command::Show { to, message } => {
                    self.lore.learn(&message);
                    if let Some(to) = number(&to).filter(|to| *to < HONEST && *to != member) {
                        self.send(to, me, message);
                    }
                }
                Command::Send { to, message } => {
                    self.lore.learn(&message);
                    for to in recipients(&to).filter(|to| *to != member) {
                        self.send(to, me, message.clone());
                    }
                }
                Command::Ask { to, question, request } => {
                    let to = ValidatorIndex::new(number(&to).expect("nobody else is known here"));
                    self.questions.push_back(Question { from: member, to, id: question, request });
                }
                Command::Respond { response, .. } => self.response = Some(response),
                Command::StartTimer { timer, .. } => drop(it.timers.insert(timer)),
                Command::StopTimer { timer } => drop(it.timers.remove(&timer)),
                Command::Happen(event) => self.step(member, event),
                Command::Alarm(alarm) => check(member, alarm),
                Command::Answer { .. } | Command::Publish(_) | Command::Announce(_) => {}
            }
        }
    }

    fn say(&mut self, member: u16, say: Say) {
        self.checkers.spoke(member, &say).expect("an honest member does not contradict itself");
        let me = ValidatorIndex::new(member);
        let to: Vec<u16> = match &say {
            Say::Vote { to, .. } => to.iter().map(|to| to.get()).collect(),
            Say::Timeout { .. } | Say::Proposal { .. } => (0..VALIDATORS).collect(),
        };
        let message = NETWORK.keys[usize::from(member)].say(say, me, &NETWORK.set, self.notary);
        self.lore.learn(&message);
        for to in to.into_iter().filter(|to| *to < HONEST) {
            match to == member {
                true => self.deliver(Letter { to, from: me, message: message.clone() }),
                false => self.send(to, me, message.clone()),
            }
        }
    }
}

/// How engines name a validator.
fn peer(index: ValidatorIndex) -> Peer {
    Peer::of(NETWORK.set.get(index).expect("one of the four"))
}

/// The position of whom an engine names so.
fn number(named: &Peer) -> Option<u16> {
    (0..VALIDATORS).find(|number| peer(ValidatorIndex::new(*number)) == *named)
}

fn recipients(to: &Recipients) -> impl Iterator<Item = u16> + use<> {
    match to {
        Recipients::All => 0..HONEST,
        Recipients::One(one) => one.get()..one.get().saturating_add(1).min(HONEST),
    }
}

/// What an honest member may raise here: complaints about the liar, and nothing else.
fn check(member: u16, alarm: Alarm) {
    let accused = match &alarm {
        Alarm::Equivocation(evidence) => {
            evidence.verify(&NETWORK.set, &NETWORK.ideal).expect("an accusation holds");
            Some(evidence.accused())
        }
        Alarm::Divergence(it) => match &**it {
            Divergence::FromUs { theirs, .. } => Some(theirs.signer),
            Divergence::FromItself { first, .. } => Some(first.signer),
        },
        Alarm::Misbehaved { peer, .. } => Some(*peer),
        Alarm::UntrueLog { peer, .. } => {
            NETWORK.set.iter().find(|(_, it)| Peer::of(it) == *peer).map(|(index, _)| index)
        }
        Alarm::Diverged { .. } | Alarm::Forked(_) | Alarm::Fatal(_) => None,
    };
    assert_eq!(accused, Some(LIAR), "v{member}: {alarm:?}");
}
