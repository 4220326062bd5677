//! One replica's steps, each taken once by the real replica and remembered.
//!
//! A local state is a replica by its essence, what it said, and what it committed. Its answer to a letter depends on
//! nothing else, so the walk through the world repeats only what is new to one of the three.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use consensus::{Config, Effect, Input, Replica, Say, Tip};
use crypto::Digest;
use proto::batch::BatchRef;
use proto::counter::TimeMs;
use proto::id::{BatchId, ValidatorIndex};

use crate::notary::{GENESIS_TIME, genesis, genesis_qc};
use crate::small::words::{Arrival, BlockNo, LetterNo, Word, Words};

/// The number of a local state.
pub type LocalNo = u32;

/// The clock of this world stands still.
const NOW: TimeMs = TimeMs::new(GENESIS_TIME.get() + 1_000);

/// A promise that one replica broke by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It said two things in one view, or something after it had left it.
    Contradiction,
    /// It saw finality broken.
    Halted,
    /// It committed out of order.
    Order,
}

/// A block that a replica committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Final {
    /// It.
    pub block: BlockNo,
    /// Whether the rule made it final, and not only a descendant: the last of what was committed together.
    pub by_rule: bool,
}

/// A local state.
#[derive(Debug)]
pub struct Local {
    replica: Replica,
    /// What it said.
    pub said: Arc<BTreeSet<Word>>,
    /// The number of what it said.
    pub said_number: u32,
    /// What it committed, oldest first.
    pub chain: Vec<Final>,
    /// What it broke.
    pub fault: Option<Fault>,
    /// The state after each letter, by the letter's number, once it is known.
    after: Vec<Option<LocalNo>>,
}

/// All local states.
#[derive(Debug, Default)]
pub struct Locals {
    states: Vec<Local>,
    numbers: BTreeMap<(Digest, u32, Vec<Final>), LocalNo>,
    said: BTreeMap<Arc<BTreeSet<Word>>, u32>,
    /// Steps that a real replica took.
    pub steps: u64,
}

/// What a step adds to a local state.
#[derive(Debug)]
struct Happened {
    said: BTreeSet<Word>,
    chain: Vec<Final>,
    fault: Option<Fault>,
}

impl Locals {
    /// Number of local states.
    pub const fn len(&self) -> usize {
        self.states.len()
    }

    /// A local state.
    pub fn get(&self, number: LocalNo) -> &Local {
        &self.states[number as usize]
    }

    /// The state in which a member begins: started, with work to do.
    pub fn begin(&mut self, words: &mut Words, me: ValidatorIndex, views: u64) -> LocalNo {
        let (config, tip) = (Config::default(), Tip::genesis(genesis()));
        let replica = Replica::new(config, Arc::clone(&words.set), Some(me), tip, None, Vec::new());
        let mut replica = replica.expect("genesis, no record and no journal do not contradict each other");
        let mut happened = Happened { said: BTreeSet::new(), chain: Vec::new(), fault: None };
        let effects = replica.start(NOW);
        perform(&mut replica, effects, words, views, &mut happened);
        hear(&mut replica, Input::Work { waiting: true }, words, views, &mut happened);
        self.intern(replica, happened)
    }

    /// The state after a letter.
    pub fn after(&mut self, words: &mut Words, from: LocalNo, letter: LetterNo, views: u64) -> LocalNo {
        let local = &self.states[from as usize];
        if let Some(Some(known)) = local.after.get(usize::from(letter)) {
            return *known;
        }
        let to = self.step(words, from, letter, views);
        let after = &mut self.states[from as usize].after;
        if after.len() <= usize::from(letter) {
            after.resize(usize::from(letter) + 1, None);
        }
        after[usize::from(letter)] = Some(to);
        to
    }

    fn step(&mut self, words: &mut Words, from: LocalNo, letter: LetterNo, views: u64) -> LocalNo {
        let local = &self.states[from as usize];
        let Some(input) = words.input(letter).cloned() else { return from };
        if stale(&local.replica, words.arrival(letter), words) {
            return from;
        }
        self.steps += 1;
        let mut replica = local.replica.clone();
        let mut happened =
            Happened { said: BTreeSet::clone(&local.said), chain: local.chain.clone(), fault: local.fault };
        hear(&mut replica, input, words, views, &mut happened);
        self.intern(replica, happened)
    }

    fn intern(&mut self, replica: Replica, happened: Happened) -> LocalNo {
        let Happened { said, chain, fault } = happened;
        let said = Arc::new(said);
        let next = self.said.len() as u32;
        let said_number = *self.said.entry(Arc::clone(&said)).or_insert(next);
        let key = (replica.essence(), said_number, chain.clone());
        let number = LocalNo::try_from(self.states.len()).expect("memory ends before");
        let known = *self.numbers.entry(key).or_insert(number);
        if known == number {
            self.states.push(Local { replica, said, said_number, chain, fault, after: Vec::new() });
        }
        known
    }
}

/// What cannot change anything: certificates that are not news, and the end of another view. A replica answers stale
/// certificates with its own, which can be made from the words anyway.
fn stale(replica: &Replica, arrival: Arrival, words: &Words) -> bool {
    let status = replica.status();
    match arrival {
        Arrival::Qc(block) => words.view(block) <= status.high_qc_view.get(),
        Arrival::Tc(tc) => {
            tc.view <= status.high_tc_view.get() && words.view(tc.high) <= status.high_qc_view.get()
        }
        Arrival::Time(view) => view != status.view.get(),
        Arrival::Proposal { .. } | Arrival::Body(_) => false,
    }
}

fn hear(replica: &mut Replica, input: Input, words: &mut Words, views: u64, happened: &mut Happened) {
    let effects = replica.step(NOW, input);
    perform(replica, effects, words, views, happened);
}

fn perform(
    replica: &mut Replica,
    effects: Vec<Effect>,
    words: &mut Words,
    views: u64,
    happened: &mut Happened,
) {
    let mut answers = Vec::new();
    let before = happened.chain.len();
    for effect in effects {
        match effect {
            Effect::Speak(gated) => {
                let says = gated.open(|_| Ok::<(), std::convert::Infallible>(())).unwrap_or_default();
                for say in says {
                    answers.extend(spoken(say, words, happened));
                }
            }
            // One batch in every block: each leader has something to order. Views beyond the bound have no proposals.
            Effect::BuildPayload { view, exclude: _ } if view.get() <= views => {
                let id = BatchId::new(crypto::sha256(&view.get().to_be_bytes()));
                answers.push(Input::Payload {
                    view,
                    batches: vec![BatchRef { id, count: 1, bytes: 100 }],
                    handover: None,
                });
            }
            Effect::CheckBatches { block, from: _ } => answers.push(Input::Available { block: block.id() }),
            Effect::Commit(it) => {
                let block = words.number(&it.block);
                let last = happened.chain.last().map_or(0, |last| last.block);
                if words.certified(&it.justify) != last || it.block.parent != words.block(last).id() {
                    happened.fault = Some(Fault::Order);
                }
                happened.chain.push(Final { block, by_rule: false });
            }
            Effect::Halt(_) => happened.fault = Some(Fault::Halted),
            // Certificates it shows can be made from the words said; whom it asks does not matter, since whoever wants a
            // block may get it at any time or never; and time ends whenever the walk says so.
            Effect::BuildPayload { .. }
            | Effect::Send { .. }
            | Effect::StartTimer { .. }
            | Effect::StopTimer { .. }
            | Effect::Fetch { .. }
            | Effect::CatchUp { .. }
            | Effect::Accuse(_)
            | Effect::Misbehaved { .. } => {}
        }
    }
    if let Some(last) = happened.chain[before..].last_mut() {
        last.by_rule = true;
    }
    for answer in answers {
        hear(replica, answer, words, views, happened);
    }
}

/// Notes what a replica said; its own proposal comes back to it at once.
fn spoken(say: Say, words: &mut Words, happened: &mut Happened) -> Option<Input> {
    let (word, own) = match say {
        Say::Vote { statement, to: _ } => {
            let mut qc = genesis_qc();
            qc.block = statement.block;
            (Word::Vote(words.certified(&qc)), None)
        }
        Say::Timeout { epoch: _, view, high_qc, last_tc: _ } => {
            (Word::Leave { view: view.get(), high: words.certified(&high_qc) }, None)
        }
        Say::Proposal { block, justify: _, timeout_cert } => {
            let tc = timeout_cert.as_ref().map(|tc| words.tc(tc));
            let block = words.number(&block);
            let letter = words.letter(Arrival::Proposal { block, tc });
            (Word::Propose { block, tc }, words.input(letter).cloned())
        }
    };
    if contradicts(word, &happened.said, words) {
        happened.fault = Some(Fault::Contradiction);
    }
    happened.said.insert(word);
    own
}

/// Whether a word must not follow what was said: one vote and one proposal a view, one report, and none of the first two
/// after the last.
// rules P1, V2, T3, T4
fn contradicts(word: Word, said: &BTreeSet<Word>, words: &Words) -> bool {
    let same = |a: BlockNo, b: BlockNo| words.view(a) == words.view(b);
    said.iter().filter(|before| **before != word).any(|before| match (word, *before) {
        (Word::Vote(now), Word::Vote(first)) => same(now, first),
        (Word::Propose { block: now, .. }, Word::Propose { block: first, .. }) => same(now, first),
        (Word::Leave { view: now, .. }, Word::Leave { view: first, .. }) => now == first,
        (Word::Vote(now) | Word::Propose { block: now, .. }, Word::Leave { view, .. }) => {
            words.view(now) == view
        }
        (Word::Vote(_), Word::Propose { .. })
        | (Word::Propose { .. }, Word::Vote(_))
        | (Word::Leave { .. }, Word::Vote(_) | Word::Propose { .. }) => false,
    })
}
