//! The world: one queue of happenings, one clock, one seed.
//!
//! `run` pops the next happening, lets an engine step, does what it commands, and asks the checkers. Trouble lasts until
//! `Plan::trouble_ms`; then everything heals and all that was submitted must become final everywhere.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;

use crypto::{Scheme, sha256};
use engine::event::{CallerTicket, PeerTicket, QuestionId};
use engine::{Event, Peer, Timer};
use ledger::LedgerReader;
use proto::block::CertifiedBlock;
use proto::counter::{Epoch, TimeMs, TreeSize};
use proto::genesis::{Admission, Genesis};
use proto::message::{Message, Request, Response};
use proto::submission::Submission;
use proto::validators::ValidatorSet;
use proto::verified::Unverified;

use crate::checkers::{Checkers, Violation};
use crate::crash::{Crashing, Effect};
use crate::member::{Keys, Member};
use crate::network::Network;
use crate::notary::{Notary, Signer};
use crate::plan::{Plan, Turnover};
use crate::prng::Prng;
use crate::workload::submission;

/// Where simulated time begins.
pub(crate) const BEGIN: TimeMs = TimeMs::new(1_800_000_000_000);

/// Something that will happen.
#[allow(clippy::large_enum_variant, reason = "most of them are messages")]
pub(crate) enum Happening {
    Message { to: u16, from: u16, message: Message },
    Request { to: u16, from: u16, question: QuestionId, request: Request },
    Response { to: u16, life: u64, from: u16, question: QuestionId, response: Response },
    NoResponse { to: u16, life: u64, question: QuestionId },
    Timer { member: u16, life: u64, timer: Timer, start: u64 },
    JournalWritten { member: u16, life: u64 },
    StoreWritten { member: u16, life: u64 },
    Submit { to: u16, submission: usize },
    Change,
    Turnover(Turnover),
    Propose { to: u16, change: usize },
    Crash { member: u16 },
    Wipe { member: u16 },
    Restart { member: u16 },
    Partition,
    Join,
    Heal,
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// Simulated time, in microseconds.
    pub simulated_us: u64,
    /// Happenings.
    pub steps: u64,
    /// The highest block.
    pub height: u64,
    /// Submissions made.
    pub submitted: u64,
    /// Receipts checked.
    pub receipts: u64,
    /// Crashes that happened.
    pub crashes: u64,
    /// Strikes of `World::crash` that happened.
    pub struck: u64,
    /// The effects of its member, when it has no strikes.
    pub effects: Vec<Effect>,
    /// Equivocations that honest members proved.
    pub accusations: u64,
    /// The latest epoch that somebody could follow to.
    pub epochs: u64,
    /// Digest over every happening: two runs of a seed have the same.
    pub trace: String,
}

/// One simulated network.
pub struct World {
    pub(crate) plan: Plan,
    pub(crate) genesis: Arc<Genesis>,
    pub(crate) set: ValidatorSet,
    pub(crate) notary: Notary,
    pub(crate) members: Vec<Member>,
    /// The numbers of the members by the names they know one another by.
    pub(crate) numbers: BTreeMap<Peer, u16>,
    pub(crate) network: Network,
    pub(crate) queue: BTreeMap<(u64, u64), Happening>,
    pub(crate) now_us: u64,
    pub(crate) sequence: u64,
    pub(crate) faults: Prng,
    pub(crate) disks: Prng,
    pub(crate) submissions: Vec<Submission>,
    /// Changes of the validators that somebody asked for.
    pub(crate) changes: Vec<Submission>,
    pub(crate) author: Signer,
    /// How many were asked to leave, by the epoch that approved.
    pub(crate) leaving: BTreeMap<Epoch, usize>,
    /// Tickets of requests under way to their answers: member, life, question.
    pub(crate) tickets: BTreeMap<PeerTicket, (u16, u64, QuestionId)>,
    pub(crate) final_sizes: BTreeMap<u16, TreeSize>,
    pub(crate) checkers: Checkers,
    pub(crate) outcomes: Outcomes,
    pub(crate) trace: crypto::Digest,
    /// Blocks that a Byzantine member made up.
    pub(crate) forged: Vec<CertifiedBlock>,
    pub(crate) crashing: Option<Crashing>,
    /// Prints one line a happening.
    pub verbose: bool,
}

impl World {
    /// The world of a seed and a plan.
    pub fn new(seed: u64, plan: Plan) -> Self {
        let mut notary = if plan.real_signatures { Notary::Real } else { Notary::Ideal(BTreeMap::new()) };
        let mut prng = Prng::new(seed, "keys");
        let keys: Vec<_> =
            (0..plan.members + plan.spares).map(|_| Keys::new(&prng.seed(), &mut notary)).collect();
        let genesis = Genesis {
            origin: "sim.example/log".to_owned(),
            time: BEGIN,
            validators: keys
                .iter()
                .zip(1..=plan.members)
                .map(|(keys, n)| keys.validator(format!("v{n}")))
                .collect(),
            admission: Admission::Open,
            registrars: Vec::new(),
        };
        genesis.check().expect("members have distinct names and keys");
        let set = genesis.validator_set();
        let author = Signer::new(Scheme::Ed25519, prng.seed());
        notary.register(&author);
        // One more than the trouble sees: after healing something new must become final.
        let submissions =
            (0..=plan.submissions).map(|nonce| submission(&author, nonce, &set, &notary)).collect();
        let mut clocks = Prng::new(seed, "clocks");
        let members = keys.into_iter().zip(0..).map(|(keys, index)| {
            let skew = clocks.between(0, 2 * plan.skew_ms) as i64 - plan.skew_ms as i64;
            Member::new(index, keys, skew)
        });
        let members: Vec<_> = members.collect();
        Self {
            numbers: members.iter().map(|it| (it.peer(), it.number)).collect(),
            members,
            network: Network::new(seed, &plan),
            queue: BTreeMap::new(),
            now_us: 1_000_000,
            sequence: 0,
            faults: Prng::new(seed, "faults"),
            disks: Prng::new(seed, "disks"),
            submissions,
            changes: Vec::new(),
            author,
            leaving: BTreeMap::new(),
            tickets: BTreeMap::new(),
            final_sizes: BTreeMap::new(),
            checkers: Checkers::default(),
            outcomes: Outcomes::default(),
            trace: crypto::Digest::ZERO,
            forged: Vec::new(),
            crashing: None,
            verbose: false,
            genesis: Arc::new(genesis),
            set,
            notary,
            plan,
        }
    }

    /// The validators.
    pub const fn set(&self) -> &ValidatorSet {
        &self.set
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
        let end_us = (self.plan.trouble_ms + self.plan.heal_ms) * 1_000;
        let mut healed = false;
        while let Some(((at, _), happening)) = self.queue.pop_first() {
            self.now_us = at;
            healed |= matches!(happening, Happening::Heal);
            self.outcomes.steps += 1;
            self.happen(happening)?;
            // All final everywhere after healing: nothing is left to see.
            if healed && self.outcomes.steps.is_multiple_of(64) && self.is_all_final() {
                break;
            }
            if at > end_us {
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

    pub(crate) fn note(&mut self, line: impl Fn() -> String) {
        let line = format!("{:>10} us  {}", self.now_us, line());
        self.trace = sha256(&[self.trace.as_bytes(), line.as_bytes()].concat());
        if self.verbose {
            // A reader who has seen enough closes the pipe.
            let _ = writeln!(std::io::stdout(), "{line}");
        }
    }

    fn happen(&mut self, happening: Happening) -> Result<(), Violation> {
        match happening {
            Happening::Message { to, from, message } => {
                self.note(|| format!("v{from} → v{to}  {}", describe(&message)));
                self.deliver(to, from, message)
            }
            Happening::Request { to, from, question, request } => {
                self.note(|| format!("v{from} ? v{to}  {request:?}"));
                let life = self.members[usize::from(from)].life;
                if self.is_byzantine(to)
                    && let Some(response) = self.made_up(&request)
                {
                    self.after(1_000, Happening::Response { to: from, life, from: to, question, response });
                    return Ok(());
                }
                let ticket = PeerTicket(self.sequence);
                self.tickets.insert(ticket, (from, life, question));
                self.step(to, Event::Request { ticket, request })
            }
            Happening::Response { to, life, from, question, response } => {
                if self.members[usize::from(to)].life != life {
                    return Ok(());
                }
                self.note(|| format!("v{from} ! v{to}  {question:?}"));
                let reigns = self.members[usize::from(to)].reigns.clone();
                let verified = reigns.map(|reigns| reigns.answer(response, &self.notary));
                let event = match verified {
                    Some(Ok(response)) => Event::Response { question, response },
                    Some(Err(_)) | None => Event::NoResponse { question },
                };
                self.step(to, event)
            }
            Happening::NoResponse { to, life, question } => {
                if self.members[usize::from(to)].life != life {
                    return Ok(());
                }
                self.step(to, Event::NoResponse { question })
            }
            Happening::Timer { member, life, timer, start } => {
                let it = &mut self.members[usize::from(member)];
                if it.life != life || it.timers.get(&timer) != Some(&start) {
                    return Ok(());
                }
                it.timers.remove(&timer);
                self.note(|| format!("v{member} timer {timer:?}"));
                self.step(member, Event::TimerFired(timer))
            }
            Happening::JournalWritten { member, life } => {
                if self.members[usize::from(member)].life != life {
                    return Ok(());
                }
                self.journal_written(member)
            }
            Happening::StoreWritten { member, life } => {
                if self.members[usize::from(member)].life != life {
                    return Ok(());
                }
                self.store_written(member, life)
            }
            Happening::Submit { to, submission } => {
                let submission = self.submissions[submission].clone();
                self.note(|| format!("client → v{to}  {:?}", submission.id()));
                self.outcomes.submitted += 1;
                let verified = Unverified::new(submission)
                    .verify(self.set.network(), &self.notary)
                    .map_err(|fault| Violation(format!("the workload is not signed: {fault}")))?;
                self.step(to, Event::Submit { ticket: CallerTicket(0), submission: verified })
            }
            Happening::Change => {
                self.change();
                Ok(())
            }
            Happening::Turnover(turnover) => {
                self.turn_over(turnover);
                Ok(())
            }
            Happening::Propose { to, change } => {
                let submission = self.changes[change].clone();
                let verified = Unverified::new(submission)
                    .verify(self.set.network(), &self.notary)
                    .map_err(|fault| Violation(format!("a change is not signed: {fault}")))?;
                self.step(to, Event::Submit { ticket: CallerTicket(0), submission: verified })
            }
            Happening::Crash { member } => {
                if self.members[usize::from(member)].engine.is_some() {
                    self.note(|| format!("v{member} crashes"));
                    self.outcomes.crashes += 1;
                    self.members[usize::from(member)].crash(&mut self.disks);
                }
                Ok(())
            }
            Happening::Wipe { member } => {
                self.note(|| format!("v{member} loses its disk"));
                self.outcomes.crashes += 1;
                self.members[usize::from(member)].wipe(&mut self.disks);
                self.checkers.wiped(member);
                self.final_sizes.remove(&member);
                Ok(())
            }
            Happening::Restart { member } => self.restart(member),
            Happening::Partition => {
                self.note(|| "partition".to_owned());
                self.network.partition(self.everyone().end);
                Ok(())
            }
            Happening::Join => {
                self.network.join();
                Ok(())
            }
            Happening::Heal => self.heal(),
        }
    }

    fn heal(&mut self) -> Result<(), Violation> {
        self.note(|| "heal".to_owned());
        self.network.heal();
        for member in self.everyone() {
            self.restart(member)?;
        }
        self.submit_again(10_000);
        Ok(())
    }

    /// A pool does not survive a crash: what was accepted and never became final is submitted again, as a client would
    /// that waited in vain.
    pub(crate) fn submit_again(&mut self, after_us: u64) {
        for index in 0..self.submissions.len() {
            for to in self.everyone() {
                let after = after_us + 1_000 * index as u64;
                self.after(after, Happening::Submit { to, submission: index });
                // Who packed it may have ceased to be a validator.
                if self.plan.spares > 0 {
                    for again in [10_000_000, 20_000_000] {
                        self.after(again + after, Happening::Submit { to, submission: index });
                    }
                }
            }
        }
    }

    fn restart(&mut self, member: u16) -> Result<(), Violation> {
        let it = &mut self.members[usize::from(member)];
        if it.engine.is_some() {
            return Ok(());
        }
        it.disk.reread().map_err(|fault| Violation(format!("v{member} cannot read its journal: {fault}")))?;
        it.boot(&self.genesis, &self.notary, self.plan.defect)
            .map_err(|fault| Violation(format!("v{member} cannot start: {fault}")))?;
        self.note(|| format!("v{member} starts"));
        let now = self.members[usize::from(member)].clock(BEGIN, self.now_us);
        let commands = match &mut self.members[usize::from(member)].engine {
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

    fn deliver(&mut self, to: u16, from: u16, message: Message) -> Result<(), Violation> {
        let from = self.members[usize::from(from)].peer();
        let Some(reigns) = self.members[usize::from(to)].reigns.clone() else { return Ok(()) };
        match reigns.hear(from, message, &self.notary) {
            Ok(event) => self.step(to, event),
            Err(fault) => {
                self.note(|| format!("v{to} refuses: {fault}"));
                Ok(())
            }
        }
    }

    pub(crate) fn step(&mut self, member: u16, event: Event) -> Result<(), Violation> {
        let it = &mut self.members[usize::from(member)];
        let now = it.clock(BEGIN, self.now_us);
        let Some(engine) = &mut it.engine else { return Ok(()) };
        let commands = engine.step(now, event);
        self.perform(member, commands)
    }

    pub(crate) fn reader(&self, member: u16) -> LedgerReader {
        let store = Arc::clone(&self.members[usize::from(member)].disk.store);
        LedgerReader::new(store as Arc<dyn ledger::read::Read>)
    }

    /// All members, spares included.
    pub(crate) fn everyone(&self) -> std::ops::Range<u16> {
        0..self.plan.members + self.plan.spares
    }

    pub(crate) fn is_byzantine(&self, member: u16) -> bool {
        self.plan.byzantine.iter().any(|(index, _)| *index == member)
    }
}

fn describe(message: &Message) -> String {
    match message {
        Message::Proposal(it) => {
            format!("proposal view {} height {} {:?}", it.block.view, it.block.height, it.block.id())
        }
        Message::Vote(it) => format!("vote view {} {:?}", it.statement.view, it.statement.block),
        Message::Timeout(it) => format!("timeout view {} with {}", it.view, it.high_qc.view),
        Message::SyncInfo(it) => format!("sync info {}", it.high_qc.view),
        Message::Batch(it) => format!("batch of {}", it.submissions.len()),
        Message::Cosignature(it) => format!("cosignature size {}", it.head.size),
        Message::CertifiedCheckpoint(it) => format!("checkpoint size {}", it.head.size),
    }
}
