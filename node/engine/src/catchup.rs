//! Catching up from far behind, and coming back without a journal.
//!
//! Who lacks more than `REPLAY_ABOVE` heights does not fetch every block: it asks for the log, part by part, each proven
//! by a certified checkpoint before anything of it is kept, so that a crash loses no more than a part and memory holds a
//! few. Parts are asked of all in turn; a lie costs one question. When nobody has any, blocks are fetched as ever.
//! Who lost its journal asks all others where they stand, and bears no witness until it speaks again.
//! Source: `consensus/SPEC.md`, rules R6 to R8, F6, F7; `ledger/adr/001-the-log-is-the-snapshot.md`.

use std::collections::BTreeSet;

use consensus::{Gated, Input, Tip};
use ledger::Replayed;
use ledger::change::Table;
use proto::canonical::Canonical as _;
use proto::checkpoint::CertifiedCheckpoint;
use proto::counter::{Epoch, Height, TimeMs, TreeSize};
use proto::history::LogPart;
use proto::message::{Request, Response, SyncInfo};
use proto::verified::Verified;

use crate::command::{Alarm, Command};
use crate::engine::{Engine, TIP_CERTIFICATE};
use crate::event::{Event, Peer, Timer};
use crate::questions::Purpose;

/// The gap in heights above which a node replays the log: below it, fetching blocks takes a few seconds, and leaves them
/// here for others to fetch.
pub const REPLAY_ABOVE: u64 = 512;
/// The gap in heights below which a replay has led far enough.
const REPLAY_REST: u64 = 32;
/// Most parts that are applied and not durable when the next one is asked for.
const PARTS_WAITING_MAX: usize = 3;
/// How long to wait before asking again where others stand who have not answered, in milliseconds.
const AGAIN_AFTER_MS: u64 = 1_000;

/// What a question is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Errand {
    /// A certified checkpoint to replay to.
    Checkpoint,
    /// The log from this size on.
    Log { from: TreeSize },
    /// Where a validator stands in our epoch.
    Standing,
}

/// Where a replay is to lead.
enum Goal {
    /// To whatever checkpoint is certified.
    Any,
    /// To this one.
    Head(Verified<CertifiedCheckpoint>),
}

/// How far we are with catching up.
#[derive(Default)]
pub(crate) struct CatchUp {
    /// The gap in heights above which the log is replayed.
    replay_above: u64,
    /// While the log is replayed.
    goal: Option<Goal>,
    /// Whether a question of the replay is open.
    asked: bool,
    /// Questions of the replay in a row that led to nothing.
    failed: usize,
    /// Nobody had the log: blocks are fetched up to this height.
    blocks_to: Height,
    /// Who has been asked where it stands and has not answered.
    standing: BTreeSet<Peer>,
    /// Whether the timer runs.
    timed: bool,
}

impl CatchUp {
    pub(crate) fn new(replay_above: u64) -> Self {
        Self { replay_above, ..Self::default() }
    }

    /// Another epoch: what was asked in the last one will not be answered any more.
    pub(crate) fn restart(&mut self) {
        *self = Self { blocks_to: self.blocks_to, timed: self.timed, ..Self::new(self.replay_above) };
    }
}

impl Engine {
    /// Whether the log is being replayed.
    pub(crate) const fn is_replaying(&self) -> bool {
        self.catch_up.goal.is_some()
    }

    /// Replays the log when the gap is large; says whether it does.
    // rule F6
    pub(crate) fn replays(&mut self, out: &mut Vec<Command>) -> bool {
        if self.is_replaying() {
            return true;
        }
        let height = self.ledger.tip().height;
        if self.gap(height) <= self.catch_up.replay_above || height < self.catch_up.blocks_to {
            return false;
        }
        let catch_up = &mut self.catch_up;
        (catch_up.goal, catch_up.failed) = (Some(Goal::Any), 0);
        self.ask_for_log(out);
        true
    }

    /// How many heights above this one are certified, as far as we know.
    fn gap(&self, height: Height) -> u64 {
        self.replica.high_qc().height.get().saturating_sub(height.get())
    }

    /// Asks for what comes next, unless it is asked for, or too much waits to become durable.
    pub(crate) fn ask_for_log(&mut self, out: &mut Vec<Command>) {
        let from = self.ledger.head().size;
        let Some(goal) = &mut self.catch_up.goal else { return };
        if self.catch_up.asked || self.ledger.waiting() > PARTS_WAITING_MAX {
            return;
        }
        if let (Goal::Any, Some(ahead)) = (&*goal, self.cosigning.ahead()) {
            *goal = Goal::Head(ahead.clone());
        }
        let (errand, request) = match goal {
            Goal::Any => (Errand::Checkpoint, Request::CheckpointAt(TreeSize::ZERO)),
            Goal::Head(checkpoint) => {
                (Errand::Log { from }, Request::LogRange { from, to: checkpoint.head.size })
            }
        };
        // All in turn: what one does to its questions, it does to its share of them.
        let Some(peer) = self.somebody() else { return };
        self.catch_up.asked = self.ask(peer, request, Purpose::CatchUp { errand, peer }, out);
    }

    /// A peer answered what checkpoint is the highest.
    pub(crate) fn take_goal(
        &mut self,
        now: TimeMs,
        peer: Peer,
        checkpoint: Option<Verified<CertifiedCheckpoint>>,
        out: &mut Vec<Command>,
    ) {
        match checkpoint.filter(|it| it.head.size > self.ledger.head().size) {
            None => self.errand_failed(now, Errand::Checkpoint, peer, out),
            Some(checkpoint) => {
                self.catch_up.asked = false;
                if let Some(goal) = &mut self.catch_up.goal {
                    *goal = Goal::Head(checkpoint.clone());
                }
                // When the log has come so far, it is certified here too.
                self.learn_checkpoint(checkpoint, out);
                self.ask_for_log(out);
            }
        }
    }

    /// A peer answered with a part of the log.
    pub(crate) fn take_part(
        &mut self,
        now: TimeMs,
        peer: Peer,
        from: TreeSize,
        part: Option<Box<Verified<LogPart>>>,
        out: &mut Vec<Command>,
    ) {
        let Some(Goal::Head(goal)) = &self.catch_up.goal else {
            self.catch_up.asked = false;
            return;
        };
        if from != self.ledger.head().size {
            // Blocks came by another way meanwhile; they may have led beyond.
            self.catch_up.asked = false;
            return match &self.catch_up.goal {
                Some(Goal::Head(goal)) if goal.head.size <= self.ledger.head().size => self.give_up(now, out),
                Some(Goal::Head(_) | Goal::Any) | None => self.ask_for_log(out),
            };
        }
        let Some(part) = part else { return self.errand_failed(now, Errand::Log { from }, peer, out) };
        match self.ledger.replay(&part, goal) {
            Ok(replayed) => {
                (self.catch_up.asked, self.catch_up.failed) = (false, 0);
                // The rest is fetched block by block: the last blocks of a log cannot be gone on from yet.
                if replayed.head.size >= goal.head.size || self.gap(replayed.height) <= REPLAY_REST {
                    self.catch_up.goal = None;
                }
                self.keep_replayed(now, replayed, part.into_inner(), out);
                self.ask_for_log(out);
            }
            Err(fault) if fault.blames_sender() => {
                out.push(Command::Alarm(Alarm::UntrueLog { peer, fault: Box::new(fault) }));
                self.errand_failed(now, Errand::Log { from }, peer, out);
            }
            Err(fault) => self.halt(fault.to_string(), out),
        }
    }

    /// Ends the replay: from now on blocks are fetched, those first whose questions were not put.
    fn give_up(&mut self, now: TimeMs, out: &mut Vec<Command>) {
        self.catch_up.goal = None;
        let height = self.ledger.tip().height.get();
        self.catch_up.blocks_to = Height::new(height.saturating_add(self.catch_up.replay_above));
        self.tell(now, Input::Refetch, out);
    }

    /// What was replayed becomes durable, and the replica goes on from there.
    fn keep_replayed(&mut self, now: TimeMs, replayed: Replayed, part: LogPart, out: &mut Vec<Command>) {
        let Replayed { height, mut change, head: _, batches, decided, notices } = replayed;
        let LogPart { last: block, certificate, .. } = part;
        change.put(Table::Meta, TIP_CERTIFICATE, certificate.encode());
        self.pool.remove_committed(&decided);
        self.batches.committed(&batches);
        self.batches.forget(decided);
        self.bodies.forget(height);
        let then = vec![Command::Happen(Event::Applied { height }), Command::Publish(notices)];
        out.push(Command::Store(Gated::new(change, then)));
        self.retry_early(out);
        self.tell(now, Input::Leap { tip: Box::new(Tip { block, certificate }) }, out);
    }

    /// A question led to nothing: the next peer is asked; after two rounds of all, blocks are fetched.
    // rule F7
    pub(crate) fn errand_failed(&mut self, now: TimeMs, errand: Errand, peer: Peer, out: &mut Vec<Command>) {
        match errand {
            Errand::Checkpoint | Errand::Log { .. } => {
                self.catch_up.asked = false;
                self.catch_up.failed += 1;
                if self.catch_up.failed < 2 * self.set.count() {
                    return self.ask_for_log(out);
                }
                self.give_up(now, out);
            }
            Errand::Standing => {
                self.catch_up.standing.remove(&peer);
                self.await_standing(out);
            }
        }
    }

    /// Whether it is not known yet how long we have to be silent.
    fn lacks_standing(&self) -> bool {
        self.replica.silence().is_some_and(|silence| silence.until().is_none())
    }

    /// Who lost its journal asks all others who have not shown where they stand.
    // rule R7
    pub(crate) fn ask_standing(&mut self, out: &mut Vec<Command>) {
        let Some(silence) = self.replica.silence() else { return };
        let missing =
            self.set.iter().filter(|(index, _)| Some(*index) != self.me && !silence.has_heard(*index));
        for peer in missing.map(|(_, validator)| Peer::of(validator)).collect::<Vec<_>>() {
            let purpose = Purpose::CatchUp { errand: Errand::Standing, peer };
            if !self.catch_up.standing.contains(&peer)
                && self.ask(peer, Request::Standing(self.set.epoch()), purpose, out)
            {
                self.catch_up.standing.insert(peer);
            }
        }
        self.await_standing(out);
    }

    /// As long as answers are missing, they are asked for again after a while.
    fn await_standing(&mut self, out: &mut Vec<Command>) {
        if self.lacks_standing() && !self.catch_up.timed {
            self.catch_up.timed = true;
            out.push(Command::StartTimer { timer: Timer::Standing, after_ms: AGAIN_AFTER_MS });
        }
    }

    /// The while is over.
    pub(crate) fn ask_standing_again(&mut self, out: &mut Vec<Command>) {
        self.catch_up.timed = false;
        self.ask_standing(out);
    }

    /// A validator showed where it stands.
    pub(crate) fn take_standing(
        &mut self,
        now: TimeMs,
        peer: Peer,
        info: Verified<SyncInfo>,
        out: &mut Vec<Command>,
    ) {
        self.catch_up.standing.remove(&peer);
        match self.positions.get(&peer).copied() {
            Some(from) if info.epoch() == self.set.epoch() => {
                self.tell(now, Input::Shown { from, info }, out);
            }
            Some(_) | None => {}
        }
        self.await_standing(out);
    }

    /// Shows where we stand, if it is in this epoch that we vote. Who lost its own past is no witness of another's.
    // rule R7
    pub(crate) fn show_standing(&self, epoch: Epoch) -> Response {
        let remembers = self.me.is_some() && self.set.epoch() == epoch && !self.replica.status().silent;
        match remembers {
            true => Response::Certificates(Box::new(self.replica.sync_info())),
            false => Response::Blocks(Vec::new()),
        }
    }
}
