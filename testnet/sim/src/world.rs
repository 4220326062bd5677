//! The world: one queue of happenings, one clock, one seed.
//!
//! `run` pops the next happening, lets an engine step, does what it commands, and asks the checkers. Trouble lasts until
//! `Plan::trouble_ms`; then everything heals and all that was submitted must become final everywhere.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::rc::Rc;
use std::sync::Arc;

use engine::event::{CallerTicket, PeerTicket, QuestionId};
use engine::{Event, Peer, Timer};
use ledger::LedgerReader;
use proto::block::CertifiedBlock;
use proto::counter::Epoch;
use proto::message::{Request, Response};
use proto::submission::Submission;
use proto::validators::ValidatorSet;
use proto::verified::Verified;

use crate::cast::{Cast, Wanted};
use crate::checkers::{Checkers, Finding, Violation};
use crate::clock::Clock;
use crate::crash::Crashing;
use crate::fault::Fault;
use crate::letter::{Letter, Trace};
use crate::liveness::{Liveness, Phase};
use crate::member::Member;
use crate::network::Network;
use crate::outcomes::Outcomes;
use crate::plan::{Attack, Plan, Turnover};
use crate::prng::Prng;
use crate::speaking::Earlier;
use crate::trouble::Befallen;
use crate::workload::Finals;

/// Something that will happen.
pub(crate) enum Happening {
    Message {
        to: u16,
        from: u16,
        letter: Rc<Letter>,
    },
    Request {
        to: u16,
        /// Who asks, and in which of its lives: the answer is for that one.
        from: (u16, u64),
        question: QuestionId,
        request: Request,
    },
    Response {
        to: u16,
        life: u64,
        from: u16,
        question: QuestionId,
        response: Response,
    },
    NoResponse {
        to: u16,
        life: u64,
        question: QuestionId,
    },
    Timer {
        member: u16,
        life: u64,
        timer: Timer,
        start: u64,
    },
    JournalWritten {
        member: u16,
        life: u64,
    },
    StoreWritten {
        member: u16,
        life: u64,
    },
    Submit {
        to: u16,
        submission: usize,
    },
    Change,
    Rotate,
    /// Services open, measure and finalize sessions, for the n-th time.
    Measure(u64),
    /// Voices say everything else, for the n-th time.
    Speak(u64),
    Turnover(Turnover),
    Wipe {
        member: u16,
    },
    Propose {
        to: u16,
        change: usize,
    },
    Restart {
        member: u16,
    },
    /// A round of a crash loop.
    Stumble {
        trouble: usize,
    },
    Begin {
        trouble: usize,
    },
    End {
        trouble: usize,
    },
    /// Power goes in the middle of a write.
    PowerCut {
        member: u16,
        life: u64,
        fault: Fault,
    },
    Heal,
    CrashLeader,
}

/// Who must be awake for it; none when the world does it.
const fn whose(happening: &Happening) -> Option<u16> {
    match happening {
        Happening::Message { to, .. }
        | Happening::Request { to, .. }
        | Happening::Response { to, .. }
        | Happening::NoResponse { to, .. }
        | Happening::Submit { to, .. }
        | Happening::Propose { to, .. } => Some(*to),
        Happening::Timer { member, .. }
        | Happening::JournalWritten { member, .. }
        | Happening::StoreWritten { member, .. } => Some(*member),
        Happening::Restart { .. }
        | Happening::Change
        | Happening::Rotate
        | Happening::Measure(_)
        | Happening::Speak(_)
        | Happening::Turnover(_)
        | Happening::Wipe { .. }
        | Happening::Stumble { .. }
        | Happening::Begin { .. }
        | Happening::End { .. }
        | Happening::PowerCut { .. }
        | Happening::Heal
        | Happening::CrashLeader => None,
    }
}

/// One simulated network.
pub struct World {
    pub(crate) plan: Plan,
    pub(crate) cast: Rc<Cast>,
    pub(crate) members: Vec<Member>,
    /// The numbers of the members by the names they know one another by.
    pub(crate) numbers: BTreeMap<Peer, u16>,
    pub(crate) network: Network,
    pub(crate) queue: BTreeMap<(u64, u64), Happening>,
    pub(crate) now_us: u64,
    pub(crate) sequence: u64,
    pub(crate) faults: Prng,
    pub(crate) disks: Prng,
    pub(crate) liars: Prng,
    pub(crate) submissions: Vec<Wanted>,
    /// Changes of the validators that somebody asked for.
    pub(crate) changes: Vec<Verified<Submission>>,
    /// What each voice said that it comes back to.
    pub(crate) earlier: BTreeMap<u64, Earlier>,
    /// Tickets of requests under way to their answers: member, life, question, and what was asked.
    pub(crate) tickets: BTreeMap<PeerTicket, (u16, u64, QuestionId, Request)>,
    /// How many were asked to leave, by the epoch that approved.
    pub(crate) leaving: BTreeMap<Epoch, usize>,
    pub(crate) finals: Vec<Finals>,
    pub(crate) befallen: Befallen,
    pub(crate) liveness: Liveness,
    pub(crate) checkers: Checkers,
    pub(crate) outcomes: Outcomes,
    pub(crate) trace: Trace,
    /// Blocks that a Byzantine member made up.
    pub(crate) forged: Vec<CertifiedBlock>,
    pub(crate) crashing: Option<Crashing>,
    /// Prints one line a happening.
    pub verbose: bool,
    /// Counts what is sent from the first submission on, and its bytes, which costs an encoding each. Every client asks one
    /// member, as in a healthy network.
    pub measures: bool,
}

impl World {
    /// The world of a seed and a plan.
    ///
    /// # Panics
    /// When the plan does not pass `Plan::check`.
    pub fn new(seed: u64, plan: Plan) -> Self {
        let cast = Cast::of(plan.members, plan.spares, plan.real_signatures);
        let submissions = cast.wanted((plan.submissions + Liveness::PROBES) as usize);
        let mut clocks = Prng::new(seed, "clocks");
        let members: Vec<Member> = cast
            .keys
            .iter()
            .zip(0..)
            .map(|(keys, index)| {
                let skew_ms = clocks.between(0, 2 * plan.skew_ms) as i64 - plan.skew_ms as i64;
                let clock = Clock { skew_ms, ..Clock::default() };
                Member::new(index, Rc::clone(keys), clock)
            })
            .collect();
        Self {
            network: Network::new(seed, &plan),
            queue: BTreeMap::new(),
            now_us: 1_000_000,
            sequence: 0,
            faults: Prng::new(seed, "faults"),
            disks: Prng::new(seed, "disks"),
            liars: Prng::new(seed, "liars"),
            tickets: BTreeMap::new(),
            finals: members.iter().map(|_| Finals::new(&submissions)).collect(),
            befallen: Befallen::new(plan.everyone()),
            liveness: Liveness::default(),
            checkers: Checkers::new(plan.members, plan.byzantine.iter().map(|role| role.member).collect()),
            outcomes: Outcomes::default(),
            trace: Trace::default(),
            forged: Vec::new(),
            crashing: None,
            verbose: false,
            measures: false,
            numbers: members.iter().map(|it| (it.peer(), it.number)).collect(),
            changes: Vec::new(),
            earlier: BTreeMap::new(),
            leaving: BTreeMap::new(),
            members,
            submissions,
            cast,
            plan,
        }
    }

    /// The validators.
    pub fn set(&self) -> &ValidatorSet {
        &self.cast.set
    }

    /// Runs to the end.
    ///
    /// # Errors
    /// `Violation`, the first rule that was broken.
    pub fn run(mut self) -> Result<Outcomes, Violation> {
        self.schedule();
        for member in self.everyone() {
            self.restart(member)?;
        }
        while let Some(((at, _), happening)) = self.queue.pop_first() {
            self.now_us = at;
            self.outcomes.steps += 1;
            self.happen(happening)?;
            if self.liveness.phase() != Phase::Trouble && self.is_over()? {
                break;
            }
        }
        self.finish()
    }

    pub(crate) fn at(&mut self, at_us: u64, happening: Happening) {
        self.sequence += 1;
        self.queue.insert((at_us, self.sequence), happening);
    }

    pub(crate) fn after(&mut self, us: u64, happening: Happening) {
        self.at(self.now_us.saturating_add(us), happening);
    }

    pub(crate) fn note(&mut self, kind: u64, word: u64, line: impl Fn() -> String) {
        self.trace.add([self.now_us, kind, word]);
        if self.verbose {
            // A reader who has seen enough closes the pipe.
            let _ = writeln!(std::io::stdout(), "{:>10} us  {}", self.now_us, line());
        }
    }

    fn happen(&mut self, happening: Happening) -> Result<(), Violation> {
        if let Some(member) = whose(&happening)
            && let Some(until_us) = self.befallen.pause_us(member, self.now_us)
        {
            // It stands still, and finds all of it when it goes on, in the order in which it came.
            self.at(until_us, happening);
            return Ok(());
        }
        match happening {
            Happening::Message { to, from, letter } => {
                self.note(1, letter.word() ^ pair(from, to), || {
                    format!("v{from} → v{to}  {}", letter.describe())
                });
                self.deliver(to, &letter)
            }
            Happening::Request { to, from: (from, life), question, request } => {
                self.note(2, question.0 ^ pair(from, to), || format!("v{from} ? v{to}  {request:?}"));
                self.questioned(to, (from, life), question, request)
            }
            Happening::Response { to, life, from, question, response } => {
                if !self.lives(to, life) {
                    return Ok(());
                }
                self.note(3, question.0 ^ pair(from, to), || format!("v{from} ! v{to}  {question:?}"));
                let reigns = self.members[usize::from(to)].reigns.clone();
                let event = match reigns.map(|reigns| reigns.answer(response, &self.cast.notary)) {
                    Some(Ok(response)) => Event::Response { question, response },
                    Some(Err(_)) | None => Event::NoResponse { question },
                };
                self.step(to, event)
            }
            Happening::NoResponse { to, life, question } => match self.lives(to, life) {
                true => self.step(to, Event::NoResponse { question }),
                false => Ok(()),
            },
            Happening::Timer { member, life, timer, start } => {
                let it = &mut self.members[usize::from(member)];
                if it.life != life || it.timers.get(&timer) != Some(&start) {
                    return Ok(());
                }
                it.timers.remove(&timer);
                self.note(4, u64::from(member), || format!("v{member} timer {timer:?}"));
                self.step(member, Event::TimerFired(timer))
            }
            Happening::JournalWritten { member, life } => match self.lives(member, life) {
                true => self.journal_written(member),
                false => Ok(()),
            },
            Happening::StoreWritten { member, life } => match self.lives(member, life) {
                true => self.store_written(member, life),
                false => Ok(()),
            },
            Happening::Submit { to, submission } => self.submit(to, submission),
            Happening::Change => {
                self.change();
                Ok(())
            }
            Happening::Measure(number) => {
                self.measure(number);
                Ok(())
            }
            Happening::Speak(time) => {
                self.raise_voices(time);
                Ok(())
            }
            Happening::Rotate => {
                self.rotate();
                Ok(())
            }
            Happening::Turnover(turnover) => {
                self.turn_over(turnover);
                Ok(())
            }
            Happening::Wipe { member } => {
                self.note(19, u64::from(member), || format!("v{member} loses its disk"));
                self.outcomes.crashes += 1;
                self.members[usize::from(member)].wipe();
                self.checkers.wiped(member);
                Ok(())
            }
            Happening::Propose { to, change } => {
                let submission = self.changes[change].clone();
                self.step(to, Event::Submit { ticket: CallerTicket(0), submission })
            }
            Happening::Restart { member } => self.restart(member),
            Happening::Stumble { trouble } => {
                self.stumble(trouble);
                Ok(())
            }
            Happening::Begin { trouble } => {
                self.begin_trouble(trouble);
                Ok(())
            }
            Happening::End { trouble } => self.end_trouble(trouble),
            Happening::PowerCut { member, life, fault } => {
                if self.lives(member, life) {
                    self.cut_power(member, fault);
                }
                Ok(())
            }
            Happening::Heal => self.heal(),
            Happening::CrashLeader => {
                self.crash_leader();
                Ok(())
            }
        }
    }

    fn lives(&self, member: u16, life: u64) -> bool {
        self.members[usize::from(member)].life == life
    }

    fn submit(&mut self, to: u16, submission: usize) -> Result<(), Violation> {
        let wanted = Rc::clone(&self.submissions[submission]);
        self.note(5, u64::from(to), || format!("client → v{to}  {:?}", wanted.0));
        if self.measures && self.outcomes.submitted == 0 {
            (self.outcomes.messages, self.outcomes.bytes) = (0, 0);
        }
        self.outcomes.submitted += 1;
        self.step(to, Event::Submit { ticket: CallerTicket(0), submission: wanted.1.clone() })
    }

    pub(crate) fn restart(&mut self, member: u16) -> Result<(), Violation> {
        if self.members[usize::from(member)].engine.is_some() {
            return Ok(());
        }
        let reread = self.members[usize::from(member)].disk.reread();
        reread.map_err(|fault| Violation(format!("v{member} cannot read its journal: {fault}")))?;
        let forgetful = self.plan.attack(member) == Some(Attack::Amnesia);
        let it = &mut self.members[usize::from(member)];
        let started = it.boot(&self.cast, self.plan.defect, forgetful);
        if let Err(fault) = started {
            // What is damaged is noticed, and nothing starts from it until it is repaired.
            if it.disk.is_damaged() {
                self.note(6, u64::from(member), || format!("v{member} does not start: {fault}"));
                self.outcomes.noticed += 1;
                return Ok(());
            }
            return Err(Violation(format!("v{member} cannot start: {fault}")));
        }
        if forgetful && it.disk.record.is_some() {
            self.outcomes.strikes.strike(Fault::Amnesia);
        }
        self.note(7, u64::from(member), || format!("v{member} starts"));
        self.remember_finals(member)?;
        let it = &mut self.members[usize::from(member)];
        let now = it.clock.show(self.now_us);
        let commands = match &mut it.engine {
            Some(engine) => engine.start(now),
            None => Vec::new(),
        };
        self.perform(member, commands)?;
        for peer in self.everyone() {
            if peer != member && self.members[usize::from(peer)].engine.is_some() {
                let (one, other) = (&self.members[usize::from(member)], &self.members[usize::from(peer)]);
                let (one, other) = (one.peer(), other.peer());
                self.step(peer, Event::PeerUp { peer: one })?;
                self.step(member, Event::PeerUp { peer: other })?;
            }
        }
        Ok(())
    }

    fn deliver(&mut self, to: u16, letter: &Letter) -> Result<(), Violation> {
        let Some(reigns) = self.members[usize::from(to)].reigns.clone() else { return Ok(()) };
        match letter.heard(&reigns, &self.cast.notary) {
            Ok(event) => self.step(to, event),
            Err(fault) => {
                self.note(8, u64::from(to), || format!("v{to} refuses: {fault}"));
                Ok(())
            }
        }
    }

    pub(crate) fn step(&mut self, member: u16, event: Event) -> Result<(), Violation> {
        let it = &mut self.members[usize::from(member)];
        let now = it.clock.show(self.now_us);
        let Some(engine) = &mut it.engine else { return Ok(()) };
        let commands = engine.step(now, event);
        self.perform(member, commands)
    }

    /// Judges what a checker found at a member: where a disk is damaged, not to be able to read is what should happen, and
    /// stops the member.
    pub(crate) fn judge<T: Default>(
        &mut self,
        member: u16,
        found: Result<T, Finding>,
    ) -> Result<T, Violation> {
        match found {
            Ok(found) => Ok(found),
            Err(Finding::Broken(violation)) => Err(violation),
            Err(Finding::Unreadable(_)) if self.members[usize::from(member)].disk.is_damaged() => {
                self.outcomes.noticed += 1;
                self.stop(member, "a stored value is damaged");
                Ok(T::default())
            }
            Err(Finding::Unreadable(fault)) => Err(Violation(format!("v{member} cannot read: {fault}"))),
        }
    }

    /// A member stops by itself; somebody starts it again.
    pub(crate) fn stop(&mut self, member: u16, why: &str) {
        self.note(9, u64::from(member), || format!("v{member} stops: {why}"));
        let it = &mut self.members[usize::from(member)];
        it.end();
        self.after(300_000, Happening::Restart { member });
    }

    pub(crate) fn reader(&self, member: u16) -> LedgerReader {
        let store = Arc::clone(&self.members[usize::from(member)].disk.store);
        LedgerReader::new(store as Arc<dyn ledger::read::Read>)
    }

    /// All members, spares included.
    pub(crate) fn everyone(&self) -> std::ops::Range<u16> {
        0..self.plan.everyone()
    }

    pub(crate) fn is_byzantine(&self, member: u16) -> bool {
        self.plan.is_byzantine(member)
    }

    pub(crate) fn honest(&self) -> impl Iterator<Item = u16> + use<> {
        let byzantine: Vec<u16> = self.plan.byzantine.iter().map(|role| role.member).collect();
        self.everyone().filter(move |member| !byzantine.contains(member))
    }
}

fn pair(from: u16, to: u16) -> u64 {
    u64::from(from) << 48 ^ u64::from(to) << 32
}
