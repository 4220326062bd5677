//! A network of instances in one thread: letters in the order they were sent, timers that fire when the script says so.
//!
//! An instance is one run of a replica; two instances of one index are twins. In each scripted view the instances stand in
//! groups, and the words of that view reach only the speaker's own group. Journals are perfect here: crashes are the
//! business of the simulator.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use consensus::{Config, Effect, Input, Recipients, Replica, Say, Timer, Tip};
use proto::batch::BatchRef;
use proto::block::{Block, CertifiedBlock};
use proto::certificate::QuorumCert;
use proto::counter::{Height, TimeMs, View};
use proto::id::{BatchId, BlockId, ValidatorIndex};
use proto::message::{Message, Response};
use proto::validators::ValidatorSet;

use crate::adversary::{Adversary, Forged};
use crate::letter::Letter;
use crate::notary::{GENESIS_TIME, genesis, proposal, timeout, vote};
use crate::watch::{Violation, Watcher};

/// How far time moves when timers fire, in ms: more than the time of a view, so that lagging peers are answered again.
const STEP_MS: u64 = 1_000;

/// One run of a replica.
#[derive(Debug)]
pub struct Instance {
    /// Whose key it holds.
    pub index: ValidatorIndex,
    /// The replica.
    pub replica: Replica,
    timers: BTreeSet<Timer>,
    committed: BTreeMap<BlockId, (Block, QuorumCert)>,
    heights: Vec<BlockId>,
    /// View of the last block committed.
    pub committed_view: View,
    /// Tokens ordered so far, so that no two batches are the same.
    tokens: u64,
}

/// A letter on its way.
#[derive(Debug)]
struct Posted {
    from: ValidatorIndex,
    to: usize,
    letter: Arc<Letter>,
}

/// A question for blocks.
#[derive(Clone, Copy, Debug)]
struct Question {
    /// The block that names the errand.
    errand: BlockId,
    /// The newest block wanted; `None` for a range.
    newest: Option<BlockId>,
    /// Blocks up to here are known, or, of a range, the first one wanted.
    from: Height,
}

/// The network.
#[derive(Debug)]
pub struct Net {
    /// The validators.
    pub set: Arc<ValidatorSet>,
    /// All instances.
    pub instances: Vec<Instance>,
    /// Who sees what, and says what was broken.
    pub watcher: Watcher,
    /// One who plays foul, if the script has one.
    pub adversary: Option<Adversary>,
    /// For each scripted view, from 1 on, the group of each instance.
    groups: Vec<Vec<u8>>,
    /// Whether timeouts, certificates and answers pass all groups.
    pub leak: bool,
    /// Letters of later views wait.
    pub horizon: View,
    now: TimeMs,
    letters: VecDeque<Posted>,
    /// Letters that arrive when all the others have.
    later: VecDeque<Posted>,
    parked: Vec<Posted>,
    /// Letters delivered.
    pub delivered: u64,
    broken: Option<Violation>,
}

impl Net {
    /// A network whose instances hold these indices, each started and heard by those it may be heard by.
    pub fn new(
        set: Arc<ValidatorSet>,
        indices: &[ValidatorIndex],
        groups: Vec<Vec<u8>>,
        adversary: Option<Adversary>,
    ) -> Self {
        let instance = |index: &ValidatorIndex| {
            let (config, tip) = (Config::default(), Tip::genesis(genesis()));
            let replica = Replica::new(config, Arc::clone(&set), Some(*index), tip, None, Vec::new());
            Instance {
                index: *index,
                replica: replica.expect("genesis, no record and no journal do not contradict each other"),
                timers: BTreeSet::new(),
                committed: BTreeMap::new(),
                heights: Vec::new(),
                committed_view: View::ZERO,
                tokens: 0,
            }
        };
        let mut net = Self {
            instances: indices.iter().map(instance).collect(),
            watcher: Watcher::new(indices.len()),
            set,
            adversary,
            groups,
            leak: false,
            horizon: View::ZERO,
            now: GENESIS_TIME.plus(STEP_MS),
            letters: VecDeque::new(),
            later: VecDeque::new(),
            parked: Vec::new(),
            delivered: 0,
            broken: None,
        };
        for at in 0..net.instances.len() {
            let effects = net.instances[at].replica.start(net.now);
            net.perform(at, effects);
            net.hear(at, Input::Work { waiting: true });
        }
        net
    }

    /// Delivers until nothing is on its way that may arrive now.
    ///
    /// # Errors
    /// The first promise broken.
    pub fn settle(&mut self) -> Result<(), Violation> {
        loop {
            while let Some(Posted { from, to, letter }) = self.letters.pop_front() {
                self.delivered += 1;
                let input = letter.input(from);
                self.hear(to, input);
                if let Some(violation) = self.broken.take() {
                    return Err(violation);
                }
            }
            if !self.later.is_empty() {
                std::mem::swap(&mut self.letters, &mut self.later);
                continue;
            }
            let held = self.held_letters();
            if held.is_empty() {
                return self.broken.take().map_or(Ok(()), Err);
            }
            self.letters.extend(held);
        }
    }

    /// What the adversary held back and sends now that all are quiet.
    fn held_letters(&mut self) -> Vec<Posted> {
        let Some(adversary) = &mut self.adversary else { return Vec::new() };
        let from = self.instances[adversary.instance].index;
        let mut posted = Vec::new();
        for (to, forged) in adversary.held(self.horizon) {
            let letter = adversary.at_the_door(forged, &self.set).map(Arc::new);
            posted.extend(letter.map(|letter| Posted { from, to, letter }));
        }
        posted
    }

    /// Lets letters of views up to `horizon` arrive.
    pub fn raise(&mut self, horizon: View) {
        self.horizon = horizon;
        let (due, parked): (Vec<Posted>, Vec<Posted>) =
            std::mem::take(&mut self.parked).into_iter().partition(|posted| posted.letter.view() <= horizon);
        self.parked = parked;
        self.letters.extend(due);
    }

    /// Fires the running timers that `which` names, of all instances in views up to `horizon`.
    pub fn fire(&mut self, which: impl Fn(&Timer) -> bool) {
        self.now = self.now.plus(STEP_MS);
        for at in 0..self.instances.len() {
            if self.instances[at].replica.view() > self.horizon {
                continue;
            }
            let due: Vec<Timer> =
                self.instances[at].timers.iter().filter(|timer| which(timer)).copied().collect();
            for timer in due {
                if self.instances[at].timers.remove(&timer) {
                    self.hear(at, Input::TimerFired { timer });
                }
            }
        }
    }

    /// Whether words of a view pass from one instance to another.
    fn passes(&self, view: View, from: usize, to: usize) -> bool {
        let group = usize::try_from(view.get())
            .ok()
            .and_then(|view| view.checked_sub(1))
            .and_then(|position| self.groups.get(position));
        group.is_none_or(|group| group[from] == group[to])
    }

    fn hear(&mut self, at: usize, input: Input) {
        let effects = self.instances[at].replica.step(self.now, input);
        self.perform(at, effects);
    }

    fn perform(&mut self, at: usize, effects: Vec<Effect>) {
        // Answers wait until the last effect of the step is performed.
        let mut answers = Vec::new();
        for effect in effects {
            match effect {
                Effect::Speak(words) => {
                    let says = words.open(|_| Ok::<(), std::convert::Infallible>(()));
                    for say in says.unwrap_or_default() {
                        self.say(at, say);
                    }
                }
                Effect::Send { to, message } => match to {
                    Recipients::All => self.broadcast(at, &message),
                    Recipients::One(index) => self.send(at, &[index], &message),
                },
                Effect::StartTimer { timer, after_ms: _ } => {
                    self.instances[at].timers.insert(timer);
                }
                Effect::StopTimer { timer } => {
                    self.instances[at].timers.remove(&timer);
                }
                Effect::BuildPayload { view, exclude: _ } => {
                    answers.push(Input::Payload { view, batches: vec![self.token(at)], handover: None });
                }
                Effect::CheckBatches { block, from: _ } => {
                    answers.push(Input::Available { block: block.id() });
                }
                Effect::Fetch { block, above, from } => {
                    self.ask(at, from, Question { errand: block, newest: Some(block), from: above });
                }
                Effect::CatchUp { block, from_height, from } => {
                    self.ask(at, from, Question { errand: block, newest: None, from: from_height });
                }
                Effect::Commit(it) => {
                    let seen = self.watcher.committed(at, &self.set, &it);
                    let seen = seen.and_then(|()| self.watcher.certificate(&it.certificate));
                    self.note(seen);
                    let instance = &mut self.instances[at];
                    let id = it.block.id();
                    instance.committed_view = it.block.view;
                    instance.heights.push(id);
                    instance.committed.insert(id, (it.block, it.justify));
                }
                Effect::Accuse(evidence) => {
                    let suspects = self.suspects();
                    let seen = self.watcher.accused(&self.set, &evidence, &suspects);
                    self.note(seen);
                }
                // Peers of the adversary only; what it did is counted where it was done.
                Effect::Misbehaved { peer: _, reason: _ } => {}
                Effect::Halt(fork) => self.note(Err(Watcher::halted(at, &fork))),
            }
        }
        for answer in answers {
            self.hear(at, answer);
        }
    }

    /// Whom evidence may convict: who has a twin, and the adversary.
    fn suspects(&self) -> Vec<ValidatorIndex> {
        let mut seen = BTreeSet::new();
        let mut suspects: Vec<ValidatorIndex> =
            self.instances.iter().map(|it| it.index).filter(|index| !seen.insert(*index)).collect();
        suspects.extend(self.adversary.as_ref().map(|it| self.instances[it.instance].index));
        suspects
    }

    fn note(&mut self, seen: Result<(), Violation>) {
        if let (Err(violation), None) = (seen, &self.broken) {
            self.broken = Some(violation);
        }
    }

    /// A batch nobody has ordered.
    fn token(&mut self, at: usize) -> BatchRef {
        let instance = &mut self.instances[at];
        instance.tokens += 1;
        let name = [at as u64, instance.tokens].map(u64::to_be_bytes).concat();
        BatchRef { id: BatchId::new(crypto::sha256(&name)), count: 1, bytes: 100 }
    }

    fn say(&mut self, at: usize, say: Say) {
        let seen = self.watcher.said(at, &say);
        self.note(seen);
        let me = self.instances[at].index;
        let set = Arc::clone(&self.set);
        match say {
            Say::Vote { statement, to } => self.send(at, &to, &Message::Vote(vote(&set, me, statement))),
            Say::Timeout { epoch: _, view, high_qc, last_tc } => {
                let message = Message::Timeout(timeout(&set, me, view, high_qc, last_tc));
                self.echo(at, &message);
                self.broadcast(at, &message);
            }
            Say::Proposal { block, justify, timeout_cert } => {
                let message = Message::Proposal(proposal(&set, block, justify, timeout_cert));
                self.echo(at, &message);
                self.broadcast(at, &message);
            }
        }
    }

    /// What one says comes back to oneself at once.
    fn echo(&mut self, at: usize, message: &Message) {
        if let Some(letter) = self.letter(at, message) {
            let from = self.instances[at].index;
            self.letters.push_back(Posted { from, to: at, letter });
        }
    }

    fn broadcast(&mut self, at: usize, message: &Message) {
        let others: Vec<usize> = (0..self.instances.len()).filter(|to| *to != at).collect();
        self.deliver(at, &others, message);
    }

    /// Sends to all instances of these indices; to itself what names it.
    fn send(&mut self, at: usize, to: &[ValidatorIndex], message: &Message) {
        let named: Vec<usize> =
            (0..self.instances.len()).filter(|to_at| to.contains(&self.instances[*to_at].index)).collect();
        self.deliver(at, &named, message);
    }

    fn deliver(&mut self, at: usize, to: &[usize], message: &Message) {
        if let Some(adversary) = &mut self.adversary {
            adversary.sees(message);
            if adversary.instance == at {
                return self.deliver_foul(at, to, message);
            }
        }
        if let Some(letter) = self.letter(at, message) {
            for to in to {
                self.post(at, *to, Arc::clone(&letter));
            }
        }
    }

    /// Sends what the adversary makes of a message; to itself the message as it is.
    fn deliver_foul(&mut self, at: usize, to: &[usize], message: &Message) {
        let mut posts = Vec::new();
        if let Some(adversary) = &mut self.adversary {
            for to in to.iter().copied() {
                let forged = match to == at {
                    true => vec![Forged { deed: None, message: message.clone() }],
                    false => adversary.alter(message, to, &self.set),
                };
                for forged in forged {
                    posts.extend(adversary.at_the_door(forged, &self.set).map(|letter| (to, letter)));
                }
            }
        }
        for (to, letter) in posts {
            self.note_certificates(&letter);
            self.post(at, to, Arc::new(letter));
        }
    }

    fn letter(&mut self, at: usize, message: &Message) -> Option<Arc<Letter>> {
        match Letter::open(message.clone(), &self.set) {
            Ok(letter) => letter.map(|letter| {
                self.note_certificates(&letter);
                Arc::new(letter)
            }),
            Err(fault) => {
                self.note(Err(Violation::Refused { instance: at, fault }));
                None
            }
        }
    }

    fn note_certificates(&mut self, letter: &Letter) {
        for certificate in letter.certificates() {
            let seen = self.watcher.certificate(certificate);
            self.note(seen);
        }
    }

    fn post(&mut self, at: usize, to: usize, letter: Arc<Letter>) {
        let view = letter.view();
        let leaks = self.leak
            && match *letter {
                Letter::Timeout(_) | Letter::SyncInfo(_) => true,
                Letter::Proposal(_) | Letter::Vote(_) | Letter::Blocks { .. } | Letter::Refused { .. } => {
                    false
                }
            };
        if at != to && !leaks && !self.passes(view, at, to) {
            return;
        }
        let posted = Posted { from: self.instances[at].index, to, letter };
        match view > self.horizon {
            true => self.parked.push(posted),
            false if self.is_slow(at, to) => self.later.push_back(posted),
            false => self.letters.push_back(posted),
        }
    }

    /// Of what the halves of a twin say at once, instances at even places hear one half first and the others the other:
    /// else all would take the word of the same half.
    fn is_slow(&self, from: usize, to: usize) -> bool {
        let second_half = from >= self.set.count();
        from != to && second_half != (to % 2 == 1)
    }

    /// Asks the instances of a peer; the first that can be reached answers. An answer with one thing wrong is none, as in
    /// the node.
    fn ask(&mut self, at: usize, peer: ValidatorIndex, question: Question) {
        let view = self.instances[at].replica.view();
        let reached = (0..self.instances.len()).find(|to| {
            self.instances[*to].index == peer && *to != at && (self.leak || self.passes(view, at, *to))
        });
        let Some(server) = reached else { return };
        let Question { errand, newest, from } = question;
        let mut blocks = match newest {
            Some(newest) => self.chain(server, newest, from),
            None => self.range(server, from),
        };
        let foul = self.adversary.as_mut().filter(|it| it.instance == server);
        let deed = foul.and_then(|adversary| adversary.answer(&mut blocks, view, &self.set));
        let opened = Letter::answer(newest, blocks, &self.set);
        if let (Some(deed), Some(adversary)) = (deed, &mut self.adversary) {
            adversary.judged(deed, opened.is_some());
        }
        let letter = opened.unwrap_or(Letter::Refused { block: errand });
        self.note_certificates(&letter);
        self.letters.push_back(Posted { from: peer, to: at, letter: Arc::new(letter) });
    }

    fn known(&self, at: usize, id: &BlockId) -> Option<&(Block, QuorumCert)> {
        let instance = &self.instances[at];
        instance.replica.block(id).or_else(|| instance.committed.get(id))
    }

    fn chain(&self, at: usize, newest: BlockId, above: Height) -> Vec<CertifiedBlock> {
        let mut blocks = Vec::new();
        let mut next = newest;
        while let Some((block, justify)) = self.known(at, &next) {
            if block.height <= above || blocks.len() == Response::BLOCKS_MAX {
                break;
            }
            next = block.parent;
            blocks.push(CertifiedBlock {
                block: block.clone(),
                justify: justify.clone(),
                batches: Vec::new(),
            });
        }
        blocks
    }

    fn range(&self, at: usize, from: Height) -> Vec<CertifiedBlock> {
        let instance = &self.instances[at];
        let skip = usize::try_from(from.get().saturating_sub(1)).unwrap_or(usize::MAX);
        let ids = instance.heights.iter().skip(skip).take(Response::BLOCKS_MAX);
        ids.filter_map(|id| instance.committed.get(id))
            .map(|(block, justify)| CertifiedBlock {
                block: block.clone(),
                justify: justify.clone(),
                batches: Vec::new(),
            })
            .collect()
    }

    /// The lowest and highest view of all instances.
    pub fn views(&self) -> (View, View) {
        let views = self.instances.iter().map(|it| it.replica.view());
        views.fold((View::new(u64::MAX), View::ZERO), |(low, high), view| (low.min(view), high.max(view)))
    }
}
