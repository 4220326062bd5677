//! The corridor: one entry, one exit, no rule of its own.
//!
//! Each event is handed to the room that makes the next stage of the pipeline, and what that room asks for becomes
//! commands. `obey` translates the replica's effects; everything else happens in the modules beside this one.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use consensus::{Effect, Gated, Input, Recipients, RecoverError, Replica, Tip};
use crypto::PublicKey;
use ledger::change::{ChangeSet, Table};
use ledger::read::{Read, ReadError};
use ledger::{Ledger, LedgerError, LedgerReader};
use mempool::batches::{Batches, Source};
use mempool::limits::{BatchesLimits, PoolLimits};
use mempool::pool::Pool;
use proto::block::CertifiedBlock;
use proto::canonical::Canonical as _;
use proto::certificate::QuorumCert;
use proto::counter::{Epoch, Height, TimeMs};
use proto::genesis::Genesis;
use proto::id::ValidatorIndex;
use proto::message::{Message, SyncInfo};
use proto::record::SafetyRecord;
use proto::validators::ValidatorSet;
use proto::verified::Verified;

use crate::bodies::Bodies;
use crate::catchup::CatchUp;
use crate::command::{Alarm, Command};
use crate::congestion::Congestion;
use crate::cosign::Cosigning;
use crate::epochs::{Contacts, positions};
use crate::event::{Event, Peer, Timer, VerifiedMessage};
use crate::questions::Questions;

/// What an engine is made of.
pub struct Setup {
    /// The network.
    pub genesis: Arc<Genesis>,
    /// Our consensus key: we vote in the epochs whose validators name it, and follow in the others. None for a node that
    /// never votes.
    pub key: Option<PublicKey>,
    /// Timeouts and bounds of consensus.
    pub consensus: consensus::Config,
    /// Bounds of the submissions that wait here.
    pub pool: PoolLimits,
    /// Bounds of the batches that wait to be ordered.
    pub batches: BatchesLimits,
    /// What is durable.
    pub store: Arc<dyn Read>,
    /// Whether the safety journal is all that was ever written to it.
    pub past: Past,
    /// The last record of the safety journal.
    pub record: Option<SafetyRecord>,
    /// The gap in heights above which the log is replayed; [`crate::REPLAY_ABOVE`] but in tests.
    pub replay_above: u64,
    /// The blocks of the safety journal, with their batches.
    pub journaled: Vec<Verified<CertifiedBlock>>,
}

/// What a validator knows of what it said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// All of it is in the journal; or it never spoke.
    Remembered,
    /// The journal was lost: it is silent until it cannot contradict itself any more.
    Lost,
}

/// Why a node cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The store does not hold a ledger of this network, or is damaged.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The journal contradicts the store or the network.
    #[error(transparent)]
    Recover(#[from] RecoverError),
}

/// What an engine shows of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The epoch.
    pub epoch: Epoch,
    /// Our position among its validators; none while we only follow.
    pub me: Option<ValidatorIndex>,
    /// The replica's view, leader and committed height.
    pub consensus: consensus::Status,
    /// The log's head here, durable or not.
    pub head: proto::checkpoint::Head,
    /// Size of the highest certified checkpoint.
    pub certified: proto::counter::TreeSize,
    /// Submissions that wait here to be packed.
    pub waiting: usize,
    /// Batches that wait to be ordered, everybody's.
    pub batches: usize,
    /// Sum of their envelopes, in bytes.
    pub waiting_bytes: usize,
    /// Whether a quorum certified another root than ours.
    pub diverged: bool,
    /// Whether a new submission would be refused, because more is submitted here than the network takes.
    pub congested: bool,
}

/// A whole node without a world.
pub struct Engine {
    pub(crate) set: Arc<ValidatorSet>,
    pub(crate) me: Option<ValidatorIndex>,
    pub(crate) key: Option<PublicKey>,
    pub(crate) positions: BTreeMap<Peer, ValidatorIndex>,
    pub(crate) contacts: Contacts,
    pub(crate) config: consensus::Config,
    pub(crate) store: Arc<dyn Read>,
    pub(crate) replica: Replica,
    pub(crate) ledger: Ledger,
    pub(crate) reader: LedgerReader,
    pub(crate) pool: Pool,
    pub(crate) batches: Batches,
    pub(crate) congestion: Congestion,
    pub(crate) bodies: Bodies,
    pub(crate) cosigning: Cosigning,
    pub(crate) questions: Questions,
    pub(crate) catch_up: CatchUp,
    pub(crate) past: Past,
    pub(crate) settled: Height,
    pub(crate) flush_running: bool,
    /// A batch or submission has come since the replica was last told.
    pub(crate) arrived: bool,
    pub(crate) waiting: bool,
    halted: bool,
    /// What an empty store begins with.
    first: Option<ChangeSet>,
}

impl Engine {
    /// A node as it stands after a start: from its store and journal.
    ///
    /// # Errors
    /// `EngineError` when these do not belong to this network or to each other.
    pub fn new(setup: Setup) -> Result<Self, EngineError> {
        let Setup { genesis, key, consensus, pool, batches, store, past, record, journaled, replay_above } =
            setup;
        let (ledger, first) = Ledger::open(Arc::clone(&store), &genesis)?;
        let epoch = ledger.reign().epoch;
        let missing = || ReadError::damaged(Table::Epochs, &epoch.get().to_be_bytes(), "missing".to_owned());
        let set = ledger.validators(epoch).map_err(LedgerError::Read)?;
        let set = Arc::new(set.ok_or_else(|| LedgerError::Read(missing()))?);
        let me = key.as_ref().and_then(|key| set.position(key));
        let tip = tip(&ledger, &set, &*store)?;
        // rule H5: what was said in an earlier epoch is done with. The store knows of every epoch that we spoke in.
        let record = record.filter(|record| record.epoch >= epoch);
        // rule R6: who has spoken in this epoch since the loss had waited long enough before.
        let is_silent = record.is_none();
        let reader = LedgerReader::new(Arc::clone(&store));
        let settled = tip.block.height;
        let journaled: Vec<_> =
            journaled.into_iter().filter(|it| it.block.height > settled && it.block.epoch == epoch).collect();
        let bodies = Bodies::recovered(&journaled);
        // What was voted for and is not committed waits again: should its block be abandoned, it is ordered anew.
        let mut waiting = Batches::new(batches);
        for batch in journaled.iter().flat_map(|it| it.batches()) {
            let by = batch.author;
            let _ = waiting.insert(ledger::batch_ref(&batch), batch, Source::Pushed { by });
        }
        let blocks = journaled.iter().map(|it| (it.block.clone(), it.justify.clone())).collect();
        let replica = Replica::new(consensus, Arc::clone(&set), me, tip, record, blocks)?;
        let replica = match (past, is_silent) {
            (Past::Lost, true) => replica.without_journal(),
            (Past::Lost, false) | (Past::Remembered, _) => replica,
        };
        let latest = reader.checkpoint_latest().map_err(LedgerError::Read)?;
        let cosigning = Cosigning::new(&ledger, key.as_ref(), latest).map_err(LedgerError::Read)?;
        Ok(Self {
            positions: positions(&set),
            contacts: Contacts::default(),
            config: consensus,
            store,
            set,
            me,
            key,
            replica,
            ledger,
            reader,
            pool: Pool::new(pool),
            batches: waiting,
            congestion: Congestion::default(),
            bodies,
            cosigning,
            questions: Questions::default(),
            catch_up: CatchUp::new(replay_above),
            past,
            settled,
            flush_running: false,
            arrived: true,
            waiting: false,
            halted: false,
            first,
        })
    }

    /// The first commands after a start. Called once, before any `step`.
    pub fn start(&mut self, now: TimeMs) -> Vec<Command> {
        let mut out = vec![Command::Reign(Arc::new(self.cosigning.reigns()))];
        let cosign = self.cosign_open(&mut out);
        match self.first.take() {
            Some(change) => {
                let mut then = vec![Command::Happen(Event::Applied { height: self.settled })];
                then.extend(cosign);
                out.push(Command::Store(Gated::new(change, then)));
            }
            None => out.extend(cosign),
        }
        self.begin(now, &mut out);
        self.report_work(now, &mut out);
        out
    }

    /// Takes one event in and gives commands out.
    pub fn step(&mut self, now: TimeMs, event: Event) -> Vec<Command> {
        let mut out = Vec::new();
        if self.halted {
            return out;
        }
        match event {
            Event::Message { from, message } => self.hear(now, from, message, &mut out),
            Event::Request { ticket, request } => {
                let response = self.answer(&request);
                out.push(Command::Respond { ticket, response });
            }
            Event::Response { question, response } => self.learn(now, question, response, &mut out),
            Event::NoResponse { question } => self.unanswered(now, question, &mut out),
            Event::Submit { ticket, submission } => self.submit(now, ticket, submission, &mut out),
            Event::TimerFired(Timer::View(timer)) => self.tell(now, Input::TimerFired { timer }, &mut out),
            Event::TimerFired(Timer::Flush) => {
                self.flush_running = false;
                self.seal(&mut out);
            }
            Event::TimerFired(Timer::FetchBatches { block }) => self.fetch_batches(block, &mut out),
            Event::TimerFired(Timer::Cosign { size }) => self.cosign_overdue(size, &mut out),
            Event::TimerFired(Timer::Follow) => self.follow(&mut out),
            Event::TimerFired(Timer::Standing) => self.ask_standing_again(&mut out),
            Event::Applied { height } => {
                self.settled = height;
                self.ledger.durable(height);
                self.ask_for_log(&mut out);
            }
            Event::Certified { size } => self.cosigning.durable(size),
            Event::OtherEpoch { from, epoch } => self.hear_other_epoch(now, from, epoch, &mut out),
            Event::PeerUp { peer } => {
                self.meet(now, peer, &mut out);
                if let Some(peer) = self.positions.get(&peer).copied() {
                    self.tell(now, Input::Connected { peer }, &mut out);
                }
            }
        }
        self.turn_epoch(now, &mut out);
        self.report_work(now, &mut out);
        self.congestion.look(now, self.waiting_count());
        out
    }

    /// What the engine shows of itself.
    pub fn status(&self) -> Status {
        Status {
            epoch: self.set.epoch(),
            me: self.me,
            consensus: self.replica.status(),
            head: self.ledger.head(),
            certified: self.cosigning.certified(),
            waiting: self.pool.count(),
            batches: self.batches.count(),
            waiting_bytes: self.pool.bytes(),
            diverged: self.cosigning.diverged(),
            congested: self.congestion.refuses(self.waiting_count()),
        }
    }

    /// The rules of the ledger, for those who ask before they submit, and for the simulator's checkers.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The validators of our epoch.
    pub const fn validators(&self) -> &Arc<ValidatorSet> {
        &self.set
    }

    /// The replica, for the simulator's checkers.
    pub const fn replica(&self) -> &Replica {
        &self.replica
    }

    /// What was checked in one epoch may be heard in the next one: then nothing in it counts.
    // rule H6
    fn hear(&mut self, now: TimeMs, peer: Peer, message: VerifiedMessage, out: &mut Vec<Command>) {
        let epoch = match &message {
            VerifiedMessage::Proposal(it) => it.block.epoch,
            VerifiedMessage::Vote(it) => it.statement.epoch,
            VerifiedMessage::Timeout(it) => it.epoch,
            VerifiedMessage::SyncInfo(it) => it.epoch(),
            VerifiedMessage::Batch(_)
            | VerifiedMessage::Cosignature(_)
            | VerifiedMessage::CertifiedCheckpoint(_) => self.set.epoch(),
        };
        if epoch != self.set.epoch() {
            return self.hear_other_epoch(now, peer, epoch, out);
        }
        let from = self.positions.get(&peer).copied();
        match message {
            VerifiedMessage::Proposal(proposal) => {
                let from = from.unwrap_or(proposal.block.proposer);
                self.tell(now, Input::Proposal { from, proposal }, out);
            }
            VerifiedMessage::Vote(vote) => self.tell(now, Input::Vote(vote), out),
            VerifiedMessage::Timeout(timeout) => {
                let from = from.unwrap_or(timeout.voter);
                self.tell(now, Input::Timeout { from, timeout }, out);
            }
            VerifiedMessage::SyncInfo(info) => self.hear_sync_info(now, peer, info, out),
            VerifiedMessage::Batch(batch) => {
                if let Some(from) = from {
                    self.receive_batch(now, from, batch, out);
                }
            }
            VerifiedMessage::Cosignature(cosignature) => self.hear_cosignature(peer, cosignature, out),
            VerifiedMessage::CertifiedCheckpoint(checkpoint) => {
                self.learn_checkpoint(checkpoint, out);
            }
        }
    }

    /// Somebody shows where it stands. Its certificates hold whoever it is; if it is no validator, one of those who signed
    /// them will have what they name, and it is answered itself if it is behind.
    pub(crate) fn hear_sync_info(
        &mut self,
        now: TimeMs,
        peer: Peer,
        info: Verified<SyncInfo>,
        out: &mut Vec<Command>,
    ) {
        if info.epoch() != self.set.epoch() {
            return self.hear_other_epoch(now, peer, info.epoch(), out);
        }
        let signer = info.high_qc.signatures.first().map(|(signer, _)| *signer);
        match self.positions.get(&peer).copied() {
            Some(from) => self.tell(now, Input::SyncInfo { from, info }, out),
            None => {
                if info.high_qc.view < self.replica.high_qc().view {
                    self.meet(now, peer, out);
                }
                if let Some(from) = signer {
                    self.tell(now, Input::SyncInfo { from, info }, out);
                }
            }
        }
    }

    /// Hands an input to the replica and does what it asks.
    pub(crate) fn tell(&mut self, now: TimeMs, input: Input, out: &mut Vec<Command>) {
        let effects = self.replica.step(now, input);
        self.obey(now, effects, out);
    }

    pub(crate) fn obey(&mut self, now: TimeMs, effects: Vec<Effect>, out: &mut Vec<Command>) {
        let mut queue = VecDeque::from(effects);
        let mut moved = false;
        while let Some(effect) = queue.pop_front() {
            match effect {
                Effect::Speak(gate) => {
                    let is_vote = gate.write().voted.is_some();
                    out.push(self.journal(gate));
                    if is_vote {
                        self.seal(out);
                    }
                }
                Effect::Send { to, message } => out.push(Command::Send { to, message }),
                Effect::StartTimer { timer, after_ms } => {
                    out.push(Command::StartTimer { timer: Timer::View(timer), after_ms });
                }
                Effect::StopTimer { timer } => out.push(Command::StopTimer { timer: Timer::View(timer) }),
                Effect::BuildPayload { view, exclude } => {
                    self.seal(out);
                    let (batches, handover) = (self.batches.payload(&exclude), self.handover());
                    self.bodies.offer(&batches, &self.batches);
                    queue.extend(self.replica.step(now, Input::Payload { view, batches, handover }));
                }
                Effect::CheckBatches { block, from } => {
                    let id = block.id();
                    match (self.bodies.gather(&block, &self.batches), self.agrees(&block)) {
                        (true, true) => queue.extend(self.replica.step(now, Input::Available { block: id })),
                        // Until our ledger has come as far, or for ever if it never agrees.
                        (true, false) => self.bodies.wait_for(block, from),
                        (false, _) => {
                            self.bodies.wait_for(block, from);
                            out.push(crate::bodies::fetch_later(id));
                        }
                    }
                }
                // The replica asks again by itself when what it lacks did not come otherwise.
                Effect::Fetch { .. } if self.is_replaying() => {}
                Effect::Fetch { block, above, from } => self.fetch_blocks(block, above, from, out),
                Effect::CatchUp { .. } if self.replays(out) => {}
                Effect::CatchUp { block, from_height, from } => {
                    self.fetch_range(block, from_height, from, out);
                }
                Effect::Commit(committed) => {
                    if let Err(fault) = self.commit(committed, out) {
                        return self.halt(fault.to_string(), out);
                    }
                    moved = true;
                }
                Effect::Accuse(evidence) => {
                    out.push(Command::Alarm(Alarm::Equivocation(Box::new(evidence))));
                }
                Effect::Misbehaved { peer, reason } => {
                    out.push(Command::Alarm(Alarm::Misbehaved { peer, reason }));
                }
                Effect::Halt(fork) => {
                    self.halted = true;
                    out.push(Command::Alarm(Alarm::Forked(Box::new(fork))));
                    return;
                }
            }
        }
        // A closing block may have waited for this height; all of the step before is done by now.
        if moved {
            self.complete(now, out);
        }
    }

    /// Tells the replica when there begins or ceases to be something to order, for it times views only then; and again
    /// when more has come, for a leader may be holding.
    fn report_work(&mut self, now: TimeMs, out: &mut Vec<Command>) {
        let waiting = self.batches.count() > 0 || self.pool.count() > 0 || self.wants_handover();
        if waiting != self.waiting || std::mem::take(&mut self.arrived) {
            self.waiting = waiting;
            self.tell(now, Input::Work { waiting }, out);
        }
    }

    /// Stops for good: going on would build on what is not true.
    pub(crate) fn halt(&mut self, fault: String, out: &mut Vec<Command>) {
        self.halted = true;
        out.push(Command::Alarm(Alarm::Fatal(fault)));
    }

    /// Sends to all other validators.
    pub(crate) fn broadcast(message: Message, out: &mut Vec<Command>) {
        out.push(Command::Send { to: Recipients::All, message });
    }
}

/// Where the certificate of the last applied block is kept: the replica goes on from it after a start.
pub const TIP_CERTIFICATE: &[u8] = b"tip certificate";

fn tip(ledger: &Ledger, set: &ValidatorSet, store: &dyn Read) -> Result<Tip, LedgerError> {
    let block = ledger.tip_block().clone();
    if ledger.tip().block == set.opening().block {
        return Ok(Tip::opening(block, set));
    }
    let damaged = |fault: String| ReadError::Damaged {
        table: Table::Meta,
        key: String::from_utf8_lossy(TIP_CERTIFICATE).into_owned(),
        fault,
    };
    let bytes = store.get(Table::Meta, TIP_CERTIFICATE)?.ok_or_else(|| damaged("missing".to_owned()))?;
    let certificate = QuorumCert::decode(&bytes).map_err(|fault| damaged(fault.to_string()))?;
    Ok(Tip { block, certificate })
}
